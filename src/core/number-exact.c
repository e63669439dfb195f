#include "number-exact.h"

#include <stdbool.h>
#include <string.h>

/* No halfway point has more significant digits than this; later ones only break a tie. */
#define DIGITS_MOST 770
/*
 * The largest product: 5^(770 + 343) is 2585 bits, a significand 54, powers of two 1075; or 770
 * digits are 2558 bits, times 2^1075.
 */
#define LIMBS 128

struct big {
	uint32_t limb[LIMBS]; /* smallest first */
	size_t len;
};

static void big_times_plus(struct big *b, uint32_t times, uint32_t plus)
{
	uint64_t carry = plus;

	for (size_t i = 0; i < b->len; i++) {
		carry += (uint64_t)b->limb[i] * times;
		b->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry && b->len < LIMBS)
		b->limb[b->len++] = (uint32_t)carry;
}

static void big_times_power_of_5(struct big *b, unsigned n)
{
	for (; n >= 13; n -= 13)
		big_times_plus(b, 1220703125, 0);
	for (; n > 0; n--)
		big_times_plus(b, 5, 0);
}

static void big_times_power_of_2(struct big *b, unsigned n)
{
	size_t words = n / 32;

	if (b->len == 0 || b->len + words > LIMBS)
		return;
	memmove(b->limb + words, b->limb, b->len * sizeof b->limb[0]);
	memset(b->limb, 0, words * sizeof b->limb[0]);
	b->len += words;
	if (n % 32)
		big_times_plus(b, (uint32_t)1 << n % 32, 0);
}

static int big_compare(const struct big *a, const struct big *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (size_t i = a->len; i-- > 0;)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

/* Reads up to DIGITS_MOST digits; exponent grows by those left out. True when one was not 0. */
static bool big_digits(struct big *b, const char *digits, size_t len, int64_t *exponent)
{
	size_t taken = 0;
	bool more = false;

	b->len = 0;
	for (size_t i = 0; i < len; i++) {
		if (digits[i] == '.')
			continue;
		if (taken++ < DIGITS_MOST) {
			big_times_plus(b, 10, (uint32_t)(digits[i] - '0'));
			continue;
		}
		++*exponent;
		more = more || digits[i] != '0';
	}
	return more;
}

/*
 * Both sides become integers: powers of five and of two that are negative on one side are positive
 * on the other.
 */
int halfway_compare(const char *digits, size_t len, int64_t exponent, uint64_t bits)
{
	uint64_t significand = bits & 0xfffffffffffffu;
	int binary = (int)(bits >> 52), order, shift;
	struct big number, halfway;
	bool more = big_digits(&number, digits, len, &exponent);

	if (binary)
		significand |= (uint64_t)1 << 52;
	else
		binary = 1;
	significand = 2 * significand + 1;
	shift = binary - 1076 - (int)exponent;
	halfway.limb[0] = (uint32_t)significand;
	halfway.limb[1] = (uint32_t)(significand >> 32);
	halfway.len = halfway.limb[1] ? 2 : 1;
	if (exponent >= 0)
		big_times_power_of_5(&number, (unsigned)exponent);
	else
		big_times_power_of_5(&halfway, (unsigned)-exponent);
	big_times_power_of_2(
		shift > 0 ? &halfway : &number, (unsigned)(shift > 0 ? shift : -shift));
	order = big_compare(&number, &halfway);
	return order == 0 && more ? 1 : order;
}
