/* Scenario files: schema hourglass.fake-nvml/1. */
#include "scenario.h"

#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/file.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/** Most bytes of a scenario, and of the tree it becomes. */
#define SCENARIO_MAX ((size_t)1 << 22)
#define TREE_MAX     ((size_t)1 << 24)

static const char default_text[] = "{\"schema\": \"hourglass.fake-nvml/1\", \"devices\": [{}]}";

static const char *const top_keys[] = {"schema", "about", "rights", "call_s", "devices", "rules"};
static const char *const gpu_keys[] = {"name", "uuid", "pci", "power_limit_min_w",
	"power_limit_max_w", "power_limit_default_w", "sm_clocks_mhz", "memory_clocks_mhz",
	"power_w", "energy_start_j", "counter_period_s", "counter_gain", "memory_power_w",
	"temperature_c", "utilisation", "lost_after_s", "mig"};
static const char *const rule_keys[] = {
	"call", "device", "field", "scope", "after", "times", "result", "latency_s"};

/* A misspelt key is an error: it would do nothing. */
static hg_err keys_check(const struct json_doc *doc, const struct json *v, const char *const *keys,
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

/* An array of numbers, or the default if there is none. */
static hg_err numbers_read(const struct json_doc *doc, const struct json *obj, const char *key,
	double *out, size_t room, size_t *n, hg_error *why)
{
	const struct json *v = json_get(obj, key);

	if (!v)
		return HG_OK;
	if (v->type != JSON_ARRAY || v->len > room)
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected an array of at most %zu numbers",
			doc->origin, v->line, key, room);
	*n = 0;
	for (const struct json *e = v->first; e; e = e->next) {
		if (e->type != JSON_NUMBER || !(e->number > 0.0 && e->number < 1e6))
			return fail(why, HG_EFORMAT, "%s:%u: %s: expected numbers above 0",
				doc->origin, e->line, key);
		out[(*n)++] = e->number;
	}
	return HG_OK;
}

/* A number of watts, or pairs [from_s, watts] in order of time. */
static hg_err power_read(
	const struct json_doc *doc, const struct json *obj, struct fake_gpu *g, hg_error *why)
{
	const struct json *v = json_get(obj, "power_w");
	double before = -1.0;

	g->steps[0] = (struct fake_step){0.0, 300.0};
	g->n_steps = 1;
	if (!v)
		return HG_OK;
	if (v->type == JSON_NUMBER && v->number >= 0.0 && v->number < 1e6) {
		g->steps[0].power_w = v->number;
		return HG_OK;
	}
	if (v->type != JSON_ARRAY || v->len == 0 || v->len > FAKE_STEPS)
		return fail(why, HG_EFORMAT,
			"%s:%u: power_w: expected watts, or 1 to %d pairs [seconds, watts]",
			doc->origin, v->line, FAKE_STEPS);
	g->n_steps = 0;
	for (const struct json *e = v->first; e; e = e->next) {
		const struct json *at = e->type == JSON_ARRAY && e->len == 2 ? e->first : NULL;

		if (!at || at->type != JSON_NUMBER || at->next->type != JSON_NUMBER ||
			!(at->number > before) || !(at->next->number >= 0.0) ||
			!(at->next->number < 1e6))
			return fail(why, HG_EFORMAT,
				"%s:%u: power_w: expected pairs [seconds, watts], later and later",
				doc->origin, e->line);
		before = at->number;
		g->steps[g->n_steps++] = (struct fake_step){at->number, at->next->number};
	}
	g->steps[0].from_s = 0.0;
	return HG_OK;
}

