/*
 * What two chains of nodes lose together.
 *
 * Let c1, c2 be the least flows along two chains from event x to event y. For every plan, over the
 * nodes and ties of both, w_i being their windows,
 *
 *     sum f_i w_i = sum (f_i - c) w_i + (c1 + c2) * (y - x),    y - x >= the longer chain
 *
 * so that their part of the dual is at least the minimum over all options of
 *
 *     sum eff_i + sum (f_i - c) t_i + (c1 + c2) * max(L1, L2)          L: length of a chain
 *
 * It is worked out exactly: an option whose own regret exceeds what some choice loses in all cannot
 * be part of a better choice.
 */
#include "bound-pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/vec.h"

#define COMBOS   8192 /* choices along one chain */
#define TINY_J   1e-6 /* gains that are not worth a look */
#define SAFETY_J 1e-9 /* more than rounding in doubles makes of a gain */

/* One way to do a node: its regret against the best one at the node's price. */
struct way {
	double time_s, regret_j;
};

struct menu {
	uint32_t shape, first, n; /* of all ways, least regret first */
	double flow;
};

/* Choices along a chain. */
struct combo {
	double time_s, loss_j;
};

/* What a pair is worth depends on this alone. */
struct key {
	uint64_t arc[2][CHAIN_MAX]; /* menu + 1, or the bits of a lag; 0: no arc */
	uint64_t least[2];          /* the bits of a flow */
};

struct worth {
	struct key key;
	double gain_j;
};

struct ways {
	const hg_dag *dag;
	const double *flow;
	struct vec menus;     /* struct menu */
	struct vec all;       /* struct way */
	uint32_t *slot, mask; /* menus by shape and flow, open addressing */
	uint32_t *menu_of;    /* by node, or NOBODY */
	struct vec worths;    /* struct worth */
	uint32_t *worth_slot; /* the same for them; as many slots, the oldest go */
	struct combo *combos[2];
};

struct ways *ways_create(const hg_dag *dag, const double *node_flow)
{
	struct ways *w = calloc(1, sizeof *w);
	uint32_t slots = 64;

	if (!w)
		return NULL;
	while (slots < 2 * dag->n)
		slots *= 2;
	w->dag = dag;
	w->flow = node_flow;
	w->mask = slots - 1;
	vec_init(&w->menus, sizeof(struct menu), UINT32_MAX / 2);
	vec_init(&w->all, sizeof(struct way), UINT32_MAX / 2);
	vec_init(&w->worths, sizeof(struct worth), UINT32_MAX / 2);
	w->slot = malloc(slots * sizeof *w->slot);
	w->worth_slot = malloc(slots * sizeof *w->worth_slot);
	w->menu_of = malloc(((size_t)dag->n + 1) * sizeof *w->menu_of);
	w->combos[0] = malloc(COMBOS * sizeof *w->combos[0]);
	w->combos[1] = malloc(COMBOS * sizeof *w->combos[1]);
	if (!w->slot || !w->worth_slot || !w->menu_of || !w->combos[0] || !w->combos[1]) {
		ways_destroy(w);
		return NULL;
	}
	memset(w->slot, 0xff, slots * sizeof *w->slot);
	memset(w->worth_slot, 0xff, slots * sizeof *w->worth_slot);
	memset(w->menu_of, 0xff, ((size_t)dag->n + 1) * sizeof *w->menu_of);
	return w;
}

void ways_destroy(struct ways *w)
{
	if (!w)
		return;
	vec_finish(&w->menus);
	vec_finish(&w->all);
	vec_finish(&w->worths);
	free(w->slot);
	free(w->worth_slot);
	free(w->menu_of);
	free(w->combos[0]);
	free(w->combos[1]);
	free(w);
}

static int compare_times(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	if (x->time_s != y->time_s)
		return x->time_s < y->time_s ? -1 : 1;
	return (x->regret_j > y->regret_j) - (x->regret_j < y->regret_j);
}

