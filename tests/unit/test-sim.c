/* The simulated device: its counter against the truth, its knobs in time, its noise, its seed. */
#define _POSIX_C_SOURCE 200809L

#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <hourglass/hourglass.h>

#include "core/rng.h"
#include "hardware/model/model.h"

/* What the watcher saw. */
struct seen {
	double energy_j, first_w, last_w;
	int64_t t0_ns, t1_ns, change_ns;
	size_t n, stop_after;
	bool gap;
};

static int watch(void *user, int64_t t0_ns, int64_t t1_ns, double power_w, double clock_hz)
{
	struct seen *s = user;

	(void)clock_hz;
	s->gap = s->gap || (s->n && t0_ns != s->t1_ns) || t1_ns <= t0_ns;
	if (s->n++ == 0) {
		s->t0_ns = t0_ns;
		s->first_w = power_w;
	} else if (power_w != s->last_w) {
		s->change_ns = t0_ns;
	}
	s->t1_ns = t1_ns;
	s->last_w = power_w;
	s->energy_j += power_w * (double)(t1_ns - t0_ns) * 1e-9;
	return s->stop_after && s->n >= s->stop_after;
}

struct fixture {
	hg_ctx *ctx;
	hg_device *d;
	hg_workload *w;
};

static struct fixture setup(const char *spec, const char *workload)
{
	struct fixture f;
	hg_error why = {""};

	assert_ok(hg_open(NULL, &f.ctx, &why), &why);
	assert_ok(hg_device_open(f.ctx, spec, &f.d, &why), &why);
	assert_ok(*workload == '{' ? workload_parse(workload, strlen(workload), "w", &f.w, &why)
				   : hg_workload_load(workload, NULL, &f.w, &why),
		&why);
	return f;
}

static void teardown(struct fixture *f)
{
	hg_workload_destroy(f->w);
	hg_close(f->ctx);
}

static hg_sim_truth run(const struct fixture *f, uint64_t units)
{
	hg_sim_truth truth = {.size = sizeof truth};
	hg_error why = {""};

	assert_ok(hg_sim_run(f->d, f->w, units, &truth, &why), &why);
	assert_int_equal(truth.units, units);
	return truth;
}

static hg_sim_truth idle(const struct fixture *f, double seconds)
{
	hg_sim_truth truth = {.size = sizeof truth};
	hg_error why = {""};

	assert_ok(hg_sim_idle(f->d, seconds, &truth, &why), &why);
	return truth;
}

static double seconds(const hg_sim_truth *t)
{
	return (double)(t->end_ns - t->begin_ns) * 1e-9;
}

static int64_t read_signal(const struct fixture *f, const char *name)
{
	size_t id = hg_device_signal_index(f->d, name);
	hg_reading r;

	assert_int_equal(hg_device_read(f->d, &id, 1, &r), HG_OK);
	assert_int_equal(r.rc, HG_OK);
	return r.value;
}

static void set(const struct fixture *f, const char *knob, int64_t value)
{
	hg_error why = {""};

	assert_ok(hg_device_set(f->d, hg_device_knob_index(f->d, knob), value, NULL, &why), &why);
}

static hg_estimate predict(const char *device, const struct fixture *f, hg_knobs k)
{
	hg_error why = {""};
	hg_model *m;
	hg_predictor *p;
	hg_estimate e;

	assert_ok(hg_model_load(device, NULL, &m, &why), &why);
	assert_ok(hg_predictor_create(m, f->w, &p, &why), &why);
	assert_int_equal(hg_predictor_eval(p, &k, &e), HG_OK);
	hg_predictor_destroy(p);
	hg_model_destroy(m);
	return e;
}

/* ----- is it the model? */

