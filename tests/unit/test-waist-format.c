/* hourglass.frontier/1: what is written and what is read back. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <hourglass/frontier.h>

#include "core/file.h"

#include "same-frontier.h"

static hg_frontier *parse(const char *text)
{
	hg_frontier *f = NULL;
	hg_error why;
	hg_err err = hg_frontier_parse(text, strlen(text), HG_FORMAT_AUTO, "f", &f, &why);

	if (err)
		print_error("%s\n", why.text);
	assert_int_equal(err, HG_OK);
	assert_string_equal(why.text, "");
	return f;
}

static char *format(const hg_frontier *f, hg_format how)
{
	hg_error why;
	char *text = NULL;
	size_t len = 0;
	hg_err err = hg_frontier_format(f, how, &text, &len, &why);

	if (err)
		print_error("%s\n", why.text);
	assert_int_equal(err, HG_OK);
	assert_int_equal(len, strlen(text));
	return text;
}

/* What is written is read back as the same, and written again byte for byte. */
static void check_round_trip(const hg_frontier *f, hg_format how, unsigned flags)
{
	char *text = format(f, how);
	hg_frontier *g = parse(text);
	char *again = format(g, how);
	const char *difference = frontier_difference(f, g, flags);

	if (difference)
		print_error("%s differs in\n%s", difference, text);
	assert_null(difference);
	assert_string_equal(text, again);
	free(text);
	free(again);
	hg_frontier_destroy(g);
}

static const char *const modes[] = {"eager", "lazy, or \"not\""};
static const hg_knob_def knobs[] = {
	{"power_limit_w", "W", NULL, 0}, {"mode", "", modes, 2}, {"batch_size", "", NULL, 0}};

static hg_frontier *build_example(void)
{
	static const double settings[] = {
		300, 0, (double)NAN, 250, 1, 64, 200, (double)NAN, (double)NAN, 150, 0, 32};
	static const hg_point points[] = {{1, 300, 0, 0.01, 0, HG_ORIGIN_MEASURED},
		{1.25, 0.1 + 0.2, (double)NAN, (double)NAN, 1,
			HG_ORIGIN_FITTED | HG_ORIGIN_SIMULATED},
		{1e-7, 400, 0.5, (double)NAN, 2, 0}, {2, 1000, (double)NAN, 0, 3, 0},
		{3, 1e300, 0, 0, HG_SETTING_NONE, HG_ORIGIN_DATASHEET}};
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {.size = sizeof opts, .flags = HG_BUILD_KEEP_DOMINATED, .info = &info};
	hg_frontier *f;

	info.name = "an \"example\"\n\xc3\xa9";
	info.work_unit = "iteration";
	info.device = "V100";
	info.devices = 2;
	info.source = "a file.csv";
	info.static_power_w = 61.5;
	info.max_power_w = 600;
	opts.knobs = knobs;
	opts.n_knobs = 3;
	opts.settings = settings;
	opts.n_settings = 4;
	assert_int_equal(hg_frontier_build(points, 5, &opts, &f, NULL), HG_OK);
	return f;
}

static const char example_json[] =
	"{\n"
	"  \"schema\": \"hourglass.frontier/1\",\n"
	"  \"name\": \"an \\\"example\\\"\\n\xc3\xa9\",\n"
	"  \"work_unit\": \"iteration\",\n"
	"  \"device\": {\"model\": \"V100\", \"count\": 2},\n"
	"  \"source\": \"a file.csv\",\n"
	"  \"static_power_w\": 61.5,\n"
	"  \"max_power_w\": 600,\n"
	"  \"knobs\": [\n"
	"    {\"name\": \"power_limit_w\", \"unit\": \"W\"},\n"
	"    {\"name\": \"mode\", \"choices\": [\"eager\", \"lazy, or \\\"not\\\"\"]},\n"
	"    {\"name\": \"batch_size\"}\n"
	"  ],\n"
	"  \"points\": [\n"
	"    {\"time_s\": 1e-07, \"energy_j\": 400, \"time_rsd\": 0.5, \"setting\": "
	"{\"power_limit_w\": 200}},\n"
	"    {\"time_s\": 1, \"energy_j\": 300, \"time_rsd\": 0, \"energy_rsd\": 0.01, "
	"\"setting\": {\"power_limit_w\": 300, \"mode\": \"eager\"}, \"origin\": [\"measured\"]},\n"
	"    {\"time_s\": 1.25, \"energy_j\": 0.30000000000000004, \"setting\": "
	"{\"power_limit_w\": 250, \"mode\": \"lazy, or \\\"not\\\"\", \"batch_size\": 64}, "
	"\"origin\": [\"fitted\", \"simulated\"]}\n"
	"  ],\n"
	"  \"dominated\": [\n"
	"    {\"time_s\": 2, \"energy_j\": 1000, \"energy_rsd\": 0, \"setting\": "
	"{\"power_limit_w\": 150, \"mode\": \"eager\", \"batch_size\": 32}},\n"
	"    {\"time_s\": 3, \"energy_j\": 1e+300, \"time_rsd\": 0, \"energy_rsd\": 0, "
	"\"origin\": [\"datasheet\"]}\n"
	"  ]\n"
	"}\n";

