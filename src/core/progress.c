#define _POSIX_C_SOURCE 200809L
#include "progress.h"

#include <time.h>

#define PROGRESS_PERIOD_NS 100000000

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void progress_init(
	struct progress *p, hg_progress_fn fn, void *user, const char *what, uint64_t total)
{
	*p = (struct progress){
		.fn = fn, .user = user, .what = what, .total = total, .last_ns = INT64_MIN};
}

bool progress_step(struct progress *p, uint64_t done)
{
	int64_t now;

	if (!p->fn || p->stop)
		return !p->stop;
	now = now_ns();
	if (p->last_ns != INT64_MIN && now - p->last_ns < PROGRESS_PERIOD_NS &&
		!(p->total && done >= p->total))
		return true;
	p->last_ns = now;
	p->stop = p->fn(p->user, p->what, done, p->total) != 0;
	return !p->stop;
}
