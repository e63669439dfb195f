/* The NVML backend against a library in which functions are missing, fail, or answer nonsense. */
#define _POSIX_C_SOURCE 200809L
#include "fake-nvml.h"

/* ----- functions that are missing */

/** What goes with a function: names of signals and knobs. */
static const struct {
	const char *symbol, *gone[5];
} needed_by[] = {
	{"nvmlErrorString", {NULL}},
	{"nvmlDeviceGetName", {NULL}},
	{"nvmlDeviceGetPciInfo_v3", {NULL}},
	{"nvmlDeviceGetMigMode", {NULL}},
	{"nvmlDeviceGetMaxMigDeviceCount", {NULL}},
	{"nvmlDeviceGetMigDeviceHandleByIndex", {NULL}},
	{"nvmlDeviceGetTotalEnergyConsumption", {NULL}}, /* by field instead */
	{"nvmlDeviceGetFieldValues", {"power_average", "memory_power", "module_power",
					     "memory_temperature", "knob module_limit"}},
	{"nvmlDeviceGetPowerUsage", {NULL}},
	{"nvmlDeviceGetSamples", {NULL}}, /* of tests/hw alone */
	{"nvmlDeviceGetPowerManagementLimit", {"knob power_limit"}},
	{"nvmlDeviceGetEnforcedPowerLimit", {NULL}},
	{"nvmlDeviceGetPowerManagementLimitConstraints", {"knob power_limit"}},
	{"nvmlDeviceGetPowerManagementDefaultLimit", {"knob power_limit"}},
	{"nvmlDeviceGetClockInfo", {"sm_clock", "memory_clock"}},
	{"nvmlDeviceGetSupportedMemoryClocks", {"knob sm_clock", "knob memory_clock"}},
	{"nvmlDeviceGetSupportedGraphicsClocks", {"knob sm_clock"}},
	{"nvmlDeviceGetCurrentClocksEventReasons", {"throttle"}},
	{"nvmlDeviceGetUtilizationRates", {"utilisation", "memory_utilisation"}},
	{"nvmlDeviceGetTemperatureV", {NULL}},
	{"nvmlDeviceGetTemperature", {NULL}},
	{"nvmlSystemGetDriverVersion", {NULL}},
	{"nvmlDeviceGetPersistenceMode", {NULL}},
	{"nvmlDeviceGetComputeRunningProcesses_v3", {NULL}},
	{"nvmlDeviceWorkloadPowerProfileGetCurrentProfiles",
		{"power_profiles", "knob power_profile"}},
	{"nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1", {NULL}}, /* by the older two */
	{"nvmlDeviceWorkloadPowerProfileSetRequestedProfiles", {NULL}},
	{"nvmlDeviceWorkloadPowerProfileClearRequestedProfiles", {NULL}},
	{"nvmlDeviceSetPowerManagementLimit", {"knob power_limit"}},
	{"nvmlDeviceSetPowerManagementLimit_v2", {"knob module_limit"}},
	{"nvmlDeviceSetGpuLockedClocks", {"knob sm_clock"}},
	{"nvmlDeviceResetGpuLockedClocks", {"knob sm_clock"}},
	{"nvmlDeviceSetMemoryLockedClocks", {"knob memory_clock"}},
	{"nvmlDeviceResetMemoryLockedClocks", {"knob memory_clock"}},
};

static bool expected_gone(size_t i, const char *kind, const char *name)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%s%s", kind, name);
	for (size_t k = 0; k < 5; k++)
		if (needed_by[i].gone[k] && !strcmp(needed_by[i].gone[k], text))
			return true;
	return false;
}

static void check_gone(hg_device *d, size_t i)
{
	for (size_t k = 0; k < hg_device_signals(d); k++) {
		hg_signal_info s = {.size = sizeof s};

		assert_int_equal(hg_device_signal(d, k, &s), HG_OK);
		assert_int_equal(s.absent != NULL, expected_gone(i, "", s.name));
		assert_int_equal(reading(d, s.name).rc, s.absent ? HG_EUNSUPPORTED : HG_OK);
		assert_true(!s.absent || *s.absent);
	}
	for (size_t k = 0; k < hg_device_knobs(d); k++) {
		hg_knob_info info = {.size = sizeof info};

		assert_int_equal(hg_device_knob(d, k, &info), HG_OK);
		assert_int_equal(info.unsettable != NULL, expected_gone(i, "knob ", info.name));
	}
}

