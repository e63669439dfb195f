/*
 * PostgreSQL, by libpq: any number of machines.
 *
 * A module: the command does not need libpq, and says what is missing only when it is asked for.
 * Time is the server's, so that clients whose clocks differ agree on what has expired. Jobs are
 * locked by their rows.
 */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <libpq-fe.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hourglass/export.h>

#include "core/fail.h"
#include "core/number.h"
#include "store/driver.h"

#define COLUMNS_MOST 32
#define OID_INT8     20
#define OID_INT2     21
#define OID_INT4     23
#define OID_FLOAT8   701
/* How long a server that has gone away is waited for, and how often it is looked for. */
#define RECONNECT_MS 10000
#define RETRY_MS     100
/* "hourgls" as a number: who makes or changes the tables holds it. */
#define SCHEMA_LOCK "SELECT pg_advisory_xact_lock(29401365287136371)"

struct pg {
	PGconn *conn;
	char title[256];
	bool kept[DRIVER_STATEMENTS];
	bool read_only;
	int64_t patience_ms;
};

/* ----- errors */

/* One line of what the server said. */
static const char *first_line(const char *text, char *line, size_t room)
{
	size_t n = strcspn(text, "\n");

	if (n >= room)
		n = room - 1;
	memcpy(line, text, n);
	line[n] = '\0';
	return line;
}

static hg_err pg_fail(struct pg *p, const PGresult *r, hg_error *why)
{
	const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	char line[220];

	first_line(r && state ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY)
			      : PQerrorMessage(p->conn),
		line, sizeof line);
	if (!state)
		return fail(why, HG_EIO, "%s: %s", p->title, line[0] ? line : "connection lost");
	if (strcmp(state, "42501") == 0 || strcmp(state, "25006") == 0)
		return fail(why, HG_EPERM, "%s: %s", p->title, line);
	if (strcmp(state, "55P03") == 0 || strncmp(state, "40", 2) == 0)
		return fail(why, HG_EIO, "%s: others are at work in the store: %s; try again",
			p->title, line);
	if (strncmp(state, "53", 2) == 0)
		return fail(why, HG_EIO,
			"%s: the server has no room (%s): make some; nothing acknowledged is lost",
			p->title, line);
	if (strncmp(state, "XX", 2) == 0)
		return fail(why, HG_EFORMAT,
			"%s: the database is damaged (%s): restore a backup of it", p->title, line);
	return fail(why, HG_EIO, "%s: %s", p->title, line);
}

static hg_err finish(struct pg *p, PGresult *r, hg_error *why)
{
	ExecStatusType status = PQresultStatus(r);
	hg_err err = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? HG_OK
									     : pg_fail(p, r, why);

	PQclear(r);
	return err;
}

static hg_err pg_script(void *db, const char *sql, hg_error *why)
{
	struct pg *p = db;

	return finish(p, PQexec(p->conn, sql), why);
}

/* ----- statements */

static struct value column(const PGresult *r, int row, int i)
{
	struct value v = {.type = VALUE_NULL};
	const char *text = PQgetvalue(r, row, i);
	size_t len = (size_t)PQgetlength(r, row, i);

	if (PQgetisnull(r, row, i))
		return v;
	switch (PQftype(r, i)) {
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
		if (int64_parse(text, len, &v.i))
			v.type = VALUE_INT;
		break;
	case OID_FLOAT8:
		v.type = VALUE_REAL;
		if (strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0)
			v.d = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
		else if (!double_parse(text, len, true, &v.d))
			v.type = VALUE_NULL;
		break;
	default:
		v.type = VALUE_TEXT;
		v.s = text;
	}
	return v;
}

static hg_err each_row(const PGresult *r, row_fn row, void *user)
{
	struct value values[COLUMNS_MOST];
	int n = PQnfields(r) < COLUMNS_MOST ? PQnfields(r) : COLUMNS_MOST;
	hg_err err = HG_OK;

	for (int i = 0; err == HG_OK && row && i < PQntuples(r); i++) {
		for (int k = 0; k < n; k++)
			values[k] = column(r, i, k);
		err = row(user, values, (size_t)n);
	}
	return err;
}

