#include "stored.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "core/fail.h"

/* No potential was said. */
#define UNKNOWN INT64_MIN

struct stored {
	struct stored_source from;
	int64_t *time_ns; /* from.time_ns */
};

void stored_destroy(struct stored *s)
{
	if (s)
		free(s->time_ns);
	free(s);
}

static struct stored *stored_create(const struct stored_source *from)
{
	struct stored *s = malloc(sizeof *s);
	size_t room = (from->n + 1) * sizeof *s->time_ns;

	if (!s)
		return NULL;
	*s = (struct stored){.from = *from, .time_ns = malloc(room)};
	if (!s->time_ns) {
		free(s);
		return NULL;
	}
	memcpy(s->time_ns, from->time_ns, from->n * sizeof *s->time_ns);
	s->from.time_ns = s->time_ns;
	return s;
}

/* ------------------------------------------------------------------------------------ one state */

static void state_finish(struct stored_state *st)
{
	free(st->node_flow);
	free(st->start_ns);
	free(st->window_ns);
	free(st->edge_flow);
}

static bool state_init(struct stored_state *st, const hg_dag *dag)
{
	size_t n = dag->n, m = dag->m;

	st->node_flow = calloc(n + 1, sizeof *st->node_flow);
	st->start_ns = calloc(n + 1, sizeof *st->start_ns);
	st->window_ns = calloc(n + 1, sizeof *st->window_ns);
	st->edge_flow = calloc(m + 1, sizeof *st->edge_flow);
	return st->node_flow && st->start_ns && st->window_ns && st->edge_flow;
}

/* An event is at one time, whichever node tells it. */
static bool agree(int64_t *pi, int64_t time_ns)
{
	bool same = *pi == UNKNOWN || *pi == time_ns;

	*pi = time_ns;
	return same;
}

/* Flows by arc and potentials by event. @return false: they contradict each other */
static bool put(const struct net *net, const struct stored_state *st, struct sweep *s)
{
	bool fine = true;

	for (uint32_t v = 0; v < net->n_events; v++)
		s->pi[v] = UNKNOWN;
	for (uint32_t i = 0; i < net->n_ops && fine; i++) {
		const struct arc *arc = net->arcs + i;

		s->flow[i] = st->node_flow[i];
		fine = st->start_ns[i] >= 0 && st->window_ns[i] >= 0 &&
		       st->start_ns[i] <= DIST_NONE && st->window_ns[i] <= DIST_NONE &&
		       agree(&s->pi[arc->tail], st->start_ns[i]) &&
		       agree(&s->pi[arc->head], st->start_ns[i] + st->window_ns[i]);
	}
	for (uint32_t a = net->n_ops; a < net->n_arcs; a++)
		s->flow[a] = st->edge_flow[net->edge_of[a - net->n_ops]];
	return fine && s->pi[NET_SOURCE] == 0;
}

/* Whether flows are conserved and none is more than could be meant. */
static bool is_conserved(const struct net *net, const struct sweep *s)
{
	int64_t *excess = (int64_t *)(void *)s->labels; /* not in use yet */
	bool fine = true;

	for (uint32_t v = 0; v < net->n_events; v++)
		excess[v] = 0;
	for (uint32_t a = 0; a < net->n_arcs && fine; a++) {
		fine = s->flow[a] >= 0 && s->flow[a] <= DIST_NONE / net->n_arcs;
		excess[net->arcs[a].head] += s->flow[a];
		excess[net->arcs[a].tail] -= s->flow[a];
	}
	for (uint32_t v = 0; v < net->n_events && fine; v++)
		fine = v == NET_SOURCE || v == NET_SINK || excess[v] == 0;
	return fine;
}

/* Whether each arc's flow suits its window: the state is then optimal. */
static bool is_optimal(const struct net *net, const struct sweep *s)
{
	for (uint32_t a = 0; a < net->n_arcs; a++) {
		const struct arc *arc = net->arcs + a;
		const struct hull_vertex *h = net->hull + arc->hull;
		int64_t window = s->pi[arc->head] - s->pi[arc->tail];
		uint32_t j = s->segment[a], back = j;

		if (j > 0 && s->flow[a] == h[j - 1].slope_uw)
			back = j - 1;
		if (window < h[j].len_ns || (s->flow[a] > 0 && window > h[back].len_ns))
			return false;
	}
	return true;
}

/* Fetches a state and looks at it. @param s  sweep_finish() it if HG_OK */
static hg_err load(const hg_plan_frontier *set, size_t i, struct sweep *s, hg_error *why)
{
	const struct stored_source *from = &set->stored->from;
	struct stored_state st = {NULL, NULL, NULL, NULL};
	hg_err rc = state_init(&st, set->dag) ? sweep_init(s, &set->net) : HG_ENOMEM;
	bool fine;

	if (rc) {
		state_finish(&st);
		return fail(why, rc, "out of memory");
	}
	fine = from->fetch(from->user, i, &st) && put(&set->net, &st, s) &&
	       is_conserved(&set->net, s);
	if (fine)
		sweep_restore(s, s->flow, s->pi);
	state_finish(&st);
	if (fine && is_optimal(&set->net, s) && llabs(s->pi[NET_SINK] - from->time_ns[i]) <= 1)
		return HG_OK;
	sweep_finish(s);
	return fail(why, HG_EFORMAT,
		"the state that is kept for %.9g s is none of this pipeline: plan it again",
		(double)from->time_ns[i] * 1e-9);
}

