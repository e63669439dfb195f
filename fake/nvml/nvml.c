/* A stand-in for the NVIDIA driver's library that plays a scenario: begin and end, who is there. */
#include "nvml.h"

#include <stdio.h>
#include <string.h>

struct fake_play nvml_play =
	FAKE_PLAY("nvidia", "nvmlInit_v2", NVML_UNINITIALIZED, NVML_GPU_IS_LOST);

static struct nvml_handle_st wholes[FAKE_DEVICES];
static struct nvml_handle_st instances[FAKE_DEVICES][FAKE_MIGS];

int nvml_enter(const char *call, nvml_handle h)
{
	return fake_enter(&nvml_play, call, h ? h->device : NULL);
}

int nvml_enter_whole(const char *call, nvml_handle h)
{
	int result = nvml_enter(call, h);

	return !result && h->mig ? NVML_NOT_SUPPORTED : result;
}

int nvml_leave(int result)
{
	return fake_leave(&nvml_play, result);
}

int nvml_give_text(int result, char *text, uint32_t room, const char *value)
{
	if (!result && strlen(value) >= room)
		result = NVML_INSUFFICIENT_SIZE;
	if (!result)
		memcpy(text, value, strlen(value) + 1);
	return nvml_leave(result);
}

int nvmlInit_v2(void)
{
	return fake_begin(&nvml_play);
}

int nvmlInitWithFlags(uint32_t flags)
{
	(void)flags; /* not to attach, not to fail without a GPU: nothing here does */
	return fake_begin(&nvml_play);
}

int nvmlShutdown(void)
{
	return fake_end(&nvml_play);
}

const char *nvmlErrorString(int result)
{
	switch (result) {
	case FAKE_BAD_SCENARIO:
		return nvml_play.why.text;
#define FAKE_CASE(name, value, error, text)                                                        \
	case name:                                                                                 \
		return text;
		NVML_RESULTS(FAKE_CASE)
#undef FAKE_CASE
	default:
		return "an error of the scenario";
	}
}

/** Says that this library is a fake one, and whether it lets knobs be set. */
int hourglassFakeNvml(uint32_t *may_set)
{
	pthread_mutex_lock(&nvml_play.lock);
	*may_set = nvml_play.scenario.may_set;
	return nvml_leave(NVML_SUCCESS);
}

int nvmlSystemGetDriverVersion(char *text, uint32_t room)
{
	int result = nvml_enter("nvmlSystemGetDriverVersion", NULL);

	return nvml_give_text(result, text, room, result ? "" : nvml_play.scenario.driver);
}

/* ----- which devices */

int nvmlDeviceGetCount_v2(uint32_t *n)
{
	int result = nvml_enter("nvmlDeviceGetCount_v2", NULL);

	if (!result)
		*n = (uint32_t)nvml_play.n_devices;
	return nvml_leave(result);
}

int nvmlDeviceGetHandleByIndex_v2(uint32_t i, nvml_handle *out)
{
	struct fake_device *d = i < nvml_play.n_devices ? &nvml_play.devices[i] : NULL;
	int result = fake_enter(&nvml_play, "nvmlDeviceGetHandleByIndex_v2", d);

	if (!result && !d)
		result = NVML_INVALID_ARGUMENT;
	if (!result) {
		wholes[i] = (struct nvml_handle_st){d, NULL, -1};
		*out = &wholes[i];
	}
	return nvml_leave(result);
}

int nvmlDeviceGetMigMode(nvml_handle h, uint32_t *current, uint32_t *pending)
{
	int result = nvml_enter_whole("nvmlDeviceGetMigMode", h);

	if (!result)
		*current = *pending = h->device->spec->n_migs > 0;
	return nvml_leave(result);
}

int nvmlDeviceGetMaxMigDeviceCount(nvml_handle h, uint32_t *n)
{
	int result = nvml_enter_whole("nvmlDeviceGetMaxMigDeviceCount", h);

	if (!result)
		*n = h->device->spec->n_migs ? FAKE_MIGS : 0;
	return nvml_leave(result);
}

