/*
 * Reading a recording. It is as strict as a reader of machine-written lines should be: each line is
 * an object of a known kind, in the order that they are written in, whole numbers are whole, and a
 * sample fits its device. Metadata goes to an arena, samples to plain arrays; all have a limit.
 */
#include "recording.h"

#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "core/number.h"

/** Most memory for metadata, and for the tree of one line. */
#define ARENA_MAX  ((size_t)64 << 20)
#define LINE_ARENA ((size_t)256 << 20)
/** Most readings kept of one device: 512 MiB. */
#define READINGS_MAX ((size_t)1 << 24)
#define NOTES_MAX    65536
/** Most signals or knobs of a device, and steps of a ladder. */
#define ITEMS_MAX 4096
/** Times and their differences: far from overflow when added. */
#define TIME_MAX ((int64_t)1 << 61)

/** A line being read. */
struct line {
	struct recording *r;
	struct json_doc doc;
	const struct json *root;
	hg_error *why;
};

/* ----- values */

static hg_err wrong(const struct line *l, const struct json *v, const char *key, const char *what)
{
	return fail(l->why, HG_EFORMAT, "%s:%u: \"%s\": expected %s, found %s", l->doc.origin,
		v ? v->line : l->root->line, key, what, json_type_text(v));
}

static hg_err no_memory(const struct line *l)
{
	return fail(l->why, HG_ELIMIT, "%s:%u: too long, or out of memory", l->doc.origin,
		l->root->line);
}

/* Whole numbers keep all their digits: a double would lose some. */
static bool whole(const struct json *v, int64_t *out)
{
	return v && v->type == JSON_NUMBER && int64_parse(v->raw, v->raw_len, out);
}

static hg_err need_int(const struct line *l, const struct json *obj, const char *key, int64_t *out)
{
	const struct json *v = json_get(obj, key);

	return whole(v, out) ? HG_OK : wrong(l, v, key, "a whole number");
}

static hg_err need_u64(const struct line *l, const struct json *obj, const char *key, uint64_t *out)
{
	const struct json *v = json_get(obj, key);

	return v && v->type == JSON_NUMBER && uint64_parse(v->raw, v->raw_len, out)
		       ? HG_OK
		       : wrong(l, v, key, "a whole number of at least 0");
}

/* A string, kept; NULL where it is absent and that is fine. */
static hg_err text_of(const struct line *l, const struct json *obj, const char *key, bool optional,
	const char **out)
{
	const struct json *v = json_get(obj, key);

	*out = NULL;
	if (!v && optional)
		return HG_OK;
	if (!v || v->type != JSON_STRING)
		return wrong(l, v, key, "a string");
	*out = arena_strdup(&l->r->arena, v->string);
	return *out ? HG_OK : no_memory(l);
}

static hg_err need_text(
	const struct line *l, const struct json *obj, const char *key, const char **out)
{
	return text_of(l, obj, key, false, out);
}

static hg_err need_flag(const struct line *l, const struct json *obj, const char *key, bool *out)
{
	const struct json *v = json_get(obj, key);

	if (!v || (v->type != JSON_TRUE && v->type != JSON_FALSE))
		return wrong(l, v, key, "true or false");
	*out = v->type == JSON_TRUE;
	return HG_OK;
}

static hg_err need_word(const struct line *l, const struct json *obj, const char *key,
	const char *const *words, size_t n, unsigned *out)
{
	const struct json *v = json_get(obj, key);

	for (*out = 0; v && v->type == JSON_STRING && *out < n; ++*out)
		if (!strcmp(words[*out], v->string))
			return HG_OK;
	return wrong(l, v, key, "a word that this version knows");
}

static hg_err need_array(const struct line *l, const struct json *obj, const char *key,
	enum json_type of, const struct json **out)
{
	const struct json *v = json_get(obj, key);

