#include "enter.h"

#include <string.h>

#include "mend.h"

/* Steps of the rounded sweep, about. */
#define STEPS 128

/* Sweeps until there is so much flow, or T_min is reached. */
static void sweep_until(struct sweep *s, int64_t flow_uw, int64_t t_min_ns)
{
	while (s->total_uw < flow_uw && s->pi[NET_SINK] > t_min_ns) {
		int64_t drop = sweep_search(s), left = s->pi[NET_SINK] - t_min_ns;

		if (drop > 0)
			sweep_shift(s, drop < left ? drop : left);
		if (s->pi[NET_SINK] > t_min_ns && !sweep_augment(s))
			return;
	}
}

/* Copies the state of a network that is the same but for its slopes. */
static void copy_state(struct sweep *s, const struct sweep *rough)
{
	memcpy(s->flow, rough->flow, (size_t)s->net->n_arcs * sizeof *s->flow);
	memcpy(s->pi, rough->pi, (size_t)s->net->n_events * sizeof *s->pi);
}

hg_err sweep_enter(struct sweep *s, const hg_dag *dag, int64_t quantum_uw, int64_t flow_uw)
{
	int64_t step = quantum_uw > 1 ? quantum_uw : 1, rough_uw = flow_uw / STEPS / step * step;
	struct net net;
	struct sweep rough;
	hg_err rc = net_init(&net, dag, rough_uw > step ? rough_uw : step);

	if (rc)
		return rc;
	rc = sweep_init(&rough, &net);
	if (!rc) {
		int64_t *dist = (int64_t *)(void *)rough.labels; /* not in use yet */

		net_longest(&net, true, dist);
		sweep_until(&rough, flow_uw, dist[NET_SINK]);
		copy_state(s, &rough);
		sweep_finish(&rough);
		rc = sweep_mend(s, flow_uw, UINT64_MAX);
	}
	net_finish(&net);
	return rc;
}

hg_err sweep_enter_from(
	struct sweep *s, const hg_plan_frontier *rough, size_t piece, int64_t flow_uw)
{
	struct sweep from;
	hg_err rc = set_restore(rough, piece, &from);

	if (rc)
		return rc;
	copy_state(s, &from);
	sweep_finish(&from);
	return sweep_mend(s, flow_uw, UINT64_MAX);
}
