/*
 * Stage profiles: stage,instruction,frequency,time,energy.
 *
 * Rows come in any order, so they are gathered, sorted, and then looked at in runs: a run of rows
 * that differ only in their rank is one option of a tensor-parallel group.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/csv.h"
#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

#include "profile.h"

/* Most rows of a file. */
#define ROWS ((size_t)1 << 24)
#define TEXT ((size_t)1 << 28)

struct row {
	uint32_t stage, instruction, rank;
	size_t line;
	hg_stage_option option;
};

/* Fields of the columns; SIZE_MAX: no such column. */
struct columns {
	size_t stage, instruction, setting, time, energy, rank;
	const char *setting_name, *energy_name;
};

struct reader {
	struct csv csv;
	struct vec rows; /* struct row */
	struct columns at;
	size_t n_fields;
	const char *origin;
	hg_stage_profile *profile;
	hg_error *why;
};

static hg_err no_memory(const struct reader *r)
{
	return fail(r->why, HG_ENOMEM, "%s: out of memory", r->origin);
}

static struct slice field(const struct reader *r, size_t i)
{
	struct csv_field f = csv_get(&r->csv, i);

	return slice_trim((struct slice){f.text, f.len});
}

static hg_err bad_field(const struct reader *r, size_t i, const char *name, const char *expected)
{
	struct slice s = field(r, i);

	return fail(r->why, HG_EFORMAT, "%s:%zu: column %s: expected %s, found \"%.*s\"", r->origin,
		r->csv.line, name, expected, s.len < 60 ? (int)s.len : 60, s.len ? s.text : "");
}

static hg_err find_column(struct reader *r, const char *name, bool needed, size_t *index)
{
	*index = SIZE_MAX;
	for (size_t i = 0; i < r->n_fields; i++) {
		if (!slice_is(field(r, i), name))
			continue;
		if (*index != SIZE_MAX)
			return fail(r->why, HG_EFORMAT,
				"%s:%zu: column %s: expected once in the header, found twice",
				r->origin, r->csv.line, name);
		*index = i;
	}
	if (*index == SIZE_MAX && needed)
		return fail(r->why, HG_EFORMAT,
			"%s:%zu: column %s: expected in the header, found none of that name",
			r->origin, r->csv.line, name);
	return HG_OK;
}

/* The column `name`, or if there is none the column `other`. */
static hg_err find_either(
	struct reader *r, const char *name, const char *other, size_t *index, const char **found)
{
	hg_err err = find_column(r, name, false, index);

	*found = name;
	if (!err && *index == SIZE_MAX) {
		err = find_column(r, other, false, index);
		*found = other;
		if (!err && *index == SIZE_MAX)
			return find_column(r, name, true, index);
	}
	return err;
}

static hg_err read_header(struct reader *r)
{
	bool more;
	hg_err err = csv_next(&r->csv, &more, r->why);

	if (err)
		return err;
	if (!more)
		return fail(r->why, HG_EFORMAT,
			"%s:1: expected a header line with stage, instruction, frequency, time, "
			"energy, found an empty file",
			r->origin);
	r->n_fields = csv_count(&r->csv);
	err = find_column(r, "stage", true, &r->at.stage);
	if (!err)
		err = find_column(r, "instruction", true, &r->at.instruction);
	if (!err)
		err = find_either(r, "frequency", "setting", &r->at.setting, &r->at.setting_name);
	if (!err)
		err = find_column(r, "time", true, &r->at.time);
	if (!err)
		err = find_either(r, "energy", "energy_model", &r->at.energy, &r->at.energy_name);
	if (!err)
		err = find_column(r, "rank", false, &r->at.rank);
	r->profile->fitted = strcmp(r->at.energy_name ? r->at.energy_name : "", "energy") != 0;
	return err;
}

static hg_err read_whole(
	const struct reader *r, size_t i, const char *name, uint32_t limit, uint32_t *out)
{
	struct slice s = field(r, i);
	uint64_t value;

	if (!uint64_parse(s.text, s.len, &value) || value >= limit)
		return bad_field(r, i, name, "a whole number from 0 to 65535");
	*out = (uint32_t)value;
	return HG_OK;
}

static hg_err read_number(
	const struct reader *r, size_t i, const char *name, bool zero, double *out)
{
	struct slice s = field(r, i);

	if (!double_parse(s.text, s.len, true, out) || *out < 0 || (!zero && *out <= 0) ||
		*out > 1e15)
		return bad_field(r, i, name, zero ? "a number >= 0" : "a number > 0");
	return HG_OK;
}

