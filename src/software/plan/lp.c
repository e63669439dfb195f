/* Bounded dual simplex. */
#include "lp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Smallest pivot, and how far a basic variable may be out of its bounds. */
#define PIVOT_MIN 1e-9
#define ROOM      1e-11

hg_err lp_init(struct lp *lp, uint32_t n, const double *cost, const double *upper)
{
	memset(lp, 0, sizeof *lp);
	lp->n = n;
	lp->upper = malloc(((size_t)n + 1) * sizeof *lp->upper);
	lp->flipped = calloc((size_t)n + 1, sizeof *lp->flipped);
	lp->cost = malloc(((size_t)n + 1) * sizeof *lp->cost);
	lp->column = malloc(((size_t)n + 1) * sizeof *lp->column);
	if (!lp->upper || !lp->flipped || !lp->cost || !lp->column) {
		lp_finish(lp);
		return HG_ENOMEM;
	}
	memcpy(lp->upper, upper, (size_t)n * sizeof *upper);
	memcpy(lp->cost, cost, (size_t)n * sizeof *cost);
	for (uint32_t j = 0; j < n; j++)
		lp->column[j] = j;
	return HG_OK;
}

void lp_finish(struct lp *lp)
{
	free(lp->upper);
	free(lp->flipped);
	free(lp->cost);
	free(lp->column);
	free(lp->tableau);
	free(lp->rhs);
	free(lp->basic);
	memset(lp, 0, sizeof *lp);
}

/* Grows one array. */
static bool grow(void **p, size_t n, size_t elem)
{
	void *more = n > SIZE_MAX / elem ? NULL : realloc(*p, n * elem);

	if (!more)
		return false;
	*p = more;
	return true;
}

static hg_err make_room(struct lp *lp)
{
	uint32_t cap = lp->cap ? lp->cap * 2 : 64;
	void *upper = lp->upper, *flipped = lp->flipped, *tableau = lp->tableau;
	void *rhs = lp->rhs, *basic = lp->basic;
	bool good;

	if (lp->m < lp->cap)
		return HG_OK;
	good = grow(&upper, (size_t)lp->n + cap, sizeof *lp->upper);
	lp->upper = upper;
	good = good && grow(&flipped, (size_t)lp->n + cap, sizeof *lp->flipped);
	lp->flipped = flipped;
	good = good && grow(&tableau, (size_t)cap * (lp->n + 1), sizeof *lp->tableau);
	lp->tableau = tableau;
	good = good && grow(&rhs, cap, sizeof *lp->rhs);
	lp->rhs = rhs;
	good = good && grow(&basic, cap, sizeof *lp->basic);
	lp->basic = basic;
	if (good)
		lp->cap = cap;
	return good ? HG_OK : HG_ENOMEM;
}

static double *row_of(const struct lp *lp, uint32_t r)
{
	return lp->tableau + (size_t)r * lp->n;
}

hg_err lp_add(struct lp *lp, const double *a, double b)
{
	hg_err rc = make_room(lp);
	double *row, rhs = -b; /* slack = a x - b */
	uint32_t slack = lp->n + lp->m;

	if (rc)
		return rc;
	row = row_of(lp, lp->m);
	for (uint32_t j = 0; j < lp->n; j++) {
		uint32_t v = lp->column[j];
		double f = v < lp->n ? a[v] : 0;

		row[j] = lp->flipped[v] ? f : -f;
		rhs += lp->flipped[v] && f != 0 ? f * lp->upper[v] : 0;
	}
	for (uint32_t r = 0; r < lp->m; r++) {
		uint32_t v = lp->basic[r];
		const double *other = row_of(lp, r);
		double f = v < lp->n ? a[v] : 0;

		if (f == 0)
			continue;
		if (lp->flipped[v]) {
			rhs += f * lp->upper[v];
			f = -f;
		}
		rhs += f * lp->rhs[r];
		for (uint32_t j = 0; j < lp->n; j++)
			row[j] += f * other[j];
	}
	lp->upper[slack] = INFINITY;
	lp->flipped[slack] = false;
	lp->basic[lp->m] = slack;
	lp->rhs[lp->m++] = rhs;
	return HG_OK;
}

