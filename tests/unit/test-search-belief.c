/* Fronts and processes, against draws and the textbook's formulas. */
#include "cmocka-all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "search-world.h"
#include "software/search/front.h"
#include "software/search/gp.h"

/* ----- fronts */

static struct front random_front(struct rng *rng, struct spot *room, size_t n)
{
	for (size_t i = 0; i < n; i++)
		room[i] = (struct spot){rng_normal(rng), rng_normal(rng)};
	return (struct front){room, front_filter(room, n), n};
}

static double area(const struct front *f, const struct spot *ref, struct spot p)
{
	double sum = 0, t = p.t;

	/* by slices of time, between the front's steps */
	for (size_t i = 0; i <= f->n; i++) {
		double right = i < f->n ? f->at[i].t : ref->t;
		double roof = i > 0 ? fmin(f->at[i - 1].e, ref->e) : ref->e;

		right = fmin(right, ref->t);
		if (right > t) {
			sum += (right - t) * fmax(0, roof - p.e);
			t = right;
		}
	}
	return sum;
}

static void test_front_keeps_what_nothing_beats(void **state)
{
	struct spot room[40], all[40];
	struct rng rng;

	(void)state;
	rng_init(&rng, 7);
	for (int round = 0; round < 200; round++) {
		size_t n = 1 + rng_below(&rng, 40), kept = 0;
		struct front f;

		for (size_t i = 0; i < n; i++)
			all[i] = room[i] = (struct spot){
				(double)rng_below(&rng, 12), (double)rng_below(&rng, 12)};
		f.n = front_filter(room, n);
		for (size_t i = 0; i < n; i++) {
			bool beaten = false;

			for (size_t j = 0; j < n; j++)
				beaten |= all[j].t <= all[i].t && all[j].e <= all[i].e &&
					  (all[j].t < all[i].t || all[j].e < all[i].e || j < i);
			kept += !beaten;
		}
		assert_int_equal(f.n, kept);
		for (size_t i = 1; i < f.n; i++)
			assert_true(room[i].t > room[i - 1].t && room[i].e < room[i - 1].e);
	}
}

static void test_ehvi_is_what_draws_say(void **state)
{
	struct spot room[12];
	struct rng rng;

	(void)state;
	rng_init(&rng, 11);
	for (int round = 0; round < 12; round++) {
		struct front f = random_front(&rng, room, rng_below(&rng, 12));
		const struct spot ref = {2.5, 2.5};
		struct guess g = {rng_normal(&rng), 0.05 + rng_double(&rng), rng_normal(&rng),
			0.05 + rng_double(&rng)};
		double sum = 0, squares = 0, escapes = 0, mean, sd, p;
		const int draws = 40000;

		for (int i = 0; i < draws; i++) {
			double t = g.t + g.t_sd * rng_normal(&rng);
			double e = t + g.p + g.p_sd * rng_normal(&rng), a;
			bool beaten = false;

			a = area(&f, &ref, (struct spot){t, e});
			sum += a;
			squares += a * a;
			for (size_t k = 0; k < f.n; k++)
				beaten |= f.at[k].t <= t && f.at[k].e <= e;
			escapes += !beaten;
		}
		mean = sum / draws;
		sd = sqrt((squares / draws - mean * mean) / draws);
		assert_true(fabs(front_ehvi(&f, &ref, &g) - mean) <= 5 * sd + 1e-9);
		p = escapes / draws;
		assert_true(fabs(front_escape(&f, &g) - p) <= 5 * sqrt(0.25 / draws));
		assert_true(front_escape_bound(&f, &g) >= front_escape_doubted(&f, &g) - 1e-9);
	}
}

static void test_what_a_front_hides_is_bounded_near_zero(void **state)
{
	struct spot room[3] = {{0, 2}, {1, 1}, {2, 0}};
	const struct front f = {room, 3, 3}, none = {room, 0, 3};
	const struct guess far = {3, 0.1, 1, 0.1}, near = {0.5, 0.1, 0, 0.1};

	(void)state;
	assert_true(front_escape_bound(&f, &far) < 1e-6);
	assert_near_abs(front_escape_bound(&f, &near), 1, 0, 1e-3);
	assert_near_abs(front_escape_bound(&none, &far), 1, 0, 0);
}

static void test_ehvi_of_what_is_certain(void **state)
{
	struct spot room[3] = {{0, 2}, {1, 1}, {2, 0}};
	const struct front f = {room, 3, 3};
	const struct spot ref = {3, 3};
	const struct guess sure = {0.5, 0, 0, 0}; /* at (0.5, 0.5) */

	(void)state;
	assert_near_abs(front_ehvi(&f, &ref, &sure), 0.5 * 1.5 + 1 * 0.5, 0, 1e-12);
	assert_near_abs(front_escape(&f, &sure), 1, 0, 0);
	assert_near_abs(front_escape(&f, &(struct guess){1.5, 0, 0, 0}), 0, 0, 0);
}

