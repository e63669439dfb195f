/*
 * Discrete plans: gap to the bound against effort, changes of setting against their price, and what
 * a class costs. Prints "name value unit" lines.
 *
 *     bench-plan-discrete [DATA]      DATA: directory with stage_profile/
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hourglass/pipeline.h>
#include <hourglass/plan.h>

#include "core/buf.h"
#include "core/file.h"

static const double slow_by[] = {1.0, 1.005, 1.01, 1.02, 1.05};
#define SLOW_BY (sizeof slow_by / sizeof *slow_by)

static int64_t now_ns(void *user)
{
	struct timespec t;

	(void)user;
	clock_gettime(CLOCK_MONOTONIC, &t);
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
};

static void run_open(struct run *r, const char *path, double static_w, uint32_t microbatches)
{
	hg_error why = {""};
	struct buf text = {0};
	hg_schedule_opts schedule = {.size = sizeof schedule,
		.kind = HG_SCHEDULE_1F1B,
		.ranks = 8,
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
	if (opts.effort_s > 0.0)
		opts.clock = now_ns;
	need(hg_plan_at(r->set, &opts, &p, &why), &why);
	hg_plan_get_info(p, &info);
	hg_plan_destroy(p);
	return info;
}

static void gaps(const struct run *r, const char *name, double effort_s)
{
	double mean = 0.0, took = 0.0;

	for (size_t i = 0; i < SLOW_BY; i++) {
		int64_t began = now_ns(NULL);
		hg_plan_info info = plan(r, (hg_plan_opts){.time_s = slow_by[i] * r->info.t_min_s,
						    .effort_s = effort_s});

		took = fmax(took, 1e-9 * (double)(now_ns(NULL) - began));
		mean += info.gap / (double)SLOW_BY;
		(void)printf("%s-%gs-at-%g %.4f %% (%llu steps, %llu switches)\n", name, effort_s,
			slow_by[i], 100.0 * info.gap, (unsigned long long)info.iterations,
			(unsigned long long)info.switches);
	}
	(void)printf("%s-%gs-mean %.4f %%\n%s-%gs-longest %.4f s\n", name, effort_s, 100.0 * mean,
		name, effort_s, took);
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

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *file;
		double static_w;
	} gpus[] = {{"a100", "gpt3-175b+a100_sxm_bf16.csv", 83.64},
		{"a40", "gpt3-175b+a40_bf16.csv", 70.38}};
	const char *data = argc > 1 ? argv[1] : HG_BENCH_DIR "/../../shared/data/pipeline";
	const char *what = argc > 2 ? argv[2] : "all";

	for (size_t g = 0; g < sizeof gpus / sizeof *gpus; g++) {
		char path[1024], name[64];
		struct run r;

		(void)snprintf(path, sizeof path, "%s/stage_profile/%s", data, gpus[g].file);
		run_open(&r, path, gpus[g].static_w, 24);
		(void)snprintf(name, sizeof name, "%s-8x24", gpus[g].name);
		if (strcmp(what, "all") == 0 || strcmp(what, "gap") == 0) {
			gaps(&r, name, 0.2);
			gaps(&r, name, 5.0);
		}
		if (strcmp(what, "all") == 0 || strcmp(what, "switch") == 0)
			switches(&r, name);
		if (strcmp(what, "all") == 0 || strcmp(what, "class") == 0)
			classes(&r, name);
		run_close(&r);
		run_open(&r, path, gpus[g].static_w, 96);
		(void)snprintf(name, sizeof name, "%s-8x96", gpus[g].name);
		if (strcmp(what, "all") == 0 || strcmp(what, "fast") == 0) {
			gaps(&r, name, 0.0);
			gaps(&r, name, 0.015);
		}
		run_close(&r);
	}
	return 0;
}
