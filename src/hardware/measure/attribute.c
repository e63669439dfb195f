#include "attribute.h"

#include <assert.h>
#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "nnls.h"

/* Columns whose variance is inflated more by the others are not told apart from them. */
#define VIF_MAX 100.0

#define FORGET 0.999

/* What neighbouring rows share may make a variance smaller, but not than this part of it. */
#define VAR_LEAST 0.02

static_assert(NNLS_MAX == HG_COLUMNS, "a model is solved whole");

hg_err hg_attribution_init(hg_attribution *a, const hg_attribution_opts *opts, hg_error *why)
{
	hg_attribution_opts o;

	if (!a || !opts || size_read(&o, sizeof o, opts))
		return fail(why, HG_EINVAL, "no options, or their size is not set");
	if (o.columns < 1 || o.columns > HG_COLUMNS || o.rest > 1 || o.heat > 1 ||
		o.columns + o.rest + o.heat > HG_COLUMNS)
		return fail(why, HG_EINVAL, "%u columns: 1 to %d with those for rest and heat",
			o.columns, HG_COLUMNS);
	if (!(o.forget >= 0 && o.forget <= 1) || !isfinite(o.reference_c))
		return fail(why, HG_EINVAL, "forget is 0 to 1, reference_c finite");
	*a = (hg_attribution){.size = sizeof *a,
		.columns = o.columns,
		.rest = o.rest ? o.columns : UINT32_MAX,
		.heat = o.heat ? o.columns + o.rest : UINT32_MAX,
		.n = o.columns + o.rest + o.heat,
		.reference_c = o.reference_c,
		.forget = o.forget > 0 ? o.forget : FORGET};
	return HG_OK;
}

hg_err attribution_check(const hg_attribution *a, hg_error *why)
{
	if (!a || a->size != sizeof *a || a->n < 1 || a->n > HG_COLUMNS || a->columns > a->n ||
		!(a->forget > 0 && a->forget <= 1))
		return fail(why, HG_EINVAL, "not a model of this version");
	return HG_OK;
}

/* ----- rows */

static void add_products(hg_attribution *a, double y, const double *x)
{
	uint32_t n = a->n;

	a->yy = a->yy * a->forget + y * y;
	for (uint32_t i = 0; i < n; i++) {
		a->xy[i] = a->xy[i] * a->forget + x[i] * y;
		for (uint32_t j = 0; j < n; j++)
			a->xx[i * n + j] = a->xx[i * n + j] * a->forget + x[i] * x[j];
	}
}

/* The same of this row and the last; a row without one adds nothing. */
static void add_neighbours(hg_attribution *a, double y, const double *x)
{
	double old_y = a->linked ? a->last_y : 0;
	uint32_t n = a->n;

	a->yy1 = a->yy1 * a->forget + y * old_y;
	for (uint32_t i = 0; i < n; i++) {
		double old_x = a->linked ? a->last_x[i] : 0;

		a->xy1[i] = a->xy1[i] * a->forget + x[i] * old_y + old_x * y;
		for (uint32_t j = 0; j < n; j++)
			a->xx1[j * n + i] = a->xx1[j * n + i] * a->forget + x[j] * old_x;
	}
}

static void feed_row(hg_attribution *a, double y, const double *x)
{
	a->rows = a->rows * a->forget + 1;
	a->total_j = a->total_j * a->forget + y;
	add_products(a, y, x);
	add_neighbours(a, y, x);
	for (uint32_t i = 0; i < a->n; i++) {
		a->total_x[i] = a->total_x[i] * a->forget + x[i];
		a->last_x[i] = x[i];
	}
	a->last_y = y;
	a->linked = 1;
	if (a->edges < UINT32_MAX)
		a->edges++;
}

hg_err hg_attribution_row(hg_attribution *a, double y, const double *x)
{
	if (attribution_check(a, NULL) || !x || !isfinite(y))
		return HG_EINVAL;
	for (uint32_t i = 0; i < a->n; i++)
		if (!isfinite(x[i]) || (x[i] < 0 && i != a->heat))
			return HG_EINVAL;
	a->linked = 0;
	feed_row(a, y, x);
	return HG_OK;
}

