/* Steps of one stretch, and what they amount to when stragglers are left out. */
#ifndef HG_TRAIN_TUNE_STAT_H
#define HG_TRAIN_TUNE_STAT_H

#include <stddef.h>

/** Pieces that are kept of one stretch; more are joined two by two. */
#define TALLY_PIECES 128

/** Some steps that were told at once. */
struct piece {
	double steps, time_s, energy_j;
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
};

void tally_add(struct tally *t, struct piece p);

/** Median of n values, which are sorted in place; n >= 1. */
double median_of(double *values, size_t n);

/**
 * Mean over the steps, but for stragglers: pieces far longer than the median are left out unless
 * they are so many that they belong to the work.
 * @param counter_s  how much time's energy a reading is off
 */
struct gist tally_gist(const struct tally *t, double counter_s);

#endif
