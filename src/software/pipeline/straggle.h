/* A simulated run of data-parallel pipelines in which stragglers come and go. */
#ifndef HG_SOFTWARE_PIPELINE_STRAGGLE_H
#define HG_SOFTWARE_PIPELINE_STRAGGLE_H

#include "plans.h"

/** How the pipelines that do not straggle react. */
enum straggle_policy {
	STRAGGLE_NONE,     /* not at all: they wait */
	STRAGGLE_LOOKUP,   /* slowest of a stored list of plans up to T_star (Perseus) */
	STRAGGLE_REACTION, /* hg_reaction, and a plan made for its time */
	STRAGGLE_ORACLE,   /* relaxed bound, known beforehand */
	STRAGGLE_POLICIES
};

/** One straggler: a device of one rank is throttled for a while. */
struct straggler {
	uint64_t first, length; /* iterations */
	uint32_t rank;
	double throttle; /* share of its speed that is lost */
	double forced_s; /* iteration time of its pipeline, at all-fastest settings */
};

/** What is simulated. */
struct straggle_opts {
	uint64_t iterations;
	uint32_t pipelines; /* data-parallel copies, >= 2 */
	uint32_t stragglers;
	uint32_t patience;
	double alone_s, tolerance;
	uint64_t seed;
	hg_plan_opts plan; /* of every plan that is made; time_s is filled in */
};

/** What came of it, all pipelines together. */
struct straggle_outcome {
	double time_s, energy_j;
	uint64_t changes; /* of plan */
};

struct straggle_result {
	struct vec stragglers; /* struct straggler */
	struct straggle_outcome outcome[STRAGGLE_POLICIES];
	uint64_t plans; /* that were made */
};

/** Frees; a zeroed one is fine. */
void straggle_finish(struct straggle_result *r);

/** Runs all policies against the same stragglers. straggle_finish() in any case. */
hg_err straggle_run(struct straggle_result *r, const struct plans *p, const hg_plan_frontier *set,
	const struct straggle_opts *opts, hg_error *why);

#endif
