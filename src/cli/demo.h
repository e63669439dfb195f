/* What the demo did, for its page. */
#ifndef HG_CLI_DEMO_H
#define HG_CLI_DEMO_H

#include <hourglass/train.h>

#include "rig.h"

/** The default, and one run for each deadline. */
#define DEMO_RUNS 4

/** One run of the job. */
struct demo_run {
	char mark;              /* letter in the plots */
	double slack;           /* allowed time over the fastest; NAN: the default setting */
	double deadline_s;      /* NAN: none */
	char setting[128];      /* for people */
	hg_train_choice choice; /* not for the default */
	struct outcome outcome;
	struct trace trace;
};

struct demo {
	struct rig rig;
	hg_frontier *f;
	uint64_t units;
	struct demo_run runs[DEMO_RUNS]; /* the first is the default */
	size_t shown;                    /* the run that the page and its power plots are about */
};

/** Appends the page: one self-contained HTML file. */
void demo_page(struct buf *out, const struct demo *d);

/** The picks, to be pointed out in a plot. @param marks room for DEMO_RUNS; labels into `labels` */
struct plot_mark;
size_t demo_marks(const struct demo *d, struct plot_mark *marks, char labels[][32]);

#endif
