/* Building and querying frontiers, against what trying every point gives. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "cloud.h"

struct round {
	struct rng rng;
	hg_point *points;
	size_t n;
	hg_frontier *f;
};

/* Whether some point of the cloud has exactly these figures. */
static bool in_cloud(const struct round *t, const hg_point *p)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->points[i].time_s == p->time_s && t->points[i].energy_j == p->energy_j &&
			t->points[i].setting == p->setting)
			return true;
	return false;
}

static void check_built(const struct round *t)
{
	const hg_point *f = hg_frontier_points(t->f);
	size_t n = hg_frontier_count(t->f), lost, waiting, expected = 0;

	hg_frontier_dominated(t->f, &lost);
	hg_frontier_waiting(t->f, &waiting);
	for (size_t i = 0; i < n; i++) {
		assert_true(in_cloud(t, &f[i]));
		assert_true(
			!i || (f[i].time_s > f[i - 1].time_s && f[i].energy_j < f[i - 1].energy_j));
	}
	/* Count distinct undominated figures by comparing all pairs. */
	for (size_t i = 0; i < t->n; i++) {
		bool counts = true;

		for (size_t j = 0; j < t->n && counts; j++)
			counts = !cloud_dominates(&t->points[j], &t->points[i]) &&
				 !(j < i && t->points[j].time_s == t->points[i].time_s &&
					 t->points[j].energy_j == t->points[i].energy_j);
		expected += counts;
	}
	assert_int_equal(n, expected);
	if (lost)
		assert_int_equal(lost + n + waiting, t->n);
}

/* Points that wait: some faster point has as little energy, none as little effective energy. */
static void check_waiting(const struct round *t)
{
	hg_frontier_info info = {.size = sizeof info};
	size_t waiting;
	const hg_point *w = hg_frontier_waiting(t->f, &waiting);

	hg_frontier_get_info(t->f, &info);
	assert_true(!waiting || info.static_power_w > 0);
	for (size_t i = 0; i < waiting; i++) {
		double effective = w[i].energy_j - info.static_power_w * w[i].time_s;
		bool dominated = false;

		assert_true(in_cloud(t, &w[i]));
		for (size_t j = 0; j < t->n; j++) {
			const hg_point *p = &t->points[j];

			dominated = dominated || cloud_dominates(p, &w[i]);
			assert_true(p->time_s >= w[i].time_s ||
				    p->energy_j - info.static_power_w * p->time_s > effective);
		}
		assert_true(dominated);
	}
}

/* No point between two vertices may lie below the line through them. */
static void check_hull(const struct round *t)
{
	const hg_point *f = hg_frontier_points(t->f);
	size_t n = hg_frontier_count(t->f), n_hull;
	const uint32_t *hull = hg_frontier_hull(t->f, &n_hull);

	assert_int_equal(hull[0], 0);
	assert_int_equal(hull[n_hull - 1], n - 1);
	for (size_t i = 0; i + 1 < n_hull; i++) {
		const hg_point *a = &f[hull[i]], *b = &f[hull[i + 1]];

		for (size_t j = hull[i]; j <= hull[i + 1]; j++) {
			double w = (f[j].time_s - a->time_s) / (b->time_s - a->time_s);
			double on_chord = a->energy_j + w * (b->energy_j - a->energy_j);

			assert_true(f[j].energy_j >= on_chord - 1e-9 * a->energy_j);
		}
	}
}

static double price(const struct round *t, const hg_objective *o, const hg_point *p)
{
	hg_frontier_info info = {.size = sizeof info};
	double charge = 0;

	hg_frontier_get_info(t->f, &info);
	if ((o->flags & HG_CHARGE_WAITING) && !isnan(info.static_power_w))
		charge = info.static_power_w;
	switch (o->kind) {
	case HG_MIN_TIME:
		return p->time_s;
	case HG_ETA:
		return o->value * p->energy_j + (1 - o->value) * o->max_power_w * p->time_s;
	case HG_BUDGET:
		return p->energy_j <= o->value ? p->time_s : INFINITY;
	case HG_DEADLINE:
		return p->time_s <= o->value ? p->energy_j - charge * p->time_s : INFINITY;
	case HG_MAX_SLOWDOWN:
		return p->time_s <= o->value * hg_frontier_points(t->f)[0].time_s
			       ? p->energy_j - charge * p->time_s
			       : INFINITY;
	default:
		return p->energy_j - charge * p->time_s;
	}
}

