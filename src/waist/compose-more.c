/* Repeating and alternatives. */
#include <math.h>
#include <stdlib.h>

#include "compose.h"
#include "core/fail.h"
#include "core/heap.h"

#define MAX_STEPS ((uint64_t)1 << 24)

/* `slow` of the `times` units at the slower end of segment v, the rest at the faster end. */
static hg_err add_step(struct compose *c, size_t v, uint32_t slow, uint32_t times)
{
	const hg_frontier *f = c->children[0];
	hg_part parts[2];
	size_t n = 0;
	hg_point p;

	if (slow < times)
		parts[n++] = (hg_part){0, f->hull[v], times - slow};
	if (slow > 0)
		parts[n++] = (hg_part){0, f->hull[v + 1], slow};
	p = compose_sum(c, parts, n);
	return compose_add(c, &p, parts, n);
}

hg_err hg_frontier_repeat(hg_frontier *child, uint32_t times, hg_frontier **out, hg_error *why)
{
	struct compose c;
	hg_frontier_info info;
	hg_err err = compose_init(&c, HG_OP_REPEAT, &child, 1, why);

	if (err)
		return err;
	if (!times)
		return fail(why, HG_EINVAL, "cannot repeat 0 times");
	if ((uint64_t)times * (child->n_hull_all - 1) >= MAX_STEPS)
		return fail(why, HG_ELIMIT,
			"%u repetitions of %zu vertices make more than 2^24 points", times,
			child->n_hull_all);
	info = compose_info(&c);
	info.work_unit = times == 1 ? info.work_unit : "";
	c.static_w = frontier_static_w(child);
	err = add_step(&c, 0, 0, times);
	for (size_t v = 0; v + 1 < child->n_hull_all && !err; v++)
		for (uint32_t slow = 1; slow <= times && !err; slow++)
			err = add_step(&c, v, slow, times);
	if (err)
		compose_fail(err, why);
	else
		err = compose_make(&c, &info, out, why);
	compose_finish(&c);
	return err;
}

/* All points of all children by time; the next of each child waits in the heap. */
static hg_err merge_children(struct compose *c, struct heap *next, uint32_t *at)
{
	hg_err err = HG_OK;

	for (size_t i = 0; i < c->n_children && !err; i++)
		err = heap_push(next, c->children[i]->points[0].time_s, i);
	while (!err && heap_top(next)) {
		size_t child = (size_t)heap_top(next)->value;
		const hg_frontier *f = c->children[child];
		hg_part part = {(uint32_t)child, frontier_by_time(f, at[child]), 1};
		hg_point p = f->points[part.point];

		p.setting = HG_SETTING_NONE;
		err = compose_add(c, &p, &part, 1);
		if (++at[child] == frontier_all(f))
			heap_pop(next);
		else
			heap_replace_top(
				next, f->points[frontier_by_time(f, at[child])].time_s, child);
	}
	return err;
}

hg_err hg_frontier_union(hg_frontier *const *children, size_t n, hg_frontier **out, hg_error *why)
{
	struct compose c;
	hg_frontier_info info;
	struct heap next;
	uint32_t *at;
	hg_err err = compose_init(&c, HG_OP_UNION, children, n, why);

	if (err)
		return err;
	info = compose_info(&c);
	c.static_w = info.static_power_w > 0 ? info.static_power_w : 0;
	heap_init(&next, n);
	at = calloc(n, sizeof *at);
	err = at ? merge_children(&c, &next, at) : HG_ENOMEM;
	if (err)
		compose_fail(err, why);
	else
		err = compose_make(&c, &info, out, why);
	heap_finish(&next);
	free(at);
	compose_finish(&c);
	return err;
}
