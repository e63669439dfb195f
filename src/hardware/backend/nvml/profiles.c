/*
 * Workload power profiles, since driver branch R570: tunings of the driver's for kinds of work, by
 * number. Several may be asked for at once and the driver settles conflicts; here it is one or
 * none, so that a setting is one number.
 */
#include "nvml.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

/** Profiles there may be. */
#define PROFILES 255

/* Names as the driver's header has them. */
static const char *const names[] = {"max_p", "max_q", "compute", "memory_bound", "network",
	"balanced", "llm_inference", "llm_training", "rbm", "dcpcie", "hmma_sparse", "hmma_dense",
	"sync_balanced", "hpc", "mig"};

static bool mask_has(const struct nvml_mask *m, uint32_t id)
{
	return m->word[id / 32] >> id % 32 & 1u;
}

static struct nvml_mask mask_of(int64_t id)
{
	struct nvml_mask m = {{0}};

	if (id >= 0)
		m.word[id / 32] = 1u << id % 32;
	return m;
}

static int64_t lowest(const struct nvml_mask *m)
{
	for (uint32_t id = 0; id < PROFILES; id++)
		if (mask_has(m, id))
			return id;
	return NVML_PROFILE_NONE;
}

int nvml_profiles_read(const struct nvml_device *d, struct nvml_profiles_now *out)
{
	*out = (struct nvml_profiles_now){
		.version = NVML_VERSION_WORD(struct nvml_profiles_now, 1)};
	return d->lib.profiles_now ? d->lib.profiles_now(d->handle, out) : NVML_FUNCTION_NOT_FOUND;
}

/* "; 3 memory_bound, 6 llm_inference" */
static void text_add(struct nvml_range *k, uint32_t id)
{
	size_t len = strlen(k->text), room = sizeof k->text - len;
	const char *name = id < sizeof names / sizeof *names ? names[id] : "(new)";

	(void)snprintf(k->text + len, room, "%s %u %s", k->n_ladder > 1 ? "," : ";", id, name);
}

void nvml_profile_probe(struct nvml_device *d)
{
	struct nvml_range *k = &d->knobs[NVML_KNOB_PROFILE];
	struct nvml_profiles_now now;
	int result = nvml_profiles_read(d, &now);

	k->step = 1;
	k->min = k->max = k->default_value = k->current = NVML_PROFILE_NONE;
	if (result) {
		nvml_unsettable(k, "workload power profiles", nvml_text(&d->lib, result));
		return;
	}
	(void)snprintf(k->text, sizeof k->text, "workload power profile; -1 none");
	k->ladder[k->n_ladder++] = NVML_PROFILE_NONE;
	for (uint32_t id = 0; id < PROFILES; id++)
		if (mask_has(&now.supported, id)) {
			text_add(k, id);
			k->ladder[k->n_ladder++] = id;
			k->max = id;
		}
	k->current = lowest(&now.requested);
	if (k->n_ladder == 1)
		nvml_unsettable(k, "", "the GPU has none");
	if (!d->lib.profiles_update && (!d->lib.profiles_set || !d->lib.profiles_clear))
		nvml_unsettable(k, "nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1",
			nvml_text(&d->lib, NVML_FUNCTION_NOT_FOUND));
}

/* By the function since R590; an empty mask cannot overwrite, so none is to clear all there are. */
static int update(const struct nvml_device *d, int64_t id, const struct nvml_mask *requested)
{
	struct nvml_profiles_update change = {
		.operation = NVML_PROFILES_OVERWRITE, .mask = mask_of(id)};

	if (id == NVML_PROFILE_NONE && lowest(requested) == NVML_PROFILE_NONE)
		return NVML_SUCCESS;
	if (id == NVML_PROFILE_NONE)
		change = (struct nvml_profiles_update){NVML_PROFILES_CLEAR, *requested};
	return d->lib.profiles_update(d->handle, &change);
}

/* By those of R570: what else is asked for is taken back first. */
static int clear_and_set(const struct nvml_device *d, int64_t id, const struct nvml_mask *requested)
{
	const uint32_t version = NVML_VERSION_WORD(struct nvml_profiles_asked, 1);
	struct nvml_profiles_asked ask = {version, *requested};
	int result = NVML_SUCCESS;

	if (lowest(requested) != NVML_PROFILE_NONE)
		result = d->lib.profiles_clear(d->handle, &ask);
	if (result || id == NVML_PROFILE_NONE)
		return result;
	ask = (struct nvml_profiles_asked){version, mask_of(id)};
	return d->lib.profiles_set(d->handle, &ask);
}

hg_err nvml_profile_set(struct nvml_device *d, int64_t value, hg_effect *effect, hg_error *why)
{
	struct nvml_range *k = &d->knobs[NVML_KNOB_PROFILE];
	struct nvml_profiles_now now;
	size_t i = 0;
	int result;

	while (i < k->n_ladder && k->ladder[i] != value)
		i++;
	if (i == k->n_ladder)
		return fail(why, HG_ERANGE, "%.64s: the GPU has no power_profile %lld: %s", d->spec,
			(long long)value, k->text);
	result = nvml_profiles_read(d, &now);
	if (!result && d->lib.profiles_update)
		result = update(d, value, &now.requested);
	else if (!result)
		result = clear_and_set(d, value, &now.requested);
	result = result ? result : nvml_profiles_read(d, &now);
	if (result)
		return fail(why, nvml_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE,
			"%.64s: power_profile cannot be set: %s", d->spec,
			nvml_text(&d->lib, result));
	k->current = effect->enforced = lowest(&now.requested);
	/* one with a higher priority, asked for by another program, may be in force */
	effect->observed = value >= 0 && mask_has(&now.enforced, (uint32_t)value)
				   ? value
				   : lowest(&now.enforced);
	return HG_OK;
}
