/*
 * What a store does in a second: claims by one process and by 64, decisions and reports, in SQLite
 * and, where HG_TEST_POSTGRES names a server (tests/store/with-postgres), in PostgreSQL.
 */
#define _GNU_SOURCE /* mkdtemp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/options.h"
#include "store/desk.h"

#define PROCESSES 64
#define LEASE_MS  3600000

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct store *open_store(const char *url, enum open_mode mode)
{
	const struct store_opts opts = {.mode = mode};
	struct store *s;
	hg_error why = {""};

	if (store_open(url, &opts, &s, &why) == HG_OK)
		return s;
	(void)fprintf(stderr, "%s\n", why.text);
	exit(1);
}

static void check(hg_err err, const hg_error *why)
{
	if (err == HG_OK)
		return;
	(void)fprintf(stderr, "%s\n", why->text);
	exit(1);
}

static void new_job(struct store *s, const char *name)
{
	const struct store_spec spec = {.n_sizes = 8,
		.batch_sizes = {8, 16, 32, 64, 128, 256, 512, 1024},
		.default_size = 64,
		.max_epochs = 1000000,
		.metric = "accuracy",
		.target = 0.9,
		.eta = 0.5,
		.max_power_w = 300};
	hg_error why = {""};

	check(desk_new(s, name, &spec, NULL, 0, &why), &why);
}

static hg_err fixed(
	void *user, struct store *s, struct store_job *job, hg_recur_decision *out, hg_error *why)
{
	(void)user;
	(void)s;
	(void)why;
	*out = (hg_recur_decision){.size = sizeof *out,
		.batch_size = job->spec.default_size,
		.max_epochs = 10,
		.bound_j = 1e9};
	return HG_OK;
}

static void claims(struct store *s, const char *job, int n)
{
	struct store_trial t;
	hg_error why = {""};

	for (int i = 0; i < n; i++)
		check(desk_next(s, job, "bench", LEASE_MS, fixed, NULL, &t, &why), &why);
}

static void bench_claims(const char *url, const char *what, int n)
{
	struct store *s = open_store(url, OPEN_CREATE);
	double t;

	new_job(s, "one");
	t = now_s();
	claims(s, "one", n);
	printf("%s_claims_1 %.0f 1/s\n", what, n / (now_s() - t));
	store_close(s);
}

static void bench_many(const char *url, const char *what, int n)
{
	struct store *s = open_store(url, OPEN_WRITE);
	int go[2], status;
	double t;
	char byte;

	new_job(s, "many");
	store_close(s);
	if (pipe(go) != 0)
		exit(1);
	(void)fflush(stdout);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			close(go[1]);
			s = open_store(url, OPEN_WRITE);
			(void)!read(go[0], &byte, 1);
			claims(s, "many", n / PROCESSES);
			store_close(s);
			_exit(0);
		}
	sleep(2); /* all are open and wait */
	t = now_s();
	close(go[1]);
	for (int i = 0; i < PROCESSES; i++)
		if (wait(&status) < 0 || status != 0)
			exit(1);
	printf("%s_claims_%d %.0f 1/s\n", what, PROCESSES,
		(double)(n / PROCESSES * PROCESSES) / (now_s() - t));
	close(go[0]);
}

/* Whole runs: the engine decides, one report ends the trial. */
static void bench_runs(const char *url, const char *what, int n)
{
	struct store *s = open_store(url, OPEN_WRITE);
	double next_s = 0, report_s = 0, t;
	hg_error why = {""};

	new_job(s, "runs");
	for (int i = 0; i < n; i++) {
		struct store_trial trial;
		struct desk_answer a;
		const hg_recur_report r = {.size = sizeof r,
			.epochs = 10 + i % 3,
			.metric = 0.95,
			.energy_j = 1000 + i % 7,
			.time_s = 10};

		t = now_s();
		check(desk_next(s, "runs", "bench", LEASE_MS, NULL, NULL, &trial, &why), &why);
		next_s += now_s() - t;
		t = now_s();
		check(desk_report(s, "runs", trial.number, &r, 0, &a, &why), &why);
		report_s += now_s() - t;
	}
	printf("%s_next_%d %.1f us\n", what, n, 1e6 * next_s / n);
	printf("%s_report %.1f us\n", what, 1e6 * report_s / n);
	store_close(s);
}

int main(int argc, char **argv)
{
	static const struct bench_option none[] = {{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};
	const char *server = getenv("HG_TEST_POSTGRES");
	char dir[] = "/tmp/hg-bench.XXXXXX", path[64], log[80];

	(void)bench_options("bench-store", argc, argv, 0, none);
	if (!mkdtemp(dir))
		return 1;
	(void)snprintf(path, sizeof path, "%s/store.db", dir);
	bench_claims(path, "sqlite", 10000);
	bench_many(path, "sqlite", 10000);
	bench_runs(path, "sqlite", 200);
	(void)unlink(path);
	(void)snprintf(log, sizeof log, "%s-wal", path);
	(void)unlink(log);
	(void)snprintf(log, sizeof log, "%s-shm", path);
	(void)unlink(log);
	(void)rmdir(dir);
	if (!server) {
		puts("# PostgreSQL: not measured; run under tests/store/with-postgres");
		return 0;
	}
	bench_claims(server, "postgres", 5000);
	bench_many(server, "postgres", 5000);
	bench_runs(server, "postgres", 200);
	return 0;
}
