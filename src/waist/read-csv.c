/* Reading hourglass.frontier/1 as CSV. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/fail.h"
#include "core/json.h"
#include "core/number.h"
#include "core/text.h"

#include "columns.h"
#include "formats.h"
#include "frontier.h"

/* A CSV frontier on its way in. */
struct table {
	const char *origin;
	hg_error *why;
	size_t line;       /* of the '#' line being read */
	struct slice rest; /* of the text */
	struct arena arena;
	hg_frontier_info info;
	struct columns cols;
	struct cloud cloud;
	bool repeated; /* the same setting may stand twice */
	double *row;
};

static hg_err no_memory(struct table *t)
{
	return fail(t->why, HG_ENOMEM, "%s: out of memory", t->origin);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
	while (s.len && is_blank(*s.text)) {
		s.text++;
		s.len--;
	}
	return s;
}

/* Bytes up to the quote that closes the string s begins with, both included; 0: it stays open. */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.text[i] == '"')
			return i + 1;
		if (s.text[i] == '\\')
			i++;
	}
	return 0;
}

/* Takes a text off the line: a JSON string, or what stands up to a blank (word) or the end. */
static hg_err take_text(struct table *t, struct slice *line, bool word, const char **out)
{
	struct slice s = skip_blanks(*line);
	struct json_doc doc = {0};
	hg_err err = HG_OK;
	size_t n;

	if (s.len && *s.text == '"') {
		n = quoted_len(s);
		if (n)
			err = json_parse(&doc, s.text, n, t->origin, INTERN_MAX_BYTES, NULL);
		if (n == 0 || (err && err != HG_ENOMEM) || (!err && doc.root->type != JSON_STRING))
			err = fail(t->why, HG_EFORMAT,
				"%s:%zu: expected a string as in JSON, found other text", t->origin,
				t->line);
		*out = err ? "" : arena_strndup(&t->arena, doc.root->string, doc.root->len);
		json_finish(&doc);
	} else {
		for (n = 0; n < s.len && !(word && is_blank(s.text[n]));)
			n++;
		if (!utf8_is_valid(s.text, n))
			return fail(t->why, HG_EFORMAT,
				"%s:%zu: expected UTF-8 text, found other bytes", t->origin,
				t->line);
		*out = arena_strndup(&t->arena, s.text, n);
	}
	line->text = s.text + n;
	line->len = s.len - n;
	return err ? err : *out ? HG_OK : no_memory(t);
}

static hg_err take_number(
	struct table *t, struct slice key, struct slice line, double max, double *out)
{
	line = slice_trim(line);
	if (double_parse(line.text, line.len, true, out) && *out >= 0 && *out <= max &&
		(max > 1e300 || floor(*out) >= *out))
		return HG_OK;
	return fail(t->why, HG_EFORMAT, "%s:%zu: # %.*s: expected %s >= 0, found \"%.*s\"",
		t->origin, t->line, (int)key.len, key.text, max > 1e300 ? "a number" : "an integer",
		line.len < 40 ? (int)line.len : 40, line.text);
}

static hg_err take_knob(struct table *t, struct slice line)
{
	const char *name, *unit;
	hg_err err = take_text(t, &line, true, &name);

	if (!err)
		err = take_text(t, &line, true, &unit);
	if (err)
		return err;
	err = columns_add(&t->cols, (struct slice){name, strlen(name)},
		(struct slice){unit, strlen(unit)}, false);
	if (err == HG_EINVAL)
		return fail(t->why, HG_EFORMAT,
			"%s:%zu: # knob: expected a name of its own, found \"%s\"%s", t->origin,
			t->line, name, *name ? " twice" : "");
	return err ? columns_fail(t->why, err, t->origin, t->line) : HG_OK;
}

