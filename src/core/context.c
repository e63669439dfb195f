#define _POSIX_C_SOURCE 200809L
#include "context.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fail.h"
#include "size.h"
#include "text.h"

#define LOG_TEXT 512

/** With no word from the caller; a driver may take seconds for each GPU that nobody uses. */
#define DRIVER_TIMEOUT_NS 30000000000

static int64_t clock_monotonic(void *user)
{
	struct timespec t;

	(void)user;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static hg_err data_dir_set(hg_ctx *ctx, const char *path, hg_error *why)
{
	struct fsroot dir;
	hg_err err;

	if (!path)
		return HG_OK;
	err = fsroot_init(&dir, path, why);
	fsroot_finish(&dir);
	if (err)
		return err;
	ctx->data_dir = strdup(path);
	return ctx->data_dir ? HG_OK : fail(why, HG_ENOMEM, "data_dir: out of memory");
}

hg_err hg_open(const hg_config *cfg, hg_ctx **out, hg_error *why)
{
	hg_config c = {.size = sizeof c};
	hg_ctx *ctx = NULL;
	hg_err err;

	*out = NULL;
	if (cfg && size_read(&c, sizeof c, cfg))
		return fail(why, HG_EINVAL, "hg_config.size is not set");
	ctx = calloc(1, sizeof *ctx);
	if (!ctx)
		return fail(why, HG_ENOMEM, "hg_open: out of memory");
	ctx->root.fd = -1;
	atomic_init(&ctx->closed, false);
	ctx->log = c.log;
	ctx->log_user = c.log_user;
	ctx->clock = c.clock ? c.clock : clock_monotonic;
	ctx->clock_user = c.clock_user;
	ctx->driver_timeout_ns = c.driver_timeout_ns > 0 ? c.driver_timeout_ns : DRIVER_TIMEOUT_NS;
	ctx->holders = 1;
	if (pthread_mutex_init(&ctx->lock, NULL)) {
		free(ctx);
		return fail(why, HG_ENOMEM, "hg_open: no mutex to be had");
	}
	err = fsroot_init(&ctx->root, c.fs_root ? c.fs_root : "/", why);
	if (!err)
		err = data_dir_set(ctx, c.data_dir, why);
	if (err) {
		hg_close(ctx);
		return err;
	}
	*out = ctx;
	return HG_OK;
}

void hg_close(hg_ctx *ctx)
{
	if (!ctx)
		return;
	while (ctx->devices)
		ctx->close_device(ctx->devices);
	atomic_store(&ctx->closed, true);
	ctx_release(ctx);
}

void ctx_hold(struct hg_ctx *ctx)
{
	pthread_mutex_lock(&ctx->lock);
	ctx->holders++;
	pthread_mutex_unlock(&ctx->lock);
}

void ctx_release(struct hg_ctx *ctx)
{
	unsigned left;

	pthread_mutex_lock(&ctx->lock);
	left = --ctx->holders;
	pthread_mutex_unlock(&ctx->lock);
	if (left)
		return;
	fsroot_finish(&ctx->root);
	free(ctx->data_dir);
	pthread_mutex_destroy(&ctx->lock);
	free(ctx);
}

void ctx_log(const struct hg_ctx *ctx, hg_log_level level, const char *topic, const char *fmt, ...)
{
	char text[LOG_TEXT];
	va_list ap;

	if (!ctx->log || atomic_load_explicit(&ctx->closed, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = 0;
	va_end(ap);
	text_clean(text);
	ctx->log(ctx->log_user, level, topic, text);
}

int64_t ctx_now(const struct hg_ctx *ctx)
{
	if (atomic_load_explicit(&ctx->closed, memory_order_relaxed))
		return clock_monotonic(NULL);
	return ctx->clock(ctx->clock_user);
}