/* Takes the basic variable of a row from its other bound. */
static void flip_row(struct lp *lp, uint32_t r)
{
	double *row = row_of(lp, r);

	lp->rhs[r] = lp->upper[lp->basic[r]] - lp->rhs[r];
	lp->flipped[lp->basic[r]] = !lp->flipped[lp->basic[r]];
	for (uint32_t j = 0; j < lp->n; j++)
		row[j] = -row[j];
}

/* Row that is farthest out of its bounds, its variable below 0 then. @return m: none */
static uint32_t pick_row(struct lp *lp)
{
	uint32_t best = lp->m;
	double worst = ROOM;

	for (uint32_t r = 0; r < lp->m; r++) {
		double below = -lp->rhs[r], above = lp->rhs[r] - lp->upper[lp->basic[r]];
		double out = below > above ? below : above;

		if (out > worst) {
			worst = out;
			best = r;
		}
	}
	if (best < lp->m && lp->rhs[best] > 0)
		flip_row(lp, best);
	return best;
}

/* Column that keeps all reduced costs >= 0; of equal ones the largest pivot. @return n: none */
static uint32_t pick_column(const struct lp *lp, uint32_t r)
{
	const double *row = row_of(lp, r);
	uint32_t best = lp->n;
	double least = INFINITY;

	for (uint32_t j = 0; j < lp->n; j++) {
		double ratio;

		if (row[j] >= -PIVOT_MIN)
			continue;
		ratio = lp->cost[j] / -row[j];
		if (ratio < least || (ratio == least && row[j] < row[best])) {
			least = ratio;
			best = j;
		}
	}
	return best;
}

static void pivot(struct lp *lp, uint32_t r, uint32_t c)
{
	double *row = row_of(lp, r), scale = 1 / row[c], cost = lp->cost[c];
	uint32_t v = lp->basic[r];

	for (uint32_t j = 0; j < lp->n; j++)
		row[j] *= scale;
	row[c] = scale;
	lp->rhs[r] *= scale;
	for (uint32_t i = 0; i < lp->m; i++) {
		double *other = row_of(lp, i), f = other[c];

		if (i == r || f == 0)
			continue;
		other[c] = 0;
		for (uint32_t j = 0; j < lp->n; j++)
			other[j] -= f * row[j];
		lp->rhs[i] -= f * lp->rhs[r];
	}
	lp->cost[c] = 0;
	for (uint32_t j = 0; j < lp->n; j++) {
		lp->cost[j] -= cost * row[j];
		lp->cost[j] = lp->cost[j] > 0 ? lp->cost[j] : 0; /* rounding */
	}
	lp->basic[r] = lp->column[c];
	lp->column[c] = v;
	lp->pivots++;
}

hg_err lp_solve(struct lp *lp, uint64_t max_pivots)
{
	for (;;) {
		uint32_t r = pick_row(lp), c;

		if (r == lp->m)
			return HG_OK;
		c = pick_column(lp, r);
		if (c == lp->n)
			return HG_EINFEASIBLE;
		if (lp->pivots >= max_pivots)
			return HG_ELIMIT;
		pivot(lp, r, c);
	}
}

void lp_values(const struct lp *lp, double *x)
{
	for (uint32_t j = 0; j < lp->n; j++)
		if (lp->column[j] < lp->n)
			x[lp->column[j]] =
				lp->flipped[lp->column[j]] ? lp->upper[lp->column[j]] : 0;
	for (uint32_t r = 0; r < lp->m; r++) {
		uint32_t v = lp->basic[r];

		if (v < lp->n)
			x[v] = lp->flipped[v] ? lp->upper[v] - lp->rhs[r] : lp->rhs[r];
	}
}

void lp_prices(const struct lp *lp, double *y)
{
	memset(y, 0, (size_t)lp->m * sizeof *y);
	for (uint32_t j = 0; j < lp->n; j++)
		if (lp->column[j] >= lp->n)
			y[lp->column[j] - lp->n] = lp->cost[j];
}
