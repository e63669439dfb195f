/* Opening, transactions, values. */
#define _GNU_SOURCE /* clock_gettime */
#include "store.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/fail.h"
#include "inside.h"

#define PATIENCE_MS 60000

static int64_t machine_ms(void *user)
{
	struct timespec t;

	(void)user;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_postgres(const char *url)
{
	return strncmp(url, "postgres://", 11) == 0 || strncmp(url, "postgresql://", 13) == 0;
}

static hg_err open_driver(struct store *s, const char *url, int64_t patience_ms, hg_error *why)
{
	const struct driver_open how = {.url = url, .mode = s->mode, .patience_ms = patience_ms};
	hg_err err = HG_OK;

	s->driver = &store_sqlite;
	if (is_postgres(url))
		err = store_module("postgres", &s->driver, why);
	return err == HG_OK ? s->driver->open(&how, &s->db, why) : err;
}

hg_err store_open(const char *url, const struct store_opts *opts, struct store **out, hg_error *why)
{
	struct store *s = calloc(1, sizeof *s);
	hg_err err;

	*out = NULL;
	if (!s)
		return fail(why, HG_ENOMEM, "no memory");
	s->mode = opts->mode;
	s->wall_ms = opts->wall_ms ? opts->wall_ms : machine_ms;
	s->user = opts->user;
	s->schema = opts->schema ? opts->schema : STORE_SCHEMA;
	err = open_driver(s, url, opts->patience_ms ? opts->patience_ms : PATIENCE_MS, why);
	if (err == HG_OK)
		err = schema_settle(s, why);
	if (err != HG_OK) {
		store_close(s);
		return err;
	}
	*out = s;
	return HG_OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->db) {
		store_rollback(s);
		s->driver->close(s->db);
	}
	free(s);
}

const char *store_title(const struct store *s)
{
	return s->driver->title(s->db);
}

const char *store_uid(const struct store *s)
{
	return s->uid;
}

int64_t store_now_ms(const struct store *s)
{
	return s->now_ms;
}

hg_err store_run(struct store *s, enum statement_id id, const char *sql, const struct value *args,
	size_t n, row_fn row, void *user, int64_t *changed, hg_error *why)
{
	const struct statement what = {.id = id, .sql = sql};

	return s->driver->run(s->db, &what, args, n, row, user, changed, why);
}

/* ----- transactions */

hg_err store_begin(struct store *s, enum access access, hg_error *why)
{
	hg_err err;

	if (s->busy)
		return fail(why, HG_EINTERNAL, "a transaction within a transaction");
	if (access != ACCESS_LOOK && s->mode == OPEN_READ)
		return fail(why, HG_EINTERNAL, "a store that is only read is to be written");
	s->now_ms = s->wall_ms(s->user);
	err = s->driver->begin(s->db, access, &s->now_ms, why);
	s->busy = err == HG_OK;
	if (err == HG_OK)
		err = schema_still(s, why);
	if (err != HG_OK)
		store_rollback(s);
	return err;
}

hg_err store_commit(struct store *s, hg_error *why)
{
	hg_err err = s->driver->commit(s->db, why);

	if (err != HG_OK)
		s->driver->rollback(s->db);
	s->busy = false;
	return err;
}

void store_rollback(struct store *s)
{
	if (s->busy)
		s->driver->rollback(s->db);
	s->busy = false;
}

hg_err store_end(struct store *s, hg_err err, hg_error *why)
{
	if (err == HG_OK)
		return store_commit(s, why);
	store_rollback(s);
	return err;
}

/* ----- values */

struct value value_real(double d)
{
	if (isnan(d))
		return (struct value){.type = VALUE_NULL};
	return (struct value){.type = VALUE_REAL, .d = d};
}

int64_t row_int(const struct value *v)
{
	return v->type == VALUE_INT ? v->i : 0;
}

double row_real(const struct value *v)
{
	if (v->type == VALUE_INT)
		return (double)v->i;
	return v->type == VALUE_REAL ? v->d : (double)NAN;
}

void row_text(const struct value *v, char *text, size_t room)
{
	size_t n = v->type == VALUE_TEXT ? strlen(v->s) : 0;

	if (n >= room)
		n = room - 1;
	if (n > 0)
		memcpy(text, v->s, n);
	text[n] = '\0';
}

/* ----- care */

static hg_err add_line(void *user, const struct value *row, size_t n)
{
	char text[STORE_NAME];

	if (n == 2) {
		row_text(&row[0], text, sizeof text);
		buf_addf(user, "%s:%lld: ", text, (long long)row_int(&row[1]));
	}
	return HG_OK;
}

/* What must hold among the tables; each gives "JOB, NUMBER" of what does not. */
static const struct {
	const char *sql, *text;
} checks[] = {
	{"SELECT t.job, t.number FROM hg_trial t LEFT JOIN hg_job j ON j.name = t.job"
	 " WHERE j.name IS NULL ORDER BY 1, 2 LIMIT 1",
		"a trial of a job that is not there"},
	{"SELECT t.job, t.number FROM hg_trial t JOIN hg_job j ON j.name = t.job"
	 " WHERE t.number > j.trials OR t.ended_order > j.ended ORDER BY 1, 2 LIMIT 1",
		"a trial that its job has not counted"},
	{"SELECT t.job, t.number FROM hg_trial t WHERE t.reports <> (SELECT count(*) FROM"
	 " hg_report r WHERE r.job = t.job AND r.number = t.number) ORDER BY 1, 2 LIMIT 1",
		"a trial that has not the reports it counts"},
	{"SELECT r.job, r.number FROM hg_report r LEFT JOIN hg_trial t ON t.job = r.job AND"
	 " t.number = r.number WHERE t.job IS NULL ORDER BY 1, 2 LIMIT 1",
		"a report of a trial that is not there"},
	{"SELECT t.job, t.number FROM hg_trial t WHERE (t.state = 0) <> (t.ended_order = 0)"
	 " ORDER BY 1, 2 LIMIT 1",
		"a trial that both runs and has ended"},
};

static_assert(ST_CHECK + sizeof checks / sizeof checks[0] <= DRIVER_STATEMENTS, "room");

hg_err store_check(struct store *s, struct buf *wrong, hg_error *why)
{
	hg_err err = s->driver->check(s->db, wrong, why);

	for (size_t i = 0; err == HG_OK && i < sizeof checks / sizeof checks[0]; i++) {
		size_t before = wrong->len;

		err = store_run(s, (enum statement_id)(ST_CHECK + i), checks[i].sql, NULL, 0,
			add_line, wrong, NULL, why);
		if (wrong->len > before)
			buf_addf(wrong, "%s\n", checks[i].text);
	}
	return err;
}

hg_err store_backup(struct store *s, const char *path, hg_error *why)
{
	return s->driver->backup(s->db, path, why);
}
