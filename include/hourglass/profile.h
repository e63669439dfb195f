/**
 * @file profile.h
 * Profiling: sweep the knobs of a device while a callback does the work, and keep the frontier.
 */
#ifndef HOURGLASS_PROFILE_H
#define HOURGLASS_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/context.h>
#include <hourglass/control.h>
#include <hourglass/device.h>
#include <hourglass/frontier.h>

HG_BEGIN_DECLS

/** Values to try for one knob. */
typedef struct hg_sweep {
	size_t knob;           /**< index of the knob on the device */
	const int64_t *values; /**< in the knob's unit; the grid is the product over all sweeps */
	size_t n_values;       /**< at least 1 */
} hg_sweep;

/** Does one unit of work on the device and returns when it is done. @return HG_OK or an error that
 * ends the sweep */
typedef hg_err (*hg_work_fn)(void *user, hg_device *d, uint64_t units);

/** How to profile. Zero-initialise, set `size`, then what you need. */
typedef struct hg_profile_opts {
	uint32_t size;          /**< sizeof(hg_profile_opts) */
	uint32_t warmup_units;  /**< units before each window; 0: 2 */
	const hg_sweep *sweeps; /**< at least one */
	size_t n_sweeps;        /**< how many */
	double target_rsd;      /**< wanted relative sd of the energy; 0: 0.005. The window grows to
				   reach it */
	double max_window_s;    /**< bound on one window; 0: 60 */
	const char *name;       /**< name of the frontier; NULL: "" */
	const char *work_unit;  /**< what a unit is called; NULL: "unit" */
	hg_progress_fn progress; /**< NULL: none. Stopping keeps what was measured */
	void *progress_user;     /**< first argument of `progress` */
	hg_guard *guard;         /**< knobs are set through it, so that its owner can put them back
				    when the program is killed; they stay held. NULL: one of its own,
				    for the time of the call */
} hg_profile_opts;

/**
 * Sweeps the grid, highest values first, and puts the knobs back as they were, also on errors.
 *
 * Energy is the difference of the counter over a window long enough that its tick and noise stay
 * below target_rsd; each point carries the standard deviation that this leaves (NAN where the
 * longest window had room for a single unit). A setting that the device refuses ends the sweep with
 * an error.
 *
 * The frontier's knobs are named after the device's, in the units people use: power_limit in mW
 * becomes power_limit_w in W, sm_clock in Hz sm_clock_mhz in MHz (0: not locked). The cells are
 * what the driver made of the values asked for. Points are HG_ORIGIN_MEASURED, and
 * HG_ORIGIN_SIMULATED besides when the device is simulated. static_power_w is the device's signal
 * "static_power", max_power_w the largest power limit tried, or else the one in force.
 *
 * @param work  does the work; user is its first argument
 * @param out   receives the frontier, dominated points kept; also with HG_EABORTED if at least one
 *              setting was measured (else NULL)
 * @return HG_OK; HG_EABORTED (progress said stop); HG_EUNSUPPORTED (no energy counter or no such
 *         knob); HG_ERANGE; HG_EINVAL; HG_EDEVICE (a counter that cannot be read, goes back or does
 *         not move; knobs that could not be put back: the text says which); HG_ELIMIT (more than
 *         100000 settings or 8 knobs); whatever `work` returned
 */
HG_API HG_NODISCARD hg_err hg_profile(hg_device *d, const hg_profile_opts *opts, hg_work_fn work,
	void *user, hg_frontier **out, hg_error *why);

HG_END_DECLS

#endif
