#include <hourglass/measure.h>

#include "core/context.h"

int64_t hg_mark(const hg_ctx *ctx)
{
	return ctx_now(ctx);
}
