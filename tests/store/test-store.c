/* Jobs, trials, leases, reports, versions, damage: the same for SQLite and PostgreSQL. */
#define _GNU_SOURCE /* usleep */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "place.h"
#include "store/lines.h"

static void test_first_run(void **state)
{
	struct fixture *f = *state;
	struct store *s = with_job(f);
	struct store_trial t = claim(s, HOUR_MS);
	struct desk_answer a;

	assert_int_equal(t.number, 1);
	assert_int_equal(t.t.batch_size, 32);
	assert_int_equal(t.reason, HG_RECUR_FIRST);
	a = tell(s, 1, 1, 0.5, 100, 10);
	assert_true(a.go_on);
	assert_int_equal(a.flags, 0);
	a = tell(s, 1, 2, 0.95, 200, 20);
	assert_false(a.go_on);
	assert_int_equal(a.trial.t.state, HG_RECUR_REACHED);
	t = trial(s, 1);
	assert_int_equal(t.reports, 2);
	assert_int_equal(t.order, 1);
	assert_true(t.t.energy_j == 200 && t.t.time_s == 20 && t.t.epochs == 2);
	assert_sound(s);
	store_close(s);
	/* and it is there when another program looks */
	s = open_as(f, OPEN_READ, 0);
	assert_int_equal(trial(s, 1).reports, 2);
	store_close(s);
}

/* Starting up is no part of an epoch, also where one report is all there is; reports are curves. */
static void test_start_up(void **state)
{
	struct store *s = with_job(*state);
	struct desk d;
	hg_error why = {""};

	(void)claim(s, HOUR_MS);
	(void)tell(s, 1, 1, 0.5, 1100, 11);
	(void)tell(s, 1, 2, 0.7, 1200, 12);
	(void)tell(s, 1, 3, 0.95, 1300, 13);
	(void)claim(s, HOUR_MS);
	(void)tell(s, 2, 1, 0.4, 1150, 11.5);
	assert_ok(desk_read(s, "job", &d, &why));
	assert_int_equal(d.n, 2);
	assert_int_equal(d.trials[0].n_sights, 3);
	assert_true(d.trials[0].sights[1].epochs == 2 && d.trials[0].sights[1].metric == 0.7);
	assert_int_equal(d.trials[1].n_sights, 1);
	assert_true(fabs(d.trials[0].epoch_energy_j - 100) < 1e-9);
	assert_true(fabs(d.trials[0].epoch_time_s - 1) < 1e-9);
	assert_true(fabs(d.trials[1].epoch_energy_j - 150) < 1e-9);
	assert_true(fabs(d.trials[1].epoch_time_s - 1.5) < 1e-9);
	desk_finish(&d);
	store_close(s);
}

static void test_job_names(void **state)
{
	struct store *s = with_job(*state);
	struct store_spec spec = place_spec();
	struct store_trial t;
	hg_error why = {""};

	assert_int_equal(desk_new(s, "job", &spec, NULL, 0, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "already"));
	assert_int_equal(desk_new(s, "a b", &spec, NULL, 0, &why), HG_EINVAL);
	assert_int_equal(desk_new(s, "", &spec, NULL, 0, &why), HG_EINVAL);
	assert_int_equal(desk_next(s, "jop", "x", 1000, NULL, NULL, &t, &why), HG_ENOENT);
	assert_non_null(strstr(why.text, "did you mean 'job'?"));
	spec.default_size = 33;
	assert_int_equal(desk_new(s, "other", &spec, NULL, 0, &why), HG_EINVAL);
	store_close(s);
}

