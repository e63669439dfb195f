/* Tuning with deadlines and budgets, in groups, and with what an earlier run learnt. */
#include <cmocka-all.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/tune.h>

#include "live-job.h"
#include "tuner.h"

static struct live job(uint64_t seed, double step_s)
{
	struct live l;

	live_init(&l, seed);
	live_model(&l, step_s);
	l.noise = 0.01;
	l.counter_s = 0.003;
	return l;
}

static double energy(const struct live *l, size_t i)
{
	return l->time_s[i] * l->power_w[i];
}

/* ----- the whole job's deadline and budget */

/* Least energy per step at that pace, of mixing any two settings. */
static double least_at(const struct live *l, double time_s)
{
	double least = HUGE_VAL;

	for (size_t a = 0; a < l->n; a++)
		for (size_t b = 0; b < l->n; b++) {
			double ta = l->time_s[a], tb = l->time_s[b], share;

			if (ta > time_s)
				continue;
			share = tb > time_s ? (time_s - ta) / (tb - ta) : tb > ta ? 1 : 0;
			least = fmin(least, (1 - share) * energy(l, a) + share * energy(l, b));
		}
	return least;
}

static void test_deadline(void **state)
{
	static const double slacks[] = {0.02, 0.05, 0.1, 0.2, 0.5};
	const double n = 20000;

	(void)state;
	for (size_t i = 0; i < sizeof slacks / sizeof *slacks; i++)
		for (uint64_t seed = 1; seed <= 4; seed++) {
			struct live l = job(seed, 0.2);
			double deadline = n * l.time_s[0] * (1 + slacks[i]);
			hg_tune_opts o = live_opts(&l, HG_DEADLINE, deadline);
			double bound = n * least_at(&l, deadline / n);
			hg_tune *t;

			o.steps = n;
			t = tuner(&o);
			for (double k = 0; k < n; k++) {
				live_drive(&l, t);
				if ((int)k % 1000 == 999)
					live_pause(&l, 0.2);
			}
			assert_true(l.now_s <= deadline);
			/* of the saving that the slack is worth at best, most is made */
			assert_true(n * energy(&l, 0) - l.energy_j >
				    0.75 * (n * energy(&l, 0) - bound));
			hg_tune_destroy(t);
		}
}

/* Time is lost on the way: the rest runs faster. */
static void test_deadline_with_loss(void **state)
{
	const double n = 10000;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct live l = job(seed, 0.2);
		double deadline = n * l.time_s[0] * 1.3;
		hg_tune_opts o = live_opts(&l, HG_DEADLINE, deadline);
		hg_tune *t;
		size_t before;

		l.straggle = 0.002;
		o.steps = n;
		t = tuner(&o);
		for (double k = 0; k < n / 2; k++)
			live_drive(&l, t);
		before = l.setting;
		live_pause(&l, 0.1 * deadline);
		for (double k = 0; k < 1000; k++)
			live_drive(&l, t);
		assert_true(l.time_s[l.setting] < l.time_s[before]);
		for (double k = 1000; k < n / 2; k++)
			live_drive(&l, t);
		assert_true(l.now_s <= deadline);
		hg_tune_destroy(t);
	}
}

static void test_deadline_too_early(void **state)
{
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_DEADLINE, 1000 * l.time_s[0] * 0.9);
	hg_tune *t;

	(void)state;
	o.steps = 1000;
	t = tuner(&o);
	for (int i = 0; i < 1000; i++)
		live_drive(&l, t);
	assert_false(report_of(t).feasible);
	/* the fastest is the nearest: no time was spent on others */
	assert_true(l.now_s < 1.005 * 1000 * l.time_s[0]);
	hg_tune_destroy(t);
}

static void test_budget(void **state)
{
	struct live l = job(2, 0.2);
	const double n = 5000, budget = 0.9 * n * energy(&l, 0);
	hg_tune_opts o = live_opts(&l, HG_BUDGET, budget);
	hg_tune *t;

	(void)state;
	o.steps = n;
	t = tuner(&o);
	for (double k = 0; k < n; k++)
		live_drive(&l, t);
	assert_true(l.energy_j <= 1.005 * budget);
	/* and not much slower than what costs just that */
	assert_true(l.now_s < 1.15 * n * l.time_s[0]);
	hg_tune_destroy(t);
}

