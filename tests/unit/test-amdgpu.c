/* AMD GPUs on fake trees: gpu_metrics by revision and cut anywhere, hwmon in its place, the cap. */
#define _POSIX_C_SOURCE 200809L
#include "near.h"

#include <stdio.h>
#include <stdlib.h>

#include <hourglass/hourglass.h>

#include "hardware/backend/amdgpu/dpm.h"
#include "hardware/backend/amdgpu/metrics.h"
#include "hardware/backend/amdgpu/topology.h"
#include "tree.h"

#define CARD  "sys/class/drm/card1/device/"
#define HWMON CARD "hwmon/hwmon5/"
#define SPEC  "amdgpu:0000:03:00.0"

static struct tree t;

static int setup(void **state)
{
	(void)state;
	tree_init(&t);
	tree_amdgpu(&t, "card1", "0000:03:00.0");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

/* ----- blobs. The offsets stand here a second time on purpose. */

struct blob {
	unsigned char data[4096];
	size_t len;
};

static void put(struct blob *b, size_t at, size_t bytes, uint64_t value)
{
	for (size_t i = 0; i < bytes; i++)
		b->data[at + i] = (unsigned char)(value >> 8 * i);
}

static struct blob blob(unsigned content, size_t size)
{
	struct blob b;

	memset(b.data, 0xff, sizeof b.data);
	b.len = size;
	put(&b, 0, 2, size);
	put(&b, 2, 1, 1);
	put(&b, 3, 1, content);
	return b;
}

static const struct {
	unsigned content;
	size_t size, power, energy, clock, clocks, stamp;
} revisions[] = {
	{1, 96, 22, 24, 54, 1, 0},
	{2, 104, 22, 24, 54, 1, 96},
	{3, 120, 22, 24, 54, 1, 96},
	{4, 288, 10, 24, 240, 8, 232},
	{5, 360, 10, 88, 312, 8, 304},
	{6, 1664, 10, 16, 264, 8, 256},
	{7, 2208, 10, 24, 296, 8, 288},
	{8, 3872, 10, 24, 296, 8, 288},
};

#define REVISIONS (sizeof revisions / sizeof *revisions)

static struct blob filled(size_t i)
{
	struct blob b = blob(revisions[i].content, revisions[i].size);

	put(&b, revisions[i].power, 2, 300);
	put(&b, revisions[i].energy, 8, 65536 * 7 + 1);
	for (size_t c = 0; c < revisions[i].clocks; c++)
		put(&b, revisions[i].clock + 2 * c, 2, 1000 + 100 * c);
	if (revisions[i].stamp)
		put(&b, revisions[i].stamp, 8, 1234567890123);
	return b;
}

static void test_revisions(void **state)
{
	struct metrics m;
	hg_error why;

	(void)state;
	for (size_t i = 0; i < REVISIONS; i++) {
		struct blob b = filled(i);

		assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_OK);
		assert_true(
			m.has[METRICS_ENERGY] && m.has[METRICS_POWER] && m.has[METRICS_SM_CLOCK]);
		/* 7 J and a step of 15.2588 uJ */
		assert_int_equal(m.value[METRICS_ENERGY], 7000015);
		assert_int_equal(m.value[METRICS_POWER], 300000);
		assert_int_equal(m.value[METRICS_SM_CLOCK],
			revisions[i].clocks == 1 ? 1000000000 : 1350000000);
		assert_int_equal(m.has[METRICS_STAMP], revisions[i].stamp > 0);
		assert_int_equal(
			m.value[METRICS_STAMP], revisions[i].stamp > 0 ? 12345678901230 : 0);
		/* a kernel that appends is still understood */
		b.len += 16;
		put(&b, 0, 2, b.len);
		assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_OK);
		assert_int_equal(m.value[METRICS_ENERGY], 7000015);
	}
}

