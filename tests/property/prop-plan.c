/*
 * The planner on random DAGs against a linear program over all options (GLPK, where it is there),
 * against brute force, and against what must hold of any frontier.
 */
#include <stdio.h>
#include <stdlib.h>

#ifdef HG_TEST_GLPK
#include <glpk.h>
#endif

#include <hourglass/plan.h>

#include "cloud.h"
#include "cmocka-all.h"
#include "near.h"

#define NODES   16
#define OPTIONS 8
#define ROUNDS  60
#define CELLS   (NODES * (NODES + 8) * (OPTIONS + 3))

/* A random DAG, as given to the planner. */
struct random_dag {
	uint32_t n, n_edges, n_devices;
	hg_option options[NODES][OPTIONS];
	uint32_t n_options[NODES], device[NODES], group[NODES];
	double static_w[3];
	struct {
		uint32_t from, to;
		double lag_s;
	} edges[NODES * NODES];
	hg_dag *dag;
};

/* Options of one node: clouds, convex curves, coarse values with ties, or one that is fixed. */
static void fill_options(struct rng *r, struct random_dag *d, uint32_t i)
{
	uint64_t shape = rng_below(r, 4);
	double scale = 0.5 + rng_double(r);

	d->n_options[i] = shape == 3 ? 1 : 1 + (uint32_t)rng_below(r, OPTIONS);
	for (uint32_t k = 0; k < d->n_options[i]; k++) {
		double x = rng_double(r);
		hg_option *o = d->options[i] + k;

		o->setting = k;
		if (shape == 1) { /* convex, a little noise */
			o->time_s = scale * (1 + x);
			o->energy_j = 100 * scale / (1 + x) * (1 + 0.01 * rng_double(r));
		} else if (shape == 2) {
			o->time_s = (double)rng_below(r, 5) / 4;
			o->energy_j = (double)rng_below(r, 5) * 10;
		} else {
			o->time_s = scale * x;
			o->energy_j = 50 * rng_double(r);
		}
	}
}

static void fill(struct rng *r, struct random_dag *d, uint32_t most, uint32_t groups)
{
	uint32_t shuffle[NODES];
	double density = rng_double(r);

	d->n = 1 + (uint32_t)rng_below(r, most);
	d->n_devices = 1 + (uint32_t)rng_below(r, 3);
	d->n_edges = 0;
	for (uint32_t i = 0; i < d->n_devices; i++)
		d->static_w[i] = rng_below(r, 3) ? 30 * rng_double(r) : 0;
	for (uint32_t i = 0; i < d->n; i++) {
		uint32_t j = (uint32_t)rng_below(r, i + 1);

		shuffle[i] = shuffle[j];
		shuffle[j] = i;
		d->device[i] =
			rng_below(r, 8) ? (uint32_t)rng_below(r, d->n_devices) : HG_DAG_NO_DEVICE;
		d->group[i] = groups && rng_below(r, 3) ? (uint32_t)rng_below(r, groups)
							: HG_DAG_NO_GROUP;
		fill_options(r, d, i);
	}
	for (uint32_t i = 0; i < d->n; i++) {
		for (uint32_t j = i + 1; j < d->n; j++) {
			if (rng_double(r) > density)
				continue;
			d->edges[d->n_edges].from = shuffle[i];
			d->edges[d->n_edges].to = shuffle[j];
			d->edges[d->n_edges++].lag_s = rng_below(r, 4) ? 0 : rng_double(r) / 2;
		}
	}
}

