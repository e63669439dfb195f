/* Building DAGs: what is refused, and what is said; small DAGs whose plans are known. */
#include <math.h>
#include <stdio.h>

#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "near.h"

static const hg_option two[] = {{1, 10, 100}, {2, 4, 200}};

static hg_dag *empty(void)
{
	hg_dag *dag;
	hg_error why;

	assert_ok(hg_dag_create(&dag, &why), &why);
	return dag;
}

static uint32_t add_two(hg_dag *dag, const char *name)
{
	uint32_t work;
	hg_error why;

	assert_ok(hg_dag_add_options(dag, two, 2, name, &work, &why), &why);
	return work;
}

static uint32_t add_node(hg_dag *dag, uint32_t work, uint32_t device, const char *name)
{
	hg_node node = {.size = sizeof node,
		.work = work,
		.device = device,
		.group = HG_DAG_NO_GROUP,
		.family = HG_DAG_NO_GROUP,
		.name = name};
	uint32_t id;
	hg_error why;

	assert_ok(hg_dag_add_node(dag, &node, &id, &why), &why);
	return id;
}

static uint32_t add_device(hg_dag *dag, double static_w)
{
	uint32_t id;
	hg_error why;

	assert_ok(hg_dag_add_device(dag, NULL, static_w, &id, &why), &why);
	return id;
}

static void edge(hg_dag *dag, uint32_t from, uint32_t to, double lag)
{
	hg_error why;

	assert_ok(hg_dag_add_edge(dag, from, to, lag, &why), &why);
}

static hg_plan_frontier *solve(hg_dag *dag, const hg_solve_opts *opts)
{
	hg_plan_frontier *set;
	hg_error why;

	assert_ok(hg_dag_finish(dag, &why), &why);
	assert_ok(hg_plan_solve(dag, opts, &set, &why), &why);
	return set;
}

static void test_bad_options(void **state)
{
	static const struct {
		hg_option options[2];
		size_t n;
		const char *says;
	} bad[] = {
		{{{-1, 1, 1}}, 1, "fwd: option 0 takes -1 s"},
		{{{1, 1, 1}, {NAN, 1, 2}}, 2, "fwd: option 1 takes nan s"},
		{{{1, 1, 1}, {INFINITY, 1, 2}}, 2, "fwd: option 1 takes inf s"},
		{{{1, 1, 1}, {1, -2, 2}}, 2, "fwd: option 1 draws -2 J"},
		{{{1, 1, 1395}, {1, 2, 1395}}, 2, "fwd: setting 1395 is listed twice"},
		{{{1, 1, 1}}, 0, "fwd: no options"},
	};
	hg_dag *dag = empty();

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint32_t work;
		hg_error why;

		assert_int_equal(
			hg_dag_add_options(dag, bad[i].options, bad[i].n, "fwd", &work, &why),
			HG_EINVAL);
		assert_has(why.text, bad[i].says);
	}
	hg_dag_destroy(dag);
}

