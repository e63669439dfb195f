/*
 * Relaxed plans with shared settings, by Kelley's cutting planes.
 *
 * Master: how far each set of nodes is moved from its cheapest way towards faster ones, at least
 * cost, such that the paths found so far end in time. A pass over the DAG finds the paths that are
 * too long; they become rows. The prices of the rows are a flow, which proves the bound.
 *
 * A set whose nodes all have the same options moves along the segments of their hull. Another set
 * mixes the settings that all of its nodes have: one more row says that shares sum to 1 at most.
 */
#include "shared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "lp.h"
#include "sum.h"

#define ROUNDS_MAX   4000
#define PIVOTS_MAX   400000
#define CUTS_A_ROUND 16
#define PATH_ROOM    1e-9 /* relative: by how much a path may be late */
#define PATHS_MAX    ((size_t)1 << 30)
#define NO_EDGE      UINT32_MAX

/* A set of nodes with one setting, and its columns. */
struct set_columns {
	uint32_t first_member, n_members; /* of members[] */
	uint32_t first, n;                /* columns */
	bool mixed;                       /* the shares sum to 1 at most */
};

struct master {
	const hg_dag *dag;
	double time_s;
	uint32_t *set_of, *members; /* set of each node; nodes by set */
	struct set_columns *sets;
	uint32_t n_sets, n_columns, n_mixed;
	double *cost, *upper, *x, *row;
	double *tau; /* seconds saved, by node that has its own or set, by column of the set */
	size_t n_tau, room_tau;
	size_t *tau_at; /* where a node's begin */
	double *energy; /* of a set at each option of its first node */
	double *base_s; /* time of each node before it moves */
	double base_j;  /* sum of effective energies then */
	struct lp lp;
	/* one pass */
	double *time, *head, *tail; /* time of a node, longest path up to its start, from its end */
	uint32_t *in, *out;         /* edges of those paths */
	bool *covered;
	struct vec paths;    /* uint32_t: a node, then edges */
	struct vec path_end; /* uint32_t: ends in paths */
};

static void master_finish(struct master *m)
{
	free(m->set_of);
	free(m->members);
	free(m->sets);
	free(m->cost);
	free(m->upper);
	free(m->x);
	free(m->row);
	free(m->tau);
	free(m->tau_at);
	free(m->energy);
	free(m->base_s);
	free(m->time);
	free(m->head);
	free(m->tail);
	free(m->in);
	free(m->out);
	free(m->covered);
	vec_finish(&m->paths);
	vec_finish(&m->path_end);
	lp_finish(&m->lp);
}

/* Nodes by set, and the sets' places. */
static hg_err list_sets(struct master *m, hg_plan_class class_of)
{
	uint32_t n = m->dag->n, at = 0;
	hg_err rc;

	m->set_of = malloc((size_t)n * sizeof *m->set_of);
	m->members = malloc((size_t)n * sizeof *m->members);
	m->sets = calloc(n, sizeof *m->sets);
	if (!m->set_of || !m->members || !m->sets)
		return HG_ENOMEM;
	rc = dag_sets(m->dag, class_of, m->set_of, &m->n_sets);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < n; i++)
		m->sets[m->set_of[i]].n_members++;
	for (uint32_t s = 0; s < m->n_sets; s++) {
		m->sets[s].first_member = at;
		at += m->sets[s].n_members;
		m->sets[s].n_members = 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct set_columns *s = m->sets + m->set_of[i];

		m->members[s->first_member + s->n_members++] = i;
	}
	return HG_OK;
}

static bool same_shapes(const struct master *m, const struct set_columns *s)
{
	const uint32_t *member = m->members + s->first_member;

	for (uint32_t i = 1; i < s->n_members; i++)
		if (dag_node(m->dag, member[i])->shape != dag_node(m->dag, member[0])->shape)
			return false;
	return true;
}