static const char *argument(const struct value *v, char text[DOUBLE_TEXT])
{
	switch (v->type) {
	case VALUE_INT:
		(void)snprintf(text, DOUBLE_TEXT, "%lld", (long long)v->i);
		return text;
	case VALUE_REAL:
		(void)double_format(v->d, text);
		return text;
	case VALUE_TEXT:
		return v->s;
	default:
		return NULL;
	}
}

static hg_err prepared(struct pg *p, const struct statement *what, const char *name, hg_error *why)
{
	hg_err err;

	if (p->kept[what->id])
		return HG_OK;
	err = finish(p, PQprepare(p->conn, name, what->sql, 0, NULL), why);
	p->kept[what->id] = err == HG_OK;
	return err;
}

static hg_err pg_run(void *db, const struct statement *what, const struct value *args, size_t n,
	row_fn row, void *user, int64_t *changed, hg_error *why)
{
	struct pg *p = db;
	char texts[COLUMNS_MOST][DOUBLE_TEXT], name[24];
	const char *values[COLUMNS_MOST];
	PGresult *r;
	hg_err err;

	if (n > COLUMNS_MOST)
		return fail(why, HG_EINTERNAL, "a statement with %zu arguments", n);
	(void)snprintf(name, sizeof name, "hg%zu", what->id);
	err = prepared(p, what, name, why);
	if (err != HG_OK)
		return err;
	for (size_t i = 0; i < n; i++)
		values[i] = argument(&args[i], texts[i]);
	r = PQexecPrepared(p->conn, name, (int)n, values, NULL, NULL, 0);
	if (PQresultStatus(r) == PGRES_TUPLES_OK)
		err = each_row(r, row, user);
	else if (PQresultStatus(r) != PGRES_COMMAND_OK)
		err = pg_fail(p, r, why);
	if (changed && !int64_parse(PQcmdTuples(r), strlen(PQcmdTuples(r)), changed))
		*changed = 0;
	PQclear(r);
	return err;
}

/* ----- transactions */

static hg_err settle(struct pg *p, hg_error *why)
{
	char sql[96];

	(void)snprintf(sql, sizeof sql,
		"SET lock_timeout = %lld; SET client_min_messages = warning",
		(long long)p->patience_ms);
	return pg_script(p, sql, why);
}

static const char *begin_text(enum access access)
{
	return access == ACCESS_LOOK ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN";
}

static hg_err ask_now(struct pg *p, int64_t *now_ms, hg_error *why)
{
	PGresult *r =
		PQexec(p->conn, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
	hg_err err = HG_OK;

	if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1)
		err = pg_fail(p, r, why);
	else if (!int64_parse(PQgetvalue(r, 0, 0), strlen(PQgetvalue(r, 0, 0)), now_ms))
		err = fail(why, HG_EIO, "%s: the server tells no time", p->title);
	PQclear(r);
	return err;
}

