/* How well a tuner knows the power of a setting by the readings at the ends of its steps. */
#ifndef HG_BENCH_MEASURE_STEPS_H
#define HG_BENCH_MEASURE_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "counter-sim.h"

/** Some seconds of one power, then steps of another, of which as much is known at the end of each
 * as the counter had shown by then. */
struct steps_case {
	struct csim_counter counter;
	double step_s;
	size_t steps;
	double change; /* of the power before, up and down in turn */
	size_t runs;
	uint64_t seed;
};

/** What came out. */
struct steps_row {
	double rms;       /* relative error of the power, root mean square */
	double said;      /* what it was said to be */
	double reading_s; /* independent errors of readings of so much would do the same */
};

/** @return 0, -1: no memory, or the estimator failed */
int steps_run(const struct steps_case *what, struct steps_row *row);

#endif
