#include "kernel.h"

#include <math.h>
#include <string.h>

/* Variances of log seconds and log watts. Power limits act on a share u of the largest one as
 * (1-u)^2.3 in log time and as log u in log power, with about this scatter between workloads on
 * V100 and A40 (public sweeps of ML.ENERGY's Zeus). */
static const struct {
	double group, main, own, limit_main, limit_own, pair, nugget;
} priors[SEARCH_OUTPUTS] = {
	{0.25, 1.0, 0.1, 1.0, 0.4, 0.15, 2e-4},
	{0.10, 0.15, 0.03, 0.1, 0.05, 0.02, 6e-4},
};

static bool is_share(hg_search_scale scale)
{
	return scale == HG_SEARCH_LIMIT || scale == HG_SEARCH_CLOCK;
}

void hyper_init(struct hyper *h, const struct space *s, int output)
{
	memset(h, 0, sizeof *h);
	h->output = output;
	h->level = s->sd ? priors[output].group : 25;
	h->trust = 1;
	h->group = priors[output].group;
	h->pair = priors[output].pair;
	h->nugget = priors[output].nugget;
	for (size_t i = 0; i < s->n_knobs; i++) {
		bool share = is_share(s->knobs[i].scale);

		h->main[i] = share ? priors[output].limit_main : priors[output].main;
		h->own[i] = share ? priors[output].limit_own : priors[output].own;
		h->length[i] = share ? 0.5 : s->knobs[i].scale == HG_SEARCH_LOG ? 2 : 0.5;
	}
}

/** Sum of the parts, whatever the caller predicted. */
static double parts(const struct hyper *h, const struct space *s, size_t a, size_t b)
{
	bool same = s->group[a] == s->group[b];
	double sum = h->level + (same ? h->group : 0), squares = 0, total = 0;
	const double *x = s->feature + a * s->n_knobs, *y = s->feature + b * s->n_knobs;
	const double *act = s->strength[h->output];

	for (size_t i = 0; i < s->n_knobs; i++) {
		double d = sqrt(5) * fabs(x[i] - y[i]) / h->length[i], k;

		if (s->knobs[i].scale == HG_SEARCH_CHOICE)
			continue;
		/* Matern 5/2, times how strongly the knob acts at both places */
		k = (1 + d + d * d / 3) * exp(-d) * act[a * s->n_knobs + i] *
		    act[b * s->n_knobs + i];
		sum += (h->main[i] + (same ? h->own[i] : 0)) * k;
		total += k;
		squares += k * k;
	}
	return same ? sum + h->pair * 0.5 * (total * total - squares) : sum;
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
	return h->output == SEARCH_TIME ? h->nugget * s->uneven[config] : h->nugget;
}
