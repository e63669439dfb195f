/*
 * A workload of known ops, made ready for fits: ops of like balance in one part each, a link's
 * seconds in another, and how far off it may all be before anything was observed.
 */
#ifndef HG_HARDWARE_MODEL_MIX_H
#define HG_HARDWARE_MODEL_MIX_H

#include "op-cost.h"
#include "prior.h"

/** ln compute over memory goes from -LIMIT to LIMIT in so many parts; beyond it in the last. */
#define MIX_BALANCES 24
#define MIX_LIMIT    3.0
#define MIX_PARTS    (MIX_BALANCES + 1)

/** Ops that react alike. */
struct mix_part {
	double compute_s, memory_s; /* sums at full clock */
	double flat_s, traffic_s;   /* on a link, and of memory beside it */
	double active_s;            /* sum of compute times activity */
};

struct mix {
	struct mix_part part[MIX_PARTS]; /* the last one is the link's */
	double gap_s;
	double memory_w; /* km */
	uint32_t origin; /* of a prediction before anything was observed */
	struct prior prior;
	double time_sd; /* of the ln of all times alike */
};

/** Figures of a device as ops of known shape have them, which sweeps of whole jobs did not tell. */
struct figures figures_of_ops(const struct figures *f);

/** @param ops  NULL: from the datasheet. @return HG_OK, HG_ENOMEM */
hg_err mix_init(
	struct mix *mix, const struct hg_model *m, const struct hg_workload *w, const hg_ops *ops);

#endif
