/* Annealing of event times: the plan that follows from them is never late. */
#ifndef HG_PLAN_SETTLE_H
#define HG_PLAN_SETTLE_H

#include "mesh.h"
#include "search.h"

struct settle {
	const struct disc *d;
	struct mesh mesh;
	int64_t *when;   /* n_events: time of each */
	int64_t *then;   /* n_events: where a try puts those it moves */
	uint32_t *moved; /* n_events: the try that moved an event */
	uint32_t *seen;  /* n_arcs: the try that looked at an arc */
	uint32_t *row;   /* n: by position */
	uint32_t *turn;  /* n: rows of a try */
	uint32_t tries;
	double total; /* effective energy */
};

hg_err settle_init(struct settle *s, const struct disc *d, hg_error *why);
void settle_finish(struct settle *s);

/** Takes the earliest times of a plan that keeps the deadline. @param dur  ticks, one a position */
void settle_from(struct settle *s, const int64_t *dur);

/** Anneals from where it is until `until` of the effort is used up. */
void settle_run(struct settle *s, struct effort *e, double until, struct rng *r);

#endif
