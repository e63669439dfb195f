#define _POSIX_C_SOURCE 200809L
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/thread.h"

#include "sampler.h"

/** A step that takes longer is slow; so many in a row, and the device gets a thread of its own. */
#define SLOW_NS    500000
#define SLOW_STEPS 4u
/** So many in a row that are not, and it goes back to the others. */
#define QUICK_STEPS 32u
/** Between two looks of the watch, and how long a step may hold up others. */
#define WATCH_NS 200000000
#define HELD_NS  50000000
/** Stack of a reading thread: drivers are given what they are used to. */
#define STACK ((size_t)1 << 20)

struct reader {
	struct reader *next; /* of the pool */
	struct pool *pool;
	pthread_cond_t wake;
	struct feeder *first; /* those it steps */
	struct feeder *busy;  /* the one that it is in; NULL: none */
	int64_t since_ns;     /* since when */
	int64_t until_ns;     /* sleeps until; INT64_MIN: does not sleep */
};

struct pool {
	struct hg_ctx *ctx;
	pid_t pid;             /* whose threads these are */
	unsigned users;        /* feeders; guarded by the context's lock */
	pthread_mutex_t lock;  /* of all below */
	pthread_cond_t idle;   /* a step that was waited for is done, or a thread */
	pthread_cond_t watch;  /* wakes the watch */
	struct reader *all;    /* readers */
	struct reader *shared; /* the one for all that are quick; NULL: none yet */
	unsigned refs;         /* feeders and threads */
	unsigned threads;
	bool ended; /* no more users */
};

/* ----- memory */

/* One who uses it less; with the lock held, which is gone afterwards. */
static void pool_unref(struct pool *p)
{
	struct hg_ctx *ctx = p->ctx;
	bool last = --p->refs == 0;

	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	pthread_cond_destroy(&p->watch);
	pthread_cond_destroy(&p->idle);
	pthread_mutex_destroy(&p->lock);
	free(p);
	ctx_release(ctx);
}

/* A thread ends; with the lock held, which is gone afterwards. */
static void thread_end(struct pool *p)
{
	p->threads--;
	pthread_cond_broadcast(&p->idle);
	pool_unref(p);
}

static void seat_link(struct reader *r, struct feeder *f)
{
	f->seat.reader = r;
	f->seat.next = r->first;
	r->first = f;
}

static void seat_unlink(struct feeder *f)
{
	struct feeder **link = &f->seat.reader->first;

	while (*link != f)
		link = &(*link)->seat.next;
	*link = f->seat.next;
	f->seat.next = NULL;
}

/* ----- threads that read */

static void *reader_run(void *user);

/* A new one, with nobody to step yet; with the lock held, so that it waits for some. */
static struct reader *reader_start(struct pool *p)
{
	struct reader *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->pool = p;
	r->until_ns = INT64_MIN;
	if (cond_init(&r->wake)) {
		free(r);
		return NULL;
	}
	if (thread_start(reader_run, r, STACK)) {
		pthread_cond_destroy(&r->wake);
		free(r);
		return NULL;
	}
	r->next = p->all;
	p->all = r;
	p->threads++;
	p->refs++;
	return r;
}

/* Wakes a reader that would sleep past a time. */
static void reader_wake(struct reader *r, int64_t latest_ns)
{
	if (r->until_ns > latest_ns)
		pthread_cond_signal(&r->wake);
}

/* From one reader to another. */
static void seat_move(struct feeder *f, struct reader *to)
{
	seat_unlink(f);
	seat_link(to, f);
	reader_wake(to, f->seat.due.latest_ns);
}

/* Its last steps show where it belongs: among those that are quick, or by itself.
 * @return whether it was moved */
static bool seat_choose(struct reader *r, struct feeder *f, bool slow)
{
	struct pool *p = r->pool;
	struct seat *s = &f->seat;
	struct reader *to = NULL;
	bool known;

	s->n_alike = s->begun && slow == s->slow ? s->n_alike + 1 : 1;
	known = !s->begun || s->n_alike >= (slow ? SLOW_STEPS : QUICK_STEPS);
	s->slow = slow;
	s->begun = true;
	if (!known || slow == (r != p->shared))
		return false;
	if (!slow && !p->shared)
		p->shared = r;
	else if (!slow)
		to = p->shared;
	else if (r->first == f && !s->next)
		p->shared = NULL;
	else
		to = reader_start(p); /* or it stays where it is */
	if (to)
		seat_move(f, to);
	return to != NULL;
}

