/*
 * What a PLANS file claims of its frontier. A bound is proved by a flow: one is looked for, and
 * what it proves is worked out by hg_dag_bound(), which shares nothing with the search. A wrong
 * flow could only prove less, never too much.
 */
#include <math.h>

#include "plan-check.h"

/* Points of the frontier that are proved. */
#define PROVED 8
/* Frontiers are in whole ns and uW. */
#define SAME 1e-6

static bool same(double a, double b)
{
	return fabs(a - b) <= SAME * fmax(fabs(a), fabs(b));
}

/* Straight between the points, at `slope` outside. */
static double claimed_at(const struct plans *p, double time_s)
{
	const hg_plan_point *points = p->claims.frontier.data;
	size_t i = 0;

	while (i + 1 < p->claims.frontier.len && points[i + 1].time_s <= time_s)
		i++;
	return points[i].energy_j + points[i].slope_w * (time_s - points[i].time_s);
}

/* Points follow from each other by their slopes, which rise. */
static hg_err check_shape(struct check *c)
{
	const struct vec *f = &c->plans->claims.frontier;
	const hg_plan_point *p = f->data;

	for (size_t i = 1; i < f->len; i++) {
		double t = p[i].time_s - p[i - 1].time_s;
		double e = p[i - 1].energy_j + p[i - 1].slope_w * t;

		if (!same(e, p[i].energy_j))
			return check_note(c, false, "frontier",
				"point %zu: %.9g J claimed, %.9g J by the slope before it", i,
				p[i].energy_j, e);
		if (p[i].slope_w <= p[i - 1].slope_w)
			return check_note(c, false, "frontier",
				"point %zu: expected a larger slope than before, found %.9g W", i,
				p[i].slope_w);
	}
	return check_note(c, true, "frontier", "%s", "");
}

/* What a flow for time_s proves; gain_j: NULL, or what it proves of measured settings beyond. */
static hg_err prove(const struct check *c, const hg_plan_frontier *set, double time_s,
	double *bound_j, double *gain_j, hg_error *why)
{
	const hg_dag *dag = hg_pipeline_dag(c->plans->pipeline);
	hg_relaxed *r = NULL;
	size_t n;
	hg_err err = hg_relaxed_at(set, time_s, HG_CLASS_OP, &r, why);

	if (!err)
		err = hg_dag_bound(dag, HG_CLASS_OP, hg_relaxed_node_flows(r, &n),
			hg_relaxed_edge_flows(r, &n), time_s, bound_j, NULL, why);
	if (!err && gain_j)
		err = hg_dag_pairs(dag, hg_relaxed_node_flows(r, &n), hg_relaxed_edge_flows(r, &n),
			gain_j, why);
	hg_relaxed_destroy(r);
	return err;
}

static hg_err check_points(struct check *c, const hg_plan_frontier *set, hg_error *why)
{
	const struct vec *f = &c->plans->claims.frontier;
	const hg_plan_point *points = f->data;
	size_t most = f->len < PROVED ? f->len : PROVED;

	for (size_t k = 0; k < most; k++) {
		size_t i = most > 1 ? k * (f->len - 1) / (most - 1) : 0;
		double time_s = fmax(points[i].time_s, c->plans->claims.t_min_s), bound_j = NAN;
		hg_err err = prove(c, set, time_s, &bound_j, NULL, why);

		if (err && err != HG_EINFEASIBLE)
			return err;
		if (err || !same(bound_j, claimed_at(c->plans, time_s)))
			return check_note(c, false, "energies of the frontier",
				"%.9g J claimed at %.9g s, %.9g J proved",
				claimed_at(c->plans, time_s), time_s, bound_j);
	}
	return check_note(c, true, "energies of the frontier", "%s", "");
}

static hg_err check_times(struct check *c, const hg_plan_frontier *set)
{
	const struct plans_claims *claims = &c->plans->claims;
	hg_plan_frontier_info info = {.size = sizeof info};
	bool holds;

	hg_plan_frontier_get_info(set, &info);
	holds = same(claims->t_min_s, info.t_min_s) && same(claims->t_star_s, info.t_star_s) &&
		same(claims->t_max_s, info.t_max_s) &&
		same(claims->all_fastest_j, info.all_fastest_j);
	return check_note(c, holds, "special times",
		"T_min %.9g s, T_star %.9g s, T_max %.9g s, all fastest %.9g J expected",
		info.t_min_s, info.t_star_s, info.t_max_s, info.all_fastest_j);
}

/* No plan draws less than the bound, and the bound is what PLANS says. */
static hg_err check_bound(struct check *c, const hg_plan_frontier *set, hg_error *why)
{
	double claimed_j = claimed_at(c->plans, c->time_s), relaxed_j = NAN, gain_j = NAN;
	hg_err err = prove(c, set, c->time_s, &relaxed_j, &gain_j, why);

	if (err == HG_EINFEASIBLE)
		return check_note(c, false, "bound", "%s", why->text);
	if (err)
		return err;
	c->bound_j = relaxed_j;
	if (c->energy_j < (relaxed_j + gain_j) * (1 - SAME))
		return check_note(c, false, "bound",
			"the plan draws %.9g J, less than any can: %.9g J", c->energy_j,
			relaxed_j + gain_j);
	return check_note(c, same(claimed_j, relaxed_j), "bound",
		"%.9g J claimed at %.9g s, %.9g J proved", claimed_j, c->time_s, relaxed_j);
}

hg_err check_bounds(struct check *c, hg_error *why)
{
	hg_solve_opts opts = {
		.size = sizeof opts, .range = c->plans->range, .quantum_w = c->plans->quantum_w};
	hg_plan_frontier *set = NULL;
	bool extended = false;
	hg_err err = check_shape(c);

	if (!err && c->plans->claims.extrapolated)
		err = plans_extend(c->plans, &set, NULL, &extended, why);
	if (!err && !extended)
		err = hg_plan_solve(hg_pipeline_dag(c->plans->pipeline), &opts, &set, why);
	if (!err)
		err = check_times(c, set);
	if (!err)
		err = check_points(c, set, why);
	if (!err && c->time_s > 0)
		err = check_bound(c, set, why);
	hg_plan_frontier_destroy(set);
	return err;
}
