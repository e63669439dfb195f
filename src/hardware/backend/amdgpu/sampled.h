/*
 * When the firmware took a sample. It stamps each with its own clock, of which nobody says what it
 * shows now. But a sample was taken before the read that shows it ended; the first read to show it
 * began at most an age after; and it was not there yet when the read before showed an older one.
 * So each read bounds how far the clocks are apart, and all of them together do so closely.
 *
 * Reads that contradict each other show an age that is too small, which then grows, or a firmware
 * that has slept, with which all begins anew. A clock that has slept again and again is not
 * believed any more, and one that stands still not while it does: then a sample is of
 * SAMPLED_AGE_NS or less before its read.
 *
 * Pure: no clock, no device. Times are ns.
 */
#ifndef HG_HARDWARE_BACKEND_AMDGPU_SAMPLED_H
#define HG_HARDWARE_BACKEND_AMDGPU_SAMPLED_H

#include <stdbool.h>
#include <stdint.h>

/** A sample is renewed about this often: it is not older when it is read first. */
#define SAMPLED_AGE_NS     1000000
#define SAMPLED_AGE_MAX_NS 1024000000

/** What is known of the firmware's clock; all zeros: nothing. */
struct sampled {
	bool known;
	bool refuted;      /* it is no clock */
	unsigned n_jumps;  /* contradictions that no age explains, the last ones near in time */
	int64_t jump_ns;   /* the last of them */
	int64_t age_ns;    /* oldest that a sample is taken to be */
	int64_t stamp_ns;  /* of the latest sample, */
	int64_t energy_uj; /* and its energy */
	int64_t begin_ns;  /* latest read */
	int64_t end_ns;
	int64_t least_ns; /* host's clock less the firmware's, as of the latest read: */
	int64_t most_ns;  /* between these two */
	int64_t t0_ns;    /* what was said of the latest sample */
	int64_t t1_ns;
};

/**
 * A read from *t0_ns to *t1_ns showed a sample of some energy that is stamped stamp_ns: replaces
 * both times by two between which the sample was taken. Their middles never go back unless the
 * reads do.
 */
void sampled_between(
	struct sampled *s, int64_t stamp_ns, int64_t energy_uj, int64_t *t0_ns, int64_t *t1_ns);

#endif
