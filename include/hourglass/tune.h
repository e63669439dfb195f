/**
 * @file tune.h
 * Tuning a job while it runs: which setting to try next, which one to keep, when to look again.
 *
 * A tuner is told what steps of a job took, and says which setting should be in force. It measures
 * few settings: after the first one a model predicts the others, and the next one tried is that of
 * which the most is to be expected, as long as that is more than the trial costs. Then it stays
 * with the best, watches time and power, and looks again when they drift (another batch size, heat,
 * a second tenant). It measures in the job's own steps, across epochs and pauses of any length.
 *
 * A tuner is a state machine without clock, randomness, input or output: the same events give the
 * same answers. Setting the knobs, and putting them back, is the caller's business (control.h).
 *
 * A group of ranks that share one setting has a tuner each. All make the same decisions, as they
 * decide by the same summaries alone, which the ranks exchange by whatever means they have: times
 * count as that of the slowest, energies add.
 *
 * A tuner is for one thread at a time.
 */
#ifndef HOURGLASS_TUNE_H
#define HOURGLASS_TUNE_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/frontier.h>

HG_BEGIN_DECLS

/** A tuner; opaque. */
typedef struct hg_tune hg_tune;

/** Most settings to choose from. */
#define HG_TUNE_SETTINGS 1024

/** Most ranks of a group. */
#define HG_TUNE_RANKS 65536

/**
 * Predicts what settings cost from those that were measured: a model of the device, where one is
 * known. Without it, or where it fails, the tuner predicts by a rule of thumb for power limits and
 * clocks, corrected by what was measured.
 *
 * @param seen  n measured points; `setting` is the index of the setting
 * @param out   n_settings points to fill in, one for each setting: time_s, energy_j, time_rsd and
 *              energy_rsd (> 0) per step
 * @return HG_OK; anything else: no prediction this time
 */
typedef hg_err (*hg_tune_predict_fn)(
	void *user, const hg_point *seen, size_t n, hg_point *out, size_t n_settings);

/** What a tuner is made from. Zero-initialise, set `size`, then what you need. */
typedef struct hg_tune_opts {
	uint32_t size;          /**< sizeof(hg_tune_opts) */
	uint32_t devices;       /**< whose energy one rank tells; 0: 1 */
	hg_objective objective; /**< deadline and budget are those of the whole job; a deadline is
				     in the time of hg_tune_work.now_s */
	double steps; /**< of the whole job; 0: not known (a deadline and a budget need it) */
	const hg_knob_def *knobs; /**< columns of the settings; copied */
	size_t n_knobs;           /**< how many; 0: there is nothing to tune */
	const double *settings; /**< n_settings x n_knobs cells, row by row; copied. NAN: as it is.
				   For a row that differs from the baseline's in several knobs there
				   are also those which differ in one of these alone */
	size_t n_settings;      /**< how many, HG_TUNE_SETTINGS at most */
	size_t baseline;        /**< row of the setting that is in force without tuning */
	uint32_t ranks;         /**< tuners that share one setting; 0: 1 */
	uint32_t min_steps;     /**< shortest trial; 0: 5 */
	uint32_t max_steps;     /**< longest trial, 0: 40, unless the counter needs longer */
	uint32_t settle_steps;  /**< steps not counted after a change of setting; 0: 1 */
	double settle_s;  /**< time not counted after a change, from the begin of a step; 0: 0.1 */
	double counter_s; /**< how much time's energy a reading is off, one standard deviation; 0:
			     0.01 */
	double threshold; /**< stop when no trial is expected to gain this share; 0: 0.001 */
	double drift;     /**< change of time or power that starts over; 0: 0.05 */
	double watch_s;   /**< how often to look for it; 0: 10 */
	hg_tune_predict_fn predict; /**< may be NULL */
	void *predict_user;         /**< first argument of `predict` */
} hg_tune_opts;

/** What some steps took, none of which began under another setting than the last one ended. */
typedef struct hg_tune_work {
	uint32_t size;      /**< sizeof(hg_tune_work) */
	uint32_t flags;     /**< 0 */
	double steps;       /**< how many, > 0; one each time is best */
	double time_s;      /**< that they took together, > 0 */
	double energy_j;    /**< that they took together, >= 0; NAN: not known, such steps are
			       only counted; where it is not for 5 s, or 0 in a stretch, there is
			       nothing to tune */
	double now_s;       /**< since the job began, waiting and pauses included */
	double energy_sd_j; /**< how far energy_j may be off, one standard deviation, as a meter
			       says it; 0 or NAN: by two readings, each as counter_s says */
} hg_tune_work;

