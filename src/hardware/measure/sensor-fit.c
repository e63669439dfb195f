#include <math.h>
#include <stdlib.h>

#include "attribute.h"
#include "core/fail.h"
#include "core/size.h"
#include "power.h"

/* Edges that a period is learnt from at least, and intervals that the median is taken of at most.
 */
#define EDGES_LEAST 20
#define MEDIAN_OF   255

/* Intervals off a whole number of periods by more than this part of one are no part of the rhythm.
 */
#define OFF_BEAT 0.25

/* Jitter is not believed to be less than this part of the period. */
#define JITTER_LEAST 0.002

#define TEST_SECONDS   3.0
#define TEST_TOLERANCE 0.10
#define FROZEN_J       1.0

/* Intervals that a calibration needs, and how different powers must be to tell an offset from a
 * gain. */
#define GAIN_ROWS   10
#define GAIN_SPREAD 0.05

/* How coverage is searched: in so many steps; below 1 must explain this much more. */
#define COVERAGE_STEPS 20
#define COVERAGE_GAIN  0.7

static void sensor_out(const struct curve *c, hg_sensor *s)
{
	size_write(s, &c->sensor, sizeof c->sensor);
}

/* ----- how the counter moves */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double interval_s(const struct curve *c, size_t k)
{
	int64_t u;

	return (double)(curve_seen(c, k, &u) - curve_seen(c, k - 1, &u)) * 1e-9;
}

static bool counts(const struct curve *c, size_t k)
{
	const uint32_t any_time = HG_EDGE_READ | HG_EDGE_STAMPED;

	/* when the first value was taken was not seen */
	return !curve_broken(c, k - 1, k) && !(c->log[k].flags & any_time) &&
	       !(c->log[k - 1].flags & (any_time | HG_EDGE_FIRST));
}

/* Median of evenly chosen intervals; NAN when there are too few. */
static double median_interval(const struct curve *c)
{
	double some[MEDIAN_OF];
	size_t m = 0, stride = 1 + c->n / MEDIAN_OF;

	for (size_t k = 1; k < c->n && m < MEDIAN_OF; k += stride)
		if (counts(c, k))
			some[m++] = interval_s(c, k);
	if (m < 2)
		return NAN;
	qsort(some, m, sizeof *some, compare);
	return some[m / 2];
}

static int64_t divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

struct rhythm {
	double seconds, beats, off2, shared; /* shared: sum of products of neighbouring offs */
	size_t pairs;
	size_t n, stray;
	int64_t step_uj;
};

static struct rhythm rhythm_of(const struct curve *c, double period)
{
	struct rhythm r = {.n = 0};
	double last = NAN; /* off of the interval before, if that was one beat */

	for (size_t k = 1; k < c->n; k++) {
		double dt, beats, off;

		if (!counts(c, k)) {
			last = NAN;
			continue;
		}
		dt = interval_s(c, k);
		beats = fmax(1, round(dt / period));
		off = dt - beats * period;
		r.step_uj = divisor(c->log[k].energy_uj - c->log[k - 1].energy_uj, r.step_uj);
		if (fabs(off) > OFF_BEAT * period) {
			r.stray++;
			last = NAN;
			continue;
		}
		r.seconds += dt;
		r.beats += beats;
		r.off2 += off * off / beats;
		if (!isnan(last)) {
			r.shared += off * last;
			r.pairs++;
		}
		last = beats > 1 ? NAN : off;
		r.n++;
	}
	return r;
}

