/* Meters through the whole chain: scripted and simulated devices on a time of their own, so that
 * every run is the same. */
#include "meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ----- windows that other tools get wrong */

static const struct script_step constant[] = {{0.0, 75.0}};
static const struct script_step square[] = {{0.0, 100.0}, {15.0, 500.0}, {25.0, 100.0}};
static const struct script_step burst[] = {{0.0, 70.0}, {13.0, 600.0}, {15.0, 70.0}};

static const struct wave {
	const struct script_step *steps;
	size_t n;
	double length_s, truth_j;
} waves[] = {
	{constant, COUNT(constant), 10.0, 750.0},
	{square, COUNT(square), 20.0, 6000.0},
	{burst, COUNT(burst), 10.0, 1760.0},
};

static void check_wave(const struct wave *w, struct script s, hg_source source)
{
	double t0 = 5.0, t1 = t0 + w->length_s;
	struct metered m;
	hg_energy e;

	s.steps = w->steps;
	s.n_steps = w->n;
	s.max_mw = 700000;
	m = metered(&s);
	run_open(&m, t0, t1);
	script_run(m.device, &s, 1.0);
	e = energy(&m, t0, t1);
	assert_int_equal(state_of(&m).source, source);
	assert_near(e.joules, w->truth_j, 0.005);
	assert_true(e.lo <= w->truth_j && w->truth_j <= e.hi);
	/* what is read seldomer than it moves has missed nothing */
	assert_true((source != HG_SOURCE_READ && source != HG_SOURCE_STAMPED) ||
		    !(e.flags & HG_ENERGY_MISSED_EDGE));
	assert_true(e.flags & HG_ENERGY_SIMULATED);
	assert_false(e.flags & HG_ENERGY_ESTIMATE);
	metered_end(&m);
}

static void test_waves(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(waves); i++)
		for (double phase_s = 0.003; phase_s < 0.1; phase_s += 0.0107) {
			check_wave(&waves[i],
				(struct script){.period_s = 0.1,
					.said_period_s = 0.1,
					.phase_s = phase_s,
					.resolution_uj = 1000},
				HG_SOURCE_EDGES);
			/* renewed ten times a second, no counter: the trap of "zeus.monitor power"
			 */
			check_wave(&waves[i],
				(struct script){.no_energy = true, .power_period_s = 0.1},
				HG_SOURCE_POWER);
		}
	for (size_t i = 0; i < COUNT(waves); i++) {
		check_wave(&waves[i], (struct script){.resolution_uj = 1}, HG_SOURCE_READ);
		check_wave(&waves[i],
			(struct script){.period_s = 0.001,
				.said_period_s = 0.001,
				.phase_s = 0.0004,
				.resolution_uj = 61},
			HG_SOURCE_READ);
		check_wave(&waves[i],
			(struct script){.period_s = 0.001,
				.said_period_s = 0.001,
				.stamped = true,
				.resolution_uj = 16},
			HG_SOURCE_STAMPED);
	}
}

static void test_power_bounds(void **state)
{
	struct script s = {
		.steps = square, .n_steps = COUNT(square), .no_energy = true, .max_mw = 500000};
	struct metered m = metered(&s);
	hg_energy e;

	(void)state;
	run_open(&m, 5.0, 10.0);
	script_run(m.device, &s, 1.0);
	/* samples say nothing for certain of what was between them */
	e = energy(&m, 5.0, 10.0);
	assert_int_equal(e.method, HG_METHOD_POWER);
	assert_near_abs(e.lo, 0.0, 0.0, 1e-9);
	assert_near(e.hi, 1.1 * 500.0 * 5.0, 1e-9);
	metered_end(&m);
}

/* From the moment a meter is opened: the counter took the value that is read first some time within
 * the period before, and the edges that follow say when. */
static void test_first_moments(void **state)
{
	(void)state;
	for (double phase_s = 0.0013; phase_s < 0.1; phase_s += 0.0071) {
		struct script s = {.steps = constant,
			.n_steps = 1,
			.period_s = 0.1,
			.said_period_s = 0.1,
			.phase_s = phase_s,
			.start_j = 100.0,
			.resolution_uj = 1000,
			.now_ns = 3000000000};
		struct metered m = metered(&s);
		hg_energy e = {.size = sizeof e};
		hg_error why = {""};

		(void)hg_meter_begin(m.meter);
		script_run(m.device, &s, 1.5);
		assert_ok(hg_meter_energy(m.meter, 0, ns(3), ns(4), HG_WINDOW_PARTIAL, &e, &why),
			&why);
		assert_near(e.joules, 75.0, 0.005);
		assert_near_abs(e.missing_s, 0.0, 0.0, 1e-9);
		/* before that: nothing is known, and it is said of how long */
		assert_ok(hg_meter_energy(m.meter, 0, ns(2), ns(4), HG_WINDOW_PARTIAL, &e, &why),
			&why);
		assert_true(e.flags & HG_ENERGY_INCOMPLETE);
		assert_near(e.joules / (2.0 - e.missing_s), 75.0, 0.005);
		metered_end(&m);
	}
}