/* Counts columns and room, so that all can be allocated at once. */
static hg_err make_room(struct master *m)
{
	uint32_t n = m->dag->n;
	size_t columns = 0, longest = 0;

	for (uint32_t k = 0; k < m->n_sets; k++) {
		struct set_columns *s = m->sets + k;
		uint32_t node = m->members[s->first_member];
		size_t most;

		s->mixed = !same_shapes(m, s);
		most = s->mixed ? dag_work(m->dag, dag_node(m->dag, node)->work)->n
				: dag_shape(m->dag, node)->hull_n;
		columns += most;
		m->room_tau += most * (s->mixed ? s->n_members : 1);
		m->n_mixed += s->mixed;
		longest = most > longest ? most : longest;
	}
	if (columns > UINT32_MAX / 2)
		return HG_ELIMIT;
	m->cost = malloc((columns + 1) * sizeof *m->cost);
	m->upper = malloc((columns + 1) * sizeof *m->upper);
	m->x = calloc(columns + 1, sizeof *m->x);
	m->row = calloc(columns + 1, sizeof *m->row);
	m->tau = malloc((m->room_tau + 1) * sizeof *m->tau);
	m->tau_at = calloc(n, sizeof *m->tau_at);
	m->energy = calloc(longest, sizeof *m->energy);
	m->base_s = calloc(n, sizeof *m->base_s);
	m->time = calloc(n, sizeof *m->time);
	m->head = calloc(n, sizeof *m->head);
	m->tail = calloc(n, sizeof *m->tail);
	m->in = calloc(n, sizeof *m->in);
	m->out = calloc(n, sizeof *m->out);
	m->covered = calloc(n, sizeof *m->covered);
	if (!m->cost || !m->upper || !m->x || !m->row || !m->tau || !m->tau_at || !m->energy ||
		!m->base_s || !m->time || !m->head || !m->tail || !m->in || !m->out || !m->covered)
		return HG_ENOMEM;
	vec_init(&m->paths, sizeof(uint32_t), PATHS_MAX);
	vec_init(&m->path_end, sizeof(uint32_t), PATHS_MAX);
	return HG_OK;
}

static void add_column(struct master *m, double cost)
{
	m->cost[m->n_columns] = cost > 0 ? cost : 0;
	m->upper[m->n_columns++] = 1;
}

/* All of one shape: along the hull, from its slowest vertex. */
static void add_hull(struct master *m, struct set_columns *s)
{
	const uint32_t *member = m->members + s->first_member;
	const struct shape *shape = dag_shape(m->dag, member[0]);
	const struct hull_vertex *h = m->dag->hull + shape->hull_first;
	const struct choice *c = m->dag->choices;

	for (uint32_t i = 0; i < s->n_members; i++) {
		m->tau_at[member[i]] = m->n_tau;
		m->base_s[member[i]] = c[h[0].choice].time_s;
	}
	m->base_j += c[h[0].choice].eff_j * s->n_members;
	for (uint32_t j = 0; j + 1 < shape->hull_n; j++) {
		const struct choice *slow = c + h[j].choice, *fast = c + h[j + 1].choice;

		m->tau[m->n_tau++] = slow->time_s - fast->time_s;
		add_column(m, (fast->eff_j - slow->eff_j) * s->n_members);
	}
}

/* Option of a node with a setting, NULL: none. Options of equal works stand at equal places. */
static const hg_option *option_with(
	const hg_dag *dag, uint32_t node, hg_setting setting, uint32_t hint)
{
	const struct work *w = dag_work(dag, dag_node(dag, node)->work);

	if (hint < w->n && w->options[hint].setting == setting)
		return w->options + hint;
	for (uint32_t i = 0; i < w->n; i++)
		if (w->options[i].setting == setting)
			return w->options + i;
	return NULL;
}

/* Effective energy of all members at the first one's option k; INFINITY: not all have it. */
static double energy_of_all(const struct master *m, const struct set_columns *s, uint32_t k)
{
	const uint32_t *member = m->members + s->first_member;
	hg_setting setting =
		dag_work(m->dag, dag_node(m->dag, member[0])->work)->options[k].setting;
	struct sum sum = {0, 0};

	if (setting == HG_SETTING_NONE)
		return INFINITY;
	for (uint32_t i = 0; i < s->n_members; i++) {
		const hg_option *o = option_with(m->dag, member[i], setting, k);

		if (!o)
			return INFINITY;
		sum_add(&sum, o->energy_j - dag_static_w(m->dag, member[i]) * o->time_s);
	}
	return sum_value(&sum);
}

/* What a node of a mixed set saves at each setting. */
static void add_times(struct master *m, uint32_t node, const struct work *first, uint32_t base)
{
	double slow = option_with(m->dag, node, first->options[base].setting, base)->time_s;

	m->tau_at[node] = m->n_tau;
	m->base_s[node] = slow;
	for (uint32_t k = 0; k < first->n; k++)
		if (k != base && isfinite(m->energy[k]))
			m->tau[m->n_tau++] =
				slow -
				option_with(m->dag, node, first->options[k].setting, k)->time_s;
}

