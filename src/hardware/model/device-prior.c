/* The prior of workloads on a device, from those that were fitted together with it. */
#include <math.h>
#include <string.h>

#include "device-fit.h"

/* A residual beyond this in ln is a disturbed run. */
#define MOST 0.15
/* A base prior is worth so many sweeps. */
#define WORTH 5.0
/* Numbers beyond its parameters that a whole sweep has. */
#define WHOLE 8.0

/* Mean and covariance of the workloads' parameters. */
static void spread_learn(struct device_fit *fit, const struct sweep *sweeps, size_t n)
{
	struct prior *p = &fit->prior;

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
			/* as far as settings tell a workload, and by how much they do not */
			p->covariance[a][b] = sum / (double)n + fit->spread[a][b];
		}
		p->covariance[a][a] += a == WORK_STATIC - 1 ? 0.01 * 0.01 : 0.1 * 0.1;
	}
}

/* What the physics leaves over. Parameters that few settings are fitted by leave less: it is scaled
 * to what a whole sweep leaves. */
static void noise_learn(struct device_fit *fit, const struct sweep *sweeps, size_t n)
{
	struct prior *p = &fit->prior;
	double squares[2] = {0, 0}, count = 0;

	for (size_t w = 0; w < n; w++) {
		struct response response;
		double numbers = 2.0 * (double)sweeps[w].n, scale = 1.0;

		if (fit->like && numbers <= WORK_N)
			continue;
		if (fit->like)
			scale = numbers / (numbers - WORK_N) * WHOLE / (WHOLE + WORK_N);
		response_init(&response, &fit->f, NULL, sweeps[w].z);
		for (size_t i = 0; i < sweeps[w].n; i++, count++) {
			const struct work_obs *o = &sweeps[w].obs[i];
			struct response_at at;
			double off[2];

			response_eval(&response, &o->setting, &at);
			off[0] = o->ln[0] - at.ln_time;
			off[1] = o->ln[1] - at.ln_power;
			for (size_t c = 0; c < 2; c++)
				squares[c] += scale * fmin(off[c] * off[c], MOST * MOST);
		}
	}
	for (size_t c = 0; c < 2; c++) {
		p->noise[c] = sqrt(squares[c] / (count + 1e-9)) * 0.7;
		p->walk[c] = 0.5 * squares[c] / (count + 1e-9);
	}
}

/* A base prior is worth so many sweeps. */
static double weight(double sweeps)
{
	return sweeps / (sweeps + WORTH);
}

/* Workloads that have as many numbers as parameters; and what more they have, in whole sweeps. */
static void telling(const struct sweep *sweeps, size_t n, double *workloads, double *noise)
{
	*workloads = *noise = 0.0;
	for (size_t w = 0; w < n; w++) {
		double more = 2.0 * (double)sweeps[w].n - WORK_N;

		*workloads += more >= 0.0 ? 1.0 : 0.0;
		*noise += fmin(1.0, fmax(0.0, more / WHOLE));
	}
}

static void lean(struct device_fit *fit, const struct sweep *sweeps, size_t n)
{
	struct prior *p = &fit->prior;
	const struct prior *like = fit->like;
	double workloads, noise, w;

	telling(sweeps, n, &workloads, &noise);
	prior_lean(p, like, weight(workloads));
	w = weight(noise);
	for (size_t c = 0; c < 2; c++) {
		p->noise[c] = sqrt(w * p->noise[c] * p->noise[c] +
				   (1.0 - w) * like->noise[c] * like->noise[c]);
		p->walk[c] = w * p->walk[c] + (1.0 - w) * like->walk[c];
	}
	memcpy(p->widen, like->widen, sizeof p->widen);
	/* what makes forecasts from two settings worse than from one is a device that is not known
	 */
	for (size_t c = 0; c < 2; c++)
		p->widen[1][c] = fmin(p->widen[1][c], p->widen[0][c]);
}

void device_prior_learn(struct device_fit *fit, const struct sweep *sweeps, size_t n)
{
	prior_default(&fit->f, &fit->prior);
	spread_learn(fit, sweeps, n);
	noise_learn(fit, sweeps, n);
	if (fit->like)
		lean(fit, sweeps, n);
}
