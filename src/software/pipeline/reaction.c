/* Which iteration time to plan for while stragglers come and go. */
#include <math.h>

#include "core/fail.h"

#include <hourglass/pipeline.h>

hg_err hg_reaction_init(hg_reaction *r, const hg_plan_frontier *set, double alone_s,
	double tolerance, uint32_t patience, hg_error *why)
{
	hg_plan_frontier_info info = {.size = sizeof info};

	if (!(alone_s > 0) || isinf(alone_s) || !(tolerance >= 0) || isinf(tolerance))
		return fail(why, HG_EINVAL,
			"reaction: expected a time > 0 and a tolerance >= 0, found %g and %g",
			alone_s, tolerance);
	hg_plan_frontier_get_info(set, &info);
	*r = (hg_reaction){.size = sizeof *r,
		.patience = patience,
		.alone_s = fmax(alone_s, info.t_min_s),
		.t_min_s = info.t_min_s,
		.t_max_s = info.t_max_s,
		.tolerance = tolerance};
	r->time_s = r->alone_s;
	return HG_OK;
}

int hg_reaction_update(hg_reaction *r, double forced_s)
{
	double target = forced_s > r->alone_s ? fmin(r->t_max_s, forced_s) : r->alone_s;

	target = fmax(target, r->alone_s);
	if (target <= r->time_s * (1 + r->tolerance)) {
		r->waited = 0;
		if (target >= r->time_s)
			return 0;
		r->time_s = target;
		return 1;
	}
	r->candidate_s = r->waited ? fmin(r->candidate_s, target) : target;
	if (r->waited++ < r->patience)
		return 0;
	r->waited = 0;
	r->time_s = r->candidate_s;
	return 1;
}