	*out = v;
	if (!v || v->type != JSON_ARRAY)
		return wrong(l, v, key, "an array");
	if (v->len > ITEMS_MAX)
		return fail(l->why, HG_ELIMIT, "%s:%u: \"%s\": more than %d items", l->doc.origin,
			v->line, key, ITEMS_MAX);
	for (const struct json *m = v->first; m; m = m->next)
		if (m->type != of)
			return wrong(l, m, key,
				of == JSON_OBJECT  ? "objects"
				: of == JSON_ARRAY ? "arrays"
						   : "whole numbers");
	return HG_OK;
}

static void *items(const struct line *l, size_t n, size_t size)
{
	void *p = arena_alloc(&l->r->arena, n * size + 1);

	if (p)
		memset(p, 0, n * size + 1);
	return p;
}

/* ----- the head */

static hg_err head_read(const struct line *l)
{
	struct recording *r = l->r;
	uint64_t devices = 0;
	hg_err rc = json_check_schema(&l->doc, "hourglass.recording", 1, l->why);

	rc = rc ? rc : need_text(l, l->root, "tool", &r->tool);
	rc = rc ? rc : need_flag(l, l->root, "anonymous", &r->anonymous);
	rc = rc ? rc : need_text(l, l->root, "host", &r->host);
	rc = rc ? rc : need_text(l, l->root, "kernel", &r->kernel);
	rc = rc ? rc : need_text(l, l->root, "command", &r->command);
	rc = rc ? rc : need_int(l, l->root, "interval_ns", &r->interval_ns);
	rc = rc ? rc : need_u64(l, l->root, "devices", &devices);
	if (rc)
		return rc;
	if (devices < 1 || devices > RECORDING_DEVICES)
		return fail(l->why, HG_EFORMAT, "%s:%u: \"devices\": expected 1 to %d",
			l->doc.origin, l->root->line, RECORDING_DEVICES);
	if (r->interval_ns < 0 || r->interval_ns > TIME_MAX)
		return wrong(l, json_get(l->root, "interval_ns"), "interval_ns", "0 or more");
	r->n_devices = (size_t)devices;
	if (r->wanted >= r->n_devices)
		return fail(l->why, HG_ENOENT, "%s: no device %zu: it has %zu, the first is 0",
			l->doc.origin, r->wanted, r->n_devices);
	return HG_OK;
}

/* ----- devices */

static hg_err signal_read(const struct line *l, const struct json *v, hg_signal_info *s)
{
	static const char *const aggregations[] = {"sum", "mean", "same"};
	static const char *const behaviours[] = {"monotone", "variable", "constant"};
	unsigned agg = 0, behaviour = 0;
	hg_err rc = need_text(l, v, "name", &s->name);

	rc = rc ? rc : need_text(l, v, "unit", &s->unit);
	rc = rc ? rc : need_text(l, v, "text", &s->text);
	rc = rc ? rc : need_text(l, v, "domain", &s->domain);
	rc = rc ? rc : need_word(l, v, "aggregation", aggregations, 3, &agg);
	rc = rc ? rc : need_word(l, v, "behaviour", behaviours, 3, &behaviour);
	rc = rc ? rc : need_u64(l, v, "modulus", &s->modulus);
	rc = rc ? rc : need_u64(l, v, "resolution", &s->resolution);
	rc = rc ? rc : need_int(l, v, "period_ns", &s->period_ns);
	rc = rc ? rc : text_of(l, v, "absent", true, &s->absent);
	s->agg = (hg_aggregation)agg;
	s->behaviour = (hg_behaviour)behaviour;
	return rc;
}

static hg_err ladder_read(const struct line *l, const struct json *v, hg_knob_info *k)
{
	const struct json *list = json_get(v, "ladder");
	int64_t *ladder;
	hg_err rc;

	if (!list)
		return HG_OK;
	rc = need_array(l, v, "ladder", JSON_NUMBER, &list);
	if (rc)
		return rc;
	ladder = items(l, list->len, sizeof *ladder);
	if (!ladder)
		return no_memory(l);
	for (const struct json *m = list->first; m; m = m->next)
		if (!whole(m, &ladder[k->n_ladder++]))
			return wrong(l, m, "ladder", "whole numbers");
	k->ladder = ladder;
	return HG_OK;
}

