#define _POSIX_C_SOURCE 200809L /* strdup */
/* Life cycle and accessors of frontiers. */
#include "frontier.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"
#include "hull.h"

/* Strings of an info are owned by the frontier; const is for the outside. */
static void info_finish(hg_frontier_info *info)
{
	free((char *)info->name);
	free((char *)info->work_unit);
	free((char *)info->device);
	free((char *)info->source);
}

static bool own_string(const char **s)
{
	*s = strdup(*s ? *s : "");
	return *s != NULL;
}

static hg_err info_copy(hg_frontier_info *to, const hg_frontier_info *from, hg_error *why)
{
	const hg_frontier_info nothing = HG_FRONTIER_INFO_INIT;
	hg_frontier_info info;
	bool owned;

	if (size_read(&info, sizeof info, from ? from : &nothing))
		return fail(why, HG_EINVAL, "hg_frontier_info.size is not set");
	owned = own_string(&info.name);
	owned &= own_string(&info.work_unit);
	owned &= own_string(&info.device);
	owned &= own_string(&info.source);
	*to = info;
	if (!owned)
		return fail(why, HG_ENOMEM, "out of memory");
	if (info.static_power_w < 0 || isinf(info.static_power_w))
		return fail(why, HG_EINVAL, "static_power_w is %g, expected 0 or more",
			info.static_power_w);
	if (info.max_power_w < 0 || isinf(info.max_power_w))
		return fail(
			why, HG_EINVAL, "max_power_w is %g, expected 0 or more", info.max_power_w);
	return HG_OK;
}

/* Frees one frontier and puts the children that nobody else owns on the list of the doomed. */
static hg_frontier *free_one(hg_frontier *f, hg_frontier *doomed)
{
	for (size_t i = 0; i < f->n_children; i++) {
		hg_frontier *child = f->children[i];

		if (!child || atomic_fetch_sub_explicit(&child->refs, 1, memory_order_acq_rel) > 1)
			continue;
		child->doomed = doomed;
		doomed = child;
	}
	search_finish(&f->by_time);
	search_finish(&f->by_order);
	search_finish(&f->by_energy);
	search_finish(&f->by_hull);
	search_finish(&f->by_slope);
	info_finish(&f->info);
	knob_table_destroy(f->table);
	extra_destroy(f->extra);
	free(f->points);
	free(f->dominated);
	free(f->hull);
	free(f->order);
	free(f->children);
	free(f->part_begin);
	free(f->parts);
	free(f);
	return doomed;
}

void hg_frontier_destroy(hg_frontier *f)
{
	hg_frontier *doomed;

	if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1)
		return;
	f->doomed = NULL;
	doomed = f;
	while (doomed) {
		hg_frontier *next = doomed->doomed;

		doomed = free_one(doomed, next);
	}
}

hg_frontier *hg_frontier_ref(hg_frontier *f)
{
	if (f)
		atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	return f;
}

static hg_err index_hull(hg_frontier *f)
{
	size_t segments = f->n_hull - 1;
	double *keys = malloc(f->n_hull * sizeof *keys);
	hg_err err;

	if (!keys)
		return HG_ENOMEM;
	for (size_t i = 0; i < f->n_hull; i++)
		keys[i] = f->points[f->hull[i]].time_s;
	err = search_init(&f->by_hull, keys, f->n_hull, sizeof *keys, 1);
	for (size_t i = 0; i < segments; i++)
		keys[i] = hull_slope(&f->points[f->hull[i]], &f->points[f->hull[i + 1]]);
	if (!err)
		err = search_init(&f->by_slope, keys, segments, sizeof *keys, 1);
	free(keys);
	return err;
}

/*
 * Puts the points that only pay while waiting is charged behind the others, and the parts with
 * them. What came at place i by time goes to place order[i].
 */