/** What one rank measured in one stretch: plain figures, to be exchanged as they are. */
typedef struct hg_tune_summary {
	uint32_t size;       /**< sizeof(hg_tune_summary) */
	uint32_t stretch;    /**< its number, from 0 */
	uint32_t setting;    /**< row */
	uint32_t refused;    /**< 0; 1: the setting could not be made; and 2 << i: nor any other
				value of knob i, where i < 31 */
	double steps;        /**< counted */
	double time_s;       /**< per step, without stragglers */
	double time_rsd;     /**< relative standard deviation of time_s */
	double power_w;      /**< mean */
	double power_rsd;    /**< relative standard deviation of power_w */
	double all_steps;    /**< since the last summary, those not counted too */
	double all_time_s;   /**< that they took */
	double all_energy_j; /**< that they took */
	double now_s;        /**< at its end */
	double longest_s;    /**< that one step took, or passed between two */
	double reading_s;    /**< how far a reading of the energy was off, as time; 0: not known */
} hg_tune_summary;

/** X(name, value, text): what a tuner is doing. */
#define HG_TUNE_PHASE_LIST(X)                                                                      \
	X(HG_TUNE_IDLE, 0, "idle")                                                                 \
	X(HG_TUNE_LEARNING, 1, "learning")                                                         \
	X(HG_TUNE_SETTLED, 2, "settled")

/** What a tuner is doing. */
typedef enum hg_tune_phase {
#define HG_TUNE_PHASE_ENUM(name, value, text) name = (value),
	HG_TUNE_PHASE_LIST(HG_TUNE_PHASE_ENUM)
#undef HG_TUNE_PHASE_ENUM
} hg_tune_phase;

/** Where a tuner stands. Figures of a group are those of all ranks. */
typedef struct hg_tune_report {
	uint32_t size;            /**< sizeof(hg_tune_report) */
	hg_tune_phase phase;      /**< IDLE: there is nothing to tune, `reason` says why */
	const char *reason;       /**< "" unless IDLE; valid for ever */
	size_t setting;           /**< row that should be in force */
	size_t best;              /**< row that is best by what is known */
	size_t baseline;          /**< row of the baseline */
	uint32_t feasible;        /**< 0: by what is known no setting meets the objective */
	uint32_t probes;          /**< settings tried, the baseline included */
	uint32_t refused;         /**< settings that the device did not take */
	uint32_t drifts;          /**< times that it started over */
	double steps;             /**< done */
	double time_s;            /**< of all steps */
	double energy_j;          /**< of all steps */
	double learning_steps;    /**< of those, while learning */
	double learning_time_s;   /**< while learning */
	double learning_energy_j; /**< while learning */
	double saving;          /**< 1 - energy of `best` / energy of the baseline; NAN not known */
	double saving_sd;       /**< its standard deviation */
	double slowdown;        /**< time of `best` / time of the baseline; NAN not known */
	double slowdown_sd;     /**< its standard deviation */
	double saved_j;         /**< by all steps together, against the baseline; NAN not known */
	double saved_sd_j;      /**< its standard deviation */
	uint32_t base_measured; /**< 1: the baseline was measured since the last drift, 0: predicted
				 */
	uint32_t base_unused;   /**< 0 */
} hg_tune_report;

/**
 * Makes a tuner.
 * @return HG_OK, also when there is nothing to tune; HG_EINVAL (names what is wrong); HG_ELIMIT;
 *         HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_tune_create(const hg_tune_opts *opts, hg_tune **out, hg_error *why);

/** Frees. NULL is fine. */
HG_API void hg_tune_destroy(hg_tune *t);

/** The row of the setting that should be in force now. */
HG_API size_t hg_tune_setting(const hg_tune *t);

/** The cells of a row, as many as there are knobs; NULL: no such row. */
HG_API const double *hg_tune_cells(const hg_tune *t, size_t row);

