/* Entering the sweep at a flow, without what comes before it. */
#ifndef HG_PLAN_ENTER_H
#define HG_PLAN_ENTER_H

#include "set.h"

/**
 * Puts a sweep into an optimal state at a flow: a sweep with slopes rounded so much that it gets
 * there in few steps, and mended to what the network has.
 * @param s           initialised
 * @param quantum_uw  of its network
 * @param flow_uw     > 0, a multiple of the quantum
 * @return HG_OK, HG_ENOMEM
 */
hg_err sweep_enter(struct sweep *s, const hg_dag *dag, int64_t quantum_uw, int64_t flow_uw);

/** The same from a breakpoint of a frontier whose slopes are rounded more. @param s  initialised */
hg_err sweep_enter_from(
	struct sweep *s, const hg_plan_frontier *rough, size_t piece, int64_t flow_uw);

#endif