static const char example_csv[] =
	"# hourglass.frontier/1\n"
	"# name \"an \\\"example\\\"\\n\xc3\xa9\"\n"
	"# work_unit iteration\n"
	"# device V100\n"
	"# devices 2\n"
	"# source a file.csv\n"
	"# static_power_w 61.5\n"
	"# max_power_w 600\n"
	"# knob power_limit_w W\n"
	"# knob mode\n"
	"# choices mode eager \"lazy, or \\\"not\\\"\"\n"
	"# knob batch_size\n"
	"time_s,energy_j,time_rsd,energy_rsd,origin,power_limit_w,mode,batch_size\n"
	"1e-07,400,0.5,,,200,,\n"
	"1,300,0,0.01,measured,300,eager,\n"
	"1.25,0.30000000000000004,,,fitted+simulated,250,\"lazy, or \"\"not\"\"\",64\n"
	"2,1000,,0,,150,eager,32\n"
	"3,1e+300,0,0,datasheet,,,\n";

static void test_json_text(void **state)
{
	hg_frontier *f = build_example();
	char *text = format(f, HG_FORMAT_JSON);

	(void)state;
	assert_string_equal(text, example_json);
	free(text);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	hg_frontier_destroy(f);
}

static void test_csv_text(void **state)
{
	hg_frontier *f = build_example();
	char *text = format(f, HG_FORMAT_CSV);

	(void)state;
	assert_string_equal(text, example_csv);
	free(text);
	check_round_trip(f, HG_FORMAT_CSV, 0);
	hg_frontier_destroy(f);
}

/* Spreadsheets end lines with CR LF and begin files with a byte order mark. */
static void test_csv_of_spreadsheets(void **state)
{
	hg_frontier *f = parse("\xef\xbb\xbf# hourglass.frontier/1\r\n# a comment\r\n# knob a W\r\n"
			       "time_s,energy_j,time_rsd,energy_rsd,origin,a\r\n"
			       "2,1,,,,5\r\n\r\n1,2.,,,,.5\r\n");
	const hg_point *p = hg_frontier_points(f);

	(void)state;
	assert_int_equal(hg_frontier_count(f), 2);
	assert_true(same_number(p[0].energy_j, 2));
	assert_true(same_number(*hg_frontier_setting(f, p[0].setting), 0.5));
	hg_frontier_destroy(f);
}

static void test_unknown_fields_survive(void **state)
{
	static const char text[] =
		"{\"future\": {\"a\": [1, 2.50, \"}\"]}, \"schema\": \"hourglass.frontier/1\",\n"
		"\"device\": {\"serial\": \"x\\u0041\", \"model\": \"M\"},\n"
		"\"knobs\": [{\"name\": \"k\", \"step\": 1e0}, {\"name\": \"l\"}], \"note\": null,\n"
		"\"points\": [{\"time_s\": 2, \"energy_j\": 1, \"tag\\n\": true, \"setting\": "
		"{\"k\": 1}},\n"
		"{\"t\": [], \"time_s\": 1, \"energy_j\": 2},\n"
		"{\"time_s\": 5, \"energy_j\": 9, \"lost\": -0.0, \"found\": {}}]}";
	static const char expected[] =
		"{\n"
		"  \"schema\": \"hourglass.frontier/1\",\n"
		"  \"device\": {\"model\": \"M\", \"serial\": \"x\\u0041\"},\n"
		"  \"future\": {\"a\": [1, 2.50, \"}\"]}, \"note\": null,\n"
		"  \"knobs\": [\n"
		"    {\"name\": \"k\", \"step\": 1e0},\n"
		"    {\"name\": \"l\"}\n"
		"  ],\n"
		"  \"points\": [\n"
		"    {\"time_s\": 1, \"energy_j\": 2, \"t\": []},\n"
		"    {\"time_s\": 2, \"energy_j\": 1, \"setting\": {\"k\": 1}, \"tag\\n\": true}\n"
		"  ],\n"
		"  \"dominated\": [\n"
		"    {\"time_s\": 5, \"energy_j\": 9, \"lost\": -0.0, \"found\": {}}\n"
		"  ]\n"
		"}\n";
	hg_frontier *f = parse(text);
	char *out = format(f, HG_FORMAT_JSON);

	(void)state;
	assert_string_equal(out, expected);
	free(out);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	hg_frontier_destroy(f);
}

