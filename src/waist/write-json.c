/* Writing hourglass.frontier/1 as JSON: one line a point, so that people and diff can read it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "core/number.h"

#include "formats.h"
#include "frontier.h"
#include "lookup.h"

/* A frontier object on its way out. */
struct writing {
	struct buf *out;
	hg_error *why;
	unsigned depth;     /* containers open around the members of this object */
	bool comma;         /* a member stands before */
	struct buf columns; /* "name": of each knob, quoted; NUL behind each */
};

static hg_err write_object(const hg_frontier *f, unsigned depth, struct buf *out, hg_error *why);

static void put_string(struct buf *out, const char *s)
{
	struct json_out o;

	json_out_init(&o, out);
	json_put_string(&o, s);
}

static void put_number(struct buf *out, double v)
{
	char text[DOUBLE_TEXT];

	buf_add(out, text, double_format(v, text));
}

static void put_line(struct buf *out, unsigned depth)
{
	static const char blanks[] = "                                ";

	buf_addc(out, '\n');
	for (size_t n = 2 * (size_t)depth; n;) {
		size_t some = n < sizeof blanks - 1 ? n : sizeof blanks - 1;

		buf_add(out, blanks, some);
		n -= some;
	}
}

/* A member of the frontier object, on a line of its own. */
static void put_key(struct writing *w, const char *key)
{
	if (w->comma)
		buf_addc(w->out, ',');
	w->comma = true;
	put_line(w->out, w->depth);
	buf_addf(w->out, "\"%s\": ", key);
}

static hg_err check_text(struct writing *w, const char *what, const char *text)
{
	if (utf8_is_valid(text, strlen(text)))
		return HG_OK;
	return fail(w->why, HG_EINVAL, "%s: expected UTF-8 text, found other bytes", what);
}

static hg_err check_depth(struct writing *w, unsigned inside)
{
	if (w->depth + inside <= JSON_MAX_DEPTH)
		return HG_OK;
	return fail(w->why, HG_ELIMIT, "nested deeper than the %d levels a file may have",
		JSON_MAX_DEPTH);
}

/* How many containers are open at once in members read earlier. */
static unsigned text_depth(const char *text)
{
	unsigned depth = 0, most = 0;

	for (bool quoted = false; *text; text++) {
		if (*text == '"')
			quoted = !quoted;
		else if (quoted && *text == '\\')
			text++;
		else if (!quoted && (*text == '{' || *text == '['))
			most = ++depth > most ? depth : most;
		else if (!quoted && (*text == '}' || *text == ']'))
			depth--;
	}
	return most;
}

/* Members that were read and not understood; comma: something stands before them. */
static hg_err put_extra(struct writing *w, const char *text, unsigned inside, bool comma)
{
	hg_err err;

	if (!text)
		return HG_OK;
	err = check_depth(w, inside + text_depth(text));
	if (comma)
		buf_adds(w->out, ", ");
	buf_adds(w->out, text);
	return err;
}

static hg_err put_text(struct writing *w, const char *key, const char *text)
{
	if (*text == '\0')
		return HG_OK;
	put_key(w, key);
	put_string(w->out, text);
	return check_text(w, key, text);
}

static hg_err put_device(struct writing *w, const hg_frontier *f)
{
	const char *model = f->info.device;
	const char *extra = f->extra ? f->extra->device : NULL;
	bool comma = false;

	if (*model == '\0' && f->info.devices == 0 && !extra)
		return HG_OK;
	put_key(w, "device");
	buf_addc(w->out, '{');
	if (*model) {
		buf_adds(w->out, "\"model\": ");
		put_string(w->out, model);
		comma = true;
	}
	if (f->info.devices) {
		buf_addf(w->out, "%s\"count\": %u", comma ? ", " : "", f->info.devices);
		comma = true;
	}
	if (put_extra(w, extra, 1, comma))
		return HG_ELIMIT;
	buf_addc(w->out, '}');
	return check_text(w, "device.model", model);
}

static hg_err put_info(struct writing *w, const hg_frontier *f)
{
	hg_err err = put_text(w, "name", f->info.name);

	if (!err)
		err = put_text(w, "work_unit", f->info.work_unit);
	if (!err)
		err = put_device(w, f);
	if (!err)
		err = put_text(w, "source", f->info.source);
	if (isfinite(f->info.static_power_w)) {
		put_key(w, "static_power_w");
		put_number(w->out, f->info.static_power_w);
	}
	if (isfinite(f->info.max_power_w)) {
		put_key(w, "max_power_w");
		put_number(w->out, f->info.max_power_w);
	}
	return err;
}

static hg_err put_choices(struct writing *w, const hg_knob_def *knob)
{
	hg_err err = HG_OK;

	buf_adds(w->out, ", \"choices\": [");
	for (size_t i = 0; i < knob->n_choices && !err; i++) {
		if (i)
			buf_adds(w->out, ", ");
		put_string(w->out, knob->choices[i]);
		err = check_text(w, knob->name, knob->choices[i]);
	}
	buf_addc(w->out, ']');
	return err;
}

