/*
 * Knobs: the power limit, and highest clocks. The library's only way to free a clock is a
 * performance level that frees all of them, and one clock limited turns another way of limiting
 * off: so what is held is put into force as a whole each time.
 */
#include "amdsmi.h"

#include <stdio.h>

#include "core/fail.h"

/** Limits below this cannot be uW. */
#define CAP_WATTS_BELOW 10000u

#define MHZ INT64_C(1000000)

static const struct {
	const char *name, *unit, *text;
} knobs[AMDSMI_KNOBS] = {
	[AMDSMI_KNOB_POWER_LIMIT] = {"power_limit", "mW",
		"most power that work may draw; the clock falls to keep it"},
	[AMDSMI_KNOB_SM_CLOCK] = {"sm_clock", "Hz",
		"highest clock of the compute units; 0: not limited by us"},
	[AMDSMI_KNOB_MEMORY_CLOCK] = {"memory_clock", "Hz",
		"highest clock of the memory; 0: not limited by us"},
};

static void unsettable(struct amdsmi_range *k, const char *what, const char *text)
{
	if (!k->unsettable[0])
		(void)snprintf(k->unsettable, sizeof k->unsettable, "%s%s%s", what,
			*what ? ": " : "", text);
}

/* ----- ranges */

static int64_t cap_mw(const struct amdsmi_device *d, uint64_t cap)
{
	return d->cap_in_watts ? (int64_t)cap * 1000 : (int64_t)(cap / 1000);
}

static void limit_probe(struct amdsmi_device *d)
{
	struct amdsmi_range *k = &d->knobs[AMDSMI_KNOB_POWER_LIMIT];
	struct amdsmi_cap cap;
	int result = amdsmi_cap_read(d, &cap);

	if (result) {
		unsettable(k, "amdsmi_get_power_cap_info", amdsmi_text(result));
		return;
	}
	/* virtual functions say UINT64_MAX for all of it */
	if (cap.min > cap.max || cap.max >= UINT32_MAX || cap.max == 0) {
		unsettable(k, "", "the driver gives no range for it");
		return;
	}
	k->min = cap_mw(d, cap.min);
	k->max = cap_mw(d, cap.max);
	k->current = cap_mw(d, cap.cap);
	k->default_value =
		cap.default_cap && cap.default_cap <= cap.max ? cap_mw(d, cap.default_cap) : k->max;
	if (k->min == k->max)
		unsettable(k, "", "its range is a single value");
	if (!d->lib->set_cap)
		unsettable(k, "amdsmi_set_power_cap", amdsmi_text(AMDSMI_MISSING));
}

static void clock_probe(struct amdsmi_device *d, enum amdsmi_knob knob, enum amdsmi_clock clock)
{
	struct amdsmi_range *k = &d->knobs[knob];
	struct amdsmi_clocks c;
	int result = amdsmi_clocks_read(d, clock, &c);
	bool limit = d->lib->set_limit || d->lib->set_range;

	if (result)
		unsettable(k, "amdsmi_get_clock_info", amdsmi_text(result));
	else if (c.max == UINT32_MAX || c.min == UINT32_MAX || c.min >= c.max)
		unsettable(k, "", "the driver gives no range for it");
	if (!k->unsettable[0]) {
		k->min = (int64_t)c.min * MHZ;
		k->max = (int64_t)c.max * MHZ;
	}
	if (!d->lib->set_level)
		unsettable(k, "amdsmi_set_gpu_perf_level",
			"without it the clock could not be freed again");
	if (!limit && !(clock == AMDSMI_CLOCK_GFX && d->lib->determinism))
		unsettable(k, "amdsmi_set_gpu_clk_limit", amdsmi_text(AMDSMI_MISSING));
}

void amdsmi_knobs_probe(struct amdsmi_device *d)
{
	struct amdsmi_cap cap;

	d->cap_in_watts = !amdsmi_cap_read(d, &cap) && cap.max < CAP_WATTS_BELOW;
	limit_probe(d);
	clock_probe(d, AMDSMI_KNOB_SM_CLOCK, AMDSMI_CLOCK_GFX);
	clock_probe(d, AMDSMI_KNOB_MEMORY_CLOCK, AMDSMI_CLOCK_MEMORY);
	for (size_t i = 0; i < AMDSMI_KNOBS; i++)
		if (!d->lib->may_set)
			unsettable(&d->knobs[i], "", "needs root, or the capability CAP_SYS_ADMIN");
}

