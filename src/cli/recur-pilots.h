/* A trial for a client that may be told to wait. */
#ifndef HG_CLI_RECUR_PILOTS_H
#define HG_CLI_RECUR_PILOTS_H

#include "recur-store.h"

/** --pilots. */
extern const struct option recur_pilots_options[];

/** Who asks for a trial, and of which job. */
struct recur_asks {
	struct store *store;
	const char *job;
	int64_t lease_ms;
	uint32_t pilots; /* as args_number(args, "pilots", 0) has it */
	double wait_s;   /* asks again for so long while it is told to wait; INFINITY: until then */
};

/**
 * Asks for the next trial, again and again while it is told to wait. Signals must be kept
 * (child_signals_keep()): one ends the waiting.
 * @return EXIT_OK; EXIT_INFEASIBLE: still to wait, which has been said; EXIT_INTERRUPTED; what
 *         recur_error() returns
 */
int recur_ask(struct cli *cli, const struct recur_asks *asks, struct store_trial *out);

#endif