static void test_is_the_model(void **state)
{
	static const hg_knobs settings[] = {{0, 0}, {0, 400}, {1200e6, 0}, {1500e6, 350}, {0, 200}};

	(void)state;
	for (size_t i = 0; hg_workload_builtin(i); i++) {
		struct fixture f = setup("sim:h100", hg_workload_builtin(i));

		for (size_t j = 0; j < sizeof settings / sizeof settings[0]; j++) {
			hg_estimate e = predict("h100", &f, settings[j]);
			double cap_w = settings[j].cap_w > 0 ? settings[j].cap_w : 700;
			struct seen seen = {0};
			hg_sim_truth t;

			set(&f, "sm_clock", (int64_t)settings[j].clock_hz);
			set(&f, "power_limit", (int64_t)cap_w * 1000);
			(void)idle(&f, 1.0);
			/* in bulk, and kernel by kernel */
			t = run(&f, 100);
			assert_near(t.energy_j, 100 * e.energy_j, 1e-9);
			assert_near_abs(seconds(&t), 100 * e.time_s, 1e-12, 2e-9);
			assert_int_equal(hg_sim_watch(f.d, watch, &seen), HG_OK);
			t = run(&f, 3);
			assert_int_equal(hg_sim_watch(f.d, NULL, NULL), HG_OK);
			assert_near(t.energy_j, 3 * e.energy_j, 1e-9);
			assert_near_abs(seconds(&t), 3 * e.time_s, 1e-12, 2e-9);
			assert_false(seen.gap);
			assert_int_equal(seen.t0_ns, t.begin_ns);
			assert_int_equal(seen.t1_ns, t.end_ns);
			/* the watcher's times are whole nanoseconds */
			assert_near_abs(
				seen.energy_j, t.energy_j, 1e-9, 1e-9 * 800 * (double)seen.n);
		}
		teardown(&f);
	}
}

static void test_signals(void **state)
{
	struct fixture f = setup("sim:h100", "llm-prefill");

	(void)state;
	assert_int_equal(read_signal(&f, "power"), 70000);
	assert_int_equal(read_signal(&f, "utilisation"), 0);
	assert_int_equal(read_signal(&f, "throttle"), 0);
	(void)run(&f, 200);
	assert_true(read_signal(&f, "utilisation") > 900000);
	assert_true(read_signal(&f, "utilisation") < 1000000);
	assert_true(read_signal(&f, "temperature") > 60000);
	set(&f, "power_limit", 200000);
	set(&f, "sm_clock", 1500000000);
	(void)idle(&f, 1.0);
	assert_int_equal(read_signal(&f, "sm_clock"), 1500000000);
	assert_int_equal(read_signal(&f, "utilisation"), 0);
	(void)run(&f, 1);
	/* the last op of a prefill, a small matrix product, does not reach 200 W; most others do */
	assert_true(read_signal(&f, "sm_clock") <= 1500000000);
	assert_int_equal(read_signal(&f, "static_power"), 125000);
	(void)idle(&f, 1000.0);
	assert_int_equal(read_signal(&f, "power"), 70000);
	/* back at 30 C + 70 W * 0.07 K/W */
	assert_near((double)read_signal(&f, "temperature"), 34900, 1e-3);
	teardown(&f);
}

static const char hot_text[] =
	"{\"schema\": \"hourglass.workload/1\", \"name\": \"hot\", \"unit\": \"u\", "
	"\"ops\": [{\"name\": \"gemm\", \"flops\": 1e13}]}";

static void test_throttle(void **state)
{
	struct fixture f = setup("sim:h100", hot_text);
	hg_sim_truth t;

	(void)state;
	t = run(&f, 10);
	assert_int_equal(t.flags, 0);
	assert_int_equal(read_signal(&f, "throttle"), HG_THROTTLE_POWER_LIMIT);
	assert_int_equal(read_signal(&f, "power"), 700000);
	assert_true(read_signal(&f, "sm_clock") < 1980000000);
	set(&f, "sm_clock", 990000000);
	(void)idle(&f, 0.1);
	t = run(&f, 10);
	assert_int_equal(t.flags, HG_CAP_NOT_BINDING);
	assert_int_equal(read_signal(&f, "throttle"), 0);
	assert_int_equal(read_signal(&f, "sm_clock"), 990000000);
	teardown(&f);
}

