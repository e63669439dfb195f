/* AMD GPUs on fake trees: gpu_metrics by revision and cut anywhere, hwmon in its place, the cap. */
#include "near.h"

#include <stdio.h>

#include <hourglass/hourglass.h>

#include "hardware/backend/amdgpu/metrics.h"
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
	size_t size, power, energy, clock, clocks;
} revisions[] = {
	{1, 96, 22, 24, 54, 1},
	{2, 104, 22, 24, 54, 1},
	{3, 120, 22, 24, 54, 1},
	{4, 288, 10, 24, 240, 8},
	{5, 360, 10, 88, 312, 8},
	{6, 1664, 10, 16, 264, 8},
	{7, 2208, 10, 24, 296, 8},
	{8, 3872, 10, 24, 296, 8},
};

#define REVISIONS (sizeof revisions / sizeof *revisions)

static struct blob filled(size_t i)
{
	struct blob b = blob(revisions[i].content, revisions[i].size);

	put(&b, revisions[i].power, 2, 300);
	put(&b, revisions[i].energy, 8, 65536 * 7 + 1);
	for (size_t c = 0; c < revisions[i].clocks; c++)
		put(&b, revisions[i].clock + 2 * c, 2, 1000 + 100 * c);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_revisions),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_sentinels),
		cmocka_unit_test(test_energy_unit),
		cmocka_unit_test_setup_teardown(test_with_metrics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_metrics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_power_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cards, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