/* Cut at every length, by the file and by its header: a field is there or absent, never wrong. */
static void test_cut(void **state)
{
	struct metrics m;
	hg_error why;

	(void)state;
	for (size_t i = 0; i < REVISIONS; i++)
		for (size_t len = 0; len < revisions[i].size; len++) {
			struct blob b = filled(i);

			assert_int_equal(metrics_parse(b.data, len, &m, &why), HG_EFORMAT);
			put(&b, 0, 2, len);
			if (len < 4) {
				assert_int_equal(metrics_parse(b.data, len, &m, &why), HG_EFORMAT);
				continue;
			}
			assert_int_equal(metrics_parse(b.data, len, &m, &why), HG_OK);
			assert_int_equal(m.has[METRICS_ENERGY], len >= revisions[i].energy + 8);
			assert_int_equal(m.has[METRICS_POWER], len >= revisions[i].power + 2);
			assert_int_equal(m.has[METRICS_SM_CLOCK], len >= revisions[i].clock + 2);
			assert_int_equal(m.has[METRICS_STAMP],
				revisions[i].stamp && len >= revisions[i].stamp + 8);
			assert_int_equal(
				m.value[METRICS_ENERGY], m.has[METRICS_ENERGY] ? 7000015 : 0);
		}
}

static void test_sentinels(void **state)
{
	static const unsigned unknown[][2] = {{1, 0}, {1, 9}, {2, 1}, {3, 0}, {0, 0}, {255, 255}};
	struct metrics m;
	hg_error why;
	struct blob b;

	(void)state;
	for (size_t i = 0; i < REVISIONS; i++) {
		b = blob(revisions[i].content, revisions[i].size);
		assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_OK);
		for (size_t f = 0; f < METRICS_FIELDS; f++)
			assert_false(m.has[f]);
		/* kernels that do not know the firmware's time wrote 0 */
		for (int k = 0; revisions[i].stamp && k < 2; k++) {
			put(&b, revisions[i].stamp, 8, k ? UINT64_MAX / 2 : 0);
			assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_OK);
			assert_false(m.has[METRICS_STAMP]);
		}
		/* one chiplet of eight tells its clock */
		put(&b, revisions[i].clock, 2, 900);
		assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_OK);
		assert_int_equal(m.value[METRICS_SM_CLOCK], 900000000);
		/* beyond what uJ in 64 bits can hold */
		put(&b, revisions[i].energy, 8, UINT64_MAX - 1);
		assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_OK);
		assert_false(m.has[METRICS_ENERGY]);
	}
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		char says[32];

		b = filled(2);
		put(&b, 2, 1, unknown[i][0]);
		put(&b, 3, 1, unknown[i][1]);
		(void)snprintf(says, sizeof says, "revision %u.%u", unknown[i][0], unknown[i][1]);
		assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_EVERSION);
		assert_has(why.text, says);
	}
}

/* The unit against exact arithmetic. */
static void test_energy_unit(void **state)
{
	static const uint64_t raws[] = {
		1, 1023, 1024, 1025, 65535, 65536, (1ull << 40) + 12345, (1ull << 58) - 1};
	struct metrics m;
	hg_error why;

	(void)state;
	for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
		struct blob b = filled(2);
		/* floor(raw * 10^6 / 2^16), in parts that do not overflow */
		uint64_t want = (raws[i] >> 16) * 1000000 + ((raws[i] & 0xffff) * 1000000 >> 16);

		put(&b, revisions[2].energy, 8, raws[i]);
		assert_int_equal(metrics_parse(b.data, b.len, &m, &why), HG_OK);
		assert_true(m.has[METRICS_ENERGY]);
		assert_true((uint64_t)m.value[METRICS_ENERGY] == want);
	}
}

/* ----- devices */

static void put_blob(const struct blob *b)
{
	tree_put_bytes(&t, CARD "gpu_metrics", b->data, b->len);
}