/* ----- reading no more than needed */

static void test_reads(void **state)
{
	struct script s = {.steps = constant,
		.n_steps = 1,
		.period_s = 0.1,
		.said_period_s = 0.1,
		.phase_s = 0.037,
		.resolution_uj = 1000};
	struct metered m;
	hg_error why = {""};
	hg_meter_state before, after;
	hg_meter *second;
	unsigned reads;

	(void)state;
	m = metered(&s);
	script_run(m.device, &s, 20.0);
	before = state_of(&m);
	assert_true(before.flags & HG_METER_LOCKED);
	assert_near(before.sensor.period_s, 0.1, 1e-3);
	/* nobody has a window open: about two looks a second, and no power */
	script_run(m.device, &s, 100.0);
	after = state_of(&m);
	assert_true(after.reads - before.reads < 500);
	assert_true(after.reads - before.reads >= 100);
	assert_true(after.power_reads - before.power_reads <= 2 * 101);
	/* followed closely: not even two a period, and power with its edges */
	before = after;
	(void)hg_meter_begin(m.meter);
	script_run(m.device, &s, 100.0);
	after = state_of(&m);
	assert_true(after.reads - before.reads < 1700);
	assert_true(after.edges - before.edges >= 999);
	assert_true(after.power_reads - before.power_reads >= 999);
	assert_true(after.power_reads - before.power_reads <= 1010);
	(void)hg_meter_end(m.meter);
	script_run(m.device, &s, 1.0);
	/* meters of a context share what reads a device */
	assert_ok(hg_meter_open(m.ctx, &m.device, 1, NULL, &second, &why), &why);
	before = state_of(&m);
	script_run(m.device, &s, 100.0);
	assert_true(state_of(&m).reads - before.reads < 500);
	hg_meter_close(second);
	script_run(m.device, &s, 10.0);
	assert_true(state_of(&m).reads > after.reads);
	/* without a meter nothing is read at all */
	hg_meter_close(m.meter);
	reads = atomic_load(&s.reads) + atomic_load(&s.power_reads);
	script_run(m.device, &s, 1000.0);
	assert_int_equal(atomic_load(&s.reads) + atomic_load(&s.power_reads), reads);
	hg_close(m.ctx);
}

/* Power closer than the edges, and not at all, where that is asked for. */
static void test_power_reads(void **state)
{
	static const struct {
		double power_s;
		uint64_t least, most;
	} all[] = {{0.02, 4000, 6100}, {0.5, 999, 1010}, {-1.0, 999, 1010}};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		const hg_meter_opts opts = {.size = sizeof opts, .power_s = all[i].power_s};
		struct script s = {.steps = constant,
			.n_steps = 1,
			.period_s = 0.1,
			.said_period_s = 0.1,
			.phase_s = 0.037,
			.resolution_uj = 1000};
		struct metered m = metered_with(&s, &opts);
		uint64_t before;

		(void)hg_meter_begin(m.meter);
		script_run(m.device, &s, 20.0);
		before = state_of(&m).power_reads;
		script_run(m.device, &s, 100.0);
		assert_in_range(state_of(&m).power_reads - before, all[i].least, all[i].most);
		metered_end(&m);
	}
}

static const struct script_step spike[] = {{0.0, 100.0}, {10.03, 500.0}, {10.06, 100.0}};

