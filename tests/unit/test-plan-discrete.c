/* Discrete plans: against all plans there are, against the bound, against the checker. */
#include <math.h>
#include <stdlib.h>

#include <hourglass/plan.h>

#include "cloud.h"
#include "cmocka-all.h"
#include "core/rng.h"
#include "near.h"

#define MOST_NODES 40

/* A random DAG, kept open to the tests. */
struct small {
	hg_dag *dag;
	hg_plan_frontier *set;
	hg_plan_frontier_info info;
	uint32_t n, n_edges, devices;
	hg_option options[MOST_NODES][8];
	uint32_t n_options[MOST_NODES], device[MOST_NODES], from[400], to[400];
	double lag[400], power[4];
};

static void options_fill(struct rng *r, hg_option *o, uint32_t n)
{
	double time = 0.05 + rng_double(r), energy = 30.0 + 50.0 * rng_double(r);

	for (uint32_t k = 0; k < n; k++) {
		o[k] = (hg_option){time, energy, 100 + k};
		time *= 1.0 + 0.3 * rng_double(r);
		/* convex or not, and now and then dominated */
		energy *= 1.05 - 0.25 * rng_double(r);
	}
}

/* Nodes in a random order of devices; each device's nodes are a chain. */
static void small_make(struct small *s, struct rng *r, uint32_t n, uint32_t most_options)
{
	hg_error why = {""};
	uint32_t last[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};

	memset(s, 0, sizeof *s);
	s->n = n;
	s->devices = 1 + (uint32_t)rng_below(r, 3);
	assert_ok(hg_dag_create(&s->dag, &why), &why);
	for (uint32_t d = 0; d < s->devices; d++) {
		uint32_t id;

		s->power[d] = rng_below(r, 4) == 0 ? 0.0 : 20.0 * rng_double(r);
		assert_ok(hg_dag_add_device(s->dag, NULL, s->power[d], &id, &why), &why);
	}
	for (uint32_t i = 0; i < n; i++) {
		hg_node node = {.size = sizeof node, .group = HG_DAG_NO_GROUP};
		uint32_t id;

		s->n_options[i] = 1 + (uint32_t)rng_below(r, most_options);
		s->device[i] = (uint32_t)rng_below(r, s->devices);
		options_fill(r, s->options[i], s->n_options[i]);
		assert_ok(hg_dag_add_options(
				  s->dag, s->options[i], s->n_options[i], NULL, &node.work, &why),
			&why);
		node.device = s->device[i];
		node.family = s->device[i];
		assert_ok(hg_dag_add_node(s->dag, &node, &id, &why), &why);
		if (last[node.device] != UINT32_MAX) {
			s->from[s->n_edges] = last[node.device];
			s->to[s->n_edges++] = i;
		}
		last[node.device] = i;
		for (uint32_t p = 0; p < i; p++) {
			if (rng_below(r, i) != 0)
				continue;
			s->lag[s->n_edges] = rng_below(r, 3) == 0 ? 0.1 * rng_double(r) : 0.0;
			s->from[s->n_edges] = p;
			s->to[s->n_edges++] = i;
		}
	}
	for (uint32_t e = 0; e < s->n_edges; e++)
		assert_ok(hg_dag_add_edge(s->dag, s->from[e], s->to[e], s->lag[e], &why), &why);
	assert_ok(hg_dag_finish(s->dag, &why), &why);
	assert_ok(hg_plan_solve(s->dag, NULL, &s->set, &why), &why);
	s->info.size = sizeof s->info;
	hg_plan_frontier_get_info(s->set, &s->info);
}

static void small_free(struct small *s)
{
	hg_plan_frontier_destroy(s->set);
	hg_dag_destroy(s->dag);
}

/* Makespan and effective energy of a choice of options, the plain way. */
static double small_time(const struct small *s, const uint32_t *pick, double *eff)
{
	double end[MOST_NODES], most = 0.0;

	*eff = 0.0;
	for (uint32_t i = 0; i < s->n; i++) {
		const hg_option *o = &s->options[i][pick[i]];

		end[i] = 0.0;
		for (uint32_t e = 0; e < s->n_edges; e++)
			if (s->to[e] == i)
				end[i] = fmax(end[i], end[s->from[e]] + s->lag[e]);
		end[i] += o->time_s;
		most = fmax(most, end[i]);
		*eff += o->energy_j - s->power[s->device[i]] * o->time_s;
	}
	return most;
}

