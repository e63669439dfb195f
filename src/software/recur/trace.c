#include "trace.h"

#include <math.h>
#include <string.h>

#include "core/csv.h"
#include "core/fail.h"
#include "core/number.h"

#define TRACE_ROWS 1000000
#define TRACE_JOBS 10000
#define NAMES_MAX  (16u << 20)

/* Columns of either table. */
enum column {
	DATASET,
	NETWORK,
	OPTIMIZER,
	BATCH,
	FIRST_OWN,
	COLUMNS = 7
};

static const char *const shared_names[FIRST_OWN] = {
	"dataset", "network", "optimizer", "batch_size"};
static const char *const train_names[] = {"target_metric", "target_epoch", NULL};
static const char *const power_names[] = {"power_limit", "time_per_epoch", "average_power"};

/* One table while it is read. */
struct reading {
	struct sim_trace *t;
	struct csv csv;
	const char *origin;
	hg_error *why;
	const char *const *own; /* names of the columns from FIRST_OWN on */
	size_t at[COLUMNS];
	size_t columns, least; /* of the table; that a row needs */
	size_t run;            /* where the number of the run is; SIZE_MAX: nowhere */
};

void sim_trace_init(struct sim_trace *t)
{
	arena_init(&t->arena, NAMES_MAX);
	vec_init(&t->jobs, sizeof(const char *), TRACE_JOBS);
	vec_init(&t->reach, sizeof(struct sim_reach), TRACE_ROWS);
	vec_init(&t->power, sizeof(struct sim_power), TRACE_ROWS);
}

void sim_trace_finish(struct sim_trace *t)
{
	vec_finish(&t->jobs);
	vec_finish(&t->reach);
	vec_finish(&t->power);
	arena_finish(&t->arena);
}

size_t sim_trace_job(const struct sim_trace *t, const char *name)
{
	for (size_t i = 0; i < t->jobs.len; i++)
		if (!strcmp(*(const char **)vec_at(&t->jobs, i), name))
			return i;
	return SIZE_MAX;
}

static const char *column_name(const struct reading *r, size_t c)
{
	return c < FIRST_OWN ? shared_names[c] : r->own[c - FIRST_OWN];
}

static hg_err read_head(struct reading *r)
{
	bool more;
	hg_err err = csv_next(&r->csv, &more, r->why);

	if (err)
		return err;
	if (!more)
		return fail(r->why, HG_EFORMAT,
			"%s: expected a line of column names, found nothing", r->origin);
	for (size_t c = 0; c < r->columns; c++) {
		r->at[c] = csv_find(&r->csv, column_name(r, c));
		if (r->at[c] == SIZE_MAX)
			return fail(r->why, HG_EFORMAT, "%s:%zu: there is no column %s", r->origin,
				r->csv.line, column_name(r, c));
		if (r->at[c] >= r->least)
			r->least = r->at[c] + 1;
	}
	r->run = csv_find(&r->csv, "run");
	return HG_OK;
}

static hg_err bad_field(const struct reading *r, size_t c, const char *expected)
{
	struct csv_field f = csv_get(&r->csv, r->at[c]);

	return fail(r->why, HG_EFORMAT, "%s:%zu: %s: expected %s, found \"%.*s\"", r->origin,
		r->csv.line, column_name(r, c), expected, f.len < 40 ? (int)f.len : 40, f.text);
}

static hg_err read_number(const struct reading *r, size_t c, double least, double *out)
{
	struct csv_field f = csv_get(&r->csv, r->at[c]);

	if (!double_parse(f.text, f.len, true, out) || !(*out > least))
		return bad_field(r, c, least < 0 ? "a number" : "a number > 0");
	return HG_OK;
}

static hg_err read_batch(const struct reading *r, uint32_t *out)
{
	struct csv_field f = csv_get(&r->csv, r->at[BATCH]);
	int64_t v;

	if (!int64_parse(f.text, f.len, &v) || v < 1 || v > UINT32_MAX)
		return bad_field(r, BATCH, "a whole number >= 1");
	*out = (uint32_t)v;
	return HG_OK;
}

