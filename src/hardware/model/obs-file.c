/*
 * Observations in files: CSV with a header line, or hourglass.fit/1, which keeps those that a fit
 * was made from together with the device; what else stands in it is for people.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/csv.h"
#include "core/fail.h"
#include "core/json.h"
#include "core/number.h"
#include "core/size.h"
#include "core/text.h"
#include "core/vec.h"

#include <hourglass/fit.h>

#include "model.h"

#define COUNT(array)  (sizeof(array) / sizeof(array)[0])
#define WORKLOADS_MAX 4096u
#define TREE_MAX      ((size_t)256 << 20)

struct group {
	const char *name;
	const char *family;    /* or NULL */
	struct vec obs;        /* hg_obs */
	struct vec lines;      /* uint32_t */
	hg_workload *workload; /* or NULL */
};

struct hg_obs_set {
	struct arena arena;
	const char *device;
	hg_model *model;   /* that the file holds, or NULL */
	struct vec groups; /* struct group */
};

void hg_obs_set_destroy(hg_obs_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->groups.len; i++) {
		struct group *g = vec_at(&set->groups, i);

		vec_finish(&g->obs);
		vec_finish(&g->lines);
		hg_workload_destroy(g->workload);
	}
	vec_finish(&set->groups);
	hg_model_destroy(set->model);
	arena_finish(&set->arena);
	free(set);
}

static struct group *group_find(struct hg_obs_set *set, const char *name, size_t len)
{
	struct group g = {0};

	for (size_t i = 0; i < set->groups.len; i++) {
		struct group *have = vec_at(&set->groups, i);

		if (strlen(have->name) == len && !memcmp(have->name, name, len))
			return have;
	}
	g.name = arena_strndup(&set->arena, name, len);
	if (!g.name)
		return NULL;
	vec_init(&g.obs, sizeof(hg_obs), HG_FIT_MAX_OBS);
	vec_init(&g.lines, sizeof(uint32_t), HG_FIT_MAX_OBS);
	return vec_push(&set->groups, &g) ? NULL : vec_at(&set->groups, set->groups.len - 1);
}

static hg_err group_add(struct hg_obs_set *set, const char *name, size_t len, const hg_obs *obs,
	uint32_t line, const char *origin, hg_error *why)
{
	struct group *g = group_find(set, name, len);
	hg_err rc = g ? vec_push(&g->obs, obs) : HG_ELIMIT;

	if (!rc)
		rc = vec_push(&g->lines, &line);
	if (!rc)
		return HG_OK;
	return fail(why, rc, "%s:%u: expected at most %u workloads of %u observations each", origin,
		line, WORKLOADS_MAX, HG_FIT_MAX_OBS);
}

/* The first word counts, and all must agree. */
static hg_err family_set(struct hg_obs_set *set, struct group *g, const char *family, size_t len,
	uint32_t line, const char *origin, hg_error *why)
{
	if (len == 0 || !g)
		return HG_OK;
	if (g->family && (strlen(g->family) != len || memcmp(g->family, family, len) != 0))
		return fail(why, HG_EFORMAT, "%s:%u: family: expected \"%.64s\" as before of %.64s",
			origin, line, g->family, g->name);
	if (!g->family)
		g->family = arena_strndup(&set->arena, family, len);
	return g->family ? HG_OK : fail(why, HG_ENOMEM, "%s: out of memory", origin);
}

/* ----- CSV */

enum column {
	COLUMN_WORKLOAD,
	COLUMN_LIMIT,
	COLUMN_CLOCK,
	COLUMN_TIME,
	COLUMN_ENERGY,
	COLUMN_POWER,
	COLUMN_TIME_RSD,
	COLUMN_ENERGY_RSD,
	COLUMN_FAMILY,
	COLUMN_N
};

static const char *const columns[COLUMN_N] = {"workload", "power_limit_w", "clock_mhz", "time_s",
	"energy_j", "power_w", "time_rsd", "energy_rsd", "family"};

static hg_err header_read(const struct csv *c, size_t at[COLUMN_N], hg_error *why)
{
	for (size_t k = 0; k < COLUMN_N; k++)
		at[k] = SIZE_MAX;
	for (size_t i = 0; i < csv_count(c); i++) {
		struct csv_field f = csv_get(c, i);
		size_t k = 0;

		if (memchr(f.text, ';', f.len) || memchr(f.text, '\t', f.len))
			return fail(why, HG_EFORMAT,
				"%s:1: expected columns separated by ',', not by ';' or tabs",
				c->origin);

		while (k < COLUMN_N &&
			(strlen(columns[k]) != f.len || memcmp(columns[k], f.text, f.len) != 0))
			k++;
		if (k == COLUMN_N)
			return fail(why, HG_EFORMAT,
				"%s:1: unknown column \"%.*s\"; known: workload, power_limit_w, "
				"clock_mhz, time_s, energy_j, power_w, time_rsd, energy_rsd, family",
				c->origin, f.len > 40 ? 40 : (int)f.len, f.text);
		if (at[k] != SIZE_MAX)
			return fail(why, HG_EFORMAT, "%s:1: column \"%s\" stands there twice",
				c->origin, columns[k]);
		at[k] = i;
	}
	if (at[COLUMN_LIMIT] == SIZE_MAX && at[COLUMN_CLOCK] == SIZE_MAX)
		return fail(why, HG_EFORMAT,
			"%s:1: expected a column power_limit_w or clock_mhz, or both", c->origin);
	if (at[COLUMN_TIME] == SIZE_MAX)
		return fail(why, HG_EFORMAT, "%s:1: expected a column time_s", c->origin);
	if ((at[COLUMN_ENERGY] == SIZE_MAX) == (at[COLUMN_POWER] == SIZE_MAX))
		return fail(why, HG_EFORMAT,
			"%s:1: expected a column energy_j or power_w, and not both", c->origin);
	return HG_OK;
}

