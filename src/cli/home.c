/* Where this user's files are: the XDG base directories. */
#define _GNU_SOURCE
#include "home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>
#include <sys/stat.h>

const char *home_env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

bool home_path(const char *variable, const char *xdg, const char *fallback, const char *tail,
	char path[HOME_PATH])
{
	const char *file = home_env(variable), *base = home_env(xdg), *home = home_env("HOME");
	int len;

	if (file)
		len = snprintf(path, HOME_PATH, "%s", file);
	else if (base && base[0] == '/')
		len = snprintf(path, HOME_PATH, "%s/%s", base, tail);
	else if (home)
		len = snprintf(path, HOME_PATH, "%s/%s/%s", home, fallback, tail);
	else
		return false;
	return len > 0 && len < HOME_PATH;
}

void home_make_folders(const char *path)
{
	char folder[HOME_PATH];
	size_t len = strlen(path);

	if (len >= sizeof folder)
		return;
	for (size_t i = 1; i < len; i++) {
		if (path[i] != '/')
			continue;
		memcpy(folder, path, i);
		folder[i] = '\0';
		if (mkdir(folder, 0777) != 0 && errno != EEXIST)
			return;
	}
}

unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}
