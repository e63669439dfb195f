/* Numbers against libc's in the C locale, which parses and prints correctly rounded. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/rng.h"

#define SEED 20240611

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return bits;
}

static double double_of(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

/* All exponents equally likely, subnormals often, significands with few bits sometimes. */
static double any_double(struct rng *r)
{
	uint64_t fraction = rng_u64(r) >> 12, exponent = rng_below(r, 2047);

	switch (rng_below(r, 8)) {
	case 0:
		exponent = 0;
		fraction >>= rng_below(r, 52);
		break;
	case 1:
		fraction = 0;
		break;
	case 2:
		fraction &= ~(uint64_t)0 << rng_below(r, 52);
		break;
	case 3:
		fraction = rng_below(r, 2) ? rng_below(r, 4)
					   : ((uint64_t)1 << 52) - 1 - rng_below(r, 4);
		break;
	default:
		break;
	}
	return double_of(rng_u64(r) << 63 | exponent << 52 | fraction);
}

/* What a person would write: few digits, small exponents. */
static double plain_double(struct rng *r)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%d.%0*de%d", (int)rng_below(r, 100000),
		(int)rng_below(r, 9) + 1, (int)rng_below(r, 100000), (int)rng_below(r, 20) - 10);
	return strtod(text, NULL);
}

static void assert_parses_as(const char *text, double expected)
{
	double got = NAN;
	bool ok = double_parse(text, strlen(text), false, &got);

	if (isinf(expected) ? ok : !ok || bits_of(got) != bits_of(expected))
		fail_msg("%s: %s %a, not %a", text, ok ? "parsed as" : "refused", got, expected);
}

static void format_reads_back(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED);
	for (int i = 0; i < 400000; i++) {
		double v = i % 4 ? any_double(&r) : plain_double(&r);
		char text[DOUBLE_TEXT];
		size_t n = double_format(v, text);

		assert_int_equal(n, strlen(text));
		if (bits_of(strtod(text, NULL)) != bits_of(v))
			fail_msg("%a printed as %s", v, text);
		assert_parses_as(text, v);
	}
}

/* Significant digits of a printed number. */
static size_t digits_of(const char *text)
{
	size_t n = 0, zeros = 0;

	for (; *text && *text != 'e'; text++) {
		if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
			continue;
		n++;
		zeros = *text == '0' ? zeros + 1 : 0;
	}
	return n - zeros;
}

/* No text with fewer digits reads back, and of those with as many none is nearer. */
static void format_has_no_digit_too_many(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 1);
	for (int i = 0; i < 200000; i++) {
		double v = i % 4 ? any_double(&r) : plain_double(&r);
		char text[DOUBLE_TEXT], other[64];
		size_t digits;

		if (v == 0)
			continue;
		(void)double_format(v, text);
		digits = digits_of(text);
		if (digits > 1) {
			(void)snprintf(other, sizeof other, "%.*e", (int)digits - 2, v);
			if (strtod(other, NULL) == v)
				fail_msg("%s is longer than %s", text, other);
		}
		/* the correctly rounded one with as many digits is the nearest, if it reads back */
		(void)snprintf(other, sizeof other, "%.*e", (int)digits - 1, v);
		if (strtod(other, NULL) == v) {
			char again[64];

			(void)snprintf(
				again, sizeof again, "%.*e", (int)digits - 1, strtod(text, NULL));
			assert_string_equal(again, other);
		}
	}
}

static void parse_agrees_on_random_digits(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 2);
	for (int i = 0; i < 500000; i++) {
		char text[1200];
		size_t n = 0, whole = rng_below(&r, 22) + 1, fraction = rng_below(&r, 24);

		if (i % 1000 == 0)
			fraction = rng_below(&r, 1000);
		text[n++] = (char)('1' + rng_below(&r, 9));
		while (--whole)
			text[n++] = (char)('0' + rng_below(&r, 10));
		if (fraction)
			text[n++] = '.';
		while (fraction--)
			text[n++] = (char)('0' + rng_below(&r, 10));
		(void)snprintf(text + n, sizeof text - n, "e%d", (int)rng_below(&r, 680) - 350);
		assert_parses_as(text, strtod(text, NULL));
	}
}

