/*
 * A workload prepared for a device.
 *
 * Ops that cost the same share a kernel: its powers x^-p and the like are taken apart so that one
 * pow() per kernel answers a clock lock exactly, and a table of 64 clocks answers a power cap with
 * a binary search and an interpolation: linear in power between two clocks, of the clock and of
 * the rate 1 / tk (nearly linear in the clock, where tk is not).
 */
#ifndef HG_HARDWARE_MODEL_PREDICT_H
#define HG_HARDWARE_MODEL_PREDICT_H

#include "op-cost.h"

/** Clocks in the table of a kernel: a power of two for the search. */
#define PREDICT_CLOCKS 64

/** A step that is host gap only. */
#define KERNEL_NONE UINT32_MAX

/** What a distinct op costs at any clock. */
struct kernel {
	double scale_s;                 /* max(C, M), or what a link takes */
	bool flat;                      /* no clock changes its time */
	double cp, mp;                  /* (C / scale)^p and (M / scale)^p */
	double compute_j;               /* D C: compute energy at v = 1 */
	double memory_j;                /* km M */
	double count;                   /* times a unit of work runs it */
	double power_w[PREDICT_CLOCKS]; /* never falls along the table */
	double rate_hz[PREDICT_CLOCKS]; /* 1 / tk */
};

/** One line of the workload, in its order. */
struct step {
	uint32_t kernel;   /* index, or KERNEL_NONE */
	uint64_t repeat;   /* times in a row */
	double host_gap_s; /* before each of them */
};

struct hg_predictor {
	struct figures f;
	uint32_t origin;
	double x[PREDICT_CLOCKS]; /* relative clocks, x[63] = 1 */
	struct kernel *kernels;
	size_t n_kernels;
	struct step *steps;
	struct op *ops; /* what the steps were made from; as many */
	size_t n_steps;
	double gap_s; /* host gaps of a unit */
};

/** A setting with what all kernels share at it. */
struct setting {
	double x;      /* asked clock, relative; 1 when not locked */
	double cap_w;  /* power limit */
	double v2;     /* v(x)^2 */
	double base_w; /* P0 + v^2 x d0 */
	double xp;     /* x^-p */
	double mf;     /* max(1, xm / x)^(qm p) */
	double inv_p;  /* 1 / p */
};

/** A kernel at a setting. */
struct kernel_cost {
	double time_s, power_w, x;
	uint32_t flags; /* HG_CAP_* */
};

/** An op, costed. */
struct op_work {
	struct op_cost cost;
	double activity;  /* factor on D */
	double traffic_s; /* of memory at its peak, beside a link */
	uint64_t repeat;
};

/** A predictor of ops that are costed; it has no ops to compare. @return HG_OK, HG_ENOMEM */
hg_err predictor_build(const struct figures *f, uint32_t origin, const struct op_work *work,
	size_t n, hg_predictor **out);

/** Prepares a setting. @param k must be within the device's range */
void setting_init(const hg_predictor *p, const hg_knobs *k, struct setting *s);

/** What a kernel costs at a setting. */
void kernel_cost(const hg_predictor *p, const struct kernel *k, const struct setting *s,
	struct kernel_cost *out);

/** Whether a predictor was made from this workload's ops. */
bool predictor_is_of(const hg_predictor *p, const hg_workload *w);

#endif
