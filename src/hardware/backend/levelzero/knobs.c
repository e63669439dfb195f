/* The sustained limit of power, and the range of the clock as a lock. Both are read back: the
 * driver clamps to what the hardware can do, and says that all is well. */
#include <string.h>

#include "core/fail.h"

#include "gpu.h"

#define MHZ_HZ 1000000
/** Most limits of a domain. */
#define LIMITS 16
/** Where the driver names no lowest limit: this part of the highest. */
#define LOWEST_PART 5

static const char no_rights[] = "setting needs root, or CAP_SYS_ADMIN";

static hg_err refused(const char *call, int result, hg_error *why)
{
	return fail(why, zes_error(result), "%s: %s", call, zes_text(result));
}

/* ----- power */

/* All limits, of which `at` is the sustained one. */
static hg_err limits_get(const struct zes_gpu *g, struct zes_limit all[LIMITS], uint32_t *n,
	uint32_t *at, hg_error *why)
{
	int result;

	*n = 0;
	result = g->lib.limits(g->power, n, NULL);
	*n = *n < LIMITS ? *n : LIMITS;
	for (uint32_t i = 0; i < LIMITS; i++)
		all[i] = (struct zes_limit){.type = ZES_TYPE_LIMIT};
	result = result || !*n ? result : g->lib.limits(g->power, n, all);
	if (result)
		return refused("zesPowerGetLimitsExt", result, why);
	for (*at = 0; *at < *n && *at < LIMITS; ++*at)
		if (all[*at].level == ZES_SUSTAINED && all[*at].unit == ZES_POWER_MW)
			return HG_OK;
	return fail(why, HG_EUNSUPPORTED, "zesPowerGetLimitsExt: no sustained limit of power");
}

static hg_err limit_current(
	const struct kernel_device *d, const struct kernel_knob *k, int64_t *value, hg_error *why)
{
	struct zes_limit all[LIMITS];
	uint32_t n, at;
	hg_err rc = limits_get(k->more, all, &n, &at, why);

	(void)d;
	if (!rc && all[at].limit < 0)
		return fail(why, HG_EDEVICE, "zesPowerGetLimitsExt: no value");
	*value = rc ? 0 : all[at].limit;
	return rc;
}

static hg_err limit_write(
	struct kernel_device *d, const struct kernel_knob *k, int64_t value, hg_error *why)
{
	const struct zes_gpu *g = k->more;
	struct zes_limit all[LIMITS];
	uint32_t n, at;
	hg_err rc = limits_get(g, all, &n, &at, why);
	int result;

	(void)d;
	if (rc)
		return rc;
	all[at].limit = (int32_t)value;
	result = g->lib.set_limits(g->power, &n, all);
	return result ? refused("zesPowerSetLimitsExt", result, why) : HG_OK;
}

/* -1 and 0 are "not told". */
static void limit_range(struct zes_gpu *g, const struct zes_limit *now, hg_knob_info *info)
{
	struct zes_power_properties p = {.type = ZES_TYPE_POWER};

	if (!g->lib.power_properties || g->lib.power_properties(g->power, &p))
		p.default_mw = p.min_mw = p.max_mw = -1;
	g->limits = p;
	info->current = now->limit;
	info->default_value = p.default_mw > 0 ? p.default_mw : now->limit;
	info->max = p.max_mw > 0 ? p.max_mw : info->default_value;
	info->max = info->max > now->limit ? info->max : now->limit;
	info->max = info->max > info->default_value ? info->max : info->default_value;
	info->min = p.min_mw > 0 && p.min_mw <= info->max ? p.min_mw : info->max / LOWEST_PART;
	info->min = info->min > 0 ? info->min : 1;
}

static void add_limit(struct kernel_device *d, struct zes_gpu *g)
{
	struct kernel_knob knob = {.write = limit_write,
		.current = limit_current,
		.more = g,
		.info = {.name = "power_limit",
			.unit = "mW",
			.text = "most power on average that the card may draw",
			.step = 1}};
	hg_knob_info *info = &knob.info;
	struct zes_limit all[LIMITS] = {{0}};
	hg_error why = {""};
	uint32_t n, at = 0;
	hg_err rc = HG_OK;

	if (!g->power)
		info->unsettable = "the driver tells no domain of power";
	else if (!g->lib.limits || !g->lib.set_limits)
		info->unsettable = "this Level Zero has no zesPowerGetLimitsExt and "
				   "zesPowerSetLimitsExt (since 1.8)";
	else
		rc = limits_get(g, all, &n, &at, &why);
	if (!rc && !info->unsettable && all[at].limit <= 0)
		rc = fail(&why, HG_EDEVICE, "zesPowerGetLimitsExt: no limit is set");
	if (rc)
		info->unsettable = kernel_format(d, "%s", why.text);
	if (info->unsettable) {
		knob.current = NULL;
	} else {
		limit_range(g, &all[at], info);
		info->unsettable = all[at].limit_locked ? "the firmware has locked it"
				   : !g->lib.may_set    ? no_rights
							: NULL;
	}
	(void)kernel_add_knob(d, &knob);
}

