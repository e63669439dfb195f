/* Meters over recordings: time passes by hg_replay_run(), or by reads. */
#define _POSIX_C_SOURCE 200809L
#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hourglass/hourglass.h>

#include "script.h"

static char file[] = "/tmp/test-replay-meter-XXXXXX";

static hg_ctx *open_ctx(void)
{
	hg_error why = {""};
	hg_ctx *ctx;

	assert_ok(hg_open(NULL, &ctx, &why), &why);
	return ctx;
}

static hg_device *played(hg_ctx *ctx, const char *more)
{
	hg_error why = {""};
	hg_device *d;
	char spec[96];

	(void)snprintf(spec, sizeof spec, "replay:%s%s", file, more);
	assert_ok(hg_device_open(ctx, spec, &d, &why), &why);
	return d;
}

static const struct script_step hill[] = {{0.0, 100.0}, {3.0, 400.0}, {6.0, 100.0}};

static void record_hill(struct script *s)
{
	hg_record_opts opts = {.size = sizeof opts, .interval_ns = 20000000};
	hg_error why = {""};
	hg_recorder *r;
	hg_device *d;
	hg_ctx *ctx;

	assert_ok(hg_open(NULL, &ctx, &why), &why);
	assert_ok(script_open(ctx, s, &d, &why), &why);
	assert_ok(hg_record_create(ctx, file, &opts, &r, &why), &why);
	for (int i = 0; i < 500; i++) {
		script_run(d, s, 0.02);
		assert_ok(hg_record_sample(r, &why), &why);
	}
	assert_ok(hg_record_finish(r, &why), &why);
	hg_record_destroy(r);
	hg_close(ctx);
}

/* Joules of two windows; time passes by hg_replay_run(), or by reads of another. */
static void replay_joules(bool by_reads, double joules[2], const struct script *s)
{
	static const double from[] = {2.5, 5.03}, to[] = {7.25, 5.61};
	hg_error why = {""};
	hg_ctx *ctx = open_ctx();
	hg_device *d = played(ctx, "");
	size_t id = hg_device_signal_index(d, "energy");
	hg_reading r;
	hg_meter *m;

	assert_ok(hg_meter_open(ctx, &d, 1, NULL, &m, &why), &why);
	(void)hg_meter_begin(m);
	if (by_reads) {
		for (int i = 0; i < 480; i++)
			assert_int_equal(hg_device_read(d, &id, 1, &r), HG_OK);
	} else {
		assert_ok(hg_replay_run(d, 9.5, &why), &why);
	}
	for (size_t i = 0; i < 2; i++) {
		hg_energy e = {.size = sizeof e};
		double truth = script_energy(s, to[i]) - script_energy(s, from[i]);

		assert_ok(hg_meter_energy(
				  m, 0, llround(from[i] * 1e9), llround(to[i] * 1e9), 0, &e, &why),
			&why);
		assert_true(e.lo <= truth && truth <= e.hi);
		assert_near_abs(e.joules, truth, 0.0, 4.0);
		assert_true(e.flags & HG_ENERGY_SIMULATED);
		joules[i] = e.joules;
	}
	if (!by_reads) {
		assert_int_equal(hg_replay_run(d, 9.5, &why), HG_ERANGE);
		assert_non_null(strstr(why.text, "ends"));
		assert_int_equal(hg_replay_run(d, -1.0, &why), HG_EINVAL);
	}
	hg_meter_close(m);
	hg_close(ctx);
}

static void test_meter(void **state)
{
	struct script s = {.steps = hill,
		.n_steps = sizeof hill / sizeof *hill,
		.period_s = 0.1,
		.said_period_s = 0.1,
		.phase_s = 0.033,
		.resolution_uj = 1000,
		.max_mw = 700000};
	double once[2], again[2], reads[2];
	hg_error why = {""};
	hg_device *d;
	hg_ctx *ctx;

	(void)state;
	record_hill(&s);
	replay_joules(false, once, &s);
	replay_joules(false, again, &s);
	assert_memory_equal(once, again, sizeof once);
	replay_joules(true, reads, &s);
	/* with a speed, time passes by itself; and only recordings are replayed */
	assert_ok(hg_open(NULL, &ctx, &why), &why);
	assert_ok(hg_device_open(ctx, "sim:h100", &d, &why), &why);
	assert_int_equal(hg_replay_run(played(ctx, ",speed=1"), 1.0, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "speed"));
	assert_int_equal(hg_replay_run(d, 1.0, &why), HG_EINVAL);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_meter)};
	int fd = mkstemp(file), failed;

	if (fd < 0)
		return 1;
	(void)close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(file);
	return failed;
}
