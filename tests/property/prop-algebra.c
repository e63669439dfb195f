/* The algebra of frontiers, against enumerating every combination of points. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cloud.h"

#define MAX_CHILDREN 4
#define MAX_COMBOS   25000

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-11 * (fabs(a) + fabs(b)) + 1e-300;
}

static double static_w(const hg_frontier *f)
{
	hg_frontier_info info = {.size = sizeof info};

	hg_frontier_get_info(f, &info);
	return isnan(info.static_power_w) ? 0 : info.static_power_w;
}

/* Points, those that are worth it only while waiting is charged included. */
static size_t all_points(const hg_frontier *f)
{
	size_t waiting;

	hg_frontier_waiting(f, &waiting);
	return hg_frontier_count(f) + waiting;
}

/* What a choice of one point per child costs. */
static hg_point combine(hg_op_kind op, hg_frontier *const *children, const size_t *choice, size_t n)
{
	hg_point sum = {.setting = HG_SETTING_NONE};

	for (size_t i = 0; i < n; i++) {
		const hg_point *p = &hg_frontier_points(children[i])[choice[i]];

		sum.time_s =
			op == HG_OP_SERIES ? sum.time_s + p->time_s : fmax(sum.time_s, p->time_s);
		sum.energy_j += p->energy_j;
	}
	for (size_t i = 0; i < n && op == HG_OP_PARALLEL; i++)
		sum.energy_j += static_w(children[i]) *
				(sum.time_s - hg_frontier_points(children[i])[choice[i]].time_s);
	return sum;
}

/* Every combination, as a cloud. */
static size_t enumerate(hg_op_kind op, hg_frontier *const *children, size_t n, hg_point *cloud)
{
	size_t choice[MAX_CHILDREN] = {0}, count = 0, digit;

	do {
		assert_true(count < MAX_COMBOS);
		cloud[count++] = combine(op, children, choice, n);
		for (digit = 0; digit < n; digit++) {
			if (++choice[digit] < all_points(children[digit]))
				break;
			choice[digit] = 0;
		}
	} while (digit < n);
	return count;
}

static bool covers(const hg_point *a, const hg_point *b, double static_w)
{
	double slack = 1e-11 * (b->energy_j + static_w * b->time_s) + 1e-300;

	return a->time_s <= b->time_s * (1 + 1e-11) + 1e-300 &&
	       a->energy_j - static_w * a->time_s <= b->energy_j - static_w * b->time_s + slack;
}

/*
 * Every point of one is matched or beaten, up to rounding, by one of the other; those that wait in
 * effective energy.
 */
static void assert_covers(const hg_frontier *by, const hg_frontier *f)
{
	const hg_point *a = hg_frontier_points(by), *b = hg_frontier_points(f);

	for (size_t i = 0; i < all_points(f); i++) {
		double charge_w = i < hg_frontier_count(f) ? 0 : static_w(f);
		bool covered = false;

		for (size_t j = 0; j < all_points(by) && !covered; j++)
			covered = covers(&a[j], &b[i], charge_w);
		assert_true(covered);
	}
}

/* No point of f lies below what mixing points of `by` reaches. */
static void assert_mixes_below(const hg_frontier *by, const hg_frontier *f)
{
	const hg_point *p = hg_frontier_points(f);

	for (size_t i = 0; i < hg_frontier_count(f); i++) {
		double time_s = fmax(p[i].time_s * (1 + 1e-12), hg_frontier_points(by)[0].time_s);
		hg_blend blend = {.size = sizeof blend};

		assert_int_equal(hg_frontier_blend(by, time_s, &blend, NULL), HG_OK);
		assert_true(blend.energy_j <= p[i].energy_j + 1e-9 * p[0].energy_j);
	}
}

/* The parts of every point add up to it. */
static void check_parts(const hg_frontier *f)
{
	size_t n = hg_frontier_children(f);
	hg_frontier *children[MAX_CHILDREN];

	for (size_t i = 0; i < n; i++)
		children[i] = hg_frontier_child(f, i);
	for (size_t i = 0; i < all_points(f); i++) {
		size_t choice[MAX_CHILDREN], n_parts;
		const hg_part *parts = hg_frontier_parts(f, i, &n_parts);
		const hg_point *p = &hg_frontier_points(f)[i];
		hg_point sum;

		assert_int_equal(n_parts, n);
		for (size_t j = 0; j < n; j++) {
			assert_int_equal(parts[j].child, j);
			assert_int_equal(parts[j].count, 1);
			choice[j] = parts[j].point;
		}
		sum = combine(hg_frontier_op(f), children, choice, n);
		assert_true(near(sum.time_s, p->time_s));
		assert_true(near(sum.energy_j, p->energy_j));
	}
}

