/* The search: what it proposes, promises and refuses. */
#include "cmocka-all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "search-world.h"

static hg_search *open_search(const struct world *w, uint32_t policy, uint64_t seed)
{
	hg_search_opts opts = {.size = sizeof opts, .policy = policy, .seed = seed};
	hg_search *s;

	assert_int_equal(hg_search_create(&w->space, &opts, &s, NULL), HG_OK);
	return s;
}

static void tell(hg_search *s, const struct world *w, uint32_t config)
{
	hg_search_result r = {.size = sizeof r,
		.config = config,
		.time_s = w->time_s[config],
		.energy_j = w->energy_j[config]};

	assert_int_equal(hg_search_tell(s, &r, NULL), HG_OK);
}

static void tell_failed(hg_search *s, uint32_t config)
{
	hg_search_result r = {.size = sizeof r, .config = config, .failed = 1};

	assert_int_equal(hg_search_tell(s, &r, NULL), HG_OK);
}

static bool next(hg_search *s, uint32_t *config)
{
	size_t n;

	assert_int_equal(hg_search_next(s, 1, config, &n, NULL), HG_OK);
	return n == 1;
}

/** Runs a search to its end. @return how many it measured */
static size_t run(hg_search *s, const struct world *w, uint32_t *order)
{
	size_t n = 0;
	uint32_t config;

	while (next(s, &config)) {
		assert_true(n < CONFIGS);
		order[n++] = config;
		tell(s, w, config);
	}
	return n;
}

/* ----- searches */

static bool all_covered(const struct world *w, const uint32_t *order, size_t n, double epsilon)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		bool ok = false;

		for (size_t j = 0; j < n; j++)
			ok |= w->time_s[order[j]] <= (1 + epsilon) * w->time_s[i] &&
			      w->energy_j[order[j]] <= (1 + epsilon) * w->energy_j[i];
		if (!ok)
			return false;
	}
	return true;
}

static void test_search_covers_the_frontier(void **state)
{
	static struct world w;
	uint32_t order[CONFIGS];
	size_t missed = 0, total = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		hg_search *s;
		hg_search_state now = {.size = sizeof now};
		size_t n;

		world_init(&w, seed);
		s = open_search(&w, HG_SEARCH_COVER, seed);
		n = run(s, &w, order);
		total += n;
		/* each point of the frontier, and whatever lies behind it */
		missed += !all_covered(&w, order, n, 0.02);
		assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
		assert_true(now.done && now.certified && now.epsilon_bound <= 0.0205);
		assert_int_equal(now.measured, n);
		hg_search_destroy(s);
	}
	assert_true(missed <= 1);
	assert_true(total < 8 * CONFIGS / 2);
}

/** Deviation that is believed of what was not measured, after every third one was. */
static double doubt(uint64_t seed, double noise)
{
	static struct world w;
	hg_search *s;
	struct rng rng;
	double sum = 0;

	world_init(&w, seed);
	rng_init(&rng, seed);
	for (size_t i = 0; i < CONFIGS; i++)
		w.time_s[i] *= exp(noise * rng_normal(&rng));
	s = open_search(&w, HG_SEARCH_COVER, seed);
	for (uint32_t i = 0; i < CONFIGS; i += 3)
		tell(s, &w, i);
	for (uint32_t i = 1; i < CONFIGS; i += 3) {
		hg_search_belief b = {.size = sizeof b};

		assert_int_equal(hg_search_believe(s, i, &b, NULL), HG_OK);
		sum += b.time_rsd / (CONFIGS / 3);
	}
	hg_search_destroy(s);
	return sum;
}

static void test_scatter_is_learnt(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		assert_true(doubt(seed, 0.05) > 1.3 * doubt(seed, 0));
	}
}

