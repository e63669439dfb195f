/* Frontiers made from one other: scaled, thinned to the hull, described anew. */
#include "frontier.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

static void *duplicate(const void *data, size_t n, size_t elem)
{
	void *copy = malloc(n * elem);

	if (copy)
		memcpy(copy, data, n * elem);
	return copy;
}

/* A seed with copies of everything of f. */
static hg_err seed_like(const hg_frontier *f, struct frontier_seed *seed, hg_error *why)
{
	*seed = (struct frontier_seed){.n = f->n,
		.n_dominated = f->n_dominated,
		.info = &f->info,
		.table = f->table,
		.op = f->op,
		.children = f->children,
		.n_children = f->n_children,
		.extra = f->extra};
	seed->points = duplicate(f->points, f->n, sizeof *f->points);
	if (f->n_dominated)
		seed->dominated = duplicate(f->dominated, f->n_dominated, sizeof *f->dominated);
	if (f->part_begin) {
		seed->part_begin = duplicate(f->part_begin, f->n + 1, sizeof *f->part_begin);
		seed->parts = duplicate(f->parts, f->part_begin[f->n], sizeof *f->parts);
	}
	if (seed->points && (!f->n_dominated || seed->dominated) &&
		(!f->part_begin || (seed->part_begin && seed->parts)))
		return HG_OK;
	frontier_seed_free(seed);
	return fail(why, HG_ENOMEM, "out of memory for %zu points", f->n);
}

hg_err hg_frontier_with_info(
	const hg_frontier *f, const hg_frontier_info *info, hg_frontier **out, hg_error *why)
{
	struct frontier_seed seed;
	hg_err err = seed_like(f, &seed, why);

	if (err)
		return err;
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
static bool still_a_frontier(const hg_point *points, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (points[i].time_s <= points[i - 1].time_s ||
			points[i].energy_j >= points[i - 1].energy_j)
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
	err = seed_like(f, &seed, why);
	if (err)
		return err;
	scale_points(seed.points, seed.n, time_factor, energy_factor);
	scale_points(seed.dominated, seed.n_dominated, time_factor, energy_factor);
	if (!still_a_frontier(seed.points, seed.n) || !all_finite(seed.points, seed.n) ||
		!all_finite(seed.dominated, seed.n_dominated)) {
		frontier_seed_free(&seed);
		return fail(why, HG_ERANGE, "scaling by %g and %g leaves no distinct finite points",
			time_factor, energy_factor);
	}
	info.static_power_w *= energy_factor / time_factor;
	seed.info = &info;
	return frontier_make(&seed, out, why);
}

/* Keeps the vertices' points and parts, in place. */
static void thin_to_hull(const hg_frontier *f, struct frontier_seed *seed)
{
	size_t parts = 0;

	for (size_t i = 0; i < f->n_hull; i++) {
		size_t from = f->hull[i];

		seed->points[i] = seed->points[from];
		if (!seed->part_begin)
			continue;
		seed->part_begin[i] = parts;
		for (size_t j = f->part_begin[from]; j < f->part_begin[from + 1]; j++)
			seed->parts[parts++] = seed->parts[j];
	}
	if (seed->part_begin)
		seed->part_begin[f->n_hull] = parts;
	seed->n = f->n_hull;
	free(seed->dominated);
	seed->dominated = NULL;
	seed->n_dominated = 0;
}

hg_err hg_frontier_mix(const hg_frontier *f, hg_frontier **out, hg_error *why)
{
	struct frontier_seed seed;
	hg_err err = seed_like(f, &seed, why);

	if (err)
		return err;
	thin_to_hull(f, &seed);
	/* Unknown fields of composed points are kept by position, which changes here. */
	if (f->part_begin)
		seed.extra = NULL;
	return frontier_make(&seed, out, why);
}