/* What cannot be is flagged, and nothing that was known is worse for it. */
static void test_bad_reports(void **state)
{
	struct store *s = with_job(*state);
	double nan = (double)NAN;
	struct store_trial t;

	claim(s, HOUR_MS);
	assert_int_equal(tell(s, 1, 1, nan, 100, 10).flags, HG_RECUR_BAD_METRIC);
	assert_int_equal(tell(s, 1, 2, 0.5, -5, 20).flags, HG_RECUR_BAD_ENERGY);
	assert_int_equal(tell(s, 1, 1, 0.5, 300, 30).flags, HG_RECUR_BAD_EPOCH);
	assert_int_equal(tell(s, 1, 2, 0.5, 200, 20).flags, HG_RECUR_REPEATED);
	assert_int_equal(tell(s, 1, 3, 0.6, 300, 1).flags, HG_RECUR_BAD_TIME);
	t = trial(s, 1);
	assert_true(t.t.epochs == 3 && t.t.energy_j == 300 && t.t.time_s == 20);
	assert_int_equal(t.reports, 5);
	assert_int_equal(t.t.flags, HG_RECUR_BAD_METRIC | HG_RECUR_BAD_ENERGY | HG_RECUR_BAD_EPOCH |
					    HG_RECUR_REPEATED | HG_RECUR_BAD_TIME);
	assert_int_equal(tell(s, 1, 4, 0.95, 400, 40).trial.t.state, HG_RECUR_REACHED);
	/* once more: it was accepted once */
	assert_int_equal(tell(s, 1, 4, 0.95, 400, 40).flags, HG_RECUR_AFTER_END);
	t = trial(s, 1);
	assert_int_equal(t.t.state, HG_RECUR_REACHED);
	assert_int_equal(t.order, 1);
	assert_sound(s);
	store_close(s);
}

static void test_end(void **state)
{
	struct store *s = with_job(*state);
	struct desk_answer a;
	hg_error why = {""};

	claim(s, HOUR_MS);
	tell(s, 1, 2, 0.4, 100, 10);
	assert_ok(desk_end(s, "job", 1, HG_RECUR_STOPPED, &a, &why));
	assert_int_equal(a.trial.t.state, HG_RECUR_STOPPED);
	assert_int_equal(a.flags, 0);
	assert_ok(desk_end(s, "job", 1, HG_RECUR_KILLED, &a, &why));
	assert_int_equal(a.trial.t.state, HG_RECUR_STOPPED);
	assert_int_equal(a.flags, HG_RECUR_AFTER_END);
	assert_int_equal(trial(s, 1).order, 1);
	assert_int_equal(desk_end(s, "job", 2, HG_RECUR_STOPPED, &a, &why), HG_ENOENT);
	assert_int_equal(desk_end(s, "job", 1, HG_RECUR_REACHED, &a, &why), HG_EINVAL);
	store_close(s);
}

/* A client that dies blocks nothing; one that was only late is heard, once, and goes on. */
static void test_lease(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	struct desk_answer a;
	hg_error why = {""};

	if (!f->place.sqlite)
		skip(); /* time is the server's there: test_lease_real */
	s = with_job(f);
	claim(s, 1000);
	tell(s, 1, 1, 0.4, 100, 10);
	f->wall_ms += 900;
	assert_ok(desk_beat(s, "job", 1, &a, &why));
	assert_true(a.go_on);
	f->wall_ms += 900;
	claim(s, 1000);
	assert_int_equal(trial(s, 1).t.state, HG_RECUR_RUNNING);
	f->wall_ms += 200;
	claim(s, HOUR_MS);
	assert_int_equal(trial(s, 1).t.state, HG_RECUR_KILLED);
	assert_true(trial(s, 1).t.flags & STORE_EXPIRED);
	assert_int_equal(trial(s, 2).t.state, HG_RECUR_RUNNING);
	a = tell(s, 1, 2, 0.5, 200, 20);
	assert_int_equal(a.flags, STORE_LATE);
	assert_true(a.go_on);
	assert_int_equal(trial(s, 1).t.state, HG_RECUR_RUNNING);
	assert_int_equal(tell(s, 1, 2, 0.5, 200, 20).flags, HG_RECUR_REPEATED);
	assert_true(trial(s, 1).t.flags & STORE_LATE);
	/* the end, reported after the lease: accepted once, flagged */
	f->wall_ms += HOUR_MS / 2;
	claim(s, HOUR_MS);
	a = tell(s, 1, 3, 0.95, 300, 30);
	assert_int_equal(a.trial.t.state, HG_RECUR_REACHED);
	assert_int_equal(a.flags, STORE_LATE);
	assert_int_equal(tell(s, 1, 3, 0.95, 300, 30).flags, HG_RECUR_AFTER_END);
	assert_sound(s);
	store_close(s);
}