static hg_frontier *build_two(double time_s, double energy_j)
{
	hg_point points[] = {{time_s, energy_j, 0, 0, HG_SETTING_NONE, 0},
		{2 * time_s, energy_j / 2, 0, 0, HG_SETTING_NONE, 0}};
	hg_frontier *f;

	assert_int_equal(hg_frontier_build(points, 2, NULL, &f, NULL), HG_OK);
	return f;
}

static void test_composed(void **state)
{
	hg_frontier *a = build_two(1, 10), *b = build_two(3, 7);
	hg_frontier *both[] = {a, b, a};
	hg_frontier *f, *g, *nested[2];

	(void)state;
	assert_int_equal(hg_frontier_series(both, 3, 0, &f, NULL), HG_OK);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	check_round_trip(f, HG_FORMAT_CSV, SAME_BUT_PARTS);
	assert_int_equal(hg_frontier_repeat(f, 7, &g, NULL), HG_OK);
	check_round_trip(g, HG_FORMAT_JSON, 0);
	hg_frontier_destroy(f);
	nested[0] = g;
	nested[1] = b;
	assert_int_equal(hg_frontier_parallel(nested, 2, &f, NULL), HG_OK);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	hg_frontier_destroy(f);
	assert_int_equal(hg_frontier_union(nested, 2, &f, NULL), HG_OK);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	hg_frontier_destroy(f);
	hg_frontier_destroy(g);
	hg_frontier_destroy(a);
	hg_frontier_destroy(b);
}

static void test_composed_text(void **state)
{
	static const char text[] =
		"{\n"
		"  \"schema\": \"hourglass.frontier/1\",\n"
		"  \"points\": [\n"
		"    {\"time_s\": 3, \"energy_j\": 30, \"parts\": [[0,0,3]], \"x\": 1},\n"
		"    {\"time_s\": 4, \"energy_j\": 25, \"parts\": [[0,0,2],[0,1,1]]}\n"
		"  ],\n"
		"  \"op\": \"repeat\",\n"
		"  \"repeat\": 3,\n"
		"  \"children\": [\n"
		"    {\n"
		"      \"points\": [\n"
		"        {\"time_s\": 1, \"energy_j\": 10},\n"
		"        {\"time_s\": 2, \"energy_j\": 5, \"y\": [2]}\n"
		"      ]\n"
		"    }\n"
		"  ]\n"
		"}\n";
	hg_frontier *f = parse(text);
	char *out = format(f, HG_FORMAT_JSON);
	const hg_part *parts;
	size_t n;

	(void)state;
	assert_string_equal(out, text);
	free(out);
	assert_int_equal(hg_frontier_op(f), HG_OP_REPEAT);
	parts = hg_frontier_parts(f, 1, &n);
	assert_int_equal(n, 2);
	assert_int_equal(parts[0].count, 2);
	assert_int_equal(parts[1].point, 1);
	hg_frontier_destroy(f);
}

/* As deep as the reader goes, and not one level deeper. */
static void test_depth(void **state)
{
	hg_frontier *f = build_two(1, 10);
	hg_err err = HG_OK;
	size_t depth = 0;

	(void)state;
	for (; !err && depth < 40; depth++) {
		hg_frontier *g;
		hg_error why;
		char *text;
		size_t len;

		assert_int_equal(hg_frontier_series(&f, 1, 0, &g, NULL), HG_OK);
		hg_frontier_destroy(f);
		f = g;
		err = hg_frontier_format(f, HG_FORMAT_JSON, &text, &len, &why);
		if (err) {
			assert_int_equal(err, HG_ELIMIT);
			assert_non_null(strstr(why.text, "nested"));
			assert_null(text);
		} else {
			free(text);
			check_round_trip(f, HG_FORMAT_JSON, 0);
		}
	}
	assert_in_range(depth, 25, 32);
	hg_frontier_destroy(f);
}

