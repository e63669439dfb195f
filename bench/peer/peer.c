#define _GNU_SOURCE /* getline, clock_gettime */
#include "peer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNIT_S   "0.001" /* lowtime's default in Perseus */
#define EFFORT_S 1.0     /* of our local search, for each deadline */

static const double deadlines[] = {1.0, 1.005, 1.01, 1.02, 1.05, 1.1};

/* A plan as it really is. */
struct real {
	double time_s, energy_j;
};

struct peer {
	const hg_plan_frontier *set;
	hg_dag *dag;
	hg_plan_frontier_info info;
	struct real *plans;
	size_t n, cap;
	double seconds;
};

static int64_t clock_ns(void *user)
{
	struct timespec t;

	(void)user;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Starts the script; its output comes through *out. @return its process, -1 */
static pid_t start(const char *python, const char *csv, const struct onefb *what, FILE **out)
{
	char stages[16], microbatches[16], static_w[32];
	const char *script = HG_BENCH_DIR "/peer/lowtime-1f1b.py";
	int fd[2];
	pid_t pid;

	(void)snprintf(stages, sizeof stages, "%u", what->stages);
	(void)snprintf(microbatches, sizeof microbatches, "%u", what->microbatches);
	(void)snprintf(static_w, sizeof static_w, "%.17g", what->static_w);
	if (pipe(fd))
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)dup2(fd[1], 1);
		(void)close(fd[0]);
		(void)close(fd[1]);
		(void)execlp(python, python, script, csv, stages, microbatches, static_w, UNIT_S,
			(char *)NULL);
		_exit(127);
	}
	(void)close(fd[1]);
	*out = fdopen(fd[0], "r");
	return pid;
}

/* Options of the settings on one line, for every node. @return 0: malformed */
static int read_options(const hg_dag *dag, char *line, uint32_t *option)
{
	hg_dag_info info = {.size = sizeof info};
	char *at = line;

	hg_dag_get_info(dag, &info);
	(void)strtod(at, &at); /* what it claims */
	for (uint32_t i = 0; i < info.nodes; i++) {
		hg_node node = {.size = sizeof node};
		char *end;
		hg_setting setting = (hg_setting)strtoul(at, &end, 10);
		const hg_option *o;
		size_t n, k = 0;

		if (end == at || hg_dag_node(dag, i, &node))
			return 0;
		o = hg_dag_options(dag, node.work, &n);
		while (k < n && o[k].setting != setting)
			k++;
		if (k == n)
			return 0;
		option[i] = (uint32_t)k;
		at = end;
	}
	return 1;
}

/* Realises one plan. @return 0: malformed, or out of memory */
static int add_plan(struct peer *p, char *line, uint32_t *option)
{
	hg_plan_claim claim = {.size = sizeof claim,
		.option = option,
		.time_s = (double)NAN,
		.energy_j = (double)NAN,
		.bound_j = (double)NAN,
		.switches = UINT64_MAX};
	hg_plan_verdict verdict = {.size = sizeof verdict};

	if (!read_options(p->dag, line, option) || hg_plan_check(p->dag, &claim, &verdict, NULL))
		return 0;
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 1024;
		struct real *more = realloc(p->plans, cap * sizeof *more);

		if (!more)
			return 0;
		p->plans = more;
		p->cap = cap;
	}
	p->plans[p->n++] = (struct real){verdict.time_s, verdict.energy_j};
	return 1;
}

static int read_plans(struct peer *p, FILE *in)
{
	hg_dag_info info = {.size = sizeof info};
	uint32_t *option;
	char *line = NULL;
	size_t cap = 0;
	int good = 1;

	hg_dag_get_info(p->dag, &info);
	option = malloc(info.nodes * sizeof *option);
	while (good && option && getline(&line, &cap, in) > 0)
		good = sscanf(line, "seconds %lf", &p->seconds) == 1 || add_plan(p, line, option);
	free(line);
	free(option);
	return good && option && p->n > 0;
}

/* Plans that another one beats in both, at their own times. */
static size_t count_dominated(const struct peer *p)
{
	size_t dominated = 0;

	for (size_t i = 0; i < p->n; i++) {
		size_t k = 0;

		while (k < p->n && !(p->plans[k].time_s < p->plans[i].time_s &&
					   p->plans[k].energy_j < p->plans[i].energy_j))
			k++;
		dominated += k < p->n;
	}
	return dominated;
}

/* Cheapest of its plans within a deadline, waiting charged until then; INFINITY: none. */
static double cheapest(const struct peer *p, double deadline_s)
{
	double best = INFINITY;

	for (size_t i = 0; i < p->n; i++) {
		double wait = deadline_s - p->plans[i].time_s;

		if (wait >= 0)
			best = fmin(best, p->plans[i].energy_j + p->info.static_power_w * wait);
	}
	return best;
}

static void print_deadline(const struct peer *p, const char *name, double factor)
{
	double t = p->info.t_min_s * factor + 1e-7, bound = 0, ours = (double)NAN;
	double theirs = cheapest(p, t);
	hg_plan_opts opts = {.size = sizeof opts,
		.time_s = t,
		.charge_s = t,
		.effort_s = EFFORT_S,
		.clock = clock_ns,
		.seed = 1};
	hg_plan_info info = {.size = sizeof info};
	hg_plan *plan;

	if (hg_plan_frontier_at(p->set, t, &bound, NULL, NULL) == HG_OK &&
		hg_plan_at(p->set, &opts, &plan, NULL) == HG_OK) {
		hg_plan_get_info(plan, &info);
		hg_plan_destroy(plan);
		ours = info.energy_j;
	}
	printf("peer_%s_gap_ours_at_%.3f %.3f %%\n", name, factor, 100 * (ours / bound - 1));
	if (isfinite(theirs))
		printf("peer_%s_gap_lowtime_at_%.3f %.3f %%\n", name, factor,
			100 * (theirs / bound - 1));
	else
		printf("peer_%s_gap_lowtime_at_%.3f none %%\n", name, factor);
}

int peer_run(const char *python, const char *csv, const struct onefb_profile *profile,
	const struct onefb *what)
{
	struct peer p = {.info = {.size = sizeof p.info}, .dag = onefb_dag(profile, what)};
	hg_plan_frontier *set = NULL;
	FILE *in = NULL;
	char name[32];
	int64_t from = clock_ns(NULL), took;
	int status = 1, good;
	pid_t pid;

	if (!p.dag || hg_plan_solve(p.dag, NULL, &set, NULL)) {
		hg_dag_destroy(p.dag);
		return 1;
	}
	took = clock_ns(NULL) - from;
	p.set = set;
	hg_plan_frontier_get_info(set, &p.info);
	pid = start(python, csv, what, &in);
	good = pid > 0 && in && read_plans(&p, in);
	if (in)
		(void)fclose(in);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	good = good && status == 0;
	if (good) {
		(void)snprintf(name, sizeof name, "%ux%u", what->stages, what->microbatches);
		printf("peer_%s_solve_ours %.6f s\n", name, (double)took * 1e-9);
		printf("peer_%s_solve_lowtime %.6f s\n", name, p.seconds);
		printf("peer_%s_plans_lowtime %zu 1\n", name, p.n);
		printf("peer_%s_dominated_lowtime %zu 1\n", name, count_dominated(&p));
		for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
			print_deadline(&p, name, deadlines[i]);
	} else {
		fprintf(stderr, "bench-plan: %s could not run lowtime\n", python);
	}
	free(p.plans);
	hg_plan_frontier_destroy(set);
	hg_dag_destroy(p.dag);
	return !good;
}
