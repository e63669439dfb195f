/* Making the flow network. */
#include "net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantum.h"
#include "shape.h"

#define NO_EVENT UINT32_MAX

/* While the network is made. */
struct making {
	const hg_dag *dag;
	struct net *net;
	uint32_t *in, *out; /* events of each node */
	uint32_t *hull_at;  /* first vertex of each shape in net->hull */
};

static uint32_t in_degree(const hg_dag *dag, uint32_t i)
{
	return dag->pred_at[i + 1] - dag->pred_at[i];
}

static uint32_t out_degree(const hg_dag *dag, uint32_t i)
{
	return dag->succ_at[i + 1] - dag->succ_at[i];
}

static int64_t lag_ns(const struct edge *e)
{
	return (int64_t)llround(e->lag_s * 1e9);
}

/* The end of a node that has one successor is the start of that one. */
static bool ends_in_start(const hg_dag *dag, uint32_t i)
{
	const struct edge *e = dag_edges(dag) + dag->succ_at[i];

	return out_degree(dag, i) == 1 && lag_ns(e) == 0 && in_degree(dag, e->to) > 1;
}

/* The start of a node that has one predecessor is the end of that one. */
static bool starts_at_end(const hg_dag *dag, uint32_t i)
{
	return in_degree(dag, i) == 1 && lag_ns(dag_edges(dag) + dag->pred[dag->pred_at[i]]) == 0;
}

/* Numbers the events. */
static void number_events(struct making *mk)
{
	const hg_dag *dag = mk->dag;
	uint32_t n = 2;

	for (uint32_t i = 0; i < dag->n; i++) {
		uint32_t v = dag->topo[i];

		if (in_degree(dag, v) == 0)
			mk->in[v] = NET_SOURCE;
		else if (starts_at_end(dag, v))
			mk->in[v] = mk->out[dag_edges(dag)[dag->pred[dag->pred_at[v]]].from];
		else if (mk->in[v] == NO_EVENT)
			mk->in[v] = n++;
		if (out_degree(dag, v) == 0) {
			mk->out[v] = NET_SINK;
		} else if (ends_in_start(dag, v)) {
			uint32_t w = dag_edges(dag)[dag->succ_at[v]].to;

			if (mk->in[w] == NO_EVENT)
				mk->in[w] = n++;
			mk->out[v] = mk->in[w];
		} else {
			mk->out[v] = n++;
		}
	}
	mk->net->n_events = n;
}

/* Hulls of the shapes, as the quantum says. */
static void make_hulls(struct making *mk, int64_t quantum_uw)
{
	struct net *net = mk->net;

	for (uint32_t i = 0; i < mk->dag->n_shapes; i++) {
		const struct shape *s = mk->dag->shapes + i;
		struct hull_vertex *out = net->hull + net->n_hull;

		mk->hull_at[i] = net->n_hull;
		if (quantum_uw) {
			net->n_hull += quantum_hull(mk->dag, s, quantum_uw, out);
			continue;
		}
		memcpy(out, mk->dag->hull + s->hull_first, s->hull_n * sizeof *out);
		net->n_hull += s->hull_n;
	}
	mk->hull_at[mk->dag->n_shapes] = net->n_hull;
}

static void make_arcs(struct making *mk)
{
	const hg_dag *dag = mk->dag;
	struct net *net = mk->net;

	for (uint32_t i = 0; i < dag->n; i++) {
		uint32_t s = dag_node(dag, i)->shape;

		net->arcs[i] = (struct arc){.tail = mk->in[i],
			.head = mk->out[i],
			.hull = mk->hull_at[s],
			.k = mk->hull_at[s + 1] - mk->hull_at[s] - 1};
	}
	net->n_ops = net->n_arcs = dag->n;
	for (uint32_t i = 0; i < dag->m; i++) {
		const struct edge *e = dag_edges(dag) + i;

		if (mk->out[e->from] == mk->in[e->to])
			continue;
		net->hull[net->n_hull] = (struct hull_vertex){lag_ns(e), SLOPE_NONE, 0};
		net->edge_of[net->n_arcs - net->n_ops] = i;
		net->arcs[net->n_arcs++] = (struct arc){
			.tail = mk->out[e->from], .head = mk->in[e->to], .hull = net->n_hull++};
	}
}

