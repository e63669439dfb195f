/*
 * Torture: whatever core does is done again and again, with the first, the second, ... call of
 * malloc, write, fsync and their like failing. Each time there is an error or a right result,
 * nothing leaks (the sanitizer looks), and a file is the old one or the new one. The linker sends
 * core's calls here (--wrap).
 */
#define _XOPEN_SOURCE 700
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hourglass/context.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/heap.h"
#include "core/json.h"
#include "scarce.h"

/* Calls until one fails; 0: none will. Counted down by the shim. */
static unsigned until_memory, until_io;
static int io_errno;

static bool memory_fails(void)
{
	return until_memory && --until_memory == 0;
}

static bool io_fails(void)
{
	if (!until_io || --until_io != 0)
		return false;
	errno = io_errno;
	return true;
}

int __real_openat(int fd, const char *path, int flags, mode_t mode);
int __wrap_openat(int fd, const char *path, int flags, mode_t mode);
int __wrap_openat(int fd, const char *path, int flags, mode_t mode)
{
	return io_fails() ? -1 : __real_openat(fd, path, flags, mode);
}

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	return io_fails() ? -1 : __real_fstat(fd, st);
}

ssize_t __real_read(int fd, void *data, size_t n);
ssize_t __wrap_read(int fd, void *data, size_t n);
ssize_t __wrap_read(int fd, void *data, size_t n)
{
	return io_fails() ? -1 : __real_read(fd, data, n);
}

/* Also writes less than asked, which is no error. */
ssize_t __real_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n)
{
	return io_fails() ? -1 : __real_write(fd, data, n > 3 ? n / 2 : n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return io_fails() ? -1 : __real_fsync(fd);
}

int __real_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_fchown(int fd, uid_t uid, gid_t gid)
{
	return io_fails() ? -1 : __real_fchown(fd, uid, gid);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	return io_fails() ? -1 : __real_fchmod(fd, mode);
}

int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
	return io_fails() ? -1 : __real_renameat(from, a, to, b);
}

/* A close() that fails has closed nevertheless. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int rc = __real_close(fd);

	return io_fails() ? -1 : rc;
}

/* ----- what is tortured: HG_OK, or the error */

static const char json_text[] =
	"{\"a\": [1, 2.5, \"x\\n\"], \"b0\": 0, \"b1\": 1, \"b2\": 2, \"b3\": 3, \"b4\": 4,\n"
	"\"b5\": 5, \"b6\": 6, \"b7\": 7, \"b8\": 8, \"b9\": 9, \"ba\": 10, \"bb\": 11, \"bc\": 12,\n"
	"\"bd\": 13, \"be\": 14, \"bf\": 15, \"c\": {}}";

static hg_err json_work(hg_error *why)
{
	struct json_doc doc;
	struct json_out o;
	struct buf b;
	hg_err err = json_parse(&doc, json_text, sizeof json_text - 1, "f", 1 << 20, why);

	if (err)
		return err;
	buf_init(&b, 1 << 20);
	json_out_init(&o, &b);
	json_open(&o, '[', false);
	for (int i = 0; i < 100; i++)
		json_put_raw(&o, doc.root->raw, doc.root->raw_len);
	json_close(&o, ']');
	err = b.failed;
	buf_finish(&b);
	json_finish(&doc);
	return err;
}

static hg_err csv_work(hg_error *why)
{
	static const char text[] = "a,\"b \"\"x\"\"\",c,d,e,f,g,h,i,j\n\"1 \"\"\",2\n";
	struct csv c;
	bool more = true;
	hg_err err = HG_OK;

	csv_init(&c, text, sizeof text - 1, "f");
	while (!err && more)
		err = csv_next(&c, &more, why);
	csv_finish(&c);
	return err;
}

static hg_err containers_work(hg_error *why)
{
	struct heap h;
	struct vec v;
	struct buf b;
	char *stolen;
	hg_err err = HG_OK;

	(void)why;
	heap_init(&h, 1000);
	vec_init(&v, sizeof(int), 1000);
	buf_init(&b, 1000);
	for (int i = 0; i < 300 && !err; i++) {
		err = heap_push(&h, i, 0);
		if (!err)
			err = vec_push(&v, &i);
		if (!err)
			err = buf_addf(&b, "%d", i % 10);
	}
	assert_true(err || (h.len == 300 && v.len == 300 && b.len == 300));
	stolen = buf_steal(&b);
	free(stolen);
	buf_finish(&b);
	vec_finish(&v);
	heap_finish(&h);
	return err;
}

static char dir[64], path[128];

static hg_err context_work(hg_error *why)
{
	hg_config cfg = {.size = sizeof cfg, .fs_root = dir, .data_dir = dir};
	hg_ctx *ctx;
	hg_err err = hg_open(&cfg, &ctx, why);

	assert_true((err == HG_OK) == (ctx != NULL));
	hg_close(ctx);
	return err;
}

