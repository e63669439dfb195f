/* The best combination of two plans, by a table over the events in hand. */
#include "cross.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* One slot's part in the cost of an event. */
struct touch {
	uint32_t slot;
	double cost[2][2]; /* by the time of the slot's event, by that of the new one */
};

/* An event that is taken up, and those in hand that it shares arcs with. */
struct news {
	double own[2]; /* by its time */
	struct touch touch[WIDTH_MAX];
	uint32_t n;
};

struct dated {
	int64_t when;
	uint32_t event;
};

static int compare_dated(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return (x->event > y->event) - (x->event < y->event);
}

static uint32_t other_end(const struct mesh *m, uint32_t end)
{
	const struct mesh_arc *arc = &m->arcs[end / 2];

	return end & 1 ? arc->tail : arc->head;
}

static bool put_in_order(struct cross *c, const int64_t *when)
{
	const struct mesh *m = c->mesh;
	struct dated *dated = malloc(((size_t)m->n_events + 1) * sizeof *dated);

	if (!dated)
		return false;
	for (uint32_t v = 0; v < m->n_events; v++)
		dated[v] = (struct dated){when[v], v};
	qsort(dated, m->n_events, sizeof *dated, compare_dated);
	for (uint32_t i = 0; i < m->n_events; i++) {
		c->order[i] = dated[i].event;
		c->place[dated[i].event] = i;
	}
	free(dated);
	for (uint32_t v = 0; v < m->n_events; v++) {
		c->last[v] = c->place[v];
		for (uint32_t e = m->end_at[v]; e < m->end_at[v + 1]; e++) {
			uint32_t other = c->place[other_end(m, m->end[e])];

			c->last[v] = other > c->last[v] ? other : c->last[v];
		}
	}
	return true;
}

hg_err cross_init(struct cross *c, const struct disc *d, const struct mesh *mesh,
	const int64_t *when, uint32_t width, hg_error *why)
{
	size_t events = (size_t)mesh->n_events + 1, states = (size_t)1 << width;

	*c = (struct cross){.d = d, .mesh = mesh, .width = width};
	c->order = calloc(events, sizeof *c->order);
	c->place = calloc(events, sizeof *c->place);
	c->last = calloc(events, sizeof *c->last);
	c->slot = calloc(events, sizeof *c->slot);
	c->cost = calloc(states, sizeof *c->cost);
	c->chosen = calloc(events * (states / 64), sizeof *c->chosen);
	c->moves = calloc(2 * events, sizeof *c->moves);
	if (c->order && c->place && c->last && c->slot && c->cost && c->chosen && c->moves &&
		put_in_order(c, when))
		return HG_OK;
	cross_finish(c);
	return fail(why, HG_ENOMEM, "plan: no memory for %u events", mesh->n_events);
}

void cross_finish(struct cross *c)
{
	free(c->order);
	free(c->place);
	free(c->last);
	free(c->slot);
	free(c->cost);
	free(c->chosen);
	free(c->moves);
	*c = (struct cross){0};
}

static double arc_cost(const struct cross *c, uint32_t arc, int64_t window)
{
	const struct disc *d = c->d;
	const struct dish *menu;
	uint32_t low = 0, high;

	if (window < c->mesh->arcs[arc].least)
		return INFINITY;
	if (arc >= d->n)
		return 0.0;
	menu = &d->dish[d->menu[arc]];
	high = d->rows[d->set[arc]];
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (menu[mid].ticks <= window)
			low = mid;
		else
			high = mid;
	}
	return menu[low].eff_j;
}

static struct touch *touch_of(struct news *news, uint32_t slot)
{
	for (uint32_t k = 0; k < news->n; k++)
		if (news->touch[k].slot == slot)
			return &news->touch[k];
	news->touch[news->n] = (struct touch){.slot = slot};
	return &news->touch[news->n++];
}

/* What the arcs between an event and those taken up before cost, by the times of both. */
static void weigh(const struct cross *c, uint32_t v, const int64_t *const time[2], uint32_t times,
	struct news *news)
{
	const struct mesh *m = c->mesh;

	*news = (struct news){.n = 0};
	for (uint32_t e = m->end_at[v]; e < m->end_at[v + 1]; e++) {
		uint32_t end = m->end[e], other = other_end(m, end);
		bool held = c->slot[other] != NOBODY;
		struct touch *t = NULL;

		if (c->place[other] >= c->place[v])
			continue;
		if (held)
			t = touch_of(news, c->slot[other]);
		for (uint32_t k = 0; k < (held ? 2u : 1u); k++)
			for (uint32_t mine = 0; mine < times; mine++) {
				int64_t window = time[mine][v] - time[k][other];
				double cost = arc_cost(c, end / 2, end & 1 ? window : -window);

				if (t)
					t->cost[k][mine] += cost;
				else
					news->own[mine] += cost;
			}
	}
}