static hg_err take_choices(struct table *t, struct slice line)
{
	const char *name, *word;
	struct column *col;
	uint32_t index;
	size_t i;
	hg_err err = take_text(t, &line, true, &name);

	if (err)
		return err;
	i = columns_find(&t->cols, name, strlen(name));
	if (i == SIZE_MAX)
		return fail(t->why, HG_EFORMAT,
			"%s:%zu: # choices: expected a knob named before, found \"%s\"", t->origin,
			t->line, name);
	col = columns_get(&t->cols, i);
	col->words = true;
	for (line = skip_blanks(line); line.len && !err; line = skip_blanks(line)) {
		size_t before = col->choices.words.len;

		err = take_text(t, &line, true, &word);
		if (err)
			return err;
		err = intern_add(&col->choices, word, strlen(word), &index);
		if (!err && (*word == '\0' || col->choices.words.len == before))
			return fail(t->why, HG_EFORMAT,
				"%s:%zu: # choices %s: expected words that differ, found \"%s\"%s",
				t->origin, t->line, name, word, *word ? " twice" : "");
	}
	return err ? columns_fail(t->why, err, t->origin, t->line) : HG_OK;
}

/* A line "# KEY REST". Keys that are not known are comments. */
static hg_err take_line(struct table *t, struct slice line)
{
	struct slice key;
	double number;
	hg_err err = HG_OK;

	line = skip_blanks(line);
	key = line;
	for (key.len = 0; key.len < line.len && !is_blank(line.text[key.len]);)
		key.len++;
	line.text += key.len;
	line.len -= key.len;
	if (slice_is(key, "name"))
		return take_text(t, &line, false, &t->info.name);
	if (slice_is(key, "work_unit"))
		return take_text(t, &line, false, &t->info.work_unit);
	if (slice_is(key, "device"))
		return take_text(t, &line, false, &t->info.device);
	if (slice_is(key, "source"))
		return take_text(t, &line, false, &t->info.source);
	if (slice_is(key, "static_power_w"))
		return take_number(t, key, line, HUGE_VAL, &t->info.static_power_w);
	if (slice_is(key, "max_power_w"))
		return take_number(t, key, line, HUGE_VAL, &t->info.max_power_w);
	if (slice_is(key, "knob"))
		return take_knob(t, line);
	if (slice_is(key, "choices"))
		return take_choices(t, line);
	if (slice_is(key, "repeated_settings"))
		t->repeated = true;
	number = 0;
	if (slice_is(key, "devices")) {
		err = take_number(t, key, line, UINT32_MAX, &number);
		t->info.devices = err ? 0 : (uint32_t)number;
	}
	return err;
}

/* The next line, without its end. */
static struct slice cut_line(struct table *t)
{
	struct slice line = slice_cut(&t->rest, '\n');

	if (!t->rest.text)
		t->rest = (struct slice){line.text + line.len, 0};
	if (line.len && line.text[line.len - 1] == '\r')
		line.len--;
	t->line++;
	return line;
}

static hg_err check_version(struct table *t, struct slice line)
{
	size_t n = strlen(FRONTIER_SCHEMA_NAME);

	line = slice_trim(line);
	if (slice_is(line, FRONTIER_SCHEMA))
		return HG_OK;
	if (line.len > n && memcmp(line.text, FRONTIER_SCHEMA_NAME "/", n + 1) == 0)
		return fail(t->why, HG_EVERSION,
			"%s:%zu: expected \"" FRONTIER_SCHEMA "\", found version \"%.*s\"",
			t->origin, t->line, line.len - n - 1 < 40 ? (int)(line.len - n - 1) : 40,
			line.text + n + 1);
	return fail(t->why, HG_EFORMAT,
		"%s:%zu: expected \"# " FRONTIER_SCHEMA "\", found other text", t->origin, t->line);
}