/* Where power is read closely, what happens between two edges is known too. */
static void test_close_power(void **state)
{
	static const struct {
		double power_s, coverage;
		hg_method method;
	} all[] = {{0.01, 1.0, HG_METHOD_SHAPED}, {0.05, 1.0, HG_METHOD_EDGES},
		{0.0, 1.0, HG_METHOD_EDGES}, {0.01, 0.25, HG_METHOD_EDGES}};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		const hg_sensor known = {.size = sizeof known,
			.gain = 1.0,
			.coverage = all[i].coverage,
			.max_power_w = 700.0,
			.period_s = 0.1};
		const hg_meter_opts opts = {
			.size = sizeof opts, .power_s = all[i].power_s, .sensors = &known};
		struct script s = {.steps = spike,
			.n_steps = COUNT(spike),
			.period_s = 0.1,
			.said_period_s = 0.1,
			.resolution_uj = 1000};
		struct metered m = metered_with(&s, &opts);
		double parts = 0.0;
		hg_energy e;

		run_open(&m, 5.0, 15.0);
		script_run(m.device, &s, 1.0);
		/* 35 ms of 100 W and 30 ms of 400 W more */
		e = energy(&m, 10.025, 10.06);
		assert_int_equal(e.method, all[i].method);
		if (e.method == HG_METHOD_SHAPED)
			assert_near_abs(e.joules, 15.5, 0.0, 2.5);
		else
			assert_true(e.joules < 9.0);
		for (int k = 0; k < 100; k++)
			parts += energy(&m, 9.5 + 0.01 * k, 9.5 + 0.01 * (k + 1)).joules;
		assert_near(parts, energy(&m, 9.5, 10.5).joules, 1e-9);
		metered_end(&m);
	}
}

/* ----- many windows on one log */

static const struct script_step stairs[] = {
	{0.0, 100.0}, {6.0, 300.0}, {7.5, 200.0}, {9.25, 500.0}, {12.0, 100.0}};

static struct script stairs_script(void)
{
	return (struct script){.steps = stairs,
		.n_steps = COUNT(stairs),
		.period_s = 0.1,
		.said_period_s = 0.1,
		.phase_s = 0.05,
		.resolution_uj = 1000,
		.max_mw = 700000};
}

static void test_nested(void **state)
{
	struct script s = stairs_script();
	struct metered m = metered(&s);
	double sum = 0.0, whole;

	(void)state;
	run_open(&m, 5.0, 13.0);
	script_run(m.device, &s, 1.0);
	whole = energy(&m, 5.0, 13.0).joules;
	assert_near(whole, script_energy(&s, 13.0) - script_energy(&s, 5.0), 0.002);
	/* parts of any lengths add up to the whole, whoever asks in what order */
	for (int i = 0; i < 160; i++)
		sum += energy(&m, 5.0 + 0.05 * i, 5.0 + 0.05 * (i + 1)).joules;
	assert_near(sum, whole, 1e-9);
	sum = energy(&m, 5.0, 7.77).joules + energy(&m, 7.77, 13.0).joules;
	assert_near(sum, whole, 1e-9);
	/* one that contains another costs no less */
	assert_true(energy(&m, 6.0, 9.0).joules <= energy(&m, 5.9, 9.1).joules);
	/* an empty one costs nothing */
	assert_near_abs(energy(&m, 8.0, 8.0).joules, 0.0, 0.0, 1e-9);
	metered_end(&m);
}

static size_t resident_kib(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
	(void)fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void test_many(void **state)
{
	int n = getenv("HG_LONG") ? 1000000 : 100000, step = 800000000 / (n / 10);
	struct script s = stairs_script();
	struct metered m = metered(&s);
	hg_energy e = {.size = sizeof e};
	size_t before;
	double sum = 0.0;

	(void)state;
	run_open(&m, 5.0, 13.0);
	script_run(m.device, &s, 1.0);
	before = resident_kib();
	for (int i = 0; i < n; i++) {
		int64_t t0 = 5000000000 + (int64_t)i * step;

		if (hg_meter_energy(m.meter, 0, t0, t0 + step, 0, &e, NULL))
			fail_msg("window %d has no energy", i);
		sum += e.joules;
	}
	assert_near(sum, energy(&m, 5.0, 13.0).joules, 1e-6);
	assert_true(resident_kib() < before + 4096);
	metered_end(&m);
}

static void test_estimate_and_final(void **state)
{
	struct script s = stairs_script();
	struct metered m = metered(&s);
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	run_open(&m, 5.0, 7.02);
	/* at once: an estimate; it goes on from the last power */
	assert_int_equal(hg_meter_energy(m.meter, 0, ns(6.5), ns(7.02), 0, &e, &why), HG_ERANGE);
	assert_ok(
		hg_meter_energy(m.meter, 0, ns(6.5), ns(7.02), HG_WINDOW_ESTIMATE, &e, &why), &why);
	assert_true(e.flags & HG_ENERGY_ESTIMATE);
	assert_near(e.joules, 156.0, 0.02);
	/* waiting does not make virtual time pass */
	assert_int_equal(hg_meter_wait_final(m.meter, ns(7.02), 10.0, &why), HG_ELIMIT);
	assert_has(why.text, "time");
	script_run(m.device, &s, 0.3);
	assert_ok(hg_meter_wait_final(m.meter, ns(7.02), 0.0, &why), &why);
	assert_false(energy(&m, 6.5, 7.02).flags & HG_ENERGY_ESTIMATE);
	assert_near(energy(&m, 6.5, 7.02).joules, 156.0, 0.005);
	metered_end(&m);
}

/* ----- periods that a device does not say, or says wrongly */

static void test_periods(void **state)
{
	static const struct {
		double truth_s, said_s;
	} all[] = {{0.1, 0.0}, {0.02, 0.1}, {0.1, 0.02}, {0.5, 0.1}, {0.1, 0.5}, {1.0, 0.1},
		{0.1, 0.001}, {0.5, 0.001}};
	hg_energy e;

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct script s = stairs_script();
		struct metered m;
		hg_meter_state st;
		double truth;

		s.period_s = all[i].truth_s;
		s.said_period_s = all[i].said_s;
		s.phase_s = 0.3 * all[i].truth_s;
		s.steps = waves[1].steps;
		s.n_steps = waves[1].n;
		m = metered(&s);
		(void)hg_meter_begin(m.meter);
		script_run(m.device, &s, 60.0);
		st = state_of(&m);
		assert_true(st.flags & HG_METER_LOCKED);
		assert_near(st.sensor.period_s, all[i].truth_s, 0.02);
		truth = script_energy(&s, 50.0) - script_energy(&s, 40.0);
		e = energy(&m, 40.0, 50.0);
		assert_near(e.joules, truth, 0.005);
		assert_true(e.lo <= truth && truth <= e.hi);
		/* one that was taken to be merely read is one like others once it is found out */
		assert_false(e.flags & HG_ENERGY_MISSED_EDGE);
		assert_true(st.sensor.lag_sd_s > 0.0);
		e = energy(&m, 12.5, 13.5);
		assert_false(all[i].said_s < 0.01 && (e.flags & HG_ENERGY_MISSED_EDGE));
		metered_end(&m);
	}
}

