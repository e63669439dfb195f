#include "load.h"

#include <string.h>

#include "core/fail.h"

#include "hardware/backend/library/library.h"

/** A return code of NVML. */
struct known {
	int result;
	hg_err error;
	const char *text;
};

/* @return name of the first required function that is missing, or NULL */
static const char *resolve_all(struct nvml *lib, void *handle)
{
	const char *missing = NULL;

#define NVML_RESOLVE(kind, member, symbol, older, result, arguments)                               \
	if (!library_function(handle, #symbol, older, &lib->member, sizeof lib->member) &&         \
		(kind) == REQ && !missing)                                                         \
		missing = #symbol;
	NVML_SYMBOLS(NVML_RESOLVE)
#undef NVML_RESOLVE
	return missing;
}

static hg_err open_it(void **handle, hg_error *why)
{
	/* the unversioned name belongs to the linker's stub, whose init fails */
	static const char *const names[] = {"libnvidia-ml.so.1", "/usr/lib64/libnvidia-ml.so.1",
		"/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
		"/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
		"/usr/local/nvidia/lib64/libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1",
		NULL};

	return library_open(
		"HOURGLASS_NVML", names, "is the NVIDIA driver installed?", handle, why);
}

hg_err nvml_init(struct nvml *lib, hg_error *why)
{
	void *handle;
	const char *missing;
	uint32_t may_set = 0;
	hg_err rc = open_it(&handle, why);
	int result;

	*lib = (struct nvml){0};
	if (rc)
		return rc;
	missing = resolve_all(lib, handle);
	if (missing) {
		*lib = (struct nvml){0};
		library_close(handle); /* nothing of it was called */
		return fail(why, HG_EUNSUPPORTED, "NVML has no %s", missing);
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
	lib->simulated = lib->fake && !lib->fake(&may_set);
	lib->may_set = lib->simulated ? may_set != 0 : library_may_administer();
	return HG_OK;
}

void nvml_finish(struct nvml *lib)
{
	if (lib->open)
		(void)lib->shutdown();
	*lib = (struct nvml){0};
}

/* What is known of a return code, or NULL. */
static const struct known *known_result(int result)
{
	static const struct known all[] = {
#define NVML_KNOWN(name, value, error, text) {(value), (error), (text)},
		NVML_RESULTS(NVML_KNOWN)
#undef NVML_KNOWN
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].result == result)
			return &all[i];
	return NULL;
}

hg_err nvml_error(int result)
{
	const struct known *known = known_result(result);

	return known ? known->error : HG_EDEVICE;
}

const char *nvml_text(const struct nvml *lib, int result)
{
	const struct known *known = known_result(result);
	const char *text = known ? known->text : NULL;

	if (!known && lib->error_string)
		text = lib->error_string(result);
	return text && *text ? text : "an error that this version does not know";
}
