/* Power sensors on fake trees: Grace's sockets, a Jetson's rails, and what is wrong with them. */
#include "near.h"

#include <stdio.h>

#include <hourglass/hourglass.h>

#include "tree.h"

#define CLASS "sys/class/hwmon/"

static struct tree t;

static int setup(void **state)
{
	(void)state;
	tree_init(&t);
	tree_folder(&t, "sys/class/hwmon");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

static void put(const char *entry, const char *file, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof path, CLASS "%s/%s", entry, file);
	tree_put(&t, path, text);
}

static void meter(const char *entry, const char *label, const char *uw)
{
	put(entry, "name", "power_meter");
	if (label)
		put(entry, "power1_oem_info", label);
	put(entry, "power1_average", uw);
	put(entry, "power1_average_interval", "50");
}

/* The first is as older kernels have it: the files are the device's. */
static void grace(void)
{
	put("hwmon1", "name", "");
	meter("hwmon1/device", "Module Power Socket 0", "600000000");
	meter("hwmon2", "Grace Power Socket 0", "250500900");
	meter("hwmon3", "CPU Power Socket 0", "200000000");
	meter("hwmon4", "SysIO Power Socket 0", "50000000");
	meter("hwmon5", "Module Power Socket 1", "500000000");
	meter("hwmon6", "CPU Power Socket 1", "100000000");
}

static void jetson(void)
{
	put("hwmon3", "name", "ina3221");
	put("hwmon3", "update_interval", "2");
	put("hwmon3", "in1_label", "VDD_IN");
	put("hwmon3", "in1_input", "19000");
	put("hwmon3", "curr1_input", "1500");
	put("hwmon3", "in2_label", "VDD_CPU_GPU_CV");
	put("hwmon3", "in2_input", "5001");
	put("hwmon3", "curr2_input", "999");
	/* a rail without a current, and the shunt's voltage: no power */
	put("hwmon3", "in3_input", "5000");
	put("hwmon3", "in4_input", "3");
}

static const char *parent(hg_ctx *ctx, const char *spec)
{
	hg_device_info info = {.size = sizeof info};

	hg_device_get_info(tree_device(ctx, spec), &info);
	return info.parent;
}

static void listen(void *user, const hg_discovery *found)
{
	if (!strcmp(found->backend, "hwmon"))
		*(hg_discovery *)user = *found;
}

static size_t discovered(hg_ctx *ctx)
{
	hg_discovery found = {0};
	hg_error why = {""};

	assert_ok(hg_discover(ctx, listen, &found, &why), &why);
	assert_int_equal(found.rc, found.devices ? HG_OK : HG_ENOENT);
	return found.devices;
}

static void test_grace(void **state)
{
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	grace();
	ctx = tree_context(&t);
	assert_int_equal(discovered(ctx), 6);
	d = tree_device(ctx, "hwmon:power_meter/Grace-Power-Socket-0");
	assert_int_equal(tree_read(d, "power").value, 250500);
	assert_int_equal(tree_signal(d, "power").period_ns, 50000000);
	assert_has(tree_signal(d, "power").text, "mean over 50 ms");
	assert_string_equal(tree_signal(d, "power").domain, "package");
	assert_has(tree_signal(d, "energy").absent, "integral");
	assert_int_equal(tree_read(d, "energy").rc, HG_EUNSUPPORTED);
	assert_int_equal(hg_device_knobs(d), 0);
	/* the smallest that contains it, of its own socket */
	assert_string_equal(parent(ctx, "hwmon:power_meter/Module-Power-Socket-0"), "");
	assert_string_equal(parent(ctx, "hwmon:power_meter/Grace-Power-Socket-0"),
		"hwmon-power_meter/Module-Power-Socket-0");
	assert_string_equal(parent(ctx, "hwmon:power_meter/CPU-Power-Socket-0"),
		"hwmon-power_meter/Grace-Power-Socket-0");
	assert_string_equal(parent(ctx, "hwmon:power_meter/SysIO-Power-Socket-0"),
		"hwmon-power_meter/Grace-Power-Socket-0");
	assert_string_equal(parent(ctx, "hwmon:power_meter/CPU-Power-Socket-1"),
		"hwmon-power_meter/Module-Power-Socket-1");
	hg_close(ctx);
}

