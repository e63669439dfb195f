/*
 * Predictions from sweeps of other workloads: of each set of choices and each share of its limits
 * and clocks, the median over workloads of log time and log power against the largest share.
 */
#include "space.h"

#include <math.h>
#include <stdlib.h>

#include "core/fail.h"
#include "core/size.h"

/** The rows of others, and where each one's largest shares are. */
struct kin {
	const hg_search_space *space;
	const double *cells;
	const hg_search_kin *rows;
	size_t n;
	size_t *base;  /* n: the row with the largest shares and all else equal */
	double *value; /* n: room for a median */
};

static bool is_share(const hg_search_space *g, size_t k)
{
	return scale_is_share((hg_search_scale)g->scales[k]);
}

/** Whether two rows of cells agree in the knobs on the scales that are asked for. */
static bool agree(const hg_search_space *g, const double *a, const double *b, bool choices_only)
{
	for (size_t k = 0; k < g->n_knobs; k++)
		if ((choices_only ? g->scales[k] == HG_SEARCH_CHOICE : !is_share(g, k)) &&
			a[k] != b[k])
			return false;
	return true;
}

static const double *row_of(const struct kin *kin, size_t i)
{
	return kin->cells + i * kin->space->n_knobs;
}

/** Finds, for each row, the row of the same workload with the largest shares. */
static void find_bases(struct kin *kin)
{
	const hg_search_space *g = kin->space;

	for (size_t i = 0; i < kin->n; i++) {
		size_t best = i;

		for (size_t j = 0; j < kin->n; j++) {
			bool above = kin->rows[j].workload == kin->rows[i].workload &&
				     agree(g, row_of(kin, i), row_of(kin, j), false);

			for (size_t k = 0; above && k < g->n_knobs; k++)
				above = !is_share(g, k) ||
					row_of(kin, j)[k] >= row_of(kin, best)[k];
			if (above)
				best = j;
		}
		kin->base[i] = best;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double log_of(const struct kin *kin, size_t i, int output)
{
	const hg_search_kin *r = &kin->rows[i];

	return output == SEARCH_TIME ? log(r->time_s) : log(r->energy_j / r->time_s);
}

/** Distance of the shares of a row of others from those of a configuration. */
static double distance(const struct kin *kin, size_t i, const double *shares)
{
	const hg_search_space *g = kin->space;
	double sum = 0;

	for (size_t k = 0; k < g->n_knobs; k++)
		if (is_share(g, k)) {
			double d = row_of(kin, i)[k] / row_of(kin, kin->base[i])[k] - shares[k];

			sum += d * d;
		}
	return sqrt(sum);
}

/**
 * Median ratio of rows whose shares are as near as any to a configuration's.
 * @param choices  of a set of choices, or NULL: of all
 * @return false: there is none
 */
static bool median_near(
	const struct kin *kin, const double *choices, const double *shares, int output, double *out)
{
	double nearest = INFINITY;
	size_t n = 0;

	for (size_t i = 0; i < kin->n; i++)
		if (!choices || agree(kin->space, row_of(kin, i), choices, true))
			nearest = fmin(nearest, distance(kin, i, shares));
	for (size_t i = 0; i < kin->n; i++)
		if ((!choices || agree(kin->space, row_of(kin, i), choices, true)) &&
			distance(kin, i, shares) <= nearest + 0.01)
			kin->value[n++] =
				log_of(kin, i, output) - log_of(kin, kin->base[i], output);
	if (n == 0)
		return false;
	qsort(kin->value, n, sizeof *kin->value, by_value);
	*out = 0.5 * (kin->value[(n - 1) / 2] + kin->value[n / 2]);
	return true;
}

static double predict(const struct kin *kin, const struct space *s, size_t config, int output)
{
	double shares[HG_SEARCH_MAX_KNOBS] = {0}, median = 0;
	const double *row = s->cells + config * s->n_knobs;

	for (size_t k = 0; k < s->n_knobs; k++)
		if (is_share(kin->space, k))
			shares[k] = exp(space_feature(s, config, k));
	if (!median_near(kin, row, shares, output, &median))
		(void)median_near(kin, NULL, shares, output, &median);
	return median;
}

static hg_err check(const hg_search_space *g, const double *cells, const hg_search_kin *rows,
	size_t n, hg_error *why)
{
	for (size_t i = 0; i < n; i++) {
		if (!(rows[i].time_s > 0 && isfinite(rows[i].time_s) && rows[i].energy_j > 0 &&
			    isfinite(rows[i].energy_j)))
			return fail(why, HG_EINVAL,
				"row %zu of other workloads: time and energy must be finite and "
				"above 0",
				i);
		for (size_t k = 0; k < g->n_knobs; k++) {
			double v = cells[i * g->n_knobs + k];

			if (!isfinite(v) || (g->scales[k] >= HG_SEARCH_LOG && !(v > 0)))
				return fail(why, HG_EINVAL,
					"row %zu of other workloads: knob %zu cannot be %g", i, k,
					v);
		}
	}
	return HG_OK;
}

hg_err hg_search_transfer(const hg_search_space *space, const double *cells,
	const hg_search_kin *rows, size_t n, double *time_s, double *energy_j, hg_error *why)
{
	hg_search_space given;
	struct space s = {0};
	struct kin kin = {.space = &given, .cells = cells, .rows = rows, .n = n};
	hg_err rc;

	if (size_read(&given, sizeof given, space) != 0)
		return fail(why, HG_EINVAL, "the space's size is not set");
	given.prior_time_s = given.prior_energy_j = given.prior_rsd = NULL;
	rc = space_init(&s, &given, why);
	if (rc == HG_OK)
		rc = check(&given, cells, rows, n, why);
	if (rc != HG_OK)
		goto out;
	kin.base = malloc((n + 1) * sizeof *kin.base);
	kin.value = malloc((n + 1) * sizeof *kin.value);
	if (!kin.base || !kin.value) {
		rc = fail(why, HG_ENOMEM, "no memory for %zu rows of other workloads", n);
		goto out;
	}
	find_bases(&kin);
	for (size_t i = 0; i < s.n; i++) {
		double t = predict(&kin, &s, i, SEARCH_TIME);

		time_s[i] = exp(t);
		energy_j[i] = exp(t + predict(&kin, &s, i, SEARCH_POWER));
	}
out:
	free(kin.base);
	free(kin.value);
	space_finish(&s);
	return rc;
}