static uint64_t small_switches(const struct small *s, const uint32_t *pick)
{
	uint32_t last[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	uint64_t changes = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		changes += last[s->device[i]] != UINT32_MAX && last[s->device[i]] != pick[i];
		last[s->device[i]] = pick[i];
	}
	return changes;
}

/* The least effective energy within a deadline, of all plans there are with so few changes. */
static double small_best(const struct small *s, double deadline, uint64_t most_switches)
{
	uint32_t pick[MOST_NODES] = {0};
	double best = INFINITY;

	for (;;) {
		double eff, time = small_time(s, pick, &eff);
		uint32_t i = 0;

		if (time <= deadline && eff < best && small_switches(s, pick) <= most_switches)
			best = eff;
		while (i < s->n && ++pick[i] == s->n_options[i])
			pick[i++] = 0;
		if (i == s->n)
			return best;
	}
}

static double total_power(const struct small *s)
{
	double sum = 0.0;

	for (uint32_t d = 0; d < s->devices; d++)
		sum += s->power[d];
	return sum;
}

/* Checks a plan with the checker, with the flow of the relaxed plan at its deadline. */
static void audit(const struct small *s, const hg_plan *plan, const hg_plan_opts *opts)
{
	hg_error why = {""};
	hg_plan_info info = {.size = sizeof info};
	hg_plan_verdict v = {.size = sizeof v};
	uint32_t option[MOST_NODES];
	double start[MOST_NODES];
	size_t n;
	const hg_plan_step *steps = hg_plan_steps(plan, &n);
	hg_relaxed *relaxed;
	hg_plan_claim claim = {.size = sizeof claim, .option = option, .start_s = start};

	hg_plan_get_info(plan, &info);
	assert_int_equal(n, s->n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(steps[i].node, i);
		option[i] = steps[i].option;
		start[i] = steps[i].start_s;
	}
	assert_ok(hg_relaxed_at(
			  s->set, fmax(opts->time_s, s->info.t_min_s), HG_CLASS_OP, &relaxed, &why),
		&why);
	claim.class_of = info.class_of;
	claim.time_s = info.time_s;
	claim.charged_s = info.charged_s;
	claim.energy_j = info.energy_j;
	claim.bound_j = info.bound_j;
	claim.switch_cost_j = opts->switch_cost_j;
	claim.switch_latency_s = opts->switch_latency_s;
	claim.switches = info.switches;
	claim.node_flow_w = hg_relaxed_node_flows(relaxed, &n);
	claim.edge_flow_w = hg_relaxed_edge_flows(relaxed, &n);
	assert_ok(hg_plan_check(s->dag, &claim, &v, &why), &why);
	if (!v.holds)
		print_error("%s\n", why.text);
	assert_true(v.holds);
	hg_relaxed_destroy(relaxed);
}

/* Small DAGs: never above the deadline, never below the optimum, near to it. */
static void test_optimum(void **state)
{
	struct rng r;
	size_t cases = 30 * cloud_effort();
	double excess = 0.0;
	size_t hits = 0, plans = 0;

	(void)state;
	rng_init(&r, cloud_seed());
	for (size_t c = 0; c < cases; c++) {
		struct small s;
		double at[4];

		small_make(&s, &r, 1 + (uint32_t)rng_below(&r, 7), 4);
		at[0] = s.info.t_min_s;
		at[1] = s.info.t_min_s + 0.2 * (s.info.t_max_s - s.info.t_min_s);
		at[2] = s.info.t_min_s + rng_double(&r) * (s.info.t_max_s - s.info.t_min_s);
		at[3] = 1.5 * s.info.t_max_s;
		for (int k = 0; k < 4; k++) {
			hg_error why = {""};
			hg_plan *plan;
			hg_plan_info info = {.size = sizeof info};
			hg_plan_opts opts = {.size = sizeof opts,
				.time_s = at[k],
				.charge_s = at[k] + 1.0,
				.iterations = 300,
				.seed = c};
			double best = small_best(&s, at[k] + 1e-7, UINT64_MAX) +
				      total_power(&s) * opts.charge_s;

			assert_ok(hg_plan_at(s.set, &opts, &plan, &why), &why);
			hg_plan_get_info(plan, &info);
			assert_true(info.time_s <= at[k] + 1e-7);
			assert_true(info.energy_j >= best * (1.0 - 1e-12) - 1e-9);
			assert_true(info.energy_j >= info.bound_j * (1.0 - 1e-9) - 1e-9);
			assert_near_abs(info.charged_s, opts.charge_s, 0.0, 1e-12);
			audit(&s, plan, &opts);
			excess = fmax(excess, info.energy_j / best - 1.0);
			hits += info.energy_j <= best + 1e-9;
			plans++;
			hg_plan_destroy(plan);
		}
		small_free(&s);
	}
	print_message("%zu of %zu plans are optimal, the worst is %.3g %% above\n", hits, plans,
		100.0 * excess);
	assert_true(hits >= plans * 97 / 100);
	assert_true(excess <= 0.05);
}

