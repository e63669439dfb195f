/* Opening a meter, loading and writing sensors: every allocation fails once, nothing leaks. */
#include "meter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/measure/sensor-file.h"
#include "scarce.h"

static long left = -1; /* calls until one fails; below 0: none does */

static bool memory_fails(void)
{
	return left >= 0 && left-- == 0;
}

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *user);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *user);

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *user)
{
	return memory_fails() ? 11 : __real_pthread_create(t, a, fn, user);
}

static const struct script_step steps[] = {{0.0, 100.0}};

static void open_failing(bool real_time)
{
	struct script s[2];
	hg_device *d[2];
	hg_ctx *ctx;
	hg_error why = {""};
	hg_meter *m;
	hg_err rc = HG_ENOMEM;
	long n = 0;

	assert_ok(hg_open(NULL, &ctx, &why), &why);
	for (size_t i = 0; i < 2; i++) {
		s[i] = (struct script){.steps = steps,
			.n_steps = 1,
			.period_s = 0.1,
			.said_period_s = 0.1,
			.resolution_uj = 1,
			.real_time = real_time};
		assert_ok(script_open(ctx, &s[i], &d[i], &why), &why);
	}
	for (; rc; n++) {
		left = n;
		rc = hg_meter_open(ctx, d, 2, NULL, &m, &why);
		left = -1;
		if (!rc)
			break;
		assert_int_equal(rc, HG_ENOMEM);
		assert_null(m);
		assert_true(why.text[0]);
	}
	assert_true(n >= 10);
	hg_meter_close(m);
	hg_close(ctx);
}

static void test_open(void **state)
{
	(void)state;
	open_failing(false);
	open_failing(true);
}

static void test_sensors(void **state)
{
	static const char text[] = "{\"schema\": \"hourglass.sensors/1\", \"sensors\": ["
				   "{\"uuid\": \"a\", \"trusted\": true, \"lag_s\": 0.1},"
				   "{\"uuid\": \"b\", \"trusted\": false}]}";
	hg_error why = {""};
	hg_sensors *s;
	hg_err rc = HG_ENOMEM;
	long n = 0;

	(void)state;
	for (; rc; n++) {
		left = n;
		rc = sensors_parse(text, sizeof text - 1, "f", &s, &why);
		left = -1;
		assert_true(rc == HG_OK || rc == HG_ENOMEM);
	}
	assert_true(n >= 4);
	hg_sensors_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_sensors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
