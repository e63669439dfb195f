/* A Gaussian process over configurations, one observation after the other. */
#ifndef HG_SOFTWARE_SEARCH_GP_H
#define HG_SOFTWARE_SEARCH_GP_H

#include "kernel.h"

/**
 * K = L L^T is never stored: row i of V = L^-1 K(observed, columns) is, and its column at an
 * observed configuration is that one's row of L. An observation more is one row more.
 */
struct gp {
	const struct space *space;
	struct hyper hyper;
	const uint32_t *columns; /* configurations that are predicted; NULL: all */
	size_t n_columns;
	double *mean, *var; /* of each column: of the logarithm, the nugget left out */
	double **rows;      /* n of them */
	double *z, *pivot;  /* n: of L's diagonal */
	size_t *at;         /* n: columns of the observed */
	size_t n, room;
};

hg_err gp_init(struct gp *g, const struct space *s, const struct hyper *h, const uint32_t *columns,
	size_t n_columns);
void gp_finish(struct gp *g);
/**
 * One more observation, of the configuration of a column.
 * @param y         the logarithm; NAN: what is believed anyway, so that only variances fall
 * @param variance  of the measurement, besides the nugget
 */
hg_err gp_add(struct gp *g, size_t column, double y, double variance);
/** Takes the last observation of value NAN back. */
void gp_drop(struct gp *g);
/** Predicts columns anew, whose configurations are others now and not observed.
 * O(observations^2 * columns). @return HG_OK, HG_ENOMEM */
hg_err gp_renew(struct gp *g, const uint32_t *columns, size_t n);
/** Covariance of two columns. O(n) */
double gp_covariance(const struct gp *g, size_t a, size_t b);
/**
 * Covariances of n columns. O(observations * n^2)
 * @param out  n x n, of which the lower triangle is filled
 */
void gp_covariances(const struct gp *g, const uint32_t *columns, size_t n, double *out);

#endif
