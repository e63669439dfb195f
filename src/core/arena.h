/* Memory that is freed all at once. */
#ifndef HG_CORE_ARENA_H
#define HG_CORE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* newest block */
	size_t used;              /* bytes handed out, all blocks */
	size_t max;               /* most bytes it may ever hand out */
};

/** Makes an empty arena that may hand out max bytes. Allocates nothing. */
void arena_init(struct arena *a, size_t max);

/** Frees everything handed out; a zeroed arena is fine. */
void arena_finish(struct arena *a);

/** n bytes aligned for any type, not cleared. @return NULL when memory or max is exhausted */
void *arena_alloc(struct arena *a, size_t n);

/** Copy of n bytes with a NUL behind them. @return NULL as arena_alloc() */
char *arena_strndup(struct arena *a, const char *s, size_t n);

/** Copy of a string. @return NULL as arena_alloc() */
char *arena_strdup(struct arena *a, const char *s);

#endif
