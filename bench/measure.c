/*
 * How far the estimators of energy.h are off, over simulated runs: mean and standard deviation of
 * the relative error, and how often the bounds hold the truth.
 *
 * usage: bench-measure [--runs N] [--seed S] [--poll SECONDS] [--lag SECONDS]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/options.h"
#include "measure-table.h"
#include "measure/steps.h"
#include "phase-sim.h"

struct options {
	size_t runs;
	uint64_t seed;
	double poll_s, lag_s;
};

static void report(const char *name, double value, const char *unit)
{
	printf("%-44s %12.5g %s\n", name, value, unit);
}

static void progress(void *user, size_t done)
{
	if (done % 50 == 0 && isatty(2))
		fprintf(stderr, "\r%s: %zu runs  \r", (const char *)user, done);
}

static void bench_case(const struct options *o, bool cold, double window_s, double coverage)
{
	struct mt_case what = {cold, window_s, csim_counter_usual(), o->runs, o->seed};
	struct mt_row row;
	char title[48], name[80];

	what.counter.poll_s = o->poll_s;
	what.counter.lag_s = o->lag_s;
	what.counter.coverage = coverage;
	(void)snprintf(title, sizeof title, "%s-%g-s%s", cold ? "cold" : "steady", window_s,
		coverage < 1 ? "-quarter" : "");
	if (mt_run(&what, &row, progress, title)) {
		fprintf(stderr, "bench-measure: out of memory\n");
		exit(1);
	}
	for (int e = 0; e < MT_ESTIMATORS; e++) {
		if (!row.error[e].n)
			continue;
		(void)snprintf(
			name, sizeof name, "%s-%s-mean", title, mt_name((enum mt_estimator)e));
		report(name, 100 * row.error[e].mean, "%");
		(void)snprintf(name, sizeof name, "%s-%s-sd", title, mt_name((enum mt_estimator)e));
		report(name, 100 * mt_sd(&row.error[e]), "%");
	}
	(void)snprintf(name, sizeof name, "%s-bounds-hold", title);
	report(name, 100 * (double)row.contained / (double)row.bounded, "% of runs");
	(void)snprintf(name, sizeof name, "%s-bounds-half-width", title);
	report(name, 100 * row.half_width, "%");
	(void)snprintf(name, sizeof name, "%s-z-sd", title);
	report(name, mt_sd(&row.z), "sigmas");
	if (row.z_padded.n) {
		(void)snprintf(name, sizeof name, "%s-z-padded-sd", title);
		report(name, mt_sd(&row.z_padded), "sigmas");
	}
	(void)snprintf(name, sizeof name, "%s-refused", title);
	report(name, (double)row.refused, "runs");
}

static void bench_phases(
	const struct options *o, double seconds, double coverage, enum phase_lag lag)
{
	static const char *const lags[] = {"known", "fitted", "30-ms-wrong"};
	static const char *const phases[PHASES] = {"prefill", "decode", "idle"};
	struct phase_case what = {seconds, coverage, lag, (o->runs + 4) / 5, o->seed};
	struct phase_row row;
	char title[64], name[96];

	(void)snprintf(title, sizeof title, "phases-%g-s%s-lag-%s", seconds,
		coverage < 1 ? "-quarter" : "", lags[lag]);
	if (phase_table(&what, &row, progress, title)) {
		fprintf(stderr, "bench-measure: out of memory\n");
		exit(1);
	}
	for (int i = 0; i < PHASES; i++) {
		(void)snprintf(name, sizeof name, "%s-%s-mean", title, phases[i]);
		report(name, 100 * row.rate[i].mean, "%");
		(void)snprintf(name, sizeof name, "%s-%s-sd", title, phases[i]);
		report(name, 100 * mt_sd(&row.rate[i]), "%");
	}
	if (lag == LAG_FITTED) {
		(void)snprintf(name, sizeof name, "%s-lag-mean", title);
		report(name, row.lag_ms.mean, "ms");
		(void)snprintf(name, sizeof name, "%s-lag-sd", title);
		report(name, mt_sd(&row.lag_ms), "ms");
	}
	(void)snprintf(name, sizeof name, "%s-failed", title);
	report(name, (double)row.failed, "runs");
}

static void bench_windows(const struct options *o, double window_s)
{
	struct window_row row;
	char name[64];

	if (phase_windows(window_s, (o->runs + 9) / 10, o->seed, &row)) {
		fprintf(stderr, "bench-measure: the windows failed\n");
		exit(1);
	}
	(void)snprintf(name, sizeof name, "quarter-%g-s-naive-sd", window_s);
	report(name, 100 * mt_sd(&row.naive), "%");
	(void)snprintf(name, sizeof name, "quarter-%g-s-model-mean", window_s);
	report(name, 100 * row.model.mean, "%");
	(void)snprintf(name, sizeof name, "quarter-%g-s-model-sd", window_s);
	report(name, 100 * mt_sd(&row.model), "%");
}

/* CPU time of one answer from a full log. */
static void bench_speed(const struct options *o, double window_s)
{
	static hg_edge log[65536];
	struct csim_counter c = csim_counter_usual();
	hg_sensor s = csim_sensor(&c);
	size_t n = sizeof log / sizeof *log, answers = 20000;
	double sum = 0;
	struct rng r;
	clock_t begin;
	char name[64];

	rng_init(&r, o->seed);
	for (size_t k = 0; k < n; k++)
		log[k] = (hg_edge){csim_ns(0.1 * (double)k + 0.002 * rng_double(&r)), 2000000,
			(int64_t)k * 50000000, HG_UNREAD, HG_UNREAD, HG_UNREAD, 0,
			k ? 0 : HG_EDGE_FIRST};
	begin = clock();
	for (size_t i = 0; i < answers; i++) {
		hg_energy e = {.size = sizeof e};
		int64_t t0 = csim_ns(6000 * rng_double(&r) + 10);

		if (hg_energy_window(log, n, &s, t0, t0 + csim_ns(window_s), 0, &e, NULL) == HG_OK)
			sum += e.joules;
	}
	(void)snprintf(name, sizeof name, "window-%g-s", window_s);
	report(name, (double)(clock() - begin) / CLOCKS_PER_SEC / (double)answers * 1e6,
		"us of CPU");
	if (!(sum > 0))
		exit(1);
}

