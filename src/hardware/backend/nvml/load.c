#define _GNU_SOURCE /* secure_getenv */
#include "load.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "core/fail.h"
#include "core/text.h"

/** A return code of NVML. */
struct known {
	int result;
	hg_err error;
	const char *text;
};

/* The function, under its name or one that it had before. */
static void *resolve(void *handle, const char *symbol, const char *older)
{
	struct slice rest = {older, strlen(older)};
	void *found = dlsym(handle, symbol);

	while (!found && rest.text && rest.len) {
		struct slice name = slice_cut(&rest, ' ');
		char text[96] = "";

		if (name.len < sizeof text) {
			memcpy(text, name.text, name.len);
			found = dlsym(handle, text);
		}
	}
	return found;
}

/* @return name of the first required function that is missing, or NULL */
static const char *resolve_all(struct nvml *lib, void *handle)
{
	enum {
		OPT,
		REQ
	};
	const char *missing = NULL;
	void *found;

	/* copied, not cast: an object pointer does not convert to a function pointer in C */
#define NVML_RESOLVE(kind, member, symbol, older, result, arguments)                               \
	found = resolve(handle, #symbol, older);                                                   \
	memcpy(&lib->member, &found, sizeof found);                                                \
	missing = !found && (kind) == REQ && !missing ? #symbol : missing;
	NVML_SYMBOLS(NVML_RESOLVE)
#undef NVML_RESOLVE
	return missing;
}

/* Root, or root's right within a container. */
static bool may_administer(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, data))
		return geteuid() == 0;
	return data[0].effective >> CAP_SYS_ADMIN & 1u;
}

static void *library_open(hg_error *why)
{
	/* the unversioned name belongs to the linker's stub, whose init fails */
	static const char *const names[] = {"libnvidia-ml.so.1", "/usr/lib64/libnvidia-ml.so.1",
		"/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
		"/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
		"/usr/local/nvidia/lib64/libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"};
	const char *path = secure_getenv("HOURGLASS_NVML");
	void *handle = NULL;

	if (path && *path) {
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!handle)
			(void)fail(why, HG_ENOENT, "HOURGLASS_NVML: %s", dlerror());
		return handle;
	}
	for (size_t i = 0; !handle && i < sizeof names / sizeof *names; i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		(void)fail(why, HG_ENOENT, "no %s: is the NVIDIA driver installed?", names[0]);
	return handle;
}

hg_err nvml_init(struct nvml *lib, hg_error *why)
{
	void *handle = library_open(why);
	const char *missing;
	uint32_t may_set = 0;
	hg_err rc = HG_OK;
	int result;

	*lib = (struct nvml){0};
	if (!handle)
		return HG_ENOENT;
	missing = resolve_all(lib, handle);
	if (missing) {
		*lib = (struct nvml){0};
		dlclose(handle); /* nothing of it was called */
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
	lib->may_set = lib->simulated ? may_set != 0 : may_administer();
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
