/* Profiling a simulated device: against what the model says, stopped, failing, badly asked. */
#include "near.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <hourglass/hourglass.h>

#include "hardware/device/backend.h"
#include "hardware/measure/window.h"

struct fixture {
	hg_ctx *ctx;
	hg_device *d;
	hg_workload *w;
	hg_predictor *p;
	uint64_t calls, fail_after, stop_after;
	hg_err fail_with;
	uint64_t told, last_done, last_total;
};

static struct fixture setup(const char *spec, const char *model, const char *workload)
{
	struct fixture f = {0};
	hg_error why = {""};
	hg_model *m;

	assert_ok(hg_open(NULL, &f.ctx, &why), &why);
	assert_ok(hg_device_open(f.ctx, spec, &f.d, &why), &why);
	assert_ok(hg_workload_load(workload, NULL, &f.w, &why), &why);
	assert_ok(hg_model_load(model, NULL, &m, &why), &why);
	assert_ok(hg_predictor_create(m, f.w, &f.p, &why), &why);
	hg_model_destroy(m);
	return f;
}

static void teardown(struct fixture *f)
{
	hg_predictor_destroy(f->p);
	hg_workload_destroy(f->w);
	hg_close(f->ctx);
}

static hg_err work(void *user, hg_device *d, uint64_t units)
{
	struct fixture *f = user;

	if (f->fail_after && ++f->calls > f->fail_after)
		return f->fail_with;
	return hg_sim_run(d, f->w, units, NULL, NULL);
}

static int progress(void *user, const char *what, uint64_t done, uint64_t total)
{
	struct fixture *f = user;

	assert_string_equal(what, "profile");
	f->told++;
	f->last_done = done;
	f->last_total = total;
	return f->stop_after && done >= f->stop_after;
}

static int64_t current(hg_device *d, const char *knob)
{
	hg_knob_info info = {.size = sizeof info};

	assert_int_equal(hg_device_knob(d, hg_device_knob_index(d, knob), &info), HG_OK);
	return info.current;
}

static const int64_t limits[] = {300000, 700000, 400000, 600000, 500000, 250000};
static const int64_t clocks[] = {0, 1200000000, 990000000, 1605000000};

static hg_profile_opts options(hg_sweep sweeps[2], const hg_device *d)
{
	const hg_profile_opts opts = {
		.size = sizeof opts, .sweeps = sweeps, .n_sweeps = 2, .name = "a profile"};

	sweeps[0] = (hg_sweep){hg_device_knob_index(d, "power_limit"), limits, 6};
	sweeps[1] = (hg_sweep){hg_device_knob_index(d, "sm_clock"), clocks, 4};
	return opts;
}

/* Every point, dominated or not. */
static size_t all_points(const hg_frontier *f, hg_point *out, size_t room)
{
	size_t n = hg_frontier_count(f), n_waiting, n_dominated;
	const hg_point *dominated = hg_frontier_dominated(f, &n_dominated);

	/* those that wait lie behind the others */
	hg_frontier_waiting(f, &n_waiting);
	n += n_waiting;
	assert_true(n + n_dominated <= room);
	memcpy(out, hg_frontier_points(f), n * sizeof *out);
	if (n_dominated)
		memcpy(out + n, dominated, n_dominated * sizeof *out);
	return n + n_dominated;
}

static hg_estimate expected(const struct fixture *f, const hg_frontier *fr, hg_setting row)
{
	const double *cells = hg_frontier_setting(fr, row);
	const hg_knobs k = {cells[1] * 1e6, cells[0]};
	hg_estimate e;

	assert_int_equal(hg_predictor_eval(f->p, &k, &e), HG_OK);
	return e;
}

