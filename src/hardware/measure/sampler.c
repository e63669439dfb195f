#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/context.h"
#include "core/fail.h"
#include "hardware/device/backend.h"

#include "sampler.h"

/** What is wanted final is given up so long after its end. */
#define GIVE_UP_NS 5000000000
/** Stack of a reading thread: drivers are given what they are used to. */
#define STACK ((size_t)1 << 20)

static struct timespec later(int64_t ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns = ns > 0 ? ns : 0;
	t.tv_sec += (time_t)(ns / 1000000000);
	t.tv_nsec += (long)(ns % 1000000000);
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* With the lock held. */
static struct pace pace_take(struct feeder *f, int64_t now_ns)
{
	struct pace p = {.now = f->now};
	bool owing =
		f->wanted_ns >= f->channel.state.final_ns && now_ns < f->wanted_ns + GIVE_UP_NS;

	p.fast = f->open > 0 || owing;
	p.fine = f->fine > 0;
	f->now = false;
	return p;
}

/* One step, without the lock while it reads. @return when to step again */
static int64_t step(struct feeder *f)
{
	struct channel *c = &f->channel;
	int64_t now_ns = channel_now(c), next_ns;
	struct pace pace;

	pthread_mutex_lock(&c->lock);
	pace = pace_take(f, now_ns);
	pthread_mutex_unlock(&c->lock);
	next_ns = channel_step(c, &pace);
	pthread_mutex_lock(&c->lock);
	if (f->waiting)
		pthread_cond_broadcast(&f->news);
	pthread_mutex_unlock(&c->lock);
	return next_ns;
}

/* ----- a thread of its own */

static void feeder_free(struct feeder *f)
{
	hg_device *d = f->channel.device;

	pthread_cond_destroy(&f->wake);
	pthread_cond_destroy(&f->news);
	channel_finish(&f->channel);
	free(f);
	device_unref(d);
}

/* One user less; with the lock held, which is gone afterwards. */
static void feeder_unref(struct feeder *f)
{
	bool last = --f->refs == 0;

	pthread_mutex_unlock(&f->channel.lock);
	if (last)
		feeder_free(f);
}

static void *feeder_run(void *user)
{
	struct feeder *f = user;
	struct channel *c = &f->channel;

	pthread_mutex_lock(&c->lock);
	while (!f->quit) {
		struct pace pace = pace_take(f, ctx_now(c->ctx));
		struct timespec until;
		int64_t next_ns;

		pthread_mutex_unlock(&c->lock);
		next_ns = channel_step(c, &pace);
		pthread_mutex_lock(&c->lock);
		if (f->waiting)
			pthread_cond_broadcast(&f->news);
		if (f->quit || f->now)
			continue;
		if (next_ns == INT64_MAX) {
			pthread_cond_wait(&f->wake, &c->lock);
			continue;
		}
		until = later(next_ns - ctx_now(c->ctx));
		while (!f->quit && !f->now &&
			pthread_cond_timedwait(&f->wake, &c->lock, &until) != ETIMEDOUT)
			;
	}
	f->done = true;
	pthread_cond_broadcast(&f->news);
	feeder_unref(f);
	return NULL;
}

static int thread_start(struct feeder *f)
{
	pthread_attr_t attr;
	pthread_t thread;
	int failed;

	if (pthread_attr_init(&attr))
		return -1;
	failed = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) ||
		 pthread_attr_setstacksize(&attr, STACK) ||
		 pthread_create(&thread, &attr, feeder_run, f);
	pthread_attr_destroy(&attr);
	return failed ? -1 : 0;
}

/* ----- a device with a time of its own */

static void feeder_ring(void *user, int64_t now_ns)
{
	struct feeder *f = user;
	int64_t next_ns = step(f);

	(void)device_alarm(
		f->channel.device, next_ns > now_ns ? next_ns : now_ns + 1, feeder_ring, f);
}

/* The first look, or one out of turn as soon as time passes. */
static void alarm_now(struct feeder *f)
{
	(void)device_alarm(f->channel.device, hg_device_now(f->channel.device), feeder_ring, f);
}

static void first_look(struct feeder *f)
{
	if (!device_enter(f->channel.device))
		return;
	feeder_ring(f, hg_device_now(f->channel.device));
	device_leave(f->channel.device);
}

/* ----- sharing */

static int conds_init(struct feeder *f)
{
	pthread_condattr_t attr;
	int failed = pthread_condattr_init(&attr);

	if (failed)
		return -1;
	failed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) ||
		 pthread_cond_init(&f->wake, &attr);
	if (!failed && pthread_cond_init(&f->news, &attr)) {
		pthread_cond_destroy(&f->wake);
		failed = 1;
	}
	pthread_condattr_destroy(&attr);
	return failed ? -1 : 0;
}

static hg_err feeder_create(hg_device *d, const hg_meter_opts *opts, const hg_sensor *known,
	struct feeder **out, hg_error *why)
{
	struct feeder *f = calloc(1, sizeof *f);
	hg_err rc;

