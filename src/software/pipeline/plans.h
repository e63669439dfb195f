/*
 * PLANS files, hourglass.plans/1: a pipeline with everything that its plans are made from, and its
 * relaxed frontier. Whoever has the file needs neither the profile nor the schedule file.
 */
#ifndef HG_SOFTWARE_PIPELINE_PLANS_H
#define HG_SOFTWARE_PIPELINE_PLANS_H

#include <stdbool.h>

#include <hourglass/pipeline.h>

#include "core/buf.h"
#include "core/vec.h"

/** Most bytes of a PLANS file. */
#define PLANS_BYTES ((size_t)1 << 30)

/** Figures that a file claims. */
struct plans_claims {
	double t_min_s, t_star_s, t_max_s;
	double all_fastest_j; /* energy of all fastest options over t_min_s */
	double solve_s;       /* how long the frontier took */
	double gap;        /* relaxed plans are at most that far above what flows prove, relatively;
			    * 0: exact */
	bool extrapolated; /* the frontier is extended from fewer microbatches */
	struct vec frontier; /* hg_plan_point by time */
	struct vec
		witnesses; /* struct witness: flows that prove it; none: it must be solved again */
};

struct plans {
	/* what it was made from */
	char *source;           /* name of the profile's file */
	struct buf profile_csv; /* the profile as it was read */
	double *static_power_w;
	size_t n_static_power;
	uint32_t replicas, group_size;
	double lag_s, step_s;
	hg_plan_class class_of;
	double switch_cost_j, switch_latency_s;
	hg_plan_range range;
	double quantum_w;
	uint32_t threads;        /* 0: one; not in the file */
	hg_progress_fn progress; /* may be NULL; not in the file */
	void *progress_user;
	/* what was made */
	hg_stage_profile *profile;
	hg_schedule *schedule;
	hg_pipeline *pipeline;
	struct plans_claims claims;
};

/** An empty one. */
void plans_init(struct plans *p);
/** Frees; a zeroed one is fine. */
void plans_finish(struct plans *p);

/** Forgets the frontier that is claimed and its flows. */
void plans_forget(struct plans *p);

/** Says where the profile came from. @return HG_OK, HG_ENOMEM */
hg_err plans_name(struct plans *p, const char *source);

/** Makes profile (from profile_csv) and pipeline; the schedule is there already. */
hg_err plans_build(struct plans *p, hg_error *why);

/** Fills the claims from a frontier. */
hg_err plans_claim(struct plans *p, const hg_plan_frontier *set, hg_error *why);

/**
 * Extends the frontiers of fewer microbatches: exactly, or where slopes are rounded from states at
 * some flows.
 * @param done  receives false where it does not hold, or does not pay: solve directly then
 */
hg_err plans_extend(const struct plans *p, hg_plan_frontier **set, bool *done, hg_error *why);

/**
 * Extends where that holds, else solves.
 * @param direct    never extends
 * @param extended  receives whether it is
 * @return HG_OK; HG_EABORTED (p->progress said stop); what hg_plan_solve() returns
 */
hg_err plans_frontier(
	const struct plans *p, bool direct, hg_plan_frontier **set, bool *extended, hg_error *why);

/**
 * The quantum for a pipeline that is too big to be solved exactly in reasonable time; 0: it is not.
 * By its nodes and the slopes of its hulls.
 */
double plans_quantum(const struct plans *p);

/** Appends the file. @return out->failed, or why it cannot be written */
hg_err plans_format(const struct plans *p, struct buf *out, hg_error *why);

struct json_out;
/** Writes t_min_s ... frontier as members of the open object. */
void plans_write_claims(const struct plans *p, struct json_out *j);

/**
 * Reads a file and makes everything in it.
 * @param p  initialised by the call; plans_finish() it in any case
 */
hg_err plans_parse(
	struct plans *p, const char *text, size_t len, const char *origin, hg_error *why);

/** Names in files and on the command line, by value; NULL at the end. */
extern const char *const plan_class_names[];
extern const char *const plan_range_names[];
/** Name of a schedule's kind. */
const char *schedule_kind_name(hg_schedule_kind kind);
/** Kind of a name. @return false: there is none */
bool schedule_kind_find(const char *name, hg_schedule_kind *kind);

#endif