/* ----- the process, against the textbook's formulas */

/** Solves a x = b in place by elimination with pivoting; n <= 16. */
static void solve(double a[16][16], double *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t p = i;

		for (size_t r = i; r < n; r++)
			p = fabs(a[r][i]) > fabs(a[p][i]) ? r : p;
		for (size_t c = 0; c < n; c++) {
			double swap = a[i][c];

			a[i][c] = a[p][c];
			a[p][c] = swap;
		}
		double swap = b[i];

		b[i] = b[p];
		b[p] = swap;
		for (size_t r = i + 1; r < n; r++) {
			double factor = a[r][i] / a[i][i];

			for (size_t c = i; c < n; c++)
				a[r][c] -= factor * a[i][c];
			b[r] -= factor * b[i];
		}
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t c = i + 1; c < n; c++)
			b[i] -= a[i][c] * b[c];
		b[i] /= a[i][i];
	}
}

struct process {
	struct world w;
	struct space space;
	struct hyper hyper;
	size_t at[16];
	double y[16];
	size_t n;
};

static void matrix(const struct process *p, double k[16][16])
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = 0; j < p->n; j++)
			k[i][j] =
				kernel(&p->hyper, &p->space, p->at[i], p->at[j]) +
				(i == j ? kernel_nugget(&p->hyper, &p->space, p->at[i]) + 1e-3 : 0);
}

/** Mean of a column, or the covariance of two. */
static double direct(const struct process *p, size_t a, size_t b, bool covariance)
{
	double k[16][16], x[16], sum = 0;

	matrix(p, k);
	for (size_t i = 0; i < p->n; i++)
		x[i] = covariance ? kernel(&p->hyper, &p->space, p->at[i], b)
				  : p->y[i] - p->space.mean[0][p->at[i]];
	solve(k, x, p->n);
	for (size_t i = 0; i < p->n; i++)
		sum += kernel(&p->hyper, &p->space, p->at[i], a) * x[i];
	return covariance ? kernel(&p->hyper, &p->space, a, b) - sum : p->space.mean[0][a] + sum;
}

static void test_process_is_the_textbooks(void **state)
{
	static struct process p;
	struct gp g;

	(void)state;
	world_init(&p.w, 3);
	assert_int_equal(space_init(&p.space, &p.w.space, NULL), HG_OK);
	hyper_init(&p.hyper, &p.space, SEARCH_TIME);
	assert_int_equal(gp_init(&g, &p.space, &p.hyper, NULL, CONFIGS), HG_OK);
	for (p.n = 0; p.n < 16; p.n++) {
		p.at[p.n] = (p.n * 37 + 5) % CONFIGS;
		p.y[p.n] = log(p.w.time_s[p.at[p.n]]);
		assert_int_equal(gp_add(&g, p.at[p.n], p.y[p.n], 1e-3), HG_OK);
	}
	for (size_t i = 0; i < CONFIGS; i += 5) {
		assert_near_abs(g.mean[i], direct(&p, i, i, false), 1e-7, 1e-7);
		assert_near_abs(g.var[i], direct(&p, i, i, true), 1e-7, 1e-7);
		assert_near_abs(gp_covariance(&g, i, (i + 11) % CONFIGS),
			direct(&p, i, (i + 11) % CONFIGS, true), 1e-7, 1e-7);
	}
	gp_finish(&g);
	space_finish(&p.space);
}

static void test_limits_of_one_size_go_together(void **state)
{
	static struct process p;

	(void)state;
	world_init(&p.w, 5);
	assert_int_equal(space_init(&p.space, &p.w.space, NULL), HG_OK);
	assert_int_equal(p.space.n_stems, CONFIGS / LIMITS);
	hyper_init(&p.hyper, &p.space, SEARCH_TIME);
	assert_true(p.hyper.rough > 0 && p.hyper.bend > 0);
	for (size_t i = 0; i < CONFIGS; i += 7)
		for (size_t j = 0; j < CONFIGS; j += 5) {
			struct hyper smooth = p.hyper;
			double more;

			smooth.rough = smooth.bend = 0;
			more = kernel(&p.hyper, &p.space, i, j) - kernel(&smooth, &p.space, i, j);
			/* what a size has of its own is common to its limits and to nothing else */
			if (i / LIMITS == j / LIMITS)
				assert_true(more > 0.99 * p.hyper.rough);
			else
				assert_near_abs(more, 0, 0, 1e-12);
		}
	space_finish(&p.space);
}

