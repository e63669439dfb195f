#include "rng.h"

#include <math.h>

#include "wide.h"

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* splitmix64 is a bijection of its counter, so the four words are never all zero. */
void rng_init(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix(&seed);
}

/*
 * The child's 256 bits of state are hashed from 256 bits drawn from the parent: two splits agree
 * with probability 2^-256, and the hash hides the parent's linear structure from the child.
 */
struct rng rng_split(struct rng *r)
{
	struct rng child;

	for (int i = 0; i < 4; i++) {
		uint64_t x = rng_u64(r);

		child.s[i] = splitmix(&x);
	}
	if (!(child.s[0] | child.s[1] | child.s[2] | child.s[3]))
		rng_init(&child, 0);
	return child;
}

static inline uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

/* xoshiro256++ (Blackman and Vigna, 2019). */
uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Multiply and reject (Lemire, 2019): a division only when a draw falls into the biased zone. */
uint64_t rng_below(struct rng *r, uint64_t n)
{
	uint64_t high, low = mul_wide(rng_u64(r), n, &high);

	if (low < n) {
		uint64_t biased = (0 - n) % n;

		while (low < biased)
			low = mul_wide(rng_u64(r), n, &high);
	}
	return high;
}

double rng_double(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *r)
{
	double u, v, s;

	do {
		u = 2 * rng_double(r) - 1;
		v = 2 * rng_double(r) - 1;
		s = u * u + v * v;
	} while (s >= 1 || s == 0);
	return u * sqrt(-2 * log(s) / s);
}
