#include "vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VEC_FIRST 8

void vec_init(struct vec *v, size_t elem, size_t max)
{
	*v = (struct vec){.elem = elem, .max = max};
	if (elem && max > SIZE_MAX / 2 / elem)
		v->max = SIZE_MAX / 2 / elem;
}

void vec_finish(struct vec *v)
{
	free(v->data);
	*v = (struct vec){.elem = v->elem, .max = v->max};
}

hg_err vec_reserve(struct vec *v, size_t n)
{
	size_t need, cap;
	void *data;

	if (n > v->max - v->len)
		return HG_ELIMIT;
	need = v->len + n;
	if (need <= v->cap)
		return HG_OK;
	cap = v->cap < VEC_FIRST ? VEC_FIRST : v->cap + v->cap / 2;
	if (cap < need)
		cap = need;
	if (cap > v->max)
		cap = v->max;
	data = realloc(v->data, cap * v->elem);
	if (!data)
		return HG_ENOMEM;
	v->data = data;
	v->cap = cap;
	return HG_OK;
}

hg_err vec_push(struct vec *v, const void *item)
{
	if (v->len == v->cap) {
		hg_err err = vec_reserve(v, 1);

		if (err)
			return err;
	}
	memcpy((char *)v->data + v->len * v->elem, item, v->elem);
	v->len++;
	return HG_OK;
}

void *vec_at(const struct vec *v, size_t i)
{
	return (char *)v->data + i * v->elem;
}
