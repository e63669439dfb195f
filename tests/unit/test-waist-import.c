/* Importing foreign CSVs: what is taken, and what is refused with which words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/frontier.h>

#include "core/file.h"

#include "same-frontier.h"

#define N(array) (sizeof(array) / sizeof *(array))

static const char sweep[] = "job,power_limit,mode,t,e,p\r\n"
			    "a,100,slow,4,200,50\r\n"
			    "a,200,fast,2,300,150\r\n"
			    "a,300,fast,1.5,600,400\r\n"
			    "b,100,slow,8,100,12.5\r\n"
			    "a,250,\"slow, but \"\"odd\"\"\",5,700,140\r\n";

static double cell(const hg_frontier *f, const hg_point *p, const char *knob)
{
	return hg_frontier_setting(f, p->setting)[hg_frontier_knob_index(f, knob)];
}

static const char *word(const hg_frontier *f, const hg_point *p, const char *knob)
{
	size_t n;

	return hg_frontier_knobs(f, &n)[hg_frontier_knob_index(f, knob)]
		.choices[(size_t)cell(f, p, knob)];
}

static void assert_near(double found, double expected)
{
	if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
		print_error("expected %.17g, found %.17g\n", expected, found);
	assert_true(fabs(found - expected) <= 1e-12 * fabs(expected));
}

static void test_csv(void **state)
{
	static const char *const knobs[] = {"power_limit=limit_w:W", "mode"};
	static const char *const where[] = {"job=a"};
	hg_csv_import opts = {.size = sizeof opts, .time = "t:ms", .energy = "e:kJ"};
	hg_frontier_info info = {.size = sizeof info};
	hg_frontier *f;
	hg_error why;
	const hg_point *p;
	size_t n;

	(void)state;
	opts.knobs = knobs;
	opts.n_knobs = 2;
	opts.where = where;
	opts.n_where = 1;
	opts.devices = 3;
	assert_int_equal(
		hg_frontier_import_csv(sweep, strlen(sweep), "dir/s.csv", &opts, &f, &why), HG_OK);
	assert_int_equal(hg_frontier_count(f), 3);
	p = hg_frontier_points(f);
	assert_near(p[0].time_s, 0.0015);
	assert_near(p[0].energy_j, 600e3);
	assert_true(isnan(p[0].time_rsd) && isnan(p[0].energy_rsd));
	assert_near(cell(f, &p[0], "limit_w"), 300);
	assert_string_equal(word(f, &p[0], "mode"), "fast");
	assert_string_equal(word(f, &p[2], "mode"), "slow");
	p = hg_frontier_dominated(f, &n);
	assert_int_equal(n, 1);
	assert_string_equal(word(f, p, "mode"), "slow, but \"odd\"");
	hg_frontier_get_info(f, &info);
	assert_int_equal(info.devices, 3);
	assert_near(info.max_power_w, 900);
	assert_true(isnan(info.static_power_w));
	assert_string_equal(info.source, "dir/s.csv");
	assert_string_equal(hg_frontier_knobs(f, &n)[0].unit, "W");
	hg_frontier_destroy(f);
}

/* Power instead of energy; the caller's info wins; words that are all numbers are numbers. */
static void test_csv_power(void **state)
{
	static const char *const knobs[] = {"power_limit"};
	static const char *const where[] = {"power_limit=1e2", "job=b"};
	hg_csv_import opts = {.size = sizeof opts, .time = "t:min", .power = "p:kW"};
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_frontier *f;
	size_t n;

	(void)state;
	info.name = "mine";
	info.work_unit = "epoch";
	info.max_power_w = 1;
	info.devices = 2;
	opts.knobs = knobs;
	opts.n_knobs = 1;
	opts.where = where;
	opts.n_where = 2;
	opts.info = &info;
	assert_int_equal(hg_frontier_import_csv(sweep, strlen(sweep), "s", &opts, &f, NULL), HG_OK);
	assert_int_equal(hg_frontier_count(f), 1);
	assert_near(hg_frontier_points(f)->time_s, 480);
	assert_near(hg_frontier_points(f)->energy_j, 12.5e3 * 480);
	assert_null(hg_frontier_knobs(f, &n)->choices);
	hg_frontier_get_info(f, &info);
	assert_string_equal(info.name, "mine");
	assert_string_equal(info.work_unit, "epoch");
	assert_int_equal(info.devices, 2);
	assert_near(info.max_power_w, 1);
	hg_frontier_destroy(f);
}

