/* Steps of one stretch, and what they amount to when stragglers are left out. */
#ifndef HG_TRAIN_TUNE_STAT_H
#define HG_TRAIN_TUNE_STAT_H

#include <stdbool.h>
#include <stddef.h>

/** Pieces that are kept of one stretch; more are joined two by two. */
#define TALLY_PIECES 128

/** Some steps that were told at once. */
struct piece {
	double steps, time_s, energy_j;
	double energy_var; /* of energy_j, in J^2; 0 throughout: not told */
	bool apart;        /* does not begin where the one before ended */
};

/** Steps at one setting. Zero to begin. */
struct tally {
	struct piece at[TALLY_PIECES];
	size_t n;
	double piece_steps; /* pieces are filled up to so many */
	double steps, time_s;
};

/** What they amount to. */
struct gist {
	double steps;              /* counted */
	double time_s, time_rsd;   /* per step, and of this mean */
	double power_w, power_rsd; /* mean; NAN not known */
	double reading_s;          /* how far a reading was off, as time; 0 not told */
};

void tally_add(struct tally *t, struct piece p);

/** Median of n values, which are sorted in place; n >= 1. */
double median_of(double *values, size_t n);

/** Relative deviation of a power that is measured by readings which are off by counter_s each, over
 * so much time in steps of that length. */
double slope_rsd(double counter_s, double time_s, double step_s);

/**
 * Mean over the steps, but for stragglers: pieces far longer than the median are left out unless
 * they are so many that they belong to the work.
 * Power is the slope of the energy by all readings, of which those between pieces are in two.
 * @param counter_s  how much time's energy a reading is off, where that was not told
 */
struct gist tally_gist(const struct tally *t, double counter_s);

#endif
