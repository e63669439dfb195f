/*
 * A stretch of the sweep: from one flow to another, with breakpoints and checkpoints of its own.
 *
 * The breakpoints of a frontier are what they are, so stretches that begin anywhere and run at the
 * same time give, one behind the other, what one sweep gives.
 */
#ifndef HG_PLAN_STRETCH_H
#define HG_PLAN_STRETCH_H

#include <pthread.h>

#include "core/progress.h"
#include "joules.h"
#include "set.h"

/* What stretches tell how far they are; any number at the same time. */
struct teller {
	const hg_solve_opts *opts;
	int64_t until_ns;
	pthread_mutex_t lock;
	struct progress progress;
	int64_t done_ns;
	bool stop;
};

struct stretch {
	const hg_plan_frontier *set; /* its network, DAG, T_min */
	struct teller *teller;
	int64_t from_uw, to_uw; /* 0: from T_max; INT64_MAX: to T_min */
	/* a state near an optimal one at from_uw, of a frontier that is rounded more; NULL: there
	 * is none, it is swept to */
	const hg_plan_frontier *rough;
	size_t rough_piece;
	int64_t late_uw;  /* too late: more flow than that before a second breakpoint; 0: never */
	size_t bytes_max; /* of checkpoints */

	struct sweep sweep;
	struct vec pieces;      /* struct piece; the first one where it begins */
	struct vec checkpoints; /* struct checkpoint, by this stretch's pieces */
	size_t spacing, kept;
	int64_t t_max_ns;
	struct joules energy; /* of the first piece above that of T_max */
	bool complete;        /* it got to to_uw, or to T_min */
	hg_err rc;            /* HG_ELIMIT: it came in too late */
};

/** An empty one; the caller sets the first part. */
void stretch_init(struct stretch *st);

/** Frees; a zeroed one is fine. */
void stretch_finish(struct stretch *st);

/** Runs it. */
void stretch_run(struct stretch *st);

/** Appends its pieces and checkpoints to set's, and takes them. @return HG_OK, HG_ENOMEM */
hg_err stretch_append(struct stretch *st, hg_plan_frontier *set);

#endif
