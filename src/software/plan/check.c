/*
 * Checking what is claimed of a plan: makespan, energy, changes of setting and bound are derived
 * again from the DAG's works, nodes and edges alone. Nothing here is shared with the solver, with
 * the rounding or with the relaxed plans: not their order, not their Pareto options, not their
 * sums.
 */
#include <hourglass/plan.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "core/size.h"
#include "dag.h"

#define NEAR 1e-9

struct audit {
	const hg_dag *dag;
	const hg_plan_claim *claim;
	uint32_t *order;   /* n: topological, smallest number first */
	uint32_t *waits;   /* n: predecessors not yet ordered */
	uint32_t *out;     /* n + 1: first edge of a node among by_from */
	uint32_t *by_from; /* m */
	uint32_t *last;    /* devices: last node with a setting, or UINT32_MAX */
	double *start, *time, *ready, *energy; /* n */
	double *balance;                       /* n: flow out of a node less flow into it */
	double carry;                          /* of a compensated sum */
};

/* Neumaier's sum, one running at a time. */
static void plus(struct audit *a, double *sum, double v)
{
	double t = *sum + v;

	a->carry += fabs(*sum) >= fabs(v) ? (*sum - t) + v : (v - t) + *sum;
	*sum = t;
}

static void audit_finish(struct audit *a)
{
	free(a->order);
	free(a->waits);
	free(a->out);
	free(a->by_from);
	free(a->last);
	free(a->start);
	free(a->time);
	free(a->ready);
	free(a->energy);
	free(a->balance);
}

static hg_err audit_init(struct audit *a, hg_error *why)
{
	size_t n = (size_t)a->dag->nodes.len + 1;
	size_t m = (size_t)a->dag->edges.len + 1, devices = a->dag->devices.len + 1;

	a->order = calloc(n, sizeof *a->order);
	a->waits = calloc(n, sizeof *a->waits);
	a->out = calloc(n + 1, sizeof *a->out);
	a->by_from = calloc(m, sizeof *a->by_from);
	a->last = malloc(devices * sizeof *a->last);
	a->start = calloc(n, sizeof *a->start);
	a->time = calloc(n, sizeof *a->time);
	a->ready = calloc(n, sizeof *a->ready);
	a->energy = calloc(n, sizeof *a->energy);
	a->balance = calloc(n, sizeof *a->balance);
	if (!a->order || !a->waits || !a->out || !a->by_from || !a->last || !a->start || !a->time ||
		!a->ready || !a->energy || !a->balance)
		return fail(why, HG_ENOMEM, "check: no memory for %zu nodes", n - 1);
	memset(a->last, 0xff, devices * sizeof *a->last);
	return HG_OK;
}

/* A topological order of its own, the smallest number first among the ready. */
static hg_err sort_nodes(struct audit *a, hg_error *why)
{
	const struct edge *edges = a->dag->edges.data;
	size_t n = a->dag->nodes.len, m = a->dag->edges.len, done = 0;
	struct heap ready;
	hg_err rc = HG_OK;

	for (size_t e = 0; e < m; e++) {
		a->out[edges[e].from + 1]++;
		a->waits[edges[e].to]++;
	}
	for (size_t i = 0; i < n; i++)
		a->out[i + 1] += a->out[i];
	for (size_t e = m; e-- > 0;)
		a->by_from[--a->out[edges[e].from + 1]] = (uint32_t)e;
	/* out[i + 1] is now the first edge of node i */
	heap_init(&ready, n + 1);
	for (size_t i = 0; i < n && !rc; i++)
		if (a->waits[i] == 0)
			rc = heap_push(&ready, (double)i, i);
	while (ready.len > 0 && !rc) {
		uint32_t i = (uint32_t)heap_pop(&ready).value;
		uint32_t end = i + 1 < n ? a->out[i + 2] : (uint32_t)m;

		a->order[done++] = i;
		for (uint32_t k = a->out[i + 1]; k < end && !rc; k++) {
			uint32_t to = edges[a->by_from[k]].to;

			if (--a->waits[to] == 0)
				rc = heap_push(&ready, (double)to, to);
		}
	}
	heap_finish(&ready);
	if (rc)
		return fail(why, rc, "check: no memory for %zu nodes", n);
	return done == n ? HG_OK : fail(why, HG_EINVAL, "check: the DAG has a cycle");
}