static void test_against_the_model(void **state)
{
	struct fixture f = setup("sim:h100", "h100", "resnet50-training");
	hg_sweep sweeps[2];
	hg_profile_opts opts = options(sweeps, f.d);
	hg_frontier_info info = {.size = sizeof info};
	hg_error why = {""};
	hg_frontier *fr;
	hg_point points[24];
	size_t n, n_knobs;

	(void)state;
	opts.progress = progress;
	opts.progress_user = &f;
	opts.work_unit = hg_workload_unit(f.w);
	assert_ok(hg_profile(f.d, &opts, work, &f, &fr, &why), &why);
	n = all_points(fr, points, 24);
	assert_int_equal(n, 24);
	for (size_t i = 0; i < n; i++) {
		hg_estimate e = expected(&f, fr, points[i].setting);

		/* no noise: the counter's tick is all the error there is */
		assert_near_abs(points[i].time_s, e.time_s, 1e-9, 0);
		assert_true(points[i].energy_rsd > 0 && points[i].energy_rsd <= 0.005 * (1 + 1e-9));
		assert_true(points[i].time_rsd < 1e-6);
		/* phases at both ends are bounded: at most sqrt(6) standard deviations off */
		assert_near(points[i].energy_j, e.energy_j, 2.5 * points[i].energy_rsd);
		assert_int_equal(points[i].origin, HG_ORIGIN_MEASURED | HG_ORIGIN_SIMULATED);
	}
	assert_string_equal(hg_frontier_knobs(fr, &n_knobs)[0].name, "power_limit_w");
	assert_string_equal(hg_frontier_knobs(fr, &n_knobs)[0].unit, "W");
	assert_string_equal(hg_frontier_knobs(fr, &n_knobs)[1].name, "sm_clock_mhz");
	assert_string_equal(hg_frontier_knobs(fr, &n_knobs)[1].unit, "MHz");
	/* highest first: the first setting is no limit at all */
	assert_near(hg_frontier_setting(fr, 0)[0], 700, 1e-15);
	assert_near_abs(hg_frontier_setting(fr, 0)[1], 0, 0, 0);
	assert_near(hg_frontier_setting(fr, 1)[1], 1605, 1e-15);
	assert_near(hg_frontier_setting(fr, 23)[0], 250, 1e-15);
	assert_near(hg_frontier_setting(fr, 23)[1], 990, 1e-15);
	hg_frontier_get_info(fr, &info);
	assert_string_equal(info.name, "a profile");
	assert_string_equal(info.work_unit, "step");
	assert_string_equal(info.device, "h100-sxm");
	assert_string_equal(info.source, "sim:h100");
	assert_int_equal(info.devices, 1);
	assert_near(info.static_power_w, 125, 1e-12);
	assert_near(info.max_power_w, 700, 1e-12);
	assert_int_equal(f.last_done, 24);
	assert_int_equal(f.last_total, 24);
	assert_true(f.told >= 24);
	assert_int_equal(current(f.d, "power_limit"), 700000);
	assert_int_equal(current(f.d, "sm_clock"), 0);
	hg_frontier_destroy(fr);
	teardown(&f);
}

/* With noise the error is a few of the standard deviations that are stated, and not a small part
 * of them either. */
static void test_stated_deviation(void **state)
{
	double sum_e = 0, sum_t = 0;
	size_t n = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 25; seed++) {
		char spec[80];
		struct fixture f;
		hg_sweep sweeps[2];
		hg_profile_opts opts;
		hg_error why = {""};
		hg_frontier *fr;
		hg_point points[6];

		(void)snprintf(
			spec, sizeof spec, "sim:h100,noise=3%%,seed=%u,lag=60ms,tick=50ms", seed);
		f = setup(spec, "h100", "resnet50-training");
		opts = options(sweeps, f.d);
		sweeps[1].n_values = 1;
		assert_ok(hg_profile(f.d, &opts, work, &f, &fr, &why), &why);
		assert_int_equal(all_points(fr, points, 6), 6);
		for (size_t i = 0; i < 6; i++, n++) {
			hg_estimate e = expected(&f, fr, points[i].setting);
			double ze = (points[i].energy_j / e.energy_j - 1) / points[i].energy_rsd;
			double zt = (points[i].time_s / e.time_s - 1) / points[i].time_rsd;

			assert_true(points[i].energy_rsd <= 0.005);
			assert_true(fabs(ze) < 5 && fabs(zt) < 6);
			sum_e += ze * ze;
			sum_t += zt * zt;
		}
		hg_frontier_destroy(fr);
		teardown(&f);
	}
	/* mean square of 150 standardised errors: 1 if the deviations are right */
	assert_true(sum_e / (double)n > 0.5 && sum_e / (double)n < 1.5);
	assert_true(sum_t / (double)n > 0.5 && sum_t / (double)n < 2.0);
}

