/* Settings of several knobs at once: which of all to choose from. */
#include "tune-grid.h"

#include <string.h>

/* Settings in which so many values of each knob are taken: with those of one knob alone, or not. */
static double count(const size_t *take, size_t n, int alone)
{
	double all = 1, single = 0;

	for (size_t k = 0; k < n; k++) {
		all *= (double)take[k] + 1;
		single += (double)take[k];
	}
	return alone ? single : all - single - 1;
}

/* Takes less of the knob of which most are taken, until it is few enough. */
static void shrink(size_t *take, size_t n, int alone, double most)
{
	while (count(take, n, alone) > most) {
		size_t largest = 0;

		for (size_t k = 1; k < n; k++)
			largest = take[k] >= take[largest] ? k : largest;
		take[largest]--;
	}
}

/* The i-th of so many values that are taken of a knob. */
static double value_of(const struct grid_axis *axis, size_t take, size_t i)
{
	return axis->values[((2 * i + 1) * axis->n / take - 1) / 2];
}

size_t grid_make(const struct grid_axis *axes, size_t n, const double *found, double *cells)
{
	struct grid_axis kept[GRID_KNOBS];
	double values[GRID_KNOBS][GRID_SETTINGS];
	size_t take[GRID_KNOBS] = {0}, at[GRID_KNOBS] = {0}, rows = 1, k = 0;

	for (size_t i = 0; i < n; i++)
		take[i] = axes[i].n;
	if (count(take, n, 1) + count(take, n, 0) + 1 > GRID_SETTINGS)
		shrink(take, n, 1, 0.5 * GRID_SETTINGS - 1);
	memcpy(cells, found, n * sizeof *cells);
	for (size_t i = 0; i < n; i++) {
		for (size_t v = 0; v < take[i]; v++) {
			values[i][v] = value_of(&axes[i], take[i], v);
			memcpy(cells + rows * n, found, n * sizeof *cells);
			cells[rows++ * n + i] = values[i][v];
		}
		kept[i] = (struct grid_axis){values[i], take[i]};
	}
	shrink(take, n, 0, (double)(GRID_SETTINGS - rows));
	/* an odometer over none or one of the values of each knob */
	while (k < n) {
		size_t several = 0;
		double *row = cells + rows * n;

		for (k = 0; k < n && ++at[k] > take[k]; k++)
			at[k] = 0;
		for (size_t i = 0; i < n; i++)
			several += at[i] > 0;
		if (several < 2)
			continue;
		for (size_t i = 0; i < n; i++)
			row[i] = at[i] ? value_of(&kept[i], take[i], at[i] - 1) : found[i];
		rows++;
	}
	return rows;
}
