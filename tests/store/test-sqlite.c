/* Files that are no stores, or damaged, or cannot be written, or have no room to grow. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"

static void put_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *path, const char *text, size_t len)
{
	char data[4096];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(data, 1, sizeof data, file), len);
	assert_memory_equal(data, text, len);
	(void)fclose(file);
}

static void test_no_store(void **state)
{
	static const char text[] =
		"this is a letter to somebody, and no database at all............"
		"............................................................";
	struct fixture *f = *state;
	const struct store_opts all[] = {
		{.mode = OPEN_READ}, {.mode = OPEN_WRITE}, {.mode = OPEN_CREATE}};
	struct store *s;
	hg_error why = {""};

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(store_open(f->place.url, &all[i], &s, &why), HG_ENOENT);
	assert_int_equal(access(f->place.url, F_OK), -1);
	put_file(f->place.url, text, sizeof text);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(store_open(f->place.url, &all[i], &s, &why), HG_EFORMAT);
		assert_non_null(strstr(why.text, "left as it is"));
		assert_file(f->place.url, text, sizeof text);
	}
	/* a folder that is not there */
	(void)snprintf(f->place.url, sizeof f->place.url, "%s/none/store.db", f->place.dir);
	assert_int_equal(store_open(f->place.url, &all[2], &s, &why), HG_ENOENT);
}

static void test_foreign_database(void **state)
{
	struct fixture *f = *state;
	const struct store_opts opts = {.mode = OPEN_CREATE};
	struct store *s;
	hg_error why = {""};

	/* made through the driver: what it marks as its own is taken back */
	place_script(&f->place, "CREATE TABLE mail (x); PRAGMA application_id = 5");
	assert_int_equal(store_open(f->place.url, &opts, &s, &why), HG_EFORMAT);
	assert_non_null(strstr(why.text, "no store of hourglass"));
}

/* Damage anywhere is told, and the file stays as it is. */
static void test_damage(void **state)
{
	struct fixture *f = *state;
	const struct store_opts opts = {.mode = OPEN_WRITE};
	struct store *s = with_job(f);
	struct buf wrong;
	struct stat st;
	char junk[4096];
	hg_error why = {""};
	int told = 0, fd;
	hg_err err;

	for (int i = 0; i < 100; i++) {
		claim(s, HOUR_MS);
		tell(s, i + 1, 1, 0.4, 100, 10);
	}
	store_close(s);
	memset(junk, 0x5a, sizeof junk);
	fd = open(f->place.url, O_WRONLY);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 4096; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
	close(fd);
	err = store_open(f->place.url, &opts, &s, &why);
	if (err == HG_OK) {
		struct store_trial t;

		err = desk_next(s, "job", "x", 1000, NULL, NULL, &t, &why);
		buf_init(&wrong, 65536);
		assert_ok(store_begin(s, ACCESS_LOOK, &why));
		(void)store_check(s, &wrong, &why);
		told = wrong.len > 0;
		buf_finish(&wrong);
		store_close(s);
		assert_true(told);
	}
	assert_int_equal(err, HG_EFORMAT);
	assert_non_null(strstr(why.text, "left as it is"));
	fd = open(f->place.url, O_RDONLY);
	for (off_t at = 4096; at < st.st_size; at += 4096) {
		char page[4096];

		assert_int_equal(pread(fd, page, sizeof page, at), sizeof page);
		assert_memory_equal(page, junk, sizeof junk);
	}
	close(fd);
}

/* In a process of its own, without root's power. @return what it returned */
static int as_nobody(int (*fn)(struct fixture *f), struct fixture *f)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(77);
		_exit(fn(f));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int look_and_write(struct fixture *f)
{
	const struct store_opts read = {.mode = OPEN_READ}, write = {.mode = OPEN_WRITE};
	struct store *s;
	struct desk d;
	hg_error why = {""};

	if (store_open(f->place.url, &read, &s, &why) != HG_OK ||
		desk_read(s, "job", &d, &why) != HG_OK || d.n_records != 1) {
		(void)fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	desk_finish(&d);
	store_close(s);
	if (store_open(f->place.url, &write, &s, &why) != HG_EPERM ||
		!strstr(why.text, "read-only")) {
		(void)fprintf(stderr, "%s\n", why.text);
		return 2;
	}
	return 0;
}

static void test_read_only(void **state)
{
	struct fixture *f = *state;
	struct store *s = with_job(f);
	int rc;

	claim(s, HOUR_MS);
	store_close(s);
	assert_int_equal(chmod(f->place.url, 0444), 0);
	assert_int_equal(chmod(f->place.dir, 0555), 0);
	rc = as_nobody(look_and_write, f);
	assert_int_equal(chmod(f->place.dir, 0755), 0);
	if (rc == 77)
		skip();
	assert_int_equal(rc, 0);
}

/* Space runs out: an error that says so, nothing acknowledged is lost, and it works again after. */
static int fill_up(struct fixture *f)
{
	const struct rlimit little = {400 << 10, RLIM_INFINITY};
	struct store *s = place_open(&f->place, OPEN_WRITE);
	int64_t acknowledged = 0;
	hg_error why = {""};
	hg_err err = HG_OK;

	signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &little);
	while (err == HG_OK && acknowledged < 100000) {
		const hg_recur_report r = {.size = sizeof r, .epochs = 1, .metric = 0.1};
		struct desk_answer a;

		err = desk_report(s, "job", 1, &r, 0, &a, &why);
		acknowledged += err == HG_OK;
	}
	store_close(s);
	if (err != HG_EIO || !strstr(why.text, "nothing acknowledged is lost")) {
		(void)fprintf(stderr, "%d: %s\n", err, why.text);
		return 1;
	}
	put_file(strcat(f->place.dir, "/count"), (char *)&acknowledged, sizeof acknowledged);
	return 0;
}

static void test_no_space(void **state)
{
	struct fixture *f = *state;
	struct store *s = with_job(f);
	int64_t acknowledged = 0;
	char path[128];
	int status, fd;
	pid_t pid;

	claim(s, HOUR_MS);
	store_close(s);
	pid = fork();
	if (pid == 0)
		_exit(fill_up(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)snprintf(path, sizeof path, "%s/count", f->place.dir);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, &acknowledged, sizeof acknowledged), sizeof acknowledged);
	close(fd);
	s = open_as(f, OPEN_WRITE, 0);
	assert_true(acknowledged > 10);
	assert_int_equal(trial(s, 1).reports, acknowledged);
	assert_sound(s);
	tell(s, 1, 2, 0.95, 1, 1);
	store_close(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_no_store),
		TEST(test_foreign_database),
		TEST(test_damage),
		TEST(test_read_only),
		TEST(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