static void test_optional(void **state)
{
	size_t optional = 0;

	(void)state;
	for (size_t i = 0; i < sizeof needed_by / sizeof needed_by[0]; i++) {
		hg_ctx *ctx = context();

		play("{\"memory_power_w\": 40, \"module_w\": 50, \"power_profiles\": [3]}", "");
		without(needed_by[i].symbol);
		check_gone(device(ctx, "nvml:0"), i);
		hg_close(ctx);
	}
	/* what is done by two others */
	play("{\"power_profiles\": [3]}", "");
	hide("nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1 "
	     "nvmlDeviceWorkloadPowerProfileClearRequestedProfiles");
	{
		hg_ctx *ctx = context();

		assert_non_null(strstr(
			knob_of(device(ctx, "nvml:0"), "power_profile").unsettable, "too old"));
		hg_close(ctx);
	}
	/* none was forgotten; the fake's own name is the one more */
#define OPT                                                            1u
#define REQ                                                            0u
#define COUNT_OPTIONAL(kind, member, symbol, older, result, arguments) optional += (kind);
	NVML_SYMBOLS(COUNT_OPTIONAL)
	assert_int_equal(optional, sizeof needed_by / sizeof needed_by[0] + 1);
}

/* A driver of before: older names, no field values, no energy. */
static void test_old(void **state)
{
	hg_ctx *ctx = context();
	hg_device_info info = {.size = sizeof info};
	hg_device *d;

	(void)state;
	play("{\"power_w\": 250}", "");
	hide("nvmlDeviceGetCount_v2 nvmlDeviceGetHandleByIndex_v2 nvmlDeviceGetPciInfo_v3 "
	     "nvmlDeviceGetTotalEnergyConsumption nvmlDeviceGetFieldValues "
	     "nvmlDeviceGetCurrentClocksEventReasons nvmlDeviceGetTemperatureV "
	     "nvmlDeviceGetComputeRunningProcesses_v3 nvmlDeviceGetMigMode");
	d = device(ctx, "nvml:0000:17:00.0");
	hg_device_get_info(d, &info);
	assert_string_equal(info.pci, "0000:17:00.0");
	assert_non_null(strstr(signal_of(d, "energy").absent, "too old"));
	assert_int_equal(reading(d, "energy").rc, HG_EUNSUPPORTED);
	assert_int_equal(value(d, "power"), 250000);
	assert_int_equal(value(d, "throttle"), 0);
	assert_int_equal(value(d, "temperature"), 45000);
	hg_close(ctx);
}

static void test_required(void **state)
{
	static const char *const required[] = {"nvmlInit_v2", "nvmlShutdown",
		"nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetUUID"};

	(void)state;
	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
		struct told t;
		hg_error why;

		play("{}", "");
		without(required[i]); /* nor under its older name */
		t = discover_alone();
		assert_int_equal(t.rc, HG_EUNSUPPORTED);
		assert_int_equal(t.devices, 0);
		assert_non_null(strstr(t.reason, required[i]));
		assert_int_equal(refused("nvml:0", &why), HG_EUNSUPPORTED);
		assert_non_null(strstr(why.text, required[i]));
	}
}

static void test_not_the_fake(void **state)
{
	hg_ctx *ctx = context();
	hg_device_info info = {.size = sizeof info};

	(void)state;
	play("{}", "");
	without("hourglassFakeNvml");
	hg_device_get_info(device(ctx, "nvml:0"), &info);
	assert_int_equal(info.simulated, 0);
	hg_close(ctx);
}

static void test_no_library(void **state)
{
	struct told t;
	char path[128];
	hg_error why;

	(void)state;
	write_file("text.so", "no library\n", 11, path);
	assert_int_equal(setenv("HOURGLASS_NVML", path, 1), 0);
	t = discover_alone();
	assert_int_equal(t.rc, HG_ENOENT);
	assert_non_null(strstr(t.reason, "text.so"));
	assert_int_equal(setenv("HOURGLASS_NVML", "/nonexistent/libnvidia-ml.so.1", 1), 0);
	t = discover_alone();
	assert_int_equal(t.rc, HG_ENOENT);
	assert_int_equal(t.devices, 0);
	assert_non_null(strstr(t.reason, "/nonexistent/libnvidia-ml.so.1"));
	assert_int_equal(refused("nvml:0", &why), HG_ENOENT);
	play("", "");
	t = discover_alone();
	assert_int_equal(t.rc, HG_ENOENT);
	assert_non_null(strstr(t.reason, "no GPU"));
}

/* ----- calls that fail */

