/*
 * What discreteness adds to a bound.
 *
 * The dual lets every node choose for itself at its own price. Where two chains of nodes lead from
 * one event to another, their windows add up to the same time, so that the nodes of both chains
 * choose together: sums of measured times seldom match, which costs energy that hulls do not show.
 */
#ifndef HG_PLAN_BOUND_PAIRS_H
#define HG_PLAN_BOUND_PAIRS_H

#include "dag.h"
#include "mesh.h"

#define CHAIN_MAX 3 /* arcs of a chain */

/* A chain of arcs of the mesh. */
struct pair_chain {
	uint32_t arc[CHAIN_MAX], n, end;
	double least; /* flow along it, W */
};

struct pair {
	struct pair_chain side[2];
	double gain_j;
};

/* Ways to do nodes at the prices of their flows, made once for each shape and flow. */
struct ways;

/** @return NULL: out of memory */
struct ways *ways_create(const hg_dag *dag, const double *node_flow);
void ways_destroy(struct ways *w);

/**
 * The least that both chains of a pair lose against nodes that choose for themselves.
 * @param lag  of the arcs that are ties, s, by side and place
 * @return HG_OK, HG_ENOMEM
 */
hg_err ways_weigh(struct ways *w, struct pair *p, const double lag[2][CHAIN_MAX]);

/**
 * By how much disjoint pairs of chains raise the dual value of a flow, at every T.
 * @param node    of a flow that hg_dag_bound() accepts for HG_CLASS_OP
 * @param edge    of the same flow
 * @param gain_j  receives it, >= 0
 * @return HG_OK, HG_ENOMEM
 */
hg_err pairs_gain(
	const hg_dag *dag, const double *node, const double *edge, double *gain_j, hg_error *why);

#endif
