/* Quantities for people: four significant digits, a prefix that keeps the number short. */
#include "unit.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

struct prefix {
	double from; /* used for magnitudes of at least this */
	double unit; /* what it stands for */
	const char *name;
};

static const struct prefix times[] = {
	{1e-9, 1e-9, "ns"}, {1e-6, 1e-6, "us"}, {1e-3, 1e-3, "ms"}, {1, 1, "s"}, {0, 0, NULL}};
static const struct prefix energies[] = {{1e-6, 1e-6, "uJ"}, {1e-3, 1e-3, "mJ"}, {1, 1, "J"},
	{1e3, 1e3, "kJ"}, {1e6, 1e6, "MJ"}, {1e9, 1e9, "GJ"}, {0, 0, NULL}};
static const struct prefix powers[] = {{1e-6, 1e-6, "uW"}, {1e-3, 1e-3, "mW"}, {1, 1, "W"},
	{1e3, 1e3, "kW"}, {1e6, 1e6, "MW"}, {0, 0, NULL}};
static const struct prefix clocks[] = {
	{1, 1, "Hz"}, {1e3, 1e3, "kHz"}, {1e6, 1e6, "MHz"}, {1e9, 1e9, "GHz"}, {0, 0, NULL}};

/* From here on an exponent says more than zeros. */
#define PLAIN_MOST 1e9

/*
 * Four significant digits without zeros at the end. printf rounds them; its point, which is the
 * locale's, does not get out.
 */
static void digits4(double v, char text[DOUBLE_TEXT])
{
	char rounded[64], *e;
	double mantissa = v;

	(void)snprintf(rounded, sizeof rounded, "%.3e", v);
	e = strchr(rounded, 'e');
	if (!isfinite(v) || !e) {
		(void)double_format(v, text);
		return;
	}
	rounded[rounded[0] == '-' ? 2 : 1] = '.';
	if (fabs(v) < PLAIN_MOST) {
		(void)double_parse(rounded, strlen(rounded), false, &mantissa);
		(void)double_format(mantissa, text);
	} else {
		(void)double_parse(rounded, (size_t)(e - rounded), false, &mantissa);
		(void)snprintf(text + double_format(mantissa, text), 8, "%s", e);
	}
}

static const char *prefixed(const struct prefix *p, double v, char text[QUANTITY_TEXT])
{
	char number[DOUBLE_TEXT];
	double magnitude = fabs(v);

	/* 999.95 J rounds to 1000 J at four digits, which is 1 kJ */
	if (magnitude > 0 && isfinite(magnitude))
		while (p[1].name && magnitude * (1 + 5e-5) >= p[1].from)
			p++;
	else
		while (p[1].name && p->unit < 1)
			p++;
	digits4(v / p->unit, number);
	(void)snprintf(text, QUANTITY_TEXT, "%s %s", number, p->name);
	return text;
}

/* From a minute on, two units that people think in: 1 min 05 s, 2 h 07 min, 3 d 04 h. */
static const char *long_time(double v, char text[QUANTITY_TEXT])
{
	const char *sign = v < 0 ? "-" : "";
	double s = round(fabs(v));
	uint64_t n;

	if (s < 3600) {
		n = (uint64_t)s;
		(void)snprintf(text, QUANTITY_TEXT, "%s%u min %02u s", sign, (unsigned)(n / 60),
			(unsigned)(n % 60));
		return text;
	}
	n = (uint64_t)round(s / 60);
	if (n < 24 * 60) {
		(void)snprintf(text, QUANTITY_TEXT, "%s%u h %02u min", sign, (unsigned)(n / 60),
			(unsigned)(n % 60));
		return text;
	}
	n = (uint64_t)round(s / 3600);
	(void)snprintf(text, QUANTITY_TEXT, "%s%llu d %02u h", sign, (unsigned long long)(n / 24),
		(unsigned)(n % 24));
	return text;
}

const char *quantity_format(enum quantity q, double value, char text[QUANTITY_TEXT])
{
	char number[DOUBLE_TEXT];

	switch (q) {
	case QUANTITY_TIME:
		/* beyond a million days the number alone says more */
		if (fabs(value) >= 59.995 && fabs(value) < 8.64e10)
			return long_time(value, text);
		return prefixed(times, value, text);
	case QUANTITY_ENERGY:
		return prefixed(energies, value, text);
	case QUANTITY_POWER:
		return prefixed(powers, value, text);
	case QUANTITY_CLOCK:
		return prefixed(clocks, value, text);
	case QUANTITY_RATIO:
		digits4(value * 100, number);
		(void)snprintf(text, QUANTITY_TEXT, "%s %%", number);
		return text;
	case QUANTITY_FACTOR:
		digits4(value, number);
		(void)snprintf(text, QUANTITY_TEXT, "%sx", number);
		return text;
	case QUANTITY_NUMBER:
		break;
	}
	digits4(value, text);
	return text;
}
