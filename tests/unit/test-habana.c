/* The Habana backend against the fake library. */
#define _POSIX_C_SOURCE 200809L
#include "hardware/backend/habana/load.h"

#define FAKE_LIBRARY  HG_FAKE_HLML
#define FAKE_VARIABLE "HOURGLASS_HLML"
#define FAKE_BACKEND  "habana"
#define FAKE_SYMBOLS  HLML_SYMBOLS
#include "fake.h"

static const char quick[] = "{\"vendor\": \"habana\", \"power_w\": 600, \"counter_period_s\": 0, "
			    "\"utilisation\": 0.5}";

static void test_no_driver(void **state)
{
	hg_config config = {.size = sizeof config, .fs_root = dir};
	hg_error why = {""};
	hg_device *d;
	hg_ctx *ctx;
	struct told t;

	(void)state;
	play(quick, "");
	assert_int_equal(unsetenv("HOURGLASS_HLML"), 0);
	assert_ok(hg_open(&config, &ctx, &why), &why);
	t = discover(ctx);
	assert_int_equal(t.rc, HG_ENOENT);
	assert_non_null(strstr(t.reason, "/sys/module/habanalabs"));
	assert_int_equal(hg_device_open(ctx, "habana:0", &d, &why), HG_ENOENT);
	hg_close(ctx);
}

static void test_device(void **state)
{
	hg_ctx *ctx = context();
	hg_device_info info = {.size = sizeof info};
	hg_effect effect = {0};
	hg_error why = {""};
	hg_knob_info k;
	hg_device *d;
	struct told t;
	int64_t before;

	(void)state;
	play(quick, ", \"call_s\": 0.01");
	t = discover(ctx);
	assert_int_equal(t.devices, 1);
	d = hg_device_next(ctx, NULL);
	while (strcmp((hg_device_get_info(d, &info), info.backend), "habana") != 0)
		d = hg_device_next(ctx, d);
	assert_string_equal(info.pci, "0000:17:00.0");
	assert_string_equal(info.title, "Fake Gaudi 2");
	assert_string_equal(info.vendor, "habana");
	before = value(d, "energy");
	assert_int_equal(value(d, "energy"), before + 6000000);
	assert_int_equal(value(d, "power"), 600000);
	assert_int_equal(value(d, "sm_clock"), 1980000000);
	assert_int_equal(value(d, "utilisation"), 500000);
	assert_int_equal(value(d, "throttle"), 0);
	/* a call that loses memory is not made */
	assert_non_null(strstr(signal_of(d, "temperature").absent, "hwmon"));
	assert_int_equal(reading(d, "temperature").rc, HG_EUNSUPPORTED);
	k = knob_of(d, "power_limit");
	assert_null(k.unsettable);
	assert_int_equal(k.max, 700000);
	assert_int_equal(k.min, 140000);
	assert_ok(set(d, "power_limit", 300000, &effect, &why), &why);
	assert_int_equal(effect.observed, 300000);
	assert_int_equal(value(d, "power"), 300000);
	assert_int_equal(value(d, "throttle"), HG_THROTTLE_POWER_LIMIT);
	/* within what we take for the range, but not the driver's */
	assert_int_equal(set(d, "power_limit", 150000, NULL, &why), HG_EDEVICE);
	assert_non_null(strstr(why.text, "refused an argument"));
	assert_int_equal(knob_of(d, "power_limit").current, 300000);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(value(d, "power_limit"), 700000);
	hg_close(ctx);
}

/** What goes with a function. */
static const struct {
	const char *symbol, *gone[2];
} needed_by[] = {
	{"hlml_device_get_name", {NULL}},
	{"hlml_device_get_pci_info", {NULL}},
	{"hlml_device_get_total_energy_consumption", {"energy"}},
	{"hlml_device_get_power_usage", {"power"}},
	{"hlml_device_get_power_management_limit", {"power_limit", "knob"}},
	{"hlml_device_get_power_management_default_limit", {"knob"}},
	{"hlml_device_get_clock_info", {"sm_clock"}},
	{"hlml_device_get_utilization_rates", {"utilisation"}},
	{"hlml_device_get_current_clocks_throttle_reasons", {"throttle"}},
	{"hlml_device_set_power_management_limit", {"knob"}},
};

static bool gone(size_t i, const char *name)
{
	for (size_t k = 0; k < 2 && needed_by[i].gone[k]; k++)
		if (!strcmp(needed_by[i].gone[k], name))
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
		d = device(ctx, "habana:0");
		for (size_t k = 0; k < hg_device_signals(d); k++) {
			hg_signal_info s = {.size = sizeof s};
			bool never;

			assert_int_equal(hg_device_signal(d, k, &s), HG_OK);
			never = !strcmp(s.name, "temperature");
			assert_int_equal(s.absent != NULL, never || gone(i, s.name));
			assert_int_equal(reading(d, s.name).rc, s.absent ? HG_EUNSUPPORTED : HG_OK);
		}
		assert_int_equal(knob_of(d, "power_limit").unsettable != NULL, gone(i, "knob"));
		hg_close(ctx);
	}
#define OPT_COUNT_OPT                                                  1u
#define OPT_COUNT_REQ                                                  0u
#define COUNT_OPTIONAL(kind, member, symbol, older, result, arguments) optional += OPT_COUNT_##kind;
	HLML_SYMBOLS(COUNT_OPTIONAL)
	assert_int_equal(optional, sizeof needed_by / sizeof needed_by[0] + 1);
}

static void test_refusals(void **state)
{
	static const char *const required[] = {"hlml_init", "hlml_shutdown",
		"hlml_device_get_count", "hlml_device_get_handle_by_index", "hlml_device_get_uuid"};
	hg_error why;

	(void)state;
	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		play(quick, "");
		without(required[i]);
		assert_int_equal(refused("habana:0", &why), HG_EUNSUPPORTED);
		assert_non_null(strstr(why.text, required[i]));
	}
	play(quick, ", \"rules\": [{\"call\": \"hlml_init\", \"result\": 9}]");
	assert_int_equal(refused("habana:0", &why), HG_EDEVICE);
	assert_non_null(strstr(why.text, "habanalabs is not loaded"));
	play(quick, "");
	assert_int_equal(refused("habana:1", &why), HG_ENOENT);
	assert_int_equal(refused("habana:", &why), HG_EINVAL);
	assert_int_equal(refused("habana:nobody", &why), HG_ENOENT);
}

/* Codes above 10 mean different things in different versions: an error all the same. */
static void test_codes(void **state)
{
	static const int codes[] = {11, 12, 13, 14, 15, 20, 21, 49, 4711};

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		hg_ctx *ctx = context();
		char rules[160];
		hg_device *d;

		(void)snprintf(rules, sizeof rules,
			", \"rules\": [{\"call\": \"hlml_device_get_power_usage\", \"after\": 1, "
			"\"result\": %d}]",
			codes[i]);
		play(quick, rules);
		d = device(ctx, "habana:0");
		assert_int_equal(reading(d, "power").rc, HG_EDEVICE);
		assert_int_equal(reading(d, "energy").rc, HG_OK);
		hg_close(ctx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_driver),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