static hg_err build(struct random_dag *d, hg_error *why)
{
	uint32_t id;
	hg_err rc = hg_dag_create(&d->dag, why);

	for (uint32_t i = 0; i < d->n_devices && !rc; i++)
		rc = hg_dag_add_device(d->dag, NULL, d->static_w[i], &id, why);
	for (uint32_t i = 0; i < d->n && !rc; i++) {
		hg_node node = {.size = sizeof node,
			.device = d->device[i],
			.group = d->group[i],
			.family = HG_DAG_NO_GROUP};

		rc = hg_dag_add_options(
			d->dag, d->options[i], d->n_options[i], NULL, &node.work, why);
		if (!rc)
			rc = hg_dag_add_node(d->dag, &node, &id, why);
	}
	for (uint32_t i = 0; i < d->n_edges && !rc; i++) {
		rc = hg_dag_add_edge(
			d->dag, d->edges[i].from, d->edges[i].to, d->edges[i].lag_s, why);
		if (!rc && i % 3 == 0) /* once more, with a lag that does not count */
			rc = hg_dag_add_edge(d->dag, d->edges[i].from, d->edges[i].to,
				d->edges[i].lag_s / 2, why);
	}
	return rc ? rc : hg_dag_finish(d->dag, why);
}

static double total_static(const struct random_dag *d)
{
	double sum = 0;

	for (uint32_t i = 0; i < d->n_devices; i++)
		sum += d->static_w[i];
	return sum;
}

static double effective(const struct random_dag *d, uint32_t i, uint32_t k)
{
	double w = d->device[i] == HG_DAG_NO_DEVICE ? 0 : d->static_w[d->device[i]];

	return d->options[i][k].energy_j - w * d->options[i][k].time_s;
}

/* Makespan of a choice; choice NULL: the fastest options. */
static double makespan(const struct random_dag *d, const uint32_t *choice)
{
	double start[NODES] = {0}, end = 0;

	for (bool more = true; more;) {
		more = false;
		for (uint32_t e = 0; e < d->n_edges; e++) {
			uint32_t i = d->edges[e].from, j = d->edges[e].to;
			double t = d->options[i][choice ? choice[i] : 0].time_s;

			for (uint32_t k = 1; !choice && k < d->n_options[i]; k++)
				t = fmin(t, d->options[i][k].time_s);
			if (start[i] + t + d->edges[e].lag_s > start[j]) {
				start[j] = start[i] + t + d->edges[e].lag_s;
				more = true;
			}
		}
	}
	for (uint32_t i = 0; i < d->n; i++) {
		double t = d->options[i][choice ? choice[i] : 0].time_s;

		for (uint32_t k = 1; !choice && k < d->n_options[i]; k++)
			t = fmin(t, d->options[i][k].time_s);
		end = fmax(end, start[i] + t);
	}
	return end;
}

/* Times are rounded to ns: each node may be that much off, at the price of the flow. */
static double rounding(const struct random_dag *d, double slope_w)
{
	return 1e-6 + 1e-9 * (d->n + 2) * (total_static(d) - slope_w);
}

/* What must hold of the frontier and of the relaxed plan at each time asked for. */
static void check_frontier(const struct random_dag *d, const hg_plan_frontier *set)
{
	size_t n;
	const hg_plan_point *p = hg_plan_frontier_points(set, &n);
	hg_plan_frontier_info info = {.size = sizeof info};
	double w = total_static(d);

	hg_plan_frontier_get_info(set, &info);
	assert_true(info.complete);
	assert_int_equal(n, info.pieces + 1);
	assert_near_abs(info.t_min_s, makespan(d, NULL), 1e-14, 1e-12);
	assert_near_abs(p[0].time_s, info.t_min_s, 0, 5e-10 * (d->n + 1));
	assert_near_abs(p[n - 1].slope_w, w, 1e-12, 1e-12);
	for (size_t i = 0; i + 1 < n; i++) {
		assert_true(p[i].time_s < p[i + 1].time_s);
		assert_true(p[i].slope_w < p[i + 1].slope_w);
		assert_true(p[i].slope_w < w);
		assert_near_abs(p[i + 1].energy_j,
			p[i].energy_j + p[i].slope_w * (p[i + 1].time_s - p[i].time_s), 1e-9, 1e-9);
		assert_true((p[i].time_s >= info.t_star_s) == (p[i].slope_w > 0));
	}
}

