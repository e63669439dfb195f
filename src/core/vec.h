/* A growable array of equal elements that declares its maximum when it is made. */
#ifndef HG_CORE_VEC_H
#define HG_CORE_VEC_H

#include <stddef.h>

#include <hourglass/error.h>

struct vec {
	void *data;  /* elements, contiguous */
	size_t len;  /* elements used */
	size_t cap;  /* elements allocated */
	size_t elem; /* bytes of one */
	size_t max;  /* most elements it may ever hold */
};

/** Makes an empty array of elements of elem bytes that may grow to max. Allocates nothing. */
void vec_init(struct vec *v, size_t elem, size_t max);

/** Frees; a zeroed array is fine. */
void vec_finish(struct vec *v);

/** Makes room for n more elements. @return HG_OK, HG_ENOMEM, HG_ELIMIT */
hg_err vec_reserve(struct vec *v, size_t n);

/** Appends a copy of *item. @return HG_OK, HG_ENOMEM, HG_ELIMIT */
hg_err vec_push(struct vec *v, const void *item);

/** Element i, which must exist. */
void *vec_at(const struct vec *v, size_t i);

#endif
