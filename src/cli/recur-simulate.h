/* recur simulate: what was asked, and how its answer is told. */
#ifndef HG_CLI_RECUR_SIMULATE_H
#define HG_CLI_RECUR_SIMULATE_H

#include "cli.h"
#include "core/vec.h"
#include "software/recur/campaign.h"

/** A power table with the train table beside it, and the jobs replayed from them. */
struct replay_table {
	const char *path;
	struct sim_trace trace;
	struct vec jobs;    /* struct sim_job */
	struct vec results; /* struct campaign_result, one a job */
};

/** Everything that is replayed. */
struct replay {
	struct sim_options options;
	double eta;
	uint32_t seeds;
	struct vec tables; /* struct replay_table */
};

/** Appends the result as text. */
void replay_text(struct cli *cli, const struct replay *r);
/** Appends the result as hourglass.recur-simulation/1. */
void replay_json(struct cli *cli, const struct replay *r);

#endif