/* ----- clock */

static hg_err lock_current(
	const struct kernel_device *d, const struct kernel_knob *k, int64_t *value, hg_error *why)
{
	const struct zes_gpu *g = k->more;
	struct zes_range r = {-1.0, -1.0};
	int result = g->lib.range(g->frequency[ZES_CHIP], &r);

	(void)d;
	if (result)
		return refused("zesFrequencyGetRange", result, why);
	*value = r.min_mhz >= r.max_mhz && r.max_mhz > 0.0 && r.max_mhz < 1e6
			 ? (int64_t)(r.max_mhz * MHZ_HZ + 0.5)
			 : 0;
	return HG_OK;
}

static hg_err lock_write(
	struct kernel_device *d, const struct kernel_knob *k, int64_t value, hg_error *why)
{
	const struct zes_gpu *g = k->more;
	double mhz = value ? (double)value / MHZ_HZ : -1.0;
	const struct zes_range r = {mhz, mhz};
	int result = g->lib.set_range(g->frequency[ZES_CHIP], &r);

	(void)d;
	return result ? refused("zesFrequencySetRange", result, why) : HG_OK;
}

/* The settable clocks, ascending. */
static void lock_ladder(struct zes_gpu *g, hg_knob_info *info)
{
	double mhz[ZES_CLOCKS];
	uint32_t n = 0;
	size_t used = 0;

	if (!g->lib.clocks || g->lib.clocks(g->frequency[ZES_CHIP], &n, NULL) || !n ||
		n > ZES_CLOCKS || g->lib.clocks(g->frequency[ZES_CHIP], &n, mhz) || n > ZES_CLOCKS)
		return;
	for (uint32_t i = 0; i < n; i++) {
		int64_t hz;
		size_t at = used;

		if (!(mhz[i] > 0.0 && mhz[i] < 1e6))
			return;
		hz = (int64_t)(mhz[i] * MHZ_HZ + 0.5);
		while (at > 0 && g->ladder[at - 1] > hz)
			at--;
		if (at > 0 && g->ladder[at - 1] == hz)
			continue;
		memmove(g->ladder + at + 1, g->ladder + at, (used - at) * sizeof *g->ladder);
		g->ladder[at] = hz;
		used++;
	}
	info->ladder = g->ladder;
	info->n_ladder = used;
	info->min = g->ladder[0];
	info->max = g->ladder[used - 1];
}

static void add_lock(struct kernel_device *d, struct zes_gpu *g)
{
	const struct zes_frequency_properties *p = &g->sm_range;
	struct kernel_knob knob = {.write = lock_write,
		.current = lock_current,
		.more = g,
		.info = {.name = "sm_clock",
			.unit = "Hz",
			.text = "locked clock of the compute units; 0: not locked",
			.step = MHZ_HZ}};
	hg_knob_info *info = &knob.info;

	if (!g->frequency[ZES_CHIP])
		info->unsettable = "the driver tells no domain of its clock";
	else if (!g->lib.range || !g->lib.set_range)
		info->unsettable = "this Level Zero has no zesFrequencyGetRange and "
				   "zesFrequencySetRange";
	else if (!(p->min_mhz > 0.0 && p->max_mhz >= p->min_mhz && p->max_mhz < 1e6))
		info->unsettable = "the driver tells no range of the clock";
	else {
		info->min = (int64_t)(p->min_mhz * MHZ_HZ + 0.5);
		info->max = (int64_t)(p->max_mhz * MHZ_HZ + 0.5);
		lock_ladder(g, info);
		info->unsettable = !p->can_control   ? "the driver does not let it be set"
				   : !g->lib.may_set ? no_rights
						     : NULL;
	}
	if (info->unsettable && !info->max)
		knob.current = NULL;
	(void)kernel_add_knob(d, &knob);
}

void zes_gpu_knobs(struct kernel_device *d, struct zes_gpu *g)
{
	add_limit(d, g);
	add_lock(d, g);
}
