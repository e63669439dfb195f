#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/thread.h"
#include "hardware/device/backend.h"

#include "sampler.h"

/** What is wanted final is given up so long after its end. */
#define GIVE_UP_NS 5000000000

/* With the lock held. */
static struct pace pace_take(struct feeder *f, int64_t now_ns)
{
	struct pace p = {.now = f->now};
	bool owing =
		f->wanted_ns >= f->channel.state.final_ns && now_ns < f->wanted_ns + GIVE_UP_NS;

	p.fast = f->open > 0 || owing;
	p.fine = f->fine > 0;
	p.calm = !owing && !f->waiting;
	f->now = false;
	return p;
}

struct due feeder_step(struct feeder *f)
{
	struct channel *c = &f->channel;
	int64_t now_ns = channel_now(c);
	struct pace pace;
	struct due due;

	pthread_mutex_lock(&c->lock);
	pace = pace_take(f, now_ns);
	pthread_mutex_unlock(&c->lock);
	due = channel_step(c, &pace);
	pthread_mutex_lock(&c->lock);
	if (f->waiting)
		pthread_cond_broadcast(&f->news);
	pthread_mutex_unlock(&c->lock);
	return due;
}

bool feeder_watch(struct feeder *f)
{
	if (!channel_watch(&f->channel))
		return false;
	pthread_mutex_lock(&f->channel.lock);
	pthread_cond_broadcast(&f->news);
	pthread_mutex_unlock(&f->channel.lock);
	return true;
}

void feeder_free(struct feeder *f)
{
	hg_device *d = f->channel.device;

	pthread_cond_destroy(&f->news);
	channel_finish(&f->channel);
	free(f);
	device_unref(d);
}

/* ----- a device with a time of its own */

static void feeder_ring(void *user, int64_t now_ns)
{
	struct feeder *f = user;
	int64_t next_ns = feeder_step(f).at_ns;

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

static hg_err feeder_create(hg_device *d, const hg_meter_opts *opts, const hg_sensor *known,
	struct feeder **out, hg_error *why)
{
	struct feeder *f = calloc(1, sizeof *f);
	hg_err rc;

	*out = NULL;
	if (!f)
		return fail(why, HG_ENOMEM, "%s: out of memory", device_spec(d));
	f->wanted_ns = INT64_MIN;
	if (cond_init(&f->news)) {
		free(f);
		return fail(why, HG_ENOMEM, "%s: out of memory", device_spec(d));
	}
	/* a thread may still be inside the driver when the user has closed the device */
	device_ref(d);
	rc = channel_init(&f->channel, d, opts, known, why);
	f->channel.device = d;
	if (!rc && !f->channel.own_time)
		rc = pool_add(f, why);
	if (rc) {
		feeder_free(f);
		return rc;
	}
	f->users = 1;
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
	struct hg_ctx *ctx;
	bool last;

	if (!f)
		return;
	ctx = f->channel.ctx;
	pthread_mutex_lock(&ctx->lock);
	last = --f->users == 0;
	if (last)
		*device_slot(f->channel.device) = NULL;
	if (last && !f->channel.own_time)
		pool_leave(f);
	pthread_mutex_unlock(&ctx->lock);
	if (!last)
		return;
	if (f->channel.own_time)
		(void)device_alarm(f->channel.device, INT64_MAX, NULL, NULL);
	else if (!pool_remove(f))
		return;
	feeder_free(f);
}

/* ----- windows */

/* Has it stepped at once, or else not late. */
static void stir(struct feeder *f, bool now)
{
	if (!f->channel.own_time)
		pool_poke(f, now);
	else if (now)
		alarm_now(f);
}

void feeder_open(struct feeder *f)
{
	struct channel *c = &f->channel;
	bool now;

	pthread_mutex_lock(&c->lock);
	/* what is hunted anyway needs no look out of turn */
	now = f->open++ == 0 || c->state.source != HG_SOURCE_EDGES;
	f->now = f->now || now;
	pthread_mutex_unlock(&c->lock);
	if (now)
		stir(f, true);
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
	pthread_mutex_unlock(&c->lock);
	stir(f, now);
}

void feeder_fine(struct feeder *f, bool fine)
{
	pthread_mutex_lock(&f->channel.lock);
	f->fine += fine ? 1u : -1u;
	pthread_mutex_unlock(&f->channel.lock);
}

/* Whether waiting for more is of no use. */
static bool is_lost(const struct channel *c)
{
	return !c->state.source || c->state.flags & (HG_METER_LOST | HG_METER_FROZEN) ||
	       atomic_load(&c->stuck);
}

bool feeder_wait(struct feeder *f, int64_t t1, const struct timespec *until)
{
	struct channel *c = &f->channel;
	bool known;

	pthread_mutex_lock(&c->lock);
	if (f->wanted_ns < t1)
		f->wanted_ns = t1;
	f->waiting++;
	known = c->state.final_ns > t1 || is_lost(c);
	if (!known && until && !c->own_time) {
		pthread_mutex_unlock(&c->lock);
		stir(f, false);
		pthread_mutex_lock(&c->lock);
		while (!(known = c->state.final_ns > t1 || is_lost(c)))
			if (pthread_cond_timedwait(&f->news, &c->lock, until) == ETIMEDOUT)
				break;
	}
	f->waiting--;
	pthread_mutex_unlock(&c->lock);
	return known;
}
