#include "product.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <hourglass/search.h>

#include "core/rng.h"

#define VALUES  10
#define KNOBS   8
#define BUCKETS 8192 /* of log time, for the true frontier */
#define REACH   16.0 /* of log time */
#define LATER   300  /* results at which a step is timed */

/** Log time and log power are sums of tables of one and two knobs, so that a hundred million
 * settings can be gone through; two settings in a hundred are refused. */
struct world {
	int n;
	double one[2][KNOBS][VALUES], two[2][KNOBS][VALUES][VALUES];
	double front[BUCKETS], front_t[BUCKETS]; /* log energy and log time, least energy of each */
};

enum {
	DEVICE,
	BATCH,
	LIMIT,
	GPUS,
	MICRO,
	CLOCK,
	KERNEL,
	SHARE
};

static const uint32_t scales[KNOBS] = {HG_SEARCH_CHOICE, HG_SEARCH_LOG, HG_SEARCH_LIMIT,
	HG_SEARCH_LOG, HG_SEARCH_LOG, HG_SEARCH_CLOCK, HG_SEARCH_CHOICE, HG_SEARCH_LINEAR};

static double value_of(int knob, int i)
{
	switch (knob) {
	case DEVICE:
	case KERNEL:
		return i;
	case LIMIT:
	case CLOCK:
		return 100 * (i + 4);
	case SHARE:
		return 0.1 * i;
	default:
		return ldexp(1, i);
	}
}

/** Share of the largest value. */
static double share_of(int i)
{
	return (i + 4) / 13.0;
}

static void fill_one(struct world *w, struct rng *rng)
{
	for (int i = 0; i < VALUES; i++) {
		double u = share_of(i);

		w->one[0][DEVICE][i] = 0.25 * rng_normal(rng);
		w->one[1][DEVICE][i] = -0.7 * w->one[0][DEVICE][i] + 0.1 * rng_normal(rng);
		w->one[0][KERNEL][i] = 0.12 * rng_normal(rng);
		w->one[1][KERNEL][i] = 0.05 * rng_normal(rng);
		w->one[0][BATCH][i] = log(1 + 60 / ldexp(1, i) + ldexp(1, i) / 900);
		w->one[1][BATCH][i] = -0.2 * w->one[0][BATCH][i];
		w->one[0][LIMIT][i] = 1.1 * pow(1 - u, 2.3);
		w->one[1][LIMIT][i] = 0.55 * log(u);
		w->one[0][CLOCK][i] = -0.5 * log(u);
		w->one[1][CLOCK][i] = 1.3 * log(u) + 0.4 * (1 - u);
		w->one[0][GPUS][i] = -0.6 * i + 0.012 * i * i;
		w->one[1][GPUS][i] = 0.66 * i;
		w->one[0][MICRO][i] = 0.02 * (i - 5) * (i - 5);
		w->one[0][SHARE][i] = 0.02 * i;
		w->one[1][SHARE][i] = -0.015 * i + 0.002 * i * i;
	}
}

/** Each knob with the one before it: smooth where both are ordered. */
static void fill_two(struct world *w, struct rng *rng)
{
	for (int o = 0; o < 2; o++)
		for (int k = 1; k < KNOBS; k++) {
			double tilt = 0.06 * rng_normal(rng);

			for (int i = 0; i < VALUES; i++)
				for (int j = 0; j < VALUES; j++)
					w->two[o][k][i][j] = tilt * (i - 4.5) * (j - 4.5) / 20 +
							     0.004 * rng_normal(rng);
		}
}

static int allows(void *user, const double *cells, size_t n)
{
	const struct world *w = user;

	(void)w;
	/* the largest batches do not fit a few devices */
	return n != GPUS + 1 || cells[BATCH] <= 64 * cells[GPUS];
}

