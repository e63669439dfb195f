/* Products of knobs that are too many to be listed: draws, candidates, what is found. */
#include "cmocka-all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "software/search/search.h"

#define KNOBS  4
#define VALUES 12
#define ALL    (VALUES * VALUES * VALUES * VALUES)

static const uint32_t scales[KNOBS] = {
	HG_SEARCH_CHOICE, HG_SEARCH_LOG, HG_SEARCH_LINEAR, HG_SEARCH_LIMIT};

/** Twenty thousand settings, less those whose batch is too large for a device. */
struct world {
	hg_search_space space;
	hg_knob_def knobs[KNOBS];
	double values[KNOBS][VALUES];
	const double *lists[KNOBS];
	size_t n_values[KNOBS];
};

static int allows(void *user, const double *cells, size_t n)
{
	(void)user;
	return n != 2 || cells[1] <= 64 * (1 + cells[0]);
}

static void world_init(struct world *w)
{
	static const char *const names[KNOBS] = {"device", "batch", "share", "limit"};

	for (int k = 0; k < KNOBS; k++) {
		w->knobs[k] = (hg_knob_def){names[k], "", NULL, 0};
		w->lists[k] = w->values[k];
		w->n_values[k] = VALUES;
		/* in no order */
		for (int i = 0; i < VALUES; i++) {
			int at = i * 5 % VALUES;

			w->values[k][i] = k == 1 ? ldexp(1, at) : k == 3 ? 100 + 10 * at : at;
		}
	}
	w->space = (hg_search_space){.size = sizeof w->space,
		.n_knobs = KNOBS,
		.knobs = w->knobs,
		.scales = scales,
		.n_values = w->n_values,
		.values = w->lists,
		.allows = allows};
}

static double time_of(const double *c)
{
	double u = c[3] / 210;

	return (1 + 40 / c[1] + c[1] / 400) * (1 + 0.02 * fabs(c[0] - 7)) *
	       exp(0.9 * pow(1 - u, 2.3) + 0.03 * c[2]);
}

static double energy_of(const double *c)
{
	return time_of(c) * c[3] * (1 + 0.03 * fabs(c[0] - 3)) *
	       exp(-0.05 * c[2] + 0.003 * c[2] * c[2]);
}

static hg_search *open_search(const struct world *w, uint32_t policy, uint64_t seed)
{
	const hg_search_opts opts = {
		.size = sizeof opts, .policy = policy, .seed = seed, .n_candidates = 1024};
	hg_search *s;
	hg_error why = {""};

	if (hg_search_create(&w->space, &opts, &s, &why) != HG_OK)
		fail_msg("%s", why.text);
	return s;
}

static void tell(hg_search *s, uint32_t config)
{
	const double *c = hg_search_cells(s, config);
	hg_search_result r = {
		.size = sizeof r, .config = config, .time_s = time_of(c), .energy_j = energy_of(c)};

	assert_int_equal(hg_search_tell(s, &r, NULL), HG_OK);
}

static bool next(hg_search *s, uint32_t *config)
{
	size_t n;

	assert_int_equal(hg_search_next(s, 1, config, &n, NULL), HG_OK);
	return n == 1;
}

/** Measures so many, or until it ends. @return how many */
static size_t run(hg_search *s, size_t most, double (*cells)[KNOBS])
{
	uint32_t config;
	size_t n = 0;

	while (n < most && next(s, &config)) {
		memcpy(cells[n++], hg_search_cells(s, config), sizeof *cells);
		tell(s, config);
	}
	return n;
}

/** By how much the farthest setting of the whole product is better than what was measured. */
static double missing(const double (*cells)[KNOBS], size_t n)
{
	double most = 0;

	for (int i = 0; i < ALL; i++) {
		const double c[KNOBS] = {
			i % 12, ldexp(1, i / 12 % 12), i / 144 % 12, 100 + 10 * (i / 1728)};
		double least = INFINITY;

		if (!allows(NULL, c, 2))
			continue;
		for (size_t k = 0; k < n && least > most; k++)
			least = fmin(least, fmax(time_of(cells[k]) / time_of(c),
						    energy_of(cells[k]) / energy_of(c)) -
						    1);
		most = fmax(most, least);
	}
	return most;
}

