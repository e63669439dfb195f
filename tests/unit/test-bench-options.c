/* The options of the benches: what is taken, and what is refused. */
#include "cmocka-all.h"

#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../bench/common/options.h"

struct read {
	bool each;
	const char *dir;
	double seeds;
	unsigned what;
	int operands;
};

static void take(struct read *r, int argc, const char *const *argv)
{
	char *list[8];
	const struct bench_option options[] = {{"--each", BENCH_FLAG, &r->each, NULL, 0, 0, "each"},
		{"--data", BENCH_TEXT, &r->dir, "DIR", 0, 0, "where"},
		{"--seeds", BENCH_NUMBER, &r->seeds, "N", 1, 9, "seeds"},
		{"--what", BENCH_WORD, &r->what, "rule|model|other", 0, 0, "what"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};

	for (int i = 0; i < argc; i++)
		list[i] = (char *)(uintptr_t)argv[i];
	r->operands = bench_options("bench-test", argc, list, 1, options);
}

/** Exit status of a program that reads two arguments, 99 where it goes on. */
static int status(const char *first, const char *second)
{
	const char *argv[] = {"bench-test", first, second};
	int code;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct read r = {.seeds = 2};

		(void)close(STDOUT_FILENO);
		(void)close(STDERR_FILENO);
		take(&r, second ? 3 : 2, argv);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &code, 0), pid);
	assert_true(WIFEXITED(code));
	return WEXITSTATUS(code);
}

static void test_what_is_known_is_taken(void **state)
{
	static const char *const argv[] = {
		"b", "--each", "--seeds", "3", "x", "--what", "other", "--data"};
	static const char *const more[] = {"b", "--data", "d", "--what", "rule", "--what", "model"};
	struct read r = {.seeds = 2};

	(void)state;
	take(&r, 7, argv);
	assert_true(r.each);
	assert_float_equal(r.seeds, 3, 0);
	assert_int_equal(r.what, 4);
	assert_int_equal(r.operands, 1);
	r = (struct read){.seeds = 2};
	take(&r, 7, more);
	assert_string_equal(r.dir, "d");
	assert_int_equal(r.what, 3);
	assert_float_equal(r.seeds, 2, 0);
	assert_false(r.each);
}

static void test_what_is_not_known_is_refused(void **state)
{
	(void)state;
	assert_int_equal(status("--each", NULL), 99);
	assert_int_equal(status("--eech", NULL), 2);
	assert_int_equal(status("--data", NULL), 2);
	assert_int_equal(status("--seeds", "0"), 2);
	assert_int_equal(status("--seeds", "3x"), 2);
	assert_int_equal(status("--seeds", "nan"), 2);
	assert_int_equal(status("--what", "rules"), 2);
	assert_int_equal(status("--what", "rul"), 2);
	assert_int_equal(status("one", "two"), 2);
	assert_int_equal(status("--help", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_known_is_taken),
		cmocka_unit_test(test_what_is_not_known_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
