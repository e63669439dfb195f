/*
 * The certificate: the dual value of a flow, on the raw options.
 *
 * It knows nothing of hulls, events or contraction. What enters a node beyond the flow of its edges
 * comes from the source, what leaves beyond goes to the sink: both arcs exist for every node, since
 * none starts before 0 nor ends after T.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "dag.h"
#include "sum.h"

/* Flows in W that are sums of millionths are conserved up to that, relatively. */
#define ROUNDING 1e-9

static hg_err check_flow(double w, const char *what, uint64_t at, hg_error *why)
{
	if (w >= 0 && isfinite(w))
		return HG_OK;
	return fail(
		why, HG_EINVAL, "flow of %s %" PRIu64 " is %g W, expected 0 or more", what, at, w);
}

/*
 * Value of the flow: what comes from the source. Where rounding makes a node receive a little more
 * from its edges than it carries, the difference is charged as if it went to the sink at once,
 * which needs no arc: so the value is the larger of what leaves the source and enters the sink.
 */
static hg_err flow_value(
	const hg_dag *dag, const double *node, const double *edge, double *value, hg_error *why)
{
	struct sum from = {0, 0}, to = {0, 0};
	char name[64];

	for (uint32_t i = 0; i < dag->n; i++) {
		double in = 0, out = 0, room = ROUNDING * (1 + node[i]);

		for (uint32_t k = dag->pred_at[i]; k < dag->pred_at[i + 1]; k++)
			in += edge[dag->pred[k]];
		for (uint32_t k = dag->succ_at[i]; k < dag->succ_at[i + 1]; k++)
			out += edge[k];
		if (in > node[i] + room || out > node[i] + room)
			return fail(why, HG_EINVAL,
				"%s: the flow is not conserved: %.9g W come in, %.9g W go through, "
				"%.9g W go out",
				dag_node_name(dag, i, name, sizeof name), in, node[i], out);
		sum_add(&from, node[i] > in ? node[i] - in : 0);
		sum_add(&to, node[i] > out ? node[i] - out : 0);
	}
	*value = fmax(sum_value(&from), sum_value(&to));
	return HG_OK;
}

/* Least effective energy of one node at a price per second. */
static double best_of_one(const hg_dag *dag, uint32_t i, double flow)
{
	const struct work *w = dag_work(dag, dag_node(dag, i)->work);
	double price = flow - dag_static_w(dag, i), best = INFINITY;

	for (uint32_t k = 0; k < w->n; k++) {
		double e = fma(price, w->options[k].time_s, w->options[k].energy_j);

		best = e < best ? e : best;
	}
	return best;
}

static int compare_first(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return (x[1] > y[1]) - (x[1] < y[1]);
}

/* Option of a work with a setting, or NULL. */
static const hg_option *with_setting(const struct work *w, hg_setting setting)
{
	for (uint32_t k = 0; k < w->n; k++)
		if (w->options[k].setting == setting)
			return w->options + k;
	return NULL;
}

/* Least energy of nodes that share a setting. */
static double best_of_set(
	const hg_dag *dag, const uint32_t (*member)[2], uint32_t n, const double *flow)
{
	const struct work *first = dag_work(dag, dag_node(dag, member[0][1])->work);
	double best = INFINITY;

	for (uint32_t k = 0; k < first->n; k++) {
		struct sum sum = {0, 0};
		uint32_t i = 0;

		for (; i < n; i++) {
			uint32_t v = member[i][1];
			const struct work *w = dag_work(dag, dag_node(dag, v)->work);
			const hg_option *o = w == first
						     ? first->options + k
						     : with_setting(w, first->options[k].setting);

			if (!o || first->options[k].setting == HG_SETTING_NONE)
				break;
			sum_add(&sum, fma(flow[v] - dag_static_w(dag, v), o->time_s, o->energy_j));
		}
		if (i == n && sum_value(&sum) < best)
			best = sum_value(&sum);
	}
	return best;
}

/* Sum over the sets of nodes that share a setting. */
static hg_err add_nodes(const hg_dag *dag, hg_plan_class class_of, const double *flow,
	struct sum *sum, hg_error *why)
{
	uint32_t *set = malloc((size_t)dag->n * sizeof *set), n_sets;
	uint32_t(*member)[2] = malloc((size_t)dag->n * sizeof *member);
	hg_err rc = set && member ? dag_sets(dag, class_of, set, &n_sets) : HG_ENOMEM;

	for (uint32_t i = 0; i < dag->n && !rc; i++) {
		member[i][0] = set[i];
		member[i][1] = i;
	}
	if (!rc)
		qsort(member, dag->n, sizeof *member, compare_first);
	for (uint32_t i = 0, n; i < dag->n && !rc; i += n) {
		double best;

		for (n = 1; i + n < dag->n && member[i + n][0] == member[i][0];)
			n++;
		best = n == 1 ? best_of_one(dag, member[i][1], flow[member[i][1]])
			      : best_of_set(dag, member + i, n, flow);
		if (!isfinite(best))
			rc = HG_EINVAL;
		sum_add(sum, best);
	}
	free(set);
	free(member);
	if (rc == HG_EINVAL)
		return fail(why, rc, "nodes that must share a setting have none in common");
	return rc ? fail(why, rc, "out of memory") : HG_OK;
}

/* The dual value; node and edge are there. */
static hg_err evaluate(const hg_dag *dag, hg_plan_class class_of, const double *node,
	const double *edge, double time_s, double *bound_j, double *flow_w, hg_error *why)
{
	struct sum sum = {0, 0};
	double value = 0;
	hg_err rc = HG_OK;

	for (uint32_t i = 0; i < dag->n && !rc; i++)
		rc = check_flow(node[i], "node", i, why);
	for (uint32_t i = 0; i < dag->m && !rc; i++)
		rc = check_flow(edge[i], "edge", i, why);
	if (!rc)
		rc = flow_value(dag, node, edge, &value, why);
	if (!rc)
		rc = add_nodes(dag, class_of, node, &sum, why);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < dag->m; i++)
		sum_add_product(&sum, dag_edges(dag)[i].lag_s, edge[i]);
	sum_add_product(&sum, dag->static_w - value, time_s);
	*bound_j = sum_value(&sum);
	if (flow_w)
		*flow_w = value;
	return HG_OK;
}

hg_err hg_dag_bound(const hg_dag *dag, hg_plan_class class_of, const double *node_flow_w,
	const double *edge_flow_w, double time_s, double *bound_j, double *flow_w, hg_error *why)
{
	double *node, *edge;
	hg_err rc;

	if (!dag->finished)
		return fail(why, HG_EINVAL, "the DAG is not finished: call hg_dag_finish() first");
	if (!(time_s >= 0 && isfinite(time_s)))
		return fail(why, HG_EINVAL, "time is %g s, expected a finite number, 0 or more",
			time_s);
	node = calloc((size_t)dag->n + 1, sizeof *node);
	edge = calloc((size_t)dag->m + 1, sizeof *edge);
	if (!node || !edge) {
		rc = fail(why, HG_ENOMEM, "out of memory");
	} else {
		if (node_flow_w)
			memcpy(node, node_flow_w, (size_t)dag->n * sizeof *node);
		if (edge_flow_w)
			memcpy(edge, edge_flow_w, (size_t)dag->m * sizeof *edge);
		rc = evaluate(dag, class_of, node, edge, time_s, bound_j, flow_w, why);
	}
	free(node);
	free(edge);
	return rc;
}
