/* Random numbers: xoshiro256++ seeded by splitmix64. Same seed, same numbers, on every machine. */
#ifndef HG_CORE_RNG_H
#define HG_CORE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/** Seeds a generator; any seed is fine. */
void rng_init(struct rng *r, uint64_t seed);

/** A generator of its own for a sub-task, independent of what r draws afterwards. */
struct rng rng_split(struct rng *r);

/** 64 random bits. */
uint64_t rng_u64(struct rng *r);

/** Uniform in 0..n-1, without bias; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

/** Uniform in [0, 1), 53 bits. */
double rng_double(struct rng *r);

/** Standard normal (polar method, no state besides r). */
double rng_normal(struct rng *r);

#endif
