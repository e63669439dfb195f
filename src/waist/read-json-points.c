/* Reading hourglass.frontier/1: points, their settings and their parts. */
#include "read-json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

/* Where in the file a point is, for error texts. */
struct place {
	const char *list; /* "points" or "dominated" */
	size_t index;
};

hg_err read_fail(struct reading *r, const struct json *v, const char *fmt, ...)
{
	char text[HG_ERROR_TEXT];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return fail(r->why, HG_EFORMAT, "%s:%u: %s", r->doc->origin, v->line, text);
}

static hg_err no_memory(struct reading *r, const struct json *v, hg_err err)
{
	return columns_fail(r->why, err, r->doc->origin, v->line);
}

/* A member of a point that must be a number that is not negative. */
static hg_err read_figure(
	struct reading *r, const struct place *at, const struct json *v, double *out)
{
	if (v->type != JSON_NUMBER)
		return read_fail(r, v, "%s[%zu].%s: expected a number, found %s", at->list,
			at->index, v->key, json_type_text(v));
	if (!(v->number >= 0))
		return read_fail(r, v, "%s[%zu].%s: expected a number >= 0, found %g", at->list,
			at->index, v->key, v->number);
	*out = v->number;
	return HG_OK;
}

static hg_err read_origin(
	struct reading *r, const struct place *at, const struct json *v, uint32_t *out)
{
	static const struct {
		const char *text;
		uint32_t bit;
	} known[] = {
#define ORIGIN_ROW(name, bit, text) {text, bit},
		HG_ORIGIN_LIST(ORIGIN_ROW)
#undef ORIGIN_ROW
	};
	const struct json *word;

	if (v->type != JSON_ARRAY)
		return read_fail(r, v, "%s[%zu].origin: expected an array of words, found %s",
			at->list, at->index, json_type_text(v));
	for (word = v->first; word; word = word->next) {
		size_t i = 0;

		while (i < sizeof known / sizeof *known &&
			(word->type != JSON_STRING || strcmp(word->string, known[i].text) != 0))
			i++;
		if (i == sizeof known / sizeof *known)
			return read_fail(r, word,
				"%s[%zu].origin: expected \"measured\", \"fitted\", \"datasheet\" "
				"or \"simulated\", found %.*s",
				at->list, at->index, word->raw_len < 40 ? (int)word->raw_len : 40,
				word->raw);
		*out |= known[i].bit;
	}
	return HG_OK;
}

/* Turns the value of one knob into a cell. */
static hg_err read_cell(struct reading *r, const struct place *at, const struct column *col,
	const struct json *v, double *cell)
{
	uint32_t choice;

	if (!col->words) {
		if (v->type != JSON_NUMBER)
			return read_fail(r, v, "%s[%zu].setting.%s: expected a number, found %s",
				at->list, at->index, col->name, json_type_text(v));
		*cell = v->number;
		return HG_OK;
	}
	if (v->type != JSON_STRING)
		return read_fail(r, v, "%s[%zu].setting.%s: expected a string, found %s", at->list,
			at->index, col->name, json_type_text(v));
	choice = intern_find(&col->choices, v->string, v->len);
	if (choice == INTERN_NONE)
		return read_fail(r, v,
			"%s[%zu].setting.%s: expected one of the knob's choices, found \"%s\"",
			at->list, at->index, col->name, v->string);
	*cell = choice;
	return HG_OK;
}

/* Fills r->row. Members mostly come in the order of the knobs, so the next one is tried first. */
static hg_err read_setting(
	struct reading *r, const struct place *at, const struct json *v, bool *any)
{
	size_t next = 0;
	hg_err err = HG_OK;

	*any = false;
	for (size_t i = 0; i < r->cloud.n_cols; i++)
		r->row[i] = (double)NAN;
	if (!v)
		return HG_OK;
	if (r->op != HG_OP_NONE)
		return read_fail(r, v,
			"%s[%zu].setting: expected \"parts\" instead, as \"op\" is given", at->list,
			at->index);
	if (v->type != JSON_OBJECT)
		return read_fail(r, v, "%s[%zu].setting: expected an object, found %s", at->list,
			at->index, json_type_text(v));
	for (const struct json *m = v->first; m && !err; m = m->next) {
		size_t i = next < r->cloud.n_cols ? next : 0;

		if (i >= r->cloud.n_cols || strcmp(columns_get(&r->cols, i)->name, m->key) != 0)
			i = columns_find(&r->cols, m->key, m->key_len);
		if (i == SIZE_MAX)
			return read_fail(r, m,
				"%s[%zu].setting.%s: expected one of the file's \"knobs\", found "
				"another name",
				at->list, at->index, m->key);
		err = read_cell(r, at, columns_get(&r->cols, i), m, &r->row[i]);
		next = i + 1;
		*any = true;
	}
	return err;
}

