/* Files: whole reads, atomic writes, the root. */
#define _XOPEN_SOURCE 700
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

static char dir[64];

static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
	return path;
}

static int dir_make(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/hourglass-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
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

static int dir_remove(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)state;
	if (!d || seteuid(getuid()))
		return -1;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			(void)chmod(at(e->d_name), 0700);
			if (unlink(at(e->d_name)))
				(void)rmdir(at(e->d_name));
		}
	closedir(d);
	return rmdir(dir);
}

/* Rights are tested by a user who lacks some: root becomes nobody and owner of the directory. */
static bool rights_drop(void)
{
	const uid_t nobody = 65534;

	if (geteuid() != 0)
		return true;
	if (chown(dir, nobody, (gid_t)-1) == 0 && seteuid(nobody) == 0)
		return true;
	print_message("root cannot become nobody here: permissions not tested\n");
	return false;
}

static void assert_holds(const char *path, const char *want)
{
	struct buf b;
	hg_error why;

	assert_int_equal(file_read(path, FILE_MAX, &b, &why), HG_OK);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.len ? b.data : "", want, b.len);
	buf_finish(&b);
}

static void assert_says(const hg_error *why, const char *path, const char *what)
{
	char want[256];

	(void)snprintf(want, sizeof want, "%s: %s", path, what);
	assert_string_equal(why->text, want);
}

static void written_is_read(void **state)
{
	hg_error why;

	(void)state;
	assert_int_equal(file_write(at("a"), "hello\n", 6, &why), HG_OK);
	assert_holds(at("a"), "hello\n");
	assert_int_equal(file_write(at("a"), "", 0, &why), HG_OK);
	assert_holds(at("a"), "");
	assert_int_equal(entries(), 1);
}

static void reading_has_a_limit(void **state)
{
	struct buf b;
	hg_error why;

	(void)state;
	assert_int_equal(file_write_check(at("a"), &why), HG_OK);
	assert_int_equal(file_write_check(at("new"), &why), HG_OK);
	assert_int_equal(access(at("new"), F_OK), -1);
	assert_int_equal(file_write_check(at("nowhere/new"), &why), HG_ENOENT);
	assert_says(&why, at("nowhere/new"), "No such file or directory");
	assert_int_equal(file_write_check("-", &why), HG_OK);
	assert_int_equal(file_write(at("a"), "0123456789", 10, &why), HG_OK);
	assert_int_equal(file_read(at("a"), 10, &b, &why), HG_OK);
	assert_int_equal(b.len, 10);
	assert_int_equal(b.data[10], 0);
	buf_finish(&b);
	assert_int_equal(file_read(at("a"), 9, &b, &why), HG_ELIMIT);
	assert_says(&why, at("a"), "longer than 9 bytes");
	buf_finish(&b);
	/* no size to look at first: it is the reading that stops */
	assert_int_equal(file_read("/dev/zero", 100000, &b, &why), HG_ELIMIT);
	assert_says(&why, "/dev/zero", "longer than 100000 bytes");
	buf_finish(&b);
	assert_int_equal(file_read("/dev/null", 0, &b, &why), HG_OK);
	assert_int_equal(b.len, 0);
	buf_finish(&b);
}

static void what_cannot_be_read(void **state)
{
	struct buf b;
	hg_error why;

	(void)state;
	assert_int_equal(file_read(at("none"), 10, &b, &why), HG_ENOENT);
	assert_says(&why, at("none"), "No such file or directory");
	buf_finish(&b);
	assert_int_equal(file_read(dir, 10, &b, &why), HG_EIO);
	assert_says(&why, dir, "Is a directory");
	buf_finish(&b);
	if (!rights_drop())
		return;
	assert_int_equal(file_write(at("a"), "x", 1, &why), HG_OK);
	assert_int_equal(chmod(at("a"), 0), 0);
	assert_int_equal(file_read(at("a"), 10, &b, &why), HG_EPERM);
	assert_says(&why, at("a"), "Permission denied");
	buf_finish(&b);
}

static void *pipe_writer(void *arg)
{
	char block[4096];
	int fd = *(int *)arg;
	ssize_t ok = 1;

	memset(block, 'p', sizeof block);
	for (int i = 0; i < 100 && ok > 0; i++)
		ok = write(fd, block, sizeof block);
	close(fd);
	return NULL;
}

