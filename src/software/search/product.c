#include "product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* Combinations that are drawn before a setting is sought by backtracking. */
#define DRAWS_MOST 100
/* Values that are tried by backtracking. */
#define TRIES_MOST  4096
#define VALUES_MOST ((size_t)1 << 24)

/** A value and its cost. */
struct value {
	double is, cost;
};

static int by_value(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->is > y->is) - (x->is < y->is);
}

static hg_err check_value(const hg_search_space *g, size_t k, double v, double cost, hg_error *why)
{
	const hg_knob_def *d = &g->knobs[k];

	if (!isfinite(v) || (g->scales[k] >= HG_SEARCH_LOG && !(v > 0)))
		return fail(why, HG_EINVAL, "knob '%.60s': cannot be %g", d->name, v);
	if (d->choices && !(v >= 0 && v < (double)d->n_choices && v == floor(v)))
		return fail(why, HG_EINVAL, "knob '%.60s': no choice %g", d->name, v);
	if (!(cost > 0 && isfinite(cost)))
		return fail(
			why, HG_EINVAL, "knob '%.60s': a cost must be finite and above 0", d->name);
	return HG_OK;
}

static hg_err take_values(
	struct product *p, const hg_search_space *g, size_t k, struct value *room, hg_error *why)
{
	const double *costs = g->value_costs ? g->value_costs[k] : NULL;
	struct product_knob *own = &p->knobs[k];

	for (size_t i = 0; i < own->n; i++) {
		hg_err rc;

		room[i] = (struct value){g->values[k][i] + 0.0, costs ? costs[i] : 1};
		rc = check_value(g, k, room[i].is, room[i].cost, why);
		if (rc != HG_OK)
			return rc;
	}
	qsort(room, own->n, sizeof *room, by_value);
	for (size_t i = 0; i < own->n; i++) {
		if (i > 0 && room[i].is == room[i - 1].is)
			return fail(why, HG_EINVAL, "knob '%.60s': %g is there twice",
				g->knobs[k].name, room[i].is);
		own->values[i] = room[i].is;
		own->costs[i] = room[i].cost;
	}
	return HG_OK;
}

static hg_err add_knob(struct product *p, const hg_search_space *g, hg_error *why)
{
	size_t k = p->n_knobs++, n = g->n_values[k];
	struct product_knob *own = &p->knobs[k];
	struct value *room;
	hg_err rc;

	if (n == 0 || n > VALUES_MOST || !g->values[k])
		return fail(why, n > VALUES_MOST ? HG_ELIMIT : HG_EINVAL,
			"knob '%.60s': %zu values", g->knobs[k].name, g->values[k] ? n : 0);
	own->scale = (hg_search_scale)g->scales[k];
	own->n = n;
	own->values = malloc(n * sizeof *own->values);
	own->costs = malloc(n * sizeof *own->costs);
	room = malloc(n * sizeof *room);
	rc = own->values && own->costs && room ? take_values(p, g, k, room, why)
					       : fail(why, HG_ENOMEM, "no memory for values");
	free(room);
	return rc;
}

hg_err product_init(struct product *p, const hg_search_space *g, hg_error *why)
{
	hg_err rc = HG_OK;

	memset(p, 0, sizeof *p);
	if (!g->values)
		return fail(why, HG_EINVAL, "a product of knobs needs their values");
	if (g->n_configs || g->cells || g->prior_time_s || g->prior_energy_j || g->prior_rsd ||
		g->cost)
		return fail(why, HG_EINVAL,
			"a product of knobs has no listed configurations, predictions or costs");
	p->allows = g->allows;
	p->user = g->user;
	while (rc == HG_OK && p->n_knobs < g->n_knobs)
		rc = add_knob(p, g, why);
	return rc;
}

void product_finish(struct product *p)
{
	for (size_t k = 0; k < p->n_knobs; k++) {
		free(p->knobs[k].values);
		free(p->knobs[k].costs);
	}
	memset(p, 0, sizeof *p);
}

double product_count(const struct product *p)
{
	double n = 1;

	for (size_t k = 0; k < p->n_knobs; k++)
		n *= (double)p->knobs[k].n;
	return n;
}

