/* RAPL on fake trees: zones and what contains what, the counter, limits, and everything absent. */
#include "near.h"

#include <stdio.h>

#include <hourglass/hourglass.h>

#include "hardware/backend/rapl/zones.h"
#include "tree.h"

#define ZONE "sys/class/powercap/"

static struct tree t;

static int setup(void **state)
{
	(void)state;
	tree_init(&t);
	tree_folder(&t, "sys/class/powercap/intel-rapl");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

static void constraint(const char *entry, int k, const char *name, const char *uw, const char *max)
{
	char path[128];

	(void)snprintf(path, sizeof path, ZONE "%s/constraint_%d_name", entry, k);
	tree_put(&t, path, name);
	(void)snprintf(path, sizeof path, ZONE "%s/constraint_%d_power_limit_uw", entry, k);
	tree_put(&t, path, uw);
	(void)snprintf(path, sizeof path, ZONE "%s/constraint_%d_max_power_uw", entry, k);
	if (max)
		tree_put(&t, path, max);
}

/* A laptop: psys, and a package with cores, graphics and memory; the package once more by mmio. */
static void laptop(void)
{
	tree_rapl(&t, "intel-rapl:0", "package-0", "1000");
	tree_rapl(&t, "intel-rapl:0:0", "core", "400");
	tree_rapl(&t, "intel-rapl:0:1", "uncore", "100");
	tree_rapl(&t, "intel-rapl:0:2", "dram", "200");
	tree_rapl(&t, "intel-rapl:1", "psys", "3000");
	tree_rapl(&t, "intel-rapl-mmio:0", "package-0", "1000");
	constraint("intel-rapl:0", 0, "long_term", "28000000", "35000000");
	constraint("intel-rapl:0", 1, "short_term", "64000000", "0");
	tree_put(&t, ZONE "intel-rapl:0/constraint_0_time_window_us", "27983872");
	tree_put(&t, ZONE "intel-rapl:0/enabled", "1");
	tree_put(&t, "sys/devices/system/cpu/modalias", "cpu:type:x86,ven0000fam0006mod009A:x");
}

struct told {
	size_t calls, devices;
	hg_err rc;
	char reason[HG_ERROR_TEXT];
};

static void listen(void *user, const hg_discovery *found)
{
	struct told *told = user;

	if (strcmp(found->backend, "rapl") != 0)
		return;
	told->calls++;
	told->devices = found->devices;
	told->rc = found->rc;
	(void)snprintf(told->reason, sizeof told->reason, "%s", found->reason);
}

static struct told discover(hg_ctx *ctx)
{
	struct told told = {0};
	hg_error why = {""};

	assert_ok(hg_discover(ctx, listen, &told, &why), &why);
	assert_int_equal(told.calls, 1);
	return told;
}

static const char *parent_of(hg_ctx *ctx, const char *spec, const char *uuid)
{
	hg_device_info info = {.size = sizeof info};

	hg_device_get_info(tree_device(ctx, spec), &info);
	assert_string_equal(info.uuid, uuid);
	assert_string_equal(info.vendor, "intel");
	assert_int_equal(info.simulated, 0);
	return info.parent;
}

/* Joules of the devices that are no part of another one that is open. */
static int64_t sum_of_roots(hg_ctx *ctx)
{
	int64_t sum = 0;

	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d)) {
		hg_device_info info = {.size = sizeof info}, other = {.size = sizeof other};
		bool part = false;

		hg_device_get_info(d, &info);
		for (hg_device *o = hg_device_next(ctx, NULL); o; o = hg_device_next(ctx, o)) {
			hg_device_get_info(o, &other);
			part = part || !strcmp(info.parent, other.uuid);
		}
		sum += part ? 0 : tree_read(d, "energy").value;
	}
	return sum;
}

