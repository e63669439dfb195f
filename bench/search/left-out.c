#include "left-out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 3
#define DRAWN  56 /* rows of a table that scales are drawn for */

/* knobs of the sweeps, besides the device */
#define BATCH 1
#define LIMIT 2

/* ----- how limits act */

/** The row of the same training and batch size with the highest limit. */
static const struct row *top_of(const struct data *d, const struct row *r)
{
	const struct row *top = r;

	for (int i = 0; i < d->n; i++)
		if (d->row[i].family == r->family && d->row[i].gpu == r->gpu &&
			d->row[i].batch == r->batch && d->row[i].limit > top->limit)
			top = &d->row[i];
	return top;
}

/** The highest limit of a row's GPU in its training. */
static double highest(const struct data *d, const struct row *r)
{
	double most = r->limit;

	for (int i = 0; i < d->n; i++)
		if (d->row[i].family == r->family && d->row[i].gpu == r->gpu)
			most = fmax(most, d->row[i].limit);
	return most;
}

static double log_of(const struct row *r, int output)
{
	return output == SEARCH_TIME ? log(r->time_s) : log(r->energy_j / r->time_s);
}

/** A row's effect of its limit, and the strength that physics gives it. */
struct effect {
	double is, strength;
};

static int by_ratio(const void *a, const void *b)
{
	const struct effect *x = a, *y = b;
	double p = x->is / x->strength, q = y->is / y->strength;

	return (p > q) - (p < q);
}

/**
 * The factor with the least absolute deviations: the median of ratios, by strength. Squares would
 * be those of a few limits far below a device's range, at which it hardly runs.
 * @return what is left of the deviations
 */
static void fit_limits(const struct data *d, int family, int gpu, int output, struct scales *s)
{
	static struct effect e[ROWS];
	double all = 0, half = 0;
	size_t n = 0, middle = 0;

	for (int i = 0; i < d->n; i++) {
		const struct row *r = &d->row[i];
		double u = r->limit / highest(d, r);

		if (r->family == family || r->gpu == gpu || u >= 1)
			continue;
		e[n].strength = output == SEARCH_TIME ? pow(1 - u, s->limit_power) : -log(u);
		e[n].is = log_of(r, output) - log_of(top_of(d, r), output);
		all += e[n++].strength;
	}
	qsort(e, n, sizeof *e, by_ratio);
	while (middle < n && half + e[middle].strength < 0.5 * all)
		half += e[middle++].strength;
	s->limit_mean = n > 0 ? e[middle].is / e[middle].strength : 0;
	if (output == SEARCH_POWER)
		s->limit_mean = -s->limit_mean;
}

/* ----- how alike settings are */

#define LIST 11 /* scales that are learnt */

static void scale_list(struct scales *s, double *out[LIST])
{
	double *const at[LIST] = {&s->group, &s->main, &s->own, &s->log_length, &s->limit_main,
		&s->limit_own, &s->limit_length, &s->pair, &s->rough, &s->bend, &s->nugget};

	memcpy(out, at, sizeof at);
}

/** @param expected  what a scale counts as that the space has no use for */
static void add_drawn(const struct hyper *h, const struct scales *expected, double *sum)
{
	struct scales copy = *expected;
	double *was[LIST];
	const double drawn[LIST] = {h->group, h->main[BATCH], h->own[BATCH], h->length[BATCH],
		h->main[LIMIT], h->own[LIMIT], h->length[LIMIT], h->pair, h->rough, h->bend,
		h->nugget};

	scale_list(&copy, was);
	for (int i = 0; i < LIST; i++)
		sum[i] += log(drawn[i] > 0 ? drawn[i] : *was[i]);
}

/** Logarithm of the likelihood of all times. */
static double likelihood(const struct gp *g)
{
	double sum = 0;

	for (size_t i = 0; i < g->n; i++)
		sum -= 0.5 * g->z[i] * g->z[i] + log(g->pivot[i]);
	return sum;
}

