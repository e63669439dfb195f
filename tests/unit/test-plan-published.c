/* Discrete plans of measured profiles beside what lowtime published, and what it really reaches. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <hourglass/pipeline.h>
#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "core/buf.h"
#include "data-file.h"
#include "near.h"

struct gpu {
	const char *profile, *claims;
	double static_w;
};

static const struct gpu a100 = {"pipeline/stage_profile/gpt3-175b+a100_sxm_bf16.csv",
	"pipeline/published_frontier/a100_sxm/gpt3-175b_bf16_mb%u.csv", 83.64};
static const struct gpu a40 = {"pipeline/stage_profile/gpt3-175b+a40_bf16.csv",
	"pipeline/published_frontier/a40/gpt3-175b_bf16_mb%u.csv", 70.38};

/* The relaxed frontier of 8 stages of a profile; NULL: no data here. */
static hg_plan_frontier *solve(const struct gpu *gpu, uint32_t microbatches)
{
	hg_error why = {""};
	struct buf text = {0};
	hg_stage_profile *profile;
	hg_schedule *schedule;
	hg_pipeline *pipeline;
	hg_plan_frontier *set = NULL;
	hg_schedule_opts s = {.size = sizeof s,
		.kind = HG_SCHEDULE_1F1B,
		.ranks = 8,
		.microbatches = microbatches};
	hg_pipeline_opts p = {
		.size = sizeof p, .static_power_w = &gpu->static_w, .n_static_power = 1};

	if (data_read(gpu->profile, &text)) {
		assert_ok(hg_stage_profile_parse(text.data, text.len, gpu->profile, &profile, &why),
			&why);
		assert_ok(hg_schedule_create(&s, &schedule, &why), &why);
		p.profile = profile;
		p.schedule = schedule;
		assert_ok(hg_pipeline_create(&p, &pipeline, &why), &why);
		assert_ok(hg_plan_solve(hg_pipeline_dag(pipeline), NULL, &set, &why), &why);
		hg_pipeline_destroy(pipeline);
		hg_schedule_destroy(schedule);
		hg_stage_profile_destroy(profile);
	}
	buf_finish(&text);
	return set;
}

/* Plans for a deadline, waiting charged until then. */
static hg_plan_info plan(const hg_plan_frontier *set, double time_s, uint64_t iterations)
{
	hg_error why = {""};
	hg_plan *p;
	hg_plan_info info = {.size = sizeof info};
	hg_plan_opts opts = {.size = sizeof opts,
		.time_s = time_s,
		.charge_s = time_s,
		.iterations = iterations};

	assert_ok(hg_plan_at(set, &opts, &p, &why), &why);
	hg_plan_get_info(p, &info);
	hg_plan_destroy(p);
	assert_true(info.time_s <= time_s + 1e-7);
	return info;
}

/* Every stride-th row that is not below T_min: ours is realised, theirs is claimed. Where a claim
 * is below the bound nobody can reach it; above, ours must be cheaper. */
static void dominate(const struct gpu *gpu, uint32_t microbatches, size_t stride, double near_bound)
{
	char name[256];
	struct buf text = {0};
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_plan_frontier *set = solve(gpu, microbatches);
	const char *line;
	size_t row = 0, cheaper = 0, beyond = 0;

	(void)snprintf(name, sizeof name, gpu->claims, microbatches);
	if (!set || !data_read(name, &text)) {
		hg_plan_frontier_destroy(set);
		buf_finish(&text);
		skip();
		return;
	}
	hg_plan_frontier_get_info(set, &info);
	for (line = strchr(text.data, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		char *end;
		double time = strtod(line + 1, &end), energy = strtod(end + 1, NULL);
		hg_plan_info ours;

		if (row++ % stride || time < info.t_min_s)
			continue;
		ours = plan(set, time, 100);
		if (energy <= ours.bound_j * (1.0 + near_bound)) {
			beyond++;
			continue;
		}
		assert_true(ours.energy_j < energy);
		cheaper++;
	}
	print_message("%s: %zu rows, ours cheaper; %zu claims below what a plan can reach\n", name,
		cheaper, beyond);
	assert_true(cheaper >= 10);
	hg_plan_frontier_destroy(set);
	buf_finish(&text);
}

static void test_a40_12(void **state)
{
	(void)state;
	dominate(&a40, 12, 600, 0.0);
}

static void test_a40_24(void **state)
{
	(void)state;
	dominate(&a40, 24, 1700, 0.0);
}

static void test_a100_12(void **state)
{
	(void)state;
	dominate(&a100, 12, 23, 0.003);
}

/* What lowtime 0.3.0 reaches when realised on the same profile, in % above the bound. */
static void against(const struct gpu *gpu, uint32_t microbatches, const double *peer)
{
	static const double slow_by[] = {1.0, 1.005, 1.01, 1.02, 1.05};
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_plan_frontier *set = solve(gpu, microbatches);

	if (!set) {
		skip();
		return;
	}
	hg_plan_frontier_get_info(set, &info);
	for (int i = 0; i < 5; i++) {
		hg_plan_info ours = plan(set, slow_by[i] * info.t_min_s, 500);

		print_message("x%g: %.3f %% above the bound\n", slow_by[i], 100.0 * ours.gap);
		assert_true(100.0 * ours.gap < 0.5 * peer[i]);
	}
	hg_plan_frontier_destroy(set);
}

static void test_against_a100(void **state)
{
	/* no plan of its meets the first deadline */
	static const double peer[] = {(double)INFINITY, 0.75, 0.66, 0.91, 0.78};

	(void)state;
	against(&a100, 24, peer);
}

static void test_against_a40(void **state)
{
	static const double peer[] = {1.25, 1.73, 2.22, 1.79, 1.72};

	(void)state;
	against(&a40, 12, peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a40_12),
		cmocka_unit_test(test_a40_24),
		cmocka_unit_test(test_a100_12),
		cmocka_unit_test(test_against_a100),
		cmocka_unit_test(test_against_a40),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
