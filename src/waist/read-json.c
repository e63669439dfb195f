/* Reading hourglass.frontier/1: the frontier object and what surrounds its points. */
#include "read-json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/file.h"

#include "formats.h"

/* X(id, text): the members of a frontier object that this version knows. */
#define MEMBER_LIST(X)                                                                             \
	X(SCHEMA, "schema")                                                                        \
	X(NAME, "name")                                                                            \
	X(WORK_UNIT, "work_unit")                                                                  \
	X(DEVICE, "device")                                                                        \
	X(SOURCE, "source")                                                                        \
	X(STATIC_POWER, "static_power_w")                                                          \
	X(MAX_POWER, "max_power_w")                                                                \
	X(KNOBS, "knobs")                                                                          \
	X(REPEATED, "repeated_settings")                                                           \
	X(POINTS, "points")                                                                        \
	X(DOMINATED, "dominated")                                                                  \
	X(OP, "op")                                                                                \
	X(REPEAT, "repeat")                                                                        \
	X(CHILDREN, "children")

enum member_id {
#define MEMBER_ENUM(id, text) MEMBER_##id,
	MEMBER_LIST(MEMBER_ENUM)
#undef MEMBER_ENUM
	MEMBER_COUNT
};

static hg_err read_object(
	const struct json_doc *doc, const struct json *v, hg_frontier **out, hg_error *why);

static hg_err no_memory(struct reading *r)
{
	return fail(r->why, HG_ENOMEM, "%s: out of memory", r->doc->origin);
}

hg_err extra_note(struct buf *text, const struct json *member)
{
	struct json_out key;

	if (text->len)
		buf_adds(text, ", ");
	json_out_init(&key, text);
	json_put_string(&key, member->key);
	buf_adds(text, ": ");
	return buf_add(text, member->raw, member->raw_len);
}

hg_err extra_take(struct buf *text, char **out)
{
	if (!text->len)
		return HG_OK;
	*out = malloc(text->len + 1);
	if (!*out)
		return HG_ENOMEM;
	memcpy(*out, text->data, text->len + 1);
	return HG_OK;
}

static hg_err expect(struct reading *r, const struct json *v, enum json_type type, const char *what)
{
	if (!v || v->type == type)
		return HG_OK;
	return read_fail(r, v, "%s: expected %s, found %s", v->key, what, json_type_text(v));
}

static hg_err read_string(struct reading *r, const struct json *v, const char **out)
{
	hg_err err = expect(r, v, JSON_STRING, "a string");

	if (!err && v)
		*out = v->string;
	return err;
}

static hg_err read_number(struct reading *r, const struct json *v, double min, double *out)
{
	hg_err err = expect(r, v, JSON_NUMBER, "a number");

	if (err || !v)
		return err;
	if (v->number < min)
		return read_fail(
			r, v, "%s: expected a number >= %g, found %g", v->key, min, v->number);
	*out = v->number;
	return HG_OK;
}

/* An integer that fits 32 bits. */
static hg_err read_count(struct reading *r, const struct json *v, double min, double *out)
{
	hg_err err = read_number(r, v, min, out);

	if (!err && v && (*out > COUNT_MAX || floor(*out) < *out))
		return read_fail(r, v, "%s: expected an integer up to %.0f, found %g", v->key,
			COUNT_MAX, *out);
	return err;
}

static hg_err read_device(struct reading *r, const struct json *v)
{
	struct buf unknown;
	double count = 0;
	hg_err err = expect(r, v, JSON_OBJECT, "an object");

	if (err || !v)
		return err;
	buf_init(&unknown, FILE_MAX);
	for (const struct json *m = v->first; m && !err; m = m->next) {
		if (strcmp(m->key, "model") == 0)
			err = read_string(r, m, &r->info.device);
		else if (strcmp(m->key, "count") == 0)
			err = read_count(r, m, 0, &count);
		else if (extra_note(&unknown, m))
			err = no_memory(r);
	}
	r->info.devices = err ? 0 : (uint32_t)count;
	if (!err && extra_take(&unknown, &r->extra->device))
		err = no_memory(r);
	buf_finish(&unknown);
	return err;
}

static hg_err read_info(struct reading *r, const struct json *const *m)
{
	hg_err err = read_string(r, m[MEMBER_NAME], &r->info.name);

	if (!err)
		err = read_string(r, m[MEMBER_WORK_UNIT], &r->info.work_unit);
	if (!err)
		err = read_string(r, m[MEMBER_SOURCE], &r->info.source);
	if (!err)
		err = read_number(r, m[MEMBER_STATIC_POWER], 0, &r->info.static_power_w);
	if (!err)
		err = read_number(r, m[MEMBER_MAX_POWER], 0, &r->info.max_power_w);
	return err ? err : read_device(r, m[MEMBER_DEVICE]);
}

