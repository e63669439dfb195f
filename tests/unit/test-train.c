/* Choosing a setting for a job and for a synchronous group, against brute force. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/train.h>

#include "core/rng.h"

#include "data-file.h"

#define MAX_SETTINGS 12
#define MAX_RANKS    5

static void assert_near(double found, double expected)
{
	bool near = fabs(found - expected) <= 1e-12 * fmax(fabs(expected), 1e-9);

	if (!near)
		print_error("expected %.17g, found %.17g\n", expected, found);
	assert_true(near);
}

static hg_frontier *import_zeus(const char *name)
{
	char path[128];
	struct buf text;
	hg_frontier *f = NULL;

	(void)snprintf(path, sizeof path, "zeus/profile_data/%s", name);
	if (data_read(path, &text))
		assert_int_equal(
			hg_frontier_import_zeus(text.data, text.len, name, NULL, &f, NULL), HG_OK);
	buf_finish(&text);
	return f;
}

static hg_train_choice choose(
	const hg_frontier *f, hg_objective_kind kind, double value, double units)
{
	hg_train_job job = {.size = sizeof job, .units = units};
	hg_train_choice choice = {.size = sizeof choice};
	hg_error why;

	job.objective.size = sizeof job.objective;
	job.objective.kind = kind;
	job.objective.value = value;
	if (hg_train_choose(f, &job, &choice, &why)) {
		print_error("%s\n", why.text);
		fail();
	}
	return choice;
}

/* ------------------------------------------------------------------------------ one device */

/* Zeus takes 125 W here, which is slower than 150 W and needs more energy. */
static void test_slowdown_is_cheapest(void **state)
{
	hg_frontier *f = import_zeus("V100+resnet50+gpu0.csv");
	hg_train_choice c;

	(void)state;
	if (!f)
		skip();
	c = choose(f, HG_MAX_SLOWDOWN, 1.6, 1000);
	assert_true(c.feasible);
	assert_near(*hg_frontier_setting(f, c.pick.point.setting), 150);
	assert_near(round(c.pick.point.energy_j / 10), 483);
	assert_near(round(c.pick.point.time_s * 10), 324);
	assert_near(c.time_s, 1000 * c.pick.point.time_s);
	assert_near(c.energy_j, 1000 * c.pick.point.energy_j);
	assert_near(round(1000 * c.energy_saving), 204);
	assert_near(round(1000 * c.slowdown), 1215);
	hg_frontier_destroy(f);
}

static hg_frontier *build(const hg_point *points, size_t n)
{
	hg_frontier *f;

	assert_int_equal(hg_frontier_build(points, n, NULL, &f, NULL), HG_OK);
	return f;
}

static hg_frontier *random_frontier(struct rng *r)
{
	hg_point points[20];
	size_t n = 1 + rng_below(r, 20);

	for (size_t i = 0; i < n; i++)
		points[i] = (hg_point){.time_s = 1 + rng_double(r),
			.energy_j = 100 + 100 * rng_double(r),
			.setting = HG_SETTING_NONE};
	return build(points, n);
}

/* A deadline or a budget that a point meets exactly is met, however the division rounds. */
static void test_bounds_met_exactly(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, 4711);
	for (int i = 0; i < 3000; i++) {
		hg_frontier *f = random_frontier(&r);
		const hg_point *p = hg_frontier_points(f);
		size_t k = rng_below(&r, hg_frontier_count(f));
		double units = i % 2 ? 1 + (double)rng_below(&r, 1000000) : rng_double(&r) * 1e3;
		hg_train_choice c = choose(f, HG_DEADLINE, p[k].time_s * units, units);

		assert_true(c.feasible);
		assert_int_equal(c.pick.index, k);
		assert_true(c.time_s <= p[k].time_s * units);
		c = choose(f, HG_BUDGET, p[k].energy_j * units, units);
		assert_true(c.feasible);
		assert_int_equal(c.pick.index, k);
		hg_frontier_destroy(f);
	}
}