static const struct work *work_of(const struct audit *a, uint32_t i)
{
	return dag_work(a->dag, dag_node(a->dag, i)->work);
}

static double power_of(const struct audit *a, uint32_t i)
{
	uint32_t device = dag_node(a->dag, i)->device;

	return device == HG_DAG_NO_DEVICE
		       ? 0.0
		       : ((const struct device *)a->dag->devices.data)[device].static_w;
}

/* Whether all options of a node have a setting: only those count as changes. */
static bool switchable(const struct audit *a, uint32_t i)
{
	const struct work *work = work_of(a, i);

	for (uint32_t o = 0; o < work->n; o++)
		if (work->options[o].setting == HG_SETTING_NONE)
			return false;
	return dag_node(a->dag, i)->device != HG_DAG_NO_DEVICE;
}

/* The first `late` seconds of a node at the setting that its device had before. */
static void run_late(struct audit *a, uint32_t i, hg_setting old, double late)
{
	const struct work *work = work_of(a, i);

	for (uint32_t o = 0; o < work->n; o++) {
		const hg_option *was = &work->options[o];
		double part;

		if (was->setting != old)
			continue;
		part = late < was->time_s ? late / was->time_s : 1.0;
		a->time[i] += part * (was->time_s - a->time[i]);
		a->energy[i] += part * (was->energy_j - a->energy[i]);
		return;
	}
	a->time[i] += late;
	a->energy[i] += late * power_of(a, i);
}

/* Starts, times and energies of all nodes; makespan and changes of setting into the verdict. */
static void replay(struct audit *a, hg_plan_verdict *v)
{
	const struct edge *edges = a->dag->edges.data;
	uint32_t n = (uint32_t)a->dag->nodes.len, m = (uint32_t)a->dag->edges.len;

	v->time_s = 0.0;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = a->order[k], device = dag_node(a->dag, i)->device;
		uint32_t end = i + 1 < n ? a->out[i + 2] : m;
		const hg_option *o = &work_of(a, i)->options[a->claim->option[i]];

		a->start[i] = a->ready[i];
		a->time[i] = o->time_s;
		a->energy[i] = o->energy_j;
		if (switchable(a, i)) {
			uint32_t before = a->last[device];

			a->last[device] = i;
			if (before != UINT32_MAX) {
				hg_setting old = work_of(a, before)
							 ->options[a->claim->option[before]]
							 .setting;
				double wait = a->start[i] - (a->start[before] + a->time[before]);
				double late = a->claim->switch_latency_s - fmax(wait, 0.0);

				v->switches += old != o->setting;
				if (old != o->setting && late > 0.0)
					run_late(a, i, old, late);
			}
		}
		if (a->claim->start_s)
			a->start[i] = fmax(a->start[i], a->claim->start_s[i]);
		v->time_s = fmax(v->time_s, a->start[i] + a->time[i]);
		for (uint32_t e = a->out[i + 1]; e < end; e++) {
			const struct edge *edge = &edges[a->by_from[e]];

			a->ready[edge->to] =
				fmax(a->ready[edge->to], a->start[i] + a->time[i] + edge->lag_s);
		}
	}
}

/* Energy until the charged time: what the nodes draw, changes, and every device's waiting. */
static double total(struct audit *a, uint64_t switches, double charged_s)
{
	const struct device *devices = a->dag->devices.data;
	double sum = 0.0;

	a->carry = 0.0;
	for (size_t i = 0; i < a->dag->nodes.len; i++) {
		plus(a, &sum, a->energy[i]);
		plus(a, &sum, -power_of(a, (uint32_t)i) * a->time[i]);
	}
	for (size_t k = 0; k < a->dag->devices.len; k++)
		plus(a, &sum, devices[k].static_w * charged_s);
	plus(a, &sum, (double)switches * a->claim->switch_cost_j);
	return sum + a->carry;
}