/* ----- groups */

#define RANKS 3

/* Every rank sees its own noise, power and delay; summaries arrive when the slowest is ready. */
static void test_group(void **state)
{
	struct live l[RANKS];
	hg_tune *t[RANKS];
	hg_tune_summary told[RANKS];
	unsigned merges = 0;
	struct live joint = job(1, 0.2);
	double least = HUGE_VAL, ours = 0;

	(void)state;
	for (size_t r = 0; r < RANKS; r++) {
		hg_tune_opts o;

		l[r] = job(10 + r, 0.2);
		l[r].time_factor = 1 + 0.1 * (double)r;
		l[r].power_factor = 1 - 0.05 * (double)r;
		o = live_opts(&l[r], HG_MIN_ENERGY, 0);
		o.ranks = RANKS;
		t[r] = tuner(&o);
	}
	for (int step = 0; step < 400; step++) {
		unsigned ready = 0;

		for (size_t r = 0; r < RANKS; r++) {
			hg_tune_work w = live_step(&l[r]);
			size_t setting;

			/* the last one is told late, and hears of it late */
			assert_int_equal(hg_tune_step(t[r], &w, &setting, NULL), HG_OK);
			assert_int_equal(setting, hg_tune_setting(t[0]));
			told[r].size = sizeof told[r];
			ready += hg_tune_get_summary(t[r], &told[r]) == HG_OK;
		}
		if (ready < RANKS || step % 3)
			continue;
		for (size_t r = 0; r < RANKS; r++) {
			size_t setting;

			assert_int_equal(hg_tune_merge(t[r], told, RANKS, &setting, NULL), HG_OK);
			assert_int_equal(setting, hg_tune_setting(t[0]));
			assert_true(live_set(&l[r], setting));
		}
		merges++;
	}
	assert_true(merges > 5);
	for (size_t r = 0; r < RANKS; r++) {
		assert_int_equal(report_of(t[r]).phase, HG_TUNE_SETTLED);
		assert_int_equal(report_of(t[r]).best, report_of(t[0]).best);
		assert_true(report_of(t[r]).saving == report_of(t[0]).saving);
	}
	for (size_t i = 0; i < joint.n; i++)
		least = fmin(least, energy(&joint, i));
	ours = energy(&joint, report_of(t[0]).best);
	assert_true(ours <= 1.02 * least);
	/* energies add, the slowest rank's time counts */
	{
		hg_frontier *f;
		size_t n;
		const hg_point *p, *dominated;
		double time = l[2].time_factor * joint.time_s[0], power = 0;

		for (size_t r = 0; r < RANKS; r++)
			power += l[r].power_factor * joint.power_w[0];
		assert_int_equal(hg_tune_frontier(t[1], NULL, &f, NULL), HG_OK);
		p = hg_frontier_points(f);
		dominated = hg_frontier_dominated(f, &n);
		for (size_t i = 0; i < n; i++)
			if (dominated[i].setting == 0)
				p = &dominated[i];
		assert_int_equal(p->setting, 0);
		assert_true(fabs(p->time_s / time - 1) < 0.02);
		assert_true(fabs(p->energy_j / (time * power) - 1) < 0.04);
		hg_frontier_destroy(f);
	}
	for (size_t r = 0; r < RANKS; r++)
		hg_tune_destroy(t[r]);
}

