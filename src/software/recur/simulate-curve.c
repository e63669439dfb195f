/* Curves of recorded runs: when each came to which level of its metric. */
#include <math.h>
#include <stdlib.h>

#include "core/fail.h"
#include "simulate.h"

#define MOST_SIGHTS 10000

/* The run of a row; NULL: none that is replayed. */
static struct sim_curve *curve_of(struct sim_job *s, const struct sim_reach *row)
{
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t r = 0; s->arms[i].batch_size == row->batch_size &&
				     row->run != SIM_NO_RUN && r < s->arms[i].runs;
			r++)
			if (s->arms[i].numbers[r] == row->run)
				return &s->arms[i].curves[r];
	return NULL;
}

static hg_err add_sight(struct sim_curve *c, double epochs, double metric)
{
	hg_recur_sight *grown;

	if (c->n == MOST_SIGHTS)
		return HG_ELIMIT;
	grown = realloc(c->sights, (c->n + 1) * sizeof *grown);
	if (!grown)
		return HG_ENOMEM;
	c->sights = grown;
	c->sights[c->n++] = (hg_recur_sight){.epochs = epochs, .metric = metric};
	return HG_OK;
}

static int by_epochs(const void *a, const void *b)
{
	double x = ((const hg_recur_sight *)a)->epochs, y = ((const hg_recur_sight *)b)->epochs;

	return (x > y) - (x < y);
}

/* Levels come in the order of the metric: which way it goes is which came first. */
static double rises(const struct sim_curve *c)
{
	double up = 0;

	for (uint32_t i = 1; i < c->n; i++)
		if (c->sights[i].epochs > c->sights[0].epochs)
			up += c->sights[i].metric > c->sights[0].metric ? 1 : -1;
	return up;
}

/* Of what came at the same epoch the best counts, and nothing after the target. */
static void tidy(struct sim_curve *c, bool lower, double target)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		hg_recur_sight *last = kept > 0 ? &c->sights[kept - 1] : NULL, s = c->sights[i];

		if (last && s.epochs > last->epochs &&
			(lower ? last->metric <= target : last->metric >= target))
			break;
		if (!last || s.epochs > last->epochs)
			c->sights[kept++] = s;
		else if (lower ? s.metric < last->metric : s.metric > last->metric)
			last->metric = s.metric;
	}
	c->n = kept;
}

static hg_err make_room(struct sim_job *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		s->arms[i].curves = calloc(s->arms[i].runs, sizeof *s->arms[i].curves);
		if (!s->arms[i].curves)
			return HG_ENOMEM;
	}
	return HG_OK;
}

hg_err sim_job_curves(struct sim_job *s, const struct sim_trace *t, size_t job, hg_error *why)
{
	double up = 0;
	hg_err err = make_room(s);

	for (size_t i = 0; err == HG_OK && i < t->reach.len; i++) {
		const struct sim_reach *row = vec_at(&t->reach, i);
		struct sim_curve *c =
			row->job == job && isfinite(row->epochs) ? curve_of(s, row) : NULL;

		if (c)
			err = add_sight(c, row->epochs, row->target);
	}
	if (err)
		return fail(why, err, "%s: no memory for curves", s->name);
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t r = 0; r < s->arms[i].runs; r++) {
			struct sim_curve *c = &s->arms[i].curves[r];

			if (c->n > 0)
				qsort(c->sights, c->n, sizeof *c->sights, by_epochs);
			up += rises(c);
		}
	s->lower_is_better = up < 0;
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t r = 0; r < s->arms[i].runs; r++)
			tidy(&s->arms[i].curves[r], s->lower_is_better, s->target);
	return HG_OK;
}

void sim_arm_finish(struct sim_arm *a)
{
	for (uint32_t r = 0; a->curves && r < a->runs; r++)
		free(a->curves[r].sights);
	free(a->curves);
	free(a->numbers);
	free(a->epochs);
	hg_frontier_destroy(a->frontier);
	*a = (struct sim_arm){.runs = 0};
}