/* Different shapes: shares of the settings that all have, from the cheapest one on. */
static void add_mix(struct master *m, struct set_columns *s)
{
	const uint32_t *member = m->members + s->first_member;
	const struct work *first = dag_work(m->dag, dag_node(m->dag, member[0])->work);
	uint32_t base = 0;

	for (uint32_t k = 0; k < first->n; k++) {
		m->energy[k] = energy_of_all(m, s, k);
		base = m->energy[k] < m->energy[base] ? k : base;
	}
	m->base_j += m->energy[base];
	for (uint32_t k = 0; k < first->n; k++)
		if (k != base && isfinite(m->energy[k]))
			add_column(m, m->energy[k] - m->energy[base]);
	for (uint32_t i = 0; i < s->n_members; i++)
		add_times(m, member[i], first, base);
}

static hg_err make_columns(struct master *m)
{
	hg_err rc;

	for (uint32_t k = 0; k < m->n_sets; k++) {
		struct set_columns *s = m->sets + k;

		s->first = m->n_columns;
		if (s->mixed)
			add_mix(m, s);
		else
			add_hull(m, s);
		s->n = m->n_columns - s->first;
	}
	rc = lp_init(&m->lp, m->n_columns, m->cost, m->upper);
	for (uint32_t k = 0; k < m->n_sets && !rc; k++) {
		const struct set_columns *s = m->sets + k;

		if (!s->mixed)
			continue;
		for (uint32_t j = 0; j < s->n; j++)
			m->row[s->first + j] = -1;
		rc = lp_add(&m->lp, m->row, -1);
		for (uint32_t j = 0; j < s->n; j++)
			m->row[s->first + j] = 0;
	}
	return rc;
}

/* Times of the nodes, and the longest paths to and from each. @return the longest path */
static double pass(struct master *m)
{
	const hg_dag *dag = m->dag;
	const struct edge *e = dag_edges(dag);
	double longest = 0;

	for (uint32_t k = 0; k < dag->n; k++) {
		uint32_t i = dag->topo[k];
		const struct set_columns *s = m->sets + m->set_of[i];

		m->time[i] = m->base_s[i];
		for (uint32_t j = 0; j < s->n; j++)
			m->time[i] -= m->tau[m->tau_at[i] + j] * m->x[s->first + j];
		m->head[i] = 0;
		m->in[i] = NO_EDGE;
		for (uint32_t p = dag->pred_at[i]; p < dag->pred_at[i + 1]; p++) {
			uint32_t edge = dag->pred[p], from = e[edge].from;
			double start = m->head[from] + m->time[from] + e[edge].lag_s;

			if (m->in[i] == NO_EDGE || start > m->head[i]) {
				m->head[i] = start;
				m->in[i] = edge;
			}
		}
		longest = fmax(longest, m->head[i] + m->time[i]);
	}
	for (uint32_t k = dag->n; k-- > 0;) {
		uint32_t i = dag->topo[k];

		m->tail[i] = 0;
		m->out[i] = NO_EDGE;
		for (uint32_t p = dag->succ_at[i]; p < dag->succ_at[i + 1]; p++) {
			double rest = e[p].lag_s + m->time[e[p].to] + m->tail[e[p].to];

			if (m->out[i] == NO_EDGE || rest > m->tail[i]) {
				m->tail[i] = rest;
				m->out[i] = p;
			}
		}
	}
	return longest;
}

/* Adds a node to the row of a path. @return its time before it moves */
static double cover(struct master *m, uint32_t i)
{
	const struct set_columns *s = m->sets + m->set_of[i];

	m->covered[i] = true;
	for (uint32_t j = 0; j < s->n; j++)
		m->row[s->first + j] += m->tau[m->tau_at[i] + j];
	return m->base_s[i];
}

/* The longest path through a node becomes a row. */
static hg_err add_path(struct master *m, uint32_t through)
{
	const struct edge *e = dag_edges(m->dag);
	double length;
	uint32_t i = through, end;
	hg_err rc;

	while (m->in[i] != NO_EDGE)
		i = e[m->in[i]].from;
	memset(m->row, 0, (size_t)m->n_columns * sizeof *m->row);
	rc = vec_push(&m->paths, &i);
	length = cover(m, i);
	/* Up to `through` by the edges into its part of the path, then by those out of it. */
	for (uint32_t k = through; m->in[k] != NO_EDGE && !rc; k = e[m->in[k]].from) {
		rc = vec_push(&m->paths, &m->in[k]);
		length += e[m->in[k]].lag_s + cover(m, k);
	}
	for (uint32_t k = through; m->out[k] != NO_EDGE && !rc; k = e[m->out[k]].to) {
		rc = vec_push(&m->paths, &m->out[k]);
		length += e[m->out[k]].lag_s + cover(m, e[m->out[k]].to);
	}
	end = (uint32_t)m->paths.len;
	if (!rc)
		rc = vec_push(&m->path_end, &end);
	return rc ? rc : lp_add(&m->lp, m->row, length - m->time_s);
}

