/*
 * The desk where clients of recurring jobs are served: each call is one transaction that reads what
 * is known, asks the engine, and writes what follows.
 *
 * A trial is held under a lease. Every report and beat renews it. When it runs out, the trial
 * counts as killed after the epochs it has reported; a report that comes all the same is entered,
 * once, and flagged, and the trial goes on.
 */
#ifndef HG_STORE_DESK_H
#define HG_STORE_DESK_H

#include "store.h"

/** Everything the engine needs of one job. */
struct desk {
	struct store_job job;
	hg_recur_job engine;         /* points into job */
	struct store_trial *records; /* own trials, ended ones first */
	size_t n_records;
	hg_recur_trial *trials; /* those, then what kin have told */
	size_t n;
	hg_recur_sight *sights;                     /* that trials point at */
	hg_frontier *frontiers[HG_RECUR_MAX_SIZES]; /* of sizes whose epochs are known; one point */
};

/** Makes a job. @param kin  jobs that it learns from; they must be there */
hg_err desk_new(struct store *s, const char *name, const struct store_spec *spec,
	const struct store_kin *kin, size_t n_kin, hg_error *why);

/** Reads a job, whose trials may be running. desk_finish() it in any case. */
hg_err desk_read(struct store *s, const char *name, struct desk *d, hg_error *why);
/** Reads it within a transaction that is under way. */
hg_err desk_load(struct store *s, const char *name, struct desk *d, hg_error *why);
void desk_finish(struct desk *d);
/** All of it but the job itself, which d has. */
hg_err desk_load_trials(struct store *s, struct desk *d, hg_error *why);

/** The seed of a job's next decision. */
uint64_t desk_seed(const struct desk *d);

/** Chooses the next batch size within a claim. @return HG_OK, or what ends the claim */
typedef hg_err (*choose_fn)(
	void *user, struct store *s, struct store_job *job, hg_recur_decision *out, hg_error *why);

/** The engine's choice where most may be told to wait: hg_recur_job.pilots. */
struct desk_pilots {
	uint32_t most;    /* as there; 0: nobody waits */
	bool wait;        /* told: to wait; desk_next() is then HG_EABORTED, and nothing happened */
	uint32_t running; /* told: trials under way */
};

/**
 * Gives out a trial: each number once, whoever asks at the same time.
 * @param owner   who asks, for people: "host:pid"
 * @param choose  NULL: the engine, with all that is known
 * @param user    of choose; the engine's is a struct desk_pilots, or NULL
 */
hg_err desk_next(struct store *s, const char *name, const char *owner, int64_t lease_ms,
	choose_fn choose, void *user, struct store_trial *out, hg_error *why);

/** What a client is told. */
struct desk_answer {
	struct store_trial trial; /* as it is now */
	uint32_t flags;           /* of this report: HG_RECUR_BAD_*, STORE_LATE */
	bool go_on;
	hg_recur_check_result check; /* where the trial still runs */
};

/**
 * Enters a report and says whether to go on. A trial that is not to go on has ended with that.
 * @param extra  STORE_SIMULATED, STORE_ESTIMATED: added to the trial's flags
 */
hg_err desk_report(struct store *s, const char *name, int64_t number, const hg_recur_report *report,
	uint32_t extra, struct desk_answer *out, hg_error *why);

/** A sign of life: the lease begins anew. out->go_on is false if others made it pointless. */
hg_err desk_beat(
	struct store *s, const char *name, int64_t number, struct desk_answer *out, hg_error *why);

/**
 * Ends a trial. One that has ended stays as it is, and out->flags says HG_RECUR_AFTER_END.
 * @param state  HG_RECUR_STOPPED or HG_RECUR_KILLED
 */
hg_err desk_end(struct store *s, const char *name, int64_t number, uint32_t state,
	struct desk_answer *out, hg_error *why);

#endif