static int compare_regrets(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	if (x->regret_j != y->regret_j)
		return x->regret_j < y->regret_j ? -1 : 1;
	return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

/* The raw options of a shape at a price; what is slower and dearer is never better. */
static hg_err fill_menu(struct ways *w, struct menu *m)
{
	const struct shape *shape = w->dag->shapes + m->shape;
	const struct work *work = dag_work(w->dag, shape->work);
	double best = INFINITY, least = INFINITY;
	struct way *ways;
	hg_err rc = HG_OK;

	m->first = (uint32_t)w->all.len;
	m->n = 0;
	for (uint32_t k = 0; k < work->n && !rc; k++) {
		const hg_option *o = work->options + k;
		struct way way = {o->time_s, o->energy_j - shape->static_w * o->time_s};

		rc = vec_push(&w->all, &way);
	}
	if (rc)
		return rc;
	ways = vec_at(&w->all, m->first);
	qsort(ways, work->n, sizeof *ways, compare_times);
	for (uint32_t k = 0; k < work->n; k++)
		if (ways[k].regret_j < least) {
			least = ways[k].regret_j;
			ways[m->n++] = ways[k];
		}
	w->all.len = m->first + (size_t)m->n;
	for (uint32_t k = 0; k < m->n; k++) {
		ways[k].regret_j = fma(m->flow, ways[k].time_s, ways[k].regret_j);
		best = fmin(best, ways[k].regret_j);
	}
	for (uint32_t k = 0; k < m->n; k++)
		ways[k].regret_j -= best;
	qsort(ways, m->n, sizeof *ways, compare_regrets);
	return HG_OK;
}

static uint32_t slot_of(const struct ways *w, uint32_t shape, double flow)
{
	uint64_t bits;

	memcpy(&bits, &flow, sizeof bits);
	bits = (bits ^ (uint64_t)shape << 52 ^ shape) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(bits >> 32) & w->mask;
}

static hg_err find_menu(struct ways *w, uint32_t node)
{
	uint32_t shape = dag_node(w->dag, node)->shape;
	double flow = w->flow[node] + 0.0; /* -0 is 0 */
	uint32_t at = slot_of(w, shape, flow);
	struct menu m = {.shape = shape, .flow = flow};
	hg_err rc;

	if (w->menu_of[node] != NOBODY)
		return HG_OK;
	for (; w->slot[at] != NOBODY; at = (at + 1) & w->mask) {
		const struct menu *known = vec_at(&w->menus, w->slot[at]);

		if (known->shape == shape && known->flow == flow) {
			w->menu_of[node] = w->slot[at];
			return HG_OK;
		}
	}
	rc = fill_menu(w, &m);
	if (!rc)
		rc = vec_push(&w->menus, &m);
	if (!rc)
		w->menu_of[node] = w->slot[at] = (uint32_t)w->menus.len - 1;
	return rc;
}

static int compare_combos(const void *a, const void *b)
{
	const struct combo *x = a, *y = b;

	if (x->time_s != y->time_s)
		return x->time_s < y->time_s ? -1 : 1;
	return (x->loss_j > y->loss_j) - (x->loss_j < y->loss_j);
}

/* Puts one node more into the choices so far. @return how many there are; 0: too many */
static uint32_t extend(const struct ways *w, uint32_t node, uint32_t most, double limit,
	struct combo *out, uint32_t was)
{
	const struct menu *m = (const struct menu *)w->menus.data + w->menu_of[node];
	const struct way *way = (const struct way *)w->all.data + m->first;
	uint32_t n = was, ways = m->n < most ? m->n : most;

	for (uint32_t x = 1; x < ways && way[x].regret_j <= limit; x++)
		for (uint32_t j = 0; j < was; j++) {
			double loss = out[j].loss_j + way[x].regret_j;

			if (loss > limit)
				continue;
			if (n == COMBOS)
				return 0;
			out[n++] = (struct combo){out[j].time_s + way[x].time_s, loss};
		}
	/* the first way loses nothing: its choices stay where they are */
	for (uint32_t j = 0; j < was; j++)
		out[j].time_s += way[0].time_s;
	return n;
}

/* Choices along a chain that lose no more than a limit: by time, less and less loss. Each second
 * that a chain is shorter than the other costs its least flow: it is taken off here.
 * @param most  ways of each node that are looked at
 * @return how many; 0: too many */
static uint32_t list_combos(const struct ways *w, const struct pair_chain *c, const double *lag,
	uint32_t most, double limit, struct combo *out)
{
	uint32_t n = 1, kept = 0;

	out[0] = (struct combo){0.0, 0.0};
	for (uint32_t k = 0; k < c->n && n > 0; k++) {
		if (c->arc[k] < w->dag->n)
			n = extend(w, c->arc[k], most, limit, out, n);
		else
			for (uint32_t j = 0; j < n; j++)
				out[j].time_s += lag[k];
	}
	for (uint32_t j = 0; j < n; j++)
		out[j].loss_j -= c->least * out[j].time_s;
	qsort(out, n, sizeof *out, compare_combos);
	for (uint32_t j = 0; j < n; j++)
		if (kept == 0 || out[j].loss_j < out[kept - 1].loss_j)
			out[kept++] = out[j];
	return kept;
}

/* The least loss of both among choices up to a limit; INFINITY: too many of them. As the time of
 * both grows, each chain takes its longest choice within it. */
static double least_loss(const struct ways *w, const struct pair *p, const double lag[2][CHAIN_MAX],
	uint32_t most, double limit)
{
	uint32_t n[2], at[2] = {0, 0};
	double both = p->side[0].least + p->side[1].least, best = INFINITY;

	for (int s = 0; s < 2; s++) {
		n[s] = list_combos(w, &p->side[s], lag[s], most, limit, w->combos[s]);
		if (n[s] == 0)
			return INFINITY;
	}
	for (;;) {
		const struct combo *x = w->combos[0] + at[0], *y = w->combos[1] + at[1];
		double loss = x->loss_j + y->loss_j + both * fmax(x->time_s, y->time_s);
		const bool more[2] = {at[0] + 1 < n[0], at[1] + 1 < n[1]};

		best = fmin(best, loss);
		if (!more[0] && !more[1])
			return best;
		if (more[0] && (!more[1] || x[1].time_s <= y[1].time_s))
			at[0]++;
		else
			at[1]++;
	}
}

static void make_key(
	const struct ways *w, const struct pair *p, const double lag[2][CHAIN_MAX], struct key *key)
{
	memset(key, 0, sizeof *key);
	for (int s = 0; s < 2; s++) {
		memcpy(&key->least[s], &p->side[s].least, sizeof key->least[s]);
		for (uint32_t k = 0; k < p->side[s].n; k++) {
			uint32_t arc = p->side[s].arc[k];

			if (arc < w->dag->n)
				key->arc[s][k] = (uint64_t)w->menu_of[arc] + 1;
			else
				memcpy(&key->arc[s][k], &lag[s][k], sizeof lag[s][k]);
		}
	}
}

/* Where a key has its place: pairs repeat as a schedule does. */
static uint32_t place_of(const struct ways *w, const struct key *key)
{
	uint64_t word[sizeof *key / sizeof(uint64_t)], hash = 0;

	memcpy(word, key, sizeof *key);
	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 32) & w->mask;
}

