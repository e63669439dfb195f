/*
 * Recorded trainings to replay: two tables in the form that Zeus published.
 *
 *   train  dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch
 *   power  dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power
 *
 * Columns are found by name, others are passed over. A target_epoch of "nan": never reached.
 * Without the column run nobody knows which rows are of one training.
 */
#ifndef HG_SOFTWARE_RECUR_TRACE_H
#define HG_SOFTWARE_RECUR_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

#include "core/arena.h"
#include "core/vec.h"

#define SIM_NO_RUN UINT32_MAX

/** One repetition of a training: when it reached a level of its metric. */
struct sim_reach {
	uint32_t job; /* index into the jobs */
	uint32_t batch_size;
	uint32_t run; /* SIM_NO_RUN: not told */
	double target;
	double epochs; /* NAN: never */
};

/** What an epoch costs at one power limit. */
struct sim_power {
	uint32_t job;
	uint32_t batch_size;
	double limit_w, epoch_s, power_w;
};

struct sim_trace {
	struct arena arena; /* names */
	struct vec jobs;    /* const char *: "dataset/network/optimizer", in order of appearance */
	struct vec reach;   /* struct sim_reach */
	struct vec power;   /* struct sim_power */
};

/** Starts with no rows. */
void sim_trace_init(struct sim_trace *t);
/** Frees; a zeroed trace is fine. */
void sim_trace_finish(struct sim_trace *t);

/**
 * Adds the rows of a table.
 * @param origin  what it is called in errors
 * @return HG_OK; HG_EFORMAT (line, column, what was expected); HG_ELIMIT; HG_ENOMEM
 */
hg_err sim_trace_read_train(
	struct sim_trace *t, const char *text, size_t len, const char *origin, hg_error *why);
hg_err sim_trace_read_power(
	struct sim_trace *t, const char *text, size_t len, const char *origin, hg_error *why);

/** Index of a job by its name, or SIZE_MAX. */
size_t sim_trace_job(const struct sim_trace *t, const char *name);

#endif
