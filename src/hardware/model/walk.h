/*
 * A random walk seen through noise, whitened in linear time: the walk is Markov, so the Cholesky
 * factor of its covariance need never be written down (Kalman, A new approach to linear filtering
 * and prediction problems, 1960).
 */
#ifndef HG_HARDWARE_MODEL_WALK_H
#define HG_HARDWARE_MODEL_WALK_H

#include <stdbool.h>
#include <stddef.h>

/** An observation of the walk, in the order in which the walk comes to them. */
struct walk_step {
	double s;     /* where; the walk begins at 0 with 0 */
	size_t index; /* of the observation */
	double gain;  /* how far the walk is believed to follow what is seen here */
	double sd;    /* of what is seen here, given all steps before */
};

/**
 * Prepares steps for observations i = 0 .. n - 1, whose covariance is
 * rate * min(s[i], s[j]) + (i == j ? noise[i] : 0).
 * @param rate   variance of the walk per unit of s
 * @param noise  variance of each observation
 * @return false when that is not positive definite. Complexity: O(n log n)
 */
bool walk_set(struct walk_step *steps, size_t n, const double *s, const double *noise, double rate);

/** v becomes L^-1 v in place, where L L' is the covariance, up to the order of rows. O(n). */
void walk_whiten(const struct walk_step *steps, size_t n, double *v);

/** ln of the covariance's determinant. O(n). */
double walk_log_determinant(const struct walk_step *steps, size_t n);

#endif
