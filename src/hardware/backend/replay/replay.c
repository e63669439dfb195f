/*
 * Playing a recording back. Without a speed each read takes the next sample, so that what is
 * computed of them does not depend on how fast this machine is, or time passes as somebody says;
 * with one, samples come at their time. The clock is the recording's in both cases: only then do
 * its readings make sense.
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/record.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/number.h"
#include "core/size.h"
#include "core/text.h"

#include "recording.h"

#define SPEED_MAX 1e6
/** Longest path of a recording in a device's name. */
#define PATH_BYTES 4096

struct replay {
	struct hg_ctx *ctx;
	struct recording recording;
	double speed;     /* 0: a sample for each read */
	int64_t epoch_ns; /* context's clock when it was opened */
	size_t position;  /* samples played */
	bool ended;       /* the last one is over */
	/* without a speed */
	int64_t now_ns;
	int64_t alarm_ns; /* INT64_MAX: none */
	backend_alarm_fn alarm;
	void *alarm_user;
	bool ringing; /* whoever the alarm has called reads what is there: time stands still */
};

/* ----- opening */

static const char *const keys[] = {"device", "speed"};

/** What a name says. */
struct wanted {
	char path[PATH_BYTES];
	uint64_t device;
	double speed;
};

/* Whether text begins an option, "word=": a path may have commas. */
static bool is_option(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	return n > 0 && text[n] == '=';
}

