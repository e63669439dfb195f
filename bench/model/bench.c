#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/number.h"

void report(const char *what, const char *name, double value, const char *unit)
{
	char full[400];

	(void)snprintf(full, sizeof full, "%s %s", what, name);
	printf("%-64s %10.4g %s\n", full, value, unit);
}

void *need(void *p)
{
	if (!p)
		exit(1);
	return p;
}

void require(hg_err rc, const char *what)
{
	if (!rc)
		return;
	(void)fprintf(stderr, "bench-model: %s: %s\n", what, hg_err_text(rc));
	exit(1);
}

bool file_there(const char *path)
{
	FILE *f = fopen(path, "rb");

	return f && fclose(f) == 0;
}

double number(struct csv_field f)
{
	double v = NAN;

	(void)double_parse(f.text, f.len, true, &v);
	return v;
}

/* The first line of a file, or every line behind it. */
static void csv_some(
	const char *path, bool all, void (*fn)(void *user, const struct csv *c), void *user)
{
	struct buf text;
	struct csv c;
	hg_error why = {""};
	bool more = true;

	buf_init(&text, FILE_MAX);
	require(file_read(path, FILE_MAX, &text, &why), path);
	csv_init(&c, text.data, text.len, path);
	require(csv_next(&c, &more, &why), path);
	if (more && !all)
		fn(user, &c);
	while (more && all) {
		require(csv_next(&c, &more, &why), path);
		if (more)
			fn(user, &c);
	}
	csv_finish(&c);
	buf_finish(&text);
}

void csv_first(const char *path, void (*fn)(void *user, const struct csv *c), void *user)
{
	csv_some(path, false, fn, user);
}

void csv_each(const char *path, void (*fn)(void *user, const struct csv *c), void *user)
{
	csv_some(path, true, fn, user);
}