static void sleep_ms(int64_t ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

/* A server that is started again is back in a moment. */
static hg_err reconnect(struct pg *p, hg_error *why)
{
	int64_t left = p->patience_ms < RECONNECT_MS ? p->patience_ms : RECONNECT_MS;

	for (;; left -= RETRY_MS) {
		PQreset(p->conn);
		memset(p->kept, 0, sizeof p->kept);
		if (PQstatus(p->conn) == CONNECTION_OK)
			return settle(p, why);
		if (left <= 0)
			return pg_fail(p, NULL, why);
		sleep_ms(RETRY_MS);
	}
}

static hg_err pg_begin(void *db, enum access access, int64_t *now_ms, hg_error *why)
{
	struct pg *p = db;
	hg_err err = pg_script(db, begin_text(access), why);

	/* the server was started again, or ended this session: nothing is under way yet */
	if (err != HG_OK && PQstatus(p->conn) != CONNECTION_OK) {
		err = reconnect(p, why);
		if (err == HG_OK)
			err = pg_script(db, begin_text(access), why);
	}
	if (err == HG_OK && access == ACCESS_SCHEMA)
		err = pg_script(db, SCHEMA_LOCK, why);
	return err == HG_OK ? ask_now(p, now_ms, why) : err;
}

static hg_err pg_commit(void *db, hg_error *why)
{
	struct pg *p = db;
	PGresult *r = PQexec(p->conn, "COMMIT");
	hg_err err;

	/* after an error within it a commit succeeds as a rollback */
	if (PQresultStatus(r) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(r), "COMMIT") != 0) {
		PQclear(r);
		return fail(why, HG_EIO, "%s: the transaction was rolled back", p->title);
	}
	err = finish(p, r, why);
	return err;
}

static void pg_rollback(void *db)
{
	struct pg *p = db;

	if (PQtransactionStatus(p->conn) != PQTRANS_IDLE)
		PQclear(PQexec(p->conn, "ROLLBACK"));
}

/* ----- opening */

static void pg_close(void *db)
{
	struct pg *p = db;

	if (p)
		PQfinish(p->conn);
	free(p);
}

static hg_err pg_open(const struct driver_open *how, void **db, hg_error *why)
{
	struct pg *p = calloc(1, sizeof *p);
	char line[220];
	hg_err err;

	*db = NULL;
	if (!p)
		return fail(why, HG_ENOMEM, "no memory");
	p->patience_ms = how->patience_ms;
	(void)snprintf(p->title, sizeof p->title, "postgres");
	p->conn = PQconnectdb(how->url);
	if (!p->conn || PQstatus(p->conn) != CONNECTION_OK) {
		err = fail(why, p->conn ? HG_EIO : HG_ENOMEM, "no PostgreSQL server: %s",
			p->conn ? first_line(PQerrorMessage(p->conn), line, sizeof line) : "");
		pg_close(p);
		return err;
	}
	(void)snprintf(
		p->title, sizeof p->title, "postgres:%.80s/%.80s", PQhost(p->conn), PQdb(p->conn));
	err = settle(p, why);
	if (err != HG_OK) {
		pg_close(p);
		return err;
	}
	*db = p;
	return HG_OK;
}

static const char *pg_title(const void *db)
{
	return ((const struct pg *)db)->title;
}

/* The server checks its pages when it reads them: every row once. */
static hg_err pg_check(void *db, struct buf *wrong, hg_error *why)
{
	static const char *const tables[] = {"hg_meta", "hg_job", "hg_trial", "hg_report"};
	struct pg *p = db;

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		char sql[96];
		hg_error text = {""};
		hg_err err;

		(void)snprintf(sql, sizeof sql, "SELECT count(t::text) FROM %s t", tables[i]);
		err = pg_script(p, sql, &text);
		if (err == HG_EFORMAT)
			buf_addf(wrong, "%s\n", text.text);
		else if (err != HG_OK)
			return fail(why, err, "%s", text.text);
	}
	return HG_OK;
}

static hg_err pg_backup(void *db, const char *path, hg_error *why)
{
	struct pg *p = db;

	(void)path;
	return fail(why, HG_EUNSUPPORTED,
		"%s: a server is backed up by pg_dump; 'hourglass recur export' writes all that is "
		"in the store",
		p->title);
}

HG_API extern const struct store_driver hg_store_driver_v1;

const struct store_driver hg_store_driver_v1 = {
	.abi = STORE_DRIVER_ABI,
	.name = "postgres",
	.sql_exists = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('hg_meta')",
	.open = pg_open,
	.close = pg_close,
	.title = pg_title,
	.begin = pg_begin,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.run = pg_run,
	.script = pg_script,
	.check = pg_check,
	.backup = pg_backup,
};
