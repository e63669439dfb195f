/*
 * A server that idles, prefills and decodes in turns much shorter than a counter's period can show,
 * and how far attribution is off: what its accuracy goals are defined on.
 */
#ifndef HG_TEST_PHASE_SIM_H
#define HG_TEST_PHASE_SIM_H

#include <hourglass/attribute.h>

#include "counter-sim.h"
#include "measure-table.h"

/* Columns: the spans' two, and the rest. */
enum phase {
	PHASE_PREFILL,
	PHASE_DECODE,
	PHASE_IDLE,
	PHASES
};

/* One run: the trace, what ran when, and the log. */
struct phase_run {
	struct csim trace;
	struct csim_edges edges;
	hg_span *spans;
	size_t n_spans, room;
	hg_edge *log;
	size_t n, log_room;
	double energy_j[PHASES], time_s[PHASES]; /* truth */
};

void phase_init(struct phase_run *p);
void phase_finish(struct phase_run *p);

/* The counter that phases are measured with: lag 50 ms, else as usual. */
struct csim_counter phase_counter(double coverage);

/*
 * Makes a run of at least so many seconds: prefill of 120 to 180 ms at 650 W, 20 to 60 decode steps
 * of 25 ms at 450 W with a slow ripple of 10 W, idle of 200 ms on average at 110 W; edges known to
 * +- 2.5 ms. @return 0, -1: no memory
 */
int phase_simulate(
	struct phase_run *p, const struct csim_counter *c, double seconds, struct rng *r);

/* A square wave of 104 ms, half at 400 W and half at 100 W, with spans for both. */
int phase_square(struct phase_run *p, const struct csim_counter *c, double seconds, struct rng *r);

enum phase_lag {
	LAG_KNOWN,
	LAG_FITTED,
	LAG_WRONG
};

struct phase_case {
	double seconds, coverage;
	enum phase_lag lag;
	size_t runs;
	uint64_t seed;
};

struct phase_row {
	struct mt_error rate[PHASES]; /* relative errors */
	struct mt_error lag_ms;       /* 1 + error in ms, about 1 */
	struct mt_error z;            /* error of decode in its sd */
	size_t failed;
};

int phase_table(const struct phase_case *what, struct phase_row *out,
	void (*progress)(void *, size_t), void *user);

/* 1-s windows of a square wave on a counter that sees a quarter: by its own steps, and by a model
 * that was fed the whole time. */
struct window_row {
	struct mt_error naive, model;
};

int phase_windows(double window_s, size_t runs, uint64_t seed, struct window_row *out);

#endif
