/*
 * Numbers from text. A double is found in up to three steps, each exact:
 *  - up to 2^53 times a power of ten up to 10^22: both are doubles, one operation rounds once
 *    (Clinger 1990);
 *  - up to 19 digits: multiplied by 128 bits of the power of ten, which is always enough to round
 *    (Lemire 2021, "Number parsing at a gigabyte per second"; Mushtak and Lemire 2023 show that it
 *    needs no fallback);
 *  - more digits: 19 of them give the double below and that above; where these differ, integers of
 *    any length decide (number-exact.c).
 */
#include "number.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "number-exact.h"
#include "powers.h"
#include "wide.h"

/* Digits that always fit into 64 bits. */
#define DIGITS_MOST 19
/* Exponents in text saturate here: far beyond any double, far from overflow in sums. */
#define EXPONENT_MOST ((int64_t)1 << 60)
#define INFINITY_BITS ((uint64_t)0x7ff << 52)

/* A number as it is written: digits * 10^exponent. */
struct decimal {
	uint64_t digits;   /* the first DIGITS_MOST of them */
	int64_t exponent;  /* of `digits` */
	const char *first; /* first digit that is not 0, when there are more than DIGITS_MOST */
	size_t first_len;  /* bytes from there up to the exponent */
	int64_t last;      /* exponent of the last digit in the text */
	bool negative;
	bool cut; /* digits that are not 0 were left out */
};

static inline bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Eight digits at once: pairs, then fours, then all. */
static inline bool eight_digits(const char *p, uint32_t *out)
{
	uint64_t w, high;

	memcpy(&w, p, 8);
	high = w + 0x4646464646464646u;
	w -= 0x3030303030303030u;
	if ((high | w) & 0x8080808080808080u)
		return false;
	w = w * 10 + (w >> 8);
	w = ((w & 0x000000ff000000ffu) * 0x000f424000000064u +
		    (w >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >>
	    32;
	*out = (uint32_t)w;
	return true;
}
#else
static inline bool eight_digits(const char *p, uint32_t *out)
{
	(void)p;
	(void)out;
	return false;
}
#endif

/* Digits from p on, appended to *value (which wraps round when there are too many). */
static inline const char *digits_read(const char *p, const char *end, uint64_t *value)
{
	uint64_t v = *value;
	uint32_t eight;

	for (; end - p >= 8 && eight_digits(p, &eight); p += 8)
		v = v * 100000000 + eight;
	for (; p < end && is_digit(*p); p++)
		v = v * 10 + (uint64_t)(*p - '0');
	*value = v;
	return p;
}

/* The exponent after 'e'; NULL when there is no digit. */
static const char *exponent_read(const char *p, const char *end, int64_t *out)
{
	bool negative = p < end && *p == '-';
	int64_t v = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end || !is_digit(*p))
		return NULL;
	for (; p < end && is_digit(*p); p++)
		if (v < EXPONENT_MOST / 16)
			v = v * 10 + (*p - '0');
	*out = negative ? -v : v;
	return p;
}

/* Too many digits for 64 bits, perhaps only because of zeros before them. */
static void digits_recount(struct decimal *d, const char *p, const char *end)
{
	unsigned taken = 0;
	int64_t left_out = 0;

	while (p < end && (*p == '0' || *p == '.'))
		p++;
	d->first = p;
	d->first_len = (size_t)(end - p);
	d->last = d->exponent;
	d->digits = 0;
	for (; p < end; p++) {
		if (*p == '.')
			continue;
		if (taken < DIGITS_MOST) {
			d->digits = d->digits * 10 + (uint64_t)(*p - '0');
			taken++;
			continue;
		}
		left_out++;
		d->cut = d->cut || *p != '0';
	}
	d->exponent += left_out;
}

/* Reads a number at the start of text. @return its bytes; 0: none, or one that is not whole */
static size_t decimal_read(struct decimal *d, const char *text, size_t len, bool lenient)
{
	const char *p = text, *end = text + len, *start, *mantissa_end;
	size_t whole, fraction = 0;

	*d = (struct decimal){.digits = 0};
	if (p < end && *p == '-') {
		d->negative = true;
		p++;
	}
	start = p;
	p = digits_read(p, end, &d->digits);
	whole = (size_t)(p - start);
	if (whole > 1 && *start == '0')
		return 0;
	if (p < end && *p == '.') {
		const char *point = p++;

		p = digits_read(p, end, &d->digits);
		fraction = (size_t)(p - point) - 1;
		if (!lenient && (whole == 0 || fraction == 0))
			return 0;
	}
	if (whole + fraction == 0)
		return 0;
	mantissa_end = p;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = exponent_read(p + 1, end, &d->exponent);
		if (!p)
			return 0;
	}
	d->exponent -= (int64_t)fraction;
	if (whole + fraction > DIGITS_MOST)
		digits_recount(d, start, mantissa_end);
	return (size_t)(p - text);
}

