/* Random numbers: the published sequence, and the distributions they are asked for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "core/rng.h"
#include "core/wide.h"

/* First outputs of xoshiro256++ with state 1, 2, 3, 4, computed by its definition in Python. */
static void sequence_is_xoshiro256pp(void **state)
{
	static const uint64_t want[] = {41943041, 58720359, 3588806011781223, 3591011842654386,
		9228616714210784205u, 9973669472204895162u};
	struct rng r = {{1, 2, 3, 4}};

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_true(rng_u64(&r) == want[i]);
}

/* splitmix64 from 0 starts with this word. */
static void seed_is_splitmix64(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, 0);
	assert_true(r.s[0] == 0xe220a8397b1dcdafu);
	assert_true(r.s[1] == 0x6e789e6aa1b965f4u);
}

static void same_seed_same_numbers(void **state)
{
	struct rng a, b, c;
	int differ = 0;

	(void)state;
	rng_init(&a, 7);
	rng_init(&b, 7);
	rng_init(&c, 8);
	for (int i = 0; i < 100; i++) {
		uint64_t x = rng_u64(&a);

		assert_true(x == rng_u64(&b));
		differ += x != rng_u64(&c);
	}
	assert_int_equal(differ, 100);
}

/* What a child draws does not depend on what its parent draws later, nor on its sisters. */
static void splits_are_their_own(void **state)
{
	struct rng parent, child, same, sister, again;

	(void)state;
	rng_init(&parent, 7);
	child = rng_split(&parent);
	sister = rng_split(&parent);
	rng_init(&again, 7);
	same = rng_split(&again);
	for (int i = 0; i < 1000; i++) {
		uint64_t x = rng_u64(&child);

		(void)rng_u64(&parent);
		assert_true(x == rng_u64(&same));
		assert_true(x != rng_u64(&sister));
	}
}

/* Chi-square of counts; 60 degrees of freedom leave 112 once in 10^4, and the seed is fixed. */
static void below_is_uniform(void **state)
{
	unsigned counts[61] = {0};
	struct rng r;
	double chi2 = 0;

	(void)state;
	rng_init(&r, 9);
	for (int i = 0; i < 610000; i++) {
		uint64_t x = rng_below(&r, 61);

		assert_true(x < 61);
		counts[x]++;
	}
	for (int i = 0; i < 61; i++)
		chi2 += (counts[i] - 1e4) * (counts[i] - 1e4) / 1e4;
	assert_true(chi2 < 112);
	for (int i = 0; i < 100; i++)
		assert_true(rng_below(&r, 1) == 0);
}

/*
 * 2^64 draws spread over 3 * 2^62 numbers: without rejection, every third number would come twice
 * as often as the others.
 */
static void below_has_no_bias(void **state)
{
	const uint64_t n = (uint64_t)3 << 62;
	unsigned thirds[3] = {0};
	struct rng r;

	(void)state;
	rng_init(&r, 10);
	for (int i = 0; i < 90000; i++)
		thirds[rng_below(&r, n) % 3]++;
	for (int i = 0; i < 3; i++)
		assert_in_range(thirds[i], 29300, 30700);
}

static void doubles_and_normals_have_their_moments(void **state)
{
	const int n = 400000;
	double sum = 0, sum2 = 0, sum4 = 0, least = 1, most = 0, mean = 0;
	struct rng r;

	(void)state;
	rng_init(&r, 11);
	for (int i = 0; i < n; i++) {
		double x = rng_double(&r);

		assert_true(x >= 0 && x < 1);
		least = x < least ? x : least;
		most = x > most ? x : most;
		mean += x / n;
	}
	assert_true(fabs(mean - 0.5) < 0.002 && least < 1e-4 && most > 1 - 1e-4);
	for (int i = 0; i < n; i++) {
		double x = rng_normal(&r);

		sum += x;
		sum2 += x * x;
		sum4 += x * x * x * x;
	}
	/* five standard errors each */
	assert_true(fabs(sum / n) < 5 * sqrt(1.0 / n));
	assert_true(fabs(sum2 / n - 1) < 5 * sqrt(2.0 / n));
	assert_true(fabs(sum4 / n - 3) < 5 * sqrt(96.0 / n));
}

static void wide_multiplication(void **state)
{
	uint64_t high, low;

	(void)state;
	low = mul_wide(UINT64_MAX, UINT64_MAX, &high);
	assert_true(low == 1 && high == UINT64_MAX - 1);
	low = mul_wide(0x123456789abcdef0u, 0x10, &high);
	assert_true(low == 0x23456789abcdef00u && high == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequence_is_xoshiro256pp),
		cmocka_unit_test(seed_is_splitmix64),
		cmocka_unit_test(same_seed_same_numbers),
		cmocka_unit_test(splits_are_their_own),
		cmocka_unit_test(below_is_uniform),
		cmocka_unit_test(below_has_no_bias),
		cmocka_unit_test(doubles_and_normals_have_their_moments),
		cmocka_unit_test(wide_multiplication),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
