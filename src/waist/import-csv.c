/* Importing any CSV with named columns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/size.h"

#include "frontier.h"
#include "import.h"

/* A column with figures. */
struct figure {
	size_t field;
	const char *name;
	double factor; /* to SI */
};

/* A condition that rows must hold. */
struct condition {
	const char *text; /* as given */
	size_t field;
	struct slice value;
	bool is_number;
	double number;
	size_t held; /* by how many rows */
};

/* A knob's column. */
struct source {
	size_t field;
	bool words; /* a row that holds has something else than a number here */
};

struct table {
	struct import in;
	hg_csv_import opts;
	struct figure time, energy, power;
	struct source *knobs;
	struct condition *where;
	double *row;
	size_t rows; /* of the file */
};

static struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static hg_err no_memory(struct table *t)
{
	return fail(t->in.why, HG_ENOMEM, "%s: out of memory", t->in.origin);
}

/* Splits "A:B" at its last separator; false when there is none. */
static bool split_last(struct slice s, char separator, struct slice *a, struct slice *b)
{
	for (size_t i = s.len; i-- > 0;) {
		if (s.text[i] != separator)
			continue;
		*a = (struct slice){s.text, i};
		*b = (struct slice){s.text + i + 1, s.len - i - 1};
		return true;
	}
	return false;
}

/* Resolves "COL" or "COL:UNIT". */
static hg_err find_figure(
	struct table *t, const char *text, enum quantity q, const char *units, struct figure *out)
{
	struct slice name = slice_of(text), unit;
	hg_err err;

	out->factor = 1;
	if (import_find(&t->in, name) == SIZE_MAX && split_last(name, ':', &name, &unit) &&
		!unit_factor(q, unit.text, unit.len, &out->factor))
		return fail(t->in.why, HG_EINVAL,
			"%s: column %s: expected a unit out of %s, found \"%.*s\"", t->in.origin,
			text, units, unit.len < 40 ? (int)unit.len : 40, unit.text);
	err = import_need(&t->in, name, &out->field);
	if (err)
		return err;
	out->name = arena_strndup(&t->in.arena, name.text, name.len);
	return out->name ? HG_OK : no_memory(t);
}

static hg_err find_figures(struct table *t)
{
	hg_err err =
		find_figure(t, t->opts.time, QUANTITY_TIME, "ns, us, ms, s, min, h, d", &t->time);

	if (!err && t->opts.energy)
		err = find_figure(t, t->opts.energy, QUANTITY_ENERGY,
			"uJ, mJ, J, kJ, MJ, GJ, mWh, Wh, kWh, MWh", &t->energy);
	if (!err && t->opts.power)
		err = find_figure(t, t->opts.power, QUANTITY_POWER, "uW, mW, W, kW, MW", &t->power);
	return err;
}

/* Resolves "COL", "COL=NAME" or "COL=NAME:UNIT". */
static hg_err find_knob(struct table *t, const char *text, struct source *out)
{
	struct slice column = slice_of(text), name = column, unit = {"", 0};
	hg_err err;

	if (import_find(&t->in, column) == SIZE_MAX) {
		struct slice rest = column;

		column = slice_cut(&rest, '=');
		name = column;
		if (column.text[column.len] == '=') {
			name = slice_of(column.text + column.len + 1);
			(void)split_last(name, ':', &name, &unit);
		}
	}
	err = import_need(&t->in, column, &out->field);
	if (err)
		return err;
	if (!utf8_is_valid(name.text, name.len) || !utf8_is_valid(unit.text, unit.len))
		return fail(t->in.why, HG_EINVAL,
			"%s: knob %s: expected UTF-8 text, found other bytes", t->in.origin, text);
	err = columns_add(&t->in.cols, name, unit, false);
	if (err == HG_EINVAL)
		return fail(t->in.why, err,
			"%s: knob %s: expected COL, COL=NAME or COL=NAME:UNIT with a name of its "
			"own, found %s",
			t->in.origin, text, name.len ? "it twice" : "an empty name");
	return err ? columns_fail(t->in.why, err, t->in.origin, 1) : HG_OK;
}

/* Resolves "COL=VALUE". */
static hg_err find_condition(struct table *t, const char *text, struct condition *out)
{
	struct slice rest = slice_of(text);
	struct slice column = slice_cut(&rest, '=');

	if (column.text[column.len] != '=')
		return fail(t->in.why, HG_EINVAL,
			"%s: condition %s: expected COL=VALUE, found no =", t->in.origin, text);
	out->text = text;
	out->value = slice_trim(slice_of(column.text + column.len + 1));
	out->is_number = double_parse(out->value.text, out->value.len, true, &out->number);
	return import_need(&t->in, column, &out->field);
}

