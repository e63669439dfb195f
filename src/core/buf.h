/* A growable byte buffer that declares its maximum when it is made. */
#ifndef HG_CORE_BUF_H
#define HG_CORE_BUF_H

#include <stddef.h>

#include <hourglass/error.h>

/**
 * Bytes with a terminating NUL that `len` does not count. A failed addition sets `failed` and
 * changes nothing more, so a run of additions can be checked once at its end.
 */
struct buf {
	char *data;    /* NULL until the first addition */
	size_t len;    /* bytes used */
	size_t cap;    /* bytes allocated */
	size_t max;    /* most bytes it may ever hold */
	hg_err failed; /* HG_OK, HG_ENOMEM or HG_ELIMIT; sticky */
};

/** Makes an empty buffer that may grow to max bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);

/** Frees; a zeroed buffer is fine. */
void buf_finish(struct buf *b);

/** Forgets the content, keeps the memory. */
void buf_clear(struct buf *b);

/** Makes room for n more bytes. @return b->failed */
hg_err buf_reserve(struct buf *b, size_t n);

/** Appends bytes. @return b->failed */
hg_err buf_add(struct buf *b, const void *data, size_t n);

/** Appends a string. @return b->failed */
hg_err buf_adds(struct buf *b, const char *s);

/** Appends one byte. @return b->failed */
hg_err buf_addc(struct buf *b, char c);

/** Appends formatted text. Not for doubles that must round-trip: see number.h. @return b->failed */
hg_err buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Hands the bytes, with their NUL, to the caller who free()s them; the buffer is empty then. */
char *buf_steal(struct buf *b);

#endif