static void check_against_enumeration(hg_op_kind op, hg_frontier *const *children, size_t n)
{
	hg_point *cloud = calloc(MAX_COMBOS, sizeof *cloud);
	hg_frontier *ours, *brute, *hulls;
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {.size = sizeof opts, .info = &info};
	size_t count;

	assert_non_null(cloud);
	count = enumerate(op, children, n, cloud);
	for (size_t i = 0; i < n; i++)
		info.static_power_w =
			op == HG_OP_SERIES && i
				? fmax(info.static_power_w, static_w(children[i]))
				: static_w(children[i]) + (i ? info.static_power_w : 0);
	assert_int_equal(hg_frontier_build(cloud, count, &opts, &brute, NULL), HG_OK);
	if (op == HG_OP_SERIES)
		assert_int_equal(hg_frontier_series(children, n, 0, &ours, NULL), HG_OK);
	else
		assert_int_equal(hg_frontier_parallel(children, n, &ours, NULL), HG_OK);
	assert_int_equal(hg_frontier_op(ours), op);
	check_parts(ours);
	assert_covers(ours, brute);
	assert_covers(brute, ours);
	if (op == HG_OP_SERIES) {
		hg_frontier *mixed;

		/* Hull of the sums == sum of the hulls. */
		assert_int_equal(
			hg_frontier_series(children, n, HG_SERIES_HULL, &hulls, NULL), HG_OK);
		check_parts(hulls);
		assert_int_equal(hg_frontier_mix(brute, &mixed, NULL), HG_OK);
		assert_mixes_below(hulls, mixed);
		assert_covers(brute, hulls);
		hg_frontier_destroy(mixed);
		hg_frontier_destroy(hulls);
	}
	hg_frontier_destroy(ours);
	hg_frontier_destroy(brute);
	free(cloud);
}

static void random_composition(struct rng *rng, hg_op_kind op)
{
	hg_frontier *children[MAX_CHILDREN];
	size_t n = 1 + rng_below(rng, MAX_CHILDREN);

	for (size_t i = 0; i < n; i++) {
		if (i && !rng_below(rng, 5))
			children[i] = hg_frontier_ref(children[0]);
		else
			children[i] = cloud_frontier(rng, n > 2 ? 12 : 40);
		assert_non_null(children[i]);
	}
	check_against_enumeration(op, children, n);
	for (size_t i = 0; i < n; i++)
		hg_frontier_destroy(children[i]);
}

static void series(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed());
	for (size_t i = 0; i < 150 * cloud_effort(); i++)
		random_composition(&rng, HG_OP_SERIES);
}

static void parallel(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed() + 1);
	for (size_t i = 0; i < 150 * cloud_effort(); i++)
		random_composition(&rng, HG_OP_PARALLEL);
}

/* n copies on the hull: the hull of the n-fold series, with every step in between realisable. */
static void repeat(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed() + 2);
	for (size_t i = 0; i < 100; i++) {
		hg_frontier *child = cloud_frontier(&rng, 20), *r, *s, *s_hull;
		uint32_t times = 1 + (uint32_t)rng_below(&rng, 4);
		hg_frontier *copies[MAX_CHILDREN] = {child, child, child, child};
		size_t vertices;

		assert_non_null(child);
		hg_frontier_hull(child, &vertices);
		assert_int_equal(hg_frontier_repeat(child, times, &r, NULL), HG_OK);
		assert_int_equal(hg_frontier_series(copies, times, 0, &s, NULL), HG_OK);
		assert_int_equal(hg_frontier_mix(s, &s_hull, NULL), HG_OK);
		assert_true(hg_frontier_count(r) <= times * (vertices - 1) + 1);
		assert_covers(s, r);
		assert_mixes_below(r, s_hull);
		for (size_t p = 0; p < all_points(r); p++) {
			size_t n;
			const hg_part *parts = hg_frontier_parts(r, p, &n);
			uint32_t total = 0;

			for (size_t j = 0; j < n; j++)
				total += parts[j].count;
			assert_int_equal(total, times);
		}
		hg_frontier_destroy(r);
		hg_frontier_destroy(s);
		hg_frontier_destroy(s_hull);
		hg_frontier_destroy(child);
	}
}

