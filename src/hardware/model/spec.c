/*
 * Device files: schema hourglass.device/1. One table says which numbers there are, in which group
 * they stand, what they measure and within which bounds; it drives reading and checking. Each
 * number is {"value": 700, "unit": "W", "source": "datasheet: ..."}; a number nobody knows the
 * origin of is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "core/size.h"
#include "core/text.h"

#include <hourglass/frontier.h>

#include "model.h"
#include "prior.h"
#include "spec-field.h"

static const char *const groups[] = {"clock", "power", "peak", "chip", "physics", "thermal"};

static const char *const top_fields[] = {"schema", "name", "title", "vendor", "aliases", "about",
	"clock", "power", "peak", "chip", "physics", "thermal", "prior"};

static const char *const number_fields[] = {"value", "unit", "source"};

/** What the first word of a source may be, and what it makes of the predictions. */
static const struct source {
	const char *word;
	uint32_t origin;
} sources[] = {
	{"datasheet: ", HG_ORIGIN_DATASHEET},
	{"published: ", HG_ORIGIN_DATASHEET},
	{"fitted: ", HG_ORIGIN_FITTED},
	{"measured: ", HG_ORIGIN_FITTED},
	{"estimated: ", 0},
	{"default: ", 0},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

hg_err fields_check(const struct json_doc *doc, const struct json *obj, const char *where,
	const char *const *known, size_t n, hg_error *why)
{
	for (const struct json *v = obj->first; v; v = v->next) {
		size_t i = 0;
		const char *near;

		while (i < n && strcmp(v->key, known[i]) != 0)
			i++;
		if (i < n)
			continue;
		near = nearest_word(v->key, known, n);
		return fail(why, HG_EFORMAT, "%s:%u: %s: unknown field \"%.64s\"%s%s%s",
			doc->origin, v->line, where, v->key, near ? "; did you mean \"" : "",
			near ? near : "", near ? "\"?" : "");
	}
	return HG_OK;
}

static hg_err unit_find(const struct json_doc *doc, const struct json *v, const char *path,
	enum spec_kind kind, double *factor, hg_error *why)
{
	const struct json *unit = json_get(v, "unit");
	char expected[80] = "";
	size_t used = 0;

	if (!unit || unit->type != JSON_STRING)
		return fail(why, HG_EFORMAT, "%s:%u: %s.unit: expected a string, found %s",
			doc->origin, v->line, path, json_type_text(unit));
	for (size_t i = 0; spec_units[i].name; i++) {
		size_t len = strlen(spec_units[i].name);

		if (spec_units[i].kind != kind)
			continue;
		if (!strcmp(spec_units[i].name, unit->string)) {
			*factor = spec_units[i].factor;
			return HG_OK;
		}
		if (used + len + 5 > sizeof expected)
			continue;
		memcpy(expected + used, used ? ", " : "", used ? 2 : 0);
		used += used ? 2 : 0;
		memcpy(expected + used, spec_units[i].name, len + 1);
		used += len;
	}
	return fail(why, HG_EFORMAT, "%s:%u: %s.unit: expected one of %s, found \"%.32s\"",
		doc->origin, unit->line, path, expected, unit->string);
}

static hg_err source_find(const struct json_doc *doc, const struct json *v, const char *path,
	uint32_t *origin, hg_error *why)
{
	const struct json *source = json_get(v, "source");

	if (!source || source->type != JSON_STRING)
		return fail(why, HG_EFORMAT, "%s:%u: %s.source: expected a string, found %s",
			doc->origin, v->line, path, json_type_text(source));
	for (size_t i = 0; i < COUNT(sources); i++) {
		size_t len = strlen(sources[i].word);

		if (!strncmp(source->string, sources[i].word, len) && source->string[len]) {
			*origin |= sources[i].origin;
			return HG_OK;
		}
	}
	return fail(why, HG_EFORMAT,
		"%s:%u: %s.source: expected \"datasheet: ...\", \"published: ...\", \"fitted: ...\", "
		"\"measured: ...\", \"estimated: ...\" or \"default: ...\", found \"%.48s\"",
		doc->origin, source->line, path, source->string);
}

static hg_err number_read(const struct json_doc *doc, const struct json *v, const char *path,
	const struct spec_field *field, double *out, struct hg_model *m, hg_error *why)
{
	const struct json *value;
	double factor = 1.0, si;
	hg_err rc;

	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT,
			"%s:%u: %s: expected {\"value\": ..., \"unit\": ..., \"source\": ...}, found %s",
			doc->origin, v->line, path, json_type_text(v));
	rc = fields_check(doc, v, path, number_fields, COUNT(number_fields), why);
	if (rc)
		return rc;
	value = json_get(v, "value");
	if (!value || value->type != JSON_NUMBER)
		return fail(why, HG_EFORMAT, "%s:%u: %s.value: expected a number, found %s",
			doc->origin, v->line, path, json_type_text(value));
	rc = unit_find(doc, v, path, field->kind, &factor, why);
	if (rc)
		return rc;
	rc = source_find(doc, v, path, &m->origin, why);
	if (rc)
		return rc;
	si = value->number * factor;
	if (!(si >= field->min && si <= field->max))
		return fail(why, HG_EFORMAT,
			"%s:%u: %s.value: expected %g to %g in SI units, found %g", doc->origin,
			value->line, path, field->min, field->max, si);
	*out = si;
	m->source[field - spec_fields] = arena_strdup(&m->arena, json_get(v, "source")->string);
	return m->source[field - spec_fields]
		       ? HG_OK
		       : fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
}

