/* What a space leaves out: settings by their values, and those that break a constraint. */
#include "rules.h"

#include <string.h>

#include "core/fail.h"

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

static bool fits(const struct spec *s, const struct rule_part *part, double cell)
{
	const struct json *lo = json_get(part->is, "min"), *hi = json_get(part->is, "max");

	if (part->is->type == JSON_OBJECT)
		return (!lo || cell >= lo->number) && (!hi || cell <= hi->number);
	if (part->is->type != JSON_ARRAY)
		return is_value(s, part->knob, cell, part->is);
	for (const struct json *v = part->is->first; v; v = v->next)
		if (is_value(s, part->knob, cell, v))
			return true;
	return false;
}

bool rules_refuse(const struct spec *s, const double *cells, size_t n)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct rule *r = &s->rules[i];
		size_t p = 0;

		if (r->last + 1 != n)
			continue;
		while (p < r->n_parts && fits(s, &r->parts[p], cells[r->parts[p].knob]))
			p++;
		if (p == r->n_parts && !(r->holds && constraint_holds(r->holds, cells)))
			return true;
	}
	return false;
}

/* ----- reading */

static hg_err check_value(
	const struct spec *s, size_t knob, const struct json *v, const char *what, hg_error *why)
{
	for (size_t i = 0; i < s->n_values[knob]; i++)
		if (is_value(s, knob, s->values[knob][i], v))
			return HG_OK;
	return fail(why, HG_EFORMAT, "%s:%u: \"%s\": %.*s is no value of \"%s\"", s->doc.origin,
		v->line, what, v->raw_len < 60 ? (int)v->raw_len : 60, v->raw, s->knobs[knob].name);
}

static hg_err check_range(
	const struct spec *s, size_t knob, const struct json *v, const char *what, hg_error *why)
{
	static const char *const known[] = {"min", "max"};
	hg_err rc = spec_only(s, v, known, 2, why);

	if (rc == HG_OK && s->knobs[knob].choices)
		return fail(why, HG_EFORMAT, "%s:%u: \"%s\": \"%s\" is words: no range",
			s->doc.origin, v->line, what, s->knobs[knob].name);
	for (const struct json *m = v->first; rc == HG_OK && m; m = m->next)
		if (m->type != JSON_NUMBER)
			rc = fail(why, HG_EFORMAT, "%s:%u: \"%s\": expected a number, got %s",
				s->doc.origin, m->line, what, json_type_text(m));
	return rc;
}

static hg_err read_part(const struct spec *s, const struct json *m, const char *what,
	struct rule_part *part, hg_error *why)
{
	hg_err rc = HG_OK;

	*part = (struct rule_part){knob_named(s, m->key), m};
	if (part->knob == s->n_knobs)
		return fail(why, HG_EFORMAT, "%s:%u: \"%s\": no knob \"%.60s\"", s->doc.origin,
			m->line, what, m->key);
	if (m->type == JSON_OBJECT)
		return check_range(s, part->knob, m, what, why);
	if (m->type != JSON_ARRAY)
		return check_value(s, part->knob, m, what, why);
	for (const struct json *v = m->first; rc == HG_OK && v; v = v->next)
		rc = check_value(s, part->knob, v, what, why);
	return rc;
}

/** Reads the settings that an object describes. */
static hg_err read_parts(
	struct spec *s, const struct json *obj, const char *what, struct rule *r, hg_error *why)
{
	hg_err rc = HG_OK;

	if (obj->type != JSON_OBJECT || obj->len == 0)
		return fail(why, HG_EFORMAT, "%s:%u: \"%s\": expected objects of knobs, got %s",
			s->doc.origin, obj->line, what, json_type_text(obj));
	r->parts = arena_alloc(&s->arena, obj->len * sizeof *r->parts);
	if (!r->parts)
		return fail(why, HG_ENOMEM, "%s: out of memory", s->doc.origin);
	for (const struct json *m = obj->first; rc == HG_OK && m; m = m->next) {
		struct rule_part *part = &r->parts[r->n_parts++];

		rc = read_part(s, m, what, part, why);
		if (part->knob > r->last)
			r->last = part->knob;
	}
	return rc;
}

