/* The loop against counters whose edges are known: how often it reads, how far off it is, that it
 * keeps its edges whatever reads take, and what late reads do. */
#include "near.h"

#include "core/rng.h"
#include "hardware/measure/loop.h"

#define MS  1e6
#define SEC 1e9
/** Edges of a counter that are made up, at most. */
#define EDGES 8192

struct counter {
	double period_ns, jitter_ns; /* standard deviation of an edge */
	double read_ns;              /* what a read takes; its value is of any time within it */
	int64_t skip_ns;             /* 0: a window is open */
	double seconds;
	double late_ns; /* one read in ten begins so much later, or less */
};

struct found {
	double reads; /* a second, of the second half */
	double mean_ns, sd_ns, worst_ns;
	size_t edges, outside; /* and those that were not within what was said of them */
	unsigned lost;         /* times that the loop gave up its period */
	struct loop loop;
};

/* What is seen of the edges of a run. */
static void note(struct found *f, const struct loop_edge *e, double truth_ns)
{
	double off = (double)e->t_ns - truth_ns;

	f->edges++;
	f->mean_ns += off;
	f->sd_ns += off * off;
	f->worst_ns = fmax(f->worst_ns, fabs(off));
	f->outside += fabs(off) > (double)e->u_ns;
}

/* Reads when the loop says, or later by as much as it allows. */
static struct found follow(const struct counter *c, uint64_t seed)
{
	static double edge_ns[EDGES];
	struct found f = {.reads = 0};
	struct rng r;
	int64_t t0 = 123456789, slack_ns;
	size_t now = 0, shown = SIZE_MAX;

	rng_init(&r, seed);
	for (size_t i = 0; i < EDGES; i++)
		edge_ns[i] = (double)i * c->period_ns + c->jitter_ns * rng_normal(&r);
	loop_init(&f.loop, 100 * MS);
	while ((double)t0 < c->seconds * SEC) {
		double at_ns = (double)t0 + c->read_ns * rng_double(&r);
		int64_t t1 = t0 + (int64_t)c->read_ns;
		bool late = (double)t0 > c->seconds * SEC / 2, was = f.loop.locked;

		while (now + 1 < EDGES && edge_ns[now + 1] <= at_ns)
			now++;
		f.reads += late;
		if (now == shown || shown == SIZE_MAX) {
			loop_same(&f.loop, t0, t1);
		} else {
			struct loop_edge e = loop_moved(&f.loop, t0, t1);

			if (!e.vague && late)
				note(&f, &e, edge_ns[now]);
		}
		shown = now;
		f.lost += was && !f.loop.locked;
		t0 = loop_next(&f.loop, t1, c->skip_ns, &slack_ns);
		t0 += (int64_t)((double)slack_ns * rng_double(&r) + 50e3 * rng_double(&r));
		if (c->late_ns > 0.0 && rng_below(&r, 10) == 0)
			t0 += (int64_t)(c->late_ns * rng_double(&r));
		t0 = t0 > t1 ? t0 : t1;
	}
	f.reads /= c->seconds / 2;
	f.mean_ns /= (double)f.edges;
	f.sd_ns = sqrt(f.sd_ns / (double)f.edges - f.mean_ns * f.mean_ns);
	return f;
}

