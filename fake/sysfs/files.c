#define _POSIX_C_SOURCE 200809L
#include "files.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/fail.h"

#define LINE 2048

static void failed(struct fake_tree *t, const char *path)
{
	if (!t->failed)
		t->failed = fail(t->why, errno == EACCES ? HG_EPERM : HG_EIO, "%s: %s", path,
			strerror(errno));
}

/* The folders above a file. */
static void folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

void tree_bytes(struct fake_tree *t, const char *path, const void *data, size_t len)
{
	char full[TREE_PATH], part[TREE_PATH];
	char *name;
	FILE *f;

	if (t->failed)
		return;
	if (snprintf(full, sizeof full, "%s/%s", t->root, path) >= (int)sizeof full - 8) {
		errno = ENAMETOOLONG;
		failed(t, path);
		return;
	}
	folders(full);
	/* a hidden name beside it: who lists the folder does not see it */
	name = strrchr(full, '/');
	(void)snprintf(part, sizeof part, "%.*s/.%s", (int)(name - full), full, name + 1);
	f = fopen(part, "w");
	if (!f || fwrite(data, 1, len, f) != len) {
		failed(t, part);
		if (f)
			(void)fclose(f);
		return;
	}
	if (fclose(f) || rename(part, full))
		failed(t, full);
}

void tree_line(struct fake_tree *t, const char *dir, const char *file, const char *fmt, ...)
{
	char path[TREE_PATH], text[LINE];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof text - 1, fmt, ap);
	va_end(ap);
	len = len < 0 ? 0 : len < LINE - 1 ? len : LINE - 2;
	text[len++] = '\n';
	(void)snprintf(path, sizeof path, "%s/%s", dir, file);
	tree_bytes(t, path, text, (size_t)len);
}

double tree_number(const struct fake_tree *t, const char *dir, const char *file, double other)
{
	char path[TREE_PATH], text[64] = "", *end;
	double value;
	FILE *f;

	if (snprintf(path, sizeof path, "%s/%s/%s", t->root, dir, file) >= (int)sizeof path)
		return other;
	f = fopen(path, "r");
	if (!f)
		return other;
	if (!fgets(text, sizeof text, f))
		text[0] = '\0';
	(void)fclose(f);
	value = strtod(text, &end);
	return end == text ? other : value;
}
