/*
 * The waist: building, querying, composing, loading and saving frontiers, beside numpy doing the
 * same on the same points in the same run. Prints "name value unit" lines; times are the best of
 * some rounds. Inputs are made from a fixed seed.
 */
#define _GNU_SOURCE /* mkdtemp */
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <hourglass/frontier.h>

#include "common/options.h"
#include "core/rng.h"

#define CLOUD        1000000
#define POINTS       100000
#define QUERIES      100000 /* a round is short, so that some are not disturbed */
#define QUERY_ROUNDS 50
#define ROUNDS       5

extern char **environ;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void say(const char *name, double value, const char *unit)
{
	(void)printf("%s %.4g %s\n", name, value, unit);
	(void)fflush(stdout);
}

static void must(hg_err err, const hg_error *why)
{
	if (!err)
		return;
	(void)fprintf(stderr, "bench-waist: %s: %s\n", hg_err_name(err), why->text);
	exit(1);
}

static void *get(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p) {
		(void)fprintf(stderr, "bench-waist: out of memory\n");
		exit(1);
	}
	return p;
}

static hg_frontier *build(const hg_point *points, size_t n)
{
	hg_frontier *f;
	hg_error why;

	must(hg_frontier_build(points, n, NULL, &f, &why), &why);
	return f;
}

/* ----- points */

enum shape {
	UNIFORM,
	CURVED,
	SHUFFLED
};

/* Anywhere in a square; near a trade-off as sweeps measure it; nothing dominated, in random order.
 */
static void fill(struct rng *r, enum shape shape, hg_point *points, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double u = rng_double(r), v = rng_double(r);

		points[i] = (hg_point){.setting = HG_SETTING_NONE};
		points[i].time_s = shape == UNIFORM ? u : 1 + u;
		points[i].energy_j = shape == UNIFORM ? v : 1 / (1 + u);
		if (shape == CURVED)
			points[i].energy_j *= 1 + 0.05 * v;
	}
}

/* n points of a convex curve: every one a vertex of the hull. */
static hg_frontier *convex(struct rng *r, size_t n, double scale)
{
	hg_point *points = get(n, sizeof *points);
	hg_frontier *f;

	for (size_t i = 0; i < n; i++) {
		double t = scale * (1 + ((double)i + 0.4 * rng_double(r)) / (double)n);

		points[i] = (hg_point){.time_s = t,
			.energy_j = scale * scale / t,
			.setting = HG_SETTING_NONE,
			.origin = HG_ORIGIN_MEASURED};
	}
	f = build(points, n);
	free(points);
	return f;
}

/* ----- what is timed */

static void bench_build(const char *dir)
{
	static const char *const names[] = {"uniform", "curved", "shuffled"};
	hg_point *points = get(CLOUD, sizeof *points);
	struct rng r;

	rng_init(&r, 1);
	for (int shape = UNIFORM; shape <= SHUFFLED; shape++) {
		double best_s = INFINITY;
		size_t kept = 0;
		char name[64], path[256];
		FILE *file;

		fill(&r, (enum shape)shape, points, CLOUD);
		for (int i = 0; i < ROUNDS; i++) {
			double start = now_s();
			hg_frontier *f = build(points, CLOUD);

			best_s = fmin(best_s, now_s() - start);
			kept = hg_frontier_count(f);
			hg_frontier_destroy(f);
		}
		(void)snprintf(name, sizeof name, "build_1e6_%s", names[shape]);
		say(name, best_s, "s");
		(void)snprintf(name, sizeof name, "build_1e6_%s_kept", names[shape]);
		say(name, (double)kept, "points");
		(void)snprintf(path, sizeof path, "%s/%s.f64", dir, names[shape]);
		file = fopen(path, "wb");
		for (size_t i = 0; file && i < CLOUD; i++)
			(void)fwrite(&points[i].time_s, sizeof(double), 2, file);
		if (!file || fclose(file))
			(void)fprintf(stderr, "bench-waist: cannot write %s\n", path);
	}
	free(points);
}

static double time_queries(const hg_frontier *f, hg_objective_kind kind, const double *values)
{
	hg_objective o = {.size = sizeof o, .kind = kind, .max_power_w = 1};
	hg_pick pick = {.size = sizeof pick};
	hg_error why;
	double best_s = INFINITY, sum = 0;

	for (int round = 0; round < QUERY_ROUNDS; round++) {
		double start = now_s();

		for (size_t i = 0; i < QUERIES; i++) {
			o.value = values[i];
			must(hg_frontier_pick(f, &o, &pick, &why), &why);
			sum += pick.point.energy_j;
		}
		best_s = fmin(best_s, now_s() - start);
	}
	return sum >= 0 ? best_s * 1e9 / QUERIES : 0;
}

static double time_blends(const hg_frontier *f, const double *values)
{
	hg_blend blend = {.size = sizeof blend};
	hg_error why;
	double best_s = INFINITY, sum = 0;

	for (int round = 0; round < QUERY_ROUNDS; round++) {
		double start = now_s();

		for (size_t i = 0; i < QUERIES; i++) {
			must(hg_frontier_blend(f, values[i], &blend, &why), &why);
			sum += blend.energy_j;
		}
		best_s = fmin(best_s, now_s() - start);
	}
	return sum >= 0 ? best_s * 1e9 / QUERIES : 0;
}

