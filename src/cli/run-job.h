/* run --workload: a job on simulated devices. */
#ifndef HG_CLI_RUN_JOB_H
#define HG_CLI_RUN_JOB_H

#include "cli.h"

/** Runs a workload at the cheapest setting that meets the objective. @return exit code */
int run_job(struct cli *cli, const struct args *args);

#endif
