/* Checking the claims of a PLANS file and a plan.csv. */
#ifndef HG_CLI_PLAN_CHECK_H
#define HG_CLI_PLAN_CHECK_H

#include "plan.h"

/** One claim and what became of it. */
struct finding {
	bool holds;
	char what[96];    /* "makespan" */
	char detail[256]; /* which row, what was expected; "" none */
};

/** What a check found. */
struct check {
	const struct plans *plans;
	const struct plan_rows *rows;
	const hg_stage_profile *profile; /* as measured: --profile */
	uint32_t *row_of;                /* row of each node */
	struct vec findings;             /* struct finding */
	double time_s, energy_j, bound_j;
	uint64_t switches;
};

/** Makes an empty one. */
void check_init(struct check *c, const struct plans *plans, const struct plan_rows *rows,
	const hg_stage_profile *profile);
void check_finish(struct check *c);

/** Notes a claim; detail only of false ones. */
hg_err check_note(struct check *c, bool holds, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** Profile, completeness, options, order, makespan and energy: O(n log n), without the planner. */
hg_err check_plan(struct check *c);

/**
 * The frontier that PLANS claims, and the bound of the plan: each by a flow that proves it, which
 * is looked for again and verified by hg_dag_bound().
 */
hg_err check_bounds(struct check *c, hg_error *why);

#endif
