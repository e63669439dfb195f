/* Driver calls that hang or are slow, in real time: the device is lost without anybody asking, the
 * others are read on, and it is found again. */
#define _POSIX_C_SOURCE 200809L

#include "meter.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define DEVICES 4

static const struct script_step steps[] = {{0.0, 200.0}};

/* What the devices of a test do. */
struct driver {
	atomic_int hangs; /* calls do not come back */
	long slow_ms;     /* each takes so long */
};

struct rig {
	hg_ctx *ctx;
	hg_device *devices[DEVICES];
	struct script scripts[DEVICES];
	struct driver drivers[DEVICES];
	hg_meter *meter;
	atomic_int lost; /* warnings of a device that is lost */
};

static void wait_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void drive(struct script *s, const char *signal, double now_s, hg_reading *r)
{
	struct driver *d = s->more;

	(void)signal;
	(void)now_s;
	(void)r;
	if (d->slow_ms)
		wait_ms(d->slow_ms);
	while (atomic_load(&d->hangs))
		wait_ms(5);
}

static void hear(void *user, hg_log_level level, const char *topic, const char *text)
{
	struct rig *rig = user;

	(void)topic;
	if (level == HG_LOG_WARN && strstr(text, "does not come back"))
		atomic_fetch_add(&rig->lost, 1);
}

static void rig_open(struct rig *rig)
{
	hg_config cfg = {.size = sizeof cfg, .log = hear, .log_user = rig};
	hg_error why = {""};

	*rig = (struct rig){.ctx = NULL};
	assert_ok(hg_open(&cfg, &rig->ctx, &why), &why);
	for (size_t i = 0; i < DEVICES; i++) {
		rig->scripts[i] = (struct script){.steps = steps,
			.n_steps = 1,
			.period_s = 0.02,
			.said_period_s = 0.02,
			.phase_s = 0.003 * (double)i,
			.resolution_uj = 1000,
			.max_mw = 700000,
			.real_time = true,
			.fault = drive,
			.more = &rig->drivers[i]};
		assert_ok(script_open(rig->ctx, &rig->scripts[i], &rig->devices[i], &why), &why);
	}
}

static void rig_meter(struct rig *rig)
{
	hg_meter_opts opts = {.size = sizeof opts, .stuck_s = 1.0};
	hg_error why = {""};

	assert_ok(hg_meter_open(rig->ctx, rig->devices, DEVICES, &opts, &rig->meter, &why), &why);
}

static uint32_t flags_of(const struct rig *rig, size_t i, hg_error *text)
{
	hg_meter_state s = {.size = sizeof s};

	assert_int_equal(hg_meter_get_state(rig->meter, i, &s, text), HG_OK);
	return s.flags;
}

/* The joules of a device that draws 200 W, from its meter, are right. */
static uint32_t check_energy(const struct rig *rig, size_t i, int64_t t0, int64_t t1)
{
	double truth = 200e-9 * (double)(t1 - t0);
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	assert_ok(hg_meter_energy(rig->meter, i, t0, t1, 0, &e, &why), &why);
	assert_true(e.lo <= truth && truth <= e.hi);
	assert_true(fabs(e.joules - truth) <= fmax(0.02 * truth, 4.0 * e.sigma));
	return e.flags;
}

static void test_stuck(void **state)
{
	struct rig rig;
	hg_error why = {""};
	hg_energy e = {.size = sizeof e};
	int64_t t0, t1, t2, t3;

	(void)state;
	rig_open(&rig);
	rig.drivers[2].slow_ms = 2;
	rig_meter(&rig);
	(void)hg_meter_begin(rig.meter);
	wait_ms(300);
	t0 = hg_meter_mark(rig.meter);
	wait_ms(200);
	t1 = hg_meter_mark(rig.meter);
	assert_ok(hg_meter_wait_final(rig.meter, t1, 20.0, &why), &why);
	atomic_store(&rig.drivers[0].hangs, 1);
	/* nobody asks, and it is told */
	for (int i = 0; i < 4000 && !atomic_load(&rig.lost); i++)
		wait_ms(5);
	assert_int_equal(atomic_load(&rig.lost), 1);
	assert_true(flags_of(&rig, 0, &why) & HG_METER_LOST);
	assert_has(why.text, "not come back");
	t2 = hg_meter_mark(rig.meter);
	assert_ok(hg_meter_wait_final(rig.meter, t2, 20.0, &why), &why);
	assert_int_equal(hg_meter_energy(rig.meter, 0, t1, t2, 0, &e, &why), HG_EDEVICE);
	for (size_t i = 1; i < DEVICES; i++) {
		assert_false(flags_of(&rig, i, NULL) & HG_METER_LOST);
		check_energy(&rig, i, t0, t2);
	}
	/* what was before is known as ever */
	check_energy(&rig, 0, t0, t1);
	/* it comes back: what was drawn meanwhile is in the counter */
	atomic_store(&rig.drivers[0].hangs, 0);
	for (int i = 0; i < 4000 && flags_of(&rig, 0, NULL) & HG_METER_LOST; i++)
		wait_ms(5);
	assert_false(flags_of(&rig, 0, &why) & HG_METER_LOST);
	assert_string_equal(why.text, "");
	wait_ms(200);
	t3 = hg_meter_end(rig.meter);
	assert_ok(hg_meter_wait_final(rig.meter, t3, 20.0, &why), &why);
	assert_true(check_energy(&rig, 0, t0, t3) & HG_ENERGY_MISSED_EDGE);
	check_energy(&rig, 0, t3 - 100000000, t3);
	assert_int_equal(atomic_load(&rig.lost), 1);
	hg_meter_close(rig.meter);
	hg_close(rig.ctx);
}

/* All of them hang, one from the first call on: each is told, and closing waits for none. What they
 * have is freed when they come back, which this test would leak else. */
static void test_all_stuck(void **state)
{
	static struct rig rig;
	struct timespec before, after;

	(void)state;
	rig_open(&rig);
	atomic_store(&rig.drivers[1].hangs, 1);
	rig_meter(&rig);
	(void)hg_meter_begin(rig.meter);
	wait_ms(200);
	for (size_t i = 0; i < DEVICES; i++)
		atomic_store(&rig.drivers[i].hangs, 1);
	for (int i = 0; i < 4000 && atomic_load(&rig.lost) < DEVICES; i++)
		wait_ms(5);
	assert_int_equal(atomic_load(&rig.lost), DEVICES);
	clock_gettime(CLOCK_MONOTONIC, &before);
	hg_meter_close(rig.meter);
	hg_close(rig.ctx);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 20);
	for (size_t i = 0; i < DEVICES; i++)
		atomic_store(&rig.drivers[i].hangs, 0);
	wait_ms(500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_all_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
