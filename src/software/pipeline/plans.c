/* What a PLANS file holds, and making it. */
#include "plans.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "software/plan/set.h"
#include "witness.h"

const char *const plan_class_names[] = {"op", "ramp", "stage", NULL};
const char *const plan_range_names[] = {"all", "useful", NULL};

static const char *const kind_names[] = {
#define KIND_NAME(name, value, text) [name] = (text),
	HG_SCHEDULE_LIST(KIND_NAME)
#undef KIND_NAME
};

const char *schedule_kind_name(hg_schedule_kind kind)
{
	return kind_names[kind];
}

bool schedule_kind_find(const char *name, hg_schedule_kind *kind)
{
	for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
		if (strcmp(kind_names[i], name) == 0) {
			*kind = (hg_schedule_kind)i;
			return true;
		}
	}
	return false;
}

void plans_init(struct plans *p)
{
	memset(p, 0, sizeof *p);
	p->replicas = 1;
	p->group_size = 1;
	buf_init(&p->profile_csv, PLANS_BYTES);
	vec_init(&p->claims.frontier, sizeof(hg_plan_point), (size_t)1 << 26);
	vec_init(&p->claims.witnesses, sizeof(struct witness), WITNESSES);
}

void plans_forget(struct plans *p)
{
	for (size_t i = 0; i < p->claims.witnesses.len; i++)
		witness_finish(vec_at(&p->claims.witnesses, i));
	p->claims.witnesses.len = 0;
	p->claims.frontier.len = 0;
}

void plans_finish(struct plans *p)
{
	plans_forget(p);
	vec_finish(&p->claims.witnesses);
	hg_pipeline_destroy(p->pipeline);
	hg_schedule_destroy(p->schedule);
	hg_stage_profile_destroy(p->profile);
	vec_finish(&p->claims.frontier);
	buf_finish(&p->profile_csv);
	free(p->static_power_w);
	free(p->source);
	memset(p, 0, sizeof *p);
}

hg_err plans_name(struct plans *p, const char *source)
{
	size_t room = strlen(source) + 1;

	free(p->source);
	p->source = malloc(room);
	if (!p->source)
		return HG_ENOMEM;
	memcpy(p->source, source, room);
	return HG_OK;
}

hg_err plans_build(struct plans *p, hg_error *why)
{
	hg_pipeline_opts opts = {.size = sizeof opts,
		.replicas = p->replicas,
		.group_size = p->group_size,
		.schedule = p->schedule,
		.static_power_w = p->static_power_w,
		.n_static_power = p->n_static_power,
		.lag_s = p->lag_s,
		.step_s = p->step_s};
	hg_err err = HG_OK;

	if (!p->profile)
		err = hg_stage_profile_parse(p->profile_csv.data ? p->profile_csv.data : "",
			p->profile_csv.len, p->source, &p->profile, why);
	opts.profile = p->profile;
	return err ? err : hg_pipeline_create(&opts, &p->pipeline, why);
}

hg_err plans_claim(struct plans *p, const hg_plan_frontier *set, hg_error *why)
{
	hg_plan_frontier_info info = {.size = sizeof info};
	size_t n;
	const hg_plan_point *points = hg_plan_frontier_points(set, &n);
	struct plans_claims *c = &p->claims;

	hg_plan_frontier_get_info(set, &info);
	/* in double, not in whole ns: no real plan can be faster */
	if (all_fastest(hg_pipeline_dag(p->pipeline), &c->t_min_s, &c->all_fastest_j))
		return fail(why, HG_ENOMEM, "plans: out of memory");
	c->t_star_s = info.t_star_s;
	c->t_max_s = info.t_max_s;
	c->extrapolated = false;
	c->frontier.len = 0;
	for (size_t i = 0; i < n; i++)
		if (vec_push(&c->frontier, &points[i]))
			return fail(why, HG_ENOMEM, "plans: out of memory");
	return HG_OK;
}
