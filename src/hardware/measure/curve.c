#include "curve.h"

#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "power.h"

/* Levels left and right of an interval that differ by less are noise, not a step. */
#define CONTRAST 0.25

/* Times and values beyond these would overflow in differences and products. */
#define TIME_MAX   (INT64_MAX / 4)
#define ENERGY_MAX (INT64_C(1) << 52)

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static bool sensor_sane(const hg_sensor *s)
{
	const double positive[] = {s->period_s, s->jitter_s, s->lag_sd_s, s->coverage, s->gain,
		s->resolution_j, s->read_s, s->min_power_w, s->max_power_w};

	for (size_t i = 0; i < sizeof positive / sizeof *positive; i++)
		if (!(positive[i] >= 0 && positive[i] < 1e9))
			return false;
	return fabs(s->lag_s) < 1e6 && fabs(s->offset_w) < 1e9 && s->coverage <= 1 &&
	       (s->max_power_w == 0 || s->max_power_w > s->min_power_w);
}

hg_err curve_init(struct curve *c, const hg_edge *log, size_t n, const hg_sensor *s, uint32_t opts,
	hg_error *why)
{
	*c = (struct curve){.log = log, .n = n, .linear = opts & HG_WINDOW_LINEAR};
	if (!s || size_read(&c->sensor, sizeof c->sensor, s))
		return fail(why, HG_EINVAL, "the sensor's size is not set");
	if (!log && n)
		return fail(why, HG_EINVAL, "no log");
	if (!sensor_sane(&c->sensor))
		return fail(why, HG_EINVAL,
			"the sensor's figures make no sense: each finite and not negative, "
			"coverage at most 1, max_power_w above min_power_w");
	if (c->sensor.gain == 0)
		c->sensor.gain = 1;
	if (c->sensor.coverage == 0)
		c->sensor.coverage = 1;
	c->lag_ns = llround(c->sensor.lag_s * 1e9);
	c->period_ns = llround(c->sensor.period_s * 1e9);
	if (!c->linear)
		c->jitter_ns = c->sensor.jitter_s * 1e9;
	return HG_OK;
}

/* When and what an edge shows, within limits whose differences cannot overflow. */
static int64_t when(const struct curve *c, size_t k)
{
	return clamp(c->log[k].t_ns, -TIME_MAX, TIME_MAX);
}

static int64_t doubt(const struct curve *c, size_t k)
{
	return clamp(c->log[k].u_ns, 0, TIME_MAX / 4);
}

static int64_t shown(const struct curve *c, size_t k)
{
	return clamp(c->log[k].energy_uj, -2 * ENERGY_MAX, 2 * ENERGY_MAX);
}

/* A read that saw no movement within a period or so of the value's last sight says nothing. */
static bool silent(const struct curve *c, size_t k)
{
	const hg_edge *e = &c->log[k];

	return k > 0 && (e->flags & HG_EDGE_READ) && !(e->flags & HG_EDGE_FIRST) &&
	       e->energy_uj == e[-1].energy_uj &&
	       (c->period_ns == 0 || when(c, k) - when(c, k - 1) < c->period_ns + c->period_ns / 2);
}

size_t curve_next(const struct curve *c, size_t k)
{
	for (k++; k < c->n && silent(c, k); k++)
		;
	return k < c->n ? k : c->n;
}

size_t curve_prev(const struct curve *c, size_t k)
{
	do {
		if (k == 0 || k == SIZE_MAX)
			return SIZE_MAX;
	} while (silent(c, --k));
	return k;
}

int64_t curve_seen(const struct curve *c, size_t k, int64_t *u_ns)
{
	const hg_edge *e = &c->log[k];
	int64_t since, longest;

	*u_ns = doubt(c, k);
	if (!(e->flags & HG_EDGE_READ) || (e->flags & HG_EDGE_FIRST) || k == 0)
		return when(c, k);
	/* The counter took the value it was read with some time since it was seen before. */
	since = when(c, k) - when(c, k - 1);
	if (since < 0)
		since = 0;
	longest = c->period_ns + llround(3e9 * c->sensor.jitter_s);
	if (c->period_ns && since > longest)
		since = longest;
	*u_ns += since - since / 2;
	return when(c, k) - since / 2;
}

/* Times that come with the device's own stamp are no better for those of their neighbours. */
static bool moving(const struct curve *c, size_t k)
{
	return !(c->log[k].flags & (HG_EDGE_READ | HG_EDGE_STAMPED));
}

/* Mean and variance of an edge's time. */
struct guess {
	double mean, var;
};

