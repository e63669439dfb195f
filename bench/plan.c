/*
 * The planner: whole frontiers of pipelines on measured stage profiles, 1F1B unless named
 * otherwise.
 *
 * usage: bench-plan [--max PxM | --only PxM] [--data DIR] [--peer PYTHON] | --threads
 *
 * Times are of the CPU, on one thread. "gap" is how far the worst relaxed plan of 51 from T_min
 * to T_max is above the bound that its flow proves. "extended" frontiers come from fewer
 * microbatches as those of `hourglass plan pipeline` do. --peer runs lowtime, where that Python has
 * it, on 4x8 and 8x12 beside ours. --threads: one frontier by 1, 2 and 4 threads, and the useful
 * range beside all.
 */
#define _DEFAULT_SOURCE /* clock_gettime, getrusage */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <hourglass/pipeline.h>
#include <hourglass/plan.h>

#include "common/options.h"
#include "core/file.h"
#include "one-f-one-b.h"
#include "peer/peer.h"
#include "software/pipeline/plans.h"

#define STATIC_A100_W 83.64

#define AUTOMATIC (-1.0)

struct size {
	uint32_t stages,
		microbatches;  /* stages: of a model on as many ranks, or chunks times fewer */
	double vary;           /* stages differ by that much */
	double quantum_w;      /* 0: exact; AUTOMATIC: as a user gets it who asks for none */
	hg_schedule_kind kind; /* 0: see ONE */
	uint32_t chunks;       /* 0: one */
};

#define ONE HG_SCHEDULE_1F1B

static const struct size sizes[] = {
	{4, 8, 0, 0, ONE, 0},
	{4, 32, 0, 0, ONE, 0},
	{8, 24, 0, 0, ONE, 0},
	{8, 96, 0, 0, ONE, 0},
	{8, 512, 0, 0, ONE, 0},
	{8, 48, 0.05, 0, ONE, 0},
	{16, 96, 0, 0, ONE, 0},
	{16, 96, 0.05, 0, ONE, 0},
	{16, 96, 0.05, 5, ONE, 0},
	{8, 384, 0.05, 0, HG_SCHEDULE_GPIPE, 0},
	{8, 384, 0.05, 0, HG_SCHEDULE_RECOMPUTE, 0},
	{8, 384, 0.05, 0, HG_SCHEDULE_ZB_H1, 0},
	{16, 384, 0.05, 0, HG_SCHEDULE_INTERLEAVED, 2},
	{16, 96, 0.05, 0, HG_SCHEDULE_GPIPE, 0},
	{16, 96, 0.05, 0, HG_SCHEDULE_RECOMPUTE, 0},
	{16, 96, 0.05, 0, HG_SCHEDULE_ZB_H1, 0},
	{32, 96, 0.05, 0, HG_SCHEDULE_INTERLEAVED, 2},
	{32, 96, 0.05, 5, ONE, 0},
	{32, 256, 0, 20, ONE, 0},
	{64, 192, 0.05, AUTOMATIC, ONE, 0},
	{64, 1024, 0.05, AUTOMATIC, ONE, 0},
};

/* CPU time of this process: what the clock on the wall says depends on who else is there. */
static double cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Median time of a relaxed plan from the store, over its range; *gap receives how far the worst of
 * them is above the bound that its flow proves. */
static double query_s(const hg_plan_frontier *set, double *gap)
{
	enum {
		TIMES = 51
	};
	hg_plan_frontier_info info = {.size = sizeof info};
	hg_relaxed_info at = {.size = sizeof at};
	double took[TIMES];

	hg_plan_frontier_get_info(set, &info);
	for (int i = 0; i < TIMES; i++) {
		double t = info.t_min_s + (info.t_max_s - info.t_min_s) * i / (TIMES - 1.0);
		double start = cpu_s();
		hg_relaxed *r;

		if (hg_relaxed_at(set, t, HG_CLASS_OP, &r, NULL))
			return (double)NAN;
		took[i] = cpu_s() - start;
		hg_relaxed_get_info(r, &at);
		*gap = fmax(*gap, at.energy_j / at.bound_j - 1);
		hg_relaxed_destroy(r);
	}
	qsort(took, TIMES, sizeof *took, compare_doubles);
	return took[TIMES / 2];
}

/* Time of one relaxed plan at 1.01 T_min whose nodes share settings; NAN: none. */
static double class_s(const hg_plan_frontier *set, hg_plan_class class_of)
{
	hg_plan_frontier_info info = {.size = sizeof info};
	double start = cpu_s();
	hg_relaxed *r;

	hg_plan_frontier_get_info(set, &info);
	if (hg_relaxed_at(set, 1.01 * info.t_min_s, class_of, &r, NULL))
		return (double)NAN;
	hg_relaxed_destroy(r);
	return cpu_s() - start;
}

