/* Devices of several vendors in one process: one scenario, each library plays its own. */
#define _POSIX_C_SOURCE 200809L
#include "fake-nvml.h"

static void names(void)
{
	assert_int_equal(setenv("HOURGLASS_AMDSMI", HG_FAKE_AMDSMI, 1), 0);
	assert_int_equal(setenv("HOURGLASS_HLML", HG_FAKE_HLML, 1), 0);
}

static size_t of_backend(hg_ctx *ctx, const char *backend)
{
	size_t n = 0;

	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d)) {
		hg_device_info info = {.size = sizeof info};

		hg_device_get_info(d, &info);
		n += !strcmp(info.backend, backend);
	}
	return n;
}

static void test_mixed(void **state)
{
	hg_ctx *ctx = context();
	const hg_device *set_of[4];
	hg_reading sum;
	hg_error why = {""};

	(void)state;
	play("{\"power_w\": 100}, {\"vendor\": \"amd\", \"power_w\": 200}, "
	     "{\"vendor\": \"habana\", \"power_w\": 300}, {\"power_w\": 400}",
		"");
	names();
	(void)discover(ctx);
	assert_int_equal(of_backend(ctx, "nvml"), 2);
	assert_int_equal(of_backend(ctx, "amdsmi"), 1);
	assert_int_equal(of_backend(ctx, "habana"), 1);
	set_of[0] = device(ctx, "nvml:1");
	set_of[1] = device(ctx, "amdsmi:0");
	set_of[2] = device(ctx, "habana:0");
	assert_ok(hg_device_overlap(set_of, 3, NULL, NULL, &why), &why);
	assert_ok(hg_device_sum((hg_device *const *)set_of, 3, "power", &sum, &why), &why);
	assert_int_equal(sum.value, 900000);
	/* what is set of one changes no other */
	assert_ok(set((hg_device *)set_of[0], "power_limit", 250000, NULL, &why), &why);
	assert_ok(hg_device_sum((hg_device *const *)set_of, 3, "power", &sum, &why), &why);
	assert_int_equal(sum.value, 750000);
	hg_close(ctx);
}

/* One vendor's driver is broken: the others are there. */
static void test_one_broken(void **state)
{
	hg_ctx *ctx = context();
	struct told t;

	(void)state;
	play("{}, {\"vendor\": \"amd\"}, {\"vendor\": \"habana\"}",
		", \"rules\": [{\"call\": \"nvmlInit_v2\", \"result\": 18}]");
	names();
	t = discover(ctx);
	assert_int_equal(t.rc, HG_EDEVICE);
	assert_non_null(strstr(t.reason, "upgraded"));
	assert_int_equal(of_backend(ctx, "nvml"), 0);
	assert_int_equal(of_backend(ctx, "amdsmi"), 1);
	assert_int_equal(of_backend(ctx, "habana"), 1);
	hg_close(ctx);
}

/* Two contexts know nothing of each other, though a library is one in a process. */
static void test_two_contexts(void **state)
{
	hg_ctx *a = context(), *b = context();
	hg_device *d, *e;

	(void)state;
	play("{}, {\"vendor\": \"amd\", \"power_w\": 200}, {\"vendor\": \"habana\"}", "");
	names();
	d = device(a, "amdsmi:0");
	e = device(b, "amdsmi:0");
	assert_int_equal(value(d, "power"), 200000);
	hg_close(a);
	assert_int_equal(value(e, "power"), 200000);
	hg_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_one_broken),
		cmocka_unit_test(test_two_contexts),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