static void test_search_finds_the_frontier_of_a_product(void **state)
{
	static double cells[60][KNOBS], chance[60][KNOBS];
	struct world w;
	hg_search_state now = {.size = sizeof now};
	hg_frontier *f;
	hg_search *s;

	(void)state;
	world_init(&w);
	s = open_search(&w, HG_SEARCH_COVER, 1);
	assert_true(run(s, 60, cells) > 20);
	assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
	assert_true(now.combinations == ALL);
	assert_int_equal(now.candidates, 1024);
	assert_int_equal(now.left, 1024 - now.measured);
	assert_int_equal(hg_search_frontier(s, &f, NULL), HG_OK);
	assert_int_equal(hg_frontier_count(f), now.points);
	hg_frontier_destroy(f);
	hg_search_destroy(s);
	for (size_t i = 0; i < now.measured; i++) {
		assert_true(allows(NULL, cells[i], 2));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(cells[i], cells[k], sizeof *cells);
	}
	assert_true(missing(cells, now.measured) < 0.03);
	s = open_search(&w, HG_SEARCH_RANDOM, 1);
	assert_int_equal(run(s, 60, chance), 60);
	assert_true(missing(chance, 60) > 0.06);
	hg_search_destroy(s);
}

static void test_a_search_goes_on_as_it_would_have(void **state)
{
	static double cells[30][KNOBS], rest[5][KNOBS];
	struct world w;
	hg_search *s, *again;
	uint32_t config;

	(void)state;
	world_init(&w);
	s = open_search(&w, HG_SEARCH_COVER, 3);
	again = open_search(&w, HG_SEARCH_COVER, 3);
	assert_int_equal(run(s, 30, cells), 30);
	for (size_t i = 0; i < 25; i++) {
		assert_int_equal(hg_search_locate(again, cells[i], &config, NULL), HG_OK);
		assert_memory_equal(hg_search_cells(again, config), cells[i], sizeof *cells);
		tell(again, config);
	}
	assert_int_equal(run(again, 5, rest), 5);
	assert_memory_equal(rest, cells + 25, sizeof rest);
	hg_search_destroy(s);
	hg_search_destroy(again);
}

/** What is put in the place of another is predicted as if it had always been there. */
static void test_new_candidates_are_predicted_as_others(void **state)
{
	static double cells[20][KNOBS], mean[1024], var[1024];
	struct world w;
	const struct gp *gp;
	hg_search *s;

	(void)state;
	world_init(&w);
	s = open_search(&w, HG_SEARCH_COVER, 4);
	gp = &s->gp[1][SEARCH_TIME];
	(void)run(s, 20, cells);
	assert_true(s->pool.turn >= 20);
	memcpy(mean, gp->mean, sizeof mean);
	memcpy(var, gp->var, sizeof var);
	assert_int_equal(search_rebuild(s), HG_OK);
	for (size_t i = 0; i < 1024; i++) {
		assert_near_abs(gp->mean[i], mean[i], 1e-8, 1e-8);
		assert_near_abs(gp->var[i], var[i], 1e-8, 1e-8);
	}
	hg_search_destroy(s);
}

/** What is told and what is pending keep their numbers, and new candidates come. */
static void test_candidates_come_and_go(void **state)
{
	static double cells[64][KNOBS], before[1024][KNOBS];
	uint32_t pending[3];
	size_t n, changed = 0;
	struct world w;
	hg_search *s;

	(void)state;
	world_init(&w);
	s = open_search(&w, HG_SEARCH_COVER, 5);
	(void)run(s, 12, cells);
	memcpy(before, s->space.cells, sizeof before);
	assert_int_equal(hg_search_next(s, 3, pending, &n, NULL), HG_OK);
	assert_int_equal(n, 3);
	tell(s, pending[0]);
	for (uint32_t i = 0; i < 1024; i++) {
		bool other = memcmp(hg_search_cells(s, i), before[i], sizeof *before) != 0;

		changed += other;
		assert_false(other && s->marks[i] != MARK_FREE);
		assert_true(product_has(&s->pool.product, hg_search_cells(s, i)));
		for (uint32_t k = 0; k < i; k++)
			assert_memory_not_equal(
				hg_search_cells(s, i), hg_search_cells(s, k), sizeof *before);
	}
	assert_in_range(changed, 64, 512);
	hg_search_destroy(s);
}

/** What is located keeps its number until something is told, however much else is. */
static void test_what_is_located_stays(void **state)
{
	static double cells[8][KNOBS];
	uint32_t at[300];
	struct world w;
	hg_search *s;

	(void)state;
	world_init(&w);
	s = open_search(&w, HG_SEARCH_COVER, 8);
	(void)run(s, 8, cells);
	for (int i = 0; i < 300; i++) {
		const double c[KNOBS] = {i % 12, 32, i / 12 % 12, 100 + 10 * (i / 144)};

		assert_int_equal(hg_search_locate(s, c, &at[i], NULL), HG_OK);
	}
	for (int i = 0; i < 300; i++) {
		const double c[KNOBS] = {i % 12, 32, i / 12 % 12, 100 + 10 * (i / 144)};

		assert_memory_equal(hg_search_cells(s, at[i]), c, sizeof c);
	}
	hg_search_destroy(s);
}

