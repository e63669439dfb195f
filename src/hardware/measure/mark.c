#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include <hourglass/measure.h>

#include "core/context.h"

int64_t hg_mark(const hg_ctx *ctx)
{
	struct timespec t;

	if (!ctx->monotonic)
		return ctx_now(ctx);
	/* what a mark costs is this call: nothing is put around it */
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
