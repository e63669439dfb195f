/* 1F1B pipelines from measured stage profiles, for the planner's tests and bench. */
#ifndef HG_TEST_ONE_F_ONE_B_H
#define HG_TEST_ONE_F_ONE_B_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/plan.h>

#include "core/buf.h"

#define ONEFB_STAGES  8
#define ONEFB_OPTIONS 64

/* A stage profile: measured options of forward (0) and backward (1) of 8 stages. */
struct onefb_profile {
	hg_option options[ONEFB_STAGES][2][ONEFB_OPTIONS];
	uint32_t n[ONEFB_STAGES][2];
};

/* Reads "stage,instruction,frequency,time,energy" text of len bytes. @return false: malformed */
bool onefb_parse(const char *text, size_t len, struct onefb_profile *out);

/* What to build. */
struct onefb {
	uint32_t stages, microbatches;
	double static_w;
	double vary;   /* > 0: times and energies of each stage are scaled by 1 +- vary */
	uint64_t seed; /* of that */
};

/* A finished DAG: node (stage * microbatches + m) * 2 + (0 forward, 1 backward); families are
 * stage * 2 + (0, 1); the profile's last stage is the pipeline's last. @return NULL: no memory */
hg_dag *onefb_dag(const struct onefb_profile *profile, const struct onefb *what);

/** Appends the profile of such a pipeline as CSV. */
void onefb_csv(const struct onefb_profile *profile, const struct onefb *what, struct buf *out);

#endif