/* A number; 0 where the column or the field is absent and may be. */
static hg_err field_read(const struct csv *c, const size_t at[COLUMN_N], enum column k, bool must,
	double *out, hg_error *why)
{
	struct csv_field f;

	*out = 0.0;
	if (at[k] == SIZE_MAX)
		return HG_OK;
	f = csv_get(c, at[k]);
	if (f.len == 0 && !must)
		return HG_OK;
	if (!double_parse(f.text, f.len, false, out))
		return fail(why, HG_EFORMAT, "%s:%zu: %s: expected a number, found \"%.*s\"",
			c->origin, c->line, columns[k], f.len > 40 ? 40 : (int)f.len, f.text);
	if (*out == 0.0 && (k == COLUMN_LIMIT || k == COLUMN_CLOCK))
		return fail(why, HG_EFORMAT,
			"%s:%zu: %s: 0 is no setting; leave the field empty where the knob was "
			"left alone",
			c->origin, c->line, columns[k]);
	return HG_OK;
}

static hg_err record_read(
	struct hg_obs_set *set, const struct csv *c, const size_t at[COLUMN_N], hg_error *why)
{
	struct csv_field name = {"workload", 8}, family;
	double power = 0.0;
	hg_obs o = {0};
	hg_err rc = field_read(c, at, COLUMN_LIMIT, false, &o.setting.cap_w, why);

	if (!rc)
		rc = field_read(c, at, COLUMN_CLOCK, false, &o.setting.clock_hz, why);
	if (!rc)
		rc = field_read(c, at, COLUMN_TIME, true, &o.time_s, why);
	if (!rc)
		rc = field_read(c, at, COLUMN_ENERGY, true, &o.energy_j, why);
	if (!rc)
		rc = field_read(c, at, COLUMN_POWER, true, &power, why);
	if (!rc)
		rc = field_read(c, at, COLUMN_TIME_RSD, false, &o.time_rsd, why);
	if (!rc)
		rc = field_read(c, at, COLUMN_ENERGY_RSD, false, &o.energy_rsd, why);
	if (rc)
		return rc;
	o.setting.clock_hz *= 1e6;
	if (at[COLUMN_POWER] != SIZE_MAX)
		o.energy_j = power * o.time_s;
	if (at[COLUMN_WORKLOAD] != SIZE_MAX)
		name = csv_get(c, at[COLUMN_WORKLOAD]);
	if (name.len == 0 || name.len > 200)
		return fail(why, HG_EFORMAT, "%s:%zu: workload: expected 1 to 200 bytes", c->origin,
			c->line);
	rc = group_add(set, name.text, name.len, &o, (uint32_t)c->line, c->origin, why);
	if (rc || at[COLUMN_FAMILY] == SIZE_MAX)
		return rc;
	family = csv_get(c, at[COLUMN_FAMILY]);
	return family_set(set, group_find(set, name.text, name.len), family.text, family.len,
		(uint32_t)c->line, c->origin, why);
}

static hg_err csv_parse(
	struct hg_obs_set *set, const char *text, size_t len, const char *origin, hg_error *why)
{
	size_t at[COLUMN_N], n = 0;
	struct csv c;
	bool more;
	hg_err rc;

	csv_init(&c, text, len, origin);
	rc = csv_next(&c, &more, why);
	if (!rc && !more)
		rc = fail(why, HG_EFORMAT, "%s:1: expected a line of column names", origin);
	if (!rc)
		rc = header_read(&c, at, why);
	if (!rc)
		n = csv_count(&c);
	while (!rc) {
		rc = csv_next(&c, &more, why);
		if (rc || !more)
			break;
		rc = csv_count(&c) == n
			     ? record_read(set, &c, at, why)
			     : fail(why, HG_EFORMAT, "%s:%zu: expected %zu fields, found %zu",
				       origin, c.line, n, csv_count(&c));
	}
	csv_finish(&c);
	return rc;
}

/* ----- hourglass.fit/1 */