static void a_pipe_is_read_whole(void **state)
{
	char path[32];
	int fds[2];
	pthread_t writer;
	struct buf b;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pthread_create(&writer, NULL, pipe_writer, &fds[1]), 0);
	(void)snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
	assert_int_equal(file_read(path, FILE_MAX, &b, NULL), HG_OK);
	assert_int_equal(b.len, 409600);
	buf_finish(&b);
	pthread_join(writer, NULL);
	close(fds[0]);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

static void mode_is_kept(void **state)
{
	mode_t mask = umask(027);

	(void)state;
	assert_int_equal(file_write(at("a"), "x", 1, NULL), HG_OK);
	assert_int_equal(mode_of(at("a")) & 07777, 0640);
	assert_int_equal(chmod(at("a"), 0604), 0);
	assert_int_equal(file_write(at("a"), "y", 1, NULL), HG_OK);
	assert_int_equal(mode_of(at("a")) & 07777, 0604);
	assert_holds(at("a"), "y");
	umask(mask);
}

static void links_are_followed(void **state)
{
	char target[128];

	(void)state;
	assert_int_equal(mkdir(at("sub"), 0777), 0);
	assert_int_equal(symlink("sub/file", at("relative")), 0);
	assert_int_equal(symlink(at("sub/file"), at("absolute")), 0);
	assert_int_equal(symlink("relative", at("twice")), 0);
	assert_int_equal(symlink("loop", at("loop")), 0);
	(void)snprintf(target, sizeof target, "%s/sub/file", dir);
	/* dangling at first */
	assert_int_equal(file_write(at("twice"), "1", 1, NULL), HG_OK);
	assert_holds(target, "1");
	assert_int_equal(file_write(at("relative"), "2", 1, NULL), HG_OK);
	assert_holds(target, "2");
	assert_int_equal(file_write(at("absolute"), "3", 1, NULL), HG_OK);
	assert_holds(target, "3");
	assert_true(S_ISLNK(mode_of(at("twice"))));
	assert_true(S_ISLNK(mode_of(at("relative"))));
	assert_int_equal(file_write(at("loop"), "4", 1, NULL), HG_EIO);
	assert_int_equal(unlink(target), 0);
}

static void what_cannot_be_written(void **state)
{
	hg_error why;

	(void)state;
	assert_int_equal(file_write(at("none/a"), "x", 1, &why), HG_ENOENT);
	assert_says(&why, at("none/a"), "No such file or directory");
	assert_int_equal(file_write(dir, "x", 1, &why), HG_EIO);
	assert_says(&why, dir, "Is a directory");
	assert_int_equal(file_write("", "x", 1, &why), HG_ENOENT);
	assert_int_equal(file_write("/dev/full", "x", 1, &why), HG_EIO);
	assert_says(&why, "/dev/full", "No space left on device");
	assert_int_equal(entries(), 0);
	if (!rights_drop())
		return;
	assert_int_equal(file_write(at("a"), "old", 3, &why), HG_OK);
	assert_int_equal(chmod(at("a"), 0444), 0);
	assert_int_equal(file_write(at("a"), "new", 3, &why), HG_EPERM);
	assert_holds(at("a"), "old");
	assert_int_equal(chmod(at("a"), 0644), 0);
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(file_write(at("a"), "new", 3, &why), HG_EPERM);
	assert_says(&why, at("a"), "cannot make a temporary file beside it: Permission denied");
	assert_int_equal(file_write(at("b"), "new", 3, &why), HG_EPERM);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_holds(at("a"), "old");
	assert_int_equal(entries(), 1);
}

static void what_is_no_file_is_written_to(void **state)
{
	int fds[2];
	char path[32], got[8];

	(void)state;
	assert_int_equal(file_write("/dev/null", "x", 1, NULL), HG_OK);
	assert_int_equal(pipe(fds), 0);
	(void)snprintf(path, sizeof path, "/dev/fd/%d", fds[1]);
	assert_int_equal(file_write(path, "abc", 3, NULL), HG_OK);
	assert_int_equal(read(fds[0], got, sizeof got), 3);
	assert_memory_equal(got, "abc", 3);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(file_write("/dev/fd/987", "abc", 3, NULL), HG_EIO);
}

/* A reader that opens the file while it is replaced sees the old text or the new, never half. */
static void *replacer(void *arg)
{
	size_t n = 1 << 16;
	char *text = malloc(n);

	for (int i = 0; text && i < 200; i++) {
		memset(text, 'a' + i % 26, n);
		(void)file_write(arg, text, n, NULL);
	}
	free(text);
	return NULL;
}

