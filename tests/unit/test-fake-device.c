/* The device that the fake libraries play: power by the physics model, and the counter as its
 * sensor shows it, against what can be worked out by hand. */
#define _POSIX_C_SOURCE 200809L
#include "near.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/device.h"

#define TOLERANCE 1e-9

/* Plays one device; the scenario is finished by the caller. */
static struct fake_device begin(struct fake_scenario *s, const char *device)
{
	static char text[2048]; /* outlives the document */
	struct fake_device d;
	hg_error why = {""};
	int len = snprintf(text, sizeof text,
		"{\"schema\": \"hourglass.scenario/1\", \"devices\": [%s]}", device);

	memset(s, 0, sizeof *s);
	assert_true(len > 0 && (size_t)len < sizeof text);
	assert_ok(fake_scenario_parse(s, text, (size_t)len, "test", &why), &why);
	fake_device_begin(&d, &s->devices[0], 0, s->seed);
	return d;
}

static double counter_at(struct fake_device *d, double t)
{
	fake_device_catch_up(d, t);
	return fake_counter_j(d);
}

static bool near(double a, double b)
{
	return fabs(a - b) <= TOLERANCE * fmax(1.0, fabs(b));
}

static void test_tick_and_lag(void **state)
{
	struct fake_scenario *s = calloc(1, sizeof *s);
	struct fake_device d =
		begin(s, "{\"power_w\": [[0, 100], [0.25, 400]], \"energy_start_j\": 5, "
			 "\"counter_period_s\": 0.1, \"counter_lag_s\": 0.03}");

	(void)state;
	assert_true(near(counter_at(&d, 0.129), 5.0));
	assert_true(near(counter_at(&d, 0.131), 15.0)); /* what was drawn until 0.1 s */
	assert_true(near(counter_at(&d, 0.229), 15.0));
	assert_true(near(counter_at(&d, 0.231), 25.0));
	assert_true(near(counter_at(&d, 0.331), 5.0 + 25.0 + 20.0));
	assert_true(near(d.energy_j, 25.0 + 400.0 * (0.331 - 0.25)));
	fake_scenario_finish(s);
	free(s);
}

/* Seen a quarter of the time: a square wave in step with it is all or nothing. */
static void test_coverage(void **state)
{
	static const struct {
		double first_w, second_w, seen_j;
	} cases[] = {{0.0, 400.0, 4.0 * 0.1 * 400.0}, {400.0, 0.0, 0.0}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fake_scenario *s = calloc(1, sizeof *s);
		char text[512];
		struct fake_device d;

		(void)snprintf(text, sizeof text,
			"{\"repeat\": true, \"phases\": [{\"duration_s\": 0.05, \"power_w\": %g}, "
			"{\"duration_s\": 0.05, \"power_w\": %g}], \"counter_coverage\": 0.25}",
			cases[i].first_w, cases[i].second_w);
		d = begin(s, text);
		assert_true(fabs(counter_at(&d, 0.4001) - cases[i].seen_j) < 1e-6);
		assert_true(fabs(d.energy_j - 80.0) < 0.1);
		fake_scenario_finish(s);
		free(s);
	}
}

static void test_counter_faults(void **state)
{
	struct fake_scenario *s = calloc(1, sizeof *s);
	struct fake_device d = begin(s,
		"{\"power_w\": 100, \"counter_modulus_j\": 1000, \"counter_gain\": 2, \"events\": ["
		"{\"at_s\": 1.05, \"what\": \"step\", \"by_j\": -20}, "
		"{\"at_s\": 2.05, \"what\": \"freeze\"}, {\"at_s\": 3.05, \"what\": \"thaw\"}, "
		"{\"at_s\": 4.05, \"what\": \"reset\"}, {\"at_s\": 30, \"what\": \"lose\"}, "
		"{\"at_s\": 31, \"what\": \"return\"}]}");

	(void)state;
	assert_true(near(counter_at(&d, 1.01), 200.0));
	assert_true(near(counter_at(&d, 1.06), 180.0));
	assert_true(near(counter_at(&d, 2.01), 380.0));
	assert_true(near(counter_at(&d, 3.04), 380.0)); /* frozen */
	assert_true(near(counter_at(&d, 3.11), 600.0)); /* and all of it at once */
	assert_true(near(counter_at(&d, 4.06), 0.0));
	assert_true(near(counter_at(&d, 5.01), 200.0));
	assert_true(near(counter_at(&d, 9.01), 0.0)); /* wrapped */
	assert_false(d.lost);
	fake_device_catch_up(&d, 30.5);
	assert_true(d.lost);
	fake_device_catch_up(&d, 31.5);
	assert_false(d.lost);
	fake_scenario_finish(s);
	free(s);
}