static void test_parts(void **state)
{
	hg_ctx *ctx;

	(void)state;
	laptop();
	ctx = tree_context(&t);
	assert_string_equal(parent_of(ctx, "rapl:package-0", "rapl-package-0"), "rapl-psys");
	assert_string_equal(
		parent_of(ctx, "rapl:package-0/core", "rapl-package-0/core"), "rapl-package-0");
	assert_string_equal(
		parent_of(ctx, "rapl:package-0/uncore", "rapl-package-0/uncore"), "rapl-package-0");
	assert_string_equal(
		parent_of(ctx, "rapl:package-0/dram", "rapl-package-0/dram"), "rapl-psys");
	assert_string_equal(parent_of(ctx, "rapl:psys", "rapl-psys"), "");
	assert_int_equal(sum_of_roots(ctx), 3000);
	hg_close(ctx);
	/* without psys: package and memory, each once; the mmio zone is the same package */
	tree_remove(&t, ZONE "intel-rapl:1");
	ctx = tree_context(&t);
	assert_int_equal(discover(ctx).devices, 4);
	assert_int_equal(sum_of_roots(ctx), 1200);
	hg_close(ctx);
	/* without the first type its package is what there is */
	for (int i = 0; i < 3; i++) {
		static const char *const gone[] = {
			ZONE "intel-rapl:0:0", ZONE "intel-rapl:0:1", ZONE "intel-rapl:0:2"};

		tree_remove(&t, gone[i]);
	}
	tree_remove(&t, ZONE "intel-rapl:0");
	ctx = tree_context(&t);
	assert_int_equal(discover(ctx).devices, 1);
	assert_int_equal(sum_of_roots(ctx), 1000);
	hg_close(ctx);
}

/* A server of AMD: gaps in the numbers, no dram, no limits; its dies are one counter each package.
 */
static void test_server(void **state)
{
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx;
	hg_knob_info knob;
	struct told told;

	(void)state;
	tree_rapl(&t, "intel-rapl:1", "package-0-die-0", "1");
	tree_rapl(&t, "intel-rapl:4", "package-1-die-0", "10");
	tree_rapl(&t, "intel-rapl:4:3", "core", "100");
	tree_rapl(&t, "intel-rapl:10", "package-1-die-1", "1000");
	tree_put(&t, "sys/devices/system/cpu/modalias", "cpu:type:x86,ven0002fam0019mod0011:");
	/* no zone: a folder without a name, one with a name that is none, others' control types */
	tree_folder(&t, ZONE "intel-rapl:5");
	tree_rapl(&t, "intel-rapl:6", "../../etc", "7");
	tree_rapl(&t, "intel-rapl:x", "package-9", "7");
	tree_rapl(&t, "intel-rapl:7:", "package-9", "7");
	tree_rapl(&t, "dtpm:0", "package-9", "7");
	/* two of one name: both there, the second as what it is in the tree */
	tree_rapl(&t, "intel-rapl:11", "package-1-die-1", "10000");
	ctx = tree_context(&t);
	told = discover(ctx);
	assert_int_equal(told.rc, HG_OK);
	assert_int_equal(told.devices, 5);
	assert_int_equal(sum_of_roots(ctx), 11);
	assert_int_equal(tree_read(tree_device(ctx, "rapl:intel-rapl:11"), "energy").value, 10000);
	hg_device_get_info(tree_device(ctx, "rapl:package-1-die-0/core"), &info);
	assert_string_equal(info.vendor, "amd");
	assert_string_equal(info.parent, "rapl-package-1-die-0");
	knob = tree_knob(tree_device(ctx, "rapl:package-0-die-0"), "power_limit");
	assert_has(knob.unsettable, "constraint_0_power_limit_uw");
	hg_close(ctx);
	/* Intel's dies count each for themselves */
	tree_put(&t, "sys/devices/system/cpu/modalias", "cpu:type:x86,ven0000fam0006mod0055:");
	ctx = tree_context(&t);
	assert_int_equal(discover(ctx).devices, 5);
	assert_int_equal(sum_of_roots(ctx), 11011);
	hg_close(ctx);
}

static void test_counter(void **state)
{
	hg_ctx *ctx;
	hg_device *d;
	hg_signal_info s;
	hg_reading a, b;

	(void)state;
	laptop();
	tree_put(&t, ZONE "intel-rapl:0/energy_uj", "262143328800");
	ctx = tree_context(&t);
	d = tree_device(ctx, "rapl:package-0");
	s = tree_signal(d, "energy");
	assert_null(s.absent);
	assert_int_equal(s.behaviour, HG_MONOTONE);
	assert_int_equal(s.agg, HG_AGG_SUM);
	assert_string_equal(s.unit, "uJ");
	assert_string_equal(s.domain, "package");
	assert_int_equal(s.modulus, 262143328851);
	assert_int_equal(s.period_ns, 1000000);
	/* wraps between two readings: 50 uJ to the highest value, 1 to zero, 9 more */
	a = tree_read(d, "energy");
	tree_put(&t, ZONE "intel-rapl:0/energy_uj", "9");
	b = tree_read(d, "energy");
	assert_int_equal(a.rc, HG_OK);
	assert_int_equal(b.rc, HG_OK);
	assert_int_equal(b.value - a.value + (int64_t)s.modulus, 60);
	/* beyond the point it wraps at, no number, gone: an error each, never a value */
	tree_put(&t, ZONE "intel-rapl:0/energy_uj", "262143328851");
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	tree_put(&t, ZONE "intel-rapl:0/energy_uj", "-1");
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	tree_put(&t, ZONE "intel-rapl:0/energy_uj", "12 J");
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	tree_folder(&t, ZONE "intel-rapl:0/energy_uj");
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	tree_remove(&t, ZONE "intel-rapl:0/energy_uj");
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	assert_int_equal(tree_read(d, "energy").value, 0);
	tree_put(&t, ZONE "intel-rapl:0/energy_uj", "10");
	assert_int_equal(tree_read(d, "energy").value, 10);
	assert_int_equal(tree_read(d, "power").rc, HG_EUNSUPPORTED);
	assert_has(tree_signal(d, "power").absent, "energy");
	hg_close(ctx);
}

