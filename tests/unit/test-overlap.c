/* Which devices count some energy twice, what is added up instead, and sums of readings. */
#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/hourglass.h>

#include "core/rng.h"
#include "hardware/device/backend.h"
#include "tree.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MOST         40

/* ----- devices of any kind, described by a table */

struct made {
	const char *uuid, *pci, *wholes, *vendor, *title, *domain; /* domain NULL: no energy */
	hg_behaviour behaviour;
	hg_aggregation agg;
	const char *unit;
	int64_t value;
	hg_err rc;
	char room[256], parent[256];
};

static struct made table[MOST];

static hg_err made_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct made *m = &table[atoi(req->rest)];

	(void)why;
	(void)snprintf(m->parent, sizeof m->parent, "%s", m->wholes ? m->wholes : "");
	m->parent[strcspn(m->parent, " ")] = '\0';
	*state = m;
	return HG_OK;
}

static void made_close(void *state)
{
	(void)state;
}

static void made_info(const void *state, hg_device_info *info)
{
	const struct made *m = state;
	info->uuid = m->uuid ? m->uuid : "";
	info->pci = m->pci ? m->pci : "";
	info->wholes = m->wholes ? m->wholes : "";
	info->parent = m->parent;
	info->vendor = m->vendor ? m->vendor : "";
	info->title = m->title ? m->title : "";
}

static size_t one(const void *state)
{
	(void)state;
	return 1;
}

static size_t none(const void *state)
{
	(void)state;
	return 0;
}

static void made_signal(const void *state, size_t i, hg_signal_info *info)
{
	const struct made *m = state;

	(void)i;
	*info = (hg_signal_info){.name = "power",
		.unit = m->unit ? m->unit : "mW",
		.text = "",
		.agg = m->agg,
		.behaviour = m->behaviour,
		.domain = m->domain ? m->domain : "gpu",
		.absent = m->domain ? NULL : "the test has none"};
}

static void made_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	const struct made *m = state;

	(void)ids, (void)n;
	out[0] = (hg_reading){.value = m->value, .t0_ns = 10 + m->value % 1000000, .rc = m->rc};
	out[0].t1_ns = out[0].t0_ns + 1;
}

static int64_t now(const void *state)
{
	(void)state;
	return 1;
}

static void knob_of(const void *state, size_t i, hg_knob_info *info)
{
	(void)state, (void)i, (void)info;
}

static hg_err set_of(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	(void)state, (void)knob, (void)value, (void)effect, (void)why;
	return HG_EUNSUPPORTED;
}

static const struct device_hooks made_hooks = {.close = made_close,
	.info = made_info,
	.signals = one,
	.signal = made_signal,
	.read = made_read,
	.now = now,
	.knobs = none,
	.knob = knob_of,
	.set = set_of};

static struct backend named(const char *name)
{
	return (struct backend){.abi = BACKEND_ABI,
		.name = name,
		.text = "made",
		.open = made_open,
		.device = &made_hooks};
}

static struct backend nvml, hwmon, rapl, amdgpu;

static hg_device *make(hg_ctx *ctx, const struct backend *b, size_t i, struct made made)
{
	hg_error why = {""};
	hg_device *d;
	char spec[32];

	table[i] = made;
	table[i].behaviour = made.behaviour ? made.behaviour : HG_VARIABLE;
	(void)snprintf(spec, sizeof spec, "%s:%zu", b->name, i);
	assert_ok(device_open_with(ctx, b, spec, strchr(spec, ':') + 1, &d, &why), &why);
	return d;
}

static hg_ctx *fresh(void)
{
	hg_error why = {""};
	hg_ctx *ctx;

	nvml = named("nvml");
	hwmon = named("hwmon");
	rapl = named("rapl");
	amdgpu = named("amdgpu");
	assert_ok(hg_open(NULL, &ctx, &why), &why);
	return ctx;
}

/* ----- pairs */

struct pair {
	const struct backend *b1, *b2;
	struct made d1, d2;
	const char *says; /* NULL: apart */
	int whole;        /* which of the two is named first */
};

