/*
 * Rows that follow from windows. Where changes of setting are free, the slowest that fits is the
 * cheapest. Where they have a price, it is the cheapest that fits or the setting of a neighbour on
 * the device: any other changes the setting as often as the cheapest does.
 */
#include <stdlib.h>
#include <string.h>

#include "settle.h"

bool fits_init(struct settle *s)
{
	const struct disc *d = s->d;
	uint32_t dishes = 0;

	if (d->switch_j == 0.0)
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

static double cost_of(const struct settle *s, uint32_t at, uint32_t row)
{
	const struct disc *d = s->d;
	const struct dish *dish = &fits_menu(s, at)[row];
	double cost = dish->eff_j;

	if (d->switch_j == 0.0)
		return cost;
	if (d->before[at] != NOBODY && key_at(s, d->before[at]) != dish->key)
		cost += d->switch_j;
	if (d->after[at] != NOBODY && key_at(s, d->after[at]) != dish->key)
		cost += d->switch_j;
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

/* A neighbour's setting, if the node has it and it fits and pays. */
static void follow(const struct settle *s, uint32_t at, uint32_t neighbour, int64_t window,
	uint32_t *best, double *cost)
{
	uint32_t key = neighbour == NOBODY ? NOBODY : key_at(s, neighbour), row;
	double here;

	if (key == NOBODY)
		return;
	row = s->by_key[(size_t)at * s->d->n_keys + key];
	if (row == NOBODY || fits_menu(s, at)[row].ticks > window)
		return;
	here = cost_of(s, at, row);
	if (here < *cost) {
		*cost = here;
		*best = row;
	}
}

static uint32_t choose(const struct settle *s, uint32_t at, int64_t window, double *change)
{
	uint32_t now = s->row[at], row = fit(s, at, window, now);
	double cost;

	if (s->d->switch_j == 0.0) {
		*change = fits_menu(s, at)[row].eff_j - fits_menu(s, at)[now].eff_j;
		return row;
	}
	row = s->cheapest[s->d->menu[at] + row];
	cost = cost_of(s, at, row);
	follow(s, at, s->d->before[at], window, &row, &cost);
	follow(s, at, s->d->after[at], window, &row, &cost);
	*change = cost - cost_of(s, at, now);
	return row;
}

double fits_again(struct settle *s, uint32_t at)
{
	const struct mesh_arc *c = &s->mesh.arcs[at];
	double change;

	s->row[at] = choose(s, at, s->when[c->head] - s->when[c->tail], &change);
	return change;
}

uint32_t fits_like(const struct settle *s, uint32_t at, uint32_t other)
{
	uint32_t key = other == NOBODY ? NOBODY : key_at(s, other), row;

	if (key == NOBODY)
		return s->row[at];
	row = s->by_key[(size_t)at * s->d->n_keys + key];
	return row == NOBODY ? s->row[at] : row;
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
			a->gain += change;
		}
	}
	return true;
}

void fits_restore(struct settle *s, const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n_touched; i++)
		s->row[a->touched[i]] = a->was[i];
}
