/* Are intervals honest where it matters, on kinds of jobs that nothing was learnt from? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device-fit.h"

/* What is calibrated, and where the normal distribution has it. */
#define SHARE    0.8
#define QUANTILE 1.2815515655446004
#define SETS     4

/** Errors in standard deviations, of ln time and of ln energy. */
struct misses {
	double *far[2];
	size_t n;
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
	for (size_t set = 0; set < SETS && s->n >= SETS + 1; set++) {
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
			m->far[0][m->n] = fabs(to.ln[0] - time) / to.sd[0];
			m->far[1][m->n++] = fabs(to.ln[2] - energy) / to.sd[2];
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
		rc = device_prior_learn(&without, some, kept);
	for (size_t i = 0; i < n && !rc; i++)
		if (sweeps[i].family == family)
			rc = misses_add(m, &without, &sweeps[i]);
	return rc;
}

hg_err device_calibrate(struct device_fit *fit, const struct sweep *sweeps, size_t n)
{
	struct sweep *some = calloc(n + 1, sizeof *some);
	struct misses m = {0};
	unsigned families = 0;
	size_t all = 1;
	hg_err rc = HG_OK;

	for (size_t i = 0; i < n; i++) {
		all += SETS * sweeps[i].n;
		families = sweeps[i].family >= families ? sweeps[i].family + 1 : families;
	}
	m.far[0] = calloc(all, sizeof *m.far[0]);
	m.far[1] = calloc(all, sizeof *m.far[1]);
	if (!some || !m.far[0] || !m.far[1])
		rc = HG_ENOMEM;
	for (unsigned k = 0; k < families && !rc; k++)
		rc = family_judge(fit, sweeps, n, k, some, &m);
	for (size_t c = 0; c < 2 && !rc && m.n; c++) {
		qsort(m.far[c], m.n, sizeof *m.far[c], ascending);
		fit->prior.widen[c] = m.far[c][(size_t)(SHARE * (double)(m.n - 1))] / QUANTILE;
	}
	free(some);
	free(m.far[0]);
	free(m.far[1]);
	return rc;
}