static void test_with_metrics(void **state)
{
	struct blob b = filled(2);
	hg_device_info info = {.size = sizeof info};
	size_t ids[3];
	hg_reading r[3];
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	put_blob(&b);
	ctx = tree_context(&t);
	d = tree_device(ctx, SPEC);
	hg_device_get_info(d, &info);
	assert_string_equal(info.vendor, "amd");
	assert_string_equal(info.title, "Instinct MI250X");
	assert_string_equal(info.model, "1002:740C");
	assert_string_equal(info.pci, "0000:03:00.0");
	assert_string_equal(info.uuid, "GPU-18eeb4d7e8f1a7e5");
	assert_int_equal(info.simulated, 0);
	assert_int_equal(tree_signal(d, "energy").resolution, 16);
	assert_int_equal(tree_signal(d, "energy").behaviour, HG_MONOTONE);
	assert_int_equal(tree_read(d, "power").value, 300000);
	assert_int_equal(tree_read(d, "sm_clock").value, 1000000000);
	assert_int_equal(tree_read(d, "memory_clock").value, 1600000000);
	assert_int_equal(tree_read(d, "temperature").value, 45000);
	assert_int_equal(tree_read(d, "memory_temperature").value, 51000);
	assert_int_equal(tree_read(d, "utilisation").value, 370000);
	/* one sample for all of one call */
	ids[0] = hg_device_signal_index(d, "energy");
	ids[1] = hg_device_signal_index(d, "temperature");
	ids[2] = hg_device_signal_index(d, "power");
	assert_int_equal(hg_device_read(d, ids, 3, r), HG_OK);
	assert_int_equal(r[0].value, 7000015);
	assert_true(r[0].t0_ns == r[2].t0_ns && r[0].t1_ns == r[2].t1_ns);
	/* later it is cut, of another revision, lost, without the field: errors, alone, never 0 */
	b.len = 60;
	put_blob(&b);
	assert_int_equal(hg_device_read(d, ids, 3, r), HG_OK);
	assert_int_equal(r[0].rc, HG_EDEVICE);
	assert_int_equal(r[1].rc, HG_OK);
	assert_int_equal(r[2].rc, HG_EDEVICE);
	b = filled(2);
	put(&b, 3, 1, 99);
	put_blob(&b);
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	b = filled(2);
	put(&b, revisions[2].energy, 8, UINT64_MAX);
	put_blob(&b);
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	assert_int_equal(tree_read(d, "power").value, 300000);
	tree_remove(&t, CARD "gpu_metrics");
	assert_int_equal(tree_read(d, "energy").rc, HG_EDEVICE);
	hg_close(ctx);
}

static void test_without_metrics(void **state)
{
	struct blob b = filled(2);
	static unsigned char huge[METRICS_MAX + 1];
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, SPEC);

	(void)state;
	assert_has(tree_signal(d, "energy").absent, CARD "gpu_metrics: No such file");
	assert_int_equal(tree_read(d, "energy").rc, HG_EUNSUPPORTED);
	assert_int_equal(tree_read(d, "power").value, 81000);
	assert_int_equal(tree_read(d, "sm_clock").value, 800000000);
	hg_close(ctx);
	/* the newer name, and no hottest point */
	tree_remove(&t, HWMON "power1_average");
	tree_put(&t, HWMON "power1_input", "82500000");
	tree_remove(&t, HWMON "temp2_label");
	put(&b, 2, 1, 2);
	put(&b, 3, 1, 3);
	put_blob(&b);
	ctx = tree_context(&t);
	d = tree_device(ctx, SPEC);
	assert_has(tree_signal(d, "energy").absent, "revision 2.3 is not known");
	assert_has(tree_signal(d, "energy").absent, "/" CARD "gpu_metrics");
	assert_int_equal(tree_read(d, "power").value, 82500);
	assert_int_equal(tree_read(d, "temperature").value, 41000);
	hg_close(ctx);
	/* nothing but the card */
	tree_remove(&t, CARD "hwmon");
	tree_remove(&t, CARD "gpu_busy_percent");
	tree_put_bytes(&t, CARD "gpu_metrics", huge, sizeof huge);
	ctx = tree_context(&t);
	d = tree_device(ctx, SPEC);
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info s = {.size = sizeof s};

		assert_int_equal(hg_device_signal(d, i, &s), HG_OK);
		assert_non_null(s.absent);
		assert_int_equal(tree_read(d, s.name).rc, HG_EUNSUPPORTED);
	}
	assert_has(tree_signal(d, "energy").absent, "longer than");
	assert_has(tree_knob(d, "power_limit").unsettable, "no power1_cap");
	hg_close(ctx);
	/* a counter that never counted */
	b = filled(2);
	put(&b, revisions[2].energy, 8, 0);
	put_blob(&b);
	ctx = tree_context(&t);
	assert_has(tree_signal(tree_device(ctx, SPEC), "energy").absent, "does not count energy");
	hg_close(ctx);
}

