/* What is seen of a run before its target, and what follows from it. */
#include "near.h"

#include <hourglass/recur.h>

#include "recur-job.h"

static const hg_recur_sight steady[] = {{5, 0.3}, {10, 0.45}, {15, 0.55}, {20, 0.6}};
static const hg_recur_sight slow[] = {{5, 0.1}, {10, 0.3}};

static hg_recur_trial seen_run(
	uint32_t batch, uint32_t state, double epochs, const hg_recur_sight *sights, size_t n)
{
	hg_recur_trial t = run_of(batch, state, epochs, 100);

	t.sights = sights;
	t.n_sights = n;
	return t;
}

/* A level takes twice as long as in a run that reached its target: so may the target. */
static void test_curve_foretells(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_belief told[SIZES], untold[SIZES];
	hg_recur_trial t[] = {seen_run(256, HG_RECUR_REACHED, 20, steady, 4),
		seen_run(512, HG_RECUR_STOPPED, 10, slow, 2)};

	(void)state;
	believe(&job, t, 2, told);
	assert_true(told[5].epochs_lo < 40 && told[5].epochs_hi > 40);
	t[1].n_sights = 0;
	believe(&job, t, 2, untold);
	assert_true(told[5].epochs > 1.15 * untold[5].epochs && told[5].epochs < 40);
	assert_true(
		untold[5].epochs_hi / untold[5].epochs_lo > told[5].epochs_hi / told[5].epochs_lo);
	/* A similar job's metric is another one. */
	t[1].n_sights = 2;
	t[0].kin = HG_RECUR_SIMILAR_JOB;
	believe(&job, t, 2, told);
	t[1].n_sights = 0;
	believe(&job, t, 2, untold);
	assert_near(told[5].epochs, untold[5].epochs, 1e-12);
}

/* No better for many epochs: it will need more than the level alone says. */
static void test_curve_stands_still(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_belief soon[SIZES], late[SIZES];
	hg_recur_trial t[] = {seen_run(256, HG_RECUR_REACHED, 20, steady, 4),
		seen_run(512, HG_RECUR_RUNNING, 6, steady, 1)};

	(void)state;
	believe(&job, t, 2, soon);
	t[1].epochs = 30;
	believe(&job, t, 2, late);
	assert_true(late[5].epochs > 1.5 * soon[5].epochs);
}

static uint32_t verdict(const hg_recur_job *job, const hg_recur_trial *t, size_t n, size_t i)
{
	hg_recur_check_result r = {.size = sizeof r};
	hg_error why;

	if (hg_recur_check(job, t, n, i, &r, &why))
		fail_msg("%s", why.text);
	return r.verdict;
}

/* Nobody has reached the target, but one is far behind. */
static void test_curves_compare(void **state)
{
	static const hg_recur_sight falls[] = {{2, 60}, {4, 45}}, falls_late[] = {{40, 50}};
	hg_recur_job job = plain_job();
	hg_recur_trial t[] = {seen_run(256, HG_RECUR_RUNNING, 10, steady, 2),
		seen_run(1024, HG_RECUR_RUNNING, 10, slow, 1)};

	(void)state;
	job.watched = 1;
	t[1].sights = (const hg_recur_sight[]){{6, 0.3}};
	assert_int_equal(verdict(&job, t, 2, 0), HG_RECUR_CONTINUE);
	assert_int_equal(verdict(&job, t, 2, 1), HG_RECUR_CONTINUE);
	t[1] = seen_run(1024, HG_RECUR_RUNNING, 40, t[1].sights, 1);
	t[1].epoch_energy_j = 100;
	t[1].sights = (const hg_recur_sight[]){{40, 0.45}};
	assert_int_equal(verdict(&job, t, 2, 0), HG_RECUR_CONTINUE);
	assert_int_equal(verdict(&job, t, 2, 1), HG_RECUR_STOP);
	t[0].n_sights = t[1].n_sights = 0;
	assert_int_equal(verdict(&job, t, 2, 1), HG_RECUR_CONTINUE);
	/* A metric that falls. */
	job.lower_is_better = 1;
	job.target = 40;
	t[0] = seen_run(256, HG_RECUR_RUNNING, 4, falls, 2);
	t[1] = seen_run(1024, HG_RECUR_RUNNING, 40, falls_late, 1);
	assert_int_equal(verdict(&job, t, 2, 0), HG_RECUR_CONTINUE);
	assert_int_equal(verdict(&job, t, 2, 1), HG_RECUR_STOP);
}

/* Three sizes, each at another level: the one in front has been at all of them, so all are told
 * apart, though no two have come equally far. */
