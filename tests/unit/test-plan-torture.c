/*
 * Every allocation of the planner fails once: the call says so, and nothing leaks (the leak
 * checker sees to that at the end). Once one has failed, all that follow do.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "scarce.h"
#include "software/pipeline/store.h"

static double extended_quantum_w;
static long left = -1; /* allocations that succeed; -1: all */

static bool memory_fails(void)
{
	return memory_spent(&left);
}

static hg_err add_node(hg_dag *dag, uint32_t work, uint32_t i)
{
	hg_node node = {.size = sizeof node,
		.work = work,
		.group = HG_DAG_NO_GROUP,
		.family = i % 2,
		.name = "a"};
	uint32_t id;

	return hg_dag_add_node(dag, &node, &id, NULL);
}

static const hg_option fast[] = {{1, 9, 1}, {2, 4, 2}, {4, 3, 3}};
static const hg_option slow[] = {{1, 8, 1}, {2.5, 4, 2}, {3, 3.5, 3}};

/* Four nodes, two kinds, one edge given twice. */
static hg_err build(hg_dag **out)
{
	uint32_t device, work[2];
	hg_dag *dag = NULL;
	hg_err rc = hg_dag_create(&dag, NULL);

	*out = dag;
	if (!rc)
		rc = hg_dag_add_device(dag, "gpu", 0.25, &device, NULL);
	if (!rc)
		rc = hg_dag_add_options(dag, fast, 3, "f", &work[0], NULL);
	if (!rc)
		rc = hg_dag_add_options(dag, slow, 3, "b", &work[1], NULL);
	for (uint32_t i = 0; i < 4 && !rc; i++)
		rc = add_node(dag, work[i / 2], i);
	for (uint32_t i = 0; i < 3 && !rc; i++)
		rc = hg_dag_add_edge(dag, 0, 1 + i % 2, 0, NULL);
	if (!rc)
		rc = hg_dag_add_edge(dag, 1, 3, 0, NULL);
	return rc ? rc : hg_dag_finish(dag, NULL);
}

static hg_err check(const hg_dag *dag, const hg_plan *plan)
{
	size_t n;
	const hg_plan_step *steps = hg_plan_steps(plan, &n);
	uint32_t option[4];
	hg_plan_verdict verdict = {.size = sizeof verdict};
	hg_plan_claim claim = {.size = sizeof claim,
		.option = option,
		.time_s = (double)NAN,
		.energy_j = (double)NAN,
		.bound_j = (double)NAN,
		.switches = UINT64_MAX};

	for (size_t i = 0; i < 4; i++)
		option[i] = steps[i].option;
	return hg_plan_check(dag, &claim, &verdict, NULL);
}

static hg_err run_all(void)
{
	hg_plan_frontier *set = NULL;
	hg_dag *dag;
	hg_err rc = build(&dag);

	if (!rc)
		rc = hg_plan_solve(dag, NULL, &set, NULL);
	for (int class_of = HG_CLASS_OP; class_of <= HG_CLASS_FAMILY && !rc; class_of++) {
		hg_relaxed *r;

		rc = hg_relaxed_at(set, 5, (hg_plan_class)class_of, &r, NULL);
		hg_relaxed_destroy(r);
	}
	for (int k = 0; k < 3 && !rc; k++) {
		hg_plan_opts opts = {.size = sizeof opts,
			.class_of = k == 2 ? HG_CLASS_FAMILY : HG_CLASS_OP,
			.time_s = k == 2 ? 9 : 5,
			.iterations = 10,
			.switch_cost_j = k == 1 ? 0.5 : 0.0,
			.switch_latency_s = k == 1 ? 0.01 : 0.0};
		hg_plan *plan;

		rc = hg_plan_at(set, &opts, &plan, NULL);
		if (!rc)
			rc = check(dag, plan);
		hg_plan_destroy(plan);
	}
	hg_plan_frontier_destroy(set);
	hg_dag_destroy(dag);
	return rc;
}

/* A pipeline of two ranks that is extended, exactly or from states at some flows. */
static hg_err run_extended(void)
{
	static const char profile[] =
		"stage,instruction,frequency,time,energy\n0,forward,2,1,9\n0,forward,1,2,5\n"
		"0,backward,2,2,18\n0,backward,1,3,9\n1,forward,2,1,9\n1,forward,1,2,5\n"
		"1,backward,2,2,18\n1,backward,1,3,9\n";
	hg_schedule_opts opts = {
		.size = sizeof opts, .kind = HG_SCHEDULE_1F1B, .ranks = 2, .microbatches = 64};
	hg_plan_frontier *set = NULL;
	hg_relaxed *r = NULL;
	struct plans_store store = {.plans = NULL};
	struct plans p;
	bool done = false;
	hg_err rc;

	plans_init(&p);
	p.quantum_w = extended_quantum_w;
	p.static_power_w = calloc(1, sizeof *p.static_power_w);
	p.n_static_power = 1;
	rc = p.static_power_w ? buf_adds(&p.profile_csv, profile) : HG_ENOMEM;
	if (!rc)
		rc = plans_name(&p, "torture");
	if (!rc)
		rc = hg_schedule_create(&opts, &p.schedule, NULL);
	if (!rc)
		rc = plans_build(&p, NULL);
	if (!rc)
		rc = plans_extend(&p, &set, &done, NULL);
	assert_int_equal(done, set != NULL);
	if (!rc && !done)
		rc = HG_EINTERNAL;
	if (!rc)
		rc = plans_claim(&p, set, NULL);
	if (!rc)
		rc = plans_witness(&p, set, NULL);
	if (!rc)
		rc = hg_relaxed_at(set, p.claims.t_star_s, HG_CLASS_OP, &r, NULL);
	hg_relaxed_destroy(r);
	r = NULL;
	hg_plan_frontier_destroy(set);
	set = NULL;
	p.claims.extrapolated = true;
	if (!rc) /* from what was kept */
		rc = plans_store_open(&store, &p, &set, &done, NULL);
	if (!rc)
		rc = hg_relaxed_at(set, p.claims.t_star_s, HG_CLASS_OP, &r, NULL);
	hg_relaxed_destroy(r);
	hg_plan_frontier_destroy(set);
	plans_store_finish(&store);
	plans_finish(&p);
	return rc;
}

/* Each allocation of a run fails once. @return how many there are */
static long torture(hg_err (*run)(void))
{
	long total;

	left = LONG_MAX;
	assert_int_equal(run(), HG_OK);
	total = LONG_MAX - left;
	for (long n = 0; n < total; n++) {
		hg_err rc;

		left = n;
		rc = run();
		left = -1;
		assert_int_equal(rc, HG_ENOMEM);
	}
	return total;
}

static void test_extended(void **state)
{
	(void)state;
	extended_quantum_w = 0;
	assert_true(torture(run_extended) > 100);
	extended_quantum_w = 0.5;
	assert_true(torture(run_extended) > 100);
}

static void test_memory(void **state)
{
	long n = 0;

	(void)state;
	assert_int_equal(run_all(), HG_OK);
	for (;; n++) {
		hg_err rc;

		left = n;
		rc = run_all();
		if (left > 0) {
			left = -1;
			assert_int_equal(rc, HG_OK);
			break;
		}
		left = -1;
		if (rc == HG_OK) /* the last allocation */
			break;
		assert_int_equal(rc, HG_ENOMEM);
	}
	assert_true(n > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory), cmocka_unit_test(test_extended)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