/** Of twelve exchangeable values the draws have each as often, and all are allowed. */
static void test_draws_are_fair(void **state)
{
	int count[VALUES] = {0};
	double cells[HG_SEARCH_MAX_KNOBS];
	struct product p;
	struct rng rng;
	struct world w;

	(void)state;
	world_init(&w);
	rng_init(&rng, 6);
	assert_int_equal(product_init(&p, &w.space, NULL), HG_OK);
	for (int i = 0; i < 12000; i++) {
		assert_true(product_draw(&p, &rng, cells));
		assert_true(product_has(&p, cells));
		count[(int)cells[2]]++;
	}
	for (int i = 0; i < VALUES; i++)
		assert_in_range(count[i], 850, 1150);
	product_finish(&p);
}

static int tight(void *user, const double *cells, size_t n)
{
	(void)user;
	return n < 4 || cells[1] * (1 + cells[2]) == 2 * (cells[3] - 100);
}

/** The nearest setting that is allowed: of the last knobs, whatever those before them want. */
static void test_what_is_refused_is_mended(void **state)
{
	double cells[HG_SEARCH_MAX_KNOBS] = {5, 8, 4, 120};
	struct product p;
	struct rng rng;
	struct world w;

	(void)state;
	world_init(&w);
	rng_init(&rng, 7);
	w.space.allows = tight;
	assert_int_equal(product_init(&p, &w.space, NULL), HG_OK);
	assert_true(product_has(&p, cells));
	assert_true(product_mend(&p, 0, cells));
	assert_true(cells[0] == 5 && cells[1] == 8 && cells[2] == 4 && cells[3] == 120);
	cells[3] = 180; /* 8 * 20 is too much */
	assert_true(product_mend(&p, 1u << 3, cells));
	assert_true(product_has(&p, cells) && cells[3] == 180 && cells[0] == 5);
	for (int i = 0; i < 100; i++)
		assert_true(product_draw(&p, &rng, cells) && product_has(&p, cells));
	product_finish(&p);
}

static int never(void *user, const double *cells, size_t n)
{
	(void)user;
	(void)cells;
	return n < 4;
}

static void refuses(const struct world *w, const hg_search_opts *opts, const char *what)
{
	hg_search *s;
	hg_error why = {""};

	assert_int_equal(hg_search_create(&w->space, opts, &s, &why), HG_EINVAL);
	assert_null(s);
	if (!strstr(why.text, what))
		fail_msg("\"%s\" says not \"%s\"", why.text, what);
}

static void test_bad_products_are_refused(void **state)
{
	const hg_search_opts few = {.size = sizeof few, .n_candidates = 10};
	const double nowhere[KNOBS] = {1, 3, 1, 100};
	struct world w;
	hg_search *s;
	uint32_t config;

	(void)state;
	world_init(&w);
	refuses(&w, &few, "candidates must be 1024 to 65536, not 10");
	s = open_search(&w, HG_SEARCH_COVER, 1);
	assert_int_equal(hg_search_locate(s, nowhere, &config, NULL), HG_EINVAL);
	assert_null(hg_search_cells(s, 1024));
	hg_search_destroy(s);
	w.space.allows = never;
	refuses(&w, NULL, "no setting was found that is allowed");
	w.values[3][1] = -5;
	refuses(&w, NULL, "knob 'limit': cannot be -5");
	w.values[3][1] = w.values[3][0];
	refuses(&w, NULL, "knob 'limit': 100 is there twice");
	w.n_values[2] = 0;
	refuses(&w, NULL, "knob 'share': 0 values");
	w.n_values[2] = 1;
	w.lists[2] = NULL;
	refuses(&w, NULL, "knob 'share': 0 values");
	w.space.n_configs = 1;
	refuses(&w, NULL, "no listed configurations");
	w.space.values = NULL;
	refuses(&w, NULL, "needs their values");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search_finds_the_frontier_of_a_product),
		cmocka_unit_test(test_a_search_goes_on_as_it_would_have),
		cmocka_unit_test(test_new_candidates_are_predicted_as_others),
		cmocka_unit_test(test_candidates_come_and_go),
		cmocka_unit_test(test_what_is_located_stays),
		cmocka_unit_test(test_draws_are_fair),
		cmocka_unit_test(test_what_is_refused_is_mended),
		cmocka_unit_test(test_bad_products_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
