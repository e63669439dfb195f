/* Spaces: what constraints leave, against loops; what is refused, and how that is said. */
#include "cmocka-all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "software/search/constraint.h"
#include "software/search/spec.h"

static void parse(struct spec *s, const char *text)
{
	hg_error why = {""};

	if (spec_parse(s, text, strlen(text), "s.json", &why) != HG_OK)
		fail_msg("%s", why.text);
}

/* ----- what is left */

#define PARALLEL                                                                                   \
	"{\"schema\": \"hourglass.space/1\", \"knobs\": ["                                         \
	"{\"name\": \"gpus\", \"scale\": \"log\", \"values\": [1, 2, 4, 8]},"                      \
	"{\"name\": \"tp\", \"scale\": \"choice\", \"values\": [1, 2, 4, 8]},"                     \
	"{\"name\": \"pp\", \"scale\": \"choice\", \"values\": [1, 2, 3, 4, 8]},"                  \
	"{\"name\": \"batch size\", \"scale\": \"log\", \"values\": [8, 16, 24, 32, 64]},"         \
	"{\"name\": \"share\", \"scale\": \"linear\", \"values\": [0, 0.1, 0.3]},"                 \
	"{\"name\": \"kind\", \"scale\": \"choice\", \"values\": [\"x\", \"y\"]}],"

static bool products(const double *c)
{
	return c[1] * c[2] == c[0] && c[0] * c[3] <= 128;
}

static bool quotients(const double *c)
{
	/* in doubles three times .1 is more than .3, by rounding */
	return c[0] > 1 && fmod(c[3], 3 * c[0]) == 0 && c[4] == 0.1;
}

static bool conditions(const double *c)
{
	bool when = c[5] == 1 && c[0] >= 4;

	return (!when || c[3] - c[1] - c[2] > 12) && !(c[5] == 0 && c[1] != 2);
}

static bool divisions(const double *c)
{
	return c[4] != 0 && c[3] / c[4] >= 240 - 1e-6;
}

static const struct {
	const char *rest;
	bool (*holds)(const double *cells);
} cases[] = {
	{"\"constraints\": [\"tp * pp == gpus\", \"gpus * 'batch size' <= 128\"]}", products},
	{"\"constraints\": [\"gpus>1\", \"'batch size' % (3*gpus) == 0\","
	 " \"3 * share == .3\"]}",
		quotients},
	{"\"constraints\": [{\"when\": {\"kind\": \"y\", \"gpus\": {\"min\": 4}},"
	 " \"holds\": \"'batch size' - tp - pp > 12\"}],"
	 "\"exclude\": [{\"kind\": \"x\", \"tp\": [1, 4, 8]}]}",
		conditions},
	{"\"constraints\": [\"'batch size' / share >= 2.4e2\", \"-share < -0\"]}", divisions},
};

/** Configurations of the loops' space, in the order in which they are listed. */
static size_t loops(bool (*holds)(const double *), double (*out)[6], size_t most)
{
	static const double gpus[] = {1, 2, 4, 8}, pp[] = {1, 2, 3, 4, 8},
			    batch[] = {8, 16, 24, 32, 64}, share[] = {0, 0.1, 0.3};
	size_t n = 0;

	for (int a = 0; a < 4; a++)
		for (int b = 0; b < 4; b++)
			for (int c = 0; c < 5; c++)
				for (int d = 0; d < 5; d++)
					for (int e = 0; e < 3; e++)
						for (int f = 0; f < 2; f++) {
							const double row[6] = {gpus[a], gpus[b],
								pp[c], batch[d], share[e], f};

							if (!holds(row))
								continue;
							assert_true(n < most);
							memcpy(out[n++], row, sizeof row);
						}
	return n;
}

static void test_constraints_leave_what_loops_leave(void **state)
{
	static double want[4096][6];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[4096];
		hg_search_space space;
		struct spec s;
		size_t n;

		(void)snprintf(text, sizeof text, "%s%s", PARALLEL, cases[i].rest);
		parse(&s, text);
		n = loops(cases[i].holds, want, 4096);
		assert_true(n > 0 && n < 2400);
		assert_int_equal(spec_count(&s), n);
		spec_space(&s, &space);
		assert_memory_equal(space.cells, want, n * sizeof *want);
		for (size_t c = 0; c < n; c++)
			assert_int_equal(spec_find(&s, want[c]), c);
		want[0][0] = 3;
		assert_int_equal(spec_find(&s, want[0]), UINT32_MAX);
		spec_finish(&s);
	}
}

