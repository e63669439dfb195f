#include <hourglass/energy.h>

#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "curve.h"

/* Idle edges used on each side. */
#define SIDE 16

/* An interval is idle if its power is within this part of the idle power, and within so many
 * standard deviations of what the edges' times leave open. */
#define IDLE_PART   0.05
#define IDLE_SIGMAS 4.0

/* Edges of one side, and sums over them about an origin. */
struct side {
	double n, t, e; /* number; sums of times in s and energies in J */
	double tt, te;  /* sums of products */
	double var_s2;  /* sum of the variances of the times */
	size_t inner;   /* the edge nearest to the window */
};

struct pads {
	struct curve curve;
	int64_t base_ns;
	double base_j;
	struct side before, after;
	double idle_w, idle_var, tail_j;
};

static void side_add(struct pads *p, struct side *s, size_t k)
{
	const struct curve *c = &p->curve;
	int64_t u, at = curve_seen(c, k, &u) - c->lag_ns;
	double t = (double)(at - p->base_ns) * 1e-9;
	double e = curve_joules(c, k) - p->base_j - c->sensor.offset_w / c->sensor.gain * t;

	s->n++;
	s->t += t;
	s->e += e;
	s->tt += t * t;
	s->te += t * e;
	s->var_s2 += (double)u * 1e-9 * (double)u * 1e-9 / 3;
}

/* How far the power of an interval may be from the idle power. */
static double slack(const struct curve *c, size_t a, size_t b, double idle_w)
{
	int64_t u0, u1, length = curve_seen(c, b, &u1) - curve_seen(c, a, &u0);
	double sd = sqrt(((double)u0 * (double)u0 + (double)u1 * (double)u1) / 3);

	return idle_w * (IDLE_PART + IDLE_SIGMAS * sd / (double)length);
}

static bool like(const struct curve *c, size_t a, size_t b, double idle_w)
{
	return fabs(curve_power(c, a, b) - idle_w) <= slack(c, a, b, idle_w); /* no for NAN */
}

/* The last edge that certainly shows nothing of the window. */
static size_t last_before(const struct curve *c, int64_t t0)
{
	size_t k = curve_find(c, t0).k;

	for (; k != SIZE_MAX; k = curve_prev(c, k)) {
		int64_t u, at = curve_seen(c, k, &u);

		if (at + u - c->lag_ns <= t0)
			break;
	}
	return k;
}

/* The first edge that certainly shows all of it. */
static size_t first_after(const struct curve *c, int64_t t1)
{
	size_t k = curve_find(c, t1).next;

	for (; k < c->n; k = curve_next(c, k)) {
		int64_t u, at = curve_seen(c, k, &u);

		if (at - u - c->lag_ns >= t1)
			break;
	}
	return k;
}

/* Power of the two intervals before the window, which must agree. */
static hg_err idle_level(const struct curve *c, size_t k, double *idle_w, hg_error *why)
{
	size_t one = curve_prev(c, k), two = curve_prev(c, one);
	double a, b;

	if (k == SIZE_MAX || one == SIZE_MAX || two == SIZE_MAX)
		return fail(why, HG_ERANGE,
			"fewer than 3 edges before the window: idle for 4 periods first");
	a = curve_power(c, one, k);
	b = curve_power(c, two, one);
	*idle_w = curve_power(c, two, k);
	if (!like(c, one, k, *idle_w) || !like(c, two, one, *idle_w))
		return fail(why, HG_EINFEASIBLE,
			"the power before the window is not steady: %.1f W, then %.1f W", b, a);
	return HG_OK;
}

static void side_before(struct pads *p, size_t k)
{
	const struct curve *c = &p->curve;

	p->before.inner = k;
	side_add(p, &p->before, k);
	for (int i = 1; i < SIDE; i++) {
		size_t prev = curve_prev(c, k);

		if (prev == SIZE_MAX || !like(c, prev, k, p->idle_w))
			break;
		side_add(p, &p->before, prev);
		k = prev;
	}
}

/* The one slope of both sides, and its variance. */
static void fit_idle(struct pads *p)
{
	const struct side *sides[] = {&p->before, &p->after};
	double stt = 0, ste = 0, var = 0, n = 0;

	for (size_t i = 0; i < 2; i++) {
		const struct side *s = sides[i];

		if (s->n < 1)
			continue;
		stt += s->tt - s->t * s->t / s->n;
		ste += s->te - s->t * s->e / s->n;
		var += s->var_s2;
		n += s->n;
	}
	p->idle_w = ste / stt;
	p->idle_var = p->idle_w * p->idle_w * (var / n) / stt;
}

