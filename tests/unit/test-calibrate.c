/* Calibration of scripted counters, the file of what was found, and stamps. */
#define _POSIX_C_SOURCE 200809L
#include "meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hardware/measure/sensor-file.h"

/* ----- calibration: load functions that write the script as they go */

#define STEPS 512

struct plant {
	struct script script;
	struct script_step steps[STEPS];
	double idle_w, load_w;
	hg_err fails;
};

static hg_err go(struct plant *p, hg_device *d, double watts, double seconds)
{
	if (p->fails)
		return p->fails;
	if (p->script.n_steps < STEPS)
		p->steps[p->script.n_steps++] =
			(struct script_step){(double)p->script.now_ns * 1e-9, watts};
	script_run(d, &p->script, seconds);
	return HG_OK;
}

static hg_err idle(void *user, hg_device *d, double seconds)
{
	struct plant *p = user;

	return go(p, d, p->idle_w, seconds);
}

static hg_err load(void *user, hg_device *d, double seconds)
{
	struct plant *p = user;

	return go(p, d, p->load_w, seconds);
}

static struct plant plant(double lag_s)
{
	return (struct plant){.idle_w = 80.0,
		.load_w = 500.0,
		.script = {.period_s = 0.1,
			.said_period_s = 0.1,
			.phase_s = 0.033,
			.lag_s = lag_s,
			.resolution_uj = 1000,
			.max_mw = 700000}};
}

static hg_calibration calibrate(struct plant *p, hg_error *text)
{
	hg_calibrate_opts opts = {.size = sizeof opts, .idle = idle, .load = load, .user = p};
	hg_calibration c = {.size = sizeof c};
	struct metered m;

	p->script.steps = p->steps;
	m = metered(&p->script);
	assert_ok(hg_meter_calibrate(m.meter, 0, &opts, &c, text), text);
	metered_end(&m);
	return c;
}

static void test_calibrate(void **state)
{
	static const double lags[] = {0.0, 0.03, 0.08};

	(void)state;
	for (size_t i = 0; i < sizeof lags / sizeof *lags; i++) {
		struct plant p = plant(lags[i]);
		hg_error text = {""};
		hg_calibration c = calibrate(&p, &text);

		assert_int_equal(c.trusted, 1);
		assert_int_equal(c.sensor.trusted, 1);
		assert_near(c.sensor.period_s, 0.1, 0.005);
		assert_int_equal(c.lag_found, 1);
		assert_near_abs(c.sensor.lag_s, lags[i], 0.0, 0.003);
		assert_near(c.idle_w, 80.0, 0.01);
		assert_near(c.load_w, 500.0, 0.01);
		assert_near(c.idle_ratio, 1.0, 0.02);
		assert_near(c.load_ratio, 1.0, 0.02);
		assert_has(text.text, "period");
	}
}

/* One that is merely read, or comes with its time: no period is to be found, all else is. */
static void test_merely_read(void **state)
{
	(void)state;
	for (int stamped = 0; stamped < 2; stamped++) {
		struct plant p = plant(0.0);
		hg_error text = {""};
		hg_calibration c;

		p.script.period_s = p.script.said_period_s = 0.001;
		p.script.stamped = stamped;
		p.script.resolution_uj = 16;
		c = calibrate(&p, &text);
		assert_int_equal(c.trusted, 1);
		assert_near(c.sensor.period_s, 0.001, 0.01);
		assert_int_equal(c.lag_found, 1);
		assert_near_abs(c.sensor.lag_s, 0.0, 0.0, 0.001);
		assert_near(c.idle_w, 80.0, 0.01);
		assert_near(c.load_w, 500.0, 0.01);
		assert_near(c.load_ratio, 1.0, 0.02);
	}
}

/* ----- a counter that looks a part of the time, and one that counts too much */

/** What a sensor has seen by its last edge. */
struct partial {
	double coverage;
	int64_t edges; /* taken in */
	double seen_j;
};

