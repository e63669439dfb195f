/* The prior of workloads on a device, from those that were fitted together with it. */
#include <math.h>
#include <string.h>

#include "device-fit.h"

/* A residual beyond this in ln is a disturbed run. */
#define MOST 0.15
/* A base prior is worth so many sweeps. */
#define WORTH 5.0

hg_err device_prior_learn(struct device_fit *fit, const struct sweep *sweeps, size_t n)
{
	struct prior *p = &fit->prior;
	double squares[2] = {0, 0}, count = 0;

	prior_default(&fit->f, p);
	for (size_t a = 0; a < PRIOR_N; a++) {
		double sum = 0.0;

		for (size_t w = 0; w < n; w++)
			sum += sweeps[w].z[a + 1];
		p->mean[a] = sum / (double)n;
	}
	for (size_t a = 0; a < PRIOR_N; a++) {
		for (size_t b = 0; b < PRIOR_N; b++) {
			double sum = 0.0;

			for (size_t w = 0; w < n; w++)
				sum += (sweeps[w].z[a + 1] - p->mean[a]) *
				       (sweeps[w].z[b + 1] - p->mean[b]);
			p->covariance[a][b] = sum / (double)n;
		}
		p->covariance[a][a] += a == WORK_STATIC - 1 ? 0.01 * 0.01 : 0.1 * 0.1;
	}
	for (size_t w = 0; w < n; w++) {
		struct response response;

		response_init(&response, &fit->f, NULL, sweeps[w].z);
		for (size_t i = 0; i < sweeps[w].n; i++, count++) {
			const struct work_obs *o = &sweeps[w].obs[i];
			struct response_at at;
			double off[2];

			response_eval(&response, &o->setting, &at);
			off[0] = o->ln[0] - at.ln_time;
			off[1] = o->ln[1] - at.ln_power;
			for (size_t c = 0; c < 2; c++)
				squares[c] += fmin(off[c] * off[c], MOST * MOST);
		}
	}
	for (size_t c = 0; c < 2; c++) {
		p->noise[c] = sqrt(squares[c] / (count + 1e-9)) * 0.7;
		p->walk[c] = 0.5 * squares[c] / (count + 1e-9);
	}
	return HG_OK;
}

void device_prior_lean(struct prior *p, const struct prior *base, const struct figures *f, size_t n)
{
	double w = (double)n / ((double)n + WORTH);
	struct prior fallback;

	if (!base) {
		prior_default(f, &fallback);
		base = &fallback;
	}
	for (size_t a = 0; a < PRIOR_N; a++)
		for (size_t b = 0; b < PRIOR_N; b++)
			p->covariance[a][b] = w * p->covariance[a][b] +
					      (1.0 - w) * base->covariance[a][b] +
					      w * (1.0 - w) * (p->mean[a] - base->mean[a]) *
						      (p->mean[b] - base->mean[b]);
	for (size_t a = 0; a < PRIOR_N; a++)
		p->mean[a] = w * p->mean[a] + (1.0 - w) * base->mean[a];
	for (size_t c = 0; c < 2; c++) {
		p->noise[c] = sqrt(w * p->noise[c] * p->noise[c] +
				   (1.0 - w) * base->noise[c] * base->noise[c]);
		p->walk[c] = w * p->walk[c] + (1.0 - w) * base->walk[c];
	}
	memcpy(p->widen, base->widen, sizeof p->widen);
}
