/* The bound of plans with few changes of setting, against all plans of small pipelines. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "core/rng.h"
#include "software/plan/bound-few.h"

#define DEVICES  2
#define LENGTH   4
#define NODES    (DEVICES * LENGTH)
#define SETTINGS 3

struct small {
	hg_dag *dag;
	hg_option option[NODES][SETTINGS];
};

/* Two devices with a row of nodes each, and edges from the one to the other. */
static void make(struct small *s, struct rng *r)
{
	hg_error why = {""};

	assert_int_equal(hg_dag_create(&s->dag, &why), HG_OK);
	for (uint32_t d = 0, device; d < DEVICES; d++)
		assert_int_equal(hg_dag_add_device(s->dag, NULL, 1, &device, &why), HG_OK);
	for (uint32_t i = 0; i < NODES; i++) {
		hg_node node = {.size = sizeof node,
			.device = i / LENGTH,
			.group = HG_DAG_NO_GROUP,
			.family = HG_DAG_NO_GROUP};
		uint32_t id;

		for (uint32_t k = 0; k < SETTINGS; k++)
			s->option[i][k] = (hg_option){1 + k * (0.2 + 0.3 * rng_double(r)),
				9 - k * (1 + 2 * rng_double(r)), k};
		assert_int_equal(
			hg_dag_add_options(s->dag, s->option[i], SETTINGS, NULL, &node.work, &why),
			HG_OK);
		assert_int_equal(hg_dag_add_node(s->dag, &node, &id, &why), HG_OK);
		if (i % LENGTH)
			assert_int_equal(hg_dag_add_edge(s->dag, i - 1, i, 0, &why), HG_OK);
		if (i >= LENGTH && i % 2)
			assert_int_equal(hg_dag_add_edge(s->dag, i - LENGTH, i, 0, &why), HG_OK);
	}
	assert_int_equal(hg_dag_finish(s->dag, &why), HG_OK);
}

/* Makespan, energy over time_s and changes of a plan. */
static double look(const struct small *s, const uint32_t *pick, double time_s, double *makespan_s,
	uint64_t *changes)
{
	double end[NODES], energy_j = DEVICES * time_s;

	*makespan_s = 0;
	*changes = 0;
	for (uint32_t i = 0; i < NODES; i++) {
		double start = i % LENGTH ? end[i - 1] : 0;

		if (i >= LENGTH && i % 2)
			start = fmax(start, end[i - LENGTH]);
		end[i] = start + s->option[i][pick[i]].time_s;
		energy_j += s->option[i][pick[i]].energy_j - s->option[i][pick[i]].time_s;
		*makespan_s = fmax(*makespan_s, end[i]);
		*changes += i % LENGTH && pick[i] != pick[i - 1];
	}
	return energy_j;
}

/* The least of all plans within time_s, by how many changes they have at most. */
static void enumerate(const struct small *s, double time_s, double cost_j, double *least)
{
	uint32_t pick[NODES] = {0};

	for (uint32_t n = 0; n <= NODES; n++)
		least[n] = INFINITY;
	for (bool more = true; more;) {
		double makespan_s;
		uint64_t changes;
		double energy_j = look(s, pick, time_s, &makespan_s, &changes);

		energy_j += cost_j * (double)changes;
		for (uint64_t n = changes; n <= NODES && makespan_s <= time_s; n++)
			least[n] = fmin(least[n], energy_j);
		more = false;
		for (uint32_t i = 0; i < NODES && !more; i++) {
			pick[i] = (pick[i] + 1) % SETTINGS;
			more = pick[i] != 0;
		}
	}
}

static void test_all_plans(void **state)
{
	double raised = 0;
	struct rng r;

	(void)state;
	rng_init(&r, 5);
	for (int round = 0; round < 20; round++) {
		double least[NODES + 1], bound_j, time_s, cost_j = round % 3 ? 0 : 0.3;
		hg_plan_frontier_info info = {.size = sizeof info};
		hg_plan_frontier *set = NULL;
		hg_relaxed *relaxed = NULL;
		hg_relaxed_info figures = {.size = sizeof figures};
		struct small s;
		size_t n;

		make(&s, &r);
		assert_int_equal(hg_plan_solve(s.dag, NULL, &set, NULL), HG_OK);
		hg_plan_frontier_get_info(set, &info);
		time_s = info.t_min_s + 0.1 * round / 20 * info.t_min_s;
		assert_int_equal(hg_relaxed_at(set, time_s, HG_CLASS_OP, &relaxed, NULL), HG_OK);
		hg_relaxed_get_info(relaxed, &figures);
		enumerate(&s, time_s, cost_j, least);
		for (uint32_t most = 0; most <= NODES; most++) {
			struct few_bound few;

			assert_int_equal(bound_few(s.dag, hg_relaxed_node_flows(relaxed, &n), most,
						 cost_j, &few, NULL),
				HG_OK);
			bound_j = figures.bound_j + few.gain_j;
			assert_true(few.gain_j >= 0 && few.price_j >= cost_j);
			if (!(bound_j <= least[most] + 1e-9))
				fail_msg("%u changes: %.9g J proved, a plan draws %.9g J", most,
					bound_j, least[most]);
			if (most == 0 && isfinite(least[0]))
				raised += (bound_j - figures.bound_j) /
					  (least[0] - figures.bound_j) / 20;
		}
		hg_relaxed_destroy(relaxed);
		hg_plan_frontier_destroy(set);
		hg_dag_destroy(s.dag);
	}
	assert_true(raised > 0.2); /* it says something, too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