static void test_power_limit(void **state)
{
	static const struct {
		const char *file, *text;
	} cases[] = {
		{"power1_cap_min", "18446744073709551615"},
		{"power1_cap_max", "18446744073709551615"},
		{"power1_cap_max", "0"},
		{"power1_cap_max", "x"},
		{"power1_cap_min", "600000000"},
		{"power1_cap", ""},
	};
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, SPEC);
	hg_knob_info k = tree_knob(d, "power_limit");
	hg_error why = {""};
	hg_effect e;
	char path[128];

	(void)state;
	assert_null(k.unsettable);
	assert_int_equal(k.min, 0);
	assert_int_equal(k.max, 560000);
	assert_int_equal(k.default_value, 500000);
	assert_int_equal(k.current, 560000);
	assert_ok(hg_device_set(d, 0, 300000, &e, &why), &why);
	assert_string_equal(tree_get(&t, HWMON "power1_cap"), "300000000");
	assert_int_equal(e.observed, 300000);
	assert_int_equal(hg_device_set(d, 0, 560001, &e, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_string_equal(tree_get(&t, HWMON "power1_cap"), "500000000");
	hg_close(ctx);
	tree_remove(&t, HWMON "power1_cap_default");
	ctx = tree_context(&t);
	assert_int_equal(tree_knob(tree_device(ctx, SPEC), "power_limit").default_value, 500000);
	hg_close(ctx);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		tree_amdgpu(&t, "card1", "0000:03:00.0");
		(void)snprintf(path, sizeof path, HWMON "%s", cases[i].file);
		tree_put(&t, path, cases[i].text);
		ctx = tree_context(&t);
		k = tree_knob(tree_device(ctx, SPEC), "power_limit");
		assert_non_null(k.unsettable);
		assert_has(k.unsettable, "no usable range");
		assert_int_equal(k.max, 0);
		hg_close(ctx);
	}
	tree_amdgpu(&t, "card1", "0000:03:00.0");
	if (!tree_forbid(&t, HWMON "power1_cap", 0444))
		return;
	ctx = tree_context(&t);
	k = tree_knob(tree_device(ctx, SPEC), "power_limit");
	tree_allow();
	assert_has(k.unsettable, "Permission denied; as root, or udev: ");
	hg_close(ctx);
}

struct told {
	size_t devices;
	hg_err rc;
	char reason[HG_ERROR_TEXT];
};

static void listen(void *user, const hg_discovery *found)
{
	struct told *told = user;

	if (strcmp(found->backend, "amdgpu") != 0)
		return;
	told->devices = found->devices;
	told->rc = found->rc;
	(void)snprintf(told->reason, sizeof told->reason, "%s", found->reason);
}