/* Index of an instruction's name; a new one is added. */
static hg_err read_instruction(struct reader *r, uint32_t *out)
{
	struct slice s = field(r, r->at.instruction);
	struct vec *names = &r->profile->names;
	const char *copy;

	if (s.len == 0 || s.len > 64)
		return bad_field(r, r->at.instruction, "instruction", "a name of 1 to 64 bytes");
	for (size_t i = 0; i < s.len; i += utf8_length(s.text + i, s.len - i))
		if (!utf8_length(s.text + i, s.len - i) || (unsigned char)s.text[i] < ' ')
			return bad_field(r, r->at.instruction, "instruction", "UTF-8 text");
	for (size_t i = 0; i < names->len; i++) {
		if (slice_is(s, *(const char **)vec_at(names, i))) {
			*out = (uint32_t)i;
			return HG_OK;
		}
	}
	if (names->len == PROFILE_INSTRUCTIONS)
		return fail(r->why, HG_ELIMIT,
			"%s:%zu: column instruction: expected at most %u different ones", r->origin,
			r->csv.line, PROFILE_INSTRUCTIONS);
	*out = (uint32_t)names->len;
	copy = arena_strndup(&r->profile->arena, s.text, s.len);
	return copy && !vec_push(names, &copy) ? HG_OK : no_memory(r);
}

static hg_err read_row(struct reader *r)
{
	struct row row = {.line = r->csv.line};
	struct slice s;
	hg_err err;

	if (csv_count(&r->csv) != r->n_fields)
		return fail(r->why, HG_EFORMAT,
			"%s:%zu: expected %zu fields as in the header, found %zu", r->origin,
			r->csv.line, r->n_fields, csv_count(&r->csv));
	err = read_whole(r, r->at.stage, "stage", PROFILE_STAGES, &row.stage);
	if (!err)
		err = read_instruction(r, &row.instruction);
	if (!err)
		err = read_number(r, r->at.setting, r->at.setting_name, true, &row.option.setting);
	if (!err)
		err = read_number(r, r->at.time, "time", false, &row.option.time_s);
	if (!err)
		err = read_number(r, r->at.energy, r->at.energy_name, true, &row.option.energy_j);
	if (!err && r->at.rank != SIZE_MAX)
		err = read_whole(r, r->at.rank, "rank", PROFILE_STAGES, &row.rank);
	if (err)
		return err;
	s = field(r, r->at.setting);
	row.option.written = arena_strndup(&r->profile->arena, s.text, s.len);
	err = row.option.written ? vec_push(&r->rows, &row) : HG_ENOMEM;
	if (err == HG_ELIMIT)
		return fail(r->why, err, "%s: expected at most %zu rows", r->origin, ROWS);
	return err ? no_memory(r) : HG_OK;
}

static int by_option(const struct row *a, const struct row *b)
{
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (a->instruction != b->instruction)
		return a->instruction < b->instruction ? -1 : 1;
	if (a->option.setting < b->option.setting)
		return -1;
	return a->option.setting > b->option.setting;
}

static int by_row(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = by_option(a, b);

	if (order)
		return order;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->line < b->line ? -1 : 1;
}

static hg_err check_stages(const struct reader *r)
{
	const struct row *rows = r->rows.data;
	uint32_t next = 0;

	if (!rows || r->rows.len == 0)
		return fail(r->why, HG_EFORMAT, "%s:2: expected rows below the header, found none",
			r->origin);
	for (size_t i = 0; i < r->rows.len; i++) {
		if (rows[i].stage > next)
			return fail(r->why, HG_EFORMAT,
				"%s:%zu: column stage: expected stages from 0 without a gap, found "
				"stage %u but no stage %u",
				r->origin, rows[i].line, rows[i].stage, next);
		if (rows[i].stage == next)
			next++;
	}
	r->profile->stages = next;
	return HG_OK;
}

/* Combines rows[0..n), the ranks of one option. */
static hg_err combine(const struct reader *r, const struct row *rows, size_t n, uint32_t want)
{
	hg_stage_option option = rows[0].option;

	for (size_t i = 1; i < n; i++) {
		if (rows[i].rank == rows[i - 1].rank)
			return fail(r->why, HG_EFORMAT,
				"%s:%zu: stage %u %s: %s %s listed twice, first in line %zu",
				r->origin, rows[i].line, rows[i].stage,
				hg_stage_profile_instruction(r->profile, rows[i].instruction),
				r->at.setting_name, rows[i].option.written, rows[i - 1].line);
		option.time_s = fmax(option.time_s, rows[i].option.time_s);
		option.energy_j += rows[i].option.energy_j;
	}
	if (n != want)
		return fail(r->why, HG_EFORMAT,
			"%s:%zu: stage %u %s: %s %s: expected rows of %u ranks, found %zu",
			r->origin, rows[0].line, rows[0].stage,
			hg_stage_profile_instruction(r->profile, rows[0].instruction),
			r->at.setting_name, rows[0].option.written, want, n);
	return vec_push(&r->profile->options, &option) ? no_memory(r) : HG_OK;
}

