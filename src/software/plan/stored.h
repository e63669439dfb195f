/*
 * Frontiers whose optimal states are kept elsewhere, as files do: nothing is solved again.
 *
 * A state is a flow and potentials that suit it. The plan of a time is then the sweep from the next
 * slower state on, a few pieces away, or a mix of the two states around it where the frontier was
 * made of such mixes. States are believed no further than they are checked: each is looked at arc
 * by arc when it is fetched, so that a wrong one is an error and never a wrong plan.
 */
#ifndef HG_PLAN_STORED_H
#define HG_PLAN_STORED_H

#include "relaxed.h"

/** A state by nodes and edges: uW and ns. The arrays have room for all of the DAG's. */
struct stored_state {
	int64_t *node_flow, *start_ns, *window_ns;
	int64_t *edge_flow;
};

/** Where states are fetched from. */
struct stored_source {
	size_t n;
	const int64_t *time_ns; /* of each state, rising; copied */
	bool mixed;             /* between two states plans are mixes of theirs */
	/** Fills a state. @return false: it has other nodes or edges than the DAG */
	bool (*fetch)(void *user, size_t i, const struct stored_state *into);
	void *user; /* outlives the frontier */
};

/**
 * Makes a frontier of its points and states.
 * @param points     of the whole frontier, by time rising; as hg_plan_frontier_points() gave them
 * @param quantum_w  as the frontier was solved with
 * @param out        release it with hg_plan_frontier_destroy()
 */
hg_err set_stored(hg_dag *dag, const struct stored_source *from, const hg_plan_point *points,
	size_t n, double quantum_w, hg_plan_frontier **out, hg_error *why);

/** Fills windows, starts, flows and energy of a relaxed plan of such a frontier. */
hg_err stored_relaxed(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why);

#endif