/** Tells rows of a table by chance, and draws scales for them. @return the times' likelihood */
static double draw_scales(const struct task *t, const struct scales *expected, uint64_t seed,
	double sum[SEARCH_OUTPUTS][LIST], double *uneven)
{
	const hg_search_opts opts = {.size = sizeof opts,
		.policy = HG_SEARCH_RANDOM,
		.seed = seed,
		.max_measured = DRAWN};
	hg_error why = {""};
	hg_search *s;
	double value = 0;
	uint32_t config;
	size_t n;

	if (search_create(&t->space, &opts, expected, &s, &why) != HG_OK)
		die("create", &why);
	s->next_fit = SIZE_MAX;
	while (hg_search_next(s, 1, &config, &n, &why) == HG_OK && n == 1) {
		hg_search_result r = {.size = sizeof r,
			.config = config,
			.time_s = t->row[config]->time_s,
			.energy_j = t->row[config]->energy_j};

		if (hg_search_tell(s, &r, &why) != HG_OK)
			die("tell", &why);
	}
	if (search_fit(s) != HG_OK || search_rebuild(s) != HG_OK)
		die("no memory", NULL);
	for (size_t k = 0; k < SEARCH_BELIEFS; k++)
		for (int o = 0; o < SEARCH_OUTPUTS; o++)
			add_drawn(&s->hyper[k][o], &expected[o], sum[o]);
	for (size_t k = 0; k < SEARCH_BELIEFS; k++) {
		*uneven += log(s->hyper[k][SEARCH_TIME].uneven);
		value += likelihood(&s->gp[k][SEARCH_TIME]) / SEARCH_BELIEFS;
	}
	hg_search_destroy(s);
	return value;
}

/** A space of all GPUs but one. */
static void make_rest(struct task *t, const struct data *d, int family, int gpu)
{
	static struct data rest;

	rest = *d;
	rest.n = 0;
	for (int i = 0; i < d->n; i++)
		if (d->row[i].gpu != gpu)
			rest.row[rest.n++] = d->row[i];
	make_task(t, &rest, family, -1, 0);
}

/** @return the times' likelihood with what was learnt before; -INFINITY: there is no table */
static double learn_round(
	const struct data *d, int family, int gpu, uint64_t round, struct scales *learnt)
{
	static struct task task;
	double sum[SEARCH_OUTPUTS][LIST] = {{0}}, uneven = 0, value = 0;
	double *at[LIST];
	int n = 0;

	for (int f = 0; f < d->n_families; f++) {
		if (f == family)
			continue;
		make_rest(&task, d, f, gpu);
		if (task.space.n_configs == 0)
			continue;
		value += draw_scales(
			&task, learnt, round * FAMILIES + (uint64_t)f + 1, sum, &uneven);
		n += SEARCH_BELIEFS;
	}
	for (int o = 0; n > 0 && o < SEARCH_OUTPUTS; o++) {
		scale_list(&learnt[o], at);
		for (int i = 0; i < LIST; i++)
			*at[i] = exp(sum[o][i] / n);
	}
	if (n > 0)
		learnt[SEARCH_TIME].uneven = exp(uneven / n);
	return n > 0 ? value : -INFINITY;
}

/** Learns all with one power of the limit's strength. @return the times' likelihood */
static double learn_with(
	const struct data *d, int family, int gpu, double power, struct scales *learnt)
{
	double value = -INFINITY;

	for (int o = 0; o < SEARCH_OUTPUTS; o++)
		learnt[o] = (struct scales){.group = 0.1,
			.main = 0.1,
			.own = 0.1,
			.log_length = 2,
			.limit_main = 0.1,
			.limit_own = 0.1,
			.limit_length = 1,
			.pair = 0.1,
			.rough = 1e-3,
			.bend = 1e-3,
			.nugget = 1e-3,
			.uneven = o == SEARCH_TIME ? 1 : 0,
			.limit_power = power};
	for (int o = 0; o < SEARCH_OUTPUTS; o++)
		fit_limits(d, family, gpu, o, &learnt[o]);
	for (uint64_t round = 0; round < ROUNDS; round++)
		value = learn_round(d, family, gpu, round, learnt);
	return value;
}

void learn_scales(const struct data *d, int family, int gpu, struct scales learnt[SEARCH_OUTPUTS])
{
	static const double powers[] = {1.5, 2, 2.5, 3, 4};
	double most = -INFINITY;

	for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
		struct scales tried[SEARCH_OUTPUTS];
		double value = learn_with(d, family, gpu, powers[i], tried);

		if (i == 0 || value > most) {
			most = value;
			memcpy(learnt, tried, sizeof tried);
		}
	}
}
