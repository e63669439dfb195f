#define _POSIX_C_SOURCE 200809L
#include "number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static size_t grammar(const char *text, size_t len, bool lenient)
{
	const char *p = text, *end = text + len, *q, *f;

	if (p < end && *p == '-')
		p++;
	q = digits(p, end);
	if (q == p && !lenient)
		return 0;
	if (q - p > 1 && *p == '0' && !lenient)
		return 0;
	f = q;
	if (q < end && *q == '.') {
		f = digits(q + 1, end);
		if (f == q + 1 && (!lenient || q == p))
			return 0;
	}
	if (f == p)
		return 0;
	if (f < end && (*f == 'e' || *f == 'E')) {
		const char *e = f + 1;

		if (e < end && (*e == '-' || *e == '+'))
			e++;
		q = digits(e, end);
		if (q == e)
			return 0;
		f = q;
	}
	return (size_t)(f - text);
}

static double in_c_locale(const char *text, size_t n)
{
	char local[64], *copy = n < sizeof local ? local : malloc(n + 1);
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), old = uselocale(c);
	double v;

	memcpy(copy, text, n);
	copy[n] = 0;
	v = strtod(copy, NULL);
	uselocale(old);
	freelocale(c);
	if (copy != local)
		free(copy);
	return v;
}

size_t double_scan(const char *text, size_t len, double *out)
{
	size_t n = grammar(text, len, false);

	if (n)
		*out = in_c_locale(text, n);
	return n;
}

bool double_parse(const char *text, size_t len, bool lenient, double *out)
{
	size_t n = grammar(text, len, lenient);
	double v;

	if (n == 0 || n != len)
		return false;
	v = in_c_locale(text, n);
	if (!isfinite(v))
		return false;
	*out = v;
	return true;
}

bool uint64_parse(const char *text, size_t len, uint64_t *out)
{
	uint64_t v = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)(text[i] - '0');

		if (!is_digit(text[i]) || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

bool int64_parse(const char *text, size_t len, int64_t *out)
{
	bool negative = len > 0 && text[0] == '-';
	uint64_t v;

	if (!uint64_parse(text + negative, len - negative, &v))
		return false;
	if (v > (uint64_t)INT64_MAX + negative)
		return false;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

size_t double_format(double value, char text[DOUBLE_TEXT])
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), old = uselocale(c);
	int n = 0;

	for (int p = 1; p <= 17; p++) {
		n = snprintf(text, DOUBLE_TEXT, "%.*g", p, value);
		if (!isfinite(value) || strtod(text, NULL) == value)
			break;
	}
	uselocale(old);
	freelocale(c);
	if (isnan(value))
		n = snprintf(text, DOUBLE_TEXT, "nan");
	return (size_t)n;
}
