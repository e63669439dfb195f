#include "bench.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/number.h"
#include "hardware/model/model.h"

/* Most words of a file's name that a device's name is made of. */
#define WORDS_MAX 3

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

/* Words of the name from `from` on, joined by '-' as device files are called. */
static void words_join(const char *from, size_t words, char out[WORD_ROOM])
{
	size_t n = 0;

	for (; *from && n + 1 < WORD_ROOM; from++) {
		bool end = strchr("_+.", *from) != NULL;

		if (end && --words == 0)
			break;
		out[n++] = end ? '-' : (char)tolower((unsigned char)*from);
	}
	out[n] = '\0';
}

static hg_model *words_load(const char *from, size_t words, char out[WORD_ROOM])
{
	hg_model *m = NULL;

	words_join(from, words, out);
	return hg_model_load(out, NULL, &m, NULL) == HG_OK ? m : NULL;
}

/* The longest name counts: "h100_pcie" is no "h100". The shortest one that means it is shown. */
hg_model *gpu_of(const char *file, char word[WORD_ROOM])
{
	for (const char *at = file; at; at = strpbrk(at, "_+."), at = at ? at + 1 : NULL) {
		for (size_t words = WORDS_MAX; words > 0; words--) {
			hg_model *m = words_load(at, words, word), *same = NULL;

			for (size_t few = 1; m && !same; few++) {
				same = words_load(at, few, word);
				if (same && strcmp(same->name, m->name) != 0) {
					hg_model_destroy(same);
					same = NULL;
				}
			}
			hg_model_destroy(same);
			if (m)
				return m;
		}
	}
	return NULL;
}

double number(struct csv_field f)
{
	double v = NAN;

	(void)double_parse(f.text, f.len, true, &v);
	return v;
}

static void csv_open(const char *path, struct buf *text, struct csv *c)
{
	hg_error why = {""};

	buf_init(text, FILE_MAX);
	require(file_read(path, FILE_MAX, text, &why), path);
	csv_init(c, text->data, text->len, path);
}

bool columns_find(const char *path, const char *const *names, size_t n, size_t *at, bool say)
{
	struct buf text;
	struct csv c;
	hg_error why = {""};
	bool all = true, more;

	csv_open(path, &text, &c);
	require(csv_next(&c, &more, &why), path);
	for (size_t i = 0; i < n && all; i++) {
		at[i] = more ? csv_find(&c, names[i]) : SIZE_MAX;
		all = at[i] != SIZE_MAX;
		if (!all && say)
			(void)fprintf(stderr, "bench-model: %s: left out, no column \"%s\"\n", path,
				names[i]);
	}
	csv_finish(&c);
	buf_finish(&text);
	return all;
}

void csv_each(const char *path, void (*fn)(void *user, const struct csv *c), void *user)
{
	struct buf text;
	struct csv c;
	hg_error why = {""};
	bool more = true;
	size_t fields;

	csv_open(path, &text, &c);
	require(csv_next(&c, &more, &why), path);
	fields = more ? csv_count(&c) : 0;
	while (more) {
		require(csv_next(&c, &more, &why), path);
		if (more && csv_count(&c) >= fields)
			fn(user, &c);
	}
	csv_finish(&c);
	buf_finish(&text);
}
