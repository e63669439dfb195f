/* Names of simulated devices: never a crash; whatever opens, runs. No file is read: a name with a
 * path in it is passed over. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/hourglass.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(hg_ctx *ctx, hg_device *d)
{
	size_t energy = hg_device_signal_index(d, "energy");
	hg_sim_truth truth = {.size = sizeof truth};
	hg_workload *w;
	hg_reading r;

	if (hg_workload_load("llm-decode", NULL, &w, NULL))
		abort();
	if (hg_device_set(d, 0, 250000, NULL, NULL) == HG_OK && hg_device_reset(d, NULL))
		abort();
	if (hg_sim_run(d, w, 20, &truth, NULL) || !(truth.energy_j > 0.0) ||
		hg_sim_idle(d, 100.0, &truth, NULL))
		abort();
	if (hg_device_read(d, &energy, 1, &r) || r.rc || r.value < 0)
		abort();
	hg_workload_destroy(w);
	hg_device_close(d);
	if (hg_device_next(ctx, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char spec[512];
	hg_error why = {""};
	hg_device *d;
	hg_ctx *ctx;

	if (size >= sizeof spec)
		return 0;
	memcpy(spec, data, size);
	spec[size] = '\0';
	if (strchr(spec, '/') || strstr(spec, ".json") || strstr(spec, "realtime"))
		return 0;
	if (hg_open(NULL, &ctx, NULL))
		abort();
	if (hg_device_open(ctx, spec, &d, &why) == HG_OK)
		check(ctx, d);
	else if (d || !why.text[0])
		abort();
	hg_close(ctx);
	return 0;
}
