/* Progress of a long call, told at most ten times a second. */
#ifndef HG_CORE_PROGRESS_H
#define HG_CORE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/context.h>

struct progress {
	hg_progress_fn fn; /* NULL: nobody listens */
	void *user;
	const char *what; /* what is going on */
	uint64_t total;   /* 0: unknown */
	int64_t last_ns;  /* when it was told last */
	bool stop;        /* fn said stop; sticky */
};

void progress_init(
	struct progress *p, hg_progress_fn fn, void *user, const char *what, uint64_t total);

/** Tells how far it is (first and last always). @return false: stop */
bool progress_step(struct progress *p, uint64_t done);

#endif