static void test_window_bound(void **state)
{
	struct fixture f = setup("sim:h100,noise=20%", "h100", "resnet50-training");
	hg_sweep sweeps[2];
	hg_profile_opts opts = options(sweeps, f.d);
	hg_error why = {""};
	hg_frontier *fr;
	int64_t begin_ns = hg_device_now(f.d);

	(void)state;
	sweeps[0].n_values = sweeps[1].n_values = 1;
	opts.max_window_s = 5;
	opts.target_rsd = 1e-6;
	assert_ok(hg_profile(f.d, &opts, work, &f, &fr, &why), &why);
	assert_true((double)(hg_device_now(f.d) - begin_ns) < 7e9);
	assert_true(hg_frontier_points(fr)->energy_rsd > 1e-6);
	hg_frontier_destroy(fr);
	/* too short for a single tick: no made-up figure */
	opts.max_window_s = 1e-3;
	for (int i = 0; i < 20; i++) {
		hg_err rc = hg_profile(f.d, &opts, work, &f, &fr, &why);

		if (!rc) {
			assert_true(isnan(hg_frontier_points(fr)->energy_rsd));
			hg_frontier_destroy(fr);
			continue;
		}
		assert_int_equal(rc, HG_EDEVICE);
		assert_has(why.text, "did not move");
	}
	teardown(&f);
}

static void test_stopped(void **state)
{
	struct fixture f = setup("sim:h100", "h100", "llm-decode");
	hg_sweep sweeps[2];
	hg_profile_opts opts = options(sweeps, f.d);
	hg_error why = {""};
	hg_frontier *fr;
	hg_point points[24];

	(void)state;
	assert_ok(hg_device_set(f.d, sweeps[1].knob, 1500000000, NULL, &why), &why);
	opts.progress = progress;
	opts.progress_user = &f;
	f.stop_after = 7;
	assert_int_equal(hg_profile(f.d, &opts, work, &f, &fr, &why), HG_EABORTED);
	assert_has(why.text, "7 of 24");
	assert_non_null(fr);
	assert_int_equal(all_points(fr, points, 24), 7);
	hg_frontier_destroy(fr);
	/* the knobs are what they were, not the default */
	assert_int_equal(current(f.d, "sm_clock"), 1500000000);
	assert_int_equal(current(f.d, "power_limit"), 700000);
	/* before anything was measured: nothing */
	f.fail_after = 1;
	f.fail_with = HG_EABORTED;
	f.calls = 0;
	assert_int_equal(hg_profile(f.d, &opts, work, &f, &fr, &why), HG_EABORTED);
	assert_has(why.text, "0 of 24");
	assert_null(fr);
	assert_int_equal(current(f.d, "sm_clock"), 1500000000);
	teardown(&f);
}

static void test_work_fails(void **state)
{
	struct fixture f = setup("sim:h100", "h100", "llm-decode");
	hg_sweep sweeps[2];
	hg_profile_opts opts = options(sweeps, f.d);
	hg_error why = {""};
	hg_frontier *fr;

	(void)state;
	f.fail_with = HG_EDEVICE;
	for (f.fail_after = 1; f.fail_after < 60; f.fail_after += 3) {
		f.calls = 0;
		assert_int_equal(hg_profile(f.d, &opts, work, &f, &fr, &why), HG_EDEVICE);
		assert_null(fr);
		assert_has(why.text, "the work failed");
		assert_int_equal(current(f.d, "sm_clock"), 0);
		assert_int_equal(current(f.d, "power_limit"), 700000);
	}
	teardown(&f);
}