/* Near ties are dropped, and do not come back when the file is read. */
static void test_near_ties(void **state)
{
	static const hg_point points[] = {{1, 10, 0.1, 0.1, HG_SETTING_NONE, 0},
		{1.1, 9.9, 0.1, 0.1, HG_SETTING_NONE, 0}, {3, 5, 0.1, 0.1, HG_SETTING_NONE, 0}};
	hg_build_opts opts = {.size = sizeof opts, .flags = HG_BUILD_KEEP_DOMINATED};
	hg_frontier *f;
	size_t n;

	(void)state;
	opts.near_tie_sigmas = 1;
	assert_int_equal(hg_frontier_build(points, 3, &opts, &f, NULL), HG_OK);
	(void)hg_frontier_dominated(f, &n);
	assert_int_equal(n, 0);
	assert_int_equal(hg_frontier_count(f), 2);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	check_round_trip(f, HG_FORMAT_CSV, 0);
	hg_frontier_destroy(f);
}

/* A file that says "dominated" of a point that nothing can have beaten is not believed. */
static void test_false_dominated(void **state)
{
	static const char *const texts[] = {
		"{\"schema\": \"hourglass.frontier/1\", \"points\": [{\"time_s\": 2, \"energy_j\": "
		"2}], \"dominated\": [{\"time_s\": 1, \"energy_j\": 1}]}",
		"{\"schema\": \"hourglass.frontier/1\", \"points\": [{\"time_s\": 2, \"energy_j\": "
		"2}], \"dominated\": [{\"time_s\": 1, \"energy_j\": 5}]}",
		"{\"schema\": \"hourglass.frontier/1\", \"points\": [{\"time_s\": 2, \"energy_j\": "
		"2}], \"dominated\": [{\"time_s\": 2, \"energy_j\": 1}]}"};
	static const size_t counts[] = {1, 2, 1};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		hg_frontier *f = parse(texts[i]);
		size_t n;

		assert_int_equal(hg_frontier_count(f), counts[i]);
		assert_true(
			hg_frontier_points(f)->time_s < 2 || hg_frontier_points(f)->energy_j < 2);
		(void)hg_frontier_dominated(f, &n);
		assert_int_equal(n, 2 - counts[i]);
		hg_frontier_destroy(f);
	}
}

/* The same setting measured twice is an accident in a file made by hand, not in one of ours. */
static void test_repeated_settings(void **state)
{
	static const double settings[] = {1, 0, 2};
	static const hg_point points[] = {{1, 3, 0, 0, 0, 0}, {2, 2, 0, 0, 0, 0}};
	hg_build_opts opts = {.size = sizeof opts, .knobs = knobs, .n_knobs = 3};
	hg_frontier *f;

	(void)state;
	opts.settings = settings;
	opts.n_settings = 1;
	assert_int_equal(hg_frontier_build(points, 2, &opts, &f, NULL), HG_OK);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	check_round_trip(f, HG_FORMAT_CSV, 0);
	hg_frontier_destroy(f);
}

static void test_files(void **state)
{
	char directory[] = "/tmp/hg-test-format-XXXXXX";
	char json[64], csv[64];
	hg_frontier *f = build_example(), *g;
	hg_error why;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(json, sizeof json, "%s/f.json", directory);
	(void)snprintf(csv, sizeof csv, "%s/f.csv", directory);
	assert_int_equal(hg_frontier_save(f, json, HG_FORMAT_AUTO, &why), HG_OK);
	assert_int_equal(hg_frontier_save(f, csv, HG_FORMAT_AUTO, &why), HG_OK);
	file = fopen(csv, "r");
	assert_non_null(file);
	assert_int_equal(fgetc(file), '#');
	(void)fclose(file);
	assert_int_equal(hg_frontier_load(json, HG_FORMAT_AUTO, &g, &why), HG_OK);
	assert_null(frontier_difference(f, g, 0));
	hg_frontier_destroy(g);
	assert_int_equal(hg_frontier_load(csv, HG_FORMAT_AUTO, &g, &why), HG_OK);
	assert_null(frontier_difference(f, g, 0));
	hg_frontier_destroy(g);
	assert_int_equal(hg_frontier_load(csv, HG_FORMAT_JSON, &g, &why), HG_EFORMAT);
	assert_null(g);
	assert_int_equal(unlink(json), 0);
	assert_int_equal(unlink(csv), 0);
	assert_int_equal(hg_frontier_load(json, HG_FORMAT_AUTO, &g, &why), HG_ENOENT);
	assert_non_null(strstr(why.text, json));
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(hg_frontier_save(f, json, HG_FORMAT_AUTO, &why), HG_ENOENT);
	hg_frontier_destroy(f);
}

/* Every beginning of a good file is refused or, without its last blanks, the file itself. */
static void test_truncated(void **state)
{
	size_t len = sizeof example_json - 1;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		hg_frontier *f;
		hg_error why;
		hg_err err = hg_frontier_parse(example_json, n, HG_FORMAT_JSON, "f", &f, &why);

		assert_int_equal(err, n < len - 1 ? HG_EFORMAT : HG_OK);
		hg_frontier_destroy(f);
	}
}

