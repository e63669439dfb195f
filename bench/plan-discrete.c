/*
 * Discrete plans: gap to the bound against effort, changes of setting against their price, what a
 * class costs, and whether the effort is kept. Prints "name value unit" lines. Seconds are of this
 * process's CPU, so that other work on the machine does not count.
 *
 *     bench-plan-discrete [DATA [gap|fast|switch|third|class|effort|runs [SECONDS [SEED]]]]
 *                                DATA: directory with stage_profile/ and real_runs/
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hourglass/pipeline.h>
#include <hourglass/plan.h>

#include "common/options.h"
#include "core/buf.h"
#include "core/file.h"
#include "software/plan/bound-few.h"

static const double slow_by[] = {1.0, 1.005, 1.01, 1.02, 1.05};
#define SLOW_BY (sizeof slow_by / sizeof *slow_by)

static int64_t now_ns(void *user)
{
	struct timespec t;

	(void)user;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void need(hg_err rc, const hg_error *why)
{
	if (rc == HG_OK)
		return;
	(void)fprintf(stderr, "%s\n", why->text);
	exit(1);
}

/* A profile, its schedule, its graph, its frontier. */
struct run {
	hg_stage_profile *profile;
	hg_schedule *schedule;
	hg_pipeline *pipeline;
	hg_plan_frontier *set;
	hg_plan_frontier_info info;
	uint64_t seed;
};

static void run_open(
	struct run *r, const char *path, double static_w, uint32_t ranks, uint32_t microbatches)
{
	hg_error why = {""};
	struct buf text = {0};
	hg_schedule_opts schedule = {.size = sizeof schedule,
		.kind = HG_SCHEDULE_1F1B,
		.ranks = ranks,
		.microbatches = microbatches};
	hg_pipeline_opts opts = {
		.size = sizeof opts, .static_power_w = &static_w, .n_static_power = 1};

	need(file_read(path, FILE_MAX, &text, &why), &why);
	need(hg_stage_profile_parse(text.data, text.len, path, &r->profile, &why), &why);
	buf_finish(&text);
	need(hg_schedule_create(&schedule, &r->schedule, &why), &why);
	opts.profile = r->profile;
	opts.schedule = r->schedule;
	need(hg_pipeline_create(&opts, &r->pipeline, &why), &why);
	need(hg_plan_solve(hg_pipeline_dag(r->pipeline), NULL, &r->set, &why), &why);
	r->info.size = sizeof r->info;
	hg_plan_frontier_get_info(r->set, &r->info);
}

static void run_close(struct run *r)
{
	hg_plan_frontier_destroy(r->set);
	hg_pipeline_destroy(r->pipeline);
	hg_schedule_destroy(r->schedule);
	hg_stage_profile_destroy(r->profile);
}

static hg_plan_info plan(const struct run *r, hg_plan_opts opts)
{
	hg_error why = {""};
	hg_plan *p;
	hg_plan_info info = {.size = sizeof info};

	opts.size = sizeof opts;
	opts.seed = r->seed;
	if (opts.effort_s > 0.0)
		opts.clock = now_ns;
	need(hg_plan_at(r->set, &opts, &p, &why), &why);
	hg_plan_get_info(p, &info);
	hg_plan_destroy(p);
	return info;
}

static void gaps(const struct run *r, const char *name, double effort_s)
{
	double mean = 0.0, tight = 0.0, took = 0.0, n = 0.0;

	for (size_t i = 0; i < SLOW_BY; i++) {
		int64_t began = now_ns(NULL);
		hg_plan_info info = plan(r, (hg_plan_opts){.time_s = slow_by[i] * r->info.t_min_s,
						    .effort_s = effort_s});

		took = fmax(took, 1e-9 * (double)(now_ns(NULL) - began));
		mean += info.gap;
		tight += info.tight_gap;
		n += 1.0;
		(void)printf("%s-%gs-at-%g %.4f %% (%llu steps, %llu switches)\n", name, effort_s,
			slow_by[i], 100.0 * info.gap, (unsigned long long)info.iterations,
			(unsigned long long)info.switches);
	}
	(void)printf(
		"%s-%gs-mean %.4f %%\n%s-%gs-mean-to-tight-bound %.4f %%\n%s-%gs-longest %.4f s\n",
		name, effort_s, 100.0 * mean / n, name, effort_s, 100.0 * tight / n, name, effort_s,
		took);
	(void)fflush(stdout);
}

