/* number, unit: what is accepted, what is refused, what is said. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/unit.h"

static void assert_double(const char *text, bool lenient, double want)
{
	double got = -1;

	if (!double_parse(text, strlen(text), lenient, &got) || got != want ||
		signbit(got) != signbit(want))
		fail_msg("\"%s\" gives %.17g, not %.17g", text, got, want);
}

static void assert_no_double(const char *text, bool lenient)
{
	double got = -1;

	if (double_parse(text, strlen(text), lenient, &got))
		fail_msg("\"%s\" is accepted as %.17g", text, got);
	assert_true(got == -1);
}

static void doubles_are_read(void **state)
{
	(void)state;
	assert_double("0", false, 0);
	assert_double("-0", false, -0.0);
	assert_double("-0.0e5", false, -0.0);
	assert_double("300", false, 300);
	assert_double("0.1", false, 0.1);
	assert_double("1e-07", false, 1e-7);
	assert_double("1E+05", false, 1e5);
	assert_double("123456789012345678", false, 123456789012345678.0);
	assert_double("1.7976931348623157e308", false, DBL_MAX);
	/* rounds down to the largest; half a unit more would be too large */
	assert_double("1.797693134862315807e308", false, DBL_MAX);
	assert_double("4.9e-324", false, 0x1p-1074);
	assert_double("2.4703282292062328e-324", false, 0x1p-1074);
	assert_double("2.4703282292062327e-324", false, 0);
	assert_double("1e-400", false, 0);
	assert_double("-1e-400", false, -0.0);
	assert_double("0e999999999999999999999999", false, 0);
	assert_double("1e-99999999999999999999999", false, 0);
	assert_double("2.2250738585072011e-308", false, 0x0.fffffffffffffp-1022);
	assert_double("9007199254740993", false, 9007199254740992.0);
	assert_double(
		"9007199254740993.00000000000000000000000000000001", false, 9007199254740994.0);
	assert_double("5.", true, 5);
	assert_double(".5", true, 0.5);
	assert_double("-.5e1", true, -5);
	assert_double("5.e1", true, 50);
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const never[] = {"", "-", "+1", " 1", "1 ", "0x10", "inf", "nan",
		"Infinity", "1e", "1e+", "e5", ".", "-.", ".e1", "01", "-01", "1.2.3", "1,5", "1_0",
		"--1", "1e5.5", "1e400", "-1e400", "1.8e308", "1.797693134862315808e308",
		"1e99999999999999999999", "\xc2\xbd"};
	static const char *const strictly[] = {"5.", ".5", "-.5", "5.e1", ".5e1"};

	(void)state;
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
		assert_no_double(never[i], false);
		assert_no_double(never[i], true);
	}
	for (size_t i = 0; i < sizeof strictly / sizeof strictly[0]; i++)
		assert_no_double(strictly[i], false);
}

/* Only text[0..len) is looked at: digits follow it, and with them nothing at all. */
static void length_is_kept_to(void **state)
{
	char *exact = malloc(3);
	double v;

	(void)state;
	assert_true(double_parse("12345", 2, false, &v));
	assert_true(v == 12);
	memcpy(exact, "1.5", 3);
	assert_true(double_parse(exact, 3, false, &v));
	assert_true(v == 1.5);
	memcpy(exact, "15e", 3);
	assert_false(double_parse(exact, 3, false, &v));
	free(exact);
}

/* A million digits before, and as many zeros behind a point: neither wrong nor slow. */
static void long_numbers(void **state)
{
	const size_t n = 1000000;
	char *text = malloc(n + 32), *end;
	double v;

	(void)state;
	assert_non_null(text);
	memset(text, '7', n);
	end = text + n;
	memcpy(end, "e-999999", 9);
	assert_double(text, false, 7.777777777777778);
	memset(text, '0', n);
	text[1] = '.';
	memcpy(end, "25e999999", 10);
	assert_double(text, false, 2.5);
	memcpy(end, "e2", 3);
	assert_double(text, false, 0);
	memset(text, '9', n);
	assert_false(double_parse(text, n, false, &v));
	free(text);
}

