/*
 * What plans with few changes of setting must draw at least.
 *
 * A flow puts a price on each node's time, so that the dual is a sum over nodes. With a price on a
 * change of setting, too, it is a sum over devices: the least over all rows of settings, each
 * change paid for, by a table along the device. Less the price of the changes that are allowed,
 * that is below what any plan with no more of them draws, whatever the price: the best one is
 * looked for.
 */
#ifndef HG_PLAN_BOUND_FEW_H
#define HG_PLAN_BOUND_FEW_H

#include "dag.h"

/** The answer. */
struct few_bound {
	double gain_j;  /* beyond what the flow proves of plans with any number of changes, >= 0 */
	double price_j; /* of a change, at which it is proved */
	uint64_t changes; /* in the rows of settings that are best at that price */
};

/**
 * By how much a flow's bound rises for plans with at most so many changes of setting. Changes are
 * taken to cost no time.
 *
 * Complexity: some 60 times options.
 *
 * @param node    W through each node: of a flow that hg_dag_bound() accepts
 * @param most    changes of setting that are allowed
 * @param cost_j  what a change costs anyway, within the plan's energy
 * @return HG_OK, HG_ENOMEM
 */
hg_err bound_few(const hg_dag *dag, const double *node, uint64_t most, double cost_j,
	struct few_bound *out, hg_error *why);

#endif