/* Mean of the temperatures at both edges; the reference where they were not read. */
static double heat_above(const hg_attribution *a, const hg_edge *e0, const hg_edge *e1)
{
	int64_t t0 = e0->temperature_mc, t1 = e1->temperature_mc;

	if (t0 == HG_UNREAD && t1 == HG_UNREAD)
		return 0;
	t0 = t0 == HG_UNREAD ? t1 : t0;
	t1 = t1 == HG_UNREAD ? t0 : t1;
	return ((double)t0 + (double)t1) * 0.0005 - a->reference_c;
}

void attribution_feed(hg_attribution *a, const struct curve *c, size_t first, const hg_span *spans,
	size_t n_spans)
{
	double coverage = c->sensor.coverage;
	size_t low = 0, k = curve_prev(c, first), next;

	if (k == SIZE_MAX)
		k = 0;
	for (; (next = curve_next(c, k)) < c->n; k = next) {
		struct knot from = curve_knot(c, k), to = curve_knot(c, next);
		double x[HG_COLUMNS] = {0}, rest = 0, length = (double)(to.t_ns - from.t_ns) * 1e-9;
		int64_t begin = from.t_ns;

		if (next < first)
			continue;
		if (curve_broken(c, k, next) || length <= 0 ||
			(coverage < 1 && curve_late(c, next))) {
			a->linked = 0;
			continue;
		}
		if (coverage < 1) /* all that the counter looked at */
			begin = to.t_ns - llround(coverage * c->sensor.period_s * 1e9);
		spans_amounts(spans, n_spans, &low, begin, to.t_ns, x, &rest);
		for (uint32_t i = 0; coverage < 1 && i < a->columns; i++)
			x[i] *= length / ((double)(to.t_ns - begin) * 1e-9);
		rest *= length / ((double)(to.t_ns - begin) * 1e-9);
		if (a->rest < a->n)
			x[a->rest] = rest;
		if (a->heat < a->n)
			x[a->heat] = heat_above(a, &c->log[k], &c->log[next]) * length;
		feed_row(a,
			(double)(to.e - from.e) / GRAINS_PER_J -
				c->sensor.offset_w / c->sensor.gain * length,
			x);
	}
}

hg_err hg_attribution_feed(hg_attribution *a, const hg_edge *log, size_t n, size_t first,
	const hg_sensor *s, const hg_span *spans, size_t n_spans, hg_error *why)
{
	struct curve c;
	hg_err rc = attribution_check(a, why);

	rc = rc ? rc : curve_init(&c, log, n, s, 0, why);
	rc = rc ? rc : spans_check(spans, n_spans, a->columns, why);
	if (rc)
		return rc;
	if (c.sensor.coverage < 1 && c.period_ns == 0)
		return fail(why, HG_EINVAL,
			"the sensor sees %.0f %% of its period, which is not known",
			100 * c.sensor.coverage);
	if (first < n)
		attribution_feed(a, &c, first, spans, n_spans);
	return HG_OK;
}

/* ----- rates */

/* Variance inflation of all columns together, and the condition of what is inverted (its trace
 * times that of the inverse, which is at least the ratio of the largest to the least eigenvalue).
 */
static void inflation(const hg_attribution *a, double *vif, double *condition)
{
	double r[HG_COLUMNS * HG_COLUMNS], sum = 0;
	uint32_t index[HG_COLUMNS], m = 0, n = a->n;

	for (uint32_t i = 0; i < n; i++) {
		vif[i] = NAN;
		if (a->xx[i * n + i] > 0)
			index[m++] = i;
	}
	for (uint32_t i = 0; i < m; i++)
		for (uint32_t j = 0; j < m; j++)
			r[i * m + j] = a->xx[index[i] * n + index[j]] /
				       sqrt(a->xx[index[i] * n + index[i]]) /
				       sqrt(a->xx[index[j] * n + index[j]]);
	for (uint32_t i = 0; i < m; i++)
		r[i * m + i] += 1e-9; /* finite for columns that are the same */
	if (!spd_invert(r, m)) {
		*condition = INFINITY;
		return;
	}
	for (uint32_t i = 0; i < m; i++) {
		vif[index[i]] = r[i * m + i];
		sum += r[i * m + i];
	}
	*condition = sum * m;
}