static size_t table_size(const struct cross *c)
{
	size_t n = 1;

	while (n <= c->used)
		n *= 2;
	return n;
}

static double sum_of(const struct news *news, size_t state, uint32_t mine)
{
	double cost = news->own[mine];

	for (uint32_t k = 0; k < news->n; k++)
		cost += news->touch[k].cost[state >> news->touch[k].slot & 1][mine];
	return cost;
}

/* Adds an event that has one time. */
static void pass(struct cross *c, const struct news *news)
{
	size_t n = table_size(c);

	for (size_t s = 0; s < n; s++)
		if (c->cost[s] < INFINITY)
			c->cost[s] += sum_of(news, s, 0);
}

static uint32_t free_slot(const struct cross *c)
{
	uint32_t slot = 0;

	while (slot < c->width && c->used >> slot & 1)
		slot++;
	return slot < c->width ? slot : NOBODY;
}

static void take_up(struct cross *c, uint32_t v, uint32_t slot, const struct news *news)
{
	size_t bit = (size_t)1 << slot, n;

	c->used |= (uint32_t)bit;
	c->slot[v] = slot;
	c->moves[c->n_moves++] = (struct cross_move){v, slot, SIZE_MAX};
	n = table_size(c);
	for (size_t s = 0; s < n; s++) {
		double before = c->cost[s];

		if (s & bit || !(before < INFINITY))
			continue;
		c->cost[s] = before + sum_of(news, s, 0);
		c->cost[s | bit] = before + sum_of(news, s, 1);
	}
}

static void let_go(struct cross *c, uint32_t v)
{
	uint32_t slot = c->slot[v];
	size_t bit = (size_t)1 << slot, n = table_size(c);
	uint64_t *chosen = c->chosen + c->n_chosen;

	c->moves[c->n_moves++] = (struct cross_move){v, slot, c->n_chosen};
	c->n_chosen += (n + 63) / 64;
	memset(chosen, 0, (n + 63) / 64 * sizeof *chosen);
	for (size_t s = 0; s < n; s++) {
		if (s & bit)
			continue;
		if (c->cost[s | bit] < c->cost[s]) {
			c->cost[s] = c->cost[s | bit];
			chosen[s / 64] |= (uint64_t)1 << s % 64;
		}
		c->cost[s | bit] = INFINITY;
	}
	c->used &= ~(uint32_t)bit;
	c->slot[v] = NOBODY;
}

/* Walks the choices back, and takes those times over. */
static void take_over(struct cross *c, int64_t *a, const int64_t *b)
{
	size_t state = 0;

	for (size_t k = c->n_moves; k-- > 0;) {
		const struct cross_move *move = &c->moves[k];
		size_t bit = (size_t)1 << move->slot;

		if (move->chosen == SIZE_MAX) {
			state &= ~bit;
			continue;
		}
		if (c->chosen[move->chosen + state / 64] >> state % 64 & 1) {
			state |= bit;
			a[move->event] = b[move->event];
		}
	}
}

double cross_best(struct cross *c, int64_t *a, const int64_t *b)
{
	const struct mesh *m = c->mesh;
	const int64_t *const time[2] = {a, b};
	size_t all = (size_t)1 << c->width;

	c->n_moves = c->n_chosen = 0;
	c->used = 0;
	for (size_t s = 0; s < all; s++)
		c->cost[s] = INFINITY;
	c->cost[0] = 0.0;
	memset(c->slot, 0xff, (size_t)m->n_events * sizeof *c->slot);
	for (uint32_t i = 0; i < m->n_events; i++) {
		uint32_t v = c->order[i];
		uint32_t slot = a[v] == b[v] ? NOBODY : free_slot(c);
		struct news news;

		weigh(c, v, time, slot == NOBODY ? 1 : 2, &news);
		if (slot == NOBODY)
			pass(c, &news);
		else
			take_up(c, v, slot, &news);
		for (uint32_t e = m->end_at[v]; e < m->end_at[v + 1]; e++) {
			uint32_t other = other_end(m, m->end[e]);

			if (c->slot[other] != NOBODY && c->last[other] == i)
				let_go(c, other);
		}
		if (c->slot[v] != NOBODY && c->last[v] == i)
			let_go(c, v);
	}
	take_over(c, a, b);
	return c->cost[0];
}
