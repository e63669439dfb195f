/*
 * Rows that follow from windows. Where changes of setting are free, the slowest that fits is the
 * cheapest. Where they have a price, it is the cheapest that fits or the setting of a neighbour on
 * the device: any other changes the setting as often as the cheapest does. Where they take time, a
 * row must also fit with the delay that the setting before it causes, and leave the node after it
 * in its window: every choice keeps the plan in time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "settle.h"

bool fits_init(struct settle *s)
{
	const struct disc *d = s->d;
	uint32_t dishes = 0;

	if (d->switch_j == 0.0 && d->latency == 0)
		return true;
	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t end = d->menu[at] + d->rows[d->set[at]];

		dishes = end > dishes ? end : dishes;
	}
	if (d->n_keys > 0 && d->n > SIZE_MAX / sizeof *s->by_key / d->n_keys)
		return false;
	s->cheapest = calloc((size_t)dishes + 1, sizeof *s->cheapest);
	s->by_key = malloc(((size_t)d->n * d->n_keys + 1) * sizeof *s->by_key);
	if (!s->cheapest || !s->by_key)
		return false;
	memset(s->by_key, 0xff, ((size_t)d->n * d->n_keys + 1) * sizeof *s->by_key);
	for (uint32_t at = 0; at < d->n; at++) {
		const struct dish *menu = fits_menu(s, at);
		uint32_t *cheapest = s->cheapest + d->menu[at], best = 0;

		for (uint32_t k = 0; k < d->rows[d->set[at]]; k++) {
			best = menu[k].eff_j < menu[best].eff_j ? k : best;
			cheapest[k] = best;
			if (menu[k].key != NOBODY)
				s->by_key[(size_t)at * d->n_keys + menu[k].key] = k;
		}
	}
	return true;
}

void fits_finish(struct settle *s)
{
	free(s->cheapest);
	free(s->by_key);
}

static uint32_t key_at(const struct settle *s, uint32_t at)
{
	return fits_menu(s, at)[s->row[at]].key;
}

static int64_t window_of(const struct settle *s, uint32_t at)
{
	const struct mesh_arc *c = &s->mesh.arcs[at];

	return settle_time(s, c->head) - settle_time(s, c->tail);
}

int64_t fits_need(const struct settle *s, uint32_t at, uint32_t row)
{
	uint32_t before = s->d->before[at];
	double cost = 0.0;

	if (s->d->latency == 0 || before == NOBODY)
		return fits_menu(s, at)[row].ticks;
	return disc_late(s->d, at, row, key_at(s, before), &cost);
}

/* Whether a row fits a window, and leaves the node after it in its own. */
static bool allowed(const struct settle *s, uint32_t at, uint32_t row, int64_t window)
{
	uint32_t after = s->d->after[at];
	int64_t room;
	double cost = 0.0;

	if (s->d->latency == 0)
		return fits_menu(s, at)[row].ticks <= window;
	if (fits_need(s, at, row) > window)
		return false;
	if (after == NOBODY)
		return true;
	room = window_of(s, after);
	return fits_menu(s, after)[s->row[after]].ticks > room || /* it will change, too */
	       disc_late(s->d, after, s->row[after], fits_menu(s, at)[row].key, &cost) <= room;
}

static double cost_of(const struct settle *s, uint32_t at, uint32_t row)
{
	const struct disc *d = s->d;
	const struct dish *dish = &fits_menu(s, at)[row];
	uint32_t before = d->before[at], after = d->after[at];
	double cost = dish->eff_j;

	if (!s->by_key)
		return cost;
	if (before != NOBODY && key_at(s, before) != dish->key) {
		cost += d->switch_j;
		(void)disc_late(d, at, row, key_at(s, before), &cost);
	}
	if (after != NOBODY && key_at(s, after) != dish->key) {
		cost += d->switch_j;
		(void)disc_late(d, after, s->row[after], dish->key, &cost);
	}
	return cost;
}

/* Slowest row within a window, from a row near it. */
static uint32_t fit(const struct settle *s, uint32_t at, int64_t window, uint32_t row)
{
	const struct dish *menu = fits_menu(s, at);
	uint32_t rows = s->d->rows[s->d->set[at]];

	while (row > 0 && menu[row].ticks > window)
		row--;
	while (row + 1 < rows && menu[row + 1].ticks <= window)
		row++;
	return row;
}

