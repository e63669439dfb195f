/* Tuning clocks and power limits together, on jobs of which the best is neither alone. */
#include <cmocka-all.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/tune.h>

#include "live-job.h"
#include "tuner.h"

#define STEPS_EACH 8
#define SETTINGS   (STEPS_EACH * STEPS_EACH)

static const hg_knob_def knobs[] = {
	{"power_limit_w", "W", NULL, 0}, {"sm_clock_mhz", "MHz", NULL, 0}};

/** Kernels of a step: seconds of computing and of memory traffic at full clock, and what computing
 * draws. */
struct kernel {
	double compute_s, memory_s, watts;
};

/** Jobs: some kernels draw much more than others. */
static const struct kernel jobs[][3] = {
	{{0.1, 0.02, 500}, {0.1, 0.03, 180}, {0, 0, 0}},
	{{0.1, 0.02, 560}, {0.09, 0.03, 200}, {0.01, 0.05, 100}},
};

/** A job at all settings: 64, row 0 is what was found. */
struct grid {
	struct live live;
	double cells[SETTINGS][2];
};

static double kernel_s(const struct kernel *k, double x)
{
	return pow(pow(k->compute_s / x, 4) + pow(k->memory_s, 4), 0.25);
}

static double kernel_w(const struct kernel *k, double x)
{
	return 60 + pow(x, 2.4) * (40 + k->watts * (k->compute_s / x) / kernel_s(k, x));
}

/* The clock that a limit leaves, of that which is locked. */
static double clock_under(const struct kernel *k, double x, double limit)
{
	double low = 0.2;

	for (int i = 0; i < 50 && kernel_w(k, x) > limit; i++) {
		double middle = (low + x) / 2;

		*(kernel_w(k, middle) > limit ? &x : &low) = middle;
	}
	return x;
}

static void grid_init(struct grid *g, size_t job, uint64_t seed)
{
	struct live *l = &g->live;

	live_init(l, seed);
	l->noise = 0.01;
	l->counter_s = 0.003;
	l->n = SETTINGS;
	l->knobs = knobs;
	l->n_knobs = 2;
	l->cells = &g->cells[0][0];
	for (size_t i = 0; i < SETTINGS; i++) {
		double limit = 700 - 60 * (double)(i % STEPS_EACH);
		double x = 1 - 0.07 * (double)(i / STEPS_EACH), energy = 0;

		l->watts[i] = g->cells[i][0] = limit;
		g->cells[i][1] = i < STEPS_EACH ? (double)NAN : 1980 * x;
		l->time_s[i] = 0;
		for (const struct kernel *k = jobs[job]; k < jobs[job] + 3; k++) {
			double at = clock_under(k, x, limit);

			if (k->watts <= 0)
				continue;
			l->time_s[i] += kernel_s(k, at);
			energy += kernel_s(k, at) * kernel_w(k, at);
		}
		l->power_w[i] = energy / l->time_s[i];
	}
}

static double energy(const struct live *l, size_t i)
{
	return l->time_s[i] * l->power_w[i];
}

enum kind {
	LIMITS,
	CLOCKS,
	BOTH
};

/* Least energy within the slowdown, by trying all settings of a kind. */
static double least(const struct live *l, double slowdown, enum kind kind)
{
	double best = HUGE_VAL;

	for (size_t i = 0; i < l->n; i++) {
		bool limit = i % STEPS_EACH > 0, clock = i / STEPS_EACH > 0;

		if ((kind == LIMITS && clock) || (kind == CLOCKS && limit))
			continue;
		if (l->time_s[i] <= slowdown * l->time_s[0])
			best = fmin(best, energy(l, i));
	}
	return best;
}

static hg_tune *tuner_of(const struct grid *g, double slowdown)
{
	hg_tune_opts o =
		live_opts(&g->live, isfinite(slowdown) ? HG_MAX_SLOWDOWN : HG_MIN_ENERGY, slowdown);

	o.counter_s = g->live.counter_s;
	return tuner(&o);
}

static void test_better_than_either(void **state)
{
	unsigned near = 0, runs = 0;
	double probes = 0, steps = 0;

	(void)state;
	for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++)
		for (uint64_t seed = 1; seed <= 10; seed++) {
			struct grid g;
			hg_tune_report r;
			double best;
			hg_tune *t;

			grid_init(&g, j, seed);
			best = least(&g.live, 1.2, BOTH);
			assert_true(best < 0.985 * least(&g.live, 1.2, LIMITS));
			assert_true(best < 0.985 * least(&g.live, 1.2, CLOCKS));
			t = tuner_of(&g, 1.2);
			for (int i = 0; i < 600; i++)
				live_drive(&g.live, t);
			r = report_of(t);
			assert_int_equal(r.phase, HG_TUNE_SETTLED);
			near += energy(&g.live, r.best) <= 1.01 * best &&
				g.live.time_s[r.best] <= 1.21 * g.live.time_s[0];
			probes += r.probes;
			steps += r.learning_steps;
			runs++;
			hg_tune_destroy(t);
		}
	/* 64 settings of 50 steps each would be 3200 */
	assert_true(near >= runs * 3 / 4);
	assert_true(probes / runs <= 17);
	assert_true(steps / runs <= 130);
}

