#include "sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS     6 /* 6 x 11 >= 64 bits */
#define BUCKETS    (1u << DIGIT_BITS)
#define FEW        64 /* below this an insertion sort is faster than clearing the counters */

uint64_t sort_key(double value)
{
	double positive = value + 0.0;
	uint64_t bits;

	memcpy(&bits, &positive, sizeof bits);
	return bits;
}

static void sort_few(struct sort_item *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct sort_item item = items[i];
		size_t at = i;

		for (; at > 0 && items[at - 1].key > item.key; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

static unsigned digit(uint64_t key, unsigned pass)
{
	return (unsigned)(key >> (pass * DIGIT_BITS)) & (BUCKETS - 1);
}

static void count_all(const struct sort_item *items, size_t n, uint32_t (*count)[BUCKETS])
{
	memset(count, 0, DIGITS * sizeof *count);
	for (size_t i = 0; i < n; i++)
		for (unsigned pass = 0; pass < DIGITS; pass++)
			count[pass][digit(items[i].key, pass)]++;
}

/* Counts become the places where each bucket starts. */
static void counts_to_starts(uint32_t *count)
{
	uint32_t start = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		uint32_t here = count[i];

		count[i] = start;
		start += here;
	}
}

hg_err sort_items(struct sort_item *items, size_t n)
{
	struct sort_item *spare, *from = items, *to;
	uint32_t(*count)[BUCKETS];

	if (n <= FEW) {
		sort_few(items, n);
		return HG_OK;
	}
	spare = malloc(n * sizeof *spare);
	count = malloc(DIGITS * sizeof *count);
	if (!spare || !count) {
		free(spare);
		free(count);
		return HG_ENOMEM;
	}
	to = spare;
	count_all(items, n, count);
	for (unsigned pass = 0; pass < DIGITS; pass++) {
		struct sort_item *swap = from;

		if (count[pass][digit(from[0].key, pass)] == n)
			continue;
		counts_to_starts(count[pass]);
		for (size_t i = 0; i < n; i++)
			to[count[pass][digit(from[i].key, pass)]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, n * sizeof *items);
	free(spare);
	free(count);
	return HG_OK;
}
