/*
 * SQLite: one file, write-ahead log, any number of processes on one machine.
 *
 * A commit is in the log before it returns, so that the death of any process loses nothing.
 * Observations are synced to the disk as well; claims are not, as the process that made one is
 * gone too when the power is.
 */
#define _GNU_SOURCE /* clock_gettime, nanosleep */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/file.h"
#include "core/rng.h"
#include "driver.h"

/* "HGst": what `file` and other programs see. */
#define APPLICATION_ID 0x48477374
#define WAIT_FIRST_NS  50000
#define WAIT_MOST_NS   8000000
#define CHECK_LINES    "PRAGMA integrity_check(100)"

struct lite {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *kept[DRIVER_STATEMENTS];
	bool durable; /* how commits are made now */
	int64_t patience_ms, waiting_since_ms;
	struct rng rng; /* for how long to wait; seeded by who we are */
};

static int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* SQLite's own handler sleeps up to 100 ms at a time, and so do 64 processes that could go on. */
static int wait_for_others(void *user, int count)
{
	struct lite *l = user;
	uint64_t most = WAIT_FIRST_NS;

	if (count == 0)
		l->waiting_since_ms = monotonic_ms();
	else if (monotonic_ms() - l->waiting_since_ms > l->patience_ms)
		return 0;
	for (int i = 0; i < count && most < WAIT_MOST_NS; i++)
		most *= 2;
	nanosleep(&(struct timespec){0, (long)(WAIT_FIRST_NS + rng_below(&l->rng, most))}, NULL);
	return 1;
}

/* ----- errors */