static void test_cards(void **state)
{
	struct told told = {0};
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx;
	hg_device *d;
	hg_error why;

	(void)state;
	tree_amdgpu(&t, "card10", "0000:c3:00.0");
	tree_remove(&t, "sys/class/drm/card10/device/unique_id");
	tree_put(&t, "sys/class/drm/card10/device/product_name", "");
	/* another driver's, a connector, one without a slot, one with garbage, an empty folder */
	tree_put(
		&t, "sys/class/drm/card2/device/uevent", "DRIVER=i915\nPCI_SLOT_NAME=0000:00:02.0");
	tree_put(&t, "sys/class/drm/card1-DP-1/device/uevent",
		"DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0");
	tree_put(&t, "sys/class/drm/card3/device/uevent", "DRIVER=amdgpu");
	tree_put(&t, "sys/class/drm/card4/device/uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=../../x");
	tree_folder(&t, "sys/class/drm/card5");
	tree_put(&t, "sys/class/drm/version", "drm 1.1.0 20060810");
	ctx = tree_context(&t);
	assert_int_equal(hg_discover(ctx, listen, &told, &why), HG_OK);
	assert_int_equal(told.rc, HG_OK);
	assert_int_equal(told.devices, 2);
	d = tree_device(ctx, "amdgpu:0000:c3:00.0");
	hg_device_get_info(d, &info);
	assert_string_equal(info.uuid, "");
	assert_string_equal(info.title, "AMD GPU 1002:740C (card10)");
	assert_int_equal(hg_device_open(ctx, "amdgpu:0000:00:02.0", &d, &why), HG_ENOENT);
	assert_has(why.text, "did you mean \"amdgpu:0000:03:00.0\"");
	hg_close(ctx);
	tree_remove(&t, "sys/class/drm/card1");
	tree_remove(&t, "sys/class/drm/card10");
	ctx = tree_context(&t);
	assert_int_equal(hg_discover(ctx, listen, &told, &why), HG_OK);
	assert_int_equal(told.rc, HG_ENOENT);
	assert_has(told.reason, "no card of the driver amdgpu");
	tree_remove(&t, "sys");
	assert_int_equal(hg_discover(ctx, listen, &told, &why), HG_OK);
	assert_has(told.reason, "no /sys/class/drm");
	assert_int_equal(hg_device_open(ctx, SPEC, &d, &why), HG_ENOENT);
	hg_close(ctx);
}

/* ----- throttling: counts that grow between two readings */

