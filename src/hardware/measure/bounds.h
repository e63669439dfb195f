/*
 * Hard bounds of the energy between two moments, from what edges and power limits allow; and what
 * is said where nothing is known.
 */
#ifndef HG_HARDWARE_MEASURE_BOUNDS_H
#define HG_HARDWARE_MEASURE_BOUNDS_H

#include "curve.h"

struct range {
	double lo, hi; /* J; infinite where nothing is known */
};

/**
 * The energy from t0 to t1, with a and b the brackets around them and nothing broken in between.
 * It is certainly within, if the edges' uncertainties and the sensor's limits are right; lo > hi
 * says that they cannot be.
 */
struct range bounds_window(
	const struct curve *c, struct bracket a, int64_t t0, struct bracket b, int64_t t1);

/** A result without any figure: all NAN but the times. */
hg_energy energy_none(int64_t t0, int64_t t1);

#endif
