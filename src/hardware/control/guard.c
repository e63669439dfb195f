/*
 * The guard. Its slots are allocated when it is made and never move, and a slot is filled before it
 * is marked, so that a signal handler can walk them at any time. A mark is made before the knob is
 * set and taken away after it is put back: in between both a crash and a handler restore it.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <hourglass/control.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/size.h"
#include "hardware/device/backend.h"

/** A knob that is held. */
struct slot {
	hg_device *device;
	size_t knob;
	int64_t baseline, value;
	uint32_t by_reset;
	atomic_bool held;
};

struct hg_guard {
	hg_ctx *ctx;
	hg_guard_opts opts;
	pid_t pid;            /* of the process that created it */
	pthread_mutex_t lock; /* of everything but `held` and `used` */
	atomic_size_t used;   /* slots that were ever filled */
	struct slot slots[HG_GUARD_KNOBS];
};

hg_err hg_guard_create(hg_ctx *ctx, const hg_guard_opts *opts, hg_guard **out, hg_error *why)
{
	hg_guard_opts ours = {.size = sizeof ours};
	hg_guard *g;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	if (!ctx)
		return fail(why, HG_EINVAL, "hg_guard_create: no context");
	if (opts && size_read(&ours, sizeof ours, opts))
		return fail(why, HG_EINVAL, "hg_guard_opts.size is not set");
	g = calloc(1, sizeof *g);
	if (!g || pthread_mutex_init(&g->lock, NULL)) {
		free(g);
		return fail(why, HG_ENOMEM, "hg_guard_create: out of memory");
	}
	g->ctx = ctx;
	g->opts = ours;
	g->pid = getpid();
	*out = g;
	return HG_OK;
}

static bool is_child(const hg_guard *g)
{
	return g->pid != getpid();
}

static void entry_fill(const struct slot *s, hg_guard_entry *entry)
{
	hg_device_info device = {.size = sizeof device};
	hg_knob_info knob = {.size = sizeof knob};

	hg_device_get_info(s->device, &device);
	if (hg_device_knob(s->device, s->knob, &knob))
		knob.name = knob.unit = "";
	*entry = (hg_guard_entry){.size = sizeof *entry,
		.by_reset = s->by_reset,
		.device = s->device,
		.knob = s->knob,
		.spec = device.spec,
		.uuid = device.uuid,
		.name = knob.name,
		.unit = knob.unit,
		.baseline = s->baseline,
		.value = s->value};
}

/* ----- setting */

/* The slot that holds a knob, else a free one, else NULL. */
static struct slot *slot_for(hg_guard *g, const hg_device *d, size_t knob)
{
	size_t used = atomic_load(&g->used);
	struct slot *vacant = NULL;

	for (size_t i = 0; i < used; i++) {
		struct slot *s = &g->slots[i];

		if (!atomic_load(&s->held))
			vacant = vacant ? vacant : s;
		else if (s->device == d && s->knob == knob)
			return s;
	}
	if (!vacant && used < HG_GUARD_KNOBS)
		vacant = &g->slots[used];
	return vacant;
}

/* Fills a free slot, tells the journal, and marks it: from then on the knob is restored. */
static hg_err slot_hold(
	hg_guard *g, struct slot *s, const struct slot *filled, const char *spec, hg_error *why)
{
	hg_guard_entry entry;
	hg_err rc = HG_OK;

	s->device = filled->device;
	s->knob = filled->knob;
	s->baseline = filled->baseline;
	s->value = filled->value;
	s->by_reset = filled->by_reset;
	if (g->opts.journal) {
		entry_fill(s, &entry);
		rc = g->opts.journal(g->opts.journal_user, &entry);
		if (rc)
			return fail(why, rc, "%s: %s was not set: its journal failed: %s", spec,
				entry.name, hg_err_text(rc));
	}
	atomic_store(&s->held, true);
	if (s == &g->slots[atomic_load(&g->used)])
		atomic_fetch_add(&g->used, 1);
	return rc;
}

static bool is_open(const hg_guard *g, const hg_device *d)
{
	for (hg_device *o = hg_device_next(g->ctx, NULL); o; o = hg_device_next(g->ctx, o))
		if (o == d)
			return true;
	return false;
}