static hg_rate_state state_of(const hg_attribution *a, const struct nnls *s, double vif, uint32_t i)
{
	if (!(a->xx[i * a->n + i] > 0))
		return HG_RATE_UNSEEN;
	if (!(vif <= VIF_MAX))
		return HG_RATE_REFUSED;
	return s->active[i] ? HG_RATE_OK : HG_RATE_ZERO;
}

/* Mean squared residual, and mean product of neighbouring ones. */
struct noise {
	double own, shared;
};

static struct noise residuals(const hg_attribution *a, const struct nnls *s)
{
	struct noise sum = {a->yy, a->yy1};
	uint32_t n = a->n, free = 0;
	double rows;

	for (uint32_t i = 0; i < n; i++) {
		free += s->active[i];
		sum.own -= 2 * s->x[i] * a->xy[i];
		sum.shared -= s->x[i] * a->xy1[i];
		for (uint32_t j = 0; j < n; j++) {
			sum.own += s->x[i] * s->x[j] * a->xx[i * n + j];
			sum.shared += s->x[i] * s->x[j] * a->xx1[i * n + j];
		}
	}
	rows = fmax(a->rows - free, 1);
	sum.own = fmax(sum.own, 0) / rows;
	sum.shared = fmin(fmax(sum.shared / rows, -sum.own / 2), sum.own / 2);
	return sum;
}

/* inverse (xx1 + xx1') inverse: how neighbouring rows enter the covariances. */
static void neighbour_cov(const hg_attribution *a, const struct nnls *s, double *out)
{
	double half[HG_COLUMNS * HG_COLUMNS];
	uint32_t n = a->n;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++) {
			half[i * n + j] = 0;
			for (uint32_t k = 0; k < n; k++)
				half[i * n + j] += s->inverse[i * n + k] *
						   (a->xx1[k * n + j] + a->xx1[j * n + k]);
		}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++) {
			out[i * n + j] = 0;
			for (uint32_t k = 0; k < n; k++)
				out[i * n + j] += half[i * n + k] * s->inverse[k * n + j];
		}
}

static void covariances(
	const hg_attribution *a, const struct nnls *s, struct noise noise, double *cov)
{
	double shared[HG_COLUMNS * HG_COLUMNS];
	uint32_t n = a->n;

	neighbour_cov(a, s, shared);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++) {
			double own = noise.own * s->inverse[i * n + j];

			cov[i * n + j] = own + noise.shared * shared[i * n + j];
			if (i == j)
				cov[i * n + j] = fmax(cov[i * n + j], VAR_LEAST * own);
		}
}

hg_err hg_attribution_solve(const hg_attribution *a, hg_rates *out, hg_error *why)
{
	hg_rates r = {.size = sizeof r};
	struct nnls s;
	struct noise noise;
	double all = 0;
	hg_err rc = attribution_check(a, why);

	if (rc || !out || out->size < sizeof out->size)
		return rc ? rc : fail(why, HG_EINVAL, "the result's size is not set");
	if (a->rows < a->n)
		return fail(why, HG_ERANGE, "%.0f edges are too few for %u columns", a->rows, a->n);
	nnls_solve(a->xx, a->xy, a->n, &s);
	inflation(a, r.vif, &r.condition);
	noise = residuals(a, &s);
	covariances(a, &s, noise, r.cov);
	r.n = a->n;
	r.rows = a->rows;
	r.residual_fraction = a->yy > 0 ? sqrt(noise.own / (a->yy / a->rows)) : NAN;
	for (uint32_t i = 0; i < a->n; i++)
		all += s.x[i] * a->total_x[i];
	for (uint32_t i = 0; i < a->n; i++) {
		r.state[i] = state_of(a, &s, r.vif[i], i);
		r.rate[i] = r.state[i] >= HG_RATE_UNSEEN ? NAN : s.x[i];
		r.sd[i] = r.state[i] >= HG_RATE_UNSEEN ? NAN : sqrt(r.cov[i * a->n + i]);
		r.share[i] = all > 0 ? s.x[i] * a->total_x[i] / all : NAN;
	}
	size_write(out, &r, sizeof r);
	return HG_OK;
}