/* Windows open: every edge, with little more than a read for each where they come evenly. */
static void test_open(void **state)
{
	static const struct {
		struct counter c;
		double reads, sd_ms;
	} all[] = {
		{{100 * MS, 0, 0.002 * MS, 0, 300, 0}, 12.5, 0.25},
		{{100 * MS, 0.3 * MS, 0.002 * MS, 0, 300, 0}, 13.0, 0.5},
		{{100 * MS, 1 * MS, 0.002 * MS, 0, 300, 0}, 20, 1.5},
		{{100 * MS, 0, 2.4 * MS, 0, 300, 0}, 15, 1.2},
		{{100 * MS, 1 * MS, 2.4 * MS, 0, 300, 0}, 16, 1.8},
		{{20 * MS, 0, 0.002 * MS, 0, 100, 0}, 65, 0.1},
		/* reads that take an eighth of the period, or a fifth, follow each other at once */
		{{20 * MS, 0, 2.4 * MS, 0, 100, 0}, 75, 0.7},
		{{20 * MS, 0.3 * MS, 2.4 * MS, 0, 100, 0}, 75, 0.8},
		{{20 * MS, 0, 4 * MS, 0, 100, 0}, 70, 1.3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (uint64_t seed = 1; seed <= 5; seed++) {
			struct found f = follow(&all[i].c, seed);
			double edges = all[i].c.seconds / 2 * SEC / all[i].c.period_ns;

			assert_true(f.loop.locked);
			assert_int_equal(f.lost, 0);
			assert_near(f.loop.period_ns, all[i].c.period_ns, 1e-3);
			assert_true((double)f.edges > 0.99 * edges);
			assert_true(f.reads < all[i].reads);
			assert_true(f.sd_ns < all[i].sd_ms * MS);
			assert_true(fabs(f.mean_ns) < all[i].sd_ms * MS / 2);
			assert_true((double)f.outside <= 0.01 * (double)f.edges);
		}
}

/* No window open: a look a second, and what is logged is never of a wrong period. A loop that held
 * a look that began too late for the absence of edges lost its period every few seconds. */
static void test_idle(void **state)
{
	static const struct {
		double period_ms, read_ms, jitter_ms, reads, worst_ms;
	} all[] = {{100, 0.002, 0, 5, 10}, {100, 0.002, 1, 7, 10}, {100, 2.4, 0, 5, 10},
		{100, 2.4, 1, 6, 10}, {20, 2.4, 0, 18, 3}, {20, 2.4, 0.3, 20, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (uint64_t seed = 1; seed <= 5; seed++) {
			const struct counter c = {all[i].period_ms * MS, all[i].jitter_ms * MS,
				all[i].read_ms * MS, (int64_t)SEC, 4 * all[i].period_ms, 0};
			struct found f = follow(&c, seed);

			assert_int_equal(f.lost, 0);
			assert_true(f.loop.locked);
			assert_true(f.reads < all[i].reads);
			assert_true(f.worst_ns < all[i].worst_ms * MS);
			assert_true((double)f.outside <= 0.02 * (double)f.edges);
		}
}

/* What cannot be followed: nobody searches for ever while nobody waits. Nothing that is said of an
 * edge is wrong, and once a window is open all are looked for. */
static void test_hopeless(void **state)
{
	static const struct counter all[] = {
		{20 * MS, 0, 6 * MS, 0, 100, 0}, {100 * MS, 40 * MS, 0.1 * MS, 0, 800, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (uint64_t seed = 1; seed <= 5; seed++) {
			struct counter c = all[i];
			double edges = c.seconds / 2 * SEC / c.period_ns;
			struct found f = follow(&c, seed);

			assert_true((double)f.edges > 0.85 * edges);
			assert_true((double)f.outside <= 0.05 * (double)f.edges);
			c.skip_ns = (int64_t)SEC;
			f = follow(&c, seed);
			assert_true(f.reads < 2);
			assert_false(f.loop.locked);
			assert_true((double)f.edges > 0.9 * c.seconds / 2);
			assert_int_equal(f.outside, 0);
		}
}

/* Threads that wake up late now and then say little of edges, and nothing against them. */
static void test_late(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		const struct counter c = {100 * MS, 0, 0.002 * MS, 0, 300, 20 * MS};
		struct found f = follow(&c, seed);

		assert_int_equal(f.lost, 0);
		assert_true(f.reads < 14);
		assert_true(f.sd_ns < 1 * MS);
		assert_true((double)f.edges > 0.98 * 1500);
		assert_true((double)f.outside <= 0.01 * (double)f.edges);
	}
}

/* A read that was held up is not what reads take. */
static void test_held_up(void **state)
{
	struct loop l;
	int64_t slack_ns;

	(void)state;
	loop_init(&l, 100 * MS);
	for (int64_t t = 0; t < 10; t++)
		loop_same(&l, t * 5000000, t * 5000000 + 2000);
	loop_same(&l, 50000000, 5050000000);
	assert_true(l.read_ns < 1 * MS);
	assert_true(loop_next(&l, 5050000000, 0, &slack_ns) < 5050000000 + 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_hopeless),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_held_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
