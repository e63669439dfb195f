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
#define MOST        24     /* plans kept, of a long search */
#define LEAST       3      /* of a short one */
#define A_PLAN_S    500e-6 /* effort a node for each plan kept */
#define A_STEP_S    30e-6  /* what a step of the search is taken to last, if steps are counted */
#define TRIES       2000   /* ways to round */
#define GENERATIONS 2      /* how often each plan is crossed */
#define LATER       0.6 /* temperature of what comes of it, against that of the first annealing */

struct breed {
	struct walk *w;
	struct effort *effort;
	struct rng *rng;
	struct settle settle;
	struct cross cross;
	uint32_t n, most;
	double total[MOST];
	int64_t *when[MOST], *child; /* times of the events */
};

bool breed_suits(const struct disc *d)
{
	return d->n_sets == d->n && d->latency == 0 && d->switch_j == 0.0 && d->sorted;
}

static void breed_finish(struct breed *b)
{
	for (uint32_t k = 0; k < MOST; k++)
		free(b->when[k]);
	free(b->child);
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

static uint32_t width_for(const struct mesh *m, double seconds)
{
	double states = A_CROSS * seconds / (A_STATE_S * (m->n_events + 1.0));
	uint32_t width = WIDTH_LEAST;

	while (width < WIDTH_MAX && ldexp(2.0, (int)width) <= states)
		width++;
	return width;
}

static hg_err breed_init(struct breed *b, hg_error *why)
{
	const struct disc *d = b->w->d;
	hg_err rc = settle_init(&b->settle, d, why);
	double seconds = seconds_of(b->effort);
	size_t bytes;
	bool ok;

	if (rc)
		return rc;
	mesh_times(&b->settle.mesh, d->n, d->window, b->settle.when);
	rc = cross_init(&b->cross, d, &b->settle.mesh, b->settle.when,
		width_for(&b->settle.mesh, seconds), why);
	if (rc) {
		settle_finish(&b->settle);
		return rc;
	}
	b->most = size_for(d, seconds);
	bytes = (size_t)b->settle.mesh.n_events * sizeof **b->when;
	b->child = malloc(bytes);
	ok = b->child != NULL;
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

static uint32_t worst_of(const struct breed *b)
{
	uint32_t worst = 0;

	for (uint32_t k = 1; k < b->n; k++)
		worst = b->total[k] > b->total[worst] ? k : worst;
	return worst;
}

static bool known(const struct breed *b, double total)
{
	for (uint32_t k = 0; k < b->n; k++)
		if (fabs(b->total[k] - total) < 1e-7)
			return true;
	return false;
}

static void put(struct breed *b, uint32_t k)
{
	b->total[k] = b->settle.total;
	memcpy(b->when[k], b->settle.when, b->settle.mesh.n_events * sizeof **b->when);
}

/* Takes in what settle holds. */
static void add(struct breed *b)
{
	if (known(b, b->settle.total))
		return;
	if (b->n < b->most)
		put(b, b->n++);
	else if (b->settle.total < b->total[worst_of(b)])
		put(b, worst_of(b));
}

/* Repairs and reclaims what w was set to, and takes it in. false: out of memory */
static bool polish(struct breed *b)
{
	struct walk *w = b->w;

	if (!repair(w, NULL))
		return walk_makespan(w) > w->d->deadline;
	walk_reset(w, w->pick);
	reclaim_all(w);
	if (!reclaim(w, NULL))
		return false;
	settle_from(&b->settle, w->pick, w->dur);
	add(b);
	return true;
}

#define A_START 16 /* steps of the search that a start is worth */

/* Rounds in many rhythms. */
static bool gather(struct breed *b, double until)
{
	const struct disc *d = b->w->d;
	uint32_t *pick = calloc((size_t)d->n_sets + 1, sizeof *pick);
	bool ok = pick != NULL;

	for (uint32_t k = 0; k < TRIES && ok && effort_share(b->effort) < until; k++) {
		double step = k * 0.7548776662466927, offset = k * 0.5698402909980532;

		start_coherent(
			d, k % 4 == 3 ? 0 : 1, step - floor(step), offset - floor(offset), pick);
		walk_reset(b->w, pick);
		ok = polish(b);
		b->effort->done += A_START;
	}
	free(pick);
	return ok;
}

/* Puts what settle holds in the place of a plan that is worse. */
static void replace(struct breed *b, uint32_t k)
{
	if (b->settle.total < b->total[k] && !known(b, b->settle.total))
		put(b, k);
}

static void anneal(struct breed *b, uint32_t k, double until)
{
	settle_at(&b->settle, b->when[k]);
	settle_run(&b->settle, b->effort, until, b->rng);
	replace(b, k);
}

/* Crosses two plans, anneals what comes out, and puts it in the place of the worse one. */
static void generation(struct breed *b, double until)
{
	uint32_t one = (uint32_t)rng_below(b->rng, b->n);
	uint32_t two = (one + 1 + (uint32_t)rng_below(b->rng, b->n - 1)) % b->n;
	uint32_t worse = b->total[one] > b->total[two] ? one : two;

	memcpy(b->child, b->when[one], b->settle.mesh.n_events * sizeof *b->child);
	(void)cross_best(&b->cross, b->child, b->when[two]);
	settle_at(&b->settle, b->child);
	replace(b, worse);
	settle_run(&b->settle, b->effort, until, b->rng);
	replace(b, worse);
}

static void generations(struct breed *b, double until)
{
	double from = effort_share(b->effort), hot = b->settle.hot_j;
	uint32_t most = GENERATIONS * b->n;

	b->settle.hot_j = LATER * hot;
	for (uint32_t k = 0; k < most && b->n > 1 && effort_share(b->effort) < until; k++)
		generation(b, from + (until - from) * (k + 1.0) / most);
	b->settle.hot_j = hot;
}

/* Takes over into w what is good of all. */
static bool finish(struct breed *b)
{
	uint32_t best = best_of(b);

	for (uint32_t k = 0; k < b->n; k++)
		if (k != best && !effort_over(b->effort))
			(void)cross_best(&b->cross, b->when[best], b->when[k]);
	settle_at(&b->settle, b->when[best]);
	walk_reset(b->w, b->settle.row);
	reclaim_all(b->w);
	return reclaim(b->w, NULL);
}

/* Of the effort. */
#define GATHERED 0.3 /* most that goes to starts */
#define ANNEALED 0.5 /* of the rest, to the first annealing */

hg_err breed(struct walk *w, struct effort *e, double until, struct rng *r, hg_error *why)
{
	struct breed b = {.w = w, .effort = e, .rng = r};
	double from = effort_share(e);
	hg_err rc = breed_init(&b, why);
	bool ok;

	if (rc)
		return rc;
	settle_from(&b.settle, w->pick, w->dur);
	add(&b);
	ok = gather(&b, from + GATHERED * (until - from));
	from = effort_share(e);
	for (uint32_t k = 0; k < b.n && ok; k++)
		anneal(&b, k, from + ANNEALED * (until - from) * (k + 1.0) / b.n);
	if (ok) {
		generations(&b, until);
		ok = finish(&b);
	}
	breed_finish(&b);
	return ok ? HG_OK : fail(why, HG_ENOMEM, "plan: no memory for the search");
}
