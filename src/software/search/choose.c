/* What to measure next. */
#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IN_QUESTION 128 /* configurations that are drawn jointly, at most */
#define DRAWS       192
#define LOOKED_AT   512  /* candidates of a product that are integrated, at most */
#define NOTHING     1e-5 /* probability that is not looked at */
#define LITTLE      1e-2 /* share of what may escape up to which a bound is good enough for all */

hg_err search_covered(const hg_search *s, double epsilon, struct front *out)
{
	double by = log1p(epsilon);
	size_t n = 0;

	out->at = malloc((s->front.n + s->pending.len + 1) * sizeof *out->at);
	if (!out->at)
		return HG_ENOMEM;
	for (; n < s->front.n; n++)
		out->at[n] = (struct spot){s->front.at[n].t - by, s->front.at[n].e - by};
	for (size_t i = 0; i < s->pending.len; i++) {
		struct guess g = search_guess_all(s, *(uint32_t *)vec_at(&s->pending, i));

		out->at[n++] = (struct spot){g.t - by, g.t + g.p - by};
	}
	out->n = front_filter(out->at, n);
	return HG_OK;
}

static bool is_free(const hg_search *s, size_t config)
{
	return s->marks[config] == MARK_FREE;
}

double search_escape(const hg_search *s, const struct front *covered, double most)
{
	double sum = 0, little = LITTLE * most / (double)s->space.n;

	for (size_t i = 0; i < s->space.n && sum <= most; i++) {
		double bound;

		if (s->marks[i] != MARK_FREE && s->marks[i] != MARK_PENDING)
			continue;
		bound = search_escapes_most(s, i, covered);
		sum += bound <= little ? bound : search_escapes(s, i, covered);
	}
	return sum;
}

/* ----- where to begin */

/** Distance from where a set of choices is begun: the largest shares, the rest at a quantile. */
static double from_anchor(
	const hg_search *s, size_t config, const double *lo, const double *hi, double quantile)
{
	double sum = 0;

	for (size_t k = 0; k < s->space.n_knobs; k++) {
		hg_search_scale scale = s->space.knobs[k].scale;
		double f = space_feature(&s->space, config, k);

		if (scale == HG_SEARCH_CHOICE)
			continue;
		if (scale_is_share(scale))
			sum -= 10 * f;
		else if (hi[k] > lo[k])
			sum += fabs((f - lo[k]) / (hi[k] - lo[k]) - quantile);
	}
	return sum / (search_feasible(s, config) + 1e-9);
}

static size_t anchor(const hg_search *s, uint32_t group, double quantile)
{
	double lo[HG_SEARCH_MAX_KNOBS], hi[HG_SEARCH_MAX_KNOBS], least = INFINITY;
	size_t best = SIZE_MAX;

	for (size_t k = 0; k < s->space.n_knobs; k++) {
		lo[k] = INFINITY;
		hi[k] = -INFINITY;
		for (size_t i = 0; i < s->space.n; i++)
			if (s->space.group[i] == group) {
				lo[k] = fmin(lo[k], space_feature(&s->space, i, k));
				hi[k] = fmax(hi[k], space_feature(&s->space, i, k));
			}
	}
	for (size_t i = 0; i < s->space.n; i++) {
		double far;

		if (s->space.group[i] != group || !is_free(s, i))
			continue;
		far = from_anchor(s, i, lo, hi, quantile);
		if (far < least) {
			least = far;
			best = i;
		}
	}
	return best;
}

/** Results of a set of choices, those that are awaited included. */
static void count_group(const hg_search *s, uint32_t group, size_t *good, size_t *bad)
{
	*good = *bad = 0;
	for (size_t i = 0; i < s->space.n; i++)
		if (s->space.group[i] == group) {
			*good += s->marks[i] == MARK_MEASURED || s->marks[i] == MARK_PENDING;
			*bad += s->marks[i] == MARK_FAILED;
		}
}

static size_t begin(const hg_search *s)
{
	size_t groups = s->space.n_groups < SEARCH_SETS ? s->space.n_groups : SEARCH_SETS;
	struct rng rng;
	size_t shift;

	rng_init(&rng, s->opts.seed);
	if (s->pool.on)
		groups = s->pool.n_anchors;
	shift = (size_t)rng_below(&rng, s->space.n_groups);
	/* a caller's predictions say where each set of choices lies */
	if (s->space.sd)
		groups = 1;
	for (size_t i = 0; i < groups; i++) {
		double quantile = 0.5 + 0.25 * rng_double(&rng);
		/* of a product the sets are those of the anchors */
		uint32_t group = s->pool.on ? s->space.group[i]
					    : (uint32_t)((i + shift) % s->space.n_groups);
		size_t good, bad;

		count_group(s, group, &good, &bad);
		if (good == 0 && bad < 3)
			return anchor(s, group, quantile);
	}
	return SIZE_MAX;
}

