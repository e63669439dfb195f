/*
 * Frontiers of large DAGs from optimal states at some flows.
 *
 * A state at a flow proves a line that no plan lies below, and its potentials are a plan that
 * touches it. Between two of them plans are mixes, and what is proved is the higher line. So some
 * dozen states tell the whole frontier but for a little that is known; where it is more than is
 * wanted, one more state is looked for. Each comes from the small frontier's at that flow; where
 * the copy is too far off, another flow is taken.
 */
#ifndef HG_PLAN_ANCHOR_H
#define HG_PLAN_ANCHOR_H

#include "relaxed.h"
#include "tile.h"

/**
 * Makes the frontier of a DAG that repeats a small one.
 * @param small    whose flows are tried; *out becomes its owner if *done
 * @param t        taken over if *done
 * @param threads  0: one; what comes out is the same
 * @param done     receives false where too few flows can be had
 * @return HG_OK; HG_ENOMEM
 */
hg_err set_anchor(hg_plan_frontier *small, hg_dag *dag, struct tiling *t, unsigned threads,
	hg_plan_frontier **out, bool *done, hg_error *why);

/**
 * Keeps an optimal state.
 * @param a  receives its flow and pi, to be freed, if HG_OK
 * @return HG_OK; HG_ENOMEM
 */
hg_err anchor_take(
	const hg_plan_frontier *set, const struct sweep *s, size_t piece, struct anchor *a);

/** As anchored_relaxed(), from the anchors around the time; both may be one. */
void anchors_mix(const hg_plan_frontier *set, const struct anchor *slow, const struct anchor *fast,
	hg_relaxed *r);

/** Fills windows, starts, flows and energy of a relaxed plan of such a frontier. */
void anchored_relaxed(const hg_plan_frontier *set, hg_relaxed *r);

#endif
