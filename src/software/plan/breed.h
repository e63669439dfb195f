/*
 * A population of plans: many ways to round the relaxed plan, each annealed shortly and crossed
 * into one of a few plans, which are then improved in rounds: each goes on from a plan by whatever
 * moves, and what is good of that is crossed into it.
 *
 * Which microbatches are slow in all stages at once is settled by the start: annealing moves the
 * edges of such a pattern, but does not turn one into another. So many patterns are tried, and what
 * is good of each, here or there, is taken over. No plan ever gets worse.
 */
#ifndef HG_PLAN_BREED_H
#define HG_PLAN_BREED_H

#include "search.h"

/** Whether breed() suits a problem: a node's row follows from its window alone. */
bool breed_suits(const struct disc *d);

/* What those in a hurry need to make starts keep the deadline: see start_clamp(). */
struct haste {
	const int64_t *tail; /* longest way to the sink when all is fastest */
	int64_t *head;       /* n + 1, scratch */
};

/**
 * Leaves the best plan it finds in w, until `until` of the effort is used up. The plan that w has
 * takes part: what comes out is no worse.
 * @param haste  NULL where there is time; else some starts are crossed, and what comes of it is
 *               annealed
 * @return HG_OK, HG_ENOMEM
 */
hg_err breed(struct walk *w, struct effort *e, double until, struct rng *r,
	const struct haste *haste, hg_error *why);

#endif
