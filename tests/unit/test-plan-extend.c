/* Frontiers extended from fewer microbatches, and mended states, against direct solutions. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka-all.h"
#include "core/rng.h"
#include "relaxed-info.h"
#include "software/pipeline/plans.h"
#include "software/plan/mend.h"
#include "software/plan/set.h"

/* A profile of stages that all differ (seed 0: that are all the same), with five options each. */
static void write_profile(struct buf *out, uint32_t stages, uint64_t seed)
{
	struct rng r;

	rng_init(&r, seed);
	buf_adds(out, "stage,instruction,frequency,time,energy\n");
	for (uint32_t s = 0; s < stages; s++)
		for (int kind = 0; kind < 2; kind++) {
			double vary = seed ? 0.1 : 0;
			double time = (kind ? 0.2 : 0.1) * (1 + vary * rng_double(&r));
			double energy = time * 300 * (1 + vary * rng_double(&r));

			for (unsigned f = 0; f < 5; f++)
				buf_addf(out, "%u,%s,%u,%.9f,%.9f\n", s,
					kind ? "backward" : "forward", 1400 - 100 * f,
					time * (1 + 0.09 * f + 0.01 * f * f),
					energy * (1 - 0.11 * f + 0.012 * f * f));
		}
}

static void make_of(struct plans *p, hg_schedule_kind kind, uint32_t ranks, uint32_t microbatches,
	uint32_t chunks, double quantum_w, uint64_t seed)
{
	hg_schedule_opts opts = {.size = sizeof opts,
		.kind = kind,
		.ranks = ranks,
		.microbatches = microbatches,
		.chunks = chunks};
	hg_error why = {""};

	plans_init(p);
	write_profile(&p->profile_csv, ranks, seed);
	p->static_power_w = malloc(sizeof *p->static_power_w);
	assert_non_null(p->static_power_w);
	p->static_power_w[p->n_static_power++] = 60;
	p->step_s = 0.05;
	p->quantum_w = quantum_w;
	assert_int_equal(plans_name(p, "test"), HG_OK);
	assert_int_equal(hg_schedule_create(&opts, &p->schedule, &why), HG_OK);
	if (plans_build(p, &why))
		fail_msg("%s", why.text);
}

static void make(struct plans *p, hg_schedule_kind kind, uint32_t ranks, uint32_t microbatches,
	uint32_t chunks, double quantum_w)
{
	make_of(p, kind, ranks, microbatches, chunks, quantum_w, 7);
}

static hg_plan_frontier *solve(const struct plans *p)
{
	hg_solve_opts opts = {.size = sizeof opts, .range = p->range, .quantum_w = p->quantum_w};
	hg_plan_frontier *set = NULL;

	assert_int_equal(hg_plan_solve(hg_pipeline_dag(p->pipeline), &opts, &set, NULL), HG_OK);
	return set;
}

/* Every figure of an extended frontier, and relaxed plans from it, as from a direct solution. */
static void same_as_direct(const struct plans *p, const hg_plan_frontier *set)
{
	hg_plan_frontier *direct = solve(p);
	size_t n, m;
	const hg_plan_point *a = hg_plan_frontier_points(set, &n);
	const hg_plan_point *b = hg_plan_frontier_points(direct, &m);
	hg_plan_frontier_info x = {.size = sizeof x}, y = {.size = sizeof y};

	hg_plan_frontier_get_info(set, &x);
	hg_plan_frontier_get_info(direct, &y);
	assert_true(x.t_min_s == y.t_min_s);
	assert_true(fabs(x.t_max_s - y.t_max_s) < 1e-8 && fabs(x.t_star_s - y.t_star_s) < 1e-8);
	assert_true(fabs(x.all_fastest_j - y.all_fastest_j) < 1e-6);
	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++) {
		assert_true(fabs(a[i].time_s - b[i].time_s) < 1e-8);
		assert_true(fabs(a[i].energy_j / b[i].energy_j - 1) < 1e-10);
		assert_true(fabs(a[i].slope_w - b[i].slope_w) < 1e-5);
	}
	for (int k = 0; k <= 12; k++) {
		double t = y.t_min_s + (y.t_max_s - y.t_min_s) * k / 11;
		hg_relaxed_info u = relaxed_at(set, t), v = relaxed_at(direct, t);

		assert_true(fabs(u.energy_j / v.energy_j - 1) < 1e-8);
		assert_true(fabs(u.bound_j / v.bound_j - 1) < 1e-8);
		assert_true(u.bound_j <= u.energy_j * (1 + 1e-8)); /* whole ns */
	}
	hg_plan_frontier_destroy(direct);
}

