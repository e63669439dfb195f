/*
 * From a cloud of points to its frontier.
 *
 * A point stays when no faster one has as little energy or, where the static power is known, as
 * little effective energy. The latter alone decides who may be thrown out early: a point with more
 * effective energy than a faster one has more energy, too.
 *
 * Most points of a big cloud are dominated, and a coarse grid over time shows it without sorting:
 * a point is out when an earlier cell holds one that is at most as dear. What is left is sorted by
 * time and swept once. A cloud that is a frontier already is recognised and copied.
 */
#include "frontier.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"
#include "sort.h"

#define MAX_POINTS    0x7fffffffu
#define GRID_CELLS    65536u
#define GRID_WORTH_IT 4096

struct cloud {
	const hg_point *points;
	size_t n;
	hg_build_opts opts;
	uint64_t first_key, last_key; /* least and greatest time, as sort keys */
	double static_w;              /* to judge effective energies; 0 unknown */
	struct sort_item *order;      /* points that may be on the frontier, by time when sorted */
	size_t n_order;
};

static double effective(const struct cloud *c, const hg_point *p)
{
	return p->energy_j - c->static_w * p->time_s;
}

static bool rsd_is_valid(double rsd)
{
	return isnan(rsd) || (rsd >= 0 && isfinite(rsd));
}

static hg_err check_point(const struct cloud *c, size_t i, hg_error *why)
{
	const hg_point *p = &c->points[i];

	if (!(p->time_s >= 0) || !isfinite(p->time_s))
		return fail(why, HG_EINVAL, "point %zu: time is %g s, expected 0 or more", i,
			p->time_s);
	if (!(p->energy_j >= 0) || !isfinite(p->energy_j))
		return fail(why, HG_EINVAL, "point %zu: energy is %g J, expected 0 or more", i,
			p->energy_j);
	if (!rsd_is_valid(p->time_rsd) || !rsd_is_valid(p->energy_rsd))
		return fail(why, HG_EINVAL,
			"point %zu: relative standard deviations are %g and %g, expected 0 or more",
			i, p->time_rsd, p->energy_rsd);
	if (p->setting != HG_SETTING_NONE && p->setting >= c->opts.n_settings)
		return fail(why, HG_EINVAL, "point %zu: setting %u, but there are %zu", i,
			p->setting, c->opts.n_settings);
	return HG_OK;
}

/* Checks every point; on the way finds the range of times and whether all is a frontier already. */
static hg_err inspect(struct cloud *c, bool *is_frontier, hg_error *why)
{
	double before_t = -1, before_e = INFINITY;

	*is_frontier = true;
	c->first_key = UINT64_MAX;
	c->last_key = 0;
	for (size_t i = 0; i < c->n; i++) {
		const hg_point *p = &c->points[i];
		uint64_t key = sort_key(p->time_s);
		hg_err err = check_point(c, i, why);

		if (err)
			return err;
		if (p->time_s <= before_t || p->energy_j >= before_e)
			*is_frontier = false;
		before_t = p->time_s;
		before_e = p->energy_j;
		c->first_key = key < c->first_key ? key : c->first_key;
		c->last_key = key > c->last_key ? key : c->last_key;
	}
	return HG_OK;
}

static uint64_t hash_row(const double *cells, size_t n)
{
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < n; i++) {
		double cell = isnan(cells[i]) ? (double)NAN : cells[i] + 0.0;
		uint64_t bits;

		memcpy(&bits, &cell, sizeof bits);
		h = (h ^ bits) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

static bool same_row(const double *a, const double *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i])))
			return false;
	return true;
}

/* Finds two points with equal settings through a hash table with open addressing. */
static hg_err check_unique(const struct cloud *c, hg_error *why)
{
	size_t knobs = c->opts.n_knobs, slots = 16;
	uint32_t *table;
	hg_err err = HG_OK;

	while (slots < 2 * c->n)
		slots *= 2;
	table = calloc(slots, sizeof *table);
	if (!table)
		return fail(why, HG_ENOMEM, "out of memory");
	for (size_t i = 0; i < c->n && !err; i++) {
		const double *row;
		size_t at;

		if (c->points[i].setting == HG_SETTING_NONE)
			continue;
		row = c->opts.settings + c->points[i].setting * knobs;
		at = hash_row(row, knobs) & (slots - 1);
		for (; table[at]; at = (at + 1) & (slots - 1)) {
			size_t other = table[at] - 1;

			if (same_row(row, c->opts.settings + c->points[other].setting * knobs,
				    knobs)) {
				err = fail(why, HG_EINVAL,
					"points %zu and %zu have the same setting", other, i);
				break;
			}
		}
		table[at] = (uint32_t)i + 1;
	}
	free(table);
	return err;
}