static void place_points(
	hg_frontier *f, const hg_point *by_time, const size_t *begin, const hg_part *parts)
{
	size_t n = f->n + f->n_waiting;

	for (size_t i = 0; i < n; i++)
		f->points[f->order[i]] = by_time[i];
	if (!begin)
		return;
	f->part_begin[0] = 0;
	for (size_t i = 0; i < n; i++)
		f->part_begin[f->order[i] + 1] = begin[i + 1] - begin[i];
	for (size_t i = 0; i < n; i++)
		f->part_begin[i + 1] += f->part_begin[i];
	for (size_t i = 0; i < n; i++)
		memcpy(f->parts + f->part_begin[f->order[i]], parts + begin[i],
			(begin[i + 1] - begin[i]) * sizeof *parts);
}

/* Decides who waits. @return how many points are on the plain frontier */
static size_t assign_places(const hg_point *by_time, size_t n, uint32_t *order)
{
	double least_j = INFINITY;
	uint32_t plain = 0, waiting = 0;

	for (size_t i = 0; i < n; i++) {
		bool saves = by_time[i].energy_j < least_j;

		order[i] = saves ? plain++ : UINT32_MAX;
		if (saves)
			least_j = by_time[i].energy_j;
	}
	for (size_t i = 0; i < n; i++)
		if (order[i] == UINT32_MAX)
			order[i] = plain + waiting++;
	return plain;
}

static hg_err split_waiting(hg_frontier *f)
{
	size_t n = f->n;
	hg_point *points = f->points;
	size_t *begin = f->part_begin;
	hg_part *parts = f->parts;
	bool whole;

	f->order = malloc(n * sizeof *f->order);
	if (!f->order)
		return HG_ENOMEM;
	f->n = assign_places(points, n, f->order);
	f->n_waiting = n - f->n;
	if (!f->n_waiting) {
		free(f->order);
		f->order = NULL;
		return HG_OK;
	}
	f->points = malloc(n * sizeof *points);
	f->part_begin = begin ? malloc((n + 1) * sizeof *begin) : NULL;
	f->parts = begin ? malloc(begin[n] * sizeof *parts) : NULL;
	whole = f->points && (!begin || (f->part_begin && f->parts));
	if (whole)
		place_points(f, points, begin, parts);
	free(points);
	free(begin);
	free(parts);
	return whole ? HG_OK : HG_ENOMEM;
}

static hg_err find_hull(hg_frontier *f)
{
	uint32_t *shrunk;

	f->hull = malloc(frontier_all(f) * sizeof *f->hull);
	if (!f->hull)
		return HG_ENOMEM;
	f->n_hull = hull_lower(f->points, f->n, f->hull);
	f->n_hull_all = f->n_hull;
	if (f->order)
		f->n_hull_all =
			hull_extend(f->points, f->order, frontier_all(f), f->hull, f->n_hull);
	shrunk = realloc(f->hull, f->n_hull_all * sizeof *f->hull);
	if (shrunk)
		f->hull = shrunk;
	return HG_OK;
}

static hg_err index_order(hg_frontier *f)
{
	double *keys;
	hg_err err;

	if (!f->order)
		return HG_OK;
	keys = malloc(frontier_all(f) * sizeof *keys);
	if (!keys)
		return HG_ENOMEM;
	for (size_t i = 0; i < frontier_all(f); i++)
		keys[i] = f->points[f->order[i]].time_s;
	err = search_init(&f->by_order, keys, frontier_all(f), sizeof *keys, 1);
	free(keys);
	return err;
}

static hg_err make_indices(hg_frontier *f)
{
	hg_err err = split_waiting(f);

	if (!err)
		err = find_hull(f);
	if (err)
		return err;
	f->knee = hull_knee(f->points, f->n);
	err = search_init(&f->by_time, &f->points[0].time_s, f->n, sizeof *f->points, 1);
	if (!err)
		err = search_init(
			&f->by_energy, &f->points[0].energy_j, f->n, sizeof *f->points, -1);
	if (!err)
		err = index_hull(f);
	if (!err)
		err = index_order(f);
	return err;
}

