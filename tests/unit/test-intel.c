/* Intel GPUs on fake trees of the drivers xe and i915: which file is what, the lock of the clock,
 * the limit, and everything absent. */
#include "near.h"

#include <stdio.h>

#include <hourglass/hourglass.h>

#include "tree.h"

#define XE   "sys/class/drm/card1/device/"
#define I915 "sys/class/drm/card0/"

static struct tree t;

static int setup(void **state)
{
	(void)state;
	tree_init(&t);
	tree_folder(&t, "sys/class/drm");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

static void put_all(const char *dir, const char *const files[][2], size_t n)
{
	char path[200];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(path, sizeof path, "%s%s", dir, files[i][0]);
		tree_put(&t, path, files[i][1]);
	}
}

/* A card of two tiles; the channels are not in the order of their meaning. */
static void xe(void)
{
	static const char *const files[][2] = {
		{"uevent", "DRIVER=xe\nPCI_ID=8086:0BD5\nPCI_SLOT_NAME=0000:3a:00.0"},
		{"hwmon/hwmon3/name", "xe"},
		{"hwmon/hwmon3/energy1_label", "pkg"},
		{"hwmon/hwmon3/energy1_input", "1000"},
		{"hwmon/hwmon3/energy2_label", "card"},
		{"hwmon/hwmon3/energy2_input", "4294967296123"},
		{"hwmon/hwmon3/power1_label", "card"},
		{"hwmon/hwmon3/power1_max", "450000000"},
		{"hwmon/hwmon3/power1_rated_max", "600000000"},
		{"hwmon/hwmon3/power1_crit", "1200000000"},
		{"hwmon/hwmon3/power1_max_interval", "28000"},
		{"hwmon/hwmon3/temp2_label", "pkg"},
		{"hwmon/hwmon3/temp2_input", "47000"},
		{"hwmon/hwmon3/temp3_label", "vram"},
		{"hwmon/hwmon3/temp3_input", "51000"},
		{"tile0/gt0/freq0/act_freq", "1550"},
		{"tile0/gt0/freq0/min_freq", "600"},
		{"tile0/gt0/freq0/max_freq", "1600"},
		{"tile0/gt0/freq0/rpn_freq", "600"},
		{"tile0/gt0/freq0/rp0_freq", "1600"},
		{"tile0/gt0/freq0/throttle/status", "0"},
		{"tile0/gt0/freq0/throttle/reason_pl1", "0"},
		{"tile0/gt0/freq0/throttle/reason_pl4", "0"},
		{"tile0/gt0/freq0/throttle/reason_thermal", "0"},
		{"tile0/gt0/freq0/throttle/reason_prochot", "0"},
		{"tile0/gt0/freq0/throttle/reason_vr_tdc", "0"},
		{"tile1/gt0/freq0/act_freq", "1500"},
		{"tile1/gt0/freq0/min_freq", "600"},
		{"tile1/gt0/freq0/max_freq", "1600"},
		{"tile1/gt0/freq0/rpn_freq", "600"},
		{"tile1/gt0/freq0/rp0_freq", "1600"},
		{"tile1/gt0/freq0/throttle/reason_ratl", "0"},
		{"tile0/gt1/freq0/max_freq", "1300"},
	};

	put_all(XE, files, sizeof files / sizeof *files);
}

static void i915(void)
{
	static const char *const files[][2] = {
		{"device/uevent", "DRIVER=i915\nPCI_ID=8086:56C0\nPCI_SLOT_NAME=0000:4d:00.0"},
		{"device/hwmon/hwmon1/name", "i915_gt0"},
		{"device/hwmon/hwmon1/energy1_input", "7"},
		{"device/hwmon/hwmon2/name", "i915"},
		{"device/hwmon/hwmon2/energy1_input", "123456789"},
		{"device/hwmon/hwmon2/power1_max", "150000000"},
		{"device/hwmon/hwmon2/power1_rated_max", "120000000"},
		{"gt/gt0/rps_act_freq_mhz", "2050"},
		{"gt/gt0/rps_min_freq_mhz", "300"},
		{"gt/gt0/rps_max_freq_mhz", "2050"},
		{"gt/gt0/rps_RPn_freq_mhz", "300"},
		{"gt/gt0/rps_RP0_freq_mhz", "2050"},
		{"gt/gt0/throttle_reason_status", "1"},
		{"gt/gt0/throttle_reason_pl2", "1"},
		{"gt/gt0/throttle_reason_thermal", "0"},
		{"gt/gt1/rps_max_freq_mhz", "1300"},
	};

	put_all(I915, files, sizeof files / sizeof *files);
}