static void test_infeasible_cap(void **state)
{
	/* 78 W static, and a hot kernel on top: 100 W cannot be kept at any clock */
	struct fixture f = setup("sim:a40", hot_text);
	hg_estimate e;
	hg_sim_truth t;

	(void)state;
	set(&f, "power_limit", 100000);
	(void)idle(&f, 1.0);
	e = predict("a40", &f, (hg_knobs){0, 100});
	t = run(&f, 10);
	assert_int_equal(e.flags, HG_CAP_INFEASIBLE);
	assert_int_equal(t.flags, HG_CAP_INFEASIBLE);
	assert_near(t.energy_j, 10 * e.energy_j, 1e-9);
	assert_true(read_signal(&f, "power") > 100000);
	assert_int_equal(read_signal(&f, "throttle"), HG_THROTTLE_POWER_LIMIT);
	teardown(&f);
}

/* ----- the counter */

static void test_counter_within_a_tick(void **state)
{
	static const char *const specs[] = {"sim:h100", "sim:h100,noise=2%,seed=3",
		"sim:h100,tick=20ms", "sim:h100,tick=1s,seed=9", "sim:h100,lag=150ms",
		"sim:h100,tick=10ms,lag=160ms,seed=4", "sim:h100,tick=7us"};
	static const double behind_s[] = {0.1, 0.1, 0.02, 1.0, 0.25, 0.17, 7e-6};

	(void)state;
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		struct fixture f = setup(specs[i], "llm-decode");
		struct seen seen = {0};
		double truth_j = 0;
		int64_t last = 0;
		struct rng r;

		rng_init(&r, i);
		for (int j = 0; j < 300; j++) {
			double most_w = 720, value_j;
			hg_sim_truth t;

			if (j == 150)
				assert_int_equal(hg_sim_watch(f.d, watch, &seen), HG_OK);
			t = rng_below(&r, 3) ? run(&f, rng_below(&r, 30))
					     : idle(&f, 0.3 * rng_double(&r));
			truth_j += t.energy_j;
			assert_true(read_signal(&f, "energy") >= last);
			last = read_signal(&f, "energy");
			value_j = (double)last * 1e-6;
			/* never ahead of the truth, never more behind than a tick and the lag */
			assert_true(value_j <= truth_j * (1 + 1e-12) + 2e-6);
			assert_true(value_j >= truth_j - most_w * behind_s[i] - 2e-6);
		}
		teardown(&f);
	}
}

/* A counter at constant power is a staircase with steps of exactly one tick. */
static void test_tick(void **state)
{
	struct fixture f = setup("sim:h100,seed=5", "llm-decode");
	int64_t step_ns = 0, last = 0, edges = 0, first = 0;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		int64_t value;
		hg_sim_truth t = idle(&f, 0.0005);

		value = read_signal(&f, "energy");
		if (value == last)
			continue;
		if (edges++ == 0) {
			first = t.end_ns;
		} else {
			/* 70 W for 100 ms */
			assert_in_range(value - last, 6999999, 7000001);
			step_ns = t.end_ns - first;
		}
		last = value;
	}
	assert_int_equal(edges, 20);
	assert_near_abs((double)step_ns, 19 * 100e6, 0, 0.5e6);
	teardown(&f);
}

static void test_continuous_and_gain(void **state)
{
	struct fixture f = setup("sim:v100,tick=0,gain=0.95", "resnet50-training");
	double truth_j = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		truth_j += run(&f, 3).energy_j;
		assert_near_abs((double)read_signal(&f, "energy"), truth_j * 0.95e6, 1e-12, 2);
	}
	teardown(&f);
}