static hg_err read_index(struct reading *r, const struct place *at, const struct json *v,
	const char *what, double min, double max, uint32_t *out)
{
	if (v->type != JSON_NUMBER || !(v->number >= min && v->number <= max) ||
		floor(v->number) < v->number)
		return read_fail(r, v, "%s[%zu].parts: expected a %s from %.0f to %.0f, found %.*s",
			at->list, at->index, what, min, max, v->raw_len < 40 ? (int)v->raw_len : 40,
			v->raw);
	*out = (uint32_t)v->number;
	return HG_OK;
}

static hg_err read_part(
	struct reading *r, const struct place *at, const struct json *v, hg_part *part)
{
	const struct json *child, *point;
	size_t n;
	hg_err err;

	if (v->type != JSON_ARRAY || v->len != 3)
		return read_fail(
			r, v, "%s[%zu].parts: expected [child, point, count]", at->list, at->index);
	child = v->first;
	point = child->next;
	err = read_index(r, at, child, "child index", 0, (double)r->n_children - 1, &part->child);
	if (err)
		return err;
	n = frontier_all(r->children[part->child]);
	err = read_index(r, at, point, "point index", 0, (double)n - 1, &part->point);
	if (err)
		return err;
	return read_index(r, at, point->next, "count", 1, COUNT_MAX, &part->count);
}

static hg_err read_parts(struct reading *r, const struct place *at, const struct json *v)
{
	double units = 0;
	hg_err err = HG_OK;

	for (const struct json *p = v->first; p && !err; p = p->next) {
		hg_part part = {0};

		err = read_part(r, at, p, &part);
		if (err)
			return err;
		units += part.count;
		err = vec_push(&r->parts, &part);
	}
	if (err)
		return no_memory(r, v, err);
	if (r->op == HG_OP_REPEAT && (units < r->times || units > r->times))
		return read_fail(r, v,
			"%s[%zu].parts: expected counts that add to %.0f (\"repeat\"), found %.0f",
			at->list, at->index, r->times, units);
	return HG_OK;
}

static hg_err read_realisation(
	struct reading *r, const struct place *at, const struct json *point, const struct json *v)
{
	size_t begin = r->parts.len;
	hg_err err;

	if (r->op == HG_OP_NONE) {
		if (!v)
			return HG_OK;
		return read_fail(r, v,
			"%s[%zu].parts: expected only where \"op\" and \"children\" are given",
			at->list, at->index);
	}
	if (!v || v->type != JSON_ARRAY || v->len == 0)
		return read_fail(r, v ? v : point,
			"%s[%zu].parts: expected an array of [child, point, count], found %s",
			at->list, at->index, v && v->len == 0 ? "none" : json_type_text(v));
	err = vec_push(&r->part_begin, &begin);
	if (err)
		return no_memory(r, v, err);
	return read_parts(r, at, v);
}

/* Puts the unknown members of a point where they are found by its row, or by its place. */
static hg_err keep_extra(struct reading *r, const struct json *v, struct buf *text, size_t key)
{
	char **slots;
	size_t n;

	if (!text->len)
		return HG_OK;
	if (key >= r->extra->n_points) {
		n = key + key / 2 + 16;
		slots = realloc(r->extra->points, n * sizeof *slots);
		if (!slots)
			return no_memory(r, v, HG_ENOMEM);
		memset(slots + r->extra->n_points, 0, (n - r->extra->n_points) * sizeof *slots);
		r->extra->points = slots;
		r->extra->n_points = n;
	}
	if (extra_take(text, &r->extra->points[key]))
		return no_memory(r, v, HG_ENOMEM);
	return HG_OK;
}

/* What a point's members are, as found. */
struct members {
	const struct json *setting, *parts;
	bool time, energy;
};

/* The mark is for people: which points wait follows from their figures. */
static hg_err read_waiting(struct reading *r, const struct place *at, const struct json *m)
{
	if (m->type == JSON_TRUE || m->type == JSON_FALSE)
		return HG_OK;
	return read_fail(r, m, "%s[%zu].waiting: expected true or false, found %s", at->list,
		at->index, json_type_text(m));
}

