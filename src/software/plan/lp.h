/*
 * A small dense linear program that grows by rows: minimise c x, 0 <= x <= u, a x >= b, c >= 0.
 *
 * Bounded dual simplex on a tableau: x = 0 is dual feasible, every row added keeps it so. For the
 * relaxed plans with shared settings: some hundred rows, some thousand columns.
 */
#ifndef HG_PLAN_LP_H
#define HG_PLAN_LP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

/* A variable that is basic, or stands at 0 in its column. Columns 0 .. n - 1 are those of x, n + r
 * is the slack of row r. A flipped one stands for its upper bound minus itself. */
struct lp {
	uint32_t n, m, cap; /* columns, rows, room for rows */
	double *upper;      /* n, and INFINITY for each slack: n + cap */
	bool *flipped;      /* n + cap */
	double *cost;       /* n: reduced costs of the columns */
	double *tableau;    /* cap x n: basic = rhs - tableau * column */
	double *rhs;        /* cap */
	uint32_t *column;   /* n: variable that stands in each column */
	uint32_t *basic;    /* cap: variable of each row */
	uint64_t pivots;
};

/** Makes a program of n columns and no row. @return HG_OK, HG_ENOMEM */
hg_err lp_init(struct lp *lp, uint32_t n, const double *cost, const double *upper);

/** Frees; a zeroed one is fine. */
void lp_finish(struct lp *lp);

/** Adds the row a x >= b. @return HG_OK, HG_ENOMEM */
hg_err lp_add(struct lp *lp, const double *a, double b);

/** Solves again. @return HG_OK, HG_EINFEASIBLE, HG_ELIMIT (more than max_pivots) */
hg_err lp_solve(struct lp *lp, uint64_t max_pivots);

/** Values of x. */
void lp_values(const struct lp *lp, double *x);

/** Prices of the rows, >= 0. */
void lp_prices(const struct lp *lp, double *y);

#endif