static hg_err put_knob(struct writing *w, const hg_knob_def *knob, const char *extra)
{
	hg_err err = check_text(w, "knob name", knob->name);

	put_line(w->out, w->depth + 1);
	buf_adds(w->out, "{\"name\": ");
	put_string(w->out, knob->name);
	if (*knob->unit) {
		buf_adds(w->out, ", \"unit\": ");
		put_string(w->out, knob->unit);
		if (!err)
			err = check_text(w, "knob unit", knob->unit);
	}
	if (!err && knob->choices)
		err = put_choices(w, knob);
	if (!err)
		err = put_extra(w, extra, 2, true);
	buf_addc(w->out, '}');
	return err;
}

static hg_err put_knobs(struct writing *w, const hg_frontier *f)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	bool repeats;
	hg_err err = HG_OK;

	if (n == 0)
		return HG_OK;
	put_key(w, "knobs");
	for (size_t i = 0; i < n && !err; i++) {
		bool known = f->extra && i < f->extra->n_knobs;

		buf_addc(w->out, i ? ',' : '[');
		err = put_knob(w, &knobs[i], known ? f->extra->knobs[i] : NULL);
		put_string(&w->columns, knobs[i].name);
		buf_add(&w->columns, ": ", 3);
	}
	put_line(w->out, w->depth);
	buf_addc(w->out, ']');
	if (!err)
		err = frontier_repeats_setting(f, &repeats);
	if (!err && repeats) {
		put_key(w, "repeated_settings");
		buf_adds(w->out, "true");
	}
	return err;
}

static hg_err put_cell(struct writing *w, const hg_knob_def *knob, double cell)
{
	if (!knob->choices) {
		put_number(w->out, cell);
		if (isfinite(cell))
			return HG_OK;
		return fail(w->why, HG_EINVAL, "knob %s: expected a finite number, found %g",
			knob->name, cell);
	}
	if (!(cell >= 0 && cell < (double)knob->n_choices))
		return fail(w->why, HG_EINVAL, "knob %s: expected one of %zu choices, found %g",
			knob->name, knob->n_choices, cell);
	put_string(w->out, knob->choices[(size_t)cell]);
	return HG_OK;
}

static hg_err put_setting(struct writing *w, const hg_frontier *f, hg_setting setting)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	const double *row = hg_frontier_setting(f, setting);
	const char *column = w->columns.data;
	bool first = true;
	hg_err err = HG_OK;

	if (!row || row_is_empty(row, n) || w->columns.failed)
		return HG_OK;
	buf_adds(w->out, ", \"setting\": {");
	for (size_t i = 0; i < n && !err; i++) {
		if (!isnan(row[i])) {
			if (!first)
				buf_adds(w->out, ", ");
			first = false;
			buf_adds(w->out, column);
			err = put_cell(w, &knobs[i], row[i]);
		}
		column += strlen(column) + 1;
	}
	buf_addc(w->out, '}');
	return err ? err : check_depth(w, 3);
}

static hg_err put_origin(struct writing *w, uint32_t origin)
{
	static const struct {
		uint32_t bit;
		const char *text;
	} known[] = {
#define ORIGIN_ROW(name, bit, text) {bit, "\"" text "\""},
		HG_ORIGIN_LIST(ORIGIN_ROW)
#undef ORIGIN_ROW
	};
	bool first = true;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!(origin & known[i].bit))
			continue;
		buf_adds(w->out, first ? ", \"origin\": [" : ", ");
		buf_adds(w->out, known[i].text);
		first = false;
	}
	if (first)
		return HG_OK;
	buf_addc(w->out, ']');
	return check_depth(w, 3);
}

static hg_err put_parts(struct writing *w, const hg_part *parts, size_t n)
{
	if (!parts)
		return HG_OK;
	buf_adds(w->out, ", \"parts\": [");
	for (size_t i = 0; i < n; i++)
		buf_addf(w->out, "%s[%u,%u,%u]", i ? "," : "", parts[i].child, parts[i].point,
			parts[i].count);
	buf_addc(w->out, ']');
	return check_depth(w, 4);
}

static void put_figure(struct buf *out, const char *key, double v)
{
	if (isnan(v))
		return;
	buf_adds(out, key);
	put_number(out, v);
}

/* place: of the point among the composed frontier's; SIZE_MAX for one that has no parts. */
static hg_err put_point(struct writing *w, const hg_frontier *f, const hg_point *p, size_t place)
{
	const struct extra *extra = f->extra;
	size_t key = f->op == HG_OP_NONE ? p->setting : place; /* of what is unknown */
	size_t n = 0;
	const hg_part *parts = place == SIZE_MAX ? NULL : hg_frontier_parts(f, place, &n);
	hg_err err;

	put_line(w->out, w->depth + 1);
	put_figure(w->out, "{\"time_s\": ", p->time_s);
	put_figure(w->out, ", \"energy_j\": ", p->energy_j);
	put_figure(w->out, ", \"time_rsd\": ", p->time_rsd);
	put_figure(w->out, ", \"energy_rsd\": ", p->energy_rsd);
	err = put_setting(w, f, p->setting);
	if (!err)
		err = put_origin(w, p->origin);
	if (!err && place != SIZE_MAX && place >= f->n)
		err = buf_adds(w->out, ", \"waiting\": true");
	if (!err)
		err = put_parts(w, parts, n);
	if (!err && extra && key < extra->n_points)
		err = put_extra(w, extra->points[key], 2, true);
	buf_addc(w->out, '}');
	return err ? err : w->out->failed;
}

