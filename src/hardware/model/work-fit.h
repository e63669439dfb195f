/*
 * Fitting one workload on a known device: the most probable parameters given observations and a
 * prior, what the physics leaves over as a random walk between them, and the variance of both.
 */
#ifndef HG_HARDWARE_MODEL_WORK_FIT_H
#define HG_HARDWARE_MODEL_WORK_FIT_H

#include "prior.h"
#include "walk.h"

/** Most observations of one workload. */
#define WORK_OBS_MAX 1024u

/** An observation in the logarithms that are fitted. */
struct work_obs {
	hg_knobs setting;
	double ln[2]; /* time, power */
	double sd[2]; /* of them; 0: unknown, the prior's noise */
};

struct work_fit {
	struct figures f;
	const struct mix *mix; /* the known ops, or NULL */
	struct prior prior;
	struct response response;
	double z[WORK_N];
	double covariance[WORK_N][WORK_N];
	size_t n;
	double *s;                  /* n: -ln x of the observations */
	struct walk_step *steps[2]; /* n: of ln time, ln power */
	double *white[2];           /* n: residual, whitened */
	double *slope[2];           /* n * WORK_N: Jacobian, whitened */
	size_t seen;                /* settings that differ; at most PRIOR_SEEN */
	double cost;                /* minus twice the log posterior, but for a constant */
	double *memory;
};

/** What is expected at a setting. */
struct work_forecast {
	double ln[3];      /* time, power, energy */
	double sd[3];      /* of them, widened */
	double physics[2]; /* ln time, ln power without the residual */
	double x;
	uint32_t flags;
};

/** @return HG_OK, HG_ENOMEM; HG_EINVAL when no start led anywhere */
hg_err work_fit_init(struct work_fit *w, const struct figures *f, const struct prior *prior,
	const struct work_obs *obs, size_t n);

/**
 * The same for a workload of known ops, which has a prior of its own; n may be 0.
 * @param mix  must outlive the fit
 */
hg_err work_fit_mix(struct work_fit *w, const struct figures *f, const struct mix *mix,
	const struct work_obs *obs, size_t n);
void work_fit_finish(struct work_fit *w);

/** Complexity: O(n). */
void work_fit_forecast(const struct work_fit *w, const hg_knobs *k, struct work_forecast *out);

#endif