/** Place of the first value that is not below another. */
static size_t not_below(const struct product_knob *k, double value)
{
	size_t lo = 0, hi = k->n;

	while (lo < hi) {
		size_t middle = (lo + hi) / 2;

		if (k->values[middle] < value)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

size_t product_place(const struct product *p, size_t knob, double value)
{
	const struct product_knob *k = &p->knobs[knob];
	size_t at = not_below(k, value);

	return at < k->n && k->values[at] == value ? at : SIZE_MAX;
}

static bool allows(const struct product *p, const double *cells, size_t n)
{
	return !p->allows || p->allows(p->user, cells, n);
}

bool product_has(const struct product *p, const double *cells)
{
	for (size_t k = 0; k < p->n_knobs; k++)
		if (product_place(p, k, cells[k]) == SIZE_MAX || !allows(p, cells, k + 1))
			return false;
	return true;
}

/** The i-th value of a knob in the order of distance from place `from`: of numbers the ones on both
 * sides by turns. Of choices none is nearer than others. */
static double nearest(const struct product_knob *k, size_t from, size_t i)
{
	size_t below = from, above = k->n - 1 - from, both = below < above ? below : above;

	if (k->scale == HG_SEARCH_CHOICE)
		return k->values[(from + i) % k->n];
	if (i <= 2 * both)
		return k->values[i % 2 ? from + (i + 1) / 2 : from - i / 2];
	return k->values[below < above ? i : k->n - 1 - i];
}

/** Backtracking, each knob's values from one on. */
static bool backtrack(const struct product *p, uint32_t fixed, const size_t *from, double *cells)
{
	size_t at[HG_SEARCH_MAX_KNOBS] = {0}, k = 0;

	for (size_t tries = 0; tries < TRIES_MOST; tries++) {
		size_t n = fixed >> k & 1 ? 1 : p->knobs[k].n;

		if (at[k] == n) {
			if (k == 0)
				return false;
			at[k--] = 0;
			continue;
		}
		cells[k] = nearest(&p->knobs[k], from[k], at[k]++);
		if (!allows(p, cells, k + 1))
			continue;
		if (++k == p->n_knobs)
			return true;
	}
	return false;
}

bool product_draw(const struct product *p, struct rng *rng, double *cells)
{
	size_t from[HG_SEARCH_MAX_KNOBS] = {0};

	for (int i = 0; i < DRAWS_MOST; i++) {
		size_t k = 0;

		for (; k < p->n_knobs; k++) {
			from[k] = (size_t)rng_below(rng, p->knobs[k].n);
			cells[k] = p->knobs[k].values[from[k]];
		}
		for (k = 0; k < p->n_knobs && allows(p, cells, k + 1);)
			k++;
		if (k == p->n_knobs)
			return true;
	}
	return backtrack(p, 0, from, cells);
}

bool product_mend(const struct product *p, uint32_t fixed, double *cells)
{
	size_t from[HG_SEARCH_MAX_KNOBS];

	for (size_t k = 0; k < p->n_knobs; k++) {
		from[k] = not_below(&p->knobs[k], cells[k]);
		if (from[k] == p->knobs[k].n)
			from[k]--;
	}
	return backtrack(p, fixed, from, cells);
}

/** The largest value of a knob with the same choices. */
static double top_of(const struct product *p, size_t knob, const double *cells)
{
	const struct product_knob *own = &p->knobs[knob];
	uint32_t fixed = 1u << knob;

	for (size_t k = 0; k < p->n_knobs; k++)
		if (p->knobs[k].scale == HG_SEARCH_CHOICE)
			fixed |= 1u << k;
	for (size_t i = own->n; i-- > 0 && own->values[i] > cells[knob];) {
		double other[HG_SEARCH_MAX_KNOBS];

		memcpy(other, cells, p->n_knobs * sizeof *other);
		other[knob] = own->values[i];
		if (product_mend(p, fixed, other))
			return own->values[i];
	}
	return cells[knob];
}

void product_row(const struct product *p, const double *cells, struct space_row *row)
{
	row->cost = 1;
	for (size_t k = 0; k < p->n_knobs; k++) {
		const struct product_knob *own = &p->knobs[k];

		row->cells[k] = cells[k];
		row->lo[k] = own->values[0];
		row->hi[k] = own->values[own->n - 1];
		row->top[k] = scale_is_share(own->scale) ? top_of(p, k, cells) : 0;
		row->cost *= own->costs[product_place(p, k, cells[k])];
	}
}
