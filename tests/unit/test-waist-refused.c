/* hourglass.frontier/1: what is refused, with which code and which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/frontier.h>

#define HEAD    "{\"schema\": \"hourglass.frontier/1\","
#define ONE     "{\"time_s\": 1, \"energy_j\": 2}"
#define CSVHEAD "# hourglass.frontier/1\n"
#define COLS    "time_s,energy_j,time_rsd,energy_rsd,origin"
#define CHILD   "\"children\": [{\"points\": [" ONE "]}]"

/* Each text with the code it gives and what the error says. */
static const struct {
	const char *text;
	hg_err code;
	const char *says, *says_too;
} refused[] = {
	{"", HG_EFORMAT, "f:1:", "empty"},
	{" \n", HG_EFORMAT, "f:1:", "empty"},
	{"time_s,energy_j\n1,2\n", HG_EFORMAT, "f:1:", "hourglass.frontier/1"},
	{"[]", HG_EFORMAT, "f:", "expected"},
	{"{}", HG_EFORMAT, "schema", "f:"},
	{"{\"schema\": \"hourglass.plan/1\"}", HG_EFORMAT, "hourglass.frontier", "hourglass.plan"},
	{"{\"schema\": \"hourglass.frontier/2\"}", HG_EVERSION, "/1", "/2"},
	{HEAD "\"points\": [" ONE "]", HG_EFORMAT, "f:1:", "ends"},
	{HEAD "\n\"points\": []}", HG_EFORMAT, "f:2:", "points"},
	{HEAD "\"points\": {}}", HG_EFORMAT, "points", "an object"},
	{HEAD "\"points\": [\n1]}", HG_EFORMAT, "f:2: points[0]", "a number"},
	{HEAD "\"points\": [\n{\"energy_j\": 2}]}", HG_EFORMAT, "f:2:", "points[0].time_s"},
	{HEAD "\"points\": [" ONE ",\n{\"time_s\": 2}]}", HG_EFORMAT, "f:2:", "points[1].energy_j"},
	{HEAD "\"points\": [{\"time_s\": \"1\", \"energy_j\": 2}]}", HG_EFORMAT, "points[0].time_s",
		"a string"},
	{HEAD "\"points\": [{\"time_s\": NaN, \"energy_j\": 2}]}", HG_EFORMAT, "f:1:", "N"},
	{HEAD "\"points\": [{\"time_s\": -1, \"energy_j\": 2}]}", HG_EFORMAT, "points[0].time_s",
		"-1"},
	{HEAD "\"points\": [{\"time_s\": 1, \"energy_j\": -2}]}", HG_EFORMAT, "points[0].energy_j",
		"-2"},
	{HEAD "\"points\": [{\"time_s\": 1, \"energy_j\": 1, \"time_rsd\": -1}]}", HG_EFORMAT,
		"points[0].time_rsd", "-1"},
	{HEAD "\"points\": [{\"time_s\": 1e999, \"energy_j\": 2}]}", HG_EFORMAT, "f:1:", "1e999"},
	{HEAD "\"points\": [" ONE "], \"dominated\": 3}", HG_EFORMAT, "dominated", "array"},
	{HEAD "\"points\": [" ONE "], \"dominated\": [{\"time_s\": 5, \"energy_j\": null}]}",
		HG_EFORMAT, "dominated[0].energy_j", "null"},
	{HEAD "\"points\": [{\"time_s\": 1, \"energy_j\": 2, \"origin\": [\"guessed\"]}]}",
		HG_EFORMAT, "points[0].origin", "guessed"},
	{HEAD "\"points\": [{\"time_s\": 1, \"energy_j\": 2, \"setting\": {\"k\": 1}}]}",
		HG_EFORMAT, "points[0].setting.k", "knobs"},
	{HEAD "\"knobs\": [{\"name\": \"k\"}], \"points\": [{\"time_s\": 1, \"energy_j\": 2, "
	      "\"setting\": {\"k\": \"a\"}}]}",
		HG_EFORMAT, "points[0].setting.k", "a string"},
	{HEAD "\"knobs\": [{\"name\": \"k\", \"choices\": [\"a\"]}], \"points\": [{\"time_s\": 1, "
	      "\"energy_j\": 2, \"setting\": {\"k\": \"b\"}}]}",
		HG_EFORMAT, "points[0].setting.k", "\"b\""},
	{HEAD "\"knobs\": [{\"name\": \"k\"}, {\"name\": \"k\"}], \"points\": [" ONE "]}",
		HG_EFORMAT, "knobs", "twice"},
	{HEAD "\"knobs\": [{\"name\": \"\"}], \"points\": [" ONE "]}", HG_EFORMAT, "knobs", "name"},
	{HEAD "\"knobs\": [{\"unit\": \"W\"}], \"points\": [" ONE "]}", HG_EFORMAT, "name",
		"nothing"},
	{HEAD "\"knobs\": [{\"name\": \"k\", \"choices\": [\"a\", \"a\"]}], \"points\": [" ONE "]}",
		HG_EFORMAT, "knob k", "twice"},
	{HEAD "\"knobs\": [{\"name\": \"k\"}], \"points\": [\n{\"time_s\": 1, \"energy_j\": 2, "
	      "\"setting\": {\"k\": 0}},\n{\"time_s\": 2, \"energy_j\": 1, \"setting\": {\"k\": "
	      "-0}}]}",
		HG_EFORMAT, "f:3:", "line 2"},
	{HEAD "\"name\": 3, \"points\": [" ONE "]}", HG_EFORMAT, "name", "a number"},
	{HEAD "\"static_power_w\": -3, \"points\": [" ONE "]}", HG_EFORMAT, "static_power_w", "-3"},
	{HEAD "\"device\": {\"count\": 1.5}, \"points\": [" ONE "]}", HG_EFORMAT, "count", "1.5"},
	{HEAD "\"device\": {\"count\": 1e43}, \"points\": [" ONE "]}", HG_EFORMAT, "count",
		"1e+43"},
	{HEAD "\"name\": \"a\", \"name\": \"b\", \"points\": [" ONE "]}", HG_EFORMAT, "name",
		"f:1:"},
	{HEAD "\"repeated_settings\": 1, \"points\": [" ONE "]}", HG_EFORMAT, "repeated_settings",
		"true"},
	{HEAD "\"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": []}]}", HG_EFORMAT,
		"points[0].parts", "op"},
	{HEAD CHILD ", \"points\": [" ONE "]}", HG_EFORMAT, "children", "op"},
	{HEAD "\"op\": \"sum\", " CHILD ", \"points\": [" ONE "]}", HG_EFORMAT, "op", "sum"},
	{HEAD "\"op\": \"series\", \"points\": [" ONE "]}", HG_EFORMAT, "children", "none"},
	{HEAD "\"op\": \"series\", " CHILD ", \"points\": [" ONE "]}", HG_EFORMAT,
		"points[0].parts", "nothing"},
	{HEAD "\"op\": \"series\", " CHILD
	      ", \"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": [[1,0,1]]}]}",
		HG_EFORMAT, "points[0].parts", "child index"},
	{HEAD "\"op\": \"series\", " CHILD
	      ", \"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": [[0,1,1]]}]}",
		HG_EFORMAT, "points[0].parts", "point index"},
	{HEAD "\"op\": \"series\", " CHILD
	      ", \"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": [[0,0,0]]}]}",
		HG_EFORMAT, "points[0].parts", "count"},
	{HEAD "\"op\": \"series\", " CHILD
	      ", \"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": [[0,0]]}]}",
		HG_EFORMAT, "points[0].parts", "[child, point, count]"},
	{HEAD "\"op\": \"repeat\", \"repeat\": 2, " CHILD
	      ", \"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": [[0,0,1]]}]}",
		HG_EFORMAT, "points[0].parts", "repeat"},
	{HEAD "\"op\": \"repeat\", " CHILD
	      ", \"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": [[0,0,1]]}]}",
		HG_EFORMAT, "repeat", "nothing"},
	{HEAD "\"op\": \"series\", " CHILD
	      ", \"points\": [{\"time_s\": 1, \"energy_j\": 2, \"parts\": [[0,0,1]]},\n"
	      "{\"time_s\": 1, \"energy_j\": 1, \"parts\": [[0,0,1]]}]}",
		HG_EFORMAT, "f:2: points[1]", "less energy"},
	{HEAD "\"op\": \"series\", \"children\": [{\"same_as\": 0}], \"points\": [" ONE "]}",
		HG_EFORMAT, "same_as", "earlier"},
	{HEAD "\"op\": \"series\", \"children\": [{\"points\": [" ONE
	      "]}, {\"same_as\": 1}], \"points\": [" ONE "]}",
		HG_EFORMAT, "children[1].same_as", "earlier"},
	{HEAD "\"op\": \"series\", \"children\": [3], \"points\": [" ONE "]}", HG_EFORMAT,
		"frontier object", "a number"},
	{CSVHEAD, HG_EFORMAT, "f:2:", "time_s"},
	{CSVHEAD COLS "\n", HG_EFORMAT, "f:3:", "point"},
	{"# hourglass.frontier/9\n" COLS "\n1,2,,,\n", HG_EVERSION, "/1", "9"},
	{"# something\n" COLS "\n1,2,,,\n", HG_EFORMAT, "f:1:", "hourglass.frontier/1"},
	{CSVHEAD "time_s,energy\n1,2\n", HG_EFORMAT, "f:2:", "energy_j"},
	{CSVHEAD COLS ",k\n1,2,,,,3\n", HG_EFORMAT, "f:2:", "# knob"},
	{CSVHEAD "# knob k\n" COLS "\n1,2,,,\n", HG_EFORMAT, "f:3:", "k"},
	{CSVHEAD "# knob k\n# knob k\n" COLS ",k,k\n1,2,,,,,\n", HG_EFORMAT, "f:3:", "twice"},
	{CSVHEAD "# choices k a\n" COLS "\n1,2,,,\n", HG_EFORMAT, "f:2:", "k"},
	{CSVHEAD "# knob k\n# choices k a a\n" COLS ",k\n1,2,,,,a\n", HG_EFORMAT, "f:3:", "twice"},
	{CSVHEAD "# name \"a\n" COLS "\n1,2,,,\n", HG_EFORMAT, "f:2:", "string"},
	{CSVHEAD "# devices 1.5\n" COLS "\n1,2,,,\n", HG_EFORMAT, "f:2:", "1.5"},
	{CSVHEAD "# max_power_w x\n" COLS "\n1,2,,,\n", HG_EFORMAT, "f:2:", "max_power_w"},
	{CSVHEAD COLS "\n1,2,,\n", HG_EFORMAT, "f:3:", "5 fields"},
	{CSVHEAD COLS "\nnan,2,,,\n", HG_EFORMAT, "f:3: column time_s", "nan"},
	{CSVHEAD COLS "\n1,-2,,,\n", HG_EFORMAT, "f:3: column energy_j", "-2"},
	{CSVHEAD COLS "\n1,2,-1,,\n", HG_EFORMAT, "f:3: column time_rsd", "-1"},
	{CSVHEAD COLS "\n1,2,,,fitted+guessed\n", HG_EFORMAT, "f:3: column origin", "guessed"},
	{CSVHEAD "# knob k\n" COLS ",k\n1,2,,,,x\n", HG_EFORMAT, "f:4: column k", "x"},
	{CSVHEAD "# knob k\n# choices k a\n" COLS ",k\n1,2,,,,x\n", HG_EFORMAT, "f:5: column k",
		"x"},
	{CSVHEAD "# knob k\n" COLS ",k\n1,2,,,,5\n2,1,,,,5.0\n", HG_EFORMAT, "f:5:", "line 4"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		hg_frontier *f = (hg_frontier *)(uintptr_t)1;
		hg_error why = {""};
		hg_err err = hg_frontier_parse(
			refused[i].text, strlen(refused[i].text), HG_FORMAT_AUTO, "f", &f, &why);

		if (err != refused[i].code || !strstr(why.text, refused[i].says) ||
			!strstr(why.text, refused[i].says_too))
			print_error("%s\ngives %s: \"%s\"", refused[i].text, hg_err_name(err),
				why.text);
		assert_int_equal(err, refused[i].code);
		assert_non_null(strstr(why.text, refused[i].says));
		assert_non_null(strstr(why.text, refused[i].says_too));
		assert_null(strchr(why.text, '\n'));
		assert_null(f);
		/* The text is a courtesy. */
		assert_int_equal(hg_frontier_parse(refused[i].text, strlen(refused[i].text),
					 HG_FORMAT_AUTO, "f", &f, NULL),
			refused[i].code);
	}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
