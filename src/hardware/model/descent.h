/* Levenberg-Marquardt for small dense problems, robust by soft L1, with normal priors. */
#ifndef HG_HARDWARE_MODEL_DESCENT_H
#define HG_HARDWARE_MODEL_DESCENT_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/error.h>

/** Most parameters. */
#define DESCENT_MAX 16

/** A problem: residuals r(z), in units of where outliers begin. */
struct descent_problem {
	void (*residuals)(const void *user, const double *z, double *r);
	const void *user;
	size_t n_parameters, n_residuals;
	const double *centre, *sd; /* priors of the parameters */
	double scale;              /* a residual's weight against the priors */
};

/** @param z  in: start; out: solution. @return HG_OK, HG_ENOMEM */
hg_err descent_run(const struct descent_problem *p, double *z, double *cost);

#endif
