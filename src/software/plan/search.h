/* Local search over discrete plans. */
#ifndef HG_PLAN_SEARCH_H
#define HG_PLAN_SEARCH_H

#include "discrete.h"

/* When to stop. */
struct effort {
	uint64_t most;  /* steps; 0: no limit */
	double seconds; /* 0: no limit */
	hg_clock_fn clock;
	void *clock_user;
	int64_t began_ns;
	uint64_t done;
	hg_progress_fn progress;
	void *progress_user;
	bool stopped;
};

/** Share of the effort that is used up, 0..1, 1: stop. Looks at the clock now and then. */
double effort_share(struct effort *e);

/** Whether the time of an effort, if it has one, is over. NULL: it is not */
bool effort_over(struct effort *e);

/** Anneals w from where it is, until `until` of the effort is used up; leaves the best in w. */
bool search(struct walk *w, struct effort *e, double until, struct rng *r);

#endif