static hg_err lite_fail(struct lite *l, hg_error *why)
{
	const char *text = sqlite3_errmsg(l->db);
	int e = sqlite3_system_errno(l->db);

	switch (sqlite3_errcode(l->db) & 0xff) {
	case SQLITE_NOMEM:
		return fail(why, HG_ENOMEM, "%s: no memory", l->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(why, HG_EIO,
			"%s: other processes have held the store for %lld s; try again later",
			l->path, (long long)(l->patience_ms / 1000));
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return fail(why, HG_EPERM,
			"%s: the store is read-only: make it and its folder writable, or name "
			"another one with --store",
			l->path);
	case SQLITE_FULL:
		return fail(why, HG_EIO,
			"%s: no space is left: make some and try again; nothing acknowledged is "
			"lost",
			l->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail(why, HG_EFORMAT,
			"%s: damaged, or no store (%s); it was left as it is: move it away, or put "
			"a backup in its place",
			l->path, text);
	case SQLITE_CANTOPEN:
		return fail(why,
			e == ENOENT || e == ENOTDIR               ? HG_ENOENT
			: e == EACCES || e == EPERM || e == EROFS ? HG_EPERM
								  : HG_EIO,
			"%s: cannot be opened: %s", l->path, e ? strerror(e) : text);
	case SQLITE_IOERR:
		return fail(why, HG_EIO,
			"%s: %s (%s): nothing acknowledged is lost; make space and try again",
			l->path, text, e ? strerror(e) : "no more is known");
	default:
		return fail(why, HG_EIO, "%s: %s", l->path, text);
	}
}

static hg_err lite_script(void *db, const char *sql, hg_error *why)
{
	struct lite *l = db;

	return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? HG_OK : lite_fail(l, why);
}

/* ----- statements */

static int bind_one(sqlite3_stmt *s, size_t i, const struct value *v)
{
	char name[24];
	int at;

	(void)snprintf(name, sizeof name, "$%zu", i + 1);
	at = sqlite3_bind_parameter_index(s, name);
	switch (v->type) {
	case VALUE_INT:
		return sqlite3_bind_int64(s, at, v->i);
	case VALUE_REAL:
		return sqlite3_bind_double(s, at, v->d);
	case VALUE_TEXT:
		return sqlite3_bind_text(s, at, v->s, -1, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(s, at);
	}
}

static struct value column(sqlite3_stmt *s, int i)
{
	struct value v = {.type = VALUE_NULL};

	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER:
		v.type = VALUE_INT;
		v.i = sqlite3_column_int64(s, i);
		break;
	case SQLITE_FLOAT:
		v.type = VALUE_REAL;
		v.d = sqlite3_column_double(s, i);
		break;
	case SQLITE_TEXT:
		v.type = VALUE_TEXT;
		v.s = (const char *)sqlite3_column_text(s, i);
		break;
	default:
		break;
	}
	return v;
}

#define COLUMNS_MOST 32

static hg_err each_row(struct lite *l, sqlite3_stmt *s, row_fn row, void *user, hg_error *why)
{
	struct value values[COLUMNS_MOST];
	int n = sqlite3_column_count(s), rc;
	hg_err err = HG_OK;

	while (err == HG_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		for (int i = 0; i < n && i < COLUMNS_MOST; i++)
			values[i] = column(s, i);
		if (row)
			err = row(user, values, n < COLUMNS_MOST ? (size_t)n : COLUMNS_MOST);
	}
	return err != HG_OK || rc == SQLITE_DONE ? err : lite_fail(l, why);
}

static hg_err lite_run(void *db, const struct statement *what, const struct value *args, size_t n,
	row_fn row, void *user, int64_t *changed, hg_error *why)
{
	struct lite *l = db;
	sqlite3_stmt **s = &l->kept[what->id];
	hg_err err;

	if (!*s && sqlite3_prepare_v3(l->db, what->sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL) !=
			   SQLITE_OK)
		return lite_fail(l, why);
	for (size_t i = 0; i < n; i++)
		if (bind_one(*s, i, &args[i]) != SQLITE_OK)
			return lite_fail(l, why);
	err = each_row(l, *s, row, user, why);
	if (changed)
		*changed = sqlite3_changes64(l->db);
	(void)sqlite3_reset(*s);
	(void)sqlite3_clear_bindings(*s);
	return err;
}

/* ----- transactions */

static hg_err lite_begin(void *db, enum access access, int64_t *now_ms, hg_error *why)
{
	struct lite *l = db;
	bool durable = access != ACCESS_CLAIM;
	hg_err err = HG_OK;

	(void)now_ms; /* the caller's clock is that of this machine */
	if (access == ACCESS_LOOK)
		return lite_script(db, "BEGIN", why);
	if (durable != l->durable)
		err = lite_script(
			db, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", why);
	if (err != HG_OK)
		return err;
	l->durable = durable;
	return lite_script(db, "BEGIN IMMEDIATE", why);
}

static void lite_rollback(void *db)
{
	struct lite *l = db;

	/* some errors have rolled back already */
	if (!sqlite3_get_autocommit(l->db))
		(void)sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
}

static hg_err lite_commit(void *db, hg_error *why)
{
	return lite_script(db, "COMMIT", why);
}

/* ----- opening */

static int take_int(void *user, int n, char **values, char **names)
{
	(void)names;
	if (n == 1 && values[0])
		*(long long *)user = strtoll(values[0], NULL, 10);
	return 0;
}

static hg_err ask(struct lite *l, const char *sql, long long *out, hg_error *why)
{
	*out = 0;
	return sqlite3_exec(l->db, sql, take_int, out, NULL) == SQLITE_OK ? HG_OK
									  : lite_fail(l, why);
}

/* A log needs a folder that can be written. Where it cannot, and there is no log, the file alone is
 * all there is. */
static bool reopen_immutable(struct lite *l)
{
	char *wal = sqlite3_mprintf("%s-wal", l->path), *uri = NULL;
	struct stat st;
	bool done = false;

	if (wal && (stat(wal, &st) != 0 || st.st_size == 0)) {
		sqlite3_str *s = sqlite3_str_new(NULL);

		sqlite3_str_appendall(s, l->path[0] == '/' ? "file://" : "file:");
		for (const char *c = l->path; *c; c++)
			if (*c == '?' || *c == '#' || *c == '%')
				sqlite3_str_appendf(s, "%%%02x", (unsigned)(unsigned char)*c);
			else
				sqlite3_str_appendchar(s, 1, *c);
		sqlite3_str_appendall(s, "?immutable=1");
		uri = sqlite3_str_finish(s);
		(void)sqlite3_close(l->db);
		l->db = NULL;
		done = uri && sqlite3_open_v2(uri, &l->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
				      NULL) == SQLITE_OK;
	}
	sqlite3_free(wal);
	sqlite3_free(uri);
	return done;
}

static hg_err switch_to_log(struct lite *l, hg_error *why)
{
	int64_t until = monotonic_ms() + l->patience_ms;
	int rc;

	/* this one does not always ask the handler */
	while ((rc = sqlite3_exec(l->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL)) ==
			SQLITE_BUSY &&
		monotonic_ms() < until)
		nanosleep(&(struct timespec){0, WAIT_MOST_NS / 4}, NULL);
	return rc == SQLITE_OK ? HG_OK : lite_fail(l, why);
}

/* Whose file it is, before anything is written to it. */
static hg_err examine(struct lite *l, enum open_mode mode, hg_error *why)
{
	long long id, tables;
	hg_err err = ask(l, "SELECT count(*) FROM sqlite_schema", &tables, NULL);

	if (err != HG_OK && mode == OPEN_READ && (sqlite3_errcode(l->db) & 0xff) != SQLITE_NOTADB &&
		reopen_immutable(l))
		err = ask(l, "SELECT count(*) FROM sqlite_schema", &tables, why);
	else if (err != HG_OK)
		err = lite_fail(l, why);
	if (err == HG_OK)
		err = ask(l, "PRAGMA application_id", &id, why);
	if (err != HG_OK)
		return err;
	if (id != APPLICATION_ID && (id != 0 || tables != 0))
		return fail(why, HG_EFORMAT,
			"%s: an SQLite database, but no store of hourglass; it was left as it is: "
			"name another file with --store",
			l->path);
	if (id == APPLICATION_ID || mode != OPEN_CREATE)
		return HG_OK;
	return lite_script(l, "PRAGMA application_id=0x48477374", why);
}

static void lite_close(void *db)
{
	struct lite *l = db;

	if (!l)
		return;
	for (size_t i = 0; i < DRIVER_STATEMENTS; i++)
		(void)sqlite3_finalize(l->kept[i]);
	(void)sqlite3_close(l->db);
	free(l->path);
	free(l);
}

static hg_err open_file(struct lite *l, enum open_mode mode, hg_error *why)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	hg_err err;

	flags |= mode == OPEN_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	if (mode == OPEN_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(l->path, &l->db, flags, NULL) != SQLITE_OK)
		return l->db ? lite_fail(l, why) : fail(why, HG_ENOMEM, "no memory");
	(void)sqlite3_busy_handler(l->db, wait_for_others, l);
	err = examine(l, mode, why);
	if (err != HG_OK || mode == OPEN_READ)
		return err;
	if (sqlite3_db_readonly(l->db, "main") == 1)
		return fail(why, HG_EPERM,
			"%s: the store is read-only: make it and its folder writable, or name "
			"another one with --store",
			l->path);
	err = switch_to_log(l, why);
	return err == HG_OK ? lite_script(l, "PRAGMA synchronous=FULL", why) : err;
}

static hg_err lite_open(const struct driver_open *how, void **db, hg_error *why)
{
	struct lite *l = calloc(1, sizeof *l);
	struct stat st;
	hg_err err;

	*db = NULL;
	if (!l || !(l->path = strdup(how->url))) {
		free(l);
		return fail(why, HG_ENOMEM, "no memory");
	}
	l->patience_ms = how->patience_ms;
	l->durable = true;
	rng_init(&l->rng, (uint64_t)getpid() ^ ((uint64_t)monotonic_ms() << 20));
	if (how->mode != OPEN_CREATE && stat(l->path, &st) != 0)
		err = fail(why, errno == EACCES ? HG_EPERM : HG_ENOENT,
			"%s: %s; 'hourglass recur new' makes a store", l->path, strerror(errno));
	else
		err = open_file(l, how->mode, why);
	if (err != HG_OK) {
		lite_close(l);
		return err;
	}
	*db = l;
	return HG_OK;
}

static const char *lite_title(const void *db)
{
	return ((const struct lite *)db)->path;
}

/* ----- care */

static int note_wrong(void *user, int n, char **values, char **names)
{
	struct buf *wrong = user;

	(void)names;
	if (n == 1 && values[0] && strcmp(values[0], "ok") != 0)
		buf_addf(wrong, "%s\n", values[0]);
	return 0;
}

static hg_err lite_check(void *db, struct buf *wrong, hg_error *why)
{
	struct lite *l = db;
	int rc = sqlite3_exec(l->db, CHECK_LINES, note_wrong, wrong, NULL);

	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
		buf_addf(wrong, "%s\n", sqlite3_errmsg(l->db));
		return HG_OK;
	}
	return rc == SQLITE_OK ? HG_OK : lite_fail(l, why);
}

/* Through memory, so that the file is either whole and synced or not there. */
static hg_err copy_out(struct lite *l, sqlite3 *copy, const char *path, hg_error *why)
{
	sqlite3_backup *b = sqlite3_backup_init(copy, "main", l->db, "main");
	unsigned char *data;
	sqlite3_int64 len = 0;
	hg_err err;
	int rc;

	if (!b)
		return fail(why, HG_ENOMEM, "%s: %s", l->path, sqlite3_errmsg(copy));
	rc = sqlite3_backup_step(b, -1);
	if (sqlite3_backup_finish(b) != SQLITE_OK || rc != SQLITE_DONE)
		return fail(why, (rc & 0xff) == SQLITE_NOMEM ? HG_ENOMEM : HG_EIO, "%s: %s",
			l->path, sqlite3_errstr(rc));
	data = sqlite3_serialize(copy, "main", &len, 0);
	if (!data)
		return fail(why, HG_ENOMEM, "%s: no memory for a copy", l->path);
	err = file_write(path, data, (size_t)len, why);
	sqlite3_free(data);
	return err;
}

static hg_err lite_backup(void *db, const char *path, hg_error *why)
{
	struct lite *l = db;
	sqlite3 *copy = NULL;
	struct stat st;
	hg_err err;

	if (lstat(path, &st) == 0)
		return fail(
			why, HG_EINVAL, "%s: is there already; a backup replaces nothing", path);
	if (sqlite3_open_v2(":memory:", &copy, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		err = fail(why, HG_ENOMEM, "%s: no memory for a copy", l->path);
	else
		err = copy_out(l, copy, path, why);
	(void)sqlite3_close(copy);
	return err;
}

const struct store_driver store_sqlite = {
	.abi = STORE_DRIVER_ABI,
	.name = "sqlite",
	.sql_exists = "SELECT count(*) FROM sqlite_schema WHERE name = 'hg_meta'",
	.open = lite_open,
	.close = lite_close,
	.title = lite_title,
	.begin = lite_begin,
	.commit = lite_commit,
	.rollback = lite_rollback,
	.run = lite_run,
	.script = lite_script,
	.check = lite_check,
	.backup = lite_backup,
};