static void test_bad_parts(void **state)
{
	hg_dag *dag = empty();
	hg_node node = {.size = sizeof node, .device = HG_DAG_NO_DEVICE};
	uint32_t id, a, b;
	hg_error why;

	(void)state;
	assert_int_equal(hg_dag_add_device(dag, "gpu", -1, &id, &why), HG_EINVAL);
	assert_has(why.text, "gpu: static power is -1 W");
	assert_int_equal(hg_dag_add_node(dag, &node, &id, &why), HG_EINVAL);
	assert_has(why.text, "no work 0");
	assert_int_equal(hg_dag_finish(dag, &why), HG_EINVAL);
	assert_has(why.text, "no node");
	node.work = add_two(dag, NULL);
	node.device = 3;
	assert_int_equal(hg_dag_add_node(dag, &node, &id, &why), HG_EINVAL);
	assert_has(why.text, "no device 3");
	node.size = 0;
	assert_int_equal(hg_dag_add_node(dag, &node, &id, &why), HG_EINVAL);
	a = add_node(dag, node.work, HG_DAG_NO_DEVICE, "load");
	b = add_node(dag, node.work, HG_DAG_NO_DEVICE, NULL);
	assert_int_equal(hg_dag_add_edge(dag, a, 7, 0, &why), HG_EINVAL);
	assert_has(why.text, "edge 0 -> 7");
	assert_int_equal(hg_dag_add_edge(dag, a, a, 0, &why), HG_EINVAL);
	assert_has(why.text, "load depends on itself");
	assert_int_equal(hg_dag_add_edge(dag, a, b, -1, &why), HG_EINVAL);
	assert_int_equal(hg_dag_add_edge(dag, a, b, NAN, &why), HG_EINVAL);
	assert_has(why.text, "lag is nan s");
	assert_ok(hg_dag_finish(dag, &why), &why);
	assert_int_equal(hg_dag_add_edge(dag, a, b, 0, &why), HG_EINVAL);
	assert_has(why.text, "finished");
	hg_dag_destroy(dag);
	hg_dag_destroy(NULL);
}

static void test_cycle(void **state)
{
	hg_dag *dag = empty();
	uint32_t work = add_two(dag, NULL), node[5];
	const char *names[] = {"first", "a", "b", "c", "last"};
	hg_error why;

	(void)state;
	for (int i = 0; i < 5; i++)
		node[i] = add_node(dag, work, HG_DAG_NO_DEVICE, names[i]);
	edge(dag, node[0], node[1], 0);
	edge(dag, node[1], node[2], 0);
	edge(dag, node[2], node[3], 0);
	edge(dag, node[3], node[1], 0);
	edge(dag, node[3], node[4], 0);
	assert_int_equal(hg_dag_finish(dag, &why), HG_EINVAL);
	assert_has(why.text, "a cycle of 3 nodes");
	assert_has(why.text, "c <- b <- a");
	assert_true(!strstr(why.text, "first") && !strstr(why.text, "last"));
	hg_dag_destroy(dag);
}

static void test_no_common_setting(void **state)
{
	static const hg_option other[] = {{1, 5, 300}};
	hg_dag *dag = empty();
	hg_node node = {.size = sizeof node,
		.device = HG_DAG_NO_DEVICE,
		.group = 9,
		.family = HG_DAG_NO_GROUP,
		.name = "rank 0"};
	uint32_t id;
	hg_error why;

	(void)state;
	node.work = add_two(dag, NULL);
	assert_ok(hg_dag_add_node(dag, &node, &id, &why), &why);
	assert_ok(hg_dag_add_options(dag, other, 1, NULL, &node.work, &why), &why);
	node.name = "rank 1";
	assert_ok(hg_dag_add_node(dag, &node, &id, &why), &why);
	assert_int_equal(hg_dag_finish(dag, &why), HG_EINVAL);
	assert_has(why.text, "rank 0 and rank 1 must share a setting");
	hg_dag_destroy(dag);
}