/* The largest limit counts, of the rows that hold, and only where the knob limits power. */
static void test_max_power(void **state)
{
	static const struct {
		const char *knob;
		double max_power_w;
	} cases[] = {{"x=power_limit_w", 7}, {"x=cap", 7}, {"x=cap_w", 7}, {"x=any:W", 7},
		{"x=any:kW", 7000}, {"x=power_limit_mw", 7e-3}, {"x=clock:MHz", (double)NAN},
		{"x", (double)NAN}, {"x=capacity", (double)NAN}};
	static const char text[] = "x,t,e\n5,1,1\n7,2,2\n9,3,3\n";
	static const char *const where[] = {"x=5"};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		hg_csv_import opts = {.size = sizeof opts, .time = "t", .energy = "e"};
		hg_frontier_info info = {.size = sizeof info};
		hg_frontier *f;

		opts.knobs = &cases[i].knob;
		opts.n_knobs = 1;
		assert_int_equal(
			hg_frontier_import_csv(text, strlen(text) - 6, "s", &opts, &f, NULL),
			HG_OK);
		hg_frontier_get_info(f, &info);
		assert_true(isnan(cases[i].max_power_w) == isnan(info.max_power_w));
		if (!isnan(cases[i].max_power_w))
			assert_near(info.max_power_w, cases[i].max_power_w);
		hg_frontier_destroy(f);
		opts.where = where;
		opts.n_where = 1;
		assert_int_equal(
			hg_frontier_import_csv(text, strlen(text), "s", &opts, &f, NULL), HG_OK);
		hg_frontier_get_info(f, &info);
		if (!isnan(cases[i].max_power_w))
			assert_near(info.max_power_w, cases[i].max_power_w * 5 / 7);
		hg_frontier_destroy(f);
	}
}

/* Columns may have names that look like specifications. */
static void test_odd_names(void **state)
{
	static const char text[] = "\xef\xbb\xbft:h,e=f,k=a:b,\"a,b\"\n1,2,3,\n3,1,5,x\n";
	static const char *const knobs[] = {"k=a:b", "a,b=c:d:e"};
	hg_csv_import opts = {.size = sizeof opts, .time = "t:h", .energy = "e=f:mJ"};
	hg_frontier *f;
	const hg_knob_def *found;
	size_t n;

	(void)state;
	opts.knobs = knobs;
	opts.n_knobs = 2;
	assert_int_equal(hg_frontier_import_csv(text, strlen(text), "s", &opts, &f, NULL), HG_OK);
	assert_near(hg_frontier_points(f)->time_s, 1);
	assert_near(hg_frontier_points(f)->energy_j, 2e-3);
	found = hg_frontier_knobs(f, &n);
	assert_string_equal(found[0].name, "k=a:b");
	assert_string_equal(found[1].name, "c:d");
	assert_string_equal(found[1].unit, "e");
	assert_true(isnan(cell(f, hg_frontier_points(f), "c:d")));
	assert_string_equal(word(f, hg_frontier_points(f) + 1, "c:d"), "x");
	hg_frontier_destroy(f);
}

/* A refused import: the text, the options, the code and what the error says. */
struct refusal {
	const char *text, *time, *energy, *knob, *where;
	hg_err code;
	const char *says, *says_too;
};

