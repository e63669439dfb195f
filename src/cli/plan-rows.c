/* Plans as CSV: stage,microbatch,instruction,chunk,setting,start_s,duration_s,energy_j. */
#include <string.h>

#include "core/csv.h"
#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"
#include "plan.h"

#define ROWS_MAX ((size_t)1 << 24)
#define TEXT_MAX ((size_t)1 << 30)

static const char *const columns[] = {"stage", "microbatch", "instruction", "chunk", "setting",
	"start_s", "duration_s", "energy_j"};
#define COLUMNS (sizeof columns / sizeof *columns)

static void rows_init(struct plan_rows *rows)
{
	memset(rows, 0, sizeof *rows);
	arena_init(&rows->arena, TEXT_MAX);
	vec_init(&rows->rows, sizeof(struct plan_row), ROWS_MAX);
}

void rows_finish(struct plan_rows *rows)
{
	arena_finish(&rows->arena);
	vec_finish(&rows->rows);
}

hg_err rows_of_plan(struct plan_rows *rows, const struct plans *p, const hg_plan *plan)
{
	size_t n, n_steps;
	const hg_pipeline_step *nodes = hg_pipeline_steps(p->pipeline, &n);
	const hg_plan_step *steps = hg_plan_steps(plan, &n_steps);
	hg_err err = HG_OK;

	rows_init(rows);
	for (size_t i = 0; i < n && i < n_steps && !err; i++) {
		const char *name = hg_stage_profile_instruction(p->profile, nodes[i].instruction);
		const char *setting = hg_pipeline_setting(p->pipeline, steps[i].setting);
		struct plan_row row = {.stage = nodes[i].stage,
			.microbatch = nodes[i].microbatch,
			.chunk = nodes[i].chunk,
			.instruction = name ? name : "step",
			.setting = setting && name ? setting : "",
			.start_s = steps[i].start_s,
			.time_s = steps[i].time_s,
			.energy_j = steps[i].energy_j};

		err = vec_push(&rows->rows, &row);
	}
	return err;
}

static void add_number(struct buf *out, double value)
{
	char text[DOUBLE_TEXT];

	buf_addc(out, ',');
	buf_add(out, text, double_format(value, text));
}

void rows_write(const struct plan_rows *rows, struct buf *out)
{
	for (size_t i = 0; i < COLUMNS; i++)
		buf_addf(out, "%s%s", i ? "," : "", columns[i]);
	buf_addc(out, '\n');
	for (size_t i = 0; i < rows->rows.len; i++) {
		const struct plan_row *r = vec_at(&rows->rows, i);

		buf_addf(out, "%u,%u,", r->stage, r->microbatch);
		csv_write_field(out, r->instruction, strlen(r->instruction));
		buf_addf(out, ",%u,", r->chunk);
		csv_write_field(out, r->setting, strlen(r->setting));
		add_number(out, r->start_s);
		add_number(out, r->time_s);
		add_number(out, r->energy_j);
		buf_addc(out, '\n');
	}
}

static hg_err bad_field(const struct csv *c, size_t i, size_t at, const char *want, hg_error *why)
{
	struct csv_field f = csv_get(c, at);

	return fail(why, HG_EFORMAT, "%s:%zu: column %s: expected %s, found \"%.*s\"", c->origin,
		c->line, columns[i], want, f.len < 60 ? (int)f.len : 60, f.text);
}

static hg_err read_row(struct plan_rows *rows, const struct csv *c, const size_t *at, hg_error *why)
{
	struct plan_row row = {.line = c->line};
	uint32_t *const whole[COLUMNS] = {&row.stage, &row.microbatch, NULL, &row.chunk};
	double *const number[COLUMNS] = {
		[5] = &row.start_s, [6] = &row.time_s, [7] = &row.energy_j};
	const char **const text[COLUMNS] = {[2] = &row.instruction, [4] = &row.setting};

	for (size_t i = 0; i < COLUMNS; i++) {
		struct csv_field f = csv_get(c, at[i]);
		uint64_t value = 0;

		if (whole[i] && (!uint64_parse(f.text, f.len, &value) || value > UINT32_MAX))
			return bad_field(c, i, at[i], "a whole number", why);
		if (number[i] && (!double_parse(f.text, f.len, true, number[i]) || *number[i] < 0))
			return bad_field(c, i, at[i], "a number >= 0", why);
		if (whole[i])
			*whole[i] = (uint32_t)value;
		if (text[i])
			*text[i] = arena_strndup(&rows->arena, f.len ? f.text : "", f.len);
		if (text[i] && !*text[i])
			return fail(why, HG_ENOMEM, "%s: out of memory", c->origin);
	}
	return vec_push(&rows->rows, &row) ? fail(why, HG_ENOMEM, "%s: out of memory", c->origin)
					   : HG_OK;
}

static hg_err read_header(struct csv *c, size_t *at, hg_error *why)
{
	bool more;
	hg_err err = csv_next(c, &more, why);

	if (err)
		return err;
	if (!more)
		return fail(why, HG_EFORMAT, "%s:1: expected a header line, found an empty file",
			c->origin);
	for (size_t i = 0; i < COLUMNS; i++) {
		at[i] = csv_find(c, columns[i]);
		if (at[i] == SIZE_MAX)
			return fail(why, HG_EFORMAT,
				"%s:%zu: column %s: expected in the header, found none of that "
				"name",
				c->origin, c->line, columns[i]);
	}
	return HG_OK;
}

hg_err rows_parse(
	struct plan_rows *rows, const char *text, size_t len, const char *origin, hg_error *why)
{
	struct csv c;
	size_t at[COLUMNS], fields = 0;
	bool more = true;
	hg_err err;

	rows_init(rows);
	csv_init(&c, text, len, origin);
	err = read_header(&c, at, why);
	fields = err ? 0 : csv_count(&c);
	while (!err) {
		err = csv_next(&c, &more, why);
		if (err || !more)
			break;
		if (csv_count(&c) != fields)
			err = fail(why, HG_EFORMAT,
				"%s:%zu: expected %zu fields as in the header, found %zu", origin,
				c.line, fields, csv_count(&c));
		else
			err = read_row(rows, &c, at, why);
	}
	csv_finish(&c);
	return err;
}
