/* One search of the command: its space, its log, its measurements. */
#ifndef HG_CLI_SEARCH_JOB_H
#define HG_CLI_SEARCH_JOB_H

#include <hourglass/search.h>

#include "cli.h"

/** Most measurements at once. */
#define SEARCH_AT_ONCE 128

struct search_job;

/** Reads space, tables and log. @return exit code. search_job_close() in any case */
int search_job_open(struct cli *cli, const struct args *args, const hg_search_opts *opts,
	struct search_job **out);
/** Measures until the search is done. @return exit code; EXIT_INTERRUPTED by SIGINT */
int search_job_run(struct search_job *job);
/** Writes the frontier and says how it went. @param rc  how search_job_run() ended */
int search_job_report(struct search_job *job, int rc);
void search_job_close(struct search_job *job);

#endif