static void check_relaxed(const struct random_dag *d, const hg_plan_frontier *set, double t)
{
	size_t n, m;
	hg_relaxed_info info = {.size = sizeof info};
	const double *windows, *starts, *node, *edge;
	double energy, slope, bound, flow, room;
	hg_relaxed *r;
	hg_error why;

	assert_ok(hg_plan_frontier_at(set, t, &energy, &slope, &why), &why);
	assert_ok(hg_relaxed_at(set, t, HG_CLASS_OP, &r, &why), &why);
	hg_relaxed_get_info(r, &info);
	room = rounding(d, slope);
	assert_near_abs(info.energy_j, energy, 1e-9, room);
	assert_near_abs(info.bound_j, energy, 1e-9, room);
	assert_true(info.bound_j <= info.energy_j + room);
	windows = hg_relaxed_windows(r, &n);
	starts = hg_relaxed_starts(r, &n);
	node = hg_relaxed_node_flows(r, &n);
	edge = hg_relaxed_edge_flows(r, &m);
	assert_int_equal(n, d->n);
	assert_ok(hg_dag_bound(d->dag, HG_CLASS_OP, node, edge, t, &bound, &flow, &why), &why);
	assert_near(bound, info.bound_j, 0);
	for (uint64_t e = 0; e < m; e++) {
		uint32_t from, to;
		double lag;

		assert_int_equal(hg_dag_edge(d->dag, e, &from, &to, &lag), HG_OK);
		assert_true(starts[from] + windows[from] + lag <= starts[to] + 2e-9);
	}
	for (uint32_t i = 0; i < n; i++) {
		assert_true(starts[i] >= 0);
		assert_true(starts[i] + windows[i] <= t + 1e-8);
	}
	hg_relaxed_destroy(r);
}

#ifdef HG_TEST_GLPK
/* A linear program while it is written down. */
struct program {
	glp_prob *lp;
	int first[NODES]; /* column of a node's first option; its start is column node + 1 */
	int at, row[CELLS], col[CELLS];
	double value[CELLS];
};

static void put(struct program *p, int row, int col, double value)
{
	p->at++;
	p->row[p->at] = row;
	p->col[p->at] = col;
	p->value[p->at] = value;
}

/* Shares of a node's options sum to 1; it ends in time. */
static void write_node(struct program *p, const struct random_dag *d, uint32_t i, double t)
{
	int shares = glp_add_rows(p->lp, 2), end = shares + 1;

	glp_set_col_bnds(p->lp, (int)i + 1, GLP_LO, 0, 0);
	glp_set_row_bnds(p->lp, shares, GLP_FX, 1, 1);
	glp_set_row_bnds(p->lp, end, GLP_UP, 0, t);
	put(p, end, (int)i + 1, 1);
	for (int k = 0; k < (int)d->n_options[i]; k++) {
		glp_set_col_bnds(p->lp, p->first[i] + k, GLP_LO, 0, 0);
		glp_set_obj_coef(p->lp, p->first[i] + k, effective(d, i, (uint32_t)k));
		put(p, shares, p->first[i] + k, 1);
		put(p, end, p->first[i] + k, d->options[i][k].time_s);
	}
}

static void write_edge(struct program *p, const struct random_dag *d, uint32_t e)
{
	uint32_t i = d->edges[e].from;
	int row = glp_add_rows(p->lp, 1);

	glp_set_row_bnds(p->lp, row, GLP_UP, 0, -d->edges[e].lag_s);
	put(p, row, (int)i + 1, 1);
	put(p, row, (int)d->edges[e].to + 1, -1);
	for (int k = 0; k < (int)d->n_options[i]; k++)
		put(p, row, p->first[i] + k, d->options[i][k].time_s);
}

/* A node of a group has the shares of the group's first node; settings are numbers of options. */
static void write_group(struct program *p, const struct random_dag *d, uint32_t i)
{
	uint32_t f = 0;

	while (d->group[i] != HG_DAG_NO_GROUP && d->group[f] != d->group[i])
		f++;
	if (d->group[i] == HG_DAG_NO_GROUP || f == i)
		return;
	for (int k = 0; k < OPTIONS; k++) {
		bool ours = k < (int)d->n_options[i], theirs = k < (int)d->n_options[f];

		if (ours && theirs) {
			int row = glp_add_rows(p->lp, 1);

			glp_set_row_bnds(p->lp, row, GLP_FX, 0, 0);
			put(p, row, p->first[i] + k, 1);
			put(p, row, p->first[f] + k, -1);
		} else if (ours || theirs) {
			glp_set_col_bnds(p->lp, p->first[ours ? i : f] + k, GLP_FX, 0, 0);
		}
	}
}

