/* Giving slack to those who save most with it, and taking time back where the deadline is missed.
 */
#include "discrete.h"

#include <math.h>

#include "search.h"

#define LOOK 16 /* moves between looks at the clock */

static int64_t slack_of(const struct walk *w, uint32_t at)
{
	return w->d->deadline - w->head[at] - w->tail[at];
}

static void add(struct walk *w, uint32_t set)
{
	if (w->stamp[set] == w->round)
		return;
	w->stamp[set] = w->round;
	w->cand[w->n_cand++] = set;
}

void reclaim_collect(struct walk *w, size_t from)
{
	const struct disc *d = w->d;

	w->round++;
	w->n_cand = 0;
	for (size_t j = from; j < w->log_n; j++) {
		uint32_t at = w->log[j].at;

		if (w->log[j].kind == 0) { /* a pick: the neighbours may want the same setting */
			add(w, at);
			continue;
		}
		if (at < d->n)
			add(w, d->set[at]);
	}
}

void reclaim_all(struct walk *w)
{
	w->round++;
	w->n_cand = 0;
	for (uint32_t s = 0; s < w->d->n_sets; s++)
		add(w, s);
}

/* Whether each node of a set alone could take a row. */
static bool fits(const struct walk *w, uint32_t set, uint32_t row)
{
	const struct disc *d = w->d;

	for (uint32_t m = d->member_at[set]; m < d->member_at[set + 1]; m++) {
		uint32_t at = d->member[m];

		if (walk_ticks(w, at, row) > slack_of(w, at))
			return false;
	}
	return true;
}

/* What the nodes of a set would save at another row, changes of setting included. */
static double saved(const struct walk *w, uint32_t set, uint32_t row)
{
	const struct disc *d = w->d;
	double gain = 0.0;

	for (uint32_t m = d->member_at[set]; m < d->member_at[set + 1]; m++) {
		uint32_t at = d->member[m], b = d->before[at], a = d->after[at];
		const struct dish *now = &d->dish[d->menu[at] + w->pick[set]];
		const struct dish *then = &d->dish[d->menu[at] + row];
		uint32_t key;

		gain += now->eff_j - then->eff_j;
		if (d->switch_j == 0.0 || now->key == then->key)
			continue;
		if (b != NOBODY && d->set[b] != set) {
			key = d->dish[d->menu[b] + w->pick[d->set[b]]].key;
			gain += d->switch_j * ((now->key != key) - (then->key != key));
		}
		if (a != NOBODY && d->set[a] != set) {
			key = d->dish[d->menu[a] + w->pick[d->set[a]]].key;
			gain += d->switch_j * ((now->key != key) - (then->key != key));
		}
	}
	return gain;
}

/* The row that saves most among those that fit. */
static uint32_t best_row(const struct walk *w, uint32_t set, double *gain)
{
	const struct disc *d = w->d;
	uint32_t row = w->pick[set], best = row;

	*gain = 0.0;
	if (d->sorted) {
		while (best + 1 < d->rows[set] && fits(w, set, best + 1))
			best++;
		if (best != row)
			*gain = saved(w, set, best);
		return best;
	}
	for (uint32_t k = 0; k < d->rows[set]; k++) {
		double g;

		if (k == row || !fits(w, set, k))
			continue;
		g = saved(w, set, k);
		if (g > *gain) {
			*gain = g;
			best = k;
		}
	}
	return best;
}

/* Takes a row or, where several nodes on one path make it too slow, one nearer to the present. */
static bool take(struct walk *w, uint32_t set, uint32_t row, bool *done)
{
	uint32_t now = w->pick[set];

	*done = false;
	while (row != now) {
		size_t mark = w->log_n;
		double before = w->total;

		if (!walk_pick(w, set, row))
			return false;
		if (walk_makespan(w) <= w->d->deadline && w->total < before) {
			*done = true;
			return walk_tails(w);
		}
		walk_undo(w, mark);
		if (!w->d->sorted)
			return true;
		row = now + (row - now) / 2;
	}
	return true;
}

/* Queues a set by what it would save. */
static bool queue(struct walk *w, uint32_t set, double weight)
{
	double gain;

	(void)best_row(w, set, &gain);
	w->weight[set] = weight;
	return gain <= 0.0 || heap_push(&w->queue, -gain * weight, set) == HG_OK;
}