int nvmlDeviceGetMigDeviceHandleByIndex(nvml_handle h, uint32_t i, nvml_handle *out)
{
	int result = nvml_enter_whole("nvmlDeviceGetMigDeviceHandleByIndex", h);
	const struct fake_spec *s = result ? NULL : h->device->spec;

	if (!result && (i >= s->n_migs || !s->migs[i]))
		result = NVML_NOT_FOUND;
	if (!result) {
		nvml_handle instance = &instances[h->device->index][i];

		*instance = (struct nvml_handle_st){h->device, s->migs[i], (int)i};
		*out = instance;
	}
	return nvml_leave(result);
}

/* ----- who one is */

int nvmlDeviceGetUUID(nvml_handle h, char *text, uint32_t room)
{
	int result = nvml_enter("nvmlDeviceGetUUID", h);

	return nvml_give_text(result, text, room,
		result   ? ""
		: h->mig ? h->mig
			 : h->device->spec->uuid);
}

int nvmlDeviceGetName(nvml_handle h, char *text, uint32_t room)
{
	int result = nvml_enter("nvmlDeviceGetName", h);

	return nvml_give_text(result, text, room, result ? "" : h->device->spec->name);
}

/* By the name of the board, as NVML numbers them; Hopper where the name says nothing. */
static uint32_t architecture_of(const char *name)
{
	static const struct {
		const char *word;
		uint32_t number;
	} all[] = {{"V100", 5}, {"T4", 6}, {"A100", 7}, {"A40", 7}, {"A30", 7}, {"A10", 7},
		{"L40", 8}, {"L4", 8}, {"B100", 10}, {"B200", 10}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strstr(name, all[i].word))
			return all[i].number;
	return 9;
}

int nvmlDeviceGetArchitecture(nvml_handle h, uint32_t *architecture)
{
	int result = nvml_enter("nvmlDeviceGetArchitecture", h);

	if (!result)
		*architecture = architecture_of(h->device->spec->name);
	return nvml_leave(result);
}

int nvmlDeviceGetPciInfo_v3(nvml_handle h, struct nvml_pci *out)
{
	int result = nvml_enter("nvmlDeviceGetPciInfo_v3", h);

	if (!result) {
		*out = (struct nvml_pci){.legacy = ""};
		(void)snprintf(out->bus_id, sizeof out->bus_id, "%s", h->device->spec->pci);
	}
	return nvml_leave(result);
}

int nvmlDeviceGetPersistenceMode(nvml_handle h, int *enabled)
{
	int result = nvml_enter_whole("nvmlDeviceGetPersistenceMode", h);

	if (!result)
		*enabled = h->device->spec->persistent;
	return nvml_leave(result);
}

/* ----- names of before */

FAKE_API int nvmlDeviceGetCount(uint32_t *n);
FAKE_API int nvmlDeviceGetHandleByIndex(uint32_t i, nvml_handle *out);
FAKE_API int nvmlDeviceGetPciInfo_v2(nvml_handle h, struct nvml_pci *out);
FAKE_API int nvmlDeviceGetPciInfo(nvml_handle h, struct nvml_pci *out);

int nvmlDeviceGetCount(uint32_t *n)
{
	return nvmlDeviceGetCount_v2(n);
}

int nvmlDeviceGetHandleByIndex(uint32_t i, nvml_handle *out)
{
	return nvmlDeviceGetHandleByIndex_v2(i, out);
}

/* These versions fill no more than the first 36 bytes, the address as before. */
int nvmlDeviceGetPciInfo_v2(nvml_handle h, struct nvml_pci *out)
{
	int result = nvml_enter("nvmlDeviceGetPciInfo_v2", h);
	const char *pci = result ? "" : h->device->spec->pci;

	if (!result) {
		memset(out, 0, offsetof(struct nvml_pci, bus_id));
		(void)snprintf(
			out->legacy, sizeof out->legacy, "%s", strlen(pci) == 16 ? pci + 4 : pci);
	}
	return nvml_leave(result);
}

int nvmlDeviceGetPciInfo(nvml_handle h, struct nvml_pci *out)
{
	return nvmlDeviceGetPciInfo_v2(h, out);
}