static hg_err adopt_children(hg_frontier *f, const struct frontier_seed *seed)
{
	if (!seed->n_children)
		return HG_OK;
	f->children = calloc(seed->n_children, sizeof *f->children);
	if (!f->children)
		return HG_ENOMEM;
	f->n_children = seed->n_children;
	for (size_t i = 0; i < seed->n_children; i++)
		f->children[i] = hg_frontier_ref(seed->children[i]);
	return HG_OK;
}

void frontier_seed_free(struct frontier_seed *seed)
{
	free(seed->points);
	free(seed->dominated);
	free(seed->part_begin);
	free(seed->parts);
}

hg_err frontier_make(struct frontier_seed *seed, hg_frontier **out, hg_error *why)
{
	hg_frontier *f = calloc(1, sizeof *f);
	hg_err err;

	if (!f) {
		frontier_seed_free(seed);
		return fail(why, HG_ENOMEM, "out of memory");
	}
	atomic_init(&f->refs, 1);
	f->points = seed->points;
	f->n = seed->n;
	f->dominated = seed->dominated;
	f->n_dominated = seed->n_dominated;
	f->part_begin = seed->part_begin;
	f->parts = seed->parts;
	f->op = seed->op;
	f->table = knob_table_ref(seed->table);
	f->extra = extra_ref(seed->extra);
	err = info_copy(&f->info, seed->info, why);
	if (!err && (adopt_children(f, seed) || make_indices(f)))
		err = fail(why, HG_ENOMEM, "out of memory for %zu points", seed->n);
	if (err) {
		hg_frontier_destroy(f);
		return err;
	}
	*out = f;
	return HG_OK;
}

size_t hg_frontier_count(const hg_frontier *f)
{
	return f->n;
}

const hg_point *hg_frontier_points(const hg_frontier *f)
{
	return f->points;
}

const hg_point *hg_frontier_waiting(const hg_frontier *f, size_t *n)
{
	*n = f->n_waiting;
	return f->points + f->n;
}

const hg_point *hg_frontier_dominated(const hg_frontier *f, size_t *n)
{
	*n = f->n_dominated;
	return f->dominated;
}

const uint32_t *hg_frontier_hull(const hg_frontier *f, size_t *n)
{
	*n = f->n_hull;
	return f->hull;
}

void hg_frontier_get_info(const hg_frontier *f, hg_frontier_info *info)
{
	size_write(info, &f->info, sizeof f->info);
}

const hg_knob_def *hg_frontier_knobs(const hg_frontier *f, size_t *n)
{
	*n = f->table ? f->table->n_knobs : 0;
	return f->table ? f->table->knobs : NULL;
}

const double *hg_frontier_setting(const hg_frontier *f, hg_setting row)
{
	const struct knob_table *t = f->table;

	if (!t || !t->n_knobs || row >= t->n_settings)
		return NULL;
	return t->settings + row * t->n_knobs;
}

size_t hg_frontier_knob_index(const hg_frontier *f, const char *name)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(knobs[i].name, name))
			return i;
	return SIZE_MAX;
}

hg_op_kind hg_frontier_op(const hg_frontier *f)
{
	return f->op;
}

size_t hg_frontier_children(const hg_frontier *f)
{
	return f->n_children;
}

hg_frontier *hg_frontier_child(const hg_frontier *f, size_t i)
{
	return i < f->n_children ? f->children[i] : NULL;
}

const hg_part *hg_frontier_parts(const hg_frontier *f, size_t point, size_t *n)
{
	if (!f->part_begin || point >= frontier_all(f)) {
		*n = 0;
		return NULL;
	}
	*n = f->part_begin[point + 1] - f->part_begin[point];
	return f->parts + f->part_begin[point];
}