static const struct refusal refusals[] = {
	{"", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:1:", "empty"},
	{"k,t,e\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:2:", "row"},
	{"k,time,e\n1,2,3\n", "tiem", "e", "k", NULL, HG_EINVAL, "s.csv:1: column tiem", "time?"},
	{"k,t,energy\n1,2,3\n", "t", "enrgy:kJ", "k", NULL, HG_EINVAL, "column enrgy", "energy?"},
	{"k,t,e\n1,2,3\n", "t", "e", "kk=x", NULL, HG_EINVAL, "column kk", "k?"},
	{"k,t,e\n1,2,3\n", "t", "e", "zzz", NULL, HG_EINVAL, "column zzz", "found none"},
	{"k,t,e\n1,2,3\n", "t:fortnight", "e", "k", NULL, HG_EINVAL, "fortnight", "ms"},
	{"k,t,e\n1,2,3\n", "t", "e:cal", "k", NULL, HG_EINVAL, "cal", "kJ"},
	{"k,t,e\n1,2,3\n", "t", "e", "k=", NULL, HG_EINVAL, "knob k=", "empty"},
	{"k,t,e,t\n1,2,3,4\n", "t", "e", "k", NULL, HG_EFORMAT, "column t", "twice"},
	{"k,t,e\n1,2,3\n", "t", "e", "k", "k", HG_EINVAL, "condition k", "COL=VALUE"},
	{"k,t,e\n1,2,3\n", "t", "e", "k", "j=1", HG_EINVAL, "column j", "none"},
	{"k,t,e\n1,2,3\n", "t", "e", "k", "k=7", HG_EINVAL, "condition k=7", "none"},
	{"k,t,e\n1,nan,3\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:2: column t", "\"nan\""},
	{"k,t,e\n1,2,3\n2,3,inf\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:3: column e", "inf"},
	{"k,t,e\n1,2,-3\n", "t", "e:mJ", "k", NULL, HG_EFORMAT, "s.csv:2: column e", "\"-3\""},
	{"k,t,e\n1,0,3\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:2: column t", "\"0\""},
	{"k,t,e\n1,,3\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:2: column t", "\"\""},
	{"k,t,e\n1,0x2,3\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:2: column t", "0x2"},
	{"k,t,e\n1,1e308,3\n", "t:h", "e", "k", NULL, HG_EFORMAT, "s.csv:2: column t", "1e308"},
	{"k,t,e\n1,1e-323,3\n", "t:ns", "e", "k", NULL, HG_EFORMAT, "s.csv:2: column t", "1e-323"},
	{"k,t,e\n1,2,3\n1,2\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:3:", "3 fields"},
	{"k,t,e\n1,2,3\n1,2,3,4\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:3:", "found 4"},
	{"k,t,e\n1,2,3\n2,3,1\n\n1.0,2,4\n", "t", "e", "k", NULL, HG_EFORMAT,
		"s.csv:5: setting k=1:", "line 2"},
	{"k,t,e\na,2,3\nb,3,1\na,2,4\n", "t", "e", "k", NULL, HG_EFORMAT,
		"s.csv:4: setting k=a:", "line 2"},
	{"k,t,e\n1,2,3\nNaN,3,1\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:3: column k", "NaN"},
	{"k,t,e\n1,2,3\n,3,1\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:3: column k", "\"\""},
	{"k,t,e\n\xff,2,3\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:2: column k", "UTF-8"},
	{"k,t,e\n\"a,2,3\n", "t", "e", "k", NULL, HG_EFORMAT, "s.csv:2:", "quote"},
	{"k,t,e\n1,2,3\n", NULL, "e", "k", NULL, HG_EINVAL, "time", "none"},
	{"k,t,e\n1,2,3\n", "t", NULL, "k", NULL, HG_EINVAL, "energy", "none"},
	{"k,t,e\n1,2,3\n", "t", "e", NULL, NULL, HG_EINVAL, "knobs", "none"},
};

static void check_refusal(const struct refusal *r)
{
	hg_csv_import opts = {.size = sizeof opts, .time = r->time, .energy = r->energy};
	hg_frontier *f = (hg_frontier *)(uintptr_t)1;
	hg_error why;
	hg_err err;

	opts.knobs = &r->knob;
	opts.n_knobs = r->knob != NULL;
	opts.where = &r->where;
	opts.n_where = r->where != NULL;
	err = hg_frontier_import_csv(r->text, strlen(r->text), "s.csv", &opts, &f, &why);
	if (err != r->code || !strstr(why.text, r->says) || !strstr(why.text, r->says_too))
		print_error("%s\ngives %s: \"%s\"", r->text, hg_err_name(err), why.text);
	assert_int_equal(err, r->code);
	assert_non_null(strstr(why.text, r->says));
	assert_non_null(strstr(why.text, r->says_too));
	assert_null(strchr(why.text, '\n'));
	assert_null(f);
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(refusals); i++)
		check_refusal(&refusals[i]);
}