static hg_err read_head(struct table *t)
{
	struct slice line;
	hg_err err;

	if (t->rest.len >= 3 && memcmp(t->rest.text, "\xef\xbb\xbf", 3) == 0)
		t->rest = (struct slice){t->rest.text + 3, t->rest.len - 3};
	do {
		line = cut_line(t);
	} while (slice_trim(line).len == 0 && t->rest.len);
	err = check_version(t, line.len && *line.text == '#'
				       ? (struct slice){line.text + 1, line.len - 1}
				       : (struct slice){"", 0});
	while (!err && t->rest.len && *t->rest.text == '#') {
		line = cut_line(t);
		err = take_line(t, (struct slice){line.text + 1, line.len - 1});
	}
	return err;
}

static const char *const fixed_columns[] = {
	"time_s", "energy_j", "time_rsd", "energy_rsd", "origin"};
#define N_FIXED (sizeof fixed_columns / sizeof *fixed_columns)

static hg_err read_header(struct table *t, struct csv *csv)
{
	size_t n = N_FIXED + columns_count(&t->cols);
	bool more;
	hg_err err = csv_next(csv, &more, t->why);

	if (err)
		return err;
	if (!more)
		return fail(t->why, HG_EFORMAT,
			"%s:%zu: expected a header that begins with time_s, found the end",
			t->origin, csv->next_line);
	for (size_t i = 0; i < n; i++) {
		const char *name =
			i < N_FIXED ? fixed_columns[i] : columns_get(&t->cols, i - N_FIXED)->name;
		struct csv_field found = {"nothing", 7};

		if (i < csv_count(csv))
			found = csv_get(csv, i);
		if (i >= csv_count(csv) || !slice_is((struct slice){found.text, found.len}, name))
			return fail(t->why, HG_EFORMAT,
				"%s:%zu: column %zu: expected %s, found %.*s", t->origin, csv->line,
				i + 1, name, found.len < 40 ? (int)found.len : 40, found.text);
	}
	if (csv_count(csv) > n)
		return fail(t->why, HG_EFORMAT,
			"%s:%zu: expected %zu columns (a knob is named on a \"# knob\" line), "
			"found %zu",
			t->origin, csv->line, n, csv_count(csv));
	return HG_OK;
}

static hg_err bad_field(struct table *t, const struct csv *csv, size_t i, const char *expected)
{
	struct csv_field found = csv_get(csv, i);
	const char *name =
		i < N_FIXED ? fixed_columns[i] : columns_get(&t->cols, i - N_FIXED)->name;

	return fail(t->why, HG_EFORMAT, "%s:%zu: column %s: expected %s, found \"%.*s\"", t->origin,
		csv->line, name, expected, found.len < 40 ? (int)found.len : 40, found.text);
}

static hg_err read_figure(
	struct table *t, const struct csv *csv, size_t i, bool optional, double *out)
{
	struct csv_field f = csv_get(csv, i);

	*out = (double)NAN;
	if (optional && f.len == 0)
		return HG_OK;
	if (double_parse(f.text, f.len, true, out) && *out >= 0)
		return HG_OK;
	return bad_field(t, csv, i, "a number >= 0");
}

static hg_err read_origin(struct table *t, const struct csv *csv, size_t i, uint32_t *out)
{
	static const struct {
		const char *text;
		uint32_t bit;
	} known[] = {
#define ORIGIN_ROW(name, bit, text) {text, bit},
		HG_ORIGIN_LIST(ORIGIN_ROW)
#undef ORIGIN_ROW
	};
	struct csv_field f = csv_get(csv, i);
	struct slice rest = {f.text, f.len};

	*out = 0;
	while (rest.text && f.len) {
		struct slice word = slice_cut(&rest, '+');
		size_t k = 0;

		while (k < sizeof known / sizeof *known && !slice_is(word, known[k].text))
			k++;
		if (k == sizeof known / sizeof *known)
			return bad_field(t, csv, i,
				"measured, fitted, datasheet, simulated or several joined by +");
		*out |= known[k].bit;
	}
	return HG_OK;
}