/* Index of the row's job, which is added when it is new. */
static hg_err read_job(const struct reading *r, uint32_t *out)
{
	struct sim_trace *t = r->t;
	struct csv_field f[3];
	size_t len = 2, at = 0, known;
	char *name;

	for (size_t i = 0; i < 3; i++) {
		f[i] = csv_get(&r->csv, r->at[i]);
		if (f[i].len == 0 || memchr(f[i].text, '/', f[i].len))
			return bad_field(r, i, "a name without '/'");
		len += f[i].len;
	}
	name = arena_alloc(&t->arena, len + 1);
	if (!name)
		return fail(r->why, HG_ELIMIT, "%s: too much text in names", r->origin);
	for (size_t i = 0; i < 3; i++) {
		if (i > 0)
			name[at++] = '/';
		memcpy(name + at, f[i].text, f[i].len);
		at += f[i].len;
	}
	name[at] = '\0';
	known = sim_trace_job(t, name);
	*out = (uint32_t)(known == SIZE_MAX ? t->jobs.len : known);
	return known == SIZE_MAX ? vec_push(&t->jobs, &name) : HG_OK;
}

static hg_err read_keys(const struct reading *r, uint32_t *job, uint32_t *batch)
{
	hg_err err;

	if (csv_count(&r->csv) < r->least)
		return fail(r->why, HG_EFORMAT, "%s:%zu: expected at least %zu fields, found %zu",
			r->origin, r->csv.line, r->least, csv_count(&r->csv));
	err = read_job(r, job);
	return err ? err : read_batch(r, batch);
}

static uint32_t read_run(const struct reading *r)
{
	struct csv_field f;
	int64_t run;

	if (r->run >= csv_count(&r->csv))
		return SIM_NO_RUN;
	f = csv_get(&r->csv, r->run);
	return int64_parse(f.text, f.len, &run) && run >= 0 && run < SIM_NO_RUN ? (uint32_t)run
										: SIM_NO_RUN;
}

static hg_err read_train_row(struct reading *r)
{
	struct sim_reach row = {.job = 0};
	struct csv_field f;
	hg_err err = read_keys(r, &row.job, &row.batch_size);

	if (err == HG_OK)
		err = read_number(r, FIRST_OWN, -INFINITY, &row.target);
	if (err)
		return err;
	row.run = read_run(r);
	f = csv_get(&r->csv, r->at[FIRST_OWN + 1]);
	row.epochs = NAN;
	if (!(f.len == 3 && !memcmp(f.text, "nan", 3))) {
		err = read_number(r, FIRST_OWN + 1, 0, &row.epochs);
		if (err)
			return err;
	}
	return vec_push(&r->t->reach, &row);
}

static hg_err read_power_row(struct reading *r)
{
	struct sim_power row = {.job = 0};
	double *const to[] = {&row.limit_w, &row.epoch_s, &row.power_w};
	hg_err err = read_keys(r, &row.job, &row.batch_size);

	for (size_t i = 0; err == HG_OK && i < 3; i++)
		err = read_number(r, FIRST_OWN + i, 0, to[i]);
	return err ? err : vec_push(&r->t->power, &row);
}

static hg_err read_table(
	struct reading *r, const char *text, size_t len, hg_err (*row)(struct reading *))
{
	bool more = true;
	hg_err err;

	csv_init(&r->csv, text, len, r->origin);
	err = read_head(r);
	while (err == HG_OK) {
		err = csv_next(&r->csv, &more, r->why);
		if (err || !more)
			break;
		err = row(r);
		if (err == HG_ENOMEM || err == HG_ELIMIT)
			(void)fail(r->why, err, "%s: too many rows", r->origin);
	}
	csv_finish(&r->csv);
	return err;
}

hg_err sim_trace_read_train(
	struct sim_trace *t, const char *text, size_t len, const char *origin, hg_error *why)
{
	struct reading r = {
		.t = t, .origin = origin, .why = why, .own = train_names, .columns = FIRST_OWN + 2};

	return read_table(&r, text, len, read_train_row);
}

hg_err sim_trace_read_power(
	struct sim_trace *t, const char *text, size_t len, const char *origin, hg_error *why)
{
	struct reading r = {
		.t = t, .origin = origin, .why = why, .own = power_names, .columns = FIRST_OWN + 3};

	return read_table(&r, text, len, read_power_row);
}
