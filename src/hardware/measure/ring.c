#include "ring.h"

#include <stdlib.h>
#include <string.h>

int ring_init(struct ring *r, size_t capacity, size_t words)
{
	*r = (struct ring){.capacity = capacity, .words = words};
	r->slots = calloc(capacity * (words + 1), sizeof *r->slots);
	return r->slots ? 0 : -1;
}

void ring_finish(struct ring *r)
{
	free(r->slots);
	r->slots = NULL;
}

static _Atomic uint64_t *slot(const struct ring *r, uint64_t i)
{
	return &r->slots[(size_t)(i & (r->capacity - 1)) * (r->words + 1)];
}

/* What a slot's number is once record i is in it. */
static uint64_t number(uint64_t i)
{
	return 2 * i + 2;
}

void ring_push(struct ring *r, const void *record)
{
	uint64_t i = atomic_load_explicit(&r->head, memory_order_relaxed);
	_Atomic uint64_t *s = slot(r, i);
	uint64_t words[RING_WORDS];

	memcpy(words, record, r->words * sizeof words[0]);
	atomic_store_explicit(&s[0], number(i) - 1, memory_order_relaxed);
	/* release: who sees one of these words also sees the odd number */
	for (size_t k = 0; k < r->words; k++)
		atomic_store_explicit(&s[1 + k], words[k], memory_order_release);
	atomic_store_explicit(&s[0], number(i), memory_order_release);
	atomic_store_explicit(&r->head, i + 1, memory_order_release);
}

uint64_t ring_head(const struct ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_acquire);
}

uint64_t ring_oldest(const struct ring *r)
{
	uint64_t head = ring_head(r);

	return head > r->capacity ? head - r->capacity : 0;
}

/* The first n words of record i. */
static bool words_get(const struct ring *r, uint64_t i, size_t n, uint64_t words[RING_WORDS])
{
	const _Atomic uint64_t *s = slot(r, i);

	if (atomic_load_explicit(&s[0], memory_order_acquire) != number(i))
		return false;
	for (size_t k = 0; k < n; k++)
		words[k] = atomic_load_explicit(&s[1 + k], memory_order_acquire);
	return atomic_load_explicit(&s[0], memory_order_relaxed) == number(i);
}

bool ring_get(const struct ring *r, uint64_t i, void *record)
{
	uint64_t words[RING_WORDS];

	if (!words_get(r, i, r->words, words))
		return false;
	memcpy(record, words, r->words * sizeof words[0]);
	return true;
}

uint64_t ring_find(const struct ring *r, int64_t t)
{
	uint64_t high = ring_head(r), low = ring_oldest(r);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2, words[RING_WORDS];

		/* one that is gone meanwhile is an old one */
		if (!words_get(r, middle, 1, words) || (int64_t)words[0] < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
