#include "search.h"

#include <math.h>
#include <stdlib.h>

#define CACHE_LINE 64
#define BLOCK      16 /* keys; two cache lines */

/* Room for n keys, from the start of a cache line on. */
static double *alloc_keys(size_t n)
{
	size_t bytes = n * sizeof(double);

	return aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

/* In-order walk of the implicit tree hands out the sorted keys; depth is log2(n_top). */
static size_t fill_top(struct search *s, size_t block, size_t node)
{
	if (node > s->n_top)
		return block;
	block = fill_top(s, block, 2 * node);
	s->top[node] = s->keys[block * BLOCK];
	s->rank[node] = (uint32_t)block;
	return fill_top(s, block + 1, 2 * node + 1);
}

hg_err search_init(struct search *s, const double *keys, size_t n, size_t stride, double sign)
{
	const char *at = (const char *)keys;
	size_t padded = (n + BLOCK - 1) / BLOCK * BLOCK;

	s->n = n;
	s->n_top = padded / BLOCK;
	s->keys = alloc_keys(padded + BLOCK);
	s->top = alloc_keys(s->n_top + 1);
	s->rank = malloc((s->n_top + 1) * sizeof *s->rank);
	if (!s->keys || !s->top || !s->rank) {
		search_finish(s);
		return HG_ENOMEM;
	}
	for (size_t i = 0; i < n; i++, at += stride)
		s->keys[i] = sign * *(const double *)(const void *)at;
	for (size_t i = n; i < padded + BLOCK; i++)
		s->keys[i] = INFINITY;
	s->top[0] = 0;
	s->rank[0] = (uint32_t)s->n_top;
	fill_top(s, 0, 1);
	return HG_OK;
}

void search_finish(struct search *s)
{
	free(s->keys);
	free(s->top);
	free(s->rank);
	*s = (struct search){0};
}

/*
 * Walking down, each right turn appends a 1 bit. What was last turned left at is the first key
 * beyond the one asked for: cut the trailing ones and the zero before them.
 */
static size_t last_left_turn(size_t node)
{
	return node >> (__builtin_ctzll(~(unsigned long long)node) + 1);
}

/* The block to look in: the last one whose first key is not beyond, else the first one. */
static size_t chosen_block(const struct search *s, size_t node)
{
	size_t beyond = s->rank[last_left_turn(node)];

	return beyond ? (beyond - 1) * BLOCK : 0;
}

size_t search_le(const struct search *s, double key)
{
	size_t node = 1, start, count = 0;

	while (node <= s->n_top)
		node = 2 * node + (s->top[node] <= key);
	start = chosen_block(s, node);
	for (size_t i = 0; i < BLOCK; i++)
		count += s->keys[start + i] <= key;
	/* Only an infinite key reaches the padding. */
	return start + count < s->n ? start + count : s->n;
}

size_t search_lt(const struct search *s, double key)
{
	size_t node = 1, start, count = 0;

	while (node <= s->n_top)
		node = 2 * node + (s->top[node] < key);
	start = chosen_block(s, node);
	for (size_t i = 0; i < BLOCK; i++)
		count += s->keys[start + i] < key;
	return start + count;
}