/* ----- sets of devices */

static void test_total(void **state)
{
	hg_ctx *ctx;
	hg_device *d[3];
	hg_meter *m;
	hg_workload *w;
	hg_error why = {""};
	hg_energy total = {.size = sizeof total};
	double truth = 0.0, sum = 0.0;
	int64_t t1;

	(void)state;
	assert_ok(hg_open(NULL, &ctx, &why), &why);
	assert_ok(hg_workload_load("resnet50-training", NULL, &w, &why), &why);
	assert_ok(hg_device_open(ctx, "sim:h100,seed=1", &d[0], &why), &why);
	assert_ok(hg_device_open(ctx, "sim:h100,seed=2,noise=2%", &d[1], &why), &why);
	assert_ok(hg_device_open(ctx, "sim:a40,seed=3", &d[2], &why), &why);
	assert_ok(hg_meter_open(ctx, d, 3, NULL, &m, &why), &why);
	assert_int_equal(hg_meter_devices(m), 3);
	assert_ptr_equal(hg_meter_device(m, 2), d[2]);
	assert_null(hg_meter_device(m, 3));
	(void)hg_meter_begin(m);
	t1 = INT64_MAX;
	for (size_t i = 0; i < 3; i++) {
		assert_ok(hg_sim_run(d[i], w, 60, NULL, &why), &why);
		t1 = hg_device_now(d[i]) < t1 ? hg_device_now(d[i]) : t1;
		assert_ok(hg_sim_idle(d[i], 1.0, NULL, &why), &why);
	}
	(void)truth;
	assert_ok(hg_meter_total(m, ns(1.0), t1, 0, &total, &why), &why);
	for (size_t i = 0; i < 3; i++) {
		hg_energy e = {.size = sizeof e};

		assert_ok(hg_meter_energy(m, i, ns(1.0), t1, 0, &e, &why), &why);
		assert_true(total.joules > e.joules);
		sum += e.joules;
	}
	assert_near(total.joules, sum, 1e-12);
	hg_meter_close(m);
	hg_workload_destroy(w);
	hg_close(ctx);
}

