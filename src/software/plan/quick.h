/*
 * Annealing of event times where nothing but windows decides: changes of setting are free, and the
 * slowest row that fits is the cheapest.
 *
 * The same moves as settle_run() makes elsewhere, over tables laid out for them: the arcs of an
 * event side by side, times and energies of rows in arrays of their own, and hints where in them to
 * look, so that a try is a matter of some ten cache lines.
 */
#ifndef HG_PLAN_QUICK_H
#define HG_PLAN_QUICK_H

#include "mesh.h"

/* An arc as one of its two events sees it. */
struct spoke {
	int64_t least;       /* ticks */
	uint32_t other, arc; /* event at the arc's other end */
	uint32_t menu, rows; /* first dish; 0 rows: a tie */
	uint32_t shift;      /* bits of ticks a hint */
	int32_t side;        /* 1: the event is the arc's head, -1: its tail */
};

struct quick {
	const struct disc *d;
	const struct mesh *mesh;
	int64_t *ticks;      /* by dish */
	double *eff_j;       /* by dish */
	uint32_t *hint;      /* HINTS by dish: row that fits */
	struct spoke *spoke; /* as mesh->end */
	uint32_t *row;       /* n_arcs; of ties 0 */
	int64_t *then;       /* n_events: where a try puts those it moves */
	uint32_t *moved;     /* n_events: the try that moved an event */
	uint32_t tries;
};

/** For a problem of sorted menus, no price on changes, no latency. false: out of memory */
bool quick_init(struct quick *q, const struct disc *d, const struct mesh *mesh);
void quick_finish(struct quick *q);

/** Takes the slowest rows that fit between the times of the events. @return effective energy, J */
double quick_load(struct quick *q, const int64_t *when);

/** Makes n tries at a temperature. @return what they cost, J, negative: saved */
double quick_run(struct quick *q, int64_t *when, double temp_j, uint64_t n, struct rng *r);

#endif