/* Adds the paths that are late, a few at a time, over nodes that no other covers. @return HG_OK,
 * also when none is: n then stays 0 */
static hg_err add_late(struct master *m, double room, uint32_t *n)
{
	hg_err rc = HG_OK;

	memset(m->covered, 0, m->dag->n * sizeof *m->covered);
	for (*n = 0; *n < CUTS_A_ROUND && !rc; ++*n) {
		uint32_t worst = NO_EDGE;
		double late = room;

		for (uint32_t i = 0; i < m->dag->n; i++) {
			double end = m->head[i] + m->time[i] + m->tail[i] - m->time_s;

			if (!m->covered[i] && end > late) {
				late = end;
				worst = i;
			}
		}
		if (worst == NO_EDGE)
			break;
		rc = add_path(m, worst);
	}
	return rc;
}

static hg_err iterate(struct master *m)
{
	double room = PATH_ROOM * fmax(m->time_s, 1e-3);

	for (int round = 0; round < ROUNDS_MAX; round++) {
		uint32_t n;
		hg_err rc = lp_solve(&m->lp, PIVOTS_MAX);

		if (rc)
			return rc;
		lp_values(&m->lp, m->x);
		if (pass(m) <= m->time_s + room)
			return HG_OK;
		rc = add_late(m, room, &n);
		if (rc)
			return rc;
	}
	return HG_ELIMIT;
}

/* Prices of the paths add up to the flow. */
static hg_err take_flow(const struct master *m, hg_relaxed *r)
{
	const uint32_t *path = m->paths.data, *end = m->path_end.data;
	double *price = malloc(((size_t)m->lp.m + 1) * sizeof *price);
	uint32_t at = 0;

	if (!price)
		return HG_ENOMEM;
	lp_prices(&m->lp, price);
	for (size_t k = 0; k < m->path_end.len; k++) {
		double y = price[m->n_mixed + k];

		r->node_flows[path[at++]] += y;
		for (; at < end[k]; at++) {
			r->edge_flows[path[at]] += y;
			r->node_flows[dag_edges(m->dag)[path[at]].to] += y;
		}
	}
	free(price);
	return HG_OK;
}

static hg_err take_solution(struct master *m, hg_relaxed *r, hg_error *why)
{
	const hg_dag *dag = m->dag;
	struct sum energy = {m->base_j, 0};
	hg_err rc = take_flow(m, r);

	if (rc)
		return fail(why, rc, "out of memory");
	for (uint32_t j = 0; j < m->n_columns; j++)
		sum_add_product(&energy, m->cost[j], m->x[j]);
	sum_add_product(&energy, dag->static_w, m->time_s);
	r->info.energy_j = sum_value(&energy);
	memcpy(r->windows, m->time, (size_t)dag->n * sizeof *m->time);
	memcpy(r->starts, m->head, (size_t)dag->n * sizeof *m->head);
	return hg_dag_bound(dag, r->info.class_of, r->node_flows, r->edge_flows, m->time_s,
		&r->info.bound_j, &r->info.flow_w, why);
}

hg_err relaxed_shared(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why)
{
	struct master m = {.dag = set->dag, .time_s = r->info.time_s};
	uint32_t n_shared;
	hg_err rc = sets_check(set->dag, r->info.class_of, &n_shared, why);

	if (rc)
		return rc;
	rc = list_sets(&m, r->info.class_of);
	if (!rc)
		rc = make_room(&m);
	if (!rc)
		rc = make_columns(&m);
	if (!rc)
		rc = iterate(&m);
	if (rc == HG_EINFEASIBLE)
		rc = fail(why, rc, "no plan whose nodes share their settings so takes %.9g s",
			m.time_s);
	else if (rc == HG_ELIMIT)
		rc = fail(why, rc, "shared settings at %.9g s: no solution after %llu steps",
			m.time_s, (unsigned long long)m.lp.pivots);
	else if (rc)
		rc = fail(why, rc, "out of memory");
	else
		rc = take_solution(&m, r, why);
	master_finish(&m);
	return rc;
}
