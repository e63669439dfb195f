/* Random points for property tests, and what a frontier must be, computed the slow way. */
#ifndef HG_TEST_CLOUD_H
#define HG_TEST_CLOUD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/frontier.h>

#include "core/rng.h"

/** Shapes of random clouds. */
enum cloud_shape {
	CLOUD_UNIFORM,  /* anywhere in a square */
	CLOUD_COARSE,   /* few distinct times and energies: many ties */
	CLOUD_CURVED,   /* near a convex trade-off */
	CLOUD_FRONTIER, /* nothing dominated */
	CLOUD_WIDE,     /* times and energies over many magnitudes */
	CLOUD_SHAPES
};

/** Fills n points; setting i is i. */
void cloud_fill(struct rng *r, enum cloud_shape shape, hg_point *points, size_t n);

/** Whether b is at least as good as a in both, and better in one. */
bool cloud_dominates(const hg_point *b, const hg_point *a);

/** Builds a frontier of a random cloud of 1..most points with a static power of its own (may be
 * unknown). */
hg_frontier *cloud_frontier(struct rng *r, size_t most);

/** Seed of the tests: HG_TEST_SEED in the environment, else 1. Prints it. */
uint64_t cloud_seed(void);

/** How often to repeat: 1, or 20 with HG_LONG=1 in the environment. */
size_t cloud_effort(void);

#endif