/* What no reader would take is not written. */
static void test_not_written(void **state)
{
	static const char *const twice[] = {"a", "a"}, *const empty[] = {"a", ""};
	static const hg_knob_def knobs_twice = {"k", "", twice, 2},
				 knobs_empty = {"k", "", empty, 2};
	static const hg_point point = {1, 1, 0, 0, HG_SETTING_NONE, 0};
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {.size = sizeof opts, .knobs = &knobs_twice, .n_knobs = 1};
	hg_error why;
	hg_frontier *f;
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(hg_frontier_build(&point, 1, &opts, &f, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "twice"));
	opts.knobs = &knobs_empty;
	assert_int_equal(hg_frontier_build(&point, 1, &opts, &f, &why), HG_OK);
	check_round_trip(f, HG_FORMAT_JSON, 0);
	assert_int_equal(hg_frontier_format(f, HG_FORMAT_CSV, &text, &len, &why), HG_EUNSUPPORTED);
	assert_non_null(strstr(why.text, "knob k"));
	hg_frontier_destroy(f);
	info.name = "caf\xe9";
	opts.info = &info;
	assert_int_equal(hg_frontier_build(&point, 1, &opts, &f, &why), HG_OK);
	assert_int_equal(hg_frontier_format(f, HG_FORMAT_JSON, &text, &len, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "name"));
	assert_int_equal(hg_frontier_format(f, HG_FORMAT_CSV, &text, &len, &why), HG_EINVAL);
	assert_null(text);
	hg_frontier_destroy(f);
}

static void test_bad_arguments(void **state)
{
	hg_frontier *f = build_two(1, 2);
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(hg_frontier_parse(NULL, 0, HG_FORMAT_AUTO, "f", &f, NULL), HG_EINVAL);
	assert_int_equal(hg_frontier_format(NULL, HG_FORMAT_JSON, &text, &len, NULL), HG_EINVAL);
	assert_int_equal(hg_frontier_format(f, (hg_format)77, &text, &len, NULL), HG_EINVAL);
	assert_int_equal(hg_frontier_load(NULL, HG_FORMAT_AUTO, &f, NULL), HG_EINVAL);
	assert_int_equal(hg_frontier_save(f, NULL, HG_FORMAT_AUTO, NULL), HG_EINVAL);
	hg_frontier_destroy(f);
}

/* Example number k of the manual page, the lines between .Bd and .Ed; malloc()ed. */
static char *manual_example(const char *page, int k)
{
	static const char begin[] = "\n.Bd -literal\n";
	const char *end;
	char *text;
	size_t len;

	for (int i = 0; i <= k; i++) {
		page = strstr(page, begin);
		assert_non_null(page);
		page += strlen(begin);
	}
	end = strstr(page, "\n.Ed\n");
	assert_non_null(end);
	len = (size_t)(end + 1 - page);
	text = malloc(len + 1);
	assert_non_null(text);
	memcpy(text, page, len);
	text[len] = '\0';
	return text;
}

/* The manual's examples are what is written, to the letter. */
static void test_manual(void **state)
{
	static const hg_format formats[] = {HG_FORMAT_JSON, HG_FORMAT_CSV, HG_FORMAT_JSON};
	hg_frontier *f[3];
	struct buf page;
	hg_error why;

	(void)state;
	if (file_read(HG_SOURCE_DIR "/man/hourglass-frontier.5", FILE_MAX, &page, &why))
		print_error("%s\n", why.text);
	assert_non_null(page.data);
	for (int k = 0; k < 3; k++) {
		char *example = manual_example(page.data, k), *text;

		f[k] = parse(example);
		text = format(f[k], formats[k]);
		assert_string_equal(text, example);
		free(text);
		free(example);
	}
	assert_null(frontier_difference(f[0], f[1], 0));
	assert_int_equal(hg_frontier_op(f[2]), HG_OP_REPEAT);
	for (int k = 0; k < 3; k++)
		hg_frontier_destroy(f[k]);
	buf_finish(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_text),
		cmocka_unit_test(test_csv_text),
		cmocka_unit_test(test_csv_of_spreadsheets),
		cmocka_unit_test(test_unknown_fields_survive),
		cmocka_unit_test(test_composed),
		cmocka_unit_test(test_composed_text),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_near_ties),
		cmocka_unit_test(test_false_dominated),
		cmocka_unit_test(test_repeated_settings),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_not_written),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
