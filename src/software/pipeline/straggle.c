/*
 * A simulated run in which stragglers come and go.
 *
 * One device of one pipeline is throttled at a time: its operations take 1 / (1 - throttle) as long
 * and the same energy. Its pipeline runs at all-fastest settings, and everybody waits for it. What
 * the others know is one iteration old. Whoever waits draws static power until the slowest of all
 * is done, which may be a pipeline that still runs a plan made for a straggler that has gone.
 */
#include "straggle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/rng.h"
#include "software/plan/set.h"

/* Plans in the list of the lookup. */
#define LISTED 32

/* A plan by what it costs: energy without the waiting that depends on others. */
struct cost {
	double time_s, eff_j;
};

struct run {
	const hg_plan_frontier *set;
	const struct straggle_opts *opts;
	struct straggle_result *result;
	const hg_dag *dag;
	struct cost fastest, alone;
	struct cost listed[LISTED];
	struct vec made;  /* struct cost, of plans by asked time */
	struct vec asked; /* double */
	hg_error *why;
};

void straggle_finish(struct straggle_result *r)
{
	vec_finish(&r->stragglers);
}

/* Makespan when one rank's operations take `stretch` times as long, all at their fastest. */
static hg_err throttled(const hg_dag *dag, uint32_t rank, double stretch, double *time_s)
{
	double *end = calloc(dag->n, sizeof *end), last = 0;

	if (!end)
		return HG_ENOMEM;
	for (uint32_t k = 0; k < dag->n; k++) {
		uint32_t i = dag->topo[k];
		double t = dag->choices[dag_shape(dag, i)->first].time_s;

		end[i] += dag_node(dag, i)->device == rank ? t * stretch : t;
		last = fmax(last, end[i]);
		for (uint32_t e = dag->succ_at[i]; e < dag->succ_at[i + 1]; e++) {
			const struct edge *edge = dag_edges(dag) + e;

			end[edge->to] = fmax(end[edge->to], end[i] + edge->lag_s);
		}
	}
	free(end);
	*time_s = last;
	return HG_OK;
}

/* Effective energy of the straggler itself: less waiting on the rank that works longer. */
static double throttled_eff(const struct run *r, const struct straggler *s)
{
	double busy_s = 0, watts = 0;

	for (uint32_t i = 0; i < r->dag->n; i++) {
		if (dag_node(r->dag, i)->device != s->rank)
			continue;
		busy_s += r->dag->choices[dag_shape(r->dag, i)->first].time_s;
		watts = dag_static_w(r->dag, i);
	}
	return r->fastest.eff_j - watts * busy_s * (1 / (1 - s->throttle) - 1);
}

/* Whole number between lo and hi whose logarithm is uniform. */
static uint64_t log_uniform(struct rng *rng, double lo, double hi)
{
	return (uint64_t)(lo * pow(hi / lo, rng_double(rng)));
}

static hg_err draw(struct run *r)
{
	struct rng rng;
	uint64_t at = 0;
	hg_dag_info info = {.size = sizeof info};
	hg_err err = HG_OK;

	rng_init(&rng, r->opts->seed);
	hg_dag_get_info(r->dag, &info);
	for (uint32_t k = 0; k < r->opts->stragglers && !err; k++) {
		struct straggler s = {.first = at + log_uniform(&rng, 10, 1000),
			.length = log_uniform(&rng, 10, 1001),
			.rank = (uint32_t)rng_below(&rng, info.devices),
			.throttle = 0.05 + 0.45 * rng_double(&rng)};

		err = throttled(r->dag, s.rank, 1 / (1 - s.throttle), &s.forced_s);
		at = s.first + s.length;
		if (at > r->opts->iterations)
			break;
		if (!err)
			err = vec_push(&r->result->stragglers, &s);
	}
	return err;
}

/* Makes a plan; what it costs without waiting for others. */
static hg_err make(struct run *r, double time_s, struct cost *cost)
{
	hg_plan_opts opts = r->opts->plan;
	hg_plan_info info = {.size = sizeof info};
	hg_plan *plan = NULL;
	hg_err err;

	opts.size = sizeof opts;
	opts.time_s = time_s;
	err = hg_plan_at(r->set, &opts, &plan, r->why);
	if (err)
		return err;
	hg_plan_get_info(plan, &info);
	*cost = (struct cost){info.time_s, info.energy_j - r->dag->static_w * info.charged_s};
	hg_plan_destroy(plan);
	r->result->plans++;
	return HG_OK;
}

/* As make(), each time once. */
static hg_err make_once(struct run *r, double time_s, struct cost *cost)
{
	const double *asked = r->asked.data;
	hg_err err;

	for (size_t i = 0; i < r->asked.len; i++) {
		if (asked[i] >= time_s && asked[i] <= time_s) {
			*cost = *(const struct cost *)vec_at(&r->made, i);
			return HG_OK;
		}
	}
	err = make(r, time_s, cost);
	if (!err)
		err = vec_push(&r->asked, &time_s);
	return err ? err : vec_push(&r->made, cost);
}