static hg_err knob_read(const struct line *l, const struct json *v, hg_knob_info *k)
{
	static const char here[] = "it is a recording";
	const char *reason = NULL;
	uint64_t flags = 0;
	char *text;
	hg_err rc = need_text(l, v, "name", &k->name);

	rc = rc ? rc : need_text(l, v, "unit", &k->unit);
	rc = rc ? rc : need_text(l, v, "text", &k->text);
	rc = rc ? rc : need_u64(l, v, "flags", &flags);
	rc = rc ? rc : need_int(l, v, "min", &k->min);
	rc = rc ? rc : need_int(l, v, "max", &k->max);
	rc = rc ? rc : need_int(l, v, "step", &k->step);
	rc = rc ? rc : need_int(l, v, "default", &k->default_value);
	rc = rc ? rc : need_int(l, v, "current", &k->current);
	rc = rc ? rc : need_int(l, v, "latency_ns", &k->latency_ns);
	rc = rc ? rc : text_of(l, v, "unsettable", true, &reason);
	rc = rc ? rc : ladder_read(l, v, k);
	if (rc)
		return rc;
	k->flags = (uint32_t)flags;
	text = items(l, sizeof here + (reason ? strlen(reason) : 0) + 2, 1);
	if (!text)
		return no_memory(l);
	memcpy(text, here, sizeof here);
	if (reason) {
		memcpy(text + sizeof here - 1, "; ", 2);
		memcpy(text + sizeof here + 1, reason, strlen(reason));
	}
	k->unsettable = text;
	return HG_OK;
}

static hg_err signals_read(const struct line *l, struct recorded_device *d)
{
	const struct json *list;
	hg_err rc = need_array(l, l->root, "signals", JSON_OBJECT, &list);
	size_t i = 0;

	if (rc)
		return rc;
	d->n_signals = list->len;
	d->signals = items(l, list->len, sizeof *d->signals);
	d->columns = items(l, list->len, sizeof *d->columns);
	if (!d->signals || !d->columns)
		return no_memory(l);
	for (const struct json *m = list->first; !rc && m; m = m->next, i++) {
		rc = signal_read(l, m, &d->signals[i]);
		d->columns[i] = d->signals[i].absent ? SIZE_MAX : d->n_columns++;
	}
	return rc;
}

static hg_err knobs_read(const struct line *l, struct recorded_device *d)
{
	const struct json *list;
	hg_err rc = need_array(l, l->root, "knobs", JSON_OBJECT, &list);
	size_t i = 0;

	if (rc)
		return rc;
	d->n_knobs = list->len;
	d->knobs = items(l, list->len, sizeof *d->knobs);
	if (!d->knobs)
		return no_memory(l);
	for (const struct json *m = list->first; !rc && m; m = m->next)
		rc = knob_read(l, m, &d->knobs[i++]);
	return rc;
}

static hg_err device_read(const struct line *l)
{
	struct recording *r = l->r;
	struct recorded_device d = {0};
	bool simulated = false;
	int64_t number = 0;
	hg_err rc = need_int(l, l->root, "device", &number);

	if (!rc && (r->devices.len == r->n_devices || number != (int64_t)r->devices.len))
		rc = fail(l->why, HG_EFORMAT, "%s:%u: device %lld: expected %s", l->doc.origin,
			l->root->line, (long long)number,
			r->devices.len == r->n_devices ? "no more of them" : "devices in order");
	rc = rc ? rc : need_text(l, l->root, "spec", &d.spec);
	rc = rc ? rc : need_text(l, l->root, "backend", &d.info.backend);
	rc = rc ? rc : need_flag(l, l->root, "simulated", &simulated);
	rc = rc ? rc : need_text(l, l->root, "vendor", &d.info.vendor);
	rc = rc ? rc : need_text(l, l->root, "model", &d.info.model);
	rc = rc ? rc : need_text(l, l->root, "title", &d.info.title);
	rc = rc ? rc : need_text(l, l->root, "uuid", &d.info.uuid);
	rc = rc ? rc : need_text(l, l->root, "pci", &d.info.pci);
	rc = rc ? rc : need_text(l, l->root, "parent", &d.info.parent);
	rc = rc ? rc : need_text(l, l->root, "wholes", &d.info.wholes);
	rc = rc ? rc : need_text(l, l->root, "driver", &d.info.driver);
	rc = rc ? rc : signals_read(l, &d);
	rc = rc ? rc : knobs_read(l, &d);
	d.info.simulated = simulated;
	if (!rc && vec_push(&r->devices, &d))
		rc = no_memory(l);
	return rc;
}