static void test_pairs(void **state)
{
	const struct made gpu = {.uuid = "G", .pci = "0:1", .vendor = "nvidia", .domain = "gpu"};
	const struct made module = {.uuid = "M", .vendor = "nvidia", .domain = "module"};
	const struct made package = {.uuid = "P", .domain = "package"};
	const struct made platform = {.uuid = "S", .domain = "platform"};
	const struct pair pairs[] = {
		{&nvml, &rapl, gpu, package, NULL, 0},
		{&nvml, &nvml, gpu, {.uuid = "H", .pci = "0:2", .domain = "gpu"}, NULL, 0},
		{&nvml, &nvml, gpu, gpu, "is the same device as", 0},
		{&amdgpu, &nvml, {.uuid = "x", .pci = "0:1", .domain = "gpu"}, gpu,
			"is the same device as", 0},
		{&nvml, &nvml, {.uuid = "MIG", .pci = "0:1", .wholes = "G"}, gpu, "contains", 1},
		{&nvml, &nvml, {.uuid = "A", .pci = "0:1", .wholes = "G"},
			{.uuid = "B", .pci = "0:1", .wholes = "G"}, NULL, 0},
		{&rapl, &rapl, {.uuid = "C", .domain = "core", .wholes = "P S"}, platform,
			"contains", 1},
		{&rapl, &rapl, {.uuid = "C", .domain = "core", .wholes = "PP S"}, package, NULL, 0},
		{&rapl, &nvml, platform, gpu, "may contain", 0},
		{&hwmon, &rapl, platform, package, "may contain", 0},
		{&hwmon, &hwmon, package, platform, "may contain", 1},
		{&hwmon, &nvml, module, gpu, "may contain", 0},
		{&nvml, &hwmon, package, module, "contains", 1},
		{&hwmon, &amdgpu, module, {.uuid = "a", .vendor = "amd", .domain = "gpu"}, NULL, 0},
		{&nvml, &nvml, module, {.uuid = "N", .domain = "module"}, "may contain", 0},
		{&nvml, &nvml, {.uuid = "1", .title = "NVIDIA GH200", .domain = "module"},
			{.uuid = "2", .title = "NVIDIA GH200", .domain = "module"}, NULL, 0},
		{&rapl, &amdgpu, package, {.uuid = "a", .domain = "package"}, "may contain", 0},
		{&amdgpu, &rapl, {.uuid = "a", .domain = "uncore"}, package, "may contain", 1},
		/* no energy in one of them: nothing to count twice */
		{&rapl, &nvml, platform, {.uuid = "G", .vendor = "nvidia"}, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		hg_ctx *ctx = fresh();
		const hg_device *set[2] = {make(ctx, pairs[i].b1, 0, pairs[i].d1),
			make(ctx, pairs[i].b2, 1, pairs[i].d2)};
		const hg_device *turned[2] = {set[1], set[0]};
		size_t a = 9, b = 9;
		hg_error why = {""};
		hg_err rc = hg_device_overlap(set, 2, &a, &b, &why);

		if (!pairs[i].says) {
			assert_ok(rc, &why);
		} else {
			assert_int_equal(rc, HG_EINVAL);
			assert_has(why.text, pairs[i].says);
			assert_int_equal(a, pairs[i].whole);
			assert_int_equal(b, 1 - pairs[i].whole);
		}
		/* in the other order as well */
		assert_int_equal(hg_device_overlap(turned, 2, NULL, NULL, NULL), rc);
		hg_close(ctx);
	}
}

/* ----- a laptop, a superchip, and a server, whole */

static void keeps(hg_device *const *set, size_t n, const char *expected)
{
	unsigned char keep[MOST];
	const hg_device *kept[MOST];
	size_t k = 0, count = hg_device_disjoint((const hg_device *const *)set, n, keep);
	hg_error why = {""};

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(keep[i], expected[i] - '0');
		if (keep[i])
			kept[k++] = set[i];
	}
	assert_int_equal(k, count);
	assert_ok(hg_device_overlap(kept, k, NULL, NULL, &why), &why);
}

