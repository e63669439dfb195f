/* Training jobs that were swept over power limits, as bench-model judges fits by. */
#ifndef HG_BENCH_MODEL_JOBS_H
#define HG_BENCH_MODEL_JOBS_H

#include "hardware/model/device-fit.h"

#define JOBS_MAX   256
#define LIMITS_MAX 64

/** A training job that was swept over power limits. */
struct job {
	char name[160], family[80];
	struct work_obs obs[LIMITS_MAX]; /* by limit */
	size_t n;
};

struct jobs {
	struct job at[JOBS_MAX];
	size_t n;
	size_t column[7];
	unsigned left_out; /* records that are no measurement */
};

/**
 * Reads a sweep; what is missing in it may leave no job.
 * @param say  whether to say on stderr what is missing
 * @return to be freed
 */
struct jobs *jobs_read(const char *path, bool say);

/** The first job of the same data set and network. */
unsigned family_of(const struct jobs *jobs, size_t i);

#endif
