/* A population of plans. */
#include "breed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "cross.h"
#include "settle.h"
#include "start.h"

/* Tuned on 8 stages x 24 microbatches. */
#define MOST     12     /* plans kept, of a long search */
#define LEAST    2      /* of a short one */
#define A_PLAN_S 1e-3   /* effort a node for each plan kept */
#define A_STEP_S 30e-6  /* what a step of the search is taken to last, if steps are counted */
#define A_TRY_S  120e-9 /* what a try of the annealing is taken to last */
#define A_BOUT_S 130e-6 /* effort a node that a bout of the other search takes */
#define BOUT     0.1    /* the most of the whole */
#define BOUTS    0.7    /* share of rounds that begin with one */
#define TRIES    2000   /* ways to round */
#define BRIEF    32     /* tries an event that a start is annealed by */
#define GLANCE   2      /* the same in a hurry */
#define LONG     64     /* the fewest that a plan kept is, 1, 2 or 4 times as many */
#define COOL     0.2    /* temperatures from which: of the hottest, the least and the most */
#define WARM     0.7

struct breed {
	struct walk *w;
	struct effort *effort;
	struct rng *rng;
	struct settle settle;
	struct cross cross;
	double seconds;            /* that the search is given, more or less */
	const struct haste *haste; /* NULL: there is time */
	uint32_t n, most, turn;
	double total[MOST];
	int64_t *when[MOST], *spare[2]; /* times of the events */
};

bool breed_suits(const struct disc *d)
{
	return d->n_sets == d->n && d->latency == 0 && d->switch_j == 0.0 && d->sorted;
}

static void breed_finish(struct breed *b)
{
	for (uint32_t k = 0; k < MOST; k++)
		free(b->when[k]);
	free(b->spare[0]);
	free(b->spare[1]);
	cross_finish(&b->cross);
	settle_finish(&b->settle);
}

/* Seconds that the search is given, more or less. */
static double seconds_of(const struct effort *e)
{
	return e->seconds > 0.0 ? e->seconds : A_STEP_S * (double)e->most;
}

/* How many plans are worth their annealing. */
static uint32_t size_for(const struct disc *d, double seconds)
{
	double most = seconds / (A_PLAN_S * (d->n + 1));

	return most < LEAST ? LEAST : most > MOST ? MOST : (uint32_t)most;
}

/* How many events a cross may hold at a time, so that it takes but a small part of the effort. */
#define A_STATE_S 5e-9 /* time for each event and combination */
#define A_CROSS   0.02 /* share of the effort */
#define HASTY     0.1  /* the same in a hurry */

static uint32_t width_for(const struct mesh *m, double seconds)
{
	double states = seconds / (A_STATE_S * (m->n_events + 1.0));
	uint32_t width = WIDTH_LEAST;

	while (width < WIDTH_MAX && ldexp(2.0, (int)width) <= states)
		width++;
	return width;
}

static hg_err breed_init(struct breed *b, hg_error *why)
{
	const struct disc *d = b->w->d;
	hg_err rc = settle_init(&b->settle, d, why);
	size_t bytes;
	bool ok;

	if (rc)
		return rc;
	mesh_times(&b->settle.mesh, d->n, d->window, b->settle.when);
	rc = cross_init(&b->cross, d, &b->settle.mesh, b->settle.when,
		width_for(&b->settle.mesh, (b->haste ? HASTY : A_CROSS) * b->seconds), why);
	if (rc) {
		settle_finish(&b->settle);
		return rc;
	}
	b->most = b->haste ? 1 : size_for(d, b->seconds);
	bytes = (size_t)b->settle.mesh.n_events * sizeof **b->when;
	b->spare[0] = malloc(bytes);
	b->spare[1] = malloc(bytes);
	ok = b->spare[0] && b->spare[1];
	for (uint32_t k = 0; k < b->most && ok; k++) {
		b->when[k] = malloc(bytes);
		ok = b->when[k] != NULL;
	}
	if (ok)
		return HG_OK;
	breed_finish(b);
	return fail(why, HG_ENOMEM, "plan: no memory for %u nodes", d->n);
}

static uint32_t best_of(const struct breed *b)
{
	uint32_t best = 0;

	for (uint32_t k = 1; k < b->n; k++)
		best = b->total[k] < b->total[best] ? k : best;
	return best;
}

/* Puts what settle holds in the place of a plan. */
static void put(struct breed *b, uint32_t k)
{
	b->total[k] = b->settle.total;
	memcpy(b->when[k], b->settle.when, b->settle.mesh.n_events * sizeof **b->when);
}

/* Crosses what settle holds with a plan: it then holds what is no worse than either. */
static void mix(struct breed *b, uint32_t k)
{
	size_t bytes = b->settle.mesh.n_events * sizeof **b->when;
	bool better = b->settle.total < b->total[k]; /* a cross is never worse than the first */

	memcpy(b->spare[0], better ? b->settle.when : b->when[k], bytes);
	memcpy(b->spare[1], better ? b->when[k] : b->settle.when, bytes);
	(void)cross_best(&b->cross, b->spare[0], b->spare[1]);
	settle_at(&b->settle, b->spare[0]);
}

/* Takes in what settle holds: as a plan of its own, or what is good of it into one. */
static void add(struct breed *b)
{
	uint32_t k = b->n;

	if (b->n < b->most) {
		b->n++;
	} else {
		k = b->turn++ % b->n;
		mix(b, k);
	}
	put(b, k);
}

