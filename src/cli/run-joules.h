/* run -- CMD: one measurement of a command, and the joules of its runs. */
#ifndef HG_CLI_RUN_JOULES_H
#define HG_CLI_RUN_JOULES_H

#include "cli.h"
#include "energy-report.h"
#include "gauge.h"

/** Padding needs so many edges, in update periods, before and after a run. */
#define RUN_BEFORE_PERIODS 5.5
#define RUN_AFTER_PERIODS  4.5

/** One measurement of a command. */
struct run_job {
	struct cli *cli;
	struct gauge gauge;
	struct energy_report report;
	const char *format;
	double interval_s; /* 0: none */
	unsigned repeat;
	bool estimate, raw, live;
	bool interrupted;
	bool told[GAUGE_DEVICES];   /* its driver tells who uses it */
	bool shared[GAUGE_DEVICES]; /* others used it in the run under way */
	bool watched;               /* any is told */
	size_t run;                 /* under way */
	int64_t begin_ns;           /* of the run under way, meter's clock */
	int64_t idle_begin_ns, idle_end_ns;
	int64_t interval_ns; /* end of the last interval, meter's clock */
	int live_fd;         /* where intervals are written as they come */
	int own;             /* exit code of what went wrong on our side */
};

/** A copy of a text that lives as long as the report; "" when memory is out. */
const char *run_keep(struct energy_report *r, const char *text);

/** Waits until the figures of a run are final, and works out all of its joules. */
void run_joules(struct run_job *j, struct energy_run *run);

#endif
