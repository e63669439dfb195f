/* Pairs of chains in a DAG, and a choice of disjoint ones: see bound-ways.c for what one is worth.
 */
#include "bound-pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/vec.h"

#define CHAINS 32 /* looked at from one event */

struct finder {
	const hg_dag *dag;
	const double *node, *edge;
	struct mesh mesh;
	struct ways *ways;
	uint32_t *succ_at, *pred_at;
	uint32_t *edge_of; /* by link; NOBODY: to the sink */
	struct link *succ, *pred;
	bool *shares;     /* by node: it shares its setting with others */
	struct vec pairs; /* struct pair */
};

/* The DAG as the mesh wants it. Which lag an edge has does not matter: those with one stay apart.
 */
static hg_err connect(struct finder *f)
{
	const hg_dag *dag = f->dag;
	size_t n = (size_t)dag->n + 2, links = (size_t)dag->m + dag->n + 1;
	uint32_t k = 0;

	f->succ_at = calloc(n, sizeof *f->succ_at);
	f->pred_at = calloc(n, sizeof *f->pred_at);
	f->succ = calloc(links, sizeof *f->succ);
	f->pred = calloc(links, sizeof *f->pred);
	f->edge_of = malloc(links * sizeof *f->edge_of);
	if (!f->succ_at || !f->pred_at || !f->succ || !f->pred || !f->edge_of)
		return HG_ENOMEM;
	for (uint32_t i = 0; i < dag->n; i++) {
		f->succ_at[i] = k;
		for (uint32_t e = dag->succ_at[i]; e < dag->succ_at[i + 1]; e++, k++) {
			const struct edge *edge = dag_edges(dag) + e;

			f->succ[k] = (struct link){edge->to, edge->lag_s > 0 ? 1 + (int64_t)e : 0};
			f->edge_of[k] = e;
		}
		if (f->succ_at[i] == k) {
			f->succ[k] = (struct link){dag->n, 0};
			f->edge_of[k++] = NOBODY;
		}
	}
	f->succ_at[dag->n] = f->succ_at[dag->n + 1] = k;
	mesh_turn(dag->n, f->succ_at, f->succ, f->pred_at, f->pred);
	return HG_OK;
}

/* Nodes that share a setting do not choose for themselves in the dual. */
static hg_err find_shared(struct finder *f)
{
	uint32_t n = f->dag->n, n_sets;
	uint32_t *set = malloc(((size_t)n + 1) * sizeof *set);
	uint32_t *size = calloc((size_t)n + 1, sizeof *size);
	hg_err rc = HG_ENOMEM;

	f->shares = calloc((size_t)n + 1, sizeof *f->shares);
	if (set && size && f->shares)
		rc = dag_sets(f->dag, HG_CLASS_OP, set, &n_sets);
	for (uint32_t i = 0; i < n && !rc; i++)
		size[set[i]]++;
	for (uint32_t i = 0; i < n && !rc; i++)
		f->shares[i] = size[set[i]] > 1;
	free(set);
	free(size);
	return rc;
}

static hg_err finder_init(struct finder *f)
{
	hg_err rc = find_shared(f);

	vec_init(&f->pairs, sizeof(struct pair), UINT32_MAX / 2);
	if (!rc)
		rc = connect(f);
	if (!rc)
		rc = mesh_init(&f->mesh,
			&(struct graph){f->dag->n, f->succ_at, f->pred_at, f->succ, f->pred}, NULL);
	if (!rc) {
		f->ways = ways_create(f->dag, f->node);
		rc = f->ways ? HG_OK : HG_ENOMEM;
	}
	return rc;
}

static void finder_finish(struct finder *f)
{
	mesh_finish(&f->mesh);
	ways_destroy(f->ways);
	free(f->succ_at);
	free(f->pred_at);
	free(f->succ);
	free(f->pred);
	free(f->edge_of);
	free(f->shares);
	vec_finish(&f->pairs);
}

/* Edge of a tie; NOBODY: it has none, or the arc is a node. */
static uint32_t edge_of(const struct finder *f, uint32_t arc)
{
	return arc < f->dag->n ? NOBODY : f->edge_of[f->mesh.arcs[arc].link];
}

static double flow_of(const struct finder *f, uint32_t arc)
{
	uint32_t e = edge_of(f, arc);

	if (arc < f->dag->n)
		return f->shares[arc] ? 0.0 : f->node[arc];
	return e == NOBODY ? 0.0 : f->edge[e];
}