static double seen_var(const struct curve *c, size_t k)
{
	double u = (double)doubt(c, k);

	return u > 0 ? u * u / 3 : 1.0; /* uniform within +- u; a nanosecond at least */
}

/*
 * What the edges on one side of k say about its time: a Kalman filter over edges that come a period
 * apart, give or take the jitter. Starts anew where they do not (a missed phase, a stalled driver).
 */
static struct guess approach(const struct curve *c, size_t k, int step)
{
	struct guess g = {0, INFINITY};
	size_t first = k;
	double period = (double)c->period_ns;
	int64_t base = when(c, k);

	for (int i = 0; i < CURVE_NEIGHBOURS; i++) {
		size_t j = first - (size_t)step;

		/* an edge marked FIRST has no past, so the one after it has one neighbour */
		if (j >= c->n || !moving(c, j) ||
			(c->log[step > 0 ? first : j].flags & HG_EDGE_FIRST))
			break;
		first = j;
	}
	for (size_t j = first; j != k; j += (size_t)step) {
		double seen = (double)(when(c, j) - base), r = seen_var(c, j);
		double gap = (double)(when(c, j + (size_t)step) - when(c, j));
		double steps = fmax(1, round(fabs(gap) / period));
		double off = seen - g.mean;

		if (!(g.var < INFINITY) || off * off > 25 * (g.var + r))
			g = (struct guess){seen, r};
		else
			g = (struct guess){
				g.mean + off * g.var / (g.var + r), g.var * r / (g.var + r)};
		g.mean += step * steps * period;
		g.var += steps * c->jitter_ns * c->jitter_ns;
	}
	return g;
}

/* Edges may not change places: each stays within half of the way to its neighbours. */
static int64_t in_order(const struct curve *c, size_t k, int64_t at)
{
	int64_t t = when(c, k), lo = t - doubt(c, k), hi = t + doubt(c, k);

	if (k > 0 && t - (t - when(c, k - 1)) / 2 > lo)
		lo = t - (t - when(c, k - 1)) / 2;
	if (k + 1 < c->n && t + (when(c, k + 1) - t) / 2 < hi)
		hi = t + (when(c, k + 1) - t) / 2;
	return clamp(at, lo, hi < lo ? lo : hi);
}

static int64_t smoothed(const struct curve *c, size_t k, double *sd_ns)
{
	struct guess sum = {0, seen_var(c, k)};

	for (int step = -1; step <= 1; step += 2) {
		struct guess g = approach(c, k, step);

		if (!(g.var < INFINITY) || g.mean * g.mean > 16 * (g.var + seen_var(c, k)))
			continue;
		sum = (struct guess){(sum.mean * g.var + g.mean * sum.var) / (g.var + sum.var),
			g.var * sum.var / (g.var + sum.var)};
	}
	*sd_ns = sqrt(sum.var);
	return in_order(c, k, when(c, k) + llround(sum.mean));
}

static int64_t grid(const struct curve *c, int64_t uj)
{
	return llround((double)uj * (GRAINS_PER_J * 1e-6) / c->sensor.gain);
}

struct knot curve_knot(const struct curve *c, size_t k)
{
	struct knot at = {.e = grid(c, shown(c, k))};
	int64_t u;

	at.t_ns = curve_seen(c, k, &u);
	at.sd_ns = (double)u / sqrt(3);
	if (c->jitter_ns > 0 && c->period_ns > 0 && u > 0 && moving(c, k))
		at.t_ns = smoothed(c, k, &at.sd_ns);
	at.t_ns -= c->lag_ns;
	return at;
}

/* Index of the last edge not after t, or SIZE_MAX. */
static size_t last_before(const struct curve *c, int64_t t_ns)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (when(c, mid) <= t_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo - 1;
}

struct bracket curve_find(const struct curve *c, int64_t t_ns)
{
	size_t k = last_before(c, t_ns + c->lag_ns), next;

	if (k != SIZE_MAX && silent(c, k))
		k = curve_prev(c, k);
	/* the smoothed times decide */
	while (k != SIZE_MAX && curve_knot(c, k).t_ns > t_ns)
		k = curve_prev(c, k);
	for (;; k = next) {
		next = k == SIZE_MAX ? (c->n ? 0 : c->n) : curve_next(c, k);
		if (next >= c->n || curve_knot(c, next).t_ns > t_ns)
			return (struct bracket){k, next};
	}
}

