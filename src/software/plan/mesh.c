/* Events of a discrete problem: begins and ends of nodes, merged where nothing is lost by it. */
#include "mesh.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

#define ALIKE 16 /* most nodes that are compared to find one with equal predecessors */

void mesh_turn(uint32_t n, const uint32_t *succ_at, const struct link *succ, uint32_t *pred_at,
	struct link *pred)
{
	for (uint32_t k = 0; k < succ_at[n]; k++)
		pred_at[succ[k].to + 1]++;
	for (uint32_t at = 0; at <= n; at++)
		pred_at[at + 1] += pred_at[at];
	for (uint32_t at = 0; at < n; at++)
		for (uint32_t k = succ_at[at]; k < succ_at[at + 1]; k++)
			pred[pred_at[succ[k].to]++] = (struct link){at, succ[k].lag};
	for (uint32_t at = n + 1; at > 0; at--)
		pred_at[at] = pred_at[at - 1];
	pred_at[0] = 0;
}

struct maker {
	struct mesh *m;
	const struct graph *g;
	uint32_t *root;  /* 2n + 2: ends of positions, begins of positions and sink, the source */
	uint32_t *begin; /* n + 1: the first position with the same predecessors */
	uint32_t *name;  /* 2n + 2: number of an event */
};

static uint32_t find(uint32_t *root, uint32_t i)
{
	while (root[i] != i) {
		root[i] = root[root[i]];
		i = root[i];
	}
	return i;
}

static uint32_t end_of(struct maker *k, uint32_t at)
{
	return find(k->root, at);
}

static uint32_t begin_of(struct maker *k, uint32_t at)
{
	return find(k->root, k->g->n + k->begin[at]);
}

static bool same_preds(const struct graph *g, uint32_t a, uint32_t b)
{
	uint32_t n = g->pred_at[a + 1] - g->pred_at[a];
	const struct link *x = &g->pred[g->pred_at[a]], *y = &g->pred[g->pred_at[b]];

	if (n != g->pred_at[b + 1] - g->pred_at[b])
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (x[i].to != y[i].to || x[i].lag != y[i].lag)
			return false;
	return true;
}

/* Positions with the same predecessors begin together. */
static void join_begins(struct maker *k)
{
	const struct graph *g = k->g;

	for (uint32_t at = 0; at <= g->n; at++) {
		uint32_t first, looks = 0;

		k->begin[at] = at;
		if (g->pred_at[at] == g->pred_at[at + 1] || at == g->n)
			continue;
		first = g->pred[g->pred_at[at]].to;
		for (uint32_t s = g->succ_at[first]; s < g->succ_at[first + 1] && looks < ALIKE;
			s++, looks++) {
			uint32_t other = g->succ[s].to;

			if (other < at && same_preds(g, other, at)) {
				k->begin[at] = k->begin[other];
				break;
			}
		}
	}
}

/* Joins ends with begins: where all that follows begins together, or nothing else comes before. */
static void join_ends(struct maker *k)
{
	const struct graph *g = k->g;

	for (uint32_t at = 0; at < g->n; at++) {
		uint32_t from = g->succ_at[at], end = g->succ_at[at + 1];
		bool one = true;

		for (uint32_t s = from; s < end && one; s++)
			one = g->succ[s].lag == 0 &&
			      k->begin[g->succ[s].to] == k->begin[g->succ[from].to];
		if (one && from < end)
			k->root[end_of(k, at)] = begin_of(k, g->succ[from].to);
	}
	for (uint32_t at = 0; at < g->n; at++) {
		const struct link *p = &g->pred[g->pred_at[at]];

		if (g->pred_at[at] == g->pred_at[at + 1])
			k->root[begin_of(k, at)] = find(k->root, 2 * g->n + 1);
		else if (g->pred_at[at + 1] - g->pred_at[at] == 1 && p->lag == 0)
			k->root[begin_of(k, at)] = end_of(k, p->to);
	}
}

static uint32_t name(struct maker *k, uint32_t event)
{
	uint32_t root = find(k->root, event);

	if (k->name[root] == NOBODY)
		k->name[root] = k->m->n_events++;
	return k->name[root];
}

