/* The best of two plans: against all combinations of their events' times; annealing of times where
 * nothing but windows decides; populations. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/plan.h>

#include "cmocka-all.h"
#include "core/rng.h"
#include "near.h"
#include "software/plan/breed.h"
#include "software/plan/cross.h"
#include "software/plan/settle.h"

#define MOST_EVENTS 96

/* A random DAG as a discrete problem. */
struct problem {
	hg_dag *dag;
	struct disc d;
	struct settle s;
};

/* idle: the fastest option of some nodes takes no time and no energy */
static void add_nodes(hg_dag *dag, struct rng *r, uint32_t n, bool idle)
{
	hg_error why = {""};
	uint32_t device, id;

	assert_ok(hg_dag_add_device(dag, NULL, 5.0, &device, &why), &why);
	for (uint32_t i = 0; i < n; i++) {
		hg_node node = {.size = sizeof node,
			.group = HG_DAG_NO_GROUP,
			.family = HG_DAG_NO_GROUP,
			.device = device};
		hg_option o[6];
		uint32_t rows = 1 + (uint32_t)rng_below(r, 6);
		double time = 0.5 + rng_double(r), energy = 100.0;

		for (uint32_t k = 0; k < rows; k++) {
			o[k] = (hg_option){time, energy, k};
			time *= 1.05 + 0.2 * rng_double(r);
			energy -= 1.0 + 9.0 * rng_double(r);
		}
		if (idle && rows > 1 && rng_below(r, 4) == 0)
			for (uint32_t k = 0; k < rows; k++)
				o[k] = (hg_option){k * time, 0.5 * k * time, k};
		assert_ok(hg_dag_add_options(dag, o, rows, NULL, &node.work, &why), &why);
		assert_ok(hg_dag_add_node(dag, &node, &id, &why), &why);
	}
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t p = i > 4 ? i - 4 : 0; p < i; p++)
			if (rng_below(r, 2) == 0)
				assert_ok(hg_dag_add_edge(dag, p, i,
						  rng_below(r, 4) == 0 ? 0.1 * rng_double(r) : 0.0,
						  &why),
					&why);
}

static void problem_make(struct problem *p, struct rng *r, uint32_t n, bool idle)
{
	hg_error why = {""};
	struct disc_opts opts = {.class_of = HG_CLASS_OP, .deadline_s = 1000.0};

	assert_ok(hg_dag_create(&p->dag, &why), &why);
	add_nodes(p->dag, r, n, idle);
	assert_ok(hg_dag_finish(p->dag, &why), &why);
	assert_ok(disc_init(&p->d, p->dag, NULL, &opts, &why), &why);
	p->d.deadline = 0;
	assert_ok(settle_init(&p->s, &p->d, &why), &why);
	assert_true(p->s.mesh.n_events <= MOST_EVENTS);
}

static void problem_free(struct problem *p)
{
	settle_finish(&p->s);
	disc_finish(&p->d);
	hg_dag_destroy(p->dag);
}

/* Times of a random plan, events anywhere between earliest and latest. */
static void random_times(const struct problem *p, struct rng *r, int64_t *when)
{
	const struct disc *d = &p->d;
	const struct mesh *m = &p->s.mesh;
	int64_t dur[MOST_EVENTS] = {0};

	for (uint32_t at = 0; at < d->n; at++)
		dur[at] = d->dish[d->menu[at] + rng_below(r, d->rows[d->set[at]])].ticks;
	mesh_times(m, d->n, dur, when);
	for (uint32_t i = m->n_events; i-- > 0;) {
		uint32_t v = m->order[i];
		int64_t late = INT64_MAX;

		for (uint32_t e = m->end_at[v]; e < m->end_at[v + 1]; e++) {
			uint32_t a = m->end[e] / 2;
			int64_t t = when[m->arcs[a].head] - (a < d->n ? dur[a] : m->arcs[a].least);

			if (m->end[e] % 2 == 0)
				late = t < late ? t : late;
		}
		if (v != MESH_SOURCE && v != MESH_SINK && rng_below(r, 2) == 0)
			when[v] += (int64_t)(rng_double(r) * (double)(late - when[v]));
	}
}

