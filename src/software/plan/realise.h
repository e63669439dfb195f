/* What a plan really takes: makespan, energy and changes of setting on the raw options. */
#ifndef HG_PLAN_REALISE_H
#define HG_PLAN_REALISE_H

#include "discrete.h"

struct realised {
	double time_s;   /* makespan */
	double eff_j;    /* sum of energy - static power * time, switches included */
	double switch_j; /* of it, switches */
	uint64_t switches;
};

/** Steps of the nodes, by node number, from a pick for each set. */
struct realised realise(const struct disc *d, const hg_dag *dag, const uint32_t *pick,
	double switch_latency_s, hg_plan_step *steps);

/** Makespan and effective energy of all fastest options. time: scratch for n doubles */
void realise_fastest(const hg_dag *dag, double *time, double *makespan_s, double *eff_j);

#endif
