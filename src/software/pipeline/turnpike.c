/*
 * The turnpike: beyond some number of microbatches the frontier has the same slopes whatever their
 * number, and each breakpoint's time and energy is affine in it. So two small numbers are solved
 * and the line through them is followed; plans come from copies of the small one's states. It is
 * checked, not assumed, by set_extend(); where a check fails the caller solves directly.
 *
 * Copying needs to know what repeats: in 1F1B and what is like it rank r works on forward k and on
 * backward k - (P - 1 - r) at about the same time. Cut there, the part between two cuts depends on
 * the parts beside it only.
 */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/fail.h"
#include "software/plan/extend.h"

#include "plans.h"
#include "schedule.h"

#define WATTS  4e-6 /* slopes are whole uW */
#define SECOND 4e-9 /* times are whole ns */

/* Microbatches a stage that are solved for first (then twice as many), while SMALL of WORTH
 * of what is asked for are enough. */
#define SMALL 4u
#define WORTH 16u

/* A small pipeline, solved. */
struct small {
	const struct plans *p;
	uint32_t microbatches;
	hg_schedule *schedule;
	hg_pipeline *pipeline;
	hg_plan_frontier *set;
	hg_error why;
	hg_err rc;
};

static void small_finish(struct small *s)
{
	hg_plan_frontier_destroy(s->set);
	hg_pipeline_destroy(s->pipeline);
	hg_schedule_destroy(s->schedule);
}