static void test_machines(void **state)
{
	const struct made gpu = {.uuid = "G", .pci = "0:1", .vendor = "nvidia", .domain = "gpu"};
	hg_ctx *ctx = fresh();
	hg_device *set[8];

	(void)state;
	/* psys, and what is in it; with a GPU beside it nobody knows whether it is in it */
	set[0] = make(ctx, &rapl, 0, (struct made){.uuid = "C", .wholes = "P S", .domain = "core"});
	set[1] =
		make(ctx, &rapl, 1, (struct made){.uuid = "P", .wholes = "S", .domain = "package"});
	set[2] = make(ctx, &rapl, 2, (struct made){.uuid = "D", .wholes = "S", .domain = "dram"});
	set[3] = make(ctx, &rapl, 3, (struct made){.uuid = "S", .domain = "platform"});
	set[4] = make(ctx, &nvml, 4, gpu);
	keeps(set, 4, "0001");
	keeps(set, 5, "01101");
	/* a superchip whose GPU tells its own power: the processor's sensor and the GPU's counter
	 */
	set[0] = make(ctx, &nvml, 0, gpu);
	set[1] = make(ctx, &hwmon, 1, (struct made){.uuid = "M", .domain = "module"});
	set[2] = make(
		ctx, &hwmon, 2, (struct made){.uuid = "R", .wholes = "M", .domain = "package"});
	set[3] = make(
		ctx, &hwmon, 3, (struct made){.uuid = "U", .wholes = "R M", .domain = "package"});
	keeps(set, 4, "1010");
	/* one whose GPU tells the module's: that, once */
	set[0] = make(
		ctx, &nvml, 0, (struct made){.uuid = "G", .vendor = "nvidia", .domain = "module"});
	keeps(set, 4, "1000");
	/* nothing measured, nothing kept */
	set[0] = make(ctx, &nvml, 0, (struct made){.uuid = "G"});
	keeps(set, 1, "0");
	keeps(set, 0, "");
	hg_close(ctx);
}

/* Random trees of parts, each leaf with its own energy: what is kept holds every leaf once. */
static void test_trees(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 20);
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + rng_below(&rng, 12), above[MOST], leaves[MOST] = {0};
		bool leaf[MOST];
		hg_device *set[MOST];
		unsigned char keep[MOST];
		hg_ctx *ctx = fresh();

		for (size_t i = 0; i < n; i++) {
			static char uuids[MOST][32];
			struct made m = {.domain = "rail"};

			above[i] = i && rng_below(&rng, 3) ? rng_below(&rng, i) : SIZE_MAX;
			leaf[i] = true;
			(void)snprintf(uuids[i], sizeof uuids[i], "part%zu", i);
			m.uuid = uuids[i];
			if (above[i] != SIZE_MAX) {
				leaf[above[i]] = false;
				(void)snprintf(m.room, sizeof m.room, "%s%s%s", uuids[above[i]],
					*table[above[i]].room ? " " : "", table[above[i]].room);
			}
			set[i] = make(ctx, &rapl, i, m);
			table[i].wholes = table[i].room;
		}
		(void)hg_device_disjoint((const hg_device *const *)set, n, keep);
		for (size_t i = 0; i < n; i++)
			for (size_t k = i; leaf[i] && k != SIZE_MAX; k = above[k])
				leaves[i] += keep[k];
		for (size_t i = 0; i < n; i++)
			assert_int_equal(leaves[i], leaf[i] ? 1 : 0);
		hg_close(ctx);
	}
}

/* ----- sums */

