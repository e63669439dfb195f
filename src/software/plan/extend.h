/*
 * Whole frontiers of large DAGs that repeat a part of a small one.
 *
 * Where the flow of a long pipeline is the same for each microbatch but the first and the last few,
 * at every price of time, the energy line with any slope is affine in their number, and two small
 * frontiers tell every breakpoint.
 */
#ifndef HG_PLAN_EXTEND_H
#define HG_PLAN_EXTEND_H

#include "tile.h"

/** Small frontiers: the first, the one with one copy more, and the one with `steps` more. */
struct turnpike {
	hg_plan_frontier *a;
	const hg_plan_frontier *b, *c;
	int64_t steps;
};

/**
 * Extends.
 *
 * Checked, not believed: the third frontier must be what the first two lead to, at each of its
 * breakpoints; both ends of the large one must be what longest paths say; and at some breakpoints
 * between them the small one's state, copied, must be mended with little work and have the energy
 * that is claimed there.
 *
 * @param from  *out becomes the owner of from->a if *done
 * @param dag   the large DAG
 * @param t     from the first one to the large one; taken over if *done
 * @param done  receives false where a check fails
 */
hg_err set_extend(const struct turnpike *from, hg_dag *dag, struct tiling *t,
	hg_plan_frontier **out, bool *done, hg_error *why);

#endif
