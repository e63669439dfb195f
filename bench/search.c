/*
 * search: measurements until every point of a joint frontier is covered to within 2 %, replayed on
 * the public sweeps of power limits and batch sizes (Zeus), and what one step costs.
 *
 *     bench-search [--data DIR] [--seeds N] [--only
 * cover|cover+transfer|ehvi|ehvi+transfer|random|steps|products|left-out]
 *
 * DIR has zeus/summary_power_GPU.csv, one file a GPU, all of which make one space a family. With
 * "transfer", predictions come from the other families. "left-out" has what the library expects of
 * spaces learnt anew from other families' tables, and from other GPUs' tables of other families.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <hourglass/search.h>

#include "common/options.h"
#include "search/left-out.h"
#include "search/product.h"
#include "search/sweeps.h"

#define EPSILON 0.02
/* a certificate that hardly ever comes */
#define SURE (1 - 1e-12)
/* most seeds */
#define MOST_SEEDS 1024
/* of products, whose true frontiers take seconds */
#define PRODUCT_SEEDS 3

/** One way to search. */
struct way {
	const char *name;
	uint32_t policy;
	int transfer; /* predictions from the other families */
};

static const struct way ways[] = {
	{"cover", HG_SEARCH_COVER, 0},
	{"cover+transfer", HG_SEARCH_COVER, 1},
	{"ehvi", HG_SEARCH_EHVI, 0},
	{"ehvi+transfer", HG_SEARCH_EHVI, 1},
	{"random", HG_SEARCH_RANDOM, 0},
};

#define WAYS (sizeof ways / sizeof *ways)

static double cpu_s(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_utime.tv_sec + 1e-6 * (double)used.ru_utime.tv_usec;
}

/* ----- one search */

static int covered(const struct task *t, const char *measured)
{
	for (uint32_t i = 0; i < t->space.n_configs; i++) {
		int ok = !t->on_front[i];

		for (uint32_t j = 0; !ok && j < t->space.n_configs; j++)
			ok = measured[j] &&
			     t->row[j]->time_s <= (1 + EPSILON) * t->row[i]->time_s &&
			     t->row[j]->energy_j <= (1 + EPSILON) * t->row[i]->energy_j;
		if (!ok)
			return 0;
	}
	return 1;
}

/** How one search went. */
struct outcome {
	int covered, stopped; /* measurements until all was covered, and until the certificate */
	int too_early;        /* it ended before all was covered */
};

static void tell(hg_search *s, const struct task *t, uint32_t config, char *measured)
{
	hg_search_result r = {.size = sizeof r,
		.config = config,
		.time_s = t->row[config]->time_s,
		.energy_j = t->row[config]->energy_j};
	hg_error why = {""};

	measured[config] = 1;
	if (hg_search_tell(s, &r, &why) != HG_OK)
		die("tell", &why);
}

/**
 * Measures until the certificate comes, or with none until all is covered.
 * @param confidence  0: the default
 */