/* The value of the dual: min over options of every node, lags, less F * T. */
static hg_err bound(struct audit *a, double time_s, double charged_s, double *out, hg_error *why)
{
	const struct edge *edges = a->dag->edges.data;
	const struct device *devices = a->dag->devices.data;
	const double *node = a->claim->node_flow_w, *edge = a->claim->edge_flow_w;
	size_t n = a->dag->nodes.len, m = a->dag->edges.len;
	double sum = 0.0, value = 0.0, largest = 1.0;

	a->carry = 0.0;
	for (size_t e = 0; e < m; e++) {
		if (!(edge[e] >= 0.0) || !isfinite(edge[e]))
			return fail(why, HG_EINVAL, "check: edge %zu carries a flow of %g W", e,
				edge[e]);
		a->balance[edges[e].from] += edge[e];
		plus(a, &sum, edge[e] * edges[e].lag_s);
	}
	for (size_t i = 0; i < n; i++) {
		const struct work *work = work_of(a, (uint32_t)i);
		double least = INFINITY, w = power_of(a, (uint32_t)i);

		if (!(node[i] >= 0.0) || !isfinite(node[i]))
			return fail(why, HG_EINVAL, "check: node %zu carries a flow of %g W", i,
				node[i]);
		largest = fmax(largest, node[i]);
		for (uint32_t o = 0; o < work->n; o++)
			least = fmin(least, work->options[o].energy_j +
						    (node[i] - w) * work->options[o].time_s);
		plus(a, &sum, least);
	}
	/* what leaves by edges must not be more than the node; the rest goes to the sink: F */
	for (size_t i = 0; i < n; i++) {
		double rest = node[i] - a->balance[i];

		if (rest < -NEAR * largest * 1e3)
			return fail(why, HG_EINVAL, "check: node %zu: %g W flow out of %g W", i,
				a->balance[i], node[i]);
		value += fmax(rest, 0.0);
		a->balance[i] = 0.0;
	}
	for (size_t e = 0; e < m; e++)
		a->balance[edges[e].to] += edge[e];
	for (size_t i = 0; i < n; i++)
		if (a->balance[i] - node[i] > NEAR * largest * 1e3)
			return fail(why, HG_EINVAL, "check: node %zu: %g W flow into %g W", i,
				a->balance[i], node[i]);
	plus(a, &sum, -value * time_s);
	for (size_t k = 0; k < a->dag->devices.len; k++)
		plus(a, &sum, devices[k].static_w * charged_s);
	*out = sum + a->carry;
	return HG_OK;
}

static bool differs(double claimed, double found)
{
	return !isnan(claimed) &&
	       !(fabs(claimed - found) <= NEAR * fmax(1.0, fmax(fabs(claimed), fabs(found))));
}

/* Starts that come too early. */
static bool early(const struct audit *a, hg_error *why)
{
	if (!a->claim->start_s)
		return false;
	for (size_t i = 0; i < a->dag->nodes.len; i++)
		if (!(a->claim->start_s[i] >= a->ready[i] - NEAR * fmax(1.0, a->ready[i]))) {
			(void)fail(why, HG_EINVAL,
				"node %zu starts at %.9g s, not ready before %.9g s", i,
				a->claim->start_s[i], a->ready[i]);
			return true;
		}
	return false;
}

/* Nodes that must share a setting and do not. */
static hg_err apart(const struct audit *a, bool *found, hg_error *why)
{
	uint32_t n = (uint32_t)a->dag->nodes.len, sets;
	uint32_t *set = malloc(((size_t)n + 1) * sizeof *set);
	uint32_t *first = malloc(((size_t)n + 1) * sizeof *first);
	hg_err rc = HG_ENOMEM;

	*found = false;
	if (set && first)
		rc = dag_sets(a->dag, a->claim->class_of, set, &sets);
	if (rc) {
		rc = fail(why, rc, "check: no memory for %u nodes", n);
		goto out;
	}
	memset(first, 0xff, (size_t)n * sizeof *first);
	for (uint32_t i = 0; i < n && !*found; i++) {
		uint32_t f = first[set[i]];

		if (f == UINT32_MAX) {
			first[set[i]] = i;
			continue;
		}
		if (work_of(a, i)->options[a->claim->option[i]].setting ==
			work_of(a, f)->options[a->claim->option[f]].setting)
			continue;
		*found = true;
		(void)fail(why, HG_EINVAL, "nodes %u and %u must share a setting and do not", f, i);
	}
out:
	free(set);
	free(first);
	return rc;
}

/* The bound of the flow: by nodes that choose for themselves, or, where more than that is claimed,
 * with pairs of chains. */
