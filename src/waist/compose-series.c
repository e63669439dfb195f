/*
 * One after the other: Minkowski sums.
 *
 * On hulls: from the sum of all fastest vertices, always take the steepest segment that is left;
 * each step moves one child to its next vertex. On points: fold pairwise; a heap holds, for each
 * point of the smaller side, its next sum that would save energy.
 */
#include <math.h>
#include <stdlib.h>

#include "compose.h"
#include "core/fail.h"
#include "core/heap.h"
#include "hull.h"

#define MAX_SUMS ((size_t)1 << 26)

static const hg_point *vertex(const hg_frontier *f, size_t i)
{
	return &f->points[f->hull[i]];
}

/* ------------------------------------------------------------------------------------- on hulls */

struct merge {
	struct compose *c;
	struct heap segments; /* steepest next segment of each child */
	size_t *at;           /* vertex each child stands on */
	hg_part *parts;
};

static hg_err push_segment(struct merge *m, size_t child)
{
	const hg_frontier *f = m->c->children[child];
	size_t at = m->at[child];

	if (at + 1 == f->n_hull_all)
		return HG_OK;
	return heap_push(&m->segments, hull_slope(vertex(f, at), vertex(f, at + 1)), child);
}

static hg_err add_current(struct merge *m)
{
	hg_point sum = compose_sum(m->c, m->parts, m->c->n_children);

	return compose_add(m->c, &sum, m->parts, m->c->n_children);
}

static hg_err merge_hulls(struct merge *m)
{
	hg_err err = HG_OK;

	for (size_t i = 0; i < m->c->n_children && !err; i++) {
		m->parts[i] = (hg_part){(uint32_t)i, m->c->children[i]->hull[0], 1};
		err = push_segment(m, i);
	}
	if (!err)
		err = add_current(m);
	while (!err && heap_top(&m->segments)) {
		size_t child = (size_t)heap_pop(&m->segments).value;

		m->at[child]++;
		m->parts[child].point = m->c->children[child]->hull[m->at[child]];
		err = add_current(m);
		if (!err)
			err = push_segment(m, child);
	}
	return err;
}

static hg_err series_of_hulls(struct compose *c)
{
	struct merge m = {.c = c};
	hg_err err = HG_ENOMEM;

	heap_init(&m.segments, c->n_children);
	m.at = calloc(c->n_children, sizeof *m.at);
	m.parts = calloc(c->n_children, sizeof *m.parts);
	if (m.at && m.parts)
		err = merge_hulls(&m);
	heap_finish(&m.segments);
	free(m.at);
	free(m.parts);
	return err;
}

/* ------------------------------------------------------------------------------------ on points */

/* A sum over the first children: which sum over one child fewer, and which point of the last one.
 */
struct sum {
	double time_s;
	double effective_j; /* energy less the static power of the whole for that time */
	uint32_t prefix;    /* place among the sums over one child fewer */
	uint32_t place;     /* place by time among the last child's points */
};

/* The Pareto sums of the first children, one vec per length of prefix. */
struct fold {
	const struct compose *c;
	struct vec *sums; /* n_children vecs of struct sum */
};

static struct sum single(const struct fold *fold, size_t stage, size_t place)
{
	const hg_frontier *f = fold->c->children[stage];
	const hg_point *p = &f->points[frontier_by_time(f, place)];

	return (struct sum){
		p->time_s, p->energy_j - fold->c->static_w * p->time_s, 0, (uint32_t)place};
}

static struct sum add_up(const struct fold *fold, size_t stage, size_t prefix, size_t place)
{
	const struct sum *a = vec_at(&fold->sums[stage - 1], prefix);
	struct sum b = single(fold, stage, place);

	return (struct sum){a->time_s + b.time_s, a->effective_j + b.effective_j, (uint32_t)prefix,
		(uint32_t)place};
}