hg_err hg_sensor_fit_edges(const hg_edge *log, size_t n, hg_sensor *s, hg_error *why)
{
	struct curve c;
	struct rhythm r;
	double period, var;
	hg_err rc = curve_init(&c, log, n, s, 0, why);

	if (rc)
		return rc;
	period = median_interval(&c);
	if (n < EDGES_LEAST || isnan(period))
		return fail(why, HG_ERANGE, "%zu edges, at least %d are needed", n, EDGES_LEAST);
	r = rhythm_of(&c, period);
	if (r.n < EDGES_LEAST - 1 - r.stray || r.n < 3 * r.stray || r.n < 2)
		return fail(why, HG_EINFEASIBLE,
			"no period: %zu of %zu intervals are far from whole numbers of %.4f s",
			r.stray, r.n + r.stray, period);
	period = r.seconds / r.beats;
	r = rhythm_of(&c, period);
	/* an edge seen late makes one interval longer and the next shorter: that is not the
	 * counter's */
	var = r.off2 / (double)r.n + (r.pairs ? 2 * r.shared / (double)r.pairs : 0);
	c.sensor.period_s = period;
	/* never quite 0, which means unknown */
	c.sensor.jitter_s = fmax(sqrt(fmax(var, 0)), JITTER_LEAST * period);
	if (r.step_uj > 0)
		c.sensor.resolution_j = (double)r.step_uj * 1e-6;
	sensor_out(&c, s);
	return HG_OK;
}

/* ----- whether to believe it */

static void test_edges(const struct curve *c, const hg_power *power, size_t n, hg_sensor_test *t)
{
	size_t next;

	for (size_t k = 0; (next = curve_next(c, k)) < c->n; k = next) {
		struct knot from = curve_knot(c, k), to = curve_knot(c, next);
		double j;

		if (curve_broken(c, k, next)) {
			t->resets++;
			continue;
		}
		j = power_integral(power, n, from.t_ns, to.t_ns);
		if (isnan(j))
			continue;
		t->seconds += (double)(to.t_ns - from.t_ns) * 1e-9;
		t->counter_j += (double)(to.e - from.e) / GRAINS_PER_J;
		t->power_j += j;
	}
	t->frozen = t->counter_j == 0 && t->power_j > FROZEN_J;
	t->ratio = t->power_j > 0 ? t->counter_j / t->power_j : NAN;
}

static hg_err test_verdict(hg_sensor_test *t, hg_error *why)
{
	if (t->resets)
		return fail(why, HG_EDEVICE,
			"the counter went back or jumped %u times during the test", t->resets);
	if (t->seconds < TEST_SECONDS)
		return fail(why, HG_ERANGE,
			"counter and power were seen together for %.2f s, %.0f s are needed",
			t->seconds, TEST_SECONDS);
	if (t->frozen)
		return fail(why, HG_EDEVICE,
			"the counter is frozen: it did not move while %.1f J were drawn",
			t->power_j);
	if (!(fabs(t->ratio - 1) <= TEST_TOLERANCE))
		return fail(why, HG_EDEVICE,
			"the counter says %.1f J, integrated power %.1f J: more than %.0f %% apart",
			t->counter_j, t->power_j, 100 * TEST_TOLERANCE);
	t->passed = 1;
	return HG_OK;
}

hg_err hg_sensor_check(const hg_edge *log, size_t n, const hg_power *power, size_t n_power,
	hg_sensor *s, hg_sensor_test *out, hg_error *why)
{
	hg_sensor_test t = {.size = sizeof t};
	struct curve c;
	hg_err rc = curve_init(&c, log, n, s, 0, why);

	if (!rc && !power && n_power)
		rc = fail(why, HG_EINVAL, "no power log");
	if (rc)
		return rc;
	test_edges(&c, power, n_power, &t);
	rc = test_verdict(&t, why);
	if (rc != HG_ERANGE) {
		c.sensor.trusted = t.passed;
		sensor_out(&c, s);
	}
	if (out && out->size >= sizeof out->size)
		size_write(out, &t, sizeof t);
	return rc;
}

/* ----- gain */

struct gain_sums {
	double n, tt, tj, jj, ty, jy, yy, least, most;
};

static struct gain_sums gain_sums_of(const struct curve *c, const hg_power *ref, size_t n)
{
	struct gain_sums g = {.least = INFINITY};
	size_t next;

	for (size_t k = 0; (next = curve_next(c, k)) < c->n; k = next) {
		struct knot from = curve_knot(c, k), to = curve_knot(c, next);
		double t = (double)(to.t_ns - from.t_ns) * 1e-9, y, j;

		if (curve_broken(c, k, next) || t <= 0)
			continue;
		j = power_integral(ref, n, from.t_ns, to.t_ns);
		if (isnan(j))
			continue;
		y = (double)(c->log[next].energy_uj - c->log[k].energy_uj) * 1e-6;
		g.n++;
		g.tt += t * t;
		g.tj += t * j;
		g.jj += j * j;
		g.ty += t * y;
		g.jy += j * y;
		g.yy += y * y;
		g.least = fmin(g.least, j / t);
		g.most = fmax(g.most, j / t);
	}
	return g;
}

