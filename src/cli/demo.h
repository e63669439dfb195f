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

/** The same job, not profiled but tuned while it runs. */
struct demo_tuned {
	char setting[128];       /* for people */
	unsigned tried, of;      /* settings */
	double steps;            /* until it knew */
	double time_s, energy_j; /* of a step at the setting, as it really is */
	double best_j;           /* of a step at the best profiled setting within the same time */
};

struct demo {
	struct rig rig;
	hg_frontier *f;
	uint64_t units;
	struct demo_run runs[DEMO_RUNS]; /* the first is the default */
	struct demo_tuned tuned;
	size_t shown; /* the run that the page and its power plots are about */
};

/** Tunes the job within the time of the run that is shown. @return exit code */
int demo_tune(struct cli *cli, struct demo *d);

/** Appends the page: one self-contained HTML file. */
void demo_page(struct buf *out, const struct demo *d);

/** The picks, to be pointed out in a plot. @param marks room for DEMO_RUNS; labels into `labels` */
struct plot_mark;
size_t demo_marks(const struct demo *d, struct plot_mark *marks, char labels[][32]);

#endif
