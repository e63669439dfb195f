#include "tile.h"

#include <stdlib.h>
#include <string.h>

#include "mend.h"
#include "sum.h"

bool tiling_init(struct tiling *t, uint32_t nodes, uint32_t edges, uint32_t small_nodes)
{
	memset(t, 0, sizeof *t);
	t->node = malloc(((size_t)nodes + 1) * sizeof *t->node);
	t->shift = malloc(((size_t)nodes + 1) * sizeof *t->shift);
	t->wave = calloc((size_t)nodes + 1, sizeof *t->wave);
	t->edge = malloc(((size_t)edges + 1) * sizeof *t->edge);
	for (unsigned w = 0; w < TILING_WAVES; w++)
		t->pairs[w] = malloc(((size_t)small_nodes + 1) * sizeof *t->pairs[w]);
	if (t->node && t->shift && t->wave && t->edge && t->pairs[0] && t->pairs[1])
		return true;
	tiling_finish(t);
	return false;
}

void tiling_finish(struct tiling *t)
{
	free(t->node);
	free(t->shift);
	free(t->wave);
	free(t->edge);
	for (unsigned w = 0; w < TILING_WAVES; w++)
		free(t->pairs[w]);
	memset(t, 0, sizeof *t);
}

void tiling_pair(struct tiling *t, unsigned wave, uint32_t node, uint32_t later)
{
	t->pairs[wave][t->n_pairs[wave]++] = (struct pair){node, later};
}

hg_plan_frontier *tiled_create(hg_plan_frontier *small, hg_dag *dag, struct tiling *t)
{
	hg_plan_frontier *set = calloc(1, sizeof *set);

	if (!set)
		return NULL;
	vec_init(&set->pieces, sizeof(struct piece), SIZE_MAX / sizeof(struct piece));
	vec_init(&set->checkpoints, sizeof(struct checkpoint), 0);
	vec_init(&set->anchors, sizeof(struct anchor), ANCHORS);
	set->dag = hg_dag_ref(dag);
	set->quantum_uw = small->quantum_uw;
	set->small = small;
	set->tiling = *t;
	memset(t, 0, sizeof *t);
	return set;
}

void tiled_abandon(hg_plan_frontier *set, struct tiling *t)
{
	if (!set)
		return;
	*t = set->tiling;
	memset(&set->tiling, 0, sizeof set->tiling);
	set->small = NULL;
	hg_plan_frontier_destroy(set);
}

/* Flow of each edge of the small DAG, uW: an edge without arc joins two events that are one. */
static int64_t *edge_flows(const hg_plan_frontier *set, const struct sweep *s)
{
	const hg_dag *dag = set->dag;
	int64_t *flow = malloc(((size_t)dag->m + 1) * sizeof *flow);

	for (uint32_t e = 0; flow && e < dag->m; e++) {
		const struct edge *edge = dag_edges(dag) + e;
		bool only_in = dag->pred_at[edge->to + 1] - dag->pred_at[edge->to] == 1;

		flow[e] = s->flow[only_in ? edge->to : edge->from];
	}
	for (uint32_t a = set->net.n_ops; flow && a < set->net.n_arcs; a++)
		flow[set->net.edge_of[a - set->net.n_ops]] = s->flow[a];
	return flow;
}

static int compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* How long a step of a wave takes in the small state: of most nodes it is the same. */
static bool step_time(
	const struct tiling *t, unsigned wave, const struct sweep *small, int64_t *tau_ns)
{
	uint32_t n = t->n_pairs[wave];
	int64_t *apart = malloc(((size_t)n + 1) * sizeof *apart);

	*tau_ns = 0;
	for (uint32_t i = 0; apart && i < n; i++) {
		const struct pair *p = t->pairs[wave] + i;

		apart[i] = small->pi[small->net->arcs[p->later].tail] -
			   small->pi[small->net->arcs[p->node].tail];
	}
	if (apart && n) {
		qsort(apart, n, sizeof *apart, compare_times);
		*tau_ns = apart[n / 2];
	}
	free(apart);
	return apart != NULL;
}

