/* Heads and tails of a plan under change: incremental longest paths with an undo log. */
#include "discrete.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

enum {
	UNDO_PICK,
	UNDO_DUR,
	UNDO_HEAD,
	UNDO_TAIL,
	UNDO_COST
};

static size_t words(const struct disc *d)
{
	return (size_t)d->n / 64 + 1;
}

hg_err walk_init(struct walk *w, const struct disc *d, hg_error *why)
{
	size_t n = (size_t)d->n + 1, sets = d->n_sets;

	*w = (struct walk){.d = d, .log_cap = 8 * n + 64, .patience = 64 + 64 * n};
	w->pick = calloc(sets, sizeof *w->pick);
	w->dur = calloc(n, sizeof *w->dur);
	w->head = calloc(n, sizeof *w->head);
	w->tail = calloc(n, sizeof *w->tail);
	w->cost = calloc(n, sizeof *w->cost);
	w->log = calloc(w->log_cap, sizeof *w->log);
	w->mask = calloc(words(d), sizeof *w->mask);
	w->stamp = calloc(sets, sizeof *w->stamp);
	w->cand = calloc(sets, sizeof *w->cand);
	w->weight = calloc(sets, sizeof *w->weight);
	heap_init(&w->queue, SIZE_MAX / sizeof(struct heap_item));
	w->on_path = calloc(n, sizeof *w->on_path);
	if (w->pick && w->dur && w->head && w->tail && w->cost && w->log && w->mask && w->stamp &&
		w->cand && w->weight && w->on_path)
		return HG_OK;
	walk_finish(w);
	return fail(why, HG_ENOMEM, "plan: no memory for %zu nodes", n);
}

void walk_finish(struct walk *w)
{
	free(w->pick);
	free(w->dur);
	free(w->head);
	free(w->tail);
	free(w->cost);
	free(w->log);
	free(w->mask);
	free(w->stamp);
	free(w->cand);
	free(w->weight);
	heap_finish(&w->queue);
	free(w->on_path);
	*w = (struct walk){0};
}

int64_t disc_late(const struct disc *d, uint32_t at, uint32_t row, uint32_t old, double *cost)
{
	const struct dish *dish = &d->dish[d->menu[at] + row], *was;
	int64_t ticks;
	double share;

	if (d->latency == 0 || old == dish->key)
		return dish->ticks;
	old = d->by_key[(size_t)at * d->n_keys + old];
	if (old == NOBODY)
		return dish->ticks + d->latency;
	was = &d->dish[d->menu[at] + old];
	share = was->ticks > d->latency ? (double)d->latency / (double)was->ticks : 1.0;
	ticks = (int64_t)(share * (double)was->ticks + (1.0 - share) * (double)dish->ticks) + 2;
	*cost += share * (was->eff_j - dish->eff_j);
	return ticks > dish->ticks ? ticks : dish->ticks;
}

/* Time and price of a position at a row, given what its neighbour on the device runs at. */
static int64_t evaluate(const struct walk *w, uint32_t at, uint32_t row, double *cost)
{
	const struct disc *d = w->d;
	const struct dish *dish = &d->dish[d->menu[at] + row];
	uint32_t before = d->before[at], old;

	*cost = dish->eff_j;
	if (before == NOBODY || d->set[before] == d->set[at])
		return dish->ticks;
	old = d->dish[d->menu[before] + w->pick[d->set[before]]].key;
	if (old == dish->key)
		return dish->ticks;
	*cost += d->switch_j;
	return disc_late(d, at, row, old, cost);
}

static int64_t evaluate_pick(const struct walk *w, uint32_t at, double *cost)
{
	return evaluate(w, at, w->pick[w->d->set[at]], cost);
}

int64_t walk_ticks(const struct walk *w, uint32_t at, uint32_t row)
{
	double cost;

	if (w->d->latency == 0)
		return w->d->dish[w->d->menu[at] + row].ticks;
	return evaluate(w, at, row, &cost);
}

void walk_reset(struct walk *w, const uint32_t *pick)
{
	const struct disc *d = w->d;

	memmove(w->pick, pick, (size_t)d->n_sets * sizeof *pick);
	w->total = 0.0;
	walk_forget(w);
	for (uint32_t i = 0; i < d->n; i++) {
		w->dur[i] = evaluate_pick(w, i, &w->cost[i]);
		w->total += w->cost[i];
	}
	w->dur[d->n] = 0;
	for (uint32_t i = 0; i <= d->n; i++) {
		w->head[i] = 0;
		for (uint32_t k = d->pred_at[i]; k < d->pred_at[i + 1]; k++) {
			uint32_t p = d->pred[k].to;
			int64_t t = w->head[p] + w->dur[p] + d->pred[k].lag;

			w->head[i] = t > w->head[i] ? t : w->head[i];
		}
	}
	for (uint32_t i = d->n + 1; i-- > 0;) {
		w->tail[i] = 0;
		for (uint32_t k = d->succ_at[i]; k < d->succ_at[i + 1]; k++) {
			uint32_t s = d->succ[k].to;
			int64_t t = w->tail[s] + w->dur[s] + d->succ[k].lag;

			w->tail[i] = t > w->tail[i] ? t : w->tail[i];
		}
	}
}

static bool note(struct walk *w, uint32_t kind, uint32_t at, int64_t old, double old_cost)
{
	if (w->log_n == w->log_cap) {
		struct undo *log = realloc(w->log, 2 * w->log_cap * sizeof *log);

		if (!log)
			return false;
		w->log = log;
		w->log_cap *= 2;
	}
	w->log[w->log_n++] = (struct undo){kind, at, old, old_cost};
	return true;
}