/* Larger DAGs, with and without costs of switching: what is said is true. */
static void test_claims(void **state)
{
	struct rng r;
	size_t cases = 20 * cloud_effort();

	(void)state;
	rng_init(&r, cloud_seed() + 1);
	for (size_t c = 0; c < cases; c++) {
		struct small s;
		hg_error why = {""};
		double span;

		small_make(&s, &r, 10 + (uint32_t)rng_below(&r, 30), 8);
		span = s.info.t_max_s - s.info.t_min_s;
		for (int k = 0; k < 4; k++) {
			hg_plan *plan;
			hg_plan_info info = {.size = sizeof info};
			hg_plan_opts opts = {.size = sizeof opts,
				.time_s = s.info.t_min_s + span * rng_double(&r),
				.iterations = 100,
				.seed = c,
				.switch_cost_j = k & 1 ? rng_double(&r) : 0.0,
				.switch_latency_s = k & 2 ? 0.1 * rng_double(&r) : 0.0};
			hg_err rc = hg_plan_at(s.set, &opts, &plan, &why);

			if (rc == HG_EINFEASIBLE && opts.switch_latency_s > 0.0)
				continue; /* near T_min there may be no time to switch */
			assert_ok(rc, &why);
			hg_plan_get_info(plan, &info);
			assert_true(info.time_s <= opts.time_s * (1.0 + 1e-12) + 1e-7);
			assert_true(info.gap >= -1e-9);
			assert_near(info.switch_energy_j,
				opts.switch_cost_j * (double)info.switches, 1e-12);
			audit(&s, plan, &opts);
			hg_plan_destroy(plan);
		}
		small_free(&s);
	}
}

/* At most so many changes of setting: never more, never below the optimum, near to it. */
static void test_few(void **state)
{
	struct rng r;
	size_t plans = 0, hits = 0, none = 0;
	double excess = 0.0;

	(void)state;
	rng_init(&r, cloud_seed() + 3);
	for (size_t c = 0; c < 30 * cloud_effort(); c++) {
		struct small s;
		hg_error why = {""};
		hg_plan *plan;
		hg_plan_info info = {.size = sizeof info};
		hg_plan_opts opts = {.size = sizeof opts, .iterations = 2000, .seed = c};
		double best;
		hg_err rc;

		small_make(&s, &r, 2 + (uint32_t)rng_below(&r, 6), 4);
		opts.time_s =
			s.info.t_min_s + (0.2 + rng_double(&r)) * (s.info.t_max_s - s.info.t_min_s);
		opts.charge_s = opts.time_s + 1.0;
		opts.most_switches = 1 + rng_below(&r, 2);
		opts.switch_cost_j = c & 1 ? 1e-3 : 0.0;
		best = small_best(&s, opts.time_s + 1e-7, opts.most_switches);
		rc = hg_plan_at(s.set, &opts, &plan, &why);
		if (rc == HG_EINFEASIBLE) {
			none += best < INFINITY;
			small_free(&s);
			continue;
		}
		assert_ok(rc, &why);
		hg_plan_get_info(plan, &info);
		assert_true(info.switches <= opts.most_switches);
		assert_true(info.time_s <= opts.time_s + 1e-7);
		best += total_power(&s) * opts.charge_s;
		assert_true(info.energy_j - info.switch_energy_j >= best * (1.0 - 1e-12) - 1e-9);
		assert_near(info.switch_energy_j, opts.switch_cost_j * (double)info.switches,
			1e-12); /* not what the search charged */
		audit(&s, plan, &opts);
		excess = fmax(excess, (info.energy_j - info.switch_energy_j) / best - 1.0);
		hits += info.energy_j - info.switch_energy_j <= best + 1e-9;
		plans++;
		hg_plan_destroy(plan);
		small_free(&s);
	}
	print_message("%zu of %zu plans with few changes are optimal, the worst is %.3g %% above, "
		      "%zu not found\n",
		hits, plans, 100.0 * excess, none);
	assert_true(hits >= plans * 7 / 10);
	assert_true(none <= plans / 20);
}