/**
 * The setting that should be in force could not be made: the driver refused, or another value is
 * read back. It will not be asked for again.
 * @param setting  receives the one that should be in force instead; may be NULL
 * @return HG_OK; HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_tune_refused(hg_tune *t, size_t *setting, hg_error *why);

/**
 * As hg_tune_refused(), and it is a knob that cannot be set at all: no setting that differs from
 * the baseline's in it will be asked for again. The other knobs are tuned.
 * @param knob     its column
 * @param setting  receives the one that should be in force instead; may be NULL
 * @return HG_OK; HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_tune_knob_refused(
	hg_tune *t, size_t knob, size_t *setting, hg_error *why);

/**
 * Steps are done. Call it after each step; where steps take less than some milliseconds, after
 * several. Times and energies need not be those of adjacent steps: validation, checkpoints and
 * whatever lies between is not told, but counts in now_s.
 *
 * A single rank decides here; of a group each one has to look for a summary afterwards.
 * Complexity: mostly O(1); where it decides O(settings^2 + settings trials^2 + trials^3), 2 to 3 ms
 * for 64 settings of two knobs of which 6 to 29 were tried, 45 ms for HG_TUNE_SETTINGS.
 *
 * @param setting  receives the row that should be in force from now on; may be NULL
 * @return HG_OK; HG_EINVAL (figures that cannot be: names them; nothing was taken); HG_ENOMEM (it
 *         stays with the setting in force)
 */
HG_API HG_NODISCARD hg_err hg_tune_step(
	hg_tune *t, const hg_tune_work *work, size_t *setting, hg_error *why);

/**
 * What a rank of a group has to tell the others; until all have been told of all
 * (hg_tune_merge()), steps go on at the same setting.
 * @return HG_OK; HG_ENOENT: nothing, measuring goes on
 */
HG_API HG_NODISCARD hg_err hg_tune_get_summary(const hg_tune *t, hg_tune_summary *out);

/**
 * Decides by the summaries of all ranks, its own included, in the order of ranks: the same on every
 * rank. It may come some steps later on one rank than on another.
 * @param n        must be the number of ranks
 * @param setting  receives the row that should be in force from now on; may be NULL
 * @return HG_OK; HG_EINVAL (a summary of another stretch or setting: says which rank);
 *         HG_ENOMEM (it stays with the setting in force)
 */
HG_API HG_NODISCARD hg_err hg_tune_merge(
	hg_tune *t, const hg_tune_summary *ranks, size_t n, size_t *setting, hg_error *why);

/** Where it stands. report->size must be set. */
HG_API void hg_tune_get_report(const hg_tune *t, hg_tune_report *report);

/**
 * What is known of all settings, as a frontier of one step, dominated points included: measured
 * ones with origin MEASURED, the others FITTED; with uncertainties.
 * @param info  may be NULL
 * @return HG_OK; HG_ENOENT (nothing was measured yet); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_tune_frontier(
	const hg_tune *t, const hg_frontier_info *info, hg_frontier **out, hg_error *why);

/**
 * Takes what an earlier run of the job learnt, before the first step: it then begins at the best
 * setting of that, and tries others only if what it sees makes that worth while.
 *
 * @param text    JSON, schema hourglass.tune/1, of hg_tune_remember(); len bytes
 * @param origin  what to call it in errors, such as its file name
 * @param job     name of the job
 * @param device  model of the device
 * @return HG_OK; HG_ENOENT (nothing is known of the job on this device, or of other settings);
 *         HG_EFORMAT, HG_EVERSION (line and field); HG_EINVAL (steps were told already); HG_ELIMIT;
 *         HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_tune_recall(hg_tune *t, const char *text, size_t len,
	const char *origin, const char *job, const char *device, hg_error *why);

/**
 * Writes what was learnt into a text that has that of other jobs.
 * @param text     as of hg_tune_recall(); NULL: there is none yet
 * @param out      receives malloc()ed text with a final NUL; free() it
 * @param out_len  receives its length without the NUL
 * @return as hg_tune_recall(); HG_ENOENT: nothing was learnt
 */
HG_API HG_NODISCARD hg_err hg_tune_remember(const hg_tune *t, const char *text, size_t len,
	const char *origin, const char *job, const char *device, char **out, size_t *out_len,
	hg_error *why);

HG_END_DECLS

#endif
