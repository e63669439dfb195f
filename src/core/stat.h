/* Statistics of small samples. */
#ifndef HG_CORE_STAT_H
#define HG_CORE_STAT_H

#include <stddef.h>

/** Mean and variance, one value after the other (Welford 1962): no cancellation. Zero to begin. */
struct stat {
	size_t n;
	double mean;
	double squares; /* sum of squared deviations from the mean */
	double min, max;
};

void stat_add(struct stat *s, double value);
/** Variance of a single value, NAN for less than two. */
double stat_variance(const struct stat *s);
/** Standard deviation of a single value, NAN for less than two. */
double stat_sd(const struct stat *s);

/**
 * Quantile of Student's t: P(T <= result) = p.
 * @param df  degrees of freedom, > 0, not necessarily whole; INFINITY gives the normal quantile
 * @param p   within (0, 1)
 * @return NAN for arguments outside. Accurate to 1e-9 relative. O(1), about 100 us
 */
double student_quantile(double df, double p);

/** Half the width of the two-sided interval of the mean with the given confidence (0.95); NAN for
 * less than two values. */
double stat_half_width(const struct stat *s, double confidence);

#endif