/* One step; the lock is held but for that. @return false: the reader's list has changed */
static bool step(struct reader *r, struct feeder *f)
{
	struct pool *p = r->pool;
	struct seat *s = &f->seat;
	struct due due;
	bool slow;

	r->busy = f;
	r->since_ns = ctx_now(p->ctx);
	s->urged = s->hurried = false;
	pthread_mutex_unlock(&p->lock);
	due = feeder_step(f);
	pthread_mutex_lock(&p->lock);
	r->busy = NULL;
	slow = ctx_now(p->ctx) - r->since_ns > SLOW_NS;
	if (s->left) {
		seat_unlink(f);
		pthread_mutex_unlock(&p->lock);
		feeder_free(f);
		pthread_mutex_lock(&p->lock);
		return false;
	}
	if (s->leaving) {
		pthread_cond_broadcast(&p->idle);
		return true;
	}
	if (s->hurried)
		due.latest_ns = due.at_ns;
	s->due = s->urged ? (struct due){INT64_MIN, INT64_MIN} : due;
	return !seat_choose(r, f, slow);
}

/* Steps those whose time has come: first those that cannot wait, then those that may as well be
 * read along. */
static void step_due(struct reader *r)
{
	for (int along = 0; along < 2; along++) {
		int64_t now_ns = ctx_now(r->pool->ctx);

		for (struct feeder *f = r->first; f; f = f->seat.next) {
			const struct seat *s = &f->seat;

			if ((along ? s->due.at_ns : s->due.latest_ns) <= now_ns && !s->leaving &&
				!step(r, f))
				return;
		}
	}
}

/* Until the first of them cannot wait any longer; one alone has nobody to wait for. */
static void reader_sleep(struct reader *r)
{
	struct pool *p = r->pool;
	int64_t until_ns = INT64_MAX;
	bool alone = r->first && !r->first->seat.next;

	for (const struct feeder *f = r->first; f; f = f->seat.next) {
		const struct seat *s = &f->seat;
		int64_t t = alone ? s->due.at_ns : s->due.latest_ns;

		if (!s->leaving && t < until_ns)
			until_ns = t;
	}
	r->until_ns = until_ns;
	if (until_ns == INT64_MAX) {
		pthread_cond_wait(&r->wake, &p->lock);
	} else if (until_ns > ctx_now(p->ctx)) {
		struct timespec until = time_later(until_ns - ctx_now(p->ctx));

		(void)pthread_cond_timedwait(&r->wake, &p->lock, &until);
	}
	r->until_ns = INT64_MIN;
}

static void *reader_run(void *user)
{
	struct reader *r = user, **link;
	struct pool *p = r->pool;

	pthread_mutex_lock(&p->lock);
	while (r->first) {
		step_due(r);
		if (r->first)
			reader_sleep(r);
	}
	for (link = &p->all; *link != r; link = &(*link)->next)
		;
	*link = r->next;
	if (p->shared == r)
		p->shared = NULL;
	pthread_cond_destroy(&r->wake);
	free(r);
	thread_end(p);
	return NULL;
}

/* ----- the watch */

/* A step holds up others: they get another thread. Where there is none to be had they wait on. */
static void take_over(struct reader *r)
{
	struct pool *p = r->pool;
	struct feeder *busy = r->busy;
	struct reader *to;

	if (r->first == busy && !busy->seat.next)
		return;
	to = reader_start(p);
	if (!to)
		return;
	seat_unlink(busy);
	while (r->first) {
		struct feeder *f = r->first;

		seat_unlink(f);
		seat_link(to, f);
	}
	seat_link(r, busy);
	if (p->shared == r)
		p->shared = to;
}

/* @return a feeder that was just found lost; NULL: none */
static const struct feeder *watch_all(struct pool *p)
{
	for (struct reader *r = p->all; r; r = r->next) {
		if (!r->busy)
			continue;
		if (ctx_now(p->ctx) - r->since_ns > HELD_NS)
			take_over(r);
		if (feeder_watch(r->busy))
			return r->busy;
	}
	return NULL;
}

