/*
 * A frontier solved in stretches by several threads is the one that a single thread finds, to the
 * last bit, and so are its relaxed plans; no race.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "software/plan/set.h"

#define ROWS    6u
#define COLUMNS 10u

/* A grid of works that all differ. */
static hg_dag *make(void)
{
	struct rng r;
	uint32_t device, work, id;
	hg_dag *dag;
	hg_err rc = hg_dag_create(&dag, NULL);

	rng_init(&r, 9);
	for (uint32_t i = 0; i < ROWS * COLUMNS && !rc; i++) {
		hg_option options[4];
		double time_s = 0.1 + rng_double(&r), energy_j = 100 * (0.5 + rng_double(&r));
		hg_node node = {.size = sizeof node,
			.device = i / COLUMNS,
			.group = HG_DAG_NO_GROUP,
			.family = HG_DAG_NO_GROUP};

		for (unsigned k = 0; k < 4; k++)
			options[k] = (hg_option){time_s * (1 + 0.2 * k + 0.05 * rng_double(&r)),
				energy_j * (1 - 0.12 * k - 0.01 * rng_double(&r)), k};
		if (i % COLUMNS == 0)
			rc = hg_dag_add_device(dag, NULL, 20, &device, NULL);
		if (!rc)
			rc = hg_dag_add_options(dag, options, 4, NULL, &work, NULL);
		node.work = i;
		if (!rc)
			rc = hg_dag_add_node(dag, &node, &id, NULL);
		if (!rc && i % COLUMNS)
			rc = hg_dag_add_edge(dag, i - 1, i, 0, NULL);
		if (!rc && i >= COLUMNS)
			rc = hg_dag_add_edge(dag, i - COLUMNS, i, 0, NULL);
	}
	if (!rc)
		rc = hg_dag_finish(dag, NULL);
	if (rc) {
		hg_dag_destroy(dag);
		return NULL;
	}
	return dag;
}

static int tell(void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)what;
	(void)done;
	(void)total;
	++*(unsigned *)user; /* one call at a time: no lock */
	return 0;
}

static hg_plan_frontier *solve(hg_dag *dag, uint32_t threads, double large)
{
	unsigned told = 0;
	hg_solve_opts opts = {
		.size = sizeof opts, .threads = threads, .progress = tell, .progress_user = &told};
	hg_plan_frontier *set = NULL;

	if (set_solve(dag, &opts, large, &set, NULL) || told == 0)
		printf("FAIL: %u threads\n", threads);
	return set;
}

static int same_points(const hg_plan_frontier *a, const hg_plan_frontier *b)
{
	size_t n, m;
	const hg_plan_point *p = hg_plan_frontier_points(a, &n);
	const hg_plan_point *q = hg_plan_frontier_points(b, &m);

	return n == m && n > 20 && !memcmp(p, q, n * sizeof *p);
}

static int same_plans(const hg_plan_frontier *a, const hg_plan_frontier *b)
{
	size_t points, n;
	const hg_plan_point *p = hg_plan_frontier_points(a, &points);
	int same = 1;

	for (size_t i = 1; i < points && same; i += 7) {
		hg_relaxed *x = NULL, *y = NULL;

		if (hg_relaxed_at(a, p[i].time_s, HG_CLASS_OP, &x, NULL) ||
			hg_relaxed_at(b, p[i].time_s, HG_CLASS_OP, &y, NULL)) {
			same = 0;
		} else {
			const double *w = hg_relaxed_windows(x, &n);

			same = !memcmp(w, hg_relaxed_windows(y, &n), n * sizeof *w);
			w = hg_relaxed_node_flows(x, &n);
			same = same && !memcmp(w, hg_relaxed_node_flows(y, &n), n * sizeof *w);
		}
		hg_relaxed_destroy(x);
		hg_relaxed_destroy(y);
	}
	return same;
}

int main(void)
{
	hg_dag *dag = make();
	hg_plan_frontier *whole, *one, *many;
	int bad = 0;

	if (!dag)
		return 1;
	whole = solve(dag, 1, SET_LARGE);
	one = solve(dag, 1, 0);
	many = solve(dag, 5, 0);
	if (!whole || !one || !many)
		bad = 1;
	if (!bad && !same_points(whole, one)) {
		puts("FAIL: stretches differ from one sweep");
		bad = 1;
	}
	if (!bad && (!same_points(one, many) || !same_plans(one, many))) {
		puts("FAIL: threads differ");
		bad = 1;
	}
	hg_plan_frontier_destroy(whole);
	hg_plan_frontier_destroy(one);
	hg_plan_frontier_destroy(many);
	hg_dag_destroy(dag);
	return bad;
}
