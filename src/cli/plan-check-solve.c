/*
 * PLANS files without flows: flows that prove the frontier are looked for again, and what they
 * prove is worked out by hg_dag_bound(), which shares nothing with the search. A wrong flow could
 * only prove less, never too much.
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
		if (err || !same(bound_j, check_claimed_at(c->plans, time_s)))
			return check_note(c, false, "energies of the frontier",
				"%.9g J claimed at %.9g s, %.9g J proved",
				check_claimed_at(c->plans, time_s), time_s, bound_j);
	}
	return check_note(c, true, "energies of the frontier", "%s", "");
}

/* No plan draws less than the bound, and the bound is what PLANS says. */
static hg_err check_bound(struct check *c, const hg_plan_frontier *set, hg_error *why)
{
	double claimed_j = check_claimed_at(c->plans, c->time_s), bound_j = NAN, gain_j = NAN;
	hg_err err = prove(c, set, c->time_s, &bound_j, &gain_j, why);

	if (err == HG_EINFEASIBLE)
		return check_note(c, false, "bound", "%s", why->text);
	if (err)
		return err;
	c->bound_j = bound_j;
	c->tight_bound_j = bound_j + gain_j;
	if (c->energy_j < c->tight_bound_j * (1 - SAME))
		return check_note(c, false, "bound",
			"the plan draws %.9g J, less than any can: %.9g J", c->energy_j,
			c->tight_bound_j);
	return check_note(c, same(claimed_j, bound_j), "bound",
		"%.9g J claimed at %.9g s, %.9g J proved", claimed_j, c->time_s, bound_j);
}

hg_err check_solving(struct check *c, hg_error *why)
{
	hg_plan_frontier *set = NULL;
	bool extended = false;
	hg_err err = plans_frontier(c->plans, !c->plans->claims.extrapolated, &set, &extended, why);

	if (!err)
		err = check_points(c, set, why);
	if (!err && c->time_s > 0)
		err = check_bound(c, set, why);
	hg_plan_frontier_destroy(set);
	return err;
}