static hg_err observation_read(
	const struct json_doc *doc, const struct json *v, hg_obs *o, hg_error *why)
{
	static const char *const known[] = {
		"clock_hz", "power_limit_w", "time_s", "energy_j", "time_rsd", "energy_rsd"};
	hg_err rc;

	*o = (hg_obs){0};
	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: observations: expected objects, found %s",
			doc->origin, v->line, json_type_text(v));
	rc = json_number_or(doc, v, known[0], 0, 1e12, &o->setting.clock_hz, why);
	if (!rc)
		rc = json_number_or(doc, v, known[1], 0, 1e6, &o->setting.cap_w, why);
	if (!rc)
		rc = json_need_number(doc, v, known[2], 0, 1e300, &o->time_s, why);
	if (!rc)
		rc = json_need_number(doc, v, known[3], 0, 1e300, &o->energy_j, why);
	if (!rc)
		rc = json_number_or(doc, v, known[4], 0, 10, &o->time_rsd, why);
	return rc ? rc : json_number_or(doc, v, known[5], 0, 10, &o->energy_rsd, why);
}

static hg_err workload_read(
	struct hg_obs_set *set, const struct json_doc *doc, const struct json *v, hg_error *why)
{
	const struct json *list, *work;
	struct group *g;
	const char *name, *family = "";
	hg_err rc;

	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: workloads: expected objects, found %s",
			doc->origin, v->line, json_type_text(v));
	rc = json_need_string(doc, v, "name", &name, why);
	if (!rc)
		rc = json_need(doc, v, "observations", JSON_ARRAY, &list, why);
	if (rc)
		return rc;
	for (const struct json *at = list->first; at && !rc; at = at->next) {
		hg_obs o;

		rc = observation_read(doc, at, &o, why);
		if (!rc)
			rc = group_add(set, name, strlen(name), &o, at->line, doc->origin, why);
	}
	if (!rc)
		rc = json_string_or(doc, v, "family", &family, why);
	if (rc || list->len == 0)
		return rc;
	g = group_find(set, name, strlen(name));
	rc = family_set(set, g, family, strlen(family), v->line, doc->origin, why);
	work = json_get(v, "workload");
	if (rc || !work)
		return rc;
	if (!g || g->workload || g->obs.len == 0)
		return fail(why, HG_EFORMAT, "%s:%u: workload: expected it once, and observations",
			doc->origin, work->line);
	rc = workload_parse(work->raw, work->raw_len, doc->origin, &g->workload, why);
	if (rc)
		fail_prefix(why, "workload \"%.64s\": ", name);
	return rc;
}

static hg_err json_read(struct hg_obs_set *set, const struct json_doc *doc, hg_error *why)
{
	const struct json *list, *model;
	const char *device;
	hg_err rc = json_check_schema(doc, "hourglass.fit", 1, why);

	if (!rc)
		rc = json_need_string(doc, doc->root, "device", &device, why);
	if (!rc)
		rc = json_need(doc, doc->root, "workloads", JSON_ARRAY, &list, why);
	if (rc)
		return rc;
	set->device = arena_strdup(&set->arena, device);
	if (!set->device)
		return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	model = json_get(doc->root, "model");
	if (model) {
		rc = model_parse(model->raw, model->raw_len, doc->origin, &set->model, why);
		if (rc)
			fail_prefix(why, "model: ");
	}
	for (const struct json *v = list->first; v && !rc; v = v->next)
		rc = workload_read(set, doc, v, why);
	return rc;
}

hg_err hg_obs_parse(
	const char *text, size_t len, const char *origin, hg_obs_set **out, hg_error *why)
{
	hg_obs_set *set = calloc(1, sizeof *set);
	struct json_doc doc = {0};
	size_t first = 0;
	hg_err rc;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	if (!set)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	arena_init(&set->arena, TREE_MAX);
	vec_init(&set->groups, sizeof(struct group), WORKLOADS_MAX);
	while (first < len && strchr(" \t\r\n", text[first]) && text[first])
		first++;
	if (first < len && text[first] == '{') {
		rc = json_parse(&doc, text, len, origin, TREE_MAX, why);
		if (!rc)
			rc = json_read(set, &doc, why);
		json_finish(&doc);
	} else {
		rc = csv_parse(set, text, len, origin, why);
	}
	if (!rc && set->groups.len == 0)
		rc = fail(why, HG_EFORMAT, "%s: expected one observation or more", origin);
	if (rc)
		hg_obs_set_destroy(set);
	else
		*out = set;
	return rc;
}

const char *hg_obs_set_device(const hg_obs_set *set)
{
	return set->device;
}

const hg_model *hg_obs_set_model(const hg_obs_set *set)
{
	return set->model;
}

size_t hg_obs_set_count(const hg_obs_set *set)
{
	return set->groups.len;
}

void hg_obs_set_get(const hg_obs_set *set, size_t i, hg_obs_group *out)
{
	const struct group *g = vec_at(&set->groups, i);
	const hg_obs_group ours = {
		.size = sizeof ours,
		.n = (uint32_t)g->obs.len,
		.name = g->name,
		.obs = g->obs.data,
		.lines = g->lines.data,
		.workload = g->workload,
		.family = g->family,
	};

	size_write(out, &ours, sizeof ours);
}
