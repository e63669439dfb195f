/* Scenario files: schema hourglass.scenario/1. */
#include "scenario.h"

#include <string.h>

#include "core/fail.h"
#include "core/file.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/** Most bytes of a scenario, and of the tree it becomes. */
#define SCENARIO_MAX ((size_t)1 << 22)
#define TREE_MAX     ((size_t)1 << 24)

static const char default_text[] =
	"{\"schema\": \"hourglass.scenario/1\", \"devices\": [{}, {\"vendor\": \"amd\"}, "
	"{\"vendor\": \"habana\"}, {\"vendor\": \"intel\"}]}";

static const char *const top_keys[] = {"schema", "about", "rights", "keep", "call_s", "seed",
	"driver", "missing", "devices", "rules"};
static const char *const rule_keys[] = {"call", "device", "field", "scope", "after", "times",
	"result", "type", "latency_s", "hang", "print"};

hg_err fake_keys_check(const struct json_doc *doc, const struct json *v, const char *const *keys,
	size_t n, hg_error *why)
{
	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: expected an object, found %s", doc->origin,
			v->line, json_type_text(v));
	for (const struct json *m = v->first; m; m = m->next) {
		size_t i = 0;

		while (i < n && strcmp(keys[i], m->key) != 0)
			i++;
		if (i == n)
			return fail(why, HG_EFORMAT, "%s:%u: unknown key \"%.64s\"", doc->origin,
				m->line, m->key);
	}
	return HG_OK;
}

hg_err fake_bool_or(const struct json_doc *doc, const struct json *obj, const char *key, bool *out,
	hg_error *why)
{
	const struct json *v = json_get(obj, key);

	if (v && v->type != JSON_TRUE && v->type != JSON_FALSE)
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected true or false, found %s",
			doc->origin, v->line, key, json_type_text(v));
	if (v)
		*out = v->type == JSON_TRUE;
	return HG_OK;
}

hg_err fake_array_or(const struct json_doc *doc, const struct json *obj, const char *key,
	size_t room, const struct json **out, hg_error *why)
{
	const struct json *v = json_get(obj, key);

	*out = v;
	if (v && (v->type != JSON_ARRAY || v->len > room))
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected an array of at most %zu",
			doc->origin, v->line, key, room);
	return HG_OK;
}

static hg_err rule_read(
	const struct json_doc *doc, const struct json *v, struct fake_rule *r, hg_error *why)
{
	hg_err rc = fake_keys_check(doc, v, rule_keys, COUNT(rule_keys), why);

	*r = (struct fake_rule){.device = -1.0, .field = -1.0, .scope = -1.0, .type = -1.0};
	rc = rc ? rc : json_need_string(doc, v, "call", &r->call, why);
	rc = rc ? rc : json_number_or(doc, v, "device", 0.0, FAKE_DEVICES, &r->device, why);
	rc = rc ? rc : json_number_or(doc, v, "field", 0.0, 1e6, &r->field, why);
	rc = rc ? rc : json_number_or(doc, v, "scope", 0.0, 16.0, &r->scope, why);
	rc = rc ? rc : json_number_or(doc, v, "type", 0.0, 255.0, &r->type, why);
	rc = rc ? rc : json_number_or(doc, v, "after", 0.0, 1e15, &r->after, why);
	rc = rc ? rc : json_number_or(doc, v, "times", 0.0, 1e15, &r->times, why);
	rc = rc ? rc : json_number_or(doc, v, "result", -0x1p31, 0x1p32 - 1.0, &r->result, why);
	rc = rc ? rc : json_number_or(doc, v, "latency_s", 0.0, 3600.0, &r->latency_s, why);
	rc = rc ? rc : fake_bool_or(doc, v, "hang", &r->hang, why);
	return rc ? rc : json_string_or(doc, v, "print", &r->print, why);
}

static hg_err missing_read(struct fake_scenario *s, hg_error *why)
{
	const struct json *list;
	hg_err rc = fake_array_or(&s->doc, s->doc.root, "missing", FAKE_MISSING, &list, why);

	if (rc || !list)
		return rc;
	for (const struct json *e = list->first; e; e = e->next) {
		if (e->type != JSON_STRING)
			return fail(why, HG_EFORMAT,
				"%s:%u: missing: expected names of functions, found %s",
				s->doc.origin, e->line, json_type_text(e));
		s->missing[s->n_missing++] = e->string;
	}
	return HG_OK;
}

static hg_err lists_read(struct fake_scenario *s, hg_error *why)
{
	const struct json *list;
	hg_err rc = json_need(&s->doc, s->doc.root, "devices", JSON_ARRAY, &list, why);

	rc = rc ? rc : fake_array_or(&s->doc, s->doc.root, "devices", FAKE_DEVICES, &list, why);
	for (const struct json *v = rc ? NULL : list->first; !rc && v; v = v->next) {
		rc = fake_device_read(&s->doc, v, s->n_devices, &s->devices[s->n_devices], why);
		s->n_devices++;
	}
	rc = rc ? rc : fake_array_or(&s->doc, s->doc.root, "rules", FAKE_RULES, &list, why);
	for (const struct json *v = rc || !list ? NULL : list->first; !rc && v; v = v->next)
		rc = rule_read(&s->doc, v, &s->rules[s->n_rules++], why);
	return rc;
}

static hg_err top_read(struct fake_scenario *s, hg_error *why)
{
	const struct json *root = s->doc.root;
	hg_err rc = json_check_schema(&s->doc, "hourglass.scenario", 1, why);

	s->may_set = true;
	s->seed = 1.0;
	s->driver = "0.0 (fake)";
	rc = rc ? rc : fake_keys_check(&s->doc, root, top_keys, COUNT(top_keys), why);
	rc = rc ? rc : fake_bool_or(&s->doc, root, "rights", &s->may_set, why);
	rc = rc ? rc : fake_bool_or(&s->doc, root, "keep", &s->keep, why);
	rc = rc ? rc : json_number_or(&s->doc, root, "call_s", 0.0, 3600.0, &s->call_s, why);
	rc = rc ? rc : json_number_or(&s->doc, root, "seed", 0.0, 0x1p53, &s->seed, why);
	rc = rc ? rc : json_string_or(&s->doc, root, "driver", &s->driver, why);
	rc = rc ? rc : missing_read(s, why);
	return rc ? rc : lists_read(s, why);
}

hg_err fake_scenario_parse(
	struct fake_scenario *s, const char *text, size_t len, const char *origin, hg_error *why)
{
	hg_err rc = json_parse(&s->doc, text, len, origin, TREE_MAX, why);

	return rc ? rc : top_read(s, why);
}

hg_err fake_scenario_read(struct fake_scenario *s, const char *path, hg_error *why)
{
	hg_err rc;

	memset(s, 0, sizeof *s);
	if (!path)
		return fake_scenario_parse(
			s, default_text, sizeof default_text - 1, "default", why);
	rc = file_read(path, SCENARIO_MAX, &s->text, why);
	return rc ? rc : fake_scenario_parse(s, s->text.data, s->text.len, path, why);
}

void fake_scenario_finish(struct fake_scenario *s)
{
	for (size_t i = 0; i < s->n_devices; i++)
		fake_power_finish(&s->devices[i]);
	json_finish(&s->doc);
	buf_finish(&s->text);
	memset(s, 0, sizeof *s);
}
