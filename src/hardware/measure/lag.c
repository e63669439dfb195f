#include <math.h>

#include "attribute.h"
#include "core/fail.h"

/* Steps of the first search, each a part of a period. */
#define STEPS_PER_PERIOD 12
#define STEPS_MAX        200

/* Golden section: each round leaves 0.618 of the interval. */
#define ROUNDS 24

/* Misfits that are this part of the whole are rounding. */
#define ROUNDING 1e-9

struct search {
	struct curve curve;
	const hg_span *spans;
	size_t n_spans;
	hg_attribution_opts opts;
	double rows, yy; /* of the last fit */
};

/* Sum of squared residuals with a lag; NAN when it cannot be fitted. */
static double misfit(struct search *f, double lag_s)
{
	hg_attribution a;
	hg_rates r = {.size = sizeof r};

	f->curve.lag_ns = llround(lag_s * 1e9);
	if (hg_attribution_init(&a, &f->opts, NULL))
		return NAN;
	attribution_feed(&a, &f->curve, 0, f->spans, f->n_spans);
	if (hg_attribution_solve(&a, &r, NULL))
		return NAN;
	f->rows = a.rows;
	f->yy = a.yy;
	return r.residual_fraction * r.residual_fraction * a.yy;
}

static double golden(struct search *f, double lo, double hi)
{
	const double g = 0.6180339887498949;
	double a = hi - g * (hi - lo), b = lo + g * (hi - lo);
	double fa = misfit(f, a), fb = misfit(f, b);

	for (int i = 0; i < ROUNDS; i++) {
		if (fa <= fb) {
			hi = b;
			b = a;
			fb = fa;
			a = hi - g * (hi - lo);
			fa = misfit(f, a);
		} else {
			lo = a;
			a = b;
			fa = fb;
			b = lo + g * (hi - lo);
			fb = misfit(f, b);
		}
	}
	return (lo + hi) / 2;
}

/* The misfit grows as a parabola around the lag; where it has grown by its mean square is one sd.
 */
static double curvature_sd(struct search *f, double lag_s, double least, double step)
{
	double left = misfit(f, lag_s - step), right = misfit(f, lag_s + step);
	double bend = (left + right - 2 * least) / (step * step);

	return bend > 0 ? sqrt(2 * least / fmax(f->rows - f->opts.columns, 1) / bend) : NAN;
}

hg_err hg_attribution_fit_lag(const hg_edge *log, size_t n, const hg_sensor *s,
	const hg_span *spans, size_t n_spans, const hg_attribution_opts *opts, double lo_s,
	double hi_s, double *lag_s, double *sd_s, hg_error *why)
{
	struct search f = {.spans = spans, .n_spans = n_spans};
	double step, best = NAN, least = INFINITY, most = 0;
	hg_attribution probe;
	int steps;
	hg_err rc = hg_attribution_init(&probe, opts, why);

	rc = rc ? rc : curve_init(&f.curve, log, n, s, 0, why);
	rc = rc ? rc : spans_check(spans, n_spans, probe.columns, why);
	if (rc)
		return rc;
	if (!lag_s || !(lo_s < hi_s) || !(fabs(lo_s) < 1e3) || !(fabs(hi_s) < 1e3) ||
		f.curve.period_ns <= 0)
		return fail(why, HG_EINVAL,
			"a lag is sought from %g to %g s; the period must be known", lo_s, hi_s);
	f.opts = (hg_attribution_opts){.size = sizeof f.opts,
		.columns = probe.columns,
		.rest = probe.rest != UINT32_MAX,
		.forget = 1};
	if (n < 2 * (size_t)probe.n + 2)
		return fail(why, HG_ERANGE, "%zu edges are too few to find the lag", n);
	steps = (int)fmin(STEPS_MAX,
		fmax(4, ceil((hi_s - lo_s) / f.curve.sensor.period_s * STEPS_PER_PERIOD)));
	step = (hi_s - lo_s) / steps;
	for (int i = 0; i <= steps; i++) {
		double at = lo_s + step * i, is = misfit(&f, at);

		most = fmax(most, is);
		if (is < least) {
			least = is;
			best = at;
		}
	}
	if (isnan(best) || !(most > 1.05 * least + ROUNDING * f.yy))
		return fail(why, HG_EINFEASIBLE,
			"no lag explains the edges better than another: the work does not change the "
			"power, or it is periodic");
	*lag_s = golden(&f, fmax(lo_s, best - step), fmin(hi_s, best + step));
	if (sd_s)
		*sd_s = curvature_sd(&f, *lag_s, misfit(&f, *lag_s), step / 8);
	return HG_OK;
}
