/* Reading spaces, hourglass.space/1: knobs with their values, and what tables call them. */
#include "spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"
#include "list.h"
#include "rules.h"

#define LARGEST 1e18

static const char *const scale_words[] = {"choice", "linear", "log", "limit", "clock"};
#define SCALES (sizeof scale_words / sizeof *scale_words)

void spec_finish(struct spec *s)
{
	vec_finish(&s->cells);
	vec_finish(&s->cost);
	free(s->places);
	json_finish(&s->doc);
	arena_finish(&s->arena);
	free(s->text);
	memset(s, 0, sizeof *s);
}

hg_err spec_bad(const struct spec *s, const struct json *at, hg_error *why, const char *text)
{
	return fail(why, HG_EFORMAT, "%s:%u: %s, got %s", s->doc.origin, at->line, text,
		json_type_text(at));
}

hg_err spec_only(const struct spec *s, const struct json *obj, const char *const *known, size_t n,
	hg_error *why)
{
	for (const struct json *m = obj->first; m; m = m->next) {
		const char *near;
		size_t i = 0;

		while (i < n && strcmp(known[i], m->key) != 0)
			i++;
		if (i < n)
			continue;
		near = nearest_word(m->key, known, n);
		return near ? fail(why, HG_EFORMAT,
				      "%s:%u: unknown member \"%.60s\"; did you mean \"%s\"?",
				      s->doc.origin, m->line, m->key, near)
			    : fail(why, HG_EFORMAT, "%s:%u: unknown member \"%.60s\"",
				      s->doc.origin, m->line, m->key);
	}
	return HG_OK;
}

/* ----- knobs */

static hg_err read_scale(struct spec *s, const struct json *obj, hg_error *why)
{
	const char *scale = NULL;
	hg_err rc = json_need_string(&s->doc, obj, "scale", &scale, why);

	if (rc != HG_OK)
		return rc;
	for (uint32_t i = 0; i < SCALES; i++)
		if (strcmp(scale, scale_words[i]) == 0) {
			s->scales[s->n_knobs] = i;
			return HG_OK;
		}
	return fail(why, HG_EFORMAT,
		"%s:%u: \"scale\": expected choice, linear, log, limit or clock, got \"%.40s\"",
		s->doc.origin, json_get(obj, "scale")->line, scale);
}

/** Words become choices, and their values indices. */
static hg_err read_words(struct spec *s, const struct json *list, hg_error *why)
{
	size_t n = 0;
	const char **words = arena_alloc(&s->arena, list->len * sizeof *words);
	double *values = arena_alloc(&s->arena, list->len * sizeof *values);

	if (!words || !values)
		return fail(why, HG_ENOMEM, "%s: out of memory", s->doc.origin);
	for (const struct json *v = list->first; v; v = v->next) {
		if (v->type != JSON_STRING)
			return spec_bad(s, v, why, "\"values\": words and numbers do not mix");
		for (size_t i = 0; i < n; i++)
			if (strcmp(words[i], v->string) == 0)
				return fail(why, HG_EFORMAT,
					"%s:%u: \"values\": \"%.60s\" is there twice",
					s->doc.origin, v->line, v->string);
		values[n] = (double)n;
		words[n++] = v->string;
	}
	s->knobs[s->n_knobs].choices = words;
	s->knobs[s->n_knobs].n_choices = n;
	s->values[s->n_knobs] = values;
	s->n_values[s->n_knobs] = n;
	return HG_OK;
}

static hg_err read_numbers(struct spec *s, const struct json *list, const char *key, bool positive,
	const double **out, hg_error *why)
{
	size_t n = 0;
	double *values = arena_alloc(&s->arena, list->len * sizeof *values);

	if (!values)
		return fail(why, HG_ENOMEM, "%s: out of memory", s->doc.origin);
	for (const struct json *v = list->first; v; v = v->next) {
		if (v->type != JSON_NUMBER)
			return fail(why, HG_EFORMAT, "%s:%u: \"%s\": expected numbers, got %s",
				s->doc.origin, v->line, key, json_type_text(v));
		if (fabs(v->number) > LARGEST || (positive && !(v->number > 0)))
			return fail(why, HG_EFORMAT, "%s:%u: \"%s\": a value must be %s1e18",
				s->doc.origin, v->line, key,
				positive ? "above 0 and up to " : "between -1e18 and ");
		for (size_t i = 0; i < n && strcmp(key, "values") == 0; i++)
			if (values[i] == v->number)
				return fail(why, HG_EFORMAT,
					"%s:%u: \"%s\": a value is there twice", s->doc.origin,
					v->line, key);
		values[n++] = v->number;
	}
	*out = values;
	return HG_OK;
}