static void cost_of(const struct world *w, const int *at, double *t, double *e)
{
	double sum[2] = {0, 0};

	for (int o = 0; o < 2; o++)
		for (int k = 0; k < w->n; k++)
			sum[o] += w->one[o][k][at[k]] + (k ? w->two[o][k][at[k - 1]][at[k]] : 0);
	*t = sum[0];
	*e = sum[0] + sum[1];
}

static void note_front(struct world *w, double t, double e)
{
	int b = (int)((t + REACH / 2) * BUCKETS / REACH);

	b = b < 0 ? 0 : b >= BUCKETS ? BUCKETS - 1 : b;
	if (e < w->front[b]) {
		w->front[b] = e;
		w->front_t[b] = t;
	}
}

/** Goes through all settings, knob by knob. */
static void walk(struct world *w, int k, int *at, double *cells, double t, double p)
{
	if (k == w->n) {
		note_front(w, t, t + p);
		return;
	}
	for (int i = 0; i < VALUES; i++) {
		at[k] = i;
		cells[k] = value_of(k, i);
		if (allows(w, cells, (size_t)k + 1))
			walk(w, k + 1, at, cells,
				t + w->one[0][k][i] + (k ? w->two[0][k][at[k - 1]][i] : 0),
				p + w->one[1][k][i] + (k ? w->two[1][k][at[k - 1]][i] : 0));
	}
}

static void make_world(struct world *w, int n, uint64_t seed)
{
	struct rng rng;

	memset(w, 0, sizeof *w);
	w->n = n;
	rng_init(&rng, seed);
	fill_one(w, &rng);
	fill_two(w, &rng);
}

static void find_front(struct world *w)
{
	int at[KNOBS];
	double cells[KNOBS], least = INFINITY;

	for (int b = 0; b < BUCKETS; b++)
		w->front[b] = INFINITY;
	walk(w, 0, at, cells, 0, 0);
	for (int b = 0; b < BUCKETS; b++)
		if (w->front[b] < least)
			least = w->front[b];
		else
			w->front[b] = INFINITY;
}

/** How far the farthest point of the true frontier is from what was measured. */
static double missing(const struct world *w, const double *t, const double *e, int n)
{
	double most = 0;

	for (int b = 0; b < BUCKETS; b++) {
		double least = INFINITY;

		for (int i = 0; i < n && w->front[b] < INFINITY; i++)
			least = fmin(least, fmax(t[i] - w->front_t[b], e[i] - w->front[b]));
		if (w->front[b] < INFINITY)
			most = fmax(most, least);
	}
	return expm1(most);
}

struct product {
	hg_search_space space;
	hg_knob_def knobs[KNOBS];
	double values[KNOBS][VALUES];
	const double *lists[KNOBS];
	size_t n_values[KNOBS];
};

static void make_product(struct product *p, struct world *w)
{
	static const char *const names[KNOBS] = {
		"device", "batch", "limit", "gpus", "micro", "clock", "kernel", "share"};

	for (int k = 0; k < KNOBS; k++) {
		p->knobs[k] = (hg_knob_def){names[k], "", NULL, 0};
		p->lists[k] = p->values[k];
		p->n_values[k] = VALUES;
		for (int i = 0; i < VALUES; i++)
			p->values[k][i] = value_of(k, i);
	}
	p->space = (hg_search_space){.size = sizeof p->space,
		.n_knobs = (uint32_t)w->n,
		.knobs = p->knobs,
		.scales = scales,
		.n_values = p->n_values,
		.values = p->lists,
		.allows = allows,
		.user = w};
}

static void check(hg_err rc, const hg_error *why)
{
	if (rc == HG_OK)
		return;
	fprintf(stderr, "bench-search: %s\n", why->text);
	exit(1);
}

static double cpu_s(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_utime.tv_sec + 1e-6 * (double)used.ru_utime.tv_usec;
}

