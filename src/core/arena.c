#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Blocks grow from small to large, so that a small arena stays small. */
#define BLOCK_FIRST ((size_t)4 << 10)
#define BLOCK_MOST  ((size_t)1 << 20)
#define ALIGN       alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t cap, used;
	alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){.max = max};
}

void arena_finish(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
	*a = (struct arena){.max = a->max};
}

/* A block with room for n bytes at its start. */
static struct arena_block *block_add(struct arena *a, size_t n)
{
	size_t cap = a->head ? a->head->cap * 2 : BLOCK_FIRST;
	struct arena_block *b;

	if (cap > BLOCK_MOST)
		cap = BLOCK_MOST;
	if (cap < n)
		cap = n;
	b = malloc(sizeof *b + cap);
	if (!b)
		return NULL;
	b->cap = cap;
	b->used = 0;
	b->next = a->head;
	a->head = b;
	return b;
}

static void *bytes_take(struct arena *a, size_t n, size_t align)
{
	struct arena_block *b = a->head;
	size_t at;

	if (n > a->max - a->used || n > SIZE_MAX / 2)
		return NULL;
	at = b ? (b->used + align - 1) & ~(align - 1) : 0;
	if (!b || at > b->cap || n > b->cap - at) {
		b = block_add(a, n);
		if (!b)
			return NULL;
		at = 0;
	}
	b->used = at + n;
	a->used += n;
	return b->bytes + at;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return bytes_take(a, n, ALIGN);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		return NULL;
	copy = bytes_take(a, n + 1, 1);
	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, s, n);
	copy[n] = 0;
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}
