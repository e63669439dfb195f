/* What a reader gathers: the columns of a setting table, and points with their rows. */
#include "columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/number.h"

#include "frontier.h"
#include "hull.h"

void columns_init(struct columns *c)
{
	arena_init(&c->arena, INTERN_MAX_BYTES);
	vec_init(&c->at, sizeof(struct column), COLUMNS_MAX);
	intern_init(&c->names);
}

void columns_finish(struct columns *c)
{
	for (size_t i = 0; i < c->at.len; i++)
		intern_finish(&columns_get(c, i)->choices);
	vec_finish(&c->at);
	intern_finish(&c->names);
	arena_finish(&c->arena);
}

size_t columns_count(const struct columns *c)
{
	return c->at.len;
}

struct column *columns_get(const struct columns *c, size_t i)
{
	return vec_at(&c->at, i);
}

size_t columns_find(const struct columns *c, const char *name, size_t len)
{
	uint32_t i = intern_find(&c->names, name, len);

	return i == INTERN_NONE ? SIZE_MAX : i;
}

hg_err columns_add(struct columns *c, struct slice name, struct slice unit, bool words)
{
	struct column col = {.words = words};
	uint32_t index;
	hg_err err;

	if (name.len == 0 || columns_find(c, name.text, name.len) != SIZE_MAX)
		return HG_EINVAL;
	if (c->at.len >= COLUMNS_MAX)
		return HG_ELIMIT;
	col.name = arena_strndup(&c->arena, name.text, name.len);
	col.unit = arena_strndup(&c->arena, unit.len ? unit.text : "", unit.len);
	if (!col.name || !col.unit)
		return HG_ENOMEM;
	err = intern_add(&c->names, name.text, name.len, &index);
	if (err)
		return err;
	intern_init(&col.choices);
	return vec_push(&c->at, &col);
}

hg_knob_def *columns_defs(const struct columns *c)
{
	static const char *const none[] = {""};
	size_t n = columns_count(c);
	hg_knob_def *defs = calloc(n ? n : 1, sizeof *defs);

	if (!defs)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const struct column *col = columns_get(c, i);

		defs[i].name = col->name;
		defs[i].unit = col->unit;
		if (!col->words)
			continue;
		defs[i].n_choices = col->choices.words.len;
		defs[i].choices = defs[i].n_choices ? intern_words(&col->choices) : none;
	}
	return defs;
}

hg_err columns_fail(hg_error *why, hg_err err, const char *origin, size_t line)
{
	if (err == HG_ENOMEM)
		return fail(why, err, "%s:%zu: out of memory", origin, line);
	return fail(why, err,
		"%s:%zu: more than the %zu knobs, %zu setting cells or %zu words that are allowed",
		origin, line, COLUMNS_MAX, CELLS_MAX, INTERN_MAX_WORDS);
}

void cloud_init(struct cloud *c, size_t n_cols)
{
	c->n_cols = n_cols;
	vec_init(&c->points, sizeof(hg_point), POINTS_MAX);
	vec_init(&c->cells, sizeof(double), CELLS_MAX);
	vec_init(&c->lines, sizeof(size_t), POINTS_MAX);
}

void cloud_finish(struct cloud *c)
{
	vec_finish(&c->points);
	vec_finish(&c->cells);
	vec_finish(&c->lines);
}

size_t cloud_rows(const struct cloud *c)
{
	return c->lines.len;
}

hg_err cloud_add_row(struct cloud *c, const double *cells, size_t line, hg_setting *row)
{
	hg_err err = vec_reserve(&c->cells, c->n_cols);

	for (size_t i = 0; !err && i < c->n_cols; i++)
		err = vec_push(&c->cells, &cells[i]);
	if (!err)
		err = vec_push(&c->lines, &line);
	if (!err)
		*row = (hg_setting)(c->lines.len - 1);
	return err;
}

hg_err cloud_add_point(struct cloud *c, const hg_point *p)
{
	return vec_push(&c->points, p);
}

/* "power_limit_w=250 policy=fast": a setting as people write it. */
static void put_setting(struct buf *b, const struct columns *cols, const double *row)
{
	char text[DOUBLE_TEXT];

	for (size_t i = 0; i < columns_count(cols); i++) {
		const struct column *col = columns_get(cols, i);

		if (isnan(row[i]))
			continue;
		if (b->len)
			buf_addc(b, ' ');
		buf_adds(b, col->name);
		buf_addc(b, '=');
		if (col->words) {
			buf_adds(b, intern_words(&col->choices)[(size_t)row[i]]);
		} else {
			double_format(row[i], text);
			buf_adds(b, text);
		}
	}
}