static void scan_stops_behind_the_number(void **state)
{
	double v = -1;

	(void)state;
	assert_int_equal(double_scan("12.5,3", 6, &v), 4);
	assert_true(v == 12.5);
	assert_int_equal(double_scan("1e999]", 6, &v), 5);
	assert_true(isinf(v));
	assert_int_equal(double_scan("x", 1, &v), 0);
	assert_int_equal(double_scan("1.", 2, &v), 0);
	assert_int_equal(double_scan("01", 2, &v), 0);
}

static void integers(void **state)
{
	int64_t i = 5;
	uint64_t u = 5;

	(void)state;
	assert_true(int64_parse("-9223372036854775808", 20, &i) && i == INT64_MIN);
	assert_true(int64_parse("9223372036854775807", 19, &i) && i == INT64_MAX);
	assert_false(int64_parse("9223372036854775808", 19, &i));
	assert_false(int64_parse("-9223372036854775809", 20, &i));
	assert_true(int64_parse("-0", 2, &i) && i == 0);
	assert_false(int64_parse("-", 1, &i));
	assert_false(int64_parse("", 0, &i));
	assert_false(int64_parse("+1", 2, &i));
	assert_false(int64_parse("1.0", 3, &i));
	assert_false(int64_parse("1 ", 2, &i));
	assert_true(uint64_parse("18446744073709551615", 20, &u) && u == UINT64_MAX);
	assert_false(uint64_parse("18446744073709551616", 20, &u));
	assert_false(uint64_parse("184467440737095516150", 21, &u));
	assert_false(uint64_parse("-1", 2, &u));
	assert_false(uint64_parse("", 0, &u));
}

