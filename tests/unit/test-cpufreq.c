/* Governor and clock limits on fake trees. */
#include "near.h"

#include <stdio.h>

#include <hourglass/hourglass.h>

#include "tree.h"

#define POLICY "sys/devices/system/cpu/cpufreq/policy4/"

static struct tree t;

static int setup(void **state)
{
	static const struct {
		const char *file, *text;
	} files[] = {
		{POLICY "related_cpus", "4 5"},
		{POLICY "cpuinfo_min_freq", "400000"},
		{POLICY "cpuinfo_max_freq", "4700000"},
		{POLICY "scaling_min_freq", "800000"},
		{POLICY "scaling_max_freq", "4000000"},
		{POLICY "scaling_cur_freq", "1234567"},
		{POLICY "scaling_available_governors", "performance powersave "},
		{POLICY "scaling_governor", "powersave"},
	};

	(void)state;
	tree_init(&t);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		tree_put(&t, files[i].file, files[i].text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

static void test_knobs(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, "cpufreq:policy4");
	hg_knob_info k = tree_knob(d, "max_clock");
	hg_error why = {""};
	hg_effect e;

	(void)state;
	assert_true(tree_read(d, "clock").value == 1234567000);
	assert_null(k.unsettable);
	assert_true(k.min == 400000000 && k.max == 4700000000 && k.default_value == 4000000000);
	assert_ok(
		hg_device_set(d, hg_device_knob_index(d, "max_clock"), 2000000000, &e, &why), &why);
	assert_string_equal(tree_get(&t, POLICY "scaling_max_freq"), "2000000");
	assert_true(e.observed == 2000000000);
	k = tree_knob(d, "governor");
	assert_null(k.unsettable);
	assert_true(k.min == 0 && k.max == 1 && k.current == 1 && k.default_value == 1);
	assert_has(k.text, "0 performance, 1 powersave");
	assert_ok(hg_device_set(d, hg_device_knob_index(d, "governor"), 0, &e, &why), &why);
	assert_string_equal(tree_get(&t, POLICY "scaling_governor"), "performance");
	assert_int_equal(e.observed, 0);
	assert_int_equal(
		hg_device_set(d, hg_device_knob_index(d, "governor"), 2, &e, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_string_equal(tree_get(&t, POLICY "scaling_governor"), "powersave");
	assert_string_equal(tree_get(&t, POLICY "scaling_max_freq"), "4000000");
	assert_string_equal(tree_get(&t, POLICY "scaling_min_freq"), "800000");
	hg_close(ctx);
}

static void test_unusable(void **state)
{
	static const struct {
		const char *file, *text, *knob, *says;
	} cases[] = {
		{POLICY "cpuinfo_max_freq", "100", "max_clock", "no usable range"},
		{POLICY "cpuinfo_min_freq", "x", "min_clock", "expected a whole number"},
		{POLICY "scaling_max_freq", "99999999999999999", "max_clock", "is too large"},
		{POLICY "scaling_governor", "userspace", "governor", "none of the available"},
		{POLICY "scaling_available_governors", "", "governor", "no choice is told"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char before[128];
		hg_ctx *ctx;
		hg_knob_info k;

		(void)snprintf(before, sizeof before, "%s", tree_get(&t, cases[i].file));
		tree_put(&t, cases[i].file, cases[i].text);
		ctx = tree_context(&t);
		k = tree_knob(tree_device(ctx, "cpufreq:policy4"), cases[i].knob);
		assert_non_null(k.unsettable);
		assert_has(k.unsettable, cases[i].says);
		hg_close(ctx);
		tree_put(&t, cases[i].file, before);
	}
}

static void listen(void *user, const hg_discovery *found)
{
	char *text = user;

	if (!strcmp(found->backend, "cpufreq"))
		(void)snprintf(text, HG_ERROR_TEXT, "%d %zu %s", (int)found->rc, found->devices,
			found->reason);
}

static void test_search(void **state)
{
	static const char *const none[] = {"cpufreq:policy5", "cpufreq:", "cpufreq:policy",
		"cpufreq:policy4/..", "cpufreq:boost"};
	char text[HG_ERROR_TEXT] = "";
	hg_ctx *ctx = tree_context(&t);
	hg_error why = {""};
	hg_device *d;

	(void)state;
	assert_ok(hg_discover(ctx, listen, text, &why), &why);
	assert_string_equal(text, "0 0 1, opened by name only, such as cpufreq:policy4");
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(hg_device_open(ctx, none[i], &d, &why), HG_ENOENT);
	tree_remove(&t, "sys/devices/system/cpu/cpufreq/policy4");
	assert_ok(hg_discover(ctx, listen, text, &why), &why);
	assert_has(text, "no policy in /sys");
	tree_remove(&t, "sys");
	assert_ok(hg_discover(ctx, listen, text, &why), &why);
	assert_has(text, "no /sys/devices/system/cpu/cpufreq");
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_knobs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unusable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_search, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