/* Least total energy of all mixes of options within t; NAN: there is none. */
static double solve_lp(const struct random_dag *d, double t)
{
	static struct program p;
	int columns = (int)d->n;
	glp_smcp parm;
	double result = (double)NAN;

	p.at = 0;
	p.lp = glp_create_prob();
	for (uint32_t i = 0; i < d->n; i++) {
		p.first[i] = columns + 1;
		columns += (int)d->n_options[i];
	}
	glp_add_cols(p.lp, columns);
	for (uint32_t i = 0; i < d->n; i++)
		write_node(&p, d, i, t);
	for (uint32_t e = 0; e < d->n_edges; e++)
		write_edge(&p, d, e);
	for (uint32_t i = 0; i < d->n; i++)
		write_group(&p, d, i);
	glp_load_matrix(p.lp, p.at, p.row, p.col, p.value);
	glp_set_obj_dir(p.lp, GLP_MIN);
	glp_init_smcp(&parm);
	parm.msg_lev = GLP_MSG_OFF;
	parm.meth = GLP_DUALP;
	if (glp_simplex(p.lp, &parm) == 0 && glp_get_status(p.lp) == GLP_OPT)
		result = glp_get_obj_val(p.lp) + total_static(d) * t;
	glp_delete_prob(p.lp);
	return result;
}

static void check_lp(const struct random_dag *d, const hg_plan_frontier *set, double t)
{
	double energy, slope, lp = solve_lp(d, t);
	hg_error why;

	assert_true(!isnan(lp));
	assert_ok(hg_plan_frontier_at(set, t, &energy, &slope, &why), &why);
	assert_near_abs(energy, lp, 1e-6, rounding(d, slope));
}
#endif

/* At seven times from T_min to beyond T_max. */
static void test_relaxed(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, cloud_seed());
#ifndef HG_TEST_GLPK
	printf("skipped: the linear program, as GLPK is not there\n");
#endif
	for (size_t round = 0; round < ROUNDS * cloud_effort(); round++) {
		struct random_dag d;
		hg_plan_frontier *set;
		hg_plan_frontier_info info = {.size = sizeof info};
		hg_error why;

		fill(&r, &d, NODES, 0);
		assert_ok(build(&d, &why), &why);
		assert_ok(hg_plan_solve(d.dag, NULL, &set, &why), &why);
		check_frontier(&d, set);
		hg_plan_frontier_get_info(set, &info);
		for (int k = 0; k <= 6; k++) {
			double t = info.t_min_s + (info.t_max_s - info.t_min_s) * k / 5 +
				   (k == 0 ? 1e-7 : 0);

			check_relaxed(&d, set, t);
#ifdef HG_TEST_GLPK
			check_lp(&d, set, t);
#endif
		}
		hg_plan_frontier_destroy(set);
		hg_dag_destroy(d.dag);
	}
}

