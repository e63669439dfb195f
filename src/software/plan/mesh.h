/*
 * The events of a discrete problem: where nodes begin and end, as few as the edges allow.
 *
 * A node is an arc from the event it begins at to the event it ends at the latest; whatever lies
 * between the two is its window, and it takes the best row that fits. Nodes with the same
 * predecessors begin together, and end together where they have the same followers, so that a
 * pipeline's events form a lattice of nodes alone. What is left of the edges are ties: arcs of no
 * cost with a least length.
 */
#ifndef HG_PLAN_MESH_H
#define HG_PLAN_MESH_H

#include "discrete.h"

/* A graph by its links: n nodes and node n, the sink, which those that nobody follows lead to. */
struct graph {
	uint32_t n;
	const uint32_t *succ_at, *pred_at; /* n + 2 */
	const struct link *succ, *pred;
};

#define MESH_SOURCE 0u
#define MESH_SINK   1u

struct mesh_arc {
	uint32_t tail, head;
	uint32_t link; /* of a tie: which of the graph's */
	int64_t least; /* of a tie: the lag; else 0 */
};

struct mesh {
	uint32_t n_events, n_arcs; /* arcs 0 .. n - 1 are the nodes, then come the ties */
	struct mesh_arc *arcs;
	uint32_t *end_at; /* n_events + 1 */
	uint32_t *end;   /* by event: arc * 2 + 1 where the event is the arc's head, else arc * 2 */
	uint32_t *order; /* events in a topological order */
};

/** Links by where they lead to, from links by where they come from. Fills pred_at and pred. */
void mesh_turn(uint32_t n, const uint32_t *succ_at, const struct link *succ, uint32_t *pred_at,
	struct link *pred);

/** @return HG_OK, HG_ENOMEM */
hg_err mesh_init(struct mesh *m, const struct graph *g, hg_error *why);
void mesh_finish(struct mesh *m);

/** Earliest times of all events. @param dur  one a node @param when  n_events */
void mesh_times(const struct mesh *m, uint32_t n, const int64_t *dur, int64_t *when);

#endif