/* Queues the neighbours of a set that changed: the price of switching may have. */
static bool queue_neighbours(struct walk *w, uint32_t set)
{
	const struct disc *d = w->d;

	for (uint32_t m = d->member_at[set]; m < d->member_at[set + 1]; m++) {
		uint32_t b = d->before[d->member[m]], a = d->after[d->member[m]];

		if (b != NOBODY && !queue(w, d->set[b], 1.0))
			return false;
		if (a != NOBODY && !queue(w, d->set[a], 1.0))
			return false;
	}
	return queue(w, set, 1.0);
}

/* Gains only shrink as slack is given away, so that a gain that was queued is at most too large:
 * it is looked at again when it comes first. */
bool reclaim(struct walk *w, struct rng *noise)
{
	unsigned looks = 0;

	if (!walk_tails(w))
		return false;
	w->queue.len = 0;
	for (uint32_t c = 0; c < w->n_cand; c++)
		if (!queue(w, w->cand[c], noise ? 0.3 + rng_double(noise) : 1.0))
			return false;
	while (w->queue.len > 0 && !(++looks % LOOK == 0 && effort_over(w->effort))) {
		struct heap_item top = *heap_top(&w->queue);
		uint32_t set = (uint32_t)top.value;
		double gain;
		uint32_t row = best_row(w, set, &gain);
		bool done;

		gain *= w->weight[set];
		if (gain > 0.0 && gain < -top.key * (1.0 - 1e-9)) {
			heap_replace_top(&w->queue, -gain, set);
			continue;
		}
		(void)heap_pop(&w->queue);
		if (gain <= 0.0)
			continue;
		if (!take(w, set, row, &done))
			return false;
		if (done && !w->d->sorted && !queue_neighbours(w, set))
			return false;
	}
	return true;
}

/* Sets on one longest path, from the sink back, as candidates. */
static void longest_path(struct walk *w)
{
	const struct disc *d = w->d;
	uint32_t at = d->n;

	w->round++;
	w->n_cand = 0;
	for (;;) {
		uint32_t next = NOBODY;

		for (uint32_t k = d->pred_at[at]; k < d->pred_at[at + 1] && next == NOBODY; k++) {
			uint32_t p = d->pred[k].to;

			if (w->head[p] + w->dur[p] + d->pred[k].lag == w->head[at])
				next = p;
		}
		if (next == NOBODY)
			return;
		at = next;
		w->on_path[at] = w->round;
		add(w, d->set[at]);
	}
}

/* Price of speeding a set up to a row for each tick of the excess that it takes away. */
static double price(const struct walk *w, uint32_t set, uint32_t row, int64_t excess, bool *enough)
{
	const struct disc *d = w->d;
	int64_t won = 0;

	for (uint32_t m = d->member_at[set]; m < d->member_at[set + 1]; m++) {
		uint32_t at = d->member[m];

		if (w->on_path[at] == w->round)
			won += w->dur[at] - walk_ticks(w, at, row);
	}
	*enough = won >= excess;
	if (won <= 0)
		return INFINITY;
	won = won < excess ? won : excess;
	return (d->step_j * 1e-3 + fmax(-saved(w, set, row), 0.0)) / (double)won;
}

/* The cheapest way to make the longest path shorter. */
static bool cheapest(struct walk *w, struct rng *noise, uint32_t *set, uint32_t *row)
{
	const struct disc *d = w->d;
	int64_t excess = walk_makespan(w) - d->deadline;
	double least = INFINITY;

	longest_path(w);
	for (uint32_t c = 0; c < w->n_cand; c++) {
		uint32_t s = w->cand[c];
		bool enough = false;

		for (uint32_t k = d->sorted ? w->pick[s] : d->rows[s];
			k-- > 0 && !(d->sorted && enough);) {
			double p = price(w, s, k, excess, &enough);

			if (noise && p < INFINITY)
				p *= 0.5 + rng_double(noise);
			if (p < least) {
				least = p;
				*set = s;
				*row = k;
			}
		}
	}
	return least < INFINITY;
}

bool repair(struct walk *w, struct rng *noise)
{
	uint64_t left = w->patience;
	unsigned looks = 0;

	while (walk_makespan(w) > w->d->deadline) {
		uint32_t set = 0, row = 0;

		if (w->hurry && ++looks % LOOK == 0 && effort_over(w->effort))
			return false;
		if (left-- == 0 || !cheapest(w, noise, &set, &row))
			return false;
		if (!walk_pick(w, set, row))
			return false;
	}
	return true;
}
