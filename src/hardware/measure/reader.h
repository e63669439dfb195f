/*
 * The threads of a context that read its devices. Those whose reads are quick share one: it wakes
 * up for several of them at once, as waking up is what costs. One whose reads are slow has a thread
 * of its own, so that it keeps nobody from reading when an edge is due. Nor may a driver's call
 * that hangs: another thread watches, and gives the others of a thread that does not come on to a
 * new one.
 *
 * A pool lives as long as it has feeders. Locks are taken in this order: the context's, the pool's,
 * a channel's.
 */
#ifndef HG_HARDWARE_MEASURE_READER_H
#define HG_HARDWARE_MEASURE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/error.h>

#include "channel.h"

struct feeder;
struct pool;
struct reader;

/** A feeder's place; guarded by the pool's lock. */
struct seat {
	struct pool *pool;
	struct reader *reader;
	struct feeder *next; /* of the same reader */
	struct due due;
	unsigned n_alike; /* steps in a row that were all slow, or all quick */
	bool slow;        /* which of the two */
	bool begun;       /* was stepped before */
	bool urged;       /* somebody wants it stepped at once */
	bool hurried;     /* somebody waits: no step may be late */
	bool leaving;     /* somebody wants it back */
	bool left;        /* and has given up: whoever is in it frees it */
};

/**
 * Has a feeder stepped by a thread from now on; with the context's lock held.
 * @return HG_OK; HG_ENOMEM (also: no thread to be had)
 */
hg_err pool_add(struct feeder *f, hg_error *why);

/** With the context's lock held: a feeder is about to be taken out. The last one of a context ends
 * its pool. */
void pool_leave(struct feeder *f);

/**
 * Takes it out, after pool_leave() and with no lock held. Waits for a call that is under way at
 * most as long as makes it count as stuck.
 * @return whether it is the caller's to free; else its thread frees it when the call returns
 */
bool pool_remove(struct feeder *f);

/** Has it stepped soon: at once, or when it is due rather than whenever suits. */
void pool_poke(struct feeder *f, bool at_once);

#endif
