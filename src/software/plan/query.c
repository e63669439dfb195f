/* What a relaxed frontier tells, and going back to one of its pieces. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"
#include "set.h"

hg_dag *hg_plan_frontier_dag(const hg_plan_frontier *set)
{
	return set->dag;
}

void hg_plan_frontier_get_info(const hg_plan_frontier *set, hg_plan_frontier_info *info)
{
	hg_plan_frontier_info mine = set->info;

	mine.size = sizeof mine;
	size_write(info, &mine, sizeof mine);
}

const hg_plan_point *hg_plan_frontier_points(const hg_plan_frontier *set, size_t *n)
{
	*n = set->size;
	return set->points;
}

/* Last point with a time up to time_s. */
static size_t find_point(const hg_plan_frontier *set, double time_s)
{
	size_t lo = 0, hi = set->size;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (set->points[mid].time_s <= time_s)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

hg_err hg_plan_frontier_at(const hg_plan_frontier *set, double time_s, double *energy_j,
	double *slope_w, hg_error *why)
{
	const hg_plan_point *p;

	if (!(time_s >= set->points[0].time_s))
		return fail(why, HG_EINFEASIBLE,
			"no plan takes %.9g s: the least time %s is %.9f s", time_s,
			set->info.complete ? "of all" : "that was solved for",
			set->points[0].time_s);
	p = set->points + find_point(set, time_s);
	if (energy_j)
		*energy_j = p->energy_j + p->slope_w * (time_s - p->time_s);
	if (slope_w)
		*slope_w = p->slope_w;
	return HG_OK;
}

/* Last checkpoint at a breakpoint that is not faster than piece k. */
static const struct checkpoint *find_checkpoint(const hg_plan_frontier *set, size_t k)
{
	const struct checkpoint *c = set->checkpoints.data;
	size_t lo = 0, hi = set->checkpoints.len;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (c[mid].piece <= k)
			lo = mid;
		else
			hi = mid;
	}
	return c + lo;
}

/* Index of the breakpoint at the slow end of the piece that holds time_ns, by falling time. */
static size_t find_piece(const hg_plan_frontier *set, int64_t time_ns)
{
	const struct piece *p = set->pieces.data;
	size_t lo = 0, hi = set->pieces.len > 1 ? set->pieces.len - 1 : 1;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (p[mid].time_ns > time_ns)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

hg_err set_replay(const hg_plan_frontier *set, int64_t time_ns, struct sweep *s, int64_t *drop_ns)
{
	const struct piece *p = set->pieces.data;
	size_t target = find_piece(set, time_ns);
	const struct checkpoint *c = find_checkpoint(set, target);
	hg_err rc = sweep_init(s, &set->net);

	if (rc)
		return rc;
	sweep_restore(s, c->flow, c->pi);
	for (size_t k = c->piece;;) {
		int64_t drop = sweep_search(s);

		if (drop > 0 && k == target) {
			*drop_ns = p[target].time_ns - time_ns;
			return HG_OK;
		}
		if (drop > 0)
			sweep_shift(s, p[k].time_ns - p[k + 1].time_ns);
		k += drop > 0;
		if (set->pieces.len == 1 || !sweep_augment(s)) { /* T_max is T_min */
			*drop_ns = 0;
			return HG_OK;
		}
	}
}
