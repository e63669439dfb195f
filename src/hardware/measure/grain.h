/* Energies as multiples of 2^-20 J, whose sums are exact. */
#ifndef HG_HARDWARE_MEASURE_GRAIN_H
#define HG_HARDWARE_MEASURE_GRAIN_H

#include <math.h>

/* Grains in a joule. */
#define GRAINS_PER_J 1048576.0

/** The nearest multiple. */
static inline double grain_round(double joules)
{
	return nearbyint(joules * GRAINS_PER_J) / GRAINS_PER_J;
}

#endif
