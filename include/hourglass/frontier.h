/**
 * @file frontier.h
 * The waist of the hourglass: the time-energy Pareto frontier.
 *
 * For a fixed piece of work, each setting of a device's knobs costs some seconds and some joules.
 * A frontier keeps the settings that no other setting beats in both. It is all that hardware and
 * software exchange (arXiv 2404.06675, section 3).
 *
 * Invariants of every hg_frontier:
 *  - at least one point; times strictly increase, energies strictly decrease along the points;
 *  - every time and energy is finite and not negative;
 *  - immutable: any number of threads may use it at once. It is reference counted;
 *  - a frontier made by an operation (series, parallel, ...) keeps its children alive, and knows
 *    of each of its points which points of which children realise it.
 *
 * Units: seconds and joules per unit of work; the unit of work is named ("iteration", "epoch").
 */
#ifndef HOURGLASS_FRONTIER_H
#define HOURGLASS_FRONTIER_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/* ------------------------------------------------------------------ points and what they mean */

/** Row of a frontier's setting table. */
typedef uint32_t hg_setting;

/** A point of a composed frontier has no setting of its own: ask hg_frontier_parts(). */
#define HG_SETTING_NONE UINT32_MAX

/** X(name, bit, text): where a figure comes from; a bit set. */
#define HG_ORIGIN_LIST(X)                                                                          \
	X(HG_ORIGIN_MEASURED, 1u, "measured")                                                      \
	X(HG_ORIGIN_FITTED, 2u, "fitted")                                                          \
	X(HG_ORIGIN_DATASHEET, 4u, "datasheet")                                                    \
	X(HG_ORIGIN_SIMULATED, 8u, "simulated")

/** Where a figure comes from. A composed point has the bits of all its parts. */
enum hg_origin {
#define HG_ORIGIN_ENUM(name, bit, text) name = (bit),
	HG_ORIGIN_LIST(HG_ORIGIN_ENUM)
#undef HG_ORIGIN_ENUM
};

/** One way to do a fixed amount of work. */
typedef struct hg_point {
	double time_s;      /**< seconds per unit of work */
	double energy_j;    /**< joules per unit of work */
	double time_rsd;    /**< relative standard deviation of time_s; 0 exact, NAN unknown */
	double energy_rsd;  /**< relative standard deviation of energy_j; 0 exact, NAN unknown */
	hg_setting setting; /**< row of the setting table, or HG_SETTING_NONE */
	uint32_t origin;    /**< bits of enum hg_origin; 0 unknown */
} hg_point;

/** A column of the setting table: one knob. */
typedef struct hg_knob_def {
	const char *name;           /**< such as "power_limit_w", "batch_size"; unique, not empty */
	const char *unit;           /**< such as "W", "MHz"; "" for none */
	const char *const *choices; /**< NULL for a number; else the words a cell may stand for */
	size_t n_choices;           /**< how many words; a cell holds the index of one */
} hg_knob_def;

/** What a frontier says about itself. Strings are never NULL when the library fills this in. */
typedef struct hg_frontier_info {
	uint32_t size;         /**< sizeof(hg_frontier_info) */
	uint32_t devices;      /**< devices that worked together on one unit of work; 0: unknown */
	const char *name;      /**< free text; "" none */
	const char *work_unit; /**< such as "iteration", "epoch", "40 steps"; "" unknown */
	const char *device;    /**< device model, such as "V100"; "" unknown */
	const char *source;    /**< file or tool the points came from; "" unknown */
	double static_power_w; /**< W that all devices together draw while they wait; NAN unknown */
	double max_power_w; /**< reference power P_max of the Zeus cost, all devices; NAN unknown */
} hg_frontier_info;

/** Zero of hg_frontier_info: nothing known. */
#define HG_FRONTIER_INFO_INIT                                                                      \
	{                                                                                          \
		sizeof(hg_frontier_info), 0, "", "", "", "", (double)NAN, (double)NAN              \
	}

/** A frontier; opaque. */
typedef struct hg_frontier hg_frontier;

/* ------------------------------------------------------------------------------------- building */

/** How to build. Zero-initialise, set `size`, then what you need. */
typedef struct hg_build_opts {
	uint32_t size;                /**< sizeof(hg_build_opts) */
	uint32_t flags;               /**< HG_BUILD_* */
	const hg_frontier_info *info; /**< NULL: nothing known; strings are copied */
	const hg_knob_def *knobs;     /**< columns of the setting table; copied */
	size_t n_knobs;               /**< how many columns */
	const double *settings; /**< n_settings x n_knobs cells, row by row; copied. NAN: absent */
	size_t n_settings;      /**< how many rows */
	double near_tie_sigmas; /**< k > 0: drop a slower point unless it saves more than k standard
				     deviations of the difference; 0: compare exactly */
} hg_build_opts;