/* Cell of a time. Cells follow the bits of the number, so any scale of times fills them evenly. */
static size_t grid_cell(const struct cloud *c, double time_s, unsigned shift)
{
	return (size_t)((sort_key(time_s) - c->first_key) >> shift);
}

/* Least effective energy of every cell, then of every cell and those before it. */
static void grid_fill(const struct cloud *c, double *least, unsigned shift)
{
	for (size_t i = 0; i < GRID_CELLS; i++)
		least[i] = INFINITY;
	for (size_t i = 0; i < c->n; i++) {
		double *cell = &least[grid_cell(c, c->points[i].time_s, shift)];

		*cell = fmin(*cell, effective(c, &c->points[i]));
	}
	for (size_t i = 1; i < GRID_CELLS; i++)
		if (least[i - 1] < least[i])
			least[i] = least[i - 1];
}

static void take(struct cloud *c, size_t i)
{
	c->order[c->n_order++] = (struct sort_item){sort_key(c->points[i].time_s), (uint32_t)i};
}

static hg_err take_undominated(struct cloud *c)
{
	double *least = malloc(GRID_CELLS * sizeof *least);
	unsigned shift = 0;

	if (!least)
		return HG_ENOMEM;
	while ((c->last_key - c->first_key) >> shift >= GRID_CELLS)
		shift++;
	grid_fill(c, least, shift);
	for (size_t i = 0; i < c->n; i++) {
		size_t cell = grid_cell(c, c->points[i].time_s, shift);

		if (!cell || effective(c, &c->points[i]) < least[cell - 1])
			take(c, i);
	}
	free(least);
	return HG_OK;
}

static hg_err choose_candidates(struct cloud *c)
{
	hg_err err = HG_OK;

	c->order = malloc(c->n * sizeof *c->order);
	if (!c->order)
		return HG_ENOMEM;
	/* Who wants the dominated points back needs them in order, too. */
	if (c->n >= GRID_WORTH_IT && !(c->opts.flags & HG_BUILD_KEEP_DOMINATED))
		err = take_undominated(c);
	else
		for (size_t i = 0; i < c->n; i++)
			take(c, i);
	return err ? err : sort_items(c->order, c->n_order);
}

static double sd(double value, double rsd)
{
	return isnan(rsd) ? 0 : value * rsd;
}

/* What the cheapest points so far cost. */
struct least {
	double energy_j, effective_j;
	double energy_sd_j; /* of the point that was kept last */
};

static double saved(const struct cloud *c, const struct least *least, const hg_point *p)
{
	return fmax(least->energy_j - p->energy_j, least->effective_j - effective(c, p));
}

/* Whether p saves enough against those before it to be told apart from them. */
static bool saves_enough(const struct cloud *c, const struct least *least, const hg_point *p)
{
	double saved_j = saved(c, least, p);
	double noise_j = 0;

	if (c->opts.near_tie_sigmas > 0)
		noise_j = hypot(least->energy_sd_j, sd(p->energy_j, p->energy_rsd));
	return saved_j > 0 && saved_j > c->opts.near_tie_sigmas * noise_j;
}

static void keep(const struct cloud *c, struct least *least, const hg_point *p)
{
	least->energy_j = fmin(least->energy_j, p->energy_j);
	least->effective_j = fmin(least->effective_j, effective(c, p));
	least->energy_sd_j = sd(p->energy_j, p->energy_rsd);
}

/* First place of those that start at i and have its time whose energy is least. */
static size_t cheapest_of_equals(const struct cloud *c, size_t i, size_t *end)
{
	size_t best = i;
	size_t j = i + 1;

	for (; j < c->n_order && c->order[j].key == c->order[i].key; j++)
		if (c->points[c->order[j].index].energy_j <
			c->points[c->order[best].index].energy_j)
			best = j;
	*end = j;
	return best;
}

