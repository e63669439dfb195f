/* The relaxed plan at one T, from the store: windows, flows, energy and rigorous bound. */
#include "anchor.h"

#include <math.h>
#include <stdlib.h>

#include "core/fail.h"
#include "core/size.h"
#include "shared.h"
#include "stored.h"
#include "sum.h"

/* A time that near below the least one is that one. */
#define NEAR_S 5e-10

hg_relaxed *relaxed_create(const hg_dag *dag)
{
	hg_relaxed *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->n = dag->n;
	r->m = dag->m;
	r->windows = calloc(dag->n, sizeof *r->windows);
	r->starts = calloc(dag->n, sizeof *r->starts);
	r->node_flows = calloc(dag->n, sizeof *r->node_flows);
	r->edge_flows = calloc((size_t)dag->m + 1, sizeof *r->edge_flows);
	if (r->windows && r->starts && r->node_flows && r->edge_flows)
		return r;
	hg_relaxed_destroy(r);
	return NULL;
}

void hg_relaxed_destroy(hg_relaxed *r)
{
	if (!r)
		return;
	free(r->windows);
	free(r->starts);
	free(r->node_flows);
	free(r->edge_flows);
	free(r);
}

/* Energy of an operation in a window: the hull's value there, its slopes not rounded to a quantum.
 */
static double hull_energy(const hg_dag *dag, uint32_t node, int64_t window_ns)
{
	const struct shape *shape = dag_shape(dag, node);
	const struct hull_vertex *h = dag->hull + shape->hull_first;
	const struct choice *slow, *fast;
	uint32_t j = 0, k = shape->hull_n - 1;

	if (window_ns >= h[0].len_ns)
		return dag->choices[h[0].choice].eff_j;
	while (j < k && h[j + 1].len_ns > window_ns)
		j++;
	if (j == k)
		return dag->choices[h[j].choice].eff_j;
	slow = dag->choices + h[j].choice;
	fast = dag->choices + h[j + 1].choice;
	return slow->eff_j + (fast->eff_j - slow->eff_j) * (double)(h[j].len_ns - window_ns) /
				     (double)(h[j].len_ns - h[j + 1].len_ns);
}

double relaxed_energy(const hg_plan_frontier *set, const int64_t *pi, double time_s)
{
	struct sum energy = {0, 0};

	for (uint32_t i = 0; i < set->dag->n; i++) {
		const struct arc *arc = set->net.arcs + i;

		sum_add(&energy, hull_energy(set->dag, i, pi[arc->head] - pi[arc->tail]));
	}
	sum_add_product(&energy, set->dag->static_w, time_s);
	return sum_value(&energy);
}

static int64_t mix(int64_t slow, int64_t fast, double part)
{
	return fast + llround((double)(slow - fast) * part);
}

void relaxed_mix(hg_relaxed *r, const hg_plan_frontier *set, const int64_t *slow,
	const int64_t *fast, double part)
{
	struct sum energy = {0, 0};

	for (uint32_t i = 0; i < r->n; i++) {
		const struct arc *arc = set->net.arcs + i;
		int64_t start = mix(slow[arc->tail], fast[arc->tail], part);
		int64_t window = mix(slow[arc->head], fast[arc->head], part) - start;

		r->starts[i] = (double)start * 1e-9;
		r->windows[i] = (double)window * 1e-9;
		sum_add(&energy, hull_energy(set->dag, i, window));
	}
	sum_add_product(&energy, set->dag->static_w, r->info.time_s);
	r->info.energy_j = sum_value(&energy);
}

/*
 * Flows of the nodes are those of the first arcs. An edge without arc joins two events that are
 * one: its flow is that of the node it is the only way out of, or else the only way into.
 */