static hg_err group_read(
	const struct json_doc *doc, const char *group, struct hg_model *m, hg_error *why)
{
	const struct json *obj = json_get(doc->root, group);
	const char *known[SPEC_FIELDS];
	size_t n_known = 0;
	hg_err rc;

	if (obj && obj->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected an object, found %s", doc->origin,
			obj->line, group, json_type_text(obj));
	for (size_t i = 0; i < SPEC_FIELDS; i++) {
		const struct spec_field *field = &spec_fields[i];
		double *out = (double *)(void *)((char *)&m->f + field->offset);
		const struct json *v = json_get(obj, field->key);
		char path[64];
		size_t len = strlen(group);

		if (strcmp(field->group, group) != 0)
			continue;
		known[n_known++] = field->key;
		memcpy(path, group, len);
		path[len] = '.';
		memcpy(path + len + 1, field->key, strlen(field->key) + 1);
		if (!v && !field->optional)
			return fail(why, HG_EFORMAT, "%s:%u: %s: missing", doc->origin,
				obj ? obj->line : doc->root->line, path);
		*out = field->fallback;
		rc = v ? number_read(doc, v, path, field, out, m, why) : HG_OK;
		if (rc)
			return rc;
	}
	return obj ? fields_check(doc, obj, group, known, n_known, why) : HG_OK;
}

/* What no single number can be wrong about. */
static hg_err figures_check(const struct json_doc *doc, const struct figures *f, hg_error *why)
{
	if (f->clock_min_hz > f->clock_max_hz)
		return fail(why, HG_EFORMAT, "%s: clock.min: %g Hz is above clock.max, %g Hz",
			doc->origin, f->clock_min_hz, f->clock_max_hz);
	if (f->cap_min_w > f->cap_max_w)
		return fail(why, HG_EFORMAT, "%s: power.limit_min: %g W is above limit_max, %g W",
			doc->origin, f->cap_min_w, f->cap_max_w);
	if (f->cap_default_w < f->cap_min_w || f->cap_default_w > f->cap_max_w)
		return fail(why, HG_EFORMAT, "%s: power.limit_default: %g W is outside %g to %g W",
			doc->origin, f->cap_default_w, f->cap_min_w, f->cap_max_w);
	if (f->clock_min_hz < 0.01 * f->clock_max_hz)
		return fail(why, HG_EFORMAT, "%s: clock.min: below one hundredth of clock.max",
			doc->origin);
	return HG_OK;
}

static bool name_ok(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") == strlen(name);
}

static hg_err text_read(const struct json_doc *doc, const char *key, bool is_name,
	struct arena *arena, const char **out, hg_error *why)
{
	const char *text;
	hg_err rc = json_need_string(doc, doc->root, key, &text, why);

	if (rc)
		return rc;
	if (is_name ? !name_ok(text) : !*text)
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected %s, found \"%.64s\"", doc->origin,
			json_get(doc->root, key)->line, key,
			is_name ? "lower-case letters, digits, '-', '.' and '_'" : "some text",
			text);
	*out = arena_strdup(arena, text);
	return *out ? HG_OK : fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
}