static hg_err prove(struct audit *a, double time_s, double charged_s, double *out, hg_error *why)
{
	const hg_plan_claim *c = a->claim;
	hg_err rc = bound(a, time_s, charged_s, out, why);
	double gain_j;

	if (rc || !(c->bound_j > *out) || !differs(c->bound_j, *out))
		return rc;
	rc = hg_dag_pairs(a->dag, c->node_flow_w, c->edge_flow_w, &gain_j, why);
	if (!rc)
		*out += gain_j;
	return rc;
}

/* Compares what is claimed with what was found. */
static bool holds(const hg_plan_claim *c, const hg_plan_verdict *v, hg_error *why)
{
	if (differs(c->time_s, v->time_s))
		(void)fail(why, HG_EINVAL, "makespan %.12g s is claimed, %.12g s is found",
			c->time_s, v->time_s);
	else if (differs(c->energy_j, v->energy_j))
		(void)fail(why, HG_EINVAL, "energy %.12g J is claimed, %.12g J is found",
			c->energy_j, v->energy_j);
	else if (c->switches != UINT64_MAX && c->switches != v->switches)
		(void)fail(why, HG_EINVAL, "%llu changes of setting are claimed, %llu are found",
			(unsigned long long)c->switches, (unsigned long long)v->switches);
	else if (!isnan(c->bound_j) && isnan(v->bound_j))
		(void)fail(why, HG_EINVAL,
			"a bound of %.12g J is claimed without a flow that proves it", c->bound_j);
	else if (differs(c->bound_j, v->bound_j))
		(void)fail(why, HG_EINVAL, "a bound of %.12g J is claimed, the flow proves %.12g J",
			c->bound_j, v->bound_j);
	else if (v->bound_j > v->energy_j * (1.0 + NEAR))
		(void)fail(why, HG_EINVAL, "energy %.12g J is below the bound of %.12g J",
			v->energy_j, v->bound_j);
	else
		return true;
	return false;
}

static hg_err check_claim(const hg_dag *dag, const hg_plan_claim *c, hg_error *why)
{
	if (!c->option)
		return fail(why, HG_EINVAL, "check: no option of any node");
	if (!c->node_flow_w != !c->edge_flow_w)
		return fail(why, HG_EINVAL, "check: flows of nodes and of edges go together");
	if (!(c->switch_cost_j >= 0.0) || !(c->switch_latency_s >= 0.0))
		return fail(why, HG_EINVAL, "check: a cost of switching is negative");
	for (uint32_t i = 0; i < dag->nodes.len; i++)
		if (c->option[i] >= dag_work(dag, dag_node(dag, i)->work)->n)
			return fail(
				why, HG_EINVAL, "check: node %u has no option %u", i, c->option[i]);
	return HG_OK;
}

hg_err hg_plan_check(
	const hg_dag *dag, const hg_plan_claim *claim, hg_plan_verdict *verdict, hg_error *why)
{
	hg_plan_claim c;
	hg_plan_verdict v = {.size = sizeof v, .bound_j = (double)NAN};
	struct audit a = {.dag = dag, .claim = &c};
	double charged;
	bool broken = false;
	hg_err rc;

	if (!dag || !claim || !verdict || size_read(&c, sizeof c, claim) != 0 || !dag->finished)
		return fail(why, HG_EINVAL, "check: no finished DAG, claim or room for a verdict");
	rc = check_claim(dag, &c, why);
	if (!rc)
		rc = audit_init(&a, why);
	if (!rc)
		rc = sort_nodes(&a, why);
	if (rc)
		goto out;
	replay(&a, &v);
	charged = c.charged_s > 0.0 ? c.charged_s : v.time_s;
	v.energy_j = total(&a, v.switches, charged);
	if (c.node_flow_w)
		rc = prove(&a, v.time_s, charged, &v.bound_j, why);
	if (!rc)
		rc = apart(&a, &broken, why);
	if (rc)
		goto out;
	if (charged < v.time_s * (1.0 - NEAR)) {
		(void)fail(why, HG_EINVAL, "charged until %.12g s, before the end at %.12g s",
			charged, v.time_s);
		broken = true;
	}
	v.holds = !broken && !early(&a, why) && holds(&c, &v, why);
	size_write(verdict, &v, sizeof v);
out:
	audit_finish(&a);
	return rc;
}
