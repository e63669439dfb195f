/**
 * @file fit.h
 * From a few observed settings to all of them: fits a workload on a known device and predicts what
 * any clock lock or power limit will cost, with intervals.
 *
 * The workload is T seconds at full clock, a share h of it gap; the active rest is compute c and
 * memory under the physics of <hourglass/model.h>, with a power factor D, Pg watts in the gap, and
 * a static power that may differ a little from the device's (temperature, memory traffic).
 * Where its ops are known it is their sum instead, see hg_fit_create(). The six numbers are the
 * most probable ones given the observations and what is known of workloads on this device (its
 * prior, in devices/NAME.json). What the physics leaves over is a Gaussian process: a random walk
 * in the logarithm of the clock with white noise, so that between observations the residual is
 * interpolated and beyond them it is kept, with growing variance (kriging; Matheron 1963, Rasmussen
 * and Williams 2006). Intervals hold parameters, residual and noise: they say where a new
 * observation would fall.
 *
 * Pure functions of data: no clock, no I/O. Same input, same output.
 */
#ifndef HOURGLASS_FIT_H
#define HOURGLASS_FIT_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>
#include <hourglass/model.h>
#include <hourglass/ops.h>

HG_BEGIN_DECLS

/** Most observations of one workload. */
#define HG_FIT_MAX_OBS 1024u

/** What one unit of work cost at a setting. */
typedef struct hg_obs {
	hg_knobs setting;  /**< 0 for a knob left alone, as in hg_knobs */
	double time_s;     /**< seconds for a unit of work */
	double energy_j;   /**< joules for it */
	double time_rsd;   /**< relative standard deviation; 0: unknown, the device's usual noise */
	double energy_rsd; /**< likewise */
} hg_obs;

/** A fitted workload on a device; opaque, immutable. */
typedef struct hg_fit hg_fit;

/** How to fit. Zero-initialise, set `size`, then what you need. */
typedef struct hg_fit_options {
	uint32_t size;               /**< sizeof(hg_fit_options) */
	uint32_t reserved;           /**< 0 */
	double confidence;           /**< of intervals, in (0, 1); 0: 0.8 */
	const hg_workload *workload; /**< what the work consists of, or NULL; see hg_fit_create() */
	const hg_ops *ops;           /**< how long its ops take, or NULL: from the datasheet */
} hg_fit_options;

/**
 * Fits a workload to observations.
 *
 * One observation is enough: the rest is the prior's. Repeats of a setting are welcome, they
 * average. Outliers lose weight beyond 3 standard deviations (soft L1); call hg_obs_check() to
 * have them named.
 *
 * With opts->workload the work is a sum of known ops: host gaps and phases as different as prefill
 * and decode each keep their own balance of compute and memory, and their own clock under a cap.
 * What is fitted then are factors on what was predicted (all times, gaps, compute over memory,
 * dynamic power, power in gaps, static power), which lean to 1 as far as ops' times are known.
 * No observation is needed: without any the intervals say how far off a prediction may be.
 * Complexity: O(n log n); 9 observations take about a millisecond, 1,000 some tenths of a second.
 *
 * @param m     the device; what is needed of it is copied
 * @param obs   n >= 1 observations (0 will do with opts->workload), at most HG_FIT_MAX_OBS
 * @param opts  NULL: defaults
 * @param out   release with hg_fit_destroy()
 * @return HG_OK; HG_EINVAL (a time or energy that is no positive number, a standard deviation that
 *         is negative: says which observation); HG_ERANGE (a setting outside the device's range);
 *         HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_fit_create(const hg_model *m, const hg_obs *obs, size_t n,
	const hg_fit_options *opts, hg_fit **out, hg_error *why);

/** Releases a fit. NULL is fine. */
HG_API void hg_fit_destroy(hg_fit *fit);

