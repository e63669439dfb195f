#include "mend.h"

#include <stdlib.h>
#include <string.h>

/* Events that are looked at while the excess goes one by one, of those there are. */
#define LOCAL 2u

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

/* Whether the last arc of the path to v is as long as when it was found: what was sent along
 * another path may have changed that. */
static bool is_tight(const struct sweep *s, uint32_t v)
{
	uint32_t arc2 = s->labels[v].parent, a = arc2 / 2;
	const struct arc *arc = s->net->arcs + a;
	int64_t len = s->halves[arc2 & 1 ? s->reverse[a] : arc->forward].len;

	return s->pi[v] - s->pi[arc2 & 1 ? arc->head : arc->tail] == len;
}

/* Sends what fits along the path found. @return how much */
static int64_t send(struct mending *m, uint32_t from, uint32_t to)
{
	struct sweep *s = m->s;
	int64_t amount = m->excess[from] < -m->excess[to] ? m->excess[from] : -m->excess[to];

	for (uint32_t v = to; v != from && amount > 0; v = sweep_step_back(s, v)) {
		uint32_t arc2 = s->labels[v].parent;
		int64_t fits = is_tight(s, v) ? sweep_room(s, arc2 / 2, arc2 & 1) : 0;

		amount = fits < amount ? fits : amount;
	}
	if (amount == 0)
		return 0;
	for (uint32_t v = to; v != from; v = sweep_step_back(s, v))
		sweep_push(s, s->labels[v].parent / 2, s->labels[v].parent & 1, amount);
	m->excess[from] -= amount;
	m->excess[to] += amount;
	s->augmentations++;
	return amount;
}

/* One excess after the other, each to the nearest event that has too little. */
static hg_err one_by_one(struct mending *m, uint64_t most)
{
	uint32_t n = m->s->net->n_events;

	m->most = most;
	for (uint32_t v = 0; v < n; v++)
		while (m->excess[v] > 0) {
			uint32_t to = search(m, v);

			if (to == UINT32_MAX)
				return HG_ELIMIT;
			(void)send(m, v, to);
		}
	return HG_OK;
}

/* A search from all that have too much. Most arcs are tight: what is reached at the present key
 * goes through a queue, in s->later. */
struct flood {
	int64_t key;
	uint32_t done, queued;
	uint32_t open; /* events with too little that it has not come to */
};

static void flood_from(struct mending *m, struct flood *f, uint32_t u)
{
	struct sweep *s = m->s;
	int64_t dist = s->labels[u].dist;

	s->labels[u].round = 1;
	m->looked++;
	f->open -= m->excess[u] < 0;
	for (uint32_t h = s->net->half_at[u]; h < s->half_end[u]; h++) {
		const struct half *half = s->halves + h;
		struct label *to = s->labels + half->to;
		int64_t d = dist - half->len, key = d + s->pi[half->to];

		if (d >= to->dist)
			continue;
		if (to->dist == DIST_NONE)
			s->queue[m->n_seen++] = half->to;
		to->dist = d;
		to->parent = half->arc2;
		if (key == f->key)
			s->later[f->queued++] = half->to;
		else
			sweep_heap_add(s, key, half->to);
	}
}

/* Longest residual paths from all that have too much at once, to all that have too little;
 * potentials then make them tight. */
static void search_all(struct mending *m)
{
	struct sweep *s = m->s;
	struct flood f = {.key = 0};

	m->n_seen = 0;
	s->heap_len = 0;
	for (uint32_t v = 0; v < s->net->n_events; v++) {
		f.open += m->excess[v] < 0;
		if (m->excess[v] <= 0)
			continue;
		s->queue[m->n_seen++] = s->later[f.queued++] = v;
		s->labels[v].dist = -s->pi[v];
		s->labels[v].parent = UINT32_MAX;
	}
	while (f.open) {
		struct sweep_item item;

		if (f.done < f.queued) {
			flood_from(m, &f, s->later[f.done++]);
			continue;
		}
		if (!s->heap_len)
			break;
		item = sweep_heap_take(s);
		if (s->labels[item.event].round ||
			item.key != s->labels[item.event].dist + s->pi[item.event])
			continue;
		f.key = item.key;
		f.done = f.queued = 0;
		flood_from(m, &f, item.event);
	}
	for (uint32_t i = 0; i < m->n_seen; i++) {
		uint32_t v = s->queue[i];
		int64_t rise = f.key - (s->labels[v].dist + s->pi[v]);

		s->pi[v] += rise > 0 ? rise : 0;
	}
}

/* From each event with too little back to where its path begins. @return how many got some */
static uint32_t send_all(struct mending *m)
{
	struct sweep *s = m->s;
	uint32_t n = s->net->n_events, sent = 0;

	for (uint32_t v = 0; v < n; v++) {
		uint32_t from = v;

		if (m->excess[v] >= 0 || !s->labels[v].round)
			continue;
		while (s->labels[from].parent != UINT32_MAX)
			from = sweep_step_back(s, from);
		if (m->excess[from] > 0)
			sent += send(m, from, v) > 0;
	}
	for (uint32_t i = 0; i < m->n_seen; i++)
		s->labels[s->queue[i]] = (struct label){DIST_NONE, 0, 0};
	return sent;
}

/* All at once, time and again. */
static hg_err all_at_once(struct mending *m, uint64_t most)
{
	for (;;) {
		bool open = false;

		for (uint32_t v = 0; v < m->s->net->n_events && !open; v++)
			open = m->excess[v] > 0;
		if (!open)
			return HG_OK;
		if (m->looked >= most)
			return HG_ELIMIT;
		search_all(m);
		if (!send_all(m))
			return HG_EINTERNAL;
	}
}

hg_err sweep_mend(struct sweep *s, int64_t flow_uw, uint64_t most)
{
	struct mending m = {.s = s};
	uint32_t n = s->net->n_events;
	uint64_t local = (uint64_t)LOCAL * n;
	hg_err rc;

	m.excess = calloc(n, sizeof *m.excess);
	if (!m.excess)
		return HG_ENOMEM;
	widen(s);
	suit(&m, flow_uw);
	for (uint32_t v = 0; v < n; v++)
		s->labels[v] = (struct label){DIST_NONE, 0, 0};
	rc = one_by_one(&m, local < most ? local : most);
	if (rc == HG_ELIMIT && m.looked < most)
		rc = all_at_once(&m, most);
	for (uint32_t v = n; v-- > 0;)
		s->pi[v] -= s->pi[NET_SOURCE];
	free(m.excess);
	return rc;
}