static void sweep(const struct cloud *c, struct frontier_seed *seed)
{
	struct least least = {INFINITY, INFINITY, 0};
	size_t end;

	for (size_t i = 0; i < c->n_order; i = end) {
		size_t best = cheapest_of_equals(c, i, &end);
		const hg_point *p = &c->points[c->order[best].index];
		bool kept = saves_enough(c, &least, p);

		if (kept) {
			keep(c, &least, p);
			seed->points[seed->n++] = *p;
		}
		for (size_t j = i; seed->dominated && j < end; j++) {
			const hg_point *other = &c->points[c->order[j].index];

			/* A near tie is neither on the frontier nor dominated. */
			if ((!kept || j != best) && saved(c, &least, other) <= 0)
				seed->dominated[seed->n_dominated++] = *other;
		}
	}
}

/* realloc() to the size in use; the big block is as good when there is no smaller one. */
static void *shrink(void *data, size_t bytes)
{
	void *smaller;

	if (!bytes) {
		free(data);
		return NULL;
	}
	smaller = realloc(data, bytes);
	if (smaller)
		data = smaller;
	return data;
}

static hg_err split_cloud(struct cloud *c, struct frontier_seed *seed)
{
	hg_err err = choose_candidates(c);

	if (err)
		return err;
	seed->points = malloc(c->n_order * sizeof *seed->points);
	if (c->opts.flags & HG_BUILD_KEEP_DOMINATED)
		seed->dominated = malloc(c->n_order * sizeof *seed->dominated);
	if (!seed->points || ((c->opts.flags & HG_BUILD_KEEP_DOMINATED) && !seed->dominated))
		return HG_ENOMEM;
	sweep(c, seed);
	seed->points = shrink(seed->points, seed->n * sizeof *seed->points);
	seed->dominated = shrink(seed->dominated, seed->n_dominated * sizeof *seed->dominated);
	return HG_OK;
}

static hg_err copy_cloud(const struct cloud *c, struct frontier_seed *seed)
{
	seed->points = malloc(c->n * sizeof *seed->points);
	if (!seed->points)
		return HG_ENOMEM;
	memcpy(seed->points, c->points, c->n * sizeof *seed->points);
	seed->n = c->n;
	return HG_OK;
}

static hg_err read_opts(struct cloud *c, const hg_build_opts *opts, hg_error *why)
{
	const hg_build_opts none = {.size = sizeof none};

	if (size_read(&c->opts, sizeof c->opts, opts ? opts : &none))
		return fail(why, HG_EINVAL, "hg_build_opts.size is not set");
	if (!c->n)
		return fail(why, HG_EINVAL, "a frontier needs at least one point");
	if (c->n > MAX_POINTS)
		return fail(why, HG_ELIMIT, "%zu points, at most %u", c->n, MAX_POINTS);
	if (isnan(c->opts.near_tie_sigmas) || c->opts.near_tie_sigmas < 0)
		return fail(why, HG_EINVAL, "near_tie_sigmas is %g, expected 0 or more",
			c->opts.near_tie_sigmas);
	if (c->opts.info && c->opts.info->static_power_w > 0)
		c->static_w = c->opts.info->static_power_w;
	return HG_OK;
}

hg_err hg_frontier_build(const hg_point *points, size_t n, const hg_build_opts *opts,
	hg_frontier **out, hg_error *why)
{
	struct cloud c = {.points = points, .n = n};
	struct frontier_seed seed = {.op = HG_OP_NONE};
	bool is_frontier;
	hg_err err = read_opts(&c, opts, why);

	if (!err)
		err = inspect(&c, &is_frontier, why);
	if (!err && (c.opts.flags & HG_BUILD_UNIQUE_SETTINGS))
		err = check_unique(&c, why);
	if (!err && (c.opts.n_knobs || c.opts.n_settings))
		err = knob_table_create(c.opts.knobs, c.opts.n_knobs, c.opts.settings,
			c.opts.n_settings, &seed.table, why);
	if (err)
		return err;
	if (is_frontier && c.opts.near_tie_sigmas <= 0)
		err = copy_cloud(&c, &seed);
	else
		err = split_cloud(&c, &seed);
	free(c.order);
	seed.info = c.opts.info;
	if (err) {
		frontier_seed_free(&seed);
		fail(why, err, "out of memory for %zu points", n);
	} else {
		err = frontier_make(&seed, out, why);
	}
	knob_table_destroy(seed.table);
	return err;
}
