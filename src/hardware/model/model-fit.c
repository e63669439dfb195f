/* Devices from observations: of a device that nobody described, and of one whose parameters are
 * fitted together with those of many workloads. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"

#include <hourglass/fit.h>
#include <hourglass/frontier.h>

#include "device-fit.h"
#include "observe.h"

/* A device that was only observed may go so far below the lowest setting seen. */
#define BELOW 0.4
/* Its highest limit, where none was seen, over the highest mean power. */
#define ABOVE 1.15
/* A setting or a mean power so many times the median is a slip of a unit. */
#define SLIP 4.0
/* The highest clock where none was seen: clocks are relative then. */
#define CLOCK_HZ 1e9

static const char seen[] = "measured: the range of the observations";
static const char relative[] = "default: no clock was observed; clocks are relative";
static const char guess[] = "default: nobody described this device";
static const char generic[] =
	"estimated: between V100 and A40, whose sweeps were fitted; relative to the highest limit";

/* ----- a device that nobody described */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** Positive values of one kind. */
struct values {
	double *at;
	size_t n;
};

static void values_add(struct values *v, double value)
{
	if (value > 0.0 && isfinite(value))
		v->at[v->n++] = value;
}

/* The highest that is no slip of a unit, by the median; 0 without any. */
static double highest(struct values *v)
{
	size_t last = v->n;

	if (!v->n)
		return 0.0;
	qsort(v->at, v->n, sizeof *v->at, ascending);
	while (last > 1 && v->at[last - 1] > SLIP * v->at[v->n / 2])
		last--;
	return v->at[last - 1];
}

static double lowest(const struct values *v)
{
	return v->n ? v->at[0] : INFINITY;
}

/** Ranges that observations span. */
struct span {
	double cap_w, clock_hz, power_w; /* the highest */
	double low_cap_w, low_clock_hz;
};

static hg_err span_find(const hg_obs_group *groups, size_t n, struct span *s)
{
	struct values caps = {0}, clocks = {0}, powers = {0};
	size_t all = 1;

	for (size_t g = 0; g < n; g++)
		all += groups[g].n;
	caps.at = calloc(3 * all, sizeof *caps.at);
	if (!caps.at)
		return HG_ENOMEM;
	clocks.at = caps.at + all;
	powers.at = clocks.at + all;
	for (size_t g = 0; g < n; g++) {
		for (size_t i = 0; i < groups[g].n; i++) {
			const hg_obs *o = &groups[g].obs[i];

			values_add(&caps, o->setting.cap_w);
			values_add(&clocks, o->setting.clock_hz);
			values_add(&powers, o->energy_j / o->time_s);
		}
	}
	*s = (struct span){.cap_w = highest(&caps),
		.clock_hz = highest(&clocks),
		.power_w = highest(&powers),
		.low_cap_w = lowest(&caps),
		.low_clock_hz = lowest(&clocks)};
	free(caps.at);
	return HG_OK;
}

static hg_err figures_guess(const struct span *s, struct figures *f)
{
	memset(f, 0, sizeof *f);
	f->cap_max_w = s->cap_w > 0.0 ? s->cap_w : ABOVE * s->power_w;
	f->clock_max_hz = s->clock_hz > 0.0 ? s->clock_hz : CLOCK_HZ;
	if (!(f->cap_max_w >= 1.0 && f->cap_max_w <= 1e5) ||
		!(f->clock_max_hz >= 1e6 && f->clock_max_hz <= 1e11))
		return HG_ERANGE;
	f->cap_default_w = f->cap_max_w;
	f->cap_min_w = fmax(1.0, fmin(s->low_cap_w, BELOW * f->cap_max_w));
	f->clock_min_hz =
		fmax(0.05 * f->clock_max_hz, fmin(s->low_clock_hz, 0.15 * f->clock_max_hz));
	f->clock_step_hz = 1e6;
	f->peak_flops = 1e12;
	f->peak_bytes_per_s = 1e12;
	device_generic(f);
	f->idle_w = 0.02 * f->cap_max_w;
	f->compute_efficiency = f->memory_efficiency = 0.8;
	f->ambient_c = f->leakage_reference_c = 25.0;
	f->thermal_time_s = 1.0;
	return HG_OK;
}

static struct hg_model *model_new(const char *name, const char *title, const char *vendor)
{
	struct hg_model *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	arena_init(&m->arena, MODEL_TREE_MAX);
	m->name = arena_strdup(&m->arena, name);
	m->title = arena_strdup(&m->arena, title);
	m->vendor = arena_strdup(&m->arena, vendor);
	if (m->name && m->title && m->vendor)
		return m;
	hg_model_destroy(m);
	return NULL;
}