/* First point of the child, from `from` on, whose sum with a prefix is below `limit_j`. */
static size_t next_saving(
	const struct fold *fold, size_t stage, size_t prefix, size_t from, double limit_j)
{
	size_t low = from, high = frontier_all(fold->c->children[stage]);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (add_up(fold, stage, prefix, mid).effective_j < limit_j)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static hg_err keep_sum(struct vec *sums, const struct sum *s)
{
	struct sum *last = sums->len ? vec_at(sums, sums->len - 1) : NULL;

	if (last && s->effective_j >= last->effective_j)
		return HG_OK;
	if (last && s->time_s <= last->time_s) {
		*last = *s;
		return HG_OK;
	}
	return vec_push(sums, s);
}

/*
 * The heap's value is the prefix; `at` tells which point of the child its key is for. Sums come out
 * by time, so a row may skip every sum that is not cheaper than the cheapest so far.
 */
static hg_err fold_rows(const struct fold *fold, size_t stage, struct heap *rows, uint32_t *at)
{
	struct vec *sums = &fold->sums[stage];
	size_t prefixes = fold->sums[stage - 1].len;
	size_t points = frontier_all(fold->c->children[stage]);
	hg_err err = HG_OK;

	for (size_t i = 0; i < prefixes && !err; i++)
		err = heap_push(rows, add_up(fold, stage, i, 0).time_s, i);
	while (!err && heap_top(rows)) {
		size_t row = (size_t)heap_top(rows)->value;
		struct sum s = add_up(fold, stage, row, at[row]);
		const struct sum *last;
		size_t next;

		err = keep_sum(sums, &s);
		if (err)
			break;
		last = vec_at(sums, sums->len - 1);
		next = next_saving(fold, stage, row, at[row] + (size_t)1, last->effective_j);
		if (next == points) {
			heap_pop(rows);
			continue;
		}
		at[row] = (uint32_t)next;
		heap_replace_top(rows, add_up(fold, stage, row, next).time_s, row);
	}
	return err;
}

static hg_err fold_stage(const struct fold *fold, size_t stage, hg_error *why)
{
	size_t prefixes = fold->sums[stage - 1].len;
	size_t points = frontier_all(fold->c->children[stage]);
	struct heap rows;
	uint32_t *at;
	hg_err err = HG_ENOMEM;

	if (points > MAX_SUMS / prefixes)
		return fail(why, HG_ELIMIT,
			"series of %zu and %zu points has too many sums (at most 2^26); compose the "
			"hulls instead (HG_SERIES_HULL)",
			prefixes, points);
	heap_init(&rows, prefixes);
	at = calloc(prefixes, sizeof *at);
	if (at)
		err = fold_rows(fold, stage, &rows, at);
	heap_finish(&rows);
	free(at);
	return err;
}

static hg_err fold_first(const struct fold *fold)
{
	const hg_frontier *f = fold->c->children[0];
	hg_err err = HG_OK;

	for (size_t i = 0; i < frontier_all(f) && !err; i++) {
		struct sum s = single(fold, 0, i);

		err = vec_push(&fold->sums[0], &s);
	}
	return err;
}

/* Follows the prefixes back to find each child's point. */
static hg_err unfold(const struct fold *fold, struct compose *c, hg_part *parts)
{
	size_t n = c->n_children;
	hg_err err = HG_OK;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): there is one child at least */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): compose_init() refuses n == 0 */
	for (size_t i = 0; i < fold->sums[n - 1].len && !err; i++) {
		size_t at = i;
		hg_point p;

		for (size_t stage = n; stage-- > 0;) {
			const struct sum *s = vec_at(&fold->sums[stage], at);

			parts[stage] = (hg_part){
				(uint32_t)stage, frontier_by_time(c->children[stage], s->place), 1};
			at = s->prefix;
		}
		p = compose_sum(c, parts, n);
		err = compose_add(c, &p, parts, n);
	}
	return err;
}

static hg_err series_of_points(struct compose *c, hg_error *why)
{
	struct fold fold = {.c = c};
	hg_part *parts = calloc(c->n_children, sizeof *parts);
	hg_err err = HG_ENOMEM;

	fold.sums = calloc(c->n_children, sizeof *fold.sums);
	if (fold.sums && parts) {
		for (size_t i = 0; i < c->n_children; i++)
			vec_init(&fold.sums[i], sizeof(struct sum), UINT32_MAX);
		err = fold_first(&fold);
		for (size_t i = 1; i < c->n_children && !err; i++)
			err = fold_stage(&fold, i, why);
		if (!err)
			err = unfold(&fold, c, parts);
	}
	for (size_t i = 0; fold.sums && i < c->n_children; i++)
		vec_finish(&fold.sums[i]);
	free(fold.sums);
	free(parts);
	return err;
}

/* The same device does all: it draws at most the largest power, waiting and working. */
static hg_frontier_info series_info(const struct compose *c)
{
	hg_frontier_info info = compose_info(c);

	info.work_unit = c->n_children == 1 ? info.work_unit : "";
	info.static_power_w = NAN;
	for (size_t i = 0; i < c->n_children; i++)
		info.static_power_w =
			compose_max(info.static_power_w, c->children[i]->info.static_power_w);
	return info;
}

hg_err hg_frontier_series(
	hg_frontier *const *children, size_t n, uint32_t flags, hg_frontier **out, hg_error *why)
{
	struct compose c;
	hg_frontier_info info;
	hg_err err = compose_init(&c, HG_OP_SERIES, children, n, why);

	if (err)
		return err;
	info = series_info(&c);
	c.static_w = info.static_power_w > 0 ? info.static_power_w : 0;
	if (flags & HG_SERIES_HULL)
		err = series_of_hulls(&c);
	else
		err = series_of_points(&c, why);
	if (err)
		compose_fail(err, why);
	if (!err)
		err = compose_make(&c, &info, out, why);
	compose_finish(&c);
	return err;
}
