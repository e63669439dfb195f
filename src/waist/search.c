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

/*
 * Which of as many cells as there are blocks. It never falls as the key grows, rounded or not, and
 * that is all that the search relies on: keys of lower cells are smaller, of higher ones greater.
 */
static size_t cell_of(const struct search *s, double key)
{
	double cell = (key - s->low) * s->cells_per_key;

	if (!(cell > 0))
		return 0;
	return cell < (double)s->n_blocks ? (size_t)cell : s->n_blocks - 1;
}

static void fill(struct search *s, const double *keys, size_t stride, double sign)
{
	const char *at = (const char *)keys;
	size_t padded = s->n_blocks * BLOCK, cell = 0;

	for (size_t i = 0; i < s->n; i++, at += stride)
		s->keys[i] = sign * *(const double *)(const void *)at;
	for (size_t i = s->n; i < padded; i++)
		s->keys[i] = INFINITY;
	s->low = s->keys[0];
	s->cells_per_key = (double)s->n_blocks / (s->keys[s->n - 1] - s->low);
	for (size_t i = 0; i < s->n_blocks; i++) {
		s->first[i] = s->keys[i * BLOCK];
		while (cell <= cell_of(s, s->first[i]))
			s->guess[cell++] = (uint32_t)i;
	}
	while (cell <= s->n_blocks)
		s->guess[cell++] = (uint32_t)s->n_blocks;
}

hg_err search_init(struct search *s, const double *keys, size_t n, size_t stride, double sign)
{
	*s = (struct search){.n = n, .n_blocks = (n + BLOCK - 1) / BLOCK};
	if (!n)
		return HG_OK;
	s->keys = alloc_keys(s->n_blocks * BLOCK);
	s->first = alloc_keys(s->n_blocks);
	s->guess = malloc((s->n_blocks + 1) * sizeof *s->guess);
	if (!s->keys || !s->first || !s->guess) {
		search_finish(s);
		return HG_ENOMEM;
	}
	fill(s, keys, stride, sign);
	return HG_OK;
}

void search_finish(struct search *s)
{
	free(s->keys);
	free(s->first);
	free(s->guess);
	*s = (struct search){0};
}

size_t search_le(const struct search *s, double key)
{
	size_t cell, low, high, count = 0;
	const double *block;

	if (!s->n)
		return 0;
	cell = cell_of(s, key);
	low = s->guess[cell];
	high = s->guess[cell + 1];
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->first[mid] <= key)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return 0;
	block = s->keys + (low - 1) * BLOCK;
	for (size_t i = 0; i < BLOCK; i++)
		count += block[i] <= key;
	/* Only an infinite key reaches the padding. */
	count += (low - 1) * BLOCK;
	return count < s->n ? count : s->n;
}

size_t search_lt(const struct search *s, double key)
{
	/* What is less than a key is at most the number before it. */
	return search_le(s, nextafter(key, -INFINITY));
}
