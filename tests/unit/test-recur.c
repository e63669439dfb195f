/* The engine for recurring jobs: what it decides, and what it makes of odd observations. */
#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/recur.h>

#include "core/json.h"
#include "recur-job.h"

static void test_first(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_decision d = decide(&job, NULL, 0);

	(void)state;
	assert_int_equal(d.batch_size, 256);
	assert_int_equal(d.reason, HG_RECUR_FIRST);
	assert_int_equal(d.max_epochs, 100);
	assert_true(isinf(d.bound_j));
	assert_true(isnan(d.best_j));
	assert_true(isnan(d.epoch_j));
}

static void test_learns(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	double best = made_up_cost(128) * ceil(made_up_epochs(128)), late = 0;
	size_t n = play(&job, t, 0, 40, 4096, 1);

	(void)state;
	for (size_t i = n - 10; i < n; i++)
		late += t[i].energy_j / best / 10;
	assert_true(late < 1.03);
	assert_true(decide(&job, t, n).reason == HG_RECUR_BEST);
}

static void test_same_bytes(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST], again[MOST];
	hg_recur_decision a, b;

	(void)state;
	assert_int_equal(play(&job, t, 0, 30, 512, 1), 30);
	assert_int_equal(play(&job, again, 0, 30, 512, 1), 30);
	assert_memory_equal(t, again, 30 * sizeof *t);
	for (uint32_t policy = HG_RECUR_LEARN; policy <= HG_RECUR_GRID; policy++) {
		job.policy = policy;
		a = decide(&job, t, 17);
		b = decide(&job, t, 17);
		assert_memory_equal(&a, &b, sizeof a);
	}
}

static void test_seeds_differ(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_decision d = {.size = sizeof d};
	unsigned seen = 0;

	(void)state;
	job.policy = HG_RECUR_RANDOM;
	for (uint64_t seed = 0; seed < 100; seed++) {
		assert_int_equal(hg_recur_next(&job, NULL, 0, seed, &d, NULL), HG_OK);
		seen |= 1u << d.index;
	}
	assert_int_equal(seen, (1u << SIZES) - 1);
}

static void test_censored_is_a_bound(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_trial t[] = {run_of(256, HG_RECUR_REACHED, 20, 100),
		run_of(512, HG_RECUR_STOPPED, 5, 100), run_of(512, HG_RECUR_STOPPED, 40, 100)};
	hg_recur_belief one[SIZES], early[SIZES], late[SIZES];

	(void)state;
	believe(&job, t, 1, one);
	believe(&job, t, 2, early);
	believe(&job, t, 3, late);
	/* Five epochs in vain say next to nothing where twenty are needed; forty say much. */
	assert_near(early[5].epochs, one[5].epochs, 0.05);
	assert_true(late[5].epochs > 40);
	assert_true(late[5].epochs_lo > 30);
	/* They are no upper bound. */
	assert_true(late[5].epochs_hi > 1.15 * late[5].epochs);
	assert_int_equal(late[5].failures, 2);
}

static void test_failing_size_is_dropped(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_trial t[40];
	hg_recur_belief b[SIZES];
	size_t n = 0;

	(void)state;
	t[n++] = run_of(256, HG_RECUR_REACHED, 60, 100);
	for (int i = 0; i < 20; i++)
		t[n++] = run_of(1024, HG_RECUR_EXHAUSTED, 100, 100);
	believe(&job, t, n, b);
	assert_true(b[6].dropped);
	assert_true(b[6].p_fail >= 0.95);
	assert_false(b[4].dropped);
	assert_true(b[6].p_best == 0);
	while (n < 40) {
		hg_recur_decision d = decide(&job, t, n);

		assert_int_not_equal(d.batch_size, 1024);
		assert_true(d.dropped >= 1);
		t[n++] = run_of(d.batch_size, HG_RECUR_REACHED, 60, 100);
	}
}

static void test_dying_size_is_dropped(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_trial t[16];
	hg_recur_belief b[SIZES];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 6; i++)
		t[n++] = run_of(256, HG_RECUR_REACHED, 20, 100);
	for (int i = 0; i < 5; i++)
		t[n++] = run_of(1024, HG_RECUR_KILLED, 0, 0);
	believe(&job, t, n, b);
	assert_true(b[6].dropped);
	/* Kills everywhere are nobody's fault. */
	for (size_t i = 0; i < n; i++)
		t[i] = run_of(sizes[i % SIZES], HG_RECUR_KILLED, 0, 0);
	believe(&job, t, n, b);
	for (size_t i = 0; i < SIZES; i++)
		assert_false(b[i].dropped);
}

