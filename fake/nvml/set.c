/* The fake NVML: what is set. */
#include <stdbool.h>
#include <string.h>

#include "nvml.h"

static int enter_set(const char *call, nvml_handle h)
{
	int result = nvml_enter_whole(call, h);

	return !result && !nvml_play.scenario.may_set ? NVML_NO_PERMISSION : result;
}

int nvmlDeviceSetPowerManagementLimit(nvml_handle h, uint32_t mw)
{
	int result = enter_set("nvmlDeviceSetPowerManagementLimit", h);

	if (!result && !fake_set(h->device, FAKE_LIMIT_W, (double)mw * 1e-3))
		result = NVML_INVALID_ARGUMENT;
	return nvml_leave(result);
}

int nvmlDeviceSetPowerManagementLimit_v2(nvml_handle h, struct nvml_scoped_limit *in)
{
	int result = enter_set("nvmlDeviceSetPowerManagementLimit_v2", h);
	bool module = in->scope == NVML_SCOPE_MODULE;

	if (!result && in->version != NVML_VERSION_WORD(struct nvml_scoped_limit, 2))
		result = NVML_ARGUMENT_VERSION;
	if (!result && (module ? h->device->spec->module_w < 0.0 : in->scope != NVML_SCOPE_GPU))
		result = NVML_NOT_SUPPORTED;
	if (!result &&
		!fake_set(h->device, module ? FAKE_MODULE_W : FAKE_LIMIT_W, (double)in->mw * 1e-3))
		result = NVML_INVALID_ARGUMENT;
	return nvml_leave(result);
}

static int lock_clock(
	const char *call, nvml_handle h, enum fake_knob knob, uint32_t min_mhz, uint32_t max_mhz)
{
	int result = enter_set(call, h);

	if (!result && min_mhz > max_mhz)
		result = NVML_INVALID_ARGUMENT;
	if (!result)
		(void)fake_set(h->device, knob, (double)max_mhz);
	return nvml_leave(result);
}

int nvmlDeviceSetGpuLockedClocks(nvml_handle h, uint32_t min_mhz, uint32_t max_mhz)
{
	return lock_clock("nvmlDeviceSetGpuLockedClocks", h, FAKE_SM_MHZ, min_mhz, max_mhz);
}

int nvmlDeviceSetMemoryLockedClocks(nvml_handle h, uint32_t min_mhz, uint32_t max_mhz)
{
	return lock_clock("nvmlDeviceSetMemoryLockedClocks", h, FAKE_MEMORY_MHZ, min_mhz, max_mhz);
}

int nvmlDeviceResetGpuLockedClocks(nvml_handle h)
{
	return lock_clock("nvmlDeviceResetGpuLockedClocks", h, FAKE_SM_MHZ, 0, 0);
}

int nvmlDeviceResetMemoryLockedClocks(nvml_handle h)
{
	return lock_clock("nvmlDeviceResetMemoryLockedClocks", h, FAKE_MEMORY_MHZ, 0, 0);
}

/* ----- workload power profiles: asking for one puts it into force; they change no power here */

static bool mask_has(const struct nvml_mask *m, uint32_t id)
{
	return m->word[id / 32] >> id % 32 & 1u;
}

static void mask_add(struct nvml_mask *m, uint32_t id)
{
	m->word[id / 32] |= 1u << id % 32;
}

static int enter_profiles(const char *call, nvml_handle h, bool set)
{
	int result = set ? enter_set(call, h) : nvml_enter_whole(call, h);

	return !result && !h->device->spec->n_profiles ? NVML_NOT_SUPPORTED : result;
}

int nvmlDeviceWorkloadPowerProfileGetCurrentProfiles(nvml_handle h, struct nvml_profiles_now *out)
{
	int result = enter_profiles("nvmlDeviceWorkloadPowerProfileGetCurrentProfiles", h, false);

	if (!result && out->version != NVML_VERSION_WORD(struct nvml_profiles_now, 1))
		result = NVML_ARGUMENT_VERSION;
	for (size_t i = 0; !result && i < h->device->spec->n_profiles; i++) {
		uint32_t id = (uint32_t)h->device->spec->profiles[i] % 255;

		mask_add(&out->supported, id);
		if (h->device->profiles[i] > 0.0) {
			mask_add(&out->requested, id);
			mask_add(&out->enforced, id);
		}
	}
	return nvml_leave(result);
}

/* Those of the mask are asked for, no longer asked for, or asked for alone. */
static void profiles_change(
	struct fake_device *d, enum nvml_profile_operation what, const struct nvml_mask *mask)
{
	for (size_t i = 0; i < d->spec->n_profiles; i++) {
		bool named = mask_has(mask, (uint32_t)d->spec->profiles[i] % 255);

		if (named)
			d->profiles[i] = what == NVML_PROFILES_CLEAR ? 0.0 : 1.0;
		else if (what == NVML_PROFILES_OVERWRITE)
			d->profiles[i] = 0.0;
	}
}

int nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1(
	nvml_handle h, struct nvml_profiles_update *change)
{
	int result = enter_profiles("nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1", h, true);

	if (!result && change->operation > NVML_PROFILES_OVERWRITE)
		result = NVML_INVALID_ARGUMENT;
	if (!result)
		profiles_change(
			h->device, (enum nvml_profile_operation)change->operation, &change->mask);
	return nvml_leave(result);
}

static int profiles_asked(const char *call, nvml_handle h, enum nvml_profile_operation what,
	const struct nvml_profiles_asked *ask)
{
	int result = enter_profiles(call, h, true);

	if (!result && ask->version != NVML_VERSION_WORD(struct nvml_profiles_asked, 1))
		result = NVML_ARGUMENT_VERSION;
	if (!result)
		profiles_change(h->device, what, &ask->mask);
	return nvml_leave(result);
}

int nvmlDeviceWorkloadPowerProfileSetRequestedProfiles(
	nvml_handle h, struct nvml_profiles_asked *ask)
{
	return profiles_asked(
		"nvmlDeviceWorkloadPowerProfileSetRequestedProfiles", h, NVML_PROFILES_SET, ask);
}

int nvmlDeviceWorkloadPowerProfileClearRequestedProfiles(
	nvml_handle h, struct nvml_profiles_asked *ask)
{
	return profiles_asked("nvmlDeviceWorkloadPowerProfileClearRequestedProfiles", h,
		NVML_PROFILES_CLEAR, ask);
}
