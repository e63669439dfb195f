#include "observe.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* Least relative sd that is believed: two runs of the same setting differ by so much. */
#define SD_MIN 0.003
/* A mean power is impossible this far above the highest limit, or below idle. */
#define POWER_ABOVE 2.5
#define POWER_BELOW 0.3
/* What does not fit the others: in standard deviations, and in ln. */
#define ODD_SDS 5.0
#define ODD_LN  0.4054651081081644 /* ln 1.5 */
/* Up to so many observations each is predicted from the others. */
#define LEAVE_OUT_MAX 32
/* Of more than these, what is so large a share as odd as the oddest is dropped with it. */
#define ABOUT 0.8

static bool outside(double value, double min, double max)
{
	return value != 0.0 && !(value >= min * (1.0 - 1e-9) && value <= max * (1.0 + 1e-9));
}

bool setting_exists(const struct figures *f, const hg_knobs *k)
{
	return !outside(k->clock_hz, f->clock_min_hz, f->clock_max_hz) &&
	       !outside(k->cap_w, f->cap_min_w, f->cap_max_w);
}

void prior_of(const hg_model *m, struct prior *out)
{
	if (m->prior)
		*out = *m->prior;
	else
		prior_generic(&m->f, out);
}

static bool positive(double v)
{
	return v > 0.0 && isfinite(v);
}

/** A unit that may have been mistaken for the one expected: a value in it is so many times that. */
struct mistake {
	const char *unit;
	double factor;
};

/* ", found 250000 W; is it in mW?" of a value that is outside the range of a knob. */
static hg_err setting_fail(const char *what, double value, double min, double max, const char *unit,
	const struct mistake *mistakes, hg_error *why)
{
	const char *is = NULL;

	for (; mistakes->unit && !is; mistakes++)
		if (!outside(value / mistakes->factor, min, max))
			is = mistakes->unit;
	return fail(why, HG_ERANGE, "setting: expected a %s of %g to %g %s, found %g%s%s%s", what,
		min, max, unit, value, is ? "; is it in " : "", is ? is : "", is ? "?" : "");
}

static hg_err setting_check(const struct figures *f, const hg_knobs *k, hg_error *why)
{
	static const struct mistake clocks[] = {
		{"GHz", 1e-3}, {"kHz", 1e3}, {"Hz", 1e6}, {NULL, 0}};
	static const struct mistake limits[] = {{"kW", 1e-3}, {"mW", 1e3}, {NULL, 0}};

	if (outside(k->clock_hz, f->clock_min_hz, f->clock_max_hz))
		return setting_fail("clock", k->clock_hz * 1e-6, f->clock_min_hz * 1e-6,
			f->clock_max_hz * 1e-6, "MHz", clocks, why);
	if (outside(k->cap_w, f->cap_min_w, f->cap_max_w))
		return setting_fail(
			"limit", k->cap_w, f->cap_min_w, f->cap_max_w, "W", limits, why);
	return HG_OK;
}

hg_err observe(const struct figures *f, const hg_obs *in, struct work_obs *out, hg_error *why)
{
	hg_err rc;

	if (!positive(in->time_s))
		return fail(why, HG_EINVAL, "time: expected seconds above 0, found %g", in->time_s);
	if (!positive(in->energy_j))
		return fail(why, HG_EINVAL, "energy or power: expected above 0, found %g J",
			in->energy_j);
	if (!(in->time_rsd >= 0.0 && in->time_rsd < 10.0) ||
		!(in->energy_rsd >= 0.0 && in->energy_rsd < 10.0))
		return fail(why, HG_EINVAL,
			"relative standard deviation: expected 0 to 10, found %g and %g",
			in->time_rsd, in->energy_rsd);
	rc = setting_check(f, &in->setting, why);
	if (rc)
		return rc;
	out->setting = in->setting;
	out->ln[0] = log(in->time_s);
	out->ln[1] = log(in->energy_j) - log(in->time_s);
	out->sd[0] = in->time_rsd > 0.0 ? fmax(SD_MIN, in->time_rsd) : 0.0;
	out->sd[1] = in->energy_rsd > 0.0 ? fmax(SD_MIN, in->energy_rsd) : 0.0;
	return HG_OK;
}