/** Keep dominated points too, see hg_frontier_dominated(); near ties are not among them. */
#define HG_BUILD_KEEP_DOMINATED 1u
/** Two points with the same setting are an error (HG_EINVAL). */
#define HG_BUILD_UNIQUE_SETTINGS 2u

/**
 * Builds a frontier from any cloud of points, in any order.
 *
 * Of several points with equal time and energy the first given is kept.
 * Complexity: O(n) for the points that a coarse grid shows to be dominated, radix sort for the
 * rest.
 *
 * @param points  n >= 1 points; copied. Each setting < opts->n_settings or HG_SETTING_NONE
 * @param opts    may be NULL: no settings, nothing known
 * @param out     receives the frontier; release it with hg_frontier_destroy()
 * @param why     may be NULL
 * @return HG_OK; HG_EINVAL (no points, NAN, infinite or negative figures, bad setting, names the
 *         point's index); HG_ENOMEM; HG_ELIMIT (more than 2^31 - 1 points)
 */
HG_API HG_NODISCARD hg_err hg_frontier_build(const hg_point *points, size_t n,
	const hg_build_opts *opts, hg_frontier **out, hg_error *why);

/** One more owner. Thread-safe. @return f */
HG_API hg_frontier *hg_frontier_ref(hg_frontier *f);

/** One owner less; the last one frees. NULL is fine. Thread-safe. */
HG_API void hg_frontier_destroy(hg_frontier *f);

/* ------------------------------------------------------------------------------------ looking in
 */

/** Number of points, at least 1. */
HG_API size_t hg_frontier_count(const hg_frontier *f);

/** The points, fastest first; valid as long as the frontier. */
HG_API const hg_point *hg_frontier_points(const hg_frontier *f);

/**
 * Points that are worth taking only while waiting is charged: dominated in (time, energy), but no
 * faster point has as little effective energy e - static_power_w * t. They exist only where the
 * static power is known and above 0, and lie right behind the points in memory: the index of the
 * first one is hg_frontier_count(). Picks with HG_CHARGE_WAITING and parts of composed points may
 * name them.
 * @param n  receives how many
 * @return the points, by time
 */
HG_API const hg_point *hg_frontier_waiting(const hg_frontier *f, size_t *n);

/**
 * The other points that were built with HG_BUILD_KEEP_DOMINATED and lost; by time.
 * @param n  receives how many
 */
HG_API const hg_point *hg_frontier_dominated(const hg_frontier *f, size_t *n);

/**
 * Indices into hg_frontier_points() of the lower convex hull's vertices, fastest first: what
 * mixing settings over time can reach. The first and the last point always belong to it.
 * @param n  receives how many
 */
HG_API const uint32_t *hg_frontier_hull(const hg_frontier *f, size_t *n);

/** What the frontier says about itself; strings valid as long as the frontier. @p info->size must
 * be set. */
HG_API void hg_frontier_get_info(const hg_frontier *f, hg_frontier_info *info);

/** The knob table. @param n receives how many columns (0 for composed frontiers) */
HG_API const hg_knob_def *hg_frontier_knobs(const hg_frontier *f, size_t *n);

/**
 * One row of the setting table: as many cells as there are knobs.
 * @return NULL if there is no such row or no knob
 */
HG_API const double *hg_frontier_setting(const hg_frontier *f, hg_setting row);

/** Column of a knob by name. @return its index, or SIZE_MAX */
HG_API size_t hg_frontier_knob_index(const hg_frontier *f, const char *name);

/**
 * Copy with other info (name, unit of work, static power, ...); points, settings and provenance
 * stay.
 * @return HG_OK, HG_EINVAL, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_with_info(
	const hg_frontier *f, const hg_frontier_info *info, hg_frontier **out, hg_error *why);

/* -------------------------------------------------------------------------------------- queries */

/** X(name, value, text): what a user may ask for. */
#define HG_OBJECTIVE_LIST(X)                                                                       \
	X(HG_MIN_ENERGY, 0, "min-energy")                                                          \
	X(HG_MIN_TIME, 1, "min-time")                                                              \
	X(HG_ETA, 2, "eta")                                                                        \
	X(HG_MAX_SLOWDOWN, 3, "max-slowdown")                                                      \
	X(HG_DEADLINE, 4, "deadline")                                                              \
	X(HG_BUDGET, 5, "budget")                                                                  \
	X(HG_KNEE, 6, "knee")

