/*
 * Where recurring jobs are kept: jobs, the trials of each, and every report of each trial.
 *
 * A store is an SQLite file or a PostgreSQL database; both behave alike. What store_commit() has
 * acknowledged, the death of any process at any instant does not take away. Trials are handed out
 * under leases, in the job's own time, which only goes forward however the wall clock jumps.
 *
 * A store is one connection, for one thread at a time and not across fork(). Everything but opening
 * happens inside a transaction; desk.h has the transactions that clients need.
 */
#ifndef HG_STORE_STORE_H
#define HG_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/recur.h>

#include "driver.h"

struct store;

/** The schema that this program writes. */
#define STORE_SCHEMA 2u
/** Room for a job's name, a metric's, an owner, with the NUL. */
#define STORE_NAME 129
/** Room for who a store is, with the NUL. */
#define STORE_UID 40

/** How to open. Zero-initialise, then what you need. */
struct store_opts {
	enum open_mode mode;
	int64_t patience_ms;            /* how long to wait for others; 0: 60 s */
	int64_t (*wall_ms)(void *user); /* SQLite's wall clock; NULL: the machine's */
	void *user;
	unsigned schema; /* for tests: be a program of that schema; 0: STORE_SCHEMA */
};

/**
 * Opens a store: a path, or postgres://... . One that is older is brought up to date, unless it is
 * only read.
 * @return HG_OK; HG_ENOENT; HG_EPERM (read-only); HG_EFORMAT (damaged, or somebody else's: it is
 *         left as it is); HG_EVERSION (made by a newer program, or too old to be only read);
 *         HG_EUNSUPPORTED (no module for PostgreSQL); HG_EIO; HG_ENOMEM
 */
hg_err store_open(
	const char *url, const struct store_opts *opts, struct store **out, hg_error *why);
/** Closes, and rolls back what is under way. NULL is fine. */
void store_close(struct store *s);
/** What it is called in texts. */
const char *store_title(const struct store *s);
/** Who it is: made once, random. */
const char *store_uid(const struct store *s);
/** Wall clock of the transaction under way, or of the last one, in ms since 1970. */
int64_t store_now_ms(const struct store *s);

/**
 * Begins. LOOK sees one state of the store. CLAIM and RECORD write.
 * @return HG_OK; HG_EVERSION (another program has changed the schema since); HG_EPERM; HG_EIO
 */
hg_err store_begin(struct store *s, enum access access, hg_error *why);
hg_err store_commit(struct store *s, hg_error *why);
/** Nothing has happened. Fine also when there is no transaction. */
void store_rollback(struct store *s);
/** Commits if err is HG_OK, else rolls back. @return err, or what the commit said */
hg_err store_end(struct store *s, hg_err err, hg_error *why);

/* ----- jobs */

/** Room for a setting as text, with the NUL. */
#define STORE_SETTING 160

/** What an epoch of one size costs at the setting of the device that was chosen for it. */
struct store_epoch {
	double time_s, energy_j;     /* 0: not known */
	char setting[STORE_SETTING]; /* "power_limit_w=200 sm_clock_mhz=1200"; "": as it is */
};

/** What a job is: all of hg_recur_job, and how its metric is called. */
struct store_spec {
	uint32_t n_sizes, default_size, max_epochs, policy, horizon;
	uint32_t batch_sizes[HG_RECUR_MAX_SIZES];
	uint32_t lower_is_better;
	char metric[STORE_NAME];
	double target, eta, max_power_w;
	double beta, confidence; /* 0: the engine's */
	int64_t seed;
	struct store_epoch epochs[HG_RECUR_MAX_SIZES]; /* by frontiers, of each size */
};

struct store_job {
	char name[STORE_NAME];
	struct store_spec spec;
	int64_t created_ms; /* wall */
	int64_t clock_ms;   /* the job's own time */
	int64_t trials;     /* numbers given out */
	int64_t ended;      /* places given out in the order of endings */
};

/** Whether a name may be a job's: 1 to 128 of letters, digits and . _ - / */
bool store_name_fits(const char *name);
/** The setting for a batch size; "" where none is known. Lives as long as spec. */
const char *store_spec_setting(const struct store_spec *spec, uint32_t batch_size);
/** The job as the engine wants it, without frontiers; points into spec. */
void store_spec_job(const struct store_spec *spec, hg_recur_job *out);
/** Appends the spec as a JSON object. */
void store_spec_json(struct buf *out, const struct store_spec *spec);
/** Reads what store_spec_json() writes. @return HG_OK, HG_EFORMAT */
hg_err store_spec_read(
	const char *text, size_t len, const char *origin, struct store_spec *out, hg_error *why);
/** Whether the engine takes it. @return HG_OK; HG_EINVAL (names the field) */
hg_err store_spec_check(const struct store_spec *spec, hg_error *why);
/** Whether two are the same, number for number. */
bool store_spec_same(const struct store_spec *a, const struct store_spec *b);