static void switches(const struct run *r, const char *name)
{
	static const double price[] = {0, 0.1, 0.3, 1, 3, 10};

	for (size_t t = 0; t < SLOW_BY; t += 2)
		for (size_t i = 0; i < sizeof price / sizeof *price; i++) {
			hg_plan_info info =
				plan(r, (hg_plan_opts){.time_s = slow_by[t] * r->info.t_min_s,
						.switch_cost_j = price[i],
						.effort_s = 1.0});

			(void)printf("%s-switch-%gJ-at-%g %llu switches, saving %.3f %% without "
				     "their price\n",
				name, price[i], slow_by[t], (unsigned long long)info.switches,
				100.0 * (info.saving + info.switch_energy_j / info.base_energy_j));
			(void)fflush(stdout);
		}
}

/* What plans with so few changes lose at least against the bound of all, J. */
static double least_loss(const struct run *r, const hg_plan_opts *opts)
{
	hg_error why = {""};
	struct few_bound bound;
	hg_relaxed *relaxed;
	size_t n;

	need(hg_relaxed_at(r->set, opts->time_s, HG_CLASS_OP, &relaxed, &why), &why);
	need(bound_few(hg_plan_frontier_dag(r->set), hg_relaxed_node_flows(relaxed, &n),
		     opts->most_switches, 0, &bound, &why),
		&why);
	hg_relaxed_destroy(relaxed);
	return bound.gain_j;
}

/* What it costs to change settings a third as often. */
static void thirds(const struct run *r, const char *name, double effort_s)
{
	for (size_t t = 0; t < SLOW_BY; t += 2) {
		hg_plan_opts opts = {.time_s = slow_by[t] * r->info.t_min_s, .effort_s = effort_s};
		hg_plan_info any = plan(r, opts), few;
		double least;

		opts.most_switches = any.switches / 3;
		few = plan(r, opts);
		least = least_loss(r, &opts);
		(void)printf(
			"%s-third-%gs-at-%g %llu switches instead of %llu, saving %.3f %% instead "
			"of %.3f %%, loss %.3f points (to the bound %.3f, at least %.3f)\n",
			name, effort_s, slow_by[t], (unsigned long long)few.switches,
			(unsigned long long)any.switches, 100.0 * few.saving, 100.0 * any.saving,
			100.0 * (any.saving - few.saving),
			100.0 * (few.energy_j - few.bound_j) / few.base_energy_j,
			100.0 * least / few.base_energy_j);
		(void)fflush(stdout);
	}
}

static void classes(const struct run *r, const char *name)
{
	static const char *const names[] = {"op", "ramp", "family"};

	for (size_t t = 0; t < SLOW_BY; t += 2)
		for (int c = 0; c < 3; c++) {
			hg_plan_info info =
				plan(r, (hg_plan_opts){.time_s = slow_by[t] * r->info.t_min_s,
						.class_of = (hg_plan_class)c,
						.effort_s = 0.5});

			(void)printf("%s-class-%s-at-%g gap %.3f %% saving %.3f %% (class bound "
				     "%.3f %%) %llu switches\n",
				name, names[c], slow_by[t], 100.0 * info.gap, 100.0 * info.saving,
				100.0 * (info.class_bound_j / info.bound_j - 1.0),
				(unsigned long long)info.switches);
			(void)fflush(stdout);
		}
}

/* Whether hg_plan_at() takes about as long as it was given. */
static void efforts(const struct run *r, const char *name)
{
	static const double effort_s[] = {0.1, 0.5};
	const hg_plan_opts kinds[] = {{.class_of = HG_CLASS_OP},
		{.class_of = HG_CLASS_OP, .switch_cost_j = 1},
		{.class_of = HG_CLASS_OP, .switch_latency_s = 0.01}, {.class_of = HG_CLASS_RAMP},
		{.class_of = HG_CLASS_FAMILY}};
	static const char *const names[] = {"op", "op-cost", "op-latency", "ramp", "family"};

	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (size_t i = 0; i < sizeof effort_s / sizeof *effort_s; i++) {
			hg_plan_opts opts = kinds[k];
			hg_plan_info info;
			int64_t began = now_ns(NULL);

			opts.time_s = 1.02 * r->info.t_min_s;
			opts.effort_s = effort_s[i];
			info = plan(r, opts);
			(void)printf("%s-effort-%s-%gs %.3f s (gap %.3f %%, %llu switches)\n", name,
				names[k], effort_s[i], 1e-9 * (double)(now_ns(NULL) - began),
				100.0 * info.gap, (unsigned long long)info.switches);
			(void)fflush(stdout);
		}
}