	*out = NULL;
	if (!f)
		return fail(why, HG_ENOMEM, "%s: out of memory", device_spec(d));
	f->wanted_ns = INT64_MIN;
	if (conds_init(f)) {
		free(f);
		return fail(why, HG_ENOMEM, "%s: out of memory", device_spec(d));
	}
	/* a thread may still be inside the driver when the user has closed the device */
	device_ref(d);
	rc = channel_init(&f->channel, d, opts, known, why);
	f->channel.device = d;
	if (rc) {
		feeder_free(f);
		return rc;
	}
	f->users = 1;
	f->refs = f->channel.own_time ? 1 : 2;
	f->done = f->channel.own_time;
	if (!f->channel.own_time && thread_start(f)) {
		feeder_free(f);
		return fail(why, HG_ENOMEM, "%s: no thread to be had", device_spec(d));
	}
	*out = f;
	return HG_OK;
}

hg_err feeder_get(hg_device *d, const hg_meter_opts *opts, const hg_sensor *known,
	struct feeder **out, hg_error *why)
{
	struct hg_ctx *ctx = device_context(d);
	hg_err rc = HG_OK;
	bool made = false;

	pthread_mutex_lock(&ctx->lock);
	*out = *device_slot(d);
	if (*out) {
		(*out)->users++;
	} else {
		rc = feeder_create(d, opts, known, out, why);
		made = !rc;
		*device_slot(d) = *out;
	}
	pthread_mutex_unlock(&ctx->lock);
	if (made && (*out)->channel.own_time)
		first_look(*out);
	return rc;
}

void feeder_put(struct feeder *f)
{
	struct channel *c;
	struct timespec until;
	bool last;

	if (!f)
		return;
	c = &f->channel;
	pthread_mutex_lock(&c->ctx->lock);
	last = --f->users == 0;
	if (last)
		*device_slot(c->device) = NULL;
	pthread_mutex_unlock(&c->ctx->lock);
	if (!last)
		return;
	if (c->own_time)
		(void)device_alarm(c->device, INT64_MAX, NULL, NULL);
	pthread_mutex_lock(&c->lock);
	f->quit = true;
	pthread_cond_signal(&f->wake);
	/* a thread that does not come back has what it needs, and frees it when it does */
	until = later(c->stuck_ns);
	while (!f->done)
		if (pthread_cond_timedwait(&f->news, &c->lock, &until) == ETIMEDOUT)
			break;
	feeder_unref(f);
}

/* ----- windows */

void feeder_open(struct feeder *f)
{
	struct channel *c = &f->channel;
	bool now;

	pthread_mutex_lock(&c->lock);
	/* what is hunted anyway needs no look out of turn */
	now = f->open++ == 0 || c->state.source != HG_SOURCE_EDGES;
	f->now = f->now || now;
	if (now)
		pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&c->lock);
	if (now && c->own_time)
		alarm_now(f);
}

void feeder_close(struct feeder *f, int64_t now_ns)
{
	struct channel *c = &f->channel;
	bool now;

	pthread_mutex_lock(&c->lock);
	f->open -= f->open > 0;
	if (f->wanted_ns < now_ns)
		f->wanted_ns = now_ns;
	now = c->state.source != HG_SOURCE_EDGES;
	f->now = f->now || now;
	if (now)
		pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&c->lock);
	if (now && c->own_time)
		alarm_now(f);
}

void feeder_fine(struct feeder *f, bool fine)
{
	pthread_mutex_lock(&f->channel.lock);
	f->fine += fine ? 1u : -1u;
	pthread_mutex_unlock(&f->channel.lock);
}

bool feeder_wait(struct feeder *f, int64_t t1, const struct timespec *until)
{
	struct channel *c = &f->channel;
	bool final = false, lost = false;

	pthread_mutex_lock(&c->lock);
	if (f->wanted_ns < t1)
		f->wanted_ns = t1;
	f->waiting++;
	for (;;) {
		int64_t since = atomic_load(&c->reading_ns);
		struct timespec soon = later(50000000);

		final = c->state.final_ns > t1;
		lost = !c->state.source || c->state.flags & (HG_METER_LOST | HG_METER_FROZEN) ||
		       (since && !c->own_time && ctx_now(c->ctx) - since > c->stuck_ns);
		if (final || lost || !until || c->own_time)
			break;
		if (soon.tv_sec > until->tv_sec ||
			(soon.tv_sec == until->tv_sec && soon.tv_nsec > until->tv_nsec))
			soon = *until;
		/* a call that hangs makes no news: look again now and then */
		(void)pthread_cond_timedwait(&f->news, &c->lock, &soon);
		clock_gettime(CLOCK_MONOTONIC, &soon);
		if (soon.tv_sec > until->tv_sec ||
			(soon.tv_sec == until->tv_sec && soon.tv_nsec >= until->tv_nsec))
			until = NULL;
	}
	f->waiting--;
	pthread_mutex_unlock(&c->lock);
	return final || lost;
}
