/* Many replays at once: every job with every seed, on as many threads as asked. */
#ifndef HG_SOFTWARE_RECUR_CAMPAIGN_H
#define HG_SOFTWARE_RECUR_CAMPAIGN_H

#include <hourglass/context.h>

#include "simulate.h"

/** Means over the seeds of one recurrence. */
struct campaign_step {
	double cost_j, energy_j, time_s, best_j;
	double regret_j; /* cumulative: cost less best, from the first recurrence to this one */
	double failed;   /* attempts that failed */
};

/** What came of one job. */
struct campaign_result {
	struct campaign_step *steps;          /* one a recurrence */
	double first20, first50, last10, all; /* mean excess over the best fixed choice */
	double last5_energy, last5_energy_sd; /* over the default size at the highest limit */
	double last5_time, last5_time_sd;
	double wedged, exhausted; /* jobs (seeds) with at least one */
	double wait;              /* of a recurrence: mean, in runs of the best fixed choice */
	double span;              /* from the first begin to the last end, likewise */
	double part[SIM_PARTS];   /* of `all`: they add up to it */
	double back, back_worst;  /* recurrences from the drift until within 5 %: mean, 90 % */
	double back_within_10;    /* part of the seeds */
};

/** Everything to replay. */
struct campaign {
	const struct sim_job *jobs;
	size_t n_jobs;
	struct sim_options options;
	uint32_t seeds;
	uint64_t first_seed;
	unsigned threads;        /* >= 1 */
	hg_progress_fn progress; /* called from the calling thread; NULL: nobody listens */
	void *progress_user;
};

/**
 * Replays all. The same result for any number of threads.
 * @param results  n_jobs of them; campaign_finish() in any case
 * @return HG_OK; HG_EABORTED (progress said stop); HG_EINVAL; HG_ELIMIT; HG_ENOMEM
 */
hg_err campaign_run(const struct campaign *c, struct campaign_result *results, hg_error *why);
void campaign_finish(struct campaign_result *results, size_t n_jobs);

#endif
