#include "prior.h"

#include <math.h>
#include <string.h>

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
		out->widen[i] = 1.0;
	}
}