static void test_refused(void **state)
{
	static const int64_t twice[] = {300000, 400000, 300000}, low[] = {300000, 100};
	struct fixture f = setup("sim:h100", "h100", "llm-decode");
	hg_sweep sweeps[9];
	hg_profile_opts opts = options(sweeps, f.d), bad;
	hg_error why = {""};
	hg_frontier *fr;
	const struct {
		hg_sweep sweep;
		size_t n;
		hg_err code;
		const char *says;
	} cases[] = {
		{{0, twice, 3}, 1, HG_EINVAL, "power_limit 300000 mW: listed twice"},
		{{0, low, 2}, 1, HG_ERANGE, "expected 200000 to 700000 mW"},
		{{0, limits, 0}, 1, HG_EINVAL, "no values"},
		{{0, NULL, 3}, 1, HG_EINVAL, "no values"},
		{{5, limits, 6}, 1, HG_EUNSUPPORTED, "no knob 5"},
		{{1, limits, 1}, 1, HG_ERANGE, "sm_clock 300000 Hz"},
		{{1, clocks, 4}, 2, HG_EINVAL, "sm_clock: swept twice"},
		{{0, limits, 6}, 0, HG_EINVAL, "no knob to sweep"},
		{{0, limits, 6}, 9, HG_ELIMIT, "more than 8 knobs"},
		{{0, limits, SIZE_MAX}, 1, HG_ELIMIT, "more than 100000 settings"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		sweeps[0] = cases[i].sweep;
		opts.n_sweeps = cases[i].n;
		assert_int_equal(hg_profile(f.d, &opts, work, &f, &fr, &why), cases[i].code);
		assert_has(why.text, cases[i].says);
		assert_null(fr);
	}
	opts = options(sweeps, f.d);
	bad = opts;
	bad.size = 0;
	assert_int_equal(hg_profile(f.d, &bad, work, &f, &fr, &why), HG_EINVAL);
	bad = opts;
	bad.target_rsd = -1;
	assert_int_equal(hg_profile(f.d, &bad, work, &f, &fr, &why), HG_EINVAL);
	bad.target_rsd = NAN;
	assert_int_equal(hg_profile(f.d, &bad, work, &f, &fr, &why), HG_EINVAL);
	bad = opts;
	bad.max_window_s = NAN;
	assert_int_equal(hg_profile(f.d, &bad, work, &f, &fr, &why), HG_EINVAL);
	assert_int_equal(hg_profile(f.d, NULL, work, &f, &fr, &why), HG_EINVAL);
	assert_int_equal(hg_profile(NULL, &opts, work, &f, &fr, &why), HG_EINVAL);
	assert_int_equal(hg_profile(f.d, &opts, NULL, &f, &fr, &why), HG_EINVAL);
	/* nothing has been touched, no time has passed */
	assert_int_equal(hg_device_now(f.d), 0);
	teardown(&f);
}

/* ----- a device whose knob cannot be put back, and whose counter can be made to misbehave */

struct broken {
	int64_t now_ns, energy_uj, limit, tick_uj;
	bool stuck;     /* the next set fails */
	bool unwrapped; /* the counter has no modulus */
	hg_err read_fails;
};

static hg_err broken_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct broken *b = calloc(1, sizeof *b);

	(void)req;
	(void)why;
	if (b)
		b->limit = 200;
	*state = b;
	return b ? HG_OK : HG_ENOMEM;
}

static void broken_info(const void *state, hg_device_info *info)
{
	(void)state;
	info->model = "broken";
}

static size_t broken_one(const void *state)
{
	(void)state;
	return 1;
}

static void broken_signal(const void *state, size_t i, hg_signal_info *info)
{
	const struct broken *b = state;

	(void)i;
	info->name = "energy";
	info->unit = "uJ";
	info->resolution = 1000;
	info->modulus = b->unwrapped ? 0 : 100000000;
	info->period_ns = 1000000;
}

static void broken_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	struct broken *b = state;

	(void)ids;
	for (size_t i = 0; i < n; i++)
		out[i] =
			(hg_reading){b->energy_uj % 100000000, b->now_ns, b->now_ns, b->read_fails};
}

static int64_t broken_now(const void *state)
{
	const struct broken *b = state;

	return b->now_ns;
}

static void broken_knob(const void *state, size_t i, hg_knob_info *info)
{
	const struct broken *b = state;

	(void)i;
	info->name = "fan";
	info->unit = "rpm";
	info->min = 100;
	info->max = 300;
	info->step = 1;
	info->default_value = 200;
	info->current = b->limit;
}

static hg_err broken_set(void *state, size_t knob, int64_t value, hg_effect *e, hg_error *why)
{
	struct broken *b = state;

	(void)knob;
	if (b->stuck) {
		memcpy(why->text, "stuck", sizeof "stuck");
		return HG_EDEVICE;
	}
	b->limit = e->enforced = e->observed = value;
	return HG_OK;
}

static const struct device_hooks broken_hooks = {free, broken_info, broken_one, broken_signal,
	broken_read, broken_now, broken_one, broken_knob, broken_set, NULL, NULL};

static const struct backend broken = {.abi = BACKEND_ABI,
	.name = "broken",
	.text = "a test",
	.open = broken_open,
	.device = &broken_hooks};

/* 10 ms at `limit` watts; what it does after some calls is the test's choice. */
static hg_err broken_work(void *user, hg_device *d, uint64_t units)
{
	struct broken *b = device_state(d, &broken);
	int *calls = user;

	b->now_ns += (int64_t)units * 10000000;
	b->energy_uj += (int64_t)units * 10000 * b->limit;
	if (*calls && --*calls == 0)
		b->stuck = true;
	return HG_OK;
}

static hg_err frozen_work(void *user, hg_device *d, uint64_t units)
{
	(void)user;
	(void)d;
	(void)units;
	return HG_OK;
}

