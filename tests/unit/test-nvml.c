/* The NVML backend: the real loader against the fake library, as it is and with functions missing,
 * failing, and answering nonsense. */
#define _POSIX_C_SOURCE 200809L
#include "near.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hourglass/hourglass.h>

#include "hardware/backend/nvml/nvml.h"

/* ----- scenarios, libraries */

static char dir[] = "/tmp/test-nvml-XXXXXX";

static void write_file(const char *name, const void *data, size_t len, char path[128])
{
	FILE *f;

	(void)snprintf(path, 128, "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* What the fake library plays from its next initialisation on. */
static void play(const char *devices, const char *more)
{
	char text[4096], path[128];
	int len = snprintf(text, sizeof text,
		"{\"schema\": \"hourglass.fake-nvml/1\", \"devices\": [%s]%s}", devices, more);

	assert_true(len > 0 && (size_t)len < sizeof text);
	write_file("scenario.json", text, (size_t)len, path);
	assert_int_equal(setenv("HOURGLASS_FAKE_NVML", path, 1), 0);
	assert_int_equal(setenv("HOURGLASS_NVML", HG_FAKE_NVML, 1), 0);
}

/* A copy of the library in which one function has another name, so that nobody finds it. */
static void without(const char *symbol)
{
	char from[128], to[128], path[128], *data;
	size_t len = strlen(symbol) + 2, found = 0, size;
	FILE *f = fopen(HG_FAKE_NVML, "rb");

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = (size_t)ftell(f);
	rewind(f);
	data = malloc(size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, size, f), size);
	(void)fclose(f);
	memset(from, 0, sizeof from);
	(void)snprintf(from + 1, sizeof from - 1, "%s", symbol);
	memcpy(to, from, sizeof to);
	to[1] = 'x';
	for (size_t i = 0; i + len <= size; i++)
		if (!memcmp(data + i, from, len)) {
			memcpy(data + i, to, len);
			found++;
		}
	assert_true(found > 0);
	(void)snprintf(from, sizeof from, "without-%s.so", symbol);
	write_file(from, data, size, path);
	free(data);
	assert_int_equal(setenv("HOURGLASS_NVML", path, 1), 0);
}

static hg_ctx *context(void)
{
	hg_error why = {""};
	hg_ctx *ctx;

	assert_ok(hg_open(NULL, &ctx, &why), &why);
	return ctx;
}

static hg_device *device(hg_ctx *ctx, const char *spec)
{
	hg_error why = {""};
	hg_device *d;

	assert_ok(hg_device_open(ctx, spec, &d, &why), &why);
	return d;
}

static hg_err refused(const char *spec, hg_error *why)
{
	hg_ctx *ctx = context();
	hg_device *d;
	hg_err rc = hg_device_open(ctx, spec, &d, why);

	assert_true(rc != HG_OK);
	assert_null(d);
	hg_close(ctx);
	return rc;
}

static hg_signal_info signal_of(const hg_device *d, const char *name)
{
	hg_signal_info info = {.size = sizeof info};

	assert_int_equal(hg_device_signal(d, hg_device_signal_index(d, name), &info), HG_OK);
	return info;
}

static hg_knob_info knob_of(const hg_device *d, const char *name)
{
	hg_knob_info info = {.size = sizeof info};

	assert_int_equal(hg_device_knob(d, hg_device_knob_index(d, name), &info), HG_OK);
	return info;
}

static hg_reading reading(hg_device *d, const char *name)
{
	size_t id = hg_device_signal_index(d, name);
	hg_reading r;

	assert_int_equal(hg_device_read(d, &id, 1, &r), HG_OK);
	assert_true(r.t0_ns <= r.t1_ns);
	return r;
}

static int64_t value(hg_device *d, const char *name)
{
	hg_reading r = reading(d, name);

	assert_int_equal(r.rc, HG_OK);
	return r.value;
}

static hg_err set(hg_device *d, const char *name, int64_t to, hg_effect *effect, hg_error *why)
{
	return hg_device_set(d, hg_device_knob_index(d, name), to, effect, why);
}

struct told {
	hg_err rc;
	size_t devices;
	char reason[HG_ERROR_TEXT];
};

static void listen(void *user, const hg_discovery *found)
{
	struct told *t = user;

	if (strcmp(found->backend, "nvml") != 0)
		return;
	t->rc = found->rc;
	t->devices = found->devices;
	(void)snprintf(t->reason, sizeof t->reason, "%s", found->reason);
}

static struct told discover(hg_ctx *ctx)
{
	struct told t = {.rc = HG_EINTERNAL};
	hg_error why = {""};

	assert_ok(hg_discover(ctx, listen, &t, &why), &why);
	return t;
}

static struct told discover_alone(void)
{
	hg_ctx *ctx = context();
	struct told t = discover(ctx);

	hg_close(ctx);
	return t;
}

/* ----- what is there */

static void test_signals(void **state)
{
	hg_ctx *ctx = context();
	hg_device_info info = {.size = sizeof info};
	hg_device *d;
	int64_t before;

	(void)state;
	play("{\"power_w\": 300, \"counter_period_s\": 0, \"memory_power_w\": 40, "
	     "\"energy_start_j\": 1000, \"utilisation\": 0.5, \"temperature_c\": 51}",
		", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	hg_device_get_info(d, &info);
	assert_string_equal(info.vendor, "nvidia");
	assert_string_equal(info.title, "Fake H100");
	assert_string_equal(info.uuid, "GPU-fa4e0000-0000-4000-8000-000000000000");
	assert_string_equal(info.pci, "0000:17:00.0");
	assert_string_equal(info.parent, "");
	assert_int_equal(info.simulated, 1); /* joules of a fake are no joules */
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info s = {.size = sizeof s};

		assert_int_equal(hg_device_signal(d, i, &s), HG_OK);
		assert_null(s.absent);
		assert_true(*s.text && *s.domain && *s.unit && s.resolution > 0);
	}
	/* a call is 10 ms at 300 W: 3 J */
	before = value(d, "energy");
	assert_true(before > 1000000000);
	assert_int_equal(value(d, "energy"), before + 3000000);
	assert_int_equal(value(d, "power"), 300000);
	assert_int_equal(value(d, "power_average"), 300000);
	assert_int_equal(value(d, "memory_power"), 40000);
	assert_string_equal(signal_of(d, "memory_power").domain, "memory");
	assert_int_equal(value(d, "sm_clock"), 1980000000);
	assert_int_equal(value(d, "memory_clock"), 2619000000);
	assert_int_equal(value(d, "power_limit"), 700000);
	assert_int_equal(value(d, "temperature"), 51000);
	assert_int_equal(value(d, "throttle"), 0);
	assert_int_equal(value(d, "utilisation"), 500000);
	assert_int_equal(value(d, "memory_utilisation"), 250000);
	hg_close(ctx);
}

/* All at once is what each alone is, in any order and twice. */
static void test_read_many(void **state)
{
	hg_ctx *ctx = context();
	size_t ids[2 * NVML_SIGNALS];
	hg_reading many[2 * NVML_SIGNALS];
	hg_device *d;

	(void)state;
	play("{\"counter_period_s\": 1000}", "");
	d = device(ctx, "nvml:0");
	for (size_t i = 0; i < 2 * NVML_SIGNALS; i++)
		ids[i] = i * 7 % NVML_SIGNALS;
	assert_int_equal(hg_device_read(d, ids, 2 * NVML_SIGNALS, many), HG_OK);
	for (size_t i = 0; i < 2 * NVML_SIGNALS; i++) {
		hg_reading one;

		assert_int_equal(hg_device_read(d, &ids[i], 1, &one), HG_OK);
		assert_int_equal(many[i].rc, one.rc);
		assert_int_equal(many[i].value, one.value);
		assert_true(many[i].t0_ns > 0 && many[i].t0_ns <= many[i].t1_ns);
	}
	ids[0] = NVML_SIGNALS;
	assert_int_equal(hg_device_read(d, ids, 1, many), HG_EINVAL);
	hg_close(ctx);
}

static void test_counter(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d;
	int64_t first, last;
	size_t moved = 0;

	(void)state;
	/* 100 W, from 1 s on 400 W; ticks of 0.1 s, calls of 10 ms; reads twice as much as it is */
	play("{\"power_w\": [[0, 100], [1, 400]], \"counter_period_s\": 0.1, \"counter_gain\": 2}",
		", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	first = last = value(d, "energy");
	for (int i = 0; i < 200; i++) {
		int64_t now = value(d, "energy");

		assert_true(now >= last);
		moved += now != last;
		last = now;
	}
	/* at least 1 s of the 2 s at 400 W, times two */
	assert_true(moved >= 19 && moved <= 21);
	assert_true(last - first > 800000000 && last - first < 1700000000);
	assert_int_equal(signal_of(d, "energy").period_ns, 100000000);
	hg_close(ctx);
}

/* ----- knobs */

static void test_knobs(void **state)
{
	hg_ctx *ctx = context();
	hg_effect effect = {0};
	hg_error why = {""};
	hg_knob_info k;
	hg_device *d;
	int64_t before;

	(void)state;
	play("{\"power_w\": 600, \"counter_period_s\": 0}", ", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	k = knob_of(d, "power_limit");
	assert_null(k.unsettable);
	assert_int_equal(k.min, 200000);
	assert_int_equal(k.max, 700000);
	assert_int_equal(k.default_value, 700000);
	assert_int_equal(k.current, 700000);
	assert_ok(set(d, "power_limit", 300000, &effect, &why), &why);
	assert_int_equal(effect.requested, 300000);
	assert_int_equal(effect.enforced, 300000);
	assert_int_equal(effect.observed, 300000);
	assert_int_equal(knob_of(d, "power_limit").current, 300000);
	/* the limit binds: power, clock and reason say so */
	assert_int_equal(value(d, "power_limit"), 300000);
	assert_int_equal(value(d, "power"), 300000);
	assert_int_equal(value(d, "sm_clock"), 990000000);
	assert_int_equal(value(d, "throttle"), HG_THROTTLE_POWER_LIMIT);
	before = value(d, "energy");
	assert_int_equal(value(d, "energy"), before + 3000000);
	/* out of range never reaches the driver */
	assert_int_equal(set(d, "power_limit", 199999, NULL, &why), HG_ERANGE);
	assert_int_equal(set(d, "power_limit", 700001, NULL, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(value(d, "power_limit"), 700000);
	hg_close(ctx);
}

static void test_clocks(void **state)
{
	hg_ctx *ctx = context();
	hg_effect effect = {0};
	hg_error why = {""};
	hg_knob_info k;
	hg_device *d;

	(void)state;
	play("{\"sm_clocks_mhz\": [1500, 1000, 1200, 1000], \"memory_clocks_mhz\": [800, 2600], "
	     "\"power_w\": 300}",
		"");
	d = device(ctx, "nvml:0");
	k = knob_of(d, "sm_clock");
	assert_null(k.unsettable);
	assert_int_equal(k.n_ladder, 3);
	assert_int_equal(k.ladder[0], 1000000000);
	assert_int_equal(k.ladder[2], 1500000000);
	assert_int_equal(k.min, 1000000000);
	assert_int_equal(k.max, 1500000000);
	assert_int_equal(k.step, 100000000);
	assert_int_equal(k.default_value, 0);
	/* to the nearest of the ladder, the lower of two */
	assert_ok(set(d, "sm_clock", 1340000000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 1200000000);
	assert_ok(set(d, "sm_clock", 1100000000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 1000000000);
	assert_int_equal(knob_of(d, "sm_clock").current, 1000000000);
	assert_int_equal(value(d, "sm_clock"), 1000000000);
	assert_int_equal(value(d, "power"), 200000);
	assert_ok(set(d, "memory_clock", 800000000, &effect, &why), &why);
	assert_int_equal(value(d, "memory_clock"), 800000000);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(value(d, "sm_clock"), 1500000000);
	assert_int_equal(value(d, "memory_clock"), 2600000000);
	assert_int_equal(knob_of(d, "sm_clock").current, 0);
	hg_close(ctx);
}

static void test_unsettable(void **state)
{
	hg_ctx *ctx = context();
	hg_error why = {""};
	hg_device *d;

	(void)state;
	play("{}", ", \"rights\": false");
	d = device(ctx, "nvml:0");
	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		hg_knob_info k = {.size = sizeof k};

		assert_int_equal(hg_device_knob(d, i, &k), HG_OK);
		assert_non_null(strstr(k.unsettable, "CAP_SYS_ADMIN"));
		assert_true(k.max > 0); /* the range is known all the same */
	}
	assert_int_equal(set(d, "power_limit", 300000, NULL, &why), HG_EUNSUPPORTED);
	assert_non_null(strstr(why.text, "CAP_SYS_ADMIN"));
	assert_ok(hg_device_reset(d, &why), &why);
	hg_close(ctx);
	/* a range of one value */
	play("{\"power_limit_min_w\": 290, \"power_limit_max_w\": 290, "
	     "\"power_limit_default_w\": 290}",
		"");
	ctx = context();
	assert_non_null(strstr(knob_of(device(ctx, "nvml:0"), "power_limit").unsettable, "single"));
	hg_close(ctx);
}

static void test_set_fails(void **state)
{
	static const struct {
		const char *rule;
		hg_err rc;
		const char *text;
	} cases[] = {
		{"{\"call\": \"nvmlDeviceSetPowerManagementLimit\", \"result\": 4}", HG_EPERM,
			"not permitted"},
		{"{\"call\": \"nvmlDeviceSetPowerManagementLimit\", \"result\": 3}", HG_EDEVICE,
			"not supported"},
		{"{\"call\": \"nvmlDeviceSetPowerManagementLimit\", \"result\": 15}", HG_EDEVICE,
			"lost"},
		{"{\"call\": \"nvmlDeviceGetPowerManagementLimit\", \"after\": 1, \"result\": 999}",
			HG_EDEVICE, "set but cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hg_ctx *ctx = context();
		char rules[256];
		hg_error why = {""};
		hg_device *d;

		(void)snprintf(rules, sizeof rules, ", \"rules\": [%s]", cases[i].rule);
		play("{}", rules);
		d = device(ctx, "nvml:0");
		assert_int_equal(set(d, "power_limit", 300000, NULL, &why), cases[i].rc);
		assert_non_null(strstr(why.text, cases[i].text));
		assert_non_null(strstr(why.text, "nvml:0"));
		hg_close(ctx);
	}
}

/* ----- identity */

static void test_names(void **state)
{
	static const char *const good[] = {"nvml:1", "nvml:GPU-bbbb-2", "nvml:GPU-b",
		"nvml:0000:2a:00.0", "nvml:00000000:2A:00.0", "nvml:2A:00.0"};
	static const struct {
		const char *spec, *text;
		hg_err rc;
	} bad[] = {{"nvml:2", "there are 2", HG_ENOENT}, {"nvml:", "expected", HG_EINVAL},
		{"nvml:GPU-", "2 devices", HG_ENOENT}, {"nvml:GPU-c", "no such GPU", HG_ENOENT},
		{"nvml:99999999999999999999", "no such GPU", HG_ENOENT},
		{"nvml:-1", "no such GPU", HG_ENOENT}};
	hg_ctx *ctx = context();

	(void)state;
	play("{\"uuid\": \"GPU-aaaa-1\"}, {\"uuid\": \"GPU-bbbb-2\"}", "");
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		hg_device_info info = {.size = sizeof info};

		hg_device_get_info(device(ctx, good[i]), &info);
		assert_string_equal(info.uuid, "GPU-bbbb-2");
		assert_string_equal(info.pci, "0000:2a:00.0");
		assert_string_equal(info.spec, good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		hg_error why = {""};

		assert_int_equal(refused(bad[i].spec, &why), bad[i].rc);
		assert_non_null(strstr(why.text, bad[i].text));
	}
	hg_close(ctx);
}

static void test_mig(void **state)
{
	hg_ctx *ctx = context();
	struct told t;
	hg_device_info info = {.size = sizeof info};
	hg_device *whole, *part;

	(void)state;
	play("{\"uuid\": \"GPU-whole\", \"mig\": [\"MIG-one\", null, \"MIG-two\"]}, {}", "");
	t = discover(ctx);
	assert_int_equal(t.rc, HG_OK);
	assert_int_equal(t.devices, 4);
	whole = hg_device_next(ctx, NULL);
	part = hg_device_next(ctx, whole);
	hg_device_get_info(whole, &info);
	assert_string_equal(info.spec, "nvml:0");
	hg_device_get_info(part, &info);
	assert_string_equal(info.spec, "nvml:MIG-one");
	assert_string_equal(info.uuid, "MIG-one");
	assert_string_equal(info.parent, "GPU-whole");
	/* joules of the whole GPU are not an instance's */
	assert_non_null(strstr(signal_of(part, "energy").absent, "GPU-whole"));
	assert_int_equal(reading(part, "energy").rc, HG_EUNSUPPORTED);
	assert_int_equal(reading(part, "power").rc, HG_EUNSUPPORTED);
	assert_non_null(strstr(knob_of(part, "power_limit").unsettable, "MIG"));
	assert_null(signal_of(whole, "energy").absent);
	hg_close(ctx);
}

/* ----- functions that are missing */

/** What goes with a function: names of signals and knobs. */
static const struct {
	const char *symbol, *gone[3];
} needed_by[] = {
	{"nvmlErrorString", {NULL}},
	{"nvmlDeviceGetName", {NULL}},
	{"nvmlDeviceGetPciInfo_v3", {NULL}},
	{"nvmlDeviceGetMigMode", {NULL}},
	{"nvmlDeviceGetMaxMigDeviceCount", {NULL}},
	{"nvmlDeviceGetMigDeviceHandleByIndex", {NULL}},
	{"nvmlDeviceGetTotalEnergyConsumption", {NULL}}, /* by field instead */
	{"nvmlDeviceGetFieldValues", {"power_average", "memory_power"}},
	{"nvmlDeviceGetPowerUsage", {NULL}},
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
	{"nvmlDeviceSetPowerManagementLimit", {"knob power_limit"}},
	{"nvmlDeviceSetGpuLockedClocks", {"knob sm_clock"}},
	{"nvmlDeviceResetGpuLockedClocks", {"knob sm_clock"}},
	{"nvmlDeviceSetMemoryLockedClocks", {"knob memory_clock"}},
	{"nvmlDeviceResetMemoryLockedClocks", {"knob memory_clock"}},
};

static bool expected_gone(size_t i, const char *kind, const char *name)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%s%s", kind, name);
	for (size_t k = 0; k < 3; k++)
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

		play("{\"memory_power_w\": 40}", "");
		without(needed_by[i].symbol);
		check_gone(device(ctx, "nvml:0"), i);
		hg_close(ctx);
	}
	/* none was forgotten; the fake's own name is the one more */
#define OPT                                                            1u
#define REQ                                                            0u
#define COUNT_OPTIONAL(kind, member, symbol, older, result, arguments) optional += (kind);
	NVML_SYMBOLS(COUNT_OPTIONAL)
	assert_int_equal(optional, sizeof needed_by / sizeof needed_by[0] + 1);
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
		without(required[i]);
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
	play("{\"power_w\": 250}", rules);
	d = device(ctx, "nvml:0");
	assert_string_equal(signal_of(d, "power").domain, "gpu");
	assert_non_null(strstr(signal_of(d, "power").text, "mean"));
	assert_int_equal(value(d, "power"), 250000);
	hg_device_close(d);
	(void)snprintf(rules, sizeof rules, ", \"rules\": [%s, %s]", no_gpu, no_usage);
	play("{\"power_w\": 250}", rules);
	d = device(ctx, "nvml:0");
	assert_string_equal(signal_of(d, "power").domain, "module");
	assert_int_equal(value(d, "power"), 250000);
	hg_device_close(d);
	(void)snprintf(
		rules, sizeof rules, ", \"rules\": [%s, %s, %s]", no_gpu, no_usage, no_module);
	play("{\"power_w\": 250}", rules);
	d = device(ctx, "nvml:0");
	assert_non_null(strstr(signal_of(d, "power").absent, "not supported"));
	assert_int_equal(reading(d, "power").rc, HG_EUNSUPPORTED);
	hg_close(ctx);
}

/* ----- hg_profile, in real time, with no word about NVML */

static hg_err sleep_by_limit(void *user, hg_device *d, uint64_t units)
{
	double unit_s = 0.01 * 600000.0 / (double)knob_of(d, "power_limit").current;
	double seconds = fmin(unit_s * (double)units, 5.0);
	struct timespec t = {(time_t)seconds, (long)(fmod(seconds, 1.0) * 1e9)};

	(void)user;
	nanosleep(&t, NULL);
	return HG_OK;
}

static void test_profile(void **state)
{
	static const int64_t limits[] = {600000, 300000};
	hg_ctx *ctx = context();
	hg_device *d;
	hg_sweep sweep = {.values = limits, .n_values = 2};
	hg_profile_opts opts = {.size = sizeof opts,
		.sweeps = &sweep,
		.n_sweeps = 1,
		.target_rsd = 0.05,
		.max_window_s = 1.0};
	hg_frontier *f = NULL;
	hg_error why = {""};
	const hg_point *p;
	size_t n;

	(void)state;
	play("{\"power_w\": 900, \"counter_period_s\": 0.02}", "");
	d = device(ctx, "nvml:0");
	sweep.knob = hg_device_knob_index(d, "power_limit");
	assert_ok(hg_profile(d, &opts, sleep_by_limit, NULL, &f, &why), &why);
	/* same energy, twice the time: one of the two is dominated, by a hair */
	p = hg_frontier_points(f);
	(void)hg_frontier_dominated(f, &n);
	assert_int_equal(hg_frontier_count(f) + n, 2);
	assert_true(p[0].time_s >= 0.01 && p[0].time_s < 0.03);
	assert_true(fabs(p[0].energy_j / p[0].time_s - 600.0) < 90.0);
	assert_int_equal(p[0].origin, HG_ORIGIN_MEASURED | HG_ORIGIN_SIMULATED);
	assert_int_equal(value(d, "power_limit"), 700000);
	hg_frontier_destroy(f);
	hg_close(ctx);
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	char path[128];

	(void)state;
#define REMOVE(kind, member, symbol, older, result, arguments)                                     \
	(void)snprintf(path, sizeof path, "%s/without-%s.so", dir, #symbol);                       \
	(void)remove(path);
	NVML_SYMBOLS(REMOVE)
	(void)snprintf(path, sizeof path, "%s/scenario.json", dir);
	(void)remove(path);
	(void)snprintf(path, sizeof path, "%s/text.so", dir);
	(void)remove(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_read_many),
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_knobs),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_unsettable),
		cmocka_unit_test(test_set_fails),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mig),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_not_the_fake),
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_init_fails),
		cmocka_unit_test(test_one_lost),
		cmocka_unit_test(test_errors_by_count),
		cmocka_unit_test(test_device_lost),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_profile),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
