#include "unit.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "number.h"

/* 1 of the unit is times * 10^exponent of the SI unit; kept apart so that 87.3ms is 0.0873 exactly
 * as a reader of decimal text would have it. */
struct unit {
	const char *name;
	int exponent;
	double times;
};

static const struct unit times[] = {{"ns", -9, 1}, {"us", -6, 1}, {"\xc2\xb5s", -6, 1},
	{"ms", -3, 1}, {"s", 0, 1}, {"min", 0, 60}, {"h", 0, 3600}, {"d", 0, 86400}, {NULL, 0, 0}};
static const struct unit energies[] = {{"uJ", -6, 1}, {"mJ", -3, 1}, {"J", 0, 1}, {"kJ", 3, 1},
	{"MJ", 6, 1}, {"GJ", 9, 1}, {"mWh", -3, 3600}, {"Wh", 0, 3600}, {"kWh", 3, 3600},
	{"MWh", 6, 3600}, {NULL, 0, 0}};
static const struct unit powers[] = {
	{"uW", -6, 1}, {"mW", -3, 1}, {"W", 0, 1}, {"kW", 3, 1}, {"MW", 6, 1}, {NULL, 0, 0}};
static const struct unit clocks[] = {
	{"Hz", 0, 1}, {"kHz", 3, 1}, {"MHz", 6, 1}, {"GHz", 9, 1}, {NULL, 0, 0}};
static const struct unit ratios[] = {{"%", -2, 1}, {NULL, 0, 0}};
static const struct unit factors[] = {{"x", 0, 1}, {NULL, 0, 0}};
static const struct unit numbers[] = {{NULL, 0, 0}};

struct kind {
	const struct unit *units;
	const char *si;    /* what a plain number means */
	const char *known; /* for the error text */
};

static const struct kind kinds[] = {
	[QUANTITY_NUMBER] = {numbers, "", "a plain number"},
	[QUANTITY_TIME] = {times, "s", "a time in ns, us, ms, s, min, h or d"},
	[QUANTITY_ENERGY] = {energies, "J",
		"an energy in uJ, mJ, J, kJ, MJ, GJ, mWh, Wh, kWh or MWh"},
	[QUANTITY_POWER] = {powers, "W", "a power in uW, mW, W, kW or MW"},
	[QUANTITY_CLOCK] = {clocks, "Hz", "a frequency in Hz, kHz, MHz or GHz"},
	[QUANTITY_RATIO] = {ratios, "", "a ratio such as 0.1 or 10%"},
	[QUANTITY_FACTOR] = {factors, "", "a factor such as 1.1, 1.1x or 10% (that much more)"},
};

static const struct unit *unit_find(enum quantity q, const char *name, size_t len)
{
	for (const struct unit *u = kinds[q].units; u->name; u++)
		if (strlen(u->name) == len && memcmp(u->name, name, len) == 0)
			return u;
	return NULL;
}

/* 10^e for |e| <= 9, exact for e >= 0. */
static double ten_to(int e)
{
	double v = 1;

	for (int i = 0; i < (e < 0 ? -e : e); i++)
		v *= 10;
	return v;
}

static double shift(double v, int exponent)
{
	return exponent < 0 ? v / ten_to(exponent) : v * ten_to(exponent);
}

bool unit_factor(enum quantity q, const char *unit, size_t len, double *factor)
{
	const struct unit *u = unit_find(q, unit, len);

	if (u)
		*factor = shift(u->times, u->exponent);
	return u != NULL;
}

/* Bytes of text that belong to the number: what is left is the unit. */
static size_t number_span(const char *text)
{
	size_t n = strspn(text, "+-.0123456789");

	if ((text[n] == 'e' || text[n] == 'E') && n) {
		size_t sign = text[n + 1] == '-' || text[n + 1] == '+';
		size_t digits = strspn(text + n + 1 + sign, "0123456789");

		if (digits)
			n += 1 + sign + digits;
	}
	return n;
}

/* The number times 10^exponent, rounded once wherever the text has no exponent of its own. */
static bool number_shifted(const char *text, size_t len, int exponent, double *out)
{
	char joined[64];
	int n;

	if (exponent && len < sizeof joined - 8 && !memchr(text, 'e', len) &&
		!memchr(text, 'E', len)) {
		n = snprintf(joined, sizeof joined, "%.*se%d", (int)len, text, exponent);
		return n > 0 && double_parse(joined, (size_t)n, true, out);
	}
	if (!double_parse(text, len, true, out))
		return false;
	*out = shift(*out, exponent);
	return isfinite(*out);
}

hg_err quantity_parse(
	enum quantity q, const char *text, const char *what, double *out, hg_error *why)
{
	static const struct unit plain = {"", 0, 1};
	const char *start = text + strspn(text, " \t");
	size_t number = number_span(start);
	const char *name = start + number + strspn(start + number, " \t");
	size_t len = strcspn(name, " \t");
	bool percent_more = q == QUANTITY_FACTOR && len == 1 && name[0] == '%';
	const struct unit *u = len ? unit_find(q, name, len) : &plain;
	double v;

	if (percent_more)
		u = unit_find(QUANTITY_RATIO, name, len);
	if (name[len + strspn(name + len, " \t")])
		u = NULL;
	if (!u || !number_shifted(start, number, u->exponent, &v) || !isfinite(v * u->times))
		return fail(why, HG_EINVAL, "%s: \"%s\" is not %s", what, text, kinds[q].known);
	*out = percent_more ? 1 + v : v * u->times;
	return HG_OK;
}