/* Halves by the event they leave, those along their arcs first. */
static hg_err list_halves(struct net *net)
{
	uint32_t *at;

	net->half_at = calloc((size_t)net->n_events + 2, sizeof *net->half_at);
	net->halves = malloc((size_t)net->n_arcs * 2 * sizeof *net->halves);
	net->against_at = malloc((size_t)net->n_events * sizeof *net->against_at);
	if (!net->half_at || !net->halves || !net->against_at)
		return HG_ENOMEM;
	at = net->half_at + 1; /* filling moves each start to its place */
	for (uint32_t a = 0; a < net->n_arcs; a++) {
		net->half_at[net->arcs[a].tail + 2]++;
		net->half_at[net->arcs[a].head + 2]++;
	}
	for (uint32_t v = 0; v < net->n_events; v++)
		at[v + 1] += at[v];
	for (uint32_t a = 0; a < net->n_arcs; a++) {
		struct arc *arc = net->arcs + a;

		arc->forward = at[arc->tail]++;
		net->halves[arc->forward] =
			(struct half){net->hull[arc->hull].len_ns, arc->head, a * 2};
	}
	memcpy(net->against_at, at, (size_t)net->n_events * sizeof *at);
	for (uint32_t a = 0; a < net->n_arcs; a++) {
		struct arc *arc = net->arcs + a;

		arc->reverse = at[arc->head]++;
		net->halves[arc->reverse] = (struct half){0, arc->tail, a * 2 + 1};
	}
	return HG_OK;
}

/*
 * Numbers the events anew, in the order in which they are ready if all arcs are equally long, the
 * sink last but for its number. A search advances like that through a pipeline, so it finds what it
 * looks at close together: with 10^5 events that is worth a factor of five.
 */
static hg_err renumber(struct net *net)
{
	uint32_t n = net->n_events, done = 0, used = 0, next = 2;
	uint32_t *waits = calloc(n, sizeof *waits), *order = malloc((size_t)n * sizeof *order);
	uint32_t *name = waits;

	if (!waits || !order) {
		free(waits);
		free(order);
		return HG_ENOMEM;
	}
	for (uint32_t a = 0; a < net->n_arcs; a++)
		waits[net->arcs[a].head]++;
	order[used++] = NET_SOURCE;
	while (done < used) {
		uint32_t u = order[done++];

		for (uint32_t h = net->half_at[u]; h < net->against_at[u]; h++)
			if (--waits[net->halves[h].to] == 0)
				order[used++] = net->halves[h].to;
	}
	name[NET_SOURCE] = NET_SOURCE;
	name[NET_SINK] = NET_SINK;
	for (uint32_t i = 1; i < used; i++)
		if (order[i] != NET_SINK)
			name[order[i]] = next++;
	for (uint32_t a = 0; a < net->n_arcs; a++) {
		net->arcs[a].tail = name[net->arcs[a].tail];
		net->arcs[a].head = name[net->arcs[a].head];
	}
	free(waits);
	free(order);
	return used == n ? HG_OK : HG_EINTERNAL;
}

/* Halves by the numbers that the events have in the end. */
static hg_err make_halves(struct net *net)
{
	hg_err rc = list_halves(net);

	if (!rc)
		rc = renumber(net);
	if (rc)
		return rc;
	free(net->half_at);
	free(net->halves);
	free(net->against_at);
	net->half_at = net->against_at = NULL;
	net->halves = NULL;
	return list_halves(net);
}

hg_err net_init(struct net *net, const hg_dag *dag, int64_t quantum_uw)
{
	struct making mk = {.dag = dag, .net = net};
	hg_err rc = HG_ENOMEM;

	memset(net, 0, sizeof *net);
	mk.in = malloc((size_t)dag->n * sizeof *mk.in);
	mk.out = malloc((size_t)dag->n * sizeof *mk.out);
	mk.hull_at = malloc(((size_t)dag->n_shapes + 1) * sizeof *mk.hull_at);
	net->arcs = malloc(((size_t)dag->n + dag->m) * sizeof *net->arcs);
	net->edge_of = malloc(((size_t)dag->m + 1) * sizeof *net->edge_of);
	net->hull = malloc(((size_t)dag->n_hull * 2 + dag->m) * sizeof *net->hull);
	if (mk.in && mk.out && mk.hull_at && net->arcs && net->edge_of && net->hull) {
		for (uint32_t i = 0; i < dag->n; i++)
			mk.in[i] = mk.out[i] = NO_EVENT;
		number_events(&mk);
		make_hulls(&mk, quantum_uw);
		make_arcs(&mk);
		rc = make_halves(net);
	}
	free(mk.in);
	free(mk.out);
	free(mk.hull_at);
	if (rc)
		net_finish(net);
	return rc;
}

void net_finish(struct net *net)
{
	free(net->arcs);
	free(net->edge_of);
	free(net->half_at);
	free(net->against_at);
	free(net->halves);
	free(net->hull);
	memset(net, 0, sizeof *net);
}

void net_longest(const struct net *net, bool fastest, int64_t *dist)
{
	memset(dist, 0, (size_t)net->n_events * sizeof *dist);
	for (uint32_t i = 1; i < net->n_events; i++) {
		uint32_t u = i == 1 ? NET_SOURCE : i; /* events are numbered in topological order */

		for (uint32_t h = net->half_at[u]; h < net->against_at[u]; h++) {
			const struct half *half = net->halves + h;
			const struct arc *arc = net->arcs + half->arc2 / 2;
			int64_t d = dist[u] + net->hull[arc->hull + (fastest ? arc->k : 0)].len_ns;

			if (d > dist[half->to])
				dist[half->to] = d;
		}
	}
}