static void test_curves_at_many_levels(void **state)
{
	static const hg_recur_sight front[] = {{1, 0.1}, {2, 0.2}, {4, 0.3}, {8, 0.4}};
	static const hg_recur_sight middle[] = {{2, 0.1}, {4, 0.2}, {8, 0.3}};
	static const hg_recur_sight last[] = {{4, 0.1}, {8, 0.2}};
	hg_recur_job job = plain_job();
	hg_recur_belief b[SIZES], without[SIZES];
	hg_recur_trial t[] = {seen_run(256, HG_RECUR_RUNNING, 8, front, 4),
		seen_run(512, HG_RECUR_RUNNING, 8, middle, 3),
		seen_run(1024, HG_RECUR_RUNNING, 8, last, 2)};

	(void)state;
	believe(&job, t, 3, b);
	assert_true(b[5].epochs > 1.5 * b[4].epochs && b[5].epochs < 2.2 * b[4].epochs);
	assert_true(b[6].epochs > 2.8 * b[4].epochs && b[6].epochs < 4.4 * b[4].epochs);
	/* At levels of a first epoch hardly anything is. */
	believe(&job, NULL, 0, without);
	t[0].epochs = t[1].epochs = 1;
	t[0].sights = (const hg_recur_sight[]){{1, 0.1}};
	t[1].sights = (const hg_recur_sight[]){{1, 0.1}};
	t[0].n_sights = t[1].n_sights = 1;
	believe(&job, t, 2, b);
	assert_near_abs(
		log(b[5].epochs / b[4].epochs), log(without[5].epochs / without[4].epochs), 0, 0.1);
}

/* What a run has cost is gone: near its end it goes on, though it should not have begun. */
static void test_sunk_cost(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_trial t[] = {run_of(512, HG_RECUR_REACHED, 40, 100),
		run_of(512, HG_RECUR_REACHED, 40, 100), run_of(256, HG_RECUR_REACHED, 20, 100),
		run_of(256, HG_RECUR_REACHED, 20, 100), run_of(512, HG_RECUR_RUNNING, 36, 100)};

	(void)state;
	assert_int_equal(verdict(&job, t, 5, 4), HG_RECUR_CONTINUE);
	t[4] = run_of(512, HG_RECUR_RUNNING, 8, 100);
	assert_int_equal(verdict(&job, t, 5, 4), HG_RECUR_STOP);
}

/* More than the pilots wait, and one more may run for each that has reached the target; what is
 * chosen does not change. */
static void test_pilots(void **state)
{
	hg_recur_job job = plain_job();
	hg_recur_trial t[4];
	hg_recur_decision with, without;

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		job.pilots = 0;
		without = decide(&job, t, n);
		assert_int_equal(without.wait, 0);
		job.pilots = 2;
		with = decide(&job, t, n);
		assert_int_equal(with.wait, n >= 2);
		assert_int_equal(with.index, without.index);
		t[n] = run_of(with.batch_size, HG_RECUR_RUNNING, 0, 0);
	}
	/* Those that end without it make room. */
	t[0] = run_of(256, HG_RECUR_STOPPED, 3, 100);
	assert_int_equal(decide(&job, t, 3).wait, 1);
	t[1] = run_of(512, HG_RECUR_KILLED, 3, 100);
	assert_int_equal(decide(&job, t, 3).wait, 0);
	assert_int_equal(decide(&job, t, 4).wait, 1);
	/* A similar job's target is another one; the same job elsewhere has the same. */
	t[0] = run_of(256, HG_RECUR_REACHED, 30, 100);
	t[0].kin = HG_RECUR_SIMILAR_JOB;
	assert_int_equal(decide(&job, t, 4).wait, 1);
	t[0].kin = HG_RECUR_OTHER_DEVICE;
	assert_int_equal(decide(&job, t, 4).wait, 0);
	t[0].kin = HG_RECUR_OWN;
	assert_int_equal(decide(&job, t, 4).wait, 0);
	t[1].state = HG_RECUR_RUNNING;
	assert_int_equal(decide(&job, t, 4).wait, 1);
	t[0].state = HG_RECUR_RUNNING;
	job.policy = HG_RECUR_ZEUS;
	assert_int_equal(decide(&job, t, 4).wait, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curve_foretells),
		cmocka_unit_test(test_curve_stands_still),
		cmocka_unit_test(test_curves_compare),
		cmocka_unit_test(test_curves_at_many_levels),
		cmocka_unit_test(test_sunk_cost),
		cmocka_unit_test(test_pilots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