/* A class shares what it says, costs no less, and the price of changes is obeyed. */
static void test_classes(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, cloud_seed() + 2);
	for (size_t c = 0; c < 15 * cloud_effort(); c++) {
		struct small s;
		hg_error why = {""};
		double energy[3] = {0};

		small_make(&s, &r, 12, 8);
		for (int k = 0; k < 2; k++) {
			hg_plan *plan;
			hg_plan_info info = {.size = sizeof info};
			hg_plan_opts opts = {.size = sizeof opts,
				.class_of = k ? HG_CLASS_FAMILY : HG_CLASS_OP,
				.time_s = 1.2 * s.info.t_max_s,
				.charge_s = 2.0 * s.info.t_max_s,
				.iterations = 200};

			assert_ok(hg_plan_at(s.set, &opts, &plan, &why), &why);
			hg_plan_get_info(plan, &info);
			energy[k] = info.energy_j;
			if (k) {
				size_t n;
				const hg_plan_step *steps = hg_plan_steps(plan, &n);

				assert_int_equal(info.switches, 0);
				for (size_t i = 1; i < n; i++)
					for (size_t j = 0; j < i; j++)
						if (s.device[i] == s.device[j])
							assert_int_equal(
								steps[i].setting, steps[j].setting);
			}
			audit(&s, plan, &opts);
			hg_plan_destroy(plan);
		}
		assert_true(energy[1] >= energy[0] * (1.0 - 1e-12));
		small_free(&s);
	}
}

/* A true claim about a plan of a DAG. */
struct truth {
	struct small s;
	hg_plan *plan;
	hg_relaxed *relaxed;
	hg_plan_claim claim;
	uint32_t option[MOST_NODES];
	double node[MOST_NODES], edge[400];
	size_t m;
};

static void truth_make(struct truth *t)
{
	struct rng r;
	hg_error why = {""};
	hg_plan_info info = {.size = sizeof info};
	hg_plan_opts opts = {.size = sizeof opts, .iterations = 50};
	const double *flows;
	size_t n;

	rng_init(&r, 5);
	small_make(&t->s, &r, 20, 6);
	opts.time_s = 0.7 * t->s.info.t_min_s + 0.3 * t->s.info.t_max_s;
	assert_ok(hg_plan_at(t->s.set, &opts, &t->plan, &why), &why);
	hg_plan_get_info(t->plan, &info);
	assert_ok(hg_relaxed_at(t->s.set, opts.time_s, HG_CLASS_OP, &t->relaxed, &why), &why);
	flows = hg_relaxed_node_flows(t->relaxed, &n);
	memcpy(t->node, flows, n * sizeof *flows);
	flows = hg_relaxed_edge_flows(t->relaxed, &t->m);
	memcpy(t->edge, flows, t->m * sizeof *flows);
	for (uint32_t i = 0; i < t->s.n; i++)
		t->option[i] = hg_plan_steps(t->plan, &n)[i].option;
	t->claim = (hg_plan_claim){.size = sizeof t->claim,
		.option = t->option,
		.time_s = info.time_s,
		.energy_j = info.energy_j,
		.bound_j = info.bound_j,
		.switches = info.switches,
		.node_flow_w = t->node,
		.edge_flow_w = t->edge};
}

static void truth_free(struct truth *t)
{
	hg_relaxed_destroy(t->relaxed);
	hg_plan_destroy(t->plan);
	small_free(&t->s);
}

