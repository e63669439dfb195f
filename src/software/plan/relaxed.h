/* The solution of the relaxed problem at one T. */
#ifndef HG_PLAN_RELAXED_H
#define HG_PLAN_RELAXED_H

#include "set.h"

struct hg_relaxed {
	hg_relaxed_info info;
	uint32_t n, m;
	double *windows, *starts, *node_flows; /* n */
	double *edge_flows;                    /* m */
};

/** Allocates the arrays for a DAG. @return NULL: out of memory */
hg_relaxed *relaxed_create(const hg_dag *dag);

/** Total energy until time_s of the relaxed plan that potentials stand for. */
double relaxed_energy(const hg_plan_frontier *set, const int64_t *pi, double time_s);

/** Fills the flows of a relaxed plan. @param flow  uW, of the arcs of the network */
void relaxed_flows(hg_relaxed *r, const hg_plan_frontier *set, const int64_t *flow);

/** Fills times and energy: a mix of two plans given by their potentials, `part` of the first. */
void relaxed_mix(hg_relaxed *r, const hg_plan_frontier *set, const int64_t *slow,
	const int64_t *fast, double part);

/** Fills r from pieces, their time r->info.time_s. @return HG_OK, HG_ENOMEM, HG_EFORMAT */
hg_err relaxed_replay(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why);

/** Fills r from the store, groups apart; r->info.time_s is set. @return HG_OK, HG_ENOMEM */
hg_err relaxed_from_store(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why);

#endif
