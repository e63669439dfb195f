/*
 * Memory that runs out: for a program linked with --wrap=malloc,--wrap=calloc,--wrap=realloc,
 * --wrap=strdup. Its one file that includes this says which calls fail.
 */
#ifndef HG_TESTS_SCARCE_H
#define HG_TESTS_SCARCE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/** Whether this call finds no memory; the including file's. */
static bool memory_fails(void);

/** The allocations that succeed are counted down in *left, and none after them does; -1: all do. */
static inline bool memory_spent(long *left)
{
	return *left >= 0 && (*left == 0 || (--*left, false));
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	return memory_fails() ? NULL : __real_malloc(n);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return memory_fails() ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
	return memory_fails() ? NULL : __real_realloc(p, n);
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
	if (!memory_fails())
		return __real_strdup(s);
	errno = ENOMEM;
	return NULL;
}

#endif
