#include "witness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "software/plan/set.h"

#include "cutting.h"
#include "gap.h"
#include "plans.h"

#define RUNS_MAX ((size_t)1 << 26)

/* No event is later: some 292 years. */
#define LATEST_NS (INT64_MAX / 4)

/* Flows that are kept: what they prove may be that little below the frontier between two of them;
 * the number of figures in all of them bounds how many there are. */
#define FLAT    2e-6
#define MOST    64u
#define LEAST   12u
#define FIGURES 16000000u

void witness_init(struct witness *w)
{
	memset(w, 0, sizeof *w);
	vec_init(&w->node, sizeof(struct run), RUNS_MAX);
	vec_init(&w->edge, sizeof(struct run), RUNS_MAX);
	vec_init(&w->start, sizeof(struct run), RUNS_MAX);
	vec_init(&w->window, sizeof(struct run), RUNS_MAX);
}

void witness_finish(struct witness *w)
{
	vec_finish(&w->node);
	vec_finish(&w->edge);
	vec_finish(&w->start);
	vec_finish(&w->window);
}

/* ----------------------------------------------------------------------------------- the order */

struct place {
	uint32_t kind[2]; /* of an edge both ends', of a node its own and 0 */
	uint32_t turn;    /* microbatch in the period */
	uint32_t microbatch;
	uint32_t index;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	for (int i = 0; i < 2; i++)
		if (x->kind[i] != y->kind[i])
			return x->kind[i] < y->kind[i] ? -1 : 1;
	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	if (x->microbatch != y->microbatch)
		return x->microbatch < y->microbatch ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int compare_kinds(const hg_pipeline_step *a, const hg_pipeline_step *b)
{
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (a->chunk != b->chunk)
		return a->chunk < b->chunk ? -1 : 1;
	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->instruction != b->instruction)
		return a->instruction < b->instruction ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

struct kind {
	const hg_pipeline_step *step;
	uint32_t index;
};

static int compare_steps(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;
	int order = compare_kinds(x->step, y->step);

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* Numbers the kinds of nodes. @return by node, or NULL */
static uint32_t *number_kinds(const hg_pipeline_step *steps, size_t n)
{
	struct kind *list = calloc(n + 1, sizeof *list);
	uint32_t *kind = calloc(n + 1, sizeof *kind), number = 0;

	if (!list || !kind) {
		free(list);
		free(kind);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = (struct kind){&steps[i], (uint32_t)i};
	qsort(list, n, sizeof *list, compare_steps);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && compare_kinds(list[i - 1].step, list[i].step) != 0)
			number++;
		kind[list[i].index] = number;
	}
	free(list);
	return kind;
}

static struct place *place_nodes(
	const hg_pipeline_step *steps, size_t n, const uint32_t *kind, uint32_t period)
{
	struct place *p = calloc(n + 1, sizeof *p);

	for (size_t i = 0; p && i < n; i++)
		p[i] = (struct place){{kind[i], 0}, steps[i].microbatch % period,
			steps[i].microbatch, (uint32_t)i};
	return p;
}

static struct place *place_edges(const hg_dag *dag, size_t m, const hg_pipeline_step *steps,
	const uint32_t *kind, uint32_t period)
{
	struct place *p = calloc(m + 1, sizeof *p);

	for (size_t e = 0; p && e < m; e++) {
		uint32_t from = 0, to = 0;
		double lag_s;

		if (hg_dag_edge(dag, e, &from, &to, &lag_s))
			break;
		p[e] = (struct place){{kind[from], kind[to]}, steps[from].microbatch % period,
			steps[from].microbatch, (uint32_t)e};
	}
	return p;
}

/* Sorts and keeps the indices. @return NULL: no memory */
static uint32_t *sorted(struct place *p, size_t n)
{
	uint32_t *index = p ? calloc(n + 1, sizeof *index) : NULL;

	if (index) {
		qsort(p, n, sizeof *p, compare_places);
		for (size_t i = 0; i < n; i++)
			index[i] = p[i].index;
	}
	free(p);
	return index;
}

hg_err witness_order(struct witness_order *o, const hg_pipeline *p, uint32_t period)
{
	const hg_dag *dag = hg_pipeline_dag(p);
	hg_dag_info info = {.size = sizeof info};
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(p, &n);
	uint32_t *kind = number_kinds(steps, n);

	*o = (struct witness_order){.node = NULL};
	if (!kind)
		return HG_ENOMEM;
	hg_dag_get_info(dag, &info);
	period = period ? period : 1;
	o->n = (uint32_t)n;
	o->m = (uint32_t)info.edges;
	o->node = sorted(place_nodes(steps, n, kind, period), o->n);
	o->edge = sorted(place_edges(dag, o->m, steps, kind, period), o->m);
	free(kind);
	if (o->node && o->edge)
		return HG_OK;
	witness_order_finish(o);
	return HG_ENOMEM;
}

void witness_order_finish(struct witness_order *o)
{
	free(o->node);
	free(o->edge);
	*o = (struct witness_order){.node = NULL};
}

/* --------------------------------------------------------------------------------------- flows */

static hg_err add_run(struct vec *runs, int64_t value)
{
	struct run *last = runs->len ? vec_at(runs, runs->len - 1) : NULL;
	struct run run = {1, value};

	if (!last || last->value != value)
		return vec_push(runs, &run);
	last->count++;
	return HG_OK;
}

/* In whole millionths or billionths. */
static hg_err add_runs(
	struct vec *runs, const double *value, double unit, const uint32_t *order, uint32_t n)
{
	hg_err err = HG_OK;

