/*
 * Devices of a context. This layer owns what every backend would otherwise repeat: the list, the
 * checks of indices and ranges, "did you mean", and that one thread at a time is inside a device
 * (gate.h). The list's lock is the context's.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/size.h"
#include "core/text.h"

#include "backend.h"
#include "gate.h"

/** Most backends that a "did you mean" compares. */
#define BACKENDS_MAX 32

struct hg_device {
	struct hg_device *next; /* opened after this one in the same context */
	struct hg_ctx *ctx;
	const struct backend *backend;
	void *state;
	char *spec;        /* owned */
	struct gate *gate; /* owned; a pointer, for calls that do not change the device */
	void *slot;        /* of what measures it */
	atomic_uint refs;  /* the context's, and that of a thread that reads it */
	pid_t pid;         /* of the process that opened it */
};

void device_drop(hg_device *d)
{
	struct hg_ctx *ctx = d ? d->ctx : NULL;

	if (!d)
		return;
	if (d->state)
		d->backend->device->close(d->state);
	if (d->gate)
		gate_finish(d->gate);
	free(d->gate);
	free(d->spec);
	free(d);
	ctx_release(ctx);
}

/* The gate, or NULL when memory is out. */
static struct gate *gate_create(void)
{
	struct gate *g = malloc(sizeof *g);

	if (g && gate_init(g)) {
		free(g);
		g = NULL;
	}
	return g;
}

hg_err device_make(struct hg_ctx *ctx, const struct backend *b, const char *spec, const char *rest,
	hg_device **out, hg_error *why)
{
	struct backend_request req = {.ctx = ctx};
	size_t at = (size_t)(rest - spec);
	struct hg_device *d;
	hg_err rc;

	*out = NULL;
	rc = backend_check(b, why);
	if (rc)
		return rc;
	d = calloc(1, sizeof *d);
	if (!d)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", spec);
	ctx_hold(ctx);
	atomic_init(&d->refs, 1);
	d->ctx = ctx;
	d->backend = b;
	d->pid = getpid();
	d->spec = strdup(spec);
	d->gate = gate_create();
	if (!d->spec || !d->gate) {
		device_drop(d);
		return fail(why, HG_ENOMEM, "%.64s: out of memory", spec);
	}
	req.spec = d->spec;
	req.rest = d->spec + at;
	rc = b->open(&req, &d->state, why);
	if (rc) {
		d->state = NULL;
		device_drop(d);
		return rc;
	}
	*out = d;
	return HG_OK;
}

void device_link(hg_device *d)
{
	struct hg_device **link;

	pthread_mutex_lock(&d->ctx->lock);
	for (link = &d->ctx->devices; *link; link = &(*link)->next)
		;
	*link = d;
	d->ctx->close_device = hg_device_close;
	pthread_mutex_unlock(&d->ctx->lock);
}

hg_err device_open_with(struct hg_ctx *ctx, const struct backend *b, const char *spec,
	const char *rest, hg_device **out, hg_error *why)
{
	hg_err rc = device_make(ctx, b, spec, rest, out, why);

	if (!rc)
		device_link(*out);
	return rc;
}

/* A name without "BACKEND:", or with one that there is not. */
static hg_err unknown_backend(const char *spec, hg_error *why)
{
	struct slice rest = {spec, strlen(spec)};
	struct slice head = slice_cut(&rest, ':');
	const char *names[BACKENDS_MAX];
	char list[160] = "", wrong[64];
	const char *near;
	size_t n = 0, used = 0;

	for (size_t i = 0; backends[i] && n < BACKENDS_MAX; i++) {
		size_t len = strlen(backends[i]->name);

		names[n++] = backends[i]->name;
		if (used + len + 3 > sizeof list)
			continue;
		memcpy(list + used, used ? ", " : "", used ? 2 : 0);
		used += used ? 2 : 0;
		memcpy(list + used, backends[i]->name, len + 1);
		used += len;
	}
	for (size_t i = 0; !rest.text && backends[i]; i++) {
		near = backends[i]->nearest ? backends[i]->nearest(spec) : NULL;
		if (near)
			return fail(why, HG_ENOENT,
				"no device \"%.64s\"; did you mean \"%s:%s\"? Backends: %s", spec,
				backends[i]->name, near, list);
	}
	head.len = head.len < sizeof wrong ? head.len : sizeof wrong - 1;
	memcpy(wrong, head.text, head.len);
	wrong[head.len] = '\0';
	near = nearest_word(wrong, names, n);
	if (near)
		return fail(why, HG_ENOENT,
			"no device \"%.64s\": no backend \"%s\"; did you mean \"%s\"? Backends: %s",
			spec, wrong, near, list);
	return fail(why, HG_ENOENT,
		"no device \"%.64s\": expected \"BACKEND:NAME\" with one of these backends: %s",
		spec, list);
}