static void look_a_part(struct script *s, const char *signal, double t, hg_reading *r)
{
	struct partial *p = s->more;
	int64_t last = (int64_t)floor((t - s->phase_s) / s->period_s + 1e-9);

	if (strcmp(signal, "energy") != 0)
		return;
	for (; p->edges <= last; p->edges++) {
		double end = s->phase_s + (double)p->edges * s->period_s - s->lag_s;
		double begin = end - p->coverage * s->period_s;

		if (begin > 0.0)
			p->seen_j +=
				(script_energy(s, end) - script_energy(s, begin)) / p->coverage;
	}
	r->value = (int64_t)(p->seen_j * 1e6);
	r->value -= r->value % s->resolution_uj;
}

static void test_coverage(void **state)
{
	static const double coverages[] = {0.25, 0.5};

	(void)state;
	for (size_t i = 0; i < sizeof coverages / sizeof *coverages; i++) {
		struct partial part = {.coverage = coverages[i]};
		struct plant p = plant(0.03);
		hg_error text = {""};
		hg_calibration c;

		p.script.fault = look_a_part;
		p.script.more = &part;
		c = calibrate(&p, &text);
		assert_int_equal(c.lag_found, 1);
		assert_near_abs(c.sensor.lag_s, 0.03, 0.0, 0.005);
		assert_near_abs(c.sensor.coverage, coverages[i], 0.0, 0.05);
		assert_near(c.sensor.period_s, 0.1, 0.005);
		assert_near(c.load_w, 500.0, 0.02);
		assert_int_equal(c.trusted, 1);
	}
}

static void count_more(struct script *s, const char *signal, double t, hg_reading *r)
{
	const double *gain = s->more;

	(void)t;
	if (!strcmp(signal, "energy"))
		r->value = (int64_t)((double)r->value * *gain);
}