/* Noise is noise of the ticks: it repeats with the seed, and its mean is nothing. */
static void test_noise(void **state)
{
	struct fake_scenario *s = calloc(1, sizeof *s);
	struct fake_device d = begin(s, "{\"power_w\": 100, \"counter_noise\": 0.05}"), e;
	double sum = 0.0, before = 0.0;

	(void)state;
	fake_device_begin(&e, &s->devices[0], 0, s->seed);
	for (int i = 1; i <= 2000; i++) {
		double now = counter_at(&d, 0.1 * i + 0.01), ratio = (now - before) / 10.0;

		assert_true(near(counter_at(&e, 0.1 * i + 0.01), now));
		assert_true(now > before);
		sum += (ratio - 1.0) * (ratio - 1.0);
		before = now;
	}
	assert_true(fabs(sqrt(sum / 2000.0) - 0.05) < 0.005);
	assert_true(fabs(before / 20000.0 - 1.0) < 0.005);
	fake_device_begin(&e, &s->devices[0], 0, s->seed + 1.0);
	assert_false(near(counter_at(&e, 200.01), before));
	fake_scenario_finish(s);
	free(s);
}

/* Work is what the model says at the setting in force, and that comes late. */
static void test_workload(void **state)
{
	struct fake_scenario *s = calloc(1, sizeof *s);
	struct fake_device d = begin(s, "{\"model\": \"h100-sxm\", \"workload\": \"llm-prefill\", "
					"\"set_latency_s\": 0.02, \"counter_period_s\": 0}");
	hg_model *m;
	hg_workload *w;
	hg_predictor *p;
	hg_estimate full, capped;
	hg_knobs k = {0.0, 350.0};

	(void)state;
	assert_int_equal(hg_model_load("h100-sxm", NULL, &m, NULL), HG_OK);
	assert_int_equal(hg_workload_load("llm-prefill", NULL, &w, NULL), HG_OK);
	assert_int_equal(hg_predictor_create(m, w, &p, NULL), HG_OK);
	assert_int_equal(hg_predictor_eval(p, &(hg_knobs){0.0, 0.0}, &full), HG_OK);
	assert_int_equal(hg_predictor_eval(p, &k, &capped), HG_OK);
	fake_device_catch_up(&d, 1.0);
	assert_true(near(fake_power_w(&d), full.energy_j / full.time_s));
	assert_true(fake_set(&d, FAKE_LIMIT_W, 350.0));
	assert_true(near(d.asked[FAKE_LIMIT_W], 350.0) && near(d.value[FAKE_LIMIT_W], 700.0));
	fake_device_catch_up(&d, 3.0);
	assert_true(near(fake_power_w(&d), capped.energy_j / capped.time_s));
	assert_true(near(fake_sm_mhz(&d), capped.clock_hz * 1e-6));
	assert_true(fake_throttled(&d));
	assert_true(near(fake_counter_j(&d),
		full.energy_j / full.time_s * 1.02 + capped.energy_j / capped.time_s * 1.98));
	/* means of the past lie between the two, and end at the second */
	assert_true(near(fake_power_mean_w(&d, 1.0), fake_power_w(&d)));
	assert_true(near(fake_power_mean_w(&d, 2.0) * 2.0,
		full.energy_j / full.time_s * 0.02 + capped.energy_j / capped.time_s * 1.98));
	assert_false(fake_set(&d, FAKE_LIMIT_W, 10.0));
	hg_predictor_destroy(p);
	hg_workload_destroy(w);
	hg_model_destroy(m);
	fake_scenario_finish(s);
	free(s);
}

