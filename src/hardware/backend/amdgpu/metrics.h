/*
 * gpu_metrics: one binary file of an AMD GPU in which the kernel hands on what the firmware says.
 * Its layout depends on the revision in its first bytes.
 */
#ifndef HG_HARDWARE_BACKEND_AMDGPU_METRICS_H
#define HG_HARDWARE_BACKEND_AMDGPU_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

/** Longest file that is read; the largest known revision has 3872 bytes. */
#define METRICS_MAX 16384

enum metrics_field {
	METRICS_ENERGY,
	METRICS_POWER,
	METRICS_SM_CLOCK,
	METRICS_PROCHOT, /* how often since the start the clock was kept down from outside, */
	METRICS_LIMIT,   /* by the power limit, */
	METRICS_HEAT,    /* by heat of chip, regulators or memory */
	METRICS_STAMP,   /* when the firmware took this sample, by its own clock */
	METRICS_FIELDS
};

/** What a file said; a field that it does not have is not there, and never 0. */
struct metrics {
	unsigned format, content; /* revision, 1.3 is 1 and 3 */
	bool has[METRICS_FIELDS];
	int64_t value[METRICS_FIELDS]; /* uJ, mW, Hz; counts; ns */
};

/** The smallest step of the energy counter, 2^-16 J, in whole uJ. */
#define METRICS_ENERGY_STEP_UJ 16

/**
 * Reads len bytes of a file.
 * @return HG_OK; HG_EFORMAT (shorter than it says it is); HG_EVERSION (a revision that is not
 *         known, named in the text)
 */
hg_err metrics_parse(const void *data, size_t len, struct metrics *m, hg_error *why);

#endif
