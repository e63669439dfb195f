/*
 * Follows the edges of a counter: says when to read it next, and when an edge was.
 *
 * Until the period is known, reads are spread evenly and the median of the intervals between edges
 * becomes the period. From then on a phase-locked loop predicts the next edge; reads begin a little
 * before it and go on until the counter has moved, a few reads a period. An edge lies between the
 * begin of the last read that showed the old value and the end of the first with the new one. While
 * edges come as expected most are not bracketed so: one read after the edge shows that it came, and
 * its time is the predicted one. Reads that take a large part of the period, up to a fifth, follow
 * each other at once around an edge; if they take longer, or edges do not come evenly, the loop
 * does not lock: each edge is then known to within the reads around it, and is looked for all the
 * time only while somebody waits.
 *
 * Pure: no clock, no device. Times are ns.
 */
#ifndef HG_HARDWARE_MEASURE_LOOP_H
#define HG_HARDWARE_MEASURE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Intervals from which an unknown period is learnt. */
#define LOOP_LEARN 20

struct loop {
	double period_ns; /* 0: not known */
	double error_ns;  /* how far edges are from where they are predicted, typically */
	double peak_ns;   /* and how far the worst of late was */
	double read_ns;   /* what a read takes */
	int64_t edge_ns;  /* last edge, as the loop has smoothed it */
	int64_t old_ns;   /* begin of the latest read, which showed the value of now */
	bool has_edge, has_old;
	bool locked;
	unsigned n_good;  /* edges in a row that came when expected */
	unsigned n_bad;   /* and that did not */
	unsigned n_blind; /* edges since the last one that was bracketed */
	/* as of then: variances of the edge's time and of the period, and what they have in common
	 */
	double edge_var, period_var, common_var;
	unsigned n_void; /* before which one was expected that did not come */
	unsigned n_kept; /* edges that came when expected since it is locked */
	unsigned n_lost; /* periods that were believed in vain, since one was not */
	bool ruled_out;  /* an edge was expected since the last one, and did not come */
	double intervals[LOOP_LEARN];
	size_t n_intervals;
	int64_t seen_ns;  /* last edge as seen, for the intervals */
	int64_t known_ns; /* last edge that was reported, seen or predicted */
	int64_t moved_ns; /* not before the last edge, reported or not */
};

/** What was found out of an edge. */
struct loop_edge {
	int64_t t_ns, u_ns; /* it was within t_ns +- u_ns */
	uint64_t missed;    /* edges since the one before that nobody saw */
	bool vague;         /* nothing was: it may be any time within the last period */
};

/** @param period_ns  what the counter's period is said to be; 0: unknown */
void loop_init(struct loop *l, double period_ns);

/**
 * When to read next, given that the last read ended at now_ns.
 * @param skip_ns   edges that come sooner than this after the last one may be passed over; 0: none
 * @param slack_ns  receives how much later will do as well, if nobody waits for the edge
 */
int64_t loop_next(const struct loop *l, int64_t now_ns, int64_t skip_ns, int64_t *slack_ns);

/** A read from t0 to t1 showed the value of before. */
void loop_same(struct loop *l, int64_t t0, int64_t t1);

/** A read from t0 to t1 showed another value. @return the edge */
struct loop_edge loop_moved(struct loop *l, int64_t t0, int64_t t1);

/** The value of before says nothing any more; the period stays. */
void loop_forget(struct loop *l);

/**
 * The latest edge that must have been before now, by prediction: for a value that was merely read.
 * @return false: not locked, or an edge may be right now
 */
bool loop_latest(const struct loop *l, int64_t t0, int64_t t1, struct loop_edge *e);

#endif