static hg_err read_header(struct table *t)
{
	hg_err err = import_header(&t->in);

	t->knobs = calloc(t->opts.n_knobs, sizeof *t->knobs);
	t->where = calloc(t->opts.n_where + 1, sizeof *t->where);
	t->row = calloc(t->opts.n_knobs, sizeof *t->row);
	if (!t->knobs || !t->where || !t->row)
		return no_memory(t);
	if (!err)
		err = find_figures(t);
	for (size_t i = 0; i < t->opts.n_knobs && !err; i++)
		err = find_knob(t, t->opts.knobs[i], &t->knobs[i]);
	for (size_t i = 0; i < t->opts.n_where && !err; i++)
		err = find_condition(t, t->opts.where[i], &t->where[i]);
	return err;
}

static bool holds(struct condition *c, struct slice field)
{
	double number;
	bool yes;

	if (c->is_number && double_parse(field.text, field.len, true, &number))
		yes = number >= c->number && number <= c->number;
	else
		yes = field.len == c->value.len &&
		      (field.len == 0 || memcmp(field.text, c->value.text, field.len) == 0);
	c->held += yes;
	return yes;
}

static bool all_hold(struct table *t)
{
	bool all = true;

	for (size_t i = 0; i < t->opts.n_where; i++)
		if (!holds(&t->where[i], import_field(&t->in, t->where[i].field)))
			all = false;
	return all;
}

static hg_err read_figure(struct table *t, const struct figure *f, double *out)
{
	hg_err err = import_number(&t->in, f->field, f->name, false, out);

	*out *= f->factor;
	if (err || (isfinite(*out) && *out > 0))
		return err;
	return import_bad_field(&t->in, f->field, f->name, "a smaller or larger number");
}

static hg_err read_figures(struct table *t, hg_point *p)
{
	double power_w;
	hg_err err = read_figure(t, &t->time, &p->time_s);

	if (err)
		return err;
	if (t->opts.energy)
		return read_figure(t, &t->energy, &p->energy_j);
	err = read_figure(t, &t->power, &power_w);
	p->energy_j = power_w * p->time_s;
	if (err || (isfinite(p->energy_j) && p->energy_j > 0))
		return err;
	return import_bad_field(
		&t->in, t->power.field, t->power.name, "a finite product with the time");
}