static void test_options(void **state)
{
	static const char *const twice[] = {"k", "t=k"};
	static const char text[] = "k,t,e\n1,2,3\n";
	hg_csv_import opts = {.size = sizeof opts, .time = "t", .energy = "e", .power = "e"};
	hg_frontier *f;
	hg_error why;

	(void)state;
	opts.knobs = twice;
	opts.n_knobs = 2;
	assert_int_equal(
		hg_frontier_import_csv(text, strlen(text), "s", &opts, &f, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "both"));
	opts.power = NULL;
	assert_int_equal(
		hg_frontier_import_csv(text, strlen(text), "s", &opts, &f, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "twice"));
	opts.size = 0;
	assert_int_equal(
		hg_frontier_import_csv(text, strlen(text), "s", &opts, &f, &why), HG_EINVAL);
	assert_int_equal(hg_frontier_import_csv(text, 1, "s", NULL, &f, &why), HG_EINVAL);
	assert_int_equal(hg_frontier_import_csv(NULL, 0, "s", &opts, &f, &why), HG_EINVAL);
}

/* A line of a million columns costs an error, not a million allocations. */
static void test_million_columns(void **state)
{
	static const char *const knobs[] = {"k"};
	size_t len = 2000000;
	char *text = malloc(len);
	hg_csv_import opts = {.size = sizeof opts, .time = "t", .energy = "e"};
	hg_frontier *f;
	hg_error why;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < len; i += 2) {
		text[i] = 'a';
		text[i + 1] = ',';
	}
	opts.knobs = knobs;
	opts.n_knobs = 1;
	assert_int_equal(hg_frontier_import_csv(text, len, "s", &opts, &f, &why), HG_ELIMIT);
	assert_non_null(strstr(why.text, "s:1:"));
	assert_int_equal(hg_frontier_import_zeus(text, len, "s", NULL, &f, &why), HG_ELIMIT);
	assert_int_equal(hg_frontier_parse(text, len, HG_FORMAT_CSV, "s", &f, &why), HG_EFORMAT);
	free(text);
}

#define WINDOW "__GlobalPowerLimitOptimizer_"

static void test_zeus(void **state)
{
	static const char text[] = "start_time,window_name,elapsed_time,gpu1_energy,gpu0_energy\n"
				   "1," WINDOW "300,2,100,200.5\n"
				   "2,epoch,50,1,nan\n"
				   "3," WINDOW "200,3,50,60\n"
				   "4," WINDOW "100,9,50,61\n";
	hg_frontier_info info = {.size = sizeof info};
	hg_frontier *f;
	hg_error why;
	const hg_point *p;
	size_t n;

	(void)state;
	assert_int_equal(hg_frontier_import_zeus(
				 text, strlen(text), "d/A100-SXM4+net+gpu0,1.csv", NULL, &f, &why),
		HG_OK);
	assert_int_equal(hg_frontier_count(f), 2);
	p = hg_frontier_points(f);
	assert_near(p[0].time_s, 2);
	assert_near(p[0].energy_j, 300.5);
	assert_near(p[1].energy_j, 110);
	assert_near(cell(f, &p[0], "power_limit_w"), 300);
	assert_int_equal(p[0].origin, HG_ORIGIN_MEASURED);
	(void)hg_frontier_dominated(f, &n);
	assert_int_equal(n, 1);
	hg_frontier_get_info(f, &info);
	assert_int_equal(info.devices, 2);
	assert_near(info.max_power_w, 600);
	assert_string_equal(info.device, "A100-SXM4");
	assert_string_equal(info.name, "A100-SXM4+net+gpu0,1");
	assert_string_equal(info.work_unit, "window");
	assert_string_equal(hg_frontier_knobs(f, &n)->unit, "W");
	hg_frontier_destroy(f);
}

