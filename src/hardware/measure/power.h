/* Integrals over logs of power. */
#ifndef HG_HARDWARE_MEASURE_POWER_H
#define HG_HARDWARE_MEASURE_POWER_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/energy.h>

/** Joules between two moments, straight between reads. NAN unless reads lie around both. */
double power_integral(const hg_power *power, size_t n, int64_t t0, int64_t t1);

/** Power at a moment in W, straight between reads. NAN unless reads lie around it. */
double power_at(const hg_power *power, size_t n, int64_t t);

/** Index of the last read not after t, or SIZE_MAX. */
size_t power_before(const hg_power *power, size_t n, int64_t t);

#endif
