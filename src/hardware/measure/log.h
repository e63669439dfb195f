/*
 * The log of a counter's edges: the last 65536, of older ones every 64th, and of those before every
 * 4096th. At 10 edges a second that is 1.8 hours, 1.2 days and 19 days. What is passed over in
 * between says HG_EDGE_MISSED; where the log begins anew is never passed over.
 */
#ifndef HG_HARDWARE_MEASURE_LOG_H
#define HG_HARDWARE_MEASURE_LOG_H

#include <hourglass/energy.h>

#include "ring.h"

#define LOG_TIERS 3
/** Records on either side of a window that are handed out with it. */
#define LOG_MARGIN 12

struct edge_log {
	struct ring tiers[LOG_TIERS];
	uint64_t count; /* records ever written; the writer's */
};

/** @return 0, or -1 when memory is out */
int log_init(struct edge_log *l);
/** A zeroed log is fine. */
void log_finish(struct edge_log *l);

/** Appends an edge, not older than the last. One thread at a time. */
void log_push(struct edge_log *l, const hg_edge *edge);

/**
 * Copies what a window from t0 to t1 needs, in order of time.
 * @return how many records that is; nothing or a part was copied if more than room
 */
size_t log_copy(const struct edge_log *l, int64_t t0, int64_t t1, hg_edge *out, size_t room);

#endif
