/* The AMD SMI backend against the fake library: it is never loaded unasked, reads what the versions
 * of the library lay out differently, and holds clocks through resets that are wider than asked. */
#define _POSIX_C_SOURCE 200809L
#include "hardware/backend/amdsmi/amdsmi.h"

#include <dlfcn.h>

#define FAKE_LIBRARY  HG_FAKE_AMDSMI
#define FAKE_VARIABLE "HOURGLASS_AMDSMI"
#define FAKE_BACKEND  "amdsmi"
#define FAKE_SYMBOLS  AMDSMI_SYMBOLS
#include "fake.h"

static const char quick[] = "{\"vendor\": \"amd\", \"power_w\": 300, \"counter_period_s\": 0, "
			    "\"energy_start_j\": 1000, \"power_profiles\": []}";

static void test_not_unasked(void **state)
{
	hg_ctx *ctx = context();
	struct told t;

	(void)state;
	play(quick, "");
	assert_int_equal(unsetenv("HOURGLASS_AMDSMI"), 0);
	t = discover(ctx);
	assert_int_equal(t.rc, HG_ENOENT);
	assert_int_equal(t.devices, 0);
	assert_non_null(strstr(t.reason, "does not load libamd_smi"));
	hg_close(ctx);
	play("{\"vendor\": \"amd\"}, {}, {\"vendor\": \"amd\"}", "");
	ctx = context();
	t = discover(ctx);
	assert_int_equal(t.rc, HG_OK);
	assert_int_equal(t.devices, 2);
	hg_close(ctx);
}

/* Beside ROCm the library would hide the GPUs of the program, whoever asks for it. */
static void test_not_beside_rocm(void **state)
{
	hg_ctx *ctx = context();
	hg_error why = {""};
	hg_device *d;
	void *rocm = dlopen(HG_TEST_ROCM, RTLD_NOW | RTLD_LOCAL);
	struct told t;

	(void)state;
	assert_non_null(rocm);
	play(quick, "");
	assert_int_equal(hg_device_open(ctx, "amdsmi:0", &d, &why), HG_EUNSUPPORTED);
	assert_null(d);
	assert_non_null(strstr(why.text, "ROCm"));
	assert_non_null(strstr(why.text, "use amdgpu"));
	t = discover(ctx);
	assert_int_equal(t.rc, HG_EUNSUPPORTED);
	assert_int_equal(t.devices, 0);
	assert_int_equal(dlclose(rocm), 0);
	(void)device(ctx, "amdsmi:0");
	hg_close(ctx);
}

static void test_signals(void **state)
{
	static const char *const drivers[] = {"23.2", "23.4", "24.7.1", "26.0.2"};

	(void)state;
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
		hg_ctx *ctx = context();
		hg_device_info info = {.size = sizeof info};
		char more[64];
		hg_device *d;
		int64_t before;

		(void)snprintf(
			more, sizeof more, ", \"call_s\": 0.01, \"driver\": \"%s\"", drivers[i]);
		play(quick, more);
		d = device(ctx, "amdsmi:0");
		hg_device_get_info(d, &info);
		assert_string_equal(info.pci, "0000:17:00.0");
		assert_string_equal(info.vendor, "amd");
		assert_string_equal(info.title, "Fake MI300X");
		assert_string_equal(info.driver, drivers[i]);
		assert_int_equal(info.simulated, 1);
		for (size_t k = 0; k < hg_device_signals(d); k++) {
			hg_signal_info s = {.size = sizeof s};

			assert_int_equal(hg_device_signal(d, k, &s), HG_OK);
			assert_null(s.absent);
			assert_true(*s.text && *s.domain && *s.unit && s.resolution > 0);
		}
		before = value(d, "energy");
		assert_true(before > 1000000000);
		/* 3 J a call, in 2^-16 J; by the library's own unit it would be 8 mJ more */
		assert_true(llabs(value(d, "energy") - before - 3000000) <= 32);
		assert_int_equal(value(d, "power"), 300000);
		assert_int_equal(value(d, "sm_clock"), 1980000000);
		assert_int_equal(value(d, "memory_clock"), 2619000000);
		assert_int_equal(value(d, "power_limit"), 700000);
		assert_int_equal(value(d, "utilisation"), 1000000);
		hg_close(ctx);
		/* by address, too */
		ctx = context();
		(void)device(ctx, "amdsmi:0000:17:00.0");
		hg_close(ctx);
	}
}

