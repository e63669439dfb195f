/*
 * search: measurements until every point of a joint frontier is covered to within 2 %, replayed on
 * the public sweeps of power limits and batch sizes (Zeus), and what one step costs.
 *
 *     bench-search [--data DIR] [--seeds N] [--only
 * cover|cover+transfer|ehvi|ehvi+transfer|random|steps|products]
 *
 * DIR has zeus/summary_power_GPU.csv, one file a GPU, all of which make one space a family. With
 * "transfer", predictions come from the other families.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <hourglass/search.h>

#include "common/options.h"
#include "core/csv.h"
#include "core/file.h"
#include "core/number.h"
#include "search/product.h"

#define EPSILON 0.02
/* a certificate that hardly ever comes */
#define SURE     (1 - 1e-12)
#define ROWS     4096
#define FAMILIES 32
#define GPUS     16
#define KNOBS    3
/* most seeds */
#define MOST_SEEDS 1024
/* of products, whose true frontiers take seconds */
#define PRODUCT_SEEDS 3

/** One measured row. */
struct row {
	int family, gpu;
	double batch, limit, time_s, energy_j;
};

struct data {
	struct row row[ROWS];
	int n, n_families, n_gpus;
	char family[FAMILIES][64], gpu[GPUS][32];
};

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

static void die(const char *what, const hg_error *why)
{
	fprintf(stderr, "bench-search: %s%s%s\n", what, why ? ": " : "", why ? why->text : "");
	exit(1);
}

static double cpu_s(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_utime.tv_sec + 1e-6 * (double)used.ru_utime.tv_usec;
}

/* ----- the sweeps */

