/* Tables of what configurations cost: CSV with a column for each knob. */
#include "spec.h"

#include <math.h>
#include <string.h>

#include "core/csv.h"
#include "core/fail.h"
#include "core/number.h"

#define ROWS_MAX ((size_t)1 << 20)

struct reader {
	const struct spec *s;
	enum spec_table_use use;
	const char *origin;
	struct csv csv;
	size_t knob[HG_SEARCH_MAX_KNOBS], time, energy, power, rsd;
	size_t n_columns;
	struct vec *rows, *cells;
	struct vec where; /* size_t: column of each member of "where" */
	hg_error *why;
};

static hg_err need_column(struct reader *r, const char *name, size_t *out)
{
	*out = csv_find(&r->csv, name);
	return *out != SIZE_MAX ? HG_OK
				: fail(r->why, HG_EFORMAT, "%s:%zu: no column \"%.60s\"", r->origin,
					  r->csv.line, name);
}

static hg_err read_header(struct reader *r)
{
	hg_err rc = HG_OK;

	r->n_columns = csv_count(&r->csv);
	for (size_t k = 0; rc == HG_OK && k < r->s->n_knobs; k++)
		rc = need_column(r, r->s->columns[k], &r->knob[k]);
	if (rc == HG_OK)
		rc = need_column(r, r->s->time_column, &r->time);
	if (rc != HG_OK)
		return rc;
	r->rsd = csv_find(&r->csv, "rsd");
	r->power = csv_find(&r->csv, r->s->power_column);
	r->energy = csv_find(&r->csv, r->s->energy_column);
	if (r->energy == SIZE_MAX && r->power == SIZE_MAX)
		return fail(r->why, HG_EFORMAT, "%s:%zu: no column \"%.60s\" and no \"%.60s\"",
			r->origin, r->csv.line, r->s->energy_column, r->s->power_column);
	for (const struct json *m = r->s->where ? r->s->where->first : NULL; m && rc == HG_OK;
		m = m->next) {
		size_t column;

		rc = r->use == SPEC_ONE ? need_column(r, m->key, &column) : HG_OK;
		if (rc == HG_OK && r->use == SPEC_ONE)
			rc = vec_push(&r->where, &column);
	}
	return rc;
}

static hg_err figure(struct reader *r, size_t column, const char *name, double *out)
{
	struct csv_field f = csv_get(&r->csv, column);

	if (double_parse(f.text, f.len, true, out) && *out > 0)
		return HG_OK;
	return fail(r->why, HG_EFORMAT,
		"%s:%zu: \"%.60s\": expected a number above 0, got \"%.*s\"", r->origin,
		r->csv.line, name, f.len < 40 ? (int)f.len : 40, f.text);
}

static bool is_wanted(const struct reader *r)
{
	size_t i = 0;

	if (!r->s->where || r->use != SPEC_ONE)
		return true;
	for (const struct json *m = r->s->where->first; m; m = m->next, i++) {
		struct csv_field f = csv_get(&r->csv, *(size_t *)vec_at(&r->where, i));

		if (f.len != m->len || memcmp(f.text, m->string, f.len) != 0)
			return false;
	}
	return true;
}

/** A number for all columns that are neither knobs nor figures (FNV-1a). */
static uint32_t workload_of(const struct reader *r)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < r->n_columns; i++) {
		struct csv_field f = csv_get(&r->csv, i);
		bool known = i == r->time || i == r->energy || i == r->power || i == r->rsd;

		for (size_t k = 0; k < r->s->n_knobs; k++)
			known |= i == r->knob[k];
		for (size_t c = 0; !known && c < f.len; c++)
			hash = (hash ^ (unsigned char)f.text[c]) * 16777619u;
		hash = (hash ^ 0xffu) * 16777619u;
	}
	return hash;
}

/** @return whether the row's knobs are the space's */
static hg_err read_cells(struct reader *r, double *cells, bool *ours)
{
	*ours = true;
	for (size_t k = 0; k < r->s->n_knobs; k++) {
		struct csv_field f = csv_get(&r->csv, r->knob[k]);

		if (spec_cell(r->s, k, f.text, f.len, &cells[k]))
			continue;
		*ours = false;
		if (!r->s->knobs[k].choices)
			return fail(r->why, HG_EFORMAT,
				"%s:%zu: \"%.60s\": expected a number, got \"%.*s\"", r->origin,
				r->csv.line, r->s->columns[k], f.len < 40 ? (int)f.len : 40,
				f.text);
	}
	return HG_OK;
}

