#include "front.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define REACH 6.0 /* standard deviations beyond which nothing is left */
#define SURE  6.0 /* standard deviations: one in a thousand million is beyond them */
#define PIECE 2.0 /* longest interval of one rule, in standard deviations */

static double density(double x)
{
	return 0.39894228040143267794 * exp(-0.5 * x * x);
}

static double below(double x)
{
	return 0.5 * erfc(-x * 0.70710678118654752440);
}

static int by_time(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return x->e < y->e ? -1 : x->e > y->e;
}

size_t front_filter(struct spot *spots, size_t n)
{
	size_t kept = 0;

	qsort(spots, n, sizeof *spots, by_time);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || spots[i].e < spots[kept - 1].e)
			spots[kept++] = spots[i];
	return kept;
}

/** E[max(0, h - e)] of a normal e. */
static double expected_drop(double h, double mean, double sd)
{
	double x = h - mean;

	if (!(sd > 0))
		return x > 0 ? x : 0;
	return x * below(x / sd) + sd * density(x / sd);
}

/** The area that a point of time t adds to the front, expected over its energy. */
static double area_at(
	const struct front *f, const struct spot *ref, const struct guess *g, double t)
{
	double area = 0, mean = t + g->p;

	for (size_t i = f->n; i-- > 0;) {
		double right = i + 1 < f->n ? f->at[i + 1].t : ref->t;
		double left = f->at[i].t > t ? f->at[i].t : t;

		right = right < ref->t ? right : ref->t;
		if (right > left)
			area += (right - left) *
				expected_drop(
					f->at[i].e < ref->e ? f->at[i].e : ref->e, mean, g->p_sd);
		if (f->at[i].t <= t)
			return area;
	}
	/* left of the front there is nothing below the reference */
	if (f->n == 0)
		return t < ref->t ? (ref->t - t) * expected_drop(ref->e, mean, g->p_sd) : 0;
	if (fmin(f->at[0].t, ref->t) > t)
		area += (fmin(f->at[0].t, ref->t) - t) * expected_drop(ref->e, mean, g->p_sd);
	return area;
}

/** Probability that a point of time t escapes the front. */
static double escape_at(
	const struct front *f, const struct spot *ref, const struct guess *g, double t)
{
	size_t i = 0;

	(void)ref;
	while (i < f->n && f->at[i].t <= t)
		i++;
	if (i == 0)
		return 1;
	if (!(g->p_sd > 0))
		return t + g->p < f->at[i - 1].e;
	return below((f->at[i - 1].e - t - g->p) / g->p_sd);
}

typedef double (*at_fn)(
	const struct front *f, const struct spot *ref, const struct guess *g, double t);

/** Integral of fn times the density of t over [a, b], where both are smooth. */
static double smooth_piece(const struct front *f, const struct spot *ref, const struct guess *g,
	at_fn fn, double a, double b)
{
	static const double node[4] = {
		0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
	static const double weight[4] = {
		0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
	double half = 0.5 * (b - a), middle = 0.5 * (a + b), sum = 0;

	for (int i = 0; i < 4; i++) {
		double lo = middle - half * node[i], hi = middle + half * node[i];

		sum += weight[i] * (fn(f, ref, g, lo) * density((lo - g->t) / g->t_sd) +
					   fn(f, ref, g, hi) * density((hi - g->t) / g->t_sd));
	}
	return sum * half / g->t_sd;
}

static double pieces(const struct front *f, const struct spot *ref, const struct guess *g, at_fn fn,
	double a, double b)
{
	double step = PIECE * (g->p_sd > 0 && g->p_sd < g->t_sd ? g->p_sd : g->t_sd), sum = 0;
	double many = ceil((b - a) / step);
	int n = many < 1 ? 1 : many > 64 ? 64 : (int)many;

	for (int i = 0; i < n; i++)
		sum += smooth_piece(f, ref, g, fn, a + (b - a) * i / n, a + (b - a) * (i + 1) / n);
	return sum;
}

/** Expectation of fn over the times from begin to end. */
static double expect(const struct front *f, const struct spot *ref, const struct guess *g, at_fn fn,
	double begin, double end)
{
	double lo = fmax(g->t - REACH * g->t_sd, begin), hi = fmin(g->t + REACH * g->t_sd, end),
	       sum = 0;

	if (!(g->t_sd > 0))
		return g->t >= begin && g->t < end ? fn(f, ref, g, g->t) : 0;
	for (size_t i = 0; i < f->n && lo < hi; i++) {
		double kink = fmin(f->at[i].t, hi);

		if (kink <= lo)
			continue;
		sum += pieces(f, ref, g, fn, lo, kink);
		lo = kink;
	}
	if (lo < hi)
		sum += pieces(f, ref, g, fn, lo, hi);
	return sum;
}

double front_ehvi(const struct front *f, const struct spot *ref, const struct guess *g)
{
	return expect(f, ref, g, area_at, -DBL_MAX, ref->t);
}

/** Whether a point of the front is better in both than a guess may ever be. */
static bool is_out(const struct front *f, const struct guess *g)
{
	double t = g->t - SURE * g->t_sd;
	double e = g->t + g->p - SURE * sqrt(g->t_sd * g->t_sd + g->p_sd * g->p_sd);
	size_t lo = 0, hi = f->n;

	/* of those that are as fast, the last one is the most frugal */
	while (lo < hi) {
		size_t middle = (lo + hi) / 2;

		if (f->at[middle].t <= t)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo > 0 && f->at[lo - 1].e <= e;
}

double front_escape(const struct front *f, const struct guess *g)
{
	const struct spot none = {DBL_MAX, DBL_MAX};

	if (is_out(f, g))
		return 0;

	if (f->n == 0)
		return 1;
	return below((f->at[0].t - g->t) / g->t_sd) +
	       expect(f, &none, g, escape_at, f->at[0].t, DBL_MAX);
}

double front_escape_doubted(const struct front *f, const struct guess *g)
{
	struct guess wide = *g;

	wide.t_sd *= DOUBT_FACTOR;
	wide.p_sd *= DOUBT_FACTOR;
	return (1 - DOUBT_SHARE) * front_escape(f, g) + DOUBT_SHARE * front_escape(f, &wide);
}

double front_escape_bound(const struct front *f, const struct guess *g)
{
	double t_sd = fmax(g->t_sd, DBL_MIN);
	double e_sd = fmax(sqrt(g->t_sd * g->t_sd + g->p_sd * g->p_sd), DBL_MIN);
	double t = INFINITY, e = INFINITY, least = INFINITY;

	/* the point that it is least likely to beat in either */
	for (size_t i = 0; i < f->n; i++) {
		double zt = (f->at[i].t - g->t) / t_sd, ze = (f->at[i].e - g->t - g->p) / e_sd;

		if (fmax(zt, ze) < least) {
			least = fmax(zt, ze);
			t = zt;
			e = ze;
		}
	}
	if (!(least < 0))
		return 1;
	return (1 - DOUBT_SHARE) * (below(t) + below(e)) +
	       DOUBT_SHARE * (below(t / DOUBT_FACTOR) + below(e / DOUBT_FACTOR));
}