static hg_err migs_read(
	const struct json_doc *doc, const struct json *obj, struct fake_gpu *g, hg_error *why)
{
	const struct json *v = json_get(obj, "mig");

	if (!v)
		return HG_OK;
	if (v->type != JSON_ARRAY || v->len > FAKE_MIGS)
		return fail(why, HG_EFORMAT, "%s:%u: mig: expected an array of at most %d UUIDs",
			doc->origin, v->line, FAKE_MIGS);
	for (const struct json *e = v->first; e; e = e->next) {
		if (e->type != JSON_STRING && e->type != JSON_NULL)
			return fail(why, HG_EFORMAT,
				"%s:%u: mig: expected UUIDs, or null for a gap", doc->origin,
				e->line);
		g->migs[g->n_migs++] = e->type == JSON_STRING ? e->string : NULL;
	}
	return HG_OK;
}

static void gpu_defaults(struct fake_gpu *g, size_t i)
{
	static const char *const uuids[] = {"GPU-fa4e0000-0000-4000-8000-000000000000",
		"GPU-fa4e0000-0000-4000-8000-000000000001",
		"GPU-fa4e0000-0000-4000-8000-000000000002",
		"GPU-fa4e0000-0000-4000-8000-000000000003"};
	static const char *const pcis[] = {
		"00000000:17:00.0", "00000000:2A:00.0", "00000000:3D:00.0", "00000000:5F:00.0"};

	*g = (struct fake_gpu){.name = "Fake H100",
		.uuid = i < COUNT(uuids) ? uuids[i] : NULL,
		.pci = i < COUNT(pcis) ? pcis[i] : NULL,
		.limit_min_w = 200.0,
		.limit_max_w = 700.0,
		.limit_default_w = 700.0,
		.n_memory = 2,
		.memory_mhz = {2619.0, 1593.0},
		.counter_period_s = 0.1,
		.counter_gain = 1.0,
		.temperature_c = 45.0,
		.utilisation = 1.0,
		.lost_after_s = (double)INFINITY};
	for (double mhz = 1980.0; mhz >= 345.0; mhz -= 15.0)
		g->sm_mhz[g->n_sm++] = mhz;
}

static hg_err gpu_read(
	struct fake_scenario *s, const struct json *v, struct fake_gpu *g, hg_error *why)
{
	const struct json_doc *doc = &s->doc;
	const struct {
		const char *key;
		double min, max, *out;
	} numbers[] = {
		{"power_limit_min_w", 0.0, 1e5, &g->limit_min_w},
		{"power_limit_max_w", 0.0, 1e5, &g->limit_max_w},
		{"power_limit_default_w", 0.0, 1e5, &g->limit_default_w},
		{"energy_start_j", 0.0, 1e15, &g->energy_start_j},
		{"counter_period_s", 0.0, 1e3, &g->counter_period_s},
		{"counter_gain", 0.0, 10.0, &g->counter_gain},
		{"memory_power_w", 0.0, 1e5, &g->memory_power_w},
		{"temperature_c", 0.0, 200.0, &g->temperature_c},
		{"utilisation", 0.0, 1.0, &g->utilisation},
		{"lost_after_s", 0.0, 1e9, &g->lost_after_s},
	};
	hg_err rc;

	gpu_defaults(g, (size_t)(g - s->gpus));
	rc = keys_check(doc, v, gpu_keys, COUNT(gpu_keys), why);
	rc = rc ? rc : json_string_or(doc, v, "name", &g->name, why);
	rc = rc ? rc : json_string_or(doc, v, "uuid", &g->uuid, why);
	rc = rc ? rc : json_string_or(doc, v, "pci", &g->pci, why);
	for (size_t i = 0; !rc && i < COUNT(numbers); i++)
		rc = json_number_or(doc, v, numbers[i].key, numbers[i].min, numbers[i].max,
			numbers[i].out, why);
	rc = rc ? rc : numbers_read(doc, v, "sm_clocks_mhz", g->sm_mhz, FAKE_LADDER, &g->n_sm, why);
	rc = rc ? rc
		: numbers_read(doc, v, "memory_clocks_mhz", g->memory_mhz, FAKE_LADDER,
			  &g->n_memory, why);
	rc = rc ? rc : power_read(doc, v, g, why);
	rc = rc ? rc : migs_read(doc, v, g, why);
	if (!rc && (!g->uuid || !g->pci))
		return fail(why, HG_EFORMAT, "%s:%u: the fifth device and later need uuid and pci",
			doc->origin, v->line);
	return rc;
}