/* ----- what is read */

static void test_xe(void **state)
{
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	xe();
	ctx = tree_context(&t);
	d = tree_device(ctx, "intel:0000:3a:00.0");
	hg_device_get_info(d, &info);
	assert_string_equal(info.vendor, "intel");
	assert_string_equal(info.pci, "0000:3a:00.0");
	assert_has(info.title, "8086:0BD5");
	/* by label, and more than 32 bits of it */
	assert_int_equal(tree_read(d, "energy").value, 4294967296123);
	assert_int_equal(tree_signal(d, "energy").modulus, 0);
	assert_string_equal(tree_signal(d, "energy").domain, "gpu");
	assert_int_equal(tree_read(d, "package_energy").value, 1000);
	assert_has(tree_signal(d, "power").absent, "energy");
	assert_int_equal(tree_read(d, "temperature").value, 47000);
	assert_int_equal(tree_read(d, "memory_temperature").value, 51000);
	assert_int_equal(tree_read(d, "power_critical").value, 1200000);
	assert_int_equal(tree_read(d, "power_limit_window").value, 28000000000);
	assert_int_equal(tree_read(d, "sm_clock").value, 1550000000);
	assert_int_equal(tree_read(d, "sm_clock_tile1").value, 1500000000);
	hg_close(ctx);
}

static void test_throttle(void **state)
{
	static const struct {
		const char *file;
		int64_t bits;
	} cases[] = {
		{"tile0/gt0/freq0/throttle/reason_pl1", HG_THROTTLE_POWER_LIMIT},
		{"tile0/gt0/freq0/throttle/reason_pl4", HG_THROTTLE_POWER_LIMIT},
		{"tile0/gt0/freq0/throttle/reason_thermal", HG_THROTTLE_HEAT},
		{"tile0/gt0/freq0/throttle/reason_prochot", HG_THROTTLE_HEAT},
		{"tile0/gt0/freq0/throttle/reason_vr_tdc", HG_THROTTLE_HARDWARE},
		{"tile1/gt0/freq0/throttle/reason_ratl", HG_THROTTLE_HEAT},
		/* a sum of the others, no reason of its own */
		{"tile0/gt0/freq0/throttle/status", 0},
	};
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	xe();
	ctx = tree_context(&t);
	d = tree_device(ctx, "intel:0000:3a:00.0");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[128];

		(void)snprintf(path, sizeof path, XE "%s", cases[i].file);
		tree_put(&t, path, "1");
		assert_int_equal(tree_read(d, "throttle").value, cases[i].bits);
		tree_put(&t, path, "0");
		assert_int_equal(tree_read(d, "throttle").value, 0);
	}
	tree_put(&t, XE "tile0/gt0/freq0/throttle/reason_pl1", "1");
	tree_put(&t, XE "tile1/gt0/freq0/throttle/reason_ratl", "1");
	assert_int_equal(
		tree_read(d, "throttle").value, HG_THROTTLE_POWER_LIMIT | HG_THROTTLE_HEAT);
	/* one that cannot be read any more may be the reason */
	tree_folder(&t, XE "tile0/gt0/freq0/throttle/reason_pl4");
	assert_int_equal(tree_read(d, "throttle").rc, HG_EDEVICE);
	hg_close(ctx);
}