hg_err hg_device_open(hg_ctx *ctx, const char *spec, hg_device **out, hg_error *why)
{
	const char *colon;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	if (!ctx || !spec)
		return fail(why, HG_EINVAL, "hg_device_open: no context or no name");
	colon = strchr(spec, ':');
	for (size_t i = 0; colon && backends[i]; i++) {
		size_t len = strlen(backends[i]->name);

		if (len == (size_t)(colon - spec) && !memcmp(spec, backends[i]->name, len))
			return (backends[i]->per_process ? device_open_patiently
							 : device_open_with)(
				ctx, backends[i], spec, colon + 1, out, why);
	}
	return unknown_backend(spec, why);
}

void hg_device_close(hg_device *d)
{
	struct hg_device **link;

	if (!d)
		return;
	pthread_mutex_lock(&d->ctx->lock);
	for (link = &d->ctx->devices; *link && *link != d; link = &(*link)->next)
		;
	if (*link)
		*link = d->next;
	pthread_mutex_unlock(&d->ctx->lock);
	gate_close(d->gate);
	device_unref(d);
}

void device_ref(hg_device *d)
{
	atomic_fetch_add(&d->refs, 1);
}

void device_unref(hg_device *d)
{
	if (atomic_fetch_sub(&d->refs, 1) == 1)
		device_drop(d);
}

bool device_enter(const hg_device *d)
{
	return gate_enter(d->gate, GATE_PATIENCE_NS);
}

void device_leave(const hg_device *d)
{
	gate_leave(d->gate);
}

bool device_alarm(const hg_device *d, int64_t at_ns, backend_alarm_fn fn, void *user)
{
	bool set;

	if (!d->backend->device->alarm)
		return false;
	/* a thread that runs work on it may be long inside, but comes back */
	if (!gate_enter(d->gate, -1))
		return false;
	set = d->backend->device->alarm(d->state, at_ns, fn, user);
	device_leave(d);
	return set;
}

void **device_slot(hg_device *d)
{
	return &d->slot;
}

struct hg_ctx *device_context(const hg_device *d)
{
	return d->ctx;
}

/* What a call returns that did not get in. */
static hg_err stuck(const hg_device *d, hg_error *why)
{
	return fail(why, HG_EDEVICE,
		"%s: a driver call of another thread has not come back for %d s", d->spec,
		(int)(GATE_PATIENCE_NS / 1000000000));
}

hg_device *hg_device_next(hg_ctx *ctx, hg_device *prev)
{
	hg_device *d;

	pthread_mutex_lock(&ctx->lock);
	d = prev ? prev->next : ctx->devices;
	pthread_mutex_unlock(&ctx->lock);
	return d;
}

void *device_state(const hg_device *d, const struct backend *b)
{
	return d && d->backend == b ? d->state : NULL;
}

const char *device_spec(const hg_device *d)
{
	return d->spec;
}

void hg_device_get_info(const hg_device *d, hg_device_info *info)
{
	hg_device_info ours = {.size = sizeof ours,
		.vendor = "",
		.model = "",
		.title = "",
		.uuid = "",
		.pci = "",
		.parent = "",
		.driver = ""};

	d->backend->device->info(d->state, &ours);
	ours.driver = ours.driver ? ours.driver : "";
	ours.wholes = ours.wholes ? ours.wholes : ours.parent;
	ours.size = sizeof ours;
	ours.spec = d->spec;
	ours.backend = d->backend->name;
	size_write(info, &ours, sizeof ours);
}

/* ----- signals */

size_t hg_device_signals(const hg_device *d)
{
	return d->backend->device->signals(d->state);
}

hg_err hg_device_signal(const hg_device *d, size_t i, hg_signal_info *info)
{
	hg_signal_info ours = {.size = sizeof ours};

	if (i >= hg_device_signals(d))
		return HG_EINVAL;
	d->backend->device->signal(d->state, i, &ours);
	size_write(info, &ours, sizeof ours);
	return HG_OK;
}

size_t hg_device_signal_index(const hg_device *d, const char *name)
{
	size_t n = hg_device_signals(d);

	for (size_t i = 0; i < n; i++) {
		hg_signal_info info = {.size = sizeof info};

		d->backend->device->signal(d->state, i, &info);
		if (!strcmp(info.name, name))
			return i;
	}
	return SIZE_MAX;
}

bool device_inherited(const hg_device *d, hg_error *why)
{
	if (d->pid == getpid())
		return false;
	(void)fail(why, HG_EDEVICE,
		"%s: opened by process %lld, of which this is a child: open it again", d->spec,
		(long long)d->pid);
	return true;
}

/* Whether this is a child of the process that holds the device. */
static bool is_foreign(const hg_device *d)
{
	return d->backend->per_process && d->pid != getpid();
}

hg_err hg_device_processes(hg_device *d, hg_process *out, size_t room, size_t *n, hg_error *why)
{
	*n = 0;
	if (why)
		why->text[0] = '\0';
	if (!d->backend->device->processes)
		return fail(why, HG_EUNSUPPORTED, "%s: %s does not tell who uses a device", d->spec,
			d->backend->name);
	if (d->backend->per_process && device_inherited(d, why))
		return HG_EDEVICE;
	return d->backend->device->processes(d->state, out, room, n, why);
}