static hg_err read_choices(struct reading *r, const struct json *v, struct column *col)
{
	uint32_t index;
	hg_err err = HG_OK;

	if (v->type != JSON_ARRAY)
		return read_fail(r, v, "knob %s: choices: expected an array of strings, found %s",
			col->name, json_type_text(v));
	for (const struct json *word = v->first; word && !err; word = word->next) {
		size_t before = col->choices.words.len;

		if (word->type != JSON_STRING)
			return read_fail(r, word, "knob %s: choices: expected a string, found %s",
				col->name, json_type_text(word));
		err = intern_add(&col->choices, word->string, word->len, &index);
		if (!err && col->choices.words.len == before)
			return read_fail(r, word,
				"knob %s: choices: expected \"%s\" once, found it twice", col->name,
				word->string);
	}
	return err ? columns_fail(r->why, err, r->doc->origin, v->line) : HG_OK;
}

static hg_err add_knob(struct reading *r, const struct json *v, const struct json *name,
	const char *unit, const struct json *choices)
{
	struct slice name_text, unit_text = {unit, strlen(unit)};
	hg_err err;

	if (!name || name->type != JSON_STRING)
		return read_fail(r, name ? name : v, "knobs: name: expected a string, found %s",
			json_type_text(name));
	name_text.text = name->string;
	name_text.len = name->len;
	err = columns_add(&r->cols, name_text, unit_text, choices != NULL);
	if (err == HG_EINVAL)
		return read_fail(r, name, "knobs: name: expected a name of its own, found \"%s\"%s",
			name->string, name->len ? " twice" : "");
	if (err)
		return columns_fail(r->why, err, r->doc->origin, v->line);
	if (!choices)
		return HG_OK;
	return read_choices(r, choices, columns_get(&r->cols, columns_count(&r->cols) - 1));
}

static hg_err read_knob(struct reading *r, const struct json *v, char **extra)
{
	const struct json *name = NULL, *choices = NULL;
	const char *unit = "";
	struct buf unknown;
	hg_err err = HG_OK;

	if (v->type != JSON_OBJECT)
		return read_fail(r, v, "knobs: expected objects, found %s", json_type_text(v));
	buf_init(&unknown, FILE_MAX);
	for (const struct json *m = v->first; m && !err; m = m->next) {
		if (strcmp(m->key, "name") == 0)
			name = m;
		else if (strcmp(m->key, "unit") == 0)
			err = read_string(r, m, &unit);
		else if (strcmp(m->key, "choices") == 0)
			choices = m;
		else if (extra_note(&unknown, m))
			err = no_memory(r);
	}
	if (!err)
		err = add_knob(r, v, name, unit, choices);
	if (!err && extra_take(&unknown, extra))
		err = no_memory(r);
	buf_finish(&unknown);
	return err;
}

static hg_err read_knobs(struct reading *r, const struct json *v)
{
	size_t i = 0;
	hg_err err = expect(r, v, JSON_ARRAY, "an array");

	if (err || !v)
		return err;
	if (v->len && r->op != HG_OP_NONE)
		return read_fail(
			r, v, "knobs: expected none, as \"op\" is given, found %u", v->len);
	if (v->len > COLUMNS_MAX)
		return columns_fail(r->why, HG_ELIMIT, r->doc->origin, v->line);
	r->extra->knobs = calloc(v->len ? v->len : 1, sizeof *r->extra->knobs);
	if (!r->extra->knobs)
		return no_memory(r);
	r->extra->n_knobs = v->len;
	for (const struct json *m = v->first; m && !err; m = m->next)
		err = read_knob(r, m, &r->extra->knobs[i++]);
	return err;
}

static hg_err read_op(struct reading *r, const struct json *const *m)
{
	static const char *const names[] = {
#define OP_NAME(name, value, text) [value] = (text),
		HG_OP_LIST(OP_NAME)
#undef OP_NAME
	};
	const char *op = names[HG_OP_NONE];
	size_t i = 0;
	hg_err err = read_string(r, m[MEMBER_OP], &op);

	if (err)
		return err;
	while (i < sizeof names / sizeof *names && strcmp(op, names[i]) != 0)
		i++;
	if (i == sizeof names / sizeof *names)
		return read_fail(r, m[MEMBER_OP],
			"op: expected \"series\", \"parallel\", \"repeat\" or \"union\", found "
			"\"%s\"",
			op);
	r->op = (hg_op_kind)i;
	if (r->op != HG_OP_REPEAT && m[MEMBER_REPEAT])
		return read_fail(r, m[MEMBER_REPEAT],
			"repeat: expected only with \"op\": \"repeat\", found with \"%s\"", op);
	if (r->op == HG_OP_REPEAT && !m[MEMBER_REPEAT])
		return read_fail(r, m[MEMBER_OP], "repeat: expected a number, found nothing");
	return read_count(r, m[MEMBER_REPEAT], 1, &r->times);
}

