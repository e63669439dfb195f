/* The knobs of devices that are tuned together: what may be set, and setting it. */
#ifndef HG_CLI_TUNE_KNOBS_H
#define HG_CLI_TUNE_KNOBS_H

#include <stdbool.h>

#include <hourglass/control.h>
#include <hourglass/tune.h>

#include "claims.h"
#include "cli.h"
#include "gauge.h"

/** Most knobs that are tuned at once. */
#define TUNE_KNOBS 4

/** Room for knob_column(), with the NUL. */
#define KNOB_COLUMN 64

/** How a knob is called in frontiers: "power_limit_w" in W, "sm_clock_mhz" in MHz.
 * @param factor  what one of the knob's units is in those. @return their name */
const char *knob_column(const hg_knob_info *knob, char name[KNOB_COLUMN], double *factor);

/** Zero to begin. */
struct tune_knobs {
	hg_guard *guard;
	struct claims claims;
	hg_device *devices[GAUGE_DEVICES]; /* of one model */
	size_t n;
	size_t knob[TUNE_KNOBS];       /* index on every device */
	hg_knob_info info[TUNE_KNOBS]; /* of the first device */
	char names[TUNE_KNOBS][KNOB_COLUMN];
	hg_knob_def defs[TUNE_KNOBS];
	double factor[TUNE_KNOBS]; /* what one of the knob's units is in a cell */
	size_t n_knobs;
	double *cells; /* n_settings x n_knobs; row 0 is what was found */
	size_t n_settings;
	size_t now;             /* row in force */
	bool stuck[TUNE_KNOBS]; /* it cannot be set at all, as was found out */
	double max_power_w;     /* of all devices: highest limit; 0 unknown */
	hg_error reason;        /* why there is nothing to tune */
};

/**
 * Finds the devices whose knobs can be set, all of the model of the first such one, and the
 * settings to choose from.
 * @param texts  n of --knob; without any: power limits and clocks
 * @param joint  several knobs at once, not one of them at a time
 * @param guard  sets them
 * @return exit code; EXIT_OK also when there is nothing to tune. tune_knobs_finish() in any case
 */
int tune_knobs_open(struct cli *cli, const char *const *texts, size_t n, bool joint,
	const struct gauge *g, hg_guard *guard, struct tune_knobs *k);
void tune_knobs_finish(struct tune_knobs *k);
/** Sets a row on all devices. @return HG_OK; why not. Those set before stay held by the guard
 * @param stuck  receives the knob that cannot be set to anything else than what was found, which is
 *               left alone from then on; SIZE_MAX: it is this value; may be NULL */
hg_err tune_knobs_set(struct tune_knobs *k, size_t row, size_t *stuck, hg_error *why);
/** Appends the knobs that a row sets, such as "power_limit 450 W"; of row 0 all that there are. */
void tune_knobs_text(struct buf *out, const struct tune_knobs *k, size_t row);

#endif