static void test_i915(void **state)
{
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	i915();
	ctx = tree_context(&t);
	d = tree_device(ctx, "intel:0000:4d:00.0");
	/* the card's folder, not that of an engine */
	assert_int_equal(tree_read(d, "energy").value, 123456789);
	assert_int_equal(tree_read(d, "sm_clock").value, 2050000000);
	assert_int_equal(tree_read(d, "throttle").value, HG_THROTTLE_POWER_LIMIT);
	assert_int_equal(hg_device_signal_index(d, "sm_clock_tile1"), SIZE_MAX);
	/* set above what it is made for: so much is known to be allowed */
	assert_int_equal(tree_knob(d, "power_limit").max, 150000);
	assert_int_equal(tree_knob(d, "power_limit").default_value, 120000);
	hg_close(ctx);
	/* old kernels: files of the card itself */
	tree_remove(&t, I915 "gt");
	tree_put(&t, I915 "gt_act_freq_mhz", "1100");
	tree_put(&t, I915 "gt_min_freq_mhz", "300");
	tree_put(&t, I915 "gt_max_freq_mhz", "1100");
	tree_put(&t, I915 "gt_RPn_freq_mhz", "300");
	tree_put(&t, I915 "gt_RP0_freq_mhz", "1100");
	ctx = tree_context(&t);
	d = tree_device(ctx, "intel:0000:4d:00.0");
	assert_int_equal(tree_read(d, "sm_clock").value, 1100000000);
	assert_has(tree_signal(d, "throttle").absent, "no files");
	assert_int_equal(tree_knob(d, "sm_clock").max, 1100000000);
	hg_close(ctx);
}

/* A graphics unit in the processor: what it counts is a part of the package's, or all of it. */
static void test_integrated(void **state)
{
	const hg_device *set[2];
	hg_error why = {""};
	hg_ctx *ctx;

	(void)state;
	xe();
	tree_put(&t, XE "uevent", "DRIVER=xe\nPCI_ID=8086:64A0\nPCI_SLOT_NAME=0000:00:02.0");
	tree_rapl(&t, "intel-rapl:0", "package-0", "1000");
	ctx = tree_context(&t);
	set[0] = tree_device(ctx, "intel:0000:00:02.0");
	set[1] = tree_device(ctx, "rapl:package-0");
	assert_string_equal(tree_signal(set[0], "energy").domain, "uncore");
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, &why), HG_EINVAL);
	tree_remove(&t, XE "hwmon/hwmon3/energy2_label");
	set[0] = tree_device(ctx, "intel:0000:00:02.0");
	assert_string_equal(tree_signal(set[0], "energy").domain, "package");
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, &why), HG_EINVAL);
	hg_close(ctx);
}

/* ----- what is set */

static void test_limit(void **state)
{
	hg_ctx *ctx;
	hg_device *d;
	hg_knob_info k;
	hg_effect effect;
	hg_error why = {""};

	(void)state;
	xe();
	ctx = tree_context(&t);
	d = tree_device(ctx, "intel:0000:3a:00.0");
	k = tree_knob(d, "power_limit");
	assert_null(k.unsettable);
	/* rated_max is the default, max what is in force */
	assert_int_equal(k.current, 450000);
	assert_int_equal(k.default_value, 600000);
	assert_int_equal(k.max, 600000);
	assert_int_equal(k.min, 120000);
	assert_ok(hg_device_set(d, 0, 300000, &effect, &why), &why);
	assert_string_equal(tree_get(&t, XE "hwmon/hwmon3/power1_max"), "300000000");
	assert_int_equal(effect.observed, 300000);
	/* 0 would switch it off */
	assert_int_equal(hg_device_set(d, 0, 0, &effect, &why), HG_ERANGE);
	hg_close(ctx);
	/* off: the rated one is what it goes back to */
	tree_put(&t, XE "hwmon/hwmon3/power1_max", "0");
	ctx = tree_context(&t);
	k = tree_knob(tree_device(ctx, "intel:0000:3a:00.0"), "power_limit");
	assert_null(k.unsettable);
	assert_int_equal(k.current, 0);
	assert_int_equal(k.default_value, 600000);
	hg_close(ctx);
	tree_remove(&t, XE "hwmon/hwmon3/power1_rated_max");
	ctx = tree_context(&t);
	k = tree_knob(tree_device(ctx, "intel:0000:3a:00.0"), "power_limit");
	assert_has(k.unsettable, "no limit is set");
	hg_close(ctx);
	tree_remove(&t, XE "hwmon/hwmon3/power1_max");
	ctx = tree_context(&t);
	k = tree_knob(tree_device(ctx, "intel:0000:3a:00.0"), "power_limit");
	assert_has(k.unsettable, "power*_max");
	hg_close(ctx);
}

