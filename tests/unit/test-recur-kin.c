/* What trials of other jobs are worth: the same job elsewhere, and jobs that are or are not alike.
 */
#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/recur.h>

#include "core/json.h"
#include "recur-job.h"

/* The same job on another device, all sizes tried: here only the cost of an epoch is new. */
static void test_warm_start(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	double best = made_up_cost(128) * ceil(made_up_epochs(128));
	hg_recur_decision d;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 3 * SIZES; i++) {
		t[n] = run_of(sizes[i % SIZES], HG_RECUR_REACHED,
			ceil(made_up_epochs(sizes[i % SIZES])), 7 * made_up_cost(sizes[i % SIZES]));
		t[n++].kin = HG_RECUR_OTHER_DEVICE;
	}
	d = decide(&job, t, n);
	assert_int_not_equal(d.reason, HG_RECUR_FIRST);
	assert_true(made_up_cost(d.batch_size) * ceil(made_up_epochs(d.batch_size)) < 1.1 * best);
}

/* What an epoch costs tells whether a similar job is the same training. */
static void test_same_training(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	double best = made_up_cost(128) * ceil(made_up_epochs(128));
	hg_recur_check_result r = {.size = sizeof r};
	hg_recur_decision d;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 3 * SIZES; i++) {
		t[n] = run_of(sizes[i % SIZES], HG_RECUR_REACHED,
			ceil(made_up_epochs(sizes[i % SIZES]) / 2), made_up_cost(sizes[i % SIZES]));
		t[n++].kin = HG_RECUR_SIMILAR_JOB;
	}
	assert_int_equal(decide(&job, t, n).batch_size, 256);
	t[n] = run_of(256, HG_RECUR_RUNNING, 1, 1.2 * made_up_cost(256));
	assert_int_equal(hg_recur_check(&job, t, n + 1, n, &r, NULL), HG_OK);
	assert_int_equal(r.verdict, HG_RECUR_CONTINUE);
	assert_true(isinf(r.bound_j));
	t[n] = run_of(256, HG_RECUR_RUNNING, 1, 1.01 * made_up_cost(256));
	assert_int_equal(hg_recur_check(&job, t, n + 1, n, &r, NULL), HG_OK);
	assert_int_equal(r.verdict, HG_RECUR_STOP);
	t[n].state = HG_RECUR_STOPPED;
	d = decide(&job, t, n + 1);
	assert_true(made_up_cost(d.batch_size) * ceil(made_up_epochs(d.batch_size)) < 1.1 * best);
	assert_true(isinf(d.bound_j));
}

/* The weights that the explanation gives to a similar job; NAN: none counts. */
static void weights_of(const hg_recur_job *job, const hg_recur_trial *t, size_t n, double weight[2])
{
	const struct json *similar;
	struct json_doc doc;
	char *text;

	assert_int_equal(hg_recur_explain(job, t, n, 7, HG_RECUR_JSON, &text, NULL), HG_OK);
	assert_int_equal(json_parse(&doc, text, strlen(text), "explain", 1 << 20, NULL), HG_OK);
	similar = json_get(doc.root, "similar");
	assert_non_null(similar);
	weight[0] = weight[1] = (double)NAN;
	if (json_get(similar, "weight_epochs")) {
		weight[0] = json_get(similar, "weight_epochs")->number;
		weight[1] = json_get(similar, "weight_cost")->number;
	}
	json_finish(&doc);
	free(text);
}

/* Trials of another job, at each size twice, cheapest where ours is dearest if it is unlike; an
 * epoch costs so many times what ours do. */
static size_t other_job(hg_recur_trial *t, bool unlike, double dearer)
{
	size_t n = 0;

	for (size_t i = 0; i < 2 * SIZES; i++) {
		uint32_t at = sizes[unlike ? SIZES - 1 - i % SIZES : i % SIZES];

		t[n] = run_of(sizes[i % SIZES], HG_RECUR_REACHED, ceil(3 * made_up_epochs(at)),
			dearer * made_up_cost(at));
		t[n++].kin = HG_RECUR_SIMILAR_JOB;
	}
	return n;
}

/* Cost of so many own runs after those, over the best. */
static double excess_of(const hg_recur_job *job, hg_recur_trial *t, size_t before, size_t runs)
{
	double best = made_up_cost(128) * ceil(made_up_epochs(128)), sum = 0;
	size_t n = play(job, t, before, before + runs, 4096, 1);

	for (size_t i = before; i < n; i++)
		sum += t[i].energy_j / best - 1;
	return sum / (double)runs;
}

static void test_similar_job(void **state)
{
	hg_recur_job job = plain_job();
	static hg_recur_trial t[MOST];
	double cold = excess_of(&job, t, 0, 15), alike, unlike, weight[2];
	size_t n;

	(void)state;
	/* the same training helps, at once; other data does not harm; what is unlike is seen so */
	alike = excess_of(&job, t, other_job(t, false, 1), 15);
	n = other_job(t, false, 50);
	assert_true(excess_of(&job, t, n, 15) < cold + 0.01);
	weights_of(&job, t, n + 15, weight);
	assert_true(weight[0] > 0.5 && weight[1] > 0.5);
	n = other_job(t, true, 50);
	unlike = excess_of(&job, t, n, 15);
	assert_true(alike < 0.6 * cold);
	assert_true(unlike < cold + 0.01);
	weights_of(&job, t, n + 15, weight);
	assert_true(weight[0] == 0 && weight[1] == 0);
	/* its level says nothing: no run is stopped by it */
	n = other_job(t, false, 50);
	assert_true(isinf(decide(&job, t, n).bound_j));
	weights_of(&job, t, n, weight);
	assert_near_abs(weight[0], 0.65, 1e-6, 0);
	assert_near_abs(weight[1], 0.65, 1e-6, 0);
	/* and its sizes must reach around the default */
	job.default_size = 1024;
	for (size_t i = 0; i < n; i++)
		if (t[i].batch_size == 1024)
			t[i].batch_size = 2048;
	weights_of(&job, t, n, weight);
	assert_true(isnan(weight[0]) && isnan(weight[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warm_start),
		cmocka_unit_test(test_same_training),
		cmocka_unit_test(test_similar_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
