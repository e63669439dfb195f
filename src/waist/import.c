/* Importing foreign CSVs: what the importers share. */
#include "import.h"

#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/size.h"

/* A given text, or "" where none is given or it could not be written to a file again. */
static const char *text_or_none(const char *text)
{
	return text && utf8_is_valid(text, strlen(text)) ? text : "";
}

hg_err import_init(struct import *in, const char *text, size_t len, const char *origin,
	const hg_frontier_info *info, hg_error *why)
{
	static const hg_frontier_info unknown = HG_FRONTIER_INFO_INIT;

	memset(in, 0, sizeof *in);
	in->origin = origin;
	in->why = why;
	in->info = unknown;
	if (info && size_read(&in->info, sizeof in->info, info))
		return fail(why, HG_EINVAL, "info: size is not set");
	in->info.name = text_or_none(in->info.name);
	in->info.work_unit = text_or_none(in->info.work_unit);
	in->info.device = text_or_none(in->info.device);
	in->info.source = text_or_none(in->info.source);
	if (*in->info.source == '\0')
		in->info.source = text_or_none(origin);
	arena_init(&in->arena, INTERN_MAX_BYTES);
	csv_init(&in->csv, text, len, origin);
	columns_init(&in->cols);
	cloud_init(&in->cloud, 0);
	return HG_OK;
}

void import_finish(struct import *in)
{
	arena_finish(&in->arena);
	csv_finish(&in->csv);
	columns_finish(&in->cols);
	cloud_finish(&in->cloud);
}

hg_err import_header(struct import *in)
{
	bool more;
	hg_err err = csv_next(&in->csv, &more, in->why);

	if (err)
		return err;
	if (!more)
		return fail(in->why, HG_EFORMAT,
			"%s:1: expected a header line, found an empty file", in->origin);
	in->n_fields = csv_count(&in->csv);
	return HG_OK;
}

struct slice import_field(const struct import *in, size_t i)
{
	struct csv_field f = csv_get(&in->csv, i);

	return slice_trim((struct slice){f.text, f.len});
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.text, b.text, a.len) == 0);
}

static size_t find_from(const struct import *in, size_t from, struct slice name)
{
	for (size_t i = from; i < in->n_fields; i++)
		if (same(import_field(in, i), name))
			return i;
	return SIZE_MAX;
}

size_t import_find(const struct import *in, struct slice name)
{
	return find_from(in, 0, name);
}

/* The column that the user may have meant, or NULL. */
static const char *nearest_column(struct import *in, struct slice name)
{
	const char *wrong = arena_strndup(&in->arena, name.text, name.len);
	const char **known = arena_alloc(&in->arena, in->n_fields * sizeof *known);

	for (size_t i = 0; known && i < in->n_fields; i++) {
		struct slice column = import_field(in, i);

		known[i] = arena_strndup(&in->arena, column.len ? column.text : "", column.len);
		if (!known[i])
			return NULL;
	}
	return wrong && known ? nearest_word(wrong, known, in->n_fields) : NULL;
}

hg_err import_need(struct import *in, struct slice name, size_t *index)
{
	const char *nearest;

	*index = import_find(in, name);
	if (*index == SIZE_MAX) {
		nearest = nearest_column(in, name);
		return fail(in->why, HG_EINVAL,
			"%s:%zu: column %.*s: expected in the header, found none of that name%s%s%s",
			in->origin, in->csv.line, name.len < 60 ? (int)name.len : 60, name.text,
			nearest ? "; did you mean " : "", nearest ? nearest : "",
			nearest ? "?" : "");
	}
	if (find_from(in, *index + 1, name) != SIZE_MAX)
		return fail(in->why, HG_EFORMAT,
			"%s:%zu: column %.*s: expected once in the header, found twice", in->origin,
			in->csv.line, name.len < 60 ? (int)name.len : 60, name.text);
	return HG_OK;
}

hg_err import_record(struct import *in, bool *more)
{
	hg_err err = csv_next(&in->csv, more, in->why);

	if (err || !*more || csv_count(&in->csv) == in->n_fields)
		return err;
	return fail(in->why, HG_EFORMAT, "%s:%zu: expected %zu fields as in the header, found %zu",
		in->origin, in->csv.line, in->n_fields, csv_count(&in->csv));
}

hg_err import_bad_field(struct import *in, size_t i, const char *name, const char *expected)
{
	struct csv_field found = csv_get(&in->csv, i);

	return fail(in->why, HG_EFORMAT, "%s:%zu: column %s: expected %s, found \"%.*s\"",
		in->origin, in->csv.line, name, expected, found.len < 60 ? (int)found.len : 60,
		found.text);
}

hg_err import_number(struct import *in, size_t i, const char *name, bool zero, double *out)
{
	struct slice field = import_field(in, i);

	if (double_parse(field.text, field.len, true, out) && (zero ? *out >= 0 : *out > 0))
		return HG_OK;
	return import_bad_field(in, i, name, zero ? "a number >= 0" : "a number > 0");
}

hg_err import_build(struct import *in, hg_frontier **out)
{
	hg_err err = cloud_check_unique(&in->cloud, &in->cols, in->origin, in->why);

	return err ? err : cloud_build(&in->cloud, &in->cols, &in->info, in->origin, out, in->why);
}
