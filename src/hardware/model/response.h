/*
 * The time and power of one workload over the settings of a device, in the normalised form that
 * fits use: T seconds at full clock, of which a share h is gap; the rest is compute c and memory
 * (1 - c^p)^(1/p) under the p-norm of <hourglass/model.h>.
 */
#ifndef HG_HARDWARE_MODEL_RESPONSE_H
#define HG_HARDWARE_MODEL_RESPONSE_H

#include "model.h"

/** The gap of a workload is never all of it, nor is it free of compute: bounds of h and c. */
#define WORK_GAP_MAX     0.98
#define WORK_COMPUTE_MIN 0.02

/** Own parameters of a workload: free numbers, each a transform of what it stands for. */
enum work_parameter {
	WORK_TIME,     /* ln T */
	WORK_GAP,      /* logit of h, to its bound */
	WORK_COMPUTE,  /* logit of c, from its bound */
	WORK_POWER,    /* ln D */
	WORK_GAPPOWER, /* ln Pg */
	WORK_STATIC,   /* ln of this workload's P0 over the device's */
	WORK_N
};

/** What the parameters stand for. */
struct work {
	double time_s, gap, compute, power_w, gap_power_w, static_factor;
};

/** A device and a workload, prepared. */
struct response {
	const struct figures *f;
	struct work w;
	double static_w;    /* P0 of this workload */
	double cp, mp, m;   /* c^p, 1 - c^p, (1 - c^p)^(1/p) */
	double v_top;       /* 1 + s (1 - xk) */
	double power_low_w; /* active power at the lowest clock */
	double power_top_w; /* at full clock */
};

/** A point of it. */
struct response_at {
	double ln_time, ln_power; /* of the whole, gap included */
	double x;                 /* relative clock */
	uint32_t flags;           /* HG_CAP_* */
};

struct work work_of(const double z[WORK_N]);
void work_to(const struct work *w, double z[WORK_N]);

/** @param f must outlive the response */
void response_init(struct response *c, const struct figures *f, const double z[WORK_N]);

/** At a setting; zeros as in hg_knobs. A cap between two clocks gives the exact one. */
void response_eval(const struct response *c, const hg_knobs *k, struct response_at *out);

/** At a relative clock. */
void response_clock(const struct response *c, double x, struct response_at *out);

/** Active power at a relative clock. */
double response_active_power(const struct response *c, double x);

#endif