static hg_err put_points(struct writing *w, const hg_frontier *f)
{
	hg_err err = check_depth(w, 2);

	put_key(w, "points");
	for (size_t k = 0; k < frontier_all(f) && !err; k++) {
		size_t i = frontier_by_time(f, k);

		buf_addc(w->out, k ? ',' : '[');
		err = put_point(w, f, &f->points[i], i);
	}
	put_line(w->out, w->depth);
	buf_addc(w->out, ']');
	if (err || f->n_dominated == 0)
		return err;
	put_key(w, "dominated");
	for (size_t i = 0; i < f->n_dominated && !err; i++) {
		buf_addc(w->out, i ? ',' : '[');
		err = put_point(w, f, &f->dominated[i], SIZE_MAX);
	}
	put_line(w->out, w->depth);
	buf_addc(w->out, ']');
	return err;
}

/* For each child the index of the first one that is the same object; malloc()ed. */
static size_t *find_siblings(const hg_frontier *f)
{
	size_t n_slots = 16;
	size_t *first = malloc((f->n_children ? f->n_children : 1) * sizeof *first);
	size_t *slots; /* index + 1; 0 free */

	while (n_slots / 2 < f->n_children)
		n_slots *= 2;
	slots = calloc(n_slots, sizeof *slots);
	for (size_t i = 0; first && slots && i < f->n_children; i++) {
		uint64_t hash = (uint64_t)(uintptr_t)f->children[i] * 0x9e3779b97f4a7c15u;
		size_t at = (size_t)(hash >> 32) & (n_slots - 1);

		while (slots[at] && f->children[slots[at] - 1] != f->children[i])
			at = (at + 1) & (n_slots - 1);
		if (!slots[at])
			slots[at] = i + 1;
		first[i] = slots[at] - 1;
	}
	if (!slots) {
		free(first);
		first = NULL;
	}
	free(slots);
	return first;
}

static hg_err put_children(struct writing *w, const hg_frontier *f)
{
	size_t *first = find_siblings(f);
	hg_err err = first ? HG_OK : HG_ENOMEM;

	put_key(w, "children");
	for (size_t i = 0; i < f->n_children && !err; i++) {
		buf_addc(w->out, i ? ',' : '[');
		put_line(w->out, w->depth + 1);
		if (first[i] < i)
			buf_addf(w->out, "{\"same_as\": %zu}", first[i]);
		else
			err = write_object(f->children[i], w->depth + 2, w->out, w->why);
	}
	put_line(w->out, w->depth);
	buf_addc(w->out, ']');
	free(first);
	return err;
}

static hg_err put_composition(struct writing *w, const hg_frontier *f)
{
	static const char *const names[] = {
#define OP_NAME(name, value, text) [value] = (text),
		HG_OP_LIST(OP_NAME)
#undef OP_NAME
	};
	uint64_t times = 0;
	size_t n;
	const hg_part *parts;

	if (f->op == HG_OP_NONE)
		return HG_OK;
	put_key(w, "op");
	put_string(w->out, names[f->op]);
	if (f->op == HG_OP_REPEAT) {
		parts = hg_frontier_parts(f, 0, &n);
		for (size_t i = 0; i < n; i++)
			times += parts[i].count;
		put_key(w, "repeat");
		put_number(w->out, (double)times);
	}
	return put_children(w, f);
}

static hg_err write_object(const hg_frontier *f, unsigned depth, struct buf *out, hg_error *why)
{
	struct writing w = {.out = out, .why = why, .depth = depth};
	hg_err err;

	buf_init(&w.columns, FORMAT_MAX);
	buf_addc(out, '{');
	if (depth == 1) {
		put_key(&w, "schema");
		put_string(out, FRONTIER_SCHEMA);
	}
	err = put_info(&w, f);
	if (!err && f->extra && f->extra->top) {
		if (w.comma)
			buf_addc(out, ',');
		put_line(out, depth);
		w.comma = true;
		err = put_extra(&w, f->extra->top, 0, false);
	}
	if (!err)
		err = put_knobs(&w, f);
	if (!err)
		err = put_points(&w, f);
	if (!err)
		err = put_composition(&w, f);
	put_line(out, depth - 1);
	buf_addc(out, '}');
	if (!err)
		err = w.columns.failed;
	buf_finish(&w.columns);
	return err ? err : out->failed;
}

hg_err frontier_write_json(const hg_frontier *f, struct buf *out, hg_error *why)
{
	hg_err err = write_object(f, 1, out, why);

	return err ? err : buf_addc(out, '\n');
}