/* The pipeline of a size, as a user would have it. */
static hg_err make_plans(struct plans *p, const struct onefb_profile *profile, const struct size *z)
{
	struct onefb what = {z->stages, z->microbatches, STATIC_A100_W, z->vary, 1};
	hg_schedule_opts opts = {.size = sizeof opts,
		.kind = z->kind,
		.ranks = z->chunks ? z->stages / z->chunks : z->stages,
		.microbatches = z->microbatches,
		.chunks = z->chunks};
	hg_err err;

	plans_init(p);
	onefb_csv(profile, &what, &p->profile_csv);
	p->static_power_w = malloc(sizeof *p->static_power_w);
	if (p->profile_csv.failed || !p->static_power_w || plans_name(p, "bench"))
		return HG_ENOMEM;
	p->static_power_w[p->n_static_power++] = STATIC_A100_W;
	err = hg_schedule_create(&opts, &p->schedule, NULL);
	if (!err)
		err = plans_build(p, NULL);
	if (!err)
		p->quantum_w = z->quantum_w < 0 ? plans_quantum(p) : z->quantum_w;
	return err;
}

/* @param extended  may be extended; receives whether it is */
static hg_err solve(const struct plans *p, bool *extended, hg_plan_frontier **set)
{
	hg_solve_opts opts = {.size = sizeof opts, .quantum_w = p->quantum_w};
	hg_err err = HG_OK;

	*set = NULL;
	if (*extended)
		err = plans_extend(p, set, extended, NULL);
	if (!err && !*extended)
		err = hg_plan_solve(hg_pipeline_dag(p->pipeline), &opts, set, NULL);
	return err;
}

static void tell(const char *name, const struct size *z, const hg_plan_frontier *set, double took_s)
{
	hg_plan_frontier_info info = {.size = sizeof info};
	struct rusage usage;
	double gap = 0;

	hg_plan_frontier_get_info(set, &info);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("plan_%s_solve %.6f s\n", name, took_s);
	printf("plan_%s_pieces %zu 1\n", name, info.pieces);
	printf("plan_%s_query %.6f s\n", name, query_s(set, &gap));
	printf("plan_%s_gap %.6f %%\n", name, 100 * gap);
	if (z->stages <= 16 && z->vary == 0 && z->microbatches <= 96) {
		printf("plan_%s_ramp %.6f s\n", name, class_s(set, HG_CLASS_RAMP));
		printf("plan_%s_family %.6f s\n", name, class_s(set, HG_CLASS_FAMILY));
	}
	printf("plan_%s_store %.1f MiB\n", name, (double)info.bytes / 1048576);
	printf("plan_%s_peak_memory_so_far %.1f MiB\n", name, (double)usage.ru_maxrss / 1024);
	(void)fflush(stdout);
}

static int bench_one(const struct onefb_profile *profile, const struct size *z, bool extended)
{
	double best = INFINITY, total = 0;
	hg_plan_frontier *set = NULL;
	bool asked = extended;
	struct plans p;
	char name[96];
	int bad = make_plans(&p, profile, z) != 0;

	for (int i = 0; !bad && i < 7 && (i == 0 || total < 3); i++) {
		double start = cpu_s(), took;

		hg_plan_frontier_destroy(set);
		extended = asked;
		bad = solve(&p, &extended, &set) != 0;
		took = cpu_s() - start;
		total += took;
		best = took < best ? took : best;
		if (asked && !extended) /* is measured without, too */
			break;
	}
	(void)snprintf(name, sizeof name, "%s%s%ux%u%s-q%.0f%s",
		z->kind == ONE ? "" : schedule_kind_name(z->kind), z->kind == ONE ? "" : "_",
		z->stages, z->microbatches, z->vary > 0 ? "-distinct" : "", p.quantum_w,
		extended ? "-extended" : "");
	if (!bad && asked)
		printf("plan_%s_extends %d 1\n", name, extended);
	if (!bad && extended == asked)
		tell(name, z, set, best);
	hg_plan_frontier_destroy(set);
	plans_finish(&p);
	return bad;
}

static double wall_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* One large exact frontier by one thread and by several: CPU and wall. */
static int bench_threads(const struct onefb_profile *profile)
{
	const struct size z = {16, 384, 0.05, 0, ONE, 0};
	struct plans p;
	int bad = make_plans(&p, profile, &z) != 0;

	for (uint32_t threads = 1; threads <= 4 && !bad; threads *= 2) {
		hg_solve_opts opts = {.size = sizeof opts, .threads = threads};
		double cpu = cpu_s(), wall = wall_s();
		hg_plan_frontier *set = NULL;

		bad = hg_plan_solve(hg_pipeline_dag(p.pipeline), &opts, &set, NULL) != 0;
		printf("plan_16x384-distinct_threads%u_cpu %.3f s\n", threads, cpu_s() - cpu);
		printf("plan_16x384-distinct_threads%u_wall %.3f s\n", threads, wall_s() - wall);
		(void)fflush(stdout);
		hg_plan_frontier_destroy(set);
	}
	plans_finish(&p);
	return bad;
}

