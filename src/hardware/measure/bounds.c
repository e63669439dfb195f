/*
 * A device draws between P_min and P_max. An edge at t_k +- u_k says E(t_k - L) = C_k, so at d
 * seconds after it E lies between C_k + P_min (d - u) and C_k + P_max (d + u); before it, where d
 * is negative, the slopes change places. Every edge near a moment gives such a cone, and E is in
 * all of them. With coverage below 1 an edge's value is no energy: what was seen between two edges
 * is coverage times their difference, and the rest of that time is between P_min and P_max again.
 */
#include "bounds.h"

#include <math.h>

/* Coverage is measured, not exact: what was seen is right to this part of itself. */
#define COVERAGE_DOUBT 0.05

/* Edges on each side of a moment that are looked at. */
#define NEAR 2

/* Least and most that is used in d seconds, give or take u; d may be negative. */
static double least(double low_w, double high_w, double d, double u)
{
	return d - u >= 0 ? low_w * (d - u) : high_w * (d - u);
}

static double most(double low_w, double high_w, double d, double u)
{
	return d + u > 0 ? high_w * (d + u) : low_w * (d + u);
}

static double highest(const struct curve *c)
{
	return c->sensor.max_power_w > 0 ? c->sensor.max_power_w : INFINITY;
}

/* Seconds from an edge to a moment, and how sure that is. */
static double since(const struct curve *c, size_t k, int64_t t_ns, double *u_s)
{
	int64_t u, seen = curve_seen(c, k, &u) - c->lag_ns;

	*u_s = (double)u * 1e-9 + 3 * c->sensor.lag_sd_s;
	return (double)(t_ns - seen) * 1e-9;
}

static void meet(struct range *r, double lo, double hi)
{
	r->lo = fmax(r->lo, lo);
	r->hi = fmin(r->hi, hi);
}

static void meet_cone(const struct curve *c, struct range *r, size_t k, int64_t t_ns, double base_j)
{
	double own_w = c->sensor.offset_w / c->sensor.gain; /* of the counter, beside the device */
	double u, d = since(c, k, t_ns, &u), at = curve_joules(c, k) - base_j;
	double quantum = c->sensor.resolution_j / c->sensor.gain;
	double low = c->sensor.min_power_w + own_w, high = highest(c) + own_w;

	/* a counter may round or cut off */
	meet(r, at - quantum / 2 + least(low, high, d, u), at + quantum + most(low, high, d, u));
}

/* What the counter would show of the energy at a moment, above base_j. */
static struct range at_moment(const struct curve *c, struct bracket b, int64_t t_ns, double base_j)
{
	struct range r = {-INFINITY, INFINITY};
	size_t k = b.k, after;

	for (int i = 0; i < NEAR && k != SIZE_MAX; i++) {
		meet_cone(c, &r, k, t_ns, base_j);
		after = curve_prev(c, k);
		if (after != SIZE_MAX && curve_broken(c, after, k))
			break;
		k = after;
	}
	k = b.next;
	if (k >= c->n || (b.k != SIZE_MAX && curve_broken(c, b.k, k)))
		return r;
	for (int i = 0; i < NEAR && k < c->n; i++) {
		meet_cone(c, &r, k, t_ns, base_j);
		after = curve_next(c, k);
		if (after < c->n && curve_broken(c, k, after))
			break;
		k = after;
	}
	return r;
}

/* By way of edges i <= j of a counter that sees a part of the time only. */
static void meet_seen(
	const struct curve *c, struct range *r, size_t i, int64_t t0, size_t j, int64_t t1)
{
	const hg_sensor *s = &c->sensor;
	double low = s->min_power_w, high = highest(c), u0, u1;
	double d0 = -since(c, i, t0, &u0), d1 = since(c, j, t1, &u1);
	double between = (double)(t1 - t0) * 1e-9 - d0 - d1;
	double seen = curve_joules(c, j) - curve_joules(c, i) - s->offset_w / s->gain * between;
	double u = i == j ? 0 : u0 + u1, unseen = (1 - s->coverage) * between;

	seen *= s->coverage;
	meet(r,
		seen * (1 - COVERAGE_DOUBT) + least(low, high, unseen, u) +
			least(low, high, d0, u0) + least(low, high, d1, u1),
		seen * (1 + COVERAGE_DOUBT) + most(low, high, unseen, u) + most(low, high, d0, u0) +
			most(low, high, d1, u1));
}

struct range bounds_window(
	const struct curve *c, struct bracket a, int64_t t0, struct bracket b, int64_t t1)
{
	double passed = (double)(t1 - t0) * 1e-9, high = highest(c);
	struct range r = {c->sensor.min_power_w * passed, passed > 0 ? high * passed : 0};
	const size_t from[] = {a.k, a.next}, to[] = {b.k, b.next};

	if (c->sensor.coverage < 1) {
		for (int i = 0; i < 2; i++)
			for (int j = 0; j < 2; j++)
				if (from[i] < c->n && to[j] < c->n && from[i] <= to[j])
					meet_seen(c, &r, from[i], t0, to[j], t1);
	} else if (a.k != SIZE_MAX) {
		double base = curve_joules(c, a.k);
		double own = c->sensor.offset_w / c->sensor.gain * passed;
		struct range begin = at_moment(c, a, t0, base), end = at_moment(c, b, t1, base);

		meet(&r, end.lo - begin.hi - own, end.hi - begin.lo - own);
	}
	return r;
}
