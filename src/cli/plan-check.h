/* Checking the claims of a PLANS file and a plan.csv. */
#ifndef HG_CLI_PLAN_CHECK_H
#define HG_CLI_PLAN_CHECK_H

#include "plan.h"
#include "software/pipeline/proof.h"

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
	double devices;                  /* of a rank, with its replicas */
	struct vec findings;             /* struct finding */
	double time_s, energy_j, tight_bound_j;
	double bound_j; /* what a flow proves alone; tight_bound_j: with pairs of chains */
	double loose;   /* how far, relatively, the flows may prove less than is claimed between two
			   of them; NAN: PLANS holds no flows */
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

/** Options of a step in the measured profile; n receives 0 where it has none. */
const hg_stage_option *check_options_of(
	const struct check *c, const hg_pipeline_step *step, size_t *n);

/** What one rank draws while it waits, of all its devices and replicas, W. */
double check_waiting_w(const struct check *c, uint32_t rank);

/** Energy that PLANS claims for a time: straight between the points. */
double check_claimed_at(const struct plans *p, double time_s);

/** T_min, T_star, T_max and the energy of all fastest options, by longest paths: O(n). */
hg_err check_times(struct check *c);

/**
 * The frontier that PLANS claims, and the bound of the plan, by the flows in PLANS: each is checked
 * to be conserved, in whole uW, and what it proves is worked out from the measured profile. O(n) a
 * flow. Where PLANS holds none, check_solving().
 */
hg_err check_bounds(struct check *c, hg_error *why);

/** The same by flows that the solver looks for again. */
hg_err check_solving(struct check *c, hg_error *why);

/**
 * By how much a flow's bound rises if each change of setting costs change_j. O(n options).
 * @param node_uw  through each node
 * @return HG_OK, HG_ENOMEM
 */
hg_err check_few(const struct check *c, const int64_t *node_uw, double change_j, double *gain_j);

/** What `plan at` claimed of the plan, by its own flow. */
hg_err check_proof(struct check *c, const struct proof *proof, hg_error *why);

#endif
