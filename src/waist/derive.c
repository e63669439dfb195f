/* Frontiers made from one other: scaled, thinned to the hull, described anew. */
#include "frontier.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "hull.h"

static void *duplicate(const void *data, size_t n, size_t elem)
{
	void *copy = malloc(n * elem);

	if (copy)
		memcpy(copy, data, n * elem);
	return copy;
}

static bool is_whole(const hg_frontier *f, const struct frontier_seed *seed)
{
	return seed->points && (!f->n_dominated || seed->dominated) &&
	       (!f->part_begin || (seed->part_begin && seed->parts));
}

/* Copies the points that `index` picks, with their parts. */
static void pick_points(
	const hg_frontier *f, const uint32_t *index, size_t n, struct frontier_seed *seed)
{
	size_t n_parts = 0;

	seed->n = n;
	for (size_t i = 0; i < n; i++) {
		size_t from = index ? index[i] : i, count;

		seed->points[i] = f->points[from];
		if (!f->part_begin)
			continue;
		count = f->part_begin[from + 1] - f->part_begin[from];
		seed->part_begin[i] = n_parts;
		memcpy(seed->parts + n_parts, f->parts + f->part_begin[from],
			count * sizeof *f->parts);
		n_parts += count;
	}
	if (f->part_begin)
		seed->part_begin[n] = n_parts;
}

/* A seed with copies of those points of f that `index` picks, by time, and of everything else. */
static hg_err seed_like(const hg_frontier *f, const uint32_t *index, size_t n,
	struct frontier_seed *seed, hg_error *why)
{
	*seed = (struct frontier_seed){.n_dominated = f->n_dominated,
		.info = &f->info,
		.table = f->table,
		.op = f->op,
		.children = f->children,
		.n_children = f->n_children,
		.extra = f->extra};
	seed->points = malloc(n * sizeof *seed->points);
	if (f->n_dominated)
		seed->dominated = duplicate(f->dominated, f->n_dominated, sizeof *f->dominated);
	if (f->part_begin) {
		seed->part_begin = malloc((n + 1) * sizeof *seed->part_begin);
		seed->parts = malloc(f->part_begin[frontier_all(f)] * sizeof *seed->parts);
	}
	if (!is_whole(f, seed)) {
		frontier_seed_free(seed);
		return fail(why, HG_ENOMEM, "out of memory for %zu points", n);
	}
	pick_points(f, index, n, seed);
	return HG_OK;
}

/* With another static power other points are worth waiting for: judge the whole cloud again. */
static hg_err rebuild(
	const hg_frontier *f, const hg_frontier_info *info, hg_frontier **out, hg_error *why)
{
	size_t n = frontier_all(f);
	hg_build_opts opts = {.size = sizeof opts, .flags = HG_BUILD_KEEP_DOMINATED, .info = info};
	hg_point *cloud = malloc((n + f->n_dominated) * sizeof *cloud);
	hg_err err;

	if (!cloud)
		return fail(why, HG_ENOMEM, "out of memory for %zu points", n);
	memcpy(cloud, f->points, n * sizeof *cloud);
	if (f->n_dominated)
		memcpy(cloud + n, f->dominated, f->n_dominated * sizeof *cloud);
	if (f->table) {
		opts.knobs = f->table->knobs;
		opts.n_knobs = f->table->n_knobs;
		opts.settings = f->table->settings;
		opts.n_settings = f->table->n_settings;
	}
	err = hg_frontier_build(cloud, n + f->n_dominated, &opts, out, why);
	if (!err)
		(*out)->extra = extra_ref(f->extra);
	free(cloud);
	return err;
}

/* Points of a composed frontier that stay worth it under another static power. */
static size_t still_worth(const hg_frontier *f, double static_power_w, uint32_t *index)
{
	struct staircase stair;
	size_t n = 0;

	staircase_init(&stair, static_power_w);
	for (size_t k = 0; k < frontier_all(f); k++)
		if (staircase_step(&stair, &f->points[frontier_by_time(f, k)]))
			index[n++] = frontier_by_time(f, k);
	return n;
}

hg_err hg_frontier_with_info(
	const hg_frontier *f, const hg_frontier_info *info, hg_frontier **out, hg_error *why)
{
	struct frontier_seed seed;
	uint32_t *index;
	hg_err err;

	if (!f->part_begin && (f->n_waiting || f->n_dominated))
		return rebuild(f, info, out, why);
	index = malloc(frontier_all(f) * sizeof *index);
	if (!index)
		return fail(why, HG_ENOMEM, "out of memory for %zu points", f->n);
	err = seed_like(f, index, still_worth(f, info->static_power_w, index), &seed, why);
	free(index);
	if (err)
		return err;
	if (f->part_begin && seed.n != frontier_all(f))
		seed.extra = NULL;
	seed.info = info;
	return frontier_make(&seed, out, why);
}

static void scale_points(hg_point *points, size_t n, double time_factor, double energy_factor)
{
	for (size_t i = 0; i < n; i++) {
		points[i].time_s *= time_factor;
		points[i].energy_j *= energy_factor;
	}
}

/*
 * Rounding, overflow or underflow may make neighbours equal or infinite, which no frontier may
 * hold: refuse rather than drop points behind the caller's back.
 */
static bool still_a_frontier(const hg_point *points, size_t n, double static_power_w)
{
	struct staircase stair;

	staircase_init(&stair, static_power_w);
	for (size_t i = 0; i < n; i++)
		if (!staircase_step(&stair, &points[i]))
			return false;
	return true;
}

static bool all_finite(const hg_point *points, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(points[i].time_s) || !isfinite(points[i].energy_j))
			return false;
	return true;
}

hg_err hg_frontier_scale(const hg_frontier *f, double time_factor, double energy_factor,
	hg_frontier **out, hg_error *why)
{
	hg_frontier_info info = f->info;
	struct frontier_seed seed;
	hg_err err;

	if (!(time_factor > 0 && energy_factor > 0 && isfinite(time_factor) &&
		    isfinite(energy_factor)))
		return fail(why, HG_EINVAL, "factors are %g and %g, expected more than 0",
			time_factor, energy_factor);
	err = seed_like(f, f->order, frontier_all(f), &seed, why);
	if (err)
		return err;
	info.static_power_w *= energy_factor / time_factor;
	scale_points(seed.points, seed.n, time_factor, energy_factor);
	scale_points(seed.dominated, seed.n_dominated, time_factor, energy_factor);
	if (!still_a_frontier(seed.points, seed.n, info.static_power_w) ||
		!all_finite(seed.points, seed.n) || !all_finite(seed.dominated, seed.n_dominated)) {
		frontier_seed_free(&seed);
		return fail(why, HG_ERANGE, "scaling by %g and %g leaves no distinct finite points",
			time_factor, energy_factor);
	}
	seed.info = &info;
	return frontier_make(&seed, out, why);
}

hg_err hg_frontier_mix(const hg_frontier *f, hg_frontier **out, hg_error *why)
{
	struct frontier_seed seed;
	hg_err err = seed_like(f, f->hull, f->n_hull_all, &seed, why);

	if (err)
		return err;
	free(seed.dominated);
	seed.dominated = NULL;
	seed.n_dominated = 0;
	/* Unknown fields of composed points are kept by position, which changes here. */
	if (f->part_begin)
		seed.extra = NULL;
	return frontier_make(&seed, out, why);
}
