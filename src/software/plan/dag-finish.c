/* Finishing a DAG: distinct edges, adjacency, a topological order, shapes, groups. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "dag.h"
#include "shape.h"

/* Longest time of all nodes and lags together, s: sums of ns then stay far from 2^63. */
#define TOTAL_MAX_S 5e8

void dag_unfinish(hg_dag *dag)
{
	free(dag->shapes);
	free(dag->choices);
	free(dag->hull);
	free(dag->succ_at);
	free(dag->pred_at);
	free(dag->pred);
	free(dag->topo);
	dag->shapes = NULL;
	dag->choices = NULL;
	dag->hull = NULL;
	dag->succ_at = dag->pred_at = dag->pred = dag->topo = NULL;
}

static int compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->lag_s < y->lag_s) - (x->lag_s > y->lag_s);
}

/* Sorts the edges; of equal ones the longest lag stays. */
static void sort_edges(hg_dag *dag)
{
	struct edge *e = dag->edges.data;
	size_t kept = 0;

	if (dag->edges.len == 0)
		return;
	qsort(e, dag->edges.len, sizeof *e, compare_edges);
	for (size_t i = 0; i < dag->edges.len; i++)
		if (kept == 0 || e[i].from != e[kept - 1].from || e[i].to != e[kept - 1].to)
			e[kept++] = e[i];
	dag->edges.len = kept;
}

static hg_err make_adjacency(hg_dag *dag)
{
	const struct edge *e = dag_edges(dag);

	dag->n = (uint32_t)dag->nodes.len;
	dag->m = (uint32_t)dag->edges.len;
	dag->succ_at = calloc((size_t)dag->n + 2, sizeof *dag->succ_at);
	dag->pred_at = calloc((size_t)dag->n + 2, sizeof *dag->pred_at);
	dag->pred = malloc(((size_t)dag->m + 1) * sizeof *dag->pred);
	dag->topo = malloc(((size_t)dag->n + 1) * sizeof *dag->topo);
	if (!dag->succ_at || !dag->pred_at || !dag->pred || !dag->topo)
		return HG_ENOMEM;
	/* Counts lie two behind, so that filling moves each start to its place. */
	for (uint32_t i = 0; i < dag->m; i++) {
		dag->succ_at[e[i].from + 1]++;
		dag->pred_at[e[i].to + 2]++;
	}
	for (uint32_t i = 0; i < dag->n; i++) {
		dag->succ_at[i + 1] += dag->succ_at[i];
		dag->pred_at[i + 2] += dag->pred_at[i + 1];
	}
	for (uint32_t i = 0; i < dag->m; i++)
		dag->pred[dag->pred_at[e[i].to + 1]++] = i;
	return HG_OK;
}

/* A cycle among the nodes that still wait for a predecessor, as text. */
static hg_err name_cycle(const hg_dag *dag, const uint32_t *waits, hg_error *why)
{
	uint32_t *seen = calloc(dag->n, sizeof *seen), at = 0, steps = 0;
	char text[HG_ERROR_TEXT] = "", name[64];
	size_t used = 0;

	if (!seen)
		return fail(why, HG_ENOMEM, "out of memory");
	while (!waits[at])
		at++;
	/* Every waiting node has a waiting predecessor: walking back ends on a cycle. */
	while (!seen[at]) {
		uint32_t k = dag->pred_at[at];

		seen[at] = ++steps;
		while (!waits[dag_edges(dag)[dag->pred[k]].from])
			k++;
		at = dag_edges(dag)[dag->pred[k]].from;
	}
	steps -= seen[at] - 1;
	free(seen);
	/* Walking forward again would need the path: walk back once more, and print it reversed. */
	for (uint32_t i = 0; i <= steps && used < sizeof text - 80; i++) {
		uint32_t k = dag->pred_at[at];

		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " <- " : "",
			dag_node_name(dag, at, name, sizeof name));
		while (!waits[dag_edges(dag)[dag->pred[k]].from])
			k++;
		at = dag_edges(dag)[dag->pred[k]].from;
	}
	return fail(why, HG_EINVAL, "a cycle of %" PRIu32 " nodes wait for each other: %s", steps,
		text);
}

/* Topological order, smallest number first among the ready. */
static hg_err sort_nodes(hg_dag *dag, hg_error *why)
{
	uint32_t *waits = calloc(dag->n, sizeof *waits), done = 0;
	struct heap ready;
	hg_err rc = HG_OK;

	heap_init(&ready, dag->n);
	if (!waits)
		return fail(why, HG_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < dag->n && !rc; i++) {
		waits[i] = dag->pred_at[i + 1] - dag->pred_at[i];
		if (!waits[i])
			rc = heap_push(&ready, (double)i, i);
	}
	while (!rc && heap_top(&ready)) {
		uint32_t u = (uint32_t)heap_pop(&ready).value;

		dag->topo[done++] = u;
		for (uint32_t k = dag->succ_at[u]; k < dag->succ_at[u + 1] && !rc; k++) {
			uint32_t v = dag_edges(dag)[k].to;

			if (--waits[v] == 0)
				rc = heap_push(&ready, (double)v, v);
		}
	}
	if (rc)
		rc = fail(why, rc, "out of memory");
	else if (done < dag->n)
		rc = name_cycle(dag, waits, why);
	heap_finish(&ready);
	free(waits);
	return rc;
}

/* Sums of times fit the integers of the solver, whatever the path. */
static hg_err check_total(const hg_dag *dag, hg_error *why)
{
	double total = 0;

	for (uint32_t i = 0; i < dag->n; i++) {
		const struct shape *s = dag_shape(dag, i);

		total += dag->choices[s->first + s->n - 1].time_s;
	}
	for (uint32_t i = 0; i < dag->m; i++)
		total += dag_edges(dag)[i].lag_s;
	if (!(total <= TOTAL_MAX_S))
		return fail(why, HG_ERANGE, "all nodes and lags together take %g s, more than %g",
			total, TOTAL_MAX_S);
	return HG_OK;
}

hg_err hg_dag_finish(hg_dag *dag, hg_error *why)
{
	hg_err rc;

	if (dag->finished)
		return HG_OK;
	if (dag->nodes.len == 0)
		return fail(why, HG_EINVAL, "the DAG has no node");
	dag_unfinish(dag);
	sort_edges(dag);
	rc = make_adjacency(dag);
	if (rc)
		return fail(why, rc, "out of memory");
	dag->static_w = 0;
	for (size_t i = 0; i < dag->devices.len; i++)
		dag->static_w += ((const struct device *)dag->devices.data)[i].static_w;
	rc = sort_nodes(dag, why);
	if (!rc)
		rc = shapes_make(dag, why);
	if (!rc)
		rc = check_total(dag, why);
	if (!rc)
		rc = sets_check(dag, HG_CLASS_OP, &dag->n_groups, why);
	dag->finished = !rc;
	return rc;
}

double dag_mean_slope(const hg_dag *dag)
{
	double energy_j = 0, time_s = 0;

	for (uint32_t i = 0; i < dag->n_shapes; i++) {
		const struct shape *s = dag->shapes + i;
		const struct hull_vertex *h = dag->hull + s->hull_first;
		const struct choice *slow = dag->choices + h[0].choice;
		const struct choice *fast = dag->choices + h[s->hull_n - 1].choice;

		energy_j += fast->eff_j - slow->eff_j;
		time_s += slow->time_s - fast->time_s;
	}
	return time_s > 0 ? energy_j / time_s : 0;
}