static void test_sum(void **state)
{
	const struct made good = {.uuid = "G", .pci = "0:1", .domain = "gpu", .value = 300000};
	const struct {
		struct made other;
		hg_err rc;
		const char *says;
	} cases[] = {
		{{.uuid = "H", .domain = "gpu", .value = 40000}, HG_OK, ""},
		{{.uuid = "H"}, HG_EUNSUPPORTED, "nvml:1: power: the test has none"},
		{{.uuid = "H", .domain = "gpu", .rc = HG_EDEVICE}, HG_EDEVICE,
			"cannot be read now"},
		{{.uuid = "H", .domain = "gpu", .unit = "W"}, HG_EINVAL, "is in W, others in mW"},
		{{.uuid = "H", .domain = "gpu", .agg = HG_AGG_MEAN}, HG_EINVAL, "does not add up"},
		{{.uuid = "H", .domain = "gpu", .value = INT64_MAX}, HG_EDEVICE, "too large"},
		{{.uuid = "G", .domain = "gpu"}, HG_EINVAL, "is the same device as"},
	};
	hg_ctx *ctx = fresh();
	hg_reading r;
	hg_error why = {""};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		hg_device *set[2] = {
			make(ctx, &nvml, 0, good), make(ctx, &nvml, 1, cases[i].other)};

		assert_int_equal(hg_device_sum(set, 2, "power", &r, &why), cases[i].rc);
		if (cases[i].rc) {
			assert_has(why.text, cases[i].says);
			continue;
		}
		assert_int_equal(r.value, 340000);
		assert_int_equal(r.t0_ns, 300010);
		assert_int_equal(r.t1_ns, 40011);
		table[1].behaviour = HG_MONOTONE;
		assert_int_equal(hg_device_sum(set, 2, "power", &r, &why), HG_EINVAL);
		assert_has(why.text, "counter");
		assert_int_equal(hg_device_sum(set, 2, "energy", &r, &why), HG_EUNSUPPORTED);
		assert_has(why.text, "has no signal \"energy\"");
	}
	assert_int_equal(hg_device_sum(NULL, 0, "power", &r, &why), HG_EINVAL);
	hg_close(ctx);
}

/* ----- real backends name all their wholes */

static void test_backends(void **state)
{
	hg_device_info info = {.size = sizeof info};
	const hg_device *set[2];
	struct tree t;
	hg_ctx *ctx;

	(void)state;
	tree_init(&t);
	tree_rapl(&t, "intel-rapl:0", "package-0", "1000");
	tree_rapl(&t, "intel-rapl:0:0", "core", "400");
	tree_rapl(&t, "intel-rapl:1", "psys", "3000");
	tree_put(&t, "sys/class/hwmon/hwmon3/name", "ina3221");
	tree_put(&t, "sys/class/hwmon/hwmon3/in1_label", "VDD_IN");
	tree_put(&t, "sys/class/hwmon/hwmon3/in1_input", "19000");
	tree_put(&t, "sys/class/hwmon/hwmon3/curr1_input", "1500");
	tree_put(&t, "sys/class/hwmon/hwmon3/in2_label", "VDD_SOC");
	tree_put(&t, "sys/class/hwmon/hwmon3/in2_input", "5000");
	tree_put(&t, "sys/class/hwmon/hwmon3/curr2_input", "100");
	ctx = tree_context(&t);
	set[0] = tree_device(ctx, "rapl:package-0/core");
	set[1] = tree_device(ctx, "rapl:psys");
	hg_device_get_info(set[0], &info);
	assert_string_equal(info.wholes, "rapl-package-0 rapl-psys");
	/* the package is not open, and yet the platform contains the cores */
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, NULL), HG_EINVAL);
	set[0] = tree_device(ctx, "hwmon:ina3221/VDD_SOC");
	set[1] = tree_device(ctx, "hwmon:ina3221/VDD_IN");
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, NULL), HG_EINVAL);
	/* two simulated devices of one name are two */
	set[0] = tree_device(ctx, "sim:h100");
	set[1] = tree_device(ctx, "sim:h100");
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, NULL), HG_OK);
	set[1] = set[0];
	assert_int_equal(hg_device_overlap(set, 2, NULL, NULL, NULL), HG_EINVAL);
	hg_close(ctx);
	tree_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_backends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