static int name_index(char names[][64], int *n, int most, const char *name)
{
	for (int i = 0; i < *n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	if (*n == most)
		die("too many families", NULL);
	(void)snprintf(names[*n], 64, "%s", name);
	return (*n)++;
}

static double number(const struct csv *c, size_t column)
{
	struct csv_field f = csv_get(c, column);
	double v;

	if (!double_parse(f.text, f.len, true, &v))
		die("not a number in a sweep", NULL);
	return v;
}

static void read_row(struct data *d, const struct csv *c, int gpu)
{
	struct csv_field set = csv_get(c, 0), net = csv_get(c, 1), how = csv_get(c, 3);
	struct row *r = &d->row[d->n];
	char family[64];

	/* one network was trained twice: with adam on one device only */
	if (net.len == 12 && memcmp(net.text, "shufflenetv2", 12) == 0 && how.len == 4)
		return;
	if (d->n == ROWS)
		die("too many rows", NULL);
	(void)snprintf(
		family, sizeof family, "%.*s-%.*s", (int)net.len, net.text, (int)set.len, set.text);
	*r = (struct row){name_index(d->family, &d->n_families, FAMILIES, family), gpu,
		number(c, 2), number(c, 4), number(c, 5), 0};
	r->energy_j = r->time_s * number(c, 6);
	d->n++;
}

static void read_sweep(struct data *d, const char *path, int gpu)
{
	struct buf text;
	struct csv c;
	hg_error why = {""};
	bool more = true;

	if (file_read(path, FILE_MAX, &text, &why) != HG_OK)
		die("cannot read", &why);
	csv_init(&c, text.data, text.len, path);
	for (int line = 0; more; line++) {
		if (csv_next(&c, &more, &why) != HG_OK)
			die("bad sweep", &why);
		if (more && line > 0 && csv_count(&c) >= 7)
			read_row(d, &c, gpu);
	}
	csv_finish(&c);
	buf_finish(&text);
}

static void read_data(struct data *d, const char *dir)
{
	struct dirent **names;
	char path[512];
	int n;

	(void)snprintf(path, sizeof path, "%s/zeus", dir);
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		die("no such directory: zeus below --data", NULL);
	for (int i = 0; i < n; i++) {
		int length = 0;

		if (sscanf(names[i]->d_name, "summary_power_%31[^.].csv%n", d->gpu[d->n_gpus],
			    &length) == 1 &&
			length > 0 && d->n_gpus + 1 < GPUS) {
			(void)snprintf(path, sizeof path, "%s/zeus/%s", dir, names[i]->d_name);
			read_sweep(d, path, d->n_gpus++);
		}
		free(names[i]);
	}
	free(names);
}

/* ----- one search */

/** The space of one family. */
struct task {
	hg_search_space space;
	const char *gpus[GPUS];
	hg_knob_def knobs[KNOBS];
	double cells[ROWS * KNOBS], prior_t[ROWS], prior_e[ROWS];
	const struct row *row[ROWS];
	int on_front[ROWS];
};

static const uint32_t scales[KNOBS] = {HG_SEARCH_CHOICE, HG_SEARCH_LOG, HG_SEARCH_LIMIT};

static void fill(double *cells, const struct row *r)
{
	cells[0] = r->gpu;
	cells[1] = r->batch;
	cells[2] = r->limit;
}

static void transfer(struct task *t, const struct data *d, int family)
{
	static double cells[ROWS * KNOBS];
	static hg_search_kin kin[ROWS];
	hg_error why = {""};
	size_t n = 0;

	for (int i = 0; i < d->n; i++)
		if (d->row[i].family != family) {
			fill(cells + n * KNOBS, &d->row[i]);
			kin[n++] = (hg_search_kin){(uint32_t)d->row[i].family, 0, d->row[i].time_s,
				d->row[i].energy_j};
		}
	if (hg_search_transfer(&t->space, cells, kin, n, t->prior_t, t->prior_e, &why) != HG_OK)
		die("transfer", &why);
	t->space.prior_time_s = t->prior_t;
	t->space.prior_energy_j = t->prior_e;
}

static void make_task(struct task *t, const struct data *d, int family, int with_prior)
{
	uint32_t n = 0;

	memset(t, 0, sizeof *t);
	for (int i = 0; i < d->n_gpus; i++)
		t->gpus[i] = d->gpu[i];
	t->knobs[0] = (hg_knob_def){"device", "", t->gpus, (size_t)d->n_gpus};
	t->knobs[1] = (hg_knob_def){"batch_size", "", NULL, 0};
	t->knobs[2] = (hg_knob_def){"power_limit_w", "W", NULL, 0};
	for (int i = 0; i < d->n; i++)
		if (d->row[i].family == family) {
			fill(t->cells + n * KNOBS, &d->row[i]);
			t->row[n++] = &d->row[i];
		}
	for (uint32_t i = 0; i < n; i++) {
		t->on_front[i] = 1;
		for (uint32_t j = 0; j < n; j++)
			if (t->row[j]->time_s <= t->row[i]->time_s &&
				t->row[j]->energy_j <= t->row[i]->energy_j && j != i)
				t->on_front[i] = 0;
	}
	t->space = (hg_search_space){.size = sizeof t->space,
		.n_knobs = KNOBS,
		.knobs = t->knobs,
		.scales = scales,
		.n_configs = n,
		.cells = t->cells};
	if (with_prior)
		transfer(t, d, family);
}

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

	if (hg_search_create(&t->space, &opts, &s, &why) != HG_OK)
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
	int median[FAMILIES], stopped[FAMILIES]; /* twice that */
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

static void run_way(const struct data *d, const struct way *way, int seeds)
{
	static struct task task;
	struct total sum = {.n = 0};

	for (int f = 0; f < d->n_families; f++) {
		make_task(&task, d, f, way->transfer);
		run_family(&task, d->family[f], way, seeds, &sum);
	}
	printf("all_%s_median %g measurements\n", way->name, 0.5 * median(sum.median, sum.n));
	printf("all_%s_max %d measurements\n", way->name, sum.most);
	if (way->policy == HG_SEARCH_COVER) {
		printf("all_%s_stopped_median %g measurements\n", way->name,
			0.5 * median(sum.stopped, sum.n));
		printf("all_%s_stopped_max %d measurements\n", way->name, sum.stopped_most);
		printf("all_%s_stopped_too_early %d of_%d\n", way->name, sum.too_early,
			seeds * d->n_families);
	}
	(void)fflush(stdout);
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
		.scales = scales,
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
			"cover|cover+transfer|ehvi|ehvi+transfer|random|steps|products", 0, 0,
			"one way to search, what steps cost, or products"},
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
	return 0;
}