/* Random values, so that neither caches nor the branch predictor know what comes next. */
static void bench_queries(size_t n, const char *size)
{
	static const struct {
		hg_objective_kind kind;
		const char *name;
		double low, high;
	} asked[] = {{HG_DEADLINE, "deadline", 1, 2}, {HG_BUDGET, "budget", 0.5, 1},
		{HG_MAX_SLOWDOWN, "max_slowdown", 1, 2}, {HG_ETA, "eta", 0.2, 0.8},
		{HG_MIN_ENERGY, "min_energy", 0, 1}, {HG_KNEE, "knee", 0, 1}};
	double *values = get(QUERIES, sizeof *values);
	struct rng r;
	hg_frontier *f;
	char name[64];

	rng_init(&r, 2);
	f = convex(&r, n, 1);
	for (size_t k = 0; k < sizeof asked / sizeof *asked; k++) {
		for (size_t i = 0; i < QUERIES; i++)
			values[i] = asked[k].low + rng_double(&r) * (asked[k].high - asked[k].low);
		(void)snprintf(name, sizeof name, "query_%s_%s", size, asked[k].name);
		say(name, time_queries(f, asked[k].kind, values), "ns");
	}
	for (size_t i = 0; i < QUERIES; i++)
		values[i] = 1 + rng_double(&r);
	(void)snprintf(name, sizeof name, "query_%s_blend", size);
	say(name, time_blends(f, values), "ns");
	hg_frontier_destroy(f);
	free(values);
}

static void bench_algebra(size_t n, const char *size)
{
	double series_s = INFINITY, parallel_s = INFINITY;
	hg_frontier *children[2], *f;
	hg_error why;
	struct rng r;
	char name[64];

	rng_init(&r, 3);
	children[0] = convex(&r, n, 1);
	children[1] = convex(&r, n, 1.3);
	for (int i = 0; i < ROUNDS; i++) {
		double start = now_s();

		must(hg_frontier_series(children, 2, HG_SERIES_HULL, &f, &why), &why);
		series_s = fmin(series_s, now_s() - start);
		hg_frontier_destroy(f);
		start = now_s();
		must(hg_frontier_parallel(children, 2, &f, &why), &why);
		parallel_s = fmin(parallel_s, now_s() - start);
		hg_frontier_destroy(f);
	}
	(void)snprintf(name, sizeof name, "series_hulls_%s", size);
	say(name, series_s, "s");
	(void)snprintf(name, sizeof name, "series_hulls_%s_per_vertex", size);
	say(name, series_s * 1e9 / (2.0 * (double)n), "ns");
	(void)snprintf(name, sizeof name, "parallel_%s", size);
	say(name, parallel_s, "s");
	hg_frontier_destroy(children[0]);
	hg_frontier_destroy(children[1]);
}

static void bench_files(const char *dir, hg_format format, const char *form)
{
	double load_s = INFINITY, save_s = INFINITY;
	hg_frontier *f, *g;
	hg_error why;
	struct rng r;
	char path[256], name[64];

	rng_init(&r, 4);
	f = convex(&r, POINTS, 1);
	(void)snprintf(path, sizeof path, "%s/frontier.%s", dir, form);
	for (int i = 0; i < ROUNDS; i++) {
		double start = now_s();

		must(hg_frontier_save(f, path, format, &why), &why);
		save_s = fmin(save_s, now_s() - start);
		start = now_s();
		must(hg_frontier_load(path, format, &g, &why), &why);
		load_s = fmin(load_s, now_s() - start);
		hg_frontier_destroy(g);
	}
	(void)snprintf(name, sizeof name, "save_%s_1e5", form);
	say(name, POINTS / save_s, "points/s");
	(void)snprintf(name, sizeof name, "load_%s_1e5", form);
	say(name, POINTS / load_s, "points/s");
	hg_frontier_destroy(f);
}

static void say_memory(const char *name)
{
	struct rusage use;

	(void)getrusage(RUSAGE_SELF, &use);
	say(name, (double)use.ru_maxrss / 1024, "MiB");
}

/* ----- the same with numpy */

/* @return exit status, or -1 when it could not be run */
static int run_python(const char *python, const char *script, const char *dir)
{
	char *argv[] = {(char *)python, (char *)script, (char *)dir, NULL};
	pid_t pid;
	int status;

	if (posix_spawn(&pid, python, NULL, NULL, argv, environ))
		return -1;
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Debian's own interpreter first: that is where python3-numpy goes. */
static void bench_numpy(const char *dir)
{
	static const char *const pythons[] = {"/usr/bin/python3", "/usr/local/bin/python3"};
	const char *chosen = getenv("HG_BENCH_PYTHON");

	if (chosen && !run_python(chosen, HG_BENCH_DIR "/waist_numpy.py", dir))
		return;
	for (size_t i = 0; i < sizeof pythons / sizeof *pythons; i++)
		if (!run_python(pythons[i], HG_BENCH_DIR "/waist_numpy.py", dir))
			return;
	(void)printf("numpy absent (no python3 with numpy; HG_BENCH_PYTHON names one)\n");
}

static void clean(const char *dir)
{
	static const char *const names[] = {
		"uniform.f64", "curved.f64", "shuffled.f64", "frontier.json", "frontier.csv"};
	char path[256];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

int main(int argc, char **argv)
{
	static const struct bench_option none[] = {{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};
	char dir[] = "/tmp/bench-waist-XXXXXX";

	(void)bench_options("bench-waist", argc, argv, 0, none);
	if (!mkdtemp(dir)) {
		perror("bench-waist: mkdtemp");
		return 1;
	}
	bench_queries(10, "10");
	bench_queries(1000, "1e3");
	bench_queries(POINTS, "1e5");
	bench_algebra(POINTS / 10, "1e4");
	bench_algebra(POINTS, "1e5");
	bench_files(dir, HG_FORMAT_JSON, "json");
	bench_files(dir, HG_FORMAT_CSV, "csv");
	say_memory("peak_memory_1e5");
	bench_build(dir);
	say_memory("peak_memory_1e6");
	bench_numpy(dir);
	clean(dir);
	return 0;
}
