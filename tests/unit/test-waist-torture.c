/*
 * Every allocation of the formats, the importers, the algebra and the choice for a group fails
 * once: the call says so, and nothing leaks (the leak checker sees to that at the end).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/train.h>

#include "scarce.h"

static long left = -1; /* allocations that succeed; -1: all */

static bool memory_fails(void)
{
	return memory_spent(&left);
}

static const char built_json[] =
	"{\"schema\": \"hourglass.frontier/1\", \"name\": \"n\", \"device\": {\"model\": \"m\", \"x\": "
	"1}, \"note\": 1, \"knobs\": [{\"name\": \"a\", \"unit\": \"W\", \"y\": 2}, {\"name\": \"b\", "
	"\"choices\": [\"p\", \"q\"]}], \"points\": [{\"time_s\": 1, \"energy_j\": 9, \"setting\": "
	"{\"a\": 1, \"b\": \"p\"}, \"z\": 3}, {\"time_s\": 2, \"energy_j\": 8, \"setting\": {\"a\": "
	"2}}, {\"time_s\": 3, \"energy_j\": 7}], \"dominated\": [{\"time_s\": 4, \"energy_j\": 9, "
	"\"setting\": {\"a\": 4}}]}";

static const char composed_json[] =
	"{\"schema\": \"hourglass.frontier/1\", \"op\": \"series\", \"children\": [{\"points\": "
	"[{\"time_s\": 1, \"energy_j\": 2, \"u\": 0}]}, {\"same_as\": 0}], \"points\": [{\"time_s\": "
	"2, \"energy_j\": 4, \"v\": [1], \"parts\": [[0,0,1],[1,0,1]]}]}";

static const char built_csv[] =
	"# hourglass.frontier/1\n# name \"a\\nb\"\n# knob a W\n# knob b\n# choices b p \"q q\"\n"
	"time_s,energy_j,time_rsd,energy_rsd,origin,a,b\n1,9,,,,1,p\n2,8,0,0,measured,2,\"q q\"\n"
	"3,10,,,,,\n";

static const char sweep[] = "job,limit,mode,t,e\na,1,x,2,3\na,2,\"y\"\"z\",1,4\nb,1,x,1,1\n";

static const char zeus[] = "window_name,elapsed_time,gpu0_energy,gpu1_energy\n"
			   "__GlobalPowerLimitOptimizer_300,1,2,3\n"
			   "__GlobalPowerLimitOptimizer_200,2,2,2\n";

static hg_frontier *example;

static hg_err parse(const char *text, hg_frontier **out)
{
	return hg_frontier_parse(text, strlen(text), HG_FORMAT_AUTO, "f", out, NULL);
}

static hg_err read_built(hg_frontier **out)
{
	return parse(built_json, out);
}

static hg_err read_composed(hg_frontier **out)
{
	return parse(composed_json, out);
}

static hg_err read_csv(hg_frontier **out)
{
	return parse(built_csv, out);
}

static hg_err import_csv(hg_frontier **out)
{
	static const char *const knobs[] = {"limit=limit_w:W", "mode"};
	static const char *const where[] = {"job=a"};
	hg_csv_import opts = {.size = sizeof opts, .time = "t:ms", .energy = "e", .knobs = knobs};

	opts.n_knobs = 2;
	opts.where = where;
	opts.n_where = 1;
	return hg_frontier_import_csv(sweep, strlen(sweep), "s", &opts, out, NULL);
}

static hg_err import_zeus(hg_frontier **out)
{
	return hg_frontier_import_zeus(zeus, strlen(zeus), "A40+n+gpu0,1.csv", NULL, out, NULL);
}

static hg_err write_as(hg_format format)
{
	char *text;
	size_t len;
	hg_err err = hg_frontier_format(example, format, &text, &len, NULL);

	free(text);
	return err;
}

static hg_err write_json(hg_frontier **out)
{
	*out = NULL;
	return write_as(HG_FORMAT_JSON);
}

static hg_err write_csv(hg_frontier **out)
{
	*out = NULL;
	return write_as(HG_FORMAT_CSV);
}

static hg_err series(hg_frontier **out)
{
	hg_frontier *children[] = {example, example};

	return hg_frontier_series(children, 2, 0, out, NULL);
}

static hg_err series_of_hulls(hg_frontier **out)
{
	hg_frontier *children[] = {example, example};

	return hg_frontier_series(children, 2, HG_SERIES_HULL, out, NULL);
}

static hg_err parallel(hg_frontier **out)
{
	hg_frontier *children[] = {example, example};

	return hg_frontier_parallel(children, 2, out, NULL);
}

static hg_err alternatives(hg_frontier **out)
{
	hg_frontier *children[] = {example, example};

	return hg_frontier_union(children, 2, out, NULL);
}

static hg_err repeat(hg_frontier **out)
{
	return hg_frontier_repeat(example, 5, out, NULL);
}

static hg_err scale(hg_frontier **out)
{
	return hg_frontier_scale(example, 2, 3, out, NULL);
}

static hg_err mix(hg_frontier **out)
{
	return hg_frontier_mix(example, out, NULL);
}

static hg_err group(hg_frontier **out)
{
	const hg_frontier *ranks[] = {example, example};

	return hg_train_group(ranks, 2, out, NULL);
}

static void torture(hg_err (*call)(hg_frontier **out))
{
	hg_frontier *f = NULL;
	hg_err err = HG_ENOMEM;
	long n;

	for (n = 0; err && n < 10000; n++) {
		left = n;
		err = call(&f);
		left = -1;
		if (err)
			assert_int_equal(err, HG_ENOMEM);
	}
	assert_int_equal(err, HG_OK);
	assert_true(n > 2);
	hg_frontier_destroy(f);
}

static void test_reading(void **state)
{
	(void)state;
	torture(read_built);
	torture(read_composed);
	torture(read_csv);
}

static void test_importing(void **state)
{
	(void)state;
	torture(import_csv);
	torture(import_zeus);
}

static void test_writing(void **state)
{
	(void)state;
	torture(write_json);
	torture(write_csv);
}

static void test_algebra(void **state)
{
	(void)state;
	torture(series);
	torture(series_of_hulls);
	torture(parallel);
	torture(alternatives);
	torture(repeat);
	torture(scale);
	torture(mix);
}

static void test_group(void **state)
{
	(void)state;
	torture(group);
}

static int setup(void **state)
{
	(void)state;
	return parse(built_json, &example) != HG_OK;
}

static int teardown(void **state)
{
	(void)state;
	hg_frontier_destroy(example);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_importing),
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_algebra),
		cmocka_unit_test(test_group),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
