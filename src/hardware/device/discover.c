/*
 * Looking for hardware: every backend that can names its devices, this layer opens them. A driver
 * may hang, in its initialisation above all, so each backend searches in a thread of its own. One
 * that makes no progress is left behind: what it still does goes to waste when it comes back.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/thread.h"
#include "core/vec.h"

#include "backend.h"

/** Longest name of a device, "BACKEND:" included. */
#define SPEC_MAX 256
/** Most devices that one search may find. */
#define FOUND_MAX 65536

/** A search; shared by the thread that does it and the one that waits for it. */
struct backend_found {
	struct hg_ctx *ctx; /* held */
	const struct backend *backend;
	const char *one; /* the only device that is opened, once more if it is open; NULL: search */
	char *one_text;  /* owned; the name that one is the end of */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t moved;
	unsigned holders;
	bool ended, given_up;
	size_t steps;    /* of progress */
	struct vec made; /* hg_device *: opened, in no list yet */
	size_t open;     /* found, and open now */
	size_t failed;   /* found, but cannot be opened */
	hg_err rc;       /* of the first that failed */
	hg_error first;  /* its text */
	hg_err result;   /* of the search */
	hg_error reason; /* its text */
};

static void found_failed(struct backend_found *found, hg_err rc, const hg_error *why)
{
	if (!found->failed++) {
		found->rc = rc;
		found->first = *why;
	}
}

static bool is_open(struct hg_ctx *ctx, const char *spec)
{
	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d))
		if (!strcmp(device_spec(d), spec))
			return true;
	return false;
}

/* There is progress. @return whether the device has to be opened */
static bool wanted(struct backend_found *found, const char *spec)
{
	bool want;

	pthread_mutex_lock(&found->lock);
	found->steps++;
	want = !found->given_up;
	if (want && !found->one && is_open(found->ctx, spec)) {
		found->open++;
		want = false;
	}
	pthread_cond_signal(&found->moved);
	pthread_mutex_unlock(&found->lock);
	return want;
}

static void found_open(struct backend_found *found, const char *spec, const char *rest)
{
	hg_error why = {""};
	hg_device *d = NULL;
	hg_err rc;

	if (!wanted(found, spec))
		return;
	rc = device_make(found->ctx, found->backend, spec, rest, &d, &why);
	pthread_mutex_lock(&found->lock);
	if (!rc && found->given_up)
		rc = HG_EABORTED; /* nobody is told */
	rc = rc ? rc : vec_push(&found->made, &d);
	if (rc)
		found_failed(found, rc, &why);
	else
		found->open++;
	pthread_mutex_unlock(&found->lock);
	if (rc)
		device_drop(d);
}

void backend_found(struct backend_found *found, const char *rest)
{
	size_t head = strlen(found->backend->name), tail = strlen(rest);
	char spec[SPEC_MAX];
	hg_error why = {""};

	if (head + tail + 2 > sizeof spec) {
		hg_err rc = fail(&why, HG_ELIMIT, "%s:%.32s...: a name of more than %d bytes",
			found->backend->name, rest, SPEC_MAX);

		pthread_mutex_lock(&found->lock);
		found_failed(found, rc, &why);
		pthread_mutex_unlock(&found->lock);
		return;
	}
	memcpy(spec, found->backend->name, head);
	spec[head] = ':';
	memcpy(spec + head + 1, rest, tail + 1);
	found_open(found, spec, spec + head + 1);
}

/* ----- the thread */

static void found_release(struct backend_found *found)
{
	unsigned left;

	pthread_mutex_lock(&found->lock);
	left = --found->holders;
	pthread_mutex_unlock(&found->lock);
	if (left)
		return;
	vec_finish(&found->made);
	free(found->one_text);
	pthread_cond_destroy(&found->moved);
	pthread_mutex_destroy(&found->lock);
	ctx_release(found->ctx);
	free(found);
}

static void *search(void *user)
{
	struct backend_found *found = user;
	hg_error reason = {""};
	hg_err rc = backend_check(found->backend, &reason);

	if (!rc && found->one)
		found_open(found, found->one_text, found->one);
	else if (!rc)
		rc = found->backend->discover(found->ctx, found, &reason);
	pthread_mutex_lock(&found->lock);
	found->result = rc;
	found->reason = reason;
	found->ended = true;
	pthread_cond_signal(&found->moved);
	pthread_mutex_unlock(&found->lock);
	found_release(found);
	return NULL;
}