/* The power channel is no reference: the ratio is told, and too large a one is not trusted. */
static void test_gain(void **state)
{
	static const struct {
		double gain;
		unsigned trusted;
	} all[] = {{1.06, 1}, {0.94, 1}, {1.15, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		double gain = all[i].gain;
		struct plant p = plant(0.03);
		hg_error text = {""};
		hg_calibration c;

		p.script.fault = count_more;
		p.script.more = &gain;
		c = calibrate(&p, &text);
		assert_near(c.load_ratio, gain, 0.01);
		assert_near(c.idle_ratio, gain, 0.01);
		assert_near(c.load_w, 500.0 * gain, 0.01);
		assert_int_equal(c.trusted, all[i].trusted);
		assert_int_equal(c.sensor.trusted, all[i].trusted);
		assert_near_abs(c.sensor.lag_s, 0.03, 0.0, 0.003);
	}
}

static void half(struct script *s, const char *signal, double t, hg_reading *r)
{
	(void)s;
	(void)t;
	if (!strcmp(signal, "energy"))
		r->value /= 2; /* as on parts of which one die of two is counted */
}

static void test_untrusted(void **state)
{
	struct plant p = plant(0.0);
	hg_error text = {""};
	hg_calibration c;
	hg_calibrate_opts opts = {.size = sizeof opts, .idle = idle, .user = &p};
	struct metered m;

	(void)state;
	p.script.fault = half;
	c = calibrate(&p, &text);
	assert_int_equal(c.trusted, 0);
	assert_int_equal(c.sensor.trusted, 0);
	assert_near(c.load_ratio, 0.5, 0.02);
	assert_true(strlen(text.text) > 10);
	/* never under load, or too short: not trusted, and said */
	p = plant(0.0);
	p.script.steps = p.steps;
	m = metered(&p.script);
	assert_ok(hg_meter_calibrate(m.meter, 0, &opts, &c, &text), &text);
	assert_int_equal(c.trusted, 0);
	assert_has(text.text, "not tested under load");
	opts.load = load;
	opts.seconds = 1.0;
	assert_ok(hg_meter_calibrate(m.meter, 0, &opts, &c, &text), &text);
	assert_int_equal(c.trusted, 0);
	assert_has(text.text, "3 are the least");
	/* what a load function returns ends it */
	p.fails = HG_EABORTED;
	assert_int_equal(hg_meter_calibrate(m.meter, 0, &opts, &c, &text), HG_EABORTED);
	opts.idle = NULL;
	assert_int_equal(hg_meter_calibrate(m.meter, 0, &opts, &c, &text), HG_EINVAL);
	assert_int_equal(hg_meter_calibrate(m.meter, 1, &opts, &c, &text), HG_EINVAL);
	metered_end(&m);
	p = plant(0.0);
	p.script.no_energy = true;
	p.script.steps = p.steps;
	m = metered(&p.script);
	opts.idle = idle;
	assert_int_equal(hg_meter_calibrate(m.meter, 0, &opts, &c, &text), HG_EUNSUPPORTED);
	metered_end(&m);
}

/* ----- the file */

static void test_file(void **state)
{
	char path[] = "/tmp/test-sensors-XXXXXX";
	int fd = mkstemp(path);
	hg_sensors *s;
	hg_sensor a = {.size = sizeof a, .trusted = 1, .period_s = 0.1, .lag_s = 0.0307}, b;
	hg_error why = {""};

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	(void)unlink(path);
	/* not there yet: nothing is known */
	assert_ok(hg_sensors_load(path, &s, &why), &why);
	b = (hg_sensor){.size = sizeof b, .lag_s = 7.0};
	assert_int_equal(hg_sensors_get(s, "GPU-1", "550.54", &b), HG_ENOENT);
	assert_near_abs(b.lag_s, 0.0, 0.0, 0.0);
	assert_ok(hg_sensors_set(s, "GPU-2", "550.54", &a, "second", &why), &why);
	assert_ok(hg_sensors_set(s, "GPU-1", "560.1", &a, NULL, &why), &why);
	a.lag_s = 0.1;
	assert_ok(hg_sensors_set(s, "GPU-1", "550.54", &a, "a\nnote", &why), &why);
	a.coverage = 0.25;
	assert_ok(hg_sensors_set(s, "GPU-2", "550.54", &a, "again", &why), &why);
	a.coverage = 1.5;
	assert_int_equal(hg_sensors_set(s, "GPU-3", "", &a, "", &why), HG_EINVAL);
	a.coverage = NAN;
	assert_int_equal(hg_sensors_set(s, "GPU-3", "", &a, "", &why), HG_EINVAL);
	assert_int_equal(hg_sensors_set(s, "", "", &a, "", &why), HG_EINVAL);
	assert_ok(hg_sensors_save(s, path, &why), &why);
	hg_sensors_destroy(s);
	assert_ok(hg_sensors_load(path, &s, &why), &why);
	assert_int_equal(hg_sensors_get(s, "GPU-1", "550.54", &b), HG_OK);
	assert_near(b.lag_s, 0.1, 0.0);
	assert_int_equal(b.trusted, 1);
	/* another driver is another sensor */
	assert_int_equal(hg_sensors_get(s, "GPU-1", "560.1", &b), HG_OK);
	assert_near(b.lag_s, 0.0307, 0.0);
	assert_int_equal(hg_sensors_get(s, "GPU-1", "570", &b), HG_ENOENT);
	assert_int_equal(hg_sensors_get(s, "GPU-2", "550.54", &b), HG_OK);
	assert_near(b.coverage, 0.25, 0.0);
	hg_sensors_destroy(s);
	hg_sensors_destroy(NULL);
	(void)unlink(path);
	assert_int_equal(hg_sensors_load("/tmp", &s, &why), HG_EIO);
	assert_null(s);
}

static void test_bad_files(void **state)
{
#define HEAD "{\"schema\": \"hourglass.sensors/1\", \"sensors\": ["
	static const struct {
		const char *text, *says;
		hg_err rc;
	} bad[] = {
		{"", "", HG_EFORMAT},
		{"{\"schema\": \"hourglass.sensors/2\", \"sensors\": []}", "2", HG_EVERSION},
		{"{\"schema\": \"hourglass.sensors/1\"}", "sensors", HG_EFORMAT},
		{HEAD "1]}", "object", HG_EFORMAT},
		{HEAD "{\"trusted\": true}]}", "uuid", HG_EFORMAT},
		{HEAD "{\"uuid\": \"\", \"trusted\": true}]}", "uuid", HG_EFORMAT},
		{HEAD "{\"uuid\": \"a\"}]}", "trusted", HG_EFORMAT},
		{HEAD "{\"uuid\": \"a\", \"trusted\": true, \"lag_s\": -1}]}", "lag_s", HG_EFORMAT},
		{HEAD "{\"uuid\": \"a\", \"trusted\": true, \"coverage\": 2}]}", "coverage",
			HG_EFORMAT},
		{HEAD "{\"uuid\": \"a\", \"trusted\": true},\n{\"uuid\": \"a\", \"trusted\": true}]}",
			"f:2", HG_EFORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		hg_error why = {""};
		hg_sensors *s;

		assert_int_equal(
			sensors_parse(bad[i].text, strlen(bad[i].text), "f", &s, &why), bad[i].rc);
		assert_null(s);
		assert_has(why.text, bad[i].says);
	}
}

/* ----- stamps */

struct queue {
	int64_t now_ns;      /* of the host */
	double rate, off_s;  /* of the device's clock */
	double stamps[8][2]; /* host times at which the device passes them */
	int64_t delay_ns;    /* how far the device is behind */
};

static int64_t queue_clock(void *user)
{
	struct queue *q = user;

	return q->now_ns += 100;
}

static hg_err queue_begin(void *user, size_t id)
{
	struct queue *q = user;

	q->stamps[id][0] = (double)(q->now_ns + q->delay_ns) * 1e-9;
	return HG_OK;
}

static hg_err queue_end(void *user, size_t id)
{
	struct queue *q = user;

	q->stamps[id][1] = (double)(q->now_ns + q->delay_ns) * 1e-9;
	return HG_OK;
}

static hg_err queue_sync(void *user)
{
	struct queue *q = user;

	q->now_ns += q->delay_ns;
	q->delay_ns = 8000;
	return HG_OK;
}

static hg_err queue_resolve(void *user, size_t id, int end, double *t_s)
{
	struct queue *q = user;

	*t_s = q->off_s + q->rate * q->stamps[id][end];
	return q->stamps[id][end] > (double)q->now_ns * 1e-9 ? HG_ERANGE : HG_OK;
}

static void test_stamps(void **state)
{
	struct queue q = {
		.now_ns = 1000000000000, .rate = 1.00002, .off_s = -12345.678, .delay_ns = 8000};
	hg_config cfg = {.size = sizeof cfg, .clock = queue_clock, .clock_user = &q};
	hg_stamp_ops ops = {.size = sizeof ops,
		.user = &q,
		.stamp_begin = queue_begin,
		.stamp_end = queue_end,
		.sync = queue_sync,
		.resolve = queue_resolve,
		.room = 4};
	hg_error why = {""};
	hg_stamps *s;
	hg_ctx *ctx;
	int64_t t0, t1, u;
	size_t id, more[4];

	(void)state;
	assert_ok(hg_open(&cfg, &ctx, &why), &why);
	assert_ok(hg_stamps_create(ctx, &ops, &s, &why), &why);
	for (int i = 0; i < 20; i++) { /* ten seconds apart */
		q.now_ns += 10000000000;
		assert_ok(hg_stamps_sync(s, &why), &why);
	}
	/* the device is 50 ms behind: what counts is when it ran */
	q.delay_ns = 50000000;
	assert_int_equal(hg_stamps_begin(s, &id), HG_OK);
	assert_int_equal(hg_stamps_window(s, id, &t0, &t1, &u), HG_EINVAL);
	q.now_ns += 3000000;
	assert_int_equal(hg_stamps_end(s, id), HG_OK);
	assert_int_equal(hg_stamps_end(s, id), HG_EINVAL);
	assert_int_equal(hg_stamps_window(s, id, &t0, &t1, &u), HG_ERANGE);
	q.now_ns += 60000000;
	assert_int_equal(hg_stamps_window(s, id, &t0, &t1, &u), HG_OK);
	assert_true(fabs((double)t0 - q.stamps[id][0] * 1e9) < 20000.0);
	assert_true(fabs((double)t1 - q.stamps[id][1] * 1e9) < 20000.0);
	assert_true(u > 0 && u < 20000);
	assert_near((double)(t1 - t0), 3e6, 1e-3);
	/* no more than there is room for */
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(hg_stamps_begin(s, &more[i]), HG_OK);
	assert_int_equal(hg_stamps_begin(s, &id), HG_ELIMIT);
	hg_stamps_destroy(s);
	/* a clock that is none */
	q.rate = 2.0;
	ops.room = 1;
	assert_int_equal(hg_stamps_create(ctx, &ops, &s, &why), HG_EINVAL);
	assert_null(s);
	hg_stamps_destroy(NULL);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calibrate),
		cmocka_unit_test(test_merely_read),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_gain),
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
