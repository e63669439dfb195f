/* A 4-ary min-heap of (key, value): events by time, candidates by cost. */
#ifndef HG_CORE_HEAP_H
#define HG_CORE_HEAP_H

#include <stdint.h>
#include <stddef.h>

#include <hourglass/error.h>

struct heap_item {
	double key;     /* smallest first; not NAN */
	uint64_t value; /* breaks ties: smaller first, so that order is deterministic */
};

struct heap {
	struct heap_item *items;
	size_t len, cap, max;
};

/** Makes an empty heap that may grow to max items. Allocates nothing. */
void heap_init(struct heap *h, size_t max);

/** Frees; a zeroed heap is fine. */
void heap_finish(struct heap *h);

/** Adds an item. O(log n). @return HG_OK, HG_ENOMEM, HG_ELIMIT */
hg_err heap_push(struct heap *h, double key, uint64_t value);

/** The smallest item, or NULL when empty. */
const struct heap_item *heap_top(const struct heap *h);

/** Removes the smallest item, which must exist. O(log n). */
struct heap_item heap_pop(struct heap *h);

/** Replaces the smallest item, which must exist: pop and push in one sift. O(log n). */
void heap_replace_top(struct heap *h, double key, uint64_t value);

#endif