static size_t run_length(const struct row *rows, size_t n)
{
	size_t len = 1;

	while (len < n && by_option(&rows[0], &rows[len]) == 0)
		len++;
	return len;
}

/* The number of the largest rank, plus one. */
static uint32_t count_ranks(const struct row *rows, size_t n)
{
	uint32_t ranks = 1;

	for (size_t i = 0; i < n; i++)
		if (rows[i].rank >= ranks)
			ranks = rows[i].rank + 1;
	return ranks;
}

static hg_err build(struct reader *r)
{
	hg_stage_profile *p = r->profile;
	const struct row *rows = r->rows.data;
	size_t n = r->rows.len, cell = 0, n_cells;
	hg_err err;

	if (n)
		qsort(r->rows.data, n, sizeof *rows, by_row);
	err = check_stages(r);
	if (err || !rows)
		return err;
	n_cells = (size_t)p->stages * p->names.len;
	p->group_ranks = count_ranks(rows, n);
	for (size_t i = 0, len; i < n && !err; i += len) {
		size_t mine = (size_t)rows[i].stage * p->names.len + rows[i].instruction;

		for (; cell <= mine && !err; cell++)
			err = vec_push(&p->cells, &p->options.len);
		len = run_length(rows + i, n - i);
		err = err ? no_memory(r) : combine(r, rows + i, len, p->group_ranks);
	}
	for (; cell <= n_cells && !err; cell++)
		if (vec_push(&p->cells, &p->options.len))
			err = no_memory(r);
	return err;
}

hg_err hg_stage_profile_parse(
	const char *text, size_t len, const char *origin, hg_stage_profile **out, hg_error *why)
{
	struct reader r = {.origin = origin, .why = why};
	bool more = true;
	hg_err err;

	*out = NULL;
	r.profile = calloc(1, sizeof *r.profile);
	if (!r.profile)
		return no_memory(&r);
	arena_init(&r.profile->arena, TEXT);
	vec_init(&r.profile->names, sizeof(const char *), PROFILE_INSTRUCTIONS);
	vec_init(&r.profile->options, sizeof(hg_stage_option), ROWS);
	vec_init(&r.profile->cells, sizeof(size_t),
		(size_t)PROFILE_STAGES * PROFILE_INSTRUCTIONS + 1);
	vec_init(&r.rows, sizeof(struct row), ROWS);
	csv_init(&r.csv, text, len, origin);
	err = read_header(&r);
	while (!err) {
		err = csv_next(&r.csv, &more, why);
		if (err || !more)
			break;
		err = read_row(&r);
	}
	if (!err)
		err = build(&r);
	csv_finish(&r.csv);
	vec_finish(&r.rows);
	if (err)
		hg_stage_profile_destroy(r.profile);
	else
		*out = r.profile;
	return err;
}

void hg_stage_profile_destroy(hg_stage_profile *p)
{
	if (!p)
		return;
	arena_finish(&p->arena);
	vec_finish(&p->names);
	vec_finish(&p->options);
	vec_finish(&p->cells);
	free(p);
}

uint32_t hg_stage_profile_stages(const hg_stage_profile *p)
{
	return p->stages;
}

uint32_t hg_stage_profile_instructions(const hg_stage_profile *p)
{
	return (uint32_t)p->names.len;
}

const char *hg_stage_profile_instruction(const hg_stage_profile *p, uint32_t i)
{
	return i < p->names.len ? *(const char **)vec_at(&p->names, i) : NULL;
}

const hg_stage_option *hg_stage_profile_options(
	const hg_stage_profile *p, uint32_t stage, uint32_t instruction, size_t *n)
{
	const size_t *cells = p->cells.data;
	size_t cell;

	*n = 0;
	if (stage >= p->stages || instruction >= p->names.len)
		return NULL;
	cell = (size_t)stage * p->names.len + instruction;
	*n = cells[cell + 1] - cells[cell];
	return *n ? vec_at(&p->options, cells[cell]) : NULL;
}

uint32_t profile_phase(const hg_stage_profile *p, hg_phase phase)
{
	static const char *const names[][5] = {
		[HG_PHASE_FORWARD] = {"forward", "fwd", "f"},
		[HG_PHASE_BACKWARD] = {"backward", "bwd", "b"},
		[HG_PHASE_INPUT] = {"backward_input", "input", "i"},
		[HG_PHASE_WEIGHT] = {"backward_weight", "weight", "w"},
		[HG_PHASE_RECOMPUTE] = {"recompute", "recomputation", "r"},
	};

	for (size_t k = 0; names[phase][k]; k++)
		for (uint32_t i = 0; i < p->names.len; i++)
			if (strcasecmp(names[phase][k], *(const char **)vec_at(&p->names, i)) == 0)
				return i;
	return PROFILE_NONE;
}