/* Energy of the ticks inside a long stretch is taken at the right place of the right unit. */
static void test_bulk_ticks(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		char spec[64];
		struct fixture bulk, walked;
		struct seen seen = {0};

		(void)snprintf(spec, sizeof spec, "sim:a100,seed=%u,tick=13ms,lag=%ums", seed,
			seed % 7 * 13);
		bulk = setup(spec, "gpt-pipeline-stage");
		walked = setup(spec, "gpt-pipeline-stage");
		assert_int_equal(hg_sim_watch(walked.d, watch, &seen), HG_OK);
		for (uint64_t n = 1; n < 20; n += 3) {
			hg_sim_truth a = run(&bulk, n), b = run(&walked, n);

			assert_near(a.energy_j, b.energy_j, 1e-12);
			assert_near_abs((double)a.end_ns, (double)b.end_ns, 0, 1);
			assert_near_abs((double)read_signal(&bulk, "energy"),
				(double)read_signal(&walked, "energy"), 1e-12, 3);
		}
		teardown(&bulk);
		teardown(&walked);
	}
}

/* ----- knobs in time */

static void test_latency(void **state)
{
	struct fixture f = setup("sim:h100,latency=25ms", hot_text);
	struct seen seen = {0};
	hg_estimate fast = predict("h100", &f, (hg_knobs){0, 0});
	hg_estimate slow = predict("h100", &f, (hg_knobs){990e6, 0});
	hg_sim_truth t;
	double expected_s, expected_j, share;
	int64_t set_ns;

	(void)state;
	(void)run(&f, 10);
	set_ns = hg_device_now(f.d);
	set(&f, "sm_clock", 990000000);
	assert_int_equal(hg_sim_watch(f.d, watch, &seen), HG_OK);
	t = run(&f, 10);
	/* 25 ms at the old setting, then what is left of the work at the new one */
	assert_near_abs((double)seen.change_ns, (double)(set_ns + 25000000), 0, 1);
	share = 0.025 / fast.time_s;
	expected_s = 0.025 + (10 - share) * slow.time_s;
	expected_j = share * fast.energy_j + (10 - share) * slow.energy_j;
	assert_near(seconds(&t), expected_s, 1e-7);
	assert_near(t.energy_j, expected_j, 1e-7);
	assert_near_abs(seen.energy_j, t.energy_j, 1e-9, 1e-5);
	teardown(&f);
}

static void test_latency_in_bulk(void **state)
{
	struct fixture a = setup("sim:h100,latency=500ms", "resnet50-training");
	struct fixture b = setup("sim:h100,latency=500ms", "resnet50-training");
	struct seen seen = {0};
	hg_sim_truth ta, tb;

	(void)state;
	assert_int_equal(hg_sim_watch(b.d, watch, &seen), HG_OK);
	(void)run(&a, 3);
	(void)run(&b, 3);
	set(&a, "power_limit", 250000);
	set(&b, "power_limit", 250000);
	(void)idle(&a, 0.1);
	(void)idle(&b, 0.1);
	set(&a, "sm_clock", 1200000000);
	set(&b, "sm_clock", 1200000000);
	ta = run(&a, 200);
	tb = run(&b, 200);
	assert_near(ta.energy_j, tb.energy_j, 1e-9);
	assert_near(seconds(&ta), seconds(&tb), 1e-9);
	assert_false(seen.gap);
	teardown(&a);
	teardown(&b);
}

static void test_set_during_idle(void **state)
{
	struct fixture f = setup("sim:h100,latency=10ms", hot_text);
	hg_estimate slow = predict("h100", &f, (hg_knobs){990e6, 0});
	hg_error why;

	(void)state;
	set(&f, "sm_clock", 1500000000);
	set(&f, "sm_clock", 990000000);
	(void)idle(&f, 0.01);
	assert_near(run(&f, 1).energy_j, slow.energy_j, 1e-9);
	/* settings under way are bounded */
	for (int i = 0; i < 64; i++) {
		set(&f, "power_limit", 300000 + 1000 * i);
		(void)idle(&f, 1e-6);
	}
	assert_int_equal(hg_device_set(f.d, 0, 300000, NULL, &why), HG_ELIMIT);
	(void)idle(&f, 1.0);
	set(&f, "power_limit", 300000);
	teardown(&f);
}