/* ----- faults */

/** A check under way. */
struct check {
	const hg_model *m;
	const hg_obs *obs;
	struct work_obs *good; /* those without a fault */
	uint32_t *index;       /* which they are */
	size_t n;
	hg_obs_issue *issues;
	size_t found;
};

static void issue(struct check *c, size_t index, hg_obs_fault fault, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void issue(struct check *c, size_t index, hg_obs_fault fault, const char *fmt, ...)
{
	hg_obs_issue *at = &c->issues[c->found++];
	va_list args;

	at->index = (uint32_t)index;
	at->fault = fault;
	va_start(args, fmt);
	(void)vsnprintf(at->text, sizeof at->text, fmt, args);
	va_end(args);
}

static bool plausible(const struct figures *f, double power_w)
{
	return power_w <= POWER_ABOVE * f->cap_max_w && power_w >= POWER_BELOW * f->idle_w;
}

/* @return whether the mean power is possible */
static bool power_check(struct check *c, size_t i)
{
	const struct figures *f = &c->m->f;
	double power_w = c->obs[i].energy_j / c->obs[i].time_s;
	const char *hint = "";

	if (plausible(f, power_w))
		return true;
	if (plausible(f, power_w * 1e-3))
		hint = "; is the energy in mJ, or the power in mW?";
	else if (plausible(f, power_w * 1e3))
		hint = "; is the time in ms, the energy in kJ, or the power in kW?";
	else if (plausible(f, power_w * 1e-6))
		hint = "; is the energy in uJ?";
	else if (plausible(f, power_w / 3600.0) || plausible(f, power_w * 3600.0))
		hint = "; is the energy in Wh, or the time in hours?";
	issue(c, i, HG_OBS_UNIT, "mean power %.4g W: expected %.4g to %.4g W%s", power_w,
		POWER_BELOW * f->idle_w, POWER_ABOVE * f->cap_max_w, hint);
	return false;
}

/* Faults of an observation by itself; those without are kept. */
static void each_check(struct check *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		hg_error why = {""};
		hg_err rc = observe(&c->m->f, &c->obs[i], &c->good[c->n], &why);

		if (rc)
			issue(c, i, rc == HG_ERANGE ? HG_OBS_SETTING : HG_OBS_NOT_POSITIVE,
				"%.180s", why.text);
		else if (power_check(c, i))
			c->index[c->n++] = (uint32_t)i;
	}
}

static void work_issue(struct check *c, size_t i, double factor, const char *what)
{
	issue(c, c->index[i], HG_OBS_WORK,
		"%s is %.3g times what the others make of this setting: another amount of work, "
		"or a disturbed run?",
		what, factor);
	memmove(&c->good[i], &c->good[i + 1], (c->n - i - 1) * sizeof *c->good);
	memmove(&c->index[i], &c->index[i + 1], (c->n - i - 1) * sizeof *c->index);
	c->n--;
}

/* Of two settings, whether the second lets the device run at least as fast. */
static bool as_fast(const hg_knobs *a, const hg_knobs *b)
{
	double cap[2] = {
		a->cap_w > 0.0 ? a->cap_w : INFINITY, b->cap_w > 0.0 ? b->cap_w : INFINITY};
	double clock[2] = {a->clock_hz > 0.0 ? a->clock_hz : INFINITY,
		b->clock_hz > 0.0 ? b->clock_hz : INFINITY};

	return cap[1] >= cap[0] && clock[1] >= clock[0];
}

/* No clock of the device explains more than this between two settings, and no higher setting takes
 * longer. */
static void pair_check(struct check *c)
{
	const hg_knobs *a = &c->good[0].setting, *b = &c->good[1].setting;
	double most = -log(c->m->f.lowest_clock) + ODD_LN;
	double off = c->good[1].ln[0] - c->good[0].ln[0];
	bool longer = (off > ODD_LN && as_fast(a, b)) || (-off > ODD_LN && as_fast(b, a));

	if (fabs(off) > most || longer)
		work_issue(c, 1, exp(off), "the time");
}

/** How far an observation is from what the others say. */
struct odd {
	double far; /* in standard deviations and units of ODD_LN, whichever is less; 1: odd */
	double off; /* in ln */
	const char *what;
};

