/*
 * What is known of sensors, in a file: schema hourglass.sensors/1. Members that are unknown (0) are
 * left out, so a figure that is there was found out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/measure.h>

#include "core/fail.h"
#include "core/file.h"
#include "core/json.h"
#include "core/size.h"
#include "core/text.h"
#include "core/vec.h"

#include "sensor-file.h"

/** Most bytes of a file, of the tree it becomes, and most sensors in it. */
#define FILE_BYTES   ((size_t)1 << 24)
#define TREE_BYTES   ((size_t)1 << 27)
#define SENSORS_MAX  65536
#define FIGURE_LIMIT 1e9

struct entry {
	char *uuid, *driver, *note; /* one block of memory, at uuid */
	hg_sensor sensor;
};

struct hg_sensors {
	struct vec entries; /* of struct entry, in order of uuid and driver */
};

/** The figures of a sensor by name. */
static const struct figure {
	const char *key;
	size_t at;
} figures[] = {
	{"period_s", offsetof(hg_sensor, period_s)},
	{"jitter_s", offsetof(hg_sensor, jitter_s)},
	{"lag_s", offsetof(hg_sensor, lag_s)},
	{"lag_sd_s", offsetof(hg_sensor, lag_sd_s)},
	{"coverage", offsetof(hg_sensor, coverage)},
	{"gain", offsetof(hg_sensor, gain)},
	{"offset_w", offsetof(hg_sensor, offset_w)},
	{"resolution_j", offsetof(hg_sensor, resolution_j)},
	{"read_s", offsetof(hg_sensor, read_s)},
	{"min_power_w", offsetof(hg_sensor, min_power_w)},
	{"max_power_w", offsetof(hg_sensor, max_power_w)},
};
#define FIGURES (sizeof figures / sizeof figures[0])

static double figure_get(const hg_sensor *s, size_t i)
{
	double v;

	memcpy(&v, (const char *)s + figures[i].at, sizeof v);
	return v;
}

static void figure_set(hg_sensor *s, size_t i, double v)
{
	memcpy((char *)s + figures[i].at, &v, sizeof v);
}

static struct entry *entry_at(const hg_sensors *s, size_t i)
{
	return vec_at(&s->entries, i);
}

/* Where an identity is, or belongs. @return whether it is there */
static bool find(const hg_sensors *s, const char *uuid, const char *driver, size_t *at)
{
	size_t low = 0, high = s->entries.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct entry *e = entry_at(s, middle);
		int order = strcmp(e->uuid, uuid);

		order = order ? order : strcmp(e->driver, driver);
		if (!order) {
			*at = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return false;
}

static hg_err check_figures(const hg_sensor *s, hg_error *why)
{
	for (size_t i = 0; i < FIGURES; i++) {
		double v = figure_get(s, i);

		if (!(v >= 0.0 && v <= FIGURE_LIMIT))
			return fail(why, HG_EINVAL, "a sensor's %s is %g: expected 0 to %g",
				figures[i].key, v, FIGURE_LIMIT);
	}
	return s->coverage <= 1.0
		       ? HG_OK
		       : fail(why, HG_EINVAL, "a sensor's coverage is %g: expected 0 to 1",
				 s->coverage);
}

/* Three texts in one block. */
static int entry_texts(struct entry *e, const char *uuid, const char *driver, const char *note)
{
	size_t n[3] = {strlen(uuid) + 1, strlen(driver) + 1, strlen(note) + 1};

	e->uuid = malloc(n[0] + n[1] + n[2]);
	if (!e->uuid)
		return -1;
	e->driver = e->uuid + n[0];
	e->note = e->driver + n[1];
	memcpy(e->uuid, uuid, n[0]);
	memcpy(e->driver, driver, n[1]);
	memcpy(e->note, note, n[2]);
	text_clean(e->note);
	return 0;
}

hg_err hg_sensors_set(hg_sensors *s, const char *uuid, const char *driver, const hg_sensor *sensor,
	const char *note, hg_error *why)
{
	struct entry e = {.sensor = {.size = sizeof e.sensor}};
	size_t at;
	hg_err rc;

	if (!uuid || !*uuid || !driver || size_read(&e.sensor, sizeof e.sensor, sensor))
		return fail(why, HG_EINVAL, "hg_sensors_set: no uuid, no driver, or size not set");
	rc = check_figures(&e.sensor, why);
	if (rc)
		return rc;
	if (entry_texts(&e, uuid, driver, note ? note : ""))
		return fail(why, HG_ENOMEM, "sensors: out of memory");
	if (find(s, uuid, driver, &at)) {
		free(entry_at(s, at)->uuid);
		*entry_at(s, at) = e;
		return HG_OK;
	}
	rc = vec_push(&s->entries, &e);
	if (rc) {
		free(e.uuid);
		return fail(why, rc, "sensors: %s", hg_err_text(rc));
	}
	for (size_t i = s->entries.len - 1; i > at; i--)
		*entry_at(s, i) = *entry_at(s, i - 1);
	*entry_at(s, at) = e;
	return HG_OK;
}

hg_err hg_sensors_get(const hg_sensors *s, const char *uuid, const char *driver, hg_sensor *out)
{
	const hg_sensor none = {.size = sizeof none};
	bool there;
	size_t at;

	there = uuid && driver && find(s, uuid, driver, &at);
	size_write(out, there ? &entry_at(s, at)->sensor : &none, sizeof none);
	return there ? HG_OK : HG_ENOENT;
}

void hg_sensors_destroy(hg_sensors *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->entries.len; i++)
		free(entry_at(s, i)->uuid);
	vec_finish(&s->entries);
	free(s);
}

