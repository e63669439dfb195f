/* The baseline: every node at its fastest measured option. */
#include <math.h>
#include <stdlib.h>

#include "set.h"

/* The first choice of a shape is its fastest option, and the cheapest of those. */
hg_err all_fastest(const hg_dag *dag, double *time_s, double *energy_j)
{
	double *end = calloc(dag->n, sizeof *end), makespan = 0, sum = 0;

	if (!end)
		return HG_ENOMEM;
	for (uint32_t k = 0; k < dag->n; k++) {
		uint32_t i = dag->topo[k];
		const struct choice *c = dag->choices + dag_shape(dag, i)->first;

		end[i] += c->time_s; /* so far the time it can start */
		sum += c->eff_j;
		makespan = end[i] > makespan ? end[i] : makespan;
		for (uint32_t e = dag->succ_at[i]; e < dag->succ_at[i + 1]; e++) {
			const struct edge *edge = dag_edges(dag) + e;
			double start = end[i] + edge->lag_s;

			if (start > end[edge->to])
				end[edge->to] = start;
		}
	}
	free(end);
	*time_s = makespan;
	*energy_j = sum + dag->static_w * makespan;
	return HG_OK;
}
