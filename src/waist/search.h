/*
 * Sorted keys, searched fast: blocks of 16 keys that share two cache lines, and above them the
 * first key of each block as a binary tree laid out level by level (Eytzinger), which stays in the
 * cache.
 */
#ifndef HG_WAIST_SEARCH_H
#define HG_WAIST_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

struct search {
	double *keys;   /* n, padded to whole blocks */
	double *top;    /* top[1..n_top]: first key of each block, level order */
	uint32_t *rank; /* rank[1..n_top]: block of each node; rank[0] == n_top */
	size_t n, n_top;
};

/** Builds from n sorted keys that lie `stride` bytes apart, each multiplied by sign. O(n). */
hg_err search_init(struct search *s, const double *keys, size_t n, size_t stride, double sign);

/** Frees; a zeroed one is fine. */
void search_finish(struct search *s);

/** How many keys are <= key. O(log n): a handful of cache misses. */
size_t search_le(const struct search *s, double key);

/** How many keys are < key. */
size_t search_lt(const struct search *s, double key);

#endif
