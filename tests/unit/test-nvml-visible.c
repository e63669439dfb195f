/* CUDA's numbers: CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER against devices. */
#define _POSIX_C_SOURCE 200809L
#include "fake-nvml.h"

#include "hardware/device/visible.h"

static const struct visible_gpu two_kinds[] = {{"GPU-aa1", "", "A"}, {"GPU-ab2", "", "B"}};
static const struct visible_gpu same[] = {
	{"GPU-aa1", "", "A"}, {"GPU-ab2", "", "A"}, {"GPU-c3", "", "A"}};
static const struct visible_gpu cut[] = {{"GPU-aa1", "", "A"}, {"MIG-x1", "GPU-aa1", "A"},
	{"MIG-x2", "GPU-aa1", "A"}, {"GPU-c3", "", "A"}};

static void test_cases(void **state)
{
	static const struct {
		const char *visible, *order;
		const struct visible_gpu *gpus;
		size_t n;
		const char *want; /* indices as digits */
		hg_err rc;
	} cases[] = {
		{NULL, NULL, same, 3, "012", HG_OK},
		{"", NULL, same, 3, "", HG_OK},
		{"2,0", NULL, same, 3, "20", HG_OK},
		{" 1 , 2", NULL, same, 3, "12", HG_OK},
		{"0,-1,1", NULL, same, 3, "0", HG_OK},
		{"0,3,1", NULL, same, 3, "0", HG_OK},
		{"0,x,1", NULL, same, 3, "0", HG_OK},
		{"1,,0", NULL, same, 3, "1", HG_OK},
		{"NoDevFiles", NULL, same, 3, "", HG_OK},
		{"18446744073709551616", NULL, same, 3, "", HG_OK},
		{"GPU-c3,GPU-aa1", NULL, same, 3, "20", HG_OK},
		{"GPU-c,GPU-ab", NULL, same, 3, "21", HG_OK},
		{"GPU-a,GPU-c3", NULL, same, 3, "", HG_OK}, /* two begin so */
		{"GPU-", NULL, same, 3, "", HG_OK},
		{"GPU-c3,0", NULL, same, 3, "20", HG_OK},
		{"0,0", NULL, same, 3, "", HG_EINVAL},
		{"GPU-c3,2", NULL, same, 3, "", HG_EINVAL},
		/* fastest first, and nobody knows which that is */
		{NULL, NULL, two_kinds, 2, "", HG_EUNSUPPORTED},
		{"1", NULL, two_kinds, 2, "", HG_EUNSUPPORTED},
		{"1", "FASTEST_FIRST", two_kinds, 2, "", HG_EUNSUPPORTED},
		{"1", "PCI_BUS_ID", two_kinds, 2, "1", HG_OK},
		{NULL, "PCI_BUS_ID", two_kinds, 2, "01", HG_OK},
		{"GPU-ab2,GPU-aa1", NULL, two_kinds, 2, "10", HG_OK},
		{"", NULL, two_kinds, 2, "", HG_OK},
		/* a GPU that is cut is its first instance, or the one that is named */
		{NULL, NULL, cut, 4, "13", HG_OK},
		{"1,0", NULL, cut, 4, "31", HG_OK},
		{"GPU-c3,GPU-aa1", NULL, cut, 4, "31", HG_OK},
		{"GPU-a", NULL, cut, 4, "1", HG_OK},
		{"MIG-x2", NULL, cut, 4, "2", HG_OK},
		{"MIG-x", NULL, cut, 4, "", HG_OK},
		{NULL, NULL, NULL, 0, "", HG_OK},
		{"0", NULL, NULL, 0, "", HG_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t out[4] = {9, 9, 9, 9}, n = 99;
		hg_error why = {""};
		hg_err rc = visible_cuda(
			cases[i].visible, cases[i].order, cases[i].gpus, cases[i].n, out, &n, &why);

		assert_int_equal(rc, cases[i].rc);
		assert_int_equal(!rc, !why.text[0]);
		if (rc)
			continue;
		assert_int_equal(n, strlen(cases[i].want));
		for (size_t k = 0; k < n; k++)
			assert_int_equal(out[k], cases[i].want[k] - '0');
	}
}

static void check(const char *visible, const char *spec, const char *uuid)
{
	hg_ctx *ctx = context();
	hg_device_info info = {.size = sizeof info};

	assert_int_equal(setenv("CUDA_VISIBLE_DEVICES", visible, 1), 0);
	hg_device_get_info(device(ctx, spec), &info);
	assert_string_equal(info.uuid, uuid);
	hg_close(ctx);
}

static void test_devices(void **state)
{
	hg_error why = {""};

	(void)state;
	play("{\"uuid\": \"GPU-a\"}, {\"uuid\": \"GPU-b\", \"mig\": [\"MIG-1\", \"MIG-2\"]}, "
	     "{\"uuid\": \"GPU-c\"}",
		"");
	check("2,0", "nvml:cuda:0", "GPU-c");
	check("2,0", "nvml:cuda:1", "GPU-a");
	check("1", "nvml:cuda:0", "MIG-1");
	check("MIG-2", "nvml:cuda:0", "MIG-2");
	check("GPU-c", "nvml:0", "GPU-a"); /* the driver's own numbers do not care */
	assert_int_equal(setenv("CUDA_VISIBLE_DEVICES", "1", 1), 0);
	assert_int_equal(refused("nvml:cuda:1", &why), HG_ENOENT);
	assert_non_null(strstr(why.text, "CUDA sees 1"));
	assert_int_equal(refused("nvml:cuda:x", &why), HG_ENOENT);
	assert_int_equal(unsetenv("CUDA_VISIBLE_DEVICES"), 0);
	/* a GPU that does not answer shifts the numbers: nothing is guessed */
	play("{}, {}",
		", \"rules\": [{\"call\": \"nvmlDeviceGetUUID\", \"device\": 0, \"result\": 15}]");
	assert_int_equal(refused("nvml:cuda:0", &why), HG_EDEVICE);
	assert_non_null(strstr(why.text, "GPU 0"));
}

/* HIP: first what the runtime sees, then what of that the program sees. */
static void test_hip(void **state)
{
	static const struct {
		const char *rocr, *hip, *want;
		hg_err rc;
	} cases[] = {
		{NULL, NULL, "012", HG_OK},
		{"2,0", NULL, "20", HG_OK},
		{NULL, "1", "1", HG_OK},
		{"2,0", "1", "0", HG_OK},
		{"2,0", "1,0", "02", HG_OK},
		{"2,0", "2", "", HG_OK},
		{"GPU-c3,GPU-ab2", "0", "2", HG_OK},
		{"1", "GPU-ab2", "1", HG_OK},
		{"1", "GPU-c3", "", HG_OK},
		{"", NULL, "", HG_OK},
		{NULL, "", "", HG_OK},
		{"0,-1,1", NULL, "0", HG_OK},
		{"0,0", NULL, "", HG_EINVAL},
		{NULL, "1,1", "", HG_EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t out[4] = {9, 9, 9, 9}, n = 99;
		hg_error why = {""};

		assert_int_equal(visible_hip(cases[i].rocr, cases[i].hip, same, 3, out, &n, &why),
			cases[i].rc);
		if (cases[i].rc) {
			assert_has(why.text, "is named twice");
			continue;
		}
		assert_int_equal(n, strlen(cases[i].want));
		for (size_t k = 0; k < n; k++)
			assert_int_equal(out[k], cases[i].want[k] - '0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hip),
		cmocka_unit_test(test_devices),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