static void test_last_is_never_dropped(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	hg_recur_belief b[SIZES];
	hg_recur_decision d;
	unsigned left = 0;

	(void)state;
	for (size_t n = 0; n < 100; n++) {
		d = decide(&job, t, n);
		assert_true(d.dropped < SIZES);
		t[n] = run_of(d.batch_size, HG_RECUR_EXHAUSTED, 100, 100);
	}
	believe(&job, t, 100, b);
	for (size_t i = 0; i < SIZES; i++)
		left += !b[i].dropped;
	assert_true(left >= 1);
	assert_int_equal(d.reason, HG_RECUR_LAST);
	assert_int_equal(d.max_epochs, 100);
	/* One size alone, that always fails. */
	job.n_sizes = 1;
	job.batch_sizes = &sizes[4];
	assert_int_equal(decide(&job, t, 100).batch_size, 256);
}

static void test_drift(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	size_t n = play(&job, t, 0, 40, 4096, 1);

	(void)state;
	assert_int_equal(decide(&job, t, n).regime, 0);
	n = play(&job, t, n, 44, 4096, 2.5);
	assert_int_equal(decide(&job, t, n).regime, 40);
	n = play(&job, t, n, 80, 4096, 2.5);
	assert_int_equal(decide(&job, t, n).regime, 40);
	assert_near(t[n - 1].energy_j, 2.5 * made_up_cost(128) * made_up_epochs(128), 0.05);
}

static void test_one_odd_run_is_no_drift(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	size_t n = play(&job, t, 0, 30, 4096, 1);

	(void)state;
	t[n] = t[n - 1];
	t[n].epochs = ceil(1.1 * t[n].epochs);
	assert_int_equal(decide(&job, t, n + 1).regime, 0);
}

static void test_running_informs(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_trial t[9];
	unsigned seen = 0;

	(void)state;
	t[0] = run_of(256, HG_RECUR_REACHED, 36, made_up_cost(256));
	for (size_t n = 1; n < 5; n++) {
		hg_recur_decision d = decide(&job, t, n);

		seen |= 1u << d.index;
		t[n] = run_of(d.batch_size, HG_RECUR_RUNNING, 0, 0);
	}
	/* What is running is not tried again for what it will tell anyway. */
	assert_true(__builtin_popcount(seen) >= 3);
}

static void test_check(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_check_result r = {.size = sizeof r};
	hg_recur_trial t[] = {run_of(256, HG_RECUR_REACHED, 20, 100),
		run_of(256, HG_RECUR_REACHED, 21, 100), run_of(512, HG_RECUR_RUNNING, 2, 100)};

	(void)state;
	assert_int_equal(hg_recur_check(&job, t, 3, 2, &r, NULL), HG_OK);
	assert_int_equal(r.verdict, HG_RECUR_CONTINUE);
	assert_true(r.max_epochs > 10 && r.max_epochs < 60);
	assert_near(r.spent_j, 200, 1e-12);
	t[2].epochs = r.max_epochs;
	t[2].energy_j = 100.0 * r.max_epochs;
	assert_int_equal(hg_recur_check(&job, t, 3, 2, &r, NULL), HG_OK);
	assert_int_equal(r.verdict, HG_RECUR_STOP);
	/* The first run of all has no bound but max_epochs. */
	t[0] = run_of(256, HG_RECUR_RUNNING, 99, 100);
	assert_int_equal(hg_recur_check(&job, t, 1, 0, &r, NULL), HG_OK);
	assert_int_equal(r.verdict, HG_RECUR_CONTINUE);
	assert_true(isinf(r.bound_j));
	assert_int_equal(hg_recur_check(&job, t, 1, 1, &r, NULL), HG_EINVAL);
	t[0].state = HG_RECUR_KILLED;
	assert_int_equal(hg_recur_check(&job, t, 1, 0, &r, NULL), HG_EINVAL);
}