static void test_zeus_refused(void **state)
{
#define HEAD "window_name,elapsed_time,gpu0_energy\n"
	static const struct {
		const char *text;
		hg_err code;
		const char *says, *says_too;
	} cases[] = {
		{"", HG_EFORMAT, "z:1:", "empty"},
		{"window,elapsed_time,gpu0_energy\n", HG_EINVAL, "column window_name", "none"},
		{"window_name,elapsed_tme,gpu0_energy\n", HG_EINVAL, "column elapsed_time",
			"elapsed_tme?"},
		{"window_name,elapsed_time,gpu_energy\n", HG_EINVAL, "gpu0_energy", "none"},
		{HEAD, HG_EFORMAT, WINDOW "WATTS", "found none"},
		{HEAD "epoch,1,2\n", HG_EFORMAT, WINDOW "WATTS", "found none"},
		{HEAD WINDOW "abc,1,2\n", HG_EFORMAT, "z:2: column window_name", "abc"},
		{HEAD WINDOW ",1,2\n", HG_EFORMAT, "z:2: column window_name", "watts"},
		{HEAD WINDOW "-5,1,2\n", HG_EFORMAT, "z:2: column window_name", "-5"},
		{HEAD WINDOW "0,1,2\n", HG_EFORMAT, "z:2: column window_name", "_0"},
		{HEAD WINDOW "100,nan,2\n", HG_EFORMAT, "z:2: column elapsed_time", "nan"},
		{HEAD WINDOW "100,-1,2\n", HG_EFORMAT, "z:2: column elapsed_time", "-1"},
		{HEAD WINDOW "100,1,0.0\n", HG_EFORMAT, "z:2: column gpu0_energy", "0.0"},
		{HEAD WINDOW "100,1\n", HG_EFORMAT, "z:2:", "3 fields"},
		{HEAD WINDOW "100,1,2\n" WINDOW "125,2,1\n" WINDOW "100,1,2\n", HG_EFORMAT,
			"z:4: setting power_limit_w=100", "line 2"},
	};
#undef HEAD

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		hg_frontier *f;
		hg_error why;
		hg_err err = hg_frontier_import_zeus(
			cases[i].text, strlen(cases[i].text), "z", NULL, &f, &why);

		if (err != cases[i].code || !strstr(why.text, cases[i].says) ||
			!strstr(why.text, cases[i].says_too))
			print_error(
				"%s\ngives %s: \"%s\"", cases[i].text, hg_err_name(err), why.text);
		assert_int_equal(err, cases[i].code);
		assert_non_null(strstr(why.text, cases[i].says));
		assert_non_null(strstr(why.text, cases[i].says_too));
		assert_null(f);
	}
}

/* Perseus's stage profile: one stage's forward pass over clocks, from the real file. */
static void test_stage_profile(void **state)
{
	static const char *const knobs[] = {"frequency=clock_mhz:MHz"};
	static const char *const where[] = {"stage=0", "instruction=forward"};
	static const char path[] = HG_TEST_DATA "/pipeline/stage_profile/gpt3-175b+a40_bf16.csv";
	hg_csv_import opts = {.size = sizeof opts, .time = "time", .energy = "energy"};
	struct buf text;
	hg_frontier *f;
	hg_error why;
	size_t n;

	(void)state;
	if (file_read(path, FILE_MAX, &text, &why)) {
		buf_finish(&text);
		print_message("skipped: %s\n", why.text);
		skip();
	}
	opts.knobs = knobs;
	opts.n_knobs = 1;
	opts.where = where;
	opts.n_where = 2;
	assert_int_equal(hg_frontier_import_csv(text.data, text.len, path, &opts, &f, &why), HG_OK);
	assert_near(cell(f, hg_frontier_points(f), "clock_mhz"), 1740);
	assert_near(hg_frontier_points(f)->energy_j, 33.59392799949646);
	(void)hg_frontier_dominated(f, &n);
	assert_in_range(hg_frontier_count(f) + n, 50, 200);
	hg_frontier_destroy(f);
	opts.n_where = 1; /* forward and backward at the same clock */
	assert_int_equal(
		hg_frontier_import_csv(text.data, text.len, path, &opts, &f, &why), HG_EFORMAT);
	assert_non_null(strstr(why.text, ":3: setting clock_mhz=1740"));
	assert_non_null(strstr(why.text, "line 2"));
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_csv_power),
		cmocka_unit_test(test_max_power),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_million_columns),
		cmocka_unit_test(test_zeus),
		cmocka_unit_test(test_zeus_refused),
		cmocka_unit_test(test_stage_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
