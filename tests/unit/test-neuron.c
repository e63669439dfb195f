/* AWS Neuron and TPU on fake trees: shares of a rated power, estimates that say so, and nothing at
 * all. */
#include "near.h"

#include <stdio.h>

#include <hourglass/hourglass.h>

#include "tree.h"

#define OLD           "sys/devices/virtual/neuron_device/neuron0/"
#define FILE_OF_POWER "stats/power/utilization"

static struct tree t;

static int setup(void **state)
{
	(void)state;
	tree_init(&t);
	tree_put(&t, OLD FILE_OF_POWER, "POWER_STATUS_VALID,1733250000,20.10,31.50,25.40");
	tree_put(&t, OLD "info/architecture/device_name", "Trainium2");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

static void test_share(void **state)
{
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, "neuron:0");

	(void)state;
	hg_device_get_info(d, &info);
	assert_string_equal(info.vendor, "aws");
	assert_has(info.title, "Trainium2");
	assert_int_equal(tree_read(d, "power_share").value, 254000);
	assert_int_equal(tree_read(d, "power_share_least").value, 201000);
	assert_int_equal(tree_read(d, "power_share_most").value, 315000);
	assert_int_equal(tree_signal(d, "power_share").period_ns, 60000000000);
	/* no watts without what 100 % is, and no joules in any case */
	assert_has(tree_signal(d, "power").absent, "neuron:0,rated=400W");
	assert_int_equal(tree_read(d, "power").rc, HG_EUNSUPPORTED);
	assert_int_equal(tree_read(d, "energy").rc, HG_EUNSUPPORTED);
	assert_int_equal(hg_device_knobs(d), 0);
	hg_close(ctx);
}

static void test_estimate(void **state)
{
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, "neuron:0,rated=0.5kW");

	(void)state;
	assert_int_equal(tree_read(d, "power").value, 127000);
	assert_has(tree_signal(d, "power").text, "estimated");
	hg_device_get_info(d, &info);
	assert_has(info.title, "estimated");
	assert_has(tree_signal(d, "energy").absent, "estimate");
	hg_close(ctx);
}

static void test_options(void **state)
{
	static const char *const bad[] = {"neuron:0,", "neuron:0,rated",
		"neuron:0,rated=", "neuron:0,rated=0W", "neuron:0,rated=5J", "neuron:0,rated=1W,x",
		"neuron:0,watts=3", "neuron:0,rated=-4W", "neuron:0,rated=1MW"};
	hg_ctx *ctx = tree_context(&t);
	hg_error why;
	hg_device *d;

	(void)state;
	/* an empty list of options is none */
	assert_int_equal(hg_device_open(ctx, bad[0], &d, &why), HG_OK);
	for (size_t i = 1; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(hg_device_open(ctx, bad[i], &d, &why), HG_EINVAL);
		assert_has(why.text, "rated");
	}
	assert_int_equal(hg_device_open(ctx, "neuron:1", &d, &why), HG_ENOENT);
	hg_close(ctx);
}

static void test_faults(void **state)
{
	static const char *const later[] = {"POWER_STATUS_NO_DATA,0,0.00,0.00,0.00",
		"POWER_STATUS_INVALID,1733250000,1,2,3", "", "VALID,1,2,3", "VALID,x,1,2,3",
		"VALID,1,2,3,nan", "VALID,1,2,3,-1", "VALID,1,2,3,1e9", "VALID,1,2,3,4,5"};
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, "neuron:0,rated=100W");

	(void)state;
	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		tree_put(&t, OLD FILE_OF_POWER, later[i]);
		assert_int_equal(tree_read(d, "power").rc, HG_EDEVICE);
		assert_int_equal(tree_read(d, "power").value, 0);
	}
	/* none yet when it is opened: there later */
	tree_put(&t, OLD FILE_OF_POWER, later[0]);
	d = tree_device(ctx, "neuron:0");
	assert_null(tree_signal(d, "power_share").absent);
	tree_put(&t, OLD FILE_OF_POWER, "VALID,1733250060,1,2,1.5");
	assert_int_equal(tree_read(d, "power_share").value, 15000);
	/* another format, or none: absent */
	tree_put(&t, OLD FILE_OF_POWER, "25 W");
	assert_has(tree_signal(tree_device(ctx, "neuron:0"), "power_share").absent, "25 W");
	tree_remove(&t, OLD FILE_OF_POWER);
	assert_has(tree_signal(tree_device(ctx, "neuron:0"), "power").absent, "2.21.37");
	hg_close(ctx);
}

static void test_new_place(void **state)
{
	hg_ctx *ctx;
	hg_error why;
	hg_device *d;

	(void)state;
	tree_remove(&t, "sys/devices");
	ctx = tree_context(&t);
	assert_int_equal(hg_device_open(ctx, "neuron:3", &d, &why), HG_ENOENT);
	tree_put(&t, "sys/class/neuron_device/neuron3/" FILE_OF_POWER, "VALID,1,2,3,50");
	assert_int_equal(tree_read(tree_device(ctx, "neuron:3"), "power_share").value, 500000);
	hg_close(ctx);
}

/* ----- TPU */

struct told {
	hg_err rc;
	char reason[HG_ERROR_TEXT];
};

static void listen(void *user, const hg_discovery *found)
{
	struct told *told = user;

	if (strcmp(found->backend, "tpu") != 0)
		return;
	assert_int_equal(found->devices, 0);
	told->rc = found->rc;
	(void)snprintf(told->reason, sizeof told->reason, "%s", found->reason);
}

static struct told discover(hg_ctx *ctx)
{
	struct told told = {HG_OK, ""};
	hg_error why = {""};

	assert_ok(hg_discover(ctx, listen, &told, &why), &why);
	return told;
}

static void test_tpu(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	struct told told;
	hg_error why;
	hg_device *d;

	(void)state;
	assert_int_equal(discover(ctx).rc, HG_ENOENT);
	/* a network card and a disk of Google's clouds */
	tree_put(&t, "sys/bus/pci/devices/0000:00:03.0/vendor", "0x1ae0");
	tree_put(&t, "sys/bus/pci/devices/0000:00:03.0/class", "0x020000");
	tree_put(&t, "sys/bus/pci/devices/0000:00:04.0/vendor", "0x1ae0");
	tree_put(&t, "sys/bus/pci/devices/0000:00:04.0/class", "0x010802");
	tree_put(&t, "sys/bus/pci/devices/0000:00:06.0/vendor", "0x8086");
	assert_int_equal(discover(ctx).rc, HG_ENOENT);
	tree_put(&t, "sys/bus/pci/devices/0000:00:05.0/vendor", "0x1ae0");
	tree_put(&t, "sys/bus/pci/devices/0000:00:05.0/class", "0x120000");
	told = discover(ctx);
	assert_int_equal(told.rc, HG_EUNSUPPORTED);
	assert_has(told.reason, "1 here");
	assert_has(told.reason, "neither power nor energy");
	assert_int_equal(hg_device_open(ctx, "tpu:0", &d, &why), HG_EUNSUPPORTED);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_estimate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_options, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tpu, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
