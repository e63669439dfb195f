/*
 * States of large DAGs that repeat parts of a small one, from states of that one.
 *
 * At any price of time, the flow of a long pipeline is the same for each microbatch but the first
 * and the last few (it was observed, not proved). So a state of the large one is the small one's
 * with the middle repeated, mended where the copy does not fit: what comes out is as optimal as if
 * it had been solved for, however far off the copy was.
 */
#ifndef HG_PLAN_TILE_H
#define HG_PLAN_TILE_H

#include "set.h"

/** Allocates for a DAG of so many nodes and edges. @return false: out of memory */
bool tiling_init(struct tiling *t, uint32_t nodes, uint32_t edges, uint32_t small_nodes);

/** Frees; a zeroed one is fine. */
void tiling_finish(struct tiling *t);

/** Says that two nodes of the small DAG are one step of a wave apart. */
void tiling_pair(struct tiling *t, unsigned wave, uint32_t node, uint32_t later);

/** A frontier to be made of copies of a small one's states: it has both, and the tiling. @return
 * NULL: out of memory, nothing is taken over */
hg_plan_frontier *tiled_create(hg_plan_frontier *small, hg_dag *dag, struct tiling *t);

/** Frees it, the small frontier apart; its tiling is given back. NULL is fine. */
void tiled_abandon(hg_plan_frontier *set, struct tiling *t);

/**
 * An optimal state of set->net, at the flow of a breakpoint of the small frontier.
 * @param set       has net, tiling and small
 * @param piece     of set->small
 * @param look_max  as of sweep_mend()
 * @param s         not initialised; sweep_finish() it if HG_OK
 * @return HG_OK; HG_ELIMIT: the copy is too far off; HG_ENOMEM
 */
hg_err tiled_state(const hg_plan_frontier *set, size_t piece, uint64_t look_max, struct sweep *s);

/** Energy of an optimal state until its time, by the slopes of the network, J. */
double state_energy(const hg_plan_frontier *set, const int64_t *pi);

/** Figures of a frontier from its points and the small one's. @param flow_uw  at T_min */
hg_err tiled_fill_info(hg_plan_frontier *set, int64_t flow_uw);

/** Cuts the points beyond T_star off. */
void set_cut(hg_plan_frontier *set);

#endif
