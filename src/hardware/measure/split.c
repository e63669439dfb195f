/*
 * Energy handed out. Parts are multiples of 2^-20 J, so that their sums are exact; what rounding
 * leaves goes to who comes last.
 */
#include <math.h>

#include "attribute.h"
#include "core/fail.h"
#include "core/size.h"
#include "grain.h"

static hg_err rates_check(const hg_attribution *a, const hg_rates *r, hg_error *why)
{
	hg_err rc = attribution_check(a, why);

	if (rc)
		return rc;
	if (!r || r->size < sizeof *r || r->n != a->n)
		return fail(why, HG_EINVAL, "the rates are not those of this model");
	return HG_OK;
}

/* Amounts of all columns in a window. */
static hg_err amounts(const hg_attribution *a, const hg_span *spans, size_t n, int64_t t0,
	int64_t t1, double mean_c, double *x, hg_error *why)
{
	size_t low = 0;
	double rest = 0, passed = (double)(t1 - t0) * 1e-9;
	hg_err rc = spans_check(spans, n, a->columns, why);

	if (rc)
		return rc;
	if (t0 > t1 || t0 < INT64_MIN / 4 || t1 > INT64_MAX / 4)
		return fail(why, HG_EINVAL, "the window ends before it begins");
	spans_amounts(spans, n, &low, t0, t1, x, &rest);
	if (a->rest < a->n)
		x[a->rest] = rest;
	if (a->heat < a->n && isfinite(mean_c))
		x[a->heat] = (mean_c - a->reference_c) * passed;
	return HG_OK;
}

hg_err hg_attribution_energy(const hg_attribution *a, const hg_rates *rates, const hg_span *spans,
	size_t n_spans, int64_t t0, int64_t t1, double mean_c, hg_energy *out, hg_error *why)
{
	double x[HG_COLUMNS] = {0}, sum = 0, var = 0;
	hg_energy e = {.size = sizeof e,
		.method = HG_METHOD_ATTRIBUTED,
		.lo = NAN,
		.hi = NAN,
		.idle_j = NAN,
		.tail_j = NAN,
		.max_w = NAN,
		.clock_hz = NAN,
		.temperature_c = mean_c,
		.coverage = NAN,
		.t0_ns = t0,
		.t1_ns = t1};
	hg_err rc = rates_check(a, rates, why);

	if (rc || !out || out->size < sizeof out->size)
		return rc ? rc : fail(why, HG_EINVAL, "the result's size is not set");
	rc = amounts(a, spans, n_spans, t0, t1, mean_c, x, why);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < a->n; i++) {
		if (x[i] == 0)
			continue;
		if (rates->state[i] >= HG_RATE_UNSEEN)
			return fail(why, HG_ERANGE,
				"column %u ran in the window, and its rate is not known", i);
		sum += rates->rate[i] * x[i];
		for (uint32_t j = 0; j < a->n; j++)
			var += x[i] * x[j] * rates->cov[i * a->n + j];
	}
	e.joules = grain_round(sum);
	e.sigma = sqrt(fmax(var, 0));
	e.n_edges = a->edges;
	if (a->rest < a->n && rates->state[a->rest] < HG_RATE_UNSEEN)
		e.idle_j = rates->rate[a->rest] * (double)(t1 - t0) * 1e-9;
	size_write(out, &e, sizeof e);
	return HG_OK;
}

hg_err hg_attribution_split(const hg_attribution *a, const hg_rates *rates, const hg_span *spans,
	size_t n_spans, const hg_energy *window, double *parts, double *unattributed, hg_error *why)
{
	double x[HG_COLUMNS] = {0}, all = 0, left;
	hg_err rc = rates_check(a, rates, why);

	if (rc)
		return rc;
	if (!window || window->size < sizeof *window || !parts || !unattributed ||
		!isfinite(window->joules) || window->joules < 0)
		return fail(why, HG_EINVAL, "no window, or its joules are not known");
	rc = amounts(
		a, spans, n_spans, window->t0_ns, window->t1_ns, window->temperature_c, x, why);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < a->n; i++)
		if (rates->state[i] < HG_RATE_UNSEEN)
			all += rates->rate[i] * x[i];
	left = grain_round(window->joules);
	for (uint32_t i = 0; i < a->columns; i++) {
		double part = rates->state[i] < HG_RATE_UNSEEN && all > 0
				      ? rates->rate[i] * x[i] / all * window->joules
				      : 0;

		parts[i] = fmin(grain_round(part), left);
		left -= parts[i];
	}
	*unattributed = left + (window->joules - grain_round(window->joules));
	return HG_OK;
}

void hg_iteration_spans(const hg_iteration *it, hg_span spans[HG_ITERATION_COLUMNS])
{
	const double amounts_of[HG_ITERATION_COLUMNS] = {(double)(it->t1_ns - it->t0_ns) * 1e-9,
		it->prefill_tokens, it->decode_tokens, it->context_tokens};

	for (uint32_t i = 0; i < HG_ITERATION_COLUMNS; i++)
		spans[i] = (hg_span){it->t0_ns, it->t1_ns, amounts_of[i], i, i > 0};
}

static double known(const hg_rates *r, uint32_t i)
{
	return r->state[i] < HG_RATE_UNSEEN ? r->rate[i] : 0;
}

/* What a member is expected to cost. */
static double expected(const hg_rates *r, double shared, const hg_member *m)
{
	return shared + known(r, 1) * m->prefill_tokens + known(r, 2) * m->decode_tokens +
	       known(r, 3) * m->context_tokens;
}

hg_err hg_iteration_split(const hg_rates *rates, const hg_iteration *it, double total_j,
	const hg_member *members, size_t n, double *out, hg_error *why)
{
	double shared, all = 0, left = grain_round(total_j);

	if (!rates || rates->size < sizeof *rates || rates->n < HG_ITERATION_COLUMNS || !it ||
		it->t1_ns < it->t0_ns)
		return fail(why, HG_EINVAL, "no rates of an iteration's columns, or no iteration");
	if (!members || n == 0 || !out || !(total_j >= 0 && total_j < INFINITY))
		return fail(why, HG_EINVAL, "an iteration of %g J with %zu members", total_j, n);
	shared = known(rates, 0) * (double)(it->t1_ns - it->t0_ns) * 1e-9 / (double)n;
	for (size_t i = 0; i < n; i++) {
		double j = expected(rates, shared, &members[i]);

		if (!(j >= 0 && j < INFINITY))
			return fail(why, HG_EINVAL, "member %zu has negative amounts", i);
		all += j;
	}
	for (size_t i = 0; i < n; i++) {
		double part = all > 0 ? expected(rates, shared, &members[i]) / all : 1 / (double)n;

		out[i] = i + 1 < n ? fmin(grain_round(part * total_j), left) : left;
		left -= out[i];
	}
	return HG_OK;
}
