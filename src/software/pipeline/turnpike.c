/*
 * The turnpike: beyond some number of microbatches the frontier has the same slopes whatever their
 * number, and each breakpoint's time and energy is affine in it. So two small numbers are solved
 * and the line through them is followed. It is checked, not assumed: a third small number must lie
 * on the line, and at the number asked for both ends must be what a longest path says. If anything
 * differs the caller solves directly.
 */
#include <math.h>
#include <stdlib.h>

#include "core/fail.h"
#include "software/plan/set.h"

#include "plans.h"
#include "schedule.h"

/* Microbatches a stage that are solved for first (then twice as many, ...), while SMALL of WORTH
 * of what is asked for are enough. */
#define SMALL  4u
#define WORTH  12u
#define WATTS  4e-6 /* slopes are whole uW */
#define SECOND 4e-9 /* times are whole ns */

/* A small pipeline, solved. */
struct small {
	hg_schedule *schedule;
	hg_pipeline *pipeline;
	hg_plan_frontier *set;
	const hg_plan_point *points;
	size_t n;
};

static void small_finish(struct small *s)
{
	hg_plan_frontier_destroy(s->set);
	hg_pipeline_destroy(s->pipeline);
	hg_schedule_destroy(s->schedule);
}

/* Solves the pipeline of p with another number of microbatches. */
static hg_err small_solve(
	struct small *s, const struct plans *p, uint32_t microbatches, hg_error *why)
{
	hg_schedule_opts schedule = {.size = sizeof schedule,
		.kind = p->schedule->kind,
		.ranks = p->schedule->ranks,
		.microbatches = microbatches,
		.chunks = p->schedule->chunks > 1 ? p->schedule->chunks : 0};
	hg_pipeline_opts opts = {.size = sizeof opts,
		.replicas = p->replicas,
		.group_size = p->group_size,
		.profile = p->profile,
		.static_power_w = p->static_power_w,
		.n_static_power = p->n_static_power,
		.lag_s = p->lag_s,
		.step_s = p->step_s};
	hg_solve_opts solve = {.size = sizeof solve, .range = p->range, .quantum_w = p->quantum_w};
	hg_err err = hg_schedule_create(&schedule, &s->schedule, why);

	opts.schedule = s->schedule;
	if (!err)
		err = hg_pipeline_create(&opts, &s->pipeline, why);
	if (!err)
		err = hg_plan_solve(hg_pipeline_dag(s->pipeline), &solve, &s->set, why);
	if (!err)
		s->points = hg_plan_frontier_points(s->set, &s->n);
	return err;
}

/* The point that a and b lead to, `steps` steps behind a. */
static hg_plan_point along(const hg_plan_point *a, const hg_plan_point *b, double steps)
{
	return (hg_plan_point){a->time_s + steps * (b->time_s - a->time_s),
		a->energy_j + steps * (b->energy_j - a->energy_j), a->slope_w};
}

static bool near(double a, double b, double relative, double absolute)
{
	return fabs(a - b) <= absolute + relative * fmax(fabs(a), fabs(b));
}

/* Whether two frontiers have the same slopes. */
static bool same_slopes(const struct small *a, const struct small *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!near(a->points[i].slope_w, b->points[i].slope_w, 0, WATTS))
			return false;
	return true;
}

/* Whether c lies where a and b lead to in so many steps. */
static bool on_line(
	const struct small *a, const struct small *b, const struct small *c, double steps)
{
	if (!same_slopes(a, c))
		return false;
	for (size_t i = 0; i < a->n; i++) {
		hg_plan_point p = along(&a->points[i], &b->points[i], steps);

		if (!near(p.time_s, c->points[i].time_s, 0, SECOND) ||
			!near(p.energy_j, c->points[i].energy_j, 1e-9, 1e-6))
			return false;
	}
	return true;
}

/* Longest path and energy when every node takes its cheapest choice by effective energy. */
static hg_err all_cheapest(const hg_dag *dag, double *time_s, double *energy_j)
{
	double *end = calloc(dag->n, sizeof *end), last = 0, sum = 0;

	if (!end)
		return HG_ENOMEM;
	for (uint32_t k = 0; k < dag->n; k++) {
		uint32_t i = dag->topo[k];
		const struct shape *shape = dag_shape(dag, i);
		const struct choice *c = dag->choices + shape->first + shape->n - 1;

		end[i] += c->time_s;
		sum += c->eff_j;
		last = fmax(last, end[i]);
		for (uint32_t e = dag->succ_at[i]; e < dag->succ_at[i + 1]; e++) {
			const struct edge *edge = dag_edges(dag) + e;

			end[edge->to] = fmax(end[edge->to], end[i] + edge->lag_s);
		}
	}
	free(end);
	*time_s = last;
	*energy_j = sum + dag->static_w * last;
	return HG_OK;
}

