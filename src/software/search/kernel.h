/* How alike two configurations are thought to be. */
#ifndef HG_SOFTWARE_SEARCH_KERNEL_H
#define HG_SOFTWARE_SEARCH_KERNEL_H

#include "space.h"

/** Variances of the parts of a logarithm, and lengths. */
struct hyper {
	double level; /* of everything */
	double group; /* of one set of choices */
	/* of a knob's effect, common to all choices; of one of several choices, of its own */
	double main[HG_SEARCH_MAX_KNOBS];
	double own[HG_SEARCH_MAX_KNOBS]; /* of a knob's effect with these choices */
	double pair;                     /* of two knobs together, with these choices */
	double rough;  /* of all but limits and clocks together: what no neighbour tells */
	double bend;   /* the same of how limits and clocks act */
	double nugget; /* of a single configuration at its largest shares: measured too */
	double uneven; /* growth of the nugget towards low limits */
	double length[HG_SEARCH_MAX_KNOBS];
	double trust; /* of the caller's variances: a factor */
	int output;
};

/** What public sweeps suggest for a space, before anything was measured. */
void hyper_init(struct hyper *h, const struct space *s, int output);
/** How alike two values of a knob are, at a distance in lengths. */
double kernel_alike(double distance);
/**
 * Sum of the parts of a covariance, whatever the caller predicted.
 * @param alike  of each ordered knob: kernel_alike() times how strongly it acts at both places
 */
double kernel_sum(
	const struct hyper *h, const struct space *s, size_t a, size_t b, const double *alike);
/** Covariance of two configurations, the nugget left out. */
double kernel(const struct hyper *h, const struct space *s, size_t a, size_t b);
/** Variance of a single configuration about the smooth parts. */
double kernel_nugget(const struct hyper *h, const struct space *s, size_t config);

#endif