/* Power of a setting by the readings at the ends of its steps, as a tuner takes it. */
static void bench_steps(const struct options *o, size_t steps, double change)
{
	struct steps_case what = {
		csim_counter_usual(), 0.04, steps, change, (o->runs + 4) / 5, o->seed};
	struct steps_row row;
	char title[64], name[96];

	what.counter.poll_s = o->poll_s;
	what.counter.lag_s = o->lag_s;
	(void)snprintf(
		title, sizeof title, "steps-40-ms-%zu-after-%g-percent", steps, 100 * change);
	if (steps_run(&what, &row)) {
		fprintf(stderr, "bench-measure: the steps failed\n");
		exit(1);
	}
	(void)snprintf(name, sizeof name, "%s-rms", title);
	report(name, 100 * row.rms, "%");
	(void)snprintf(name, sizeof name, "%s-said", title);
	report(name, 100 * row.said, "%");
	(void)snprintf(name, sizeof name, "%s-as-readings", title);
	report(name, 1e3 * row.reading_s, "ms");
}

static void parse(int argc, char **argv, struct options *o)
{
	double runs = (double)o->runs, seed = (double)o->seed;
	const struct bench_option list[] = {
		{"--runs", BENCH_NUMBER, &runs, "N", 1, 1e9, "windows of each case"},
		{"--seed", BENCH_NUMBER, &seed, "S", 0, 9e15, "of all random numbers"},
		{"--poll", BENCH_NUMBER, &o->poll_s, "SECONDS", 1e-6, 1e3, "between two reads"},
		{"--lag", BENCH_NUMBER, &o->lag_s, "SECONDS", 0, 1e3, "of the power filter"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};

	(void)bench_options("bench-measure", argc, argv, 0, list);
	o->runs = (size_t)runs;
	o->seed = (uint64_t)seed;
}

int main(int argc, char **argv)
{
	static const double cold[] = {0.05, 0.1, 0.2, 0.5, 1, 5};
	static const double steady[] = {0.053, 0.54, 1.06, 5.06};
	struct options o = {1500, 1, 0.005, 0.03};

	parse(argc, argv, &o);
	bench_speed(&o, 1);
	bench_speed(&o, 60);
	for (size_t i = 0; i < sizeof cold / sizeof *cold; i++)
		bench_case(&o, true, cold[i], 1);
	for (size_t i = 0; i < sizeof steady / sizeof *steady; i++)
		bench_case(&o, false, steady[i], 1);
	bench_case(&o, true, 0.2, 0.25);
	bench_case(&o, false, 1.06, 0.25);
	bench_phases(&o, 5, 1, LAG_FITTED);
	bench_phases(&o, 20, 1, LAG_FITTED);
	bench_phases(&o, 20, 1, LAG_WRONG);
	bench_phases(&o, 5, 0.25, LAG_FITTED);
	bench_phases(&o, 20, 0.25, LAG_FITTED);
	bench_windows(&o, 0.5);
	bench_windows(&o, 1);
	for (size_t steps = 8; steps <= 32; steps *= 2) {
		bench_steps(&o, steps, 0);
		bench_steps(&o, steps, 0.02);
		bench_steps(&o, steps, 0.2);
	}
	return 0;
}