static void mark(struct walk *w, uint32_t at)
{
	w->mask[at / 64] |= (uint64_t)1 << at % 64;
}

/* Heads of the marked positions, in order; marks followers as they change. */
static bool heads(struct walk *w, uint32_t from)
{
	const struct disc *d = w->d;
	size_t end = words(d);

	for (size_t word = from / 64; word < end; word++) {
		while (w->mask[word]) {
			uint32_t i =
				(uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(w->mask[word]);
			int64_t old = w->head[i], now = 0;

			w->mask[word] &= w->mask[word] - 1;
			for (uint32_t k = d->pred_at[i]; k < d->pred_at[i + 1]; k++) {
				uint32_t p = d->pred[k].to;
				int64_t t = w->head[p] + w->dur[p] + d->pred[k].lag;

				now = t > now ? t : now;
			}
			if (now == old)
				continue;
			if (!note(w, UNDO_HEAD, i, old, 0.0))
				return false;
			w->head[i] = now;
			for (uint32_t k = d->succ_at[i]; k < d->succ_at[i + 1]; k++) {
				uint32_t s = d->succ[k].to;
				int64_t reach = w->dur[i] + d->succ[k].lag;

				if (now + reach > w->head[s] || old + reach == w->head[s])
					mark(w, s);
			}
		}
	}
	return true;
}

static bool tails(struct walk *w, uint32_t from)
{
	const struct disc *d = w->d;

	for (size_t word = from / 64 + 1; word-- > 0;) {
		while (w->mask[word]) {
			uint32_t bit = 63 - (uint32_t)__builtin_clzll(w->mask[word]);
			uint32_t i = (uint32_t)(word * 64) + bit;
			int64_t old = w->tail[i], now = 0;

			w->mask[word] &= ~((uint64_t)1 << bit);
			for (uint32_t k = d->succ_at[i]; k < d->succ_at[i + 1]; k++) {
				uint32_t s = d->succ[k].to;
				int64_t t = w->tail[s] + w->dur[s] + d->succ[k].lag;

				now = t > now ? t : now;
			}
			if (now == old)
				continue;
			if (!note(w, UNDO_TAIL, i, old, 0.0))
				return false;
			w->tail[i] = now;
			for (uint32_t k = d->pred_at[i]; k < d->pred_at[i + 1]; k++) {
				uint32_t p = d->pred[k].to;
				int64_t reach = w->dur[i] + d->pred[k].lag;

				if (now + reach > w->tail[p] || old + reach == w->tail[p])
					mark(w, p);
			}
		}
	}
	return true;
}

/* Time and price of a position anew. */
static bool renew(struct walk *w, uint32_t at)
{
	double cost;
	int64_t dur = evaluate_pick(w, at, &cost);

	if (cost != w->cost[at]) {
		if (!note(w, UNDO_COST, at, 0, w->cost[at]))
			return false;
		w->total += cost - w->cost[at];
		w->cost[at] = cost;
	}
	if (dur != w->dur[at]) {
		if (!note(w, UNDO_DUR, at, w->dur[at], 0.0))
			return false;
		w->dur[at] = dur;
	}
	return true;
}

/* Marks the followers of those whose times changed since log position `from`. */
static bool spread(struct walk *w, size_t from)
{
	const struct disc *d = w->d;
	size_t end = w->log_n;
	uint32_t low = d->n;

	for (size_t j = from; j < end; j++) {
		uint32_t i = w->log[j].at;

		if (w->log[j].kind != UNDO_DUR)
			continue;
		for (uint32_t k = d->succ_at[i]; k < d->succ_at[i + 1]; k++)
			mark(w, d->succ[k].to);
		low = i < low ? i : low;
	}
	return heads(w, low);
}

bool walk_tails(struct walk *w)
{
	const struct disc *d = w->d;
	size_t end = w->log_n;
	uint32_t high = 0;

	for (size_t j = w->pending; j < end; j++) {
		uint32_t i = w->log[j].at;

		if (w->log[j].kind != UNDO_DUR)
			continue;
		for (uint32_t k = d->pred_at[i]; k < d->pred_at[i + 1]; k++)
			mark(w, d->pred[k].to);
		high = i > high ? i : high;
	}
	if (!tails(w, high))
		return false;
	w->pending = w->log_n;
	return true;
}

void walk_forget(struct walk *w)
{
	w->log_n = 0;
	w->pending = 0;
}

bool walk_pick(struct walk *w, uint32_t set, uint32_t row)
{
	const struct disc *d = w->d;
	size_t from = w->log_n;

	if (!note(w, UNDO_PICK, set, w->pick[set], 0.0))
		return false;
	w->pick[set] = row;
	for (uint32_t m = d->member_at[set]; m < d->member_at[set + 1]; m++) {
		uint32_t at = d->member[m];

		if (!renew(w, at))
			return false;
		if (d->after[at] != NOBODY && !renew(w, d->after[at]))
			return false;
	}
	return spread(w, from);
}

void walk_undo(struct walk *w, size_t log_n)
{
	while (w->log_n > log_n) {
		const struct undo *u = &w->log[--w->log_n];

		switch (u->kind) {
		case UNDO_PICK:
			w->pick[u->at] = (uint32_t)u->old;
			break;
		case UNDO_DUR:
			w->dur[u->at] = u->old;
			break;
		case UNDO_HEAD:
			w->head[u->at] = u->old;
			break;
		case UNDO_TAIL:
			w->tail[u->at] = u->old;
			break;
		default:
			w->total += u->old_cost - w->cost[u->at];
			w->cost[u->at] = u->old_cost;
			break;
		}
	}
	if (w->pending > log_n)
		w->pending = log_n;
}
