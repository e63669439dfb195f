/* Small dense symmetric systems, row by row in plain arrays. */
#ifndef HG_HARDWARE_MODEL_LINEAR_H
#define HG_HARDWARE_MODEL_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Cholesky factor in place: the lower triangle of a[n * n] becomes L with L L' = a.
 * @return false when a is not positive definite
 */
bool cholesky(double *a, size_t n);

/** Solves L y = b in place. */
void cholesky_forward(const double *l, size_t n, double *b);

/** Solves L' x = y in place. */
void cholesky_backward(const double *l, size_t n, double *b);

/** Inverse of L L' into out[n * n]. */
void cholesky_inverse(const double *l, size_t n, double *out);

#endif
