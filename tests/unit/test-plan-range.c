/* HG_RANGE_USEFUL is the end of HG_RANGE_ALL, found without the beginning. */
#include <math.h>
#include <stdlib.h>

#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "core/rng.h"

/* A random layered DAG on as many devices as layers; times in ns and energies that are no round
 * numbers. */
static hg_dag *make(struct rng *r, double static_w)
{
	uint32_t layers = 2 + (uint32_t)rng_below(r, 4), width = 2 + (uint32_t)rng_below(r, 4);
	uint32_t device, work, id;
	hg_dag *dag;

	assert_int_equal(hg_dag_create(&dag, NULL), HG_OK);
	for (uint32_t l = 0; l < layers; l++) {
		hg_option options[5];
		double time_s = 0.1 + rng_double(r), energy_j = 100 * (0.5 + rng_double(r));

		for (unsigned k = 0; k < 5; k++)
			options[k] = (hg_option){time_s * (1 + 0.2 * k + 0.05 * rng_double(r)),
				energy_j * (1 - 0.12 * k - 0.01 * rng_double(r)), k};
		assert_int_equal(hg_dag_add_device(dag, NULL, static_w, &device, NULL), HG_OK);
		assert_int_equal(hg_dag_add_options(dag, options, 5, NULL, &work, NULL), HG_OK);
	}
	for (uint32_t i = 0; i < layers * width; i++) {
		hg_node node = {.size = sizeof node,
			.work = i / width,
			.device = i / width,
			.group = HG_DAG_NO_GROUP,
			.family = HG_DAG_NO_GROUP};

		assert_int_equal(hg_dag_add_node(dag, &node, &id, NULL), HG_OK);
		if (i % width)
			assert_int_equal(hg_dag_add_edge(dag, i - 1, i, 0, NULL), HG_OK);
		if (i >= width)
			assert_int_equal(hg_dag_add_edge(dag, i - width, i, 0, NULL), HG_OK);
	}
	assert_int_equal(hg_dag_finish(dag, NULL), HG_OK);
	return dag;
}

static hg_plan_frontier *solve(hg_dag *dag, hg_plan_range range, double quantum_w)
{
	hg_solve_opts opts = {.size = sizeof opts, .range = range, .quantum_w = quantum_w};
	hg_plan_frontier *set;

	assert_int_equal(hg_plan_solve(dag, &opts, &set, NULL), HG_OK);
	return set;
}

static void same_info(const hg_plan_frontier_info *a, const hg_plan_frontier_info *b)
{
	assert_true(a->t_min_s == b->t_min_s && a->t_star_s == b->t_star_s);
	assert_true(a->t_max_s == b->t_max_s && a->energy_max_s_j == b->energy_max_s_j);
	assert_true(a->energy_min_s_j == b->energy_min_s_j);
	assert_true(a->energy_star_j == b->energy_star_j && a->slope_min_w == b->slope_min_w);
}

/* Bit for bit. @return how much later it began */
static size_t compare(hg_dag *dag, double quantum_w)
{
	hg_plan_frontier *all = solve(dag, HG_RANGE_ALL, quantum_w);
	hg_plan_frontier *useful = solve(dag, HG_RANGE_USEFUL, quantum_w);
	hg_plan_frontier_info a = {.size = sizeof a}, u = {.size = sizeof u};
	size_t n, m, saved;
	const hg_plan_point *p = hg_plan_frontier_points(all, &n);
	const hg_plan_point *q = hg_plan_frontier_points(useful, &m);

	hg_plan_frontier_get_info(all, &a);
	hg_plan_frontier_get_info(useful, &u);
	same_info(&a, &u);
	assert_true(m <= n && fabs(q[m - 1].time_s - a.t_star_s) < 1e-7);
	assert_memory_equal(p, q, m * sizeof *p);
	saved = a.augmentations > u.augmentations;
	for (int k = 0; k <= 6; k++) {
		double t = a.t_min_s + (a.t_max_s - a.t_min_s) * k / 5;
		hg_relaxed_info x = {.size = sizeof x}, y = {.size = sizeof y};
		hg_relaxed *r;

		assert_int_equal(hg_relaxed_at(useful, t, HG_CLASS_OP, &r, NULL), HG_OK);
		hg_relaxed_get_info(r, &y);
		hg_relaxed_destroy(r);
		assert_int_equal(hg_relaxed_at(all, t, HG_CLASS_OP, &r, NULL), HG_OK);
		hg_relaxed_get_info(r, &x);
		hg_relaxed_destroy(r);
		/* beyond T_star it is a plan all the same, and the bound is one */
		assert_true(y.energy_j >= x.bound_j * (1 - 1e-8));
		assert_true(y.bound_j <= x.energy_j * (1 + 1e-8));
		if (t <= a.t_star_s)
			assert_true(fabs(y.energy_j / x.energy_j - 1) < 1e-7 &&
				    fabs(y.bound_j / x.bound_j - 1) < 1e-7);
	}
	hg_plan_frontier_destroy(all);
	hg_plan_frontier_destroy(useful);
	return saved;
}

static void test_useful(void **state)
{
	static const double watts[] = {0, 1e-7, 3, 20, 60, 150, 5000};
	struct rng r;
	size_t saved = 0;

	(void)state;
	rng_init(&r, 5);
	for (int round = 0; round < 60; round++)
		for (size_t k = 0; k < sizeof watts / sizeof *watts; k++) {
			hg_dag *dag = make(&r, watts[k]);

			saved += compare(dag, 0);
			(void)compare(dag, 2.5);
			hg_dag_destroy(dag);
		}
	assert_true(saved > 0); /* something was left out */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_useful)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