static void test_jetson(void **state)
{
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	jetson();
	ctx = tree_context(&t);
	assert_int_equal(discovered(ctx), 2);
	d = tree_device(ctx, "hwmon:ina3221/VDD_CPU_GPU_CV");
	/* 5.001 V * 0.999 A = 4.995999 W */
	assert_int_equal(tree_read(d, "power").value, 4995);
	assert_int_equal(tree_signal(d, "power").period_ns, 2000000);
	assert_string_equal(parent(ctx, "hwmon:ina3221/VDD_CPU_GPU_CV"), "hwmon-ina3221/VDD_IN");
	assert_string_equal(parent(ctx, "hwmon:ina3221/VDD_IN"), "");
	/* one of the two files fails: no power, not 0 W */
	put("hwmon3", "curr2_input", "");
	assert_int_equal(tree_read(d, "power").rc, HG_EDEVICE);
	put("hwmon3", "curr2_input", "99999999999");
	assert_int_equal(tree_read(d, "power").rc, HG_EDEVICE);
	tree_remove(&t, CLASS "hwmon3/curr2_input");
	assert_int_equal(tree_read(d, "power").rc, HG_EDEVICE);
	hg_close(ctx);
	put("hwmon3", "curr2_input", "x");
	ctx = tree_context(&t);
	d = tree_device(ctx, "hwmon:ina3221/VDD_CPU_GPU_CV");
	assert_has(tree_signal(d, "power").absent,
		"curr2_input: expected a whole number, found \"x\"");
	hg_close(ctx);
}

static void test_cap(void **state)
{
	hg_error why = {""};
	hg_effect e;
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	meter("hwmon0", NULL, "300000000");
	put("hwmon0", "power1_cap", "400000000");
	put("hwmon0", "power1_cap_min", "100000000");
	put("hwmon0", "power1_cap_max", "500000000");
	ctx = tree_context(&t);
	d = tree_device(ctx, "hwmon:power_meter/1");
	assert_string_equal(tree_signal(d, "power").domain, "platform");
	assert_int_equal(tree_knob(d, "power_limit").default_value, 400000);
	assert_ok(hg_device_set(d, 0, 250000, &e, &why), &why);
	assert_string_equal(tree_get(&t, CLASS "hwmon0/power1_cap"), "250000000");
	assert_int_equal(e.observed, 250000);
	hg_close(ctx);
}

static void test_others(void **state)
{
	hg_discovery found = {0};
	hg_error why = {""};
	hg_device *d;
	hg_ctx *ctx;

	(void)state;
	/* chips of other backends, or of which nothing is known */
	put("hwmon0", "name", "amdgpu");
	put("hwmon0", "power1_average", "1");
	put("hwmon1", "name", "corsairpsu");
	put("hwmon1", "power1_input", "1");
	put("hwmon2", "name", "power_meter");
	tree_folder(&t, CLASS "hwmon7");
	ctx = tree_context(&t);
	assert_int_equal(discovered(ctx), 0);
	assert_int_equal(hg_device_open(ctx, "hwmon:x", &d, &why), HG_ENOENT);
	assert_has(why.text, "no power sensor of a known kind");
	/* two of one name */
	meter("hwmon2", NULL, "1000");
	meter("hwmon10", NULL, "2000");
	put("hwmon2", "power1_average_interval", "-1");
	assert_int_equal(discovered(ctx), 2);
	assert_int_equal(tree_read(tree_device(ctx, "hwmon:hwmon10/1"), "power").value, 2);
	assert_int_equal(tree_signal(tree_device(ctx, "hwmon:power_meter/1"), "power").period_ns,
		1000000000);
	assert_int_equal(hg_device_open(ctx, "hwmon:power_meter/2", &d, &why), HG_ENOENT);
	assert_has(why.text, "did you mean \"hwmon:power_meter/1\"");
	hg_close(ctx);
	tree_remove(&t, "sys");
	ctx = tree_context(&t);
	assert_ok(hg_discover(ctx, listen, &found, &why), &why);
	assert_int_equal(found.rc, HG_ENOENT);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jetson, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
