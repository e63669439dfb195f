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

#define TILING_WAVES 2u

/* Two nodes of a small DAG, one a step of the repetition after the other. */
struct pair {
	uint32_t node, later;
};

/*
 * How a large DAG repeats parts of a small one: `steps` copies of a part stand between what came
 * before it and what came after it. There is one such part, or there are two waves of it, one
 * after the other.
 */
struct tiling {
	uint32_t *node;  /* of each node of the large DAG, the small one's that it is a copy of */
	uint32_t *shift; /* of each node: how many copies of its wave stand before it */
	uint8_t *wave;   /* of each node: 0 or 1 */
	uint32_t *edge;  /* of each edge: the small one's; UINT32_MAX: none */
	struct pair *pairs[TILING_WAVES];
	uint32_t n_pairs[TILING_WAVES];
	uint32_t steps;
};

/* Most anchors of a frontier. */
#define ANCHORS 256u

/* An optimal state of an anchored frontier. */
struct anchor {
	size_t piece; /* of the small frontier */
	int64_t flow_uw, time_ns;
	double proved_j; /* what its flow proves at time_ns: its energy by the slopes of the network
			  */
	double energy_j; /* of the relaxed plan that its potentials stand for */
	int64_t *flow, *pi;
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
	size_t kept;            /* bytes in checkpoints */
	/* of an extended frontier, which has no checkpoints of its own */
	hg_plan_frontier *small; /* NULL: none */
	struct tiling tiling;
	/* of one that is not exact: states at some flows instead of pieces; time falling */
	struct vec anchors;    /* struct anchor */
	uint32_t *origins;     /* one a breakpoint: the small frontier's that it comes from */
	struct stored *stored; /* states are fetched from elsewhere; NULL: none of the kind */
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
 * @return HG_OK, HG_ENOMEM, HG_EFORMAT
 */
hg_err set_replay(const hg_plan_frontier *set, int64_t time_ns, struct sweep *s, int64_t *drop_ns,
	hg_error *why);

/** Pieces times events, about, from which on a frontier is solved in stretches: some two seconds.
 */
#define SET_LARGE 1e8

/** hg_plan_solve() with another limit instead of SET_LARGE, for tests. */
hg_err set_solve(hg_dag *dag, const hg_solve_opts *opts, double large, hg_plan_frontier **out,
	hg_error *why);

/** Frees what stored.c keeps. NULL is fine. */
void stored_destroy(struct stored *s);

/** As set_replay(), from the states of a stored frontier. @return also HG_EFORMAT */
hg_err stored_replay(const hg_plan_frontier *set, int64_t time_ns, struct sweep *s,
	int64_t *drop_ns, hg_error *why);

/** From the state at a breakpoint to the piece that holds time_ns, its search done: potentials at
 * time_ns are those of sweep_shift(s, *drop_ns). */
void sweep_go_on(struct sweep *s, int64_t time_ns, int64_t t_min_ns, int64_t *drop_ns);

/** Forgets breakpoints and checkpoints. */
void set_forget(hg_plan_frontier *set);

/** T_min is in double what it is, not in whole ns; the other times are not below it. */
void set_t_min(hg_plan_frontier *set);

/** Figures of a frontier from its points, where pieces tell no more. @param flow_uw  at T_min
 * @return HG_OK, HG_ENOMEM */
hg_err set_fill_info(hg_plan_frontier *set, int64_t flow_uw);

/** Sum of the effective energies at T_max, J: every node as slow as the network has it. */
double set_base_energy(const hg_plan_frontier *set);

/** Total energy over T when every node takes its fastest option, and that T. */
hg_err all_fastest(const hg_dag *dag, double *time_s, double *energy_j);

/** Total energy over T when every node takes its cheapest option by effective energy, and that T.
 */
hg_err all_cheapest(const hg_dag *dag, double *time_s, double *energy_j);

#endif
