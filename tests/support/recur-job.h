/* A job of seven batch sizes, runs of it, and what is believed of them. */
#ifndef HG_TEST_RECUR_JOB_H
#define HG_TEST_RECUR_JOB_H

#include "near.h"

#include <stdbool.h>

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

#define MOST 400

static inline hg_recur_decision decide(
	const hg_recur_job *job, const hg_recur_trial *trials, size_t n)
{
	hg_recur_decision d = {.size = sizeof d};
	hg_error why;
	hg_err err = hg_recur_next(job, trials, n, 7, &d, &why);

	if (err)
		fail_msg("%s", why.text);
	assert_true(d.index < job->n_sizes);
	assert_int_equal(d.batch_size, job->batch_sizes[d.index]);
	assert_true(d.max_epochs <= job->max_epochs);
	return d;
}

/* Cost of an epoch and epochs of a made-up training whose best size is 128. */
static inline double made_up_cost(uint32_t batch)
{
	return 100 + 12000.0 / batch;
}

static inline double made_up_epochs(uint32_t batch)
{
	return 10 * (1 + batch / 100.0);
}

/* Runs it; epochs above `broken` never reach the target. @return how many trials there are */
static inline size_t play(const hg_recur_job *job, hg_recur_trial *trials, size_t n, size_t until,
	uint32_t broken, double factor)
{
	while (n < until) {
		hg_recur_decision d = decide(job, trials, n);
		double need = ceil(factor * made_up_epochs(d.batch_size));
		bool ok = need <= d.max_epochs && d.batch_size < broken;

		trials[n++] = run_of(d.batch_size, ok ? HG_RECUR_REACHED : HG_RECUR_STOPPED,
			ok ? need : d.max_epochs, made_up_cost(d.batch_size));
	}
	return n;
}

#endif
