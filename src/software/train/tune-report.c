/* What a tuner knows, for people and for planners. */
#include <math.h>
#include <stdlib.h>

#include "core/fail.h"
#include "core/size.h"
#include "tuner.h"

/* The best setting against the baseline. Their levels were found together: only what is the
 * settings' own is uncertain. */
static void compare(const hg_tune *t, hg_tune_report *r)
{
	const struct cand *best = &t->cands[t->best], *base = &t->cands[t->opts.baseline];
	double energy = cand_energy(best) / cand_energy(base);
	double sd_t = hypot(best->sd_t, base->sd_t), sd_p = hypot(best->sd_p, base->sd_p);

	if (t->best == t->opts.baseline)
		energy = 1, sd_t = sd_p = 0;
	r->saving = 1 - energy;
	r->saving_sd = energy * hypot(sd_t, sd_p);
	r->slowdown = cand_time(best) / cand_time(base);
	r->slowdown_sd = r->slowdown * sd_t;
}

void hg_tune_get_report(const hg_tune *t, hg_tune_report *report)
{
	hg_tune_report r = {.size = sizeof r,
		.phase = t->phase,
		.reason = t->reason,
		.setting = t->setting,
		.best = t->best,
		.baseline = t->opts.baseline,
		.feasible = t->feasible,
		.probes = t->probes,
		.refused = t->refusals,
		.drifts = t->drifts,
		.steps = t->all.steps + t->summary.all_steps + t->late.all_steps,
		.time_s = t->all.time_s + t->summary.all_time_s + t->late.all_time_s,
		.energy_j = t->all.energy_j + t->summary.all_energy_j + t->late.all_energy_j,
		.learning_steps = t->learning.steps,
		.learning_time_s = t->learning.time_s,
		.learning_energy_j = t->learning.energy_j,
		.saving = (double)NAN,
		.saving_sd = (double)NAN,
		.slowdown = (double)NAN,
		.slowdown_sd = (double)NAN,
		.saved_j = (double)NAN,
		.saved_sd_j = (double)NAN,
		.base_measured = t->cands[t->opts.baseline].seen.steps > 0};

	if (t->prior_known && t->phase != HG_TUNE_IDLE) {
		compare(t, &r);
		r.saved_j = t->base_j - t->compared_j;
		r.saved_sd_j = t->base_sd_j;
	}
	size_write(report, &r, sizeof r);
}

hg_err hg_tune_frontier(
	const hg_tune *t, const hg_frontier_info *info, hg_frontier **out, hg_error *why)
{
	hg_build_opts opts = {.size = sizeof opts,
		.flags = HG_BUILD_KEEP_DOMINATED,
		.info = info,
		.knobs = t->knobs,
		.n_knobs = t->opts.n_knobs,
		.settings = t->cells,
		.n_settings = t->n};
	hg_point *points;
	hg_err rc;

	*out = NULL;
	if (!t->prior_known || !t->opts.n_knobs)
		return fail(why, HG_ENOENT, "nothing was measured yet");
	points = calloc(t->n, sizeof *points);
	if (!points)
		return fail(why, HG_ENOMEM, "out of memory");
	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];

		points[i] = (hg_point){.time_s = cand_time(c),
			.energy_j = cand_energy(c),
			.time_rsd = c->sd_t,
			.energy_rsd = hypot(c->sd_t, c->sd_p),
			.setting = (hg_setting)i,
			.origin = c->seen.steps > 0 ? HG_ORIGIN_MEASURED : HG_ORIGIN_FITTED};
	}
	rc = hg_frontier_build(points, t->n, &opts, out, why);
	free(points);
	return rc;
}