static bool same_point(const hg_point *a, const hg_point *b)
{
	return a->time_s == b->time_s && a->energy_j == b->energy_j && a->setting == b->setting;
}

/* How far apart prices may come out when they are computed in another order. */
static double rounding(const struct round *t, const hg_objective *o, const hg_point *p)
{
	hg_frontier_info info = {.size = sizeof info};
	double power_w = o->kind == HG_ETA ? o->max_power_w : 0;

	hg_frontier_get_info(t->f, &info);
	if (!isnan(info.static_power_w))
		power_w += info.static_power_w;
	return 1e-12 * (p->energy_j + power_w * p->time_s + p->time_s);
}

static void check_pick(const struct round *t, const hg_objective *o)
{
	hg_pick pick = {.size = sizeof pick};
	double best = INFINITY, got;
	hg_error why = {""};

	assert_int_equal(hg_frontier_pick(t->f, o, &pick, &why), HG_OK);
	for (size_t i = 0; i < t->n; i++)
		best = fmin(best, price(t, o, &t->points[i]));
	got = price(t, o, &pick.point);
	assert_int_equal(pick.feasible, isfinite(best));
	assert_true(same_point(&hg_frontier_points(t->f)[pick.index], &pick.point));
	if (pick.feasible)
		assert_true(got <= best + rounding(t, o, &pick.point));
	else if (o->kind == HG_BUDGET)
		assert_int_equal(pick.index, hg_frontier_count(t->f) - 1);
	else
		assert_int_equal(pick.index, 0);
}

static void check_picks(struct round *t)
{
	const hg_point *f = hg_frontier_points(t->f);
	size_t n = hg_frontier_count(t->f);

	for (int kind = HG_MIN_ENERGY; kind <= HG_BUDGET; kind++)
		for (int i = 0; i < 8; i++) {
			const hg_point *near = &f[rng_below(&t->rng, n)];
			double spread = i % 2 ? 1 : 0.5 + rng_double(&t->rng);
			hg_objective o = {.size = sizeof o, .kind = (hg_objective_kind)kind};

			o.flags = i & 2 ? HG_CHARGE_WAITING : 0;
			o.max_power_w = 250;
			o.value = kind == HG_ETA            ? rng_double(&t->rng)
				  : kind == HG_MAX_SLOWDOWN ? 1 + 2 * rng_double(&t->rng)
				  : kind == HG_BUDGET       ? spread * near->energy_j
							    : spread * near->time_s;
			check_pick(t, &o);
		}
}

static void check_knee(const struct round *t)
{
	const hg_point *f = hg_frontier_points(t->f);
	size_t n = hg_frontier_count(t->f);
	hg_objective o = {.size = sizeof o, .kind = HG_KNEE};
	hg_pick pick = {.size = sizeof pick};
	double best = 0, got = 0;

	assert_int_equal(hg_frontier_pick(t->f, &o, &pick, NULL), HG_OK);
	for (size_t i = 1; i + 1 < n; i++) {
		double x = (f[i].time_s - f[0].time_s) / (f[n - 1].time_s - f[0].time_s);
		double y =
			(f[i].energy_j - f[n - 1].energy_j) / (f[0].energy_j - f[n - 1].energy_j);

		best = fmax(best, 1 - x - y);
		if (i == pick.index)
			got = 1 - x - y;
	}
	assert_true(got >= best - 1e-9);
}

