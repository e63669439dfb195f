#include "load.h"

#include <string.h>

#include "core/fail.h"

#include "hardware/backend/library/library.h"

#define LIBRARY_OF struct nvml
static const struct library_entry entries[] = {NVML_SYMBOLS(LIBRARY_ENTRY)};
static const struct library_result results[] = {NVML_RESULTS(LIBRARY_RESULT)};

static const struct library_result *known_result(int result)
{
	return library_result(results, sizeof results / sizeof *results, result);
}

hg_err nvml_init(struct nvml *lib, hg_error *why)
{
	/* the unversioned name belongs to the linker's stub, whose init fails */
	static const char *const names[] = {"libnvidia-ml.so.1", "/usr/lib64/libnvidia-ml.so.1",
		"/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
		"/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
		"/usr/local/nvidia/lib64/libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1",
		NULL};
	static const struct library_kind kind = {"HOURGLASS_NVML",
		"is the NVIDIA driver installed?", names, "NVML", "", entries,
		sizeof entries / sizeof *entries};
	hg_err rc;
	int result;

	*lib = (struct nvml){0};
	rc = library_load(&kind, lib, why);
	if (rc) {
		*lib = (struct nvml){0};
		return rc;
	}
	/* from here on it stays open for ever: a driver's library does not survive its closing */
	result = lib->init();
	if (result) {
		rc = nvml_error(result);
		rc = fail(why, rc == HG_EPERM ? HG_EPERM : HG_EDEVICE, "nvmlInit_v2: %s",
			nvml_text(lib, result));
		*lib = (struct nvml){0};
		return rc;
	}
	lib->open = true;
	library_rights(lib->fake, &lib->simulated, &lib->may_set);
	return HG_OK;
}

void nvml_finish(struct nvml *lib)
{
	if (lib->open)
		(void)lib->shutdown();
	*lib = (struct nvml){0};
}

hg_err nvml_error(int result)
{
	return library_error(known_result(result));
}

const char *nvml_text(const struct nvml *lib, int result)
{
	const struct library_result *known = known_result(result);
	const char *text = !known && lib->error_string ? lib->error_string(result) : NULL;

	return text && *text ? text : library_text(known);
}
