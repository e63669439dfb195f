/* Proofs of single plans, hourglass.plan-proof/1: what a plan claims, and the flow that proves it.
 */
#ifndef HG_SOFTWARE_PIPELINE_PROOF_H
#define HG_SOFTWARE_PIPELINE_PROOF_H

#include "core/buf.h"

#include "witness.h"

/** Claims of a plan. */
struct proof {
	double time_s, charged_s; /* makespan, and until when energies count */
	double energy_j;
	double bound_j, tight_bound_j; /* what the flow proves alone, and with pairs of chains */
	uint64_t switches;
	double switch_cost_j, switch_latency_s; /* of one change, as the plan was made for */
	uint64_t most_switches; /* 0: any number was allowed, nothing is claimed of fewer */
	double switch_bound_j;  /* no plan with at most so many draws less */
	double switch_price_j;  /* of a change, at which the flow proves that */
	struct witness flow;
};

/**
 * What the flow of a relaxed plan proves of plans with at most p->most_switches changes that cost
 * p->switch_cost_j each: fills switch_bound_j and switch_price_j, from bound_j.
 */
hg_err proof_few(struct proof *p, const hg_dag *dag, const hg_relaxed *r, hg_error *why);

/** Frees; a zeroed one is fine. */
void proof_finish(struct proof *p);

/** Appends the file. */
void proof_write(const struct proof *p, struct buf *out);

/** Reads a file. @param p  initialised by the call; proof_finish() it in any case */
hg_err proof_parse(
	struct proof *p, const char *text, size_t len, const char *origin, hg_error *why);

#endif
