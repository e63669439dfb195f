/*
 * Rounding with a price on changes of setting: for each device, a dynamic program over its nodes in
 * order, the state being the setting. "Change" is one minimum over the row before, so that a node
 * costs as much as it has options. Time is either limited by the windows of the relaxed plan, or it
 * has the price that the relaxed plan's flow puts on it.
 */
#include <math.h>
#include <stdlib.h>

#include "start.h"

struct chain {
	const struct disc *d;
	uint32_t *pick;
	uint32_t *at;        /* its positions */
	uint32_t n, most;    /* how many; most rows of any menu */
	double *cost, *last; /* by row: of this node, of the one before */
	uint32_t *back;      /* n x most: row of the node before */
	uint32_t *row_of;    /* n_keys: row of the node before with a key */
	double price;        /* of time, in units of the flow; 0: windows limit it */
	double tilt;         /* how much more it is at the end than at the beginning */
};

/* A node's time after a change: the longest it can be delayed by the slowest old setting. */
static int64_t delayed(const struct disc *d, const struct dish *menu, uint32_t rows, uint32_t row)
{
	double fresh = (double)menu[row].ticks, slow = (double)menu[rows - 1].ticks;

	if (d->latency == 0)
		return menu[row].ticks;
	return menu[row].ticks +
	       (int64_t)(fmin((double)d->latency, slow) *
			 (slow > 0.0 ? fmax(1.0 - fresh / slow, 0.0) : 0.0)) +
	       2;
}

/* J per tick of a position. */
static double price_of(const struct chain *c, uint32_t at)
{
	const struct disc *d = c->d;
	double part = d->deadline > 0 ? (double)d->start[at] / (double)d->deadline : 0.5;

	return c->price * d->flow[at] / d->ticks_per_s * exp(c->tilt * (part - 0.5));
}

/* What a row's time costs, or INFINITY where it is not allowed. */
static double toll(const struct chain *c, uint32_t at, double price, int64_t ticks)
{
	if (c->price > 0.0)
		return price * (double)ticks;
	return ticks <= c->d->window[at] ? 0.0 : INFINITY;
}

/* Costs of one node's rows from those of the node before. */
static void step(struct chain *c, uint32_t i)
{
	const struct disc *d = c->d;
	uint32_t at = c->at[i], set = d->set[at], rows = d->rows[set];
	const struct dish *menu = &d->dish[d->menu[at]], *before = NULL;
	bool alone = d->member_at[set + 1] - d->member_at[set] == 1, some = false;
	uint32_t least = 0, rows_before = 0;
	double price = price_of(c, at);

	for (uint32_t k = 0; k < d->n_keys; k++)
		c->row_of[k] = NOBODY;
	if (i > 0) {
		before = &d->dish[d->menu[c->at[i - 1]]];
		rows_before = d->rows[d->set[c->at[i - 1]]];
	}
	for (uint32_t k = 0; k < rows_before; k++) {
		c->row_of[before[k].key] = k;
		least = c->last[k] < c->last[least] ? k : least;
	}
	for (uint32_t k = rows; k-- > 0;) {
		uint32_t same = i > 0 ? c->row_of[menu[k].key] : NOBODY;
		double stay = INFINITY, change = INFINITY, free = 0.0, late = 0.0;

		if (!(alone ? k == 0 && !some : k == c->pick[set])) {
			free = alone ? toll(c, at, price, menu[k].ticks) : INFINITY;
			late = alone ? toll(c, at, price, delayed(d, menu, rows, k)) : INFINITY;
		}
		if (i == 0)
			stay = free;
		else {
			if (same != NOBODY)
				stay = c->last[same] + free;
			change = c->last[least] + d->switch_j + late;
		}
		c->back[(size_t)i * c->most + k] = stay <= change ? same : least;
		c->cost[k] = menu[k].eff_j + fmin(stay, change);
		some |= c->cost[k] < INFINITY;
	}
}