/* Halfway points, exactly and a digit above and below: where a careless parser rounds wrongly. */
static void parse_agrees_halfway(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 3);
	for (int i = 0; i < 20000; i++) {
		double v = fabs(any_double(&r)), next = nextafter(v, INFINITY);
		char text[1500];
		char *e;

		/* the long double holds the halfway point unless v is tiny */
		if (isinf(next) || v < 0x1p-1000)
			continue;
		(void)snprintf(text, sizeof text - 8, "%.1100Le", ((long double)v + next) / 2);
		assert_parses_as(text, strtod(text, NULL));
		e = strchr(text, 'e');
		for (char *p = e - 1; p > text + 2; p--)
			if (*p != '0') {
				char digit = *p;

				*p = (char)(digit - 1);
				assert_parses_as(text, strtod(text, NULL));
				*p = digit;
				break;
			}
		e[-1] = '1';
		assert_parses_as(text, strtod(text, NULL));
	}
}

/* The smallest halfway points have 767 digits; %.1100e prints them exactly. */
static void parse_agrees_on_subnormal_halfway(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 4);
	for (int i = 0; i < 2000; i++) {
		uint64_t c = rng_u64(&r) >> (12 + rng_below(&r, 50));
		long double halfway = ldexpl((long double)(2 * c + 1), -1075);
		char text[1500];

		(void)snprintf(text, sizeof text - 8, "%.1100Le", halfway);
		assert_parses_as(text, strtod(text, NULL));
		strchr(text, 'e')[-1] = '1';
		assert_parses_as(text, strtod(text, NULL));
	}
}

/* Texts near the grammar: accepted exactly when a plain reading of RFC 8259 accepts them. */
static bool json_number(const char *s)
{
	s += *s == '-';
	if (*s == '0')
		s++;
	else if (*s >= '1' && *s <= '9')
		s += strspn(s, "0123456789");
	else
		return false;
	if (*s == '.') {
		if (!strspn(s + 1, "0123456789"))
			return false;
		s += 1 + strspn(s + 1, "0123456789");
	}
	if (*s == 'e' || *s == 'E') {
		s += s[1] == '+' || s[1] == '-' ? 2 : 1;
		if (!strspn(s, "0123456789"))
			return false;
		s += strspn(s, "0123456789");
	}
	return *s == 0;
}

static void parse_accepts_the_grammar(void **state)
{
	static const char letters[] = "0011259..eE+-- x";
	struct rng r;

	(void)state;
	rng_init(&r, SEED + 5);
	for (int i = 0; i < 1000000; i++) {
		char text[12];
		size_t n = rng_below(&r, 9);
		bool lenient, strict;
		double v, ignored;

		for (size_t j = 0; j < n; j++)
			text[j] = letters[rng_below(&r, sizeof letters - 1)];
		text[n] = 0;
		strict = double_parse(text, n, false, &v);
		lenient = double_parse(text, n, true, &ignored);
		if (json_number(text) ? !strict && isfinite(strtod(text, NULL)) : strict)
			fail_msg("'%s': %s", text, strict ? "accepted" : "refused");
		if (strict && !lenient)
			fail_msg("'%s': refused when lenient", text);
		if (strict && bits_of(v) != bits_of(strtod(text, NULL)))
			fail_msg("'%s': read as %a", text, v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_reads_back),
		cmocka_unit_test(format_has_no_digit_too_many),
		cmocka_unit_test(parse_agrees_on_random_digits),
		cmocka_unit_test(parse_agrees_halfway),
		cmocka_unit_test(parse_agrees_on_subnormal_halfway),
		cmocka_unit_test(parse_accepts_the_grammar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