/* {"same_as": k}: the sibling with that index once more. */
static hg_err read_same(struct reading *r, const struct json *v, hg_frontier **out)
{
	const struct json *k = json_get(v, "same_as");

	if (v->len != 1)
		return read_fail(
			r, k, "same_as: expected alone in its object, found %u members", v->len);
	if (k->type != JSON_NUMBER || !(k->number >= 0 && k->number < (double)r->n_children) ||
		floor(k->number) < k->number)
		return read_fail(r, k,
			"children[%zu].same_as: expected the index of an earlier child, found %.*s",
			r->n_children, k->raw_len < 40 ? (int)k->raw_len : 40, k->raw);
	*out = hg_frontier_ref(r->children[(size_t)k->number]);
	return HG_OK;
}

static hg_err read_children(struct reading *r, const struct json *op, const struct json *v)
{
	hg_err err = expect(r, v, JSON_ARRAY, "an array");

	if (err)
		return err;
	if (r->op == HG_OP_NONE) {
		if (!v || v->len == 0)
			return HG_OK;
		return read_fail(r, v, "children: expected only where \"op\" is given");
	}
	if (!v || v->len == 0)
		return read_fail(
			r, v ? v : op, "children: expected at least one frontier, found none");
	r->children = calloc(v->len, sizeof(hg_frontier *));
	if (!r->children)
		return no_memory(r);
	for (const struct json *m = v->first; m && !err; m = m->next) {
		hg_frontier **child = &r->children[r->n_children];

		if (json_get(m, "same_as"))
			err = read_same(r, m, child);
		else
			err = read_object(r->doc, m, child, r->why);
		if (!err)
			r->n_children++;
	}
	return err;
}

static hg_err read_flag(struct reading *r, const struct json *v, bool *out)
{
	*out = v && v->type == JSON_TRUE;
	if (!v || v->type == JSON_TRUE || v->type == JSON_FALSE)
		return HG_OK;
	return read_fail(r, v, "%s: expected true or false, found %s", v->key, json_type_text(v));
}

/* Sorts the members of the object into what is known and what is only kept. */
static hg_err sort_members(struct reading *r, const struct json *v, const struct json **known)
{
	static const char *const names[] = {
#define MEMBER_NAME(id, text) text,
		MEMBER_LIST(MEMBER_NAME)
#undef MEMBER_NAME
	};
	struct buf unknown;
	hg_err err = HG_OK;

	buf_init(&unknown, FILE_MAX);
	for (const struct json *m = v->first; m && !err; m = m->next) {
		size_t i = 0;

		while (i < MEMBER_COUNT && strcmp(m->key, names[i]) != 0)
			i++;
		if (i < MEMBER_COUNT)
			known[i] = m;
		else if (extra_note(&unknown, m))
			err = no_memory(r);
	}
	if (!err && extra_take(&unknown, &r->extra->top))
		err = no_memory(r);
	buf_finish(&unknown);
	return err;
}

/* Unknown members are kept by place; points that wait were moved behind the others. */
static hg_err place_extra(struct reading *r, const hg_frontier *f)
{
	size_t n = frontier_all(f);
	char **placed;

	if (!f->order || !r->extra->n_points)
		return HG_OK;
	placed = calloc(n, sizeof *placed);
	if (!placed)
		return no_memory(r);
	for (size_t k = 0; k < n && k < r->extra->n_points; k++)
		placed[f->order[k]] = r->extra->points[k];
	free(r->extra->points);
	r->extra->points = placed;
	r->extra->n_points = n;
	return HG_OK;
}

static hg_err compose(struct reading *r, hg_frontier **out)
{
	struct frontier_seed seed = {.n = r->cloud.points.len, .info = &r->info, .op = r->op};
	size_t end = r->parts.len;
	hg_err err = vec_push(&r->part_begin, &end);

	if (err)
		return no_memory(r);
	seed.points = r->cloud.points.data;
	seed.children = r->children;
	seed.n_children = r->n_children;
	seed.part_begin = r->part_begin.data;
	seed.parts = r->parts.data;
	/* What frontier_make() takes must not be freed here. */
	vec_init(&r->cloud.points, sizeof(hg_point), POINTS_MAX);
	vec_init(&r->part_begin, sizeof(size_t), POINTS_MAX);
	vec_init(&r->parts, sizeof(hg_part), POINTS_MAX);
	err = frontier_make(&seed, out, r->why);
	return err ? err : place_extra(r, *out);
}