/* Arcs of the positions, then those edges that say more than they do. */
static void list_arcs(struct maker *k)
{
	const struct graph *g = k->g;
	struct mesh *m = k->m;

	(void)name(k, 2 * g->n + 1);
	(void)name(k, 2 * g->n);
	for (uint32_t at = 0; at < g->n; at++) {
		uint32_t tail = name(k, g->n + k->begin[at]);

		m->arcs[at] = (struct mesh_arc){tail, name(k, at), NOBODY, 0};
	}
	m->n_arcs = g->n;
	for (uint32_t at = 0; at < g->n; at++) {
		uint32_t from = m->n_arcs;

		for (uint32_t s = g->succ_at[at]; s < g->succ_at[at + 1]; s++) {
			struct mesh_arc tie = {name(k, at), name(k, g->n + k->begin[g->succ[s].to]),
				s, g->succ[s].lag};
			bool seen = tie.tail == tie.head && tie.least == 0;

			for (uint32_t a = from; a < m->n_arcs && !seen; a++)
				seen = m->arcs[a].head == tie.head && m->arcs[a].least >= tie.least;
			if (!seen)
				m->arcs[m->n_arcs++] = tie;
		}
	}
}

/* Ends by event, and a topological order. */
static bool index_ends(struct mesh *m)
{
	uint32_t *left = calloc((size_t)m->n_events + 1, sizeof *left), n = 0;

	m->end_at = calloc((size_t)m->n_events + 2, sizeof *m->end_at);
	m->end = calloc(2 * (size_t)m->n_arcs + 1, sizeof *m->end);
	m->order = calloc((size_t)m->n_events + 1, sizeof *m->order);
	if (!left || !m->end_at || !m->end || !m->order) {
		free(left);
		return false;
	}
	for (uint32_t a = 0; a < m->n_arcs; a++) {
		m->end_at[m->arcs[a].tail + 2]++;
		m->end_at[m->arcs[a].head + 2]++;
		left[m->arcs[a].head]++;
	}
	for (uint32_t v = 0; v < m->n_events; v++)
		m->end_at[v + 2] += m->end_at[v + 1];
	for (uint32_t a = 0; a < m->n_arcs; a++) {
		m->end[m->end_at[m->arcs[a].tail + 1]++] = 2 * a;
		m->end[m->end_at[m->arcs[a].head + 1]++] = 2 * a + 1;
	}
	for (uint32_t v = 0; v < m->n_events; v++)
		if (left[v] == 0)
			m->order[n++] = v;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t e = m->end_at[m->order[i]]; e < m->end_at[m->order[i] + 1]; e++) {
			uint32_t head = m->arcs[m->end[e] / 2].head;

			if (m->end[e] % 2 == 0 && --left[head] == 0)
				m->order[n++] = head;
		}
	free(left);
	return true;
}

hg_err mesh_init(struct mesh *m, const struct graph *g, hg_error *why)
{
	size_t events = 2 * (size_t)g->n + 2;
	struct maker k = {.m = m, .g = g};
	bool ok;

	*m = (struct mesh){0};
	k.root = calloc(events, sizeof *k.root);
	k.name = malloc(events * sizeof *k.name);
	k.begin = calloc((size_t)g->n + 1, sizeof *k.begin);
	m->arcs = calloc((size_t)g->n + g->succ_at[g->n] + 1, sizeof *m->arcs);
	ok = k.root && k.name && k.begin && m->arcs;
	if (ok) {
		memset(k.name, 0xff, events * sizeof *k.name);
		for (uint32_t i = 0; i < events; i++)
			k.root[i] = i;
		join_begins(&k);
		join_ends(&k);
		list_arcs(&k);
		ok = index_ends(m);
	}
	free(k.root);
	free(k.name);
	free(k.begin);
	if (ok)
		return HG_OK;
	mesh_finish(m);
	return fail(why, HG_ENOMEM, "plan: no memory for %u nodes", g->n);
}

void mesh_finish(struct mesh *m)
{
	free(m->arcs);
	free(m->end_at);
	free(m->end);
	free(m->order);
	*m = (struct mesh){0};
}

void mesh_times(const struct mesh *m, uint32_t n, const int64_t *dur, int64_t *when)
{
	memset(when, 0, (size_t)m->n_events * sizeof *when);
	for (uint32_t i = 0; i < m->n_events; i++) {
		uint32_t v = m->order[i];

		for (uint32_t e = m->end_at[v]; e < m->end_at[v + 1]; e++) {
			uint32_t a = m->end[e] / 2, head = m->arcs[a].head;
			int64_t end = when[v] + (a < n ? dur[a] : m->arcs[a].least);

			if (m->end[e] % 2 == 0 && end > when[head])
				when[head] = end;
		}
	}
}
