/*
 * One step of the sweep. It is where the planner spends its time.
 *
 * Dijkstra over reduced costs pi[v] - pi[u] - len >= 0. Labels hold dist[v] = d[v] - pi[v], minus
 * the longest path itself, so that looking at an arc reads one label only: d[u] + reduced cost <
 * d[v] is dist[u] - len < dist[v]. Most arcs are tight, so most events are reached at the key of
 * the event they are reached from: those go through a queue. The others are noted, and go to the
 * heap when the queue is empty, if nothing has reached them at the current key by then: of five
 * that are noted one is left.
 * First in, first out: at D = 0 the search is breadth-first, which bounds the augmentations as in
 * Edmonds and Karp.
 */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>

hg_err sweep_init(struct sweep *s, const struct net *net)
{
	memset(s, 0, sizeof *s);
	s->net = net;
	s->halves = malloc((size_t)net->n_arcs * 2 * sizeof *s->halves);
	s->half_end = malloc((size_t)net->n_events * sizeof *s->half_end);
	s->reverse = malloc((size_t)net->n_arcs * sizeof *s->reverse);
	s->flow = calloc(net->n_arcs, sizeof *s->flow);
	s->segment = calloc(net->n_arcs, sizeof *s->segment);
	s->pi = malloc((size_t)net->n_events * sizeof *s->pi);
	s->labels = malloc((size_t)net->n_events * sizeof *s->labels);
	s->queue = malloc((size_t)net->n_events * sizeof *s->queue);
	s->later = malloc((size_t)net->n_events * sizeof *s->later);
	s->heap = malloc(((size_t)net->n_arcs * 2 + 1) * sizeof *s->heap);
	if (!s->halves || !s->half_end || !s->reverse || !s->flow || !s->segment || !s->pi ||
		!s->labels || !s->queue || !s->later || !s->heap) {
		sweep_finish(s);
		return HG_ENOMEM;
	}
	memcpy(s->halves, net->halves, (size_t)net->n_arcs * 2 * sizeof *s->halves);
	memcpy(s->half_end, net->against_at, (size_t)net->n_events * sizeof *s->half_end);
	for (uint32_t a = 0; a < net->n_arcs; a++)
		s->reverse[a] = net->arcs[a].reverse;
	net_longest(net, false, s->pi);
	return HG_OK;
}

void sweep_finish(struct sweep *s)
{
	free(s->halves);
	free(s->half_end);
	free(s->reverse);
	free(s->flow);
	free(s->segment);
	free(s->pi);
	free(s->labels);
	free(s->queue);
	free(s->later);
	free(s->heap);
	memset(s, 0, sizeof *s);
}

void sweep_heap_add(struct sweep *s, int64_t key, uint32_t event)
{
	size_t i = s->heap_len++;

	while (i > 0 && s->heap[(i - 1) / 2].key > key) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = (struct sweep_item){key, event};
}

struct sweep_item sweep_heap_take(struct sweep *s)
{
	struct sweep_item top = s->heap[0], last = s->heap[--s->heap_len];
	size_t i = 0, n = s->heap_len;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= n)
			break;
		child += child + 1 < n && s->heap[child + 1].key < s->heap[child].key;
		if (s->heap[child].key >= last.key)
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return top;
}

/* Where a search is. */
struct front {
	int64_t key;
	uint32_t done, queued; /* of s->queue */
	uint32_t later;        /* how many events are noted */
	uint32_t round;        /* counts the times that the queue ran empty, from 1 */
};

/* Looks at the arcs that leave u. */
static void scan(struct sweep *s, struct front *f, uint32_t u)
{
	const int64_t dist = s->labels[u].dist;

	for (const struct half *half = s->halves + s->net->half_at[u],
			       *end = s->halves + s->half_end[u];
		half < end; half++) {
		struct label *to = s->labels + half->to;
		int64_t d = dist - half->len;

		if (d >= to->dist)
			continue;
		to->dist = d;
		to->parent = half->arc2;
		if (d + s->pi[half->to] == f->key) {
			s->queue[f->queued++] = half->to;
		} else if (to->round != f->round) {
			to->round = f->round;
			s->later[f->later++] = half->to;
		}
	}
}

/* The queue is empty: the next key, and an event at it. */
static void next_key(struct sweep *s, struct front *f)
{
	for (uint32_t i = 0; i < f->later; i++) {
		int64_t key = s->labels[s->later[i]].dist + s->pi[s->later[i]];

		if (key > f->key)
			sweep_heap_add(s, key, s->later[i]);
	}
	f->later = 0;
	f->round++;
	for (;;) { /* the sink is always reached: its arcs never vanish */
		struct sweep_item item = sweep_heap_take(s);

		if (item.key != s->labels[item.event].dist + s->pi[item.event])
			continue;
		f->key = item.key;
		s->queue[f->queued++] = item.event;
		return;
	}
}

