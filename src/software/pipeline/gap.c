#include "gap.h"

#include <math.h>

/* Where the lines of two meet, within their times. */
static double meet(const struct touch *a, const struct touch *b)
{
	double apart_w = b->slope_w - a->slope_w;
	double high_j = a->proved_j + a->slope_w * (b->time_s - a->time_s) - b->proved_j;

	/* the first line is below the second at b, by what it gains on it before they meet */
	if (!(apart_w > 0))
		return b->time_s;
	return fmin(fmax(b->time_s + high_j / apart_w, a->time_s), b->time_s);
}

static double gap_between(const struct touch *a, const struct touch *b)
{
	double at_s = meet(a, b), apart_s = b->time_s - a->time_s;
	double part = apart_s > 0 ? (at_s - a->time_s) / apart_s : 0;
	double plan_j = a->plan_j + part * (b->plan_j - a->plan_j);
	double proved_j = fmax(a->proved_j + a->slope_w * (at_s - a->time_s),
		b->proved_j + b->slope_w * (at_s - b->time_s));

	return plan_j / proved_j - 1;
}

double gap_of(const struct touch *t, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		most = fmax(most, t[i].plan_j / t[i].proved_j - 1);
		if (i + 1 < n)
			most = fmax(most, gap_between(t + i, t + i + 1));
	}
	return most;
}
