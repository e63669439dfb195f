/*
 * The joint fit: a device's parameters and those of every workload that was swept on it, together,
 * and from their spread the prior of a workload that was not.
 */
#ifndef HG_HARDWARE_MODEL_DEVICE_FIT_H
#define HG_HARDWARE_MODEL_DEVICE_FIT_H

#include "work-fit.h"

/** Parameters of a device: free numbers, mapped into bounds. */
enum device_parameter {
	DEVICE_STATIC,
	DEVICE_TREE,
	DEVICE_KNEE,
	DEVICE_SLOPE,
	DEVICE_LOWEST,
	DEVICE_OVERLAP,
	DEVICE_MEMORY,
	DEVICE_GAPPOWER,
	DEVICE_N
};

/** The observations of one workload. */
struct sweep {
	const struct work_obs *obs; /* from the lowest setting to the highest */
	size_t n;
	unsigned family;  /* sweeps of the same kind of job have the same number */
	double z[WORK_N]; /* out; in, for a warm start */
};

struct device_fit {
	struct figures f;        /* in: what the fit begins from and leans to; out */
	double centre[DEVICE_N]; /* what it leans to, mapped */
	double z[DEVICE_N];      /* the same, mapped */
	double sd[DEVICE_N];     /* of z */
	/* in: what workloads lean to in the fit, and the device to f more than otherwise; NULL:
	 * they lean to hardly anything, which is for whole sweeps */
	const struct prior *like;
	double spread[PRIOR_N][PRIOR_N]; /* out: mean covariance of what is left open by it */
	struct prior prior;              /* out */
	double cost;                     /* robust sum of squares of what remains */
	unsigned steps;
	bool calibrated; /* whether device_calibrate() found enough to judge by */
};

/**
 * Fits; sweeps' z and fit->f are set.
 * Complexity: a step costs O(observations * parameters), and there are some tens.
 * @return HG_OK, HG_ENOMEM; HG_EINVAL when the equations are singular throughout
 */
hg_err device_fit_run(struct device_fit *fit, struct sweep *sweeps, size_t n);

/** Figures of a device of which only ranges and the datasheet are trusted: neutral physics. */
void device_neutral(struct figures *f);

/** Neutral physics for forecasts without a fit: nearer to the middle of V100 and A40. */
void device_generic(struct figures *f);

/** From where the fit and its sweeps are, one descent: after a small change of the sweeps. */
hg_err device_fit_again(struct device_fit *fit, struct sweep *sweeps, size_t n);

/**
 * Learns fit->prior from the sweeps of a finished fit: mean, covariance, noise. It leans to
 * fit->like, whose factors it takes, where there is one: few workloads say little of what others
 * are like, those at one or two settings nothing of it, and those at three nothing of noise.
 */
void device_prior_learn(struct device_fit *fit, const struct sweep *sweeps, size_t n);

/** Whether a number of struct figures is a parameter of the fit. */
bool device_fits(size_t offset);

/** sd of a parameter in its own unit, to first order. */
double device_sd(const struct device_fit *fit, enum device_parameter i);

/**
 * Sets fit->prior.widen, so that 80 % intervals hold 80 % of what a fit to a few settings did not
 * see, on families that device and prior were not learnt from: each family is left out once.
 * Factors for which there is too little to judge by stay as they are.
 * @return HG_OK, HG_ENOMEM, HG_EINVAL
 */
hg_err device_calibrate(struct device_fit *fit, const struct sweep *sweeps, size_t n);

#endif
