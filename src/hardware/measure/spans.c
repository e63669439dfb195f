#include <math.h>

#include "attribute.h"
#include "core/fail.h"

hg_err spans_check(const hg_span *spans, size_t n, uint32_t columns, hg_error *why)
{
	if (!spans && n)
		return fail(why, HG_EINVAL, "no spans");
	for (size_t i = 0; i < n; i++) {
		const hg_span *s = &spans[i];

		if (s->t1_ns <= s->t0_ns || s->t0_ns < INT64_MIN / 4 || s->t1_ns > INT64_MAX / 4)
			return fail(why, HG_EINVAL, "span %zu ends before it begins", i);
		if (!(s->amount >= 0 && s->amount < INFINITY))
			return fail(why, HG_EINVAL, "span %zu has an amount of %g", i, s->amount);
		if (s->column >= columns)
			return fail(why, HG_EINVAL, "span %zu is of column %u, there are %u", i,
				s->column, columns);
		if (i && s->t0_ns < spans[i - 1].t0_ns)
			return fail(why, HG_EINVAL, "span %zu begins before the one before it", i);
	}
	return HG_OK;
}

void spans_amounts(const hg_span *spans, size_t n, size_t *low, int64_t t0, int64_t t1, double *x,
	double *rest_s)
{
	int64_t covered = t0, free = 0; /* up to where spans cover; what they left open */

	while (*low < n && spans[*low].t1_ns <= t0)
		++*low;
	for (size_t i = *low; i < n && spans[i].t0_ns < t1; i++) {
		const hg_span *s = &spans[i];
		int64_t from = s->t0_ns > t0 ? s->t0_ns : t0;
		int64_t to = s->t1_ns < t1 ? s->t1_ns : t1;

		if (to <= from)
			continue;
		x[s->column] += s->amount * (double)(to - from) / (double)(s->t1_ns - s->t0_ns);
		if (s->idle)
			continue;
		if (from > covered)
			free += from - covered;
		covered = to > covered ? to : covered;
	}
	if (t1 > covered)
		free += t1 - covered;
	*rest_s += (double)free * 1e-9;
}