/** One measurement. @param t, e  receive its log time and log energy. @return false: it ended */
static bool step(const struct world *w, hg_search *s, double *t, double *e)
{
	hg_search_result r = {.size = sizeof r};
	hg_error why = {""};
	const double *cells;
	int at[KNOBS];
	size_t n;

	check(hg_search_next(s, 1, &r.config, &n, &why), &why);
	if (n == 0)
		return false;
	cells = hg_search_cells(s, r.config);
	for (int k = 0; k < w->n; k++)
		for (at[k] = 0; value_of(k, at[k]) != cells[k];)
			at[k]++;
	cost_of(w, at, t, e);
	r.time_s = exp(*t);
	r.energy_j = exp(*e);
	check(hg_search_tell(s, &r, &why), &why);
	return true;
}

static hg_search *open_search(const struct product *p, uint32_t policy, uint64_t seed)
{
	const hg_search_opts opts = {
		.size = sizeof opts, .policy = policy, .seed = seed, .confidence = 1 - 1e-12};
	hg_search *s;
	hg_error why = {""};

	check(hg_search_create(&p->space, &opts, &s, &why), &why);
	return s;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void find(int n_knobs, int seeds, uint32_t policy, double *at_100, double *at_200)
{
	static struct world w;
	double *off = calloc(2 * (size_t)seeds, sizeof *off);

	if (!off)
		exit(1);
	for (int i = 0; i < seeds; i++) {
		struct product p;
		double t[200], e[200];
		hg_search *s;
		int n = 0;

		make_world(&w, n_knobs, (uint64_t)i + 1);
		find_front(&w);
		make_product(&p, &w);
		s = open_search(&p, policy, (uint64_t)i + 1);
		while (n < 200 && step(&w, s, &t[n], &e[n]))
			n++;
		hg_search_destroy(s);
		off[i] = missing(&w, t, e, n < 100 ? n : 100);
		off[seeds + i] = missing(&w, t, e, n);
	}
	qsort(off, (size_t)seeds, sizeof *off, by_value);
	qsort(off + seeds, (size_t)seeds, sizeof *off, by_value);
	*at_100 = off[seeds / 2];
	*at_200 = off[seeds + seeds / 2];
	free(off);
}

static void time_steps(int n_knobs)
{
	static struct world w;
	double begin, late = 0, t, e;
	struct rusage used;
	struct product p;
	hg_search *s;

	make_world(&w, n_knobs, 1);
	make_product(&p, &w);
	begin = cpu_s();
	s = open_search(&p, HG_SEARCH_COVER, 1);
	printf("product_1e%d_create %.2f ms\n", n_knobs, 1e3 * (cpu_s() - begin));
	begin = cpu_s();
	for (int i = 1; i <= LATER + 10; i++) {
		double from = cpu_s();

		if (!step(&w, s, &t, &e))
			break;
		late += i > LATER - 10 ? (cpu_s() - from) / 20 : 0;
	}
	getrusage(RUSAGE_SELF, &used);
	printf("product_1e%d_step_at_%d %.1f ms\n", n_knobs, LATER, 1e3 * late);
	printf("product_1e%d_steps %.2f s\n", n_knobs, cpu_s() - begin);
	printf("product_1e%d_peak_memory %.0f MB\n", n_knobs, (double)used.ru_maxrss / 1024);
	hg_search_destroy(s);
}

void bench_product(int n_knobs, int seeds)
{
	static const struct {
		const char *name;
		uint32_t policy;
	} ways[] = {{"cover", HG_SEARCH_COVER}, {"random", HG_SEARCH_RANDOM}};

	time_steps(n_knobs);
	for (int i = 0; i < 2; i++) {
		double at_100, at_200;

		find(n_knobs, seeds, ways[i].policy, &at_100, &at_200);
		printf("product_1e%d_%s_off_at_100 %.2f %%\n", n_knobs, ways[i].name, 100 * at_100);
		printf("product_1e%d_%s_off_at_200 %.2f %%\n", n_knobs, ways[i].name, 100 * at_200);
		(void)fflush(stdout);
	}
}
