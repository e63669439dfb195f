/* Sorting points by time without moving them: radix sort of (key, index). */
#ifndef HG_WAIST_SORT_H
#define HG_WAIST_SORT_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

/** A point's time, as bits that order like the number, and where the point lies. */
struct sort_item {
	uint64_t key;
	uint32_t index;
};

/** Bits of a number >= 0 that order like the number. -0 counts as 0. */
uint64_t sort_key(double value);

/** Sorts stably by key. O(n) passes over 11 bits each, passes in which nothing moves left out. */
hg_err sort_items(struct sort_item *items, size_t n);

#endif