static void test_group_refused(void **state)
{
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune_summary a = {.size = sizeof a}, both[2];
	hg_error why = {""};
	size_t setting, first;
	hg_tune *t;

	(void)state;
	o.ranks = 2;
	t = tuner(&o);
	while (hg_tune_get_summary(t, &a) != HG_OK) {
		hg_tune_work w = live_step(&l);

		assert_int_equal(hg_tune_step(t, &w, NULL, NULL), HG_OK);
	}
	both[0] = both[1] = a;
	assert_int_equal(hg_tune_merge(t, both, 1, NULL, &why), HG_EINVAL);
	both[1].stretch = 7;
	assert_int_equal(hg_tune_merge(t, both, 2, NULL, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "rank 1: expected stretch 0"));
	both[1].stretch = 0;
	/* it may go on measuring where it is: until it tries another */
	for (;;) {
		assert_int_equal(hg_tune_merge(t, both, 2, &first, NULL), HG_OK);
		if (first != 0)
			break;
		while (hg_tune_get_summary(t, &a) != HG_OK) {
			hg_tune_work w = live_step(&l);

			assert_int_equal(hg_tune_step(t, &w, NULL, NULL), HG_OK);
		}
		both[0] = both[1] = a;
	}
	/* the other rank's device does not take it */
	both[0] = (hg_tune_summary){.size = sizeof a,
		.stretch = both[0].stretch + 1,
		.setting = (uint32_t)first,
		.steps = 5,
		.time_s = 0.2,
		.time_rsd = 0.01,
		.power_w = 100,
		.power_rsd = 0.01};
	both[1] = both[0];
	both[1].refused = 1;
	both[1].steps = 0;
	assert_int_equal(hg_tune_merge(t, both, 2, &setting, &why), HG_OK);
	assert_int_not_equal(setting, first);
	assert_int_equal(report_of(t).refused, 1);
	hg_tune_destroy(t);
}

/* ----- memory */

static char *remembered(const hg_tune *t, const char *text, const char *name, size_t *len)
{
	hg_error why = {""};
	char *out;
	hg_err rc = hg_tune_remember(
		t, text, text ? strlen(text) : 0, "memory", name, "H100", &out, len, &why);

	if (rc != HG_OK)
		print_error("%s\n", why.text);
	assert_int_equal(rc, HG_OK);
	assert_int_equal(strlen(out), *len);
	return out;
}

static void test_memory(void **state)
{
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o), *u;
	size_t len, best;
	uint32_t probes;
	char *one, *two, *three;
	hg_error why = {""};

	(void)state;
	for (int i = 0; i < 300; i++)
		live_drive(&l, t);
	best = report_of(t).best;
	probes = report_of(t).probes;
	one = remembered(t, NULL, "resnet", &len);
	two = remembered(t, one, "bert", &len);
	assert_non_null(strstr(two, "\"resnet\""));
	hg_tune_destroy(t);
	/* the next run begins with what was best, and has little to try */
	u = tuner(&o);
	assert_int_equal(hg_tune_recall(u, two, len, "memory", "gpt", "H100", &why), HG_ENOENT);
	assert_int_equal(hg_tune_recall(u, two, len, "memory", "bert", "A100", &why), HG_ENOENT);
	assert_int_equal(hg_tune_setting(u), 0);
	assert_int_equal(hg_tune_recall(u, two, len, "memory", "bert", "H100", &why), HG_OK);
	assert_int_equal(hg_tune_setting(u), best);
	l = job(2, 0.25); /* a little more work in each step */
	assert_true(live_set(&l, best));
	for (int i = 0; i < 300; i++)
		live_drive(&l, u);
	assert_true(report_of(u).probes < probes);
	assert_true(energy(&l, report_of(u).best) <= 1.02 * energy(&l, best));
	/* what was known and not tried again stays known */
	three = remembered(u, two, "bert", &len);
	assert_true(strlen(three) > strlen(two) * 3 / 4);
	assert_non_null(strstr(three, "\"resnet\""));
	assert_int_equal(hg_tune_recall(u, three, len, "memory", "bert", "H100", &why), HG_EINVAL);
	hg_tune_destroy(u);
	free(one);
	free(two);
	free(three);
}

/* Other knobs than those of the file: as if nothing were known. */
static void test_memory_of_other_knobs(void **state)
{
	static const char text[] =
		"{\"schema\": \"hourglass.tune/1\", \"jobs\": [{\"job\": \"j\", \"device\": \"d\","
		" \"knobs\": [{\"name\": \"sm_clock_mhz\", \"unit\": \"MHz\"}], \"points\": [1]}]}";
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);

	(void)state;
	assert_int_equal(hg_tune_recall(t, text, sizeof text - 1, "m", "j", "d", NULL), HG_ENOENT);
	hg_tune_destroy(t);
}

