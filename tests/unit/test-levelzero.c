/* Level Zero: the real loader against the fake library, what it plays, and each function missing.
 */
#define _POSIX_C_SOURCE 200809L
#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <hourglass/hourglass.h>

#include "hardware/backend/levelzero/gpu.h"
#include "hardware/device/backend.h"
#include "tree.h"

static struct tree t; /* folder of scenarios and copies of the library */

static int setup(void **state)
{
	(void)state;
	tree_init(&t);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

/* What is played from now on, by a library that was not loaded before. */
static void play(const char *devices, const char *more)
{
	static int copies;
	char text[2048], path[128], name[32], *data;
	size_t size;
	FILE *f = fopen(HG_FAKE_LEVELZERO, "rb");

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = (size_t)ftell(f);
	rewind(f);
	data = malloc(size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, size, f), size);
	(void)fclose(f);
	(void)snprintf(name, sizeof name, "lib%d.so", copies++);
	tree_put_bytes(&t, name, data, size);
	free(data);
	assert_true(snprintf(text, sizeof text,
			    "{\"schema\": \"hourglass.scenario/1\", \"devices\": [%s]%s}", devices,
			    more) < (int)sizeof text);
	tree_put_bytes(&t, "scenario.json", text, strlen(text));
	(void)snprintf(path, sizeof path, "%s/scenario.json", t.root);
	assert_int_equal(setenv("HOURGLASS_SCENARIO", path, 1), 0);
	(void)snprintf(path, sizeof path, "%s/%s", t.root, name);
	assert_int_equal(setenv("HOURGLASS_LEVEL_ZERO", path, 1), 0);
}

#define GPU                                                                                        \
	"{\"vendor\": \"intel\", \"name\": \"Max 1550\", \"pci\": \"00000000:3A:00.0\", "          \
	"\"uuid\": \"GPU-00000000-0000-0000-0000-0bd580860000\", \"sm_clocks_mhz\": "              \
	"[1600, 1550, 600], \"memory_clocks_mhz\": [3200], \"power_w\": 400, "                     \
	"\"counter_period_s\": 0, \"power_limit_max_w\": 600, \"power_limit_default_w\": 600"

static hg_device *open_gpu(hg_ctx *ctx)
{
	return tree_device(ctx, "levelzero:0000:3a:00.0");
}

/* ----- what is read */

static void test_signals(void **state)
{
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx = tree_context(&t);
	hg_device *d;
	hg_reading a, b;

	(void)state;
	play(GPU ", \"temperature_c\": 61.5}", ", \"call_s\": 0.5");
	d = open_gpu(ctx);
	hg_device_get_info(d, &info);
	assert_int_equal(info.simulated, 1);
	assert_string_equal(info.vendor, "intel");
	assert_string_equal(info.title, "Max 1550");
	assert_string_equal(info.pci, "0000:3a:00.0");
	assert_string_equal(info.uuid, "GPU-000000000000000000000bd580860000");
	/* the card's domain, not the first one: 400 W, half a second a call */
	a = tree_read(d, "energy");
	b = tree_read(d, "energy");
	assert_int_equal(b.value - a.value, 200000000);
	assert_string_equal(tree_signal(d, "energy").domain, "gpu");
	assert_int_equal(tree_read(d, "power").value, 400000);
	assert_int_equal(tree_read(d, "power_average").value, 400000);
	assert_int_equal(tree_read(d, "sm_clock").value, 1600000000);
	assert_int_equal(tree_read(d, "memory_clock").value, 3200000000);
	assert_int_equal(tree_read(d, "throttle").value, 0);
	/* the chip's own sensor: not that of a tile, which comes first, nor the hottest of all */
	assert_int_equal(tree_read(d, "temperature").value, 61500);
	assert_int_equal(tree_read(d, "memory_temperature").value, 65500);
	hg_close(ctx);
}

static void test_names(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_error why = {""};
	hg_device *d;

	(void)state;
	play(GPU "}, {\"vendor\": \"nvidia\"}", "");
	(void)tree_device(ctx, "levelzero:0");
	assert_int_equal(hg_device_open(ctx, "levelzero:1", &d, &why), HG_ENOENT);
	assert_has(why.text, "there are 1, the first is \"levelzero:0000:3a:00.0\"");
	assert_int_equal(hg_device_open(ctx, "levelzero:", &d, &why), HG_ENOENT);
	hg_close(ctx);
	ctx = tree_context(&t);
	play("", "");
	assert_int_equal(hg_device_open(ctx, "levelzero:0", &d, &why), HG_ENOENT);
	assert_has(why.text, "knows of no GPU");
	hg_close(ctx);
}

/* ----- what is set */

