/*
 * Frontiers of large DAGs that repeat a part of a small one.
 *
 * At any price F of time, the flow of a long pipeline is the same for each microbatch but the first
 * and the last few (it was observed, not proved). So the energy line with slope -F is affine in
 * their number, and two small frontiers tell every breakpoint. The state that a plan is made from
 * is copied from the small one's, and mended where the copy does not fit: what comes out is as
 * optimal as if it had been solved for, however far off the copy was.
 */
#ifndef HG_PLAN_EXTEND_H
#define HG_PLAN_EXTEND_H

#include "set.h"

/** Frees; a zeroed one is fine. */
void tiling_finish(struct tiling *t);

/**
 * Extends.
 *
 * Checked, not believed: both ends must be what longest paths say, and at some breakpoints between
 * them the copy must be mended with little work and have the energy that is claimed there.
 *
 * @param a    the small frontier; *out becomes its owner if *done
 * @param b    the frontier of a with one copy more
 * @param dag  the large DAG
 * @param t    from the small one to the large one; taken over if *done
 * @param done receives false where a check fails
 */
hg_err set_extend(hg_plan_frontier *a, const hg_plan_frontier *b, hg_dag *dag, struct tiling *t,
	hg_plan_frontier **out, bool *done, hg_error *why);

/** State of an extended frontier near a breakpoint: optimal, at the flow of the small frontier's
 * breakpoint that it comes from.
 * @param look_max  as of sweep_mend()
 * @param s         not initialised; sweep_finish() it if HG_OK */
hg_err extended_state(
	const hg_plan_frontier *set, size_t piece, uint64_t look_max, struct sweep *s);

#endif