static bool observed(const struct spec_field *field)
{
	return !strcmp(field->group, "clock") ||
	       (!strcmp(field->group, "power") && strcmp(field->key, "idle") != 0);
}

hg_err hg_model_generic(
	const char *name, const hg_obs_group *groups, size_t n, hg_model **out, hg_error *why)
{
	struct span s;
	struct hg_model *m;
	struct prior *prior;

	*out = NULL;
	if (span_find(groups, n, &s))
		return fail(why, HG_ENOMEM, "%s: out of memory", name);
	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != strlen(name))
		return fail(why, HG_EINVAL,
			"device: expected a name of lower-case letters, digits, '-', '.' and '_', "
			"found \"%.64s\"",
			name);
	m = model_new(name, name, "unknown");
	prior = m ? arena_alloc(&m->arena, sizeof *prior) : NULL;
	if (!prior) {
		hg_model_destroy(m);
		return fail(why, HG_ENOMEM, "%s: out of memory", name);
	}
	if (figures_guess(&s, &m->f)) {
		hg_model_destroy(m);
		return fail(why, HG_ERANGE,
			"%s: expected power limits, clocks or mean powers of an accelerator", name);
	}
	prior_generic(&m->f, prior);
	m->prior = prior;
	m->prior_source = generic;
	m->about = "Nobody described this device: ranges as observed, physics as of others.";
	m->origin = HG_ORIGIN_SIMULATED;
	for (size_t i = 0; i < SPEC_FIELDS; i++) {
		const struct spec_field *field = &spec_fields[i];

		if (!strcmp(field->group, "physics"))
			m->source[i] = generic;
		else if (field->optional)
			continue;
		else if (!strcmp(field->group, "clock") && !(s.clock_hz > 0.0))
			m->source[i] = relative;
		else
			m->source[i] = observed(field) ? seen : guess;
	}
	*out = m;
	return HG_OK;
}

/* ----- joint fits */

static int by_setting(const void *a, const void *b)
{
	const hg_knobs *x = &((const struct work_obs *)a)->setting;
	const hg_knobs *y = &((const struct work_obs *)b)->setting;
	double xc = x->cap_w > 0.0 ? x->cap_w : INFINITY;
	double yc = y->cap_w > 0.0 ? y->cap_w : INFINITY;
	double xf = x->clock_hz > 0.0 ? x->clock_hz : INFINITY;
	double yf = y->clock_hz > 0.0 ? y->clock_hz : INFINITY;

	if (xc < yc || yc < xc)
		return (xc > yc) - (xc < yc);
	return (xf > yf) - (xf < yf);
}

/* Groups of the same family have the same number; one without a family is its own. */
static unsigned family_of(const hg_obs_group *groups, size_t i)
{
	for (size_t k = 0; groups[i].family && *groups[i].family && k < i; k++)
		if (groups[k].family && !strcmp(groups[k].family, groups[i].family))
			return (unsigned)k;
	return (unsigned)i;
}

/** What a joint fit works on. */
struct joint_input {
	struct work_obs *obs;
	struct sweep *sweeps;
	size_t n_obs;
};

static hg_err input_take(const struct figures *f, const hg_obs_group *groups, size_t n,
	struct joint_input *in, hg_error *why)
{
	size_t all = 0;

	for (size_t g = 0; g < n; g++)
		all += groups[g].n;
	in->obs = calloc(all + 1, sizeof *in->obs);
	in->sweeps = calloc(n + 1, sizeof *in->sweeps);
	if (!in->obs || !in->sweeps)
		return fail(why, HG_ENOMEM, "fit of a device: out of memory");
	for (size_t g = 0; g < n; g++) {
		struct work_obs *at = in->obs + in->n_obs;

		for (size_t i = 0; i < groups[g].n; i++) {
			hg_err rc = observe(f, &groups[g].obs[i], &at[i], why);

			if (rc) {
				fail_prefix(why, "%s: observation %zu: ", groups[g].name, i);
				return rc;
			}
		}
		qsort(at, groups[g].n, sizeof *at, by_setting);
		in->sweeps[g] = (struct sweep){at, groups[g].n, family_of(groups, g), {0}};
		in->n_obs += groups[g].n;
	}
	return HG_OK;
}