/** @return HG_OK; HG_EINVAL (there is one of that name, or the name does not fit) */
hg_err store_job_add(struct store *s, const char *name, const struct store_spec *spec,
	int64_t created_ms, hg_error *why);
/** @return HG_OK; HG_ENOENT (names the nearest) */
hg_err store_job_get(struct store *s, const char *name, struct store_job *out, hg_error *why);
/** As store_job_get(), holds the job for this transaction, and moves its time on. */
hg_err store_job_hold(struct store *s, const char *name, struct store_job *out, hg_error *why);
/** Writes trials and ended back. */
hg_err store_job_count(struct store *s, const struct store_job *job, hg_error *why);

typedef hg_err (*job_fn)(void *user, const struct store_job *job);
/** Each job, by name. */
hg_err store_jobs(struct store *s, job_fn each, void *user, hg_error *why);

/** One job that another learns from. */
struct store_kin {
	char job[STORE_NAME];
	uint32_t kin; /* hg_recur_kin */
};
hg_err store_kin_add(struct store *s, const char *job, const struct store_kin *kin, hg_error *why);
typedef hg_err (*kin_fn)(void *user, const struct store_kin *kin);
hg_err store_kins(struct store *s, const char *job, kin_fn each, void *user, hg_error *why);

/* ----- trials */

/** A report came after the trial's lease had run out. Flags beside HG_RECUR_BAD_*. */
#define STORE_LATE 0x100u
/** Its lease has run out, and nobody has been heard of since. */
#define STORE_EXPIRED 0x200u
/** Some of its energy is simulated. */
#define STORE_SIMULATED 0x400u
/** Some of its energy is by a model. */
#define STORE_ESTIMATED 0x800u

struct store_trial {
	char job[STORE_NAME];
	int64_t number;         /* from 1, within the job: "JOB:NUMBER" */
	char origin[STORE_UID]; /* the store where it ran */
	int64_t origin_number;  /* its number there */
	hg_recur_trial t;
	uint32_t max_epochs, reason; /* of the decision */
	double bound_j;
	char owner[STORE_NAME];
	int64_t lease_ms;             /* how long a sign of life is good for */
	int64_t lease_until_ms;       /* the job's time */
	int64_t started_ms, ended_ms; /* wall; ended_ms 0: running */
	int64_t order;                /* of its ending; 0: running */
	int64_t reports;
};

hg_err store_trial_add(struct store *s, const struct store_trial *t, hg_error *why);
/** @return HG_OK; HG_ENOENT */
hg_err store_trial_get(
	struct store *s, const char *job, int64_t number, struct store_trial *out, hg_error *why);
/** Writes all that may change. */
hg_err store_trial_put(struct store *s, const struct store_trial *t, hg_error *why);
/** The number here of a trial from another store. @return HG_OK; HG_ENOENT (not here yet) */
hg_err store_trial_find(
	struct store *s, const struct store_trial *t, int64_t *number, hg_error *why);

typedef hg_err (*trial_fn)(void *user, const struct store_trial *t);
/** Each trial of a job: ended ones in the order of their endings, then the running ones. */
hg_err store_trials(struct store *s, const char *job, trial_fn each, void *user, hg_error *why);
/** Running trials whose lease has run out at that time of the job. */
hg_err store_overdue(struct store *s, const char *job, int64_t clock_ms, trial_fn each, void *user,
	hg_error *why);

/** Reads "JOB:NUMBER". @return HG_OK, HG_EINVAL */
hg_err store_trial_id(const char *text, char job[STORE_NAME], int64_t *number, hg_error *why);

/* ----- reports */

struct store_report {
	int64_t seq;                             /* from 1, within the trial */
	double epochs, metric, energy_j, time_s; /* as reported; NAN: not */
	uint32_t flags;                          /* what was wrong with it */
	int64_t at_ms;                           /* wall */
};

hg_err store_report_add(struct store *s, const char *job, int64_t number,
	const struct store_report *r, hg_error *why);
typedef hg_err (*report_fn)(void *user, const struct store_report *r);
hg_err store_reports(struct store *s, const char *job, int64_t number, report_fn each, void *user,
	hg_error *why);
typedef hg_err (*newest_fn)(void *user, int64_t number, const struct store_report *r);
/** Reports of all trials of a job after number `after`, by number and then in order. */
hg_err store_newest_reports(
	struct store *s, const char *job, int64_t after, newest_fn each, void *user, hg_error *why);

/* ----- care */

/** Appends a line for everything that is wrong with the database and what is in it. */
hg_err store_check(struct store *s, struct buf *wrong, hg_error *why);
/** Writes a copy; path must not be there. @return HG_OK; HG_EUNSUPPORTED (PostgreSQL); ... */
hg_err store_backup(struct store *s, const char *path, hg_error *why);

#endif
