/*
 * Doubles as the shortest text that reads back as the same double: Schubfach (Giulietti 2020, "The
 * Schubfach way to render doubles"). Of the decimals with one digit less than always enough, at
 * most one lies in the interval that rounds to the double; otherwise the nearest of those with
 * enough digits is taken.
 */
#include "number.h"

#include <string.h>

#include "powers.h"
#include "wide.h"

#define FRACTION_BITS 52

struct shortest {
	uint64_t digits;
	int exponent; /* value is digits * 10^exponent */
};

/* floor(g * c / 2^128) for a 128-bit g, its last bit set when the quotient is not exact. */
static uint64_t times_rounded_to_odd(struct power_of_ten g, uint64_t c)
{
	uint64_t low_high, high, low;

	(void)mul_wide(g.low, c, &low_high);
	low = mul_wide(g.high, c, &high);
	low += low_high;
	high += low < low_high;
	return high | (low > 1);
}

/* 10^k, rounded up where 128 bits cannot hold it. */
static struct power_of_ten power_up(int k)
{
	struct power_of_ten g = powers_of_ten[k - POWER_FIRST];

	if ((k < 0 || k > 55) && ++g.low == 0)
		g.high++;
	return g;
}

/* The shortest decimal of c * 2^q; irregular: the double below is only half as far as that above.
 */
static struct shortest shortest_find(uint64_t c, int q, bool irregular)
{
	bool even = c % 2 == 0;
	/* floor(log10(2^q)), or of 3/4 of it; shifts of negative numbers round down here */
	int k = (q * 1262611 - (irregular ? 524031 : 0)) >> 22;
	/* q + floor(log2(10^-k)) + 1 */
	int h = q + (-k * 1741647 >> 19) + 1;
	struct power_of_ten g = power_up(-k);
	/* four times the lower end of the interval, the value and the upper end, in units of 10^k
	 */
	uint64_t lower = times_rounded_to_odd(g, (4 * c - 2 + irregular) << h) + !even;
	uint64_t value = times_rounded_to_odd(g, 4 * c << h);
	uint64_t upper = times_rounded_to_odd(g, (4 * c + 2) << h) - !even;
	uint64_t s = value / 4, tens = s / 10;
	bool below, above;

	if (s >= 10) {
		below = lower <= 40 * tens;
		above = 40 * tens + 40 <= upper;
		if (below != above)
			return (struct shortest){tens + above, k + 1};
	}
	below = lower <= 4 * s;
	above = 4 * s + 4 <= upper;
	if (below == above) {
		uint64_t middle = 4 * s + 2;

		above = value > middle || (value == middle && s % 2);
	}
	return (struct shortest){s + above, k};
}

/* Writes the digits of v so that they end before `end`. @return the first */
static char *digits_before(char *end, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

	while (v >= 100) {
		end -= 2;
		memcpy(end, pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10) {
		end -= 2;
		memcpy(end, pairs + 2 * v, 2);
	} else {
		*--end = (char)('0' + v);
	}
	return end;
}

static char *put(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	return to + n;
}

static char *exponent_put(char *to, int e)
{
	char room[4], *first;

	*to++ = 'e';
	*to++ = e < 0 ? '-' : '+';
	if (e < 0)
		e = -e;
	if (e < 10)
		*to++ = '0';
	first = digits_before(room + sizeof room, (uint64_t)e);
	return put(to, first, (size_t)(room + sizeof room - first));
}

/* Plain notation from 0.0001 to below 10^16, "1e-07" beyond. */
static char *decimal_put(char *to, struct shortest s)
{
	char room[20], *first, *last = room + sizeof room;
	int n, point;

	first = digits_before(last, s.digits);
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): one digit at least */
	while (last[-1] == '0')
		last--;
	point = (int)(room + sizeof room - first) + s.exponent; /* digits before the point */
	n = (int)(last - first);
	if (point > 16 || point < -3) {
		*to++ = *first;
		if (n > 1) {
			*to++ = '.';
			to = put(to, first + 1, (size_t)n - 1);
		}
		return exponent_put(to, point - 1);
	}
	if (point <= 0) {
		to = put(to, "0.0000", (size_t)(2 - point));
		return put(to, first, (size_t)n);
	}
	if (n <= point) {
		to = put(to, first, (size_t)n);
		memset(to, '0', (size_t)(point - n));
		return to + (point - n);
	}
	to = put(to, first, (size_t)point);
	*to++ = '.';
	return put(to, first + point, (size_t)(n - point));
}

static size_t finish(char *text, const char *end)
{
	text[end - text] = 0;
	return (size_t)(end - text);
}

size_t double_format(double value, char text[DOUBLE_TEXT])
{
	uint64_t bits, fraction;
	struct shortest s;
	int exponent;
	char *to = text;

	memcpy(&bits, &value, sizeof bits);
	fraction = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
	exponent = (int)(bits >> FRACTION_BITS & 0x7ff);
	if (exponent == 0x7ff && fraction)
		return finish(text, put(to, "nan", 3));
	if (bits >> 63)
		*to++ = '-';
	if (exponent == 0x7ff)
		return finish(text, put(to, "inf", 3));
	if (exponent == 0 && fraction == 0) {
		*to++ = '0';
	} else {
		uint64_t c = exponent ? fraction | (uint64_t)1 << FRACTION_BITS : fraction;
		int q = (exponent ? exponent : 1) - 1075;

		/* whole numbers below 2^53 are their own digits */
		if (q <= 0 && q > -53 && !(c & (((uint64_t)1 << -q) - 1)))
			s = (struct shortest){c >> -q, 0};
		else
			s = shortest_find(c, q, fraction == 0 && exponent > 1);
		to = decimal_put(to, s);
	}
	return finish(text, to);
}