/** Rules that leave little are seen before all combinations were tried. */
static void test_tight_rules_make_large_products_small(void **state)
{
	char text[8192], *at = text;
	struct spec s;

	(void)state;
	at += sprintf(at, "{\"schema\": \"hourglass.space/1\", \"knobs\": [");
	for (int k = 0; k < 12; k++) {
		at += sprintf(at, "%s{\"name\": \"k%d\", \"scale\": \"linear\", \"values\": [0",
			k ? "," : "", k);
		for (int v = 1; v < 10; v++)
			at += sprintf(at, ", %d", v);
		at += sprintf(at, "]}");
	}
	at += sprintf(at, "], \"constraints\": [");
	for (int k = 1; k < 12; k++)
		at += sprintf(at, "%s\"k%d == 9 - k%d\"", k > 1 ? "," : "", k, k - 1);
	(void)sprintf(at, "]}");
	parse(&s, text);
	assert_int_equal(spec_count(&s), 10);
	assert_true(spec_combinations(&s) == 1e12);
	spec_finish(&s);
}

/* ----- what is refused */

static void refuses(const char *rest, const char *what)
{
	char text[4096];
	hg_error why = {""};
	struct spec s;

	(void)snprintf(text, sizeof text, "%s\n%s", PARALLEL, rest);
	assert_int_equal(spec_parse(&s, text, strlen(text), "s.json", &why), HG_EFORMAT);
	if (!strstr(why.text, what))
		fail_msg("\"%s\" says not \"%s\"", why.text, what);
	assert_non_null(strstr(why.text, "s.json:2: "));
	spec_finish(&s);
}

static void refuses_one(const char *constraint, const char *what)
{
	char rest[1024];

	(void)snprintf(rest, sizeof rest, "\"constraints\": [\"gpus > 0\", \"%s\"]}", constraint);
	refuses(rest, "\"constraints\", number 2: ");
	refuses(rest, what);
}

static void test_bad_constraints_are_refused(void **state)
{
	char deep[256], wide[1024];

	(void)state;
	refuses_one("gpu * tp == 4", "no knob \"gpu\"; did you mean \"gpus\"?");
	refuses_one("gpus * 'qq zz' == 4", "no knob \"qq zz\"");
	refuses_one("gpus * 'batch size == 4", "at byte 8, \"'batch size == 4\": no ' at");
	refuses_one("gpus * kind == 4", "\"kind\" is words");
	refuses_one("gpus * tp", "at its end: expected an operator, or ==");
	refuses_one("gpus * == 4", "at byte 8, \"== 4\": expected a knob, a number or (");
	refuses_one("gpus = 4", "at byte 6, \"= 4\": expected an operator, or ==");
	refuses_one("1 <= gpus <= 4", "at byte 11, \"<= 4\": expected an operator or the end");
	refuses_one("(gpus + 1 <= 4", "at byte 11, \"<= 4\": expected ) or an operator");
	refuses_one("gpus <= 4)", "expected an operator or the end");
	refuses_one("gpus <= 0x4", "at byte 9, \"0x4\": not a number");
	refuses_one("gpus <= 1e999", "not a number");
	refuses_one("1 <= 4", "it names no knob");
	refuses_one("", "at its end: expected a knob");
	memset(deep, '(', 100);
	(void)snprintf(deep + 100, sizeof deep - 100, "gpus");
	refuses_one(deep, "too many brackets");
	for (size_t i = 0; i < 200; i++)
		(void)snprintf(wide + 4 * i, 5, "tp +");
	refuses_one(wide, "too many numbers, knobs and operators");
	refuses("\"constraints\": \"gpus > 1\"}", "\"constraints\": expected an array");
	refuses("\"constraints\": [1]}", "\"constraints\": expected texts, got a number");
	refuses("\"constraints\": [{\"holds\": \"gpus > 1\"}]}", "expected \"when\" and \"holds\"");
	refuses("\"constraints\": [{\"when\": {\"gpus\": 3}, \"holds\": \"gpus > 1\"}]}",
		"\"when\": 3 is no value of \"gpus\"");
	refuses("\"constraints\": [{\"when\": {\"kind\": \"x\"}, \"hold\": \"gpus > 1\"}]}",
		"unknown member \"hold\"; did you mean \"holds\"?");
}

static void test_what_excludes_all_is_refused(void **state)
{
	const char *text = PARALLEL "\"constraints\": [\"gpus * tp / 0 > 1\"]}";
	hg_error why = {""};
	struct spec s;

	(void)state;
	assert_int_equal(spec_parse(&s, text, strlen(text), "s.json", &why), HG_EFORMAT);
	assert_string_equal(why.text, "s.json: every configuration is excluded");
	spec_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constraints_leave_what_loops_leave),
		cmocka_unit_test(test_tight_rules_make_large_products_small),
		cmocka_unit_test(test_bad_constraints_are_refused),
		cmocka_unit_test(test_what_excludes_all_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
