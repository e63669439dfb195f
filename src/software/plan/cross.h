/*
 * The best of two plans: each event at the time it has in the one or in the other, whichever way
 * costs least in all.
 *
 * Events are taken up by time, and let go of once all they share an arc with have been: a table
 * over the events in hand (one bit each: which of the two times) is all that must be remembered.
 * In a pipeline those are about as many as there are stages, so that the best of the 2^events
 * combinations is found in a millisecond. Where more than WIDTH_MAX are in hand, further ones keep
 * the time of the first plan.
 *
 * Time O(events * 2^width), memory as many bits.
 */
#ifndef HG_PLAN_CROSS_H
#define HG_PLAN_CROSS_H

#include "mesh.h"

#define WIDTH_LEAST 6
#define WIDTH_MAX   12

/* An event taken up or let go of. */
struct cross_move {
	uint32_t event, slot;
	size_t chosen; /* where its choices begin; SIZE_MAX: taken up */
};

struct cross {
	const struct disc *d;
	const struct mesh *mesh;
	uint32_t *order;          /* events in the order in which they are taken up */
	uint32_t *place;          /* n_events: the reverse of it */
	uint32_t *last;           /* n_events: the last place that shares an arc with an event */
	uint32_t *slot;           /* n_events: its bit, while in hand */
	double *cost;             /* by bits: the least so far */
	uint64_t *chosen;         /* bits by bits: whether the second plan's time was better */
	struct cross_move *moves; /* 2 * n_events */
	size_t n_moves, n_chosen;
	uint32_t width; /* most events in hand */
	uint32_t used;  /* their slots */
};

/**
 * For a problem whose menus are sorted and whose sets are single nodes.
 * @param when   times that tell which events are near each other
 * @param width  most events in hand, WIDTH_LEAST .. WIDTH_MAX
 * @return HG_OK, HG_ENOMEM
 */
hg_err cross_init(struct cross *c, const struct disc *d, const struct mesh *mesh,
	const int64_t *when, uint32_t width, hg_error *why);
void cross_finish(struct cross *c);

/** Makes a, a timing that is possible, the best of itself and b. @return its effective energy */
double cross_best(struct cross *c, int64_t *a, const int64_t *b);

#endif