/* ----- samples */

static hg_err error_named(const char *name)
{
	static const hg_err all[] = {
#define RECORDING_ERROR(name, value, text) name,
		HG_ERROR_LIST(RECORDING_ERROR)
#undef RECORDING_ERROR
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!strcmp(hg_err_name(all[i]), name))
			return all[i];
	return HG_OK;
}

static bool time_of(const struct json *v, int64_t now_ns, int64_t *out)
{
	if (!whole(v, out) || *out > TIME_MAX || *out < -TIME_MAX)
		return false;
	*out += now_ns;
	return true;
}

/* [value, t0 - t, t1 - t], or [null, t0 - t, t1 - t, "HG_EDEVICE"] */
static bool reading_of(const struct json *v, int64_t now_ns, hg_reading *out)
{
	const struct json *value = v->first, *t0, *t1, *error;

	*out = (hg_reading){0};
	if (v->len != 3 && v->len != 4)
		return false;
	t0 = value->next;
	t1 = t0->next;
	error = t1->next;
	if (!time_of(t0, now_ns, &out->t0_ns) || !time_of(t1, now_ns, &out->t1_ns))
		return false;
	if (!error)
		return whole(value, &out->value);
	if (value->type != JSON_NULL || error->type != JSON_STRING)
		return false;
	out->rc = error_named(error->string);
	return out->rc != HG_OK;
}

/* What the knobs were set to: as the sample says, or else as the one before. */
static hg_err sample_knobs(const struct line *l, const struct recorded_device *d, bool keep)
{
	struct recording *r = l->r;
	const struct json *list = json_get(l->root, "k"), *m = NULL;
	size_t before = r->knobs.len - (r->times.len > 1 ? d->n_knobs : 0);
	hg_err rc = HG_OK;

	if (list) {
		rc = need_array(l, l->root, "k", JSON_NUMBER, &list);
		if (!rc && list->len != d->n_knobs)
			rc = wrong(l, list, "k", "as many numbers as knobs");
		m = list->first;
	}
	for (size_t i = 0; !rc && i < d->n_knobs; i++) {
		int64_t value = 0;

		if (m && !whole(m, &value))
			return wrong(l, m, "k", "whole numbers");
		if (!keep)
			goto next;
		if (!m && r->times.len > 1)
			value = *(int64_t *)vec_at(&r->knobs, before + i);
		else if (!m)
			value = d->knobs[i].current;
		if (vec_push(&r->knobs, &value))
			rc = no_memory(l);
	next:
		m = m ? m->next : NULL;
	}
	return rc;
}

