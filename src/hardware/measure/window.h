/*
 * Energy of a window: the difference of a counter that moves at ticks only, and how sure one can
 * be of it.
 *
 * Both ends of the window fall somewhere between two ticks; what the counter has not shown yet at
 * either is uniform over a tick's worth of energy and independent, so the difference has the
 * variance (P * tick)^2 / 6. Its resolution counts likewise. Cutting the window into parts shows
 * how much the work itself varies. A tick that lags does no harm as long as the power before the
 * window is that of the window: warm up for longer than that first.
 */
#ifndef HG_HARDWARE_MEASURE_WINDOW_H
#define HG_HARDWARE_MEASURE_WINDOW_H

#include <stdint.h>

#include <hourglass/device.h>

/** Most parts a window is cut into; then neighbours are put together. */
#define WINDOW_PARTS 64

/** A stretch of work: from one cut to the next. */
struct window_part {
	uint64_t units;
	double time_s, energy_j;
};

struct window {
	hg_device *device;
	size_t signal; /* of the energy counter */
	double tick_s, resolution_j;
	uint64_t modulus;
	int64_t begin_ns, cut_ns; /* device clock at the beginning, and at the last cut */
	int64_t cut_uj;           /* counter there */
	double energy_j;          /* since the beginning */
	uint64_t units;           /* since the beginning */
	struct window_part parts[WINDOW_PARTS];
	size_t n_parts;
};

/** What a window says about one unit of work. */
struct window_result {
	double time_s, energy_j;     /* per unit */
	double time_rsd, energy_rsd; /* relative standard deviations; NAN after a single part */
};

/** Finds the energy counter. @return HG_OK; HG_EUNSUPPORTED (says why there is none) */
hg_err window_init(struct window *w, hg_device *d, hg_error *why);

/** Begins, or begins anew. @return HG_OK; HG_EDEVICE (the counter cannot be read) */
hg_err window_begin(struct window *w, hg_error *why);

/** Ends a part in which `units` units were done. @return as window_begin() */
hg_err window_cut(struct window *w, uint64_t units, hg_error *why);

/** Seconds from the beginning to the last cut. */
double window_length(const struct window *w);

/** What was measured up to the last cut; at least one unit and some time must have passed. */
void window_result(const struct window *w, struct window_result *out);

#endif
