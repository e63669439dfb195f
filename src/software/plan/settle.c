/* Annealing of event times. */
#include "settle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* Temperatures in units of a typical step between rows, or of that and PRICED changes of setting;
 * tuned on 8 stages x 24 microbatches. */
#define HOT        0.25
#define HOT_PRICED 0.5
#define COLD       0.05
#define PRICED     2.0
#define STIFF      0.7 /* how often nodes push in the tries in which they do */

#define A_STEP 256 /* tries that count as one step of the search */
#define TURN   4   /* steps between looks at the clock */

hg_err settle_init(struct settle *s, const struct disc *d, hg_error *why)
{
	hg_err rc;
	size_t events, arcs;

	*s = (struct settle){.d = d, .tries = 1};
	s->cold_j = COLD * (d->step_j + PRICED * d->switch_j);
	s->hot_j = s->cold_j / COLD * (d->switch_j > 0.0 ? HOT_PRICED : HOT);
	rc = mesh_init(
		&s->mesh, &(struct graph){d->n, d->succ_at, d->pred_at, d->succ, d->pred}, why);
	if (rc)
		return rc;
	for (uint32_t at = 0; at < d->n; at++)
		s->mesh.arcs[at].least = d->dish[d->menu[at]].ticks;
	events = s->mesh.n_events;
	arcs = s->mesh.n_arcs;
	s->when = calloc(events, sizeof *s->when);
	s->then = calloc(events, sizeof *s->then);
	s->moved = calloc(events, sizeof *s->moved);
	s->seen = calloc(arcs + 1, sizeof *s->seen);
	s->row = calloc((size_t)d->n + 1, sizeof *s->row);
	if (s->when && s->then && s->moved && s->seen && s->row && fits_init(s) &&
		(s->by_key || quick_init(&s->quick, d, &s->mesh)))
		return HG_OK;
	settle_finish(s);
	return fail(why, HG_ENOMEM, "plan: no memory for %u nodes", d->n);
}

void settle_finish(struct settle *s)
{
	mesh_finish(&s->mesh);
	free(s->when);
	free(s->then);
	free(s->moved);
	free(s->seen);
	free(s->row);
	fits_finish(s);
	quick_finish(&s->quick);
	*s = (struct settle){0};
}

static void next_try(struct settle *s)
{
	if (++s->tries == 0) { /* stamps of 2^32 tries ago must not count */
		memset(s->moved, 0, s->mesh.n_events * sizeof *s->moved);
		memset(s->seen, 0, s->mesh.n_arcs * sizeof *s->seen);
		s->tries = 1;
	}
}

void settle_from(struct settle *s, const uint32_t *pick, const int64_t *dur)
{
	const struct disc *d = s->d;

	next_try(s); /* so that no event counts as moved */
	mesh_times(&s->mesh, d->n, dur, s->when);
	if (s->when[MESH_SINK] < d->deadline)
		s->when[MESH_SINK] = d->deadline;
	s->total = 0.0;
	for (uint32_t at = 0; at < d->n; at++) {
		s->row[at] = pick[d->set[at]];
		s->total += fits_menu(s, at)[s->row[at]].eff_j;
	}
	for (uint32_t at = 0; at < d->n; at++) /* from windows that its neighbours do not need */
		s->total += fits_again(s, at);
}

void settle_at(struct settle *s, const int64_t *when)
{
	next_try(s);
	memcpy(s->when, when, s->mesh.n_events * sizeof *when);
	s->total = 0.0;
	for (uint32_t at = 0; at < s->d->n; at++) {
		s->row[at] = 0;
		s->total += fits_menu(s, at)[0].eff_j;
	}
	for (uint32_t at = 0; at < s->d->n; at++)
		s->total += fits_again(s, at);
}

static bool push(struct settle *s, struct attempt *a, uint32_t v, int64_t to)
{
	if (v == MESH_SOURCE || v == MESH_SINK || a->n == CROWD || s->moved[v] == s->tries)
		return false;
	s->moved[v] = s->tries;
	s->then[v] = to;
	a->event[a->n++] = v;
	return true;
}

