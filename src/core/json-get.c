/* Access to a tree with error texts that say file, line, key and what was expected. */
#include "json.h"

#include <math.h>
#include <string.h>

#include "fail.h"
#include "number.h"

const struct json *json_get(const struct json *v, const char *key)
{
	size_t len = strlen(key);

	if (!v || v->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = v->first; m; m = m->next)
		if (m->key_len == len && memcmp(m->key, key, len) == 0)
			return m;
	return NULL;
}

static const char *type_text(enum json_type type)
{
	switch (type) {
	case JSON_NULL:
		return "null";
	case JSON_FALSE:
		return "false";
	case JSON_TRUE:
		return "true";
	case JSON_NUMBER:
		return "a number";
	case JSON_STRING:
		return "a string";
	case JSON_ARRAY:
		return "an array";
	case JSON_OBJECT:
		return "an object";
	}
	return "nothing";
}

const char *json_type_text(const struct json *v)
{
	return v ? type_text(v->type) : "nothing";
}

static bool type_fits(const struct json *v, enum json_type type)
{
	bool boolean = v->type == JSON_TRUE || v->type == JSON_FALSE;

	return v->type == type || (boolean && (type == JSON_TRUE || type == JSON_FALSE));
}

static const char *wanted_text(enum json_type type)
{
	return type == JSON_TRUE || type == JSON_FALSE ? "true or false" : type_text(type);
}

/* The member, of the right type; *out is NULL where it is absent and that is fine. */
static hg_err member(const struct json_doc *doc, const struct json *obj, const char *key,
	enum json_type type, bool needed, const struct json **out, hg_error *why)
{
	const struct json *v = json_get(obj, key);

	*out = NULL;
	if (!obj || obj->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: expected an object with \"%s\", got %s",
			doc->origin, obj ? obj->line : 1, key, json_type_text(obj));
	if (!v)
		return needed ? fail(why, HG_EFORMAT, "%s:%u: \"%s\" is missing; expected %s",
					doc->origin, obj->line, key, wanted_text(type))
			      : HG_OK;
	if (!type_fits(v, type))
		return fail(why, HG_EFORMAT, "%s:%u: \"%s\": expected %s, got %s", doc->origin,
			v->line, key, wanted_text(type), json_type_text(v));
	*out = v;
	return HG_OK;
}

static hg_err range_check(const struct json_doc *doc, const struct json *v, const char *key,
	double min, double max, hg_error *why)
{
	char is[DOUBLE_TEXT], low[DOUBLE_TEXT], high[DOUBLE_TEXT];

	if (v->number >= min && v->number <= max)
		return HG_OK;
	(void)double_format(v->number, is);
	(void)double_format(min, low);
	(void)double_format(max, high);
	if (isinf(max))
		return fail(why, HG_EFORMAT, "%s:%u: \"%s\": %s is below %s", doc->origin, v->line,
			key, is, low);
	if (isinf(min))
		return fail(why, HG_EFORMAT, "%s:%u: \"%s\": %s is above %s", doc->origin, v->line,
			key, is, high);
	return fail(why, HG_EFORMAT, "%s:%u: \"%s\": %s is not between %s and %s", doc->origin,
		v->line, key, is, low, high);
}

static hg_err number(const struct json_doc *doc, const struct json *obj, const char *key,
	bool needed, const double range[2], double *out, hg_error *why)
{
	const struct json *v;
	hg_err err = member(doc, obj, key, JSON_NUMBER, needed, &v, why);

	if (!err && v)
		err = range_check(doc, v, key, range[0], range[1], why);
	if (!err && v)
		*out = v->number;
	return err;
}

hg_err json_need_number(const struct json_doc *doc, const struct json *obj, const char *key,
	double min, double max, double *out, hg_error *why)
{
	return number(doc, obj, key, true, (const double[]){min, max}, out, why);
}

hg_err json_number_or(const struct json_doc *doc, const struct json *obj, const char *key,
	double min, double max, double *out, hg_error *why)
{
	return number(doc, obj, key, false, (const double[]){min, max}, out, why);
}

hg_err json_need_string(const struct json_doc *doc, const struct json *obj, const char *key,
	const char **out, hg_error *why)
{
	const struct json *v;
	hg_err err = member(doc, obj, key, JSON_STRING, true, &v, why);

	if (!err)
		*out = v->string;
	return err;
}

hg_err json_string_or(const struct json_doc *doc, const struct json *obj, const char *key,
	const char **out, hg_error *why)
{
	const struct json *v;
	hg_err err = member(doc, obj, key, JSON_STRING, false, &v, why);

	if (!err && v)
		*out = v->string;
	return err;
}

hg_err json_need(const struct json_doc *doc, const struct json *obj, const char *key,
	enum json_type type, const struct json **out, hg_error *why)
{
	return member(doc, obj, key, type, true, out, why);
}

hg_err json_check_schema(
	const struct json_doc *doc, const char *name, unsigned version, hg_error *why)
{
	const struct json *v = json_get(doc->root, "schema");
	size_t name_len = strlen(name);
	uint64_t got;

	if (!doc->root || doc->root->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:1: expected an object with \"schema\": \"%s/%u\"",
			doc->origin, name, version);
	if (!v || v->type != JSON_STRING)
		return fail(why, HG_EFORMAT, "%s:%u: \"schema\" is missing; expected \"%s/%u\"",
			doc->origin, v ? v->line : doc->root->line, name, version);
	if (strncmp(v->string, name, name_len) != 0 || v->string[name_len] != '/' ||
		!uint64_parse(v->string + name_len + 1, v->len - name_len - 1, &got))
		return fail(why, HG_EFORMAT, "%s:%u: \"schema\" is \"%s\"; expected \"%s/%u\"",
			doc->origin, v->line, v->string, name, version);
	if (got != version)
		return fail(why, HG_EVERSION,
			"%s:%u: \"schema\" is \"%s\"; this hourglass reads \"%s/%u\"", doc->origin,
			v->line, v->string, name, version);
	return HG_OK;
}