/* What a few choices lose limits what the best can lose. */
static double weigh(struct ways *w, const struct pair *p, const double lag[2][CHAIN_MAX])
{
	double gain = INFINITY;

	for (uint32_t most = 2; gain > TINY_J && most <= 8; most *= 2)
		gain = fmin(gain, least_loss(w, p, lag, most, gain + SAFETY_J));
	if (gain > TINY_J) {
		double all = least_loss(w, p, lag, UINT32_MAX, gain + SAFETY_J);

		gain = all == INFINITY ? 0.0 : fmin(gain, all);
	}
	return gain > TINY_J ? gain - SAFETY_J : 0.0;
}

hg_err ways_weigh(struct ways *w, struct pair *p, const double lag[2][CHAIN_MAX])
{
	struct worth worth;
	uint32_t place;
	hg_err rc = HG_OK;

	for (int s = 0; s < 2; s++)
		for (uint32_t k = 0; k < p->side[s].n && !rc; k++)
			if (p->side[s].arc[k] < w->dag->n)
				rc = find_menu(w, p->side[s].arc[k]);
	if (rc)
		return rc;
	make_key(w, p, lag, &worth.key);
	place = place_of(w, &worth.key);
	if (w->worth_slot[place] != NOBODY) {
		const struct worth *known = vec_at(&w->worths, w->worth_slot[place]);

		if (memcmp(&known->key, &worth.key, sizeof worth.key) == 0) {
			p->gain_j = known->gain_j;
			return HG_OK;
		}
	}
	p->gain_j = worth.gain_j = weigh(w, p, lag);
	w->worth_slot[place] = (uint32_t)w->worths.len;
	return vec_push(&w->worths, &worth);
}