static void refuse(const struct truth *t, hg_plan_claim lie, const char *text)
{
	hg_error why = {""};
	hg_plan_verdict v = {.size = sizeof v};

	assert_ok(hg_plan_check(t->s.dag, &lie, &v, &why), &why);
	assert_int_equal(v.holds, 0);
	assert_has(why.text, text);
}

/* Every false claim is refused, the true one is not. */
static void test_false_claims(void **state)
{
	struct truth t;
	hg_error why = {""};
	hg_plan_verdict v = {.size = sizeof v};
	hg_plan_claim lie;

	(void)state;
	truth_make(&t);
	assert_ok(hg_plan_check(t.s.dag, &t.claim, &v, &why), &why);
	assert_int_equal(v.holds, 1);
	lie = t.claim;
	lie.time_s *= 1.0 - 1e-6;
	refuse(&t, lie, "makespan");
	lie = t.claim;
	lie.energy_j *= 1.0 - 1e-6;
	refuse(&t, lie, "energy");
	lie = t.claim;
	lie.bound_j *= 1.0 + 1e-6;
	refuse(&t, lie, "bound");
	lie = t.claim;
	lie.node_flow_w = lie.edge_flow_w = NULL;
	refuse(&t, lie, "without a flow");
	lie = t.claim;
	lie.switches++;
	refuse(&t, lie, "changes");
	lie = t.claim;
	lie.class_of = HG_CLASS_FAMILY;
	refuse(&t, lie, "share");
	lie = t.claim;
	lie.charged_s = 0.5 * lie.time_s;
	lie.energy_j = (double)NAN;
	refuse(&t, lie, "charged");
	lie = t.claim;
	lie.node_flow_w = NULL;
	assert_int_equal(hg_plan_check(t.s.dag, &lie, &v, &why), HG_EINVAL);
	truth_free(&t);
}

/* Options and flows that were tampered with. */
static void test_corrupted(void **state)
{
	struct truth t;
	hg_error why = {""};
	hg_plan_verdict v = {.size = sizeof v};

	(void)state;
	truth_make(&t);
	for (uint32_t i = 0; i < t.s.n; i++) {
		uint32_t keep = t.option[i];

		if (t.s.n_options[i] == 1)
			continue;
		t.option[i] = (keep + 1) % t.s.n_options[i];
		assert_ok(hg_plan_check(t.s.dag, &t.claim, &v, &why), &why);
		assert_int_equal(v.holds, 0);
		t.option[i] = keep;
	}
	for (size_t e = 0; e < t.m; e++) {
		double keep = t.edge[e];

		t.edge[e] += 1000.0;
		if (hg_plan_check(t.s.dag, &t.claim, &v, &why) == HG_OK)
			assert_int_equal(v.holds, 0);
		t.edge[e] = -1.0;
		assert_int_equal(hg_plan_check(t.s.dag, &t.claim, &v, &why), HG_EINVAL);
		t.edge[e] = keep;
	}
	for (uint32_t i = 0; i < t.s.n; i++) {
		double keep = t.node[i];

		t.node[i] = (double)NAN;
		assert_int_equal(hg_plan_check(t.s.dag, &t.claim, &v, &why), HG_EINVAL);
		t.node[i] = keep;
	}
	t.option[0] = 1000;
	assert_int_equal(hg_plan_check(t.s.dag, &t.claim, &v, &why), HG_EINVAL);
	truth_free(&t);
}

/* The same seed gives the same plan, step by step. */
/* A clock that goes on by 20 us whenever it is asked. */
static int64_t step_clock(void *user)
{
	int64_t *now = user;

	*now += 20000;
	return *now;
}

