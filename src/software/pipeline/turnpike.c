/*
 * The turnpike: beyond some number of microbatches the frontier has the same slopes whatever their
 * number, and each breakpoint's time and energy is affine in it. So two small numbers are solved
 * and the line through them is followed; plans come from copies of the small one's states. It is
 * checked, not assumed, by set_extend(); where a check fails the caller solves directly.
 */
#include <math.h>

#include "core/crew.h"
#include "core/fail.h"
#include "software/plan/anchor.h"
#include "software/plan/extend.h"

#include "cutting.h"
#include "plans.h"

/* Microbatches a rank that are solved for first, then twice as many, while what is asked for is so
 * many times more: three are solved for what is exact, one where slopes are rounded. */
#define SMALL       4u
#define WORTH       8u
#define WORTH_ROUGH 2u

/* A small pipeline, solved. */
struct small {
	const struct plans *p;
	uint32_t microbatches;
	bool tells; /* how far all are */
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

static hg_err solve(const struct plans *p, const hg_pipeline *pipeline, const hg_solve_opts *how,
	hg_plan_frontier **set, hg_error *why)
{
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_solve_opts opts = *how;
	hg_err err;

	opts.size = sizeof opts;
	opts.quantum_w = p->quantum_w;
	opts.progress_user = p->progress_user;
	err = hg_plan_solve(hg_pipeline_dag(pipeline), &opts, set, why);
	if (err)
		return err;
	hg_plan_frontier_get_info(*set, &info);
	if (info.complete)
		return HG_OK;
	hg_plan_frontier_destroy(*set);
	*set = NULL;
	return fail(why, HG_EABORTED, "planning was stopped");
}

/* Solves the pipeline of s->p with another number of microbatches. */
static void small_solve(struct small *s)
{
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

	hg_solve_opts how = {.size = sizeof how, .progress = s->tells ? p->progress : NULL};

	s->rc = hg_schedule_create(&schedule, &s->schedule, &s->why);
	opts.schedule = s->schedule;
	if (!s->rc)
		s->rc = hg_pipeline_create(&opts, &s->pipeline, &s->why);
	if (!s->rc)
		s->rc = solve(p, s->pipeline, &how, &s->set, &s->why);
}

static void solve_one(void *user, size_t i)
{
	small_solve((struct small *)user + i);
}

/* Solves small pipelines, on several threads where that is allowed; what comes out is the same. */
static hg_err solve_all(struct small *s, size_t n, unsigned threads, hg_error *why)
{
	s[0].tells = true;
	crew_run(threads, n, solve_one, s);
	for (size_t i = 0; i < n; i++)
		if (s[i].rc) {
			if (why)
				*why = s[i].why;
			return s[i].rc;
		}
	return HG_OK;
}

/* What a try at extending comes to. */
struct attempt {
	const struct plans *p;
	uint32_t m0, step;
	struct small small[3];
	struct tiling t;
	bool fits;
};

static void attempt_finish(struct attempt *a)
{
	tiling_finish(&a->t);
	for (size_t i = 0; i < sizeof a->small / sizeof *a->small; i++)
		small_finish(&a->small[i]);
}

/* Solves for the numbers of microbatches in a->small, and finds out how copies are made. */
static hg_err attempt_begin(struct attempt *a, size_t n, hg_error *why)
{
	hg_err err = solve_all(a->small, n, a->p->threads, why);

	if (err)
		return err;
	err = cutting_make(&a->t, a->p->schedule, hg_pipeline_dag(a->p->pipeline),
		a->small[0].schedule, hg_pipeline_dag(a->small[0].pipeline), &a->fits);
	return err ? fail(why, err, "pipeline: %s", hg_err_text(err)) : HG_OK;
}

/* The whole frontier, exactly. */
static hg_err try_exactly(struct attempt *a, hg_plan_frontier **set, bool *done, hg_error *why)
{
	uint32_t third = a->m0 / 2 / a->step; /* a half more than the first */
	struct turnpike from = {.steps = third};
	hg_err err;

	a->small[0] = (struct small){.p = a->p, .microbatches = a->m0};
	a->small[1] = (struct small){.p = a->p, .microbatches = a->m0 + a->step};
	a->small[2] = (struct small){.p = a->p, .microbatches = a->m0 + third * a->step};
	err = attempt_begin(a, 3, why);
	if (err || !a->fits)
		return err;
	from.a = a->small[0].set;
	from.b = a->small[1].set;
	from.c = a->small[2].set;
	err = set_extend(&from, hg_pipeline_dag(a->p->pipeline), &a->t, set, done, why);
	if (*done)
		a->small[0].set = NULL; /* it has an owner */
	return err;
}

/* States at some flows; slopes are rounded. */
static hg_err try_roughly(struct attempt *a, hg_plan_frontier **set, bool *done, hg_error *why)
{
	hg_err err;

	a->small[0] = (struct small){.p = a->p, .microbatches = a->m0};
	err = attempt_begin(a, 1, why);
	if (err || !a->fits)
		return err;
	err = set_anchor(a->small[0].set, hg_pipeline_dag(a->p->pipeline), &a->t, a->p->threads,
		set, done, why);
	if (*done)
		a->small[0].set = NULL;
	return err;
}

static hg_err try_from(const struct plans *p, uint32_t m0, uint32_t step, hg_plan_frontier **set,
	bool *done, hg_error *why)
{
	struct attempt a = {.p = p, .m0 = m0, .step = step};
	hg_err err = p->quantum_w > 0 ? try_roughly(&a, set, done, why)
				      : try_exactly(&a, set, done, why);

	attempt_finish(&a);
	return err;
}

hg_err plans_extend(const struct plans *p, hg_plan_frontier **set, bool *done, hg_error *why)
{
	uint32_t m = p->schedule->microbatches, step = schedule_period(p->schedule);
	uint64_t worth = p->quantum_w > 0 ? WORTH_ROUGH : WORTH;
	hg_err err = HG_OK;

	*done = false;
	*set = NULL;
	if (step == 0)
		return HG_OK;
	for (uint64_t small = (uint64_t)SMALL * p->schedule->ranks;
		!err && !*done && small * worth <= m && small >= step; small *= 2)
		/* whole periods away from m */
		err = try_from(p, (uint32_t)(small + (m - small) % step), step, set, done, why);
	if (err) {
		hg_plan_frontier_destroy(*set);
		*set = NULL;
		*done = false;
	}
	if (*done && p->range == HG_RANGE_USEFUL)
		set_cut(*set);
	return err;
}

hg_err plans_frontier(
	const struct plans *p, bool direct, hg_plan_frontier **set, bool *extended, hg_error *why)
{
	hg_solve_opts how = {.size = sizeof how,
		.range = p->range,
		.threads = p->threads,
		.progress = p->progress};
	hg_err err = HG_OK;

	*extended = false;
	*set = NULL;
	if (!direct)
		err = plans_extend(p, set, extended, why);
	if (!err && !*extended)
		err = solve(p, p->pipeline, &how, set, why);
	return err;
}

/* Pieces times events that are still solved exactly: some 40 s. */
#define EXACT 2e9
/* The quantum, of the mean slope of all hulls. */
#define SHARE 0.03

/* About how many pieces a frontier has: it was found to grow like that with the vertices of all
 * hulls, as far as stages differ, and with the stages. */
static double pieces_about(const struct plans *p, const hg_dag *dag)
{
	double vertices = dag->n_hull, stages = p->schedule->stages;

	return fmax(vertices * vertices / 11, 46 * stages * sqrt(sqrt(stages)));
}

double plans_quantum(const struct plans *p)
{
	const hg_dag *dag = hg_pipeline_dag(p->pipeline);
	double watts = SHARE * dag_mean_slope(dag), unit;

	if (pieces_about(p, dag) * 2 * dag->n <= EXACT || watts <= 0)
		return 0;
	unit = pow(10, floor(log10(watts)) - 1); /* two digits */
	return floor(watts / unit) * unit;
}
