#define _GNU_SOURCE /* mkdtemp, nftw */
#include "place.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct store_driver *driver_of(const struct place *p)
{
	const struct store_driver *d = &store_sqlite;
	hg_error why = {""};

	if (!p->sqlite)
		assert_ok(store_module("postgres", &d, &why));
	return d;
}

void place_script(const struct place *p, const char *sql)
{
	const struct store_driver *d = driver_of(p);
	const struct driver_open how = {.url = p->url, .mode = OPEN_CREATE, .patience_ms = 10000};
	hg_error why = {""};
	void *db;

	assert_ok(d->open(&how, &db, &why));
	assert_ok(d->script(db, sql, &why));
	d->close(db);
}

void place_init(struct place *p)
{
	const char *server = getenv("HG_TEST_POSTGRES");

	memset(p, 0, sizeof *p);
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/hg-store.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->sqlite = !server;
	if (server)
		(void)snprintf(p->url, sizeof p->url, "%s", server);
	else
		(void)snprintf(p->url, sizeof p->url, "%s/store.db", p->dir);
	if (server)
		place_script(
			p, "DROP TABLE IF EXISTS hg_meta, hg_job, hg_trial, hg_report, hg_kin");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void place_finish(struct place *p)
{
	(void)nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct store *place_open(const struct place *p, enum open_mode mode)
{
	const struct store_opts opts = {.mode = mode};
	hg_error why = {""};
	struct store *s;

	assert_ok(store_open(p->url, &opts, &s, &why));
	return s;
}

struct store_spec place_spec(void)
{
	return (struct store_spec){.n_sizes = 4,
		.batch_sizes = {16, 32, 64, 128},
		.default_size = 32,
		.max_epochs = 10,
		.metric = "accuracy",
		.target = 0.9,
		.eta = 0.5,
		.max_power_w = 300,
		.seed = 7};
}

/* ----- one test */

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	place_init(&f->place);
	f->wall_ms = 1000000;
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	place_finish(&f->place);
	free(f);
	return 0;
}

static int64_t fake_wall(void *user)
{
	return ((struct fixture *)user)->wall_ms;
}

struct store *open_as(struct fixture *f, enum open_mode mode, unsigned schema)
{
	const struct store_opts opts = {
		.mode = mode, .wall_ms = fake_wall, .user = f, .schema = schema};
	hg_error why = {""};
	struct store *s;

	assert_ok(store_open(f->place.url, &opts, &s, &why));
	return s;
}

struct store *with_job(struct fixture *f)
{
	struct store *s = open_as(f, OPEN_CREATE, 0);
	struct store_spec spec = place_spec();
	hg_error why = {""};

	assert_ok(desk_new(s, "job", &spec, NULL, 0, &why));
	return s;
}

struct store_trial claim(struct store *s, int64_t lease_ms)
{
	struct store_trial t;
	hg_error why = {""};

	assert_ok(desk_next(s, "job", "test:1", lease_ms, NULL, NULL, &t, &why));
	return t;
}

struct desk_answer tell(struct store *s, int64_t number, double epochs, double metric,
	double energy_j, double time_s)
{
	const hg_recur_report r = {.size = sizeof r,
		.epochs = epochs,
		.metric = metric,
		.energy_j = energy_j,
		.time_s = time_s};
	struct desk_answer a;
	hg_error why = {""};

	assert_ok(desk_report(s, "job", number, &r, 0, &a, &why));
	return a;
}

struct store_trial trial(struct store *s, int64_t number)
{
	struct store_trial t;
	hg_error why = {""};

	assert_ok(store_begin(s, ACCESS_LOOK, &why));
	assert_ok(store_trial_get(s, "job", number, &t, &why));
	store_rollback(s);
	return t;
}

void assert_sound(struct store *s)
{
	struct buf wrong;
	hg_error why = {""};

	buf_init(&wrong, 65536);
	assert_ok(store_begin(s, ACCESS_LOOK, &why));
	assert_ok(store_check(s, &wrong, &why));
	store_rollback(s);
	if (wrong.len > 0)
		fail_msg("%s", wrong.data);
	buf_finish(&wrong);
}
