/*
 * Rates of the model and of the simulated device, one core.
 *
 * An evaluation is one op at one setting. The naive way evaluates the formulas as they stand in the
 * header and finds the clock under a cap with 20 bisections.
 */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hourglass/hourglass.h>

#include "common/options.h"
#include "hardware/model/predict.h"

/* Least time that a rate is measured over, and settings that are tried in turn. */
#define MEASURE_S 0.4
#define SETTINGS  512

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(const char *name, double value, const char *unit)
{
	printf("%-32s %14.6g %s\n", name, value, unit);
}

/* ----- the formulas as they stand */

struct naive {
	double time_s, power_w;
};

static struct naive naive_kernel(const struct figures *f, const struct op *op, double x)
{
	double c = op->flops / (f->peak_flops * f->compute_efficiency * op->compute_efficiency);
	double m = op->bytes / (f->peak_bytes_per_s * f->memory_efficiency * op->memory_efficiency);
	double v = (1 + f->voltage_slope * fmax(0, x - f->voltage_knee)) /
		   (1 + f->voltage_slope * (1 - f->voltage_knee));
	double mx = m * pow(fmax(1, f->memory_knee / x), f->memory_exponent);
	double t = pow(pow(c / x, f->overlap) + pow(mx, f->overlap), 1 / f->overlap);

	return (struct naive){t,
		f->static_w +
			v * v * x * (f->clock_tree_w + f->compute_w * op->activity * (c / x) / t) +
			f->memory_w * m / t};
}

static struct naive naive_capped(
	const struct figures *f, const struct op *op, double top, double cap)
{
	struct naive at = naive_kernel(f, op, top);
	double low = f->lowest_clock, high = top;

	if (at.power_w <= cap)
		return at;
	for (int i = 0; i < 20; i++) {
		double mid = 0.5 * (low + high);

		at = naive_kernel(f, op, mid);
		if (at.power_w <= cap)
			low = mid;
		else
			high = mid;
	}
	return at;
}

static double naive_eval(const hg_model *m, const hg_workload *w, const hg_knobs *k)
{
	const struct figures *f = &m->f;
	double top = k->clock_hz > 0 ? k->clock_hz / f->clock_max_hz : 1;
	double cap = k->cap_w > 0 ? k->cap_w : f->cap_default_w;
	double energy_j = 0;

	for (size_t i = 0; i < w->n_ops; i++) {
		const struct op *op = &w->ops[i];
		double n = (double)op->repeat;

		energy_j += n * op->host_gap_s * f->gap_w;
		if (op->flops > 0 || op->bytes > 0) {
			struct naive at = naive_capped(f, op, top, cap);

			energy_j += n * at.time_s * at.power_w;
		}
	}
	return energy_j;
}

/* ----- evaluations per second */

struct bench {
	hg_model *m;
	hg_workload *w;
	hg_predictor *p;
	hg_knobs knobs[SETTINGS];
};

static double rate_fast(const struct bench *b, double *sum)
{
	double begin = now_s(), passed;
	size_t rounds = 0;

	do {
		for (size_t i = 0; i < SETTINGS; i++) {
			hg_estimate e;

			if (hg_predictor_eval(b->p, &b->knobs[i], &e))
				return 0;
			*sum += e.energy_j;
		}
		rounds++;
		passed = now_s() - begin;
	} while (passed < MEASURE_S);
	*sum /= (double)rounds;
	return (double)(rounds * SETTINGS * b->p->n_kernels) / passed;
}

static double rate_naive(const struct bench *b, double *sum)
{
	double begin = now_s(), passed;
	size_t rounds = 0;

	do {
		for (size_t i = 0; i < SETTINGS; i++)
			*sum += naive_eval(b->m, b->w, &b->knobs[i]);
		rounds++;
		passed = now_s() - begin;
	} while (passed < MEASURE_S);
	*sum /= (double)rounds;
	return (double)(rounds * SETTINGS * b->p->n_kernels) / passed;
}