/** What a setting will cost. */
typedef struct hg_forecast {
	uint32_t size;      /**< sizeof(hg_forecast) */
	uint32_t flags;     /**< HG_CAP_* */
	uint32_t origin;    /**< HG_ORIGIN_FITTED, or without an observation that of the prediction;
			       with HG_ORIGIN_MEASURED where this very setting was    observed */
	uint32_t nearest;   /**< index of the observation nearest in clock; 0 without any */
	double time_s;      /**< expected (median) seconds for a unit of work */
	double energy_j;    /**< likewise joules */
	double time_rsd;    /**< relative standard deviation of a new observation */
	double energy_rsd;  /**< likewise */
	double time_low_s;  /**< interval of a new observation at the fit's confidence */
	double time_high_s; /**< its upper end */
	double energy_low_j;     /**< likewise */
	double energy_high_j;    /**< likewise */
	double physics_time_s;   /**< without the interpolated residual */
	double physics_energy_j; /**< likewise */
	double clock_hz;         /**< clock of the active part that the physics expects */
} hg_forecast;

/**
 * Predicts a setting. Thread-safe. Complexity: O(observations), some tenths of a microsecond: the
 * residual and the standard deviations are tables over the clock, made when fitting.
 *
 * A cap that even the lowest clock exceeds has HG_CAP_INFEASIBLE, and the figures of that clock:
 * devices do run so, and draw more than the cap.
 *
 * @param out  out->size must be set
 * @return HG_OK; HG_ERANGE (outside the device's range)
 */
HG_API HG_NODISCARD hg_err hg_fit_predict(const hg_fit *fit, const hg_knobs *k, hg_forecast *out);

/** What a fit found. */
typedef struct hg_fit_report {
	uint32_t size;              /**< sizeof(hg_fit_report) */
	uint32_t n;                 /**< observations */
	double time_s;              /**< T: a unit of work at full clock */
	double gap;                 /**< h: share of it that no clock shortens */
	double compute;             /**< c: compute's side of the roofline at full clock, 0 to 1 */
	double compute_w;           /**< D */
	double gap_w;               /**< Pg */
	double static_w;            /**< P0 of this workload */
	double time_ln_sd;          /**< sd of ln T */
	double gap_sd;              /**< of h, to first order */
	double compute_sd;          /**< of c, to first order */
	double compute_w_sd;        /**< of D */
	double gap_w_sd;            /**< of Pg */
	double static_w_sd;         /**< of P0 */
	double physics_time_mape;   /**< mean |relative error| of the physics at the observations */
	double physics_energy_mape; /**< likewise */
} hg_fit_report;

/** Figures of a fit. out->size must be set. */
HG_API void hg_fit_get_report(const hg_fit *fit, hg_fit_report *out);

/** What may be wrong with an observation. */
typedef enum hg_obs_fault {
	HG_OBS_NOT_POSITIVE = 1, /**< time or energy zero, negative or not finite */
	HG_OBS_SETTING = 2,      /**< the device does not have this setting */
	HG_OBS_UNIT = 3,         /**< the mean power is impossible: mJ for J, ms for s */
	HG_OBS_WORK = 4          /**< it does not fit the others: another amount of work, or a
				    disturbed run */
} hg_obs_fault;

/** A fault that was found. */
typedef struct hg_obs_issue {
	uint32_t index;     /**< which observation */
	hg_obs_fault fault; /**< what */
	char text[200];     /**< one line: what is odd, what was expected */
} hg_obs_issue;

/**
 * Looks for observations that cannot be right.
 *
 * Whether one fits the others is judged by the prediction from them: it must be off by more than
 * five standard deviations and by more than half. With two observations only what the clock's range
 * allows is judged.
 * Complexity: a fit for each observation (up to 32; else a fit of all, and one more whenever some
 * are dropped).
 *
 * @param issues  room for at least n
 * @param found   number of issues, in order of observations
 * @return HG_OK, HG_ENOMEM, HG_ELIMIT
 */
HG_API HG_NODISCARD hg_err hg_obs_check(const hg_model *m, const hg_obs *obs, size_t n,
	hg_obs_issue *issues, size_t *found, hg_error *why);

/** Observations of workloads, from a file; opaque, immutable. */
typedef struct hg_obs_set hg_obs_set;

/** The observations of one workload. */
typedef struct hg_obs_group {
	uint32_t size;               /**< sizeof(hg_obs_group) */
	uint32_t n;                  /**< observations */
	const char *name;            /**< the workload */
	const hg_obs *obs;           /**< n of them */
	const uint32_t *lines;       /**< lines of the file that they stand on */
	const hg_workload *workload; /**< what it consists of where the file says, or NULL */
	const char *family;          /**< kind of job, such as "bert"; NULL or "": its own */
} hg_obs_group;

