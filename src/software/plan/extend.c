#include "extend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "mend.h"
#include "sum.h"

/* Breakpoints that are checked, besides both ends. */
#define CHECKED 7u
/* Events that mending may look at, of those there are: a direct solve looks at all for each piece.
 */
#define LOOK_MAX 40u
/* Energies of the large one are that near to what is said, relatively; where slopes are rounded
 * they are not exact in any case. */
#define SAME         1e-8
#define SAME_ROUNDED 1e-5

void tiling_finish(struct tiling *t)
{
	free(t->node);
	free(t->shift);
	free(t->edge);
	memset(t, 0, sizeof *t);
}

/* Flow of each edge of the small DAG, uW: an edge without arc joins two events that are one. */
static hg_err edge_flows(const hg_plan_frontier *set, const struct sweep *s, int64_t **out)
{
	const hg_dag *dag = set->dag;
	int64_t *flow = malloc(((size_t)dag->m + 1) * sizeof *flow);

	*out = flow;
	if (!flow)
		return HG_ENOMEM;
	for (uint32_t e = 0; e < dag->m; e++) {
		const struct edge *edge = dag_edges(dag) + e;
		bool only_in = dag->pred_at[edge->to + 1] - dag->pred_at[edge->to] == 1;

		flow[e] = s->flow[only_in ? edge->to : edge->from];
	}
	for (uint32_t a = set->net.n_ops; a < set->net.n_arcs; a++)
		flow[set->net.edge_of[a - set->net.n_ops]] = s->flow[a];
	return HG_OK;
}