static void test_bound_within_beta(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	size_t n = 1;

	(void)state;
	t[0] = run_of(256, HG_RECUR_REACHED, 36, made_up_cost(256));
	for (; n < 30; n++) {
		hg_recur_decision d = decide(&job, t, n);

		/* beta is 2.5, an epoch at the least, a quarter of an epoch for rounding. */
		assert_true(d.bound_j <= fmax(2.5 * d.best_j + 0.25 * d.epoch_j, 1.25 * d.epoch_j));
		(void)play(&job, t, n, n + 1, 4096, 1);
	}
}

static void enter_is(hg_recur_trial *t, double epochs, double metric, double energy, double time,
	uint32_t flags, uint32_t state)
{
	hg_recur_job job = plain_job();
	hg_recur_report r = {.size = sizeof r,
		.epochs = epochs,
		.metric = metric,
		.energy_j = energy,
		.time_s = time};
	uint32_t got;

	assert_int_equal(hg_recur_enter(&job, t, &r, &got, NULL), HG_OK);
	assert_int_equal(got, flags);
	assert_int_equal(t->state, state);
}

static void test_enter(void **state)
{
	hg_recur_trial t = {.batch_size = 64};

	(void)state;
	enter_is(&t, 1, 0.1, 100, 10, 0, HG_RECUR_RUNNING);
	enter_is(&t, 2, NAN, 200, 20, HG_RECUR_BAD_METRIC, HG_RECUR_RUNNING);
	enter_is(&t, 3, 0.2, -5, 30, HG_RECUR_BAD_ENERGY, HG_RECUR_RUNNING);
	assert_near(t.energy_j, 200, 1e-12);
	enter_is(&t, 2, 0.9, 250, 40, HG_RECUR_BAD_EPOCH, HG_RECUR_RUNNING);
	assert_near(t.epochs, 3, 1e-12);
	assert_near(t.time_s, 30, 1e-12);
	enter_is(&t, 3, 0.2, 300, 30, HG_RECUR_REPEATED, HG_RECUR_RUNNING);
	enter_is(&t, NAN, 0.2, 300, 30, HG_RECUR_BAD_EPOCH, HG_RECUR_RUNNING);
	enter_is(&t, 1e30, 0.2, 300, 30, HG_RECUR_BAD_EPOCH, HG_RECUR_RUNNING);
	enter_is(&t, 4, 0.3, 400, INFINITY, HG_RECUR_BAD_TIME, HG_RECUR_RUNNING);
	enter_is(&t, 4.5, 0.3, NAN, NAN, 0, HG_RECUR_RUNNING);
	enter_is(&t, 5, 0.6, 500, 50, 0, HG_RECUR_REACHED);
	enter_is(&t, 6, 0.1, 600, 60, HG_RECUR_AFTER_END, HG_RECUR_REACHED);
	assert_near(t.energy_j, 500, 1e-12);
	assert_int_equal(t.flags, HG_RECUR_BAD_METRIC | HG_RECUR_BAD_ENERGY | HG_RECUR_BAD_TIME |
					  HG_RECUR_BAD_EPOCH | HG_RECUR_REPEATED |
					  HG_RECUR_AFTER_END);
	t = (hg_recur_trial){.batch_size = 64};
	enter_is(&t, 0, 0.9, 1, 1, 0, HG_RECUR_RUNNING); /* before the first epoch nothing counts */
	enter_is(&t, 100, 0.5, 1, 1, 0, HG_RECUR_EXHAUSTED);
}

static void test_enter_lower_is_better(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_report r = {
		.size = sizeof r, .epochs = 3, .metric = 45, .energy_j = NAN, .time_s = 1};
	hg_recur_trial t = {.batch_size = 64};

	(void)state;
	job.target = 40;
	job.lower_is_better = 1;
	assert_int_equal(hg_recur_enter(&job, &t, &r, NULL, NULL), HG_OK);
	assert_int_equal(t.state, HG_RECUR_RUNNING);
	r.metric = 40;
	r.epochs = 4;
	assert_int_equal(hg_recur_enter(&job, &t, &r, NULL, NULL), HG_OK);
	assert_int_equal(t.state, HG_RECUR_REACHED);
}

