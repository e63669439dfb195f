/* The model against the formulas written down a second time, and what is shipped. */
#include "near.h"

#include <pthread.h>
#include <stdbool.h>

#include "core/rng.h"
#include "hardware/model/predict.h"

#include <hourglass/frontier.h>

/* ----- the formulas once more, slowly */

struct point {
	double t, p;
};

static struct point slow_kernel(const struct figures *f, const struct op *op, double x)
{
	double c = op->flops / (f->peak_flops * f->compute_efficiency * op->compute_efficiency);
	double m = op->bytes / (f->peak_bytes_per_s * f->memory_efficiency * op->memory_efficiency);
	double v = (1 + f->voltage_slope * fmax(0, x - f->voltage_knee)) /
		   (1 + f->voltage_slope * (1 - f->voltage_knee));
	double mx = m * pow(fmax(1, f->memory_knee / x), f->memory_exponent);
	double big = fmax(c / x, mx);
	double t =
		big * pow(pow(c / x / big, f->overlap) + pow(mx / big, f->overlap), 1 / f->overlap);
	double p = f->static_w +
		   v * v * x * (f->clock_tree_w + f->compute_w * op->activity * (c / x) / t) +
		   f->memory_w * m / t;

	return (struct point){t, p};
}

static double slow_lowest(const struct figures *f)
{
	return fmax(f->lowest_clock, f->clock_min_hz / f->clock_max_hz);
}