static hg_err sensorless_work(void *user, hg_device *d, uint64_t units)
{
	struct broken *b = device_state(d, &broken);

	b->read_fails = HG_EDEVICE;
	return broken_work(user, d, units);
}

static hg_err backwards_work(void *user, hg_device *d, uint64_t units)
{
	struct broken *b = device_state(d, &broken);
	hg_err rc = broken_work(user, d, units);

	if (b->now_ns > 1000000000)
		b->energy_uj = -1;
	return rc;
}

static void test_broken_device(void **state)
{
	static const int64_t values[] = {300, 250};
	const hg_sweep sweep = {0, values, 2};
	const hg_profile_opts opts = {.size = sizeof opts, .sweeps = &sweep, .n_sweeps = 1};
	hg_frontier_info info = {.size = sizeof info};
	hg_error why = {""};
	hg_frontier *fr;
	hg_ctx *ctx;
	hg_device *d;
	size_t n_knobs;
	int calls = 0;

	(void)state;
	assert_ok(hg_open(NULL, &ctx, &why), &why);
	assert_ok(device_open_with(ctx, &broken, "broken:", "", &d, &why), &why);
	/* sound: the counter wraps every third of a second and nobody notices */
	assert_ok(hg_profile(d, &opts, broken_work, &calls, &fr, &why), &why);
	assert_int_equal(hg_frontier_count(fr), 1);
	assert_near(hg_frontier_points(fr)->time_s, 0.01, 1e-9);
	assert_near(hg_frontier_points(fr)->energy_j, 2.5, 1e-9);
	assert_int_equal(hg_frontier_points(fr)->origin, HG_ORIGIN_MEASURED);
	assert_string_equal(hg_frontier_knobs(fr, &n_knobs)[0].name, "fan");
	assert_string_equal(hg_frontier_knobs(fr, &n_knobs)[0].unit, "rpm");
	hg_frontier_get_info(fr, &info);
	assert_true(isnan(info.static_power_w));
	assert_true(isnan(info.max_power_w));
	hg_frontier_destroy(fr);
	/* refuses a setting, and the way back as well: both are said */
	calls = 5;
	assert_int_equal(hg_profile(d, &opts, broken_work, &calls, &fr, &why), HG_EDEVICE);
	assert_has(why.text, "fan could not be put back to 200 rpm: stuck");
	assert_null(fr);
	((struct broken *)device_state(d, &broken))->stuck = false;
	/* the way back alone */
	calls = 0;
	assert_ok(hg_device_set(d, 0, 200, NULL, &why), &why);
	assert_int_equal(hg_profile(d, &opts, frozen_work, NULL, &fr, &why), HG_EDEVICE);
	assert_has(why.text, "no time passes");
	((struct broken *)device_state(d, &broken))->unwrapped = true;
	assert_int_equal(hg_profile(d, &opts, backwards_work, &calls, &fr, &why), HG_EDEVICE);
	assert_has(why.text, "went back");
	assert_int_equal(hg_profile(d, &opts, sensorless_work, &calls, &fr, &why), HG_EDEVICE);
	assert_has(why.text, "energy counter cannot be read");
	hg_close(ctx);
}

/* ----- windows by themselves */

static void test_window(void **state)
{
	struct fixture f = setup("sim:h100,tick=1ms", "h100", "llm-decode");
	struct window *w = calloc(1, sizeof *w);
	struct window_result r;
	hg_sim_truth truth = {.size = sizeof truth};
	double truth_j = 0;
	hg_error why = {""};

	(void)state;
	assert_non_null(w);
	assert_ok(window_init(w, f.d, &why), &why);
	assert_ok(hg_sim_run(f.d, f.w, 50, &truth, &why), &why);
	assert_ok(window_begin(w, &why), &why);
	/* many cuts are put together, nothing is lost */
	for (int i = 0; i < 1000; i++) {
		assert_ok(hg_sim_run(f.d, f.w, 1, &truth, &why), &why);
		truth_j += truth.energy_j;
		assert_ok(window_cut(w, 1, &why), &why);
		assert_true(w->n_parts <= WINDOW_PARTS);
	}
	window_result(w, &r);
	assert_int_equal(w->units, 1000);
	assert_near(r.energy_j * 1000, truth_j, 3 * r.energy_rsd);
	assert_near(r.time_s * 1000, window_length(w), 1e-12);
	free(w);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_the_model),
		cmocka_unit_test(test_stated_deviation),
		cmocka_unit_test(test_window_bound),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_work_fails),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_broken_device),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
