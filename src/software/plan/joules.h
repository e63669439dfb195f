/* Exact sums of flow * time. */
#ifndef HG_PLAN_JOULES_H
#define HG_PLAN_JOULES_H

#include "core/wide.h"

/* In 1e-15 J. */
struct joules {
	uint64_t high, low;
};

static inline void joules_add(struct joules *sum, int64_t flow_uw, int64_t time_ns)
{
	uint64_t high, low = mul_wide((uint64_t)flow_uw, (uint64_t)time_ns, &high);

	sum->low += low;
	sum->high += high + (sum->low < low);
}

static inline double joules_double(const struct joules *sum)
{
	return ((double)sum->high * 0x1p64 + (double)sum->low) * 1e-15;
}

#endif
