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

hg_err library_load(const struct library_kind *k, void *functions, hg_error *why)
{
	const char *missing = NULL;
	void *handle;
	hg_err rc = library_open(k->variable, k->names, k->hint, &handle, why);

	for (size_t i = 0; !rc && i < k->n; i++) {
		const struct library_entry *e = &k->entries[i];

		/* all pointers to functions are of one size */
		if (!library_function(handle, e->symbol, e->older, (char *)functions + e->offset,
			    sizeof(void (*)(void))) &&
			e->need == REQ && !missing)
			missing = e->symbol;
	}
	if (!missing)
		return rc;
	library_close(handle); /* nothing of it was called */
	return fail(why, HG_EUNSUPPORTED, "%s has no %s%s", k->title, missing, k->older);
}

const struct library_result *library_result(const struct library_result *all, size_t n, int result)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].result == result)
			return &all[i];
	return NULL;
}

hg_err library_error(const struct library_result *known)
{
	return known ? known->error : HG_EDEVICE;
}

const char *library_text(const struct library_result *known)
{
	return known ? known->text : "an error that this version does not know";
}

void library_rights(int (*fake)(uint32_t *may_set), bool *simulated, bool *may_set)
{
	uint32_t may = 0;

	*simulated = fake && !fake(&may);
	*may_set = *simulated ? may != 0 : library_may_administer();
}

bool library_may_administer(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, data))
		return geteuid() == 0;
	return data[0].effective >> CAP_SYS_ADMIN & 1u;
}
