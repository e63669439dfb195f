/* Annealing of event times where nothing but windows decides. */
#include "quick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Most events that a try moves in which nodes push: long pushes are dear and seldom end well. */
static const uint32_t crowd[] = {2, 3, 4, 6};

#define CROWD 6   /* the largest of them */
#define TOUCH 128 /* most arcs whose windows a try changes */
#define STIFF 179 /* of 256: how often nodes push in the tries in which they do */
#define FAR   9.0 /* losses of so many temperatures are not taken */
#define HINTS 4u  /* a row */

/* A try: the events it moves, the arcs it changes. */
struct attempt {
	uint32_t n, n_arcs, most;
	uint32_t event[CROWD];
	uint32_t arc[TOUCH], row[TOUCH];
};

/* ------------------------------------------------------------------------------------- tables */

static unsigned shift_of(const struct dish *menu, uint32_t rows)
{
	int64_t span = menu[rows - 1].ticks - menu[0].ticks;
	unsigned shift = 0;

	while (span >> shift >= (int64_t)HINTS * rows)
		shift++;
	return shift;
}

static void lay_hints(struct quick *q, uint32_t menu, uint32_t rows)
{
	const struct dish *dish = &q->d->dish[menu];
	unsigned shift = shift_of(dish, rows);
	uint32_t row = 0;

	for (uint32_t k = 0; k < HINTS * rows; k++) {
		int64_t time = dish[0].ticks + ((int64_t)k << shift);

		while (row + 1 < rows && dish[row + 1].ticks <= time)
			row++;
		q->hint[HINTS * menu + k] = row;
	}
	for (uint32_t k = 0; k < rows; k++) {
		q->ticks[menu + k] = dish[k].ticks;
		q->eff_j[menu + k] = dish[k].eff_j;
	}
}

static struct spoke spoke_of(const struct quick *q, uint32_t end)
{
	const struct disc *d = q->d;
	uint32_t arc = end / 2;
	const struct mesh_arc *a = &q->mesh->arcs[arc];
	struct spoke s = {.least = a->least,
		.other = end & 1 ? a->tail : a->head,
		.arc = arc,
		.side = end & 1 ? 1 : -1};

	if (arc < d->n) {
		s.menu = d->menu[arc];
		s.rows = d->rows[d->set[arc]];
		s.shift = shift_of(&d->dish[s.menu], s.rows);
	}
	return s;
}

bool quick_init(struct quick *q, const struct disc *d, const struct mesh *mesh)
{
	size_t events = (size_t)mesh->n_events + 1, dishes = 1;

	*q = (struct quick){.d = d, .mesh = mesh, .tries = 1};
	for (uint32_t at = 0; at < d->n; at++) {
		size_t end = (size_t)d->menu[at] + d->rows[d->set[at]];

		dishes = end > dishes ? end : dishes;
	}
	q->ticks = calloc(dishes, sizeof *q->ticks);
	q->eff_j = calloc(dishes, sizeof *q->eff_j);
	q->hint = calloc(HINTS * dishes, sizeof *q->hint);
	q->spoke = calloc(2 * (size_t)mesh->n_arcs + 1, sizeof *q->spoke);
	q->row = calloc((size_t)mesh->n_arcs + 1, sizeof *q->row);
	q->then = calloc(events, sizeof *q->then);
	q->moved = calloc(events, sizeof *q->moved);
	if (!q->ticks || !q->eff_j || !q->hint || !q->spoke || !q->row || !q->then || !q->moved) {
		quick_finish(q);
		return false;
	}
	for (size_t k = 0; k < dishes; k++)
		q->eff_j[k] = (double)NAN; /* not laid yet */
	for (uint32_t at = 0; at < d->n; at++)
		if (isnan(q->eff_j[d->menu[at]]))
			lay_hints(q, d->menu[at], d->rows[d->set[at]]);
	for (uint32_t e = 0; e < 2 * mesh->n_arcs; e++)
		q->spoke[e] = spoke_of(q, mesh->end[e]);
	return true;
}

