/*
 * Reading spaces, hourglass.space/1: knobs with their values, all combinations of them, less what
 * is excluded.
 */
#include "spec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

#define LARGEST 1e18

static const char *const scale_words[] = {"choice", "linear", "log", "limit", "clock"};
#define SCALES (sizeof scale_words / sizeof *scale_words)

void spec_finish(struct spec *s)
{
	vec_finish(&s->cells);
	vec_finish(&s->cost);
	free(s->index);
	json_finish(&s->doc);
	arena_finish(&s->arena);
	free(s->text);
	memset(s, 0, sizeof *s);
}

static hg_err bad(const struct spec *s, const struct json *at, hg_error *why, const char *text)
{
	return fail(why, HG_EFORMAT, "%s:%u: %s, got %s", s->doc.origin, at->line, text,
		json_type_text(at));
}

/** Only these members, so that a misspelt one is not passed over. */
static hg_err only(const struct spec *s, const struct json *obj, const char *const *known, size_t n,
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
			return bad(s, v, why, "\"values\": words and numbers do not mix");
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
		return bad(s, obj, why, "\"knobs\": expected objects");
	rc = only(s, obj, known, sizeof known / sizeof *known, why);
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

/* ----- what is left out */

static size_t knob_named(const struct spec *s, const char *name)
{
	size_t k = 0;

	while (k < s->n_knobs && strcmp(s->knobs[k].name, name) != 0)
		k++;
	return k;
}

/** Whether a cell is the value of a rule. */
static bool is_value(const struct spec *s, size_t knob, double cell, const struct json *v)
{
	if (v->type == JSON_STRING)
		return s->knobs[knob].choices &&
		       strcmp(s->knobs[knob].choices[(size_t)cell], v->string) == 0;
	return v->type == JSON_NUMBER && !s->knobs[knob].choices && v->number == cell;
}

static bool fits(const struct spec *s, size_t knob, double cell, const struct json *rule)
{
	const struct json *lo = json_get(rule, "min"), *hi = json_get(rule, "max");

	if (rule->type == JSON_OBJECT)
		return (!lo || cell >= lo->number) && (!hi || cell <= hi->number);
	if (rule->type != JSON_ARRAY)
		return is_value(s, knob, cell, rule);
	for (const struct json *v = rule->first; v; v = v->next)
		if (is_value(s, knob, cell, v))
			return true;
	return false;
}

static bool is_excluded(const struct spec *s, const struct json *rules, const double *cells)
{
	for (const struct json *r = rules ? rules->first : NULL; r; r = r->next) {
		const struct json *m = r->first;

		while (m && fits(s, knob_named(s, m->key), cells[knob_named(s, m->key)], m))
			m = m->next;
		if (!m)
			return true;
	}
	return false;
}

static hg_err check_value(const struct spec *s, size_t knob, const struct json *v, hg_error *why)
{
	for (size_t i = 0; i < s->n_values[knob]; i++)
		if (is_value(s, knob, s->values[knob][i], v))
			return HG_OK;
	return fail(why, HG_EFORMAT, "%s:%u: \"exclude\": %.*s is no value of \"%s\"",
		s->doc.origin, v->line, v->raw_len < 60 ? (int)v->raw_len : 60, v->raw,
		s->knobs[knob].name);
}

static hg_err check_range(const struct spec *s, size_t knob, const struct json *v, hg_error *why)
{
	static const char *const known[] = {"min", "max"};
	hg_err rc = only(s, v, known, 2, why);

	if (rc == HG_OK && s->knobs[knob].choices)
		return fail(why, HG_EFORMAT, "%s:%u: \"exclude\": \"%s\" is words: no range",
			s->doc.origin, v->line, s->knobs[knob].name);
	for (const struct json *m = v->first; rc == HG_OK && m; m = m->next)
		if (m->type != JSON_NUMBER)
			rc = bad(s, m, why, "\"exclude\": expected a number");
	return rc;
}

static hg_err check_rule(const struct spec *s, const struct json *rule, hg_error *why)
{
	hg_err rc = HG_OK;

	if (rule->type != JSON_OBJECT || rule->len == 0)
		return bad(s, rule, why, "\"exclude\": expected objects of knobs");
	for (const struct json *m = rule->first; rc == HG_OK && m; m = m->next) {
		size_t k = knob_named(s, m->key);

		if (k == s->n_knobs)
			return fail(why, HG_EFORMAT, "%s:%u: \"exclude\": no knob \"%.60s\"",
				s->doc.origin, m->line, m->key);
		if (m->type == JSON_OBJECT)
			rc = check_range(s, k, m, why);
		else if (m->type != JSON_ARRAY)
			rc = check_value(s, k, m, why);
		else
			for (const struct json *v = m->first; rc == HG_OK && v; v = v->next)
				rc = check_value(s, k, v, why);
	}
	return rc;
}

/* ----- all of it */

/** How many combinations there are. */
static size_t product(const struct spec *s)
{
	size_t n = 1;

	for (size_t k = 0; k < s->n_knobs; k++) {
		if (s->n_values[k] > SPEC_PRODUCT / n)
			return SPEC_PRODUCT + 1;
		n *= s->n_values[k];
	}
	return n;
}

/** The cells of a place in the product, and what measuring there costs. */
static double cells_at(const struct spec *s, size_t place, double *cells)
{
	double cost = 1;

	for (size_t k = s->n_knobs; k-- > 0;) {
		size_t i = place % s->n_values[k];

		place /= s->n_values[k];
		cells[k] = s->values[k][i];
		if (s->costs[k])
			cost *= s->costs[k][i];
	}
	return cost;
}

static hg_err add_config(struct spec *s, const double *cells, double cost)
{
	hg_err rc = vec_push(&s->cost, &cost);

	for (size_t k = 0; rc == HG_OK && k < s->n_knobs; k++)
		rc = vec_push(&s->cells, &cells[k]);
	return rc;
}

static hg_err enumerate(struct spec *s, const struct json *rules, hg_error *why)
{
	size_t n = product(s);
	double cells[HG_SEARCH_MAX_KNOBS];
	hg_err rc = HG_OK;

	if (n > SPEC_PRODUCT)
		return fail(why, HG_ELIMIT, "%s: more than %zu combinations of values",
			s->doc.origin, SPEC_PRODUCT);
	s->index = malloc(n * sizeof *s->index);
	if (!s->index)
		return fail(why, HG_ENOMEM, "%s: out of memory", s->doc.origin);
	for (size_t i = 0; rc == HG_OK && i < n; i++) {
		double cost = cells_at(s, i, cells);

		s->index[i] = -1;
		if (is_excluded(s, rules, cells))
			continue;
		if (!(cost > 0 && isfinite(cost)))
			return fail(why, HG_EFORMAT, "%s: the product of costs leaves the range",
				s->doc.origin);
		s->index[i] = (int32_t)s->cost.len;
		rc = add_config(s, cells, cost);
	}
	if (rc == HG_ELIMIT)
		return fail(why, rc, "%s: more than %d configurations", s->doc.origin,
			HG_SEARCH_MAX_CONFIGS);
	if (rc == HG_OK && s->cost.len == 0)
		return fail(why, HG_EFORMAT, "%s: every configuration is excluded", s->doc.origin);
	return rc == HG_OK ? HG_OK : fail(why, rc, "%s: out of memory", s->doc.origin);
}

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
		rc = only(s, t, known, sizeof known / sizeof *known, why);
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
			return bad(s, m, why, "\"where\": expected the text of a column");
	return rc;
}