/* ----- the other policies */

static hg_err by_ehvi(const hg_search *s, size_t *out)
{
	struct front f;
	double most = 0;
	hg_err rc = search_covered(s, 0, &f);

	if (rc != HG_OK)
		return rc;
	for (size_t i = 0; i < s->space.n; i++) {
		double gain = 0;

		if (!is_free(s, i))
			continue;
		for (size_t k = 0; k < SEARCH_BELIEFS; k++) {
			struct guess g = search_guess(s, k, i);

			gain += front_ehvi(&f, &s->ref, &g);
		}
		gain *= search_feasible(s, i) / s->space.cost[i];
		if (gain > most || *out == SIZE_MAX) {
			most = gain;
			*out = i;
		}
	}
	free(f.at);
	return HG_OK;
}

/** Whether chance may take it: of a product, what was drawn. */
static bool is_drawn(const hg_search *s, size_t config)
{
	return is_free(s, config) && (!s->pool.on || s->pool.role[config] == POOL_DRAWN);
}

static size_t by_chance(const hg_search *s, struct rng *rng)
{
	size_t n = 0, pick;

	for (size_t i = 0; i < s->space.n; i++)
		n += is_drawn(s, i);
	if (n == 0)
		return SIZE_MAX;
	pick = (size_t)rng_below(rng, n);
	for (size_t i = 0; i < s->space.n; i++)
		if (is_drawn(s, i) && pick-- == 0)
			return i;
	return SIZE_MAX;
}

/* ----- by what may be missing */

/** Joint draws of the configurations in question. */
struct draws {
	uint32_t config[IN_QUESTION];
	double escape[IN_QUESTION]; /* probability that each is not covered */
	size_t n;
	double *value[SEARCH_OUTPUTS]; /* DRAWS x n */
	double *work;                  /* n x n */
};

/** A configuration and the most that its probability to be missing can be. */
struct suspect {
	double most;
	uint32_t config;
};

static int by_most(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;

	if (x->most != y->most)
		return x->most > y->most ? -1 : 1;
	return x->config < y->config ? -1 : x->config > y->config;
}

/** Keeps a configuration among those that are most likely to be missing. */
static void keep(struct draws *d, uint32_t config, double escape)
{
	size_t at;

	if (escape < NOTHING || (d->n == IN_QUESTION && escape <= d->escape[d->n - 1]))
		return;
	at = d->n < IN_QUESTION ? d->n++ : d->n - 1;
	for (; at > 0 && d->escape[at - 1] < escape; at--) {
		d->escape[at] = d->escape[at - 1];
		d->config[at] = d->config[at - 1];
	}
	d->escape[at] = escape;
	d->config[at] = config;
}

/** Keeps the configurations that are most likely to be missing. Bounds come first: in a large space
 * few of them reach what is kept. */
static hg_err question(const hg_search *s, const struct front *covered, struct draws *d)
{
	struct suspect *suspects = malloc((s->space.n + 1) * sizeof *suspects);
	size_t n = 0;

	if (!suspects)
		return HG_ENOMEM;
	for (size_t i = 0; i < s->space.n; i++) {
		if (!is_free(s, i))
			continue;
		suspects[n] = (struct suspect){search_escapes_most(s, i, covered), (uint32_t)i};
		n += suspects[n].most >= NOTHING;
	}
	qsort(suspects, n, sizeof *suspects, by_most);
	for (size_t i = 0; i < n; i++) {
		if (d->n == IN_QUESTION && suspects[i].most <= d->escape[d->n - 1])
			break;
		/* candidates are all near the front, and what is left out comes again */
		if (s->pool.on && i == LOOKED_AT)
			break;
		keep(d, suspects[i].config, search_escapes(s, suspects[i].config, covered));
	}
	free(suspects);
	return HG_OK;
}

/** Cholesky in place, lower triangle. What rounding made indefinite is made definite. */
static void cholesky(double *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++) {
			double sum = a[i * n + j];

			for (size_t k = 0; k < j; k++)
				sum -= a[i * n + k] * a[j * n + k];
			if (i == j)
				a[i * n + i] = sqrt(fmax(sum, 1e-12));
			else
				a[i * n + j] = sum / a[j * n + j];
		}
}