/**
 * Reads observations: CSV with the columns workload, power_limit_w, clock_mhz, time_s, energy_j or
 * power_w, time_rsd, energy_rsd, or hourglass.fit/1 as `hourglass fit -o` writes it. Both are in
 * hourglass-fit(1). Values are not judged: see hg_obs_check().
 *
 * @param text    len bytes, needs no NUL
 * @param origin  what the text is called in errors
 * @param out     release with hg_obs_set_destroy()
 * @return HG_OK; HG_EFORMAT, HG_EVERSION (file, line, field), HG_ELIMIT, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_obs_parse(
	const char *text, size_t len, const char *origin, hg_obs_set **out, hg_error *why);

/** Releases observations. NULL is fine. */
HG_API void hg_obs_set_destroy(hg_obs_set *set);

/** The device that a hourglass.fit/1 file is of; NULL for CSV. */
HG_API const char *hg_obs_set_device(const hg_obs_set *set);

/** How many workloads there are: at least one. */
HG_API size_t hg_obs_set_count(const hg_obs_set *set);

/** The i-th workload, in the order of the file; valid as long as the set. out->size must be set. */
HG_API void hg_obs_set_get(const hg_obs_set *set, size_t i, hg_obs_group *out);

/** The device model that a file holds, as one that nobody described; NULL: none. Of the set. */
HG_API const hg_model *hg_obs_set_model(const hg_obs_set *set);

/**
 * A device of which nothing is known but observations: the ranges of its knobs are theirs (and
 * lower settings), its physics and prior lie between those of devices that were fitted, relative to
 * the highest limit. Forecasts work from it, with wide intervals; predictions of known ops do not.
 *
 * @param name    lower-case letters, digits, '-', '.', '_'
 * @param groups  n >= 1; only size, n and obs matter
 * @param out     release with hg_model_destroy()
 * @return HG_OK; HG_EINVAL (the name); HG_ERANGE (no setting and no power among the observations
 *         that an accelerator could have); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_model_generic(
	const char *name, const hg_obs_group *groups, size_t n, hg_model **out, hg_error *why);

/** So many families of workloads calibrate intervals. */
#define HG_FIT_FAMILIES 3u

/** What a joint fit found; values with their standard deviations. */
typedef struct hg_model_report {
	uint32_t size;          /**< sizeof(hg_model_report) */
	uint32_t workloads;     /**< that were fitted together */
	uint32_t observations;  /**< of all of them */
	uint32_t families;      /**< of workloads */
	uint32_t calibrated;    /**< 1 where intervals were widened by leaving families out */
	uint32_t reserved;      /**< 0 */
	double time_mape;       /**< mean |relative error| of time at the observations */
	double energy_mape;     /**< likewise of energy */
	double static_w;        /**< P0 */
	double static_w_sd;     /**< its sd, to first order */
	double clock_tree_w;    /**< d0 */
	double gap_w;           /**< Pg */
	double gap_w_sd;        /**< its sd, to first order */
	double voltage_knee;    /**< xk */
	double voltage_knee_sd; /**< its sd, to first order */
	double voltage_slope;   /**< s */
	double overlap;         /**< p */
	double overlap_sd;      /**< its sd, to first order */
} hg_model_report;

/**
 * Fits a device's parameters together with those of several workloads that were observed on it, and
 * learns from them what workloads on it are like (its prior): Levenberg-Marquardt on the
 * arrow-shaped joint problem, robust by soft L1. With three families or more, each is left out once
 * to find how wide intervals must be to hold what they say.
 * Complexity: 68 workloads of 7 observations take some seconds, calibration a few times that.
 *
 * @param start   where the fit begins and leans to: the nearest device, or hg_model_generic()
 * @param groups  n >= 2 workloads; 3 observations of each or more are useful
 * @param report  NULL, or receives what was found; report->size must be set
 * @param out     start with other physics and prior; release with hg_model_destroy()
 * @return HG_OK; HG_EINVAL, HG_ERANGE (which observation, as hg_fit_create()); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_model_fit(const hg_model *start, const hg_obs_group *groups, size_t n,
	hg_model_report *report, hg_model **out, hg_error *why);

HG_END_DECLS

#endif