void quick_finish(struct quick *q)
{
	free(q->ticks);
	free(q->eff_j);
	free(q->hint);
	free(q->spoke);
	free(q->row);
	free(q->then);
	free(q->moved);
	*q = (struct quick){0};
}

/* Slowest row that fits a window, which is no shorter than the least. */
static inline uint32_t fit(const struct quick *q, const struct spoke *s, int64_t window)
{
	const int64_t *ticks = q->ticks + s->menu;
	uint64_t k = (uint64_t)(window - s->least) >> s->shift;
	uint32_t row;

	if (s->rows == 0)
		return 0;
	row = k < HINTS * s->rows ? q->hint[HINTS * s->menu + k] : s->rows - 1;
	while (row + 1 < s->rows && ticks[row + 1] <= window)
		row++;
	return row;
}

double quick_load(struct quick *q, const int64_t *when)
{
	double total = 0.0;

	for (uint32_t v = 0; v < q->mesh->n_events; v++)
		for (uint32_t e = q->mesh->end_at[v]; e < q->mesh->end_at[v + 1]; e++) {
			const struct spoke *s = &q->spoke[e];
			int64_t window = when[v] - when[s->other];

			if (s->side < 0)
				continue;
			q->row[s->arc] = fit(q, s, window);
			if (s->rows)
				total += q->eff_j[s->menu + q->row[s->arc]];
		}
	return total;
}

/* --------------------------------------------------------------------------------------- tries */

static void next_try(struct quick *q)
{
	if (++q->tries == 0) { /* stamps of 2^32 tries ago must not count */
		memset(q->moved, 0, q->mesh->n_events * sizeof *q->moved);
		q->tries = 1;
	}
}

static inline int64_t time_of(const struct quick *q, const int64_t *when, uint32_t v)
{
	return q->moved[v] == q->tries ? q->then[v] : when[v];
}

static inline bool push(struct quick *q, struct attempt *a, uint32_t v, int64_t to)
{
	if (v == MESH_SOURCE || v == MESH_SINK || a->n == a->most || q->moved[v] == q->tries)
		return false;
	q->moved[v] = q->tries;
	q->then[v] = to;
	a->event[a->n++] = v;
	return true;
}

/* Pushes what an event that was moved leaves too little room: always where the fastest row does
 * not fit, often where its own does not. false: no way */
static inline bool spread(
	struct quick *q, struct attempt *a, const int64_t *when, uint32_t v, struct rng *r)
{
	uint64_t bits = rng_u64(r);

	for (uint32_t e = q->mesh->end_at[v]; e < q->mesh->end_at[v + 1]; e++) {
		const struct spoke *s = &q->spoke[e];
		int64_t window = s->side * (q->then[v] - time_of(q, when, s->other));
		int64_t need = s->rows ? q->ticks[s->menu + q->row[s->arc]] : s->least;

		if (window >= need)
			continue;
		bits = bits >> 8 | bits << 56;
		if (window >= s->least &&
			(q->moved[s->other] == q->tries || (bits & 255) >= STIFF ||
				s->other == MESH_SOURCE || s->other == MESH_SINK ||
				a->n == a->most))
			continue;
		if (!push(q, a, s->other, q->then[v] - s->side * need))
			return false;
	}
	return true;
}

/* Another row for an arc. @return what it costs */
static inline double change(
	const struct quick *q, struct attempt *a, const struct spoke *s, int64_t window)
{
	uint32_t row = fit(q, s, window), now = q->row[s->arc];

	if (row == now)
		return 0.0;
	a->arc[a->n_arcs] = s->arc;
	a->row[a->n_arcs++] = row;
	return q->eff_j[s->menu + row] - q->eff_j[s->menu + now];
}