static void errors_sum(
	const struct device_fit *fit, const struct joint_input *in, size_t n, hg_model_report *out)
{
	for (size_t g = 0; g < n; g++) {
		struct response r;

		response_init(&r, &fit->f, NULL, in->sweeps[g].z);
		for (size_t i = 0; i < in->sweeps[g].n; i++) {
			const struct work_obs *o = &in->sweeps[g].obs[i];
			struct response_at at;

			response_eval(&r, &o->setting, &at);
			out->time_mape += fabs(expm1(at.ln_time - o->ln[0])) / (double)in->n_obs;
			out->energy_mape +=
				fabs(expm1(at.ln_time + at.ln_power - o->ln[0] - o->ln[1])) /
				(double)in->n_obs;
		}
	}
}

/* Sources of what was fitted; copies of the rest. */
static hg_err model_fill(struct hg_model *m, const hg_model *start, const struct device_fit *fit,
	size_t n, size_t n_obs)
{
	char text[200];
	struct prior *prior = arena_alloc(&m->arena, sizeof *prior);
	const char *fitted;

	(void)snprintf(text, sizeof text,
		"fitted: joint fit of %zu workloads, %zu observations, from the figures of %.64s",
		n, n_obs, start->name);
	fitted = arena_strdup(&m->arena, text);
	if (!prior || !fitted)
		return HG_ENOMEM;
	m->f = fit->f;
	*prior = fit->prior;
	m->prior = prior;
	m->prior_source = fitted;
	m->origin = start->origin | HG_ORIGIN_FITTED;
	for (size_t i = 0; i < SPEC_FIELDS; i++) {
		const char *source = start->source[i];

		if (device_fits(spec_fields[i].offset))
			m->source[i] = fitted;
		else if (source && !(m->source[i] = arena_strdup(&m->arena, source)))
			return HG_ENOMEM;
	}
	return HG_OK;
}

static hg_err joint_run(
	struct device_fit *fit, struct joint_input *in, size_t n, hg_model_report *out)
{
	unsigned families = 0;
	hg_err rc = device_fit_run(fit, in->sweeps, n);

	for (size_t g = 0; g < n; g++)
		families += in->sweeps[g].family == g;
	if (rc)
		return rc;
	device_prior_learn(fit, in->sweeps, n);
	errors_sum(fit, in, n, out);
	out->families = families;
	out->static_w_sd = device_sd(fit, DEVICE_STATIC);
	out->gap_w_sd = device_sd(fit, DEVICE_GAPPOWER);
	out->voltage_knee_sd = device_sd(fit, DEVICE_KNEE);
	out->overlap_sd = device_sd(fit, DEVICE_OVERLAP);
	rc = families >= HG_FIT_FAMILIES ? device_calibrate(fit, in->sweeps, n) : HG_OK;
	out->calibrated = fit->calibrated;
	return rc;
}

hg_err hg_model_fit(const hg_model *start, const hg_obs_group *groups, size_t n,
	hg_model_report *report, hg_model **out, hg_error *why)
{
	hg_model_report r = {.size = sizeof r};
	struct joint_input in = {0};
	struct device_fit fit = {0};
	struct hg_model *m = NULL;
	struct prior like;
	hg_err rc;

	*out = NULL;
	if (!start || n < 2)
		return fail(why, HG_EINVAL,
			"fit of a device: expected two workloads or more, found %zu", n);
	fit.f = start->f;
	prior_of(start, &like);
	fit.like = &like;
	rc = input_take(&start->f, groups, n, &in, why);
	if (rc)
		goto out;
	rc = joint_run(&fit, &in, n, &r);
	if (!rc)
		m = model_new(start->name, start->title, start->vendor);
	if (!rc)
		rc = m ? model_fill(m, start, &fit, n, in.n_obs) : HG_ENOMEM;
	if (rc) {
		(void)fail(why, rc, "fit of a device: %s",
			rc == HG_ENOMEM ? "out of memory" : "no parameters fit");
		goto out;
	}
	r.workloads = (uint32_t)n;
	r.observations = (uint32_t)in.n_obs;
	r.static_w = fit.f.static_w;
	r.gap_w = fit.f.gap_w;
	r.voltage_knee = fit.f.voltage_knee;
	r.voltage_slope = fit.f.voltage_slope;
	r.overlap = fit.f.overlap;
	r.clock_tree_w = fit.f.clock_tree_w;
	if (report)
		size_write(report, &r, sizeof r);
	*out = m;
	m = NULL;
out:
	free(in.obs);
	free(in.sweeps);
	hg_model_destroy(m);
	return rc;
}
