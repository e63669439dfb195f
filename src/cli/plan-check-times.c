/* Special times of a PLANS file by longest paths over the measured options. */
#include "plan-check.h"

#include <math.h>
#include <stdlib.h>

/* Frontiers are in whole ns and uW. */
#define SAME 1e-6

static bool same(double a, double b)
{
	return fabs(a - b) <= SAME * fmax(fabs(a), fabs(b));
}

/* Time and effective energy of one choice. */
struct way {
	double time_s, eff_j;
};

static struct way way_of(const struct check *c, const hg_pipeline_step *s, const hg_stage_option *o)
{
	double waiting_w = check_waiting_w(c, s->rank), time_s = o->time_s * s->share;

	return (struct way){time_s, o->energy_j * s->energy_share - waiting_w * time_s};
}

/* The fastest way of a step, or the one of least effective energy; of equal ones the better. */
static struct way best_way(const struct check *c, const hg_pipeline_step *s, bool fastest)
{
	size_t n;
	const hg_stage_option *options = check_options_of(c, s, &n);
	struct way best = {c->plans->step_s, 0};

	for (size_t i = 0; i < n; i++) {
		struct way w = way_of(c, s, &options[i]);
		double first = fastest ? w.time_s - best.time_s : w.eff_j - best.eff_j;
		double second = fastest ? w.eff_j - best.eff_j : w.time_s - best.time_s;

		if (i == 0 || first < 0 || (first == 0 && second < 0))
			best = w;
	}
	return best;
}

/* The graph, by where edges begin. */
struct paths {
	uint32_t n, m;
	uint32_t *at, *to; /* edges of node i: at[i] .. at[i + 1] */
	uint32_t *waits;   /* predecessors that are not done */
	uint32_t *ready;
	double *lag_s, *start_s;
};

static void paths_finish(struct paths *p)
{
	free(p->at);
	free(p->to);
	free(p->waits);
	free(p->ready);
	free(p->lag_s);
	free(p->start_s);
}

static hg_err paths_init(struct paths *p, const hg_dag *dag)
{
	hg_dag_info info = {.size = sizeof info};

	hg_dag_get_info(dag, &info);
	p->n = info.nodes;
	p->m = (uint32_t)info.edges;
	p->at = calloc((size_t)p->n + 1, sizeof *p->at);
	p->to = calloc((size_t)p->m + 1, sizeof *p->to);
	p->lag_s = calloc((size_t)p->m + 1, sizeof *p->lag_s);
	p->waits = calloc((size_t)p->n + 1, sizeof *p->waits);
	p->ready = calloc((size_t)p->n + 1, sizeof *p->ready);
	p->start_s = calloc((size_t)p->n + 1, sizeof *p->start_s);
	if (!p->at || !p->to || !p->lag_s || !p->waits || !p->ready || !p->start_s)
		return HG_ENOMEM;
	for (uint32_t e = 0; e < p->m; e++) { /* edges come by `from` */
		uint32_t from = 0;
		hg_err err = hg_dag_edge(dag, e, &from, &p->to[e], &p->lag_s[e]);

		if (err)
			return err;
		p->at[from + 1] = e + 1;
	}
	for (uint32_t i = 0; i < p->n; i++)
		if (p->at[i + 1] < p->at[i])
			p->at[i + 1] = p->at[i];
	return HG_OK;
}

/* Longest path with one way for each node, and the energy over it. */
static void longest(const struct check *c, struct paths *p, bool fastest, struct way *whole)
{
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(c->plans->pipeline, &n);
	hg_dag_info info = {.size = sizeof info};
	uint32_t done = 0, found = 0;

	hg_dag_get_info(hg_pipeline_dag(c->plans->pipeline), &info);
	*whole = (struct way){0, 0};
	for (uint32_t e = 0; e < p->m; e++)
		p->waits[p->to[e]]++;
	for (uint32_t i = 0; i < p->n; i++) {
		p->start_s[i] = 0;
		if (!p->waits[i])
			p->ready[found++] = i;
	}
	for (; done < found; done++) {
		uint32_t i = p->ready[done];
		struct way w = best_way(c, &steps[i], fastest);
		double end_s = p->start_s[i] + w.time_s;

		whole->eff_j += w.eff_j;
		whole->time_s = fmax(whole->time_s, end_s);
		for (uint32_t e = p->at[i]; e < p->at[i + 1]; e++) {
			p->start_s[p->to[e]] = fmax(p->start_s[p->to[e]], end_s + p->lag_s[e]);
			if (--p->waits[p->to[e]] == 0)
				p->ready[found++] = p->to[e];
		}
	}
	whole->eff_j += info.static_power_w * whole->time_s;
}

/* Where the frontier that is claimed turns up again. */
static double star_of(const struct plans_claims *claims)
{
	const hg_plan_point *points = claims->frontier.data;
	size_t i = 0;

	while (i + 1 < claims->frontier.len && points[i].slope_w < 0)
		i++;
	return fmax(points[i].time_s, claims->t_min_s);
}

static hg_err check_ends(struct check *c, const struct way *fast, const struct way *slow)
{
	const struct plans_claims *claims = &c->plans->claims;
	const hg_plan_point *points = claims->frontier.data;
	double star_s = star_of(claims), slow_s = fmax(slow->time_s, fast->time_s);
	double last_s = c->plans->range == HG_RANGE_USEFUL ? claims->t_star_s : claims->t_max_s;
	double least_j = check_claimed_at(c->plans, slow_s);
	bool holds = same(claims->t_min_s, fast->time_s) &&
		     same(claims->all_fastest_j, fast->eff_j) && same(claims->t_star_s, star_s) &&
		     same(claims->t_max_s, slow_s);
	hg_err err = check_note(c, holds, "special times",
		"T_min %.9g s, T_star %.9g s, T_max %.9g s, all fastest %.9g J expected",
		fast->time_s, star_s, slow_s, fast->eff_j);

	if (err || c->plans->quantum_w > 0)
		return err;
	holds = same(points[0].time_s, fast->time_s) &&
		same(points[claims->frontier.len - 1].time_s, last_s) &&
		(c->plans->range == HG_RANGE_USEFUL || same(least_j, slow->eff_j));
	return check_note(c, holds, "ends of the frontier",
		"expected %.9g s to %.9g s, and %.9g J at %.9g s", fast->time_s, last_s,
		slow->eff_j, slow_s);
}

hg_err check_times(struct check *c)
{
	struct paths p = {.n = 0};
	struct way fast, slow;
	hg_err err = paths_init(&p, hg_pipeline_dag(c->plans->pipeline));

	if (!err) {
		longest(c, &p, true, &fast);
		longest(c, &p, false, &slow);
		err = check_ends(c, &fast, &slow);
	}
	paths_finish(&p);
	return err;
}