static hg_err read_member(struct reading *r, const struct place *at, const struct json *m,
	hg_point *p, struct members *found, struct buf *unknown)
{
	const char *key = m->key;

	if (strcmp(key, "time_s") == 0) {
		found->time = true;
		return read_figure(r, at, m, &p->time_s);
	}
	if (strcmp(key, "energy_j") == 0) {
		found->energy = true;
		return read_figure(r, at, m, &p->energy_j);
	}
	if (strcmp(key, "time_rsd") == 0)
		return read_figure(r, at, m, &p->time_rsd);
	if (strcmp(key, "energy_rsd") == 0)
		return read_figure(r, at, m, &p->energy_rsd);
	if (strcmp(key, "origin") == 0)
		return read_origin(r, at, m, &p->origin);
	if (strcmp(key, "waiting") == 0)
		return read_waiting(r, at, m);
	if (strcmp(key, "setting") == 0)
		found->setting = m;
	else if (strcmp(key, "parts") == 0)
		found->parts = m;
	else if (extra_note(unknown, m))
		return no_memory(r, m, HG_ENOMEM);
	return HG_OK;
}

static hg_err add_point(struct reading *r, const struct place *at, const struct json *v,
	hg_point *p, const struct members *found, struct buf *unknown)
{
	size_t key = r->cloud.points.len;
	bool any;
	hg_err err = read_setting(r, at, found->setting, &any);

	if (!err)
		err = read_realisation(r, at, v, found->parts);
	if (err)
		return err;
	/* A point that is built keeps its unknown members with its row, so it gets one. */
	if (any || (r->op == HG_OP_NONE && unknown->len)) {
		err = cloud_add_row(&r->cloud, r->row, v->line, &p->setting);
		key = p->setting;
	}
	if (!err)
		err = cloud_add_point(&r->cloud, p);
	return err ? no_memory(r, v, err) : keep_extra(r, v, unknown, key);
}

static hg_err read_point(
	struct reading *r, const struct place *at, const struct json *v, struct buf *unknown)
{
	struct members found = {0};
	hg_point p = {.time_rsd = (double)NAN, .energy_rsd = (double)NAN};
	hg_err err = HG_OK;

	p.setting = HG_SETTING_NONE;
	if (v->type != JSON_OBJECT)
		return read_fail(r, v, "%s[%zu]: expected an object, found %s", at->list, at->index,
			json_type_text(v));
	buf_clear(unknown);
	for (const struct json *m = v->first; m && !err; m = m->next)
		err = read_member(r, at, m, &p, &found, unknown);
	if (err)
		return err;
	if (!found.time || !found.energy)
		return read_fail(r, v, "%s[%zu].%s: expected a number, found nothing", at->list,
			at->index, found.time ? "energy_j" : "time_s");
	return add_point(r, at, v, &p, &found, unknown);
}

static hg_err check_order(struct reading *r, const struct place *at, const struct json *v)
{
	const hg_point *p;

	if (r->op == HG_OP_NONE)
		return HG_OK;
	p = vec_at(&r->cloud.points, at->index);
	if (staircase_step(&r->stair, p))
		return HG_OK;
	return read_fail(r, v,
		"%s[%zu]: expected more time and less energy than the point before it", at->list,
		at->index);
}

static hg_err read_list(struct reading *r, const char *name, const struct json *list)
{
	struct place at = {.list = name};
	struct buf unknown;
	hg_err err = HG_OK;

	buf_init(&unknown, FILE_MAX);
	for (const struct json *v = list->first; v && !err; v = v->next) {
		err = read_point(r, &at, v, &unknown);
		if (!err)
			err = check_order(r, &at, v);
		at.index++;
	}
	buf_finish(&unknown);
	return err;
}

hg_err read_points(struct reading *r, const struct json *points, const struct json *dominated)
{
	hg_err err;

	cloud_init(&r->cloud, columns_count(&r->cols));
	r->row = calloc(r->cloud.n_cols ? r->cloud.n_cols : 1, sizeof *r->row);
	if (!r->row)
		return no_memory(r, points, HG_ENOMEM);
	err = read_list(r, "points", points);
	r->n_frontier = r->cloud.points.len;
	if (err || !dominated)
		return err;
	if (dominated->type != JSON_ARRAY)
		return read_fail(r, dominated, "dominated: expected an array, found %s",
			json_type_text(dominated));
	if (r->op != HG_OP_NONE && dominated->len)
		return read_fail(r, dominated,
			"dominated: expected no points, as \"op\" is given, found %u",
			dominated->len);
	return read_list(r, "dominated", dominated);
}
