/* How alike two configurations are thought to be. */
#ifndef HG_SOFTWARE_SEARCH_KERNEL_H
#define HG_SOFTWARE_SEARCH_KERNEL_H

#include "space.h"

/** Variances of the parts of a logarithm, and lengths. */
struct hyper {
	double level;                     /* of everything */
	double group;                     /* of one set of choices */
	double main[HG_SEARCH_MAX_KNOBS]; /* of a knob's effect, common to all choices */
	double own[HG_SEARCH_MAX_KNOBS];  /* of a knob's effect with these choices */
	double pair;                      /* of two knobs together, with these choices */
	double nugget; /* of a single configuration at its largest shares: measured too */
	double length[HG_SEARCH_MAX_KNOBS];
	double trust; /* of the caller's variances: a factor */
	int output;
};

/** What public sweeps suggest for a space, before anything was measured. */
void hyper_init(struct hyper *h, const struct space *s, int output);
/** Covariance of two configurations, the nugget left out. */
double kernel(const struct hyper *h, const struct space *s, size_t a, size_t b);
/** Variance of a single configuration about the smooth parts. */
double kernel_nugget(const struct hyper *h, const struct space *s, size_t config);

#endif
