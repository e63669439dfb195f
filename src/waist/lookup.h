/* Hash tables of the readers and writers: words by text, setting rows by content. */
#ifndef HG_WAIST_LOOKUP_H
#define HG_WAIST_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

#include "core/arena.h"
#include "core/vec.h"

/** Most words one table may hold, and most bytes of all of them. */
#define INTERN_MAX_WORDS ((size_t)1 << 24)
#define INTERN_MAX_BYTES ((size_t)1 << 30)

/** Words numbered in the order they were first seen. */
struct intern {
	struct arena arena;
	struct vec words; /* const char *, NUL-terminated */
	uint32_t *slots;  /* index + 1; 0 free */
	size_t n_slots;   /* power of two */
};

/** No such word. */
#define INTERN_NONE UINT32_MAX

void intern_init(struct intern *t);
/** Frees; a zeroed one is fine. */
void intern_finish(struct intern *t);
/** Index of a word, or INTERN_NONE. O(len). */
uint32_t intern_find(const struct intern *t, const char *text, size_t len);
/** Index of a word that is added when it is new. @return HG_OK, HG_ELIMIT, HG_ENOMEM */
hg_err intern_add(struct intern *t, const char *text, size_t len, uint32_t *index);
/** All words in order. */
const char *const *intern_words(const struct intern *t);

/**
 * Finds the first of n rows that repeats an earlier one; rows without any cell do not count.
 * @param cells   rows of n_cols numbers, NAN: absent
 * @param row_of  row of the i-th; NULL: i
 * @param first, second  receive the places; both SIZE_MAX when there is no repetition
 * @return HG_OK, HG_ENOMEM
 */
hg_err rows_find_repeat(const double *cells, size_t n_cols, const uint32_t *row_of, size_t n,
	size_t *first, size_t *second);

/** Whether every cell of the row is absent. */
bool row_is_empty(const double *row, size_t n_cols);

/** Whether the bytes are well-formed UTF-8. */
bool utf8_is_valid(const char *text, size_t len);

#endif