static hg_err rule_read(
	const struct fake_scenario *s, const struct json *v, struct fake_rule *r, hg_error *why)
{
	const struct json_doc *doc = &s->doc;
	hg_err rc = keys_check(doc, v, rule_keys, COUNT(rule_keys), why);

	*r = (struct fake_rule){.device = -1.0, .field = -1.0, .scope = -1.0};
	rc = rc ? rc : json_need_string(doc, v, "call", &r->call, why);
	rc = rc ? rc : json_number_or(doc, v, "device", 0.0, FAKE_DEVICES, &r->device, why);
	rc = rc ? rc : json_number_or(doc, v, "field", 0.0, 1e6, &r->field, why);
	rc = rc ? rc : json_number_or(doc, v, "scope", 0.0, 16.0, &r->scope, why);
	rc = rc ? rc : json_number_or(doc, v, "after", 0.0, 1e15, &r->after, why);
	rc = rc ? rc : json_number_or(doc, v, "times", 0.0, 1e15, &r->times, why);
	rc = rc ? rc : json_number_or(doc, v, "result", 0.0, 1e6, &r->result, why);
	return rc ? rc : json_number_or(doc, v, "latency_s", 0.0, 3600.0, &r->latency_s, why);
}

static hg_err top_read(struct fake_scenario *s, hg_error *why)
{
	const struct json *root = s->doc.root, *list, *rights = json_get(root, "rights");
	hg_err rc = json_check_schema(&s->doc, "hourglass.fake-nvml", 1, why);

	rc = rc ? rc : keys_check(&s->doc, root, top_keys, COUNT(top_keys), why);
	rc = rc ? rc : json_number_or(&s->doc, root, "call_s", 0.0, 3600.0, &s->call_s, why);
	rc = rc ? rc : json_need(&s->doc, root, "devices", JSON_ARRAY, &list, why);
	if (rc)
		return rc;
	s->may_set = !rights || rights->type != JSON_FALSE;
	if (list->len > FAKE_DEVICES)
		return fail(why, HG_ELIMIT, "%s:%u: devices: more than %d", s->doc.origin,
			list->line, FAKE_DEVICES);
	for (const struct json *v = list->first; !rc && v; v = v->next)
		rc = gpu_read(s, v, &s->gpus[s->n_gpus++], why);
	if (rc || !json_get(root, "rules"))
		return rc;
	rc = json_need(&s->doc, root, "rules", JSON_ARRAY, &list, why);
	if (!rc && list->len > FAKE_RULES)
		return fail(why, HG_ELIMIT, "%s:%u: rules: more than %d", s->doc.origin, list->line,
			FAKE_RULES);
	for (const struct json *v = rc ? NULL : list->first; !rc && v; v = v->next)
		rc = rule_read(s, v, &s->rules[s->n_rules++], why);
	return rc;
}

hg_err fake_scenario_read(struct fake_scenario *s, const char *path, hg_error *why)
{
	hg_err rc = HG_OK;

	memset(s, 0, sizeof *s);
	if (path)
		rc = file_read(path, SCENARIO_MAX, &s->text, why);
	if (!rc)
		rc = json_parse(&s->doc, path ? s->text.data : default_text,
			path ? s->text.len : sizeof default_text - 1, path ? path : "default",
			TREE_MAX, why);
	return rc ? rc : top_read(s, why);
}

void fake_scenario_finish(struct fake_scenario *s)
{
	json_finish(&s->doc);
	buf_finish(&s->text);
	memset(s, 0, sizeof *s);
}
