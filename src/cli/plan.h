/* What the plan commands share. */
#ifndef HG_CLI_PLAN_H
#define HG_CLI_PLAN_H

#include <hourglass/plan.h>

#include "cli.h"
#include "core/json.h"
#include "software/pipeline/store.h"

/** --class, --switch-cost, --switch-latency. */
extern const struct option plan_class_options[];
/** Takes them over where they are given. @return exit code */
int plan_class_read(struct cli *cli, const struct args *args, struct plans *p);

/** --effort, --iterations, --seed. */
extern const struct option plan_effort_options[];
/** Fills class, switching, effort and seed. */
void plan_opts_fill(const struct args *args, const struct plans *p, hg_plan_opts *opts);

/** An hg_clock_fn: monotonic. */
int64_t plan_clock(void *user);

/** Reads a PLANS file, "-" being standard input. plans_finish() it in any case. @return exit code
 */
int plans_read(struct cli *cli, const char *path, struct plans *p);

/** Extends or solves a pipeline, with progress. @param extended  receives which @return exit code
 */
int plans_find(struct cli *cli, const struct plans *p, bool direct, hg_plan_frontier **set,
	bool *extended);

/**
 * The frontier of a PLANS file: from the states in it, else solved or extended as it was.
 * @param store  plans_store_finish() it in any case, after the frontier
 * @return exit code
 */
int plans_solve(
	struct cli *cli, const struct plans *p, struct plans_store *store, hg_plan_frontier **set);

/** What is wrong with a call of the planner, and how the program ends. */
int plan_error(const struct cli *cli, hg_err err, const hg_error *why);

/** One row of a plan.csv. */
struct plan_row {
	uint32_t stage, microbatch, chunk;
	const char *instruction; /* "" never; "step" for constant work */
	const char *setting;     /* as the profile writes it; "" for constant work */
	double start_s, time_s, energy_j;
	size_t line; /* of the file it was read from; 0 none */
};

/** Rows with the memory of their texts. */
struct plan_rows {
	struct arena arena;
	struct vec rows; /* struct plan_row */
};

/** The rows of a plan, in the order of the pipeline's nodes. rows_finish() in any case. */
hg_err rows_of_plan(struct plan_rows *rows, const struct plans *p, const hg_plan *plan);
/** Appends them as CSV. */
void rows_write(const struct plan_rows *rows, struct buf *out);
/** Reads a plan.csv. rows_finish() it in any case. */
hg_err rows_parse(
	struct plan_rows *rows, const char *text, size_t len, const char *origin, hg_error *why);
/** Frees; a zeroed one is fine. */
void rows_finish(struct plan_rows *rows);

#endif
