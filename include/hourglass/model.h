/**
 * @file model.h
 * The physics of an accelerator: what a piece of work costs at a clock or under a power cap.
 *
 * Per op, with x = clock / highest clock, a voltage with a floor, and a roofline whose two sides
 * overlap in part:
 *
 *     v(x)  = (1 + s max(0, x - xk)) / (1 + s (1 - xk))        voltage: a floor, then linear
 *     m(x)  = M max(1, xm / x)^qm                              memory roof below a clock knee
 *     tk(x) = ((C / x)^p + m(x)^p)^(1/p)                       p-norm roofline
 *     t(x)  = h + tk(x)                                        h: host gap, not scaled by the clock
 *     P(x)  = P0 + v^2 x (d0 + D (C / x) / tk) + km M / tk     active power
 *     E     = P tk + Pg h
 *
 * C and M are the seconds of compute and memory traffic at full clock. A power cap acts on the
 * active power: the clock falls to the highest one with P(x) <= cap. A cap below what the lowest
 * clock draws is infeasible: an answer, not a made-up clock. What differs between devices lies in
 * devices/NAME.json, each number with its source; the work lies in workloads/NAME.json.
 *
 * Models and workloads are immutable once loaded; all functions here are thread-safe.
 */
#ifndef HOURGLASS_MODEL_H
#define HOURGLASS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** A device model; opaque. */
typedef struct hg_model hg_model;

/** A workload: what one unit of it consists of; opaque. */
typedef struct hg_workload hg_workload;

/** A workload prepared for a device: tables for fast answers; opaque. */
typedef struct hg_predictor hg_predictor;

/**
 * Loads a device model.
 * @param name_or_path  a name or alias ("h100-sxm", "h100") of a compiled-in device, also as a
 *                      driver says it ("NVIDIA H100 80GB HBM3"), or the path of a JSON file
 *                      (anything with a '/' or ending in ".json")
 * @param data_dir      directory whose devices/NAME.json come before the compiled-in ones, or NULL
 * @param out           release with hg_model_destroy()
 * @return HG_OK; HG_ENOENT (lists the known names); HG_EFORMAT, HG_EVERSION (file, line, field);
 *         HG_EIO; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_model_load(
	const char *name_or_path, const char *data_dir, hg_model **out, hg_error *why);

/** Releases a model. NULL is fine. */
HG_API void hg_model_destroy(hg_model *m);

/** Name of the i-th compiled-in device, in alphabetic order, or NULL past the end. */
HG_API const char *hg_model_builtin(size_t i);

/**
 * Writes hourglass.device/1: what was read, or fitted, each number with its source. Aliases are
 * left out: a file is named by its path.
 * @param text  receives malloc()ed text with a final NUL; free() it
 * @return HG_OK, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_model_format(
	const hg_model *m, char **text, size_t *len, hg_error *why);

/** What a device model says in figures; hardware units. */
typedef struct hg_model_info {
	uint32_t size;           /**< sizeof(hg_model_info) */
	const char *name;        /**< "h100-sxm" */
	const char *title;       /**< "NVIDIA H100 SXM5 80GB" */
	const char *vendor;      /**< "nvidia" */
	double clock_min_hz;     /**< lowest clock that can be locked */
	double clock_max_hz;     /**< highest clock */
	double clock_step_hz;    /**< distance between two clocks */
	double cap_min_w;        /**< lowest power limit that can be set */
	double cap_max_w;        /**< highest power limit */
	double cap_default_w;    /**< power limit after a reset */
	double idle_w;           /**< power with no work */
	double peak_flops;       /**< dense 16-bit FLOP/s at the highest clock */
	double peak_bytes_per_s; /**< memory bandwidth */
} hg_model_info;

/** Figures of a device model; strings valid as long as the model. info->size must be set. */
HG_API void hg_model_get_info(const hg_model *m, hg_model_info *info);

/**
 * Loads a workload: a compiled-in name ("resnet50-training", "llm-prefill", "llm-decode",
 * "llm-layer-decode", "gpt-pipeline-stage") or a path. Parameters and errors as hg_model_load().
 */
HG_API HG_NODISCARD hg_err hg_workload_load(
	const char *name_or_path, const char *data_dir, hg_workload **out, hg_error *why);

/** Releases a workload. NULL is fine. */
HG_API void hg_workload_destroy(hg_workload *w);

/** Name of the i-th compiled-in workload, in alphabetic order, or NULL past the end. */
HG_API const char *hg_workload_builtin(size_t i);

/** Name of the workload. */
HG_API const char *hg_workload_name(const hg_workload *w);

/** What one unit of the workload is called, such as "step" or "token". */
HG_API const char *hg_workload_unit(const hg_workload *w);

/** The JSON that the workload was read from; valid as long as the workload. */
HG_API const char *hg_workload_text(const hg_workload *w);

/** A setting of a device's knobs. */
typedef struct hg_knobs {
	double clock_hz; /**< locked clock; 0: not locked, the highest one */
	double cap_w;    /**< power limit; 0: the device's default */
} hg_knobs;

/** The asked clock is held; the cap does not matter. */
#define HG_CAP_NOT_BINDING 1u
/** Even the lowest clock draws more than the cap: figures are those of the lowest clock. */
#define HG_CAP_INFEASIBLE 2u

/** A prediction for one unit of work. */
typedef struct hg_estimate {
	double time_s;      /**< seconds */
	double energy_j;    /**< joules */
	double clock_hz;    /**< time-weighted mean clock of the active part */
	double power_max_w; /**< highest active power of any op */
	uint32_t flags;  /**< HG_CAP_*; NOT_BINDING when it binds for no op, INFEASIBLE when for any
			  */
	uint32_t origin; /**< HG_ORIGIN_SIMULATED: no device did this. With it HG_ORIGIN_FITTED or
			    HG_ORIGIN_DATASHEET where the device's numbers come from there */
} hg_estimate;

/**
 * Prepares a workload for a device: tables of 64 clocks per distinct op.
 * Keeps copies of what it needs of m and w.
 * @param out  release with hg_predictor_destroy()
 * @return HG_OK, HG_ENOMEM, HG_EINVAL
 */
HG_API HG_NODISCARD hg_err hg_predictor_create(
	const hg_model *m, const hg_workload *w, hg_predictor **out, hg_error *why);

/** Releases a predictor. NULL is fine. */
HG_API void hg_predictor_destroy(hg_predictor *p);

/**
 * Predicts one unit of work at a setting.
 * Complexity: O(distinct ops), some tens of nanoseconds each.
 *
 * @param k    a clock outside the device's range is HG_ERANGE; so is a cap
 * @return HG_OK, also when the cap is infeasible: look at out->flags; HG_ERANGE
 */
HG_API HG_NODISCARD hg_err hg_predictor_eval(
	const hg_predictor *p, const hg_knobs *k, hg_estimate *out);

HG_END_DECLS

#endif
