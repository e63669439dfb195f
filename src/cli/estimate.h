/* A figure where nothing is measured. */
#ifndef HG_CLI_ESTIMATE_H
#define HG_CLI_ESTIMATE_H

#include <hourglass/energy.h>

/**
 * Energy of the host's processors by a model: so much for each hardware thread all the time, and so
 * much for each second of processor time. The bounds span what laptops and servers draw, a factor
 * of twelve to fifteen; only a measurement narrows that down.
 *
 * @param cpu_s  user and system time
 */
void estimate_cpu(double time_s, double cpu_s, long threads, hg_energy *out);

#endif
