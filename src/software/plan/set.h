/* The relaxed frontier and what it keeps so that the plan of any time comes out fast. */
#ifndef HG_PLAN_SET_H
#define HG_PLAN_SET_H

#include "net.h"
#include "sweep.h"

/* A breakpoint in integers: its time, and the flow of the piece that ends there. */
struct piece {
	int64_t time_ns, flow_uw;
};

/* The state of the sweep when it stood at a breakpoint. */
struct checkpoint {
	size_t piece; /* index of the breakpoint, in order of falling time */
	int64_t *flow, *pi;
};

struct hg_plan_frontier {
	hg_dag *dag;
	struct net net;
	hg_plan_frontier_info info;
	hg_plan_point *points; /* by time ascending; `size` of them */
	size_t size;
	struct vec pieces;      /* struct piece, time falling; the first is T_max, flow 0 */
	struct vec checkpoints; /* struct checkpoint */
	size_t spacing;         /* breakpoints between two checkpoints */
	size_t kept;            /* bytes in checkpoints */
};

/**
 * Puts a sweep into the state it had on the piece that holds time_ns, with the search of that piece
 * done: potentials at time_ns are those of sweep_shift(s, *drop_ns).
 * @param time_ns  between the first and the last breakpoint
 * @return HG_OK, HG_ENOMEM
 */
hg_err set_replay(const hg_plan_frontier *set, int64_t time_ns, struct sweep *s, int64_t *drop_ns);

/** Total energy over T when every node takes its fastest option, and that T. */
hg_err all_fastest(const hg_dag *dag, double *time_s, double *energy_j);

#endif
