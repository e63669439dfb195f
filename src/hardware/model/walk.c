#include "walk.h"

#include <math.h>
#include <stdlib.h>

static int by_place(const void *a, const void *b)
{
	const struct walk_step *x = a, *y = b;

	if (x->s < y->s || y->s < x->s)
		return (x->s > y->s) - (x->s < y->s);
	return (x->index > y->index) - (x->index < y->index);
}

bool walk_set(struct walk_step *steps, size_t n, const double *s, const double *noise, double rate)
{
	double variance = 0.0, from = 0.0; /* of the walk, given what was seen so far */

	for (size_t i = 0; i < n; i++)
		steps[i] = (struct walk_step){.s = fmax(0.0, s[i]), .index = i};
	qsort(steps, n, sizeof *steps, by_place);
	for (size_t k = 0; k < n; k++) {
		struct walk_step *at = &steps[k];
		double seen = noise[at->index], sum;

		variance += rate * (at->s - from);
		sum = variance + seen;
		if (!(sum > 0.0 && isfinite(sum)))
			return false;
		at->gain = variance / sum;
		at->sd = sqrt(sum);
		variance *= seen / sum;
		from = at->s;
	}
	return true;
}

void walk_whiten(const struct walk_step *steps, size_t n, double *v)
{
	double mean = 0.0;

	for (size_t k = 0; k < n; k++) {
		double news = v[steps[k].index] - mean;

		v[steps[k].index] = news / steps[k].sd;
		mean += steps[k].gain * news;
	}
}

double walk_log_determinant(const struct walk_step *steps, size_t n)
{
	double sum = 0.0;

	for (size_t k = 0; k < n; k++)
		sum += 2.0 * log(steps[k].sd);
	return sum;
}