hg_err hg_device_read(hg_device *d, const size_t *ids, size_t n, hg_reading *out)
{
	size_t n_signals = hg_device_signals(d);

	for (size_t i = 0; i < n; i++)
		if (ids[i] >= n_signals)
			return HG_EINVAL;
	if (is_foreign(d)) {
		for (size_t i = 0; i < n; i++) {
			out[i] = (hg_reading){.rc = HG_EDEVICE};
			out[i].t0_ns = out[i].t1_ns = hg_device_now(d);
		}
		return HG_OK;
	}
	if (!device_enter(d)) {
		for (size_t i = 0; i < n; i++)
			out[i] = (hg_reading){.rc = stuck(d, NULL)};
		return HG_OK;
	}
	d->backend->device->read(d->state, ids, n, out);
	device_leave(d);
	return HG_OK;
}

int64_t hg_device_now(const hg_device *d)
{
	int64_t now_ns;

	/* the context's clock needs no driver; a simulated device's state does */
	if (!d->backend->device->alarm)
		return d->backend->device->now(d->state);
	if (!gate_enter(d->gate, -1))
		return 0; /* closed: nobody may ask */
	now_ns = d->backend->device->now(d->state);
	device_leave(d);
	return now_ns;
}

/* ----- knobs */

size_t hg_device_knobs(const hg_device *d)
{
	return d->backend->device->knobs(d->state);
}

hg_err hg_device_knob(const hg_device *d, size_t i, hg_knob_info *info)
{
	hg_knob_info ours = {.size = sizeof ours};

	if (i >= hg_device_knobs(d))
		return HG_EINVAL;
	if (!device_enter(d))
		return stuck(d, NULL);
	d->backend->device->knob(d->state, i, &ours);
	device_leave(d);
	/* a backend that cannot ask for the range leaves it zero */
	if (ours.unsettable && !ours.min && !ours.max)
		ours.flags |= HG_KNOB_RANGE_UNKNOWN;
	size_write(info, &ours, sizeof ours);
	return HG_OK;
}

size_t hg_device_knob_index(const hg_device *d, const char *name)
{
	size_t n = hg_device_knobs(d);

	for (size_t i = 0; i < n; i++) {
		hg_knob_info info = {.size = sizeof info};

		if (!hg_device_knob(d, i, &info) && !strcmp(info.name, name))
			return i;
	}
	return SIZE_MAX;
}

/* Without the gate. */
static hg_err check(const hg_device *d, size_t knob, int64_t value, hg_error *why)
{
	hg_knob_info info = {.size = sizeof info};

	if (knob >= hg_device_knobs(d))
		return fail(why, HG_EINVAL, "%s: no knob %zu, there are %zu", d->spec, knob,
			hg_device_knobs(d));
	d->backend->device->knob(d->state, knob, &info);
	if (info.unsettable)
		return fail(why, HG_EUNSUPPORTED, "%s: %s cannot be set: %s", d->spec, info.name,
			info.unsettable);
	if ((value < info.min || value > info.max) && value != info.default_value)
		return fail(why, HG_ERANGE,
			"%s: %s %lld %s is out of range, expected %lld to %lld %s", d->spec,
			info.name, (long long)value, info.unit, (long long)info.min,
			(long long)info.max, info.unit);
	return HG_OK;
}

hg_err device_set_check(const hg_device *d, size_t knob, int64_t value, hg_error *why)
{
	hg_err rc;

	if (!device_enter(d))
		return stuck(d, why);
	rc = check(d, knob, value, why);
	device_leave(d);
	return rc;
}

static hg_err foreign(const hg_device *d, hg_error *why)
{
	return fail(why, HG_EDEVICE,
		"%s: opened by process %lld, of which this is a child: open it again", d->spec,
		(long long)d->pid);
}

hg_err device_set_at_once(hg_device *d, size_t knob, int64_t value)
{
	hg_effect effect = {.requested = value};
	hg_err rc = check(d, knob, value, NULL);

	if (!rc && is_foreign(d))
		rc = HG_EDEVICE;
	return rc ? rc : d->backend->device->set(d->state, knob, value, &effect, NULL);
}

hg_err hg_device_set(hg_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	hg_effect ours = {.requested = value};
	hg_err rc;

	if (effect)
		*effect = ours;
	/* who is inside may not exist in a child */
	if (is_foreign(d)) {
		rc = check(d, knob, value, why);
		return rc ? rc : foreign(d, why);
	}
	if (!device_enter(d))
		return stuck(d, why);
	rc = check(d, knob, value, why);
	rc = rc ? rc : d->backend->device->set(d->state, knob, value, &ours, why);
	device_leave(d);
	if (effect)
		*effect = ours;
	return rc;
}

hg_err hg_device_reset(hg_device *d, hg_error *why)
{
	size_t n = hg_device_knobs(d);
	hg_err first = HG_OK;

	for (size_t i = 0; i < n; i++) {
		hg_knob_info info = {.size = sizeof info};
		hg_err rc = hg_device_knob(d, i, &info);

		if (!rc && info.unsettable)
			continue;
		rc = hg_device_set(d, i, info.default_value, NULL, first ? NULL : why);
		first = first ? first : rc;
	}
	return first;
}