static void test_set(void **state)
{
	struct fake_scenario *s = calloc(1, sizeof *s);
	struct fake_device d = begin(s,
		"{\"power_w\": 600, \"power_limit_step_w\": 25, \"sm_clocks_mhz\": [1000, 1500], "
		"\"persistent\": false}");

	(void)state;
	assert_true(fake_set(&d, FAKE_LIMIT_W, 337.0));
	assert_true(near(d.value[FAKE_LIMIT_W], 325.0));
	assert_true(near(fake_power_w(&d), 325.0) && fake_throttled(&d));
	assert_true(fake_set(&d, FAKE_SM_MHZ, 1100.0));
	assert_true(near(d.value[FAKE_SM_MHZ], 1000.0));
	fake_device_let_go(&d);
	assert_true(near(d.value[FAKE_LIMIT_W], 700.0) && near(d.value[FAKE_SM_MHZ], 0.0));
	fake_scenario_finish(s);
	d = begin(s, "{\"set_ignored\": true}");
	assert_true(fake_set(&d, FAKE_LIMIT_W, 300.0));
	assert_true(near(d.asked[FAKE_LIMIT_W], 700.0));
	fake_scenario_finish(s);
	free(s);
}

/* What is wrong, and on which line. */
static void test_refused(void **state)
{
	static const struct {
		const char *device, *text;
	} cases[] = {
		{"{\n\"powre_w\": 3}", "test:2: unknown key \"powre_w\""},
		{"{\n\"vendor\": \"sun\"}",
			"expected nvidia, amd, habana, intel, cpu, aws, grace or jetson"},
		{"{\"power_w\": [[1, 2], [1, 3]]}", "later and later"},
		{"{\"power_w\": 1, \"workload\": \"llm-decode\"}", "not several"},
		{"{\"workload\": \"llm-decode\"}", "needs a model"},
		{"{\"model\": \"h1000\"}", "h100"},
		{"{\"phases\": []}", "at least one"},
		{"{\"phases\": [{\"duration_s\": 1}]}", "either power_w or workload"},
		{"{\"phases\": [{\"duration_s\": 0, \"power_w\": 1}]}", "duration_s"},
		{"{\"counter_lag_s\": 0.1}", "less than counter_period_s"},
		{"{\"counter_period_s\": 0.0001}", "0.001"},
		{"{\"counter_coverage\": 0}", "counter_coverage"},
		{"{\"events\": [{\"at_s\": 1, \"what\": \"explode\"}]}", "found \"explode\""},
		{"{\"events\": [{\"at_s\": 2, \"what\": \"reset\"}, "
		 "{\"at_s\": 1, \"what\": \"reset\"}]}",
			"later and later"},
		{"{\"processes\": [{}]}", "pid"},
		{"{\"set_ignored\": 1}", "true or false"},
		{"{}, {}, {}, {}, {}", "uuid and pci"},
	};
	struct fake_scenario *s = calloc(1, sizeof *s);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[1024];
		hg_error why = {""};
		int len = snprintf(text, sizeof text,
			"{\"schema\": \"hourglass.scenario/1\", \"devices\": [%s]}",
			cases[i].device);

		assert_true(fake_scenario_parse(s, text, (size_t)len, "test", &why) != HG_OK);
		if (!strstr(why.text, cases[i].text) || !strstr(why.text, "test:"))
			fail_msg("%s: %s", cases[i].device, why.text);
		fake_scenario_finish(s);
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tick_and_lag),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_counter_faults),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_workload),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