/* A profile, and what the bench does with it. */
struct subject {
	const char *name, *file;
	double static_w;
	uint32_t ranks, microbatches;
};

static const struct subject gpus[] = {
	{"a100", "stage_profile/gpt3-175b+a100_sxm_bf16.csv", 83.64, 8, 24},
	{"a40", "stage_profile/gpt3-175b+a40_bf16.csv", 70.38, 8, 24},
};

static const struct subject runs[] = {
	{"a100-bert", "real_runs/A100_dp1+pp4+tp1_bert-huge-uncased_mbs8_nmb32.csv", 83.64, 4, 32},
	{"a100-gpt3", "real_runs/A100_dp1+pp4+tp1_gpt3-xl_mbs8_nmb128.csv", 83.64, 4, 128},
	{"a100-t5", "real_runs/A100_dp1+pp4+tp1_t5-3b_mbs4_nmb32.csv", 83.64, 4, 32},
	{"a100-wrn", "real_runs/A100_dp1+pp4+tp1_wide-resnet101_8_mbs64_nmb24.csv", 83.64, 4, 24},
	{"a40-t5", "real_runs/A40_dp1+pp8+tp1_t5-3b_mbs4_nmb32.csv", 70.38, 8, 32},
	{"a40-wrn", "real_runs/A40_dp1+pp8+tp1_wide-resnet101_8_mbs32_nmb48.csv", 70.38, 8, 48},
};

struct wish {
	const char *data, *what;
	double effort_s; /* 0: the usual ones */
	uint64_t seed;
};

static bool wanted(const struct wish *w, const char *what)
{
	return strcmp(w->what, "all") == 0 || strcmp(w->what, what) == 0;
}

static void open_subject(struct run *r, const struct subject *s, uint32_t microbatches,
	const struct wish *w, char *name, size_t len)
{
	char path[1024];

	(void)snprintf(path, sizeof path, "%s/%s", w->data, s->file);
	run_open(r, path, s->static_w, s->ranks, microbatches);
	r->seed = w->seed;
	(void)snprintf(name, len, "%s-%ux%u", s->name, s->ranks, microbatches);
}

static void gaps_of(const struct run *r, const char *name, const struct wish *w, double a, double b)
{
	gaps(r, name, w->effort_s > 0.0 ? w->effort_s : a);
	if (w->effort_s <= 0.0)
		gaps(r, name, b);
}

static void bench(const struct subject *s, const struct wish *w)
{
	char name[64];
	struct run r;

	open_subject(&r, s, s->microbatches, w, name, sizeof name);
	if (wanted(w, "gap"))
		gaps_of(&r, name, w, 0.2, 5.0);
	if (wanted(w, "switch"))
		switches(&r, name);
	if (wanted(w, "third"))
		thirds(&r, name, w->effort_s > 0.0 ? w->effort_s : 5.0);
	if (wanted(w, "class"))
		classes(&r, name);
	run_close(&r);
	if (wanted(w, "fast")) {
		open_subject(&r, s, 96, w, name, sizeof name);
		gaps_of(&r, name, w, 0.02, 0.0);
		run_close(&r);
	}
	if (wanted(w, "effort")) {
		open_subject(&r, s, 384, w, name, sizeof name);
		efforts(&r, name);
		run_close(&r);
	}
}

int main(int argc, char **argv)
{
	struct wish w = {HG_BENCH_DIR "/../../shared/data/pipeline", "all", 0.0, 0};

	static const struct bench_option none[] = {{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};

	argc = 1 + bench_options("bench-plan-discrete [DATA [WHAT [SECONDS [SEED]]]]", argc, argv,
			   4, none);
	w.data = argc > 1 ? argv[1] : w.data;
	w.what = argc > 2 ? argv[2] : w.what;
	w.effort_s = argc > 3 ? strtod(argv[3], NULL) : 0.0;
	w.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	for (size_t g = 0; g < sizeof gpus / sizeof *gpus; g++)
		bench(&gpus[g], &w);
	for (size_t g = 0; g < sizeof runs / sizeof *runs && wanted(&w, "runs"); g++) {
		char name[64];
		struct run r;

		open_subject(&r, &runs[g], runs[g].microbatches, &w, name, sizeof name);
		gaps_of(&r, name, &w, 0.2, 5.0);
		run_close(&r);
	}
	return 0;
}
