/*
 * Sorted keys, searched fast: a table says where about a key lies, a few comparisons find its block
 * of 16, which shares two cache lines. Evenly spread keys take a handful of steps whatever n is;
 * the worst distribution takes a binary search.
 */
#ifndef HG_WAIST_SEARCH_H
#define HG_WAIST_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

struct search {
	double *keys;    /* n, padded to whole blocks */
	double *first;   /* first key of each block */
	uint32_t *guess; /* guess[b]..guess[b + 1]: blocks whose first key lies in cell b */
	double low, cells_per_key; /* cell of a key: (key - low) * cells_per_key */
	size_t n, n_blocks;
};

/** Builds from n sorted keys that lie `stride` bytes apart, each multiplied by sign. O(n). */
hg_err search_init(struct search *s, const double *keys, size_t n, size_t stride, double sign);

/** Frees; a zeroed one is fine. */
void search_finish(struct search *s);

/** How many keys are <= key. O(log n), less when keys are evenly spread. */
size_t search_le(const struct search *s, double key);

/** How many keys are < key. */
size_t search_lt(const struct search *s, double key);

#endif
