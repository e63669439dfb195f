/*
 * Subtract first, then filter: what is dominated by energy may pay once waiting is charged.
 *
 * Hulls are integers: times rounded to ns, slopes to uW, strictly convex after rounding.
 */
#include "shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* Flows are sums of slopes of the nodes of a cut: their sum stays below 2^60. */
#define FLOW_MAX 0x1p59

static int compare_choices(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	if (x->time_s != y->time_s)
		return x->time_s < y->time_s ? -1 : 1;
	if (x->eff_j != y->eff_j)
		return x->eff_j < y->eff_j ? -1 : 1;
	if (x->setting != y->setting)
		return x->setting < y->setting ? -1 : 1;
	return (x->option > y->option) - (x->option < y->option);
}

/* The Pareto options of a shape, at its place in dag->choices; room for all options is there. */
static void make_choices(hg_dag *dag, struct shape *s)
{
	const struct work *w = dag_work(dag, s->work);
	struct choice *c = dag->choices + s->first;

	for (uint32_t i = 0; i < w->n; i++) {
		const hg_option *o = w->options + i;

		c[i] = (struct choice){
			o->time_s, o->energy_j - s->static_w * o->time_s, i, o->setting};
	}
	qsort(c, w->n, sizeof *c, compare_choices);
	s->n = 1;
	for (uint32_t i = 1; i < w->n; i++)
		if (c[i].eff_j < c[s->n - 1].eff_j)
			c[s->n++] = c[i];
}

static int64_t to_ns(double s)
{
	return (int64_t)llround(s * 1e9);
}

/* Whether b lies on or above the line from a to c, all by time ascending. */
static bool above(const struct choice *a, const struct choice *b, const struct choice *c)
{
	double left = (double)(to_ns(b->time_s) - to_ns(a->time_s));
	double right = (double)(to_ns(c->time_s) - to_ns(b->time_s));

	return (a->eff_j - b->eff_j) * right <= (b->eff_j - c->eff_j) * left;
}

/* Vertices of the lower hull of a shape's choices, fastest first; what is equal in ns is one. */
static uint32_t find_hull(const hg_dag *dag, const struct shape *s, uint32_t *at)
{
	const struct choice *c = dag->choices;
	uint32_t n = 0;

	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		if (n && to_ns(c[at[n - 1]].time_s) == to_ns(c[i].time_s))
			n--;
		while (n >= 2 && above(c + at[n - 2], c + at[n - 1], c + i))
			n--;
		at[n++] = i;
	}
	return n;
}

/* Slope of a segment, uW. */
static int64_t round_slope(double rise_j, double run_s, double limit)
{
	double uw = rise_j / run_s * 1e6;

	return (int64_t)llround(uw < limit ? uw : limit);
}

/* A hull being made, slowest vertex first. */
struct hull_maker {
	const struct choice *choices;
	struct hull_vertex *v; /* last + 1 of them */
	uint32_t last;
	double limit;
};

/* Adds a faster vertex. While its slope is not above the one before, that vertex goes and both
 * segments become one. */
static void add_vertex(struct hull_maker *mk, const struct hull_vertex *h)
{
	const struct choice *c = mk->choices + h->choice;

	for (;;) {
		struct hull_vertex *v = mk->v + mk->last;
		const struct choice *from = mk->choices + v->choice;
		double run = from->time_s - c->time_s;
		int64_t slope = round_slope(c->eff_j - from->eff_j, run, mk->limit);

		if (mk->last == 0 && slope <= 0) { /* waiting so long gains nothing */
			mk->v[0] = (struct hull_vertex){h->len_ns, SLOPE_NONE, h->choice};
			return;
		}
		if (mk->last == 0 || slope > v[-1].slope_uw) {
			v->slope_uw = slope;
			v[1] = (struct hull_vertex){h->len_ns, SLOPE_NONE, h->choice};
			mk->last++;
			return;
		}
		mk->last--;
	}
}