/* Another row, if it fits and pays. */
static void take(const struct settle *s, uint32_t at, uint32_t row, int64_t window, uint32_t *best,
	double *cost)
{
	double here;

	if (row == NOBODY || !allowed(s, at, row, window))
		return;
	here = cost_of(s, at, row);
	if (here < *cost) {
		*cost = here;
		*best = row;
	}
}

/* A neighbour's setting, if the node has it. */
static void follow(const struct settle *s, uint32_t at, uint32_t neighbour, int64_t window,
	uint32_t *best, double *cost)
{
	uint32_t key = neighbour == NOBODY ? NOBODY : key_at(s, neighbour);

	if (key != NOBODY)
		take(s, at, s->by_key[(size_t)at * s->d->n_keys + key], window, best, cost);
}

/* Where a change takes time: the rows from the slowest that fits to the first that is allowed. */
#define DOWN 12 /* looks */

static void slowest(const struct settle *s, uint32_t at, uint32_t row, int64_t window,
	uint32_t *best, double *cost)
{
	for (uint32_t k = 0; k < DOWN && !isfinite(*cost) && row > 0; k++)
		take(s, at, --row, window, best, cost);
}

/* Cheapest row that fits. change: INFINITY where none does */
static uint32_t choose(const struct settle *s, uint32_t at, int64_t window, double *change)
{
	uint32_t now = s->row[at], row = fit(s, at, window, now), best = now;
	double cost = INFINITY;

	if (!s->by_key) {
		*change = fits_menu(s, at)[row].eff_j - fits_menu(s, at)[now].eff_j;
		return row;
	}
	take(s, at, s->cheapest[s->d->menu[at] + row], window, &best, &cost);
	if (s->d->latency)
		slowest(s, at, row + 1, window, &best, &cost);
	follow(s, at, s->d->before[at], window, &best, &cost);
	follow(s, at, s->d->after[at], window, &best, &cost);
	*change = cost - cost_of(s, at, now);
	return best;
}

double fits_again(struct settle *s, uint32_t at)
{
	double change;

	s->row[at] = choose(s, at, window_of(s, at), &change);
	return isfinite(change) ? change : 0.0;
}

uint32_t fits_like(const struct settle *s, uint32_t at, uint32_t other)
{
	uint32_t key = other == NOBODY ? NOBODY : key_at(s, other), row;

	if (key == NOBODY)
		return s->row[at];
	row = s->by_key[(size_t)at * s->d->n_keys + key];
	return row == NOBODY ? s->row[at] : row;
}

/* Whether what was touched, and what comes after it, fits with the settings before it. */
static bool in_time(const struct settle *s, const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n_touched; i++) {
		uint32_t at = a->touched[i], after = s->d->after[at];

		if (fits_need(s, at, s->row[at]) > window_of(s, at))
			return false;
		if (after != NOBODY && fits_need(s, after, s->row[after]) > window_of(s, after))
			return false;
	}
	return true;
}

bool fits_choose(struct settle *s, struct attempt *a)
{
	const struct mesh *m = &s->mesh;

	a->gain = 0.0;
	a->n_touched = 0;
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t v = a->event[i];

		for (uint32_t e = m->end_at[v]; e < m->end_at[v + 1]; e++) {
			uint32_t arc = m->end[e] / 2;
			const struct mesh_arc *c = &m->arcs[arc];
			int64_t window;
			double change;

			if (s->seen[arc] == s->tries)
				continue;
			s->seen[arc] = s->tries;
			window = settle_time(s, c->head) - settle_time(s, c->tail);
			if (window < c->least || a->n_touched == TOUCH)
				return false;
			if (arc >= s->d->n)
				continue;
			a->touched[a->n_touched] = arc;
			a->was[a->n_touched++] = s->row[arc];
			s->row[arc] = choose(s, arc, window, &change);
			if (!isfinite(change))
				return false;
			a->gain += change;
		}
	}
	return s->d->latency == 0 || in_time(s, a);
}

void fits_restore(struct settle *s, const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n_touched; i++)
		s->row[a->touched[i]] = a->was[i];
}