/* Whatever is extended exactly is exact; of each kind something is, but for the last. */
static void test_extended(void **state)
{
	static const struct {
		hg_schedule_kind kind;
		uint32_t ranks, microbatches, chunks;
		uint64_t seed;
		bool done;
	} cases[] = {
		{HG_SCHEDULE_1F1B, 3, 100, 0, 7, true},
		{HG_SCHEDULE_1F1B, 3, 100, 0, 0, true},
		{HG_SCHEDULE_GPIPE, 3, 100, 0, 0, true},
		{HG_SCHEDULE_GPIPE, 3, 100, 0, 7, true},
		{HG_SCHEDULE_RECOMPUTE, 3, 100, 0, 0, true},
		{HG_SCHEDULE_ZB_H1, 3, 100, 0, 0, true},
		{HG_SCHEDULE_INTERLEAVED, 2, 96, 2, 0, true},
		{HG_SCHEDULE_DUALPIPE, 2, 100, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_plan_frontier *set = NULL;
		struct plans p;
		bool done = false;

		make_of(&p, cases[i].kind, cases[i].ranks, cases[i].microbatches, cases[i].chunks,
			0, cases[i].seed);
		assert_int_equal(plans_extend(&p, &set, &done, NULL), HG_OK);
		if (done != cases[i].done)
			fail_msg("case %zu: %s", i, done ? "extended" : "refused");
		assert_int_equal(done, set != NULL);
		if (done)
			same_as_direct(&p, set);
		hg_plan_frontier_destroy(set);
		plans_finish(&p);
	}
}

/* Stages that differ: some frontiers are affine in the microbatches and some only nearly so, which
 * is found out. */
static void test_nearly(void **state)
{
	static const hg_schedule_kind kinds[] = {
		HG_SCHEDULE_1F1B, HG_SCHEDULE_GPIPE, HG_SCHEDULE_RECOMPUTE, HG_SCHEDULE_ZB_H1};
	unsigned extended = 0, refused = 0;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (uint64_t seed = 1; seed <= 4; seed++) {
			hg_plan_frontier *set = NULL;
			struct plans p;
			bool done = false;

			make_of(&p, kinds[i], 3, 100, 0, 0, seed);
			assert_int_equal(plans_extend(&p, &set, &done, NULL), HG_OK);
			extended += done;
			refused += !done;
			if (done)
				same_as_direct(&p, set);
			hg_plan_frontier_destroy(set);
			plans_finish(&p);
		}
	assert_true(extended > 0 && refused > 0);
}

/* States at some flows: the frontier is proved, its plans are plans, and they are near each other.
 */
static void test_anchored(void **state)
{
	static const hg_schedule_kind kinds[] = {HG_SCHEDULE_1F1B, HG_SCHEDULE_GPIPE,
		HG_SCHEDULE_RECOMPUTE, HG_SCHEDULE_ZB_H1, HG_SCHEDULE_INTERLEAVED};

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		bool chunks = kinds[i] == HG_SCHEDULE_INTERLEAVED, done = false;
		hg_plan_frontier *set = NULL, *exact;
		hg_plan_frontier_info info = {.size = sizeof info};
		struct plans p;

		make(&p, kinds[i], chunks ? 2 : 4, 64, chunks ? 2 : 0, 0);
		exact = solve(&p);
		p.quantum_w = 4;
		assert_int_equal(plans_extend(&p, &set, &done, NULL), HG_OK);
		assert_true(done);
		hg_plan_frontier_get_info(exact, &info);
		for (int k = 0; k <= 40; k++) {
			double t = info.t_min_s + (info.t_max_s * 1.02 - info.t_min_s) * k / 40;
			hg_relaxed_info at = relaxed_at(set, t);
			double least, claimed;

			assert_int_equal(hg_plan_frontier_at(exact, t, &least, NULL, NULL), HG_OK);
			assert_int_equal(hg_plan_frontier_at(set, t, &claimed, NULL, NULL), HG_OK);
			assert_true(claimed <= least * (1 + 1e-8));
			assert_true(at.bound_j <= least * (1 + 1e-8));
			assert_true(at.energy_j >= least * (1 - 1e-8));
			assert_true(at.energy_j <= at.bound_j * 1.002);
			assert_true(claimed >= least * (1 - 0.002));
		}
		hg_plan_frontier_destroy(exact);
		hg_plan_frontier_destroy(set);
		plans_finish(&p);
	}
}