/* Copies a state of the small frontier. */
static void copy_state(const hg_plan_frontier *set, const struct sweep *small,
	const int64_t *edge_flow, int64_t tau_ns, struct sweep *s)
{
	const struct net *net = &set->net, *from = small->net;
	const struct tiling *t = &set->tiling;

	memset(s->pi, 0, (size_t)net->n_events * sizeof *s->pi);
	for (uint32_t i = 0; i < net->n_ops; i++) {
		const struct arc *arc = net->arcs + i, *was = from->arcs + t->node[i];
		int64_t start = small->pi[was->tail] + t->shift[i] * tau_ns;
		int64_t end = small->pi[was->head] + t->shift[i] * tau_ns;

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

hg_err extended_state(const hg_plan_frontier *set, size_t piece, uint64_t look_max, struct sweep *s)
{
	const struct origin *o = set->origins + piece;
	const struct piece *p = (const struct piece *)set->small->pieces.data + o->piece;
	struct sweep small;
	int64_t *flow = NULL;
	hg_err rc = set_restore(set->small, o->piece, &small);

	if (rc)
		return rc;
	rc = edge_flows(set->small, &small, &flow);
	if (!rc)
		rc = sweep_init(s, &set->net);
	if (!rc) {
		copy_state(set, &small, flow, o->tau_ns, s);
		rc = sweep_mend(s, p->flow_uw, look_max);
		if (rc)
			sweep_finish(s);
	}
	free(flow);
	sweep_finish(&small);
	return rc;
}

static hg_plan_point along(const hg_plan_point *a, const hg_plan_point *b, double steps)
{
	return (hg_plan_point){a->time_s + steps * (b->time_s - a->time_s),
		a->energy_j + steps * (b->energy_j - a->energy_j), 0};
}

/* Breakpoints at every slope of either frontier: the ones of a and of b with that slope. */
static hg_err add_pieces(
	hg_plan_frontier *set, const hg_plan_frontier *a, const hg_plan_frontier *b)
{
	const struct piece *pa = a->pieces.data, *pb = b->pieces.data;
	size_t na = a->pieces.len, nb = b->pieces.len, i = 0, j = 0, n = 0;
	int64_t flow = 0, steps = set->tiling.steps;
	hg_plan_point *points = malloc((na + nb) * sizeof *points);

	set->points = points;
	set->origins = malloc((na + nb) * sizeof *set->origins);
	if (!points || !set->origins)
		return HG_ENOMEM;
	for (;;) {
		int64_t tau = pb[j].time_ns - pa[i].time_ns;
		struct piece p = {pa[i].time_ns + steps * tau, flow};
		int64_t next_a = i + 1 < na ? pa[i + 1].flow_uw : INT64_MAX;
		int64_t next_b = j + 1 < nb ? pb[j + 1].flow_uw : INT64_MAX;

		if (n == 0 || p.time_ns < ((struct piece *)vec_at(&set->pieces, n - 1))->time_ns) {
			points[n] = along(
				a->points + (na - 1 - i), b->points + (nb - 1 - j), (double)steps);
			points[n].time_s = (double)p.time_ns * 1e-9;
			points[n].slope_w = set->dag->static_w - (double)flow * 1e-6;
			set->origins[n++] = (struct origin){(uint32_t)i, tau};
			if (vec_push(&set->pieces, &p))
				return HG_ENOMEM;
		}
		if (next_a == INT64_MAX && next_b == INT64_MAX)
			break;
		flow = next_a < next_b ? next_a : next_b;
		i += next_a == flow;
		j += next_b == flow;
	}
	set->size = n;
	for (size_t k = 0; k < n / 2; k++) { /* points are by time ascending */
		hg_plan_point swap = points[k];

		points[k] = points[n - 1 - k];
		points[n - 1 - k] = swap;
	}
	return HG_OK;
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

/* Whether an optimal state has the energy that the points say. */
static bool has_energy(const hg_plan_frontier *set, const struct sweep *s)
{
	double time_s = (double)s->pi[NET_SINK] * 1e-9, least_s = set->points[0].time_s, claimed;
	struct sum found = {set_base_energy(set), 0};

	sum_add_product(&found, set->dag->static_w, time_s);
	for (uint32_t i = 0; i < set->net.n_ops; i++) {
		const struct arc *arc = set->net.arcs + i;

		sum_add(&found, above_slowest(&set->net, arc, s->pi[arc->head] - s->pi[arc->tail]));
	}
	if (time_s < least_s - 1e-6 ||
		hg_plan_frontier_at(set, fmax(time_s, least_s), &claimed, NULL, NULL))
		return false;
	return fabs(claimed - sum_value(&found)) <=
	       (set->quantum_uw ? SAME_ROUNDED : SAME) * fabs(claimed);
}

static hg_err check_ends(hg_plan_frontier *set, bool *holds)
{
	const struct piece *p = set->pieces.data;
	int64_t *dist = malloc((size_t)set->net.n_events * sizeof *dist);

	if (!dist)
		return HG_ENOMEM;
	net_longest(&set->net, true, dist);
	set->t_min_ns = dist[NET_SINK];
	*holds = p[set->pieces.len - 1].time_ns == dist[NET_SINK];
	net_longest(&set->net, false, dist);
	*holds &= p[0].flow_uw > 0 || p[0].time_ns == dist[NET_SINK];
	free(dist);
	return HG_OK;
}

static hg_err check_middle(const hg_plan_frontier *set, bool *holds)
{
	size_t n = set->pieces.len - 1, most = n < CHECKED ? n : CHECKED;
	hg_err rc = HG_OK;

	for (size_t k = 1; k <= most && *holds && !rc; k++) {
		struct sweep s;

		rc = extended_state(set, n * k / most, (uint64_t)LOOK_MAX * set->net.n_events, &s);
		if (rc)
			break;
		*holds = has_energy(set, &s);
		sweep_finish(&s);
	}
	if (rc == HG_ELIMIT) {
		*holds = false;
		rc = HG_OK;
	}
	return rc;
}

static hg_err fill_info(hg_plan_frontier *set, const hg_plan_frontier *a)
{
	hg_plan_frontier_info *info = &set->info;
	size_t n = set->size, star = n - 1;
	hg_err rc = HG_OK;

	*info = a->info;
	while (star > 0 && set->points[star - 1].slope_w >= 0)
		star--;
	info->pieces = n - 1;
	info->static_power_w = set->dag->static_w;
	info->t_min_s = (double)set->t_min_ns * 1e-9;
	info->t_star_s = set->points[star].time_s;
	info->t_max_s = set->points[n - 1].time_s;
	info->energy_min_s_j = set->points[0].energy_j;
	info->energy_star_j = set->points[star].energy_j;
	info->energy_max_s_j = set->points[n - 1].energy_j;
	info->slope_min_w = (double)((const struct piece *)set->pieces.data)[n - 1].flow_uw * 1e-6;
	info->flow_nodes = set->net.n_events;
	info->flow_arcs = set->net.n_arcs;
	info->bytes += n * (sizeof(struct piece) + sizeof *set->points + sizeof *set->origins) +
		       (size_t)set->dag->n * 8 + (size_t)set->dag->m * 4;
	if (set->quantum_uw)
		rc = all_cheapest(set->dag, &info->t_max_s, &info->energy_max_s_j);
	if (rc)
		return rc;
	rc = all_fastest(set->dag, &set->fastest_s, &info->all_fastest_j);
	set_t_min(set);
	return rc;
}

static hg_err extend(
	hg_plan_frontier *set, const hg_plan_frontier *a, const hg_plan_frontier *b, bool *holds)
{
	hg_err rc = net_init(&set->net, set->dag, a->quantum_uw);

	if (!rc)
		rc = add_pieces(set, a, b);
	if (!rc)
		rc = check_ends(set, holds);
	if (!rc && *holds)
		rc = check_middle(set, holds);
	if (!rc && *holds)
		rc = fill_info(set, a);
	return rc;
}

hg_err set_extend(hg_plan_frontier *a, const hg_plan_frontier *b, hg_dag *dag, struct tiling *t,
	hg_plan_frontier **out, bool *done, hg_error *why)
{
	hg_plan_frontier *set = calloc(1, sizeof *set);
	bool holds = false;
	hg_err rc = HG_ENOMEM;

	*done = false;
	*out = NULL;
	if (set) {
		vec_init(&set->pieces, sizeof(struct piece), SIZE_MAX / sizeof(struct piece));
		vec_init(&set->checkpoints, sizeof(struct checkpoint), 0);
		set->dag = hg_dag_ref(dag);
		set->quantum_uw = a->quantum_uw;
		set->tiling = *t;
		set->small = a;
		rc = extend(set, a, b, &holds);
	}
	if (!rc && holds) {
		memset(t, 0, sizeof *t);
		*out = set;
		*done = true;
		return HG_OK;
	}
	if (set) {
		set->small = NULL;
		memset(&set->tiling, 0, sizeof set->tiling);
		hg_plan_frontier_destroy(set);
	}
	return rc ? fail(why, rc, "%s", hg_err_text(rc)) : HG_OK;
}