/* ----- noise and seed */

static void test_noise(void **state)
{
	struct fixture f = setup("sim:h100,noise=40%,seed=11", hot_text);
	hg_estimate e = predict("h100", &f, (hg_knobs){0, 0});
	double sum_t = 0, sum_tt = 0, sum_p = 0, sum_pp = 0;
	const int n = 20000;

	(void)state;
	for (int i = 0; i < n; i++) {
		hg_sim_truth t = run(&f, 1);
		double time = seconds(&t) / e.time_s;
		double power = t.energy_j / seconds(&t) / (e.energy_j / e.time_s);

		sum_t += time;
		sum_tt += time * time;
		sum_p += power;
		sum_pp += power * power;
	}
	/* mean 1 within 5 standard errors, sd 40 % within a few per cent */
	assert_near_abs(sum_t / n, 1, 0, 5 * 0.4 / sqrt(n));
	assert_near_abs(sum_p / n, 1, 0, 5 * 0.4 / sqrt(n));
	assert_near(sqrt(sum_tt / n - sum_t / n * sum_t / n), 0.4, 0.04);
	assert_near(sqrt(sum_pp / n - sum_p / n * sum_p / n), 0.4, 0.04);
	teardown(&f);
}

struct trace {
	hg_sim_truth truth[40];
	int64_t counter[40];
};

static void trace_make(const char *spec, bool watched, struct trace *trace)
{
	struct fixture f = setup(spec, "resnet50-training");
	struct seen seen = {0};

	memset(trace, 0, sizeof *trace);
	if (watched)
		assert_int_equal(hg_sim_watch(f.d, watch, &seen), HG_OK);
	for (size_t i = 0; i < 40; i++) {
		set(&f, "power_limit", 300000 + 10000 * (int64_t)i);
		trace->truth[i] = run(&f, 1 + i % 5);
		trace->counter[i] = read_signal(&f, "energy");
	}
	teardown(&f);
}

static void test_same_seed_same_bytes(void **state)
{
	static struct trace a, b, c, d;

	(void)state;
	trace_make("sim:h100,noise=3%,seed=42", false, &a);
	trace_make("sim:h100,noise=3%,seed=42", false, &b);
	trace_make("sim:h100,noise=3%,seed=43", false, &c);
	trace_make("sim:h100,noise=3%,seed=42", true, &d);
	assert_memory_equal(&a, &b, sizeof a);
	assert_memory_not_equal(a.truth, c.truth, sizeof a.truth);
	for (size_t i = 0; i < 40; i++)
		assert_near(a.truth[i].energy_j, d.truth[i].energy_j, 1e-9);
	/* without noise the seed decides only when the counter ticks */
	trace_make("sim:h100,seed=42", false, &a);
	trace_make("sim:h100,seed=43", false, &c);
	assert_memory_equal(a.truth, c.truth, sizeof a.truth);
	assert_memory_not_equal(a.counter, c.counter, sizeof a.counter);
}

/* ----- long, stopped, refused, in real time */

static void test_hours(void **state)
{
	struct fixture f = setup("sim:h100", "resnet50-training");
	hg_estimate e = predict("h100", &f, (hg_knobs){0, 0});
	struct timespec t0, t1;
	hg_sim_truth t;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	t = run(&f, 10000000);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	assert_true(seconds(&t) > 100 * 3600);
	assert_near(t.energy_j, 1e7 * e.energy_j, 1e-10);
	assert_true(t1.tv_sec - t0.tv_sec <= 1);
	teardown(&f);
}