/* Nodes that share settings: the relaxed plan is the linear program's, and so is its bound. */
static void test_groups(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, cloud_seed() + 3);
	for (size_t round = 0; round < ROUNDS * cloud_effort(); round++) {
		struct random_dag d;
		hg_plan_frontier *set;
		hg_plan_frontier_info info = {.size = sizeof info};
		hg_error why;

		fill(&r, &d, NODES, 3);
		assert_ok(build(&d, &why), &why);
		assert_ok(hg_plan_solve(d.dag, NULL, &set, &why), &why);
		hg_plan_frontier_get_info(set, &info);
		for (int k = 0; k <= 4; k++) {
			double t = info.t_min_s + (2 * info.t_max_s - info.t_min_s) * k / 4;
			hg_relaxed_info at = {.size = sizeof at};
			hg_relaxed *relaxed;
			hg_err rc = hg_relaxed_at(set, t, HG_CLASS_OP, &relaxed, &why);

#ifdef HG_TEST_GLPK
			double lp = solve_lp(&d, t);

			if (k > 0) /* at T_min rounding decides */
				assert_int_equal(rc == HG_EINFEASIBLE, isnan(lp) != 0);
#endif
			if (rc)
				continue;
			hg_relaxed_get_info(relaxed, &at);
			hg_relaxed_destroy(relaxed);
			assert_near_abs(at.bound_j, at.energy_j, 1e-6, 1e-6 + 1e-9 * at.flow_w);
#ifdef HG_TEST_GLPK
			if (k > 0)
				assert_near_abs(at.energy_j, lp, 1e-6, 1e-6 + 1e-9 * at.flow_w);
#endif
		}
		hg_plan_frontier_destroy(set);
		hg_dag_destroy(d.dag);
	}
}

/* The cheapest of all combinations within t; the choice may be infeasible: then INFINITY. */
static double brute_force(const struct random_dag *d, double t)
{
	uint32_t choice[NODES] = {0}, i;
	double best = INFINITY;

	do {
		double sum = total_static(d) * t;

		for (i = 0; i < d->n; i++)
			sum += effective(d, i, choice[i]);
		if (sum < best && makespan(d, choice) <= t)
			best = sum;
		for (i = 0; i < d->n && ++choice[i] == d->n_options[i]; i++)
			choice[i] = 0;
	} while (i < d->n);
	return best;
}

/* No combination of options beats the bound; at T_max one meets it. */
static void test_bound(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, cloud_seed() + 1);
	for (size_t round = 0; round < 40 * cloud_effort(); round++) {
		struct random_dag d;
		hg_plan_frontier *set;
		hg_plan_frontier_info info = {.size = sizeof info};
		hg_error why;

		fill(&r, &d, 5, 0);
		for (uint32_t i = 0; i < d.n; i++)
			d.n_options[i] = d.n_options[i] > 4 ? 4 : d.n_options[i];
		assert_ok(build(&d, &why), &why);
		assert_ok(hg_plan_solve(d.dag, NULL, &set, &why), &why);
		hg_plan_frontier_get_info(set, &info);
		for (int k = 0; k <= 4; k++) {
			double t = info.t_min_s + (info.t_max_s - info.t_min_s) * k / 4 + 1e-7;
			hg_relaxed_info at = {.size = sizeof at};
			hg_relaxed *relaxed;

			assert_ok(hg_relaxed_at(set, t, HG_CLASS_OP, &relaxed, &why), &why);
			hg_relaxed_get_info(relaxed, &at);
			hg_relaxed_destroy(relaxed);
			assert_true(brute_force(&d, t) >= at.bound_j - 1e-9);
			if (k == 4)
				assert_near_abs(brute_force(&d, t), at.bound_j, 1e-9, 1e-9);
		}
		hg_plan_frontier_destroy(set);
		hg_dag_destroy(d.dag);
	}
}

/* Two chains between two nodes, the rest as it comes. */
static void add_chains(struct random_dag *d)
{
	static const uint32_t ends[][2] = {{0, 1}, {1, 2}, {2, 5}, {0, 3}, {3, 4}, {4, 5}};

	d->n = 6;
	d->n_edges = 0;
	for (uint32_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		d->edges[d->n_edges].from = ends[i][0];
		d->edges[d->n_edges].to = ends[i][1];
		d->edges[d->n_edges++].lag_s = i == 3 ? 0.125 : 0;
	}
}