/* Energy of what follows from times; INFINITY: they are impossible. */
static double cost_of(const struct problem *p, const int64_t *when)
{
	const struct disc *d = &p->d;
	const struct mesh *m = &p->s.mesh;
	double sum = 0.0;

	for (uint32_t a = 0; a < m->n_arcs; a++) {
		int64_t window = when[m->arcs[a].head] - when[m->arcs[a].tail];
		double best = INFINITY;

		if (window < m->arcs[a].least)
			return INFINITY;
		for (uint32_t k = 0; a < d->n && k < d->rows[d->set[a]]; k++) {
			const struct dish *dish = &d->dish[d->menu[a] + k];

			if (dish->ticks <= window)
				best = fmin(best, dish->eff_j);
		}
		sum += a < d->n ? best : 0.0;
	}
	return sum;
}

static double brute(const struct problem *p, const int64_t *a, const int64_t *b)
{
	uint32_t differ[MOST_EVENTS], n = 0, events = p->s.mesh.n_events;
	int64_t when[MOST_EVENTS];
	double best = INFINITY;

	for (uint32_t v = 0; v < events; v++)
		if (a[v] != b[v])
			differ[n++] = v;
	assert_true(n < 20);
	memcpy(when, a, events * sizeof *when);
	for (uint32_t set = 0; set < 1u << n; set++) {
		for (uint32_t k = 0; k < n; k++)
			when[differ[k]] = set >> k & 1 ? b[differ[k]] : a[differ[k]];
		best = fmin(best, cost_of(p, when));
	}
	return best;
}

/* Two plans within the later one's makespan. */
static void two_plans(const struct problem *p, struct rng *r, int64_t *a, int64_t *b)
{
	int64_t end;

	random_times(p, r, a);
	random_times(p, r, b);
	end = a[MESH_SINK] > b[MESH_SINK] ? a[MESH_SINK] : b[MESH_SINK];
	a[MESH_SINK] = b[MESH_SINK] = end;
}

static void test_best(void **state)
{
	struct rng r;
	unsigned better = 0;

	(void)state;
	rng_init(&r, 21);
	for (int round = 0; round < 150; round++) {
		hg_error why = {""};
		struct problem p;
		struct cross c;
		int64_t a[MOST_EVENTS], b[MOST_EVENTS];
		double least, apart, got;

		problem_make(&p, &r, 2 + (uint32_t)rng_below(&r, 6), false);
		two_plans(&p, &r, a, b);
		apart = fmin(cost_of(&p, a), cost_of(&p, b));
		least = brute(&p, a, b);
		assert_ok(cross_init(&c, &p.d, &p.s.mesh, a, WIDTH_MAX, &why), &why);
		got = cross_best(&c, a, b);
		assert_near(got, least, 1e-9);
		assert_near(cost_of(&p, a), least, 1e-9);
		better += least < apart - 1e-9;
		cross_finish(&c);
		problem_free(&p);
	}
	assert_true(better > 30); /* else the test says nothing */
}

/* With more events in hand than it may hold it is no longer the best, but never worse than a. */
static void test_narrow(void **state)
{
	struct rng r;
	unsigned better = 0;

	(void)state;
	rng_init(&r, 22);
	for (int round = 0; round < 60; round++) {
		hg_error why = {""};
		struct problem p;
		struct cross c;
		int64_t a[MOST_EVENTS], b[MOST_EVENTS];
		double before, got;

		problem_make(&p, &r, 36, false);
		for (int k = 0; k < 2; k++) {
			int64_t now[MOST_EVENTS];

			if (k == 0)
				two_plans(&p, &r, a, b);
			memcpy(now, a, sizeof now);
			before = cost_of(&p, a);
			assert_ok(cross_init(&c, &p.d, &p.s.mesh, a, k ? WIDTH_LEAST : WIDTH_MAX,
					  &why),
				&why);
			got = cross_best(&c, now, b);
			assert_near(cost_of(&p, now), got, 1e-9);
			assert_true(got <= before + 1e-9);
			better += got < before - 1e-9;
			cross_finish(&c);
		}
		problem_free(&p);
	}
	assert_true(better > 30);
}