hg_err cloud_check_unique(
	const struct cloud *c, const struct columns *cols, const char *origin, hg_error *why)
{
	const double *cells = c->cells.data;
	struct buf setting;
	size_t first, second;
	hg_err err = rows_find_repeat(cells, c->n_cols, NULL, cloud_rows(c), &first, &second);

	if (err)
		return columns_fail(why, err, origin, 0);
	if (second == SIZE_MAX)
		return HG_OK;
	buf_init(&setting, HG_ERROR_TEXT);
	put_setting(&setting, cols, cells + second * c->n_cols);
	err = fail(why, HG_EFORMAT, "%s:%zu: setting %s: expected once, found on line %zu already",
		origin, *(size_t *)vec_at(&c->lines, second), setting.data ? setting.data : "",
		*(size_t *)vec_at(&c->lines, first));
	buf_finish(&setting);
	return err;
}

hg_err cloud_build(const struct cloud *c, const struct columns *cols, const hg_frontier_info *info,
	const char *origin, hg_frontier **out, hg_error *why)
{
	hg_build_opts opts = {.size = sizeof opts, .flags = HG_BUILD_KEEP_DOMINATED};
	hg_knob_def *defs = columns_defs(cols);
	hg_err err;

	if (!defs)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	opts.info = info;
	opts.knobs = defs;
	opts.n_knobs = c->n_cols;
	opts.settings = c->cells.data;
	opts.n_settings = cloud_rows(c);
	err = hg_frontier_build(c->points.data, c->points.len, &opts, out, why);
	if (err)
		fail_prefix(why, "%s: ", origin);
	free(defs);
	return err;
}

static bool is_frontier(const hg_point *p, size_t n, double static_power_w)
{
	struct staircase stair;

	staircase_init(&stair, static_power_w);
	for (size_t i = 0; i < n; i++)
		if (!staircase_step(&stair, &p[i]))
			return false;
	return n > 0;
}

/* Other writers may list near ties as dominated though no point beats them in both; but nothing
 * that would come before the fastest point can be. */
static bool is_set_aside(const hg_point *p, size_t n, const hg_point *fastest)
{
	for (size_t i = 0; i < n; i++) {
		if (i && p[i].time_s < p[i - 1].time_s)
			return false;
		if (p[i].time_s < fastest->time_s)
			return false;
		if (p[i].time_s <= fastest->time_s && p[i].energy_j < fastest->energy_j)
			return false;
	}
	return true;
}

static hg_point *copy_points(const hg_point *p, size_t n)
{
	hg_point *copy = malloc((n ? n : 1) * sizeof *copy);

	if (copy && n)
		memcpy(copy, p, n * sizeof *copy);
	return copy;
}

hg_err cloud_restore(const struct cloud *c, size_t n, const struct columns *cols,
	const hg_frontier_info *info, const char *origin, hg_frontier **out, hg_error *why)
{
	const hg_point *points = c->points.data;
	struct frontier_seed seed = {.n = n, .n_dominated = c->points.len - n, .info = info};
	hg_knob_def *defs;
	hg_err err;

	if (!is_frontier(points, n, info->static_power_w) ||
		!is_set_aside(points + n, seed.n_dominated, points))
		return cloud_build(c, cols, info, origin, out, why);
	defs = columns_defs(cols);
	seed.points = copy_points(points, n);
	seed.dominated = copy_points(points + n, seed.n_dominated);
	if (!defs || !seed.points || !seed.dominated) {
		err = fail(why, HG_ENOMEM, "%s: out of memory", origin);
		goto out;
	}
	if (c->n_cols || cloud_rows(c)) {
		err = knob_table_create(
			defs, c->n_cols, c->cells.data, cloud_rows(c), &seed.table, why);
		if (err)
			goto out;
	}
	err = frontier_make(&seed, out, why);
	seed.points = seed.dominated = NULL;
out:
	free(seed.points);
	free(seed.dominated);
	free(defs);
	knob_table_destroy(seed.table);
	return err;
}