/* Solves the pipeline of s->p with another number of microbatches. */
static void *small_solve(void *user)
{
	struct small *s = user;
	const struct plans *p = s->p;
	hg_schedule_opts schedule = {.size = sizeof schedule,
		.kind = p->schedule->kind,
		.ranks = p->schedule->ranks,
		.microbatches = s->microbatches,
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

	s->rc = hg_schedule_create(&schedule, &s->schedule, &s->why);
	opts.schedule = s->schedule;
	if (!s->rc)
		s->rc = hg_pipeline_create(&opts, &s->pipeline, &s->why);
	if (!s->rc)
		s->rc = hg_plan_solve(hg_pipeline_dag(s->pipeline), &solve, &s->set, &s->why);
	return NULL;
}

/* Two small pipelines, on two threads where that is allowed; what comes out is the same. */
static hg_err solve_both(struct small *a, struct small *b, bool beside, hg_error *why)
{
	pthread_t thread;
	bool started = beside && pthread_create(&thread, NULL, small_solve, b) == 0;

	(void)small_solve(a);
	if (started)
		(void)pthread_join(thread, NULL);
	else
		(void)small_solve(b);
	if (why && (a->rc || b->rc))
		*why = a->rc ? a->why : b->why;
	return a->rc ? a->rc : b->rc;
}

/* ------------------------------------------------------------------- schedules that can be cut */

/* Where the steps of a schedule stand, so that steps of one place repeat: `period` places and
 * `step` microbatches on the same is done again. */
struct places {
	const hg_schedule *s;
	int64_t period, begin, end; /* of forwards and backwards both in the middle */
};

static bool places_of(struct places *p, const hg_schedule *s)
{
	int64_t warm_up = s->ranks - 1;

	*p = (struct places){s, 1, 0, s->microbatches};
	switch (s->kind) {
	case HG_SCHEDULE_1F1B:
	case HG_SCHEDULE_RECOMPUTE:
	case HG_SCHEDULE_ZB_H1:
		break;
	case HG_SCHEDULE_INTERLEAVED:
		if (s->group != s->ranks)
			return false;
		p->period = (int64_t)s->ranks * s->chunks;
		p->end *= s->chunks;
		warm_up = 2 * warm_up + (s->chunks - 1) * (int64_t)s->group;
		break;
	default:
		return false;
	}
	p->end -= warm_up;
	return p->end > p->begin;
}

/* Place of a step. */
static int64_t place_of(const struct places *p, const hg_schedule_op *op, uint32_t rank)
{
	const hg_schedule *s = p->s;
	int64_t warm_up = s->ranks - 1 - rank, chunk = op->stage / s->ranks;

	if (s->kind == HG_SCHEDULE_INTERLEAVED) {
		bool forward = op->phase == HG_PHASE_FORWARD;
		int64_t turn = forward ? chunk : s->chunks - 1 - chunk;
		int64_t at = op->microbatch / s->ranks * p->period + turn * s->ranks +
			     op->microbatch % s->ranks;

		warm_up = 2 * warm_up + (s->chunks - 1) * (int64_t)s->group;
		return forward ? at - warm_up : at;
	}
	if (op->phase == HG_PHASE_FORWARD)
		return op->microbatch - warm_up;
	if (op->phase == HG_PHASE_WEIGHT)
		return (int64_t)op->microbatch + rank; /* zb-h1 delays them by the rank */
	return op->microbatch;
}

/* A small schedule and a large one with so many periods more, that are inserted at `cut`. */
struct cutting {
	struct places small;
	const hg_schedule *large;
	int64_t cut;
	uint32_t step, steps;
};

/* Which step of the small schedule a step of the large one is a copy of. */
static bool map_step(const struct cutting *c, uint32_t at, struct tiling *t)
{
	hg_schedule_op op = ((const hg_schedule_op *)c->large->ops.data)[at];
	int64_t behind = place_of(&c->small, &op, c->large->rank_of[at]) - c->cut, shift = 0;

	if (behind >= 0)
		shift = behind / c->small.period;
	if (shift > c->steps)
		shift = c->steps;
	t->shift[at] = (uint32_t)shift;
	if (op.microbatch < shift * c->step)
		return false;
	op.microbatch -= (uint32_t)shift * c->step;
	if (op.microbatch >= c->small.s->microbatches)
		return false;
	t->node[at] = schedule_find(c->small.s, op.phase, op.stage, op.microbatch);
	return t->node[at] != SCHEDULE_NONE;
}

/* The edge out of the copy that leads to the same step as seen from there. */
static uint32_t map_edge(
	const struct cutting *c, const struct edge *e, const hg_dag *small, const struct tiling *t)
{
	const hg_schedule_op *large = c->large->ops.data, *few = c->small.s->ops.data;
	size_t n_large = c->large->ops.len, n_few = c->small.s->ops.len;
	uint32_t from = t->node[e->from];

	for (uint32_t k = small->succ_at[from]; k < small->succ_at[from + 1]; k++) {
		uint32_t to = dag_edges(small)[k].to;

		if (e->to >= n_large || to >= n_few) { /* constant work at the end of a rank */
			if (e->to >= n_large && to >= n_few)
				return k;
			continue;
		}
		if (few[to].phase == large[e->to].phase && few[to].stage == large[e->to].stage &&
			few[to].microbatch - few[from].microbatch ==
				large[e->to].microbatch - large[e->from].microbatch)
			return k;
	}
	return UINT32_MAX;
}

/* How the pipeline of p is made from a small one. @param fits  receives false where it is not */
static hg_err tiling_make(
	struct tiling *t, const struct plans *p, const struct small *a, uint32_t step, bool *fits)
{
	const hg_dag *dag = hg_pipeline_dag(p->pipeline), *few = hg_pipeline_dag(a->pipeline);
	struct cutting c = {.large = p->schedule, .step = step};
	uint32_t n = (uint32_t)p->schedule->ops.len;

	*fits = places_of(&c.small, a->schedule);
	if (!*fits)
		return HG_OK;
	c.cut = (c.small.begin + c.small.end) / 2;
	c.steps = t->steps = (p->schedule->microbatches - a->microbatches) / step;
	t->node = malloc(((size_t)dag->n + 1) * sizeof *t->node);
	t->shift = malloc(((size_t)dag->n + 1) * sizeof *t->shift);
	t->edge = malloc(((size_t)dag->m + 1) * sizeof *t->edge);
	if (!t->node || !t->shift || !t->edge)
		return HG_ENOMEM;
	for (uint32_t i = 0; i < n && *fits; i++)
		*fits = map_step(&c, i, t);
	for (uint32_t i = n; i < dag->n; i++) { /* constant work at the ends */
		t->node[i] = (uint32_t)a->schedule->ops.len + i - n;
		t->shift[i] = t->steps;
	}
	for (uint32_t e = 0; e < dag->m && *fits; e++)
		t->edge[e] = map_edge(&c, dag_edges(dag) + e, few, t);
	return HG_OK;
}

/* --------------------------------------------------------- schedules that are not known so well */

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
	if (a->set->size != b->set->size)
		return false;
	for (size_t i = 0; i < a->set->size; i++)
		if (!near(a->set->points[i].slope_w, b->set->points[i].slope_w, 0, WATTS))
			return false;
	return true;
}

