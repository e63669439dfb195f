/* "nvml:cuda:N": the device that a CUDA program with this process's environment calls N. */
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

#include "hardware/device/visible.h"

#include "nvml.h"

/** Most devices that are numbered. */
#define CUDA_DEVICES 256

struct cuda_name {
	char uuid[NVML_TEXT], parent[NVML_TEXT], model[NVML_TEXT];
};

struct gathered {
	struct nvml_device probe; /* to ask with */
	struct cuda_name names[CUDA_DEVICES];
	struct visible_gpu gpus[CUDA_DEVICES];
	size_t out[CUDA_DEVICES], n, n_out;
};

/* Adds the device of the probe's handle. @return result of NVML */
static int gather(struct gathered *g, const char *parent)
{
	int result = nvml_identify(&g->probe);
	struct cuda_name *name = &g->names[g->n];

	if (result || g->n == CUDA_DEVICES)
		return result ? result : NVML_INSUFFICIENT_SIZE;
	memcpy(name->uuid, g->probe.uuid, sizeof name->uuid);
	memcpy(name->model, g->probe.name, sizeof name->model);
	memcpy(name->parent, parent, strlen(parent) + 1);
	g->gpus[g->n++] = (struct visible_gpu){name->uuid, name->parent, name->model};
	return NVML_SUCCESS;
}

static int gather_gpu(struct gathered *g, uint32_t i)
{
	const struct nvml *lib = &g->probe.lib;
	const char *parent = g->names[g->n < CUDA_DEVICES ? g->n : 0].uuid;
	nvml_handle gpu;
	uint32_t n;
	int result = lib->by_index(i, &gpu);

	g->probe.handle = gpu;
	result = result ? result : gather(g, "");
	n = result ? 0 : nvml_mig_count(lib, gpu);
	for (uint32_t k = 0; !result && k < n; k++)
		if (!nvml_mig(lib, gpu, k, &g->probe.handle))
			result = gather(g, parent);
	return result;
}

hg_err nvml_cuda_uuid(const struct nvml_device *d, uint64_t number, uint32_t n,
	char uuid[NVML_TEXT], hg_error *why)
{
	struct gathered *g = calloc(1, sizeof *g);
	hg_err rc = HG_OK;

	if (!g)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", d->spec);
	g->probe = *d;
	for (uint32_t i = 0; !rc && i < n; i++) {
		int result = gather_gpu(g, i);

		if (result)
			rc = fail(why, nvml_error(result), "%.64s: GPU %u: %s", d->spec, i,
				nvml_text(&d->lib, result));
	}
	if (!rc) {
		rc = visible_cuda(getenv("CUDA_VISIBLE_DEVICES"), getenv("CUDA_DEVICE_ORDER"),
			g->gpus, g->n, g->out, &g->n_out, why);
		if (rc)
			fail_prefix(why, "%.64s: ", d->spec);
	}
	if (!rc && number >= g->n_out)
		rc = fail(why, HG_ENOENT, "%.64s: no such device; CUDA sees %zu here", d->spec,
			g->n_out);
	if (!rc)
		memcpy(uuid, g->names[g->out[number]].uuid, NVML_TEXT);
	free(g);
	return rc;
}