static hg_err read_work(hg_error *why)
{
	struct buf b;
	hg_err err = file_read("/proc/self/status", FILE_MAX, &b, why);

	assert_true(err || b.len > 100);
	buf_finish(&b);
	return err;
}

static hg_err write_work(hg_error *why)
{
	return file_write(path, "the new text", 12, why);
}

/* ----- torture */

typedef hg_err (*work_fn)(hg_error *why);

/* The number of calls that could be made to fail. */
static unsigned torture_memory(work_fn work)
{
	for (unsigned n = 1;; n++) {
		hg_error why = {{0}};
		hg_err err;

		until_memory = n;
		err = work(&why);
		if (until_memory) {
			until_memory = 0;
			assert_int_equal(err, HG_OK);
			return n - 1;
		}
		assert_int_equal(err, HG_ENOMEM);
	}
}

static void without_memory(void **state)
{
	(void)state;
	assert_in_range(torture_memory(json_work), 4, 100);
	assert_in_range(torture_memory(csv_work), 2, 100);
	assert_in_range(torture_memory(containers_work), 10, 100);
	assert_in_range(torture_memory(context_work), 2, 100);
	assert_in_range(torture_memory(read_work), 1, 100);
	assert_in_range(torture_memory(write_work), 1, 100);
}

static size_t entries(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static bool holds(const char *want)
{
	struct buf b;
	bool same = file_read(path, FILE_MAX, &b, NULL) == HG_OK && b.len == strlen(want) &&
		    memcmp(b.data, want, b.len) == 0;

	buf_finish(&b);
	return same;
}

/*
 * Every step of a write fails with ENOSPC: the old text is there and nothing else. Only when the
 * last step, the sync of the directory, fails is the new one there already.
 */
static void a_write_fails_at_every_step(void **state)
{
	unsigned n, replaced = 0;

	(void)state;
	for (n = 1;; n++) {
		hg_error why = {{0}};
		hg_err err;
		bool failed;

		assert_int_equal(file_write(path, "old", 3, NULL), HG_OK);
		until_io = n;
		io_errno = ENOSPC;
		err = write_work(&why);
		failed = until_io == 0;
		until_io = 0;
		assert_int_equal(entries(), 1);
		if (!failed) {
			assert_int_equal(err, HG_OK);
			assert_true(holds("the new text"));
			break;
		}
		if (holds("old")) {
			assert_int_equal(err, HG_EIO);
			assert_int_equal(strncmp(why.text, path, strlen(path)), 0);
			assert_non_null(strstr(why.text, "No space left on device"));
		} else {
			assert_true(holds("the new text"));
			replaced++;
		}
	}
	assert_in_range(n, 10, 40);
	/* syncing the directory, and closing it and the old file, which nobody minds */
	assert_int_equal(replaced, 3);
}

static void a_new_file_fails_at_every_step(void **state)
{
	unsigned n;

	(void)state;
	for (n = 1;; n++) {
		hg_error why = {{0}};
		hg_err err;
		bool failed;

		(void)unlink(path);
		until_io = n;
		io_errno = EIO;
		err = write_work(&why);
		failed = until_io == 0;
		until_io = 0;
		if (!failed)
			break;
		if (err && !strstr(why.text, "written, but"))
			assert_int_equal(entries(), 0);
		else
			assert_true(holds("the new text") && entries() == 1);
	}
	assert_in_range(n, 8, 40);
}

/* Interrupted calls are made again. */
static void interruptions_do_not_matter(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 40; n++) {
		hg_error why = {{0}};
		bool ok;

		(void)file_write(path, "old", 3, NULL);
		until_io = n;
		io_errno = EINTR;
		ok = write_work(&why) == HG_OK;
		until_io = 0;
		assert_true(ok || strstr(why.text, "Interrupted system call"));
		assert_int_equal(entries(), 1);
	}
	until_io = 3;
	io_errno = EINTR;
	assert_int_equal(read_work(NULL), HG_OK);
	until_io = 0;
}

static void a_read_fails(void **state)
{
	unsigned n;

	(void)state;
	for (n = 1;; n++) {
		hg_error why = {{0}};
		hg_err err;
		bool failed;

		until_io = n;
		io_errno = EIO;
		err = read_work(&why);
		failed = until_io == 0;
		until_io = 0;
		if (!failed)
			break;
		if (err)
			assert_string_equal(why.text, "/proc/self/status: Input/output error");
	}
	assert_in_range(n, 4, 20);
}

static int dir_make(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/hourglass-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof path, "%s/file", dir);
	return 0;
}

static int dir_remove(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_memory, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(a_write_fails_at_every_step, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(
			a_new_file_fails_at_every_step, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(interruptions_do_not_matter, dir_make, dir_remove),
		cmocka_unit_test(a_read_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