/* Whether c lies where a and b lead to in so many steps. */
static bool on_line(
	const struct small *a, const struct small *b, const struct small *c, double steps)
{
	if (!same_slopes(a, c))
		return false;
	for (size_t i = 0; i < a->set->size; i++) {
		hg_plan_point p = along(&a->set->points[i], &b->set->points[i], steps);

		if (!near(p.time_s, c->set->points[i].time_s, 0, SECOND) ||
			!near(p.energy_j, c->set->points[i].energy_j, 1e-9, 1e-6))
			return false;
	}
	return true;
}

/* Fills the claims with what a and b lead to, if both ends are what longest paths say. */
static hg_err claim_extended(const struct plans *p, const struct small *a, const struct small *b,
	double steps, struct plans_claims *c, bool *done)
{
	hg_plan_frontier_info ia = {.size = sizeof ia}, ib = {.size = sizeof ib};
	const hg_dag *dag = hg_pipeline_dag(p->pipeline);
	double fast_s = 0, fast_j = 0, slow_s = 0, slow_j = 0, room = 1e-9 * dag->n + 1e-8;
	hg_plan_point first = along(&a->set->points[0], &b->set->points[0], steps);
	hg_plan_point last =
		along(&a->set->points[a->set->size - 1], &b->set->points[a->set->size - 1], steps);
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
	for (size_t i = 0; i < a->set->size && !err; i++) {
		hg_plan_point point = along(&a->set->points[i], &b->set->points[i], steps);

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

uint32_t plans_period(const hg_schedule *s)
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

/* Without copies of states: a third number must lie on the line, and plans are solved for. */
static hg_err try_line(const struct plans *p, const struct small *a, const struct small *b,
	uint32_t step, struct plans_claims *line, bool *done, hg_error *why)
{
	struct small c = {.p = p, .microbatches = a->microbatches + 5 * step};
	uint32_t steps = (p->schedule->microbatches - a->microbatches) / step;
	hg_err err = HG_OK;

	if (!same_slopes(a, b))
		return HG_OK;
	(void)small_solve(&c);
	err = c.rc;
	if (err && why)
		*why = c.why;
	if (!err && on_line(a, b, &c, 5)) {
		err = claim_extended(p, a, b, steps, line, done);
		if (err)
			(void)fail(why, err, "pipeline: %s", hg_err_text(err));
	}
	small_finish(&c);
	return err;
}

/* Tries to extend from m0 microbatches. */
static hg_err try_from(const struct plans *p, uint32_t m0, uint32_t step, hg_plan_frontier **set,
	struct plans_claims *line, bool *done, hg_error *why)
{
	struct small a = {.p = p, .microbatches = m0}, b = {.p = p, .microbatches = m0 + step};
	struct tiling t = {.steps = 0};
	bool fits = false;
	hg_err err = solve_both(&a, &b, p->threads > 1, why);

	if (!err) {
		err = tiling_make(&t, p, &a, step, &fits);
		if (err)
			(void)fail(why, err, "pipeline: %s", hg_err_text(err));
	}
	if (!err && fits) {
		err = set_extend(a.set, b.set, hg_pipeline_dag(p->pipeline), &t, set, done, why);
		if (*done)
			a.set = NULL; /* it has an owner */
	}
	if (!err && !*done && line)
		err = try_line(p, &a, &b, step, line, done, why);
	tiling_finish(&t);
	small_finish(&a);
	small_finish(&b);
	return err;
}

hg_err plans_extend(const struct plans *p, hg_plan_frontier **set, struct plans_claims *line,
	bool *done, hg_error *why)
{
	uint32_t m = p->schedule->microbatches, step = plans_period(p->schedule);
	uint64_t small = (uint64_t)SMALL * p->schedule->stages;
	hg_err err = HG_OK;

	*done = false;
	*set = NULL;
	if (step == 0)
		return HG_OK;
	for (; !err && !*done && small * WORTH <= (uint64_t)m * SMALL && m / WORTH >= step;
		small *= 2) {
		uint32_t m0 = (uint32_t)small;

		m0 += (m - m0) % step; /* whole periods away from m */
		err = try_from(p, m0, step, set, line, done, why);
	}
	if (err) {
		hg_plan_frontier_destroy(*set);
		*set = NULL;
	}
	return err;
}
