/*
 * Rounding with a price on changes of setting: for each device, a dynamic program over its nodes in
 * order, the state being the setting. "Change" is one minimum over the row before, so that a node
 * costs as much as it has options.
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

/* Costs of one node's rows from those of the node before. */
static void step(struct chain *c, uint32_t i)
{
	const struct disc *d = c->d;
	uint32_t at = c->at[i], set = d->set[at], rows = d->rows[set];
	const struct dish *menu = &d->dish[d->menu[at]], *before = NULL;
	bool alone = d->member_at[set + 1] - d->member_at[set] == 1, some = false;
	uint32_t least = 0, rows_before = 0;

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
		double stay = INFINITY, change = INFINITY;
		bool forced = !alone ? k == c->pick[set] : k == 0 && !some;

		if (!alone && !forced)
			stay = INFINITY;
		else if (i == 0)
			stay = forced || menu[k].ticks <= d->window[at] ? 0.0 : INFINITY;
		else {
			if (same != NOBODY && (forced || menu[k].ticks <= d->window[at]))
				stay = c->last[same];
			if (forced || delayed(d, menu, rows, k) <= d->window[at])
				change = c->last[least] + d->switch_j;
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

bool start_chain(const struct disc *d, uint32_t *pick)
{
	struct chain c = {.d = d, .pick = pick};
	uint32_t longest = 0;
	bool ok;

	start_down(d, pick);
	for (uint32_t s = 0; s < d->n_sets; s++)
		c.most = d->rows[s] > c.most ? d->rows[s] : c.most;
	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t n = 0;

		for (uint32_t k = at; d->before[at] == NOBODY && k != NOBODY; k = d->after[k])
			n++;
		longest = n > longest ? n : longest;
	}
	c.at = calloc((size_t)longest + 1, sizeof *c.at);
	c.cost = calloc((size_t)c.most + 1, sizeof *c.cost);
	c.last = calloc((size_t)c.most + 1, sizeof *c.last);
	c.back = calloc((size_t)longest * c.most + 1, sizeof *c.back);
	c.row_of = calloc((size_t)d->n_keys + 1, sizeof *c.row_of);
	ok = c.at && c.cost && c.last && c.back && c.row_of;
	for (uint32_t at = 0; ok && at < d->n; at++) {
		if (d->before[at] != NOBODY || d->after[at] == NOBODY)
			continue;
		c.n = 0;
		for (uint32_t k = at; k != NOBODY; k = d->after[k])
			c.at[c.n++] = k;
		solve(&c);
	}
	free(c.at);
	free(c.cost);
	free(c.last);
	free(c.back);
	free(c.row_of);
	return ok;
}
