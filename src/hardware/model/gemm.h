/*
 * Time of matrix products at full clock: tiles in waves over the SMs against traffic through L2
 * and memory, nine parameters and the datasheet (shapes of the equations: tile and wave
 * quantisation as in NVIDIA's "Matrix Multiplication Background User's Guide").
 */
#ifndef HG_HARDWARE_MODEL_GEMM_H
#define HG_HARDWARE_MODEL_GEMM_H

#include <stddef.h>

#include <hourglass/error.h>

/** What a datasheet says. */
struct chip {
	double flops, bytes_per_s, sms, l2_bytes;
};

/** One product, and its time where it was measured. */
struct gemm {
	double m, n, k, time_s;
};

enum gemm_parameter {
	GEMM_COMPUTE, /* share of the peak that the largest tile reaches */
	GEMM_MEMORY,  /* share of the memory bandwidth */
	GEMM_L2,      /* bandwidth of L2 over that of memory */
	GEMM_LAUNCH,  /* fixed seconds */
	GEMM_DEPTH,   /* seconds for each doubling of k */
	GEMM_OVERLAP, /* p of the roofline */
	GEMM_TILE,    /* how efficiency falls with the tile */
	GEMM_SPLIT,   /* how well k is split when tiles are few */
	GEMM_FILL,    /* pipeline fill, in steps of 64 of k */
	GEMM_N
};

/** Logarithms of the parameters, and what they leave over at the samples. */
struct gemm_model {
	struct chip chip;
	double z[GEMM_N];
	struct gemm *samples; /* owned */
	double *residual;     /* ln of measured over predicted; owned */
	size_t n;
};

/** The default parameters: what is known without a sample. */
void gemm_default(const struct chip *chip, struct gemm_model *g);

/** Fits to samples. @return HG_OK, HG_ENOMEM */
hg_err gemm_fit(
	struct gemm_model *g, const struct chip *chip, const struct gemm *samples, size_t n);
void gemm_finish(struct gemm_model *g);

/** Seconds of compute, of memory traffic, and fixed ones. */
struct gemm_parts {
	double compute_s, memory_s, fixed_s;
};

struct gemm_parts gemm_parts(
	const struct chip *chip, const double z[GEMM_N], const struct gemm *at);

/** Seconds by the equations alone. */
double gemm_physics(const struct chip *chip, const double z[GEMM_N], const struct gemm *at);

/** Seconds, with the residual of the nearest samples. Complexity: O(samples). */
double gemm_time(const struct gemm_model *g, const struct gemm *at);

#endif