/* Fills the claims with what a and b lead to, if both ends are what longest paths say. */
static hg_err extend(
	struct plans *p, const struct small *a, const struct small *b, double steps, bool *done)
{
	hg_plan_frontier_info ia = {.size = sizeof ia}, ib = {.size = sizeof ib};
	const hg_dag *dag = hg_pipeline_dag(p->pipeline);
	double fast_s = 0, fast_j = 0, slow_s = 0, slow_j = 0, room = 1e-9 * dag->n + 1e-8;
	struct plans_claims *c = &p->claims;
	hg_plan_point first = along(&a->points[0], &b->points[0], steps);
	hg_plan_point last = along(&a->points[a->n - 1], &b->points[a->n - 1], steps);
	hg_err err = all_fastest(dag, &fast_s, &fast_j);

	if (!err)
		err = all_cheapest(dag, &slow_s, &slow_j);
	hg_plan_frontier_get_info(a->set, &ia);
	hg_plan_frontier_get_info(b->set, &ib);
	if (err || !near(first.time_s, fast_s, 0, room))
		return err;
	if (p->range == HG_RANGE_ALL &&
		(!near(last.time_s, slow_s, 0, room) || !near(last.energy_j, slow_j, 1e-8, 1e-6)))
		return HG_OK;
	c->frontier.len = 0;
	for (size_t i = 0; i < a->n && !err; i++) {
		hg_plan_point point = along(&a->points[i], &b->points[i], steps);

		if (i == 0)
			point.time_s = ia.t_min_s + steps * (ib.t_min_s - ia.t_min_s);
		err = vec_push(&c->frontier, &point);
	}
	c->t_min_s = fast_s;
	c->t_star_s = ia.t_star_s + steps * (ib.t_star_s - ia.t_star_s);
	c->t_max_s = ia.t_max_s + steps * (ib.t_max_s - ia.t_max_s);
	c->all_fastest_j = fast_j;
	c->extrapolated = true;
	*done = true;
	return err;
}

/* Microbatches that the schedule repeats after; 0: it cannot be made smaller. */
static uint32_t period(const hg_schedule *s)
{
	switch (s->kind) {
	case HG_SCHEDULE_INTERLEAVED:
		return s->group == s->ranks ? s->ranks : 0;
	case HG_SCHEDULE_DUALPIPE:
		return 2;
	case HG_SCHEDULE_FILE:
		return 0;
	default:
		return 1;
	}
}

/* Tries to extend from m0 microbatches. */
static hg_err try_from(struct plans *p, uint32_t m0, uint32_t step, bool *done, hg_error *why)
{
	struct small a = {0}, b = {0}, c = {0};
	uint32_t steps = (p->schedule->microbatches - m0) / step;
	hg_err err = small_solve(&a, p, m0, why);

	if (!err)
		err = small_solve(&b, p, m0 + step, why);
	if (!err && same_slopes(&a, &b)) {
		err = small_solve(&c, p, m0 + 5 * step, why);
		if (!err && on_line(&a, &b, &c, 5)) {
			err = extend(p, &a, &b, steps, done);
			if (err)
				(void)fail(why, err, "pipeline: %s", hg_err_text(err));
		}
	}
	small_finish(&a);
	small_finish(&b);
	small_finish(&c);
	return err;
}

hg_err plans_extend(struct plans *p, bool *done, hg_error *why)
{
	uint32_t m = p->schedule->microbatches, step = period(p->schedule);
	uint64_t small = (uint64_t)SMALL * p->schedule->stages;
	hg_err err = HG_OK;

	*done = false;
	if (step == 0)
		return HG_OK;
	for (; !err && !*done && small * WORTH <= (uint64_t)m * SMALL && m / WORTH >= step;
		small *= 2) {
		uint32_t m0 = (uint32_t)small;

		m0 += (m - m0) % step; /* whole periods away from m */
		err = try_from(p, m0, step, done, why);
	}
	return err;
}
