/* The discrete problem of a DAG: positions, menus, sets, neighbours on the devices. */
#include "discrete.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "dag.h"
#include "menu.h"
#include "mesh.h"

#define TICK_BITS 40

static hg_err no_memory(const struct disc *d, hg_error *why)
{
	return fail(why, HG_ENOMEM, "plan: no memory for %u nodes", d->n);
}

void disc_finish(struct disc *d)
{
	free(d->node);
	free(d->succ_at);
	free(d->pred_at);
	free(d->succ);
	free(d->pred);
	free(d->set);
	free(d->member_at);
	free(d->member);
	free(d->rows);
	free(d->menu);
	free(d->dish);
	free(d->before);
	free(d->after);
	free(d->flow);
	free(d->window);
	free(d->start);
	free(d->slot[0]);
	free(d->slot[1]);
	free(d->by_key);
	free(d->line_at);
	free(d->line);
	*d = (struct disc){0};
}

static hg_err room(struct disc *d, const hg_dag *dag, hg_error *why)
{
	size_t n = (size_t)dag->n + 2, links = (size_t)dag->m + dag->n;

	d->n = dag->n;
	d->node = calloc(n, sizeof *d->node);
	d->succ_at = calloc(n, sizeof *d->succ_at);
	d->pred_at = calloc(n, sizeof *d->pred_at);
	d->succ = calloc(links + 1, sizeof *d->succ);
	d->pred = calloc(links + 1, sizeof *d->pred);
	d->set = calloc(n, sizeof *d->set);
	d->member_at = calloc(n, sizeof *d->member_at);
	d->member = calloc(n, sizeof *d->member);
	d->rows = calloc(n, sizeof *d->rows);
	d->menu = calloc(n, sizeof *d->menu);
	d->before = malloc(n * sizeof *d->before);
	d->after = malloc(n * sizeof *d->after);
	d->flow = calloc(n, sizeof *d->flow);
	d->window = calloc(n, sizeof *d->window);
	d->start = calloc(n, sizeof *d->start);
	d->slot[0] = calloc(n, sizeof *d->slot[0]);
	d->slot[1] = calloc(n, sizeof *d->slot[1]);
	d->line_at = calloc(n, sizeof *d->line_at);
	d->line = calloc(n, sizeof *d->line);
	if (!d->node || !d->succ_at || !d->pred_at || !d->succ || !d->pred || !d->set ||
		!d->member_at || !d->member || !d->rows || !d->menu || !d->before || !d->after ||
		!d->flow || !d->window || !d->start || !d->slot[0] || !d->slot[1] || !d->line_at ||
		!d->line)
		return no_memory(d, why);
	memset(d->before, 0xff, n * sizeof *d->before);
	memset(d->after, 0xff, n * sizeof *d->after);
	return HG_OK;
}

/* Ticks of a second: as fine as the longest imaginable plan allows. */
static double resolution(const hg_dag *dag)
{
	double longest = 1.0, scale = ldexp(1.0, TICK_BITS);

	for (uint32_t i = 0; i < dag->n; i++) {
		const struct work *work = dag_work(dag, dag_node(dag, i)->work);
		double slow = 0.0;

		for (uint32_t k = 0; k < work->n; k++)
			slow = fmax(slow, work->options[k].time_s);
		longest += slow;
	}
	for (uint32_t e = 0; e < dag->m; e++)
		longest += dag_edges(dag)[e].lag_s;
	while (scale * longest > ldexp(1.0, 61))
		scale *= 0.5;
	return scale;
}

/* Edges by position; nodes that nobody follows lead to the sink. */
static void connect(struct disc *d, const hg_dag *dag, const uint32_t *at_of)
{
	const struct edge *edges = dag_edges(dag);
	uint32_t links = 0;

	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t i = d->node[at];

		d->succ_at[at] = links;
		for (uint32_t e = dag->succ_at[i]; e < dag->succ_at[i + 1]; e++)
			d->succ[links++] = (struct link){
				at_of[edges[e].to], (int64_t)ceil(edges[e].lag_s * d->ticks_per_s)};
		if (dag->succ_at[i] == dag->succ_at[i + 1])
			d->succ[links++] = (struct link){d->n, 0};
	}
	d->succ_at[d->n] = d->succ_at[d->n + 1] = links;
	mesh_turn(d->n, d->succ_at, d->succ, d->pred_at, d->pred);
}

/* Neighbours on the devices, and which round of its device's work a node belongs to: by its own
 * kind, or by the kind that the device begins with. */