/** What to look for. */
typedef enum hg_objective_kind {
#define HG_OBJECTIVE_ENUM(name, value, text) name = (value),
	HG_OBJECTIVE_LIST(HG_OBJECTIVE_ENUM)
#undef HG_OBJECTIVE_ENUM
} hg_objective_kind;

/**
 * An objective. Zero-initialise, set `size` and `kind`, then what the kind needs.
 *
 * | kind | value | answer |
 * |---|---|---|
 * | HG_MIN_ENERGY | - | least energy |
 * | HG_MIN_TIME | - | least time |
 * | HG_ETA | eta in [0, 1] | argmin eta * e + (1 - eta) * P_max * t (Zeus, NSDI'23, eq. 2) |
 * | HG_MAX_SLOWDOWN | factor >= 1 | cheapest point with t <= factor * fastest time |
 * | HG_DEADLINE | seconds | cheapest point with t <= deadline |
 * | HG_BUDGET | joules | fastest point with e <= budget |
 * | HG_KNEE | - | point farthest below the chord from fastest to cheapest (both axes scaled to 1) |
 */
typedef struct hg_objective {
	uint32_t size;          /**< sizeof(hg_objective) */
	hg_objective_kind kind; /**< what to look for */
	double value;           /**< see the table */
	double max_power_w;     /**< P_max for HG_ETA; 0 or NAN: the frontier's own max_power_w */
	uint32_t flags;         /**< HG_CHARGE_WAITING */
} hg_objective;

/**
 * "Cheapest" means least effective energy e - static_power_w * t: finishing early does not stop
 * the meter. With HG_DEADLINE that is least energy over the whole window up to the deadline.
 * Applies to HG_MIN_ENERGY, HG_MAX_SLOWDOWN and HG_DEADLINE; an unknown static power counts as 0.
 */
#define HG_CHARGE_WAITING 1u

/** An answer. When nothing is feasible, the nearest feasible-by-other-means point is in it. */
typedef struct hg_pick {
	uint32_t size;     /**< sizeof(hg_pick) */
	uint32_t feasible; /**< 1, or 0: `point` misses the objective, and is the nearest to it */
	size_t index; /**< of the point in hg_frontier_points(), or behind: hg_frontier_waiting() */
	hg_point point; /**< the point */
	double cost;    /**< HG_ETA: the Zeus cost in J; else the effective energy in J, or e */
} hg_pick;

/**
 * Answers an objective.
 *
 * Nearest point when infeasible: the fastest one for a deadline, the cheapest one for a budget.
 * Complexity: O(log n). Thread-safe.
 *
 * @return HG_OK, also when infeasible: look at pick->feasible; HG_EINVAL (value out of its range;
 *         HG_ETA without any P_max)
 */
HG_API HG_NODISCARD hg_err hg_frontier_pick(
	const hg_frontier *f, const hg_objective *objective, hg_pick *pick, hg_error *why);

/** Two settings, one after the other, that together take exactly a given time. */
typedef struct hg_blend {
	uint32_t size;     /**< sizeof(hg_blend) */
	uint32_t feasible; /**< 0: time below the fastest point; both indices are 0 then */
	size_t fast;       /**< index of the faster point, a vertex of the hull */
	size_t slow;       /**< index of the slower point; == fast when one setting does it */
	double fraction;   /**< share of the work done at `slow`, 0..1 */
	double time_s;     /**< time of the blend: the asked one, or less above the slowest point */
	double energy_j;   /**< energy of the blend */
} hg_blend;

/**
 * Cheapest two-point mix that takes time_s: the hull's value at time_s.
 * Complexity: O(log n). Thread-safe.
 * @return HG_OK, also when infeasible; HG_EINVAL (time_s NAN or negative)
 */
HG_API HG_NODISCARD hg_err hg_frontier_blend(
	const hg_frontier *f, double time_s, hg_blend *blend, hg_error *why);

/* -------------------------------------------------------------------------------------- algebra */

/** X(name, value, text): how a frontier was composed. */
#define HG_OP_LIST(X)                                                                              \
	X(HG_OP_NONE, 0, "none")                                                                   \
	X(HG_OP_SERIES, 1, "series")                                                               \
	X(HG_OP_PARALLEL, 2, "parallel")                                                           \
	X(HG_OP_REPEAT, 3, "repeat")                                                               \
	X(HG_OP_UNION, 4, "union")

