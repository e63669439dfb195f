/* RAPL by perf events: which event on which processor, the unit, and what is used without them. The
 * system call is the test's. */
#include "near.h"

#include <stdio.h>

#include <hourglass/hourglass.h>

#include "hardware/backend/rapl/perf.h"
#include "tree.h"

#define ZONE "sys/class/powercap/"

static struct tree t;

/* ----- the system call */

static hg_err told(hg_error *why, hg_err rc, const char *text)
{
	if (why)
		(void)snprintf(why->text, sizeof why->text, "%s", text);
	return rc;
}

static struct {
	hg_err refuse;
	int64_t cpu[32];
	uint64_t config[32];
	int opened, closed;
	uint64_t count;
	bool fails;
} perf;

hg_err __wrap_perf_counter_open(const struct hg_ctx *ctx, const struct perf_pmu *pmu,
	enum perf_event event, int64_t cpu, int *fd, hg_error *why);
hg_err __wrap_perf_counter_read(int fd, uint64_t *count, hg_error *why);
void __wrap_perf_counter_close(int fd);
hg_err __real_perf_counter_open(const struct hg_ctx *ctx, const struct perf_pmu *pmu,
	enum perf_event event, int64_t cpu, int *fd, hg_error *why);

hg_err __wrap_perf_counter_open(const struct hg_ctx *ctx, const struct perf_pmu *pmu,
	enum perf_event event, int64_t cpu, int *fd, hg_error *why)
{
	(void)ctx;
	assert_int_equal(pmu->type, 21);
	if (perf.refuse)
		return told(why, perf.refuse, "perf: the test refuses");
	perf.cpu[perf.opened] = cpu;
	perf.config[perf.opened] = pmu->config[event];
	*fd = 1000 + perf.opened++;
	return HG_OK;
}

hg_err __wrap_perf_counter_read(int fd, uint64_t *count, hg_error *why)
{
	assert_true(fd >= 1000 && fd < 1000 + perf.opened);
	*count = perf.count + (uint64_t)(fd - 1000);
	return perf.fails ? told(why, HG_EIO, "perf: gone") : HG_OK;
}

void __wrap_perf_counter_close(int fd)
{
	assert_true(fd >= 1000);
	perf.closed++;
}

/* ----- trees */

static void event(const char *name, const char *config, const char *scale)
{
	char path[128];

	(void)snprintf(path, sizeof path, PERF_PMU "/events/energy-%s", name);
	tree_put(&t, path, config);
	(void)snprintf(path, sizeof path, PERF_PMU "/events/energy-%s.scale", name);
	tree_put(&t, path, scale);
	(void)snprintf(path, sizeof path, PERF_PMU "/events/energy-%s.unit", name);
	tree_put(&t, path, "Joules");
}