static void test_every_policy_ends_with_the_frontier_of_what_it_measured(void **state)
{
	static struct world w;
	uint32_t order[CONFIGS];

	(void)state;
	world_init(&w, 5);
	for (uint32_t policy = HG_SEARCH_COVER; policy <= HG_SEARCH_RANDOM; policy++) {
		hg_search *s = open_search(&w, policy, 5);
		size_t n = run(s, &w, order), points = 0;
		hg_frontier *f;

		for (size_t i = 0; i < n; i++) {
			bool beaten = false;

			for (size_t j = 0; j < n; j++)
				beaten |= j != i && w.time_s[order[j]] <= w.time_s[order[i]] &&
					  w.energy_j[order[j]] <= w.energy_j[order[i]];
			points += !beaten;
		}
		assert_int_equal(hg_search_frontier(s, &f, NULL), HG_OK);
		assert_int_equal(hg_frontier_count(f), points);
		assert_int_equal(hg_frontier_points(f)[0].origin, HG_ORIGIN_MEASURED);
		assert_true(policy != HG_SEARCH_RANDOM || n == CONFIGS);
		hg_frontier_destroy(f);
		hg_search_destroy(s);
	}
}

static void test_a_search_goes_on_from_what_it_was_told(void **state)
{
	static struct world w;
	uint32_t order[CONFIGS], again[CONFIGS];
	hg_search *s;
	size_t n, m;

	(void)state;
	world_init(&w, 6);
	s = open_search(&w, HG_SEARCH_COVER, 6);
	n = run(s, &w, order);
	hg_search_destroy(s);
	for (size_t cut = 0; cut <= n; cut += 3) {
		s = open_search(&w, HG_SEARCH_COVER, 6);
		for (size_t i = 0; i < cut; i++)
			tell(s, &w, order[i]);
		m = run(s, &w, again);
		assert_int_equal(cut + m, n);
		assert_memory_equal(again, order + cut, m * sizeof *again);
		hg_search_destroy(s);
	}
}

static void test_several_at_once_differ(void **state)
{
	static struct world w;
	uint32_t at[6], config;
	hg_search_state now = {.size = sizeof now};
	hg_search *s;
	size_t n;

	(void)state;
	world_init(&w, 8);
	s = open_search(&w, HG_SEARCH_COVER, 8);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(hg_search_next(s, 6, at, &n, NULL), HG_OK);
		assert_int_equal(n, 6);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < i; j++)
				assert_int_not_equal(at[i], at[j]);
		for (size_t i = n; i-- > 1;)
			tell(s, &w, at[i]);
		hg_search_forget(s, at[0]);
	}
	assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
	assert_int_equal(now.measured, 15);
	assert_int_equal(now.pending, 0);
	assert_true(next(s, &config));
	hg_search_destroy(s);
}

/** Few results leave much in question: a sum of probabilities may be far above 1. */
static void test_a_draw_escapes_as_settings_do_in_the_mean(void **state)
{
	static struct world w;
	hg_search_state now = {.size = sizeof now};
	double sum = 0;
	hg_search *s;

	(void)state;
	world_init(&w, 10);
	s = open_search(&w, HG_SEARCH_COVER, 10);
	tell(s, &w, 0);
	for (uint32_t i = 0; i < CONFIGS; i++) {
		hg_search_belief b = {.size = sizeof b};

		assert_int_equal(hg_search_believe(s, i, &b, NULL), HG_OK);
		sum += b.told ? 0 : b.escape;
	}
	assert_true(sum > 2);
	assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
	assert_true(now.escape == 1);
	assert_true(fabs(now.escape_drawn - sum / CONFIGS) < 1e-12);
	hg_search_destroy(s);
}

static void test_what_fails_is_left_alone(void **state)
{
	static struct world w;
	char tried[CONFIGS] = {0};
	hg_search_state now = {.size = sizeof now};
	hg_search_belief far = {.size = sizeof far}, near = {.size = sizeof near};
	uint32_t config;
	hg_search *s;

	(void)state;
	world_init(&w, 9);
	s = open_search(&w, HG_SEARCH_COVER, 9);
	/* device y runs out of memory beyond a batch size of 64 */
	while (next(s, &config)) {
		assert_false(tried[config]);
		tried[config] = 1;
		if (w.cells[config * KNOBS] > 0 && w.cells[config * KNOBS + 1] > 64)
			tell_failed(s, config);
		else
			tell(s, &w, config);
	}
	assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
	assert_true(now.failed > 0 && now.failed < 20);
	assert_int_equal(hg_search_believe(s, CONFIGS - 1, &near, NULL), HG_OK);
	assert_int_equal(hg_search_believe(s, 0, &far, NULL), HG_OK);
	assert_true(near.feasible < 0.6 && far.feasible == 1);
	hg_search_destroy(s);
}