/* Figures that cannot be are unknown, not 0 and not a cost. */
static void test_bad_figures(void **state)
{
	static const double bad[] = {NAN, -1, INFINITY, -INFINITY, 0};
	hg_recur_job job = plain_job();
	hg_recur_trial t[2];
	hg_recur_belief want[SIZES], got[SIZES];

	(void)state;
	t[0] = run_of(256, HG_RECUR_REACHED, 20, 100);
	t[1] = run_of(64, HG_RECUR_REACHED, 20, 100);
	t[1].energy_j = NAN;
	believe(&job, t, 2, want);
	assert_false(want[2].cost_known);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		t[1].energy_j = bad[i];
		t[1].epoch_energy_j = bad[i];
		believe(&job, t, 2, got);
		assert_memory_equal(want, got, sizeof want);
	}
	t[1] = run_of(64, HG_RECUR_KILLED, NAN, 100);
	(void)decide(&job, t, 2);
}

/* A frontier of an epoch: fast and hungry, or slow and frugal. */
static hg_frontier *epoch_frontier(double time_s, double energy_j)
{
	const hg_point points[] = {{.time_s = time_s, .energy_j = energy_j, .setting = 0},
		{.time_s = 1.5 * time_s, .energy_j = 0.5 * energy_j, .setting = 1}};
	const double settings[] = {300, 150};
	const hg_knob_def knob = {.name = "power_limit_w", .unit = "W"};
	const hg_build_opts opts = {.size = sizeof opts,
		.knobs = &knob,
		.n_knobs = 1,
		.settings = settings,
		.n_settings = 2};
	hg_frontier *f;

	assert_int_equal(hg_frontier_build(points, 2, &opts, &f, NULL), HG_OK);
	return f;
}

static void test_frontiers(void **state)
{
	hg_recur_job job = plain_job();
	hg_frontier *f[SIZES];
	hg_recur_decision d;
	hg_recur_belief b[SIZES];

	(void)state;
	for (size_t i = 0; i < SIZES; i++)
		f[i] = epoch_frontier(2, made_up_cost(sizes[i]));
	job.frontiers = (const hg_frontier *const *)f;
	d = decide(&job, NULL, 0);
	assert_true(d.has_setting);
	assert_int_equal(d.pick.point.setting, 1);
	assert_near(d.epoch_j, 0.5 * made_up_cost(256), 1e-4);
	job.eta = 0;
	d = decide(&job, NULL, 0);
	assert_int_equal(d.pick.point.setting, 0);
	assert_near(d.epoch_j, 300 * 2, 1e-4);
	job.eta = 1;
	believe(&job, NULL, 0, b);
	for (size_t i = 0; i < SIZES; i++) {
		assert_true(b[i].cost_known);
		assert_near(b[i].epoch_j, 0.5 * made_up_cost(sizes[i]), 1e-3);
		hg_frontier_destroy(f[i]);
	}
}

static void test_explain(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	struct json_doc doc;
	char *text;

	(void)state;
	for (uint32_t policy = HG_RECUR_LEARN; policy <= HG_RECUR_GRID; policy++)
		for (size_t n = 0; n < 30; n += 7) {
			hg_recur_decision d;
			char start[40];

			job.policy = HG_RECUR_LEARN;
			(void)play(&job, t, 0, n, 512, 1);
			job.policy = policy;
			d = decide(&job, t, n);
			(void)snprintf(start, sizeof start, "Batch size %u: ", d.batch_size);
			assert_int_equal(
				hg_recur_explain(&job, t, n, 7, HG_RECUR_TEXT, &text, NULL), HG_OK);
			assert_memory_equal(text, start, strlen(start));
			assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
			free(text);
			assert_int_equal(
				hg_recur_explain(&job, t, n, 7, HG_RECUR_JSON, &text, NULL), HG_OK);
			assert_int_equal(
				json_parse(&doc, text, strlen(text), "explain", 1 << 20, NULL),
				HG_OK);
			assert_int_equal(
				json_check_schema(&doc, "hourglass.recur-decision", 1, NULL),
				HG_OK);
			assert_int_equal(json_get(doc.root, "batch_size")->number, d.batch_size);
			assert_int_equal(json_get(doc.root, "beliefs")->len, SIZES);
			json_finish(&doc);
			free(text);
		}
}

static void refused(const hg_recur_job *job, const hg_recur_trial *t, size_t n, const char *word)
{
	hg_recur_decision d = {.size = sizeof d};
	hg_error why;

	assert_int_equal(hg_recur_next(job, t, n, 0, &d, &why), HG_EINVAL);
	if (!strstr(why.text, word))
		fail_msg("\"%s\" does not name %s", why.text, word);
}