static void odd_consider(struct odd *odd, const struct work_obs *o, const struct work_forecast *at)
{
	static const char *const what[] = {"the time", "the power"};

	for (size_t c = 0; c < 2; c++) {
		double off = o->ln[c] - at->ln[c];
		double far = fmin(fabs(off) / (ODD_SDS * at->sd[c]), fabs(off) / ODD_LN);

		if (far > odd->far)
			*odd = (struct odd){far, off, what[c]};
	}
}

/* How odd each observation is, judged by a fit to the others. */
static hg_err odd_find(
	const struct check *c, const struct prior *prior, struct work_obs *others, struct odd *each)
{
	bool leave_out = c->n <= LEAVE_OUT_MAX;
	struct work_fit fit;
	hg_err rc;

	for (size_t i = 0; i < c->n; i++) {
		struct work_forecast at;

		if (leave_out || i == 0) {
			size_t n = leave_out ? c->n - 1 : c->n;

			memcpy(others, c->good, c->n * sizeof *others);
			if (leave_out)
				memmove(others + i, others + i + 1,
					(c->n - i - 1) * sizeof *others);
			rc = work_fit_init(&fit, &c->m->f, prior, others, n);
			if (rc)
				return rc;
		}
		work_fit_forecast(&fit, &c->good[i].setting, &at);
		each[i] = (struct odd){1.0, 0.0, NULL};
		odd_consider(&each[i], &c->good[i], &at);
		if (leave_out || i + 1 == c->n)
			work_fit_finish(&fit);
	}
	return HG_OK;
}

/* Takes out the oddest. Among many, one hardly moves what the others are judged by: those that are
 * about as odd in the same way go with it. @return whether there was one */
static bool odd_drop(struct check *c, const struct odd *each)
{
	bool many = c->n > LEAVE_OUT_MAX;
	struct odd worst = each[0];
	size_t at = 0;

	for (size_t i = 1; i < c->n; i++) {
		if (each[i].far > worst.far) {
			worst = each[i];
			at = i;
		}
	}
	if (!worst.what)
		return false;
	for (size_t i = c->n; i-- > 0;)
		if (i == at ||
			(many && each[i].what == worst.what && each[i].off * worst.off > 0.0 &&
				each[i].far >= ABOUT * worst.far))
			work_issue(c, i, exp(each[i].off), each[i].what);
	return true;
}

static hg_err work_check(struct check *c)
{
	struct work_obs *others;
	struct odd *each;
	struct prior prior;
	hg_err rc = HG_OK;

	if (c->n == 2)
		pair_check(c);
	if (c->n < 3)
		return HG_OK;
	others = calloc(c->n, sizeof *others);
	each = calloc(c->n, sizeof *each);
	if (!others || !each)
		rc = HG_ENOMEM;
	prior_of(c->m, &prior);
	while (!rc && c->n >= 3) {
		rc = odd_find(c, &prior, others, each);
		if (!rc && !odd_drop(c, each))
			break;
	}
	free(others);
	free(each);
	return rc == HG_EINVAL ? HG_OK : rc;
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = ((const hg_obs_issue *)a)->index, y = ((const hg_obs_issue *)b)->index;

	return (x > y) - (x < y);
}

hg_err hg_obs_check(const hg_model *m, const hg_obs *obs, size_t n, hg_obs_issue *issues,
	size_t *found, hg_error *why)
{
	struct check c = {.m = m, .obs = obs, .issues = issues};
	hg_err rc;

	*found = 0;
	if (n > HG_FIT_MAX_OBS)
		return fail(why, HG_ELIMIT, "expected at most %u observations, found %zu",
			HG_FIT_MAX_OBS, n);
	c.good = calloc(n + 1, sizeof *c.good);
	c.index = calloc(n + 1, sizeof *c.index);
	rc = c.good && c.index ? HG_OK : HG_ENOMEM;
	if (!rc) {
		each_check(&c, n);
		rc = work_check(&c);
		qsort(issues, c.found, sizeof *issues, by_index);
		*found = c.found;
	}
	free(c.good);
	free(c.index);
	return rc ? fail(why, rc, "checking observations: out of memory") : HG_OK;
}
