/* Are intervals honest where it matters, on kinds of jobs that nothing was learnt from? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device-fit.h"

/* What is calibrated, and where the normal distribution has it. */
#define SHARE    0.8
#define QUANTILE 1.2815515655446004
#define SETS     4
/* A quantile of fewer errors says nothing. */
#define ENOUGH 20

/** Errors in standard deviations, of ln time and of ln energy, by settings seen. */
struct misses {
	double *far[SETS][2];
	size_t n[SETS];
};

/* Which of n settings, lowest first, a fit sees in each of the sets. */
static size_t probes_choose(size_t set, size_t n, size_t at[SETS])
{
	size_t last = n - 1;
	const size_t chosen[SETS][SETS] = {{last}, {0, last}, {0, (last + 1) / 3, last},
		{0, (last + 1) / 3, (2 * last + 1) / 3, last}};

	memcpy(at, chosen[set], sizeof chosen[set]);
	return set + 1;
}

static hg_err misses_add(struct misses *m, const struct device_fit *fit, const struct sweep *s)
{
	for (size_t set = 0; set < SETS && s->n > set + 2; set++) {
		struct work_obs seen[SETS];
		size_t at[SETS], n = probes_choose(set, s->n, at);
		struct work_fit work;
		hg_err rc;

		for (size_t i = 0; i < n; i++)
			seen[i] = s->obs[at[i]];
		rc = work_fit_init(&work, &fit->f, &fit->prior, seen, n);
		if (rc)
			return rc;
		for (size_t i = 0, next = 0; i < s->n; i++) {
			struct work_forecast to;
			double time = s->obs[i].ln[0], energy = time + s->obs[i].ln[1];

			if (next < n && at[next] == i) {
				next++;
				continue;
			}
			work_fit_forecast(&work, &s->obs[i].setting, &to);
			m->far[set][0][m->n[set]] = fabs(to.ln[0] - time) / to.sd[0];
			m->far[set][1][m->n[set]++] = fabs(to.ln[2] - energy) / to.sd[2];
		}
		work_fit_finish(&work);
	}
	return HG_OK;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Device and prior without a family, judged on it. @param some room for n sweeps */
static hg_err family_judge(const struct device_fit *fit, const struct sweep *sweeps, size_t n,
	unsigned family, struct sweep *some, struct misses *m)
{
	struct device_fit without = *fit;
	size_t kept = 0;
	hg_err rc;

	for (size_t i = 0; i < n; i++)
		if (sweeps[i].family != family)
			some[kept++] = sweeps[i];
	if (kept == 0 || kept == n)
		return HG_OK;
	rc = device_fit_again(&without, some, kept);
	if (!rc)
		device_prior_learn(&without, some, kept);
	prior_widen_all(&without.prior, 1.0, 1.0);
	for (size_t i = 0; i < n && !rc; i++)
		if (sweeps[i].family == family)
			rc = misses_add(m, &without, &sweeps[i]);
	return rc;
}

static hg_err misses_init(struct misses *m, const struct sweep *sweeps, size_t n)
{
	size_t all = 1;

	memset(m, 0, sizeof *m);
	for (size_t i = 0; i < n; i++)
		all += sweeps[i].n;
	for (size_t i = 0; i < 2 * SETS; i++) {
		m->far[i / 2][i % 2] = calloc(all, sizeof(double));
		if (!m->far[i / 2][i % 2])
			return HG_ENOMEM;
	}
	return HG_OK;
}

static void misses_finish(struct misses *m)
{
	for (size_t i = 0; i < 2 * SETS; i++)
		free(m->far[i / 2][i % 2]);
}

/*
 * A family that is left out is foretold from one family fewer than a new one will be. As families
 * differ among themselves as a new one does from them, variances are 1 + 1 / (F - 1) for it and
 * 1 + 1 / F for a new one; the ratio is 1 - 1 / F^2.
 */
hg_err device_calibrate(struct device_fit *fit, const struct sweep *sweeps, size_t n)
{
	struct sweep *some = calloc(n + 1, sizeof *some);
	struct misses m;
	unsigned families = 0;
	double n_families = 0.0, fewer;
	hg_err rc = misses_init(&m, sweeps, n);

	if (!some)
		rc = HG_ENOMEM;
	for (size_t i = 0; i < n; i++)
		families = sweeps[i].family >= families ? sweeps[i].family + 1 : families;
	fit->calibrated = false;
	for (unsigned k = 0; k < families && !rc; k++) {
		bool there = false;

		for (size_t i = 0; i < n; i++)
			there |= sweeps[i].family == k;
		n_families += there ? 1.0 : 0.0;
	}
	fewer = sqrt(1.0 - 1.0 / fmax(4.0, n_families * n_families));
	for (unsigned k = 0; k < families && !rc; k++)
		rc = family_judge(fit, sweeps, n, k, some, &m);
	for (size_t i = 0; i < 2 * SETS && !rc; i++) {
		size_t set = i / 2, c = i % 2, count = m.n[set];

		if (count < ENOUGH)
			continue;
		fit->calibrated = true;
		qsort(m.far[set][c], count, sizeof(double), ascending);
		fit->prior.widen[set][c] =
			fewer * m.far[set][c][(size_t)(SHARE * (double)(count - 1))] / QUANTILE;
	}
	free(some);
	misses_finish(&m);
	return rc;
}
