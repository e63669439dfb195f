/* Realising a plan on the raw options, in doubles. */
#include "realise.h"

#include <math.h>

#include "dag.h"

/* Makes the first seconds of a step run at the old setting. */
static void late(
	const hg_dag *dag, uint32_t node, hg_setting old, double late_s, hg_plan_step *step)
{
	const struct work *work = dag_work(dag, dag_node(dag, node)->work);
	double share;

	for (uint32_t o = 0; o < work->n; o++) {
		const hg_option *was = &work->options[o];

		if (was->setting != old)
			continue;
		share = was->time_s > late_s ? late_s / was->time_s : 1.0;
		step->time_s = share * was->time_s + (1.0 - share) * step->time_s;
		step->energy_j = share * was->energy_j + (1.0 - share) * step->energy_j;
		return;
	}
	/* not measured at the old setting: nothing is done until the new one is there */
	step->time_s += late_s;
	step->energy_j += late_s * dag_static_w(dag, node);
}

struct realised realise(const struct disc *d, const hg_dag *dag, const uint32_t *pick,
	double switch_latency_s, hg_plan_step *steps)
{
	const struct edge *edges = dag_edges(dag);
	struct realised sum = {0};

	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t i = d->node[at], before = d->before[at];
		const struct dish *dish = &d->dish[d->menu[at] + pick[d->set[at]]];
		const hg_option *o = &dag_work(dag, dag_node(dag, i)->work)->options[dish->option];
		hg_plan_step *step = &steps[i];

		*step = (hg_plan_step){.node = i,
			.option = dish->option,
			.setting = o->setting,
			.time_s = o->time_s,
			.energy_j = o->energy_j};
		for (uint32_t k = dag->pred_at[i]; k < dag->pred_at[i + 1]; k++) {
			const struct edge *e = &edges[dag->pred[k]];

			step->start_s = fmax(step->start_s,
				steps[e->from].start_s + steps[e->from].time_s + e->lag_s);
		}
		if (before != NOBODY && steps[d->node[before]].setting != o->setting) {
			const hg_plan_step *last = &steps[d->node[before]];
			double wait = step->start_s - last->start_s - last->time_s;

			step->switches = 1;
			sum.switches++;
			sum.switch_j += d->switch_j;
			if (switch_latency_s > fmax(wait, 0.0))
				late(dag, i, last->setting, switch_latency_s - fmax(wait, 0.0),
					step);
		}
		sum.eff_j += step->energy_j - dag_static_w(dag, i) * step->time_s;
		sum.time_s = fmax(sum.time_s, step->start_s + step->time_s);
	}
	sum.eff_j += sum.switch_j;
	return sum;
}

void realise_fastest(const hg_dag *dag, double *time, double *makespan_s, double *eff_j)
{
	const struct edge *edges = dag_edges(dag);

	*makespan_s = 0.0;
	*eff_j = 0.0;
	for (uint32_t at = 0; at < dag->n; at++) {
		uint32_t i = dag->topo[at];
		const struct choice *c = &dag->choices[dag_shape(dag, i)->first];

		time[i] = 0.0;
		for (uint32_t k = dag->pred_at[i]; k < dag->pred_at[i + 1]; k++) {
			const struct edge *e = &edges[dag->pred[k]];

			time[i] = fmax(time[i], time[e->from] + e->lag_s);
		}
		time[i] += c->time_s;
		*eff_j += c->eff_j;
		*makespan_s = fmax(*makespan_s, time[i]);
	}
}
