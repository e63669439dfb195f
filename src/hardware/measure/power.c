#include "power.h"

#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "curve.h"

/* Gaps between reads above so many periods are unknown time. */
#define GAP_PERIODS 3

/* Windows shorter than so many averaging windows are not answered. */
#define AVERAGES 3

#define TIME_MAX (INT64_MAX / 4)

size_t power_before(const hg_power *power, size_t n, int64_t t)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (power[mid].t_ns <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo - 1;
}

static double watts(const hg_power *p)
{
	return p->power_mw > 0 ? (double)p->power_mw * 1e-3 : 0;
}

/* Power at a moment between reads k and k + 1. */
static double between(const hg_power *p, size_t k, int64_t t)
{
	double f = ((double)t - (double)p[k].t_ns) / ((double)p[k + 1].t_ns - (double)p[k].t_ns);

	return watts(&p[k]) + f * (watts(&p[k + 1]) - watts(&p[k]));
}

double power_at(const hg_power *power, size_t n, int64_t t)
{
	size_t k = power_before(power, n, t);

	if (k == SIZE_MAX)
		return NAN;
	if (power[k].t_ns == t)
		return watts(&power[k]);
	return k + 1 < n ? between(power, k, t) : NAN;
}

double power_integral(const hg_power *power, size_t n, int64_t t0, int64_t t1)
{
	double p0 = power_at(power, n, t0), p1 = power_at(power, n, t1), sum = 0;
	size_t k = power_before(power, n, t0);

	if (isnan(p0) || isnan(p1))
		return NAN;
	for (k++; k < n && power[k].t_ns < t1; k++) {
		sum += (p0 + watts(&power[k])) / 2 * ((double)power[k].t_ns - (double)t0) * 1e-9;
		p0 = watts(&power[k]);
		t0 = power[k].t_ns;
	}
	return sum + (p0 + p1) / 2 * ((double)t1 - (double)t0) * 1e-9;
}

/* ----- windows */

struct integral {
	const hg_power *p;
	size_t n;
	hg_sensor sensor;
	int64_t gap_ns;
	double joules, var, missing_s;
	hg_energy out;
};

static hg_err integral_init(struct integral *f, const hg_power *power, size_t n, const hg_sensor *s,
	int64_t t0, int64_t t1, hg_error *why)
{
	struct curve c;
	hg_err rc = curve_init(&c, NULL, 0, s, 0, why);

	if (rc)
		return rc;
	if ((!power && n) || t0 > t1 || t0 < -TIME_MAX || t1 > TIME_MAX)
		return fail(why, HG_EINVAL, "no reads, or a window from %lld to %lld ns",
			(long long)t0, (long long)t1);
	*f = (struct integral){.p = power,
		.n = n,
		.sensor = c.sensor,
		.gap_ns = c.period_ns ? GAP_PERIODS * c.period_ns : TIME_MAX};
	f->out = (hg_energy){.size = sizeof f->out,
		.lo = NAN,
		.hi = NAN,
		.sigma = NAN,
		.joules = NAN,
		.idle_j = NAN,
		.tail_j = NAN,
		.max_w = NAN,
		.clock_hz = NAN,
		.temperature_c = NAN,
		.coverage = c.sensor.coverage,
		.t0_ns = t0,
		.t1_ns = t1};
	return HG_OK;
}

static double true_power(const struct integral *f, double watts_read)
{
	return (watts_read - f->sensor.offset_w) / f->sensor.gain;
}

/* Adds the part of the window between reads k and k + 1. */
static void integral_add(struct integral *f, size_t k, int64_t t0, int64_t t1)
{
	const hg_power *a = &f->p[k], *b = &f->p[k + 1];
	int64_t from = a->t_ns > t0 ? a->t_ns : t0, to = b->t_ns < t1 ? b->t_ns : t1;
	double seconds, step;

	if (to <= from)
		return;
	seconds = (double)(to - from) * 1e-9;
	if ((double)b->t_ns - (double)a->t_ns > (double)f->gap_ns || a->power_mw < 0 ||
		b->power_mw < 0) {
		f->missing_s += seconds;
		return;
	}
	step = (watts(b) - watts(a)) / f->sensor.gain * seconds;
	f->joules += true_power(f, (between(f->p, k, from) + between(f->p, k, to)) / 2) * seconds;
	f->var += step * step / 12;
	f->out.max_w = fmax(f->out.max_w, true_power(f, fmax(watts(a), watts(b))));
	f->out.n_edges++;
}

static void integral_ends(struct integral *f, int64_t t0, int64_t t1, uint32_t opts)
{
	const hg_power *first = &f->p[0], *last = &f->p[f->n - 1];

	if (first->t_ns > t0)
		f->missing_s += (double)((first->t_ns < t1 ? first->t_ns : t1) - t0) * 1e-9;
	if (last->t_ns < t1) {
		double seconds = (double)(t1 - (last->t_ns > t0 ? last->t_ns : t0)) * 1e-9;

		if (opts & HG_WINDOW_ESTIMATE) {
			f->joules += true_power(f, watts(last)) * seconds;
			f->out.flags |= HG_ENERGY_ESTIMATE | HG_ENERGY_EXTRAPOLATED;
			f->var += pow(true_power(f, watts(last)) * seconds, 2) / 12;
		} else {
			f->missing_s += seconds;
		}
	}
}