/* --------------------------------------------------------------------------- the relaxed plan */

/* The first state that is not faster than a time; the number of states: none. */
static size_t slower_than(const struct stored_source *from, int64_t time_ns)
{
	size_t lo = 0, hi = from->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (from->time_ns[mid] < time_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

hg_err stored_replay(const hg_plan_frontier *set, int64_t time_ns, struct sweep *s,
	int64_t *drop_ns, hg_error *why)
{
	const struct stored_source *from = &set->stored->from;
	size_t i = slower_than(from, time_ns);
	/* slower than all that are kept: everything as slow as it is of use is a state, too */
	hg_err rc = i < from->n ? load(set, i, s, why) : sweep_init(s, &set->net);

	if (rc)
		return rc;
	time_ns = s->pi[NET_SINK] < time_ns ? s->pi[NET_SINK] : time_ns;
	sweep_go_on(s, time_ns, set->t_min_ns, drop_ns);
	return HG_OK;
}

/* A state as an anchor. */
static hg_err load_anchor(const hg_plan_frontier *set, size_t i, struct anchor *a, hg_error *why)
{
	struct sweep s;
	hg_err rc = load(set, i, &s, why);

	if (rc)
		return rc;
	rc = anchor_take(set, &s, 0, a);
	sweep_finish(&s);
	return rc ? fail(why, rc, "out of memory") : HG_OK;
}

static hg_err mixed(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why)
{
	const struct stored_source *from = &set->stored->from;
	int64_t time_ns = (int64_t)floor(fmin(r->info.time_s, 1e9) * 1e9);
	struct anchor slow = {.piece = 0}, fast = {.piece = 0};
	size_t i = slower_than(from, time_ns + 1);
	hg_err rc;

	i = i < from->n ? i : from->n - 1;
	rc = load_anchor(set, i, &slow, why);
	if (!rc && i > 0)
		rc = load_anchor(set, i - 1, &fast, why);
	if (!rc)
		anchors_mix(set, &slow, i > 0 ? &fast : &slow, r);
	free(slow.flow);
	free(slow.pi);
	free(fast.flow);
	free(fast.pi);
	return rc;
}

hg_err stored_relaxed(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why)
{
	return set->stored->from.mixed ? mixed(set, r, why) : relaxed_replay(set, r, why);
}

/* ---------------------------------------------------------------------------------- the frontier
 */

/* Breakpoints in integers again, by falling time. */
static hg_err add_pieces(hg_plan_frontier *set)
{
	for (size_t k = set->size; k-- > 0;) {
		const hg_plan_point *p = set->points + k;
		struct piece piece = {
			llround(p->time_s * 1e9), llround((set->dag->static_w - p->slope_w) * 1e6)};

		if (vec_push(&set->pieces, &piece))
			return HG_ENOMEM;
	}
	return HG_OK;
}

static hg_err find_t_min(hg_plan_frontier *set)
{
	int64_t *dist = malloc((size_t)set->net.n_events * sizeof *dist);

	if (!dist)
		return HG_ENOMEM;
	net_longest(&set->net, true, dist);
	set->t_min_ns = dist[NET_SINK];
	free(dist);
	return HG_OK;
}

static hg_err fill(hg_plan_frontier *set, const struct stored_source *from,
	const hg_plan_point *points, size_t n)
{
	hg_err rc = HG_ENOMEM;

	set->points = malloc(n * sizeof *set->points);
	set->stored = stored_create(from);
	if (set->points && set->stored) {
		memcpy(set->points, points, n * sizeof *set->points);
		set->size = n;
		rc = net_init(&set->net, set->dag, set->quantum_uw);
	}
	if (!rc)
		rc = add_pieces(set);
	if (!rc)
		rc = find_t_min(set);
	if (!rc)
		rc = set_fill_info(
			set, ((const struct piece *)vec_at(&set->pieces, n - 1))->flow_uw);
	return rc;
}

hg_err set_stored(hg_dag *dag, const struct stored_source *from, const hg_plan_point *points,
	size_t n, double quantum_w, hg_plan_frontier **out, hg_error *why)
{
	hg_plan_frontier *set = calloc(1, sizeof *set);
	hg_err rc;

	*out = NULL;
	if (!set)
		return fail(why, HG_ENOMEM, "out of memory");
	vec_init(&set->pieces, sizeof(struct piece), SIZE_MAX / sizeof(struct piece));
	vec_init(&set->checkpoints, sizeof(struct checkpoint), 0);
	vec_init(&set->anchors, sizeof(struct anchor), 0);
	set->dag = hg_dag_ref(dag);
	set->quantum_uw = llround(quantum_w * 1e6);
	set->info.complete = 1;
	rc = fill(set, from, points, n);
	if (rc) {
		hg_plan_frontier_destroy(set);
		return fail(why, rc, "out of memory");
	}
	*out = set;
	return HG_OK;
}