static void test_everything_may_fail(void **state)
{
	static struct world w;
	hg_frontier *f;
	hg_search_state now = {.size = sizeof now};
	uint32_t config;
	size_t n = 0;
	hg_search *s;
	hg_error why = {""};

	(void)state;
	world_init(&w, 10);
	s = open_search(&w, HG_SEARCH_COVER, 10);
	while (next(s, &config)) {
		tell_failed(s, config);
		assert_true(n++ < CONFIGS);
	}
	assert_int_equal(n, CONFIGS);
	assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
	assert_true(now.done && !now.certified && isinf(now.epsilon_bound));
	assert_int_equal(hg_search_frontier(s, &f, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "nothing was measured"));
	hg_search_destroy(s);
}

static void test_most_is_most(void **state)
{
	static struct world w;
	hg_search_opts opts = {.size = sizeof opts, .max_measured = 5};
	uint32_t order[CONFIGS], at[9];
	hg_search *s;
	size_t n;

	(void)state;
	world_init(&w, 12);
	assert_int_equal(hg_search_create(&w.space, &opts, &s, NULL), HG_OK);
	assert_int_equal(hg_search_next(s, 9, at, &n, NULL), HG_OK);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++)
		hg_search_forget(s, at[i]);
	assert_int_equal(run(s, &w, order), 5);
	hg_search_destroy(s);
}

/* ----- predictions */

static void test_good_predictions_spare_measurements(void **state)
{
	static struct world w;
	static double t[CONFIGS], e[CONFIGS], sd[CONFIGS];
	uint32_t order[CONFIGS];
	size_t blind, told;
	hg_search *s;

	(void)state;
	world_init(&w, 13);
	s = open_search(&w, HG_SEARCH_COVER, 13);
	blind = run(s, &w, order);
	hg_search_destroy(s);
	for (size_t i = 0; i < CONFIGS; i++) {
		t[i] = 1.01 * w.time_s[i];
		e[i] = 1.02 * w.energy_j[i];
		sd[i] = 0.03;
	}
	w.space.prior_time_s = t;
	w.space.prior_energy_j = e;
	w.space.prior_rsd = sd;
	s = open_search(&w, HG_SEARCH_COVER, 13);
	told = run(s, &w, order);
	assert_true(told < blind);
	assert_true(all_covered(&w, order, told, 0.021));
	hg_search_destroy(s);
}

static void test_transfer_is_the_median_of_others(void **state)
{
	static struct world w;
	static hg_search_kin kin[3 * CONFIGS];
	static double cells[3 * CONFIGS * KNOBS], t[CONFIGS], e[CONFIGS];

	(void)state;
	world_init(&w, 14);
	/* three workloads whose slowdown by the limit's share is 1, 2, and 5 times its shortfall */
	for (size_t i = 0; i < 3 * CONFIGS; i++) {
		const double *c = w.cells + i % CONFIGS * KNOBS;
		double short_by = 1 - c[2] / (c[0] > 0 ? 300 : 250);
		double factor = i < CONFIGS ? 1 : i < 2 * CONFIGS ? 2 : 5;

		memcpy(cells + i * KNOBS, c, KNOBS * sizeof *c);
		kin[i] = (hg_search_kin){(uint32_t)(i / CONFIGS), 0, 7 * exp(factor * short_by),
			7 * exp(factor * short_by) * 100 * (1 - short_by)};
	}
	assert_int_equal(hg_search_transfer(&w.space, cells, kin, 3 * CONFIGS, t, e, NULL), HG_OK);
	for (size_t i = 0; i < CONFIGS; i++) {
		double short_by = 1 - w.cells[i * KNOBS + 2] / (w.cells[i * KNOBS] > 0 ? 300 : 250);

		assert_near_abs(t[i], exp(2 * short_by), 1e-9, 0);
		assert_near_abs(e[i] / t[i], 1 - short_by, 1e-9, 0);
	}
	kin[4].time_s = 0;
	assert_int_equal(
		hg_search_transfer(&w.space, cells, kin, 3 * CONFIGS, t, e, NULL), HG_EINVAL);
}

/* ----- what is refused */

