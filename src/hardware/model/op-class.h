/*
 * How long an op of each kind takes at full clock: few parameters a kind, positive, fitted as
 * logarithms; what a datasheet says of the device does the rest.
 */
#ifndef HG_HARDWARE_MODEL_OP_CLASS_H
#define HG_HARDWARE_MODEL_OP_CLASS_H

#include "model.h"

/** Most parameters of a kind. */
#define OP_Z 10

/** Parameters of products: tiles in waves over the SMs against traffic through L2 and memory. */
enum {
	GEMM_COMPUTE, /* share of the peak that the largest tile reaches */
	GEMM_MEMORY,  /* share of the memory bandwidth */
	GEMM_L2,      /* bandwidth of L2 over that of memory */
	GEMM_LAUNCH,  /* fixed seconds */
	GEMM_DEPTH,   /* seconds for each doubling of k */
	GEMM_OVERLAP, /* p of the roofline */
	GEMM_TILE,    /* how efficiency falls with the tile */
	GEMM_SPLIT,   /* how well k is split when tiles are few */
	GEMM_FILL,    /* pipeline fill, in steps of 64 of k */
	/* how much longer where all units are busy, as the power limit has it, where the peak is 1
	 * TFLOP for each joule of it */
	GEMM_THROTTLE
};

/** Seconds of one op at full clock, by what takes them. */
struct op_cost {
	double compute_s, memory_s; /* overlap, and follow the clock as the physics says */
	/* for which compute units draw their power: less than compute_s where they wait. 0:
	 * compute_s */
	double drawn_s;
	double flat_s;  /* on a link: no clock changes it */
	double gap_s;   /* the device waits: host gap, launches */
	double overlap; /* p of the roofline; 0: the device's */
};

struct op_class {
	size_t n;            /* parameters */
	double start[OP_Z];  /* where fits begin and what they lean to */
	double spread[OP_Z]; /* sd of their logarithms */
	double common, each; /* sd of ln time without a sample: of all ops alike, of each shape */
	double transfer;     /* of all ops alike, when the samples are of another device */
	/* p: parameters */
	void (*cost)(
		const struct figures *f, const double *p, const struct op *op, struct op_cost *out);
};

/** By kind. */
const struct op_class *op_class(enum op_kind kind);

/** Costs of one op by the class's equations. @param z  logarithms of its parameters */
void op_class_cost(
	const struct figures *f, const double *z, const struct op *op, struct op_cost *out);

/** Seconds of it at full clock. */
double op_cost_seconds(const struct figures *f, const struct op_cost *cost);

/** (a^p + b^p)^(1/p) */
double p_norm(double a, double b, double p);

#endif