/* Copies a state of the small frontier. */
static void copy_state(const hg_plan_frontier *set, const struct sweep *small,
	const int64_t *edge_flow, const int64_t *tau_ns, struct sweep *s)
{
	const struct net *net = &set->net, *from = small->net;
	const struct tiling *t = &set->tiling;

	memset(s->pi, 0, (size_t)net->n_events * sizeof *s->pi);
	for (uint32_t i = 0; i < net->n_ops; i++) {
		const struct arc *arc = net->arcs + i, *was = from->arcs + t->node[i];
		int64_t later = t->shift[i] * tau_ns[t->wave[i]];
		int64_t start, end;

		if (t->wave[i]) /* all of the wave before stands before it */
			later += t->steps * tau_ns[0];
		start = small->pi[was->tail] + later;
		end = small->pi[was->head] + later;
		s->flow[i] = small->flow[t->node[i]];
		if (arc->tail != NET_SOURCE)
			s->pi[arc->tail] = start;
		if (s->pi[arc->head] < end)
			s->pi[arc->head] = end;
	}
	for (uint32_t a = net->n_ops; a < net->n_arcs; a++) {
		uint32_t e = t->edge[net->edge_of[a - net->n_ops]];

		s->flow[a] = e == UINT32_MAX ? 0 : edge_flow[e];
	}
}

hg_err tiled_state(const hg_plan_frontier *set, size_t piece, uint64_t look_max, struct sweep *s)
{
	const struct piece *p = (const struct piece *)set->small->pieces.data + piece;
	int64_t tau_ns[TILING_WAVES], *flow;
	struct sweep small;
	hg_err rc = set_restore(set->small, piece, &small);

	if (rc)
		return rc;
	flow = edge_flows(set->small, &small);
	if (!flow || !step_time(&set->tiling, 0, &small, &tau_ns[0]) ||
		!step_time(&set->tiling, 1, &small, &tau_ns[1]))
		rc = HG_ENOMEM;
	if (!rc)
		rc = sweep_init(s, &set->net);
	if (!rc) {
		copy_state(set, &small, flow, tau_ns, s);
		rc = sweep_mend(s, p->flow_uw, look_max);
		if (rc)
			sweep_finish(s);
	}
	free(flow);
	sweep_finish(&small);
	return rc;
}

/* Energy of a node above that of its slowest vertex, by the slopes of the network, J. */
static double above_slowest(const struct net *net, const struct arc *arc, int64_t window_ns)
{
	const struct hull_vertex *h = net->hull + arc->hull;
	double sum = 0;

	for (uint32_t j = 0; j < arc->k && h[j].len_ns > window_ns; j++) {
		int64_t to = h[j + 1].len_ns > window_ns ? h[j + 1].len_ns : window_ns;

		sum += (double)(h[j].len_ns - to) * (double)h[j].slope_uw;
	}
	return sum * 1e-15;
}

double state_energy(const hg_plan_frontier *set, const int64_t *pi)
{
	struct sum found = {set_base_energy(set), 0};

	sum_add_product(&found, set->dag->static_w, (double)pi[NET_SINK] * 1e-9);
	for (uint32_t i = 0; i < set->net.n_ops; i++) {
		const struct arc *arc = set->net.arcs + i;

		sum_add(&found, above_slowest(&set->net, arc, pi[arc->head] - pi[arc->tail]));
	}
	return sum_value(&found);
}

hg_err tiled_fill_info(hg_plan_frontier *set, int64_t flow_uw)
{
	set->info = set->small->info;
	set->info.bytes +=
		set->size * sizeof *set->origins + (size_t)set->dag->n * 9 +
		(size_t)set->dag->m * 4 +
		set->anchors.len * ((size_t)set->net.n_arcs + set->net.n_events) * sizeof(int64_t);
	return set_fill_info(set, flow_uw);
}

void set_cut(hg_plan_frontier *set)
{
	while (set->size > 1 && set->points[set->size - 2].slope_w >= 0)
		set->size--;
	set->info.pieces = set->size - 1;
}