static struct outcome search(
	const struct task *t, uint32_t policy, uint64_t seed, double confidence)
{
	hg_search_opts opts = {
		.size = sizeof opts, .policy = policy, .seed = seed, .confidence = confidence};
	char measured[ROWS] = {0};
	struct outcome o = {0, 0, 1};
	hg_search *s;
	hg_error why = {""};

	if (search_create(&t->space, &opts, t->scales, &s, &why) != HG_OK)
		die("create", &why);
	while (confidence == 0 || o.too_early) {
		uint32_t config;
		size_t got;

		if (hg_search_next(s, 1, &config, &got, &why) != HG_OK)
			die("next", &why);
		if (got == 0)
			break;
		tell(s, t, config, measured);
		o.stopped++;
		o.covered += o.too_early;
		o.too_early = o.too_early && !covered(t, measured);
	}
	hg_search_destroy(s);
	return o;
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static double median(int *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return n == 0 ? NAN : 0.5 * (v[(n - 1) / 2] + v[n / 2]);
}

/** What a way took over all families. */
struct total {
	int median[FAMILIES * GPUS], stopped[FAMILIES * GPUS]; /* twice that */
	int n, most, stopped_most, too_early;
};

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static void run_family(const struct task *t, const char *family, const struct way *way, int seeds,
	struct total *sum)
{
	int took[MOST_SEEDS], stopped[MOST_SEEDS], too_early = 0;
	int certify = way->policy == HG_SEARCH_COVER;
	double middle;

	for (int i = 0; i < seeds; i++) {
		struct outcome o = search(t, way->policy, (uint64_t)i + 1, certify ? 0 : SURE);

		/* what is counted does not end with the certificate */
		took[i] = o.too_early ? search(t, way->policy, (uint64_t)i + 1, SURE).covered
				      : o.covered;
		stopped[i] = o.stopped;
		too_early += o.too_early;
	}
	middle = median(took, seeds);
	printf("%s_%u_%s_median %g measurements\n", family, t->space.n_configs, way->name, middle);
	printf("%s_%u_%s_max %d measurements\n", family, t->space.n_configs, way->name,
		took[seeds - 1]);
	sum->median[sum->n] = (int)(2 * middle);
	sum->most = larger(sum->most, took[seeds - 1]);
	middle = median(stopped, seeds);
	sum->stopped[sum->n++] = (int)(2 * middle);
	if (!certify)
		return;
	sum->stopped_most = larger(sum->stopped_most, stopped[seeds - 1]);
	printf("%s_%u_%s_stopped_median %g measurements\n", family, t->space.n_configs, way->name,
		middle);
	printf("%s_%u_%s_stopped_max %d measurements\n", family, t->space.n_configs, way->name,
		stopped[seeds - 1]);
	printf("%s_%u_%s_stopped_too_early %d of_%d\n", family, t->space.n_configs, way->name,
		too_early, seeds);
	sum->too_early += too_early;
}

static void print_total(const struct way *way, int seeds, struct total *sum)
{
	printf("all_%s_median %g measurements\n", way->name, 0.5 * median(sum->median, sum->n));
	printf("all_%s_max %d measurements\n", way->name, sum->most);
	if (way->policy == HG_SEARCH_COVER) {
		printf("all_%s_stopped_median %g measurements\n", way->name,
			0.5 * median(sum->stopped, sum->n));
		printf("all_%s_stopped_max %d measurements\n", way->name, sum->stopped_most);
		printf("all_%s_stopped_too_early %d of_%d\n", way->name, sum->too_early,
			seeds * sum->n);
	}
	(void)fflush(stdout);
}

static void run_way(const struct data *d, const struct way *way, int seeds)
{
	static struct task task;
	struct total sum = {.n = 0};

	for (int f = 0; f < d->n_families; f++) {
		make_task(&task, d, f, -1, way->transfer);
		run_family(&task, d->family[f], way, seeds, &sum);
	}
	print_total(way, seeds, &sum);
}

/** What is expected is learnt from the other families' tables alone. */
static void run_job_left_out(const struct data *d, int seeds)
{
	static const struct way way = {"cover+job-left-out", HG_SEARCH_COVER, 0};
	static struct task task;
	struct scales learnt[SEARCH_OUTPUTS];
	struct total sum = {.n = 0};

	for (int f = 0; f < d->n_families; f++) {
		learn_scales(d, f, -1, learnt);
		make_task(&task, d, f, -1, 0);
		task.scales = learnt;
		run_family(&task, d->family[f], &way, seeds, &sum);
	}
	print_total(&way, seeds, &sum);
}

/** Spaces of one GPU; with `out` what is expected is learnt from the other GPUs' tables of the
 * other families alone. */
static void run_gpus(const struct data *d, int seeds, bool out)
{
	const struct way way = {out ? "cover+gpu-left-out" : "cover+gpu", HG_SEARCH_COVER, 0};
	static struct task task;
	struct scales learnt[SEARCH_OUTPUTS];
	struct total sum = {.n = 0};

	for (int g = 0; g < d->n_gpus; g++)
		for (int f = 0; f < d->n_families; f++) {
			char name[128];

			make_task(&task, d, f, g, 0);
			if (task.space.n_configs == 0)
				continue;
			if (out) {
				learn_scales(d, f, g, learnt);
				task.scales = learnt;
			}
			(void)snprintf(name, sizeof name, "%s-%s", d->gpu[g], d->family[f]);
			run_family(&task, name, &way, seeds, &sum);
		}
	print_total(&way, seeds, &sum);
}

static void run_left_out(const struct data *d, int seeds)
{
	if (d->n_families > 1)
		run_job_left_out(d, seeds);
	run_gpus(d, seeds, false);
	if (d->n_gpus > 1 && d->n_families > 1)
		run_gpus(d, seeds, true);
}

/** A made-up space: two devices, `sizes` batch sizes, ten limits. */
struct grid {
	hg_search_space space;
	const char *devices[2];
	hg_knob_def knobs[KNOBS];
	double *cells;
};

#define LIMITS 10

static void grid_init(struct grid *g, uint32_t sizes)
{
	uint32_t n = 2 * sizes * LIMITS;

	*g = (struct grid){.devices = {"a", "b"}, .cells = malloc(n * KNOBS * sizeof *g->cells)};
	if (!g->cells)
		die("no memory", NULL);
	for (uint32_t i = 0; i < n; i++) {
		g->cells[i * KNOBS] = i / (sizes * LIMITS);
		g->cells[i * KNOBS + 1] = 8 * (1 + i / LIMITS % sizes);
		g->cells[i * KNOBS + 2] = 100 + 20 * (i % LIMITS);
	}
	g->knobs[0] = (hg_knob_def){"device", "", g->devices, 2};
	g->knobs[1] = (hg_knob_def){"batch_size", "", NULL, 0};
	g->knobs[2] = (hg_knob_def){"limit", "W", NULL, 0};
	g->space = (hg_search_space){.size = sizeof g->space,
		.n_knobs = KNOBS,
		.knobs = g->knobs,
		.scales = sweep_scales,
		.n_configs = n,
		.cells = g->cells};
}

static double begin_search(const struct grid *g, hg_search **s)
{
	/* never sure enough */
	const hg_search_opts opts = {.size = sizeof opts, .epsilon = 1e-6, .confidence = 1 - 1e-15};
	hg_error why = {""};
	double begin = cpu_s();

	if (hg_search_create(&g->space, &opts, s, &why) != HG_OK)
		die("create", &why);
	return cpu_s() - begin;
}

/** One step. @return its CPU time in seconds; 0: there is none left */
static double step(const struct grid *g, hg_search *s)
{
	hg_search_result r = {.size = sizeof r};
	double begin = cpu_s();
	hg_error why = {""};
	const double *c;
	size_t got;

	if (hg_search_next(s, 1, &r.config, &got, &why) != HG_OK)
		die("next", &why);
	if (got == 0)
		return 0;
	c = g->cells + r.config * KNOBS;
	r.time_s = 100 / c[1] + c[1] / 100 + 50 / c[2] + 0.05 * sin(1e3 * r.config);
	r.energy_j = r.time_s * (50 + 0.6 * c[2]) * (c[0] > 0 ? 1.1 : 1);
	if (hg_search_tell(s, &r, &why) != HG_OK)
		die("tell", &why);
	return cpu_s() - begin;
}

/** CPU time of one step at so many observations, and the longest one until then. */
static void run_steps(uint32_t sizes, int observations)
{
	double longest = 0, late = 0, all = cpu_s(), took = 1;
	struct grid g;
	hg_search *s;
	uint32_t n;

	grid_init(&g, sizes);
	n = g.space.n_configs;
	printf("create_%u %.2f ms\n", n, 1e3 * begin_search(&g, &s));
	for (int i = 1; i <= observations + 10 && took > 0; i++) {
		took = step(&g, s);
		longest = took > longest ? took : longest;
		late += i > observations - 10 ? took / 20 : 0;
	}
	hg_search_destroy(s);
	free(g.cells);
	printf("step_of_%u_at_%d %.2f ms\n", n, observations, 1e3 * late);
	printf("step_of_%u_longest %.2f ms\n", n, 1e3 * longest);
	printf("steps_of_%u %.2f s\n", n, cpu_s() - all);
}

/** CPU time until the largest space can be searched: each configuration unlike all others. */
static void run_create(void)
{
	struct grid g;
	hg_search *s;

	grid_init(&g, HG_SEARCH_MAX_CONFIGS / (2 * LIMITS));
	g.space.n_knobs = 2; /* pairs of cells, of which no two agree */
	for (uint32_t i = 0; i < g.space.n_configs; i++) {
		g.cells[2 * i] = i % 2;
		g.cells[2 * i + 1] = 1 + i;
	}
	printf("create_%u_stems %.2f ms\n", g.space.n_configs, 1e3 * begin_search(&g, &s));
	hg_search_destroy(s);
	free(g.cells);
}

int main(int argc, char **argv)
{
	static struct data data;
	const char *dir = HG_BENCH_DIR "/../../shared/data";
	double seeds = 20;
	unsigned only = 0;
	const struct bench_option list[] = {
		{"--data", BENCH_TEXT, &dir, "DIR", 0, 0, "where the measurements are"},
		{"--seeds", BENCH_NUMBER, &seeds, "N", 1, MOST_SEEDS, "of each family"},
		{"--only", BENCH_WORD, &only,
			"cover|cover+transfer|ehvi|ehvi+transfer|random|steps|products|left-out", 0,
			0,
			"one way to search, what steps cost, products, or expectations that are learnt "
			"without the job or the GPU"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};

	(void)bench_options("bench-search", argc, argv, 0, list);
	read_data(&data, dir);
	for (size_t i = 0; i < WAYS; i++)
		if (!only || (only >> i & 1))
			run_way(&data, &ways[i], (int)seeds);
	if (!only || (only >> WAYS & 1)) {
		run_create();
		run_steps(20, 300);
		run_steps(500, 50);
	}
	if (!only || (only >> (WAYS + 1) & 1))
		for (int knobs = 6; knobs <= 8; knobs += 2)
			bench_product(knobs, seeds < PRODUCT_SEEDS ? (int)seeds : PRODUCT_SEEDS);
	if (!only || (only >> (WAYS + 2) & 1))
		run_left_out(&data, (int)seeds);
	return 0;
}
