/*
 * Mending: an optimal state at a given flow value from one that nearly is.
 *
 * Near are states of the same network with slopes rounded otherwise, and of the same pipeline with
 * another number of microbatches. Where an arc's flow does not suit its window it is changed, and
 * what the events then have too much goes to those that have too little, along longest residual
 * paths. Those are short where the state is near, so that mending looks at few events.
 */
#ifndef HG_PLAN_MEND_H
#define HG_PLAN_MEND_H

#include "sweep.h"

/**
 * Makes the state of s, any flow >= 0 and any potentials, optimal at a flow value.
 * @param most  give up beyond that many events looked at
 * @return HG_OK; HG_ELIMIT: given up, the state is of no use; HG_ENOMEM
 */
hg_err sweep_mend(struct sweep *s, int64_t flow_uw, uint64_t most);

#endif