/* Highest clock up to `top` whose power keeps the cap, by bisection. */
static double slow_throttle(
	const struct figures *f, const struct op *op, double top, double cap, uint32_t *flags)
{
	double low = fmin(slow_lowest(f), top), high = top;

	*flags = HG_CAP_NOT_BINDING;
	if (slow_kernel(f, op, top).p <= cap)
		return top;
	*flags = HG_CAP_INFEASIBLE;
	if (slow_kernel(f, op, low).p > cap)
		return low;
	*flags = 0;
	for (int i = 0; i < 100; i++) {
		double mid = 0.5 * (low + high);

		if (slow_kernel(f, op, mid).p <= cap)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static hg_estimate slow_eval(const struct hg_model *m, const struct hg_workload *w, hg_knobs k)
{
	const struct figures *f = &m->f;
	double top = k.clock_hz > 0 ? k.clock_hz / f->clock_max_hz : 1;
	double cap = k.cap_w > 0 ? k.cap_w : f->cap_default_w;
	hg_estimate e = {.flags = HG_CAP_NOT_BINDING};
	double active = 0;

	for (size_t i = 0; i < w->n_ops; i++) {
		const struct op *op = &w->ops[i];
		double n = (double)op->repeat;
		uint32_t flags;
		struct point at;
		double x;

		e.time_s += n * op->host_gap_s;
		e.energy_j += n * op->host_gap_s * f->gap_w;
		if (op->flops == 0 && op->bytes == 0)
			continue;
		x = slow_throttle(f, op, top, cap, &flags);
		at = slow_kernel(f, op, x);
		e.time_s += n * at.t;
		e.energy_j += n * at.t * at.p;
		e.clock_hz += n * at.t * x * f->clock_max_hz;
		active += n * at.t;
		e.power_max_w = fmax(e.power_max_w, at.p);
		e.flags = (e.flags & flags & HG_CAP_NOT_BINDING) |
			  ((e.flags | flags) & HG_CAP_INFEASIBLE);
	}
	e.clock_hz = active > 0 ? e.clock_hz / active : top * f->clock_max_hz;
	return e;
}

/* ----- random devices and workloads */

static double uniform(struct rng *r, double low, double high)
{
	return low + (high - low) * rng_double(r);
}

static double log_uniform(struct rng *r, double low, double high)
{
	return exp(uniform(r, log(low), log(high)));
}

static void random_model(struct rng *r, struct hg_model *m)
{
	struct figures *f = &m->f;

	memset(m, 0, sizeof *m);
	f->clock_max_hz = uniform(r, 1e9, 3e9);
	f->clock_min_hz = f->clock_max_hz * uniform(r, 0.05, 0.3);
	f->clock_step_hz = 15e6;
	f->cap_min_w = uniform(r, 50, 200);
	f->cap_max_w = uniform(r, 250, 1000);
	f->cap_default_w = uniform(r, f->cap_min_w, f->cap_max_w);
	f->peak_flops = log_uniform(r, 1e13, 3e15);
	f->peak_bytes_per_s = log_uniform(r, 1e11, 8e12);
	f->static_w = uniform(r, 15, 130);
	f->clock_tree_w = rng_below(r, 4) ? uniform(r, 0, 120) : 0;
	f->compute_w = uniform(r, 5, 900);
	f->memory_w = rng_below(r, 4) ? uniform(r, 0, 120) : 0;
	f->gap_w = uniform(r, 15, 200);
	f->voltage_knee = uniform(r, 0.3, 0.95);
	f->voltage_slope = uniform(r, 0, 2);
	f->memory_knee = rng_below(r, 3) ? uniform(r, 0, 1) : 0;
	f->memory_exponent = uniform(r, 0, 2);
	f->overlap = uniform(r, 1, 8);
	f->lowest_clock = uniform(r, 0.1, 0.5);
	f->compute_efficiency = uniform(r, 0.3, 1);
	f->memory_efficiency = uniform(r, 0.3, 1);
	m->origin = HG_ORIGIN_SIMULATED;
}

static void random_op(struct rng *r, struct op *op)
{
	uint64_t kind = rng_below(r, 8);

	*op = (struct op){.flops = kind == 0 ? 0 : log_uniform(r, 1e6, 1e14),
		.bytes = kind == 1 ? 0 : log_uniform(r, 1e3, 1e11),
		.host_gap_s = rng_below(r, 2) ? log_uniform(r, 1e-6, 1e-1) : 0,
		.compute_efficiency = uniform(r, 0.1, 1),
		.memory_efficiency = uniform(r, 0.1, 1),
		.activity = uniform(r, 0, 1.5),
		.repeat = 1 + rng_below(r, 100)};
	if (kind == 2)
		*op = (struct op){.host_gap_s = 1e-3,
			.compute_efficiency = 1,
			.memory_efficiency = 1,
			.activity = 1,
			.repeat = 3};
}

static hg_predictor *predictor(const struct hg_model *m, const struct hg_workload *w)
{
	hg_predictor *p;
	hg_error why = {""};

	assert_ok(hg_predictor_create(m, w, &p, &why), &why);
	return p;
}

static hg_estimate eval(const hg_predictor *p, double clock_hz, double cap_w)
{
	const hg_knobs k = {clock_hz, cap_w};
	hg_estimate e;

	assert_int_equal(hg_predictor_eval(p, &k, &e), HG_OK);
	return e;
}

/* ----- physics */

static void test_formulas(void **state)
{
	struct rng r;
	size_t bound = 0, infeasible = 0;

	(void)state;
	rng_init(&r, 20240601);
	for (int i = 0; i < 400; i++) {
		struct op ops[6];
		struct hg_workload w = {.name = "w", .unit = "u", .ops = ops};
		struct hg_model m;
		hg_predictor *p;

		random_model(&r, &m);
		w.n_ops = 1 + rng_below(&r, 6);
		for (size_t j = 0; j < w.n_ops; j++)
			random_op(&r, &ops[j]);
		p = predictor(&m, &w);
		for (int j = 0; j < 30; j++) {
			hg_knobs k = {uniform(&r, m.f.clock_min_hz, m.f.clock_max_hz),
				uniform(&r, m.f.cap_min_w, m.f.cap_max_w)};
			hg_estimate slow, fast;
			double exact = 1e-9;

			if (j % 3 == 0)
				k.clock_hz = 0;
			if (j % 3 == 1)
				k.cap_w = 0;
			slow = slow_eval(&m, &w, k);
			fast = eval(p, k.clock_hz, k.cap_w);
			assert_int_equal(fast.flags, slow.flags);
			/* only a binding cap goes through the table */
			if (!(slow.flags & HG_CAP_NOT_BINDING))
				exact = 1e-3;
			bound += slow.flags == 0;
			infeasible += slow.flags & HG_CAP_INFEASIBLE ? 1 : 0;
			assert_near(fast.time_s, slow.time_s, exact);
			assert_near(fast.energy_j, slow.energy_j, exact);
			assert_near(fast.clock_hz, slow.clock_hz, exact);
			assert_near(fast.power_max_w, slow.power_max_w, 1e-9);
			assert_int_equal(fast.origin, HG_ORIGIN_SIMULATED);
		}
		hg_predictor_destroy(p);
	}
	/* the cases that matter did occur */
	assert_true(bound > 500);
	assert_true(infeasible > 500);
}

static void test_limits_of_physics(void **state)
{
	struct hg_model m;
	struct rng r;
	struct op op = {.flops = 1e12,
		.compute_efficiency = 1,
		.memory_efficiency = 1,
		.activity = 1,
		.repeat = 1};
	const struct hg_workload w = {.name = "w", .unit = "u", .ops = &op, .n_ops = 1};
	hg_predictor *p;
	hg_estimate e;
	double c;

	(void)state;
	rng_init(&r, 7);
	random_model(&r, &m);
	m.f.cap_max_w = m.f.cap_default_w = 5000;
	p = predictor(&m, &w);
	c = op.flops / (m.f.peak_flops * m.f.compute_efficiency);
	e = eval(p, 0, 0);
	/* v(1) = 1 and compute only: everything is on */
	assert_near(e.time_s, c, 1e-12);
	assert_near(e.power_max_w, m.f.static_w + m.f.clock_tree_w + m.f.compute_w, 1e-12);
	assert_int_equal(e.flags, HG_CAP_NOT_BINDING);
	assert_near(e.clock_hz, m.f.clock_max_hz, 1e-15);
	/* compute time goes with 1 / clock */
	assert_near(eval(p, 0.5 * m.f.clock_max_hz, 0).time_s, 2 * c, 1e-9);
	hg_predictor_destroy(p);
	/* memory only, no knee: the clock does not matter for the time, only for the power */
	op.flops = 0;
	op.bytes = 1e9;
	m.f.memory_knee = 0;
	p = predictor(&m, &w);
	e = eval(p, 0, 0);
	assert_near(eval(p, 0.5 * m.f.clock_max_hz, 0).time_s, e.time_s, 1e-12);
	assert_true(eval(p, 0.5 * m.f.clock_max_hz, 0).energy_j < e.energy_j);
	hg_predictor_destroy(p);
}

static void test_monotone(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, 99);
	for (int i = 0; i < 100; i++) {
		struct op ops[3];
		struct hg_workload w = {.name = "w", .unit = "u", .ops = ops, .n_ops = 3};
		struct hg_model m;
		double time = INFINITY, power = 0;
		hg_predictor *p;

		random_model(&r, &m);
		for (size_t j = 0; j < 3; j++)
			random_op(&r, &ops[j]);
		p = predictor(&m, &w);
		for (int j = 0; j <= 200; j++) {
			double cap =
				m.f.cap_min_w + (m.f.cap_max_w - m.f.cap_min_w) * (double)j / 200;
			hg_estimate e = eval(p, 0, cap);

			assert_true(e.time_s <= time * (1 + 1e-12));
			assert_true(e.power_max_w >= power * (1 - 1e-12));
			assert_true(
				e.flags & HG_CAP_INFEASIBLE || e.power_max_w <= cap * (1 + 1e-12));
			time = e.time_s;
			power = e.power_max_w;
		}
		time = INFINITY;
		for (int j = 0; j <= 200; j++) {
			double clock = m.f.clock_min_hz +
				       (m.f.clock_max_hz - m.f.clock_min_hz) * (double)j / 200;

			assert_true(eval(p, clock, m.f.cap_max_w).time_s <= time * (1 + 1e-9));
			time = eval(p, clock, m.f.cap_max_w).time_s;
		}
		hg_predictor_destroy(p);
	}
}

static void test_infeasible(void **state)
{
	struct rng r;
	struct hg_model m;
	struct op op = {.flops = 1e12,
		.compute_efficiency = 1,
		.memory_efficiency = 1,
		.activity = 1,
		.repeat = 1};
	const struct hg_workload w = {.name = "w", .unit = "u", .ops = &op, .n_ops = 1};
	hg_predictor *p;
	hg_estimate e;

	(void)state;
	rng_init(&r, 3);
	random_model(&r, &m);
	m.f.cap_min_w = 20;
	m.f.static_w = 100;
	m.f.lowest_clock = 0.4;
	m.f.clock_min_hz = 0.2 * m.f.clock_max_hz;
	p = predictor(&m, &w);
	e = eval(p, 0, 30);
	assert_int_equal(e.flags, HG_CAP_INFEASIBLE);
	assert_near(e.clock_hz, 0.4 * m.f.clock_max_hz, 1e-12);
	assert_true(e.power_max_w > 30);
	/* a lock below what a cap can reach holds */
	e = eval(p, 0.25 * m.f.clock_max_hz, 30);
	assert_int_equal(e.flags, HG_CAP_INFEASIBLE);
	assert_near(e.clock_hz, 0.25 * m.f.clock_max_hz, 1e-12);
	hg_predictor_destroy(p);
}

static void test_ranges(void **state)
{
	hg_model *m;
	hg_workload *w;
	hg_predictor *p;
	hg_model_info info = {.size = sizeof info};
	hg_error why;
	hg_estimate e;

	(void)state;
	assert_ok(hg_model_load("v100", NULL, &m, &why), &why);
	assert_ok(hg_workload_load("llm-prefill", NULL, &w, &why), &why);
	hg_model_get_info(m, &info);
	p = predictor(m, w);
	const hg_knobs bad[] = {{info.clock_min_hz * 0.99, 0}, {info.clock_max_hz * 1.01, 0},
		{0, info.cap_min_w - 1}, {0, info.cap_max_w + 1}, {NAN, 0}, {0, NAN}, {-1, 0},
		{0, INFINITY}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(hg_predictor_eval(p, &bad[i], &e), HG_ERANGE);
	(void)eval(p, info.clock_min_hz, info.cap_min_w);
	(void)eval(p, info.clock_max_hz, info.cap_max_w);
	hg_predictor_destroy(p);
	assert_int_equal(hg_predictor_create(NULL, w, &p, &why), HG_EINVAL);
	assert_null(p);
	p = predictor(m, w);
	/* the predictor has copies */
	hg_model_destroy(m);
	hg_workload_destroy(w);
	(void)eval(p, 0, 0);
	hg_predictor_destroy(p);
	hg_predictor_destroy(NULL);
}

/* ----- what is shipped */

struct best {
	double saving, slowdown;
};

/* Cheapest clock lock, or cheapest power limit. */
static struct best cheapest(const char *device, const char *workload, bool lock)
{
	hg_model *m;
	hg_workload *w;
	hg_model_info info = {.size = sizeof info};
	struct best best = {0, 1};
	hg_error why;
	hg_predictor *p;
	hg_estimate base;

	assert_ok(hg_model_load(device, NULL, &m, &why), &why);
	assert_ok(hg_workload_load(workload, NULL, &w, &why), &why);
	hg_model_get_info(m, &info);
	p = predictor(m, w);
	base = eval(p, 0, 0);
	for (int i = 0; i <= 100; i++) {
		double at = (double)i / 100;
		hg_estimate e =
			lock ? eval(p,
				       info.clock_min_hz +
					       at * (info.clock_max_hz - info.clock_min_hz),
				       0)
			     : eval(p, 0, info.cap_min_w + at * (info.cap_max_w - info.cap_min_w));

		if (1 - e.energy_j / base.energy_j > best.saving) {
			best.saving = 1 - e.energy_j / base.energy_j;
			best.slowdown = e.time_s / base.time_s;
		}
	}
	hg_predictor_destroy(p);
	hg_workload_destroy(w);
	hg_model_destroy(m);
	return best;
}

static void test_shipped(void **state)
{
	size_t devices = 0, workloads = 0;

	(void)state;
	for (size_t i = 0; hg_model_builtin(i); i++, devices++) {
		hg_model_info info = {.size = sizeof info};
		hg_error why = {""};
		hg_model *m;

		assert_ok(hg_model_load(hg_model_builtin(i), NULL, &m, &why), &why);
		hg_model_get_info(m, &info);
		assert_string_equal(info.name, hg_model_builtin(i));
		if (i)
			assert_true(strcmp(hg_model_builtin(i - 1), hg_model_builtin(i)) < 0);
		workloads = 0;
		for (size_t j = 0; hg_workload_builtin(j); j++, workloads++) {
			hg_workload *w;
			hg_predictor *p;
			hg_estimate e;

			assert_ok(hg_workload_load(hg_workload_builtin(j), NULL, &w, &why), &why);
			assert_string_equal(hg_workload_name(w), hg_workload_builtin(j));
			assert_true(*hg_workload_unit(w));
			p = predictor(m, w);
			e = eval(p, 0, 0);
			assert_true(e.time_s > 1e-4 && e.time_s < 10);
			assert_true(e.energy_j / e.time_s > info.idle_w);
			assert_true(e.energy_j / e.time_s < info.cap_default_w * (1 + 1e-9));
			assert_true(e.origin & HG_ORIGIN_SIMULATED);
			assert_false(e.flags & HG_CAP_INFEASIBLE);
			hg_predictor_destroy(p);
			hg_workload_destroy(w);
		}
		hg_model_destroy(m);
	}
	assert_true(devices >= 51);
	assert_int_equal(workloads, 5);
}

static void test_shipped_behaviour(void **state)
{
	static const char *const hot[] = {"h100-sxm", "h200", "b200"};
	struct best best;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		hg_model *m;
		hg_workload *w;
		hg_predictor *p;
		hg_error why;

		assert_ok(hg_model_load(hot[i], NULL, &m, &why), &why);
		assert_ok(hg_workload_load("llm-prefill", NULL, &w, &why), &why);
		p = predictor(m, w);
		assert_int_equal(eval(p, 0, 0).flags, 0);
		hg_predictor_destroy(p);
		hg_workload_destroy(w);
		assert_ok(hg_workload_load("llm-decode", NULL, &w, &why), &why);
		p = predictor(m, w);
		assert_int_equal(eval(p, 0, 0).flags, HG_CAP_NOT_BINDING);
		/* far below the limit: capping to 60 % changes nothing */
		assert_int_equal(eval(p, 0, 0.6 * m->f.cap_max_w).flags, HG_CAP_NOT_BINDING);
		hg_predictor_destroy(p);
		hg_workload_destroy(w);
		hg_model_destroy(m);
		best = cheapest(hot[i], "llm-decode", true);
		assert_true(best.saving > 0.2 && best.saving < 0.32);
		assert_true(best.slowdown < 1.03);
	}
	/* medians of the V100 sweep: 22.6 % at 1.197 */
	best = cheapest("v100", "resnet50-training", false);
	assert_true(best.saving > 0.15 && best.saving < 0.30);
	assert_true(best.slowdown > 1.10 && best.slowdown < 1.30);
}

/* ----- threads */

struct job {
	const hg_predictor *p;
	double sum;
};

static void *job_run(void *user)
{
	struct job *job = user;

	for (int i = 0; i <= 500; i++) {
		const hg_knobs k = {0, 200.0 + i};
		hg_estimate e;

		if (hg_predictor_eval(job->p, &k, &e) == HG_OK)
			job->sum += e.energy_j + e.time_s;
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	struct job jobs[4];
	hg_error why;
	hg_model *m;
	hg_workload *w;
	hg_predictor *p;

	(void)state;
	assert_ok(hg_model_load("h100", NULL, &m, &why), &why);
	assert_ok(hg_workload_load("resnet50-training", NULL, &w, &why), &why);
	p = predictor(m, w);
	for (size_t i = 0; i < 4; i++) {
		jobs[i] = (struct job){p, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, job_run, &jobs[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 1; i < 4; i++)
		assert_memory_equal(&jobs[0].sum, &jobs[i].sum, sizeof(double));
	assert_true(jobs[0].sum > 0);
	hg_predictor_destroy(p);
	hg_workload_destroy(w);
	hg_model_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formulas),
		cmocka_unit_test(test_limits_of_physics),
		cmocka_unit_test(test_monotone),
		cmocka_unit_test(test_infeasible),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_shipped_behaviour),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