/** Whether two configurations agree in the first n knobs. */
static bool agree(const double *a, const double *b, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (a[k] != b[k])
			return false;
	return true;
}

static void test_classes_are_of_equal_choices(void **state)
{
	static struct world w;
	struct space space;
	uint32_t last = 0;

	(void)state;
	world_init(&w, 6);
	/* zero has two signs */
	for (size_t i = 0; i < CONFIGS; i++)
		w.cells[i * KNOBS] = w.cells[i * KNOBS] > 0 ? 1 : i % 3 ? 0.0 : -0.0;
	assert_int_equal(space_init(&space, &w.space, NULL), HG_OK);
	assert_int_equal(space.n_groups, 2);
	assert_int_equal(space.n_stems, 2 * SIZES);
	for (size_t i = 0; i < CONFIGS; i++) {
		/* numbered as they come */
		assert_true(space.stem[i] <= last + 1);
		last = space.stem[i] > last ? space.stem[i] : last;
		for (size_t j = 0; j < i; j++) {
			const double *a = w.cells + i * KNOBS, *b = w.cells + j * KNOBS;

			assert_int_equal(space.group[i] == space.group[j], agree(a, b, 1));
			assert_int_equal(space.stem[i] == space.stem[j], agree(a, b, 2));
		}
	}
	space_finish(&space);
}

/** Of several choices each has something of its own: sets that differ in one are nearer. */
static void test_sets_of_several_choices_are_kin(void **state)
{
	static const hg_knob_def choices[] = {{"a", "", NULL, 0}, {"b", "", NULL, 0}};
	static const uint32_t kinds[] = {HG_SEARCH_CHOICE, HG_SEARCH_CHOICE};
	static const double both[] = {0, 0, 0, 1, 1, 0, 1, 1}, one[] = {0, 5, 1, 5, 2, 5, 3, 5};
	hg_search_space given = {.size = sizeof given,
		.n_knobs = 2,
		.knobs = choices,
		.scales = kinds,
		.n_configs = 4,
		.cells = both};
	struct space s;
	struct hyper h;

	(void)state;
	assert_int_equal(space_init(&s, &given, NULL), HG_OK);
	hyper_init(&h, &s, SEARCH_TIME);
	assert_true(kernel(&h, &s, 0, 0) > kernel(&h, &s, 0, 1) + 0.1);
	assert_true(kernel(&h, &s, 0, 1) > kernel(&h, &s, 0, 3) + 0.1);
	assert_true(kernel(&h, &s, 0, 3) > h.level);
	space_finish(&s);
	/* of one choice that varies all others are strangers alike */
	given.cells = one;
	assert_int_equal(space_init(&s, &given, NULL), HG_OK);
	hyper_init(&h, &s, SEARCH_TIME);
	assert_near_abs(kernel(&h, &s, 0, 1), h.level, 0, 0);
	space_finish(&s);
}

static void test_what_is_only_believed_can_be_dropped(void **state)
{
	static struct process p;
	struct gp g;
	double mean, var;

	(void)state;
	world_init(&p.w, 4);
	assert_int_equal(space_init(&p.space, &p.w.space, NULL), HG_OK);
	hyper_init(&p.hyper, &p.space, SEARCH_TIME);
	assert_int_equal(gp_init(&g, &p.space, &p.hyper, NULL, CONFIGS), HG_OK);
	assert_int_equal(gp_add(&g, 0, 3, 0), HG_OK);
	mean = g.mean[9];
	var = g.var[9];
	assert_int_equal(gp_add(&g, 8, NAN, 0), HG_OK);
	assert_near_abs(g.mean[9], mean, 0, 0);
	assert_true(g.var[9] < var - 1e-6);
	gp_drop(&g);
	assert_near_abs(g.var[9], var, 0, 1e-12);
	gp_finish(&g);
	space_finish(&p.space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_front_keeps_what_nothing_beats),
		cmocka_unit_test(test_ehvi_is_what_draws_say),
		cmocka_unit_test(test_what_a_front_hides_is_bounded_near_zero),
		cmocka_unit_test(test_ehvi_of_what_is_certain),
		cmocka_unit_test(test_classes_are_of_equal_choices),
		cmocka_unit_test(test_process_is_the_textbooks),
		cmocka_unit_test(test_limits_of_one_size_go_together),
		cmocka_unit_test(test_sets_of_several_choices_are_kin),
		cmocka_unit_test(test_what_is_only_believed_can_be_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
