/*
 * The choices that Zeus's selectors make on its own profiles, and the one where we differ: at most
 * so much slower means the cheapest such limit, not the lowest.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/frontier.h>

#include "core/csv.h"
#include "core/number.h"

#include "data-file.h"

#define PROFILES "zeus/profile_data/"
#define WINDOW   "__GlobalPowerLimitOptimizer_"

/* Limits in W. */
static const struct fixture {
	const char *file;
	double energy, time, eta25, eta50, eta75;
} fixtures[] = {
	{"A40+bert-base-uncased+gpu0.csv", 200, 275, 275, 275, 200},
	{"A40+resnet18+gpu0,1,2,3.csv", 100, 275, 275, 300, 300},
	{"A40+resnet18+gpu0.csv", 175, 175, 175, 175, 175},
	{"A40+resnet50+gpu0.csv", 175, 300, 225, 200, 200},
	{"V100+resnet18+gpu0.csv", 125, 250, 150, 150, 150},
	{"V100+resnet50+gpu0,1.csv", 125, 250, 250, 175, 150},
	{"V100+resnet50+gpu0.csv", 150, 250, 250, 175, 175},
	{"V100+shufflenetv2+gpu0.csv", 100, 200, 200, 100, 100},
};

/* A row of a profile, read here without the library's importer. */
struct row {
	double limit_w, time_s, energy_j;
};

static size_t read_rows(const struct buf *text, struct row *rows, size_t room)
{
	struct csv csv;
	bool more;
	size_t n = 0;

	csv_init(&csv, text->data, text->len, "profile");
	assert_int_equal(csv_next(&csv, &more, NULL), HG_OK);
	while (csv_next(&csv, &more, NULL) == HG_OK && more) {
		assert_true(n < room);
		rows[n].limit_w = strtod(csv_get(&csv, 1).text + strlen(WINDOW), NULL);
		rows[n].time_s = strtod(csv_get(&csv, 2).text, NULL);
		rows[n].energy_j = 0;
		for (size_t i = 3; i < csv_count(&csv); i++)
			rows[n].energy_j += strtod(csv_get(&csv, i).text, NULL);
		n++;
	}
	csv_finish(&csv);
	return n;
}

static hg_frontier *import(const char *file, const struct buf *text)
{
	hg_frontier *f;
	hg_error why;

	if (hg_frontier_import_zeus(text->data, text->len, file, NULL, &f, &why)) {
		print_error("%s\n", why.text);
		fail();
	}
	return f;
}

static double pick(const hg_frontier *f, hg_objective_kind kind, double value)
{
	hg_objective objective = {.size = sizeof objective, .kind = kind, .value = value};
	hg_pick answer = {.size = sizeof answer};

	assert_int_equal(hg_frontier_pick(f, &objective, &answer, NULL), HG_OK);
	assert_true(answer.feasible);
	return *hg_frontier_setting(f, answer.point.setting);
}

/* The cheapest limit whose time is within the bound, the fastest where several are. */
static double cheapest_within(const struct row *rows, size_t n, double slowdown)
{
	size_t best = n;
	double fastest = HUGE_VAL;

	for (size_t i = 0; i < n; i++)
		fastest = fmin(fastest, rows[i].time_s);
	for (size_t i = 0; i < n; i++)
		if (rows[i].time_s <= slowdown * fastest &&
			(best == n || rows[i].energy_j < rows[best].energy_j))
			best = i;
	return rows[best].limit_w;
}

static void assert_limit(const char *file, const char *what, double found, double expected)
{
	if (found < expected || found > expected)
		print_error("%s: %s: expected %g W, found %g W\n", file, what, expected, found);
	assert_true(found >= expected && found <= expected);
}

static void check_fixture(const struct fixture *x, const struct buf *text)
{
	hg_frontier *f = import(x->file, text);
	struct row rows[16];
	size_t n = read_rows(text, rows, 16);

	assert_limit(x->file, "energy", pick(f, HG_MIN_ENERGY, 0), x->energy);
	assert_limit(x->file, "time", pick(f, HG_MIN_TIME, 0), x->time);
	assert_limit(x->file, "eta .25", pick(f, HG_ETA, 0.25), x->eta25);
	assert_limit(x->file, "eta .5", pick(f, HG_ETA, 0.5), x->eta50);
	assert_limit(x->file, "eta .75", pick(f, HG_ETA, 0.75), x->eta75);
	for (int k = 0; k <= 100; k++) {
		double slowdown = 1 + k / 50.0;

		assert_limit(x->file, "slowdown", pick(f, HG_MAX_SLOWDOWN, slowdown),
			cheapest_within(rows, n, slowdown));
	}
	hg_frontier_destroy(f);
}

static void test_fixture(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
		char name[128];
		struct buf text;
		bool found;

		(void)snprintf(name, sizeof name, PROFILES "%s", fixtures[i].file);
		found = data_read(name, &text);
		if (found)
			check_fixture(&fixtures[i], &text);
		buf_finish(&text);
		if (!found)
			skip();
	}
}

/* What the importer says about a file of several GPUs. */
static void test_info(void **state)
{
	hg_frontier_info info = {.size = sizeof info};
	struct buf text;
	bool found = data_read(PROFILES "A40+resnet18+gpu0,1,2,3.csv", &text);
	hg_frontier *f;

	(void)state;
	if (!found) {
		buf_finish(&text);
		skip();
	}
	f = import("A40+resnet18+gpu0,1,2,3.csv", &text);
	hg_frontier_get_info(f, &info);
	assert_int_equal(info.devices, 4);
	assert_string_equal(info.device, "A40");
	assert_true(info.max_power_w >= 1200 && info.max_power_w <= 1200);
	hg_frontier_destroy(f);
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixture),
		cmocka_unit_test(test_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
