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

/*
 * How a large DAG repeats a part of a small one: `steps` copies of a part stand between what came
 * before it and what came after it.
 */
struct tiling {
	uint32_t *node;  /* of each node of the large DAG, the small one's that it is a copy of */
	uint32_t *shift; /* of each node: how many copies stand before it */
	uint32_t *edge;  /* of each edge: the small one's; UINT32_MAX: none */
	uint32_t steps;
};

/* Where a breakpoint of an extended frontier comes from. */
struct origin {
	uint32_t piece; /* breakpoint of the small frontier */
	int64_t tau_ns; /* by how much one copy more moves it */
};

struct hg_plan_frontier {
	hg_dag *dag;
	struct net net;
	int64_t quantum_uw; /* of the network */
	hg_plan_frontier_info info;
	hg_plan_point *points; /* by time ascending; `size` of them */
	size_t size;
	int64_t t_min_ns;       /* longest path of the fastest */
	double fastest_s;       /* the same in double */
	struct vec pieces;      /* struct piece, time falling; the first is T_max, flow 0 */
	struct vec checkpoints; /* struct checkpoint */
	size_t spacing;         /* breakpoints between two checkpoints */
	size_t kept;            /* bytes in checkpoints */
	/* of an extended frontier, which has no checkpoints of its own */
	hg_plan_frontier *small; /* NULL: none */
	struct tiling tiling;
	struct origin *origins; /* one a breakpoint */
};

/**
 * Puts a sweep into the state it had when it stood at a breakpoint: the flow is that of the piece
 * that ends there.
 * @param s  not initialised; sweep_finish() it if HG_OK
 * @return HG_OK, HG_ENOMEM
 */
hg_err set_restore(const hg_plan_frontier *set, size_t piece, struct sweep *s);

/**
 * Puts a sweep into the state it had on the piece that holds time_ns, with the search of that piece
 * done: potentials at time_ns are those of sweep_shift(s, *drop_ns).
 * @param time_ns  between the first and the last breakpoint
 * @return HG_OK, HG_ENOMEM
 */
hg_err set_replay(const hg_plan_frontier *set, int64_t time_ns, struct sweep *s, int64_t *drop_ns);

/** T_min is in double what it is, not in whole ns; the other times are not below it. */
void set_t_min(hg_plan_frontier *set);

/** Sum of the effective energies at T_max, J: every node as slow as the network has it. */
double set_base_energy(const hg_plan_frontier *set);

/** Total energy over T when every node takes its fastest option, and that T. */
hg_err all_fastest(const hg_dag *dag, double *time_s, double *energy_j);

/** Total energy over T when every node takes its cheapest option by effective energy, and that T.
 */
hg_err all_cheapest(const hg_dag *dag, double *time_s, double *energy_j);

#endif