void relaxed_flows(hg_relaxed *r, const hg_plan_frontier *set, const int64_t *flow)
{
	const hg_dag *dag = set->dag;
	const struct net *net = &set->net;

	for (uint32_t i = 0; i < r->n; i++)
		r->node_flows[i] = (double)flow[i] * 1e-6;
	for (uint32_t e = 0; e < r->m; e++) {
		const struct edge *edge = dag_edges(dag) + e;
		bool only_in = dag->pred_at[edge->to + 1] - dag->pred_at[edge->to] == 1;

		r->edge_flows[e] = r->node_flows[only_in ? edge->to : edge->from];
	}
	for (uint32_t a = net->n_ops; a < net->n_arcs; a++)
		r->edge_flows[net->edge_of[a - net->n_ops]] = (double)flow[a] * 1e-6;
}

hg_err relaxed_replay(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why)
{
	const struct piece *p = set->pieces.data;
	int64_t first = p[set->pieces.len - 1].time_ns, last = p[0].time_ns;
	double t = fmin(r->info.time_s, (double)last * 1e-9);
	int64_t time_ns = (int64_t)floor(t * 1e9 + 0.25), drop;
	struct sweep s;
	hg_err rc;

	time_ns = time_ns < first ? first : time_ns;
	rc = set_replay(set, time_ns, &s, &drop, why);
	if (rc)
		return rc;
	/* at T_max nothing is gained by more time: no flow */
	if (r->info.time_s < (double)last * 1e-9 || p[0].flow_uw > 0)
		relaxed_flows(r, set, s.flow);
	if (drop > 0)
		sweep_shift(&s, drop);
	relaxed_mix(r, set, s.pi, s.pi, 1);
	sweep_finish(&s);
	return HG_OK;
}

hg_err relaxed_from_store(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why)
{
	hg_err rc = HG_OK;

	if (set->anchors.len)
		anchored_relaxed(set, r);
	else if (set->stored)
		rc = stored_relaxed(set, r, why);
	else
		rc = relaxed_replay(set, r, why);
	if (rc)
		return rc;
	return hg_dag_bound(set->dag, HG_CLASS_OP, r->node_flows, r->edge_flows, r->info.time_s,
		&r->info.bound_j, &r->info.flow_w, why);
}

hg_err hg_relaxed_at(const hg_plan_frontier *set, double time_s, hg_plan_class class_of,
	hg_relaxed **out, hg_error *why)
{
	hg_err rc;

	*out = NULL;
	if (!(time_s >= 0 && isfinite(time_s)))
		return fail(why, HG_EINVAL, "time is %g s, expected a finite number, 0 or more",
			time_s);
	if (class_of != HG_CLASS_OP && class_of != HG_CLASS_RAMP && class_of != HG_CLASS_FAMILY)
		return fail(why, HG_EINVAL, "%d is no plan class", (int)class_of);
	rc = hg_plan_frontier_at(set, time_s + NEAR_S, NULL, NULL, why);
	if (rc)
		return rc;
	*out = relaxed_create(set->dag);
	if (!*out)
		return fail(why, HG_ENOMEM, "out of memory");
	(*out)->info.time_s = time_s;
	(*out)->info.class_of = class_of;
	rc = set->dag->n_groups == 0 && class_of == HG_CLASS_OP ? relaxed_from_store(set, *out, why)
								: relaxed_shared(set, *out, why);
	if (rc) {
		hg_relaxed_destroy(*out);
		*out = NULL;
	}
	return rc;
}

void hg_relaxed_get_info(const hg_relaxed *r, hg_relaxed_info *info)
{
	hg_relaxed_info mine = r->info;

	mine.size = sizeof mine;
	size_write(info, &mine, sizeof mine);
}

const double *hg_relaxed_windows(const hg_relaxed *r, size_t *n)
{
	*n = r->n;
	return r->windows;
}

const double *hg_relaxed_starts(const hg_relaxed *r, size_t *n)
{
	*n = r->n;
	return r->starts;
}

const double *hg_relaxed_node_flows(const hg_relaxed *r, size_t *n)
{
	*n = r->n;
	return r->node_flows;
}

const double *hg_relaxed_edge_flows(const hg_relaxed *r, size_t *n)
{
	*n = r->m;
	return r->edge_flows;
}