static void replacing_is_atomic(void **state)
{
	char path[128];
	pthread_t writer;
	bool torn = false;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/a", dir);
	assert_int_equal(file_write(path, "", 0, NULL), HG_OK);
	assert_int_equal(pthread_create(&writer, NULL, replacer, path), 0);
	for (int i = 0; i < 400; i++) {
		struct buf b;

		torn = torn || file_read(path, FILE_MAX, &b, NULL) != HG_OK ||
		       (b.len != 0 && b.len != 1 << 16) ||
		       (b.len && b.data[0] != b.data[b.len - 1]);
		buf_finish(&b);
	}
	pthread_join(writer, NULL);
	assert_false(torn);
	assert_int_equal(entries(), 1);
}

static void root(void **state)
{
	struct fsroot r;
	char text[8];
	hg_error why;

	(void)state;
	assert_int_equal(fsroot_init(&r, at("none"), &why), HG_ENOENT);
	assert_says(&why, at("none"), "No such file or directory");
	fsroot_finish(&r);
	assert_int_equal(file_write(at("power"), "12345\n\n", 7, NULL), HG_OK);
	assert_int_equal(fsroot_init(&r, at("power"), &why), HG_ENOENT);
	assert_int_equal(fsroot_init(&r, dir, &why), HG_OK);
	assert_int_equal(fsroot_read(&r, "power", text, sizeof text, &why), HG_OK);
	assert_string_equal(text, "12345");
	assert_int_equal(fsroot_read(&r, "power", text, 7, &why), HG_ELIMIT);
	assert_string_equal(why.text, "power: longer than 6 bytes");
	assert_string_equal(text, "");
	assert_int_equal(fsroot_read(&r, "none", text, sizeof text, &why), HG_ENOENT);
	assert_string_equal(why.text, "none: No such file or directory");
	assert_int_equal(fsroot_read(&r, "/etc/hostname", text, sizeof text, &why), HG_EINVAL);
	assert_int_equal(fsroot_read(&r, ".", text, sizeof text, &why), HG_EIO);
	fsroot_finish(&r);
	fsroot_finish(&r);
}

static void root_lists(void **state)
{
	static const char *const made[] = {"card10", "card2", ".hidden", "card2-DP"};
	static const char *const want[] = {"card2", "card2-DP", "card10"};
	struct fsroot_names names;
	struct fsroot r;
	hg_error why;

	(void)state;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		assert_int_equal(file_write(at(made[i]), "1", 1, NULL), HG_OK);
	assert_int_equal(fsroot_init(&r, dir, &why), HG_OK);
	assert_int_equal(fsroot_list(&r, ".", &names, &why), HG_OK);
	assert_int_equal(names.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(names.at[i], want[i]);
	fsroot_names_finish(&names);
	assert_int_equal(fsroot_list(&r, "card2", &names, &why), HG_ENOENT);
	assert_int_equal(names.n, 0);
	assert_int_equal(fsroot_list(&r, "none", &names, &why), HG_ENOENT);
	assert_string_equal(why.text, "none: No such file or directory");
	assert_int_equal(fsroot_list(&r, "/tmp", &names, &why), HG_EINVAL);
	fsroot_names_finish(&names);
	fsroot_finish(&r);
}

static void root_bytes_and_writes(void **state)
{
	struct fsroot r;
	char data[4];
	size_t len;
	hg_error why;

	(void)state;
	assert_int_equal(file_write(at("blob"), "\0\1\n", 3, NULL), HG_OK);
	assert_int_equal(fsroot_init(&r, dir, &why), HG_OK);
	assert_int_equal(fsroot_read_bytes(&r, "blob", data, 3, &len, &why), HG_OK);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "\0\1\n", 3);
	assert_int_equal(fsroot_read_bytes(&r, "blob", data, 2, &len, &why), HG_ELIMIT);
	assert_int_equal(len, 0);
	assert_int_equal(fsroot_read_bytes(&r, "", data, 2, &len, &why), HG_EINVAL);
	/* shorter than what was there: nothing of the old is left */
	assert_int_equal(fsroot_write(&r, "blob", "7", &why), HG_OK);
	assert_holds(at("blob"), "7");
	assert_int_equal(fsroot_writable(&r, "blob", &why), HG_OK);
	assert_holds(at("blob"), "7");
	assert_int_equal(fsroot_write(&r, "none", "7", &why), HG_ENOENT);
	assert_int_equal(fsroot_writable(&r, "none", &why), HG_ENOENT);
	assert_int_equal(fsroot_writable(&r, ".", &why), HG_EIO);
	assert_int_equal(fsroot_write(&r, "/dev/null", "7", &why), HG_EINVAL);
	assert_int_equal(chmod(at("blob"), 0444), 0);
	if (rights_drop()) {
		assert_int_equal(fsroot_writable(&r, "blob", &why), HG_EPERM);
		assert_int_equal(fsroot_write(&r, "blob", "8", &why), HG_EPERM);
		assert_string_equal(why.text, "blob: Permission denied");
	}
	assert_holds(at("blob"), "7");
	fsroot_finish(&r);
}