/* Repairs what w was set to, and gives its slack away. false: out of memory, or (walk_makespan()
 * tells) it cannot be */
static bool mend(struct walk *w)
{
	if (!repair(w, NULL))
		return false;
	walk_reset(w, w->pick);
	reclaim_all(w);
	return reclaim(w, NULL);
}

/* Makes a plan of what w was set to, anneals it a little, and takes it in. false: out of memory */
static bool polish(struct breed *b)
{
	struct walk *w = b->w;

	if (!(b->haste ? repair(w, NULL) : mend(w)))
		return walk_makespan(w) > w->d->deadline;
	settle_from(&b->settle, w->pick, w->dur);
	settle_brief(&b->settle, 0.5 * b->settle.hot_j, b->haste ? GLANCE : BRIEF, b->rng);
	add(b);
	return true;
}

#define A_START 64 /* steps of the search that a start is worth */

/* Rounds in many rhythms. */
static bool gather(struct breed *b, double until)
{
	const struct disc *d = b->w->d;
	uint32_t *pick = calloc((size_t)d->n_sets + 1, sizeof *pick);
	bool ok = pick != NULL;

	for (uint32_t k = 0; k < TRIES && ok && effort_share(b->effort) < until; k++) {
		start_rhythm(d, k, pick);
		if (b->haste)
			start_clamp(d, START_LATE, b->haste->tail, pick, b->haste->head);
		walk_reset(b->w, pick);
		ok = polish(b);
		b->effort->done += A_START;
	}
	free(pick);
	return ok;
}

/* Moves options for a while, from what settle holds. false: out of memory */
static bool bout(struct breed *b, double until)
{
	struct walk *w = b->w;
	double share = fmin(A_BOUT_S * (w->d->n + 1) / b->seconds, BOUT);

	walk_reset(w, b->settle.row);
	reclaim_all(w);
	if (!reclaim(w, NULL) ||
		!search(w, b->effort, fmin(effort_share(b->effort) + share, until), b->rng))
		return false;
	settle_from(&b->settle, w->pick, w->dur);
	return true;
}

/* Tries an event that there is time for, and no more than were wished for. */
static uint32_t tries_left(const struct breed *b, uint32_t wish, double until)
{
	double left_s = (until - effort_share(b->effort)) * b->seconds;
	double most = left_s / (A_TRY_S * b->settle.mesh.n_events);

	return most < wish ? (uint32_t)fmax(most, 1.0) : wish;
}

/* Goes on from one plan, and takes over into it what is good of that. false: out of memory */
static bool round_of(struct breed *b, double until)
{
	struct settle *s = &b->settle;
	uint32_t k = (uint32_t)rng_below(b->rng, b->n);
	uint32_t tries = (uint32_t)LONG << rng_below(b->rng, 3);
	double hot = s->hot_j * (COOL + (WARM - COOL) * rng_double(b->rng));

	settle_at(s, b->when[k]);
	if (b->n > 1 && rng_below(b->rng, 4) == 0)
		mix(b, (uint32_t)rng_below(b->rng, b->n));
	if (rng_double(b->rng) < BOUTS && !bout(b, until))
		return false;
	tries = tries_left(b, tries, until);
	settle_brief(s, hot, tries, b->rng);
	b->effort->done += (uint64_t)tries * s->mesh.n_events / 256 + 1;
	mix(b, k);
	put(b, k);
	return true;
}

/* Takes over into w what is good of all. */
static bool finish(struct breed *b)
{
	uint32_t best = best_of(b);

	settle_at(&b->settle, b->when[best]);
	for (uint32_t k = 0; k < b->n; k++)
		if (k != best && !effort_over(b->effort))
			mix(b, k);
	walk_reset(b->w, b->settle.row);
	reclaim_all(b->w);
	return reclaim(b->w, NULL);
}

#define TEPID 0.25 /* of the hottest: where there is too little time for more */

/* Anneals the one plan there is until the time is over. */
static void hurry(struct breed *b, double until)
{
	struct settle *s = &b->settle;
	double hot = s->hot_j;

	s->hot_j = fmax(TEPID * hot, s->cold_j);
	settle_at(s, b->when[0]);
	settle_run(s, b->effort, until, b->rng);
	s->hot_j = hot;
	if (s->total < b->total[0])
		put(b, 0);
}

#define GATHERED 0.4 /* most of the effort that goes to starts */
#define GLANCED  0.5 /* the same in a hurry */

hg_err breed(struct walk *w, struct effort *e, double until, struct rng *r,
	const struct haste *haste, hg_error *why)
{
	struct breed b = {.w = w, .effort = e, .rng = r, .haste = haste, .seconds = seconds_of(e)};
	double from = effort_share(e);
	hg_err rc = breed_init(&b, why);
	bool ok;

	if (rc)
		return rc;
	settle_from(&b.settle, w->pick, w->dur);
	add(&b);
	ok = gather(&b, from + (haste ? GLANCED : GATHERED) * (until - from));
	if (ok && haste)
		hurry(&b, until);
	while (ok && effort_share(e) < until)
		ok = round_of(&b, until);
	ok = ok && finish(&b);
	breed_finish(&b);
	return ok ? HG_OK : fail(why, HG_ENOMEM, "plan: no memory for the search");
}