/** How a frontier was composed from its children. */
typedef enum hg_op_kind {
#define HG_OP_ENUM(name, value, text) name = (value),
	HG_OP_LIST(HG_OP_ENUM)
#undef HG_OP_ENUM
} hg_op_kind;

/** Part of a composed point: `count` units of work done at point `point` of child `child`. */
typedef struct hg_part {
	uint32_t child; /**< index of the child */
	uint32_t point; /**< index into the child's points */
	uint32_t count; /**< how many units of the child's work */
} hg_part;

/** Compose the convex hulls only: O(sum of sizes), every point still realisable. */
#define HG_SERIES_HULL 1u

/**
 * One after the other: all ways to do one unit of each child's work in sequence.
 *
 * By default the exact Pareto set of all sums of points (Minkowski sum), O(product of sizes) at
 * worst, refused with HG_ELIMIT above 2^26 sums. With HG_SERIES_HULL the exact Minkowski sum of
 * the convex hulls: merge of segments by slope, O(total vertices * log n) and at most as many
 * vertices as the children have together.
 *
 * Uncertainties add in quadrature (children independent). max_power_w is the largest, and so is
 * static_power_w: the same device is meant, and waiting is not to be underestimated.
 *
 * @param children  n >= 1; the same frontier may stand several times
 * @return HG_OK, HG_EINVAL, HG_ELIMIT, HG_ERANGE (figures overflow), HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_series(
	hg_frontier *const *children, size_t n, uint32_t flags, hg_frontier **out, hg_error *why);

/**
 * At once, synchronously: time is the largest, energies add, and whoever is done first waits for
 * the slowest at its own static power (unknown counts as 0). Exact on the points.
 *
 * static_power_w, max_power_w and devices add. Complexity: O(total points * log n).
 *
 * @return HG_OK, HG_EINVAL, HG_ELIMIT, HG_ERANGE (figures overflow), HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_parallel(
	hg_frontier *const *children, size_t n, hg_frontier **out, hg_error *why);

/**
 * The same work `times` times in sequence, each with a setting of its own: at most one change of
 * setting, between neighbours on the hull. times * (vertices - 1) + 1 points, at most 2^24.
 * For one setting throughout use hg_frontier_scale().
 *
 * @return HG_OK, HG_EINVAL (times == 0), HG_ELIMIT, HG_ERANGE (figures overflow), HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_repeat(
	hg_frontier *child, uint32_t times, hg_frontier **out, hg_error *why);

/**
 * Multiplies all times and energies: another unit of work, or another device's speed. Settings
 * stay (a composed child's parts too); static power becomes * energy_factor / time_factor,
 * max_power_w stays.
 *
 * @param time_factor    > 0, finite
 * @param energy_factor  > 0, finite
 * @return HG_OK, HG_EINVAL, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_scale(const hg_frontier *f, double time_factor,
	double energy_factor, hg_frontier **out, hg_error *why);

/**
 * Alternatives: the same work on any one of the children (device types, batch sizes).
 * static_power_w is known only when all children agree; max_power_w is the largest.
 *
 * @return HG_OK, HG_EINVAL, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_union(
	hg_frontier *const *children, size_t n, hg_frontier **out, hg_error *why);

/**
 * What mixing over time can reach: only the vertices of the convex hull, settings kept.
 * Blends between them: hg_frontier_blend().
 *
 * @return HG_OK, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_mix(const hg_frontier *f, hg_frontier **out, hg_error *why);

/** How the frontier was composed; HG_OP_NONE for a built one. */
HG_API hg_op_kind hg_frontier_op(const hg_frontier *f);

/** Number of children; 0 for a built frontier. */
HG_API size_t hg_frontier_children(const hg_frontier *f);

/** Child i, owned by f; hg_frontier_ref() it to keep it. @return NULL if there is none */
HG_API hg_frontier *hg_frontier_child(const hg_frontier *f, size_t i);

/**
 * What realises a point of a composed frontier, one level down.
 * @param n  receives how many parts; 0 for a built frontier
 * @return the parts, valid as long as f
 */
HG_API const hg_part *hg_frontier_parts(const hg_frontier *f, size_t point, size_t *n);

/**
 * Receives one leaf of a realisation: `count` units at point `point` of the built frontier `leaf`.
 * @return 0 to go on, anything else to stop
 */
typedef int (*hg_leaf_fn)(void *user, const hg_frontier *leaf, size_t point, uint64_t count);

