/* Measurements that ended with no result and no failure. */
#include "search-tries.h"

#define MOST ((size_t)1 << 24)

void tries_init(struct tries *t)
{
	vec_init(&t->garbled, sizeof(uint32_t), MOST);
	t->in_row = 0;
}

void tries_finish(struct tries *t)
{
	vec_finish(&t->garbled);
}

hg_err tries_add(struct tries *t, uint32_t config, bool *last)
{
	size_t n = 0;
	hg_err rc = vec_push(&t->garbled, &config);

	for (size_t i = 0; i < t->garbled.len; i++)
		n += *(const uint32_t *)vec_at(&t->garbled, i) == config;
	*last = n == TRIES_EACH;
	t->in_row++;
	return rc;
}

void tries_broken(struct tries *t)
{
	t->in_row = 0;
}

bool tries_over(const struct tries *t)
{
	return t->in_row >= TRIES_IN_ROW;
}