void amdsmi_knob_info(const struct amdsmi_device *d, size_t i, hg_knob_info *info)
{
	const struct amdsmi_range *k = &d->knobs[i];

	info->name = knobs[i].name;
	info->unit = knobs[i].unit;
	info->text = knobs[i].text;
	info->flags = i == AMDSMI_KNOB_POWER_LIMIT ? 0 : HG_KNOB_WRITE_ONLY;
	info->min = k->min;
	info->max = k->max;
	info->step = i == AMDSMI_KNOB_POWER_LIMIT ? 1000 : MHZ;
	info->default_value = k->default_value;
	info->current = k->current;
	info->unsettable = k->unsettable[0] ? k->unsettable : NULL;
}

/* ----- setting */

static hg_err refused(const struct amdsmi_device *d, size_t knob, int result, hg_error *why)
{
	return fail(why, amdsmi_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE,
		"%.64s: %s cannot be set: %s", d->spec, knobs[knob].name, amdsmi_text(result));
}

static hg_err limit_set(struct amdsmi_device *d, int64_t value, hg_effect *effect, hg_error *why)
{
	struct amdsmi_range *k = &d->knobs[AMDSMI_KNOB_POWER_LIMIT];
	uint64_t want = (uint64_t)(d->cap_in_watts ? value / 1000 : value * 1000);
	struct amdsmi_cap cap;
	int result = d->lib->set_cap(d->handle, 0, want);

	result = result ? result : amdsmi_cap_read(d, &cap);
	if (result)
		return refused(d, AMDSMI_KNOB_POWER_LIMIT, result, why);
	k->current = effect->enforced = effect->observed = cap_mw(d, cap.cap);
	return HG_OK;
}

static int clock_limit(
	const struct amdsmi_device *d, enum amdsmi_clock clock, const struct amdsmi_range *k)
{
	uint64_t min = (uint64_t)(k->min / MHZ), max = (uint64_t)(k->current / MHZ);

	if (d->lib->set_limit)
		return d->lib->set_limit(d->handle, (int)clock, AMDSMI_BOUND_MAX, max);
	return d->lib->set_range ? d->lib->set_range(d->handle, min, max, (int)clock)
				 : AMDSMI_MISSING;
}

/* All that is held, from a clean state. Determinism, which is what Instinct boards have for their
 * clock, and limits exclude each other: with a limit of the memory there are limits only. */
static int clocks_enforce(const struct amdsmi_device *d)
{
	const struct amdsmi_range *sm = &d->knobs[AMDSMI_KNOB_SM_CLOCK];
	const struct amdsmi_range *memory = &d->knobs[AMDSMI_KNOB_MEMORY_CLOCK];
	int result = d->lib->set_level(d->handle, AMDSMI_LEVEL_AUTO);

	if (!result && memory->current)
		result = clock_limit(d, AMDSMI_CLOCK_MEMORY, memory);
	if (result || !sm->current)
		return result;
	if (d->lib->determinism && !memory->current)
		return d->lib->determinism(d->handle, (uint64_t)(sm->current / MHZ));
	return clock_limit(d, AMDSMI_CLOCK_GFX, sm);
}

static hg_err clock_set(
	struct amdsmi_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	struct amdsmi_range *k = &d->knobs[knob];
	enum amdsmi_clock clock =
		knob == AMDSMI_KNOB_SM_CLOCK ? AMDSMI_CLOCK_GFX : AMDSMI_CLOCK_MEMORY;
	int64_t before = k->current;
	struct amdsmi_clocks c;
	int result;

	k->current = value / MHZ * MHZ;
	result = clocks_enforce(d);
	if (result) {
		k->current = before;
		(void)clocks_enforce(d); /* as it was, as far as that goes */
		return refused(d, knob, result, why);
	}
	effect->enforced = effect->observed = k->current;
	if (!amdsmi_clocks_read(d, clock, &c) && c.now != UINT32_MAX)
		effect->observed = (int64_t)c.now * MHZ;
	return HG_OK;
}

hg_err amdsmi_knob_set(
	struct amdsmi_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	if (knob == AMDSMI_KNOB_POWER_LIMIT)
		return limit_set(d, value, effect, why);
	return clock_set(d, knob, value, effect, why);
}
