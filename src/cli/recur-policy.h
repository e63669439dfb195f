/* Who chooses batch sizes and by what: the options that making a job and replaying one share. */
#ifndef HG_CLI_RECUR_POLICY_H
#define HG_CLI_RECUR_POLICY_H

#include <stdint.h>

#include "cli.h"

/** --eta, --policy, --beta, --horizon. */
extern const struct option recur_policy_options[];

/** What they say; 0 in beta and horizon: the engine's. */
struct recur_policy {
	uint32_t policy; /* hg_recur_policy */
	double eta, beta;
	uint32_t horizon;
};

struct recur_policy recur_policy_read(const struct args *args);

#endif