static void test_throttle(void **state)
{
	static const struct {
		size_t revision, at;
		int64_t bits;
	} cases[] = {
		{5, 36, HG_THROTTLE_HARDWARE},
		{5, 40, HG_THROTTLE_POWER_LIMIT},
		{5, 44, HG_THROTTLE_HEAT},
		{5, 52, HG_THROTTLE_HEAT},
		{6, 44, HG_THROTTLE_HARDWARE},
		{6, 48, HG_THROTTLE_POWER_LIMIT},
		{7, 48, HG_THROTTLE_POWER_LIMIT},
		{7, 60, HG_THROTTLE_HEAT},
		{7, 64, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct blob b = filled(cases[i].revision);
		size_t first = cases[i].revision == 5 ? 36 : 44;
		hg_ctx *ctx;
		hg_device *d;

		for (size_t k = 0; k < 5; k++)
			put(&b, first + 4 * k, 4, 1000);
		tree_amdgpu(&t, "card1", "0000:03:00.0");
		put_blob(&b);
		ctx = tree_context(&t);
		d = tree_device(ctx, "amdgpu:0000:03:00.0");
		/* what was before it was opened is not now */
		assert_int_equal(tree_read(d, "throttle").value, 0);
		put(&b, cases[i].at, 4, 1001);
		put_blob(&b);
		assert_int_equal(tree_read(d, "throttle").value, cases[i].bits);
		assert_int_equal(tree_read(d, "throttle").value, 0);
		hg_close(ctx);
	}
}

/* ----- clock levels */

#define CARD "sys/class/drm/card1/device/"

static void dpm_files(void)
{
	tree_amdgpu(&t, "card1", "0000:03:00.0");
	tree_put(&t, CARD "pp_dpm_sclk", "S: 19Mhz\n0: 500Mhz\n1: 800Mhz *\n2: 1700Mhz");
	tree_put(&t, CARD "pp_dpm_mclk", "0: 400Mhz\n1: 1600Mhz *");
	tree_put(&t, CARD "power_dpm_force_performance_level", "auto");
}

static void test_dpm(void **state)
{
	hg_ctx *ctx;
	hg_device *d;
	hg_knob_info k;
	hg_effect e;
	hg_error why = {""};
	size_t sm, memory;

	(void)state;
	dpm_files();
	ctx = tree_context(&t);
	d = tree_device(ctx, "amdgpu:0000:03:00.0");
	sm = hg_device_knob_index(d, "sm_clock");
	memory = hg_device_knob_index(d, "memory_clock");
	k = tree_knob(d, "sm_clock");
	assert_null(k.unsettable);
	assert_int_equal(k.n_ladder, 3);
	assert_int_equal(k.ladder[2], 1700000000);
	assert_int_equal(k.current, 0);
	/* the mode comes first: without it the driver refuses levels */
	assert_ok(hg_device_set(d, sm, 900000000, &e, &why), &why);
	assert_int_equal(e.observed, 800000000);
	assert_string_equal(tree_get(&t, CARD "power_dpm_force_performance_level"), "manual");
	assert_string_equal(tree_get(&t, CARD "pp_dpm_sclk"), "1");
	assert_ok(hg_device_set(d, memory, 400000000, &e, &why), &why);
	/* undoing one lock leaves the other */
	assert_ok(hg_device_set(d, sm, 0, &e, &why), &why);
	assert_string_equal(tree_get(&t, CARD "pp_dpm_sclk"), "0 1 2");
	assert_string_equal(tree_get(&t, CARD "pp_dpm_mclk"), "0");
	assert_string_equal(tree_get(&t, CARD "power_dpm_force_performance_level"), "manual");
	assert_int_equal(tree_knob(d, "memory_clock").current, 400000000);
	assert_ok(hg_device_set(d, memory, 0, &e, &why), &why);
	assert_string_equal(tree_get(&t, CARD "power_dpm_force_performance_level"), "auto");
	/* somebody else's mode undoes what is held */
	assert_ok(hg_device_set(d, sm, 1700000000, &e, &why), &why);
	assert_ok(hg_device_set(d, memory, 1600000000, &e, &why), &why);
	tree_put(&t, CARD "power_dpm_force_performance_level", "low");
	assert_int_equal(tree_knob(d, "sm_clock").current, 0);
	assert_int_equal(tree_knob(d, "performance_level").current, 1);
	assert_ok(hg_device_set(d, sm, 500000000, &e, &why), &why);
	assert_int_equal(tree_knob(d, "memory_clock").current, 0);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_string_equal(tree_get(&t, CARD "power_dpm_force_performance_level"), "auto");
	hg_close(ctx);
}

static void test_dpm_lists(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} cases[] = {
		{"0: 500Mhz\n1: 800Mhz *\n", 2},
		{"0: 500MHz *", 1},
		{"", 0},
		{"0: Mhz", 0},
		{"0: 500", 0},
		{"1: 500Mhz", 0},
		{"0: 800Mhz\n1: 500Mhz", 0},
		{"0: 0Mhz", 0},
		{"0: 99999999999999999999Mhz", 0},
		{"500Mhz", 0},
	};
	int64_t hz[DPM_LEVELS];
	hg_ctx *ctx;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(dpm_parse(cases[i].text, hz), cases[i].n);
	dpm_files();
	tree_put(&t, CARD "pp_dpm_sclk", "0: 500Mhz *");
	tree_remove(&t, CARD "pp_dpm_mclk");
	ctx = tree_context(&t);
	assert_has(tree_knob(tree_device(ctx, "amdgpu:0000:03:00.0"), "sm_clock").unsettable,
		"no two levels");
	assert_has(tree_knob(tree_device(ctx, "amdgpu:0000:03:00.0"), "memory_clock").unsettable,
		"pp_dpm_mclk");
	hg_close(ctx);
}

/* ----- HIP's numbers */

static void node(int i, const char *properties)
{
	char path[128];

	(void)snprintf(path, sizeof path, KFD_NODES "/%d/properties", i);
	tree_put(&t, path, properties);
}