static void test_memory_bad(void **state)
{
	static const struct {
		const char *text, *says;
		hg_err rc;
	} cases[] = {
		{"[]", "schema", HG_EFORMAT},
		{"{\"schema\": \"hourglass.tune/2\", \"jobs\": []}", "2", HG_EVERSION},
		{"{\"schema\": \"hourglass.tune/1\"}", "jobs", HG_EFORMAT},
		{"{\"schema\": \"hourglass.tune/1\", \"jobs\": [3]}", "expected an object",
			HG_EFORMAT},
		{"{\"schema\": \"hourglass.tune/1\", \"jobs\": [{\"job\": \"j\", \"device\": \"d\","
		 "\"knobs\": [{\"name\": \"power_limit_w\", \"unit\": \"W\"}],\n \"points\": ["
		 "{\"setting\": [700], \"steps\": 5, \"time_s\": -1}]}]}",
			"m:2: \"time_s\": -1 is not", HG_EFORMAT},
		{"{\"schema\": \"hourglass.tune/1\", \"jobs\": [{\"job\": \"j\", \"device\": \"d\","
		 "\"knobs\": [{\"name\": \"power_limit_w\", \"unit\": \"W\"}],\n \"points\": ["
		 "{\"setting\": [700, 1], \"steps\": 5, \"time_s\": 1}]}]}",
			"m:2: setting: expected 1 cells, found 2", HG_EFORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct live l = job(1, 0.2);
		hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
		hg_tune *t = tuner(&o);
		hg_error why = {""};

		assert_int_equal(hg_tune_recall(t, cases[i].text, strlen(cases[i].text), "m", "j",
					 "d", &why),
			cases[i].rc);
		if (!strstr(why.text, cases[i].says))
			print_error("%zu: %s\n", i, why.text);
		assert_non_null(strstr(why.text, cases[i].says));
		assert_int_equal(hg_tune_setting(t), 0);
		hg_tune_destroy(t);
	}
}

/* ----- wrong use */

static void test_bad_options(void **state)
{
	static const char *const choices[] = {"a"};
	static const hg_knob_def words = {"mode", "", choices, 1};
	static const hg_knob_def nameless = {"", "W", NULL, 0};
	const double twice[] = {700, 700};
	struct live l = job(1, 0.2);
	const hg_tune_opts good = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune_opts bad[10];
	hg_tune *t;

	(void)state;
	for (size_t i = 0; i < 10; i++)
		bad[i] = good;
	bad[0].size = 0;
	bad[1].objective.kind = HG_ETA, bad[1].objective.value = 2;
	bad[2].objective.kind = HG_ETA, bad[2].objective.max_power_w = 0;
	bad[3].objective.kind = HG_DEADLINE, bad[3].objective.value = 10;
	bad[4].objective.kind = HG_MAX_SLOWDOWN, bad[4].objective.value = 0.9;
	bad[5].baseline = 99;
	bad[6].knobs = &words;
	bad[7].settings = twice, bad[7].n_settings = 2;
	bad[8].min_steps = 50;
	bad[9].knobs = &nameless;
	for (size_t i = 0; i < 10; i++) {
		hg_error why = {""};

		assert_int_equal(hg_tune_create(&bad[i], &t, &why), HG_EINVAL);
		assert_null(t);
		assert_true(why.text[0]);
	}
}

static void test_bad_work(void **state)
{
	const hg_tune_work good = {
		.size = sizeof good, .steps = 1, .time_s = 1, .energy_j = 1, .now_s = 1};
	struct live l = job(1, 0.2);
	hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
	hg_tune *t = tuner(&o);
	hg_tune_work bad[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].size = 0;
	bad[1].steps = 0;
	bad[2].time_s = -1;
	bad[3].energy_j = -1;
	bad[4].now_s = NAN;
	for (size_t i = 0; i < 5; i++) {
		hg_error why = {""};

		assert_int_equal(hg_tune_step(t, &bad[i], NULL, &why), HG_EINVAL);
		assert_true(why.text[0]);
	}
	assert_true(report_of(t).steps == 0);
	hg_tune_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deadline_with_loss),
		cmocka_unit_test(test_deadline_too_early),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_group_refused),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_of_other_knobs),
		cmocka_unit_test(test_memory_bad),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_bad_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