static hg_err sample_read(const struct line *l)
{
	struct recording *r = l->r;
	const struct recorded_device *d;
	const struct json *list;
	int64_t number = 0, now_ns = 0;
	bool keep;
	hg_err rc = need_int(l, l->root, "d", &number);

	rc = rc ? rc : need_int(l, l->root, "t", &now_ns);
	rc = rc ? rc : need_array(l, l->root, "r", JSON_ARRAY, &list);
	if (rc)
		return rc;
	if (number < 0 || (uint64_t)number >= r->devices.len || now_ns < 0 || now_ns > TIME_MAX)
		return wrong(l, l->root,
			number < 0 || (uint64_t)number >= r->devices.len ? "d" : "t",
			"a device, and a time that can be");
	d = vec_at(&r->devices, (size_t)number);
	keep = (size_t)number == r->wanted;
	if (list->len != d->n_columns)
		return wrong(l, list, "r", "as many readings as signals are present");
	if (keep && r->times.len && *(int64_t *)vec_at(&r->times, r->times.len - 1) > now_ns)
		return wrong(l, json_get(l->root, "t"), "t", "no time before the last one");
	if (keep && vec_push(&r->times, &now_ns))
		return no_memory(l);
	for (const struct json *m = list->first; m; m = m->next) {
		hg_reading reading;

		if (!reading_of(m, now_ns, &reading))
			return wrong(l, m, "r", "[value, t0, t1] or [null, t0, t1, \"HG_...\"]");
		if (keep && vec_push(&r->readings, &reading))
			return no_memory(l);
	}
	return sample_knobs(l, d, keep);
}

/* ----- lines */

static hg_err note_read(const struct line *l)
{
	const char *text;
	hg_err rc = need_text(l, l->root, "note", &text);

	return rc ? rc : vec_push(&l->r->notes, &text) ? no_memory(l) : HG_OK;
}

static hg_err line_read(const struct line *l, bool first)
{
	struct recording *r = l->r;
	bool devices_done = r->devices.len == r->n_devices && !first;

	if (l->root->type != JSON_OBJECT)
		return wrong(l, l->root, "line", "an object");
	if (r->complete)
		return wrong(l, l->root, "line", "nothing after the end");
	if (first)
		return head_read(l);
	if (json_get(l->root, "device"))
		return device_read(l);
	if (devices_done && json_get(l->root, "d"))
		return sample_read(l);
	if (devices_done && json_get(l->root, "note"))
		return note_read(l);
	if (devices_done && json_get(l->root, "end")) {
		r->complete = true;
		return HG_OK;
	}
	return wrong(l, l->root, "line", devices_done ? "a sample, a note or the end" : "a device");
}

void recording_finish(struct recording *r)
{
	arena_finish(&r->arena);
	vec_finish(&r->devices);
	vec_finish(&r->notes);
	vec_finish(&r->times);
	vec_finish(&r->readings);
	vec_finish(&r->knobs);
	*r = (struct recording){0};
}

hg_err recording_parse(struct recording *r, const char *text, size_t len, const char *origin,
	size_t wanted, hg_error *why)
{
	const char *end = text + len;
	uint32_t number = 0;
	hg_err rc = HG_OK;

	*r = (struct recording){.wanted = wanted};
	arena_init(&r->arena, ARENA_MAX);
	vec_init(&r->devices, sizeof(struct recorded_device), RECORDING_DEVICES);
	vec_init(&r->notes, sizeof(char *), NOTES_MAX);
	vec_init(&r->times, sizeof(int64_t), READINGS_MAX);
	vec_init(&r->readings, sizeof(hg_reading), READINGS_MAX);
	vec_init(&r->knobs, sizeof(int64_t), READINGS_MAX);
	while (!rc && text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct line l = {.r = r, .why = why};

		if (!stop)
			break; /* cut off: whoever wrote it was killed */
		rc = json_parse_line(
			&l.doc, text, (size_t)(stop - text), origin, ++number, LINE_ARENA, why);
		l.root = l.doc.root;
		rc = rc ? rc : line_read(&l, number == 1);
		json_finish(&l.doc);
		text = stop + 1;
	}
	if (!rc && (!number || r->devices.len < r->n_devices))
		rc = fail(why, HG_EFORMAT, "%s: cut off before its first sample: %s", origin,
			number ? "devices are missing" : "it has not even one whole line");
	return rc;
}

const struct recorded_device *recording_device(const struct recording *r)
{
	return vec_at(&r->devices, r->wanted);
}