static hg_err read_exclude(
	struct spec *s, const struct json *v, size_t number, struct rule *r, hg_error *why)
{
	(void)number;
	return read_parts(s, v, "exclude", r, why);
}

static hg_err read_holds(
	struct spec *s, const struct json *text, size_t number, struct rule *r, hg_error *why)
{
	hg_error what = {""};

	if (text->type != JSON_STRING)
		return spec_bad(s, text, why, "\"constraints\": expected texts");
	r->holds = arena_alloc(&s->arena, sizeof *r->holds);
	if (!r->holds)
		return fail(why, HG_ENOMEM, "%s: out of memory", s->doc.origin);
	/* a NUL cannot be in a text: JSON's reader refuses it */
	if (constraint_parse(r->holds, text->string, s->knobs, s->n_knobs, &what) != HG_OK)
		return fail(why, HG_EFORMAT, "%s:%u: \"constraints\", number %zu: %.120s",
			s->doc.origin, text->line, number, what.text);
	if (r->holds->last > r->last)
		r->last = r->holds->last;
	return HG_OK;
}

static hg_err read_constraint(
	struct spec *s, const struct json *v, size_t number, struct rule *r, hg_error *why)
{
	static const char *const known[] = {"when", "holds"};
	const struct json *when = json_get(v, "when"), *holds = json_get(v, "holds");
	hg_err rc;

	if (v->type != JSON_OBJECT)
		return read_holds(s, v, number, r, why);
	rc = spec_only(s, v, known, 2, why);
	if (rc == HG_OK && (!when || !holds))
		return fail(why, HG_EFORMAT,
			"%s:%u: \"constraints\", number %zu: expected \"when\" and \"holds\"",
			s->doc.origin, v->line, number);
	if (rc == HG_OK)
		rc = read_parts(s, when, "when", r, why);
	return rc == HG_OK ? read_holds(s, holds, number, r, why) : rc;
}

typedef hg_err (*read_rule_fn)(
	struct spec *s, const struct json *v, size_t number, struct rule *r, hg_error *why);

static hg_err read_list(struct spec *s, const char *key, read_rule_fn one, hg_error *why)
{
	const struct json *list = json_get(s->doc.root, key);
	size_t number = 0;
	hg_err rc;

	if (!list)
		return HG_OK;
	rc = json_need(&s->doc, s->doc.root, key, JSON_ARRAY, &list, why);
	for (const struct json *v = rc == HG_OK ? list->first : NULL; rc == HG_OK && v; v = v->next)
		rc = one(s, v, ++number, &s->rules[s->n_rules++], why);
	return rc;
}

static size_t length_of(const struct spec *s, const char *key)
{
	const struct json *list = json_get(s->doc.root, key);

	return list && list->type == JSON_ARRAY ? list->len : 0;
}

hg_err rules_read(struct spec *s, hg_error *why)
{
	size_t n = length_of(s, "exclude") + length_of(s, "constraints");
	hg_err rc;

	if (n > RULES_MAX)
		return fail(why, HG_ELIMIT, "%s: \"exclude\" and \"constraints\": more than %d",
			s->doc.origin, RULES_MAX);
	s->rules = arena_alloc(&s->arena, (n + 1) * sizeof *s->rules);
	if (!s->rules)
		return fail(why, HG_ENOMEM, "%s: out of memory", s->doc.origin);
	memset(s->rules, 0, (n + 1) * sizeof *s->rules);
	rc = read_list(s, "exclude", read_exclude, why);
	return rc == HG_OK ? read_list(s, "constraints", read_constraint, why) : rc;
}
