/* Energy among tenants. */
#ifndef HG_HARDWARE_MEASURE_SHARE_H
#define HG_HARDWARE_MEASURE_SHARE_H

#include <hourglass/attribute.h>

/** Whether all numbers of tenants are finite and not negative. @return HG_OK, HG_EINVAL */
hg_err tenants_check(const hg_tenant *t, size_t n, uint32_t activities, hg_error *why);

/**
 * Splits active energy by weights (NULL: busy_s) and idle energy by the policy; the rest is
 * unattributed. parts added up, then *unattributed, are the sum of both exactly, in grains.
 */
void share_out(double active_j, double idle_j, const hg_tenant *tenants, const double *weights,
	size_t n, hg_idle_policy policy, double *parts, double *unattributed);

#endif