static void test_power_limit(void **state)
{
	hg_ctx *ctx = context();
	hg_effect effect = {0};
	hg_error why = {""};
	hg_device *d;

	(void)state;
	play("{\"vendor\": \"amd\", \"power_w\": 600}, "
	     "{\"vendor\": \"amd\", \"power_limit_min_w\": 290, \"power_limit_max_w\": 290, "
	     "\"power_limit_default_w\": 290}, "
	     "{\"vendor\": \"amd\", \"power_limit_max_w\": 1e15}",
		"");
	d = device(ctx, "amdsmi:0");
	assert_ok(set(d, "power_limit", 300000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 300000);
	assert_int_equal(value(d, "power"), 300000);
	assert_int_equal(set(d, "power_limit", 199000, NULL, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(value(d, "power_limit"), 700000);
	assert_non_null(
		strstr(knob_of(device(ctx, "amdsmi:1"), "power_limit").unsettable, "single value"));
	assert_non_null(
		strstr(knob_of(device(ctx, "amdsmi:2"), "power_limit").unsettable, "no range"));
	hg_close(ctx);
	ctx = context();
	play(quick, ", \"rights\": false");
	assert_non_null(strstr(
		knob_of(device(ctx, "amdsmi:0"), "power_limit").unsettable, "CAP_SYS_ADMIN"));
	hg_close(ctx);
}

/* Whatever is set and freed in whatever order, what is still held is in force. */
static void test_clocks_hold(void **state)
{
	static const char *const without_some[] = {"", "amdsmi_set_gpu_perf_determinism_mode",
		"amdsmi_set_gpu_clk_limit",
		"amdsmi_set_gpu_clk_limit amdsmi_set_gpu_perf_determinism_mode"};

	(void)state;
	for (size_t i = 0; i < sizeof without_some / sizeof without_some[0]; i++) {
		hg_ctx *ctx = context();
		hg_error why = {""};
		int64_t held[2] = {0, 0};
		hg_device *d;

		play("{\"vendor\": \"amd\", \"power_w\": 300}", "");
		if (*without_some[i])
			hide(without_some[i]);
		d = device(ctx, "amdsmi:0");
		for (unsigned step = 0; step < 200; step++) {
			unsigned k = step * 7 % 5 % 2, what = step * 11 % 3;
			static const int64_t sm[] = {0, 1005000000, 1500000000};
			static const int64_t memory[] = {0, 1593000000, 2619000000};

			held[k] = k ? memory[what] : sm[what];
			assert_ok(
				set(d, k ? "memory_clock" : "sm_clock", held[k], NULL, &why), &why);
			assert_int_equal(value(d, "sm_clock"), held[0] ? held[0] : 1980000000);
			assert_int_equal(value(d, "memory_clock"), held[1] ? held[1] : 2619000000);
		}
		assert_ok(hg_device_reset(d, &why), &why);
		assert_int_equal(value(d, "sm_clock"), 1980000000);
		assert_int_equal(value(d, "memory_clock"), 2619000000);
		hg_close(ctx);
	}
}

/* A clock that is refused leaves what is held as it was. */
static void test_clock_refused(void **state)
{
	hg_ctx *ctx = context();
	hg_error why = {""};
	hg_device *d;

	(void)state;
	play("{\"vendor\": \"amd\"}", ", \"rules\": [{\"call\": \"amdsmi_set_gpu_clk_limit\", "
				      "\"times\": 1, \"result\": 10}]");
	d = device(ctx, "amdsmi:0");
	assert_ok(set(d, "sm_clock", 1005000000, NULL, &why), &why);
	assert_int_equal(set(d, "memory_clock", 1593000000, NULL, &why), HG_EPERM);
	assert_non_null(strstr(why.text, "memory_clock"));
	assert_int_equal(knob_of(d, "memory_clock").current, 0);
	assert_int_equal(value(d, "sm_clock"), 1005000000);
	hg_close(ctx);
}

/** What goes with a function. */
static const struct {
	const char *symbol, *gone[2];
} needed_by[] = {
	{"amdsmi_get_gpu_device_uuid", {NULL}},
	{"amdsmi_get_gpu_asic_info", {NULL}},
	{"amdsmi_get_gpu_driver_info", {NULL}},
	{"amdsmi_get_lib_version", {"power"}},
	{"amdsmi_get_energy_count", {"energy"}},
	{"amdsmi_get_power_info", {"power"}},
	{"amdsmi_get_power_cap_info", {"power_limit", "knob power_limit"}},
	{"amdsmi_get_clock_info", {"clock", "knob clock"}},
	{"amdsmi_get_gpu_activity", {"utilisation"}},
	{"amdsmi_set_power_cap", {"knob power_limit"}},
	{"amdsmi_set_gpu_clk_limit", {NULL}},
	{"amdsmi_set_gpu_clk_range", {NULL}},
	{"amdsmi_set_gpu_perf_determinism_mode", {NULL}},
	{"amdsmi_set_gpu_perf_level", {"knob clock"}},
};

static bool gone(size_t i, const char *kind, const char *name)
{
	char text[64], clock[64];

	(void)snprintf(text, sizeof text, "%s%s", kind, name);
	(void)snprintf(clock, sizeof clock, "%s%s", kind, strstr(name, "clock") ? "clock" : name);
	for (size_t k = 0; k < 2 && needed_by[i].gone[k]; k++)
		if (!strcmp(needed_by[i].gone[k], text) || !strcmp(needed_by[i].gone[k], clock))
			return true;
	return false;
}

static void test_optional(void **state)
{
	size_t optional = 0;

	(void)state;
	for (size_t i = 0; i < sizeof needed_by / sizeof needed_by[0]; i++) {
		hg_ctx *ctx = context();
		hg_device *d;

		play(quick, "");
		without(needed_by[i].symbol);
		d = device(ctx, "amdsmi:0");
		for (size_t k = 0; k < hg_device_signals(d); k++) {
			hg_signal_info s = {.size = sizeof s};

			assert_int_equal(hg_device_signal(d, k, &s), HG_OK);
			assert_int_equal(s.absent != NULL, gone(i, "", s.name));
			assert_int_equal(reading(d, s.name).rc, s.absent ? HG_EUNSUPPORTED : HG_OK);
		}
		for (size_t k = 0; k < hg_device_knobs(d); k++) {
			hg_knob_info info = {.size = sizeof info};

			assert_int_equal(hg_device_knob(d, k, &info), HG_OK);
			assert_int_equal(info.unsettable != NULL, gone(i, "knob ", info.name));
		}
		hg_close(ctx);
	}
#define OPT_COUNT_OPT                                                  1u
#define OPT_COUNT_REQ                                                  0u
#define COUNT_OPTIONAL(kind, member, symbol, older, result, arguments) optional += OPT_COUNT_##kind;
	AMDSMI_SYMBOLS(COUNT_OPTIONAL)
	assert_int_equal(optional, sizeof needed_by / sizeof needed_by[0] + 1);
}

static void test_refusals(void **state)
{
	static const char *const required[] = {"amdsmi_init", "amdsmi_shut_down",
		"amdsmi_get_socket_handles", "amdsmi_get_processor_handles",
		"amdsmi_get_gpu_device_bdf"};
	static const struct {
		int result;
		const char *text;
	} results[] = {
#define ROW(name, value, error, text) {value, text},
		AMDSMI_RESULTS(ROW)};
	char path[128];
	hg_error why;

	(void)state;
	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		play(quick, "");
		without(required[i]);
		assert_int_equal(refused("amdsmi:0", &why), HG_EUNSUPPORTED);
		assert_non_null(strstr(why.text, required[i]));
	}
	for (size_t i = 1; i < sizeof results / sizeof results[0]; i++) {
		char rules[128];

		(void)snprintf(rules, sizeof rules,
			", \"rules\": [{\"call\": \"amdsmi_init\", \"result\": %d}]",
			results[i].result);
		play(quick, rules);
		assert_int_equal(refused("amdsmi:0", &why),
			results[i].result == AMDSMI_NO_PERM ? HG_EPERM : HG_EDEVICE);
		assert_non_null(strstr(why.text, results[i].text));
	}
	play(quick, "");
	assert_int_equal(refused("amdsmi:1", &why), HG_ENOENT);
	assert_non_null(strstr(why.text, "there are 1"));
	assert_int_equal(refused("amdsmi:", &why), HG_EINVAL);
	assert_int_equal(refused("amdsmi:0000:99:00.0", &why), HG_ENOENT);
	write_file("text.so", "no library\n", 11, path);
	assert_int_equal(setenv("HOURGLASS_AMDSMI", path, 1), 0);
	assert_int_equal(refused("amdsmi:0", &why), HG_ENOENT);
	assert_non_null(strstr(why.text, "text.so"));
}

static void test_lost(void **state)
{
	hg_ctx *ctx = context();
	int good = 0, lost = 0;
	hg_device *d;

	(void)state;
	play("{\"vendor\": \"amd\", \"events\": [{\"at_s\": 2, \"what\": \"lose\"}, "
	     "{\"at_s\": 3, \"what\": \"return\"}]}",
		", \"call_s\": 0.01");
	d = device(ctx, "amdsmi:0");
	for (int i = 0; i < 400; i++) {
		hg_reading r = reading(d, "power");

		good += r.rc == HG_OK;
		lost += r.rc == HG_EDEVICE && r.value == 0;
	}
	assert_int_equal(good + lost, 400);
	assert_true(lost >= 99 && lost <= 101);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_unasked),
		cmocka_unit_test(test_not_beside_rocm),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_power_limit),
		cmocka_unit_test(test_clocks_hold),
		cmocka_unit_test(test_clock_refused),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