static void test_lease_real(void **state)
{
	struct fixture *f = *state;
	struct store *s = with_job(f);

	store_close(s);
	s = place_open(&f->place, OPEN_WRITE); /* by the machine's own clock */
	claim(s, 30);
	usleep(60000);
	claim(s, HOUR_MS);
	assert_int_equal(trial(s, 1).t.state, HG_RECUR_KILLED);
	assert_int_equal(tell(s, 1, 1, 0.95, 100, 10).flags, STORE_LATE);
	assert_int_equal(trial(s, 1).t.state, HG_RECUR_REACHED);
	assert_sound(s);
	store_close(s);
}

/* However the wall clock jumps, a lease is never longer, and time goes on. */
static void test_clock_back(void **state)
{
	struct fixture *f = *state;
	struct store *s;

	if (!f->place.sqlite)
		skip();
	f->wall_ms = 100 * (int64_t)HOUR_MS;
	s = with_job(f);
	claim(s, 1000);
	f->wall_ms -= 50 * (int64_t)HOUR_MS;
	claim(s, HOUR_MS);
	assert_int_equal(trial(s, 1).t.state, HG_RECUR_RUNNING);
	f->wall_ms += 600;
	claim(s, HOUR_MS);
	f->wall_ms += 600;
	claim(s, HOUR_MS);
	assert_int_equal(trial(s, 1).t.state, HG_RECUR_KILLED);
	/* forward by days: early, and its client is heard all the same */
	f->wall_ms += 100 * (int64_t)HOUR_MS;
	claim(s, HOUR_MS);
	assert_int_equal(trial(s, 2).t.state, HG_RECUR_KILLED);
	assert_int_equal(tell(s, 2, 1, 0.1, 1, 1).flags, STORE_LATE);
	assert_int_equal(trial(s, 2).t.state, HG_RECUR_RUNNING);
	store_close(s);
}

/* ----- versions */

static void test_versions(void **state)
{
	struct fixture *f = *state;
	const struct store_opts read = {.mode = OPEN_READ}, old = {.mode = OPEN_WRITE, .schema = 1};
	struct store *s = open_as(f, OPEN_CREATE, 1), *other = NULL;
	struct store_spec spec = place_spec();
	char uid[STORE_UID];
	hg_error why = {""};

	memcpy(uid, store_uid(s), sizeof uid);
	assert_ok(store_begin(s, ACCESS_RECORD, &why));
	assert_ok(store_job_add(s, "job", &spec, 1, &why));
	assert_ok(store_commit(s, &why));
	/* a reader does not change an old store */
	assert_int_equal(store_open(f->place.url, &read, &other, &why), HG_EVERSION);
	assert_non_null(strstr(why.text, "brings it up to date"));
	/* a writer does, and the older program that is still at it is refused */
	other = open_as(f, OPEN_WRITE, 0);
	assert_string_equal(store_uid(other), uid);
	claim(other, HOUR_MS);
	assert_int_equal(store_begin(s, ACCESS_RECORD, &why), HG_EVERSION);
	assert_non_null(strstr(why.text, "schema is 2"));
	store_close(s);
	assert_int_equal(store_open(f->place.url, &old, &s, &why), HG_EVERSION);
	assert_non_null(strstr(why.text, "use a newer hourglass; nothing was changed"));
	claim(other, HOUR_MS);
	assert_sound(other);
	store_close(other);
}

/* ----- kin */