/* One node of two options: a frontier of one piece, 6 W steep before waiting is charged. */
static void test_one_node(void **state)
{
	hg_dag *dag = empty();
	uint32_t device = add_device(dag, 2), work = add_two(dag, NULL);
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_relaxed_info at = {.size = sizeof at};
	const hg_plan_point *p;
	hg_plan_frontier *set;
	hg_relaxed *r;
	double energy, slope;
	hg_error why;
	size_t n;

	(void)state;
	(void)add_node(dag, work, device, NULL);
	set = solve(dag, NULL);
	hg_plan_frontier_get_info(set, &info);
	assert_int_equal(info.pieces, 1);
	assert_near(info.t_min_s, 1, 1e-12);
	assert_near(info.t_star_s, 2, 1e-12);
	assert_near(info.t_max_s, 2, 1e-12);
	assert_near(info.all_fastest_j, 10, 1e-12);
	p = hg_plan_frontier_points(set, &n);
	assert_int_equal(n, 2);
	assert_near(p[0].energy_j, 10, 1e-12);
	assert_near(p[0].slope_w, -6, 1e-12);
	assert_near(p[1].energy_j, 4, 1e-12);
	assert_near(p[1].slope_w, 2, 1e-12);
	assert_ok(hg_plan_frontier_at(set, 1.25, &energy, &slope, &why), &why);
	assert_near(energy, 8.5, 1e-12);
	assert_ok(hg_plan_frontier_at(set, 5, &energy, &slope, &why), &why);
	assert_near(energy, 10, 1e-12);
	assert_int_equal(hg_plan_frontier_at(set, 0.5, &energy, &slope, &why), HG_EINFEASIBLE);
	assert_has(why.text, "1.000000000 s");
	assert_int_equal(hg_relaxed_at(set, 0.5, HG_CLASS_OP, &r, &why), HG_EINFEASIBLE);
	assert_int_equal(hg_relaxed_at(set, NAN, HG_CLASS_OP, &r, &why), HG_EINVAL);
	assert_int_equal(hg_relaxed_at(set, 1, (hg_plan_class)7, &r, &why), HG_EINVAL);
	assert_ok(hg_relaxed_at(set, 1.25, HG_CLASS_OP, &r, &why), &why);
	hg_relaxed_get_info(r, &at);
	assert_near(at.bound_j, 8.5, 1e-12);
	assert_near(hg_relaxed_windows(r, &n)[0], 1.25, 1e-12);
	hg_relaxed_destroy(r);
	hg_plan_frontier_destroy(set);
	hg_dag_destroy(dag);
}

/* Constants, zero times and lags only: one point, T_min = T_star = T_max. */
static void test_constant(void **state)
{
	hg_dag *dag = empty();
	uint32_t device = add_device(dag, 10), zero, fixed, a, b;
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_plan_frontier *set;
	hg_relaxed *r;
	hg_error why;

	(void)state;
	assert_ok(hg_dag_add_fixed(dag, 0, 0, "join", &zero, &why), &why);
	assert_ok(hg_dag_add_fixed(dag, 0.5, 20, "all-reduce", &fixed, &why), &why);
	a = add_node(dag, zero, HG_DAG_NO_DEVICE, NULL);
	b = add_node(dag, fixed, device, NULL);
	edge(dag, a, b, 0.25);
	set = solve(dag, NULL);
	hg_dag_destroy(dag); /* the frontier is an owner */
	hg_plan_frontier_get_info(set, &info);
	assert_int_equal(info.pieces, 0);
	assert_true(info.complete);
	assert_near(info.t_min_s, 0.75, 1e-12);
	assert_near(info.t_max_s, 0.75, 1e-12);
	assert_near(info.energy_min_s_j, 22.5, 1e-12);
	assert_ok(hg_relaxed_at(set, 0.75, HG_CLASS_FAMILY, &r, &why), &why);
	hg_relaxed_destroy(r);
	assert_ok(hg_relaxed_at(set, 1, HG_CLASS_OP, &r, &why), &why);
	hg_relaxed_destroy(r);
	hg_plan_frontier_destroy(set);
}

/* The useful range ends where waiting costs as much as going slower saves. */
static void test_useful_range(void **state)
{
	static const hg_option three[] = {{1, 20, 1}, {2, 12, 2}, {4, 10, 3}};
	hg_solve_opts opts = {.size = sizeof opts, .range = HG_RANGE_USEFUL};
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_dag *dag = empty();
	uint32_t device = add_device(dag, 1), other = add_device(dag, 3), work;
	hg_plan_frontier *set;
	hg_error why;
	size_t n;

	(void)state;
	(void)other;
	assert_ok(hg_dag_add_options(dag, three, 3, NULL, &work, &why), &why);
	(void)add_node(dag, work, device, NULL);
	set = solve(dag, &opts);
	hg_plan_frontier_get_info(set, &info);
	/* effective 19, 10, 6: 9 W and 2 W against 4 W for both devices */
	assert_near(info.t_star_s, 2, 1e-12);
	assert_near(info.t_max_s, 4, 1e-12);
	assert_near(info.energy_star_j, 18, 1e-12);
	assert_near(hg_plan_frontier_points(set, &n)[1].time_s, 2, 1e-12);
	assert_int_equal(n, 2);
	hg_plan_frontier_destroy(set);
	hg_dag_destroy(dag);
}

