/* Reading and writing frontiers: which format, from where, to where. */
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/file.h"

#include "formats.h"
#include "frontier.h"
#include "lookup.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What the text begins with, after blanks and perhaps a byte order mark; NUL: nothing. */
static char first_char(const char *text, size_t len)
{
	size_t i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < len && is_blank(text[i]))
		i++;
	return i < len ? text[i] : '\0';
}

static hg_err guess(
	const char *text, size_t len, const char *origin, hg_format *format, hg_error *why)
{
	char c = first_char(text, len);

	*format = c == '#' ? HG_FORMAT_CSV : HG_FORMAT_JSON;
	if (c == '#' || c == '{' || c == '[')
		return HG_OK;
	return fail(why, HG_EFORMAT,
		"%s:1: expected a frontier (JSON, or CSV that begins with \"# " FRONTIER_SCHEMA
		"\"), found %s",
		origin, c ? "other text" : "an empty file");
}

hg_err hg_frontier_parse(const char *text, size_t len, hg_format format, const char *origin,
	hg_frontier **out, hg_error *why)
{
	hg_err err = HG_OK;

	if (why)
		why->text[0] = '\0';
	if (!text || !origin || !out)
		return fail(why, HG_EINVAL, "text, origin and out must not be NULL");
	*out = NULL;
	if (format == HG_FORMAT_AUTO || len == 0)
		err = guess(text, len, origin, &format, why);
	if (err)
		return err;
	switch (format) {
	case HG_FORMAT_JSON:
		return frontier_read_json(text, len, origin, out, why);
	case HG_FORMAT_CSV:
		return frontier_read_csv(text, len, origin, out, why);
	case HG_FORMAT_AUTO:
		break;
	}
	return fail(why, HG_EINVAL, "no such format: %d", (int)format);
}

hg_err hg_frontier_load(const char *path, hg_format format, hg_frontier **out, hg_error *why)
{
	struct buf text = {0};
	hg_err err;

	if (why)
		why->text[0] = '\0';
	if (!path || !out)
		return fail(why, HG_EINVAL, "path and out must not be NULL");
	*out = NULL;
	err = file_read(path, FILE_MAX, &text, why);
	if (!err)
		err = hg_frontier_parse(
			text.data ? text.data : "", text.len, format, path, out, why);
	buf_finish(&text);
	return err;
}

hg_err frontier_repeats_setting(const hg_frontier *f, bool *repeats)
{
	size_t n_knobs, first, second;
	size_t n = 0;
	uint32_t *rows;
	hg_err err;

	*repeats = false;
	(void)hg_frontier_knobs(f, &n_knobs);
	if (!f->table || n_knobs == 0)
		return HG_OK;
	rows = malloc((frontier_all(f) + f->n_dominated) * sizeof *rows);
	if (!rows)
		return HG_ENOMEM;
	for (size_t i = 0; i < frontier_all(f); i++)
		if (f->points[i].setting != HG_SETTING_NONE)
			rows[n++] = f->points[i].setting;
	for (size_t i = 0; i < f->n_dominated; i++)
		if (f->dominated[i].setting != HG_SETTING_NONE)
			rows[n++] = f->dominated[i].setting;
	err = rows_find_repeat(f->table->settings, n_knobs, rows, n, &first, &second);
	*repeats = !err && second != SIZE_MAX;
	free(rows);
	return err;
}

hg_err hg_frontier_format(
	const hg_frontier *f, hg_format format, char **text, size_t *len, hg_error *why)
{
	struct buf out;
	hg_err err;

	if (why)
		why->text[0] = '\0';
	if (!f || !text || !len)
		return fail(why, HG_EINVAL, "frontier, text and len must not be NULL");
	*text = NULL;
	*len = 0;
	buf_init(&out, FORMAT_MAX);
	if (format == HG_FORMAT_CSV)
		err = frontier_write_csv(f, &out, why);
	else if (format == HG_FORMAT_JSON || format == HG_FORMAT_AUTO)
		err = frontier_write_json(f, &out, why);
	else
		err = fail(why, HG_EINVAL, "no such format: %d", (int)format);
	if (!err) {
		*len = out.len;
		*text = buf_steal(&out);
	} else if (err == out.failed || err == HG_ENOMEM) {
		fail(why, err, "%s",
			err == HG_ELIMIT ? "the file would be longer than 1 GiB" : "out of memory");
	}
	buf_finish(&out);
	return err;
}

static bool is_csv_name(const char *path)
{
	size_t len = strlen(path);

	return len >= 4 && strcmp(path + len - 4, ".csv") == 0;
}

hg_err hg_frontier_save(const hg_frontier *f, const char *path, hg_format format, hg_error *why)
{
	char *text;
	size_t len;
	hg_err err;

	if (!path)
		return fail(why, HG_EINVAL, "path must not be NULL");
	if (format == HG_FORMAT_AUTO)
		format = is_csv_name(path) ? HG_FORMAT_CSV : HG_FORMAT_JSON;
	err = hg_frontier_format(f, format, &text, &len, why);
	if (err) {
		fail_prefix(why, "%s: ", path);
		return err;
	}
	err = file_write(path, text, len, why);
	free(text);
	return err;
}
