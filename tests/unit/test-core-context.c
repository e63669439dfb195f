/* The context and progress. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "core/context.h"
#include "core/progress.h"
#include "core/size.h"

struct heard {
	hg_log_level level;
	char topic[16], text[600];
	unsigned n;
};

static void hear(void *user, hg_log_level level, const char *topic, const char *text)
{
	struct heard *h = user;

	h->level = level;
	strncpy(h->topic, topic, sizeof h->topic - 1);
	strncpy(h->text, text, sizeof h->text - 1);
	h->n++;
}

static int64_t tick(void *user)
{
	return ++*(int64_t *)user;
}

static void defaults(void **state)
{
	hg_ctx *ctx;
	hg_error why;
	int64_t t;

	(void)state;
	assert_int_equal(hg_open(NULL, &ctx, &why), HG_OK);
	t = ctx_now(ctx);
	assert_true(t > 0 && ctx_now(ctx) >= t);
	ctx_log(ctx, HG_LOG_ERROR, "test", "nobody hears %d", 1);
	assert_true(ctx->root.fd >= 0);
	assert_null(ctx->data_dir);
	hg_close(ctx);
	hg_close(NULL);
}

static void two_contexts_are_apart(void **state)
{
	struct heard heard[2] = {{0}, {0}};
	int64_t clocks[2] = {100, 200};
	hg_ctx *ctx[2];
	char long_text[1000];

	(void)state;
	for (int i = 0; i < 2; i++) {
		hg_config cfg = {.size = sizeof cfg,
			.log = hear,
			.log_user = &heard[i],
			.clock = tick,
			.clock_user = &clocks[i],
			.data_dir = "/"};

		assert_int_equal(hg_open(&cfg, &ctx[i], NULL), HG_OK);
	}
	ctx_log(ctx[1], HG_LOG_WARN, "sim", "%s\nrest", "line");
	assert_int_equal(heard[0].n, 0);
	assert_int_equal(heard[1].n, 1);
	assert_int_equal(heard[1].level, HG_LOG_WARN);
	assert_string_equal(heard[1].topic, "sim");
	assert_string_equal(heard[1].text, "line?rest");
	assert_true(ctx_now(ctx[0]) == 101);
	assert_true(ctx_now(ctx[1]) == 201);
	assert_true(ctx_now(ctx[0]) == 102);
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = 0;
	ctx_log(ctx[0], HG_LOG_INFO, "sim", "%s", long_text);
	assert_int_equal(strlen(heard[0].text), 511);
	hg_close(ctx[0]);
	hg_close(ctx[1]);
}

static void bad_configurations_are_refused(void **state)
{
	hg_config cfg = {.size = 0};
	hg_ctx *ctx;
	hg_error why;

	(void)state;
	assert_int_equal(hg_open(&cfg, &ctx, &why), HG_EINVAL);
	assert_string_equal(why.text, "hg_config.size is not set");
	assert_null(ctx);
	cfg = (hg_config){.size = sizeof cfg, .fs_root = "/nowhere/at/all"};
	assert_int_equal(hg_open(&cfg, &ctx, &why), HG_ENOENT);
	assert_string_equal(why.text, "/nowhere/at/all: No such file or directory");
	assert_null(ctx);
	cfg = (hg_config){.size = sizeof cfg, .data_dir = "/nowhere/at/all"};
	assert_int_equal(hg_open(&cfg, &ctx, &why), HG_ENOENT);
	assert_null(ctx);
	/* a caller of an older header, which ended after the log sink, gets defaults for the rest
	 */
	cfg = (hg_config){.size = offsetof(hg_config, clock), .fs_root = "/nowhere/at/all"};
	assert_int_equal(hg_open(&cfg, &ctx, &why), HG_OK);
	hg_close(ctx);
}

struct told {
	uint64_t done[64];
	unsigned n;
	int answer;
};

static int tell(void *user, const char *what, uint64_t done, uint64_t total)
{
	struct told *t = user;

	(void)total;
	assert_string_equal(what, "sweep");
	if (t->n < 64)
		t->done[t->n] = done;
	t->n++;
	return t->answer;
}

static void progress_is_told_first_last_and_seldom(void **state)
{
	struct told t = {.n = 0};
	struct progress p;

	(void)state;
	progress_init(&p, tell, &t, "sweep", 100000);
	for (uint64_t i = 0; i <= 100000; i++)
		assert_true(progress_step(&p, i));
	/* ten a second; this loop takes some milliseconds */
	assert_in_range(t.n, 2, 60);
	assert_true(t.done[0] == 0);
	assert_true(t.done[t.n - 1] == 100000);
}

static void progress_stops_for_good(void **state)
{
	struct told t = {.answer = 1};
	struct progress p;

	(void)state;
	progress_init(&p, tell, &t, "sweep", 10);
	assert_false(progress_step(&p, 0));
	assert_false(progress_step(&p, 10));
	assert_int_equal(t.n, 1);
	progress_init(&p, NULL, NULL, "sweep", 10);
	assert_true(progress_step(&p, 0));
	assert_true(progress_step(&p, 10));
}

struct options {
	uint32_t size, a, b;
};

/* A struct of 8 bytes stands for an older header's: `b` must stay as it is. */
static void sizes_meet(void **state)
{
	struct options theirs = {8, 5, 77}, ours;

	(void)state;
	assert_int_equal(size_read(&ours, sizeof ours, &theirs), 0);
	assert_true(ours.size == sizeof ours && ours.a == 5 && ours.b == 0);
	theirs.size = 3;
	assert_int_equal(size_read(&ours, sizeof ours, &theirs), -1);
	theirs.size = 8;
	ours = (struct options){sizeof ours, 6, 7};
	size_write(&theirs, &ours, sizeof ours);
	assert_true(theirs.size == 8 && theirs.a == 6 && theirs.b == 77);
	/* and a newer caller finds zero in what we do not know */
	theirs.size = sizeof theirs;
	size_write(&theirs, &ours, 8);
	assert_true(theirs.size == sizeof theirs && theirs.a == 6 && theirs.b == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(two_contexts_are_apart),
		cmocka_unit_test(bad_configurations_are_refused),
		cmocka_unit_test(progress_is_told_first_last_and_seldom),
		cmocka_unit_test(progress_stops_for_good),
		cmocka_unit_test(sizes_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
