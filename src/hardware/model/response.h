/*
 * The time and power of one workload over the settings of a device, as fits use it. A workload
 * that was never taken apart is T seconds at full clock, of which a share h is gap; the rest is
 * compute c and memory (1 - c^p)^(1/p) under the p-norm of <hourglass/model.h>. A workload of
 * known ops (mix.h) has a piece for each balance of compute and memory, and the same six numbers
 * stand for factors on what was predicted of it.
 */
#ifndef HG_HARDWARE_MODEL_RESPONSE_H
#define HG_HARDWARE_MODEL_RESPONSE_H

#include "model.h"

/** The gap of a workload is never all of it, nor is it free of compute: bounds of h and c. */
#define WORK_GAP_MAX     0.98
#define WORK_COMPUTE_MIN 0.02
/** Most pieces of a response. */
#define RESPONSE_PIECES 25

/** Own parameters of a workload: free numbers, each a transform of what it stands for. */
enum work_parameter {
	WORK_TIME,     /* ln T; of known ops, ln of a factor on all times */
	WORK_GAP,      /* logit of h, to its bound; ln of a factor on gaps */
	WORK_COMPUTE,  /* logit of c, from its bound; ln of a factor on compute and 1 / memory */
	WORK_POWER,    /* ln D; ln of a factor on D and km */
	WORK_GAPPOWER, /* ln Pg; ln of a factor on it */
	WORK_STATIC,   /* ln of this workload's P0 over the device's; and of d0 */
	WORK_N
};

/** What the parameters stand for, where ops are not known. */
struct work {
	double time_s, gap, compute, power_w, gap_power_w, static_factor;
};

struct mix;

/** Work that keeps one clock under a cap. Its time at full clock is 1, times seconds. */
struct piece {
	double seconds;
	double compute, m;  /* C and M */
	double cp, mp;      /* C^p, M^p */
	double activity;    /* factor on D */
	bool flat;          /* no clock changes its time */
	double power_low_w; /* active power at the lowest clock */
	double power_top_w; /* at full clock */
};

/** A device and a workload, prepared. */
struct response {
	const struct figures *f;
	double static_w, tree_w, compute_w, memory_w; /* P0, d0, D, km of this workload */
	double gap_s, gap_w;
	double v_top; /* 1 + s (1 - xk) */
	size_t n;
	struct piece piece[RESPONSE_PIECES];
};

/** A point of it. */
struct response_at {
	double ln_time, ln_power; /* of the whole, gap included */
	double x;                 /* relative clock, time's mean over the pieces */
	uint32_t flags;           /* HG_CAP_* */
};

struct work work_of(const double z[WORK_N]);
void work_to(const struct work *w, double z[WORK_N]);

/**
 * @param f    must outlive the response
 * @param mix  the known ops, or NULL
 */
void response_init(
	struct response *c, const struct figures *f, const struct mix *mix, const double z[WORK_N]);

/** At a setting; zeros as in hg_knobs. A cap between two clocks gives the exact one. */
void response_eval(const struct response *c, const hg_knobs *k, struct response_at *out);

/** The cap under which the mean clock is x. */
double response_cap_at(const struct response *c, double x);

/** Active power of a piece at a relative clock. */
double response_active_power(const struct response *c, const struct piece *p, double x);

#endif