/* Several threads give the same bytes, exactly and roughly. */
static void test_threads(void **state)
{
	(void)state;
	for (int rough = 0; rough < 2; rough++) {
		hg_plan_frontier *set[2] = {NULL, NULL};
		const hg_plan_point *point[2];
		size_t n[2];
		struct plans p;
		bool done = false;

		make(&p, HG_SCHEDULE_1F1B, 3, 100, 0, rough ? 4 : 0);
		for (uint32_t k = 0; k < 2; k++) {
			p.threads = 1 + 3 * k;
			assert_int_equal(plans_extend(&p, &set[k], &done, NULL), HG_OK);
			assert_true(done);
			point[k] = hg_plan_frontier_points(set[k], &n[k]);
		}
		assert_int_equal(n[0], n[1]);
		assert_memory_equal(point[0], point[1], n[0] * sizeof *point[0]);
		hg_plan_frontier_destroy(set[0]);
		hg_plan_frontier_destroy(set[1]);
		plans_finish(&p);
	}
}

/* Too few microbatches: nothing is extended. */
static void test_refused(void **state)
{
	hg_plan_frontier *set = NULL;
	struct plans p;
	bool done = true;

	(void)state;
	make(&p, HG_SCHEDULE_1F1B, 3, 20, 0, 0);
	assert_int_equal(plans_extend(&p, &set, &done, NULL), HG_OK);
	assert_false(done);
	assert_null(set);
	plans_finish(&p);
}

/* The breakpoints of a quantised frontier are bounds: below the exact one, and near it. */
static void test_quantum_bounds(void **state)
{
	struct plans p;
	hg_plan_frontier *exact, *rough;
	const hg_plan_point *points;
	size_t n;

	(void)state;
	make(&p, HG_SCHEDULE_1F1B, 4, 12, 0, 0);
	exact = solve(&p);
	p.quantum_w = 20;
	rough = solve(&p);
	points = hg_plan_frontier_points(rough, &n);
	for (size_t i = 0; i < n; i++) {
		hg_relaxed_info at = relaxed_at(rough, points[i].time_s);
		double least;

		assert_int_equal(
			hg_plan_frontier_at(exact, points[i].time_s, &least, NULL, NULL), HG_OK);
		assert_true(points[i].energy_j <= least * (1 + 1e-9));
		assert_true(points[i].energy_j >= least * (1 - 0.005));
		assert_true(fabs(at.bound_j / points[i].energy_j - 1) < 1e-7);
		assert_true(at.energy_j >= least * (1 - 1e-9));
	}
	hg_plan_frontier_destroy(exact);
	hg_plan_frontier_destroy(rough);
	plans_finish(&p);
}

/* Whether a state is a flow of that value and optimal. */
static void is_optimal(const struct sweep *s, int64_t flow_uw)
{
	const struct net *net = s->net;
	int64_t *excess = calloc(net->n_events, sizeof *excess);

	assert_non_null(excess);
	for (uint32_t a = 0; a < net->n_arcs; a++) {
		assert_true(s->flow[a] >= 0);
		excess[net->arcs[a].head] += s->flow[a];
		excess[net->arcs[a].tail] -= s->flow[a];
	}
	for (uint32_t v = 2; v < net->n_events; v++)
		assert_true(excess[v] == 0);
	assert_true(excess[NET_SINK] == flow_uw);
	for (uint32_t v = 0; v < net->n_events; v++)
		for (uint32_t h = net->half_at[v]; h < s->half_end[v]; h++)
			assert_true(s->pi[s->halves[h].to] - s->pi[v] >= s->halves[h].len);
	free(excess);
}

/* From any state, however bad, mending ends at an optimal one. */
static void test_mend(void **state)
{
	struct net net;
	struct plans p;
	struct rng r;

	(void)state;
	rng_init(&r, 3);
	make(&p, HG_SCHEDULE_1F1B, 4, 8, 0, 0);
	assert_int_equal(net_init(&net, hg_pipeline_dag(p.pipeline), 0), HG_OK);
	for (int round = 0; round < 20; round++) {
		int64_t flow = (int64_t)(rng_double(&r) * 1e9);
		struct sweep s;

		assert_int_equal(sweep_init(&s, &net), HG_OK);
		for (uint32_t a = 0; a < net.n_arcs; a++)
			s.flow[a] = (int64_t)(rng_double(&r) * 3e8);
		for (uint32_t v = 2; round % 2 && v < net.n_events; v++)
			s.pi[v] += (int64_t)(rng_double(&r) * 1e9) - 500000000;
		assert_int_equal(sweep_mend(&s, flow, UINT64_MAX), HG_OK);
		is_optimal(&s, flow);
		sweep_finish(&s);
	}
	net_finish(&net);
	plans_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extended),
		cmocka_unit_test(test_nearly),
		cmocka_unit_test(test_anchored),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_quantum_bounds),
		cmocka_unit_test(test_mend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
