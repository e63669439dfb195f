/* Who computes on a GPU, or on an instance of one. */
#include "nvml.h"

#include <stdlib.h>

#include "core/fail.h"

/** Room that is asked for at first, and the most that there ever is. */
#define PROCESSES_FIRST 64u
#define PROCESSES_MAX   65536u

/* The list may grow between two calls. *n is the room, then how many there are. */
static int list(const struct nvml_device *d, struct nvml_process **out, uint32_t *n)
{
	uint32_t room = PROCESSES_FIRST;

	for (;;) {
		struct nvml_process *list = calloc(room, sizeof *list);
		int result;

		if (!list)
			return NVML_MEMORY;
		*n = room;
		result = d->lib.processes(d->handle, n, list);
		if (!result && *n <= room) {
			*out = list;
			return NVML_SUCCESS;
		}
		free(list);
		if (result != NVML_INSUFFICIENT_SIZE || room >= PROCESSES_MAX)
			return result ? result : NVML_INSUFFICIENT_SIZE;
		room = room * 2 > *n ? room * 2 : *n + *n / 4;
		room = room < PROCESSES_MAX ? room : PROCESSES_MAX;
	}
}

hg_err nvml_processes(struct nvml_device *d, hg_process *out, size_t room, size_t *n, hg_error *why)
{
	struct nvml_process *all = NULL;
	uint32_t there = 0;
	int result = d->lib.processes ? list(d, &all, &there) : NVML_FUNCTION_NOT_FOUND;

	if (result) {
		hg_err rc = nvml_error(result);

		rc = rc == HG_EUNSUPPORTED || rc == HG_EPERM || rc == HG_ENOMEM ? rc : HG_EDEVICE;
		return fail(why, rc, "%.64s: nvmlDeviceGetComputeRunningProcesses_v3: %s", d->spec,
			nvml_text(&d->lib, result));
	}
	*n = there;
	for (uint32_t i = 0; i < there && i < room; i++) {
		bool known = all[i].memory != UINT64_MAX;

		out[i] = (hg_process){.pid = all[i].pid,
			.memory_bytes = known ? all[i].memory : 0,
			.memory_known = known};
	}
	free(all);
	return HG_OK;
}