static void test_kin(void **state)
{
	struct store *s = with_job(*state);
	struct store_spec spec = place_spec();
	struct store_kin kin = {.job = "job", .kin = HG_RECUR_OTHER_DEVICE};
	struct desk d;
	hg_error why = {""};

	claim(s, HOUR_MS);
	tell(s, 1, 3, 0.95, 300, 30);
	assert_ok(desk_new(s, "warm", &spec, &kin, 1, &why));
	assert_ok(desk_read(s, "warm", &d, &why));
	assert_int_equal(d.n, 1);
	assert_int_equal(d.n_records, 0);
	assert_int_equal(d.trials[0].kin, HG_RECUR_OTHER_DEVICE);
	desk_finish(&d);
	memcpy(kin.job, "none", 5);
	assert_int_equal(desk_new(s, "cold", &spec, &kin, 1, &why), HG_ENOENT);
	assert_int_equal(desk_read(s, "cold", &d, &why), HG_ENOENT);
	desk_finish(&d);
	store_close(s);
}

/* ----- lines */

static void export(struct store *s, struct buf *out)
{
	struct lines_count n;
	hg_error why = {""};

	buf_init(out, (size_t)1 << 24);
	assert_ok(lines_export(s, NULL, out, &n, &why));
}

static void fill(struct store *s)
{
	struct desk_answer a;
	hg_error why = {""};

	claim(s, HOUR_MS);
	tell(s, 1, 1, 0.4, 100.125, 10);
	tell(s, 1, 2, (double)NAN, (double)NAN, 0.1 + 0.2);
	claim(s, HOUR_MS);
	tell(s, 2, 3, 0.99, 1e-300, 30);
	claim(s, HOUR_MS);
	assert_ok(desk_end(s, "job", 3, HG_RECUR_KILLED, &a, &why));
}

static void test_lines(void **state)
{
	struct fixture *f = *state;
	struct store *s = with_job(f), *to;
	const struct store_opts opts = {.mode = OPEN_CREATE};
	struct lines_count n;
	struct buf a, b;
	char path[128];
	hg_error why = {""};

	fill(s);
	export(s, &a);
	(void)snprintf(path, sizeof path, "%s/copy.db", f->place.dir);
	assert_ok(store_open(path, &opts, &to, &why));
	assert_ok(lines_import(to, a.data, a.len, "a", &n, &why));
	assert_int_equal(n.trials, 3);
	assert_int_equal(n.reports, 3);
	/* again, and into where it came from: nothing happens */
	assert_ok(lines_import(to, a.data, a.len, "a", &n, &why));
	assert_int_equal(n.trials + n.reports + n.jobs, 0);
	assert_int_equal(n.known, 3);
	assert_ok(lines_import(s, a.data, a.len, "a", &n, &why));
	assert_int_equal(n.known, 3);
	/* numbers are given out in order of endings there, so the second pass is equal */
	assert_sound(to);
	export(to, &b);
	assert_int_equal(b.len, a.len);
	buf_finish(&b);
	/* a trial that has gone on grows */
	tell(s, 1, 3, 0.95, 200, 20);
	buf_finish(&a);
	export(s, &a);
	assert_ok(lines_import(to, a.data, a.len, "a", &n, &why));
	assert_int_equal(n.trials, 0);
	assert_int_equal(n.reports, 1);
	assert_sound(to);
	store_close(to);
	store_close(s);
	buf_finish(&a);
}

static void refused(struct store *s, const char *text, hg_err code, const char *says)
{
	struct lines_count n;
	hg_error why = {""};
	hg_err err = lines_import(s, text, strlen(text), "f", &n, &why);

	if (err != code || !strstr(why.text, says))
		fail_msg("%s: %s; expected %s", hg_err_name(err), why.text, says);
}

#define FIRST "{\"schema\":\"hourglass.store/1\",\"kind\":\"store\"}\n"