static hg_err read_cell(struct table *t, const struct csv *csv, size_t i, double *cell)
{
	const struct column *col = columns_get(&t->cols, i);
	struct csv_field f = csv_get(csv, i + N_FIXED);
	uint32_t choice;

	*cell = (double)NAN;
	if (f.len == 0)
		return HG_OK;
	if (!col->words) {
		if (double_parse(f.text, f.len, true, cell))
			return HG_OK;
		return bad_field(t, csv, i + N_FIXED, "a number");
	}
	choice = intern_find(&col->choices, f.text, f.len);
	if (choice == INTERN_NONE)
		return bad_field(t, csv, i + N_FIXED, "one of the knob's choices");
	*cell = choice;
	return HG_OK;
}

static hg_err read_record(struct table *t, const struct csv *csv)
{
	hg_point p = {.setting = HG_SETTING_NONE};
	hg_err err;

	if (csv_count(csv) != N_FIXED + t->cloud.n_cols)
		return fail(t->why, HG_EFORMAT, "%s:%zu: expected %zu fields, found %zu", t->origin,
			csv->line, N_FIXED + t->cloud.n_cols, csv_count(csv));
	err = read_figure(t, csv, 0, false, &p.time_s);
	if (!err)
		err = read_figure(t, csv, 1, false, &p.energy_j);
	if (!err)
		err = read_figure(t, csv, 2, true, &p.time_rsd);
	if (!err)
		err = read_figure(t, csv, 3, true, &p.energy_rsd);
	if (!err)
		err = read_origin(t, csv, 4, &p.origin);
	for (size_t i = 0; i < t->cloud.n_cols && !err; i++)
		err = read_cell(t, csv, i, &t->row[i]);
	if (err)
		return err;
	if (!row_is_empty(t->row, t->cloud.n_cols))
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): t->row belongs to the caller */
		err = cloud_add_row(&t->cloud, t->row, csv->line, &p.setting);
	if (!err)
		err = cloud_add_point(&t->cloud, &p);
	return err ? columns_fail(t->why, err, t->origin, csv->line) : HG_OK;
}

static hg_err read_records(struct table *t, struct csv *csv)
{
	bool more = true;
	hg_err err = HG_OK;

	cloud_init(&t->cloud, columns_count(&t->cols));
	t->row = calloc(t->cloud.n_cols + 1, sizeof *t->row);
	if (!t->row)
		return no_memory(t);
	while (!err && more) {
		err = csv_next(csv, &more, t->why);
		if (!err && more)
			err = read_record(t, csv);
	}
	if (!err && t->cloud.points.len == 0)
		err = fail(t->why, HG_EFORMAT, "%s:%zu: expected at least one point, found none",
			t->origin, csv->next_line);
	return err;
}

static hg_err read_table(struct table *t, struct csv *csv, hg_frontier **out)
{
	hg_err err = read_head(t);

	if (err)
		return err;
	csv_init(csv, t->rest.text, t->rest.len, t->origin);
	csv->next_line = t->line + 1;
	err = read_header(t, csv);
	if (!err)
		err = read_records(t, csv);
	if (!err && !t->repeated)
		err = cloud_check_unique(&t->cloud, &t->cols, t->origin, t->why);
	if (err)
		return err;
	return cloud_build(&t->cloud, &t->cols, &t->info, t->origin, out, t->why);
}

hg_err frontier_read_csv(
	const char *text, size_t len, const char *origin, hg_frontier **out, hg_error *why)
{
	struct table t = {.origin = origin, .why = why, .info = HG_FRONTIER_INFO_INIT};
	struct csv csv = {0};
	hg_err err;

	t.rest = (struct slice){text, len};
	arena_init(&t.arena, INTERN_MAX_BYTES);
	columns_init(&t.cols);
	err = read_table(&t, &csv, out);
	csv_finish(&csv);
	cloud_finish(&t.cloud);
	columns_finish(&t.cols);
	arena_finish(&t.arena);
	free(t.row);
	return err;
}