static void bench_model(struct bench *b, const char *what, int clock, int cap)
{
	const struct figures *f = &b->m->f;
	double fast_j = 0, naive_j = 0, fast, naive;
	char name[64];

	for (size_t i = 0; i < SETTINGS; i++) {
		double at = (double)i / (SETTINGS - 1);

		b->knobs[i] = (hg_knobs){0, 0};
		if (clock)
			b->knobs[i].clock_hz =
				f->clock_min_hz + at * (f->clock_max_hz - f->clock_min_hz);
		/* a cap that binds for some ops and not for others */
		if (cap)
			b->knobs[i].cap_w = f->cap_min_w +
					    (clock ? 1 - at : at) * (f->cap_max_w - f->cap_min_w);
	}
	fast = rate_fast(b, &fast_j);
	naive = rate_naive(b, &naive_j);
	(void)snprintf(name, sizeof name, "model-%s", what);
	report(name, fast, "evaluations/s");
	(void)snprintf(name, sizeof name, "model-%s-naive", what);
	report(name, naive, "evaluations/s");
	(void)snprintf(name, sizeof name, "model-%s-difference", what);
	report(name, fabs(fast_j / naive_j - 1), "relative, of the energy");
}

/* ----- the simulated device */

static int watch(void *user, int64_t t0_ns, int64_t t1_ns, double power_w, double clock_hz)
{
	size_t *n = user;

	(void)t0_ns;
	(void)t1_ns;
	(void)power_w;
	(void)clock_hz;
	++*n;
	return 0;
}

static void bench_device(hg_ctx *ctx, const hg_workload *w, const char *spec, const char *name,
	uint64_t units, int watched)
{
	hg_sim_truth truth = {.size = sizeof truth};
	size_t segments = 0;
	hg_device *d;
	char text[64];
	double passed_s, begin;
	hg_err rc = hg_device_open(ctx, spec, &d, NULL);

	if (rc)
		return;
	if (watched)
		rc = hg_sim_watch(d, watch, &segments);
	begin = now_s();
	rc = rc ? rc : hg_sim_run(d, w, units, &truth, NULL);
	passed_s = now_s() - begin;
	if (!rc) {
		(void)snprintf(text, sizeof text, "device-%s", name);
		report(text, (double)truth.units / passed_s, "units/s");
		(void)snprintf(text, sizeof text, "device-%s-time", name);
		report(text, (double)(truth.end_ns - truth.begin_ns) * 1e-9 / passed_s,
			"simulated s/s");
		if (watched) {
			(void)snprintf(text, sizeof text, "device-%s-segments", name);
			report(text, (double)segments / passed_s, "segments/s");
		}
	}
	hg_device_close(d);
}

static int same_seed(hg_ctx *ctx, const hg_workload *w)
{
	hg_sim_truth truth[2] = {{.size = sizeof *truth}, {.size = sizeof *truth}};

	for (int i = 0; i < 2; i++) {
		hg_device *d;

		if (hg_device_open(ctx, "sim:h100,noise=2%,seed=99", &d, NULL) ||
			hg_sim_run(d, w, 10000, &truth[i], NULL))
			return 0;
	}
	return !memcmp(&truth[0], &truth[1], sizeof truth[0]);
}

int main(int argc, char **argv)
{
	static const struct bench_option none[] = {{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};
	hg_error why = {""};
	struct bench b = {0};
	hg_ctx *ctx = NULL;
	int same = 0;

	(void)bench_options("bench-sim", argc, argv, 0, none);
	if (hg_open(NULL, &ctx, &why) || hg_model_load("h100-sxm", NULL, &b.m, &why) ||
		hg_workload_load("llm-prefill", NULL, &b.w, &why) ||
		hg_predictor_create(b.m, b.w, &b.p, &why)) {
		fprintf(stderr, "bench-sim: %s\n", why.text);
		hg_model_destroy(b.m);
		hg_workload_destroy(b.w);
		hg_close(ctx);
		return 1;
	}
	bench_model(&b, "clock", 1, 0);
	bench_model(&b, "cap", 0, 1);
	bench_model(&b, "both", 1, 1);
	bench_device(ctx, b.w, "sim:h100", "bulk", 100000000, 0);
	bench_device(ctx, b.w, "sim:h100,noise=1%", "noise", 1000000, 0);
	bench_device(ctx, b.w, "sim:h100", "watched", 10000, 1);
	same = same_seed(ctx, b.w);
	report("same-seed-same-bytes", same, "1 is yes");
	hg_predictor_destroy(b.p);
	hg_workload_destroy(b.w);
	hg_model_destroy(b.m);
	hg_close(ctx);
	return same ? 0 : 1;
}