static hg_err read_figures(struct reader *r, struct spec_row *row)
{
	double power;
	hg_err rc = figure(r, r->time, r->s->time_column, &row->time_s);

	row->rsd = NAN;
	if (rc == HG_OK && r->rsd != SIZE_MAX)
		rc = figure(r, r->rsd, "rsd", &row->rsd);
	if (rc == HG_OK && r->energy != SIZE_MAX)
		return figure(r, r->energy, r->s->energy_column, &row->energy_j);
	if (rc == HG_OK)
		rc = figure(r, r->power, r->s->power_column, &power);
	if (rc != HG_OK)
		return rc;
	row->energy_j = power * row->time_s;
	if (!(row->energy_j > 0 && isfinite(row->energy_j)))
		return fail(r->why, HG_EFORMAT, "%s:%zu: time times power leaves the range",
			r->origin, r->csv.line);
	return HG_OK;
}

static hg_err read_row(struct reader *r)
{
	double cells[HG_SEARCH_MAX_KNOBS];
	struct spec_row row = {.line = r->csv.line, .workload = 0};
	bool ours = false;
	hg_err rc;

	if (csv_count(&r->csv) != r->n_columns)
		return fail(r->why, HG_EFORMAT, "%s:%zu: expected %zu fields, got %zu", r->origin,
			r->csv.line, r->n_columns, csv_count(&r->csv));
	if (!is_wanted(r))
		return HG_OK;
	rc = read_cells(r, cells, &ours);
	if (rc != HG_OK || !ours)
		return rc;
	row.config = spec_find(r->s, cells);
	row.workload = workload_of(r);
	rc = read_figures(r, &row);
	if (rc == HG_OK)
		rc = vec_push(r->rows, &row);
	for (size_t k = 0; rc == HG_OK && k < r->s->n_knobs; k++)
		rc = vec_push(r->cells, &cells[k]);
	return rc;
}

static hg_err check_once(const struct reader *r)
{
	struct vec lines;
	hg_err rc = HG_OK;

	vec_init(&lines, sizeof(size_t), HG_SEARCH_MAX_CONFIGS);
	for (size_t i = 0; rc == HG_OK && i < spec_count(r->s); i++)
		rc = vec_push(&lines, &(size_t){0});
	for (size_t i = 0; rc == HG_OK && i < r->rows->len; i++) {
		const struct spec_row *row = vec_at(r->rows, i);
		size_t *line;

		if (row->config == UINT32_MAX)
			continue;
		line = vec_at(&lines, row->config);
		if (*line)
			rc = fail(r->why, HG_EFORMAT,
				"%s:%zu: the same configuration as in line %zu; \"where\" in the "
				"space's \"table\" can tell workloads apart",
				r->origin, row->line, *line);
		*line = row->line;
	}
	vec_finish(&lines);
	return rc;
}

hg_err spec_table(const struct spec *s, enum spec_table_use use, const char *text, size_t len,
	const char *origin, struct vec *rows, struct vec *cells, hg_error *why)
{
	struct reader r = {
		.s = s, .use = use, .origin = origin, .rows = rows, .cells = cells, .why = why};
	bool more = false;
	hg_err rc;

	vec_init(rows, sizeof(struct spec_row), ROWS_MAX);
	vec_init(cells, sizeof(double), ROWS_MAX * HG_SEARCH_MAX_KNOBS);
	vec_init(&r.where, sizeof(size_t), 4096);
	csv_init(&r.csv, text, len, origin);
	rc = csv_next(&r.csv, &more, why);
	if (rc == HG_OK && !more)
		rc = fail(why, HG_EFORMAT, "%s: empty: expected a header", origin);
	if (rc == HG_OK)
		rc = read_header(&r);
	while (rc == HG_OK) {
		rc = csv_next(&r.csv, &more, why);
		if (rc != HG_OK || !more)
			break;
		rc = read_row(&r);
	}
	if (rc == HG_OK && use == SPEC_ONE)
		rc = check_once(&r);
	csv_finish(&r.csv);
	vec_finish(&r.where);
	return rc;
}