/* All of a file or nothing of it. */
static void test_lines_refused(void **state)
{
	struct store *s = with_job(*state);
	struct buf a, b;
	char *cut;

	fill(s);
	export(s, &a);
	refused(s, "", HG_EFORMAT, "f:1");
	refused(s, "{}", HG_EFORMAT, "f:1: \"kind\" is missing");
	refused(s, "{\"schema\":\"hourglass.store/2\",\"kind\":\"store\"}\n", HG_EVERSION, "f");
	refused(s, FIRST, HG_EFORMAT, "cut off");
	refused(s, FIRST "{\"kind\":\"end\",\"jobs\":1,\"trials\":0,\"reports\":0}\n", HG_EFORMAT,
		"f:2: the file has not as much");
	refused(s, FIRST "{\"kind\":\"report\",\"job\":\"job\",\"number\":1,\"seq\":1}\n",
		HG_EFORMAT, "f:2");
	/* the last line lost: a half copy changes nothing, however much of it is good */
	cut = strstr(a.data, "{\"kind\": \"end\"");
	assert_non_null(cut);
	*cut = '\0';
	memcpy(strstr(a.data, "\"job\": \"job\""), "\"job\": \"jop\"", 12);
	refused(s, a.data, HG_EFORMAT, "f:3: a trial must come after its job");
	export(s, &b);
	assert_null(strstr(b.data, "jop"));
	buf_finish(&b);
	buf_finish(&a);
	export(s, &a);
	memcpy(strstr(a.data, "\"target\": 0.9"), "\"target\": 0.8", 13);
	refused(s, a.data, HG_EINVAL, "another spec");
	buf_finish(&a);
	store_close(s);
}

static void test_backup(void **state)
{
	struct fixture *f = *state;
	struct store *s = with_job(f), *copy;
	const struct store_opts opts = {.mode = OPEN_READ};
	char path[128];
	hg_error why = {""};

	claim(s, HOUR_MS);
	(void)snprintf(path, sizeof path, "%s/backup.db", f->place.dir);
	if (!f->place.sqlite) {
		assert_int_equal(store_backup(s, path, &why), HG_EUNSUPPORTED);
		assert_non_null(strstr(why.text, "pg_dump"));
		store_close(s);
		return;
	}
	assert_ok(store_backup(s, path, &why));
	assert_int_equal(store_backup(s, path, &why), HG_EINVAL);
	claim(s, HOUR_MS);
	assert_ok(store_open(path, &opts, &copy, &why));
	assert_int_equal(trial(copy, 1).t.batch_size, 32);
	assert_sound(copy);
	store_close(copy);
	store_close(s);
}

/* What is wrong among the tables is found. */
static void test_check(void **state)
{
	static const char *const harm[] = {
		"UPDATE hg_trial SET reports = 5",
		"UPDATE hg_job SET trials = 0",
		"DELETE FROM hg_job",
		"DELETE FROM hg_trial",
		"UPDATE hg_trial SET ended_order = 0 WHERE state <> 0",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof harm / sizeof harm[0]; i++) {
		struct store *s;
		struct buf wrong;
		hg_error why = {""};

		place_finish(&f->place);
		place_init(&f->place);
		s = with_job(f);
		claim(s, HOUR_MS);
		tell(s, 1, 1, 0.95, 1, 1);
		assert_sound(s);
		store_close(s);
		place_script(&f->place, harm[i]);
		s = open_as(f, OPEN_READ, 0);
		buf_init(&wrong, 65536);
		assert_ok(store_begin(s, ACCESS_LOOK, &why));
		assert_ok(store_check(s, &wrong, &why));
		if (wrong.len == 0)
			fail_msg("not found: %s", harm[i]);
		buf_finish(&wrong);
		store_close(s);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_first_run),
		TEST(test_start_up),
		TEST(test_job_names),
		TEST(test_bad_reports),
		TEST(test_end),
		TEST(test_lease),
		TEST(test_lease_real),
		TEST(test_clock_back),
		TEST(test_versions),
		TEST(test_kin),
		TEST(test_lines),
		TEST(test_lines_refused),
		TEST(test_backup),
		TEST(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