static hg_err option_read(const char *spec, struct slice option, struct wanted *w, hg_error *why)
{
	struct slice value = option;
	struct slice key = slice_cut(&value, '=');
	char wrong[32];
	const char *near;

	if (slice_is(key, "device"))
		return uint64_parse(value.text, value.len, &w->device)
			       ? HG_OK
			       : fail(why, HG_EINVAL, "%.128s: device: expected a whole number",
					 spec);
	if (slice_is(key, "speed")) {
		if (double_parse(value.text, value.len, false, &w->speed) && w->speed >= 0 &&
			w->speed <= SPEED_MAX)
			return HG_OK;
		return fail(why, HG_EINVAL, "%.128s: speed: expected a number from 0 to %g", spec,
			SPEED_MAX);
	}
	(void)snprintf(wrong, sizeof wrong, "%.*s", (int)(key.len < 31 ? key.len : 31), key.text);
	near = nearest_word(wrong, keys, sizeof keys / sizeof *keys);
	return fail(why, HG_EINVAL, "%.128s: no option \"%s\"%s%s%s; known are device, speed", spec,
		wrong, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static hg_err name_read(const struct backend_request *req, struct wanted *w, hg_error *why)
{
	const char *end, *at;
	struct slice rest;
	hg_err rc = HG_OK;

	for (end = strchr(req->rest, ','); end && !is_option(end + 1); end = strchr(end + 1, ','))
		;
	at = end ? end : req->rest + strlen(req->rest);
	if (at == req->rest || (size_t)(at - req->rest) >= sizeof w->path)
		return fail(why, HG_EINVAL, "%.128s: expected \"replay:FILE\"", req->spec);
	memcpy(w->path, req->rest, (size_t)(at - req->rest));
	w->path[at - req->rest] = '\0';
	rest = (struct slice){end ? end + 1 : NULL, end ? strlen(end + 1) : 0};
	while (!rc && rest.text)
		rc = option_read(req->spec, slice_cut(&rest, ','), w, why);
	return rc;
}

static void replay_close(void *state)
{
	struct replay *p = state;

	if (p)
		recording_finish(&p->recording);
	free(p);
}

static hg_err replay_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct replay *p = calloc(1, sizeof *p);
	struct wanted w = {.device = 0};
	struct buf text = {0};
	hg_err rc;

	*state = NULL;
	if (!p)
		return fail(why, HG_ENOMEM, "%.128s: out of memory", req->spec);
	rc = name_read(req, &w, why);
	rc = rc ? rc : file_read(w.path, FILE_MAX, &text, why);
	if (!rc)
		rc = recording_parse(&p->recording, text.data ? text.data : "", text.len, w.path,
			w.device < SIZE_MAX ? (size_t)w.device : SIZE_MAX, why);
	buf_finish(&text);
	if (rc) {
		replay_close(p);
		return rc;
	}
	p->ctx = req->ctx;
	p->speed = w.speed;
	p->epoch_ns = ctx_now(p->ctx);
	p->now_ns = p->recording.times.len ? *(int64_t *)vec_at(&p->recording.times, 0) : 0;
	p->alarm_ns = INT64_MAX;
	*state = p;
	return HG_OK;
}

/* ----- time */

static int64_t time_at(const struct replay *p, size_t i)
{
	return *(int64_t *)vec_at(&p->recording.times, i);
}

/* Real time as time of the recording. */
static int64_t playing_ns(const struct replay *p)
{
	double passed = (double)(ctx_now(p->ctx) - p->epoch_ns) * p->speed;

	return time_at(p, 0) + (int64_t)(passed < 4e18 ? passed : 4e18);
}

static int64_t replay_now(const void *state)
{
	const struct replay *p = state;

	if (!p->recording.times.len)
		return 0;
	return p->speed > 0 ? playing_ns(p) : p->now_ns;
}

/* Takes all samples up to now. */
static void catch_up(struct replay *p)
{
	while (p->position < p->recording.times.len && time_at(p, p->position) <= p->now_ns)
		p->position++;
}

/* Rings what is due by now. Who is called may ask to be called again. */
static void ring(struct replay *p)
{
	while (p->alarm_ns <= p->now_ns && !p->ringing) {
		p->alarm_ns = INT64_MAX;
		p->ringing = true;
		p->alarm(p->alarm_user, p->now_ns);
		p->ringing = false;
	}
}

/* Moves on to the sample that a read gives. @return false: there is none */
static bool next_sample(struct replay *p)
{
	size_t n = p->recording.times.len;
	int64_t now_ns;

	if (!n || p->ended)
		return false;
	if (!(p->speed > 0) && p->ringing) {
		catch_up(p);
		return p->position > 0;
	}
	if (!(p->speed > 0)) {
		p->ended = p->position == n;
		if (p->ended)
			return false;
		if (p->now_ns < time_at(p, p->position))
			p->now_ns = time_at(p, p->position);
		p->position++;
		return true;
	}
	now_ns = playing_ns(p);
	while (p->position < n && time_at(p, p->position) <= now_ns)
		p->position++;
	/* the last one holds for as long as samples do */
	p->ended = p->position == n && now_ns - time_at(p, n - 1) > p->recording.interval_ns;
	return !p->ended && p->position > 0;
}

/* ----- hooks */

static void replay_info(const void *state, hg_device_info *info)
{
	const struct replay *p = state;

	*info = recording_device(&p->recording)->info;
}

static size_t replay_signals(const void *state)
{
	return recording_device(&((const struct replay *)state)->recording)->n_signals;
}

static void replay_signal(const void *state, size_t i, hg_signal_info *info)
{
	*info = recording_device(&((const struct replay *)state)->recording)->signals[i];
}

static void replay_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	struct replay *p = state;
	const struct recorded_device *d = recording_device(&p->recording);
	bool there = next_sample(p);
	int64_t now_ns = replay_now(p);

	for (size_t i = 0; i < n; i++) {
		size_t column = d->columns[ids[i]];

		out[i] = (hg_reading){.t0_ns = now_ns, .t1_ns = now_ns};
		if (column == SIZE_MAX)
			out[i].rc = HG_EUNSUPPORTED;
		else if (!there)
			out[i].rc = HG_EDEVICE;
		else
			out[i] = *(hg_reading *)vec_at(
				&p->recording.readings, (p->position - 1) * d->n_columns + column);
	}
	if (!(p->speed > 0))
		ring(p);
}

static bool replay_alarm(void *state, int64_t at_ns, backend_alarm_fn fn, void *user)
{
	struct replay *p = state;

	if (p->speed > 0)
		return false;
	p->alarm_ns = at_ns;
	p->alarm = fn;
	p->alarm_user = user;
	return true;
}

static size_t replay_knobs(const void *state)
{
	return recording_device(&((const struct replay *)state)->recording)->n_knobs;
}

static void replay_knob(const void *state, size_t i, hg_knob_info *info)
{
	const struct replay *p = state;
	const struct recorded_device *d = recording_device(&p->recording);

	*info = d->knobs[i];
	if (p->position)
		info->current =
			*(int64_t *)vec_at(&p->recording.knobs, (p->position - 1) * d->n_knobs + i);
}

static hg_err replay_set(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	(void)state;
	(void)knob;
	(void)value;
	(void)effect;
	return fail(why, HG_EUNSUPPORTED, "a recording cannot be set");
}