static void alternatives(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed() + 3);
	for (size_t i = 0; i < 200; i++) {
		hg_frontier *children[3], *u, *brute;
		hg_point cloud[120];
		size_t count = 0;

		for (size_t c = 0; c < 3; c++) {
			children[c] = cloud_frontier(&rng, 40);
			assert_non_null(children[c]);
			for (size_t p = 0; p < hg_frontier_count(children[c]); p++) {
				cloud[count] = hg_frontier_points(children[c])[p];
				cloud[count++].setting = HG_SETTING_NONE;
			}
		}
		assert_int_equal(hg_frontier_union(children, 3, &u, NULL), HG_OK);
		assert_int_equal(hg_frontier_build(cloud, count, NULL, &brute, NULL), HG_OK);
		assert_int_equal(hg_frontier_count(u), hg_frontier_count(brute));
		for (size_t p = 0; p < hg_frontier_count(u); p++) {
			size_t n;
			const hg_part *part = hg_frontier_parts(u, p, &n);
			const hg_point *from;

			assert_int_equal(n, 1);
			from = &hg_frontier_points(children[part->child])[part->point];
			assert_true(from->time_s == hg_frontier_points(brute)[p].time_s);
			assert_true(from->energy_j == hg_frontier_points(u)[p].energy_j);
		}
		hg_frontier_destroy(u);
		hg_frontier_destroy(brute);
		for (size_t c = 0; c < 3; c++)
			hg_frontier_destroy(children[c]);
	}
}

struct total {
	double time_s, energy_j;
	uint64_t units;
};

static int add_leaf(void *user, const hg_frontier *leaf, size_t point, uint64_t count)
{
	struct total *t = user;

	assert_int_equal(hg_frontier_op(leaf), HG_OP_NONE);
	t->time_s += (double)count * hg_frontier_points(leaf)[point].time_s;
	t->energy_j += (double)count * hg_frontier_points(leaf)[point].energy_j;
	t->units += count;
	return 0;
}

/* series(repeat(a, 3), union(a, b)) down to its leaves; children are freed first, and live on. */
static void realise_nested(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed() + 4);
	for (size_t i = 0; i < 50; i++) {
		hg_frontier *ab[2] = {cloud_frontier(&rng, 20), cloud_frontier(&rng, 20)};
		hg_frontier *both[2], *all;

		assert_int_equal(hg_frontier_repeat(ab[0], 3, &both[0], NULL), HG_OK);
		assert_int_equal(hg_frontier_union(ab, 2, &both[1], NULL), HG_OK);
		assert_int_equal(hg_frontier_series(both, 2, 0, &all, NULL), HG_OK);
		for (size_t j = 0; j < 2; j++) {
			hg_frontier_destroy(ab[j]);
			hg_frontier_destroy(both[j]);
		}
		for (size_t p = 0; p < all_points(all); p++) {
			const hg_point *point = &hg_frontier_points(all)[p];
			struct total t = {0};

			assert_int_equal(hg_frontier_realise(all, p, add_leaf, &t), HG_OK);
			assert_int_equal(t.units, 4);
			assert_true(near(t.time_s, point->time_s));
			assert_true(near(t.energy_j, point->energy_j));
		}
		assert_int_equal(
			hg_frontier_realise(all, all_points(all), add_leaf, NULL), HG_EINVAL);
		hg_frontier_destroy(all);
	}
}

/* A chain so deep that freeing it by recursion would run out of stack. */
static void deep_chain(void **state)
{
	struct rng rng;
	hg_frontier *f;

	(void)state;
	rng_init(&rng, 5);
	f = cloud_frontier(&rng, 3);
	for (size_t i = 0; i < 200000; i++) {
		hg_frontier *next;

		assert_int_equal(hg_frontier_union(&f, 1, &next, NULL), HG_OK);
		hg_frontier_destroy(f);
		f = next;
	}
	hg_frontier_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series),
		cmocka_unit_test(parallel),
		cmocka_unit_test(repeat),
		cmocka_unit_test(alternatives),
		cmocka_unit_test(realise_nested),
		cmocka_unit_test(deep_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
