/* run OBJECTIVE -- CMD: a command that tells its steps, tuned while it runs. */
#ifndef HG_CLI_RUN_TUNE_H
#define HG_CLI_RUN_TUNE_H

#include <hourglass/tune.h>

#include "cli.h"
#include "tune-group.h"
#include "tune-knobs.h"

extern const struct option run_tune_options[];

/** What came of it. */
struct tune_result {
	const char *const *argv;
	const char *job, *memory; /* names; NULL none */
	const char *device;       /* model */
	hg_objective objective;
	const struct tune_knobs *knobs;
	const struct tune_group *group;
	const hg_tune *tune;
	hg_tune_report report;
	double time_s, energy_j, energy_sd_j; /* of the whole command; NAN not known */
	bool simulated, recalled, whole;      /* whole: the settings could be put back */
	int code;
};

/** Runs the operands as a command and tunes it. @return the command's exit code; 125 to 127 ours */
int run_command_tuned(struct cli *cli, const struct args *args);

/* ----- tune-report.c */

void tune_report_text(struct buf *out, const struct tune_result *r);
void tune_report_json(struct buf *out, const struct tune_result *r);

#endif