static void test_whole_job(void **state)
{
	static const hg_point points[] = {{1, 100, 0, 0, HG_SETTING_NONE, 0},
		{2, 60, 0, 0, HG_SETTING_NONE, 0}, {4, 50, 0, 0, HG_SETTING_NONE, 0}};
	hg_frontier *f = build(points, 3);
	hg_train_choice c = choose(f, HG_DEADLINE, 25, 10);

	(void)state;
	assert_int_equal(c.pick.index, 1);
	assert_near(c.time_s, 20);
	assert_near(c.energy_j, 600);
	assert_near(c.base_time_s, 10);
	assert_near(c.base_energy_j, 1000);
	assert_near(c.energy_saving, 0.4);
	assert_near(c.slowdown, 2);
	c = choose(f, HG_DEADLINE, 9, 10);
	assert_false(c.feasible);
	assert_int_equal(c.pick.index, 0);
	c = choose(f, HG_BUDGET, 499, 10);
	assert_false(c.feasible);
	assert_int_equal(c.pick.index, 2);
	c = choose(f, HG_MIN_ENERGY, 0, 1e6);
	assert_int_equal(c.pick.index, 2);
	c = choose(f, HG_MIN_TIME, 0, 1);
	assert_int_equal(c.pick.index, 0);
	assert_near(c.energy_saving, 0);
	hg_frontier_destroy(f);
}

static void test_bad_jobs(void **state)
{
	static const hg_point point = {1, 100, 0, 0, HG_SETTING_NONE, 0};
	static const double units[] = {0, -1, (double)NAN, HUGE_VAL};
	hg_frontier *f = build(&point, 1);
	hg_train_job job = {.size = sizeof job};
	hg_train_choice choice = {.size = sizeof choice};
	hg_error why;

	(void)state;
	job.objective.size = sizeof job.objective;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		job.units = units[i];
		assert_int_equal(hg_train_choose(f, &job, &choice, &why), HG_EINVAL);
		assert_non_null(strstr(why.text, "units"));
	}
	job.units = 1;
	job.objective.kind = HG_MAX_SLOWDOWN;
	job.objective.value = 0.5;
	assert_int_equal(hg_train_choose(f, &job, &choice, &why), HG_EINVAL);
	job.size = 0;
	assert_int_equal(hg_train_choose(f, &job, &choice, &why), HG_EINVAL);
	assert_int_equal(hg_train_choose(NULL, &job, &choice, &why), HG_EINVAL);
	hg_frontier_destroy(f);
}

/* ----------------------------------------------------------------------------------- groups */

/* Ranks as a table: settings[i] of rank r costs time[r][i] and energy[r][i], or is not there. */
struct ranks {
	size_t n, n_settings;
	double time_s[MAX_RANKS][MAX_SETTINGS], energy_j[MAX_RANKS][MAX_SETTINGS];
	bool there[MAX_RANKS][MAX_SETTINGS];
	double static_w[MAX_RANKS];
};

/* A second knob of words, listed in another order on every other rank. */
static const char *const words[2][2] = {{"eager", "lazy"}, {"lazy", "eager"}};

static double limit_of(size_t setting)
{
	return 100 + 25 * (double)(setting / 2);
}

static hg_frontier *build_rank(const struct ranks *t, size_t rank)
{
	bool swapped = rank % 2;
	hg_knob_def knobs[2] = {{"power_limit_w", "W", NULL, 0}, {"mode", "", words[swapped], 2}};
	double settings[2 * MAX_SETTINGS];
	hg_point points[MAX_SETTINGS];
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {
		.size = sizeof opts, .flags = HG_BUILD_KEEP_DOMINATED, .info = &info, .n_knobs = 2};
	size_t n = 0;
	hg_frontier *f;

	info.work_unit = "iteration";
	info.devices = 1;
	info.static_power_w = t->static_w[rank];
	opts.knobs = knobs;
	opts.settings = settings;
	for (size_t i = 0; i < t->n_settings; i++) {
		if (!t->there[rank][i])
			continue;
		settings[2 * n] = limit_of(i);
		settings[2 * n + 1] = (double)((i % 2) ^ swapped);
		points[n] = (hg_point){.time_s = t->time_s[rank][i],
			.energy_j = t->energy_j[rank][i],
			.time_rsd = 0.01 * (double)(rank + 1),
			.energy_rsd = 0.1,
			.setting = (hg_setting)n,
			.origin = 1u << (rank % 4)};
		n++;
	}
	opts.n_settings = n;
	assert_int_equal(hg_frontier_build(points, n, &opts, &f, NULL), HG_OK);
	return f;
}

