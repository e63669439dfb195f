/* Sorted keys in an order that caches like (Eytzinger: a binary tree, level by level). */
#ifndef HG_WAIST_SEARCH_H
#define HG_WAIST_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

struct search {
	double *keys;   /* keys[1..n], level order */
	uint32_t *rank; /* rank[1..n]: place in sorted order; rank[0] == n */
	size_t n;
};

/** Builds from n sorted keys that lie `stride` bytes apart, each multiplied by sign. O(n). */
hg_err search_init(struct search *s, const double *keys, size_t n, size_t stride, double sign);

/** Frees; a zeroed one is fine. */
void search_finish(struct search *s);

/** How many keys are <= key. O(log n), a handful of cache misses. */
size_t search_le(const struct search *s, double key);

/** How many keys are < key. */
size_t search_lt(const struct search *s, double key);

#endif