static bool extra_is_empty(const struct extra *e)
{
	if (e->top || e->device || e->n_points)
		return false;
	for (size_t i = 0; i < e->n_knobs; i++)
		if (e->knobs[i])
			return false;
	return true;
}

static hg_err finish(struct reading *r, hg_frontier **out)
{
	hg_err err = HG_OK;

	if (r->op != HG_OP_NONE) {
		err = compose(r, out);
	} else {
		if (!r->repeated)
			err = cloud_check_unique(&r->cloud, &r->cols, r->doc->origin, r->why);
		if (!err)
			err = cloud_restore(&r->cloud, r->n_frontier, &r->cols, &r->info,
				r->doc->origin, out, r->why);
	}
	if (!err && !extra_is_empty(r->extra))
		(*out)->extra = extra_ref(r->extra);
	return err;
}

static hg_err read_body(struct reading *r, const struct json *v, hg_frontier **out)
{
	const struct json *m[MEMBER_COUNT] = {NULL};
	const char *schema = FRONTIER_SCHEMA;
	hg_err err = sort_members(r, v, m);

	if (!err)
		err = read_string(r, m[MEMBER_SCHEMA], &schema);
	if (!err && strcmp(schema, FRONTIER_SCHEMA) != 0)
		return read_fail(r, m[MEMBER_SCHEMA],
			"schema: expected \"" FRONTIER_SCHEMA "\", found \"%s\"", schema);
	if (!err)
		err = read_info(r, m);
	if (!err)
		err = read_op(r, m);
	if (!err)
		err = read_knobs(r, m[MEMBER_KNOBS]);
	if (!err)
		err = read_flag(r, m[MEMBER_REPEATED], &r->repeated);
	if (!err)
		err = read_children(r, m[MEMBER_OP], m[MEMBER_CHILDREN]);
	if (err)
		return err;
	if (!m[MEMBER_POINTS] || m[MEMBER_POINTS]->type != JSON_ARRAY || !m[MEMBER_POINTS]->len)
		return read_fail(r, m[MEMBER_POINTS] ? m[MEMBER_POINTS] : v,
			"points: expected an array of at least one point, found %s",
			m[MEMBER_POINTS] && m[MEMBER_POINTS]->type == JSON_ARRAY
				? "an empty one"
				: json_type_text(m[MEMBER_POINTS]));
	staircase_init(&r->stair, r->info.static_power_w);
	err = read_points(r, m[MEMBER_POINTS], m[MEMBER_DOMINATED]);
	return err ? err : finish(r, out);
}

/* Depth is bounded: the parser refuses what is nested deeper than JSON_MAX_DEPTH. */
static hg_err read_object(
	const struct json_doc *doc, const struct json *v, hg_frontier **out, hg_error *why)
{
	struct reading r = {.doc = doc, .why = why, .info = HG_FRONTIER_INFO_INIT};
	hg_err err;

	if (v->type != JSON_OBJECT)
		return read_fail(&r, v, "expected a frontier object, found %s", json_type_text(v));
	columns_init(&r.cols);
	cloud_init(&r.cloud, 0);
	vec_init(&r.part_begin, sizeof(size_t), POINTS_MAX);
	vec_init(&r.parts, sizeof(hg_part), POINTS_MAX);
	r.extra = calloc(1, sizeof *r.extra);
	if (r.extra)
		atomic_init(&r.extra->refs, 1);
	err = r.extra ? read_body(&r, v, out) : no_memory(&r);
	extra_destroy(r.extra);
	for (size_t i = 0; i < r.n_children; i++)
		hg_frontier_destroy(r.children[i]);
	free(r.children);
	free(r.row);
	vec_finish(&r.part_begin);
	vec_finish(&r.parts);
	cloud_finish(&r.cloud);
	columns_finish(&r.cols);
	return err;
}

hg_err frontier_read_json(
	const char *text, size_t len, const char *origin, hg_frontier **out, hg_error *why)
{
	struct json_doc doc = {0};
	size_t skip = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	hg_err err = json_parse(&doc, text + skip, len - skip, origin, TREE_MAX, why);

	if (!err)
		err = json_check_schema(&doc, FRONTIER_SCHEMA_NAME, FRONTIER_SCHEMA_VERSION, why);
	if (!err)
		err = read_object(&doc, doc.root, out, why);
	json_finish(&doc);
	return err;
}