/* With little effort, plans are still true and keep the deadline, and the effort ends the work. */
static void test_hurry(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, 12);
	for (int round = 0; round < 60; round++) {
		struct small s;
		hg_error why = {""};
		hg_plan *plan;
		hg_plan_info info = {.size = sizeof info};
		int64_t now = 0;
		hg_plan_opts opts = {.size = sizeof opts,
			.effort_s = 0.0001 * (1 + round % 8),
			.clock = step_clock,
			.clock_user = &now,
			.switch_cost_j = round % 3 == 2 ? 1.0 : 0.0,
			.switch_latency_s = round % 6 == 5 ? 0.1 : 0.0};

		small_make(&s, &r, 30, 8);
		opts.time_s = s.info.t_min_s + 1e-6 +
			      0.3 * (round % 5) * (s.info.t_max_s - s.info.t_min_s);
		assert_ok(hg_plan_at(s.set, &opts, &plan, &why), &why);
		hg_plan_get_info(plan, &info);
		assert_true(info.time_s <= opts.time_s * (1 + 1e-12));
		assert_true(info.energy_j >= info.bound_j * (1 - 1e-9));
		assert_true(info.tight_bound_j >= info.bound_j);
		assert_true(info.gap >= 0.0 && info.tight_gap >= 0.0);
		assert_true(info.energy_j >= info.tight_bound_j * (1 - 1e-9));
		audit(&s, plan, &opts);
		hg_plan_destroy(plan);
		small_free(&s);
	}
}

static void test_same_again(void **state)
{
	struct rng r;
	struct small s;
	hg_error why = {""};
	hg_plan *plan[2];
	hg_plan_opts opts = {.size = sizeof opts, .iterations = 500, .seed = 7};
	size_t n;

	(void)state;
	rng_init(&r, 11);
	small_make(&s, &r, 40, 8);
	opts.time_s = 0.8 * s.info.t_min_s + 0.2 * s.info.t_max_s;
	for (int k = 0; k < 2; k++)
		assert_ok(hg_plan_at(s.set, &opts, &plan[k], &why), &why);
	for (uint32_t i = 0; i < s.n; i++) {
		const hg_plan_step *a = &hg_plan_steps(plan[0], &n)[i];
		const hg_plan_step *b = &hg_plan_steps(plan[1], &n)[i];

		assert_int_equal(a->option, b->option);
		assert_true(a->start_s == b->start_s);
	}
	hg_plan_destroy(plan[0]);
	hg_plan_destroy(plan[1]);
	small_free(&s);
}

/* One node; no choice at all; deadlines that cannot be met; options that make no sense. */
static void test_edges(void **state)
{
	struct rng r;
	struct small s;
	hg_error why = {""};
	hg_plan *plan = NULL;
	hg_plan_info info = {.size = sizeof info};
	hg_plan_opts opts = {.size = sizeof opts};

	(void)state;
	rng_init(&r, 3);
	small_make(&s, &r, 1, 1);
	opts.time_s = s.options[0][0].time_s;
	assert_ok(hg_plan_at(s.set, &opts, &plan, &why), &why);
	hg_plan_get_info(plan, &info);
	assert_near(info.time_s, opts.time_s, 1e-12);
	assert_near_abs(info.gap, 0.0, 0.0, 1e-7);
	hg_plan_destroy(plan);
	opts.time_s *= 0.999;
	assert_int_equal(hg_plan_at(s.set, &opts, &plan, &why), HG_EINFEASIBLE);
	assert_has(why.text, "least time");
	small_free(&s);

	small_make(&s, &r, 30, 1);
	opts.time_s = s.info.t_min_s;
	opts.iterations = 100;
	assert_ok(hg_plan_at(s.set, &opts, &plan, &why), &why);
	hg_plan_get_info(plan, &info);
	assert_true(info.time_s <= opts.time_s + 1e-7);
	assert_near_abs(info.gap, 0.0, 0.0, 1e-7);
	hg_plan_destroy(plan);
	opts.charge_s = 0.5 * opts.time_s;
	assert_int_equal(hg_plan_at(s.set, &opts, &plan, &why), HG_EINVAL);
	opts.charge_s = 0.0;
	opts.effort_s = 1.0; /* without a clock */
	assert_int_equal(hg_plan_at(s.set, &opts, &plan, &why), HG_EINVAL);
	opts.effort_s = 0.0;
	opts.switch_cost_j = -1.0;
	assert_int_equal(hg_plan_at(s.set, &opts, &plan, &why), HG_EINVAL);
	opts.switch_cost_j = 0.0;
	opts.time_s = (double)NAN;
	assert_int_equal(hg_plan_at(s.set, &opts, &plan, &why), HG_EINVAL);
	small_free(&s);
	hg_plan_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_optimum),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_false_claims),
		cmocka_unit_test(test_corrupted),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
