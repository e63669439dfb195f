/* The reaction to stragglers: which time is planned for, when, and what it is worth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/pipeline.h>

#include "cmocka-all.h"
#include "near.h"

#define WATTS 80.0

struct fixture {
	hg_stage_profile *profile;
	hg_schedule *schedule;
	hg_pipeline *pipeline;
	hg_plan_frontier *set;
	hg_plan_frontier_info info;
};

static int set_up(void **state)
{
	static struct fixture f;
	char text[8192] = "stage,instruction,frequency,time,energy\n";
	const double watts = WATTS;
	hg_schedule_opts order = {
		.size = sizeof order, .kind = HG_SCHEDULE_1F1B, .ranks = 4, .microbatches = 8};
	hg_pipeline_opts opts = {
		.size = sizeof opts, .static_power_w = &watts, .n_static_power = 1};
	hg_error why = {""};

	for (int s = 0; s < 4; s++) {
		for (int c = 14; c >= 8; c--) {
			double t = 0.05 * (0.2 + 0.8 * 14 / c) * (s == 3 ? 1.1 : 1);
			double e = 4 * (1.5 + 3 * c * c / 196.0) + WATTS * t;
			size_t n = strlen(text);

			(void)snprintf(text + n, sizeof text - n,
				"%d,forward,%d,%.9f,%.9f\n%d,backward,%d,%.9f,%.9f\n", s, 100 * c,
				t, e, s, 100 * c, 2 * t, 2 * e);
		}
	}
	assert_ok(hg_stage_profile_parse(text, strlen(text), "p.csv", &f.profile, &why), &why);
	assert_ok(hg_schedule_create(&order, &f.schedule, &why), &why);
	opts.profile = f.profile;
	opts.schedule = f.schedule;
	assert_ok(hg_pipeline_create(&opts, &f.pipeline, &why), &why);
	assert_ok(hg_plan_solve(hg_pipeline_dag(f.pipeline), NULL, &f.set, &why), &why);
	f.info.size = sizeof f.info;
	hg_plan_frontier_get_info(f.set, &f.info);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	hg_plan_frontier_destroy(f->set);
	hg_pipeline_destroy(f->pipeline);
	hg_schedule_destroy(f->schedule);
	hg_stage_profile_destroy(f->profile);
	return 0;
}

/* Energy of a pipeline that plans for own_s and waits until forced_s. */
static double energy(const struct fixture *f, double own_s, double forced_s)
{
	double e = 0;
	hg_error why = {""};

	assert_ok(hg_plan_frontier_at(f->set, own_s, &e, NULL, &why), &why);
	return e + fmax(0, forced_s - own_s) * f->info.static_power_w;
}

/* Whatever T' is, no other own time within it costs less, waiting included. */
static void test_best_time(void **state)
{
	const struct fixture *f = *state;
	hg_error why = {""};

	for (int k = 0; k <= 40; k++) {
		double forced = f->info.t_min_s * (1 + 0.05 * k);
		hg_reaction r;
		double mine;

		assert_ok(hg_reaction_init(&r, f->set, f->info.t_min_s, 0, 0, &why), &why);
		(void)hg_reaction_update(&r, forced);
		assert_true(r.time_s <= forced * (1 + 1e-12));
		assert_true(r.time_s <= f->info.t_max_s);
		mine = energy(f, r.time_s, forced);
		for (int i = 0; i <= 100; i++) {
			double other =
				f->info.t_min_s + (f->info.t_max_s - f->info.t_min_s) * i / 100;

			if (other <= forced)
				assert_true(mine <= energy(f, other, forced) * (1 + 1e-12));
		}
	}
}

/* More time is taken after patience, and then the least allowed; less time at once. */
static void test_hysteresis(void **state)
{
	const struct fixture *f = *state;
	double t = f->info.t_min_s;
	hg_reaction r;
	hg_error why = {""};

	assert_ok(hg_reaction_init(&r, f->set, t, 0.01, 2, &why), &why);
	assert_near(r.time_s, t, 0);
	assert_int_equal(hg_reaction_update(&r, 0), 0);
	assert_int_equal(hg_reaction_update(&r, 1.2 * t), 0);
	assert_int_equal(hg_reaction_update(&r, 1.1 * t), 0);
	assert_int_equal(hg_reaction_update(&r, 1.3 * t), 1);
	assert_near(r.time_s, 1.1 * t, 1e-12);
	assert_int_equal(hg_reaction_update(&r, 1.105 * t), 0); /* within the tolerance */
	assert_int_equal(hg_reaction_update(&r, 1.3 * t), 0);
	assert_int_equal(hg_reaction_update(&r, 0), 1); /* it is gone: back at once */
	assert_near(r.time_s, t, 0);
	assert_int_equal(hg_reaction_update(&r, 1.3 * t), 0); /* the wait begins again */
	assert_int_equal(hg_reaction_update(&r, 1.3 * t), 0);
	assert_int_equal(hg_reaction_update(&r, 9 * t), 1);
	assert_near(r.time_s, 1.3 * t, 1e-12);
	for (int i = 0; i < 3; i++)
		(void)hg_reaction_update(&r, 9 * t);
	assert_near(r.time_s, f->info.t_max_s, 0);
}

static void test_refused(void **state)
{
	const struct fixture *f = *state;
	hg_reaction r;
	hg_error why = {""};

	assert_int_equal(hg_reaction_init(&r, f->set, 0, 0, 0, &why), HG_EINVAL);
	assert_int_equal(hg_reaction_init(&r, f->set, NAN, 0, 0, &why), HG_EINVAL);
	assert_int_equal(hg_reaction_init(&r, f->set, 1, -1, 0, &why), HG_EINVAL);
	assert_ok(hg_reaction_init(&r, f->set, 1e-9, 0, 0, &why), &why);
	assert_near(r.time_s, f->info.t_min_s, 0); /* faster than is possible */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_best_time),
		cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
