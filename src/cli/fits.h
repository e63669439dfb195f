/* Observations in files, and what a fit of them foretells: shared by fit and predict. */
#ifndef HG_CLI_FITS_H
#define HG_CLI_FITS_H

#include <hourglass/fit.h>
#include <hourglass/ops.h>

#include "cli.h"
#include "core/json.h"
#include "table.h"

/** Reads observations, "-" being standard input. What is wrong goes to stderr. @return exit code */
int observations_read(struct cli *cli, const char *path, hg_obs_set **out);

/** Whether a text holds times of ops rather than observations of workloads. */
bool ops_are_in(const char *text, size_t len);
/** Reads times of ops. @return exit code */
int ops_read(struct cli *cli, const char *path, hg_op_times **out);
/** Reads and fits times of ops that name their device. @return exit code */
int ops_open(struct cli *cli, const char *path, hg_ops **out);
/** The command fit on times of ops. @return exit code */
int ops_fit(struct cli *cli, const struct args *args);

/** Writes {"power_limit_w": 150}: knobs that were set. */
void knobs_json(struct json_out *j, const hg_knobs *k);
/** A cell "150 W, 1200 MHz". */
void knobs_cell(struct table *t, const hg_knobs *k);

#endif
