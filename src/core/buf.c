#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 64

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2};
}

void buf_finish(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = HG_OK;
	if (b->data)
		b->data[0] = 0;
}

hg_err buf_reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *data;

	if (b->failed)
		return b->failed;
	if (n > b->max - b->len)
		return b->failed = HG_ELIMIT;
	need = b->len + n + 1;
	if (need <= b->cap)
		return HG_OK;
	cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap + b->cap / 2;
	if (cap < need)
		cap = need;
	if (cap > b->max + 1)
		cap = b->max + 1;
	data = realloc(b->data, cap);
	if (!data)
		return b->failed = HG_ENOMEM;
	b->data = data;
	b->cap = cap;
	b->data[b->len] = 0;
	return HG_OK;
}

hg_err buf_add(struct buf *b, const void *data, size_t n)
{
	if (buf_reserve(b, n))
		return b->failed;
	if (n)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = 0;
	return HG_OK;
}

hg_err buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

hg_err buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

hg_err buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (b->failed)
		return b->failed;
	if (n < 0)
		return b->failed = HG_ELIMIT;
	if (buf_reserve(b, (size_t)n))
		return b->failed;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return HG_OK;
}

char *buf_steal(struct buf *b)
{
	char *data;

	if (!b->data && buf_reserve(b, 0))
		return NULL;
	data = b->data;
	*b = (struct buf){.max = b->max};
	return data;
}