static hg_err hold(hg_guard *g, hg_device *d, size_t knob, int64_t value, hg_error *why)
{
	struct slot *s = slot_for(g, d, knob);
	hg_knob_info info = {.size = sizeof info};
	struct slot filled = {.device = d, .knob = knob, .value = value};
	hg_err rc;

	if (!s)
		return fail(why, HG_ELIMIT, "%s: one guard holds at most %d knobs", device_spec(d),
			HG_GUARD_KNOBS);
	if (atomic_load(&s->held)) {
		s->value = value;
		return HG_OK;
	}
	rc = hg_device_knob(d, knob, &info);
	if (rc)
		return rc;
	filled.baseline = info.current;
	filled.by_reset =
		info.flags & HG_KNOB_WRITE_ONLY && info.current == info.default_value ? 1 : 0;
	return slot_hold(g, s, &filled, device_spec(d), why);
}

hg_err hg_guard_set(
	hg_guard *g, hg_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	hg_err rc;

	if (why)
		why->text[0] = '\0';
	if (!g || !d)
		return fail(why, HG_EINVAL, "hg_guard_set: no guard or no device");
	if (is_child(g))
		return fail(why, HG_EUNSUPPORTED,
			"the guard is of process %lld, this is its child %lld: open the device and "
			"a guard here",
			(long long)g->pid, (long long)getpid());
	if (!is_open(g, d))
		return fail(why, HG_EINVAL, "the device is not open in the guard's context");
	rc = device_set_check(d, knob, value, why);
	if (rc)
		return rc;
	pthread_mutex_lock(&g->lock);
	rc = hold(g, d, knob, value, why);
	pthread_mutex_unlock(&g->lock);
	return rc ? rc : hg_device_set(d, knob, value, effect, why);
}

/* ----- what is held */

size_t hg_guard_held(const hg_guard *g)
{
	size_t used = atomic_load(&g->used), n = 0;

	for (size_t i = 0; i < used; i++)
		n += atomic_load(&g->slots[i].held);
	return n;
}

hg_err hg_guard_entry_at(const hg_guard *g, size_t i, hg_guard_entry *entry)
{
	size_t used = atomic_load(&g->used);
	hg_guard_entry ours;

	for (size_t k = 0; k < used; k++)
		if (atomic_load(&g->slots[k].held) && i-- == 0) {
			entry_fill(&g->slots[k], &ours);
			size_write(entry, &ours, sizeof ours);
			return HG_OK;
		}
	return HG_EINVAL;
}

/* ----- putting back */

/* What was refused all the time never changed: there is nothing to put back. */
static bool is_as_it_was(const struct slot *s)
{
	hg_knob_info info = {.size = sizeof info};

	return hg_device_knob(s->device, s->knob, &info) == HG_OK &&
	       !(info.flags & HG_KNOB_WRITE_ONLY) && info.current == s->baseline;
}

/* With `at_once` called from signal handlers: no lock, no memory, no log. */
static hg_err slot_restore(struct slot *s, bool at_once, hg_error *why)
{
	hg_err rc;

	if (!atomic_load(&s->held))
		return HG_OK;
	rc = at_once ? device_set_at_once(s->device, s->knob, s->baseline)
		     : hg_device_set(s->device, s->knob, s->baseline, NULL, why);
	if (rc && !at_once && is_as_it_was(s))
		rc = HG_OK;
	if (!rc)
		atomic_store(&s->held, false);
	return rc;
}

hg_err hg_guard_release(hg_guard *g, hg_error *why)
{
	hg_err first = HG_OK;

	if (why)
		why->text[0] = '\0';
	if (is_child(g))
		return HG_OK;
	pthread_mutex_lock(&g->lock);
	for (size_t i = atomic_load(&g->used); i--;) {
		struct slot *s = &g->slots[i];
		hg_error inner = {""};
		hg_err rc = slot_restore(s, false, &inner);
		hg_guard_entry e;

		if (!rc || first)
			continue;
		entry_fill(s, &e);
		first = fail(why, rc, "%s could not be put back to %lld %s: %s", e.name,
			(long long)e.baseline, e.unit, inner.text);
	}
	if (!first)
		atomic_store(&g->used, 0);
	pthread_mutex_unlock(&g->lock);
	return first;
}

void hg_guard_restore_async(hg_guard *g)
{
	if (!g || is_child(g))
		return;
	for (size_t i = atomic_load(&g->used); i--;)
		(void)slot_restore(&g->slots[i], true, NULL);
}

void hg_guard_destroy(hg_guard *g)
{
	hg_error why = {""};

	if (!g)
		return;
	if (hg_guard_release(g, &why))
		ctx_log(g->ctx, HG_LOG_ERROR, "guard", "%s", why.text);
	pthread_mutex_destroy(&g->lock);
	free(g);
}