/*
 * What comes after the window: at once idle again, or a tail first. Edges within the tail say how
 * much it is, and the last part of the interval that ends the window is taken to be like the next.
 */
static void side_after(struct pads *p, size_t k, int64_t t1)
{
	const struct curve *c = &p->curve;
	size_t first = k, next = curve_next(c, k);
	double power, pad_s;

	p->after.inner = k;
	while (next < c->n && !curve_broken(c, k, next) && !like(c, k, next, p->idle_w)) {
		k = next;
		next = curve_next(c, k);
	}
	if (k != first) {
		int64_t at = curve_knot(c, first).t_ns, end = curve_knot(c, k).t_ns;

		power = curve_power(c, first, curve_next(c, first));
		pad_s = (double)(at - t1) * 1e-9;
		p->tail_j = curve_power(c, first, k) * (double)(end - at) * 1e-9 -
			    p->idle_w * (double)(end - at) * 1e-9 + (power - p->idle_w) * pad_s;
	}
	side_add(p, &p->after, k);
	for (int i = 1; i < SIDE; i++) {
		next = curve_next(c, k);
		if (next >= c->n || !like(c, k, next, p->idle_w))
			break;
		side_add(p, &p->after, next);
		k = next;
	}
}

static void pads_result(struct pads *p, int64_t t0, int64_t t1, hg_energy *out)
{
	const struct side *a = &p->before, *b = &p->after;
	double passed = (double)(t1 - t0) * 1e-9, apart = b->t / b->n - a->t / a->n - passed;
	double mean_var = (a->var_s2 + b->var_s2) / (a->n + b->n);

	out->joules = b->e / b->n - a->e / a->n - p->idle_w * apart - p->tail_j;
	out->joules = grain_round(out->joules);
	out->sigma = sqrt(p->idle_w * p->idle_w * mean_var * (1 / a->n + 1 / b->n) +
			  p->idle_var * apart * apart);
	out->idle_j = p->idle_w * passed;
	out->tail_j = p->tail_j;
	out->method = HG_METHOD_PADDED;
	out->n_edges += (uint32_t)(a->n + b->n) - 2;
	out->flags &= ~HG_ENERGY_COLD_START; /* a step at the ends is what this is made for */
}

static hg_err pads_run(struct pads *p, int64_t t0, int64_t t1, hg_energy *out, hg_error *why)
{
	const struct curve *c = &p->curve;
	size_t before, after;
	hg_err rc;

	if (c->sensor.coverage < 1)
		return fail(why, HG_EUNSUPPORTED,
			"the counter sees %.0f %% of the time only: whole edges do not hold all "
			"energy",
			100 * c->sensor.coverage);
	before = last_before(c, t0);
	after = first_after(c, t1);
	if (after >= c->n)
		return fail(why, HG_ERANGE, "no edge after the window yet");
	rc = idle_level(c, before, &p->idle_w, why);
	if (rc)
		return rc;
	for (size_t k = before; k != after; k = curve_next(c, k))
		if (curve_broken(c, k, curve_next(c, k)))
			return fail(why, HG_EDEVICE,
				"the counter was reset or contradicts itself beside the window");
	p->base_ns = t0;
	p->base_j = curve_joules(c, before);
	side_before(p, before);
	fit_idle(p);
	side_after(p, after, t1);
	fit_idle(p);
	pads_result(p, t0, t1, out);
	return HG_OK;
}

hg_err hg_energy_padded(const hg_edge *log, size_t n, const hg_sensor *s, int64_t t0, int64_t t1,
	uint32_t opts, hg_energy *out, hg_error *why)
{
	struct pads p = {.tail_j = 0};
	hg_energy e = {.size = sizeof e};
	hg_err rc;

	if (!out || out->size < sizeof out->size)
		return fail(why, HG_EINVAL, "the result's size is not set");
	rc = hg_energy_window(log, n, s, t0, t1, opts & HG_WINDOW_LINEAR, &e, why);
	rc = rc ? rc : curve_init(&p.curve, log, n, s, opts, why);
	rc = rc ? rc : pads_run(&p, t0, t1, &e, why);
	if (rc) {
		e.method = HG_METHOD_NONE;
		e.joules = e.lo = e.hi = e.sigma = NAN;
	}
	size_write(out, &e, sizeof e);
	return rc;
}
