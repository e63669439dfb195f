/*
 * Writing a recording: a line of JSON for the whole, one for each device, then one for each device
 * and sample. A line is built in memory and written at once; see hourglass-recording(5).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/record.h>
#include <hourglass/version.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/json.h"
#include "core/size.h"
#include "core/text.h"
#include "core/vec.h"

/** Longest line, and most devices. */
#define LINE_MAX_BYTES ((size_t)16 << 20)
#define DEVICES_MAX    4096

/** A device being recorded. */
struct source {
	hg_device *device;
	size_t *ids; /* signals that are present */
	hg_reading *readings;
	size_t n;
	int64_t *knobs; /* as written last */
	size_t n_knobs;
};

struct hg_recorder {
	hg_ctx *ctx;
	hg_record_opts opts;
	struct file_growing file;
	struct buf line, text; /* text: scratch of one string */
	struct vec sources;    /* struct source */
	struct vec secrets;    /* char *: uuids, each replaced by its number; [0] the host's name */
	uint64_t samples;
};

/* ----- strings */

static hg_err secret_add(struct hg_recorder *r, const char *text, size_t len)
{
	char *copy;
	hg_err rc;

	for (size_t i = 1; i < r->secrets.len; i++) {
		const char *known = *(char **)vec_at(&r->secrets, i);

		if (strlen(known) == len && !memcmp(known, text, len))
			return HG_OK;
	}
	copy = malloc(len + 1);
	if (!copy)
		return HG_ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	rc = vec_push(&r->secrets, &copy);
	if (rc)
		free(copy);
	return rc;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The secret that stands at `at` in a text, the longest; 0: the host's name; SIZE_MAX: none. */
static size_t secret_at(const struct hg_recorder *r, const char *text, const char *at, size_t *len)
{
	size_t found = SIZE_MAX;

	*len = 0;
	for (size_t i = 0; i < r->secrets.len; i++) {
		const char *secret = *(char **)vec_at(&r->secrets, i);
		size_t n = strlen(secret);

		if (n <= *len || strncmp(at, secret, n) != 0)
			continue;
		/* a host may be called "gpu": only as a word of its own */
		if (i == 0 && ((at > text && is_word(at[-1])) || is_word(at[n])))
			continue;
		*len = n;
		found = i;
	}
	return found;
}

/* A text as it may be written: one printable line without secrets. Valid until the next call. */
static const char *told(struct hg_recorder *r, const char *text)
{
	const char *at = text;

	buf_clear(&r->text);
	while (*at) {
		size_t len = 0;
		size_t secret = r->opts.anonymous ? secret_at(r, text, at, &len) : SIZE_MAX;

		if (secret == SIZE_MAX)
			buf_addc(&r->text, *at++);
		else if (secret == 0)
			buf_adds(&r->text, "HOST");
		else
			buf_addf(&r->text, "anon-%zu", secret);
		at += len;
	}
	if (r->text.failed || !r->text.data)
		return "";
	text_clean(r->text.data);
	return r->text.data;
}

static void put(struct hg_recorder *r, struct json_out *j, const char *key, const char *text)
{
	json_kv_string(j, key, told(r, text));
}

/* A word of ours, which is no secret even where a host is called so. */
static void put_plain(struct json_out *j, const char *key, const char *word)
{
	json_kv_string(j, key, word);
}

static void put_u64(struct json_out *j, const char *key, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%" PRIu64, value);

	json_key(j, key);
	json_put_raw(j, text, (size_t)n);
}

/* ----- lines */

static void line_begin(struct hg_recorder *r, struct json_out *j)
{
	buf_clear(&r->line);
	json_out_init(j, &r->line);
	json_open(j, '{', true);
}

static hg_err line_end(struct hg_recorder *r, struct json_out *j, hg_error *why)
{
	hg_err rc;

	json_close(j, '}');
	buf_addc(&r->line, '\n');
	rc = r->line.failed ? r->line.failed : r->text.failed;
	if (rc)
		return fail(
			why, rc, "%s: a line of the recording: %s", r->file.path, hg_err_text(rc));
	return file_grow_add(&r->file, r->line.data, r->line.len, why);
}

static const char *system_text(
	const struct hg_recorder *r, const char *path, char *text, size_t room)
{
	if (fsroot_read(&r->ctx->root, path, text, room, NULL))
		text[0] = '\0';
	text_clean(text);
	return text;
}

static hg_err write_head(struct hg_recorder *r, const char *host, hg_error *why)
{
	char text[256];
	struct json_out j;

	line_begin(r, &j);
	json_kv_string(&j, "schema", "hourglass.recording/1");
	json_kv_string(&j, "tool", hg_version());
	json_kv_bool(&j, "anonymous", r->opts.anonymous != 0);
	put(r, &j, "host", r->opts.anonymous ? "" : host);
	put(r, &j, "kernel", system_text(r, "proc/sys/kernel/osrelease", text, sizeof text));
	put(r, &j, "command", r->opts.anonymous || !r->opts.command ? "" : r->opts.command);
	json_kv_int(&j, "interval_ns", r->opts.interval_ns);
	json_kv_int(&j, "devices", (int64_t)r->sources.len);
	return line_end(r, &j, why);
}

static void write_signal(struct hg_recorder *r, struct json_out *j, const hg_signal_info *s)
{
	static const char *const aggregations[] = {"sum", "mean", "same"};
	static const char *const behaviours[] = {"monotone", "variable", "constant"};

	json_open(j, '{', true);
	put_plain(j, "name", s->name);
	put_plain(j, "unit", s->unit);
	put(r, j, "text", s->text);
	put_plain(j, "domain", s->domain);
	json_kv_string(j, "aggregation", aggregations[s->agg]);
	json_kv_string(j, "behaviour", behaviours[s->behaviour]);
	put_u64(j, "modulus", s->modulus);
	put_u64(j, "resolution", s->resolution);
	json_kv_int(j, "period_ns", s->period_ns);
	if (s->absent)
		put(r, j, "absent", s->absent);
	json_close(j, '}');
}

static void write_knob(struct hg_recorder *r, struct json_out *j, const hg_knob_info *k)
{
	json_open(j, '{', true);
	put_plain(j, "name", k->name);
	put_plain(j, "unit", k->unit);
	put(r, j, "text", k->text);
	json_kv_int(j, "flags", k->flags);
	json_kv_int(j, "min", k->min);
	json_kv_int(j, "max", k->max);
	json_kv_int(j, "step", k->step);
	json_kv_int(j, "default", k->default_value);
	json_kv_int(j, "current", k->current);
	json_kv_int(j, "latency_ns", k->latency_ns);
	if (k->unsettable)
		put(r, j, "unsettable", k->unsettable);
	if (k->ladder) {
		json_key(j, "ladder");
		json_open(j, '[', true);
		for (size_t i = 0; i < k->n_ladder; i++)
			json_put_int(j, k->ladder[i]);
		json_close(j, ']');
	}
	json_close(j, '}');
}

static hg_err write_device(struct hg_recorder *r, size_t i, hg_error *why)
{
	struct source *s = vec_at(&r->sources, i);
	hg_device_info info = {.size = sizeof info};
	struct json_out j;

	hg_device_get_info(s->device, &info);
	line_begin(r, &j);
	json_kv_int(&j, "device", (int64_t)i);
	put(r, &j, "spec", info.spec);
	put_plain(&j, "backend", info.backend);
	json_kv_bool(&j, "simulated", info.simulated != 0);
	put_plain(&j, "vendor", info.vendor);
	put(r, &j, "model", info.model);
	put(r, &j, "title", info.title);
	put(r, &j, "uuid", info.uuid);
	put(r, &j, "pci", info.pci);
	put(r, &j, "parent", info.parent);
	put(r, &j, "wholes", info.wholes);
	put(r, &j, "driver", info.driver);
	json_key(&j, "signals");
	json_open(&j, '[', true);
	for (size_t k = 0; k < hg_device_signals(s->device); k++) {
		hg_signal_info signal = {.size = sizeof signal};

		if (hg_device_signal(s->device, k, &signal) == HG_OK)
			write_signal(r, &j, &signal);
	}
	json_close(&j, ']');
	json_key(&j, "knobs");
	json_open(&j, '[', true);
	for (size_t k = 0; k < s->n_knobs; k++) {
		hg_knob_info knob = {.size = sizeof knob};

		if (hg_device_knob(s->device, k, &knob) == HG_OK)
			write_knob(r, &j, &knob);
		s->knobs[k] = knob.current;
	}
	json_close(&j, ']');
	return line_end(r, &j, why);
}

/* ----- the beginning */

static void source_finish(struct source *s)
{
	free(s->ids);
	free(s->readings);
	free(s->knobs);
}

static hg_err source_add(struct hg_recorder *r, hg_device *d)
{
	size_t n = hg_device_signals(d), n_knobs = hg_device_knobs(d);
	struct source s = {.device = d,
		.ids = calloc(n + 1, sizeof *s.ids),
		.readings = calloc(n + 1, sizeof *s.readings),
		.knobs = calloc(n_knobs + 1, sizeof *s.knobs),
		.n_knobs = n_knobs};
	hg_err rc = s.ids && s.readings && s.knobs ? HG_OK : HG_ENOMEM;

	for (size_t i = 0; !rc && i < n; i++) {
		hg_signal_info info = {.size = sizeof info};

		rc = hg_device_signal(d, i, &info);
		if (!rc && !info.absent)
			s.ids[s.n++] = i;
	}
	rc = rc ? rc : vec_push(&r->sources, &s);
	if (rc)
		source_finish(&s);
	return rc;
}

static hg_err device_secrets(struct hg_recorder *r, const hg_device *d)
{
	hg_device_info info = {.size = sizeof info};
	struct slice rest;
	hg_err rc = HG_OK;

	hg_device_get_info(d, &info);
	if (info.uuid[0])
		rc = secret_add(r, info.uuid, strlen(info.uuid));
	rest = (struct slice){info.wholes, strlen(info.wholes)};
	while (!rc && rest.text) {
		struct slice one = slice_cut(&rest, ' ');

		if (one.len)
			rc = secret_add(r, one.text, one.len);
	}
	return rc;
}

static hg_err sources_init(struct hg_recorder *r, hg_error *why)
{
	hg_err rc = HG_OK;

	for (hg_device *d = hg_device_next(r->ctx, NULL); !rc && d; d = hg_device_next(r->ctx, d)) {
		rc = source_add(r, d);
		rc = rc ? rc : device_secrets(r, d);
	}
	if (!rc && !r->sources.len)
		return fail(why, HG_EINVAL, "hg_record_create: no device is open");
	return rc ? fail(why, rc, "hg_record_create: %s", hg_err_text(rc)) : HG_OK;
}

static hg_err recorder_begin(struct hg_recorder *r, const char *path, hg_error *why)
{
	char host[256];
	const char *name = system_text(r, "proc/sys/kernel/hostname", host, sizeof host);
	hg_err rc;

	/* an empty one is never found */
	if (secret_add(r, name, strlen(name)))
		return fail(why, HG_ENOMEM, "hg_record_create: out of memory");
	rc = sources_init(r, why);
	rc = rc ? rc : file_grow_begin(&r->file, path, why);
	rc = rc ? rc : write_head(r, host, why);
	for (size_t i = 0; !rc && i < r->sources.len; i++)
		rc = write_device(r, i, why);
	return rc;
}

hg_err hg_record_create(
	hg_ctx *ctx, const char *path, const hg_record_opts *opts, hg_recorder **out, hg_error *why)
{
	hg_record_opts ours = {.size = sizeof ours};
	struct hg_recorder *r;
	hg_err rc;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	if (!ctx || !path)
		return fail(why, HG_EINVAL, "hg_record_create: no context or no path");
	if (opts && size_read(&ours, sizeof ours, opts))
		return fail(why, HG_EINVAL, "hg_record_opts.size is not set");
	r = calloc(1, sizeof *r);
	if (!r)
		return fail(why, HG_ENOMEM, "hg_record_create: out of memory");
	r->ctx = ctx;
	r->opts = ours;
	r->file.fd = -1;
	buf_init(&r->line, LINE_MAX_BYTES);
	buf_init(&r->text, (size_t)1 << 20);
	vec_init(&r->sources, sizeof(struct source), DEVICES_MAX);
	vec_init(&r->secrets, sizeof(char *), (size_t)8 * DEVICES_MAX);
	rc = recorder_begin(r, path, why);
	r->opts.command = NULL; /* the caller's, and written */
	if (rc) {
		hg_record_discard(r);
		return rc;
	}
	*out = r;
	return HG_OK;
}

/* ----- samples */

static bool knobs_changed(struct source *s)
{
	bool changed = false;

	for (size_t k = 0; k < s->n_knobs; k++) {
		hg_knob_info knob = {.size = sizeof knob};

		if (hg_device_knob(s->device, k, &knob) == HG_OK && knob.current != s->knobs[k]) {
			s->knobs[k] = knob.current;
			changed = true;
		}
	}
	return changed;
}

/* [value, t0 - t, t1 - t], or [null, t0 - t, t1 - t, "HG_EDEVICE"] */
static void write_reading(struct json_out *j, const hg_reading *reading, int64_t now_ns)
{
	json_open(j, '[', true);
	if (reading->rc)
		json_put_null(j);
	else
		json_put_int(j, reading->value);
	json_put_int(j, reading->t0_ns - now_ns);
	json_put_int(j, reading->t1_ns - now_ns);
	if (reading->rc)
		json_put_string(j, hg_err_name(reading->rc));
	json_close(j, ']');
}

static hg_err write_sample(struct hg_recorder *r, size_t i, hg_error *why)
{
	struct source *s = vec_at(&r->sources, i);
	int64_t now_ns = hg_device_now(s->device);
	struct json_out j;
	hg_err rc = hg_device_read(s->device, s->ids, s->n, s->readings);

	if (rc)
		return fail(why, HG_EINTERNAL, "%s: device %zu cannot be read", r->file.path, i);
	line_begin(r, &j);
	json_kv_int(&j, "d", (int64_t)i);
	json_kv_int(&j, "t", now_ns);
	json_key(&j, "r");
	json_open(&j, '[', true);
	for (size_t k = 0; k < s->n; k++)
		write_reading(&j, &s->readings[k], now_ns);
	json_close(&j, ']');
	if (knobs_changed(s)) {
		json_key(&j, "k");
		json_open(&j, '[', true);
		for (size_t k = 0; k < s->n_knobs; k++)
			json_put_int(&j, s->knobs[k]);
		json_close(&j, ']');
	}
	return line_end(r, &j, why);
}

hg_err hg_record_sample(hg_recorder *r, hg_error *why)
{
	hg_err rc = HG_OK;

	if (why)
		why->text[0] = '\0';
	for (size_t i = 0; !rc && i < r->sources.len; i++)
		rc = write_sample(r, i, why);
	r->samples++;
	return rc;
}

hg_err hg_record_note(hg_recorder *r, const char *text, hg_error *why)
{
	struct json_out j;

	if (why)
		why->text[0] = '\0';
	line_begin(r, &j);
	put(r, &j, "note", text);
	return line_end(r, &j, why);
}

hg_err hg_record_finish(hg_recorder *r, hg_error *why)
{
	struct json_out j;
	hg_err rc;

	if (why)
		why->text[0] = '\0';
	line_begin(r, &j);
	put_u64(&j, "end", r->samples);
	rc = line_end(r, &j, why);
	return rc ? rc : file_grow_finish(&r->file, why);
}

void hg_record_discard(hg_recorder *r)
{
	if (!r)
		return;
	file_grow_discard(&r->file);
	hg_record_destroy(r);
}

void hg_record_destroy(hg_recorder *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->sources.len; i++)
		source_finish(vec_at(&r->sources, i));
	for (size_t i = 0; i < r->secrets.len; i++)
		free(*(char **)vec_at(&r->secrets, i));
	vec_finish(&r->sources);
	vec_finish(&r->secrets);
	buf_finish(&r->line);
	buf_finish(&r->text);
	file_grow_abandon(&r->file);
	free(r);
}
