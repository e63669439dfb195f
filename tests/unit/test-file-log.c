/* Logs: what was added is there, for one process at a time. */
#define _GNU_SOURCE
#include "cmocka-all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file-log.h"
#include "near.h"

static void test_a_log_grows_and_is_cut(void **state)
{
	char path[] = "/tmp/hourglass-log-XXXXXX";
	struct file_log l = {-1}, other = {-1};
	struct buf text;
	hg_error why = {""};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_ok(file_log_open(&l, path, 100, &text, &why), &why);
	assert_int_equal(text.len, 0);
	assert_ok(file_log_add(&l, path, "one\ntwo\nthr", 11, &why), &why);
	buf_finish(&text);
	assert_int_equal(file_log_open(&other, path, 100, &text, &why), HG_EIO);
	assert_has(why.text, "another process writes to it");
	buf_finish(&text);
	file_log_close(&other);
	file_log_close(&l);
	assert_ok(file_log_open(&l, path, 100, &text, &why), &why);
	assert_string_equal(text.data, "one\ntwo\nthr");
	assert_ok(file_log_cut(&l, path, 8, &why), &why);
	assert_ok(file_log_add(&l, path, "four\n", 5, &why), &why);
	buf_finish(&text);
	file_log_close(&l);
	assert_int_equal(file_log_open(&l, path, 12, &text, &why), HG_ELIMIT);
	buf_finish(&text);
	file_log_close(&l);
	assert_ok(file_log_open(&l, path, 100, &text, &why), &why);
	assert_string_equal(text.data, "one\ntwo\nfour\n");
	buf_finish(&text);
	file_log_close(&l);
	unlink(path);
}

static void test_what_is_no_log_is_refused(void **state)
{
	struct file_log l = {-1};
	struct buf text;
	hg_error why = {""};

	(void)state;
	assert_int_equal(file_log_open(&l, "/nonexistent/log", 100, &text, &why), HG_ENOENT);
	buf_finish(&text);
	file_log_close(&l);
	assert_int_equal(file_log_open(&l, "/dev/null", 100, &text, &why), HG_EIO);
	assert_has(why.text, "not a regular file");
	buf_finish(&text);
	file_log_close(&l);
	file_log_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_log_grows_and_is_cut),
		cmocka_unit_test(test_what_is_no_log_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