/**
 * Walks down to the built frontiers that realise a point, in order.
 * @return HG_OK, HG_EINVAL (no such point), HG_EABORTED (fn stopped), HG_ELIMIT (counts overflow)
 */
HG_API HG_NODISCARD hg_err hg_frontier_realise(
	const hg_frontier *f, size_t point, hg_leaf_fn fn, void *user);

/* ----------------------------------------------------------------------------- reading and writing
 */

/** File formats. */
typedef enum hg_format {
	HG_FORMAT_AUTO =
		0, /**< by content when reading, by the file's name (.csv or not) when writing */
	HG_FORMAT_JSON =
		1,        /**< hourglass.frontier/1 as JSON: everything, unknown fields included */
	HG_FORMAT_CSV = 2 /**< one row a point; "#" lines carry the info; composed parts are lost */
} hg_format;

/**
 * Reads a frontier from memory. Numbers round-trip exactly; unknown fields are kept for writing.
 *
 * @param text    len bytes; no terminator needed
 * @param origin  what to call the input in errors, such as its file name
 * @return HG_OK; HG_EFORMAT (names line and field); HG_EVERSION (names the version); HG_EINVAL;
 *         HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_parse(const char *text, size_t len, hg_format format,
	const char *origin, hg_frontier **out, hg_error *why);

/**
 * Reads a frontier file. @return as hg_frontier_parse(), and HG_ENOENT, HG_EPERM, HG_EIO
 */
HG_API HG_NODISCARD hg_err hg_frontier_load(
	const char *path, hg_format format, hg_frontier **out, hg_error *why);

/**
 * Writes a frontier to memory.
 * @param text  receives malloc()ed text with a final NUL; free() it
 * @param len   receives its length without the NUL
 * @return HG_OK; HG_EINVAL (text that is no UTF-8); HG_ELIMIT (longer than 1 GiB, or nested deeper
 *         than a reader goes); HG_EUNSUPPORTED (CSV cannot hold it); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_format(
	const hg_frontier *f, hg_format format, char **text, size_t *len, hg_error *why);

/**
 * Writes a frontier file: temporary file, fsync, rename. The old file stays until the new is whole.
 * @return as hg_frontier_format(), and HG_EIO, HG_EPERM, HG_ENOENT (no such directory)
 */
HG_API HG_NODISCARD hg_err hg_frontier_save(
	const hg_frontier *f, const char *path, hg_format format, hg_error *why);

/** What to take from a CSV with named columns. Zero-initialise, set `size`, then what you need. */
typedef struct hg_csv_import {
	uint32_t size;      /**< sizeof(hg_csv_import) */
	uint32_t devices;   /**< how many devices the figures cover; 0: 1 */
	const char *time;   /**< column with the time, "COL" or "COL:UNIT" (s, ms, us, min, h) */
	const char *energy; /**< column with the energy, "COL" or "COL:UNIT" (J, mJ, kJ, Wh, ...) */
	const char *power;  /**< instead of energy: mean power (W, mW, kW); e = power * time */
	const char *const *knobs; /**< "COL", "COL=NAME" or "COL=NAME:UNIT"; numbers or words */
	size_t n_knobs;           /**< how many, at least 1 */
	const char *const
		*where; /**< "COL=VALUE": only rows where all hold; numbers compare as numbers */
	size_t n_where; /**< how many */
	const hg_frontier_info *info; /**< NULL, or what the file does not say; max_power_w NAN:
					 largest power limit of the rows that hold, times devices */
} hg_csv_import;

/**
 * Imports any CSV with a header line. One row is one setting; the same setting twice is an error
 * that names both lines. Dominated rows are kept as such.
 *
 * @param origin  what to call the input in errors
 * @return HG_OK; HG_EFORMAT (line, column and what was expected); HG_EINVAL (no such column, bad
 *         option, no row holds); HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_frontier_import_csv(const char *text, size_t len, const char *origin,
	const hg_csv_import *opts, hg_frontier **out, hg_error *why);

/**
 * Imports the windows of Zeus's GlobalPowerLimitOptimizer (start_time, window_name ending in
 * "_WATTS", elapsed_time, gpuN_energy...): energies of all devices add, the knob is power_limit_w,
 * max_power_w is the largest limit times the devices.
 * @return as hg_frontier_import_csv()
 */
HG_API HG_NODISCARD hg_err hg_frontier_import_zeus(const char *text, size_t len, const char *origin,
	const hg_frontier_info *info, hg_frontier **out, hg_error *why);

HG_END_DECLS

#endif