static hg_err read_values(struct spec *s, const struct json *obj, hg_error *why)
{
	size_t k = s->n_knobs;
	const struct json *list = NULL, *costs = json_get(obj, "costs");
	hg_err rc = json_need(&s->doc, obj, "values", JSON_ARRAY, &list, why);

	if (rc != HG_OK)
		return rc;
	if (list->len == 0)
		return fail(
			why, HG_EFORMAT, "%s:%u: \"values\" is empty", s->doc.origin, list->line);
	s->n_values[k] = list->len;
	if (list->first->type == JSON_STRING) {
		if (s->scales[k] != HG_SEARCH_CHOICE)
			return fail(why, HG_EFORMAT,
				"%s:%u: \"values\": words are on the scale \"choice\" only",
				s->doc.origin, list->line);
		rc = read_words(s, list, why);
	} else {
		rc = read_numbers(
			s, list, "values", s->scales[k] >= HG_SEARCH_LOG, &s->values[k], why);
	}
	if (rc != HG_OK || !costs)
		return rc;
	rc = json_need(&s->doc, obj, "costs", JSON_ARRAY, &costs, why);
	if (rc == HG_OK && costs->len != list->len)
		return fail(why, HG_EFORMAT, "%s:%u: \"costs\": expected %u numbers, one a value",
			s->doc.origin, costs->line, list->len);
	return rc == HG_OK ? read_numbers(s, costs, "costs", true, &s->costs[k], why) : rc;
}

static hg_err read_knob(struct spec *s, const struct json *obj, hg_error *why)
{
	static const char *const known[] = {"name", "unit", "scale", "values", "costs", "column"};
	hg_knob_def *d = &s->knobs[s->n_knobs];
	hg_err rc;

	if (obj->type != JSON_OBJECT)
		return spec_bad(s, obj, why, "\"knobs\": expected objects");
	rc = spec_only(s, obj, known, sizeof known / sizeof *known, why);
	d->unit = "";
	if (rc == HG_OK)
		rc = json_need_string(&s->doc, obj, "name", &d->name, why);
	if (rc == HG_OK)
		rc = json_string_or(&s->doc, obj, "unit", &d->unit, why);
	if (rc == HG_OK)
		rc = read_scale(s, obj, why);
	if (rc != HG_OK)
		return rc;
	if (!*d->name || strlen(d->name) > 60)
		return fail(why, HG_EFORMAT, "%s:%u: \"name\": expected 1 to 60 bytes",
			s->doc.origin, obj->line);
	for (size_t i = 0; i < s->n_knobs; i++)
		if (strcmp(s->knobs[i].name, d->name) == 0)
			return fail(why, HG_EFORMAT, "%s:%u: knob \"%s\" is there twice",
				s->doc.origin, obj->line, d->name);
	s->columns[s->n_knobs] = d->name;
	rc = json_string_or(&s->doc, obj, "column", &s->columns[s->n_knobs], why);
	if (rc == HG_OK)
		rc = read_values(s, obj, why);
	s->n_knobs += rc == HG_OK;
	return rc;
}

static hg_err read_knobs(struct spec *s, hg_error *why)
{
	const struct json *list = NULL;
	hg_err rc = json_need(&s->doc, s->doc.root, "knobs", JSON_ARRAY, &list, why);

	if (rc != HG_OK)
		return rc;
	if (list->len == 0 || list->len > HG_SEARCH_MAX_KNOBS)
		return fail(why, HG_EFORMAT, "%s:%u: \"knobs\": expected 1 to %d of them",
			s->doc.origin, list->line, HG_SEARCH_MAX_KNOBS);
	for (const struct json *v = list->first; rc == HG_OK && v; v = v->next)
		rc = read_knob(s, v, why);
	return rc;
}

