/* From a point of a composed frontier down to the built frontiers it stands for. */
#include "core/vec.h"
#include "frontier.h"

#define MAX_PENDING ((size_t)1 << 26)

/* A point still to be taken apart. */
struct pending {
	const hg_frontier *f;
	size_t point;
	uint64_t count;
};

/* Last part first, so that the first one is taken apart first. */
static hg_err push_parts(struct vec *stack, const struct pending *p)
{
	size_t n;
	const hg_part *parts = hg_frontier_parts(p->f, p->point, &n);
	hg_err err = HG_OK;

	while (n-- > 0 && !err) {
		struct pending part = {p->f->children[parts[n].child], parts[n].point, 0};

		if (__builtin_mul_overflow(p->count, (uint64_t)parts[n].count, &part.count))
			return HG_ELIMIT;
		err = vec_push(stack, &part);
	}
	return err;
}

hg_err hg_frontier_realise(const hg_frontier *f, size_t point, hg_leaf_fn fn, void *user)
{
	struct pending p = {f, point, 1};
	struct vec stack;
	hg_err err;

	if (point >= frontier_all(f))
		return HG_EINVAL;
	vec_init(&stack, sizeof p, MAX_PENDING);
	err = vec_push(&stack, &p);
	while (!err && stack.len) {
		p = *(struct pending *)vec_at(&stack, --stack.len);
		if (p.f->part_begin)
			err = push_parts(&stack, &p);
		else if (fn(user, p.f, p.point, p.count))
			err = HG_EABORTED;
	}
	vec_finish(&stack);
	return err;
}