/* Where a job never reaches the limits, all settings of a clock are one: they are not tried one by
 * one. */
static void test_one_does_nothing(void **state)
{
	double probes = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct grid g;
		hg_tune_report r;
		hg_tune *t;

		grid_init(&g, 0, seed);
		for (size_t i = 0; i < SETTINGS; i++) {
			double x = 1 - 0.07 * (double)(i / STEPS_EACH);

			g.live.time_s[i] = 0.15 + 0.05 / x;
			g.live.power_w[i] = 60 + 150 * pow(x, 2.8);
		}
		t = tuner_of(&g, 1.2);
		for (int i = 0; i < 600; i++)
			live_drive(&g.live, t);
		r = report_of(t);
		assert_true(energy(&g.live, r.best) <= 1.01 * least(&g.live, 1.2, BOTH));
		assert_true(r.probes <= 18);
		probes += r.probes;
		hg_tune_destroy(t);
	}
	assert_true(probes / 10 <= 15);
}

/* A knob that is not there: nothing that sets it is asked for again, and the other is tuned. */
static void test_knob_refused(void **state)
{
	for (size_t knob = 0; knob < 2; knob++) {
		unsigned asked = 0;
		hg_error why = {""};
		hg_tune_report r;
		struct grid g;
		hg_tune *t;

		(void)state;
		grid_init(&g, 0, 3);
		t = tuner_of(&g, 1.2);
		assert_int_equal(hg_tune_knob_refused(t, 2, NULL, &why), HG_EINVAL);
		assert_non_null(strstr(why.text, "no column 2"));
		for (int i = 0; i < 600; i++) {
			hg_tune_work w = live_step(&g.live);
			size_t s;

			assert_int_equal(hg_tune_step(t, &w, &s, NULL), HG_OK);
			if (knob ? s >= STEPS_EACH : s % STEPS_EACH > 0) {
				asked++;
				assert_int_equal(hg_tune_knob_refused(t, knob, &s, NULL), HG_OK);
			}
			assert_true(live_set(&g.live, s));
		}
		r = report_of(t);
		assert_int_equal(asked, 1);
		assert_int_equal(r.refused, SETTINGS - STEPS_EACH);
		assert_int_equal(r.phase, HG_TUNE_SETTLED);
		assert_true(energy(&g.live, r.best) <=
			    1.01 * least(&g.live, 1.2, knob ? LIMITS : CLOCKS));
		hg_tune_destroy(t);
	}
}

/* A value that is refused alone is refused with all others, too. */
static void test_value_refused(void **state)
{
	struct grid g;
	hg_tune *t;

	(void)state;
	grid_init(&g, 0, 3);
	t = tuner_of(&g, 1.2);
	for (int i = 0; i < 600; i++) {
		hg_tune_work w = live_step(&g.live);
		size_t s;

		assert_int_equal(hg_tune_step(t, &w, &s, NULL), HG_OK);
		if (s && s % STEPS_EACH == 0) {
			size_t clock = s / STEPS_EACH;
			uint32_t before = report_of(t).refused;

			assert_int_equal(hg_tune_refused(t, &s, NULL), HG_OK);
			assert_true(report_of(t).refused > before);
			assert_true(report_of(t).refused <= before + STEPS_EACH);
			assert_int_not_equal(s / STEPS_EACH, clock);
		}
		assert_true(live_set(&g.live, s));
	}
	assert_true(report_of(t).refused >= STEPS_EACH);
	hg_tune_destroy(t);
}

/* What a run with power limits alone learnt is where one with both begins; and one with both begins
 * with what one with both learnt. */