static void integral_sigma(struct integral *f)
{
	const hg_sensor *s = &f->sensor;
	double seconds = (double)(f->out.t1_ns - f->out.t0_ns) * 1e-9;

	f->out.sigma = sqrt(f->var);
	if (s->coverage < 1) {
		f->out.flags |= HG_ENERGY_PARTIAL_COVERAGE;
		f->out.sigma = s->max_power_w > 0
				       ? (1 - s->coverage) * seconds *
						 (s->max_power_w - s->min_power_w) / sqrt(12)
				       : NAN;
	}
	if (!s->trusted)
		f->out.flags |= HG_ENERGY_UNTRUSTED;
}

hg_err hg_energy_from_power(const hg_power *power, size_t n, const hg_sensor *s, int64_t t0,
	int64_t t1, uint32_t opts, hg_energy *out, hg_error *why)
{
	struct integral f = {.n = 0};
	size_t k;
	hg_err rc = integral_init(&f, power, n, s, t0, t1, why);

	if (!out || out->size < sizeof out->size)
		return fail(why, HG_EINVAL, "the result's size is not set");
	if (!rc && n == 0)
		rc = fail(why, HG_ERANGE, "power was not read");
	if (!rc) {
		k = power_before(power, n, t0);
		for (k = k == SIZE_MAX ? 0 : k; k + 1 < n && power[k].t_ns < t1; k++)
			integral_add(&f, k, t0, t1);
		integral_ends(&f, t0, t1, opts);
		if (f.missing_s > 0 && !(opts & HG_WINDOW_PARTIAL))
			rc = fail(why, HG_ERANGE, "power was not read during %.3f s of the window",
				f.missing_s);
	}
	if (!rc) {
		f.out.method = HG_METHOD_POWER;
		f.out.joules = grain_round(f.joules);
		f.out.missing_s = f.missing_s;
		f.out.flags |= f.missing_s > 0 ? HG_ENERGY_INCOMPLETE : 0;
		integral_sigma(&f);
	} else {
		f.out = (hg_energy){
			.size = sizeof f.out, .joules = NAN, .lo = NAN, .hi = NAN, .sigma = NAN};
	}
	size_write(out, &f.out, sizeof f.out);
	return rc;
}

/* ----- averaged power */

/*
 * a(t) is the mean of p over [t - B, t], so B a(t1) + B a(t1 - B) + ... is exactly what was used in
 * whole stretches of B back from t1. Of the stretch that t0 lies in only the mean is known.
 */
static hg_err averages(struct integral *f, int64_t window_ns, hg_error *why)
{
	int64_t t0 = f->out.t0_ns, t = f->out.t1_ns;
	double b = (double)window_ns * 1e-9, a, before;

	for (; t - t0 >= window_ns; t -= window_ns) {
		a = power_at(f->p, f->n, t);
		if (isnan(a))
			return fail(why, HG_ERANGE, "averaged power was not read around %lld ns",
				(long long)t);
		f->joules += true_power(f, a) * b;
		f->out.max_w = fmax(f->out.max_w, true_power(f, a));
		f->out.n_edges++;
	}
	if (t > t0) {
		double rest = (double)(t - t0) * 1e-9;

		a = power_at(f->p, f->n, t);
		before = power_at(f->p, f->n, t0 + window_ns < f->out.t1_ns ? t0 + window_ns : t);
		if (isnan(a) || isnan(before))
			return fail(why, HG_ERANGE, "averaged power was not read around %lld ns",
				(long long)t);
		/* the stretches that end at t and that begin at t0 both hold it */
		f->joules += true_power(f, (a + before) / 2) * rest;
		f->var += pow((a - before) / f->sensor.gain * rest, 2) / 4 +
			  pow(0.1 * true_power(f, a) * rest, 2);
	}
	return HG_OK;
}

hg_err hg_energy_from_average(const hg_power *power, size_t n, const hg_sensor *s, double window_s,
	int64_t t0, int64_t t1, hg_energy *out, hg_error *why)
{
	struct integral f = {.n = 0};
	hg_err rc = integral_init(&f, power, n, s, t0, t1, why);

	if (!out || out->size < sizeof out->size)
		return fail(why, HG_EINVAL, "the result's size is not set");
	if (!rc && !(window_s > 0 && window_s < 3600))
		rc = fail(why, HG_EINVAL, "power averaged over %g s", window_s);
	if (!rc && (double)(t1 - t0) * 1e-9 < AVERAGES * window_s)
		rc = fail(why, HG_ERANGE,
			"power is averaged over %g s: a window of at least %g s is needed",
			window_s, AVERAGES * window_s);
	rc = rc ? rc : averages(&f, llround(window_s * 1e9), why);
	if (!rc) {
		f.out.method = HG_METHOD_AVERAGE;
		f.out.joules = grain_round(f.joules);
		integral_sigma(&f);
	} else {
		f.out = (hg_energy){
			.size = sizeof f.out, .joules = NAN, .lo = NAN, .hi = NAN, .sigma = NAN};
	}
	size_write(out, &f.out, sizeof f.out);
	return rc;
}