static void test_refused(void **state)
{
	static const uint32_t twice[] = {8, 16, 16};
	hg_recur_trial t = run_of(256, HG_RECUR_REACHED, 0, 1);
	hg_recur_job job = plain_job();

	(void)state;
	refused(NULL, NULL, 0, "job");
	refused(&job, NULL, 3, "trials");
	refused(&job, &t, 1, "trial 0");
	t.state = 17;
	refused(&job, &t, 1, "trial 0");
	job.default_size = 300;
	refused(&job, NULL, 0, "default_size");
	job = plain_job();
	job.batch_sizes = twice;
	job.n_sizes = 3;
	refused(&job, NULL, 0, "batch_sizes[2]");
	job = plain_job();
	job.n_sizes = HG_RECUR_MAX_SIZES + 1;
	refused(&job, NULL, 0, "batch_sizes");
	job = plain_job();
	job.eta = NAN;
	refused(&job, NULL, 0, "eta");
	job = plain_job();
	job.max_power_w = 0;
	refused(&job, NULL, 0, "max_power_w");
	job = plain_job();
	job.max_epochs = 0;
	refused(&job, NULL, 0, "max_epochs");
	job = plain_job();
	job.beta = 0.5;
	refused(&job, NULL, 0, "beta");
	job = plain_job();
	job.confidence = 1;
	refused(&job, NULL, 0, "confidence");
	job = plain_job();
	job.policy = 99;
	refused(&job, NULL, 0, "policy");
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(hg_recur_policy_name(HG_RECUR_ZEUS), "zeus");
	assert_string_equal(hg_recur_policy_name(99), "?");
	assert_string_equal(hg_recur_state_name(HG_RECUR_KILLED), "killed");
	assert_string_equal(hg_recur_state_name(99), "?");
	assert_string_equal(hg_recur_reason_name(HG_RECUR_LAST), "last");
	assert_string_equal(hg_recur_reason_name(99), "?");
}

/* Zeus: down from the default until a run fails, up until one fails, twice; then the bandit. */
static void test_zeus_order(void **state)
{
	static const uint32_t want[] = {
		256, 128, 64, 32, 512, 1024, /* 128 is the best */ 128, 64, 256, 512};
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	size_t n = 0;

	(void)state;
	job.policy = HG_RECUR_ZEUS;
	for (; n < sizeof want / sizeof *want; n++) {
		uint32_t b = decide(&job, t, n).batch_size;
		bool ok = b != 32 && b != 1024;

		assert_int_equal(b, want[n]);
		t[n] = run_of(b, ok ? HG_RECUR_REACHED : HG_RECUR_STOPPED, made_up_epochs(b),
			made_up_cost(b));
	}
	for (; n < 60; n++) {
		uint32_t b = decide(&job, t, n).batch_size;

		assert_true(b >= 64 && b <= 512);
		t[n] = run_of(b, HG_RECUR_REACHED, made_up_epochs(b), made_up_cost(b));
	}
	/* A killed run blocks nothing and counts for nothing. */
	for (size_t i = 0; i < 3; i++)
		t[i] = run_of(want[i], HG_RECUR_KILLED, 1, 1);
	assert_int_equal(decide(&job, t, 3).batch_size, 256);
}

static void test_grid_order(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];

	(void)state;
	job.policy = HG_RECUR_GRID;
	for (size_t n = 0; n < SIZES; n++) {
		uint32_t b = decide(&job, t, n).batch_size;

		assert_int_equal(b, sizes[n]);
		t[n] = run_of(b, HG_RECUR_REACHED, ceil(made_up_epochs(b)), made_up_cost(b));
	}
	assert_int_equal(decide(&job, t, SIZES).batch_size, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_learns),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_seeds_differ),
		cmocka_unit_test(test_censored_is_a_bound),
		cmocka_unit_test(test_failing_size_is_dropped),
		cmocka_unit_test(test_dying_size_is_dropped),
		cmocka_unit_test(test_last_is_never_dropped),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_one_odd_run_is_no_drift),
		cmocka_unit_test(test_running_informs),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_bound_within_beta),
		cmocka_unit_test(test_enter),
		cmocka_unit_test(test_enter_lower_is_better),
		cmocka_unit_test(test_bad_figures),
		cmocka_unit_test(test_frontiers),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_zeus_order),
		cmocka_unit_test(test_grid_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
