/* recur new --frontier: what an epoch of each batch size costs, and at which setting. */
#ifndef HG_CLI_RECUR_FRONTIER_H
#define HG_CLI_RECUR_FRONTIER_H

#include "cli.h"
#include "store/store.h"

/** Its table of options. */
extern const struct option recur_frontier_options[];

/**
 * Reads every --frontier and keeps, for each batch size, the setting that costs least by the
 * spec's eta and P_max. The spec must be complete but for that. What is wrong goes to stderr.
 * @return exit code
 */
int recur_frontiers_read(struct cli *cli, const struct args *args, struct store_spec *spec);

#endif
