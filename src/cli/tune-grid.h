/* Settings of several knobs at once: which of all to choose from. */
#ifndef HG_CLI_TUNE_GRID_H
#define HG_CLI_TUNE_GRID_H

#include <stddef.h>

/** Most settings of a grid. Neighbours of more would differ by less than a short trial can tell,
 * and each decision looks at all. */
#define GRID_SETTINGS 64

/** Most knobs of a grid. */
#define GRID_KNOBS 4

/** Values of a knob, as cells; the one that was found is not among them. */
struct grid_axis {
	const double *values;
	size_t n;
};

/**
 * Makes settings: what was found, then each knob's values alone, then several knobs' together.
 * Where that is more than GRID_SETTINGS, some values are left out, evenly: of knobs alone so many
 * that they are half of all, together so many that they are the rest.
 *
 * @param found  n cells: row 0
 * @param cells  room for GRID_SETTINGS rows of n cells
 * @return rows
 */
size_t grid_make(const struct grid_axis *axes, size_t n, const double *found, double *cells);

#endif