/* Least energy of any mix of two points that takes exactly t: all pairs. */
static void check_blend(struct round *t)
{
	const hg_point *f = hg_frontier_points(t->f);
	size_t n = hg_frontier_count(t->f);
	double span = f[n - 1].time_s - f[0].time_s;
	double at = f[0].time_s + rng_double(&t->rng) * span, best = INFINITY;
	hg_blend b = {.size = sizeof b};

	assert_int_equal(hg_frontier_blend(t->f, at, &b, NULL), HG_OK);
	assert_true(b.feasible);
	for (size_t i = 0; i < n && n <= 300; i++)
		for (size_t j = i; j < n; j++) {
			double w = j == i ? 0 : (at - f[i].time_s) / (f[j].time_s - f[i].time_s);

			if (f[i].time_s <= at && w >= 0 && w <= 1)
				best = fmin(
					best, f[i].energy_j + w * (f[j].energy_j - f[i].energy_j));
		}
	if (n <= 300)
		assert_true(fabs(b.energy_j - best) <= 1e-9 * f[0].energy_j);
	assert_true(b.fraction >= 0 && b.fraction <= 1);
	assert_int_equal(hg_frontier_blend(t->f, f[n - 1].time_s * 2 + 1, &b, NULL), HG_OK);
	assert_int_equal(b.slow, n - 1);
	if (f[0].time_s > 0) {
		assert_int_equal(hg_frontier_blend(t->f, f[0].time_s / 2, &b, NULL), HG_OK);
		assert_false(b.feasible);
	}
}

static void one_round(struct rng *rng, enum cloud_shape shape, size_t n, uint32_t flags)
{
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {.size = sizeof opts, .flags = flags, .info = &info, .n_settings = n};
	struct round t = {.rng = rng_split(rng), .n = n};

	info.static_power_w = rng_below(rng, 2) ? rng_double(rng) * 2 : (double)NAN;
	t.points = calloc(n, sizeof *t.points);
	assert_non_null(t.points);
	cloud_fill(&t.rng, shape, t.points, n);
	assert_int_equal(hg_frontier_build(t.points, n, &opts, &t.f, NULL), HG_OK);
	check_built(&t);
	check_waiting(&t);
	check_hull(&t);
	check_picks(&t);
	check_knee(&t);
	if (shape != CLOUD_WIDE)
		check_blend(&t);
	hg_frontier_destroy(t.f);
	free(t.points);
}

static void small_clouds(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed());
	for (size_t i = 0; i < 400 * cloud_effort(); i++)
		for (int shape = 0; shape < CLOUD_SHAPES; shape++)
			one_round(&rng, (enum cloud_shape)shape, 1 + rng_below(&rng, 40),
				i % 2 ? HG_BUILD_KEEP_DOMINATED : 0);
}

/* Big enough for the grid and the radix sort, small enough for all pairs. */
static void large_clouds(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed() + 1);
	for (size_t i = 0; i < cloud_effort(); i++)
		for (int shape = 0; shape < CLOUD_SHAPES; shape++)
			one_round(&rng, (enum cloud_shape)shape, 5000, 0);
}

/* With near ties judged, what is left saves more than k deviations at each step. */
static void near_ties(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, cloud_seed() + 2);
	for (size_t i = 0; i < 200; i++) {
		hg_point points[60];
		hg_build_opts opts = {.size = sizeof opts, .n_settings = 60, .near_tie_sigmas = 2};
		hg_frontier *f, *exact;
		const hg_point *p;

		cloud_fill(&rng, CLOUD_CURVED, points, 60);
		assert_int_equal(hg_frontier_build(points, 60, &opts, &f, NULL), HG_OK);
		opts.near_tie_sigmas = 0;
		assert_int_equal(hg_frontier_build(points, 60, &opts, &exact, NULL), HG_OK);
		assert_true(hg_frontier_count(f) <= hg_frontier_count(exact));
		p = hg_frontier_points(f);
		assert_true(p[0].time_s == hg_frontier_points(exact)[0].time_s);
		for (size_t j = 1; j < hg_frontier_count(f); j++) {
			double a = isnan(p[j].energy_rsd) ? 0 : p[j].energy_rsd * p[j].energy_j;
			double b = isnan(p[j - 1].energy_rsd)
					   ? 0
					   : p[j - 1].energy_rsd * p[j - 1].energy_j;

			assert_true(p[j - 1].energy_j - p[j].energy_j > 2 * hypot(a, b));
		}
		hg_frontier_destroy(f);
		hg_frontier_destroy(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_clouds),
		cmocka_unit_test(large_clouds),
		cmocka_unit_test(near_ties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
