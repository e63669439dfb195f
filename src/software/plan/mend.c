#include "mend.h"

#include <stdlib.h>
#include <string.h>

struct mending {
	struct sweep *s;
	int64_t *excess; /* of each event: flow in less flow out */
	uint64_t looked, most;
	uint32_t n_seen; /* events with a label, in s->queue */
};

/* Every window is wide enough for the fastest that fits into it. */
static void widen(struct sweep *s)
{
	const struct net *net = s->net;

	s->pi[NET_SOURCE] = 0;
	for (uint32_t i = 1; i <= net->n_events; i++) {
		uint32_t u = i == 1 ? NET_SOURCE : i == net->n_events ? NET_SINK : i;

		if (u == NET_SINK)
			break;
		for (uint32_t h = net->half_at[u]; h < net->against_at[u]; h++) {
			const struct half *half = net->halves + h;
			const struct arc *arc = net->arcs + half->arc2 / 2;
			int64_t end = s->pi[u] + net->hull[arc->hull + arc->k].len_ns;

			if (s->pi[half->to] < end)
				s->pi[half->to] = end;
		}
	}
}

/* The flow that suits an arc's window, as near as can be. */
static int64_t suiting(const struct sweep *s, uint32_t a)
{
	const struct arc *arc = s->net->arcs + a;
	const struct hull_vertex *h = s->net->hull + arc->hull;
	int64_t window = s->pi[arc->head] - s->pi[arc->tail], low, high;
	uint32_t j = 0;

	while (j < arc->k && h[j].len_ns > window)
		j++;
	low = high = j ? h[j - 1].slope_uw : 0;
	if (h[j].len_ns == window)
		high = j < arc->k ? h[j].slope_uw : ROOM_INF;
	if (s->flow[a] < low)
		return low;
	return s->flow[a] > high ? high : s->flow[a];
}

/* Suits all flows to the windows; what is then out of balance. */
static void suit(struct mending *m, int64_t flow_uw)
{
	struct sweep *s = m->s;

	for (uint32_t a = 0; a < s->net->n_arcs; a++)
		s->flow[a] = suiting(s, a);
	sweep_restore(s, s->flow, s->pi);
	for (uint32_t a = 0; a < s->net->n_arcs; a++) {
		m->excess[s->net->arcs[a].head] += s->flow[a];
		m->excess[s->net->arcs[a].tail] -= s->flow[a];
	}
	m->excess[NET_SOURCE] += flow_uw;
	m->excess[NET_SINK] -= flow_uw;
	s->total_uw = flow_uw;
}

static void see(struct mending *m, uint32_t v, int64_t dist, uint32_t arc2)
{
	struct label *label = m->s->labels + v;

	if (label->dist == DIST_NONE)
		m->s->queue[m->n_seen++] = v;
	label->dist = dist;
	label->parent = arc2;
	sweep_heap_add(m->s, dist + m->s->pi[v], v);
}

/* Searches the longest residual path from an event to one that has too little; potentials then
 * make it tight. @return that event; UINT32_MAX: given up */
static uint32_t search(struct mending *m, uint32_t from)
{
	struct sweep *s = m->s;
	uint32_t found = UINT32_MAX;
	int64_t key = 0;

	m->n_seen = 0;
	s->heap_len = 0;
	see(m, from, -s->pi[from], 0);
	while (s->heap_len && found == UINT32_MAX && m->looked < m->most) {
		struct sweep_item item = sweep_heap_take(s);
		int64_t dist = s->labels[item.event].dist;

		if (item.key != dist + s->pi[item.event])
			continue;
		key = item.key;
		m->looked++;
		if (m->excess[item.event] < 0) {
			found = item.event;
			break;
		}
		for (uint32_t h = s->net->half_at[item.event]; h < s->half_end[item.event]; h++) {
			const struct half *half = s->halves + h;

			if (dist - half->len < s->labels[half->to].dist)
				see(m, half->to, dist - half->len, half->arc2);
		}
	}
	for (uint32_t i = 0; i < m->n_seen; i++) {
		uint32_t v = s->queue[i];
		int64_t rise = key - (s->labels[v].dist + s->pi[v]);

		s->labels[v].dist = DIST_NONE;
		if (found != UINT32_MAX && rise > 0)
			s->pi[v] += rise;
	}
	return found;
}

/* Sends what fits along the path found. */
static void send(struct mending *m, uint32_t from, uint32_t to)
{
	struct sweep *s = m->s;
	int64_t amount = m->excess[from] < -m->excess[to] ? m->excess[from] : -m->excess[to];

	for (uint32_t v = to; v != from; v = sweep_step_back(s, v)) {
		uint32_t arc2 = s->labels[v].parent;
		int64_t fits = sweep_room(s, arc2 / 2, arc2 & 1);

		amount = fits < amount ? fits : amount;
	}
	for (uint32_t v = to; v != from; v = sweep_step_back(s, v))
		sweep_push(s, s->labels[v].parent / 2, s->labels[v].parent & 1, amount);
	m->excess[from] -= amount;
	m->excess[to] += amount;
	s->augmentations++;
}

hg_err sweep_mend(struct sweep *s, int64_t flow_uw, uint64_t most)
{
	struct mending m = {.s = s, .most = most};
	uint32_t n = s->net->n_events;
	hg_err rc = HG_OK;

	m.excess = calloc(n, sizeof *m.excess);
	if (!m.excess)
		return HG_ENOMEM;
	widen(s);
	suit(&m, flow_uw);
	for (uint32_t v = 0; v < n; v++)
		s->labels[v] = (struct label){DIST_NONE, 0, 0};
	for (uint32_t v = 0; v < n && !rc; v++)
		while (m.excess[v] > 0 && !rc) {
			uint32_t to = search(&m, v);

			if (to == UINT32_MAX)
				rc = HG_ELIMIT;
			else
				send(&m, v, to);
		}
	for (uint32_t v = n; v-- > 0;)
		s->pi[v] -= s->pi[NET_SOURCE];
	free(m.excess);
	return rc;
}
