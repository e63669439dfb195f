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

/**
 * Leaves the best plan it finds in w, until `until` of the effort is used up. The plan that w has
 * takes part: what comes out is no worse.
 * @return HG_OK, HG_ENOMEM
 */
hg_err breed(struct walk *w, struct effort *e, double until, struct rng *r, hg_error *why);

#endif