static struct backend_found *found_create(struct hg_ctx *ctx, const struct backend *b)
{
	struct backend_found *found = calloc(1, sizeof *found);

	if (!found)
		return NULL;
	found->ctx = ctx;
	found->backend = b;
	found->holders = 2;
	vec_init(&found->made, sizeof(hg_device *), FOUND_MAX);
	(void)pthread_mutex_init(&found->lock, NULL); /* neither fails on Linux */
	(void)cond_init(&found->moved);
	ctx_hold(ctx);
	return found;
}

/* Waits for the end, as long as there is progress. The lock is held. */
static void search_await(struct backend_found *found)
{
	int64_t patience_ns = found->ctx->driver_timeout_ns;
	struct timespec until = time_later(patience_ns);
	size_t steps = found->steps;
	int timed_out = 0;

	while (!found->ended && timed_out != ETIMEDOUT) {
		timed_out = pthread_cond_timedwait(&found->moved, &found->lock, &until);
		if (found->steps != steps) {
			steps = found->steps;
			until = time_later(patience_ns);
			timed_out = 0;
		}
	}
	if (found->ended)
		return;
	found->given_up = true;
	found->result = fail(&found->reason, HG_EDEVICE,
		"the driver did not answer in %.3g s, and is left alone",
		(double)patience_ns * 1e-9);
}

/* Starts it, waits, and puts what it has made into the context. The result is the caller's to read
 * under the lock, which is held. */
static void search_whole(struct backend_found *found)
{
	/* where there is no thread to be had, in this one */
	if (thread_start(search, found, 0))
		(void)search(found);
	pthread_mutex_lock(&found->lock);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): of its two holders one is left */
	search_await(found);
	for (size_t i = 0; i < found->made.len; i++)
		device_link(*(hg_device **)vec_at(&found->made, i));
	if (!found->result && found->failed) {
		found->result = found->rc;
		found->reason = found->first;
	}
}

hg_err device_open_patiently(struct hg_ctx *ctx, const struct backend *b, const char *spec,
	const char *rest, hg_device **out, hg_error *why)
{
	struct backend_found *found = found_create(ctx, b);
	hg_err rc;

	*out = NULL;
	if (!found)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", spec);
	found->one_text = strdup(spec);
	if (!found->one_text) {
		found->holders = 1;
		found_release(found);
		return fail(why, HG_ENOMEM, "%.64s: out of memory", spec);
	}
	found->one = found->one_text + (rest - spec);
	search_whole(found);
	rc = found->result;
	if (rc && why)
		*why = found->reason;
	if (found->given_up)
		fail_prefix(why, "%.64s: ", spec);
	if (!rc)
		*out = *(hg_device **)vec_at(&found->made, 0);
	found->made.len = 0;
	pthread_mutex_unlock(&found->lock);
	found_release(found);
	return rc;
}

/* ----- what is told */

hg_err device_discover_with(
	struct hg_ctx *ctx, const struct backend *b, hg_discovery_fn fn, void *user, hg_error *why)
{
	hg_discovery told = {.size = sizeof told, .backend = b->name, .text = b->text};
	struct backend_found *found = found_create(ctx, b);
	hg_error reason;

	if (!found)
		return fail(why, HG_ENOMEM, "%s: out of memory", b->name);
	search_whole(found);
	found->made.len = 0;
	told.rc = found->result;
	reason = found->reason;
	told.devices = found->open;
	pthread_mutex_unlock(&found->lock);
	found_release(found);
	if (told.rc == HG_ENOMEM)
		return fail(why, HG_ENOMEM, "%s: out of memory", b->name);
	if (told.rc && !reason.text[0])
		(void)fail(&reason, told.rc, "%s", hg_err_text(told.rc));
	told.reason = reason.text;
	if (told.rc && told.rc != HG_ENOENT)
		ctx_log(ctx, HG_LOG_WARN, b->name, "%s", reason.text);
	if (fn)
		fn(user, &told);
	return HG_OK;
}

hg_err hg_discover(hg_ctx *ctx, hg_discovery_fn fn, void *user, hg_error *why)
{
	if (why)
		why->text[0] = '\0';
	if (!ctx)
		return fail(why, HG_EINVAL, "hg_discover: no context");
	for (size_t i = 0; backends[i]; i++) {
		hg_err rc = backends[i]->discover
				    ? device_discover_with(ctx, backends[i], fn, user, why)
				    : HG_OK;

		if (rc)
			return rc;
	}
	return HG_OK;
}