static int64_t late_clock(void *user)
{
	int64_t *t = user;

	return *t += 1000000000;
}

static int stop(void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)user;
	(void)what;
	(void)done;
	(void)total;
	return 1;
}

static void test_stopped(void **state)
{
	int64_t t = 0;
	hg_solve_opts opts = {.size = sizeof opts, .time_budget_s = 1.5, .clock = late_clock};
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_dag *dag = empty();
	uint32_t work = add_two(dag, NULL), a, b;
	hg_plan_frontier *set;
	hg_error why;

	(void)state;
	opts.clock_user = &t;
	a = add_node(dag, work, HG_DAG_NO_DEVICE, NULL);
	b = add_node(dag, work, HG_DAG_NO_DEVICE, NULL);
	edge(dag, a, b, 0);
	set = solve(dag, &opts);
	hg_plan_frontier_get_info(set, &info);
	assert_int_equal(info.complete, 0);
	assert_near(info.t_min_s, 2, 1e-12);
	assert_true(isnan(info.energy_min_s_j) != 0);
	assert_int_equal(hg_plan_frontier_at(set, 2, NULL, NULL, &why), HG_EINFEASIBLE);
	assert_has(why.text, "that was solved for");
	hg_plan_frontier_destroy(set);
	opts = (hg_solve_opts){.size = sizeof opts, .progress = stop};
	set = solve(dag, &opts);
	hg_plan_frontier_get_info(set, &info);
	assert_int_equal(info.complete, 0);
	hg_plan_frontier_destroy(set);
	hg_dag_destroy(dag);
}

static void test_bad_solve(void **state)
{
	hg_solve_opts opts = {.size = sizeof opts, .time_budget_s = 1};
	hg_dag *dag = empty();
	hg_plan_frontier *set;
	hg_error why;

	(void)state;
	(void)add_node(dag, add_two(dag, NULL), HG_DAG_NO_DEVICE, NULL);
	assert_int_equal(hg_plan_solve(dag, NULL, &set, &why), HG_EINVAL);
	assert_has(why.text, "not finished");
	assert_ok(hg_dag_finish(dag, &why), &why);
	assert_int_equal(hg_plan_solve(dag, &opts, &set, &why), HG_EINVAL);
	assert_has(why.text, "needs a clock");
	opts = (hg_solve_opts){.size = sizeof opts, .quantum_w = -1};
	assert_int_equal(hg_plan_solve(dag, &opts, &set, &why), HG_EINVAL);
	opts = (hg_solve_opts){.size = sizeof opts, .range = (hg_plan_range)5};
	assert_int_equal(hg_plan_solve(dag, &opts, &set, &why), HG_EINVAL);
	hg_dag_destroy(dag);
}

/* The certificate refuses flows that are none. */
static void test_bad_flow(void **state)
{
	hg_dag *dag = empty();
	uint32_t work = add_two(dag, NULL), a, b;
	double node[2] = {3, 3}, edges[1] = {3}, bound, flow;
	hg_error why;

	(void)state;
	a = add_node(dag, work, HG_DAG_NO_DEVICE, "a");
	b = add_node(dag, work, HG_DAG_NO_DEVICE, "b");
	edge(dag, a, b, 0.5);
	assert_ok(hg_dag_finish(dag, &why), &why);
	assert_ok(hg_dag_bound(dag, HG_CLASS_OP, node, edges, 3, &bound, &flow, &why), &why);
	assert_near(flow, 3, 0);
	assert_near(bound, 2 * (4 + 3 * 2) + 0.5 * 3 - 3 * 3, 1e-12);
	assert_ok(hg_dag_bound(dag, HG_CLASS_OP, NULL, NULL, 3, &bound, &flow, &why), &why);
	assert_near(bound, 8, 1e-12);
	node[0] = 2.9;
	assert_int_equal(
		hg_dag_bound(dag, HG_CLASS_OP, node, edges, 3, &bound, &flow, &why), HG_EINVAL);
	assert_has(why.text, "a: the flow is not conserved");
	node[0] = -1;
	assert_int_equal(
		hg_dag_bound(dag, HG_CLASS_OP, node, edges, 3, &bound, &flow, &why), HG_EINVAL);
	node[0] = NAN;
	assert_int_equal(
		hg_dag_bound(dag, HG_CLASS_OP, node, edges, 3, &bound, &flow, &why), HG_EINVAL);
	hg_dag_destroy(dag);
}