static hg_err make_list(struct run *r, double t_star_s)
{
	hg_err err = HG_OK;

	for (size_t k = 0; k < LISTED && !err; k++)
		err = make(r,
			r->alone.time_s +
				fmax(0, t_star_s - r->alone.time_s) * (double)k / (LISTED - 1),
			&r->listed[k]);
	return err;
}

/* The plan that the others run while they know of a straggler that forces forced_s (0: none). */
static hg_err follow(struct run *r, enum straggle_policy policy, hg_reaction *reaction,
	double known_s, double real_s, struct cost *now)
{
	double energy_j = 0, time_s;

	switch (policy) {
	case STRAGGLE_LOOKUP:
		*now = r->alone;
		for (size_t k = 0; k < LISTED; k++)
			if (r->listed[k].time_s <= known_s)
				*now = r->listed[k];
		return HG_OK;
	case STRAGGLE_REACTION:
		if (hg_reaction_update(reaction, known_s))
			return reaction->time_s > reaction->alone_s
				       ? make_once(r, reaction->time_s, now)
				       : (*now = r->alone, HG_OK);
		return HG_OK;
	case STRAGGLE_ORACLE:
		time_s = fmin(reaction->t_max_s, fmax(real_s, r->alone.time_s));
		*now = (struct cost){time_s, 0};
		if (hg_plan_frontier_at(r->set, time_s, &energy_j, NULL, r->why))
			return HG_EINFEASIBLE;
		now->eff_j = energy_j - r->dag->static_w * time_s;
		return HG_OK;
	default:
		return HG_OK;
	}
}

static hg_err simulate(struct run *r, enum straggle_policy policy)
{
	const struct vec *list = &r->result->stragglers;
	struct straggle_outcome *out = &r->result->outcome[policy];
	struct cost now = r->alone;
	double known_s = 0, pipelines = r->opts->pipelines;
	hg_reaction reaction;
	size_t k = 0;
	hg_err err = hg_reaction_init(
		&reaction, r->set, r->alone.time_s, r->opts->tolerance, r->opts->patience, r->why);

	for (uint64_t i = 0; i < r->opts->iterations && !err; i++) {
		const struct straggler *s = NULL;
		struct cost before = now;
		double real_s, slow_j;

		while (k < list->len &&
			((const struct straggler *)vec_at(list, k))->first +
					((const struct straggler *)vec_at(list, k))->length <=
				i)
			k++;
		if (k < list->len && ((const struct straggler *)vec_at(list, k))->first <= i)
			s = vec_at(list, k);
		real_s = s ? s->forced_s : 0;
		err = follow(r, policy, &reaction, known_s, real_s, &now);
		out->changes += now.time_s < before.time_s || now.time_s > before.time_s;
		slow_j = s ? throttled_eff(r, s) : now.eff_j;
		real_s = fmax(real_s, now.time_s);
		out->time_s += real_s;
		out->energy_j += (pipelines - 1) * now.eff_j + slow_j +
				 pipelines * r->dag->static_w * real_s;
		known_s = s ? s->forced_s : 0;
	}
	return err;
}

static hg_err run_all(struct run *r)
{
	hg_plan_frontier_info info = {.size = sizeof info};
	double energy_j;
	hg_err err = all_fastest(r->dag, &r->fastest.time_s, &energy_j);

	r->fastest.eff_j = energy_j - r->dag->static_w * r->fastest.time_s;
	hg_plan_frontier_get_info(r->set, &info);
	if (!err)
		err = draw(r);
	if (!err)
		err = make(r, r->opts->alone_s, &r->alone);
	if (!err)
		err = make_list(r, info.t_star_s);
	for (unsigned p = 0; p < STRAGGLE_POLICIES && !err; p++)
		err = simulate(r, (enum straggle_policy)p);
	return err;
}

hg_err straggle_run(struct straggle_result *result, const struct plans *p,
	const hg_plan_frontier *set, const struct straggle_opts *opts, hg_error *why)
{
	struct run r = {.set = set,
		.opts = opts,
		.result = result,
		.dag = hg_pipeline_dag(p->pipeline),
		.why = why};
	hg_err err;

	memset(result, 0, sizeof *result);
	vec_init(&result->stragglers, sizeof(struct straggler), 1u << 20);
	vec_init(&r.made, sizeof(struct cost), 1u << 20);
	vec_init(&r.asked, sizeof(double), 1u << 20);
	err = run_all(&r);
	if (err == HG_ENOMEM)
		(void)fail(why, err, "stragglers: out of memory");
	vec_finish(&r.made);
	vec_finish(&r.asked);
	return err;
}
