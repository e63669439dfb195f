#include "heap.h"

#include <stdbool.h>
#include <stdlib.h>

#define HEAP_FIRST 64
/* Room is made for no fewer, whatever the maximum: see sift_down(). */
#define HEAP_LEAST 16

void heap_init(struct heap *h, size_t max)
{
	*h = (struct heap){.max = max};
	if (max > SIZE_MAX / 2 / sizeof *h->items)
		h->max = SIZE_MAX / 2 / sizeof *h->items;
}

void heap_finish(struct heap *h)
{
	free(h->items);
	*h = (struct heap){.max = h->max};
}

static inline bool before(struct heap_item a, struct heap_item b)
{
	bool less = a.key < b.key;

	if (a.key == b.key) /* rare, hence predicted */
		less = a.value < b.value;
	return less;
}

/* Index arithmetic instead of a branch: which of two items is less, no processor can predict. */
static inline size_t lesser(const struct heap_item *items, size_t a, size_t b)
{
	size_t mask = (size_t)0 - (size_t)before(items[b], items[a]);

	return a ^ ((a ^ b) & mask);
}

static hg_err heap_grow(struct heap *h)
{
	size_t cap = h->cap < HEAP_FIRST ? HEAP_FIRST : h->cap * 2;
	struct heap_item *items;

	if (h->len >= h->max)
		return HG_ELIMIT;
	if (cap > h->max)
		cap = h->max;
	items = realloc(h->items, (cap < HEAP_LEAST ? HEAP_LEAST : cap) * sizeof *items);
	if (!items)
		return HG_ENOMEM;
	h->items = items;
	h->cap = cap;
	return HG_OK;
}

hg_err heap_push(struct heap *h, double key, uint64_t value)
{
	struct heap_item item = {key, value};
	size_t i = h->len;

	if (h->len == h->cap) {
		hg_err err = heap_grow(h);

		if (err)
			return err;
	}
	h->len++;
	while (i > 0) {
		size_t parent = (i - 1) / 4;

		if (!before(item, h->items[parent]))
			break;
		h->items[i] = h->items[parent];
		i = parent;
	}
	h->items[i] = item;
	return HG_OK;
}

const struct heap_item *heap_top(const struct heap *h)
{
	return h->len ? h->items : NULL;
}

/*
 * Puts item where it belongs below the hole at the top. The sixteen grandchildren are asked for
 * while the children are compared: which four of them are wanted is known only then, and in a large
 * heap that would be one cache miss a level. (In a function of its own gcc 12 drops the
 * prefetches.)
 */
static void sift_down(struct heap *h, struct heap_item item)
{
	struct heap_item *items = h->items;
	size_t i = 0, len = h->len;

	for (;;) {
		size_t child = 4 * i + 1, grandchild = 4 * child + 1, best = child;
		const struct heap_item *soon = items + (grandchild + 16 <= len ? grandchild : 0);

		__builtin_prefetch(soon);
		__builtin_prefetch(soon + 4);
		__builtin_prefetch(soon + 8);
		__builtin_prefetch(soon + 12);
		__builtin_prefetch(soon + 15);
		if (child + 4 <= len) {
			best = lesser(items, lesser(items, child, child + 1),
				lesser(items, child + 2, child + 3));
		} else if (child < len) {
			for (size_t c = child + 1; c < len; c++)
				best = lesser(items, best, c);
		} else {
			break;
		}
		if (!before(items[best], item))
			break;
		items[i] = items[best];
		i = best;
	}
	items[i] = item;
}

struct heap_item heap_pop(struct heap *h)
{
	struct heap_item top = h->items[0];

	h->len--;
	if (h->len)
		sift_down(h, h->items[h->len]);
	return top;
}

void heap_replace_top(struct heap *h, double key, uint64_t value)
{
	sift_down(h, (struct heap_item){key, value});
}