static void test_init_fails(void **state)
{
	static const struct {
		int result;
		hg_err error;
		const char *text;
	} results[] = {
#define RESULT_ROW(name, value, error, text) {value, error, text},
		NVML_RESULTS(RESULT_ROW)};

	(void)state;
	for (size_t i = 1; i < sizeof results / sizeof results[0]; i++) {
		char rules[128];
		struct told t;

		(void)snprintf(rules, sizeof rules,
			", \"rules\": [{\"call\": \"nvmlInit_v2\", \"result\": %d}]",
			results[i].result);
		play("{}", rules);
		t = discover_alone();
		assert_int_equal(t.rc, results[i].error == HG_EPERM ? HG_EPERM : HG_EDEVICE);
		assert_non_null(strstr(t.reason, results[i].text));
		assert_int_equal(nvml_error(results[i].result), results[i].error);
	}
	assert_int_equal(nvml_error(12345), HG_EDEVICE);
	/* what is not known here is said in the library's words: so is a bad scenario */
	play("{\"powre_w\": 3}", "");
	assert_non_null(
		strstr(discover_alone().reason, "scenario.json:1: unknown key \"powre_w\""));
}

static void test_one_lost(void **state)
{
	hg_ctx *ctx = context();
	struct told t;

	(void)state;
	play("{}, {}, {}",
		", \"rules\": [{\"call\": \"nvmlDeviceGetHandleByIndex_v2\", \"device\": 1, "
		"\"result\": 15}]");
	t = discover(ctx);
	assert_int_equal(t.devices, 2);
	assert_int_equal(t.rc, HG_EDEVICE);
	assert_non_null(strstr(t.reason, "nvml:1"));
	assert_non_null(strstr(t.reason, "lost"));
	hg_close(ctx);
}

static void test_errors_by_count(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d;

	(void)state;
	play("{}", ", \"rules\": [{\"call\": \"nvmlDeviceGetTotalEnergyConsumption\", "
		   "\"after\": 2, \"times\": 2, \"result\": 10}]");
	d = device(ctx, "nvml:0"); /* one read to see that it is there */
	assert_int_equal(reading(d, "energy").rc, HG_OK);
	assert_int_equal(reading(d, "energy").rc, HG_EDEVICE);
	assert_int_equal(reading(d, "energy").rc, HG_EDEVICE);
	assert_int_equal(reading(d, "energy").rc, HG_OK);
	hg_close(ctx);
}

static void test_device_lost(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d, *other;
	hg_error why = {""};
	int good = 0;

	(void)state;
	play("{\"lost_after_s\": 2}, {}", ", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	other = device(ctx, "nvml:1");
	while (reading(d, "energy").rc == HG_OK && good < 1000)
		good++;
	assert_true(good > 0 && good < 1000);
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info s = {.size = sizeof s};

		assert_int_equal(hg_device_signal(d, i, &s), HG_OK);
		assert_int_equal(reading(d, s.name).rc, s.absent ? HG_EUNSUPPORTED : HG_EDEVICE);
	}
	assert_int_equal(set(d, "power_limit", 300000, NULL, &why), HG_EDEVICE);
	assert_non_null(strstr(why.text, "lost"));
	assert_int_equal(reading(other, "energy").rc, HG_OK);
	hg_close(ctx);
}

/* Each code of a call that gives a signal is an error of ours, and its words are in the reason. */
static void test_results_of_a_signal(void **state)
{
	static const struct {
		int result;
		hg_err error;
		const char *text;
	} results[] = {
#define SIGNAL_ROW(name, value, error, text) {value, error, text},
		NVML_RESULTS(SIGNAL_ROW)
#undef SIGNAL_ROW
			{12345, HG_EDEVICE, "an error of the scenario"}};

	(void)state;
	for (size_t i = 1; i < sizeof results / sizeof results[0]; i++) {
		bool later = results[i].error == HG_EDEVICE;
		hg_ctx *ctx = context();
		char rules[256];
		hg_device *d;

		(void)snprintf(rules, sizeof rules,
			", \"rules\": [{\"call\": \"nvmlDeviceGetClockInfo\", \"result\": %d}]",
			results[i].result);
		play("{}", rules);
		d = device(ctx, "nvml:0");
		/* what may answer later is there, and fails until then; the rest is absent */
		assert_int_equal(!signal_of(d, "sm_clock").absent, later);
		assert_int_equal(reading(d, "sm_clock").rc, later ? HG_EDEVICE : HG_EUNSUPPORTED);
		if (!later)
			assert_non_null(strstr(signal_of(d, "sm_clock").absent, results[i].text));
		assert_null(signal_of(d, "energy").absent);
		hg_close(ctx);
	}
}