static void test_memory(void **state)
{
	struct grid g, again;
	struct live limits;
	hg_tune_opts o;
	hg_error why = {""};
	char *text = NULL;
	size_t len, best;
	hg_tune *t, *u;

	(void)state;
	grid_init(&g, 0, 5);
	limits = g.live;
	limits.n_knobs = 0;
	limits.n = STEPS_EACH;
	o = live_opts(&limits, HG_MIN_ENERGY, 0);
	t = tuner(&o);
	for (int i = 0; i < 400; i++)
		live_drive(&limits, t);
	best = report_of(t).best;
	assert_int_not_equal(best, 0);
	assert_int_equal(
		hg_tune_remember(t, NULL, 0, "m", "job", "card", &text, &len, &why), HG_OK);
	u = tuner_of(&g, HUGE_VAL);
	assert_int_equal(hg_tune_recall(u, text, len, "m", "job", "card", &why), HG_OK);
	assert_int_equal(hg_tune_setting(u), best);
	hg_tune_destroy(t);
	free(text);
	assert_true(live_set(&g.live, best));
	for (int i = 0; i < 600; i++)
		live_drive(&g.live, u);
	best = report_of(u).best;
	assert_true(energy(&g.live, best) <= 1.015 * least(&g.live, HUGE_VAL, BOTH));
	assert_int_equal(
		hg_tune_remember(u, NULL, 0, "m", "job", "card", &text, &len, &why), HG_OK);
	hg_tune_destroy(u);
	grid_init(&again, 0, 6);
	t = tuner_of(&again, HUGE_VAL);
	assert_int_equal(hg_tune_recall(t, text, len, "m", "job", "card", &why), HG_OK);
	assert_int_equal(hg_tune_setting(t), best);
	assert_true(live_set(&again.live, best));
	for (int i = 0; i < 600; i++)
		live_drive(&again.live, t);
	assert_true(energy(&again.live, report_of(t).best) <=
		    1.015 * least(&again.live, HUGE_VAL, BOTH));
	free(text);
	hg_tune_destroy(t);
}

/* Another batch size: what was learnt of both knobs together still counts. */
static void test_drift(void **state)
{
	unsigned near = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct grid g;
		hg_tune *t;

		grid_init(&g, 1, seed);
		t = tuner_of(&g, 1.2);
		for (int i = 0; i < 500; i++)
			live_drive(&g.live, t);
		g.live.time_factor = 0.6;
		for (int i = 0; i < 800; i++)
			live_drive(&g.live, t);
		assert_int_equal(report_of(t).drifts, 1);
		near += energy(&g.live, report_of(t).best) <= 1.02 * least(&g.live, 1.2, BOTH);
		hg_tune_destroy(t);
	}
	assert_true(near >= 4);
}

/* A group of ranks decides alike; of a knob that one rank's device does not have, all hear. */
static void test_group(void **state)
{
	struct grid g[2];
	hg_tune *t[2];
	hg_tune_summary told[2];

	(void)state;
	for (size_t r = 0; r < 2; r++) {
		hg_tune_opts o;

		grid_init(&g[r], 0, 20 + r);
		o = live_opts(&g[r].live, HG_MAX_SLOWDOWN, 1.2);
		o.ranks = 2;
		t[r] = tuner(&o);
	}
	for (int i = 0; i < 800; i++) {
		unsigned ready = 0;

		for (size_t r = 0; r < 2; r++) {
			hg_tune_work w = live_step(&g[r].live);
			size_t s;

			assert_int_equal(hg_tune_step(t[r], &w, &s, NULL), HG_OK);
			if (r == 1 && s >= STEPS_EACH)
				assert_int_equal(hg_tune_knob_refused(t[r], 1, &s, NULL), HG_OK);
			told[r].size = sizeof told[r];
			ready += hg_tune_get_summary(t[r], &told[r]) == HG_OK;
		}
		for (size_t r = 0; r < 2 && ready == 2; r++) {
			size_t s;

			assert_int_equal(hg_tune_merge(t[r], told, 2, &s, NULL), HG_OK);
			assert_true(live_set(&g[r].live, s));
		}
	}
	for (size_t r = 0; r < 2; r++) {
		hg_tune_report report = report_of(t[r]);

		assert_int_equal(report.phase, HG_TUNE_SETTLED);
		assert_int_equal(report.best, report_of(t[0]).best);
		assert_int_equal(report.refused, SETTINGS - STEPS_EACH);
		assert_true(
			energy(&g[r].live, report.best) <= 1.01 * least(&g[r].live, 1.2, LIMITS));
	}
	hg_tune_destroy(t[0]);
	hg_tune_destroy(t[1]);
}

/* A setting of two knobs is told by those of each alone: they must be there. */
static void test_incomplete(void **state)
{
	static const double cells[][2] = {{700, 1980}, {500, 1980}, {500, 1500}};
	struct live l;
	hg_error why = {""};
	hg_tune_opts o;
	hg_tune *t;

	(void)state;
	live_init(&l, 1);
	l.n = 3;
	l.n_knobs = 2;
	l.knobs = knobs;
	l.cells = &cells[0][0];
	o = live_opts(&l, HG_MIN_ENERGY, 0);
	assert_int_equal(hg_tune_create(&o, &t, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "row 2: expected a row with its sm_clock_mhz"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_better_than_either),
		cmocka_unit_test(test_one_does_nothing),
		cmocka_unit_test(test_knob_refused),
		cmocka_unit_test(test_value_refused),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
