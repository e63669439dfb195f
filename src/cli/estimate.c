/*
 * Watts per hardware thread, from the published thermal design powers of 2015 to 2024: of laptops
 * with 8 threads at 15 W to servers with 256 at 400 W, and idle measurements of a tenth to a third
 * of that. Wide on purpose.
 */
#include "estimate.h"

#include <math.h>

#define STATIC_W     0.8
#define STATIC_LOW_W 0.2
#define STATIC_TOP_W 3.0
#define BUSY_W       3.5
#define BUSY_LOW_W   1.0
#define BUSY_TOP_W   12.0

void estimate_cpu(double time_s, double cpu_s, long threads, hg_energy *out)
{
	double all_s = time_s * (double)threads;

	*out = (hg_energy){.size = sizeof *out,
		.method = HG_METHOD_MODEL,
		.flags = HG_ENERGY_UNTRUSTED,
		.joules = STATIC_W * all_s + BUSY_W * cpu_s,
		.lo = STATIC_LOW_W * all_s + BUSY_LOW_W * cpu_s,
		.hi = STATIC_TOP_W * all_s + BUSY_TOP_W * cpu_s,
		.idle_j = STATIC_W * all_s,
		.tail_j = (double)NAN,
		.max_w = (double)NAN,
		.clock_hz = (double)NAN,
		.temperature_c = (double)NAN};
	/* as of a spread that is even between the bounds */
	out->sigma = (out->hi - out->lo) / sqrt(12.0);
}