/* A value that failed inside a call that did not is not a value. */
static void test_poison(void **state)
{
	hg_ctx *ctx = context();
	size_t ids[2];
	hg_reading r[2];
	hg_device *d;

	(void)state;
	play("{\"power_w\": 250}",
		", \"rules\": [{\"call\": \"nvmlDeviceGetFieldValues\", \"field\": 185, "
		"\"after\": 1, \"result\": 999}]");
	d = device(ctx, "nvml:0");
	ids[0] = hg_device_signal_index(d, "power_average");
	ids[1] = hg_device_signal_index(d, "power");
	assert_int_equal(hg_device_read(d, ids, 2, r), HG_OK);
	assert_int_equal(r[0].rc, HG_EDEVICE);
	assert_int_equal(r[0].value, 0);
	assert_int_equal(r[1].rc, HG_OK);
	assert_int_equal(r[1].value, 250000);
	hg_close(ctx);
}

/* A value is what its type says; one that is negative or of an unknown type is none. */
static void test_value_types(void **state)
{
	static const struct {
		int field, type;
		const char *device, *signal;
		int64_t value; /* 0: none */
	} cases[] = {{185, 0, "{\"power_w\": 250}", "power_average", 250000},
		{185, 1, "{\"power_w\": 250}", "power_average", 250000},
		{185, 2, "{\"power_w\": 250}", "power_average", 250000},
		{185, 3, "{\"power_w\": 250}", "power_average", 250000},
		{185, 4, "{\"power_w\": 250}", "power_average", 250000},
		{185, 5, "{\"power_w\": 250}", "power_average", 250000},
		{185, 6, "{\"power_w\": 60}", "power_average", 60000},
		{185, 7, "{\"power_w\": 250}", "power_average", 0},
		{185, 99, "{\"power_w\": 250}", "power_average", 0},
		{83, 3, "{\"energy_start_j\": 3e6, \"counter_period_s\": 900}", "energy",
			3000000000000},
		{83, 5, "{\"energy_start_j\": 3e6, \"counter_period_s\": 900}", "energy", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hg_ctx *ctx = context();
		char rules[256];
		hg_device *d;

		(void)snprintf(rules, sizeof rules,
			", \"rules\": [{\"call\": \"nvmlDeviceGetFieldValues\", \"field\": %d, "
			"\"type\": %d}, {\"call\": \"nvmlDeviceGetTotalEnergyConsumption\", "
			"\"result\": 3}]",
			cases[i].field, cases[i].type);
		play(cases[i].device, rules);
		d = device(ctx, "nvml:0");
		if (cases[i].value)
			assert_int_equal(value(d, cases[i].signal), cases[i].value);
		else
			assert_true(reading(d, cases[i].signal).rc != HG_OK);
		hg_close(ctx);
	}
}

static void test_scopes(void **state)
{
	static const char no_gpu[] = "{\"call\": \"nvmlDeviceGetFieldValues\", \"field\": 186, "
				     "\"scope\": 0, \"result\": 3}";
	static const char no_usage[] = "{\"call\": \"nvmlDeviceGetPowerUsage\", \"result\": 3}";
	static const char no_module[] = "{\"call\": \"nvmlDeviceGetFieldValues\", \"field\": 186, "
					"\"scope\": 1, \"result\": 3}";
	char rules[512];
	hg_ctx *ctx = context();
	hg_device *d;

	(void)state;
	(void)snprintf(rules, sizeof rules, ", \"rules\": [%s]", no_gpu);
	play("{\"power_w\": 250, \"module_w\": 0}", rules);
	d = device(ctx, "nvml:0");
	assert_string_equal(signal_of(d, "power").domain, "gpu");
	assert_non_null(strstr(signal_of(d, "power").text, "mean"));
	assert_int_equal(value(d, "power"), 250000);
	hg_device_close(d);
	(void)snprintf(rules, sizeof rules, ", \"rules\": [%s, %s]", no_gpu, no_usage);
	play("{\"power_w\": 250, \"module_w\": 80}", rules);
	d = device(ctx, "nvml:0");
	assert_string_equal(signal_of(d, "power").domain, "module");
	assert_int_equal(value(d, "power"), 330000);
	hg_device_close(d);
	(void)snprintf(
		rules, sizeof rules, ", \"rules\": [%s, %s, %s]", no_gpu, no_usage, no_module);
	play("{\"power_w\": 250, \"module_w\": 0}", rules);
	d = device(ctx, "nvml:0");
	assert_non_null(strstr(signal_of(d, "power").absent, "not supported"));
	assert_int_equal(reading(d, "power").rc, HG_EUNSUPPORTED);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_not_the_fake),
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_init_fails),
		cmocka_unit_test(test_one_lost),
		cmocka_unit_test(test_errors_by_count),
		cmocka_unit_test(test_device_lost),
		cmocka_unit_test(test_results_of_a_signal),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_value_types),
		cmocka_unit_test(test_scopes),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