/* The hull of a shape with slopes rounded to uW, in place. @return how many vertices there are */
static uint32_t round_hull(const hg_dag *dag, const struct shape *s, struct hull_vertex *out)
{
	const struct hull_vertex *h = dag->hull + s->hull_first;
	struct hull_maker mk = {
		.choices = dag->choices, .v = out, .limit = FLOW_MAX / ((double)dag->n + 1)};

	out[0] = (struct hull_vertex){h[0].len_ns, SLOPE_NONE, h[0].choice};
	for (uint32_t i = 1; i < s->hull_n; i++)
		add_vertex(&mk, h + i);
	return mk.last + 1;
}

/* The hull of a shape, at the end of dag->hull. */
static void make_hull(hg_dag *dag, struct shape *s, uint32_t *at)
{
	struct hull_vertex *h = dag->hull + dag->n_hull;
	uint32_t n = find_hull(dag, s, at);

	s->hull_first = dag->n_hull;
	s->hull_n = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct choice *c = dag->choices + at[n - 1 - i];

		h[i] = (struct hull_vertex){to_ns(c->time_s), SLOPE_NONE, at[n - 1 - i]};
	}
	s->hull_n = round_hull(dag, s, h);
	dag->n_hull += s->hull_n;
}

/* Node by work, then by static power: equal neighbours share a shape. */
struct need {
	uint32_t work, node;
	double static_w;
};

static int compare_needs(const void *a, const void *b)
{
	const struct need *x = a, *y = b;

	if (x->work != y->work)
		return x->work < y->work ? -1 : 1;
	if (x->static_w != y->static_w)
		return x->static_w < y->static_w ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

static bool same_shape(const struct need *a, const struct need *b)
{
	return a->work == b->work && a->static_w == b->static_w;
}

static void list_needs(const hg_dag *dag, struct need *needs)
{
	const struct device *devices = dag->devices.data;

	for (uint32_t i = 0; i < dag->n; i++) {
		const struct node *node = dag_node(dag, i);
		double w = node->device == HG_DAG_NO_DEVICE ? 0 : devices[node->device].static_w;

		needs[i] = (struct need){node->work, i, w};
	}
	qsort(needs, dag->n, sizeof *needs, compare_needs);
}

/* Allocates for the shapes that are needed. */
static hg_err make_room(hg_dag *dag, const struct need *needs, uint32_t **at)
{
	size_t options = 0, most = 0, shapes = 0;

	for (uint32_t i = 0; i < dag->n; i++) {
		size_t n = dag_work(dag, needs[i].work)->n;

		if (i && same_shape(needs + i, needs + i - 1))
			continue;
		shapes++;
		options += n;
		most = n > most ? n : most;
	}
	if (options > UINT32_MAX || most > UINT32_MAX)
		return HG_ELIMIT;
	dag->shapes = calloc(shapes, sizeof *dag->shapes);
	dag->choices = malloc(options * sizeof *dag->choices);
	dag->hull = malloc(options * sizeof *dag->hull);
	*at = calloc(most + 1, sizeof **at);
	return dag->shapes && dag->choices && dag->hull && *at ? HG_OK : HG_ENOMEM;
}

hg_err shapes_make(hg_dag *dag, hg_error *why)
{
	struct need *needs = malloc((size_t)dag->n * sizeof *needs);
	struct node *nodes = dag->nodes.data;
	uint32_t *at = NULL;
	hg_err rc = HG_ENOMEM;

	if (!needs)
		goto out;
	list_needs(dag, needs);
	rc = make_room(dag, needs, &at);
	if (rc)
		goto out;
	dag->n_shapes = dag->n_choices = dag->n_hull = 0;
	for (uint32_t i = 0; i < dag->n; i++) {
		struct shape *s = dag->shapes + dag->n_shapes;

		if (i == 0 || !same_shape(needs + i, needs + i - 1)) {
			s->work = needs[i].work;
			s->static_w = needs[i].static_w;
			s->first = dag->n_choices;
			make_choices(dag, s);
			dag->n_choices += s->n;
			dag->n_shapes++;
			make_hull(dag, s, at);
		}
		nodes[needs[i].node].shape = dag->n_shapes - 1;
	}
out:
	free(at);
	free(needs);
	if (rc)
		return fail(why, rc, "%s",
			rc == HG_ELIMIT ? "more than 2^32 options" : "out of memory");
	return HG_OK;
}