static void solve(struct chain *c)
{
	const struct disc *d = c->d;
	uint32_t best = 0, rows = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		double *swap = c->last;

		step(c, i);
		c->last = c->cost;
		c->cost = swap;
		rows = d->rows[d->set[c->at[i]]];
	}
	for (uint32_t k = 0; k < rows; k++)
		best = c->last[k] < c->last[best] ? k : best;
	for (uint32_t i = c->n; i-- > 0;) {
		c->pick[d->set[c->at[i]]] = best;
		best = c->back[(size_t)i * c->most + best];
	}
}

static void chain_finish(struct chain *c)
{
	free(c->at);
	free(c->cost);
	free(c->last);
	free(c->back);
	free(c->row_of);
}

static bool chain_init(struct chain *c, const struct disc *d, uint32_t *pick)
{
	uint32_t longest = 0;

	*c = (struct chain){.d = d, .pick = pick};
	for (uint32_t s = 0; s < d->n_sets; s++)
		c->most = d->rows[s] > c->most ? d->rows[s] : c->most;
	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t n = 0;

		for (uint32_t k = at; d->before[at] == NOBODY && k != NOBODY; k = d->after[k])
			n++;
		longest = n > longest ? n : longest;
	}
	c->at = calloc((size_t)longest + 1, sizeof *c->at);
	c->cost = calloc((size_t)c->most + 1, sizeof *c->cost);
	c->last = calloc((size_t)c->most + 1, sizeof *c->last);
	c->back = calloc((size_t)longest * c->most + 1, sizeof *c->back);
	c->row_of = calloc((size_t)d->n_keys + 1, sizeof *c->row_of);
	if (c->at && c->cost && c->last && c->back && c->row_of)
		return true;
	chain_finish(c);
	return false;
}

static void chain_solve(struct chain *c, uint32_t first)
{
	c->n = 0;
	for (uint32_t k = first; k != NOBODY; k = c->d->after[k])
		c->at[c->n++] = k;
	solve(c);
}

static void solve_all(struct chain *c)
{
	for (uint32_t at = 0; at < c->d->n; at++)
		if (c->d->before[at] == NOBODY && c->d->after[at] != NOBODY)
			chain_solve(c, at);
}

bool start_chain(const struct disc *d, uint32_t *pick)
{
	struct chain c;

	if (!chain_init(&c, d, pick))
		return false;
	start_down(d, pick);
	solve_all(&c);
	chain_finish(&c);
	return true;
}

/* Makespan, delays after changes of setting included. */
static int64_t span(const struct disc *d, const uint32_t *pick, int64_t *head)
{
	for (uint32_t at = 0; at < d->n; at++) {
		const struct dish *menu = &d->dish[d->menu[at]];
		uint32_t set = d->set[at], before = d->before[at];
		int64_t ticks = menu[pick[set]].ticks;

		if (d->latency && before != NOBODY &&
			d->dish[d->menu[before] + pick[d->set[before]]].key != menu[pick[set]].key)
			ticks = delayed(d, menu, d->rows[set], pick[set]);
		for (uint32_t k = d->pred_at[at]; k < d->pred_at[at + 1]; k++) {
			int64_t begin = head[d->pred[k].to] + d->pred[k].lag;

			head[d->n] = begin > head[d->n] ? begin : head[d->n];
		}
		head[at] = head[d->n] + ticks;
		head[d->n] = 0;
	}
	for (uint32_t at = 0; at < d->n; at++)
		head[d->n] = head[at] > head[d->n] ? head[at] : head[d->n];
	return head[d->n];
}

/* Prices are looked for between 1/SCALE and SCALE times those of the relaxed plan. */
#define SCALE 8.0
#define LOOKS 14

bool start_priced(const struct disc *d, double tilt, uint32_t *pick, int64_t *head)
{
	struct chain c;
	double low = -log(SCALE), high = log(SCALE);

	if (!chain_init(&c, d, pick))
		return false;
	start_down(d, pick);
	c.tilt = tilt;
	for (int k = 0; k <= LOOKS; k++) {
		double mid = k < LOOKS ? 0.5 * (low + high) : high;

		c.price = exp(mid);
		solve_all(&c);
		head[d->n] = 0;
		if (span(d, pick, head) <= d->deadline)
			high = mid;
		else
			low = mid;
	}
	chain_finish(&c);
	return true;
}