/* Shifts out the last bit, rounding to nearest; the caller has settled ties. */
static inline uint64_t round_last(uint64_t m)
{
	return (m + (m & 1)) >> 1;
}

/*
 * Bits of the double nearest to w * 10^q. The product keeps 55 bits or more: 53, one to round, one
 * that may be missing at the top. Its lower half is only wanted where the upper could still carry.
 */
static uint64_t nearest_bits(uint64_t w, int64_t q)
{
	struct power_of_ten power;
	uint64_t high, low, carry, mantissa;
	int zeros, top, binary;

	if (w == 0 || q < POWER_FIRST)
		return 0;
	if (q > 308)
		return INFINITY_BITS;
	power = powers_of_ten[q - POWER_FIRST];
	if (q >= -27 && q < 0 && ++power.low == 0)
		power.high++; /* these are rounded up, so that exact quotients come out exact */
	zeros = __builtin_clzll(w);
	w <<= zeros;
	low = mul_wide(w, power.high, &high);
	if ((high & 0x1ff) == 0x1ff) {
		(void)mul_wide(w, power.low, &carry);
		low += carry;
		high += low < carry;
	}
	top = (int)(high >> 63);
	mantissa = high >> (top + 9);
	/* floor(log2(10^q)) + 63, then IEEE's bias; both compilers shift a negative arithmetically
	 */
	/* cppcheck-suppress shiftNegativeLHS */
	binary = (int)((217706 * q) >> 16) + 63 + top - zeros + 1023;
	if (binary <= 0) {
		if (binary < -62)
			return 0;
		return round_last(mantissa >> (1 - binary)); /* 2^52 is the least normal number */
	}
	/* exactly halfway, which only small powers can be: to even */
	if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << (top + 9) == high)
		mantissa--;
	mantissa = round_last(mantissa);
	if (mantissa >> 53) {
		mantissa >>= 1;
		binary++;
	}
	if (binary >= 0x7ff)
		return INFINITY_BITS;
	return (mantissa & 0xfffffffffffffu) | (uint64_t)binary << 52;
}

/* The value of a decimal; infinite when it overflows. */
static double decimal_value(const struct decimal *d)
{
	static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	uint64_t bits;
	double v;

	if (FLT_EVAL_METHOD == 0 && d->digits <= (uint64_t)1 << 53 && d->exponent >= -22 &&
		d->exponent <= 22 && !d->cut) {
		v = (double)d->digits;
		v = d->exponent < 0 ? v / tens[-d->exponent] : v * tens[d->exponent];
		return d->negative ? -v : v;
	}
	bits = nearest_bits(d->digits, d->exponent);
	if (d->cut && bits != nearest_bits(d->digits + 1, d->exponent)) {
		int order = halfway_compare(d->first, d->first_len, d->last, bits);

		bits += order > 0 || (order == 0 && bits & 1);
	}
	bits |= (uint64_t)d->negative << 63;
	memcpy(&v, &bits, sizeof v);
	return v;
}

size_t double_scan(const char *text, size_t len, double *out)
{
	struct decimal d;
	size_t n = decimal_read(&d, text, len, false);

	if (n)
		*out = decimal_value(&d);
	return n;
}

bool double_parse(const char *text, size_t len, bool lenient, double *out)
{
	struct decimal d;
	double v;

	if (len == 0 || decimal_read(&d, text, len, lenient) != len)
		return false;
	v = decimal_value(&d);
	if (isinf(v))
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