int64_t sweep_search(struct sweep *s)
{
	struct front f = {.queued = 1, .round = 1};

	for (uint32_t v = 0; v < s->net->n_events; v++)
		s->labels[v] = (struct label){DIST_NONE, 0, 0};
	s->labels[NET_SOURCE].dist = -s->pi[NET_SOURCE];
	s->queue[0] = NET_SOURCE;
	s->heap_len = 0;
	for (;;) {
		while (f.done < f.queued) {
			scan(s, &f, s->queue[f.done++]);
			if (s->labels[NET_SINK].dist + s->pi[NET_SINK] == f.key)
				return f.key;
		}
		next_key(s, &f);
		if (s->queue[f.done] == NET_SINK)
			return f.key;
	}
}

void sweep_shift(struct sweep *s, int64_t drop_ns)
{
	for (uint32_t v = 0; v < s->net->n_events; v++) {
		int64_t longest = -s->labels[v].dist, fall = s->pi[v] - drop_ns;

		s->pi[v] = longest > fall ? longest : fall;
	}
}

/* Largest j with j = 0 or flow > slope j - 1. */
static uint32_t back_segment(const struct sweep *s, const struct hull_vertex *h, uint32_t a)
{
	uint32_t j = s->segment[a];

	return j > 0 && s->flow[a] == h[j - 1].slope_uw ? j - 1 : j;
}

/* How much more flow fits until the arc's length changes. */
int64_t sweep_room(const struct sweep *s, uint32_t a, bool reverse)
{
	const struct arc *arc = s->net->arcs + a;
	const struct hull_vertex *h = s->net->hull + arc->hull;
	uint32_t j = s->segment[a];

	if (!reverse)
		return j == arc->k ? ROOM_INF : h[j].slope_uw - s->flow[a];
	j = back_segment(s, h, a);
	return s->flow[a] - (j ? h[j - 1].slope_uw : 0);
}

/* Makes the half against an arc exist, or not: it changes places with the first that does not, or
 * with the last that does. */
static void set_reverse(struct sweep *s, uint32_t a, bool exists)
{
	uint32_t from = s->net->arcs[a].head, at = s->reverse[a], other;
	struct half half = s->halves[at];

	if (exists == (at < s->half_end[from]))
		return;
	other = exists ? s->half_end[from]++ : --s->half_end[from];
	s->halves[at] = s->halves[other];
	s->reverse[s->halves[at].arc2 / 2] = at;
	s->halves[other] = half;
	s->reverse[a] = other;
}

/* Lengths of an arc's halves at its flow. */
static void set_lengths(struct sweep *s, uint32_t a)
{
	const struct arc *arc = s->net->arcs + a;
	const struct hull_vertex *h = s->net->hull + arc->hull;

	s->halves[arc->forward].len = h[s->segment[a]].len_ns;
	set_reverse(s, a, s->flow[a] > 0);
	s->halves[s->reverse[a]].len = -h[back_segment(s, h, a)].len_ns;
}

void sweep_push(struct sweep *s, uint32_t a, bool reverse, int64_t amount)
{
	const struct arc *arc = s->net->arcs + a;
	const struct hull_vertex *h = s->net->hull + arc->hull;
	uint32_t j = s->segment[a];

	if (reverse) { /* down to the lower end of its segment at most */
		j = back_segment(s, h, a);
		s->flow[a] -= amount;
	} else {
		s->flow[a] += amount;
		j += j < arc->k && s->flow[a] == h[j].slope_uw;
	}
	s->segment[a] = j;
	set_lengths(s, a);
}

/* The event that the path to v comes from. */
uint32_t sweep_step_back(const struct sweep *s, uint32_t v)
{
	uint32_t arc2 = s->labels[v].parent;
	const struct arc *arc = s->net->arcs + arc2 / 2;

	return arc2 & 1 ? arc->head : arc->tail;
}

bool sweep_augment(struct sweep *s)
{
	int64_t amount = ROOM_INF;

	for (uint32_t v = NET_SINK; v != NET_SOURCE; v = sweep_step_back(s, v)) {
		uint32_t arc2 = s->labels[v].parent;
		int64_t fits = sweep_room(s, arc2 / 2, arc2 & 1);

		amount = fits < amount ? fits : amount;
	}
	if (amount == ROOM_INF)
		return false;
	for (uint32_t v = NET_SINK; v != NET_SOURCE; v = sweep_step_back(s, v))
		sweep_push(s, s->labels[v].parent / 2, s->labels[v].parent & 1, amount);
	s->total_uw += amount;
	s->augmentations++;
	return true;
}

void sweep_restore(struct sweep *s, const int64_t *flow, const int64_t *pi)
{
	const struct net *net = s->net;

	memcpy(s->flow, flow, (size_t)net->n_arcs * sizeof *flow);
	memcpy(s->pi, pi, (size_t)net->n_events * sizeof *pi);
	s->total_uw = 0;
	for (uint32_t a = 0; a < net->n_arcs; a++) {
		const struct arc *arc = net->arcs + a;
		const struct hull_vertex *h = net->hull + arc->hull;
		uint32_t j = 0;

		while (j < arc->k && flow[a] >= h[j].slope_uw)
			j++;
		s->segment[a] = j;
		set_lengths(s, a);
		if (arc->tail == NET_SOURCE)
			s->total_uw += flow[a];
	}
}