/* ----- reading */

static hg_err read_one(
	hg_sensors *s, const struct json_doc *doc, const struct json *v, hg_error *why)
{
	const char *uuid, *driver = "", *note = "";
	hg_sensor sensor = {.size = sizeof sensor};
	const struct json *trusted;
	size_t at;
	hg_err rc;

	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: expected an object, found %s", doc->origin,
			v->line, json_type_text(v));
	rc = json_need_string(doc, v, "uuid", &uuid, why);
	rc = rc ? rc : json_string_or(doc, v, "driver", &driver, why);
	rc = rc ? rc : json_string_or(doc, v, "note", &note, why);
	rc = rc ? rc : json_need(doc, v, "trusted", JSON_TRUE, &trusted, why);
	for (size_t i = 0; !rc && i < FIGURES; i++) {
		double value = 0.0, most = strcmp(figures[i].key, "coverage") ? FIGURE_LIMIT : 1.0;

		rc = json_number_or(doc, v, figures[i].key, 0.0, most, &value, why);
		figure_set(&sensor, i, value);
	}
	if (rc)
		return rc;
	if (!*uuid || find(s, uuid, driver, &at))
		return fail(why, HG_EFORMAT, "%s:%u: uuid: %s", doc->origin, v->line,
			*uuid ? "listed twice with this driver"
			      : "expected a text that is not empty");
	sensor.trusted = trusted->type == JSON_TRUE;
	return hg_sensors_set(s, uuid, driver, &sensor, note, why);
}

hg_err sensors_parse(
	const char *text, size_t len, const char *origin, hg_sensors **out, hg_error *why)
{
	struct json_doc doc = {.root = NULL};
	const struct json *list;
	hg_sensors *s = calloc(1, sizeof *s);
	hg_err rc;

	*out = NULL;
	if (!s)
		return fail(why, HG_ENOMEM, "sensors: out of memory");
	vec_init(&s->entries, sizeof(struct entry), SENSORS_MAX);
	rc = json_parse(&doc, text, len, origin, TREE_BYTES, why);
	rc = rc ? rc : json_check_schema(&doc, "hourglass.sensors", 1, why);
	rc = rc ? rc : json_need(&doc, doc.root, "sensors", JSON_ARRAY, &list, why);
	if (!rc)
		for (const struct json *v = list->first; v && !rc; v = v->next)
			rc = read_one(s, &doc, v, why);
	json_finish(&doc);
	if (rc) {
		hg_sensors_destroy(s);
		return rc;
	}
	*out = s;
	return HG_OK;
}

hg_err hg_sensors_load(const char *path, hg_sensors **out, hg_error *why)
{
	static const char nothing[] = "{\"schema\": \"hourglass.sensors/1\", \"sensors\": []}";
	struct buf text = {.data = NULL};
	hg_err rc = path ? file_read(path, FILE_BYTES, &text, why) : HG_ENOENT;

	*out = NULL;
	if (rc == HG_ENOENT)
		rc = sensors_parse(nothing, sizeof nothing - 1, "", out, why);
	else if (!rc)
		rc = sensors_parse(text.data ? text.data : "", text.len, path, out, why);
	buf_finish(&text);
	return rc;
}

/* ----- writing */

hg_err sensors_format(const hg_sensors *s, struct buf *text)
{
	struct json_out o;

	json_out_init(&o, text);
	json_open(&o, '{', false);
	json_kv_string(&o, "schema", "hourglass.sensors/1");
	json_key(&o, "sensors");
	json_open(&o, '[', false);
	for (size_t i = 0; i < s->entries.len; i++) {
		const struct entry *e = entry_at(s, i);

		json_open(&o, '{', false);
		json_kv_string(&o, "uuid", e->uuid);
		json_kv_string(&o, "driver", e->driver);
		json_kv_bool(&o, "trusted", e->sensor.trusted != 0);
		json_kv_string(&o, "note", e->note);
		for (size_t k = 0; k < FIGURES; k++)
			if (figure_get(&e->sensor, k) > 0.0)
				json_kv_number(&o, figures[k].key, figure_get(&e->sensor, k));
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_addc(text, '\n');
}

hg_err hg_sensors_save(const hg_sensors *s, const char *path, hg_error *why)
{
	struct buf text;
	hg_err rc;

	buf_init(&text, FILE_BYTES);
	rc = sensors_format(s, &text);
	rc = rc ? fail(why, rc, "%s: %s", path, hg_err_text(rc))
		: file_write(path, text.data, text.len, why);
	buf_finish(&text);
	return rc;
}