/* Pushes what the events moved so far leave too little room. false: no way */
static bool spread(struct settle *s, struct attempt *a, struct rng *r)
{
	const struct mesh *m = &s->mesh;

	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t v = a->event[i];

		for (uint32_t e = m->end_at[v]; e < m->end_at[v + 1]; e++) {
			uint32_t arc = m->end[e] / 2;
			const struct mesh_arc *c = &m->arcs[arc];
			bool in = m->end[e] & 1;
			uint32_t other = in ? c->tail : c->head;
			int64_t window = settle_time(s, c->head) - settle_time(s, c->tail);
			int64_t need = c->least;

			if (window < need) {
				if (arc < s->d->n && a->stiff > 0.0)
					need = fits_need(s, arc, s->row[arc]);
			} else {
				if (arc >= s->d->n || a->stiff <= 0.0)
					continue;
				need = fits_need(s, arc, s->row[arc]);
				if (window >= need || s->moved[other] == s->tries ||
					rng_double(r) >= a->stiff)
					continue;
				if (other == MESH_SOURCE || other == MESH_SINK || a->n == CROWD)
					continue;
			}
			if (!push(s, a, other, in ? s->then[v] - need : s->then[v] + need))
				return false;
		}
	}
	return true;
}

static void accept(struct settle *s, const struct attempt *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		s->when[a->event[i]] = s->then[a->event[i]];
	s->total += a->gain;
}

/* Puts an event where a node that begins or ends there fits exactly at another row. */
static bool propose(struct settle *s, struct attempt *a, struct rng *r)
{
	const struct mesh *m = &s->mesh;
	uint64_t bits = rng_u64(r);
	uint32_t at = (uint32_t)(((bits >> 32) * s->d->n) >> 32);
	uint32_t rows = s->d->rows[s->d->set[at]], row = s->row[at];
	uint32_t step = 1 + (bits & 3), v;
	bool in = bits & 4;
	int64_t to;

	if (rows < 2)
		return false;
	if (s->by_key && bits & 32) {
		step = 0;
		row = fits_like(s, at, bits & 64 ? s->d->before[at] : s->d->after[at]);
	} else if (bits & 8)
		step = 1 + (uint32_t)(((bits >> 8 & 0xffff) * (rows - 1)) >> 16);
	if (bits & 16)
		row = row + step < rows ? row + step : rows - 1;
	else
		row = row > step ? row - step : 0;
	v = in ? m->arcs[at].head : m->arcs[at].tail;
	if (v == MESH_SOURCE || v == MESH_SINK)
		return false;
	to = in ? s->when[m->arcs[at].tail] + fits_need(s, at, row)
		: s->when[m->arcs[at].head] - fits_need(s, at, row);
	if (to == s->when[v])
		return false;
	return push(s, a, v, to);
}

/* One try: move, look, keep or not. */
static void try_one(struct settle *s, double temp, struct rng *r)
{
	struct attempt a = {.n = 0};

	next_try(s);
	if (s->by_key && rng_u64(r) >> 62 == 0) { /* a neighbour may have changed */
		s->total += fits_again(s, (uint32_t)rng_below(r, s->d->n));
		return;
	}
	if (!propose(s, &a, r))
		return;
	a.stiff = rng_u64(r) >> 62 == 0 ? STIFF : 0.0;
	a.n_touched = 0;
	if (spread(s, &a, r) && fits_choose(s, &a) &&
		(a.gain <= 0.0 || rng_double(r) < exp(-a.gain / temp)))
		accept(s, &a);
	else
		fits_restore(s, &a);
}

static void begin(struct settle *s)
{
	if (!s->by_key)
		s->total = quick_load(&s->quick, s->when);
}

static void try_many(struct settle *s, double temp, uint64_t n, struct rng *r)
{
	if (!s->by_key) {
		s->total += quick_run(&s->quick, s->when, fmax(temp, 1e-12), n, r);
		return;
	}
	for (uint64_t k = 0; k < n; k++)
		try_one(s, fmax(temp, 1e-12), r);
}

static void end(struct settle *s)
{
	if (!s->by_key)
		memcpy(s->row, s->quick.row, s->d->n * sizeof *s->row);
}

void settle_run(struct settle *s, struct effort *e, double until, struct rng *r)
{
	double from = effort_share(e), share = from;

	begin(s);
	while (share < until) {
		double left = (until - share) / (until - from);

		try_many(s, s->cold_j * pow(s->hot_j / s->cold_j, left), TURN * A_STEP, r);
		e->done += TURN;
		share = effort_share(e);
	}
	end(s);
}

#define BRIEF 16 /* temperatures */

void settle_brief(struct settle *s, double hot_j, uint32_t tries, struct rng *r)
{
	uint64_t n = (uint64_t)tries * s->mesh.n_events / BRIEF + 1;
	double ratio = fmax(hot_j / s->cold_j, 1.0);

	begin(s);
	for (unsigned k = 0; k < BRIEF; k++)
		try_many(s, s->cold_j * pow(ratio, 1.0 - (k + 1.0) / BRIEF), n, r);
	end(s);
}
