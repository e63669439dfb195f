/*
 * A bound of a class that is not found is said to be so.
 *
 * relaxed_shared() is the function below where `broken` is set: the linker wraps it.
 */
#include <math.h>

#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "software/plan/relaxed.h"

hg_err __real_relaxed_shared(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why);
hg_err __wrap_relaxed_shared(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why);

static bool broken;

hg_err __wrap_relaxed_shared(const hg_plan_frontier *set, hg_relaxed *r, hg_error *why)
{
	return broken ? HG_ELIMIT : __real_relaxed_shared(set, r, why);
}

/* Two nodes in a row that must share a setting, and one beside them. */
static hg_plan_frontier *three_nodes(void)
{
	const hg_option ways[] = {{1, 20, 0}, {1.4, 14, 1}, {2, 12, 2}};
	hg_plan_frontier *set = NULL;
	uint32_t device, work, id[3];
	hg_dag *dag = NULL;

	assert_int_equal(hg_dag_create(&dag, NULL), HG_OK);
	assert_int_equal(hg_dag_add_device(dag, "d", 1, &device, NULL), HG_OK);
	assert_int_equal(hg_dag_add_options(dag, ways, 3, "w", &work, NULL), HG_OK);
	for (int i = 0; i < 3; i++) {
		hg_node node = {.size = sizeof node,
			.work = work,
			.device = device,
			.group = HG_DAG_NO_GROUP,
			.family = i < 2 ? 1 : HG_DAG_NO_GROUP};

		assert_int_equal(hg_dag_add_node(dag, &node, &id[i], NULL), HG_OK);
	}
	assert_int_equal(hg_dag_add_edge(dag, id[0], id[1], 0, NULL), HG_OK);
	assert_int_equal(hg_dag_finish(dag, NULL), HG_OK);
	assert_int_equal(hg_plan_solve(dag, NULL, &set, NULL), HG_OK);
	hg_dag_destroy(dag);
	return set;
}

static hg_plan_info plan(const hg_plan_frontier *set)
{
	hg_plan_opts opts = {.size = sizeof opts, .class_of = HG_CLASS_FAMILY, .time_s = 2.5};
	hg_plan_info info = {.size = sizeof info};
	hg_plan *p = NULL;

	assert_int_equal(hg_plan_at(set, &opts, &p, NULL), HG_OK);
	hg_plan_get_info(p, &info);
	hg_plan_destroy(p);
	return info;
}

static void test_not_found(void **state)
{
	hg_plan_frontier *set = three_nodes();
	hg_plan_info info = plan(set);

	(void)state;
	assert_int_equal(info.class_bound_exact, 1);
	assert_true(info.class_bound_j >= info.bound_j);
	broken = true;
	info = plan(set);
	assert_int_equal(info.class_bound_exact, 0);
	assert_true(info.class_bound_j == info.bound_j);
	assert_true(info.class_bound_j <= info.energy_j);
	broken = false;
	hg_plan_frontier_destroy(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_not_found)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