/* ----- all of it */

static hg_err read_table_part(struct spec *s, hg_error *why)
{
	static const char *const known[] = {"time_s", "energy_j", "power_w", "where"};
	const struct json *t = json_get(s->doc.root, "table");
	hg_err rc;

	s->time_column = "time_s";
	s->energy_column = "energy_j";
	s->power_column = "power_w";
	if (!t)
		return HG_OK;
	rc = json_need(&s->doc, s->doc.root, "table", JSON_OBJECT, &t, why);
	if (rc == HG_OK)
		rc = spec_only(s, t, known, sizeof known / sizeof *known, why);
	if (rc == HG_OK)
		rc = json_string_or(&s->doc, t, "time_s", &s->time_column, why);
	if (rc == HG_OK)
		rc = json_string_or(&s->doc, t, "energy_j", &s->energy_column, why);
	if (rc == HG_OK)
		rc = json_string_or(&s->doc, t, "power_w", &s->power_column, why);
	if (rc != HG_OK || !json_get(t, "where"))
		return rc;
	rc = json_need(&s->doc, t, "where", JSON_OBJECT, &s->where, why);
	for (const struct json *m = rc == HG_OK ? s->where->first : NULL; m; m = m->next)
		if (m->type != JSON_STRING)
			return spec_bad(s, m, why, "\"where\": expected the text of a column");
	return rc;
}

static hg_err read_head(struct spec *s, hg_error *why)
{
	static const char *const known[] = {"schema", "name", "work_unit", "device", "devices",
		"knobs", "exclude", "constraints", "table"};
	hg_err rc = json_check_schema(&s->doc, "hourglass.space", 1, why);

	s->name = s->work_unit = s->device = "";
	if (rc == HG_OK)
		rc = spec_only(s, s->doc.root, known, sizeof known / sizeof *known, why);
	if (rc == HG_OK)
		rc = json_string_or(&s->doc, s->doc.root, "name", &s->name, why);
	if (rc == HG_OK)
		rc = json_string_or(&s->doc, s->doc.root, "work_unit", &s->work_unit, why);
	if (rc == HG_OK)
		rc = json_string_or(&s->doc, s->doc.root, "device", &s->device, why);
	if (rc == HG_OK)
		rc = json_number_or(&s->doc, s->doc.root, "devices", 1, 1e9, &s->devices, why);
	if (rc == HG_OK && s->devices != floor(s->devices))
		return fail(
			why, HG_EFORMAT, "%s: \"devices\": expected a whole number", s->doc.origin);
	return rc;
}

hg_err spec_parse(struct spec *s, const char *text, size_t len, const char *origin, hg_error *why)
{
	hg_err rc;

	memset(s, 0, sizeof *s);
	arena_init(&s->arena, SPEC_BYTES);
	s->text = malloc(len + 1);
	if (!s->text)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	memcpy(s->text, text, len);
	rc = json_parse(&s->doc, s->text, len, origin, SPEC_BYTES * 4, why);
	if (rc == HG_OK)
		rc = read_head(s, why);
	if (rc == HG_OK)
		rc = read_knobs(s, why);
	if (rc == HG_OK)
		rc = read_table_part(s, why);
	if (rc == HG_OK)
		rc = rules_read(s, why);
	return rc == HG_OK ? list_all(s, why) : rc;
}

void spec_cell_text(const struct spec *s, size_t knob, double cell, struct buf *out)
{
	char text[DOUBLE_TEXT];

	if (s->knobs[knob].choices) {
		buf_adds(out, s->knobs[knob].choices[(size_t)cell]);
		return;
	}
	buf_add(out, text, double_format(cell, text));
}

bool spec_cell(const struct spec *s, size_t knob, const char *text, size_t len, double *out)
{
	const struct slice is = {text, len};

	if (!s->knobs[knob].choices)
		return double_parse(text, len, true, out);
	for (size_t i = 0; i < s->knobs[knob].n_choices; i++)
		if (slice_is(is, s->knobs[knob].choices[i])) {
			*out = (double)i;
			return true;
		}
	return false;
}