static void test_absent(void **state)
{
	static const struct {
		const char *file, *text, *says;
	} cases[] = {
		{"energy_uj", "", "energy_uj: empty"},
		{"energy_uj", "twelve", "expected a whole number, found \"twelve\""},
		{"energy_uj", "0x10", "expected a whole number"},
		{"energy_uj", "99999999999999999999", "expected a whole number"},
		{"energy_uj", "262143328851", "is not below 262143328851"},
		{"energy_uj", NULL, "/sys/class/powercap/intel-rapl:0/energy_uj: Is a directory"},
		{"max_energy_range_uj", "", "max_energy_range_uj: empty"},
		{"max_energy_range_uj", "0", "cannot be where a counter wraps"},
		{"max_energy_range_uj", "-5", "cannot be where a counter wraps"},
		{"max_energy_range_uj", "9223372036854775807", "cannot be where a counter wraps"},
		{"max_energy_range_uj", NULL, "max_energy_range_uj: Is a directory"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_ctx *ctx;
		hg_device *d;
		char path[128];

		(void)snprintf(path, sizeof path, ZONE "intel-rapl:0/%s", cases[i].file);
		laptop();
		if (cases[i].text)
			tree_put(&t, path, cases[i].text);
		else
			tree_folder(&t, path);
		ctx = tree_context(&t);
		d = tree_device(ctx, "rapl:package-0");
		assert_non_null(tree_signal(d, "energy").absent);
		assert_has(tree_signal(d, "energy").absent, cases[i].says);
		assert_int_equal(tree_read(d, "energy").rc, HG_EUNSUPPORTED);
		hg_close(ctx);
		tree_remove(&t, path);
	}
}

static void test_forbidden(void **state)
{
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	laptop();
	if (!tree_forbid(&t, ZONE "intel-rapl:0/energy_uj", 0))
		skip();
	ctx = tree_context(&t);
	d = tree_device(ctx, "rapl:package-0");
	tree_allow();
	assert_has(tree_signal(d, "energy").absent,
		"/sys/class/powercap/intel-rapl:0/energy_uj: Permission denied; udev: ");
	assert_has(tree_signal(d, "energy").absent, "cap_dac_read_search");
	assert_int_equal(tree_read(d, "energy").rc, HG_EUNSUPPORTED);
	/* the tests run as root too, which may write what it may not read */
	hg_close(ctx);
	(void)tree_forbid(&t, ZONE "intel-rapl:0/constraint_0_power_limit_uw", 0444);
	ctx = tree_context(&t);
	d = tree_device(ctx, "rapl:package-0");
	tree_allow();
	assert_has(tree_knob(d, "power_limit").unsettable, "Permission denied; as root, or udev: ");
	assert_int_equal(tree_knob(d, "power_limit").current, 28000);
	assert_int_equal(hg_device_set(d, 0, 28000, NULL, NULL), HG_EUNSUPPORTED);
	hg_close(ctx);
}

static void test_limits(void **state)
{
	hg_ctx *ctx;
	hg_device *d;
	hg_knob_info k;
	hg_effect effect;
	hg_error why = {""};
	size_t id;

	(void)state;
	laptop();
	ctx = tree_context(&t);
	d = tree_device(ctx, "rapl:package-0");
	assert_int_equal(hg_device_knobs(d), 2);
	k = tree_knob(d, "power_limit");
	assert_null(k.unsettable);
	assert_int_equal(k.max, 35000);
	assert_int_equal(k.min, 7000);
	assert_int_equal(k.current, 28000);
	assert_int_equal(k.default_value, 28000);
	assert_has(k.text, "on average over 27.9839 s");
	/* the driver knows no highest: what was set is */
	k = tree_knob(d, "power_limit_short_term");
	assert_int_equal(k.max, 64000);
	id = hg_device_knob_index(d, "power_limit");
	assert_ok(hg_device_set(d, id, 20500, &effect, &why), &why);
	assert_string_equal(
		tree_get(&t, ZONE "intel-rapl:0/constraint_0_power_limit_uw"), "20500000");
	assert_int_equal(effect.requested, 20500);
	assert_int_equal(effect.observed, 20500);
	assert_int_equal(tree_knob(d, "power_limit").current, 20500);
	/* somebody else sets it: current is what is, not what was set here */
	tree_put(&t, ZONE "intel-rapl:0/constraint_0_power_limit_uw", "15000000");
	assert_int_equal(tree_knob(d, "power_limit").current, 15000);
	assert_int_equal(hg_device_set(d, id, 35001, &effect, &why), HG_ERANGE);
	assert_int_equal(hg_device_set(d, id, 6999, &effect, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_string_equal(
		tree_get(&t, ZONE "intel-rapl:0/constraint_0_power_limit_uw"), "28000000");
	tree_folder(&t, ZONE "intel-rapl:0/constraint_0_power_limit_uw");
	assert_int_equal(hg_device_set(d, id, 20000, &effect, &why), HG_EDEVICE);
	assert_has(why.text, "rapl:package-0: power_limit: /sys/class/powercap/intel-rapl:0/");
	hg_close(ctx);
	/* switched off, or nothing set */
	tree_remove(&t, ZONE "intel-rapl:0/constraint_0_power_limit_uw");
	laptop();
	tree_put(&t, ZONE "intel-rapl:0/enabled", "0");
	ctx = tree_context(&t);
	k = tree_knob(tree_device(ctx, "rapl:package-0"), "power_limit");
	assert_has(k.unsettable, "echo 1 > /sys/class/powercap/intel-rapl:0/enabled");
	hg_close(ctx);
	tree_put(&t, ZONE "intel-rapl:0/constraint_0_power_limit_uw", "0");
	ctx = tree_context(&t);
	k = tree_knob(tree_device(ctx, "rapl:package-0"), "power_limit");
	assert_has(k.unsettable, "no limit is set");
	hg_close(ctx);
}

/* Where SGX is on the processor blurs its counters, and whoever reads them should know. */
static void test_blurred(void **state)
{
	hg_ctx *ctx;

	(void)state;
	laptop();
	ctx = tree_context(&t);
	assert_null(strstr(tree_signal(tree_device(ctx, "rapl:psys"), "energy").text, "SGX"));
	tree_put(&t, "sys/devices/system/cpu/modalias",
		"cpu:type:x86,ven0000fam0006mod008F:feature:,0000,0001,0122,0123");
	assert_has(tree_signal(tree_device(ctx, "rapl:package-0"), "energy").text, "SGX is on");
	tree_put(&t, "sys/devices/system/cpu/modalias",
		"cpu:type:x86,ven0002fam0019mod0011:feature:,0000,0001,0122,0123");
	assert_null(strstr(tree_signal(tree_device(ctx, "rapl:psys"), "energy").text, "SGX"));
	hg_close(ctx);
}

static void test_nothing_here(void **state)
{
	hg_error why = {""};
	hg_device *d;
	struct told told;
	hg_ctx *ctx = tree_context(&t);

	(void)state;
	told = discover(ctx);
	assert_int_equal(told.rc, HG_ENOENT);
	assert_int_equal(told.devices, 0);
	assert_has(told.reason, "no RAPL zone in /sys/class/powercap");
	assert_int_equal(hg_device_open(ctx, "rapl:package-0", &d, &why), HG_ENOENT);
	tree_remove(&t, "sys");
	told = discover(ctx);
	assert_int_equal(told.rc, HG_ENOENT);
	assert_has(told.reason, "no /sys/class/powercap");
	laptop();
	assert_int_equal(hg_device_open(ctx, "rapl:package0", &d, &why), HG_ENOENT);
	assert_has(why.text, "did you mean \"rapl:package-0\"");
	assert_int_equal(hg_device_open(ctx, "rapl:../../x", &d, &why), HG_ENOENT);
	assert_int_equal(hg_device_open(ctx, "rapl:", &d, &why), HG_ENOENT);
	assert_null(hg_device_next(ctx, NULL));
	hg_close(ctx);
}

static void test_entries(void **state)
{
	static const char *const good[] = {"a:0", "intel-rapl:0:12:3"};
	static const char *const bad[] = {
		"", ":", "a", "a:", "a::0", "a:0:", "a:x", "a:0x", "a:-1"};
	size_t type;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(rapl_entry(good[i], &type));
	assert_int_equal(type, 10);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(rapl_entry(bad[i], &type));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forbidden, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blurred, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_here, setup, teardown),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