static void *watch_run(void *user)
{
	struct pool *p = user;

	pthread_mutex_lock(&p->lock);
	while (!p->ended) {
		const struct feeder *lost = watch_all(p);

		if (lost) {
			char name[sizeof lost->channel.name];

			memcpy(name, lost->channel.name, sizeof name);
			pthread_mutex_unlock(&p->lock);
			ctx_log(p->ctx, HG_LOG_WARN, "measure",
				"%s: lost: a driver call does not come back", name);
			pthread_mutex_lock(&p->lock);
		} else {
			struct timespec until = time_later(WATCH_NS);

			(void)pthread_cond_timedwait(&p->watch, &p->lock, &until);
		}
	}
	thread_end(p);
	return NULL;
}

/* ----- coming and going */

/* With the watch running. */
static struct pool *pool_create(struct hg_ctx *ctx)
{
	struct pool *p = calloc(1, sizeof *p);
	int made = 0;

	if (!p)
		return NULL;
	p->ctx = ctx;
	p->pid = getpid();
	p->refs = p->threads = 1;
	if (!pthread_mutex_init(&p->lock, NULL) && ++made && !cond_init(&p->idle) && ++made &&
		!cond_init(&p->watch) && ++made && !thread_start(watch_run, p, 0)) {
		ctx->holders++; /* its lock is held */
		return p;
	}
	if (made > 2)
		pthread_cond_destroy(&p->watch);
	if (made > 1)
		pthread_cond_destroy(&p->idle);
	if (made > 0)
		pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

/* No new ones, and none that are left for the watch; with the context's lock held. */
static void pool_end(struct pool *p)
{
	if (p->ctx->readers == p)
		p->ctx->readers = NULL;
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	pthread_cond_signal(&p->watch);
	pthread_mutex_unlock(&p->lock);
}

hg_err pool_add(struct feeder *f, hg_error *why)
{
	struct hg_ctx *ctx = f->channel.ctx;
	struct pool *p = ctx->readers;
	struct reader *r;

	/* after fork() those of the parent are not there */
	if (!p || p->pid != getpid())
		p = ctx->readers = pool_create(ctx);
	if (!p)
		return fail(why, HG_ENOMEM, "%s: no thread to be had", f->channel.name);
	pthread_mutex_lock(&p->lock);
	/* by itself at first: nobody knows yet how long its calls take */
	r = reader_start(p);
	if (r) {
		f->seat = (struct seat){.pool = p, .due = {INT64_MIN, INT64_MIN}};
		seat_link(r, f);
		p->users++;
		p->refs++;
	}
	pthread_mutex_unlock(&p->lock);
	if (!r && !p->users)
		pool_end(p);
	return r ? HG_OK : fail(why, HG_ENOMEM, "%s: no thread to be had", f->channel.name);
}

void pool_leave(struct feeder *f)
{
	struct pool *p = f->seat.pool;

	if (--p->users == 0)
		pool_end(p);
}

/* Threads that are in a call of which nobody waits any more. */
static unsigned threads_left(const struct pool *p)
{
	unsigned n = 0;

	for (const struct reader *r = p->all; r; r = r->next)
		n += r->busy && r->busy->seat.left;
	return n;
}

bool pool_remove(struct feeder *f)
{
	struct pool *p = f->seat.pool;
	struct seat *s = &f->seat;
	struct timespec until = time_later(f->channel.stuck_ns);
	int timed_out = 0;
	bool ours;

	pthread_mutex_lock(&p->lock);
	s->leaving = true;
	while (s->reader->busy == f && !timed_out)
		timed_out = pthread_cond_timedwait(&p->idle, &p->lock, &until);
	ours = s->reader->busy != f;
	if (ours) {
		pthread_cond_signal(&s->reader->wake);
		seat_unlink(f);
	} else {
		s->left = true;
	}
	/* the last one sees all threads off that come back */
	timed_out = 0;
	while (p->ended && p->threads > threads_left(p) && !timed_out)
		timed_out = pthread_cond_timedwait(&p->idle, &p->lock, &until);
	pool_unref(p);
	return ours;
}

void pool_poke(struct feeder *f, bool at_once)
{
	struct pool *p = f->seat.pool;
	struct seat *s = &f->seat;

	pthread_mutex_lock(&p->lock);
	s->hurried = true;
	s->urged = s->urged || at_once;
	if (at_once)
		s->due = (struct due){INT64_MIN, INT64_MIN};
	else
		s->due.latest_ns = s->due.at_ns;
	reader_wake(s->reader, s->due.latest_ns);
	pthread_mutex_unlock(&p->lock);
}