static void refuse(const hg_search_space *space, const char *text)
{
	hg_search *s;
	hg_error why = {""};

	assert_int_equal(hg_search_create(space, NULL, &s, &why), HG_EINVAL);
	assert_null(s);
	if (!strstr(why.text, text))
		fail_msg("'%s' does not say '%s'", why.text, text);
}

static void test_bad_spaces_are_refused(void **state)
{
	static struct world w;
	hg_search_space bad;
	uint32_t wrong[KNOBS] = {HG_SEARCH_LOG, HG_SEARCH_LOG, HG_SEARCH_LIMIT};
	hg_knob_def twice[KNOBS];

	(void)state;
	world_init(&w, 15);
	bad = w.space;
	bad.scales = wrong;
	refuse(&bad, "words are on the scale 'choice' only");
	wrong[0] = 9;
	refuse(&bad, "no such scale: 9");
	memcpy(twice, knobs, sizeof twice);
	twice[2].name = "device";
	bad = w.space;
	bad.knobs = twice;
	refuse(&bad, "'device' is there twice");
	bad = w.space;
	bad.prior_time_s = w.time_s;
	refuse(&bad, "time and energy, or of neither");
	w.cells[4] = 0;
	refuse(&w.space, "configuration 1: 'batch_size' must be above 0");
	w.cells[0] = 2;
	refuse(&w.space, "configuration 0: 'device' has no choice 2");
	w.cells[0] = NAN;
	refuse(&w.space, "not a finite number");
}

static void test_bad_results_are_refused(void **state)
{
	static struct world w;
	hg_search_result r = {.size = sizeof r, .config = CONFIGS, .time_s = 1, .energy_j = 1};
	hg_search_state now = {.size = sizeof now};
	hg_search *s;

	(void)state;
	world_init(&w, 16);
	s = open_search(&w, HG_SEARCH_COVER, 1);
	assert_int_equal(hg_search_tell(s, &r, NULL), HG_EINVAL);
	r.config = 0;
	r.time_s = 0;
	assert_int_equal(hg_search_tell(s, &r, NULL), HG_EINVAL);
	r.time_s = 1;
	r.energy_j = INFINITY;
	assert_int_equal(hg_search_tell(s, &r, NULL), HG_EINVAL);
	r.energy_j = 1;
	r.time_rsd = -1;
	assert_int_equal(hg_search_tell(s, &r, NULL), HG_EINVAL);
	assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
	assert_int_equal(now.measured + now.failed, 0);
	hg_search_destroy(s);
	hg_search_destroy(NULL);
}

static void test_a_later_result_counts(void **state)
{
	static struct world w;
	hg_search_belief b = {.size = sizeof b};
	hg_search_state now = {.size = sizeof now};
	hg_search *s;

	(void)state;
	world_init(&w, 17);
	s = open_search(&w, HG_SEARCH_COVER, 1);
	tell_failed(s, 3);
	tell(s, &w, 3);
	w.time_s[3] *= 2;
	tell(s, &w, 3);
	tell_failed(s, 3);
	assert_int_equal(hg_search_believe(s, 3, &b, NULL), HG_OK);
	assert_int_equal(b.told, 1);
	assert_near_abs(b.time_s, w.time_s[3], 1e-3, 0);
	assert_int_equal(hg_search_look(s, &now, NULL), HG_OK);
	assert_int_equal(now.measured, 1);
	assert_int_equal(now.failed, 0);
	hg_search_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search_covers_the_frontier),
		cmocka_unit_test(test_scatter_is_learnt),
		cmocka_unit_test(test_every_policy_ends_with_the_frontier_of_what_it_measured),
		cmocka_unit_test(test_a_search_goes_on_from_what_it_was_told),
		cmocka_unit_test(test_several_at_once_differ),
		cmocka_unit_test(test_a_draw_escapes_as_settings_do_in_the_mean),
		cmocka_unit_test(test_what_fails_is_left_alone),
		cmocka_unit_test(test_everything_may_fail),
		cmocka_unit_test(test_most_is_most),
		cmocka_unit_test(test_good_predictions_spare_measurements),
		cmocka_unit_test(test_transfer_is_the_median_of_others),
		cmocka_unit_test(test_bad_spaces_are_refused),
		cmocka_unit_test(test_bad_results_are_refused),
		cmocka_unit_test(test_a_later_result_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