	for (uint32_t i = 0; i < n && !err; i++)
		err = add_run(runs, llround(value[order[i]] * unit));
	return err;
}

static hg_err add_starts(struct vec *runs, const double *start_s, const uint32_t *order, uint32_t n)
{
	int64_t before = 0;
	hg_err err = HG_OK;

	for (uint32_t i = 0; i < n && !err; i++) {
		int64_t start_ns = llround(start_s[order[i]] * 1e9);

		err = add_run(runs, start_ns - before);
		before = start_ns;
	}
	return err;
}

hg_err witness_take(struct witness *w, const struct witness_order *o, const hg_relaxed *r)
{
	hg_relaxed_info info = {.size = sizeof info};
	size_t n, m;
	const double *node = hg_relaxed_node_flows(r, &n), *edge = hg_relaxed_edge_flows(r, &m);
	hg_err err = n == o->n && m == o->m ? HG_OK : HG_EINTERNAL;

	hg_relaxed_get_info(r, &info);
	w->time_s = info.time_s;
	w->energy_j = info.bound_j;
	w->flow_uw = llround(info.flow_w * 1e6);
	if (!err)
		err = add_runs(&w->node, node, 1e6, o->node, o->n);
	if (!err)
		err = add_runs(&w->edge, edge, 1e6, o->edge, o->m);
	return err;
}

hg_err witness_take_times(struct witness *w, const struct witness_order *o, const hg_relaxed *r)
{
	size_t n;
	const double *start = hg_relaxed_starts(r, &n), *window = hg_relaxed_windows(r, &n);
	hg_err err = add_starts(&w->start, start, o->node, o->n);

	return err ? err : add_runs(&w->window, window, 1e9, o->node, o->n);
}

bool witness_expand(const struct vec *runs, const uint32_t *order, uint32_t len, int64_t *value)
{
	uint32_t at = 0;

	for (size_t i = 0; i < runs->len; i++) {
		const struct run *run = vec_at(runs, i);

		if (run->count > len - at)
			return false;
		for (uint32_t k = 0; k < run->count; k++)
			value[order[at++]] = run->value;
	}
	return at == len;
}

bool witness_starts(const struct witness *w, const uint32_t *order, uint32_t len, int64_t *start_ns)
{
	int64_t at = 0;

	if (!witness_expand(&w->start, order, len, start_ns))
		return false;
	for (uint32_t i = 0; i < len; i++) {
		at += start_ns[order[i]];
		if (at < 0 || at > LATEST_NS)
			return false;
		start_ns[order[i]] = at;
	}
	return true;
}

/* --------------------------------------------------------------------------- which ones to keep */

/* How far the lines of pieces a and b, a < b, lie below the frontier between them, relatively. */
static double below(const hg_plan_point *p, size_t a, size_t b, size_t *worst)
{
	double most = 0;

	*worst = a;
	for (size_t i = a + 1; i <= b; i++) {
		double left = p[a].energy_j + p[a].slope_w * (p[i].time_s - p[a].time_s);
		double right = p[b].energy_j - p[b].slope_w * (p[b].time_s - p[i].time_s);
		double by = (p[i].energy_j - fmax(left, right)) / p[i].energy_j;

		if (by > most) {
			most = by;
			*worst = i;
		}
	}
	return most;
}

/* Marks pieces whose lines prove the frontier: the one that is missed most is added next. */
static size_t choose(const hg_plan_point *p, size_t pieces, size_t most, bool *chosen)
{
	size_t n = 1;

	chosen[0] = true;
	if (pieces > 1) {
		chosen[pieces - 1] = true;
		n = 2;
	}
	while (n < most) {
		double worst = FLAT;
		size_t next = 0;

		for (size_t a = 0, b; a + 1 < pieces; a = b) {
			size_t at;
			double by;

			for (b = a + 1; !chosen[b];)
				b++;
			by = below(p, a, b, &at);
			if (by > worst && b > a + 1) {
				worst = by;
				next = chosen[at] ? at - 1 : at;
			}
		}
		if (!next || chosen[next])
			break;
		chosen[next] = true;
		n++;
	}
	return n;
}

static size_t most_of(const struct witness_order *o)
{
	size_t most = FIGURES / ((size_t)o->n + o->m + 1);

	return most < LEAST ? LEAST : most > MOST ? MOST : most;
}

/* What keeps flows. */
struct keeping {
	struct plans *p;
	const hg_plan_frontier *set;
	struct witness_order order;
	struct touch *touches; /* what each flow touches, and both ends */
	size_t n;
	double static_w;
	bool times; /* flows are kept as states */
};

/* The relaxed plan for a time. */
static hg_err look_at(struct keeping *k, double time_s, hg_relaxed **r, hg_error *why)
{
	hg_relaxed_info info = {.size = sizeof info};
	hg_err err = hg_relaxed_at(k->set, time_s, HG_CLASS_OP, r, why);

	if (err)
		return err;
	hg_relaxed_get_info(*r, &info);
	k->touches[k->n++] =
		(struct touch){time_s, info.energy_j, info.bound_j, k->static_w - info.flow_w};
	return HG_OK;
}

/* The state for a time, appended. */
static hg_err keep_at(struct keeping *k, double time_s, hg_error *why)
{
	struct witness w;
	hg_relaxed *r = NULL;
	hg_err err = look_at(k, time_s, &r, why);

	witness_init(&w);
	if (!err) {
		err = witness_take(&w, &k->order, r);
		if (!err && k->times)
			err = witness_take_times(&w, &k->order, r);
		if (!err)
			err = vec_push(&k->p->claims.witnesses, &w);
		if (err)
			(void)fail(why, err, "plans: %s", hg_err_text(err));
	}
	if (err)
		witness_finish(&w);
	hg_relaxed_destroy(r);
	return err;
}

/* A breakpoint or an end of the frontier, for the gap. */
static hg_err end_at(struct keeping *k, double time_s, hg_error *why)
{
	hg_relaxed *r = NULL;
	hg_err err = look_at(k, time_s, &r, why);

	hg_relaxed_destroy(r);
	return err;
}

/* Both ends, and the flows that were chosen between them. Where slopes are rounded, plans are
 * looked at where the pieces meet as well: they are farthest from what is proved there, and a mix
 * of plans from both sides would be farther. */
static hg_err keep_chosen(struct keeping *k, const bool *chosen, hg_error *why)
{
	const struct plans_claims *c = &k->p->claims;
	const hg_plan_point *points = c->frontier.data;
	size_t pieces = c->frontier.len - 1;
	bool rough = k->p->quantum_w > 0;
	hg_err err = rough ? end_at(k, c->t_min_s, why) : HG_OK;

	if (!err && pieces == 0)
		err = keep_at(k, fmax(points[0].time_s, c->t_min_s), why);
	for (size_t i = 0; i < pieces && !err; i++) {
		if (!chosen[i])
			continue;
		if (rough && points[i].time_s > c->t_min_s)
			err = end_at(k, points[i].time_s, why);
		if (!err)
			err = keep_at(k,
				fmax((points[i].time_s + points[i + 1].time_s) / 2, c->t_min_s),
				why);
	}
	if (err || points[pieces].time_s <= c->t_min_s || pieces == 0)
		return err;
	/* beyond T_max there is a state that needs no keeping, beyond T_star there is none */
	if (k->p->range == HG_RANGE_USEFUL)
		return keep_at(k, points[pieces].time_s, why);
	return rough ? end_at(k, points[pieces].time_s, why) : HG_OK;
}

/* All states that the frontier is made of: it is mixes of theirs, and needs each. */
static hg_err keep_anchors(struct keeping *k, hg_error *why)
{
	const struct anchor *a = k->set->anchors.data;
	double t_min_s = k->p->claims.t_min_s;
	hg_err err = HG_OK;

	for (size_t i = k->set->anchors.len; i-- > 0 && !err;)
		err = keep_at(k, fmax((double)a[i].time_ns * 1e-9, t_min_s), why);
	return err;
}

hg_err plans_witness(struct plans *p, const hg_plan_frontier *set, hg_error *why)
{
	struct keeping k = {.p = p, .set = set};
	hg_plan_frontier_info info = {.size = sizeof info};
	size_t pieces = p->claims.frontier.len - 1;
	bool *chosen = calloc(pieces + 1, sizeof *chosen);
	hg_err err = witness_order(&k.order, p->pipeline, schedule_period(p->schedule));

	hg_plan_frontier_get_info(set, &info);
	k.static_w = info.static_power_w;
	k.times = true;
	k.touches = calloc(2 * MOST + ANCHORS + 3, sizeof *k.touches);
	if (!chosen || !k.touches || err) {
		err = fail(why, HG_ENOMEM, "plans: out of memory");
	} else {
		if (pieces)
			(void)choose(p->claims.frontier.data, pieces, most_of(&k.order), chosen);
		err = set->anchors.len ? keep_anchors(&k, why) : keep_chosen(&k, chosen, why);
	}
	p->claims.gap = p->quantum_w > 0 && !err ? gap_of(k.touches, k.n) : 0;
	free(chosen);
	free(k.touches);
	witness_order_finish(&k.order);
	return err;
}

hg_err plans_witness_one(
	const struct plans *p, const hg_relaxed *r, struct witness *w, hg_error *why)
{
	struct witness_order o;
	hg_err err = witness_order(&o, p->pipeline, schedule_period(p->schedule));

	witness_init(w);
	if (!err)
		err = witness_take(w, &o, r);
	witness_order_finish(&o);
	return err ? fail(why, err, "plans: %s", hg_err_text(err)) : HG_OK;
}
