/* The exact frontiers of GPT-3 175B, 1F1B, 8 stages, on the measured
 * stage profiles; skips where those are absent. */
#include <stdio.h>

#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "data-file.h"
#include "near.h"
#include "one-f-one-b.h"

struct golden {
	const char *file;
	double static_w;
	uint32_t microbatches;
	double t_min, t_max, t_star, e_min, e_star, e_max;
	size_t pieces;
	double flow, saving;
	uint64_t edges;
};

#define A100 "pipeline/stage_profile/gpt3-175b+a100_sxm_bf16.csv", 83.64
#define A40  "pipeline/stage_profile/gpt3-175b+a40_bf16.csv", 70.38

static const struct golden goldens[] = {
	{A100, 12, 2.836510754, 4.244163895, 3.274308693, 6160.417, 5591.534, 6050.534, 536,
		6626.009, 16.06, 352},
	{A100, 24, 4.671213386, 6.989582059, 5.479127013, 11926.385, 10430.504, 11098.228, 619,
		7908.611, 14.86, 712},
	{A100, 48, 8.340618650, 12.480418387, 9.888763653, 23468.867, 20108.443, 21193.614, 621,
		8032.260, 14.17, 1432},
	{A100, 96, 15.679429178, 23.462091043, 18.708036933, 46553.849, 39464.321, 41384.388, 621,
		8032.260, 13.82, 2872},
	{A40, 12, 7.546349691, 9.128086270, 8.261405593, 10982.879, 9901.913, 10237.549, 370,
		7460.961, 0, 352},
	{A40, 24, 12.365782623, 14.974279030, 13.641351733, 20946.149, 18109.750, 18627.261, 384,
		7460.961, 0, 712},
	{A40, 48, 22.004648487, 26.666664550, 24.401244013, 40872.688, 34525.424, 35406.684, 384,
		7460.961, 0, 1432},
	{A40, 96, 41.282380215, 50.051435590, 45.921028573, 80725.766, 67356.772, 68965.531, 384,
		7460.961, 0, 2872},
};

/* Total energies at 1.001, 1.005, 1.01, 1.02, 1.05, 1.1 T_min. */
static const double factors[] = {1.001, 1.005, 1.01, 1.02, 1.05, 1.1};
static const struct {
	size_t golden;
	double energy[6];
} between[] = {
	{0, {6144.324, 6090.624, 6034.963, 5941.700, 5748.259, 5617.561}},
	{1, {11895.415, 11780.557, 11651.688, 11446.777, 10987.163, 10525.063}},
	{4, {10932.886, 10777.360, 10609.145, 10362.879, 10015.036, 9903.103}},
	{5, {20860.850, 20572.476, 20266.783, 19670.113, 18594.526, 18111.945}},
};

static hg_plan_frontier *solve(const struct golden *g)
{
	struct onefb what = {.stages = 8, .microbatches = g->microbatches, .static_w = g->static_w};
	struct onefb_profile profile;
	struct buf text = {0};
	hg_dag_info info = {.size = sizeof info};
	hg_plan_frontier *set;
	hg_error why;
	hg_dag *dag;

	if (!data_read(g->file, &text)) {
		buf_finish(&text);
		skip();
	}
	assert_true(onefb_parse(text.data, text.len, &profile));
	buf_finish(&text);
	dag = onefb_dag(&profile, &what);
	assert_non_null(dag);
	hg_dag_get_info(dag, &info);
	assert_int_equal(info.edges, g->edges);
	assert_ok(hg_plan_solve(dag, NULL, &set, &why), &why);
	hg_dag_destroy(dag);
	return set;
}

static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
		const struct golden *g = goldens + i;
		hg_plan_frontier_info info = {.size = sizeof info};
		hg_plan_frontier *set = solve(g);
		size_t n;

		hg_plan_frontier_get_info(set, &info);
		assert_true(info.complete);
		/* the table is in whole ns */
		assert_near_abs(hg_plan_frontier_points(set, &n)->time_s, g->t_min, 0, 1e-10);
		assert_near_abs(info.t_min_s, g->t_min, 0, 1e-6);
		assert_near_abs(info.t_max_s, g->t_max, 0, 1e-10);
		assert_near_abs(info.t_star_s, g->t_star, 0, 1e-10);
		assert_near_abs(info.energy_min_s_j, g->e_min, 0, 5.01e-4);
		assert_near_abs(info.energy_star_j, g->e_star, 0, 5.01e-4);
		assert_near_abs(info.energy_max_s_j, g->e_max, 0, 5.01e-4);
		assert_int_equal(info.pieces, g->pieces);
		assert_near_abs(info.slope_min_w, g->flow, 0, 5.01e-4);
		if (g->saving > 0) /* there the highest clock is the fastest option */
			assert_near_abs(100 * (1 - info.energy_min_s_j / info.all_fastest_j),
				g->saving, 0, 5.01e-3);
		hg_plan_frontier_destroy(set);
	}
}

static void test_between(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		const struct golden *g = goldens + between[i].golden;
		hg_plan_frontier *set = solve(g);
		hg_error why;

		for (size_t k = 0; k < 6; k++) {
			hg_relaxed_info info = {.size = sizeof info};
			double t = g->t_min * factors[k], energy;
			hg_relaxed *r;

			assert_ok(hg_plan_frontier_at(set, t, &energy, NULL, &why), &why);
			assert_near_abs(energy, between[i].energy[k], 0, 5.01e-4);
			assert_ok(hg_relaxed_at(set, t, HG_CLASS_OP, &r, &why), &why);
			hg_relaxed_get_info(r, &info);
			assert_near(info.energy_j, energy, 1e-7);
			assert_near(info.bound_j, energy, 1e-7);
			hg_relaxed_destroy(r);
		}
		hg_plan_frontier_destroy(set);
	}
}

/* Savings in %, 8x24, of the classes at 1.001, 1.01, 1.05, 1.1 T_min. */
static void test_classes(void **state)
{
	static const double at[] = {1.001, 1.01, 1.05, 1.1};
	static const struct {
		size_t golden;
		hg_plan_class class_of;
		double saving[4];
	} cases[] = {
		{1, HG_CLASS_FAMILY, {1.69, 9.43, 18.22, 23.21}},
		{1, HG_CLASS_RAMP, {14.53, 16.28, 21.73, 26.09}},
		{5, HG_CLASS_FAMILY, {3.50, 10.03, 18.67, 24.58}},
		{5, HG_CLASS_RAMP, {11.26, 13.71, 21.90, 25.45}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_plan_frontier *set = solve(goldens + cases[i].golden);
		hg_plan_frontier_info info = {.size = sizeof info};

		hg_plan_frontier_get_info(set, &info);
		for (size_t k = 0; k < 4; k++) {
			hg_relaxed_info r = {.size = sizeof r};
			double t = info.t_min_s * at[k], base;
			hg_relaxed *relaxed;
			hg_error why;

			assert_ok(hg_relaxed_at(set, t, cases[i].class_of, &relaxed, &why), &why);
			hg_relaxed_get_info(relaxed, &r);
			hg_relaxed_destroy(relaxed);
			base = info.all_fastest_j + info.static_power_w * (t - info.t_min_s);
			if (cases[i].golden == 5) /* there it is against the highest clock */
				base = 23611.050 + info.static_power_w * (t - info.t_min_s);
			assert_near(r.bound_j, r.energy_j, 1e-7);
			assert_near_abs(
				100 * (1 - r.bound_j / base), cases[i].saving[k], 0, 0.0101);
		}
		hg_plan_frontier_destroy(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