bool curve_broken(const struct curve *c, size_t a, size_t b)
{
	double most = c->sensor.max_power_w, within_s;
	int64_t used = shown(c, b) - shown(c, a), passed = when(c, b) - when(c, a);

	for (size_t i = a + 1; i <= b; i++)
		if (c->log[i].flags & HG_EDGE_FIRST)
			return true;
	if (passed <= 0 || used < 0 || shown(c, a) < -ENERGY_MAX || shown(c, b) > ENERGY_MAX)
		return true;
	/* a counter that jumps ahead by more than could have been used was set anew, too */
	within_s = (double)(passed + doubt(c, a) + doubt(c, b) + c->period_ns) * 1e-9;
	return most > 0 &&
	       (double)used * 1e-6 / c->sensor.gain >
		       2 * (most + fabs(c->sensor.offset_w)) * within_s + c->sensor.resolution_j;
}

bool curve_late(const struct curve *c, size_t k)
{
	if (c->log[k].flags & HG_EDGE_MISSED)
		return true;
	/* a counter that is read, or comes with its time, moves in between as it likes */
	return moving(c, k) && c->period_ns &&
	       when(c, k) - when(c, k - 1) > c->period_ns + c->period_ns / 2;
}

double curve_power(const struct curve *c, size_t a, size_t b)
{
	struct knot from, to;

	if (a >= c->n || b >= c->n || curve_broken(c, a, b))
		return NAN;
	from = curve_knot(c, a);
	to = curve_knot(c, b);
	if (to.t_ns <= from.t_ns)
		return NAN;
	return (double)(to.e - from.e) / GRAINS_PER_J / ((double)(to.t_ns - from.t_ns) * 1e-9);
}

bool curve_shaped(const struct curve *c, size_t k, size_t next)
{
	struct knot from, to;
	size_t first;

	if (!c->n_power)
		return false;
	from = curve_knot(c, k);
	to = curve_knot(c, next);
	first = power_before(c->power, c->n_power, from.t_ns);
	/* reads on both sides and at least one inside, else it says no more than the edges */
	return first != SIZE_MAX && first + 2 < c->n_power && c->power[first + 1].t_ns < to.t_ns &&
	       power_integral(c->power, c->n_power, from.t_ns, to.t_ns) > 0;
}

bool curve_knee(const struct curve *c, size_t k, size_t next, struct knot *knee)
{
	struct knot from, to;
	double left, right, mean, part;

	if (c->linear || c->sensor.coverage < 1 || curve_shaped(c, k, next))
		return false;
	left = curve_power(c, curve_prev(c, k), k);
	right = curve_power(c, next, curve_next(c, next));
	mean = curve_power(c, k, next);
	if (!(fabs(left - right) > CONTRAST * fmax(left, right)))
		return false;
	part = (mean - right) / (left - right); /* of the interval before the step */
	if (!(part > 0 && part < 1))
		return false;
	from = curve_knot(c, k);
	to = curve_knot(c, next);
	part *= (double)(to.t_ns - from.t_ns);
	*knee = (struct knot){.t_ns = from.t_ns + llround(part),
		.e = from.e + llround(left * part * 1e-9 * GRAINS_PER_J)};
	knee->e = clamp(knee->e, from.e, to.e);
	return knee->t_ns > from.t_ns && knee->t_ns < to.t_ns;
}

int64_t curve_at(const struct curve *c, struct bracket b, int64_t t_ns)
{
	struct knot from = curve_knot(c, b.k), to = curve_knot(c, b.next), knee;
	double part;

	if (curve_shaped(c, b.k, b.next)) {
		part = power_integral(c->power, c->n_power, from.t_ns, t_ns) /
		       power_integral(c->power, c->n_power, from.t_ns, to.t_ns);
		return from.e + llround(fmin(fmax(part, 0), 1) * (double)(to.e - from.e));
	}
	if (curve_knee(c, b.k, b.next, &knee)) {
		if (t_ns < knee.t_ns)
			to = knee;
		else
			from = knee;
	}
	part = (double)(t_ns - from.t_ns) / (double)(to.t_ns - from.t_ns);
	return from.e + llround(part * (double)(to.e - from.e));
}

int64_t curve_offset(const struct curve *c, int64_t t_ns)
{
	if (c->sensor.offset_w == 0)
		return 0;
	return llround((double)t_ns * 1e-9 * c->sensor.offset_w / c->sensor.gain * GRAINS_PER_J);
}

double curve_joules(const struct curve *c, size_t k)
{
	return (double)shown(c, k) * 1e-6 / c->sensor.gain;
}