static void processor(int cpu, const char *package, const char *die)
{
	char path[128];

	(void)snprintf(path, sizeof path,
		"sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
	tree_put(&t, path, package);
	(void)snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%d/topology/die_id", cpu);
	tree_put(&t, path, die);
}

static int setup(void **state)
{
	(void)state;
	memset(&perf, 0, sizeof perf);
	tree_init(&t);
	tree_folder(&t, "sys/class/powercap");
	tree_put(&t, PERF_PMU "/type", "21");
	tree_put(&t, PERF_PMU "/cpumask", "0,24");
	event("pkg", "event=0x02", "2.3283064365386962890625e-10");
	event("ram", "event=0x03", "1.52587890625e-05");
	event("psys", "event=0x05", "2.3283064365386962890625e-10");
	processor(0, "0", "0");
	processor(24, "1", "0");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

static void server(void)
{
	tree_rapl(&t, "intel-rapl:0", "package-0", "1000");
	tree_rapl(&t, "intel-rapl:0:0", "dram", "200");
	tree_rapl(&t, "intel-rapl:1", "package-1", "5000");
	tree_rapl(&t, "intel-rapl:1:0", "core", "700");
	tree_rapl(&t, "intel-rapl:2", "psys", "9000");
}

/* ----- tests */

static void test_preferred(void **state)
{
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	server();
	ctx = tree_context(&t);
	d = tree_device(ctx, "rapl:package-1");
	assert_int_equal(perf.opened, 1);
	assert_int_equal(perf.cpu[0], 24);
	assert_int_equal(perf.config[0], 2);
	/* 2^-32 J a count: exactly, and far beyond 32 bits; it does not wrap */
	assert_int_equal(tree_signal(d, "energy").modulus, 0);
	assert_int_equal(tree_signal(d, "energy").resolution, 1);
	perf.count = 5ull << 32;
	assert_int_equal(tree_read(d, "energy").value, 5000000);
	perf.count = 1000000ull << 32 | 1ull << 31;
	assert_int_equal(tree_read(d, "energy").value, 1000000500000);
	perf.fails = true;
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	perf.fails = false;
	/* an event of its own unit, on the processor of its package */
	d = tree_device(ctx, "rapl:package-0/dram");
	assert_int_equal(perf.cpu[1], 0);
	assert_int_equal(perf.config[1], 3);
	perf.count = 1ull << 16;
	assert_int_equal(tree_read(d, "energy").value, 1000015);
	assert_int_equal(tree_signal(d, "energy").resolution, 16);
	/* no event of cores; the platform of two packages is counted one way or the other */
	assert_int_equal(tree_read(tree_device(ctx, "rapl:package-1/core"), "energy").value, 700);
	assert_int_equal(tree_read(tree_device(ctx, "rapl:psys"), "energy").value, 9000);
	assert_int_equal(perf.opened, 2);
	hg_close(ctx);
	assert_int_equal(perf.closed, 2);
}

static void test_refused(void **state)
{
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	server();
	perf.refuse = HG_EPERM;
	ctx = tree_context(&t);
	d = tree_device(ctx, "rapl:package-0");
	assert_int_equal(tree_read(d, "energy").value, 1000);
	assert_true(tree_signal(d, "energy").modulus > 0);
	/* neither: both reasons */
	tree_remove(&t, ZONE "intel-rapl:0/energy_uj");
	d = tree_device(ctx, "rapl:package-0");
	assert_has(tree_signal(d, "energy").absent, "energy_uj");
	assert_has(tree_signal(d, "energy").absent, "the test refuses");
	hg_close(ctx);
	assert_int_equal(perf.closed, 0);
}

/* Some kernels and processors have perf events and no powercap. */
static void test_perf_only(void **state)
{
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx;
	hg_device *d;
	hg_error why = {""};

	(void)state;
	ctx = tree_context(&t);
	d = tree_device(ctx, "rapl:package-1/dram");
	perf.count = 1;
	assert_int_equal(tree_read(d, "energy").value, 15);
	assert_int_equal(hg_device_knobs(d), 0);
	hg_device_get_info(d, &info);
	assert_has(info.title, PERF_PMU);
	assert_int_equal(hg_device_open(ctx, "rapl:psys", &d, &why), HG_ENOENT);
	hg_close(ctx);
	/* one package: the platform is its own; dies are told apart */
	tree_put(&t, PERF_PMU "/cpumask", "0");
	ctx = tree_context(&t);
	(void)tree_device(ctx, "rapl:psys");
	hg_close(ctx);
	processor(1, "0", "1");
	tree_put(&t, PERF_PMU "/cpumask", "0-1");
	ctx = tree_context(&t);
	(void)tree_device(ctx, "rapl:package-0-die-1");
	assert_int_equal(perf.cpu[perf.opened - 1], 1);
	/* refused here: absent with what would allow it */
	perf.refuse = HG_EPERM;
	d = tree_device(ctx, "rapl:package-0-die-0");
	assert_has(tree_signal(d, "energy").absent, "the test refuses");
	hg_close(ctx);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *file, *text;
	} cases[] = {
		{"/type", "power"},
		{"/type", "-1"},
		{"/cpumask", "a"},
		{"/cpumask", "0-"},
		{"/events/energy-pkg", "event=2"},
		{"/events/energy-pkg", "event=0x"},
		{"/events/energy-pkg", "umask=0x02"},
		{"/events/energy-pkg", "event=0xg"},
		{"/events/energy-pkg.scale", "0"},
		{"/events/energy-pkg.scale", "nan"},
		{"/events/energy-pkg.scale", "-1"},
		{"/events/energy-pkg.unit", "Watts"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_ctx *ctx;
		char path[128];

		(void)snprintf(path, sizeof path, PERF_PMU "%s", cases[i].file);
		server();
		tree_put(&t, path, cases[i].text);
		ctx = tree_context(&t);
		assert_int_equal(
			tree_read(tree_device(ctx, "rapl:package-0"), "energy").value, 1000);
		assert_int_equal(perf.opened, 0);
		hg_close(ctx);
		tree_finish(&t);
		(void)setup(NULL);
	}
}

/* The call itself never counts this machine for another one's files. */
static void test_other_machine(void **state)
{
	const struct perf_pmu pmu = {.type = 21};
	hg_error why = {""};
	hg_ctx *ctx = tree_context(&t);
	int fd;

	(void)state;
	assert_int_equal(
		__real_perf_counter_open(ctx, &pmu, PERF_PACKAGE, 0, &fd, &why), HG_EUNSUPPORTED);
	assert_has(why.text, "another machine");
	hg_close(ctx);
	assert_ok(hg_open(NULL, &ctx, &why), &why);
	/* here it may be permitted or not, but it is asked for */
	if (__real_perf_counter_open(ctx, &pmu, PERF_PACKAGE, 0, &fd, &why))
		assert_null(strstr(why.text, "another machine"));
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_preferred, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_perf_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_machine, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
