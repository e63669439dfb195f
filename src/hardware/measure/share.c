#include <math.h>
#include <stdbool.h>

#include <hourglass/attribute.h>

#include "core/fail.h"
#include "grain.h"
#include "share.h"

const char *hg_idle_policy_name(hg_idle_policy policy)
{
	static const char *const names[] = {"unattributed", "by-slices", "by-memory", "equal"};

	return (unsigned)policy < sizeof names / sizeof *names ? names[policy] : "?";
}

static bool amount(double x)
{
	return x >= 0 && x < INFINITY;
}

hg_err tenants_check(const hg_tenant *t, size_t n, uint32_t activities, hg_error *why)
{
	if (!t && n)
		return fail(why, HG_EINVAL, "no tenants");
	for (size_t i = 0; i < n; i++) {
		bool good = amount(t[i].busy_s) && amount(t[i].slice) && amount(t[i].memory_bytes);

		for (uint32_t a = 0; a < activities; a++)
			good = good && amount(t[i].activity[a]);
		if (!good)
			return fail(why, HG_EINVAL,
				"tenant %zu: a number is negative or not finite", i);
	}
	return HG_OK;
}

/* What a tenant's part of the idle energy goes by. */
static double claim(const hg_tenant *t, hg_idle_policy policy)
{
	switch (policy) {
	case HG_IDLE_BY_SLICES:
		return t->slice;
	case HG_IDLE_BY_MEMORY:
		return t->memory_bytes;
	case HG_IDLE_EQUAL:
		return 1;
	case HG_IDLE_UNATTRIBUTED:
	default:
		return 0;
	}
}

void share_out(double active_j, double idle_j, const hg_tenant *tenants, const double *weights,
	size_t n, hg_idle_policy policy, double *parts, double *unattributed)
{
	double all = 0, claims = 0, left = grain_round(active_j + idle_j);

	for (size_t i = 0; i < n; i++) {
		all += weights ? weights[i] : tenants[i].busy_s;
		claims += claim(&tenants[i], policy);
	}
	/* slices that do not make a whole device leave the rest of it to nobody */
	if (policy == HG_IDLE_BY_SLICES && claims > 0)
		claims = fmax(claims, 1);
	for (size_t i = 0; i < n; i++) {
		double weight = weights ? weights[i] : tenants[i].busy_s;
		double j = (all > 0 ? active_j * (weight / all) : 0) +
			   (claims > 0 ? idle_j * (claim(&tenants[i], policy) / claims) : 0);

		parts[i] = fmin(grain_round(j), left);
		left -= parts[i];
	}
	*unattributed = left;
}

hg_err hg_share(double total_j, double idle_j, const hg_tenant *tenants, size_t n,
	hg_idle_policy policy, double *parts, double *unattributed, hg_error *why)
{
	hg_err rc = tenants_check(tenants, n, 0, why);

	if (rc)
		return rc;
	if (!amount(total_j) || !amount(idle_j) || (!parts && n) || !unattributed ||
		(unsigned)policy > HG_IDLE_EQUAL)
		return fail(why, HG_EINVAL,
			"%g J of which %g J idle: both must be known, and the policy be one",
			total_j, idle_j);
	idle_j = fmin(idle_j, total_j);
	share_out(total_j - idle_j, idle_j, tenants, NULL, n, policy, parts, unattributed);
	return HG_OK;
}