static const char *pci_of(hg_ctx *ctx, const char *spec)
{
	static char pci[32];
	hg_device_info info = {.size = sizeof info};

	hg_device_get_info(tree_device(ctx, spec), &info);
	(void)snprintf(pci, sizeof pci, "%s", info.pci);
	return pci;
}

static void test_hip(void **state)
{
	hg_error why = {""};
	hg_ctx *ctx;
	hg_device *d;

	(void)state;
	tree_amdgpu(&t, "card1", "0000:03:00.0");
	tree_amdgpu(&t, "card2", "0000:c3:00.0");
	/* the topology is not in the order of addresses, and has processors in it */
	node(0, "cpu_cores_count 64\nsimd_count 0");
	node(1, "cpu_cores_count 0\nsimd_count 880\nlocation_id 49920\ndomain 0\n"
		"unique_id 1777777777");
	node(2, "cpu_cores_count 0\nsimd_count 880\nlocation_id 768\ndomain 0\nunique_id 42");
	node(10, "nonsense");
	ctx = tree_context(&t);
	(void)unsetenv("ROCR_VISIBLE_DEVICES");
	(void)unsetenv("CUDA_VISIBLE_DEVICES");
	(void)unsetenv("HIP_VISIBLE_DEVICES");
	assert_string_equal(pci_of(ctx, "amdgpu:hip:0"), "0000:c3:00.0");
	assert_string_equal(pci_of(ctx, "amdgpu:hip:1"), "0000:03:00.0");
	assert_int_equal(setenv("CUDA_VISIBLE_DEVICES", "1", 1), 0);
	assert_string_equal(pci_of(ctx, "amdgpu:hip:0"), "0000:03:00.0");
	assert_int_equal(setenv("HIP_VISIBLE_DEVICES", "0", 1), 0);
	assert_string_equal(pci_of(ctx, "amdgpu:hip:0"), "0000:c3:00.0");
	assert_int_equal(setenv("ROCR_VISIBLE_DEVICES", "GPU-000000000000002a", 1), 0);
	assert_string_equal(pci_of(ctx, "amdgpu:hip:0"), "0000:03:00.0");
	assert_int_equal(hg_device_open(ctx, "amdgpu:hip:1", &d, &why), HG_ENOENT);
	assert_has(why.text, "HIP sees 1 here");
	(void)unsetenv("ROCR_VISIBLE_DEVICES");
	(void)unsetenv("CUDA_VISIBLE_DEVICES");
	(void)unsetenv("HIP_VISIBLE_DEVICES");
	assert_int_equal(hg_device_open(ctx, "amdgpu:hip:x", &d, &why), HG_ENOENT);
	hg_close(ctx);
}

/* Processor and GPU in one: what it draws is the package's, and RAPL counts it as well. */
static void test_apu(void **state)
{
	struct blob b = filled(5);
	const hg_device *set[2];
	hg_ctx *ctx;

	(void)state;
	tree_amdgpu(&t, "card1", "0000:03:00.0");
	put_blob(&b);
	tree_rapl(&t, "intel-rapl:0", "package-0", "1");
	node(0, "cpu_cores_count 24\nsimd_count 912\nlocation_id 768\ndomain 0");
	ctx = tree_context(&t);
	set[0] = tree_device(ctx, "amdgpu:0000:03:00.0");
	set[1] = tree_device(ctx, "rapl:package-0");
	assert_string_equal(tree_signal(set[0], "energy").domain, "package");
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, NULL), HG_EINVAL);
	node(0, "cpu_cores_count 0\nsimd_count 912\nlocation_id 768\ndomain 0");
	set[0] = tree_device(ctx, "amdgpu:0000:03:00.0");
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, NULL), HG_OK);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_revisions),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_sentinels),
		cmocka_unit_test(test_energy_unit),
		cmocka_unit_test_setup_teardown(test_throttle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dpm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dpm_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_with_metrics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_metrics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_power_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cards, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
