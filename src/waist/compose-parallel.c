/*
 * At once: time is the largest, energies add, waiting is charged.
 *
 * For a common finish no later than T every child by itself takes the point with least effective
 * energy e - s t among those with t <= T, which is the slowest of them. Sweeping T over all times
 * of all children, and charging each choice up to its true finish, gives every Pareto point.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "compose.h"
#include "core/fail.h"
#include "core/heap.h"

/* Points to make room for at most before it is known how many there are. */
#define MAX_RESERVE ((size_t)1 << 20)

struct race {
	struct compose *c;
	struct heap next; /* next time of each child */
	size_t *reached;  /* last place by time of each child with time <= T */
	hg_part *parts;   /* best point of each child up to T */
};

static hg_point join(const struct race *r)
{
	const struct compose *c = r->c;
	hg_point all = compose_sum(c, r->parts, c->n_children);
	double energy_sd = all.energy_rsd * all.energy_j;
	double waiting_j = 0;

	all.time_s = -1;
	for (size_t i = 0; i < c->n_children; i++) {
		const hg_point *p = &c->children[i]->points[r->parts[i].point];

		if (p->time_s > all.time_s) {
			all.time_s = p->time_s;
			all.time_rsd = p->time_rsd;
		}
	}
	for (size_t i = 0; i < c->n_children; i++) {
		const hg_point *p = &c->children[i]->points[r->parts[i].point];

		waiting_j += frontier_static_w(c->children[i]) * (all.time_s - p->time_s);
	}
	all.energy_j += waiting_j;
	all.energy_rsd = all.energy_j > 0 ? energy_sd / all.energy_j : 0;
	return all;
}

/* Moves one child on by a point. */
static void advance(struct race *r, size_t child)
{
	const hg_frontier *f = r->c->children[child];
	size_t at = ++r->reached[child];

	r->parts[child].point = frontier_by_time(f, at);
	if (at + 1 == frontier_all(f))
		heap_pop(&r->next);
	else
		heap_replace_top(&r->next, f->points[frontier_by_time(f, at + 1)].time_s, child);
}

/* Everybody at least at its fastest point, and at T, the slowest of those. */
static hg_err line_up(struct race *r)
{
	const struct compose *c = r->c;
	double start_s = 0;
	size_t points = 0;
	hg_err err;

	for (size_t i = 0; i < c->n_children; i++)
		points += frontier_all(c->children[i]);
	/* Rarely as many, and parts grow as needed. */
	err = compose_reserve(r->c, points < MAX_RESERVE ? points : MAX_RESERVE, points);
	for (size_t i = 0; i < c->n_children; i++)
		start_s = fmax(start_s, c->children[i]->points[0].time_s);
	for (size_t i = 0; i < c->n_children && !err; i++) {
		const hg_frontier *f = c->children[i];

		r->reached[i] = search_le(f->order ? &f->by_order : &f->by_time, start_s) - 1;
		r->parts[i] = (hg_part){(uint32_t)i, frontier_by_time(f, r->reached[i]), 1};
		if (r->reached[i] + 1 < frontier_all(f))
			err = heap_push(&r->next,
				f->points[frontier_by_time(f, r->reached[i] + 1)].time_s, i);
	}
	return err;
}

static hg_err run_race(struct race *r)
{
	hg_err err = line_up(r);

	while (!err) {
		hg_point p = join(r);
		const struct heap_item *top;
		double now_s;

		err = compose_add(r->c, &p, r->parts, r->c->n_children);
		top = heap_top(&r->next);
		if (err || !top)
			break;
		now_s = top->key;
		for (; top && top->key <= now_s; top = heap_top(&r->next))
			advance(r, (size_t)top->value);
	}
	return err;
}

static hg_frontier_info parallel_info(const struct compose *c)
{
	hg_frontier_info info = compose_info(c);
	uint64_t devices = 0;
	bool all_known = true;

	info.static_power_w = NAN;
	info.max_power_w = NAN;
	for (size_t i = 0; i < c->n_children; i++) {
		const hg_frontier_info *child = &c->children[i]->info;

		devices += child->devices;
		all_known = all_known && child->devices;
		info.static_power_w = compose_add_known(info.static_power_w, child->static_power_w);
		info.max_power_w = compose_add_known(info.max_power_w, child->max_power_w);
	}
	info.devices = all_known && devices <= UINT32_MAX ? (uint32_t)devices : 0;
	return info;
}

hg_err hg_frontier_parallel(
	hg_frontier *const *children, size_t n, hg_frontier **out, hg_error *why)
{
	struct compose c;
	struct race r = {.c = &c};
	hg_frontier_info info;
	hg_err err = compose_init(&c, HG_OP_PARALLEL, children, n, why);

	if (err)
		return err;
	info = parallel_info(&c);
	c.static_w = info.static_power_w > 0 ? info.static_power_w : 0;
	heap_init(&r.next, n);
	r.reached = calloc(n, sizeof *r.reached);
	r.parts = calloc(n, sizeof *r.parts);
	err = r.reached && r.parts ? run_race(&r) : HG_ENOMEM;
	if (err)
		compose_fail(err, why);
	else
		err = compose_make(&c, &info, out, why);
	heap_finish(&r.next);
	free(r.reached);
	free(r.parts);
	compose_finish(&c);
	return err;
}
