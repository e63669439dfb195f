/* The frontier of a PLANS file from the states that it holds, without solving anything. */
#include <math.h>
#include <stdlib.h>

#include "core/fail.h"
#include "software/plan/stored.h"

#include "cutting.h"
#include "store.h"

/* Fetches a state from its runs. */
static bool fetch(void *user, size_t i, const struct stored_state *into)
{
	const struct plans_store *s = user;
	const struct witness *w = vec_at(&s->plans->claims.witnesses, i);
	const struct witness_order *o = &s->order;

	return witness_expand(&w->node, o->node, o->n, into->node_flow) &&
	       witness_expand(&w->edge, o->edge, o->m, into->edge_flow) &&
	       witness_expand(&w->window, o->node, o->n, into->window_ns) &&
	       witness_starts(w, o->node, o->n, into->start_ns);
}

/* When each state is for. @return false: there is one without times, or they do not rise */
static bool list_times(const struct plans *p, int64_t *time_ns)
{
	size_t n = p->claims.witnesses.len;

	for (size_t i = 0; i < n; i++) {
		const struct witness *w = vec_at(&p->claims.witnesses, i);

		if (!w->start.len || !w->window.len || w->time_s > 1e9)
			return false;
		time_ns[i] = llround(w->time_s * 1e9);
		if (i && time_ns[i] <= time_ns[i - 1])
			return false;
	}
	return n > 0;
}

void plans_store_finish(struct plans_store *s)
{
	witness_order_finish(&s->order);
	*s = (struct plans_store){.plans = NULL};
}

hg_err plans_store_open(struct plans_store *s, const struct plans *p, hg_plan_frontier **set,
	bool *done, hg_error *why)
{
	const struct vec *f = &p->claims.frontier;
	struct stored_source from = {.n = p->claims.witnesses.len,
		.mixed = p->quantum_w > 0 && p->claims.extrapolated,
		.fetch = fetch,
		.user = s};
	int64_t *time_ns = calloc(from.n + 1, sizeof *time_ns);
	hg_err err = HG_OK;

	*s = (struct plans_store){.plans = p};
	*set = NULL;
	*done = time_ns && list_times(p, time_ns);
	from.time_ns = time_ns;
	if (!time_ns)
		err = fail(why, HG_ENOMEM, "out of memory");
	if (*done && witness_order(&s->order, p->pipeline, schedule_period(p->schedule)))
		err = fail(why, HG_ENOMEM, "out of memory");
	if (*done && !err)
		err = set_stored(hg_pipeline_dag(p->pipeline), &from, f->data, f->len, p->quantum_w,
			set, why);
	free(time_ns);
	return err;
}
