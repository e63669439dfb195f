/* Knobs: the power limit, clocks locked to one value, and (in module.c and profiles.c) a
 * superchip's limit and tunings for kinds of work. The driver does not say which clock is locked,
 * so what is remembered here is what was set through this device. */
#include "nvml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/** From setting a power limit to its effect: 7 to 20 ms on an A40 (arXiv 2404.06675, 3.2). */
#define LIMIT_LATENCY_NS 20000000

static const struct {
	const char *name, *unit, *text;
} knobs[NVML_KNOBS] = {
	[NVML_KNOB_POWER_LIMIT] = {"power_limit", "mW",
		"most power that work may draw; the clock falls to keep it"},
	[NVML_KNOB_SM_CLOCK] = {"sm_clock", "Hz",
		"locked clock of the compute units; 0: not locked by us"},
	[NVML_KNOB_MEMORY_CLOCK] = {"memory_clock", "Hz",
		"locked clock of the memory; 0: not locked by us"},
	[NVML_KNOB_PROFILE] = {"power_profile", "id", "workload power profile; -1: none"},
	[NVML_KNOB_MODULE_LIMIT] = {"module_limit", "mW",
		"most power that the whole superchip may draw, its processor included"},
};

void nvml_unsettable(struct nvml_range *k, const char *what, const char *text)
{
	if (!k->unsettable[0])
		(void)snprintf(k->unsettable, sizeof k->unsettable, "%s%s%s", what,
			*what ? ": " : "", text);
}

/* ----- ranges */