static const struct device_hooks replay_hooks = {
	.close = replay_close,
	.info = replay_info,
	.signals = replay_signals,
	.signal = replay_signal,
	.read = replay_read,
	.now = replay_now,
	.knobs = replay_knobs,
	.knob = replay_knob,
	.set = replay_set,
	.alarm = replay_alarm,
};

const struct backend replay_backend = {
	.abi = BACKEND_ABI,
	.name = "replay",
	.text = "recorded devices, replay:FILE[,device=N][,speed=X]",
	.open = replay_open,
	.device = &replay_hooks,
};

/* ----- time that passes when somebody says so */

hg_err hg_replay_run(hg_device *d, double seconds, hg_error *why)
{
	struct replay *p = device_state(d, &replay_backend);
	int64_t asked_ns, end_ns, last_ns;

	if (!p || p->speed > 0)
		return fail(why, HG_EINVAL, "hg_replay_run: %s",
			p ? "the device has a speed: its time passes by itself"
			  : "not a replayed device");
	if (!(seconds >= 0.0 && seconds < 1e9) || !p->recording.times.len)
		return fail(why, HG_EINVAL, "%s: no time that could pass", device_spec(d));
	if (!device_enter(d))
		return fail(why, HG_EDEVICE, "%s: another thread does not come back from it",
			device_spec(d));
	last_ns = time_at(p, p->recording.times.len - 1);
	asked_ns = p->now_ns + (int64_t)(seconds * 1e9 + 0.5);
	end_ns = asked_ns < last_ns ? asked_ns : last_ns;
	while (p->alarm_ns <= end_ns) {
		p->now_ns = p->alarm_ns > p->now_ns ? p->alarm_ns : p->now_ns;
		ring(p);
	}
	p->now_ns = end_ns > p->now_ns ? end_ns : p->now_ns;
	catch_up(p);
	device_leave(d);
	return asked_ns <= last_ns
		       ? HG_OK
		       : fail(why, HG_ERANGE, "%s: the recording ends before", device_spec(d));
}

/* ----- the whole recording */

hg_err hg_replay_get_info(const hg_device *d, hg_recording_info *info)
{
	const struct replay *p = device_state(d, &replay_backend);
	const struct recording *r;
	hg_recording_info ours = {.size = sizeof ours};

	if (!p)
		return HG_EINVAL;
	r = &p->recording;
	ours.anonymous = r->anonymous;
	ours.complete = r->complete;
	ours.ended = p->speed > 0 ? p->ended : p->position == r->times.len;
	ours.tool = r->tool;
	ours.host = r->host;
	ours.kernel = r->kernel;
	ours.command = r->command;
	ours.interval_ns = r->interval_ns;
	ours.devices = r->n_devices;
	ours.samples = r->times.len;
	ours.position = p->position;
	ours.first_ns = r->times.len ? time_at(p, 0) : 0;
	ours.last_ns = r->times.len ? time_at(p, r->times.len - 1) : 0;
	ours.notes = r->notes.data;
	ours.n_notes = r->notes.len;
	size_write(info, &ours, sizeof ours);
	return HG_OK;
}

static hg_err open_one(
	hg_ctx *ctx, const char *path, double speed, size_t i, hg_device **out, hg_error *why)
{
	char spec[PATH_BYTES + 64], number[DOUBLE_TEXT];
	int n;

	(void)double_format(speed, number);
	n = snprintf(spec, sizeof spec, "replay:%s,device=%zu,speed=%s", path, i, number);
	if (n < 0 || (size_t)n >= sizeof spec)
		return fail(why, HG_EINVAL, "%.64s...: too long for a path", path);
	return hg_device_open(ctx, spec, out, why);
}

hg_err hg_replay_open(hg_ctx *ctx, const char *path, double speed, size_t *n, hg_error *why)
{
	hg_recording_info info = {.size = sizeof info, .devices = 1};
	hg_err rc = HG_OK;
	size_t i;

	if (n)
		*n = 0;
	if (!ctx || !path)
		return fail(why, HG_EINVAL, "hg_replay_open: no context or no path");
	for (i = 0; !rc && i < info.devices; i++) {
		hg_device *d;

		rc = open_one(ctx, path, speed, i, &d, why);
		rc = rc ? rc : hg_replay_get_info(d, &info);
	}
	if (n && !rc)
		*n = i;
	return rc;
}