static hg_err aliases_read(const struct json_doc *doc, struct hg_model *m, hg_error *why)
{
	const struct json *list = json_get(doc->root, "aliases");

	if (!list)
		return HG_OK;
	if (list->type != JSON_ARRAY)
		return fail(why, HG_EFORMAT, "%s:%u: aliases: expected an array, found %s",
			doc->origin, list->line, json_type_text(list));
	m->aliases = arena_alloc(&m->arena, (list->len + 1) * sizeof *m->aliases);
	if (!m->aliases)
		return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	for (const struct json *v = list->first; v; v = v->next) {
		const char *alias;

		if (v->type != JSON_STRING || !name_ok(v->string))
			return fail(why, HG_EFORMAT,
				"%s:%u: aliases: expected names of lower-case letters, digits, '-', '.' "
				"and '_'",
				doc->origin, v->line);
		alias = arena_strdup(&m->arena, v->string);
		if (!alias)
			return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
		m->aliases[m->n_aliases++] = alias;
	}
	return HG_OK;
}

static hg_err model_read(const struct json_doc *doc, struct hg_model *m, hg_error *why)
{
	hg_err rc = json_check_schema(doc, "hourglass.device", 1, why);
	const char *about = "";

	if (rc)
		return rc;
	rc = fields_check(doc, doc->root, "device", top_fields, COUNT(top_fields), why);
	if (rc)
		return rc;
	rc = text_read(doc, "name", true, &m->arena, &m->name, why);
	if (rc)
		return rc;
	rc = text_read(doc, "title", false, &m->arena, &m->title, why);
	if (rc)
		return rc;
	rc = text_read(doc, "vendor", true, &m->arena, &m->vendor, why);
	if (rc)
		return rc;
	rc = json_string_or(doc, doc->root, "about", &about, why);
	if (rc)
		return rc;
	m->about = arena_strdup(&m->arena, about);
	if (!m->about)
		return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	rc = aliases_read(doc, m, why);
	for (size_t i = 0; i < COUNT(groups) && !rc; i++)
		rc = group_read(doc, groups[i], m, why);
	if (!rc)
		rc = prior_read(doc, m, why);
	return rc ? rc : figures_check(doc, &m->f, why);
}

hg_err model_parse(const char *text, size_t len, const char *origin, hg_model **out, hg_error *why)
{
	struct json_doc doc = {0};
	struct hg_model *m;
	hg_err rc;

	*out = NULL;
	m = calloc(1, sizeof *m);
	if (!m)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	arena_init(&m->arena, MODEL_TREE_MAX);
	m->origin = HG_ORIGIN_SIMULATED;
	rc = json_parse(&doc, text, len, origin, MODEL_TREE_MAX, why);
	if (rc)
		goto out;
	rc = model_read(&doc, m, why);
	if (rc)
		goto out;
	*out = m;
	m = NULL;
out:
	json_finish(&doc);
	hg_model_destroy(m);
	return rc;
}

bool model_described(const struct hg_model *m)
{
	size_t i = 0;

	while (strcmp(spec_fields[i].group, "peak") != 0)
		i++;
	return !m->source[i] || strncmp(m->source[i], "default:", 8) != 0;
}

void hg_model_destroy(hg_model *m)
{
	if (!m)
		return;
	arena_finish(&m->arena);
	free(m);
}

void hg_model_get_info(const hg_model *m, hg_model_info *info)
{
	const struct figures *f = &m->f;
	const hg_model_info ours = {
		.size = sizeof ours,
		.name = m->name,
		.title = m->title,
		.vendor = m->vendor,
		.clock_min_hz = f->clock_min_hz,
		.clock_max_hz = f->clock_max_hz,
		.clock_step_hz = f->clock_step_hz,
		.cap_min_w = f->cap_min_w,
		.cap_max_w = f->cap_max_w,
		.cap_default_w = f->cap_default_w,
		.idle_w = f->idle_w,
		.peak_flops = f->peak_flops,
		.peak_bytes_per_s = f->peak_bytes_per_s,
	};

	size_write(info, &ours, sizeof ours);
}