static void random_ranks(struct rng *r, struct ranks *t)
{
	t->n = 1 + rng_below(r, MAX_RANKS);
	t->n_settings = 1 + rng_below(r, MAX_SETTINGS);
	for (size_t k = 0; k < t->n; k++) {
		t->static_w[k] = rng_below(r, 3) ? 50 * rng_double(r) : (double)NAN;
		for (size_t i = 0; i < t->n_settings; i++) {
			t->time_s[k][i] = 1 + rng_double(r);
			t->energy_j[k][i] = 100 + 300 * rng_double(r);
			t->there[k][i] = i == 0 || rng_below(r, 5);
		}
	}
}

/* What the group does at setting i. @return false when a rank has not measured it */
static bool join(const struct ranks *t, size_t i, hg_point *p)
{
	double var = 0;

	*p = (hg_point){0};
	for (size_t k = 0; k < t->n; k++) {
		if (!t->there[k][i])
			return false;
		if (t->time_s[k][i] > p->time_s) {
			p->time_s = t->time_s[k][i];
			p->time_rsd = 0.01 * (double)(k + 1);
		}
		p->origin |= 1u << (k % 4);
	}
	for (size_t k = 0; k < t->n; k++) {
		p->energy_j += t->energy_j[k][i];
		var += pow(0.1 * t->energy_j[k][i], 2);
		if (!isnan(t->static_w[k]))
			p->energy_j += t->static_w[k] * (p->time_s - t->time_s[k][i]);
	}
	p->energy_rsd = sqrt(var) / p->energy_j;
	return true;
}

static const hg_point *find_setting(const hg_frontier *f, const hg_point *p, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++) {
		const double *row = hg_frontier_setting(f, p[k].setting);

		if (fabs(row[0] - limit_of(i)) < 0.5 && (row[1] > 0.5) == (i % 2))
			return &p[k];
	}
	return NULL;
}

static void check_group(const struct ranks *t, const hg_frontier *f)
{
	size_t n_waiting, n_dominated, common = 0;
	const hg_point *dominated = hg_frontier_dominated(f, &n_dominated);
	const hg_point *waiting = hg_frontier_waiting(f, &n_waiting);

	for (size_t i = 0; i < t->n_settings; i++) {
		hg_point expected, other;
		const hg_point *kept =
			find_setting(f, hg_frontier_points(f), hg_frontier_count(f), i);
		const hg_point *waits = find_setting(f, waiting, n_waiting, i);
		const hg_point *lost = find_setting(f, dominated, n_dominated, i);
		const hg_point *found = kept ? kept : waits ? waits : lost;
		bool beaten = false;

		if (!join(t, i, &expected)) {
			assert_null(found);
			continue;
		}
		common++;
		assert_non_null(found);
		assert_near(found->time_s, expected.time_s);
		assert_near(found->energy_j, expected.energy_j);
		assert_near(found->time_rsd, expected.time_rsd);
		assert_near(found->energy_rsd, expected.energy_rsd);
		assert_int_equal(found->origin, expected.origin);
		for (size_t k = 0; k < t->n_settings; k++)
			beaten = beaten ||
				 (k != i && join(t, k, &other) && other.time_s <= expected.time_s &&
					 other.energy_j <= expected.energy_j);
		assert_true(beaten == (kept == NULL));
	}
	assert_int_equal(common, hg_frontier_count(f) + n_waiting + n_dominated);
}

static void test_groups(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, 99);
	for (int i = 0; i < 500; i++) {
		hg_frontier *ranks[MAX_RANKS], *f;
		hg_frontier_info info = {.size = sizeof info};
		struct ranks t = {0};
		hg_error why;

		random_ranks(&r, &t);
		for (size_t k = 0; k < t.n; k++)
			ranks[k] = build_rank(&t, k);
		if (hg_train_group((const hg_frontier *const *)ranks, t.n, &f, &why)) {
			print_error("%s\n", why.text);
			fail();
		}
		check_group(&t, f);
		hg_frontier_get_info(f, &info);
		assert_int_equal(info.devices, t.n);
		assert_string_equal(info.work_unit, "iteration");
		hg_frontier_destroy(f);
		for (size_t k = 0; k < t.n; k++)
			hg_frontier_destroy(ranks[k]);
	}
}