/* New rows for the arcs around an event that was moved. @return what they cost; INFINITY: no way */
static inline double choose(struct quick *q, struct attempt *a, const int64_t *when, uint32_t v)
{
	double gain = 0.0;

	for (uint32_t e = q->mesh->end_at[v]; e < q->mesh->end_at[v + 1]; e++) {
		const struct spoke *s = &q->spoke[e];
		bool both = q->moved[s->other] == q->tries;
		int64_t window =
			s->side * (q->then[v] - (both ? q->then[s->other] : when[s->other]));

		if (both && s->side < 0) /* counted at the other end */
			continue;
		if (window < s->least || a->n_arcs == TOUCH)
			return INFINITY;
		if (s->rows)
			gain += change(q, a, s, window);
	}
	return gain;
}

/* An event, and where a node that begins or ends there fits exactly at another row. */
static inline bool propose(
	const struct quick *q, const int64_t *when, uint64_t bits, uint32_t *event, int64_t *to)
{
	const struct disc *d = q->d;
	uint32_t at = (uint32_t)(((bits >> 32) * d->n) >> 32);
	uint32_t rows = d->rows[d->set[at]], row = q->row[at], step = 1 + (bits & 3);
	const struct mesh_arc *arc = &q->mesh->arcs[at];
	int64_t time;

	if (rows < 2)
		return false;
	if (bits & 8)
		step = 1 + (uint32_t)(((bits >> 8 & 0xffff) * (rows - 1)) >> 16);
	if (bits & 16)
		row = row + step < rows ? row + step : rows - 1;
	else
		row = row > step ? row - step : 0;
	time = q->ticks[d->menu[at] + row];
	*event = bits & 4 ? arc->head : arc->tail;
	*to = bits & 4 ? when[arc->tail] + time : when[arc->head] - time;
	return *event != MESH_SOURCE && *event != MESH_SINK && *to != when[*event];
}

static inline bool accepted(double gain, double temp, struct rng *r)
{
	return gain <= 0.0 || (gain < FAR * temp && rng_double(r) < exp(-gain / temp));
}

static void take_rows(struct quick *q, const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n_arcs; i++)
		q->row[a->arc[i]] = a->row[i];
}

/* Moves one event, if those around it leave it the room. @return what it costs */
static inline double move_one(struct quick *q, struct attempt *a, int64_t *when, uint32_t v,
	int64_t to, double temp, struct rng *r)
{
	double gain = 0.0;

	for (uint32_t e = q->mesh->end_at[v]; e < q->mesh->end_at[v + 1]; e++) {
		const struct spoke *s = &q->spoke[e];
		int64_t window = s->side * (to - when[s->other]);

		if (window < s->least || a->n_arcs == TOUCH)
			return 0.0;
		if (s->rows)
			gain += change(q, a, s, window);
	}
	if (!accepted(gain, temp, r))
		return 0.0;
	when[v] = to;
	take_rows(q, a);
	return gain;
}

/* Moves an event and those that it pushes. @return what it costs */
static double move_many(struct quick *q, struct attempt *a, int64_t *when, uint32_t v, int64_t to,
	double temp, struct rng *r)
{
	double gain = 0.0;

	next_try(q);
	a->n = 0;
	(void)push(q, a, v, to);
	for (uint32_t i = 0; i < a->n; i++)
		if (!spread(q, a, when, a->event[i], r))
			return 0.0;
	for (uint32_t i = 0; i < a->n && gain < INFINITY; i++)
		gain += choose(q, a, when, a->event[i]);
	if (!accepted(gain, temp, r))
		return 0.0;
	for (uint32_t i = 0; i < a->n; i++)
		when[a->event[i]] = q->then[a->event[i]];
	take_rows(q, a);
	return gain;
}

double quick_run(struct quick *q, int64_t *when, double temp_j, uint64_t n, struct rng *r)
{
	struct attempt a;
	double gain = 0.0;

	for (uint64_t k = 0; k < n; k++) {
		uint64_t bits = rng_u64(r);
		uint32_t v;
		int64_t to;

		a.n_arcs = 0;
		a.most = crowd[bits >> 24 & 3];
		if (!propose(q, when, bits, &v, &to))
			continue;
		if (bits >> 26 & 3)
			gain += move_one(q, &a, when, v, to, temp_j, r);
		else
			gain += move_many(q, &a, when, v, to, temp_j, r);
	}
	return gain;
}
