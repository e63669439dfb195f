#include "heap.h"

#include <stdbool.h>
#include <stdlib.h>

#define HEAP_FIRST 64

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
	return a.key < b.key || (a.key == b.key && a.value < b.value);
}

static hg_err heap_grow(struct heap *h)
{
	size_t cap = h->cap < HEAP_FIRST ? HEAP_FIRST : h->cap * 2;
	struct heap_item *items;

	if (h->len >= h->max)
		return HG_ELIMIT;
	if (cap > h->max)
		cap = h->max;
	items = realloc(h->items, cap * sizeof *items);
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

/* Puts item where it belongs below the hole at the top. */
static void sift_down(struct heap *h, struct heap_item item)
{
	struct heap_item *items = h->items;
	size_t i = 0, len = h->len;

	for (;;) {
		size_t child = 4 * i + 1, best = child;
		size_t last = child + 4 < len ? child + 4 : len;

		if (child >= len)
			break;
		for (size_t c = child + 1; c < last; c++)
			if (before(items[c], items[best]))
				best = c;
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