/* Chains that begin at an event and carry flow. */
static uint32_t list_chains(const struct finder *f, uint32_t event, struct pair_chain *out)
{
	const struct mesh *m = &f->mesh;
	struct pair_chain now = {.end = event, .least = INFINITY};
	uint32_t n = 0, next = 0;

	for (;;) {
		for (uint32_t e = m->end_at[now.end]; e < m->end_at[now.end + 1]; e++) {
			uint32_t arc = m->end[e] / 2;
			double flow = flow_of(f, arc);

			if (m->end[e] & 1 || !(flow > 0.0))
				continue;
			if (n == CHAINS)
				return n;
			out[n] = now;
			out[n].arc[out[n].n++] = arc;
			out[n].end = m->arcs[arc].head;
			out[n].least = fmin(now.least, flow);
			n++;
		}
		while (next < n && out[next].n == CHAIN_MAX)
			next++;
		if (next == n)
			return n;
		now = out[next++];
	}
}

static bool apart(const struct pair_chain *a, const struct pair_chain *b)
{
	for (uint32_t i = 0; i < a->n; i++)
		for (uint32_t j = 0; j < b->n; j++)
			if (a->arc[i] == b->arc[j])
				return false;
	return true;
}

static hg_err add_pair(struct finder *f, const struct pair_chain *a, const struct pair_chain *b)
{
	struct pair p = {.side = {*a, *b}};
	double lag[2][CHAIN_MAX] = {{0.0}, {0.0}};
	hg_err rc;

	for (int s = 0; s < 2; s++)
		for (uint32_t k = 0; k < p.side[s].n; k++) {
			uint32_t e = edge_of(f, p.side[s].arc[k]);

			lag[s][k] = e == NOBODY ? 0.0 : dag_edges(f->dag)[e].lag_s;
		}
	rc = ways_weigh(f->ways, &p, (const double(*)[CHAIN_MAX])lag);
	return rc || p.gain_j <= 0.0 ? rc : vec_push(&f->pairs, &p);
}

static hg_err list_pairs(struct finder *f)
{
	struct pair_chain chains[CHAINS];
	hg_err rc = HG_OK;

	for (uint32_t v = 0; v < f->mesh.n_events && !rc; v++) {
		uint32_t n = list_chains(f, v, chains);

		for (uint32_t a = 0; a < n && !rc; a++)
			for (uint32_t b = a + 1; b < n && !rc; b++)
				if (chains[a].end == chains[b].end && apart(&chains[a], &chains[b]))
					rc = add_pair(f, &chains[a], &chains[b]);
	}
	return rc;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->gain_j != y->gain_j)
		return x->gain_j > y->gain_j ? -1 : 1;
	for (int s = 0; s < 2; s++)
		if (x->side[s].arc[0] != y->side[s].arc[0])
			return x->side[s].arc[0] < y->side[s].arc[0] ? -1 : 1;
	return 0;
}

/* The best ones first; no arc is part of two. */
static hg_err choose(struct finder *f, double *gain_j)
{
	bool *used = calloc((size_t)f->mesh.n_arcs + 1, sizeof *used);
	struct pair *p = f->pairs.data;

	if (!used)
		return HG_ENOMEM;
	if (f->pairs.len > 0)
		qsort(p, f->pairs.len, sizeof *p, compare_pairs);
	for (size_t i = 0; i < f->pairs.len; i++) {
		bool taken = false;

		for (int s = 0; s < 2; s++)
			for (uint32_t k = 0; k < p[i].side[s].n; k++)
				taken |= used[p[i].side[s].arc[k]];
		if (taken)
			continue;
		*gain_j += p[i].gain_j;
		for (int s = 0; s < 2; s++)
			for (uint32_t k = 0; k < p[i].side[s].n; k++)
				used[p[i].side[s].arc[k]] = true;
	}
	free(used);
	return HG_OK;
}

hg_err pairs_gain(
	const hg_dag *dag, const double *node, const double *edge, double *gain_j, hg_error *why)
{
	struct finder f = {.dag = dag, .node = node, .edge = edge};
	hg_err rc = finder_init(&f);

	*gain_j = 0.0;
	if (!rc)
		rc = list_pairs(&f);
	if (!rc)
		rc = choose(&f, gain_j);
	finder_finish(&f);
	return rc ? fail(why, rc, "plan: %s", hg_err_text(rc)) : HG_OK;
}

hg_err hg_dag_pairs(const hg_dag *dag, const double *node_flow_w, const double *edge_flow_w,
	double *gain_j, hg_error *why)
{
	double bound_j;
	hg_err rc =
		hg_dag_bound(dag, HG_CLASS_OP, node_flow_w, edge_flow_w, 0.0, &bound_j, NULL, why);

	*gain_j = 0.0;
	if (rc || !node_flow_w || !edge_flow_w)
		return rc;
	return pairs_gain(dag, node_flow_w, edge_flow_w, gain_j, why);
}