static hg_err read_head(struct spec *s, hg_error *why)
{
	static const char *const known[] = {
		"schema", "name", "work_unit", "device", "devices", "knobs", "exclude", "table"};
	hg_err rc = json_check_schema(&s->doc, "hourglass.space", 1, why);

	s->name = s->work_unit = s->device = "";
	if (rc == HG_OK)
		rc = only(s, s->doc.root, known, sizeof known / sizeof *known, why);
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
	const struct json *rules = NULL;
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
	if (rc == HG_OK && json_get(s->doc.root, "exclude"))
		rc = json_need(&s->doc, s->doc.root, "exclude", JSON_ARRAY, &rules, why);
	for (const struct json *r = rules ? rules->first : NULL; rc == HG_OK && r; r = r->next)
		rc = check_rule(s, r, why);
	if (rc != HG_OK)
		return rc;
	vec_init(&s->cells, sizeof(double), HG_SEARCH_MAX_CONFIGS * s->n_knobs);
	vec_init(&s->cost, sizeof(double), HG_SEARCH_MAX_CONFIGS);
	return enumerate(s, rules, why);
}

size_t spec_count(const struct spec *s)
{
	return s->cost.len;
}

void spec_space(const struct spec *s, hg_search_space *space)
{
	*space = (hg_search_space){.size = sizeof *space,
		.n_knobs = (uint32_t)s->n_knobs,
		.knobs = s->knobs,
		.scales = s->scales,
		.n_configs = (uint32_t)s->cost.len,
		.devices = (uint32_t)s->devices,
		.cells = s->cells.data,
		.cost = s->cost.data,
		.name = s->name,
		.work_unit = s->work_unit,
		.device = s->device};
}

/** Where cells lie in the product, or SIZE_MAX. */
static size_t place_of(const struct spec *s, const double *cells)
{
	size_t place = 0;

	for (size_t k = 0; k < s->n_knobs; k++) {
		size_t i = 0;

		while (i < s->n_values[k] && s->values[k][i] != cells[k])
			i++;
		if (i == s->n_values[k])
			return SIZE_MAX;
		place = place * s->n_values[k] + i;
	}
	return place;
}

uint32_t spec_find(const struct spec *s, const double *cells)
{
	size_t place = place_of(s, cells);

	return place == SIZE_MAX || s->index[place] < 0 ? UINT32_MAX : (uint32_t)s->index[place];
}

hg_err spec_keep(struct spec *s, const bool *keep, hg_error *why)
{
	size_t n = product(s), kept = 0;
	double *cells = s->cells.data, *cost = s->cost.data;

	for (size_t i = 0; i < n; i++) {
		size_t from = (size_t)s->index[i];

		if (s->index[i] < 0)
			continue;
		s->index[i] = keep[from] ? (int32_t)kept : -1;
		if (!keep[from])
			continue;
		memmove(cells + kept * s->n_knobs, cells + from * s->n_knobs,
			s->n_knobs * sizeof *cells);
		cost[kept++] = cost[from];
	}
	s->cells.len = kept * s->n_knobs;
	s->cost.len = kept;
	return kept > 0 ? HG_OK
			: fail(why, HG_EINVAL, "%s: the table has none of its configurations",
				  s->doc.origin);
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