/* The same rank four times: four times the energy in the same time, and nobody waits. */
static void test_equal_ranks(void **state)
{
	hg_frontier *f = import_zeus("A40+resnet50+gpu0.csv"), *group;
	const hg_frontier *ranks[4] = {f, f, f, f};
	hg_frontier_info info = {.size = sizeof info};
	hg_train_choice one, four;

	(void)state;
	if (!f)
		skip();
	assert_int_equal(hg_train_group(ranks, 4, &group, NULL), HG_OK);
	assert_int_equal(hg_frontier_count(group), hg_frontier_count(f));
	for (size_t i = 0; i < hg_frontier_count(f); i++) {
		assert_near(hg_frontier_points(group)[i].time_s, hg_frontier_points(f)[i].time_s);
		assert_near(hg_frontier_points(group)[i].energy_j,
			4 * hg_frontier_points(f)[i].energy_j);
	}
	hg_frontier_get_info(group, &info);
	assert_int_equal(info.devices, 4);
	assert_near(info.max_power_w, 1200);
	assert_string_equal(info.device, "A40");
	one = choose(f, HG_ETA, 0.5, 1);
	four = choose(group, HG_ETA, 0.5, 1);
	assert_near(*hg_frontier_setting(group, four.pick.point.setting), 200);
	assert_near(four.pick.cost, 4 * one.pick.cost);
	hg_frontier_destroy(group);
	hg_frontier_destroy(f);
}

/* Two models of different speed in step: the limit that both share is not the one that either
 * would choose by itself where the other is kept waiting. */
static void test_unequal_ranks(void **state)
{
	hg_frontier *ranks[2] = {
		import_zeus("V100+resnet50+gpu0.csv"), import_zeus("V100+shufflenetv2+gpu0.csv")};
	hg_frontier *group;
	hg_frontier_info info = {.size = sizeof info};
	double limit[2][16], time_s[2][16], energy_j[2][16];
	double best_j = HUGE_VAL, best_w = 0;
	hg_train_choice c;

	(void)state;
	if (!ranks[0] || !ranks[1])
		skip();
	for (size_t k = 0; k < 2; k++) {
		hg_frontier *waits;

		hg_frontier_get_info(ranks[k], &info);
		info.static_power_w = 70;
		assert_int_equal(hg_frontier_with_info(ranks[k], &info, &waits, NULL), HG_OK);
		hg_frontier_destroy(ranks[k]);
		ranks[k] = waits;
	}
	assert_int_equal(hg_train_group((const hg_frontier *const *)ranks, 2, &group, NULL), HG_OK);
	c = choose(group, HG_MIN_ENERGY, 0, 1);
	for (size_t k = 0; k < 2; k++) {
		size_t n = 0, n_points = hg_frontier_count(ranks[k]), n_waiting, n_dominated;
		const hg_point *p = hg_frontier_points(ranks[k]);
		const hg_point *dominated = hg_frontier_dominated(ranks[k], &n_dominated);

		hg_frontier_waiting(ranks[k], &n_waiting);
		n_points += n_waiting; /* they lie behind the others */
		for (size_t i = 0; i < n_points + n_dominated; i++) {
			const hg_point *at = i < n_points ? &p[i] : &dominated[i - n_points];

			n = (size_t)(*hg_frontier_setting(ranks[k], at->setting) / 25) - 4;
			limit[k][n] = *hg_frontier_setting(ranks[k], at->setting);
			time_s[k][n] = at->time_s;
			energy_j[k][n] = at->energy_j;
		}
	}
	for (size_t i = 0; i < 7; i++) {
		double t = fmax(time_s[0][i], time_s[1][i]);
		double e = energy_j[0][i] + energy_j[1][i] +
			   70 * (2 * t - time_s[0][i] - time_s[1][i]);

		if (e < best_j) {
			best_j = e;
			best_w = limit[0][i];
		}
	}
	assert_near(c.pick.point.energy_j, best_j);
	assert_near(*hg_frontier_setting(group, c.pick.point.setting), best_w);
	hg_frontier_destroy(group);
	hg_frontier_destroy(ranks[0]);
	hg_frontier_destroy(ranks[1]);
}