static void limit_probe(struct nvml_device *d)
{
	struct nvml_range *k = &d->knobs[NVML_KNOB_POWER_LIMIT];
	uint32_t min = 0, max = 0, normal = 0, now = 0;
	const char *what = "nvmlDeviceGetPowerManagementLimitConstraints";
	int result = d->lib.limit_range ? d->lib.limit_range(d->handle, &min, &max)
					: NVML_FUNCTION_NOT_FOUND;

	k->step = 1;
	if (!result) {
		what = "nvmlDeviceGetPowerManagementDefaultLimit";
		result = d->lib.limit_default ? d->lib.limit_default(d->handle, &normal)
					      : NVML_FUNCTION_NOT_FOUND;
	}
	if (!result) {
		what = "nvmlDeviceGetPowerManagementLimit";
		result = d->lib.limit ? d->lib.limit(d->handle, &now) : NVML_FUNCTION_NOT_FOUND;
	}
	if (result) {
		nvml_unsettable(k, what, nvml_text(&d->lib, result));
		return;
	}
	if (min > max || min == UINT32_MAX || normal == UINT32_MAX || now == UINT32_MAX) {
		nvml_unsettable(k, "", "the driver gives no range for it");
		return;
	}
	k->min = min;
	k->max = max;
	k->default_value = normal;
	k->current = now;
	if (min == max)
		nvml_unsettable(k, "", "its range is a single value");
	if (!d->lib.set_limit)
		nvml_unsettable(k, "nvmlDeviceSetPowerManagementLimit",
			nvml_text(&d->lib, NVML_FUNCTION_NOT_FOUND));
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t gcd(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Sorts the ladder, drops what is listed twice, and says what lies within it. */
static void ladder_make(struct nvml_range *k, const uint32_t *mhz, size_t n)
{
	int64_t step = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		k->ladder[i] = (int64_t)mhz[i] * 1000000;
	qsort(k->ladder, n, sizeof k->ladder[0], ascending);
	for (size_t i = 0; i < n; i++)
		if (k->ladder[i] > 0 && (!used || k->ladder[used - 1] != k->ladder[i]))
			k->ladder[used++] = k->ladder[i];
	k->n_ladder = used;
	if (!used) {
		nvml_unsettable(k, "", "the driver lists no clocks");
		return;
	}
	k->min = k->ladder[0];
	k->max = k->ladder[used - 1];
	for (size_t i = 1; i < used; i++)
		step = gcd(k->ladder[i] - k->ladder[i - 1], step);
	k->step = step ? step : 1;
}

static int memory_clocks(const struct nvml_device *d, uint32_t *n, uint32_t *mhz)
{
	int result = d->lib.memory_clocks ? d->lib.memory_clocks(d->handle, n, mhz)
					  : NVML_FUNCTION_NOT_FOUND;

	return !result && *n > NVML_LADDER ? NVML_INSUFFICIENT_SIZE : result;
}

static void memory_clock_probe(struct nvml_device *d)
{
	struct nvml_range *k = &d->knobs[NVML_KNOB_MEMORY_CLOCK];
	uint32_t mhz[NVML_LADDER], n = NVML_LADDER;
	int result = memory_clocks(d, &n, mhz);

	k->step = 1;
	if (result)
		nvml_unsettable(
			k, "nvmlDeviceGetSupportedMemoryClocks", nvml_text(&d->lib, result));
	else
		ladder_make(k, mhz, n);
	if (!d->lib.lock_memory || !d->lib.unlock_memory)
		nvml_unsettable(k, "nvmlDeviceSetMemoryLockedClocks",
			nvml_text(&d->lib, NVML_FUNCTION_NOT_FOUND));
}

/* The clocks of the compute units at the highest clock of the memory, where work runs. */
static void sm_clock_probe(struct nvml_device *d)
{
	struct nvml_range *k = &d->knobs[NVML_KNOB_SM_CLOCK];
	uint32_t mhz[NVML_LADDER], n = NVML_LADDER, highest = 0;
	const char *what = "nvmlDeviceGetSupportedMemoryClocks";
	int result = memory_clocks(d, &n, mhz);

	k->step = 1;
	for (uint32_t i = 0; !result && i < n; i++)
		highest = mhz[i] > highest ? mhz[i] : highest;
	if (!result) {
		what = "nvmlDeviceGetSupportedGraphicsClocks";
		n = NVML_LADDER;
		result = d->lib.sm_clocks ? d->lib.sm_clocks(d->handle, highest, &n, mhz)
					  : NVML_FUNCTION_NOT_FOUND;
		result = !result && n > NVML_LADDER ? NVML_INSUFFICIENT_SIZE : result;
	}
	if (result)
		nvml_unsettable(k, what, nvml_text(&d->lib, result));
	else
		ladder_make(k, mhz, n);
	if (!d->lib.lock_sm || !d->lib.unlock_sm)
		nvml_unsettable(k, "nvmlDeviceSetGpuLockedClocks",
			nvml_text(&d->lib, NVML_FUNCTION_NOT_FOUND));
}

/* What the driver forgets when nobody holds it, and this device is such a holder. */
static const char *persistence_text(const struct nvml_device *d)
{
	int enabled = 1;

	if (d->mig || !d->lib.persistence || d->lib.persistence(d->handle, &enabled) || enabled)
		return "";
	return "; persistence mode is off: it is lost when the last program that uses the driver "
	       "ends (nvidia-smi -pm 1, or nvidia-persistenced)";
}

void nvml_knobs_probe(struct nvml_device *d)
{
	const char *caveat = persistence_text(d);

	if (!d->mig) {
		limit_probe(d);
		sm_clock_probe(d);
		memory_clock_probe(d);
		nvml_profile_probe(d);
		nvml_module_probe(d);
	}
	for (size_t i = 0; i < NVML_KNOBS; i++) {
		size_t len = strlen(d->knobs[i].text);

		(void)snprintf(d->knobs[i].text + len, sizeof d->knobs[i].text - len, "%s%s",
			len ? "" : knobs[i].text, caveat);
		if (d->mig)
			nvml_unsettable(
				&d->knobs[i], "", "of the whole GPU only, not of a MIG instance");
		if (!d->lib.may_set)
			nvml_unsettable(
				&d->knobs[i], "", "needs root, or the capability CAP_SYS_ADMIN");
	}
}

void nvml_knob_info(const struct nvml_device *d, size_t i, hg_knob_info *info)
{
	const struct nvml_range *k = &d->knobs[i];

	info->name = knobs[i].name;
	info->unit = knobs[i].unit;
	info->flags =
		i == NVML_KNOB_SM_CLOCK || i == NVML_KNOB_MEMORY_CLOCK ? HG_KNOB_WRITE_ONLY : 0;
	info->text = k->text;
	info->min = k->min;
	info->max = k->max;
	info->step = k->step ? k->step : 1;
	info->default_value = k->default_value;
	info->current = k->current;
	info->unsettable = k->unsettable[0] ? k->unsettable : NULL;
	info->latency_ns =
		i == NVML_KNOB_POWER_LIMIT || i == NVML_KNOB_MODULE_LIMIT ? LIMIT_LATENCY_NS : 0;
	info->ladder = k->n_ladder ? k->ladder : NULL;
	info->n_ladder = k->n_ladder;
}

/* ----- setting */

hg_err nvml_refused(const struct nvml_device *d, size_t knob, int result, hg_error *why)
{
	hg_err rc = nvml_error(result);

	return fail(why, rc == HG_EPERM ? rc : HG_EDEVICE, "%.64s: %s cannot be set: %s", d->spec,
		knobs[knob].name, nvml_text(&d->lib, result));
}

static hg_err limit_set(struct nvml_device *d, int64_t value, hg_effect *effect, hg_error *why)
{
	struct nvml_range *k = &d->knobs[NVML_KNOB_POWER_LIMIT];
	uint32_t now = 0, enforced = 0;
	int result = d->lib.set_limit(d->handle, (uint32_t)value);

	if (result)
		return nvml_refused(d, NVML_KNOB_POWER_LIMIT, result, why);
	result = d->lib.limit(d->handle, &now);
	if (result)
		return fail(why, HG_EDEVICE, "%.64s: power_limit was set but cannot be read: %s",
			d->spec, nvml_text(&d->lib, result));
	k->current = effect->enforced = effect->observed = now;
	/* another limiter may keep it lower */
	if (d->lib.enforced && !d->lib.enforced(d->handle, &enforced) && enforced != UINT32_MAX)
		effect->observed = enforced;
	return HG_OK;
}

/* Nearest step of the ladder, the lower of two. */
static int64_t ladder_nearest(const struct nvml_range *k, int64_t value)
{
	int64_t best = k->ladder[0];

	for (size_t i = 1; i < k->n_ladder; i++)
		if (llabs(k->ladder[i] - value) < llabs(best - value))
			best = k->ladder[i];
	return best;
}

static hg_err clock_set(
	struct nvml_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	struct nvml_range *k = &d->knobs[knob];
	bool memory = knob == NVML_KNOB_MEMORY_CLOCK;
	int64_t hz = value == k->default_value ? 0 : ladder_nearest(k, value);
	uint32_t mhz = (uint32_t)(hz / 1000000);
	int result;

	if (hz)
		result = (memory ? d->lib.lock_memory : d->lib.lock_sm)(d->handle, mhz, mhz);
	else
		result = (memory ? d->lib.unlock_memory : d->lib.unlock_sm)(d->handle);
	if (result)
		return nvml_refused(d, knob, result, why);
	k->current = effect->enforced = effect->observed = hz;
	/* the driver promises nothing: what the clock is, it tells. A clock may take its time */
	if (d->lib.clock &&
		!d->lib.clock(d->handle, memory ? NVML_CLOCK_MEMORY : NVML_CLOCK_SM, &mhz))
		effect->observed = (int64_t)mhz * 1000000;
	return HG_OK;
}

hg_err nvml_knob_set(
	struct nvml_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	if (knob == NVML_KNOB_POWER_LIMIT)
		return limit_set(d, value, effect, why);
	if (knob == NVML_KNOB_PROFILE)
		return nvml_profile_set(d, value, effect, why);
	if (knob == NVML_KNOB_MODULE_LIMIT)
		return nvml_module_set(d, value, effect, why);
	return clock_set(d, knob, value, effect, why);
}
