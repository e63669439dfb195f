/* The frontier of a PLANS file from the states that it holds, without solving anything. */
#ifndef HG_SOFTWARE_PIPELINE_STORE_H
#define HG_SOFTWARE_PIPELINE_STORE_H

#include "plans.h"
#include "witness.h"

/** What such a frontier reads from. It does not move while the frontier is in use. */
struct plans_store {
	const struct plans *plans;
	struct witness_order order;
};

/**
 * Opens the states of a PLANS file. They are looked at when they are used: one that is not optimal
 * for this pipeline is then an error.
 * @param p     outlives the frontier
 * @param set   destroy it before plans_store_finish(), which is needed in any case
 * @param done  receives false where the file holds flows only, or nothing: solve it then
 * @return HG_OK, HG_ENOMEM
 */
hg_err plans_store_open(struct plans_store *s, const struct plans *p, hg_plan_frontier **set,
	bool *done, hg_error *why);

/** Frees; a zeroed one is fine. */
void plans_store_finish(struct plans_store *s);

#endif