/* What pairs of chains add to a bound leaves it a bound, at any time and for any flow. */
static void test_pairs(void **state)
{
	struct rng r;
	unsigned gains = 0;

	(void)state;
	rng_init(&r, cloud_seed() + 3);
	for (size_t round = 0; round < 60 * cloud_effort(); round++) {
		struct random_dag d;
		hg_plan_frontier *set;
		hg_plan_frontier_info info = {.size = sizeof info};
		hg_error why;

		fill(&r, &d, 6, 0);
		if (round % 2) {
			for (uint32_t i = d.n; i < 6; i++) {
				fill_options(&r, &d, i);
				d.device[i] = 0;
				d.group[i] = HG_DAG_NO_GROUP;
			}
			add_chains(&d);
		}
		for (uint32_t i = 0; i < d.n; i++)
			d.n_options[i] = d.n_options[i] > 4 ? 4 : d.n_options[i];
		assert_ok(build(&d, &why), &why);
		assert_ok(hg_plan_solve(d.dag, NULL, &set, &why), &why);
		hg_plan_frontier_get_info(set, &info);
		for (int k = 0; k <= 4; k++) {
			double t = info.t_min_s + (info.t_max_s - info.t_min_s) * k / 4 + 1e-7;
			hg_relaxed *relaxed;
			const double *node, *edge;
			double gain, bound;
			size_t n;

			assert_ok(hg_relaxed_at(set, t, HG_CLASS_OP, &relaxed, &why), &why);
			node = hg_relaxed_node_flows(relaxed, &n);
			edge = hg_relaxed_edge_flows(relaxed, &n);
			assert_ok(hg_dag_pairs(d.dag, node, edge, &gain, &why), &why);
			assert_true(gain >= 0);
			gains += gain > 0;
			/* the flow of one time, the plans of another */
			for (int j = 0; j < 5; j++) {
				double u = info.t_min_s + (info.t_max_s - info.t_min_s) * j / 4;
				double best;

				assert_ok(hg_dag_bound(d.dag, HG_CLASS_OP, node, edge, u + 1e-7,
						  &bound, NULL, &why),
					&why);
				best = brute_force(&d, u + 1e-7);
				assert_true(best >= bound + gain - 1e-9);
			}
			hg_relaxed_destroy(relaxed);
		}
		hg_plan_frontier_destroy(set);
		hg_dag_destroy(d.dag);
	}
	assert_true(gains > 0);
}

/* A quantum keeps the bound below the truth, and near it. */
static void test_quantum(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, cloud_seed() + 2);
	for (size_t round = 0; round < 30 * cloud_effort(); round++) {
		struct random_dag d;
		hg_plan_frontier *exact, *coarse;
		double longest;
		hg_plan_frontier_info info = {.size = sizeof info};
		hg_solve_opts opts = {.size = sizeof opts, .quantum_w = 5};
		hg_error why;

		fill(&r, &d, NODES, 0);
		assert_ok(build(&d, &why), &why);
		assert_ok(hg_plan_solve(d.dag, NULL, &exact, &why), &why);
		assert_ok(hg_plan_solve(d.dag, &opts, &coarse, &why), &why);
		hg_plan_frontier_get_info(exact, &info);
		longest = info.t_max_s;
		hg_plan_frontier_get_info(coarse, &info);
		for (int k = 0; k <= 4; k++) {
			double t = info.t_min_s + (info.t_max_s - info.t_min_s) * k / 4, energy,
			       slope;
			hg_relaxed_info at = {.size = sizeof at};
			hg_relaxed *relaxed;

			assert_ok(hg_relaxed_at(coarse, t, HG_CLASS_OP, &relaxed, &why), &why);
			hg_relaxed_get_info(relaxed, &at);
			hg_relaxed_destroy(relaxed);
			assert_ok(hg_plan_frontier_at(exact, t, &energy, &slope, &why), &why);
			assert_true(at.bound_j <= energy + rounding(&d, slope));
			assert_true(at.energy_j >= energy - rounding(&d, slope));
			assert_true(at.energy_j - at.bound_j <= 5 * longest * d.n);
		}
		hg_plan_frontier_destroy(exact);
		hg_plan_frontier_destroy(coarse);
		hg_dag_destroy(d.dag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relaxed),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_quantum),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

#ifdef HG_TEST_GLPK
	glp_free_env();
#endif
	return failed;
}
