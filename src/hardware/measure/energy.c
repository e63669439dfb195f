#include <hourglass/energy.h>

#include <math.h>

#include "bounds.h"
#include "core/fail.h"
#include "core/size.h"
#include "curve.h"

/* Windows further than this from 0, or longer, are refused: about 73 years. */
#define TIME_MAX (INT64_MAX / 4)

/* Power that varies within an interval although its mean does not: this part of it. */
#define UNREST 0.15

/* A clock that changes by more is another operating point. */
#define CLOCK_TOLERANCE 0.02

/* Powers beside an end that differ by more are a step. */
#define STEP 0.25

/* Rounding of both ends of a window, in grains of energy: no contradiction. */
#define SLACK_GRAINS 8.0

const char *hg_method_name(hg_method method)
{
	static const char *const names[] = {"none", "padded", "repeated", "shaped", "edges",
		"attributed", "power", "average", "model"};

	return (unsigned)method < sizeof names / sizeof *names ? names[method] : "?";
}

const char *hg_energy_flag_name(uint32_t flag)
{
	static const char *const names[] = {"cold-start", "throttled", "clock-changed",
		"counter-reset", "missed-edge", "partial-coverage", "shared", "extrapolated",
		"untrusted", "estimate", "incomplete", "simulated"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (flag == UINT32_C(1) << i)
			return names[i];
	return "?";
}

/* A window on its way to an hg_energy. */
struct task {
	struct curve curve;
	int64_t t0, t1; /* of the window; t0 moves up to the log's begin when that is asked for */
	uint32_t opts;
	struct bracket a, b; /* around t0 and t1 */
	int64_t e;           /* sum of the runs, 2^-20 J */
	struct range range;  /* sum of their bounds */
	int64_t missing_ns;
	double var;     /* J^2 */
	bool unlocated; /* power steps at an end, and the log does not say where */
	hg_energy out;
};

/* ----- errors of estimation */

static double square(double x)
{
	return x * x;
}

/* The power around the interval that a moment lies in; NAN where there is none. */
struct levels {
	double own, left, right, left2, right2; /* W */
	double step; /* how much the interval differs from both sides; 0: not known */
};

static struct levels levels(const struct curve *c, struct bracket b)
{
	size_t before = curve_prev(c, b.k), after = curve_next(c, b.next);
	struct levels l = {.own = curve_power(c, b.k, b.next),
		.left = curve_power(c, before, b.k),
		.right = curve_power(c, b.next, after),
		.left2 = curve_power(c, curve_prev(c, before), before),
		.right2 = after < c->n ? curve_power(c, after, curve_next(c, after)) : NAN};

	l.step = fmin(fabs(l.left - l.own), fabs(l.right - l.own)); /* leaves out a NAN */
	if (isnan(l.step))
		l.step = 0;
	return l;
}

/* Whether two powers are no step apart; yes when either is not known. */
static bool even(double a, double b)
{
	return !(fabs(a - b) > STEP * fmax(a, b));
}

/*
 * How much the power within an interval may differ from what the curve assumes, W. Sets the flag
 * COLD_START where there is a step, and t->unlocated where nothing says where in the interval.
 */
static double unrest(struct task *t, struct bracket b)
{
	struct levels l = levels(&t->curve, b);
	bool quiet_left = even(l.left, l.left2), quiet_right = even(l.right, l.right2);
	struct knot knee;

	if (curve_shaped(&t->curve, b.k, b.next)) {
		t->out.method = HG_METHOD_SHAPED;
		return STEP * fmax(UNREST * l.own, l.step);
	}
	if (curve_knee(&t->curve, b.k, b.next, &knee)) {
		t->out.flags |= HG_ENERGY_COLD_START;
		return fmax(UNREST * l.own, (quiet_left && quiet_right ? STEP : 0.5) * l.step);
	}
	if (curve_late(&t->curve, b.next))
		t->unlocated = true; /* edges are missing in between: anything may have happened */
	if (!(even(l.own, l.left) && quiet_left) && !(even(l.own, l.right) && quiet_right)) {
		t->out.flags |= HG_ENERGY_COLD_START;
		t->unlocated = true;
	}
	return fmax(UNREST * l.own, l.step);
}

/* Variance of the curve at a moment, J^2. */
static double end_var(struct task *t, struct bracket b, int64_t at)
{
	const struct curve *c = &t->curve;
	struct knot from = curve_knot(c, b.k), to = curve_knot(c, b.next);
	double length = (double)(to.t_ns - from.t_ns) * 1e-9;
	double f = (double)(at - from.t_ns) * 1e-9 / length;
	double mean = curve_power(c, b.k, b.next), shape = unrest(t, b);

	return square(mean * (1 - f) * from.sd_ns * 1e-9) + square(mean * f * to.sd_ns * 1e-9) +
	       square(shape * f * (1 - f) * length) +
	       square(c->sensor.resolution_j / c->sensor.gain) / 12;
}

static void task_sigma(struct task *t)
{
	const struct curve *c = &t->curve;
	double width = t->range.hi - t->range.lo, joules = (double)t->e / GRAINS_PER_J, p0, p1;

	if (c->sensor.coverage < 1 || (t->out.flags & HG_ENERGY_EXTRAPOLATED)) {
		/* nothing is known of what was not seen but its limits */
		t->out.sigma = width < INFINITY ? width / sqrt(12) : NAN;
		return;
	}
	p0 = curve_power(c, t->a.k, t->a.next);
	p1 = curve_power(c, t->b.k, t->b.next);
	if (!isnan(p1 - p0))
		t->var += square((p1 - p0) * c->sensor.lag_sd_s);
	if (t->missing_ns)
		t->var += width < INFINITY ? square(width) / 12 : NAN;
	t->out.sigma = sqrt(t->var);
	if (t->unlocated)
		t->out.sigma = fmax(t->range.hi - joules, joules - t->range.lo) / sqrt(3);
	else if (width >= 0 && t->out.sigma > width / 2)
		t->out.sigma = width / 2;
}

/* ----- what the edges in the window tell besides */

struct tally {
	double clock_sum, clock_min, clock_max, heat_sum;
	uint32_t clocks, heats;
};

static void tally_edge(struct task *t, struct tally *sum, const hg_edge *e)
{
	double gain = t->curve.sensor.gain;

	if (e->throttle)
		t->out.flags |= HG_ENERGY_THROTTLED;
	if (e->clock_hz != HG_UNREAD) {
		double hz = (double)e->clock_hz;

		sum->clock_min = sum->clocks ? fmin(sum->clock_min, hz) : hz;
		sum->clock_max = sum->clocks ? fmax(sum->clock_max, hz) : hz;
		sum->clock_sum += hz;
		sum->clocks++;
	}
	if (e->temperature_mc != HG_UNREAD) {
		sum->heat_sum += (double)e->temperature_mc * 1e-3;
		sum->heats++;
	}
	if (e->power_mw != HG_UNREAD)
		t->out.max_w = fmax(t->out.max_w, (double)e->power_mw * 1e-3 / gain);
}

/* Edges seen in the window; where there is none the one that ends it. */
static void task_tally(struct task *t)
{
	const struct curve *c = &t->curve;
	struct tally sum = {0};
	size_t first = t->a.k == SIZE_MAX ? 0 : t->a.k;
	size_t last = t->b.next < c->n ? t->b.next : c->n - 1, inside = 0;

	for (size_t i = first; i <= last; i++) {
		if (i > first && curve_late(c, i))
			t->out.flags |= HG_ENERGY_MISSED_EDGE;
		if (c->log[i].t_ns < t->t0 || c->log[i].t_ns > t->t1)
			continue;
		inside++;
		tally_edge(t, &sum, &c->log[i]);
	}
	if (!inside)
		tally_edge(t, &sum, &c->log[last]);
	t->out.n_edges = (uint32_t)(last - first + 1);
	if (sum.clocks) {
		t->out.clock_hz = sum.clock_sum / sum.clocks;
		if (sum.clock_max - sum.clock_min > CLOCK_TOLERANCE * sum.clock_max)
			t->out.flags |= HG_ENERGY_CLOCK_CHANGED;
	}
	if (sum.heats)
		t->out.temperature_c = sum.heat_sum / sum.heats;
}

/* ----- the sum over runs of unbroken intervals */

/* Adds the energy from one moment to another of an unbroken run. */
static void task_add(struct task *t, struct bracket a, int64_t from, struct bracket b, int64_t to)
{
	const struct curve *c = &t->curve;
	struct range r;
	int64_t e;

	if (to <= from)
		return;
	e = curve_at(c, b, to) - curve_at(c, a, from);
	e -= curve_offset(c, to) - curve_offset(c, from);
	t->e += e;
	t->var += end_var(t, a, from) + end_var(t, b, to);
	r = bounds_window(c, a, from, b, to);
	/* the counter, or what is known of it, contradicts the limits of power */
	if (r.lo > r.hi || (double)e < r.lo * GRAINS_PER_J - SLACK_GRAINS ||
		(double)e > r.hi * GRAINS_PER_J + SLACK_GRAINS) {
		t->out.flags |= HG_ENERGY_UNTRUSTED;
		r = (struct range){NAN, NAN};
	}
	t->range.lo += r.lo;
	t->range.hi += r.hi;
}

static void task_miss(struct task *t, int64_t from, int64_t to)
{
	double high = t->curve.sensor.max_power_w;

	if (to <= from)
		return;
	t->missing_ns += to - from;
	t->out.flags |= HG_ENERGY_INCOMPLETE;
	t->range.lo += t->curve.sensor.min_power_w * (double)(to - from) * 1e-9;
	t->range.hi += high > 0 ? high * (double)(to - from) * 1e-9 : INFINITY;
}

/*
 * Walks the intervals of the window. The first and the last run end at the window's ends, the
 * others at the knots beside what is broken.
 */
static void task_runs(struct task *t)
{
	const struct curve *c = &t->curve;
	struct bracket begin = t->a;
	int64_t from = t->t0;
	size_t last = SIZE_MAX; /* begin of the last interval that is not broken */

	for (size_t i = t->a.k; i != t->b.next;) {
		size_t next = curve_next(c, i);

		if (!curve_broken(c, i, next)) {
			last = i;
		} else {
			int64_t to = curve_knot(c, next).t_ns;

			t->out.flags |= HG_ENERGY_COUNTER_RESET;
			if (last != SIZE_MAX) {
				int64_t end = curve_knot(c, i).t_ns;

				task_add(t, begin, from, (struct bracket){last, i}, end);
				from = end > from ? end : from;
			}
			task_miss(t, from, to < t->t1 ? to : t->t1);
			from = to > from ? to : from;
			begin = (struct bracket){next, next < c->n ? curve_next(c, next) : c->n};
			last = SIZE_MAX;
		}
		i = next;
	}
	if (last != SIZE_MAX)
		task_add(t, begin, from, t->b, t->t1);
}

/* After the log: the last power goes on. */
static hg_err task_extrapolate(struct task *t, size_t last, int64_t from, hg_error *why)
{
	const struct curve *c = &t->curve;
	double power = curve_power(c, curve_prev(c, last), last), passed;
	int64_t knot = curve_knot(c, last).t_ns;
	struct bracket end = {last, c->n};
	struct range r;

	if (isnan(power))
		return fail(why, HG_ERANGE,
			"the log ends %.3f s before the window does, with no power to go on from",
			(double)(t->t1 - knot) * 1e-9);
	from = from > knot ? from : knot;
	passed = (double)(t->t1 - from) * 1e-9;
	t->e += llround(power * passed * GRAINS_PER_J) -
		(curve_offset(c, t->t1) - curve_offset(c, from));
	r = bounds_window(c, end, from, end, t->t1);
	t->range.lo += r.lo;
	t->range.hi += r.hi;
	t->out.flags |= HG_ENERGY_EXTRAPOLATED | HG_ENERGY_ESTIMATE;
	return HG_OK;
}

/* Energy of the whole window into e and range. */
static hg_err task_sum(struct task *t, hg_error *why)
{
	const struct curve *c = &t->curve;
	size_t last;
	hg_err rc;

	if (t->b.next < c->n) {
		task_runs(t);
		return HG_OK;
	}
	/* up to the last knot as ever, then beyond it */
	last = t->b.k;
	if (t->a.next < c->n) {
		int64_t end = t->t1;

		t->t1 = curve_knot(c, last).t_ns;
		t->b = (struct bracket){curve_prev(c, last), last};
		task_runs(t);
		t->t1 = end;
	}
	rc = task_extrapolate(t, last, t->t0, why);
	t->b = (struct bracket){curve_prev(c, last), last};
	if (t->a.next >= c->n)
		t->a = t->b;
	return rc;
}

/* ----- arguments and result */

/* Whether the log reaches around the window, or need not. */
static hg_err task_cover(struct task *t, hg_error *why)
{
	const struct curve *c = &t->curve;

	if (c->n == 0)
		return fail(why, HG_ERANGE, "the log is empty");
	t->a = curve_find(c, t->t0);
	t->b = curve_find(c, t->t1);
	if (t->a.k != SIZE_MAX && (t->b.k == SIZE_MAX || t->b.k < t->a.k))
		return fail(why, HG_EDEVICE, "the log is not in order of time");
	if (t->a.k == SIZE_MAX) {
		int64_t first = curve_knot(c, 0).t_ns;

		if (!(t->opts & HG_WINDOW_PARTIAL) || t->b.k == SIZE_MAX)
			return fail(why, HG_ERANGE,
				"the window begins %.3f s before the log, or the log was not kept",
				(double)(first - t->t0) * 1e-9);
		task_miss(t, t->t0, first);
		t->t0 = first;
		t->a = curve_find(c, first);
	}
	if (t->b.next >= c->n && !(t->opts & HG_WINDOW_ESTIMATE)) {
		int64_t last = curve_knot(c, t->b.k).t_ns;

		if (!(t->opts & HG_WINDOW_PARTIAL) || t->a.next >= c->n)
			return fail(why, HG_ERANGE,
				"the log does not reach the window's end yet: %.3f s are missing",
				(double)(t->t1 - last) * 1e-9);
		task_miss(t, last, t->t1);
		t->t1 = last;
		t->b = (struct bracket){curve_prev(c, t->b.k), t->b.k};
	}
	if (t->b.k == SIZE_MAX || t->b.k < t->a.k)
		return fail(why, HG_EDEVICE, "the log is not in order of time");
	return HG_OK;
}

hg_energy energy_none(int64_t t0, int64_t t1)
{
	return (hg_energy){.size = sizeof(hg_energy),
		.joules = NAN,
		.lo = NAN,
		.hi = NAN,
		.sigma = NAN,
		.idle_j = NAN,
		.tail_j = NAN,
		.max_w = NAN,
		.clock_hz = NAN,
		.temperature_c = NAN,
		.coverage = NAN,
		.missing_s = NAN,
		.t0_ns = t0,
		.t1_ns = t1};
}

static void task_finish(struct task *t)
{
	const struct curve *c = &t->curve;

	task_tally(t);
	task_sigma(t);
	if (t->out.method == HG_METHOD_NONE)
		t->out.method = HG_METHOD_EDGES;
	t->out.joules = (double)t->e / GRAINS_PER_J;
	t->out.lo = t->range.lo > -INFINITY ? t->range.lo : NAN;
	t->out.hi = t->range.hi < INFINITY ? t->range.hi : NAN;
	t->out.coverage = c->sensor.coverage;
	t->out.missing_s = (double)t->missing_ns * 1e-9;
	if (c->sensor.coverage < 1)
		t->out.flags |= HG_ENERGY_PARTIAL_COVERAGE;
	if (!c->sensor.trusted)
		t->out.flags |= HG_ENERGY_UNTRUSTED;
}

static hg_err task_run(struct task *t, hg_error *why)
{
	hg_err rc = task_cover(t, why);

	rc = rc ? rc : task_sum(t, why);
	if (rc)
		return rc;
	if ((t->out.flags & HG_ENERGY_COUNTER_RESET) && !(t->opts & HG_WINDOW_PARTIAL))
		return fail(why, HG_EDEVICE,
			"the counter was reset or contradicts itself within the window: %.3f s of it "
			"are unknown",
			(double)t->missing_ns * 1e-9);
	task_finish(t);
	return HG_OK;
}

hg_err hg_energy_shaped(const hg_edge *log, size_t n, const hg_power *power, size_t n_power,
	const hg_sensor *s, int64_t t0, int64_t t1, uint32_t opts, hg_energy *out, hg_error *why)
{
	struct task t = {.t0 = t0, .t1 = t1, .opts = opts};
	const hg_energy none = energy_none(t0, t1);
	hg_err rc;

	if (!out || out->size < sizeof out->size)
		return fail(why, HG_EINVAL, "the result's size is not set");
	t.out = none;
	if (t0 > t1 || t0 < -TIME_MAX || t1 > TIME_MAX)
		rc = fail(why, HG_EINVAL, "a window from %lld to %lld ns", (long long)t0,
			(long long)t1);
	else
		rc = curve_init(&t.curve, log, n, s, opts, why);
	if (!power && n_power && !rc)
		rc = fail(why, HG_EINVAL, "no power log");
	t.curve.power = power;
	t.curve.n_power = n_power;
	rc = rc ? rc : task_run(&t, why);
	size_write(out, rc ? &none : &t.out, sizeof none);
	return rc;
}

hg_err hg_energy_window(const hg_edge *log, size_t n, const hg_sensor *s, int64_t t0, int64_t t1,
	uint32_t opts, hg_energy *out, hg_error *why)
{
	return hg_energy_shaped(log, n, NULL, 0, s, t0, t1, opts, out, why);
}