static void test_lock(void **state)
{
	hg_ctx *ctx;
	hg_device *d;
	hg_knob_info k;
	hg_effect effect;
	hg_error why = {""};
	size_t id;

	(void)state;
	xe();
	ctx = tree_context(&t);
	d = tree_device(ctx, "intel:0000:3a:00.0");
	id = hg_device_knob_index(d, "sm_clock");
	k = tree_knob(d, "sm_clock");
	assert_null(k.unsettable);
	assert_int_equal(k.min, 600000000);
	assert_int_equal(k.max, 1600000000);
	assert_int_equal(k.current, 0);
	assert_ok(hg_device_set(d, id, 900000000, &effect, &why), &why);
	assert_int_equal(effect.observed, 900000000);
	assert_string_equal(tree_get(&t, XE "tile0/gt0/freq0/min_freq"), "900");
	assert_string_equal(tree_get(&t, XE "tile0/gt0/freq0/max_freq"), "900");
	/* every tile, and not the media engine */
	assert_string_equal(tree_get(&t, XE "tile1/gt0/freq0/min_freq"), "900");
	assert_string_equal(tree_get(&t, XE "tile1/gt0/freq0/max_freq"), "900");
	assert_string_equal(tree_get(&t, XE "tile0/gt1/freq0/max_freq"), "1300");
	assert_ok(hg_device_set(d, id, 1200000000, &effect, &why), &why);
	assert_int_equal(tree_knob(d, "sm_clock").current, 1200000000);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_string_equal(tree_get(&t, XE "tile1/gt0/freq0/min_freq"), "600");
	assert_string_equal(tree_get(&t, XE "tile1/gt0/freq0/max_freq"), "1600");
	assert_int_equal(tree_knob(d, "sm_clock").current, 0);
	/* a tile that refuses is an error with its name */
	tree_folder(&t, XE "tile1/gt0/freq0/max_freq");
	assert_int_equal(hg_device_set(d, id, 900000000, &effect, &why), HG_EDEVICE);
	assert_has(why.text, "tile1/gt0/freq0/max_freq");
	hg_close(ctx);
	tree_put(&t, XE "tile0/gt0/freq0/rp0_freq", "0");
	ctx = tree_context(&t);
	k = tree_knob(tree_device(ctx, "intel:0000:3a:00.0"), "sm_clock");
	assert_has(k.unsettable, "no usable range");
	hg_close(ctx);
}

/* ----- absent */

static void test_absent(void **state)
{
	hg_ctx *ctx;
	hg_device *d;
	hg_error why = {""};

	(void)state;
	i915();
	tree_remove(&t, I915 "device/hwmon");
	tree_remove(&t, I915 "gt");
	ctx = tree_context(&t);
	d = tree_device(ctx, "intel:0000:4d:00.0");
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info info = {.size = sizeof info};
		hg_reading r;

		assert_int_equal(hg_device_signal(d, i, &info), HG_OK);
		assert_non_null(info.absent);
		assert_int_equal(hg_device_read(d, &i, 1, &r), HG_OK);
		assert_int_equal(r.rc, HG_EUNSUPPORTED);
	}
	assert_has(tree_signal(d, "energy").absent, "levelzero");
	assert_non_null(tree_knob(d, "power_limit").unsettable);
	assert_int_equal(hg_device_knob_index(d, "sm_clock"), SIZE_MAX);
	assert_int_equal(hg_device_open(ctx, "intel:0", &d, &why), HG_ENOENT);
	tree_put(&t, I915 "device/uevent", "DRIVER=nouveau\nPCI_SLOT_NAME=0000:4d:00.0");
	assert_int_equal(hg_device_open(ctx, "intel:0000:4d:00.0", &d, &why), HG_ENOENT);
	assert_has(why.text, "no card of the driver xe");
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_xe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_throttle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_i915, setup, teardown),
		cmocka_unit_test_setup_teardown(test_integrated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
