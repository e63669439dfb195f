/* What is known of a workload on a device before it was run: learnt from workloads that were. */
#ifndef HG_HARDWARE_MODEL_PRIOR_H
#define HG_HARDWARE_MODEL_PRIOR_H

#include "response.h"

/** Parameters with a prior: all but the time. */
#define PRIOR_N (WORK_N - 1)
/** Numbers of settings seen that are told apart. */
#define PRIOR_SEEN 4

/**
 * Parameters WORK_GAP... are normal. What the physics misses is a random walk in -ln x from full
 * clock down, with white noise on every observation; both of ln time and of ln power.
 */
struct prior {
	double mean[PRIOR_N];
	double covariance[PRIOR_N][PRIOR_N];
	double walk[2];  /* variance of ln time, ln power for each unit of -ln x */
	double noise[2]; /* sd of one observation of ln time, ln power */
	/* factors on predictive sds of ln time, ln energy that make them honest, by how many
	 * settings were seen: 1, 2, 3, more */
	double widen[PRIOR_SEEN][2];
};

/** Sets all factors. */
void prior_widen_all(struct prior *p, double time, double energy);

/** The prior of a device that nothing but figures is known of. */
void prior_default(const struct figures *f, struct prior *out);

/**
 * The prior of a device that only observations are known of: what workloads were like on V100 and
 * A40, powers relative to the highest limit, and by how much those two differed.
 */
void prior_generic(const struct figures *f, struct prior *out);

/** Leans the workloads of a prior to those of another one, which is worth 1 - w; not the noise. */
void prior_lean(struct prior *p, const struct prior *base, double w);

/** Reads the "prior" of a device file into m, where there is one. */
hg_err prior_read(const struct json_doc *doc, struct hg_model *m, hg_error *why);

#endif