/* Several measurements of one setting count as their mean. */
static void test_repeated_measurements(void **state)
{
	static const hg_knob_def knob = {"clock_mhz", "MHz", NULL, 0};
	static const double settings[] = {1000, 1200};
	static const hg_point points[] = {{4, 10, 0.1, 0.1, 0, HG_ORIGIN_MEASURED},
		{2, 30, 0.2, 0.1, 0, HG_ORIGIN_FITTED}, {1, 90, 0, 0, 1, 0}};
	hg_build_opts opts = {.size = sizeof opts, .knobs = &knob, .n_knobs = 1};
	hg_frontier *f, *group;
	const hg_frontier *ranks[1];
	const hg_point *p;

	(void)state;
	opts.settings = settings;
	opts.n_settings = 2;
	assert_int_equal(hg_frontier_build(points, 3, &opts, &f, NULL), HG_OK);
	ranks[0] = f;
	assert_int_equal(hg_train_group(ranks, 1, &group, NULL), HG_OK);
	assert_int_equal(hg_frontier_count(group), 2);
	p = hg_frontier_points(group) + 1;
	assert_near(p->time_s, 3);
	assert_near(p->energy_j, 20);
	assert_near(p->time_rsd * 3, sqrt(0.16 + 0.16) / 2);
	assert_near(p->energy_rsd * 20, sqrt(1 + 9) / 2);
	assert_int_equal(p->origin, HG_ORIGIN_MEASURED | HG_ORIGIN_FITTED);
	hg_frontier_destroy(group);
	hg_frontier_destroy(f);
}

static hg_frontier *one_setting(const char *knob, const char *unit, bool word, double cell)
{
	hg_knob_def def = {knob, unit, word ? words[0] : NULL, word ? 2 : 0};
	hg_build_opts opts = {.size = sizeof opts, .knobs = &def, .n_knobs = knob != NULL};
	hg_point p = {1, 1, 0, 0, 0, 0};
	hg_frontier *f;

	opts.settings = &cell;
	opts.n_settings = knob != NULL;
	if (!knob)
		p.setting = HG_SETTING_NONE;
	assert_int_equal(hg_frontier_build(&p, 1, &opts, &f, NULL), HG_OK);
	return f;
}

static void test_bad_groups(void **state)
{
	hg_frontier *good = one_setting("k", "W", false, 1);
	hg_frontier *bad[] = {one_setting("l", "W", false, 1), one_setting("k", "kW", false, 1),
		one_setting("k", "W", true, 1), one_setting("k", "W", false, 2),
		one_setting(NULL, "", false, 0), NULL};
	static const char *const says[] = {
		"knob k", "unit", "words", "found none", "1 knobs", "composed"};
	hg_frontier *f;
	hg_error why;

	(void)state;
	assert_int_equal(hg_frontier_repeat(good, 2, &bad[5], NULL), HG_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const hg_frontier *ranks[] = {good, good, bad[i]};
		const hg_frontier *alone[] = {bad[i]};

		assert_int_equal(hg_train_group(ranks, 3, &f, &why), HG_EINVAL);
		if (!strstr(why.text, says[i]) || !strstr(why.text, "rank 2"))
			print_error("%s\n", why.text);
		assert_non_null(strstr(why.text, says[i]));
		assert_non_null(strstr(why.text, "rank 2"));
		assert_null(f);
		assert_int_equal(hg_train_group(alone, 1, &f, &why), i < 4 ? HG_OK : HG_EINVAL);
		hg_frontier_destroy(f);
		hg_frontier_destroy(bad[i]);
	}
	assert_int_equal(hg_train_group(NULL, 0, &f, &why), HG_EINVAL);
	hg_frontier_destroy(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slowdown_is_cheapest),
		cmocka_unit_test(test_bounds_met_exactly),
		cmocka_unit_test(test_whole_job),
		cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_equal_ranks),
		cmocka_unit_test(test_unequal_ranks),
		cmocka_unit_test(test_repeated_measurements),
		cmocka_unit_test(test_bad_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
