#include "bound-few.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "sum.h"

/* Prices that are tried: doubled until there are few enough changes, then halved in between. */
#define RISES  40
#define HALVES 30
/* First of them, of the energy that a node may differ by. */
#define SMALL 1e-3

struct few {
	const hg_dag *dag;
	const double *node;
	uint32_t *at, *order; /* nodes with settings, device by device, in order */
	uint32_t n_devices;
	hg_setting *keys; /* all settings, rising */
	uint32_t n_keys;
	uint32_t *first;       /* of each work: where its options' keys begin */
	uint32_t *key;         /* of each option */
	double *cost, *before; /* by key: of the rows of settings that end there */
	uint64_t *count, *old; /* changes in them */
	double free_j,
		spread_j; /* every node for itself; how far its options differ, in the mean */
};

static int compare_settings(const void *a, const void *b)
{
	const hg_setting *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Whether changes to and from a node count. */
static bool counts(const hg_dag *dag, uint32_t i)
{
	const struct work *w = dag_work(dag, dag_node(dag, i)->work);

	if (dag_node(dag, i)->device == HG_DAG_NO_DEVICE)
		return false;
	for (uint32_t k = 0; k < w->n; k++)
		if (w->options[k].setting == HG_SETTING_NONE)
			return false;
	return true;
}

/* Energy of an option at the node's price of time, J. */
static double priced(const struct few *f, uint32_t i, const hg_option *o)
{
	return fma(f->node[i] - dag_static_w(f->dag, i), o->time_s, o->energy_j);
}

/* Numbers the settings. */
static bool number_keys(struct few *f)
{
	const struct work *works = f->dag->works.data;
	size_t n_works = f->dag->works.len, total = 0;

	for (size_t w = 0; w < n_works; w++)
		total += works[w].n;
	f->first = calloc(n_works + 1, sizeof *f->first);
	f->key = calloc(total + 1, sizeof *f->key);
	f->keys = calloc(total + 1, sizeof *f->keys);
	if (!f->first || !f->key || !f->keys)
		return false;
	total = 0;
	for (size_t w = 0; w < n_works; w++) {
		f->first[w] = (uint32_t)total;
		for (uint32_t k = 0; k < works[w].n; k++)
			f->keys[total++] = works[w].options[k].setting;
	}
	qsort(f->keys, total, sizeof *f->keys, compare_settings);
	for (size_t k = 0; k < total; k++)
		if (!f->n_keys || f->keys[f->n_keys - 1] != f->keys[k])
			f->keys[f->n_keys++] = f->keys[k];
	for (size_t w = 0; w < n_works; w++)
		for (uint32_t k = 0; k < works[w].n; k++) {
			const hg_setting *key = bsearch(&works[w].options[k].setting, f->keys,
				f->n_keys, sizeof *f->keys, compare_settings);

			f->key[f->first[w] + k] = (uint32_t)(key - f->keys);
		}
	return true;
}

/* Lists the nodes of each device in order. */
static bool list_nodes(struct few *f)
{
	const hg_dag *dag = f->dag;
	uint32_t *at;

	f->n_devices = (uint32_t)dag->devices.len;
	f->at = calloc((size_t)f->n_devices + 2, sizeof *f->at);
	f->order = calloc((size_t)dag->n + 1, sizeof *f->order);
	if (!f->at || !f->order)
		return false;
	at = f->at + 1;
	for (uint32_t i = 0; i < dag->n; i++)
		if (counts(dag, i))
			f->at[dag_node(dag, i)->device + 2]++;
	for (uint32_t d = 0; d < f->n_devices; d++)
		at[d + 1] += at[d];
	for (uint32_t k = 0; k < dag->n; k++)
		if (counts(dag, dag->topo[k]))
			f->order[at[dag_node(dag, dag->topo[k])->device]++] = dag->topo[k];
	return true;
}

static void few_finish(struct few *f)
{
	free(f->at);
	free(f->order);
	free(f->keys);
	free(f->first);
	free(f->key);
	free(f->cost);
	free(f->before);
	free(f->count);
	free(f->old);
}

/* What nodes draw that choose for themselves, and by how much their options differ. */
static void weigh(struct few *f)
{
	struct sum free_j = {0, 0}, spread_j = {0, 0};
	uint32_t n = f->at[f->n_devices];

	for (uint32_t k = 0; k < n; k++) {
		const struct work *w = dag_work(f->dag, dag_node(f->dag, f->order[k])->work);
		double least = INFINITY, most = 0;

		for (uint32_t o = 0; o < w->n; o++) {
			double e = priced(f, f->order[k], w->options + o);

			least = fmin(least, e);
			most = o ? fmax(most, e) : e;
		}
		sum_add(&free_j, least);
		sum_add(&spread_j, most - least);
	}
	f->free_j = sum_value(&free_j);
	f->spread_j = sum_value(&spread_j) / (n + 1.0);
}

static hg_err few_init(struct few *f, const hg_dag *dag, const double *node)
{
	*f = (struct few){.dag = dag, .node = node};
	if (!number_keys(f) || !list_nodes(f))
		return HG_ENOMEM;
	f->cost = calloc((size_t)f->n_keys + 1, sizeof *f->cost);
	f->before = calloc((size_t)f->n_keys + 1, sizeof *f->before);
	f->count = calloc((size_t)f->n_keys + 1, sizeof *f->count);
	f->old = calloc((size_t)f->n_keys + 1, sizeof *f->old);
	if (!f->cost || !f->before || !f->count || !f->old)
		return HG_ENOMEM;
	weigh(f);
	return HG_OK;
}

static uint32_t least_of(const double *cost, uint32_t n)
{
	uint32_t best = 0;

	for (uint32_t k = 1; k < n; k++)
		best = cost[k] < cost[best] ? k : best;
	return best;
}

/* One node more in each row of settings. */
static void add_node(struct few *f, uint32_t i, bool begins, double price_j)
{
	uint32_t work = dag_node(f->dag, i)->work, least = 0;
	const struct work *w = dag_work(f->dag, work);
	double *swap = f->before, change = 0;
	uint64_t *old = f->old;

	f->before = f->cost;
	f->cost = swap;
	f->old = f->count;
	f->count = old;
	if (!begins) {
		least = least_of(f->before, f->n_keys);
		change = f->before[least] + price_j;
	}
	for (uint32_t k = 0; k < f->n_keys; k++)
		f->cost[k] = INFINITY;
	for (uint32_t o = 0; o < w->n; o++) {
		uint32_t k = f->key[f->first[work] + o];
		bool stay = !begins && f->before[k] <= change;

		f->cost[k] = priced(f, i, w->options + o) + (stay ? f->before[k] : change);
		f->count[k] = begins ? 0 : stay ? f->old[k] : f->old[least] + 1;
	}
}

/* Least of all rows of settings at a price of a change; their changes. */
static double least_at(struct few *f, double price_j, uint64_t *changes)
{
	struct sum sum = {0, 0};

	*changes = 0;
	for (uint32_t d = 0; d < f->n_devices; d++) {
		uint32_t best;

		for (uint32_t k = f->at[d]; k < f->at[d + 1]; k++)
			add_node(f, f->order[k], k == f->at[d], price_j);
		if (f->at[d] == f->at[d + 1])
			continue;
		best = least_of(f->cost, f->n_keys);
		sum_add(&sum, f->cost[best]);
		*changes += f->count[best];
	}
	return sum_value(&sum);
}

/* What is proved at a price beyond what a change costs anyway; kept if it is the most. */
static uint64_t try_price(
	struct few *f, uint64_t most, double cost_j, double beyond_j, struct few_bound *out)
{
	uint64_t changes;
	double gain_j = least_at(f, cost_j + beyond_j, &changes) - f->free_j;

	if (beyond_j > 0)
		gain_j -= beyond_j * (double)most;
	if (gain_j > out->gain_j)
		*out = (struct few_bound){gain_j, cost_j + beyond_j, changes};
	return changes;
}

hg_err bound_few(const hg_dag *dag, const double *node, uint64_t most, double cost_j,
	struct few_bound *out, hg_error *why)
{
	double low = 0, high;
	struct few f;
	hg_err rc = few_init(&f, dag, node);

	*out = (struct few_bound){0, cost_j, 0};
	if (!rc && try_price(&f, most, cost_j, 0, out) > most) {
		high = fmax(SMALL * f.spread_j, 1e-9);
		for (int k = 0; k < RISES && try_price(&f, most, cost_j, high, out) > most; k++) {
			low = high;
			high *= 2;
		}
		for (int k = 0; k < HALVES; k++) {
			double middle = low + (high - low) / 2;

			if (try_price(&f, most, cost_j, middle, out) > most)
				low = middle;
			else
				high = middle;
		}
	}
	few_finish(&f);
	return rc ? fail(why, rc, "out of memory") : HG_OK;
}