static void test_leakage(void **state)
{
	struct fixture f = setup("sim:" HG_SOURCE_DIR "/tests/unit/leaky.json", "llm-decode");
	hg_sim_truth cold, warm;

	(void)state;
	cold = run(&f, 1);
	(void)run(&f, 20000);
	warm = run(&f, 1);
	/* the hotter, the more static power: 0.3 % per kelvin of 72 W */
	assert_true(warm.energy_j > cold.energy_j * 1.01);
	assert_true(warm.energy_j < cold.energy_j * 1.10);
	assert_int_equal(warm.end_ns - warm.begin_ns, cold.end_ns - cold.begin_ns);
	teardown(&f);
}

static void test_watcher_stops(void **state)
{
	struct fixture f = setup("sim:h100", "resnet50-training");
	struct seen seen = {.stop_after = 25};
	hg_sim_truth t = {.size = sizeof t};
	hg_error why;

	(void)state;
	assert_int_equal(hg_sim_watch(f.d, watch, &seen), HG_OK);
	assert_int_equal(hg_sim_run(f.d, f.w, 1000, &t, &why), HG_EABORTED);
	assert_has(why.text, "stopped");
	assert_int_equal(seen.n, 25);
	assert_true(t.units >= 3 && t.units < 6);
	assert_true(t.energy_j > 0);
	/* it goes on afterwards */
	seen.stop_after = 0;
	(void)run(&f, 1);
	(void)idle(&f, 0.1);
	seen.stop_after = 1;
	assert_int_equal(hg_sim_idle(f.d, 1.0, &t, &why), HG_EABORTED);
	teardown(&f);
}

static void test_refused(void **state)
{
	struct fixture f = setup("sim:h100", "resnet50-training");
	hg_sim_truth t = {.size = sizeof t};
	hg_error why;

	(void)state;
	assert_int_equal(hg_sim_run(f.d, NULL, 1, &t, &why), HG_EINVAL);
	assert_int_equal(hg_sim_run(f.d, f.w, UINT64_MAX, &t, &why), HG_ELIMIT);
	assert_int_equal(t.units, 0);
	assert_int_equal(hg_sim_idle(f.d, -1, &t, &why), HG_EINVAL);
	assert_int_equal(hg_sim_idle(f.d, NAN, &t, &why), HG_EINVAL);
	assert_int_equal(hg_sim_idle(f.d, 1e12, &t, &why), HG_ELIMIT);
	assert_int_equal(hg_sim_idle(f.d, INFINITY, &t, &why), HG_ELIMIT);
	t = run(&f, 0);
	assert_int_equal(t.begin_ns, t.end_ns);
	assert_int_equal(hg_device_now(f.d), 0);
	assert_int_equal(hg_sim_run(f.d, f.w, 1, NULL, NULL), HG_OK);
	teardown(&f);
}

static void test_realtime(void **state)
{
	struct fixture f = setup("sim:h100,realtime=1,tick=10ms", "resnet50-training");
	hg_estimate e = predict("h100", &f, (hg_knobs){0, 0});
	const struct timespec pause = {0, 30000000};
	struct timespec t0, t1;
	int64_t before, passed_ns;
	hg_sim_truth t;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	t = run(&f, 3);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	passed_ns = (t1.tv_sec - t0.tv_sec) * 1000000000 + t1.tv_nsec - t0.tv_nsec;
	assert_near(t.energy_j, 3 * e.energy_j, 1e-6);
	assert_true((double)passed_ns >= 3e9 * e.time_s * 0.99);
	/* it idles on its own */
	before = read_signal(&f, "energy");
	nanosleep(&pause, NULL);
	assert_true(read_signal(&f, "energy") >= before + 70 * 10000);
	assert_int_equal(read_signal(&f, "power"), 70000);
	assert_true(hg_device_now(f.d) >= t.end_ns + 30000000);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_the_model),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_throttle),
		cmocka_unit_test(test_infeasible_cap),
		cmocka_unit_test(test_counter_within_a_tick),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_continuous_and_gain),
		cmocka_unit_test(test_bulk_ticks),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_latency_in_bulk),
		cmocka_unit_test(test_set_during_idle),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_same_seed_same_bytes),
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_leakage),
		cmocka_unit_test(test_watcher_stops),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_realtime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
