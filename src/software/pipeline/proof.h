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
	struct witness flow;
};

/** Frees; a zeroed one is fine. */
void proof_finish(struct proof *p);

/** Appends the file. */
void proof_write(const struct proof *p, struct buf *out);

/** Reads a file. @param p  initialised by the call; proof_finish() it in any case */
hg_err proof_parse(
	struct proof *p, const char *text, size_t len, const char *origin, hg_error *why);

#endif