static hg_err neighbours(struct disc *d, const hg_dag *dag, hg_error *why)
{
	size_t devices = dag->devices.len, kinds = dag->n_shapes;
	uint32_t *last = malloc((devices + 1) * sizeof *last);
	uint32_t *lead = malloc((devices + 1) * sizeof *lead);
	uint32_t *rounds = calloc(devices + 1, sizeof *rounds);
	/* too many to tell apart: all of a device count as one kind */
	bool apart = devices < 1 << 16 && devices * kinds < (size_t)1 << 24;
	uint32_t *count = calloc(apart ? devices * kinds + 1 : devices + 1, sizeof *count);

	if (!last || !lead || !rounds || !count) {
		free(last);
		free(lead);
		free(rounds);
		free(count);
		return no_memory(d, why);
	}
	memset(last, 0xff, (devices + 1) * sizeof *last);
	memset(lead, 0xff, (devices + 1) * sizeof *lead);
	for (uint32_t at = 0; at < d->n; at++) {
		const struct node *node = dag_node(dag, d->node[at]);
		uint32_t dev = node->device;

		if (dev == HG_DAG_NO_DEVICE)
			continue;
		if (lead[dev] == NOBODY)
			lead[dev] = node->shape;
		rounds[dev] += lead[dev] == node->shape;
		d->slot[0][at] = count[apart ? dev * kinds + node->shape : dev]++;
		d->slot[1][at] = rounds[dev] - 1;
		if (!menu_has_settings(dag, d->node[at]))
			continue;
		d->before[at] = last[dev];
		if (last[dev] != NOBODY)
			d->after[last[dev]] = at;
		last[dev] = at;
	}
	free(last);
	free(lead);
	free(rounds);
	free(count);
	return HG_OK;
}

struct place {
	uint32_t device, shape, at;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (x->shape != y->shape)
		return x->shape < y->shape ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static hg_err line_up(struct disc *d, const hg_dag *dag, hg_error *why)
{
	struct place *place = malloc(((size_t)d->n + 1) * sizeof *place);

	if (!place)
		return no_memory(d, why);
	for (uint32_t at = 0; at < d->n; at++) {
		const struct node *node = dag_node(dag, d->node[at]);

		place[at] = (struct place){node->device, node->shape, at};
	}
	qsort(place, d->n, sizeof *place, compare_places);
	for (uint32_t k = 0; k < d->n; k++) {
		if (k == 0 || place[k].device != place[k - 1].device ||
			place[k].shape != place[k - 1].shape)
			d->line_at[d->n_lines++] = k;
		d->line[k] = place[k].at;
	}
	d->line_at[d->n_lines] = d->n;
	free(place);
	return HG_OK;
}

static void relax(struct disc *d, const hg_relaxed *relaxed)
{
	size_t n;
	const double *window = hg_relaxed_windows(relaxed, &n);
	const double *start = hg_relaxed_starts(relaxed, &n);
	const double *flow = hg_relaxed_node_flows(relaxed, &n);

	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t i = d->node[at];
		/* the relaxed plan is in whole ns, 2 of which a node are within its tolerance */
		double ticks = fmin((window[i] + 2e-9) * d->ticks_per_s, ldexp(1.0, 61));

		d->window[at] = (int64_t)ticks;
		d->start[at] = (int64_t)(start[i] * d->ticks_per_s);
		d->flow[at] = flow[i];
	}
}

hg_err disc_init(struct disc *d, const hg_dag *dag, const hg_relaxed *relaxed,
	const struct disc_opts *opts, hg_error *why)
{
	uint32_t *at_of = NULL;
	hg_err rc;

	*d = (struct disc){0};
	rc = room(d, dag, why);
	if (rc)
		goto out;
	at_of = malloc(((size_t)d->n + 1) * sizeof *at_of);
	if (!at_of) {
		rc = no_memory(d, why);
		goto out;
	}
	for (uint32_t at = 0; at < d->n; at++) {
		d->node[at] = dag->topo[at];
		at_of[dag->topo[at]] = at;
	}
	d->ticks_per_s = resolution(dag);
	d->deadline = (int64_t)fmin(opts->deadline_s * d->ticks_per_s, ldexp(1.0, 61));
	d->switch_j = opts->switch_cost_j;
	d->latency = (int64_t)ceil(opts->switch_latency_s * d->ticks_per_s);
	connect(d, dag, at_of);
	if (relaxed)
		relax(d, relaxed);
	rc = line_up(d, dag, why);
	if (!rc)
		rc = neighbours(d, dag, why);
	if (!rc)
		rc = menu_build(d, dag, opts, why);
out:
	free(at_of);
	if (rc)
		disc_finish(d);
	return rc;
}