/** Draws as many as there are, from the first on. */
static void draw(struct draws *d, const struct gp *g, struct rng *rng, size_t first, size_t last,
	double *out)
{
	double normal[IN_QUESTION];
	size_t n = d->n;

	gp_covariances(g, d->config, n, d->work);
	for (size_t i = 0; i < n; i++)
		d->work[i * n + i] += kernel_nugget(&g->hyper, g->space, d->config[i]);
	cholesky(d->work, n);
	for (size_t k = first; k < last; k++) {
		double factor = rng_double(rng) < DOUBT_SHARE ? DOUBT_FACTOR : 1;

		for (size_t i = 0; i < n; i++)
			normal[i] = factor * rng_normal(rng);
		for (size_t i = 0; i < n; i++) {
			double sum = g->mean[d->config[i]];

			for (size_t j = 0; j <= i; j++)
				sum += d->work[i * n + j] * normal[j];
			out[k * n + i] = sum;
		}
	}
}

static bool beaten(const struct front *f, struct spot p)
{
	for (size_t i = 0; i < f->n && f->at[i].t <= p.t; i++)
		if (f->at[i].e <= p.e)
			return true;
	return false;
}

/** Adds what each configuration would cover of what one draw misses. */
static void credit(const hg_search *s, const struct draws *d, const struct front *covered, size_t k,
	double *gain)
{
	struct spot own[IN_QUESTION], missing[IN_QUESTION];
	double by = log1p(s->opts.epsilon);
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		double t = d->value[SEARCH_TIME][k * d->n + i];

		own[i] = (struct spot){t, t + d->value[SEARCH_POWER][k * d->n + i]};
		if (!beaten(covered, own[i]))
			missing[n++] = own[i];
	}
	n = front_filter(missing, n);
	for (size_t i = 0; n > 0 && i < d->n; i++) {
		size_t hits = 0;

		for (size_t m = 0; m < n; m++)
			hits += own[i].t - by <= missing[m].t && own[i].e - by <= missing[m].e;
		gain[i] += (double)hits / (double)n;
	}
}

static size_t best_gain(const hg_search *s, const struct draws *d, const double *gain)
{
	size_t best = SIZE_MAX;
	double most = 0;

	for (size_t i = 0; i < d->n; i++) {
		double g = gain[i] * search_feasible(s, d->config[i]) / s->space.cost[d->config[i]];

		if (g > most) {
			most = g;
			best = d->config[i];
		}
	}
	/* nothing was missing in any draw: the one that is most likely to be */
	return best == SIZE_MAX && d->n > 0 ? d->config[0] : best;
}

static hg_err by_cover(hg_search *s, const struct front *covered, struct rng *rng, size_t *out)
{
	struct draws *d = calloc(1, sizeof *d);
	double gain[IN_QUESTION] = {0};
	hg_err rc = d ? HG_OK : HG_ENOMEM;

	if (rc == HG_OK) {
		rc = question(s, covered, d);
		d->work = malloc((d->n * d->n + 1) * sizeof *d->work);
		for (int o = 0; o < SEARCH_OUTPUTS; o++)
			d->value[o] = malloc((DRAWS * d->n + 1) * sizeof *d->value[o]);
		if (!d->work || !d->value[SEARCH_TIME] || !d->value[SEARCH_POWER])
			rc = HG_ENOMEM;
	}
	if (rc == HG_OK) {
		for (size_t k = 0; k < SEARCH_BELIEFS; k++)
			for (int o = 0; o < SEARCH_OUTPUTS; o++)
				draw(d, &s->gp[k][o], rng, DRAWS * k / SEARCH_BELIEFS,
					DRAWS * (k + 1) / SEARCH_BELIEFS, d->value[o]);
		for (size_t k = 0; k < DRAWS; k++)
			credit(s, d, covered, k, gain);
		*out = best_gain(s, d, gain);
	}
	if (d) {
		for (int o = 0; o < SEARCH_OUTPUTS; o++)
			free(d->value[o]);
		free(d->work);
	}
	free(d);
	return rc;
}

hg_err search_choose(hg_search *s, size_t *out)
{
	struct front covered = {0};
	struct rng rng;
	size_t steps = s->told.len + s->failed.len + s->pending.len;
	hg_err rc;

	/* a generator for each step: resuming needs no more than what was told */
	rng_init(&rng, s->opts.seed ^ (0x9e3779b97f4a7c15u * (steps + 1)));
	*out = SIZE_MAX;
	if (s->opts.policy == HG_SEARCH_RANDOM) {
		*out = by_chance(s, &rng);
		return HG_OK;
	}
	*out = begin(s);
	if (*out != SIZE_MAX)
		return HG_OK;
	if (s->opts.policy == HG_SEARCH_EHVI)
		return by_ehvi(s, out);
	rc = search_covered(s, s->opts.epsilon, &covered);
	if (rc == HG_OK)
		rc = by_cover(s, &covered, &rng, out);
	free(covered.at);
	/* nothing is in question any more, but somebody wants to be surer than that */
	return rc == HG_OK && *out == SIZE_MAX ? by_ehvi(s, out) : rc;
}