static void doubles_are_printed(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {{0, "0"}, {-0.0, "-0"}, {300, "300"}, {0.1, "0.1"}, {1e-7, "1e-07"},
		{1.0 / 3, "0.3333333333333333"}, {-2.5, "-2.5"}, {0.0001, "0.0001"},
		{0.00012345, "0.00012345"}, {0.00001, "1e-05"}, {1e15, "1000000000000000"},
		{123456.789, "123456.789"}, {1e16, "1e+16"}, {9007199254740991, "9007199254740991"},
		{9007199254740992, "9007199254740992"}, {1e22, "1e+22"}, {1e100, "1e+100"},
		{5e-324, "5e-324"}, {DBL_MAX, "1.7976931348623157e+308"},
		{DBL_MIN, "2.2250738585072014e-308"}, {-1.5e-10, "-1.5e-10"}, {1e23, "1e+23"},
		{0x1p-44, "5.684341886080802e-14"}, {INFINITY, "inf"}, {-INFINITY, "-inf"},
		{NAN, "nan"}};
	char text[DOUBLE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(double_format(cases[i].value, text), strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
	}
}

static void assert_quantity(enum quantity q, const char *text, double want)
{
	hg_error why = {{0}};
	double got = -1;

	if (quantity_parse(q, text, "--x", &got, &why) != HG_OK || got != want)
		fail_msg("\"%s\" gives %.17g, not %.17g (%s)", text, got, want, why.text);
}

static void quantities_are_read(void **state)
{
	(void)state;
	assert_quantity(QUANTITY_TIME, "250ms", 0.25);
	assert_quantity(QUANTITY_TIME, "1.5h", 5400);
	assert_quantity(QUANTITY_TIME, "2 min", 120);
	assert_quantity(QUANTITY_TIME, "2d", 172800);
	assert_quantity(QUANTITY_TIME, "90", 90);
	assert_quantity(QUANTITY_TIME, "3us", 3e-6);
	assert_quantity(QUANTITY_TIME, "3\xc2\xb5s", 3e-6);
	assert_quantity(QUANTITY_TIME, "7ns", 7e-9);
	assert_quantity(QUANTITY_TIME, "1e3ms", 1);
	assert_quantity(QUANTITY_TIME, "1.e-3 s", 0.001);
	assert_quantity(QUANTITY_TIME, "-5s", -5);
	/* as if written 0.0873: one rounding, not two */
	assert_quantity(QUANTITY_TIME, "87.3ms", 0.0873);
	assert_quantity(QUANTITY_TIME, " 87.3 ms ", 0.0873);
	assert_quantity(QUANTITY_ENERGY, "5kJ", 5000);
	assert_quantity(QUANTITY_ENERGY, "0.1MJ", 100000);
	assert_quantity(QUANTITY_ENERGY, "1kWh", 3.6e6);
	assert_quantity(QUANTITY_ENERGY, "2mWh", 7.2);
	assert_quantity(QUANTITY_POWER, "300W", 300);
	assert_quantity(QUANTITY_POWER, "300000mW", 300);
	assert_quantity(QUANTITY_POWER, "1.2MW", 1.2e6);
	assert_quantity(QUANTITY_CLOCK, "1395MHz", 1.395e9);
	assert_quantity(QUANTITY_CLOCK, "1.98 GHz", 1.98e9);
	assert_quantity(QUANTITY_RATIO, "10%", 0.1);
	assert_quantity(QUANTITY_RATIO, "0.1", 0.1);
	assert_quantity(QUANTITY_FACTOR, "1.1x", 1.1);
	assert_quantity(QUANTITY_FACTOR, "1.1", 1.1);
	assert_quantity(QUANTITY_FACTOR, "10%", 1.1);
	assert_quantity(QUANTITY_NUMBER, "12", 12);
}

static void assert_refused(enum quantity q, const char *text, const char *said)
{
	hg_error why = {{0}};
	double got = -1;

	assert_int_equal(quantity_parse(q, text, "--x", &got, &why), HG_EINVAL);
	assert_string_equal(why.text, said);
	assert_true(got == -1);
	assert_int_equal(quantity_parse(q, text, "--x", &got, NULL), HG_EINVAL);
}

static void quantities_are_refused(void **state)
{
	(void)state;
	assert_refused(QUANTITY_TIME, "5 parsec",
		"--x: \"5 parsec\" is not a time in ns, us, ms, s, min, h or d");
	assert_refused(
		QUANTITY_TIME, "5W", "--x: \"5W\" is not a time in ns, us, ms, s, min, h or d");
	assert_refused(QUANTITY_TIME, "", "--x: \"\" is not a time in ns, us, ms, s, min, h or d");
	assert_refused(
		QUANTITY_TIME, "ms", "--x: \"ms\" is not a time in ns, us, ms, s, min, h or d");
	assert_refused(QUANTITY_TIME, "5 s s",
		"--x: \"5 s s\" is not a time in ns, us, ms, s, min, h or d");
	assert_refused(
		QUANTITY_TIME, "5S", "--x: \"5S\" is not a time in ns, us, ms, s, min, h or d");
	assert_refused(
		QUANTITY_TIME, "1,5s", "--x: \"1,5s\" is not a time in ns, us, ms, s, min, h or d");
	assert_refused(
		QUANTITY_POWER, "1e400", "--x: \"1e400\" is not a power in uW, mW, W, kW or MW");
	assert_refused(QUANTITY_POWER, "1e308MW",
		"--x: \"1e308MW\" is not a power in uW, mW, W, kW or MW");
	assert_refused(QUANTITY_POWER, "nan", "--x: \"nan\" is not a power in uW, mW, W, kW or MW");
	assert_refused(QUANTITY_NUMBER, "5s", "--x: \"5s\" is not a plain number");
	assert_refused(QUANTITY_RATIO, "1.1x", "--x: \"1.1x\" is not a ratio such as 0.1 or 10%");
	assert_refused(QUANTITY_FACTOR, "fast",
		"--x: \"fast\" is not a factor such as 1.1, 1.1x or 10% (that much more)");
	assert_refused(
		QUANTITY_CLOCK, "5\n", "--x: \"5?\" is not a frequency in Hz, kHz, MHz or GHz");
	assert_refused(QUANTITY_ENERGY, "1 eV",
		"--x: \"1 eV\" is not an energy in uJ, mJ, J, kJ, MJ, GJ, mWh, Wh, kWh or MWh");
}

static void units_have_factors(void **state)
{
	double f = 0;

	(void)state;
	assert_true(unit_factor(QUANTITY_POWER, "mW", 2, &f) && f == 0.001);
	assert_true(unit_factor(QUANTITY_ENERGY, "kWh", 3, &f) && f == 3.6e6);
	assert_true(unit_factor(QUANTITY_TIME, "mss", 2, &f) && f == 0.001);
	assert_false(unit_factor(QUANTITY_POWER, "J", 1, &f));
	assert_false(unit_factor(QUANTITY_NUMBER, "", 0, &f));
	/* 10% of a factor is no multiple of anything */
	assert_false(unit_factor(QUANTITY_FACTOR, "%", 1, &f));
}

static void quantities_are_for_people(void **state)
{
	static const struct {
		enum quantity q;
		double value;
		const char *text;
	} cases[] = {{QUANTITY_ENERGY, 12340, "12.34 kJ"}, {QUANTITY_ENERGY, 999.94, "999.9 J"},
		{QUANTITY_ENERGY, 999.96, "1 kJ"}, {QUANTITY_ENERGY, 0, "0 J"},
		{QUANTITY_ENERGY, -1500, "-1.5 kJ"}, {QUANTITY_ENERGY, 1e14, "100000 GJ"},
		{QUANTITY_ENERGY, 2.5e-5, "25 uJ"}, {QUANTITY_ENERGY, 3.6e6, "3.6 MJ"},
		{QUANTITY_TIME, 0.0875, "87.5 ms"}, {QUANTITY_TIME, 0.1, "100 ms"},
		{QUANTITY_TIME, 1.5, "1.5 s"}, {QUANTITY_TIME, 59.99, "59.99 s"},
		{QUANTITY_TIME, 59.996, "1 min 00 s"}, {QUANTITY_TIME, 61, "1 min 01 s"},
		{QUANTITY_TIME, 3599.6, "1 h 00 min"}, {QUANTITY_TIME, 3720, "1 h 02 min"},
		{QUANTITY_TIME, 86399, "1 d 00 h"}, {QUANTITY_TIME, 277200, "3 d 05 h"},
		{QUANTITY_TIME, -125, "-2 min 05 s"}, {QUANTITY_TIME, 3.2e-7, "320 ns"},
		{QUANTITY_TIME, 0, "0 s"}, {QUANTITY_TIME, 1e15, "1e+15 s"},
		{QUANTITY_POWER, 300, "300 W"}, {QUANTITY_POWER, 0.0123456, "12.35 mW"},
		{QUANTITY_POWER, 700000, "700 kW"}, {QUANTITY_CLOCK, 1.395e9, "1.395 GHz"},
		{QUANTITY_CLOCK, 2.1e8, "210 MHz"}, {QUANTITY_RATIO, 0.1234567, "12.35 %"},
		{QUANTITY_RATIO, 0.29, "29 %"}, {QUANTITY_FACTOR, 1.1, "1.1x"},
		{QUANTITY_NUMBER, 3.14159265, "3.142"}, {QUANTITY_NUMBER, 1234567, "1235000"},
		{QUANTITY_ENERGY, INFINITY, "inf J"}, {QUANTITY_TIME, INFINITY, "inf s"},
		{QUANTITY_TIME, NAN, "nan s"}, {QUANTITY_POWER, NAN, "nan W"},
		{QUANTITY_RATIO, NAN, "nan %"}};
	char text[QUANTITY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(
			quantity_format(cases[i].q, cases[i].value, text), cases[i].text);
}

/* In a locale that writes 1,5 nothing changes. */
static void locale_does_not_matter(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
		"fr_FR.utf8", "es_ES.UTF-8", "it_IT.UTF-8", "nl_NL.UTF-8", "pt_BR.UTF-8",
		"ru_RU.UTF-8", "de_DE"};
	bool comma = false;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && !comma; i++)
		comma = setlocale(LC_ALL, names[i]) && localeconv()->decimal_point[0] == ',';
	if (!comma) {
		setlocale(LC_ALL, "C");
		print_message("no locale with a decimal comma is installed\n");
		skip();
	}
	doubles_are_read(state);
	what_is_no_number_is_refused(state);
	doubles_are_printed(state);
	quantities_are_read(state);
	quantities_are_for_people(state);
	setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_are_read),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(length_is_kept_to),
		cmocka_unit_test(long_numbers),
		cmocka_unit_test(scan_stops_behind_the_number),
		cmocka_unit_test(integers),
		cmocka_unit_test(doubles_are_printed),
		cmocka_unit_test(quantities_are_read),
		cmocka_unit_test(quantities_are_refused),
		cmocka_unit_test(units_have_factors),
		cmocka_unit_test(quantities_are_for_people),
		cmocka_unit_test(locale_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