static void test_limit(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_error why = {""};
	hg_effect effect;
	hg_knob_info k;
	hg_device *d;

	(void)state;
	play(GPU "}", "");
	d = open_gpu(ctx);
	k = tree_knob(d, "power_limit");
	assert_null(k.unsettable);
	/* not the limit of current that comes first */
	assert_int_equal(k.current, 600000);
	assert_int_equal(k.min, 200000);
	assert_int_equal(k.max, 600000);
	assert_ok(hg_device_set(d, 0, 300000, &effect, &why), &why);
	assert_int_equal(effect.observed, 300000);
	assert_int_equal(tree_read(d, "power").value, 300000);
	assert_int_equal(tree_read(d, "throttle").value, HG_THROTTLE_POWER_LIMIT);
	assert_int_equal(hg_device_set(d, 0, 700000, &effect, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(tree_knob(d, "power_limit").current, 600000);
	hg_close(ctx);
}

static void test_lock(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_error why = {""};
	hg_effect effect;
	hg_knob_info k;
	hg_device *d;

	(void)state;
	play(GPU "}", "");
	d = open_gpu(ctx);
	k = tree_knob(d, "sm_clock");
	assert_int_equal(k.n_ladder, 3);
	assert_int_equal(k.ladder[0], 600000000);
	assert_int_equal(k.ladder[2], 1600000000);
	assert_int_equal(k.current, 0);
	/* clamped to a step, and all said to be well: what is observed says so */
	assert_ok(hg_device_set(d, 1, 1400000000, &effect, &why), &why);
	assert_int_equal(effect.requested, 1400000000);
	assert_int_equal(effect.observed, 1550000000);
	assert_int_equal(tree_read(d, "sm_clock").value, 1550000000);
	/* asked for is no reason */
	assert_int_equal(tree_read(d, "throttle").value, 0);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(tree_knob(d, "sm_clock").current, 0);
	assert_int_equal(tree_read(d, "sm_clock").value, 1600000000);
	hg_close(ctx);
}

static void test_no_rights(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_device *d;

	(void)state;
	play(GPU "}", ", \"rights\": false");
	d = open_gpu(ctx);
	assert_has(tree_knob(d, "power_limit").unsettable, "root");
	assert_int_equal(tree_knob(d, "power_limit").current, 600000);
	assert_non_null(tree_knob(d, "sm_clock").unsettable);
	hg_close(ctx);
}

/* ----- what goes wrong */

static void test_faults(void **state)
{
	static const struct {
		const char *rule, *signal;
	} cases[] = {
		/* lost; asleep; not permitted; an error that nobody knows; a value that is none */
		{"\"call\": \"*\", \"after\": 40, \"result\": 1879048193", "energy"},
		{"\"call\": \"zesPowerGetEnergyCounter\", \"after\": 1, \"result\": 1879048199",
			"energy"},
		{"\"call\": \"zesPowerGetUsage\", \"after\": 2, \"result\": 1879113728", "power"},
		{"\"call\": \"zesFrequencyGetState\", \"after\": 3, \"result\": 77", "sm_clock"},
		{"\"call\": \"zesPowerGetUsage\", \"field\": 1, \"after\": 2, \"result\": 1",
			"power_average"},
		{"\"call\": \"zesFrequencyGetState\", \"field\": 0, \"scope\": 0, \"after\": 2, "
		 "\"result\": 1",
			"sm_clock"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_ctx *ctx = tree_context(&t);
		hg_device *d;
		hg_reading r = {.rc = HG_OK};
		char more[256];

		(void)snprintf(more, sizeof more, ", \"rules\": [{%s}]", cases[i].rule);
		play(GPU "}", more);
		d = open_gpu(ctx);
		assert_null(tree_signal(d, cases[i].signal).absent);
		for (int k = 0; k < 60 && !r.rc; k++)
			r = tree_read(d, cases[i].signal);
		assert_int_equal(r.rc, HG_EDEVICE);
		assert_int_equal(r.value, 0);
		hg_close(ctx);
	}
}

/* A driver that does not let itself be asked at the start: the reason is kept. */
static void test_refusals(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_error why = {""};
	hg_device *d;

	(void)state;
	play(GPU "}", ", \"rules\": [{\"call\": \"zesInit\", \"result\": 2013265921}]");
	assert_int_equal(hg_device_open(ctx, "levelzero:0", &d, &why), HG_EDEVICE);
	assert_has(why.text, "zesInit: no driver");
	play(GPU "}",
		", \"rules\": [{\"call\": \"zesPowerGetEnergyCounter\", \"result\": 2013265923}]");
	d = open_gpu(ctx);
	assert_has(tree_signal(d, "energy").absent, "not supported");
	assert_null(tree_signal(d, "power").absent);
	play("7", "");
	assert_int_equal(hg_device_open(ctx, "levelzero:0", &d, &why), HG_EDEVICE);
	assert_has(why.text, "scenario.json:1");
	tree_put(&t, "text.so", "no library");
	assert_int_equal(setenv("HOURGLASS_LEVEL_ZERO", "/nowhere/libze.so", 1), 0);
	assert_int_equal(hg_device_open(ctx, "levelzero:0", &d, &why), HG_ENOENT);
	assert_has(why.text, "HOURGLASS_LEVEL_ZERO");
	hg_close(ctx);
}

/* Without a function its signal or knob is gone, with the reason, and nothing else changes. */
static void test_missing(void **state)
{
	static const struct {
		const char *symbol, *gone;
	} cases[] = {
		{"zesPowerGetEnergyCounter", "energy"},
		{"zesPowerGetUsage", "power power_average"},
		{"zesFrequencyGetState", "sm_clock memory_clock throttle"},
		{"zesDeviceEnumFrequencyDomains", "sm_clock memory_clock throttle"},
		{"zesPowerGetLimitsExt", "power_limit"},
		{"zesPowerSetLimitsExt", "power_limit"},
		{"zesFrequencySetRange", "lock"},
		{"zesFrequencyGetRange", "lock"},
		{"zesDeviceGetCardPowerDomain", ""},
		{"zesFrequencyGetAvailableClocks", ""},
		{"zesDevicePciGetProperties", ""},
		{"zesPowerGetProperties", ""},
		{"zesInit", "all"},
		{"zesDriverGet", "all"},
		{"zesDeviceGet", "all"},
		{"zesDeviceGetProperties", "all"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_ctx *ctx = tree_context(&t);
		hg_error why = {""};
		hg_device *d;
		char more[128];

		(void)snprintf(more, sizeof more, ", \"missing\": [\"%s\"]", cases[i].symbol);
		play(GPU "}", more);
		if (!strcmp(cases[i].gone, "all")) {
			assert_int_equal(
				hg_device_open(ctx, "levelzero:0", &d, &why), HG_EUNSUPPORTED);
			assert_has(why.text, cases[i].symbol);
			hg_close(ctx);
			continue;
		}
		d = tree_device(ctx, "levelzero:0");
		for (size_t k = 0; k < hg_device_signals(d); k++) {
			hg_signal_info s = {.size = sizeof s};

			assert_int_equal(hg_device_signal(d, k, &s), HG_OK);
			assert_int_equal(s.absent != NULL,
				strstr(cases[i].gone, s.name) &&
					strcmp(cases[i].gone, "power_limit") != 0);
		}
		assert_int_equal(tree_knob(d, "power_limit").unsettable != NULL,
			!strcmp(cases[i].gone, "power_limit"));
		assert_int_equal(tree_knob(d, "sm_clock").unsettable != NULL,
			!strcmp(cases[i].gone, "lock") ||
				!strcmp(cases[i].symbol, "zesDeviceEnumFrequencyDomains"));
		hg_close(ctx);
	}
}

/* The same GPU by the kernel's files and by Level Zero is one. */
static void test_same(void **state)
{
	const hg_device *set[2];
	hg_ctx *ctx;

	(void)state;
	tree_put(&t, "sys/class/drm/card1/device/uevent",
		"DRIVER=xe\nPCI_ID=8086:0BD5\nPCI_SLOT_NAME=0000:3a:00.0");
	play(GPU "}", "");
	ctx = tree_context(&t);
	set[0] = open_gpu(ctx);
	set[1] = tree_device(ctx, "intel:0000:3a:00.0");
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, NULL), HG_EINVAL);
	hg_close(ctx);
}

struct told {
	size_t devices;
	char reason[HG_ERROR_TEXT];
};

static void listen(void *user, const hg_discovery *found)
{
	struct told *told = user;

	if (strcmp(found->backend, "levelzero") != 0)
		return;
	told->devices = found->devices;
	(void)snprintf(told->reason, sizeof told->reason, "%s", found->reason);
}

static struct told discover(void)
{
	hg_ctx *ctx = tree_context(&t);
	struct told told = {0, ""};
	hg_error why = {""};

	assert_ok(hg_discover(ctx, listen, &told, &why), &why);
	hg_close(ctx);
	return told;
}

/* Not loaded where the kernel's files have it all. */
static void test_discover(void **state)
{
	static const char dir[] = "sys/class/drm/card1/device/";
	char path[128];

	(void)state;
	play(GPU "}", "");
	assert_int_equal(discover().devices, 1);
	assert_int_equal(unsetenv("HOURGLASS_LEVEL_ZERO"), 0);
	assert_has(discover().reason, "no /sys/class/drm");
	(void)snprintf(path, sizeof path, "%suevent", dir);
	tree_put(&t, path, "DRIVER=xe\nPCI_SLOT_NAME=0000:3a:00.0");
	(void)snprintf(path, sizeof path, "%shwmon/hwmon1/name", dir);
	tree_put(&t, path, "xe");
	(void)snprintf(path, sizeof path, "%shwmon/hwmon1/energy2_input", dir);
	tree_put(&t, path, "12");
	assert_has(discover().reason, "not loaded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_signals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_rights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discover, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