/* A file that grows: not there under its name until it is whole, and never over what a crash left.
 */
static void growing(void **state)
{
	struct file_growing f, second;
	hg_error why = {""};
	struct buf text;

	(void)state;
	assert_int_equal(file_grow_begin(&f, at("log"), &why), HG_OK);
	assert_int_equal(file_grow_add(&f, "one\n", 4, &why), HG_OK);
	assert_int_equal(access(at("log"), F_OK), -1);
	assert_int_equal(access(at("log.part"), F_OK), 0);
	assert_int_equal(file_grow_begin(&second, at("log"), &why), HG_EIO);
	assert_non_null(strstr(why.text, "log.part is there already"));
	file_grow_discard(&second); /* did not begin it, so leaves it */
	assert_int_equal(access(at("log.part"), F_OK), 0);
	assert_int_equal(file_grow_add(&f, "two\n", 4, &why), HG_OK);
	assert_int_equal(file_grow_finish(&f, &why), HG_OK);
	file_grow_abandon(&f);
	assert_int_equal(entries(), 1);
	assert_int_equal(file_read(at("log"), 100, &text, &why), HG_OK);
	assert_string_equal(text.data, "one\ntwo\n");
	buf_finish(&text);
	/* once more, over a file of that name; then two that do not come to their end */
	assert_int_equal(file_grow_begin(&f, at("log"), &why), HG_OK);
	assert_int_equal(file_grow_finish(&f, &why), HG_OK);
	file_grow_abandon(&f);
	assert_int_equal(file_grow_begin(&f, at("log"), &why), HG_OK);
	file_grow_discard(&f);
	assert_int_equal(entries(), 1);
	assert_int_equal(file_grow_begin(&f, at("log"), &why), HG_OK);
	file_grow_abandon(&f);
	assert_int_equal(entries(), 2);
	assert_int_equal(file_grow_begin(&f, at("no/such/log"), &why), HG_ENOENT);
	file_grow_abandon(&f);
}

static void root_access(void **state)
{
	struct fsroot r;
	hg_error why = {""};

	(void)state;
	assert_int_equal(file_write(at("there"), "x", 1, &why), HG_OK);
	assert_int_equal(fsroot_init(&r, dir, &why), HG_OK);
	assert_true(fsroot_access(&r, "there", FSROOT_THERE));
	assert_true(fsroot_access(&r, "there", FSROOT_READ));
	assert_true(fsroot_access(&r, "there", FSROOT_WRITE));
	assert_false(fsroot_access(&r, "nowhere", FSROOT_THERE));
	assert_false(fsroot_access(&r, "", FSROOT_THERE));
	assert_false(fsroot_access(&r, "/etc/passwd", FSROOT_THERE));
	if (geteuid() == 0) {
		/* as nobody, for as long as this takes */
		assert_int_equal(chmod(at("there"), 0400), 0);
		assert_int_equal(chmod(dir, 0755), 0);
		assert_int_equal(seteuid(65534), 0);
		assert_true(fsroot_access(&r, "there", FSROOT_THERE));
		assert_false(fsroot_access(&r, "there", FSROOT_READ));
		assert_int_equal(seteuid(0), 0);
	}
	fsroot_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(written_is_read, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(reading_has_a_limit, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_read, dir_make, dir_remove),
		cmocka_unit_test(a_pipe_is_read_whole),
		cmocka_unit_test_setup_teardown(mode_is_kept, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(links_are_followed, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_written, dir_make, dir_remove),
		cmocka_unit_test(what_is_no_file_is_written_to),
		cmocka_unit_test_setup_teardown(replacing_is_atomic, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(growing, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(root_access, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(root, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(root_lists, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(root_bytes_and_writes, dir_make, dir_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
