/*
 * The tables, and how a store of an older program becomes one of this.
 *
 * Statements are what SQLite and PostgreSQL both take. A step is never changed once it was
 * released; what comes later is a further step.
 */
#include <string.h>

#include <hourglass/version.h>

#include "core/fail.h"
#include "core/file.h"
#include "inside.h"

static const char *const steps[STORE_SCHEMA] = {
	/* 1: jobs, trials, reports. Times of leases are the job's own. */
	"CREATE TABLE hg_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
	"CREATE TABLE hg_job (name TEXT PRIMARY KEY, spec TEXT NOT NULL,"
	" created_ms BIGINT NOT NULL, wall_ms BIGINT NOT NULL, clock_ms BIGINT NOT NULL,"
	" trials BIGINT NOT NULL, ended BIGINT NOT NULL);"
	"CREATE TABLE hg_trial (job TEXT NOT NULL, number BIGINT NOT NULL,"
	" origin TEXT NOT NULL, origin_number BIGINT NOT NULL,"
	" state BIGINT NOT NULL, batch_size BIGINT NOT NULL, flags BIGINT NOT NULL,"
	" epochs DOUBLE PRECISION, energy_j DOUBLE PRECISION, time_s DOUBLE PRECISION,"
	" epoch_energy_j DOUBLE PRECISION, epoch_time_s DOUBLE PRECISION,"
	" metric DOUBLE PRECISION, max_epochs BIGINT NOT NULL, reason BIGINT NOT NULL,"
	" bound_j DOUBLE PRECISION, owner TEXT NOT NULL, lease_ms BIGINT NOT NULL,"
	" lease_until_ms BIGINT NOT NULL, started_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL,"
	" ended_order BIGINT NOT NULL, reports BIGINT NOT NULL, PRIMARY KEY (job, number));"
	"CREATE INDEX hg_trial_running ON hg_trial (job, lease_until_ms) WHERE state = 0;"
	"CREATE UNIQUE INDEX hg_trial_origin ON hg_trial (job, origin, origin_number);"
	"CREATE TABLE hg_report (job TEXT NOT NULL, number BIGINT NOT NULL, seq BIGINT NOT NULL,"
	" epochs DOUBLE PRECISION, metric DOUBLE PRECISION, energy_j DOUBLE PRECISION,"
	" time_s DOUBLE PRECISION, flags BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
	" PRIMARY KEY (job, number, seq));",
	/* 2: jobs learn from others. */
	"CREATE TABLE hg_kin (job TEXT NOT NULL, other TEXT NOT NULL, kin BIGINT NOT NULL,"
	" PRIMARY KEY (job, other));",
};

static hg_err take_int(void *user, const struct value *row, size_t n)
{
	if (n > 0)
		*(int64_t *)user = row_int(&row[0]);
	return HG_OK;
}

static hg_err take_uid(void *user, const struct value *row, size_t n)
{
	if (n > 0)
		row_text(&row[0], user, STORE_UID);
	return HG_OK;
}

static hg_err version_of(struct store *s, int64_t *version, hg_error *why)
{
	*version = 0;
	return store_run(s, ST_VERSION,
		"SELECT CAST(value AS BIGINT) FROM hg_meta WHERE name = 'schema'", NULL, 0,
		take_int, version, NULL, why);
}

static hg_err exists(struct store *s, int64_t *there, hg_error *why)
{
	*there = 0;
	return store_run(s, ST_EXISTS, s->driver->sql_exists, NULL, 0, take_int, there, NULL, why);
}

static hg_err newer(struct store *s, int64_t version, hg_error *why)
{
	return fail(why, HG_EVERSION,
		"%s: its schema is %lld, this program (hourglass %s) knows those up to %u: use a "
		"newer hourglass; nothing was changed",
		store_title(s), (long long)version, hg_version(), s->schema);
}

static hg_err meta_set(struct store *s, enum statement_id id, const char *sql, const char *name,
	const char *text, hg_error *why)
{
	const struct value args[] = {value_text(name), value_text(text)};

	return store_run(s, id, sql, args, 2, NULL, NULL, NULL, why);
}

