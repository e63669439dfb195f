/* What a relaxed frontier tells, and going back to one of its pieces. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"
#include "tile.h"

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

/* Events that mending may look at, of those there are, before a slower state is taken. */
#define LOOK_MAX 10u

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

	double least_s = set->points[0].time_s; /* in whole ns, a little beside the real one */

	if (set->info.complete)
		least_s = fmin(least_s, set->fastest_s);
	if (!(time_s >= least_s))
		return fail(why, HG_EINFEASIBLE,
			"no plan takes %.9g s: the least time %s is %.9f s", time_s,
			set->info.complete ? "of all" : "that was solved for", least_s);
	p = set->points + find_point(set, time_s);
	if (energy_j)
		*energy_j = p->energy_j + p->slope_w * (time_s - p->time_s);
	if (slope_w)
		*slope_w = p->slope_w;
	return HG_OK;
}

hg_err all_cheapest(const hg_dag *dag, double *time_s, double *energy_j)
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

hg_err set_restore(const hg_plan_frontier *set, size_t piece, struct sweep *s)
{
	const struct piece *p = set->pieces.data;
	const struct checkpoint *c = find_checkpoint(set, piece);
	hg_err rc = sweep_init(s, &set->net);

	if (rc)
		return rc;
	sweep_restore(s, c->flow, c->pi);
	for (size_t k = c->piece; k < piece;) {
		int64_t drop = sweep_search(s);

		if (drop > 0) {
			sweep_shift(s, p[k].time_ns - p[k + 1].time_ns);
			k++;
		}
		if (k < piece)
			(void)sweep_augment(s);
	}
	return HG_OK;
}

void sweep_go_on(struct sweep *s, int64_t time_ns, int64_t t_min_ns, int64_t *drop_ns)
{
	for (;;) {
		int64_t now = s->pi[NET_SINK], drop = sweep_search(s);

		if (drop > now - t_min_ns)
			drop = now - t_min_ns;
		if (now <= time_ns || now - drop <= time_ns) {
			/* at a breakpoint the piece to its left tells as much */
			*drop_ns = drop > 0 ? now - time_ns : 0;
			if (drop > 0)
				return;
		}
		if (drop > 0)
			sweep_shift(s, drop);
		if (!sweep_augment(s)) { /* T_max is T_min */
			*drop_ns = 0;
			return;
		}
	}
}

/*
 * The state of an extended frontier. Where the copy stands is found by mending, so the breakpoints
 * are only where to begin looking. Near T_min, where many flows are optimal, a copy can be far off
 * the mark; then it is cheaper to sweep on from a slower one that is not.
 */
static hg_err replay_extended(const hg_plan_frontier *set, size_t target, int64_t time_ns,
	struct sweep *s, int64_t *drop_ns)
{
	for (size_t k = target, back = 1;; back *= 2) {
		uint64_t most = k ? (uint64_t)LOOK_MAX * set->net.n_events : UINT64_MAX;
		hg_err rc = tiled_state(set, set->origins[k], most, s);

		if (rc && rc != HG_ELIMIT)
			return rc;
		if (!rc && (s->pi[NET_SINK] >= time_ns || k == 0)) {
			sweep_go_on(s, time_ns, set->t_min_ns, drop_ns);
			return HG_OK;
		}
		if (!rc)
			sweep_finish(s);
		k -= back < k ? back : k;
	}
}

hg_err set_replay(const hg_plan_frontier *set, int64_t time_ns, struct sweep *s, int64_t *drop_ns,
	hg_error *why)
{
	size_t target = find_piece(set, time_ns);
	hg_err rc;

	if (set->stored)
		return stored_replay(set, time_ns, s, drop_ns, why);
	if (set->small)
		rc = replay_extended(set, target, time_ns, s, drop_ns);
	else
		rc = set_restore(set, target, s);
	if (!rc && !set->small)
		sweep_go_on(s, time_ns, set->t_min_ns, drop_ns);
	return rc ? fail(why, rc, "out of memory") : HG_OK;
}
