#include "prior.h"

#include <math.h>
#include <string.h>

void prior_widen_all(struct prior *p, double time, double energy)
{
	for (size_t i = 0; i < PRIOR_SEEN; i++) {
		p->widen[i][0] = time;
		p->widen[i][1] = energy;
	}
}

void prior_default(const struct figures *f, struct prior *out)
{
	/* Spread as among the workloads of the devices that were swept. */
	static const double sd[PRIOR_N] = {1.3, 1.3, 0.4, 0.3, 0.1};
	double z[WORK_N];
	struct work w = {1.0, 0.2, 0.7, fmax(1.0, f->compute_w), fmax(1.0, f->gap_w), 1.0};

	memset(out, 0, sizeof *out);
	work_to(&w, z);
	for (size_t i = 0; i < PRIOR_N; i++) {
		out->mean[i] = z[i + 1];
		out->covariance[i][i] = sd[i] * sd[i];
	}
	for (size_t i = 0; i < 2; i++) {
		out->walk[i] = 0.002;
		out->noise[i] = 0.02;
	}
	prior_widen_all(out, 1.0, 1.0);
}

/* Means and covariances of the joint fits of V100 and A40 (devices/NAME.json), the powers relative
 * to the highest limit: their middle, and in the diagonal what tells the two apart, and that a
 * third device may be as far from both. */
void prior_generic(const struct figures *f, struct prior *out)
{
	static const double mean[PRIOR_N] = {-1.18, 0.36, -0.47, -1.23, 0.0};
	/* so that intervals cover 80 % of both GPUs' limits, for each number of settings seen */
	static const double widen[PRIOR_SEEN][2] = {{1.7, 1.7}, {2.5, 2.1}, {1.5, 1.4}, {1.5, 1.4}};
	static const double triangle[] = {1.2, 0.04, 0.9, -0.07, 0.67, 0.95, -0.048, 0.039, 0.05,
		0.12, 0.023, 0.013, 0.0106, 0.0, 0.027};
	size_t k = 0;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < PRIOR_N; i++) {
		bool power = i == WORK_POWER - 1 || i == WORK_GAPPOWER - 1;

		out->mean[i] = mean[i] + (power ? log(f->cap_max_w) : 0.0);
		for (size_t j = 0; j <= i; j++, k++)
			out->covariance[i][j] = out->covariance[j][i] = triangle[k];
	}
	out->walk[0] = 0.0004;
	out->walk[1] = 0.0003;
	out->noise[0] = 0.018;
	out->noise[1] = 0.013;
	memcpy(out->widen, widen, sizeof widen);
}

void prior_lean(struct prior *p, const struct prior *base, double w)
{
	for (size_t a = 0; a < PRIOR_N; a++)
		for (size_t b = 0; b < PRIOR_N; b++)
			p->covariance[a][b] = w * p->covariance[a][b] +
					      (1.0 - w) * base->covariance[a][b] +
					      w * (1.0 - w) * (p->mean[a] - base->mean[a]) *
						      (p->mean[b] - base->mean[b]);
	for (size_t a = 0; a < PRIOR_N; a++)
		p->mean[a] = w * p->mean[a] + (1.0 - w) * base->mean[a];
}
