#define _GNU_SOURCE /* secure_getenv */
#include "library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "core/fail.h"
#include "core/text.h"

hg_err library_open(const char *variable, const char *const *names, const char *hint, void **handle,
	hg_error *why)
{
	const char *path = secure_getenv(variable);

	*handle = NULL;
	if (path && *path) {
		*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		return *handle ? HG_OK : fail(why, HG_ENOENT, "%s: %s", variable, dlerror());
	}
	for (size_t i = 0; !*handle && names[i]; i++)
		*handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return *handle ? HG_OK : fail(why, HG_ENOENT, "no %s: %s", names[0], hint);
}

bool library_is_named(const char *variable)
{
	const char *path = secure_getenv(variable);

	return path && *path;
}

bool library_is_loaded(const char *const *names)
{
	for (size_t i = 0; names[i]; i++) {
		void *handle = dlopen(names[i], RTLD_LAZY | RTLD_NOLOAD);

		if (handle) {
			(void)dlclose(handle); /* only the count of our look */
			return true;
		}
	}
	return false;
}

void library_close(void *handle)
{
	if (handle)
		(void)dlclose(handle);
}

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

/* Copied, not cast: an object pointer does not convert to a function pointer in C. */
bool library_function(
	void *handle, const char *symbol, const char *older, void *function, size_t size)
{
	void *found = resolve(handle, symbol, older);

	memcpy(function, &found, size);
	return found != NULL;
}

bool library_may_administer(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, data))
		return geteuid() == 0;
	return data[0].effective >> CAP_SYS_ADMIN & 1u;
}