/* 1 s for 10 J or 3 s for 0 J beside a fixed 2 s, at 2.5 W each: on its own the first one takes 3 s
 * for 7.5, the other one 5; together 1 s costs 10 + 5 * 2, 3 s cost 0 + 5 * 3. */
static void test_pairs(void **state)
{
	const hg_option options[] = {{1, 10, 0}, {3, 0, 1}};
	hg_dag *dag = empty();
	double node[2] = {2.5, 2.5}, bound, gain;
	uint32_t work, fixed, device;
	hg_error why;

	(void)state;
	assert_ok(hg_dag_add_device(dag, NULL, 0, &device, &why), &why);
	assert_ok(hg_dag_add_options(dag, options, 2, NULL, &work, &why), &why);
	assert_ok(hg_dag_add_fixed(dag, 2, 0, NULL, &fixed, &why), &why);
	(void)add_node(dag, work, device, "a");
	(void)add_node(dag, fixed, device, "b");
	assert_ok(hg_dag_finish(dag, &why), &why);
	assert_ok(hg_dag_bound(dag, HG_CLASS_OP, node, &bound, 2, &bound, NULL, &why), &why);
	assert_near(bound, 12.5 - 5 * 2, 1e-12);
	assert_ok(hg_dag_pairs(dag, node, &bound, &gain, &why), &why);
	assert_near_abs(gain, 15 - 12.5, 0, 1e-8);
	assert_ok(hg_dag_pairs(dag, NULL, NULL, &gain, &why), &why);
	assert_near(gain, 0, 0);
	node[0] = -1;
	assert_int_equal(hg_dag_pairs(dag, node, &bound, &gain, &why), HG_EINVAL);
	hg_dag_destroy(dag);
}

static void test_frontier_node(void **state)
{
	const hg_point points[] = {{.time_s = 1, .energy_j = 9, .setting = HG_SETTING_NONE},
		{.time_s = 3, .energy_j = 2, .setting = HG_SETTING_NONE}};
	hg_dag *dag = empty();
	hg_frontier *f;
	uint32_t work;
	hg_node node = {.size = sizeof node};
	hg_error why;
	size_t n;

	(void)state;
	assert_ok(hg_frontier_build(points, 2, NULL, &f, &why), &why);
	assert_ok(hg_dag_add_frontier(dag, f, "rag", &work, &why), &why);
	hg_frontier_destroy(f);
	assert_near(hg_dag_options(dag, work, &n)[1].energy_j, 2, 0);
	assert_int_equal(hg_dag_options(dag, work, &n)[1].setting, 1);
	assert_int_equal(n, 2);
	assert_null(hg_dag_options(dag, 5, &n));
	(void)add_node(dag, work, HG_DAG_NO_DEVICE, "rank");
	assert_int_equal(hg_dag_node(dag, 0, &node), HG_OK);
	assert_string_equal(node.name, "rank");
	assert_int_equal(hg_dag_node(dag, 1, &node), HG_EINVAL);
	hg_dag_destroy(dag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_bad_parts),
		cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_no_common_setting),
		cmocka_unit_test(test_one_node),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_useful_range),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_bad_solve),
		cmocka_unit_test(test_bad_flow),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_frontier_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
