/* Least squares without negative coefficients, from normal equations. */
#ifndef HG_HARDWARE_MEASURE_NNLS_H
#define HG_HARDWARE_MEASURE_NNLS_H

#include <stdbool.h>
#include <stddef.h>

/* Most unknowns. */
#define NNLS_MAX 32

/** A solution. */
struct nnls {
	double x[NNLS_MAX];
	bool active[NNLS_MAX]; /* free: not held at 0 */
	double inverse[NNLS_MAX *
		       NNLS_MAX]; /* of xx among the free ones, 0 elsewhere; row i at i * n */
};

/**
 * Minimises x'Ax/2 - b'x over x >= 0, A (n by n, row i at A[i * n]) positive semidefinite. Where A
 * is singular, of the columns in step some stay at 0.
 */
void nnls_solve(const double *a, const double *b, size_t n, struct nnls *out);

/**
 * Inverts a positive definite matrix in place. @return false when it is not, to within rounding
 */
bool spd_invert(double *a, size_t n);

#endif
