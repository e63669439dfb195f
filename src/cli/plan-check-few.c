/*
 * What a flow proves of plans with few changes of setting, derived again from the measured profile:
 * no code of the planner. Steps stand rank by rank, in order.
 */
#include "plan-check.h"

#include <math.h>
#include <stdlib.h>

struct rows {
	double *settings; /* of the profile, rising */
	size_t n;
	double *cost,
		*before; /* least energy of what a rank does up to here, by its last setting */
	double free_j, paid_j; /* sums: each step for itself; whole ranks, changes paid for */
};

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void rows_free(struct rows *r)
{
	free(r->settings);
	free(r->cost);
	free(r->before);
}

static bool rows_make(struct rows *r, const struct check *c)
{
	size_t n, total = 0, distinct = 0;
	const hg_pipeline_step *steps = hg_pipeline_steps(c->plans->pipeline, &n);

	for (size_t i = 0; i < n; i++) {
		size_t options;

		(void)check_options_of(c, &steps[i], &options);
		total = options > total ? options : total;
	}
	total *= (size_t)hg_stage_profile_stages(c->profile) *
		 hg_stage_profile_instructions(c->profile);
	*r = (struct rows){.settings = calloc(total + 1, sizeof *r->settings),
		.cost = calloc(total + 1, sizeof *r->cost),
		.before = calloc(total + 1, sizeof *r->before)};
	if (!r->settings || !r->cost || !r->before)
		return false;
	for (uint32_t s = 0; s < hg_stage_profile_stages(c->profile); s++)
		for (uint32_t k = 0; k < hg_stage_profile_instructions(c->profile); k++) {
			const hg_stage_option *o = hg_stage_profile_options(c->profile, s, k, &n);

			for (size_t i = 0; i < n && r->n < total; i++)
				r->settings[r->n++] = o[i].setting;
		}
	qsort(r->settings, r->n, sizeof *r->settings, compare);
	for (size_t i = 0; i < r->n; i++)
		if (!distinct || r->settings[distinct - 1] < r->settings[i])
			r->settings[distinct++] = r->settings[i];
	r->n = distinct;
	return true;
}

static double least(const double *v, size_t n)
{
	double best = INFINITY;

	for (size_t i = 0; i < n; i++)
		best = fmin(best, v[i]);
	return best;
}

/* The rank's next step. */
static void add_step(struct rows *r, const struct check *c, const hg_pipeline_step *s, bool begins,
	double price_w, double change_j)
{
	size_t n;
	const hg_stage_option *o = check_options_of(c, s, &n);
	double *swap = r->before, changed_j, best_j = INFINITY;

	r->before = r->cost;
	r->cost = swap;
	changed_j = begins ? 0 : least(r->before, r->n) + change_j;
	for (size_t k = 0; k < r->n; k++)
		r->cost[k] = INFINITY;
	price_w -= check_waiting_w(c, s->rank);
	for (size_t i = 0; i < n; i++) {
		double e = fma(price_w * s->share, o[i].time_s, o[i].energy_j * s->energy_share);
		const double *at =
			bsearch(&o[i].setting, r->settings, r->n, sizeof *r->settings, compare);
		size_t k = at ? (size_t)(at - r->settings) : 0;

		r->cost[k] = e + (begins ? 0 : fmin(r->before[k], changed_j));
		best_j = fmin(best_j, e);
	}
	r->free_j += best_j;
}

hg_err check_few(const struct check *c, const int64_t *node_uw, double change_j, double *gain_j)
{
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(c->plans->pipeline, &n);
	struct rows r;
	bool begins = true;

	if (!rows_make(&r, c)) {
		rows_free(&r);
		return HG_ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		if (i && steps[i].rank != steps[i - 1].rank && !begins) {
			r.paid_j += least(r.cost, r.n);
			begins = true;
		}
		if (steps[i].instruction == HG_INSTRUCTION_NONE)
			continue;
		add_step(&r, c, &steps[i], begins, (double)node_uw[i] * 1e-6, change_j);
		begins = false;
	}
	if (!begins)
		r.paid_j += least(r.cost, r.n);
	*gain_j = r.paid_j - r.free_j;
	rows_free(&r);
	return HG_OK;
}
