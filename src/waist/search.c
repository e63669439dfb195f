#include "search.h"

#include <stdlib.h>

#define CACHE_LINE 64

/* In-order walk of the implicit tree hands out the sorted keys; depth is log2(n). */
static size_t fill(
	struct search *s, const char *keys, size_t stride, double sign, size_t next, size_t node)
{
	if (node > s->n)
		return next;
	next = fill(s, keys, stride, sign, next, 2 * node);
	s->keys[node] = sign * *(const double *)(const void *)(keys + next * stride);
	s->rank[node] = (uint32_t)next;
	return fill(s, keys, stride, sign, next + 1, 2 * node + 1);
}

hg_err search_init(struct search *s, const double *keys, size_t n, size_t stride, double sign)
{
	size_t bytes = (n + 1) * sizeof *s->keys;

	s->n = n;
	/* Aligned so that the eight great-grandchildren of a node share one cache line. */
	bytes = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	s->keys = aligned_alloc(CACHE_LINE, bytes);
	s->rank = malloc((n + 1) * sizeof *s->rank);
	if (!s->keys || !s->rank) {
		search_finish(s);
		return HG_ENOMEM;
	}
	s->keys[0] = 0;
	s->rank[0] = (uint32_t)n;
	fill(s, (const char *)keys, stride, sign, 0, 1);
	return HG_OK;
}

void search_finish(struct search *s)
{
	free(s->keys);
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

size_t search_le(const struct search *s, double key)
{
	const double *keys = s->keys;
	size_t n = s->n;
	size_t node = 1;

	while (node <= n) {
		__builtin_prefetch(keys + 8 * node);
		node = 2 * node + (keys[node] <= key);
	}
	return s->rank[last_left_turn(node)];
}

size_t search_lt(const struct search *s, double key)
{
	const double *keys = s->keys;
	size_t n = s->n;
	size_t node = 1;

	while (node <= n) {
		__builtin_prefetch(keys + 8 * node);
		node = 2 * node + (keys[node] < key);
	}
	return s->rank[last_left_turn(node)];
}