static void test_refused(void **state)
{
	struct script whole = stairs_script(), part = stairs_script(), real = stairs_script();
	struct script none = {.no_energy = true, .no_power = true};
	hg_ctx *ctx;
	hg_device *d[4], *two[2];
	hg_meter *m;
	hg_meter_opts opts = {.size = 0};
	hg_meter_state s = {.size = sizeof s};
	hg_error why = {""};
	hg_energy e = {.size = sizeof e};

	(void)state;
	whole.uuid = "GPU-1";
	part.uuid = "MIG-1";
	part.parent = "GPU-1";
	real.real_time = true;
	assert_ok(hg_open(NULL, &ctx, &why), &why);
	assert_ok(script_open(ctx, &whole, &d[0], &why), &why);
	assert_ok(script_open(ctx, &part, &d[1], &why), &why);
	assert_ok(script_open(ctx, &real, &d[2], &why), &why);
	assert_ok(script_open(ctx, &none, &d[3], &why), &why);
	assert_int_equal(hg_meter_open(ctx, d, 0, NULL, &m, &why), HG_EINVAL);
	assert_null(m);
	assert_int_equal(hg_meter_open(ctx, d, 1, &opts, &m, &why), HG_EINVAL);
	two[0] = two[1] = d[0];
	assert_int_equal(hg_meter_open(ctx, two, 2, NULL, &m, &why), HG_EINVAL);
	assert_has(why.text, "twice");
	two[1] = d[2];
	assert_int_equal(hg_meter_open(ctx, two, 2, NULL, &m, &why), HG_EINVAL);
	assert_has(why.text, "virtual");
	/* a part and its whole: each has its energy, but no total */
	assert_ok(hg_meter_open(ctx, d, 2, NULL, &m, &why), &why);
	(void)hg_meter_begin(m);
	script_run(d[0], &whole, 10.0);
	script_run(d[1], &part, 10.0);
	assert_ok(hg_meter_energy(m, 1, ns(5), ns(6), 0, &e, &why), &why);
	assert_int_equal(hg_meter_total(m, ns(5), ns(6), 0, &e, &why), HG_EINVAL);
	assert_true(isnan(e.joules));
	assert_int_equal(hg_meter_energy(m, 2, ns(5), ns(6), 0, &e, &why), HG_EINVAL);
	hg_meter_close(m);
	/* nothing to measure by: said, and never 0 */
	assert_ok(hg_meter_open(ctx, &d[3], 1, NULL, &m, &why), &why);
	script_run(d[3], &none, 10.0);
	assert_int_equal(hg_meter_get_state(m, 0, &s, &why), HG_OK);
	assert_int_equal(s.source, HG_SOURCE_NONE);
	assert_has(why.text, "a test has none");
	assert_int_equal(hg_meter_energy(m, 0, ns(5), ns(6), 0, &e, &why), HG_EUNSUPPORTED);
	assert_has(why.text, "a test has none");
	assert_true(isnan(e.joules));
	hg_meter_close(m);
	hg_meter_close(NULL);
	hg_close(ctx);
}

/* A simulated device against its own truth. */
static void test_sim(void **state)
{
	static const char *const specs[] = {"sim:h100", "sim:h100,tick=0", "sim:a40,seed=5",
		"sim:v100,tick=20ms", "sim:h100,noise=3%,seed=9"};

	(void)state;
	for (size_t i = 0; i < COUNT(specs); i++) {
		hg_ctx *ctx;
		hg_device *d;
		hg_meter *m;
		hg_workload *w;
		hg_error why = {""};
		hg_sim_truth truth = {.size = sizeof truth};
		hg_energy e = {.size = sizeof e};
		int64_t t0, t1;

		assert_ok(hg_open(NULL, &ctx, &why), &why);
		assert_ok(hg_workload_load("llm-decode", NULL, &w, &why), &why);
		assert_ok(hg_device_open(ctx, specs[i], &d, &why), &why);
		assert_ok(hg_meter_open(ctx, &d, 1, NULL, &m, &why), &why);
		assert_ok(hg_sim_idle(d, 5.0, NULL, &why), &why);
		t0 = hg_meter_begin(m);
		assert_ok(hg_sim_run(d, w, 300, &truth, &why), &why);
		t1 = hg_meter_end(m);
		assert_int_equal(t0, truth.begin_ns);
		assert_int_equal(t1, truth.end_ns);
		assert_ok(hg_sim_idle(d, 1.0, NULL, &why), &why);
		assert_ok(hg_meter_wait_final(m, t1, 0.0, &why), &why);
		assert_ok(hg_meter_energy(m, 0, t0, t1, 0, &e, &why), &why);
		assert_near(e.joules, truth.energy_j, 0.005);
		assert_true(e.lo <= truth.energy_j && truth.energy_j <= e.hi);
		hg_meter_close(m);
		hg_workload_destroy(w);
		hg_close(ctx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waves),
		cmocka_unit_test(test_power_bounds),
		cmocka_unit_test(test_first_moments),
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_power_reads),
		cmocka_unit_test(test_close_power),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_estimate_and_final),
		cmocka_unit_test(test_periods),
		cmocka_unit_test(test_total),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
