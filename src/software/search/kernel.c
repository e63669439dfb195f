#include "kernel.h"

#include <math.h>
#include <string.h>

#define SPAN 1.2 /* length of a share of the span */
/* What sets of choices have in common that differ in one of several: a share of a variance. */
#define KINSHIP 0.7

void hyper_init(struct hyper *h, const struct space *s, int output)
{
	/* without limits and clocks each configuration is a stem of its own */
	const struct scales *priors = s->scales;
	bool stems = s->stems;

	memset(h, 0, sizeof *h);
	h->output = output;
	h->level = s->sd ? priors[output].group : 25;
	h->trust = 1;
	h->group = priors[output].group;
	h->pair = priors[output].pair;
	h->rough = stems ? priors[output].rough : 0;
	h->bend = stems ? priors[output].bend : 0;
	h->nugget = priors[output].nugget;
	h->uneven = priors[output].uneven;
	for (size_t i = 0; i < s->n_knobs; i++) {
		hg_search_scale scale = s->knobs[i].scale;

		h->main[i] = scale_is_share(scale)       ? priors[output].limit_main
			     : scale == HG_SEARCH_CHOICE ? priors[output].group
							 : priors[output].main;
		h->own[i] = scale_is_share(scale) ? priors[output].limit_own : priors[output].own;
		h->length[i] = scale_is_share(scale)    ? priors[output].limit_length
			       : scale == HG_SEARCH_LOG ? priors[output].log_length
							: SPAN;
	}
}

double kernel_alike(double distance)
{
	double d = 2.2360679774997897 * distance;

	return (1 + d + d * d / 3) * exp(-d); /* Matern 5/2 */
}

/**
 * How much two sets of choices have in common.
 * @param sum  what choices have in common, one by one, is added to it
 */
static double kinship(const struct hyper *h, const struct space *s, size_t a, size_t b, double *sum)
{
	double same = 1;

	if (!s->mixed)
		return s->group[a] == s->group[b];
	for (size_t i = 0; i < s->n_knobs; i++) {
		if (s->knobs[i].scale != HG_SEARCH_CHOICE)
			continue;
		if (space_feature(s, a, i) == space_feature(s, b, i))
			*sum += h->main[i];
		else
			same *= KINSHIP;
	}
	return same;
}

double kernel_sum(
	const struct hyper *h, const struct space *s, size_t a, size_t b, const double *alike)
{
	bool stem = s->stem[a] == s->stem[b];
	double sum = h->level + (stem ? h->rough : 0), squares = 0, total = 0;
	double same = kinship(h, s, a, b, &sum);

	sum += same * h->group;
	for (size_t i = 0; i < s->n_knobs; i++) {
		if (s->knobs[i].scale == HG_SEARCH_CHOICE)
			continue;
		sum += (h->main[i] + same * h->own[i]) * alike[i];
		if (stem && scale_is_share(s->knobs[i].scale))
			sum += h->bend * alike[i];
		total += alike[i];
		squares += alike[i] * alike[i];
	}
	return sum + same * h->pair * 0.5 * (total * total - squares);
}

static double parts(const struct hyper *h, const struct space *s, size_t a, size_t b)
{
	const double *x = s->feature + a * s->n_knobs, *y = s->feature + b * s->n_knobs;
	const double *act = s->strength[h->output];
	double alike[HG_SEARCH_MAX_KNOBS];

	for (size_t i = 0; i < s->n_knobs; i++)
		if (s->knobs[i].scale != HG_SEARCH_CHOICE)
			alike[i] = kernel_alike(fabs(x[i] - y[i]) / h->length[i]) *
				   act[a * s->n_knobs + i] * act[b * s->n_knobs + i];
	return kernel_sum(h, s, a, b, alike);
}

double kernel(const struct hyper *h, const struct space *s, size_t a, size_t b)
{
	double k = parts(h, s, a, b);

	if (!s->sd)
		return k;
	/* the caller says how far off its predictions are, the parts how alike that is */
	return h->trust * s->sd[a] * s->sd[b] * k / sqrt(parts(h, s, a, a) * parts(h, s, b, b));
}

double kernel_nugget(const struct hyper *h, const struct space *s, size_t config)
{
	return h->nugget * (1 + h->uneven * s->uneven[config]);
}