static hg_err meta_add(struct store *s, const char *name, const char *text, hg_error *why)
{
	return meta_set(s, ST_META_ADD, "INSERT INTO hg_meta (name, value) VALUES ($1, $2)", name,
		text, why);
}

/* The kernel's, so that no two stores are one by accident. */
static hg_err make_uid(char uid[STORE_UID], hg_error *why)
{
	struct fsroot root;
	hg_err err = fsroot_init(&root, "/", why);

	if (err == HG_OK)
		err = fsroot_read(&root, "proc/sys/kernel/random/uuid", uid, STORE_UID, why);
	fsroot_finish(&root);
	return err;
}

static hg_err migrate(struct store *s, int64_t from, hg_error *why)
{
	char text[16] = "";
	hg_err err = HG_OK;

	for (size_t i = (size_t)from; err == HG_OK && i < s->schema; i++)
		err = s->driver->script(s->db, steps[i], why);
	text[0] = (char)('0' + s->schema % 10);
	if (err != HG_OK)
		return err;
	if (from == 0) {
		err = meta_add(s, "schema", text, why);
		if (err == HG_OK)
			err = make_uid(s->uid, why);
		return err == HG_OK ? meta_add(s, "uid", s->uid, why) : err;
	}
	return meta_set(s, ST_META_SET, "UPDATE hg_meta SET value = $2 WHERE name = $1", "schema",
		text, why);
}

static hg_err look(struct store *s, int64_t *version, hg_error *why)
{
	int64_t there;
	hg_err err = exists(s, &there, why);

	*version = 0;
	return err == HG_OK && there ? version_of(s, version, why) : err;
}

static hg_err judge(struct store *s, int64_t version, hg_error *why)
{
	if (version > (int64_t)s->schema)
		return newer(s, version, why);
	if (version == 0 && s->mode != OPEN_CREATE)
		return fail(why, HG_ENOENT,
			"%s: there is no store in it yet; 'hourglass recur new' makes one",
			store_title(s));
	if (version < (int64_t)s->schema && s->mode == OPEN_READ)
		return fail(why, HG_EVERSION,
			"%s: its schema is %lld, this program's is %u: any command that writes "
			"('hourglass recur next') brings it up to date",
			store_title(s), (long long)version, s->schema);
	return HG_OK;
}

/* Everything in one transaction: a crash leaves the old schema or the new one. */
static hg_err bring_up(struct store *s, hg_error *why)
{
	int64_t version = 0;
	hg_err err = s->driver->begin(s->db, ACCESS_SCHEMA, &s->now_ms, why);

	if (err == HG_OK)
		err = look(s, &version, why);
	if (err == HG_OK)
		err = judge(s, version, why);
	if (err == HG_OK && version < (int64_t)s->schema)
		err = migrate(s, version, why);
	if (err == HG_OK)
		return s->driver->commit(s->db, why);
	s->driver->rollback(s->db);
	return err;
}

hg_err schema_settle(struct store *s, hg_error *why)
{
	int64_t version = 0;
	hg_err err = s->driver->begin(s->db, ACCESS_LOOK, &s->now_ms, why);

	if (err == HG_OK)
		err = look(s, &version, why);
	if (err == HG_OK)
		err = judge(s, version, why);
	if (err == HG_OK && version == (int64_t)s->schema)
		err = store_run(s, ST_META_GET, "SELECT value FROM hg_meta WHERE name = 'uid'",
			NULL, 0, take_uid, s->uid, NULL, why);
	s->driver->rollback(s->db);
	if (err != HG_OK || version == (int64_t)s->schema)
		return err;
	err = bring_up(s, why);
	/* now it is there, by us or by somebody who was faster */
	return err == HG_OK ? schema_settle(s, why) : err;
}

hg_err schema_still(struct store *s, hg_error *why)
{
	int64_t version;
	hg_err err = version_of(s, &version, why);

	if (err == HG_OK && version != (int64_t)s->schema)
		err = newer(s, version, why);
	return err;
}
