/* Which settings a tuner tries: jobs of which the shape is not what the rule expects. */
#include <cmocka-all.h>

#include <math.h>

#include <hourglass/tune.h>

#include "live-job.h"
#include "tuner.h"

/* From the lowest limit, 25 W apart, to that of the baseline. */
static struct live job(double lowest_w, const double *time_s, const double *power_w, size_t n)
{
	struct live l;

	live_init(&l, 1);
	l.counter_s = 1e-6;
	l.n = n;
	l.baseline = n - 1;
	for (size_t i = 0; i < n; i++) {
		l.watts[i] = lowest_w + 25 * (double)i;
		l.time_s[i] = time_s[i];
		l.power_w[i] = power_w[i];
	}
	return l;
}

/* Steps until so many settings were tried. */
static void try_settings(struct live *l, hg_tune *t, uint32_t probes)
{
	for (int i = 0; i < 400 && report_of(t).probes < probes; i++)
		live_drive(l, t);
}

/* A small network on a V100, which no limit binds: its times differ by what else goes on. A search
 * that follows what is nearest the best so far creeps along from one end. */
static void test_rough(void **state)
{
	const double time_s[] = {0.3282, 0.2935, 0.2863, 0.2836, 0.3155, 0.3013, 0.3195};
	const double power_w[] = {39.0, 38.3, 38.2, 37.7, 37.8, 38.1, 39.0};
	struct live l = job(100, time_s, power_w, 7);
	hg_tune_opts o = live_opts(&l, HG_ETA, 0.5);
	hg_tune *t = tuner(&o);

	(void)state;
	try_settings(&l, t, 4);
	assert_int_equal(report_of(t).best, 3);
	hg_tune_destroy(t);
}

/* A network on a V100 that is 7 % slower at the highest limit than at the next: who asks for 10 %
 * more time than at the fastest has to have seen that. */
static void test_fastest(void **state)
{
	const double time_s[] = {1.4257, 1.2397, 1.1740, 1.1133, 1.0890, 1.0638, 1.1406};
	const double power_w[] = {99.4, 121.2, 140.6, 164.0, 186.0, 203.9, 206.7};
	struct live l = job(100, time_s, power_w, 7);
	hg_tune_opts o = live_opts(&l, HG_MAX_SLOWDOWN, 1.1);
	hg_tune *t = tuner(&o);

	(void)state;
	for (int i = 0; i < 400; i++)
		live_drive(&l, t);
	assert_true(l.time_s[report_of(t).best] <= 1.1 * 1.0638);
	assert_true(report_of(t).feasible);
	hg_tune_destroy(t);
}

/* More settings than trials are weighed against: the best of them all is found. */
static void test_many(void **state)
{
	struct live l, fine;
	hg_tune_opts o;
	hg_tune *t;
	double least = HUGE_VAL;

	(void)state;
	live_init(&l, 1);
	live_model(&l, 0.2);
	live_init(&fine, 1);
	fine.counter_s = 1e-6;
	fine.n = 61;
	for (size_t i = 0; i < fine.n; i++) {
		size_t k = i / 5;
		double share = (double)(i % 5) / 5;
		size_t next = k + 1 < l.n ? k + 1 : k;

		fine.watts[i] = 700 - 8 * (double)i;
		fine.time_s[i] = (1 - share) * l.time_s[k] + share * l.time_s[next];
		fine.power_w[i] = (1 - share) * l.power_w[k] + share * l.power_w[next];
		least = fmin(least, fine.time_s[i] * fine.power_w[i]);
	}
	o = live_opts(&fine, HG_MIN_ENERGY, 0);
	t = tuner(&o);
	for (int i = 0; i < 600; i++)
		live_drive(&fine, t);
	assert_true(
		fine.time_s[report_of(t).best] * fine.power_w[report_of(t).best] < 1.01 * least);
	assert_true(report_of(t).probes <= 15);
	hg_tune_destroy(t);
}

/* A small network on a V100 that no limit binds, in steps that the counter is slow for: each look
 * promises a little, but an end comes. */
static void test_hidden(void **state)
{
	const double time_s[] = {0.0374, 0.0378, 0.0375, 0.0398, 0.0375, 0.0399, 0.0377};
	const double power_w[] = {51.7, 49.8, 51.3, 47.1, 49.8, 47.7, 51.6};
	double most = 0, sum = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct live l = job(100, time_s, power_w, 7);
		hg_tune_opts o = live_opts(&l, HG_MIN_ENERGY, 0);
		hg_tune *t;

		rng_init(&l.rng, seed);
		l.noise = 0.01;
		l.counter_s = o.counter_s = 0.005;
		o.settle_s = 0.05;
		t = tuner(&o);
		for (int i = 0; i < 400; i++)
			live_drive(&l, t);
		most = fmax(most, report_of(t).learning_steps);
		sum += report_of(t).learning_steps;
		hg_tune_destroy(t);
	}
	assert_true(most < 120);
	assert_true(sum / 40 < 75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rough),
		cmocka_unit_test(test_fastest),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
