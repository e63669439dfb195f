/* What is believed about any job before it has run; x is log2(batch size / default size). */
#ifndef HG_SOFTWARE_RECUR_PRIOR_H
#define HG_SOFTWARE_RECUR_PRIOR_H

#include "belief.h"

/** The log of epochs to the target; level: its most likely value at the default size. */
void prior_epochs(struct belief *b, const double *x, size_t n, double level);
/** The log of the cost of an epoch. */
void prior_cost(struct belief *b, const double *x, size_t n, double level);

/** Scatter of the log of one run's epochs about the truth, and how many runs' worth it is. */
#define PRIOR_NOISE      0.09
#define PRIOR_NOISE_RUNS 6

/** Why a belief is no longer, or not quite, true. */
enum widening {
	WIDEN_DRIFT,        /* epochs: the job has changed */
	WIDEN_SIMILAR,      /* epochs: it was learnt from another job */
	WIDEN_SIMILAR_COST, /* costs of another job or device */
};

/** Adds what may have changed. */
void prior_widen(struct belief *b, const double *x, enum widening why);

#endif