/* What is useful alone, beside all. */
static int bench_useful(const struct onefb_profile *profile, const struct size *z)
{
	struct plans p;
	int bad = make_plans(&p, profile, z) != 0;

	for (int i = 0; i < 2 && !bad; i++) {
		hg_solve_opts opts = {
			.size = sizeof opts, .range = i ? HG_RANGE_USEFUL : HG_RANGE_ALL};
		double best = INFINITY;

		for (int k = 0; k < 5 && !bad; k++) {
			double start = cpu_s();
			hg_plan_frontier *set = NULL;

			bad = hg_plan_solve(hg_pipeline_dag(p.pipeline), &opts, &set, NULL) != 0;
			best = fmin(best, cpu_s() - start);
			hg_plan_frontier_destroy(set);
		}
		printf("plan_%ux%u%s_%s %.6f s\n", z->stages, z->microbatches,
			z->vary > 0 ? "-distinct" : "", i ? "useful" : "all", best);
	}
	plans_finish(&p);
	return bad;
}

/* lowtime beside ours; it takes minutes for anything larger. */
static int bench_peer(const char *python, const char *csv, const struct onefb_profile *profile)
{
	const struct onefb small = {4, 8, STATIC_A100_W, 0, 1},
			   middle = {8, 12, STATIC_A100_W, 0, 1};

	return peer_run(python, csv, profile, &small) || peer_run(python, csv, profile, &middle);
}

static int load(const char *path, struct onefb_profile *profile)
{
	struct buf text = {0};
	hg_error why;
	int bad;

	if (file_read(path, FILE_MAX, &text, &why)) {
		fprintf(stderr, "bench-plan: %s; nothing is measured\n", why.text);
		return -1;
	}
	bad = !onefb_parse(text.data, text.len, profile);
	buf_finish(&text);
	return bad;
}

struct asked {
	const char *dir, *peer;
	uint32_t stages, microbatches;
	bool only, threads;
};

/** "PxM". @return whether there was one */
static bool read_size(const char *text, struct asked *a)
{
	if (text && sscanf(text, "%ux%u", &a->stages, &a->microbatches) != 2) {
		fprintf(stderr, "bench-plan: expected PxM, not %s; try --help\n", text);
		exit(2);
	}
	return text != NULL;
}

static void read_args(int argc, char **argv, struct asked *a)
{
	const char *max = NULL, *only = NULL;
	const struct bench_option list[] = {
		{"--max", BENCH_TEXT, &max, "PxM", 0, 0, "sizes up to that one"},
		{"--only", BENCH_TEXT, &only, "PxM", 0, 0, "that size alone"},
		{"--data", BENCH_TEXT, &a->dir, "DIR", 0, 0, "where the measurements are"},
		{"--peer", BENCH_TEXT, &a->peer, "PYTHON", 0, 0, "a Python that has lowtime"},
		{"--threads", BENCH_FLAG, &a->threads, NULL, 0, 0, "what threads gain, alone"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};

	(void)bench_options("bench-plan", argc, argv, 0, list);
	(void)read_size(max, a);
	a->only = read_size(only, a);
}

/* One size, solved directly and extended, as far as that takes no minutes. */
static int bench_size(const struct onefb_profile *profile, const struct size *z)
{
	int bad = 0;

	if (z->stages * z->microbatches <= 64 * 192)
		bad = bench_one(profile, z, false);
	if (!bad && z->microbatches >= 8 * z->stages)
		bad = bench_one(profile, z, true);
	return bad;
}

int main(int argc, char **argv)
{
	struct asked a = {
		.dir = HG_BENCH_DIR "/../../shared/data", .stages = 16, .microbatches = 96};
	char path[512];
	struct onefb_profile profile;
	int bad;

	read_args(argc, argv, &a);
	(void)snprintf(
		path, sizeof path, "%s/pipeline/stage_profile/gpt3-175b+a100_sxm_bf16.csv", a.dir);
	bad = load(path, &profile);
	if (bad)
		return bad < 0 ? 0 : 1;
	if (a.peer)
		return bench_peer(a.peer, path, &profile);
	if (a.threads)
		return bench_threads(&profile) || bench_useful(&profile, &sizes[3]) ||
		       bench_useful(&profile, &sizes[7]);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !bad; i++) {
		const struct size *z = sizes + i;
		bool same = z->stages == a.stages && z->microbatches == a.microbatches;

		if (a.only ? same : z->stages * z->microbatches <= a.stages * a.microbatches)
			bad = bench_size(&profile, z);
	}
	return bad;
}