/* Rows and energy are what the times say, and times stay possible. */
static void expect_settled(const struct problem *p)
{
	const struct disc *d = &p->d;
	const struct settle *s = &p->s;
	double cost = cost_of(p, s->when);

	assert_true(cost < INFINITY);
	assert_near(s->total, cost, 1e-9);
	for (uint32_t at = 0; at < d->n; at++) {
		const struct dish *menu = &d->dish[d->menu[at]];
		uint32_t row = s->row[at];
		int64_t window = s->when[s->mesh.arcs[at].head] - s->when[s->mesh.arcs[at].tail];

		assert_true(menu[row].ticks <= window);
		assert_true(row + 1 == d->rows[d->set[at]] || menu[row + 1].ticks > window);
	}
}

/* However hot, tries keep their books; when cold, they lose nothing. */
static void test_settle_brief(void **state)
{
	struct rng r;
	unsigned better = 0, moved = 0;

	(void)state;
	rng_init(&r, 23);
	for (int round = 0; round < 60; round++) {
		struct problem p;
		int64_t a[MOST_EVENTS], b[MOST_EVENTS];
		double before;

		problem_make(&p, &r, 4 + (uint32_t)rng_below(&r, 32), round % 2 == 1);
		two_plans(&p, &r, a, b);
		settle_at(&p.s, a);
		expect_settled(&p);
		settle_brief(&p.s, 20.0, 40, &r);
		expect_settled(&p);
		moved += memcmp(p.s.when, a, p.s.mesh.n_events * sizeof *a) != 0;
		assert_int_equal(p.s.when[MESH_SOURCE], a[MESH_SOURCE]);
		assert_int_equal(p.s.when[MESH_SINK], a[MESH_SINK]);
		before = p.s.total;
		p.s.cold_j = 1e-12;
		settle_brief(&p.s, 1e-12, 40, &r);
		expect_settled(&p);
		assert_true(p.s.total <= before + 1e-9);
		better += p.s.total < before - 1e-9;
		problem_free(&p);
	}
	assert_true(moved > 50);
	assert_true(better > 30);
}

/* What a population of any size and a search of any length make of a plan is no worse than it. */
static void test_breed(void **state)
{
	struct rng r;
	unsigned better = 0;

	(void)state;
	rng_init(&r, 24);
	for (int round = 0; round < 20; round++) {
		hg_error why = {""};
		struct problem p;
		struct walk w;
		double before;
		int64_t fastest, tail[MOST_EVENTS], head[MOST_EVENTS];
		struct haste haste = {tail, head};

		problem_make(&p, &r, 36, false);
		assert_true(breed_suits(&p.d));
		assert_ok(walk_init(&w, &p.d, &why), &why);
		memset(w.pick, 0, p.d.n_sets * sizeof *w.pick);
		walk_reset(&w, w.pick);
		fastest = walk_makespan(&w);
		memcpy(tail, w.tail, p.d.n * sizeof *tail);
		p.d.deadline = fastest + (int64_t)(0.3 * rng_double(&r) * (double)fastest);
		before = w.total;
		for (uint64_t k = 0; k < 12; k++) {
			struct effort e = {.most = 1 + 70 * k};

			w.effort = &e;
			assert_ok(breed(&w, &e, 1.0, &r, k % 3 == 2 ? &haste : NULL, &why), &why);
			assert_true(w.total <= before + 1e-9);
			assert_true(walk_makespan(&w) <= p.d.deadline);
			better += w.total < before - 1e-9;
			before = w.total;
		}
		walk_finish(&w);
		problem_free(&p);
	}
	assert_true(better > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_best),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_settle_brief),
		cmocka_unit_test(test_breed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
