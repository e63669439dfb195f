/* What a context is made of, for the hardware half. */
#ifndef HG_CORE_CONTEXT_H
#define HG_CORE_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <hourglass/context.h>

#include "file.h"

struct hg_device;
struct pool;

struct hg_ctx {
	hg_log_fn log; /* may be NULL */
	void *log_user;
	hg_clock_fn clock; /* never NULL */
	void *clock_user;
	struct fsroot root;
	char *data_dir;            /* NULL: none */
	int64_t driver_timeout_ns; /* above 0 */
	unsigned holders;          /* who keeps the memory: the owner, and searches given up */
	atomic_bool closed;        /* the user's callbacks are not to be called any more */
	pthread_mutex_t lock;      /* of `devices`, `holders` and `readers` */
	struct hg_device *devices; /* list, oldest first; links are the device module's */
	struct pool *readers;      /* the meters' threads; NULL: none */
	void (*close_device)(
		struct hg_device *d); /* set with the first device; unlinks and frees one */
};

/** Logs through the context; silent without a sink. */
void ctx_log(const struct hg_ctx *ctx, hg_log_level level, const char *topic, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** Keeps the memory of a context until ctx_release(), also when hg_close() comes first. */
void ctx_hold(struct hg_ctx *ctx);
void ctx_release(struct hg_ctx *ctx);

/** Time of the context's clock, ns. */
int64_t ctx_now(const struct hg_ctx *ctx);

#endif