hg_err hg_sensor_fit_gain(const hg_edge *log, size_t n, const hg_power *reference,
	size_t n_reference, hg_sensor *s, double *gain_sd, hg_error *why)
{
	struct curve c;
	struct gain_sums g;
	double det, gain, offset = 0, left;
	hg_err rc = curve_init(&c, log, n, s, 0, why);

	if (!rc && !reference && n_reference)
		rc = fail(why, HG_EINVAL, "no reference");
	if (rc)
		return rc;
	g = gain_sums_of(&c, reference, n_reference);
	if (g.n < GAIN_ROWS || !(g.jj > 0))
		return fail(why, HG_ERANGE,
			"the reference covers %.0f intervals of the counter, at least %d are needed",
			g.n, GAIN_ROWS);
	det = g.jj * g.tt - g.tj * g.tj;
	if (g.most - g.least > GAIN_SPREAD * g.most) {
		gain = (g.jy * g.tt - g.ty * g.tj) / det;
		offset = (g.ty * g.jj - g.jy * g.tj) / det;
	} else {
		gain = g.jy / g.jj;
		det = INFINITY;
	}
	if (!(gain > 0))
		return fail(why, HG_EINFEASIBLE, "the counter does not follow the reference");
	left = g.yy - gain * g.jy - offset * g.ty;
	if (gain_sd)
		*gain_sd =
			sqrt(fmax(left, 0) / (g.n - 2) * (det < INFINITY ? g.tt / det : 1 / g.jj));
	c.sensor.gain = gain;
	c.sensor.offset_w = offset;
	sensor_out(&c, s);
	return HG_OK;
}

/* ----- lag and coverage */

static double try_coverage(const struct curve *c, const hg_span *spans, size_t n_spans,
	const hg_attribution_opts *o, double coverage, hg_sensor *best, hg_error *why)
{
	hg_sensor s = c->sensor;
	hg_attribution a;
	hg_rates r = {.size = sizeof r};

	s.coverage = coverage;
	if (hg_attribution_fit_lag(c->log, c->n, &s, spans, n_spans, o, 0, 2 * s.period_s, &s.lag_s,
		    &s.lag_sd_s, why) ||
		hg_attribution_init(&a, o, why) ||
		hg_attribution_feed(&a, c->log, c->n, 0, &s, spans, n_spans, why) ||
		hg_attribution_solve(&a, &r, why))
		return NAN;
	*best = s;
	return r.residual_fraction;
}

hg_err hg_sensor_fit_response(const hg_edge *log, size_t n, const hg_span *spans, size_t n_spans,
	uint32_t columns, hg_sensor *s, hg_error *why)
{
	hg_attribution_opts o = {.size = sizeof o, .columns = columns, .rest = 1, .forget = 1};
	hg_sensor whole, part, best;
	double all, least;
	struct curve c;
	double lag;
	hg_err rc = curve_init(&c, log, n, s, 0, why);

	if (rc)
		return rc;
	whole = c.sensor;
	whole.coverage = 1;
	/* once by itself for its error text */
	rc = hg_attribution_fit_lag(
		log, n, &whole, spans, n_spans, &o, 0, 2 * whole.period_s, &lag, NULL, why);
	if (rc)
		return rc;
	all = try_coverage(&c, spans, n_spans, &o, 1, &whole, why);
	least = all;
	best = whole;
	for (int i = 1; i < COVERAGE_STEPS; i++) {
		double is = try_coverage(
			&c, spans, n_spans, &o, (double)i / COVERAGE_STEPS, &part, NULL);

		if (is < least) {
			least = is;
			best = part;
		}
	}
	c.sensor = least < COVERAGE_GAIN * all ? best : whole;
	if (isnan(c.sensor.lag_sd_s))
		c.sensor.lag_sd_s = 0;
	sensor_out(&c, s);
	return HG_OK;
}
