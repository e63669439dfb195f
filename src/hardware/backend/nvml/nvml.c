/* The hooks of the backend. Each device holds the library on its own: it counts how often it was
 * initialised, so nothing is shared and two contexts know nothing of each other. */
#include "nvml.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/context.h"
#include "core/fail.h"

static void nvml_close(void *state)
{
	struct nvml_device *d = state;

	if (d->pid == getpid()) /* else the library is the parent's */
		nvml_finish(&d->lib);
	free(d);
}

static hg_err nvml_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct nvml_device *d = calloc(1, sizeof *d);
	hg_err rc;

	*state = NULL;
	if (!d)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
	d->ctx = req->ctx;
	d->spec = req->spec;
	d->pid = getpid();
	rc = nvml_init(&d->lib, why);
	if (rc)
		fail_prefix(why, "%.64s: ", req->spec);
	else
		rc = nvml_find(d, req->rest, why);
	if (rc) {
		nvml_close(d);
		return rc;
	}
	if (!d->lib.driver || d->lib.driver(d->driver, sizeof d->driver))
		d->driver[0] = '\0';
	d->driver[sizeof d->driver - 1] = '\0';
	nvml_signals_probe(d);
	nvml_knobs_probe(d);
	*state = d;
	return HG_OK;
}

static void nvml_info(const void *state, hg_device_info *info)
{
	const struct nvml_device *d = state;

	info->simulated = d->lib.simulated;
	info->vendor = "nvidia";
	info->model = d->name;
	info->title = d->name;
	info->uuid = d->uuid;
	info->pci = d->pci;
	info->parent = d->parent;
	info->driver = d->driver;
}

static size_t nvml_signals(const void *state)
{
	(void)state;
	return NVML_SIGNALS;
}

static void nvml_signal(const void *state, size_t i, hg_signal_info *info)
{
	nvml_signal_info(state, i, info);
}

static void nvml_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	nvml_signals_read(state, ids, n, out);
}

static hg_err nvml_who(void *state, hg_process *out, size_t room, size_t *n, hg_error *why)
{
	return nvml_processes(state, out, room, n, why);
}

static int64_t nvml_now(const void *state)
{
	const struct nvml_device *d = state;

	return ctx_now(d->ctx);
}

static size_t nvml_knobs(const void *state)
{
	(void)state;
	return NVML_KNOBS;
}

static void nvml_knob(const void *state, size_t i, hg_knob_info *info)
{
	nvml_knob_info(state, i, info);
}

static hg_err nvml_set(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	return nvml_knob_set(state, knob, value, effect, why);
}

/* Tells the MIG instances of the i-th GPU, by UUID: they have no index of their own. */
static void discover_mig(const struct nvml *lib, uint32_t i, struct backend_found *found)
{
	nvml_handle gpu, mig;
	uint32_t n;

	if (lib->by_index(i, &gpu))
		return;
	n = nvml_mig_count(lib, gpu);
	for (uint32_t k = 0; k < n; k++) {
		char uuid[NVML_TEXT] = "";

		if (!nvml_mig(lib, gpu, k, &mig) && !lib->uuid(mig, uuid, sizeof uuid)) {
			uuid[sizeof uuid - 1] = '\0';
			backend_found(found, uuid);
		}
	}
}

/* Decimal digits of an index. */
static const char *index_text(uint32_t i, char text[12])
{
	char *p = text + 11;

	*p = '\0';
	do
		*--p = (char)('0' + i % 10);
	while (i /= 10);
	return p;
}

static hg_err nvml_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	struct nvml lib;
	uint32_t n = 0;
	hg_err rc = nvml_init(&lib, why);
	int result;

	(void)ctx;
	if (rc)
		return rc;
	result = lib.count(&n);
	if (result)
		rc = fail(why, nvml_error(result), "nvmlDeviceGetCount_v2: %s",
			nvml_text(&lib, result));
	else if (n == 0)
		rc = fail(why, HG_ENOENT, "the NVIDIA driver knows of no GPU");
	for (uint32_t i = 0; !rc && i < n; i++) {
		char text[12];

		backend_found(found, index_text(i, text));
		discover_mig(&lib, i, found);
	}
	nvml_finish(&lib);
	return rc;
}

static const struct device_hooks nvml_hooks = {
	.close = nvml_close,
	.info = nvml_info,
	.signals = nvml_signals,
	.signal = nvml_signal,
	.read = nvml_read,
	.now = nvml_now,
	.knobs = nvml_knobs,
	.knob = nvml_knob,
	.set = nvml_set,
	.processes = nvml_who,
};

const struct backend nvml_backend = {
	.abi = BACKEND_ABI,
	.name = "nvml",
	.text = "NVIDIA GPUs through the driver's library, nvml:INDEX, nvml:UUID, nvml:PCI or nvml:cuda:N",
	.open = nvml_open,
	.device = &nvml_hooks,
	.discover = nvml_discover,
	.per_process = true,
};
