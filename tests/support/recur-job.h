/* A job of seven batch sizes, runs of it, and what is believed of them. */
#ifndef HG_TEST_RECUR_JOB_H
#define HG_TEST_RECUR_JOB_H

#include "near.h"

#include <hourglass/recur.h>

static const uint32_t sizes[] = {16, 32, 64, 128, 256, 512, 1024};
#define SIZES (sizeof sizes / sizeof *sizes)

static inline hg_recur_job plain_job(void)
{
	hg_recur_job job = {.size = sizeof job,
		.n_sizes = SIZES,
		.default_size = 256,
		.batch_sizes = sizes,
		.eta = 1,
		.max_power_w = 300,
		.target = 0.6,
		.max_epochs = 100};

	return job;
}

static inline hg_recur_trial run_of(uint32_t batch, uint32_t state, double epochs, double epoch_j)
{
	hg_recur_trial t = {.state = state,
		.batch_size = batch,
		.epochs = epochs,
		.energy_j = epochs * epoch_j,
		.time_s = epochs};

	return t;
}

static inline void believe(
	const hg_recur_job *job, const hg_recur_trial *trials, size_t n, hg_recur_belief *b)
{
	for (size_t i = 0; i < job->n_sizes; i++)
		b[i].size = sizeof b[i];
	assert_int_equal(hg_recur_believe(job, trials, n, b, job->n_sizes, NULL), HG_OK);
}

#endif
