#define _GNU_SOURCE /* secure_getenv */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/fail.h"
#include "driver.h"

#define PATH_ROOM 4096

/* Beside the program, wherever that was installed or built. */
static bool beside_program(const char *name, char path[PATH_ROOM])
{
	char self[PATH_ROOM];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;
	int len;

	if (n <= 0)
		return false;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	len = snprintf(path, PATH_ROOM, "%s/%s/store-%s.so", self, HG_STORE_MODULES, name);
	return len > 0 && len < PATH_ROOM;
}

static bool whole(const struct store_driver *d)
{
	return d->open && d->close && d->title && d->begin && d->commit && d->rollback && d->run &&
	       d->script && d->check && d->backup && d->sql_exists;
}

/* The handle is never closed: a library such as libpq leaves things behind that need it. */
hg_err store_module(const char *name, const struct store_driver **out, hg_error *why)
{
	const char *named = secure_getenv("HOURGLASS_STORE_MODULE");
	char path[PATH_ROOM] = "";
	const struct store_driver *d;
	void *handle;

	*out = NULL;
	if (named && *named)
		(void)snprintf(path, sizeof path, "%s", named);
	else if (!beside_program(name, path))
		return fail(why, HG_EUNSUPPORTED, "no place to look for the %s module", name);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return fail(why, HG_EUNSUPPORTED,
			"stores in %s need a module that could not be opened (is libpq there?): %s",
			name, dlerror());
	d = dlsym(handle, STORE_DRIVER_SYMBOL);
	if (!d || d->abi != STORE_DRIVER_ABI || !whole(d)) {
		(void)dlclose(handle);
		return fail(why, HG_EVERSION,
			"%s is no store module of this program: install both from one release",
			path);
	}
	*out = d;
	/* cppcheck-suppress resourceLeak ; on purpose, see above */
	return HG_OK;
}
