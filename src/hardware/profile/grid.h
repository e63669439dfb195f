/* The grid of settings that a profile tries: every combination of the sweeps' values. */
#ifndef HG_HARDWARE_PROFILE_GRID_H
#define HG_HARDWARE_PROFILE_GRID_H

#include <hourglass/frontier.h>
#include <hourglass/profile.h>

/** Most settings in a grid. */
#define GRID_MAX 100000u
/** Most knobs that are swept together. */
#define GRID_KNOBS 8

/** Name of a knob's column in a frontier, its unit, and the factor from the knob's own unit. */
struct grid_column {
	char name[48];
	const char *unit;
	double factor;
	int64_t default_value;
};

struct grid {
	hg_sweep sweeps[GRID_KNOBS]; /* values sorted, highest first; owned */
	struct grid_column columns[GRID_KNOBS];
	size_t n_sweeps;
	size_t n; /* settings */
};

/** Checks the sweeps against the device and sorts their values. */
hg_err grid_init(struct grid *g, hg_device *d, const hg_profile_opts *opts, hg_error *why);

/** Frees; a zeroed grid is fine. */
void grid_finish(struct grid *g);

/** Value of sweep j in setting i; the last sweep moves fastest. */
int64_t grid_value(const struct grid *g, size_t i, size_t j);

#endif
