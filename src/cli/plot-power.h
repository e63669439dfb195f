/* Power over time as SVG. */
#ifndef HG_CLI_PLOT_POWER_H
#define HG_CLI_PLOT_POWER_H

#include "plot.h"
#include "rig.h"

/** One run. */
struct power_series {
	const char *name;
	const struct trace *trace;
};

/**
 * Appends the power of up to two runs over 0..until_s as SVG for an HTML page that brings
 * plot_css(); each run's area is its energy.
 */
void plot_power(struct buf *out, const char *title, const struct power_series *series, size_t n,
	double until_s);

#endif