/* "nan" and "inf" in a column of numbers are failed measurements, and no words. */
static bool is_no_number(struct slice s)
{
	static const char *const texts[] = {
		"nan", "inf", "infinity", "+inf", "-inf", "+infinity", "-infinity", "-nan", "+nan"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (s.len == strlen(texts[i]) && strncasecmp(s.text, texts[i], s.len) == 0)
			return true;
	return false;
}

static hg_err read_cell(struct table *t, size_t i, double *cell)
{
	struct source *knob = &t->knobs[i];
	struct column *col = columns_get(&t->in.cols, i);
	struct slice field = import_field(&t->in, knob->field);
	uint32_t choice;
	hg_err err;

	*cell = (double)NAN;
	if (field.len == 0)
		return HG_OK;
	if (!col->words) {
		if (double_parse(field.text, field.len, true, cell))
			return HG_OK;
		*cell = 0;
		knob->words = true;
		if (is_no_number(field))
			return import_bad_field(
				&t->in, knob->field, col->name, "a number or a word");
		return HG_OK;
	}
	if (!utf8_is_valid(field.text, field.len))
		return import_bad_field(&t->in, knob->field, col->name, "UTF-8 text");
	err = intern_add(&col->choices, field.text, field.len, &choice);
	*cell = choice;
	return err ? columns_fail(t->in.why, err, t->in.origin, t->in.csv.line) : HG_OK;
}

static hg_err read_record(struct table *t)
{
	hg_point p = {.time_rsd = (double)NAN, .energy_rsd = (double)NAN};
	struct import *in = &t->in;
	hg_err err;

	t->rows++;
	if (!all_hold(t))
		return HG_OK;
	err = read_figures(t, &p);
	for (size_t i = 0; i < t->opts.n_knobs && !err; i++)
		err = read_cell(t, i, &t->row[i]);
	if (err)
		return err;
	if (row_is_empty(t->row, t->opts.n_knobs))
		return import_bad_field(in, t->knobs[0].field, columns_get(&in->cols, 0)->name,
			"a number or a word");
	err = cloud_add_row(&in->cloud, t->row, in->csv.line, &p.setting);
	if (!err)
		err = cloud_add_point(&in->cloud, &p);
	return err ? columns_fail(in->why, err, in->origin, in->csv.line) : HG_OK;
}

static hg_err read_records(struct table *t)
{
	bool more = true;
	hg_err err = HG_OK;

	t->rows = 0;
	while (!err && more) {
		err = import_record(&t->in, &more);
		if (!err && more)
			err = read_record(t);
	}
	return err;
}

/* A column is one of numbers until a row shows a word: then everything is read again. */
static hg_err read_all(struct table *t)
{
	struct import *in = &t->in;
	const char *at = in->csv.at;
	size_t line = in->csv.next_line;
	bool again = false;
	hg_err err;

	cloud_init(&in->cloud, t->opts.n_knobs);
	err = read_records(t);
	for (size_t i = 0; i < t->opts.n_knobs; i++) {
		columns_get(&in->cols, i)->words = t->knobs[i].words;
		again = again || t->knobs[i].words;
	}
	if (err || !again)
		return err;
	cloud_finish(&in->cloud);
	cloud_init(&in->cloud, t->opts.n_knobs);
	in->csv.at = at;
	in->csv.next_line = line;
	return read_records(t);
}

static hg_err check_rows(struct table *t)
{
	if (t->in.cloud.points.len)
		return HG_OK;
	if (t->rows == 0)
		return fail(t->in.why, HG_EFORMAT,
			"%s:%zu: expected a row of figures after the header, found the end",
			t->in.origin, t->in.csv.next_line);
	for (size_t i = 0; i < t->opts.n_where; i++)
		if (t->where[i].held == 0)
			return fail(t->in.why, HG_EINVAL,
				"%s: condition %s: expected at least one row that holds, found none",
				t->in.origin, t->where[i].text);
	return fail(t->in.why, HG_EINVAL,
		"%s: conditions: expected a row in which all hold, found none", t->in.origin);
}

static bool begins_with(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

/* W for one of a knob's numbers if it limits power, else 0. */
static double power_factor(const struct column *col)
{
	double factor;
	size_t len = strlen(col->name);

	if (col->words)
		return 0;
	if (*col->unit)
		return unit_factor(QUANTITY_POWER, col->unit, strlen(col->unit), &factor) ? factor
											  : 0;
	if (!begins_with(col->name, "power_limit") && !begins_with(col->name, "power_cap") &&
		!begins_with(col->name, "cap_") && strcmp(col->name, "cap") != 0)
		return 0;
	return len > 3 && strcmp(col->name + len - 3, "_mw") == 0 ? 1e-3 : 1;
}

static double largest_limit(const struct table *t)
{
	double most = 0;

	for (size_t i = 0; i < t->opts.n_knobs; i++) {
		double factor = power_factor(columns_get(&t->in.cols, i));

		for (size_t k = 0; factor > 0 && k < cloud_rows(&t->in.cloud); k++) {
			const double *row = vec_at(&t->in.cloud.cells, k * t->opts.n_knobs);

			most = fmax(most, row[i] * factor);
		}
	}
	return most;
}

static void complete_info(struct table *t)
{
	hg_frontier_info *info = &t->in.info;
	double limit_w = largest_limit(t);

	if (t->opts.devices)
		info->devices = t->opts.devices;
	if (info->devices == 0)
		info->devices = 1;
	if (!(info->max_power_w > 0))
		info->max_power_w = limit_w > 0 ? limit_w * info->devices : (double)NAN;
}

static hg_err check_options(const hg_csv_import *o, hg_error *why)
{
	if (!o->time)
		return fail(why, HG_EINVAL, "time: expected a column, found none");
	if (!o->energy == !o->power)
		return fail(why, HG_EINVAL, "expected either an energy or a power column, found %s",
			o->energy ? "both" : "none");
	if (o->n_knobs == 0 || !o->knobs)
		return fail(why, HG_EINVAL, "knobs: expected at least one column, found none");
	if (o->n_knobs > COLUMNS_MAX || o->n_where > COLUMNS_MAX || (o->n_where && !o->where))
		return fail(
			why, HG_EINVAL, "expected at most %zu knobs and conditions", COLUMNS_MAX);
	return HG_OK;
}

hg_err hg_frontier_import_csv(const char *text, size_t len, const char *origin,
	const hg_csv_import *opts, hg_frontier **out, hg_error *why)
{
	struct table t = {0};
	hg_err err;

	if (why)
		why->text[0] = '\0';
	if (!text || !origin || !opts || !out)
		return fail(why, HG_EINVAL, "text, origin, options and out must not be NULL");
	*out = NULL;
	if (size_read(&t.opts, sizeof t.opts, opts))
		return fail(why, HG_EINVAL, "options: size is not set");
	err = check_options(&t.opts, why);
	if (err)
		return err;
	err = import_init(&t.in, text, len, origin, t.opts.info, why);
	if (!err)
		err = read_header(&t);
	if (!err)
		err = read_all(&t);
	if (!err)
		err = check_rows(&t);
	if (!err) {
		complete_info(&t);
		err = import_build(&t.in, out);
	}
	import_finish(&t.in);
	free(t.knobs);
	free(t.where);
	free(t.row);
	return err;
}
