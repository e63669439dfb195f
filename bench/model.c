/*
 * What the fits are worth, on measurements of others: bench-model [--ops] [--data DIR]; --ops: ops
 * only.
 *
 * DIR has zeus/summary_power_GPU.csv (power-limit sweeps of training jobs, any number of GPUs) and
 * modelling/aic/{gemm,nccl}_*.csv. Nothing is told about a job that is predicted: the device's
 * parameters, the prior and the intervals' factors come from the other kinds of jobs (dataset and
 * network) on that GPU, and start from neutral physics, not from devices/GPU.json. "undescribed" is
 * a GPU of which nothing else was learnt; "as X", that everything was learnt on X alone.
 */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <hourglass/hourglass.h>

#include "common/options.h"
#include "hardware/model/device-fit.h"

#include "model/bench.h"
#include "model/jobs.h"

#define SETS       6
#define QUANTILE80 1.2815515655446004

static double user_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + 1e-6 * (double)u.ru_utime.tv_usec;
}

/* ----- judging */

/* A device of which only the ranges of its knobs are known. */
static struct figures neutral_device(const struct jobs *jobs)
{
	struct figures f = {.clock_min_hz = 1e8, .clock_max_hz = 1e9, .cap_min_w = INFINITY};

	for (size_t i = 0; i < jobs->n; i++) {
		const struct job *j = &jobs->at[i];

		f.cap_min_w = fmin(f.cap_min_w, j->obs[0].setting.cap_w);
		f.cap_max_w = fmax(f.cap_max_w, j->obs[j->n - 1].setting.cap_w);
	}
	f.cap_default_w = f.cap_max_w;
	device_neutral(&f);
	return f;
}

/** Sums over predictions. */
struct score {
	double time, energy, n; /* absolute relative errors */
	double in_time, in_energy;
};

/** Regrets of a choice by Zeus's cost with eta = 0.5, one a job. */
struct regrets {
	double at[JOBS_MAX];
	size_t n;
};

static void score_add(
	struct score *s, const struct job *j, size_t i, const double ln[3], const double sd[3])
{
	double time = j->obs[i].ln[0], energy = time + j->obs[i].ln[1];

	s->time += fabs(expm1(ln[0] - time));
	s->energy += fabs(expm1(ln[2] - energy));
	s->n++;
	s->in_time += fabs(ln[0] - time) <= QUANTILE80 * sd[0];
	s->in_energy += fabs(ln[2] - energy) <= QUANTILE80 * sd[2];
}

static void score_print(const char *gpu, const char *what, const struct score *s, bool intervals)
{
	char name[160];

	if (!(s->n > 0))
		return;
	(void)snprintf(name, sizeof name, "%s time", what);
	report(gpu, name, 100 * s->time / s->n, "% MAPE");
	(void)snprintf(name, sizeof name, "%s energy", what);
	report(gpu, name, 100 * s->energy / s->n, "% MAPE");
	if (!intervals)
		return;
	(void)snprintf(name, sizeof name, "%s time in 80 %% interval", what);
	report(gpu, name, 100 * s->in_time / s->n, "%");
	(void)snprintf(name, sizeof name, "%s energy in 80 %% interval", what);
	report(gpu, name, 100 * s->in_energy / s->n, "%");
}

static double zeus_cost(const struct job *j, double time, double energy)
{
	return 0.5 * energy + 0.5 * j->obs[j->n - 1].setting.cap_w * time;
}

/* The setting that looks cheapest; what was seen counts as seen. */
static size_t cheapest(
	const struct job *j, const struct work_fit *fit, const bool *seen, bool unseen)
{
	double best = INFINITY;
	size_t at = 0;

	for (size_t i = 0; i < j->n; i++) {
		struct work_forecast f;
		double ln[2], cost;

		work_fit_forecast(fit, &j->obs[i].setting, &f);
		ln[0] = seen[i] ? j->obs[i].ln[0] : f.ln[0];
		ln[1] = seen[i] ? ln[0] + j->obs[i].ln[1] : f.ln[2];
		cost = zeus_cost(j, exp(ln[0]), exp(ln[1]));
		if (cost < best && !(unseen && seen[i])) {
			best = cost;
			at = i;
		}
	}
	return at;
}

static double true_cost(const struct job *j, size_t i)
{
	double time = exp(j->obs[i].ln[0]);

	return zeus_cost(j, time, time * exp(j->obs[i].ln[1]));
}

static double regret(const struct job *j, const struct work_fit *fit, const bool *seen)
{
	double best = INFINITY;

	for (size_t i = 0; i < j->n; i++)
		best = fmin(best, true_cost(j, i));
	return true_cost(j, cheapest(j, fit, seen, false)) / best - 1.0;
}

/** The other kinds of jobs on a GPU, and what was learnt from them. */
struct learnt {
	struct device_fit fit;
	struct sweep sweeps[JOBS_MAX];
	struct work_obs probes[JOBS_MAX * SETS]; /* where not all limits were seen */
	size_t n;
};

static hg_err fit_seen(
	struct work_fit *fit, const struct learnt *l, const struct job *j, const bool *seen)
{
	struct work_obs obs[LIMITS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < j->n; i++)
		if (seen[i])
			obs[n++] = j->obs[i];
	return work_fit_init(fit, &l->fit.f, &l->fit.prior, obs, n);
}

static size_t near_share(const struct job *j, double share)
{
	double low = j->obs[0].setting.cap_w, high = j->obs[j->n - 1].setting.cap_w;
	size_t best = 0;

	for (size_t i = 0; i < j->n; i++) {
		double off = fabs(j->obs[i].setting.cap_w - low - share * (high - low));
		double now = fabs(j->obs[best].setting.cap_w - low - share * (high - low));

		if (off < now - 1e-9)
			best = i;
	}
	return best;
}

/** Which limits are seen, as shares of the range; NEXT: the one that looks cheapest so far. */
#define END  (-1.0)
#define NEXT (-2.0)

static const struct set {
	const char *name;
	double shares[5];
} sets[SETS] = {
	{"all limits", {END}},
	{"1 probe (highest)", {1, END}},
	{"2 probes (lowest, highest)", {0, 1, END}},
	{"3 probes (lowest, a third, highest)", {0, 1. / 3, 1, END}},
	{"4 probes (lowest, thirds, highest)", {0, 1. / 3, 2. / 3, 1, END}},
	{"4 probes (3 probes, then the predicted best)", {0, 1. / 3, 1, NEXT, END}},
};

static void probes_choose(
	const struct set *set, const struct learnt *l, const struct job *j, bool seen[LIMITS_MAX])
{
	for (size_t i = 0; i < j->n; i++)
		seen[i] = set == sets;
	for (const double *share = set->shares; *share != END; share++) {
		struct work_fit fit;

		if (*share != NEXT) {
			seen[near_share(j, *share)] = true;
			continue;
		}
		require(fit_seen(&fit, l, j, seen), j->name);
		seen[cheapest(j, &fit, seen, true)] = true;
		work_fit_finish(&fit);
	}
}

/* ----- one GPU */

struct tables {
	struct score physics, sets[SETS];
	struct regrets regrets[SETS];
};

static void set_judge(struct tables *t, const struct learnt *l, const struct job *j, size_t k)
{
	bool seen[LIMITS_MAX];
	struct work_fit fit;

	probes_choose(&sets[k], l, j, seen);
	require(fit_seen(&fit, l, j, seen), j->name);
	for (size_t i = 0; i < j->n; i++) {
		struct work_forecast f;

		work_fit_forecast(&fit, &j->obs[i].setting, &f);
		if (k == 0) {
			double ln[3] = {f.physics[0], f.physics[1], f.physics[0] + f.physics[1]};

			score_add(&t->physics, j, i, ln, f.sd);
		} else if (!seen[i]) {
			score_add(&t->sets[k], j, i, f.ln, f.sd);
		}
	}
	t->regrets[k].at[t->regrets[k].n++] = regret(j, &fit, seen);
	work_fit_finish(&fit);
}

static void job_judge(struct tables *t, const struct learnt *l, const struct job *j)
{
	for (size_t k = 0; k < SETS; k++)
		set_judge(t, l, j, k);
}

/* @param without  family that is left out, or UINT_MAX */
static void learn(struct learnt *l, const struct jobs *jobs, unsigned without)
{
	l->n = 0;
	for (size_t i = 0; i < jobs->n; i++) {
		unsigned family = family_of(jobs, i);

		if (family != without)
			l->sweeps[l->n++] =
				(struct sweep){jobs->at[i].obs, jobs->at[i].n, family, {0}};
	}
	l->fit = (struct device_fit){.f = neutral_device(jobs)};
	require(device_fit_run(&l->fit, l->sweeps, l->n), "joint fit");
	device_prior_learn(&l->fit, l->sweeps, l->n);
}

static void in_sample(const char *gpu, struct learnt *l, const struct jobs *jobs)
{
	struct score s = {0};
	static const double none[3];

	learn(l, jobs, UINT_MAX);
	for (size_t i = 0; i < l->n; i++) {
		struct response r;

		response_init(&r, &l->fit.f, NULL, l->sweeps[i].z);
		for (size_t k = 0; k < l->sweeps[i].n; k++) {
			struct response_at at;
			double ln[3];

			response_eval(&r, &l->sweeps[i].obs[k].setting, &at);
			ln[0] = at.ln_time;
			ln[1] = at.ln_power;
			ln[2] = ln[0] + ln[1];
			score_add(&s, &jobs->at[i], k, ln, none);
		}
	}
	score_print(gpu, "joint fit, in-sample", &s, false);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void tables_print(const char *gpu, struct tables *t)
{
	score_print(gpu, "device parameters from other families", &t->physics, false);
	for (size_t k = 1; k < SETS; k++) {
		struct regrets *r = &t->regrets[k];
		char name[80];
		double sum = 0.0;

		score_print(gpu, sets[k].name, &t->sets[k], true);
		if (!(t->sets[k].n > 0))
			continue;
		for (size_t i = 0; i < r->n; i++)
			sum += r->at[i];
		qsort(r->at, r->n, sizeof *r->at, ascending);
		(void)snprintf(name, sizeof name, "%s regret mean", sets[k].name);
		report(gpu, name, 100 * sum / (double)r->n, "%");
		(void)snprintf(name, sizeof name, "%s regret p95", sets[k].name);
		report(gpu, name, 100 * r->at[(size_t)(0.95 * (double)(r->n - 1))], "%");
	}
}

static void pooled_print(const char *gpu, const struct tables *t)
{
	struct score all = {0};

	for (size_t k = 1; k < SETS - 1; k++) {
		all.n += t->sets[k].n;
		all.in_time += t->sets[k].in_time;
		all.in_energy += t->sets[k].in_energy;
	}
	if (!(all.n > 0))
		return;
	report(gpu, "1 to 4 probes: time in 80 % interval", 100 * all.in_time / all.n, "%");
	report(gpu, "1 to 4 probes: energy in 80 % interval", 100 * all.in_energy / all.n, "%");
}

static void gpu_bench(const char *gpu, const char *path)
{
	struct jobs *jobs = jobs_read(path, true);
	struct learnt *l = need(calloc(1, sizeof *l));
	struct tables *t = need(calloc(1, sizeof *t));
	bool alone = true;

	for (size_t i = 0; i < jobs->n; i++)
		alone &= family_of(jobs, i) == 0;
	if (jobs->n)
		in_sample(gpu, l, jobs);
	if (alone && jobs->n)
		(void)fprintf(
			stderr, "bench-model: %s: one kind of job, no other to learn from\n", path);
	for (size_t i = 0; i < jobs->n && !alone; i++) {
		if (family_of(jobs, i) != i)
			continue;
		learn(l, jobs, (unsigned)i);
		require(device_calibrate(&l->fit, l->sweeps, l->n), "calibration");
		for (size_t k = i; k < jobs->n; k++)
			if (family_of(jobs, k) == i)
				job_judge(t, l, &jobs->at[k]);
		(void)fflush(stdout);
	}
	tables_print(gpu, t);
	pooled_print(gpu, t);
	free(jobs);
	free(l);
	free(t);
}

/* ----- a GPU that nobody described */

static void foreign_judge(const char *gpu, const char *what, const struct jobs *jobs,
	const struct figures *f, const struct prior *prior)
{
	struct learnt *l = need(calloc(1, sizeof *l));
	struct tables *t = need(calloc(1, sizeof *t));

	l->fit.f = *f;
	l->fit.prior = *prior;
	for (size_t i = 0; i < jobs->n; i++)
		job_judge(t, l, &jobs->at[i]);
	for (size_t k = 1; k < SETS - 1; k++) {
		char name[120];

		(void)snprintf(name, sizeof name, "%s: %s", what, sets[k].name);
		score_print(gpu, name, &t->sets[k], true);
	}
	free(l);
	free(t);
}

/* Where the probes of a set are in all jobs, and what they tell of the device and of jobs on it:
 * a joint fit that begins from and leans to another device, and a prior. */
static void joint_learn(struct learnt *l, const struct jobs *jobs, const struct set *set,
	const struct figures *f, const struct prior *like)
{
	struct work_obs *at = l->probes;

	l->fit = (struct device_fit){.f = *f, .like = like};
	l->n = 0;
	for (size_t i = 0; i < jobs->n; i++) {
		struct work_obs *first = at;
		bool seen[LIMITS_MAX];

		probes_choose(set, l, &jobs->at[i], seen);
		for (size_t k = 0; k < jobs->at[i].n; k++)
			if (seen[k])
				*at++ = jobs->at[i].obs[k];
		l->sweeps[l->n++] =
			(struct sweep){first, (size_t)(at - first), family_of(jobs, i), {0}};
	}
	require(device_fit_run(&l->fit, l->sweeps, l->n), "joint fit");
	device_prior_learn(&l->fit, l->sweeps, l->n);
	require(device_calibrate(&l->fit, l->sweeps, l->n), "calibration");
}

/* What hg_model_fit() makes of a GPU that nobody described: no limit that is judged was seen. */
static void joint_judge(const char *gpu, const char *what, const struct jobs *jobs,
	const struct figures *f, const struct prior *like)
{
	struct learnt *l = need(calloc(1, sizeof *l));
	struct tables *t = need(calloc(1, sizeof *t));

	for (size_t k = 1; k < SETS - 1; k++) {
		char name[120];

		joint_learn(l, jobs, &sets[k], f, like);
		for (size_t i = 0; i < jobs->n; i++)
			set_judge(t, l, &jobs->at[i], k);
		(void)snprintf(name, sizeof name, "%s, joint fit: %s", what, sets[k].name);
		score_print(gpu, name, &t->sets[k], true);
	}
	free(l);
	free(t);
}

/* What was learnt on one GPU on another one, powers relative to the highest limit. */
static void foreign_move(struct learnt *l, const struct figures *to)
{
	double ratio = to->cap_max_w / l->fit.f.cap_max_w;
	struct figures f = l->fit.f;

	f.cap_min_w = to->cap_min_w;
	f.cap_max_w = f.cap_default_w = to->cap_max_w;
	f.static_w *= ratio;
	f.clock_tree_w *= ratio;
	f.memory_w *= ratio;
	f.gap_w *= ratio;
	l->fit.f = f;
	l->fit.prior.mean[WORK_POWER - 1] += log(ratio);
	l->fit.prior.mean[WORK_GAPPOWER - 1] += log(ratio);
}

/* How much of one GPU's physics another one is thought to have; the rest is neutral. */
#define SHARED 0.3

static double lean(double from, double to)
{
	return exp(SHARED * log(fmax(1e-9, from)) + (1.0 - SHARED) * log(fmax(1e-9, to)));
}

static void figures_lean(struct figures *f)
{
	struct figures neutral = *f;

	device_neutral(&neutral);
	f->static_w = lean(f->static_w, neutral.static_w);
	f->clock_tree_w = lean(f->clock_tree_w, neutral.clock_tree_w);
	f->memory_w = lean(f->memory_w, neutral.memory_w);
	f->gap_w = lean(f->gap_w, neutral.gap_w);
	f->lowest_clock = lean(f->lowest_clock, neutral.lowest_clock);
	f->overlap = lean(f->overlap, neutral.overlap);
	f->voltage_knee = SHARED * f->voltage_knee + (1.0 - SHARED) * neutral.voltage_knee;
	f->voltage_slope = SHARED * f->voltage_slope + (1.0 - SHARED) * neutral.voltage_slope;
}

/* Nothing is known of `gpu` but the range of its limits: physics and prior are the generic ones,
 * which V100 and A40 had their part in, or those of one other GPU, on all of whose jobs they were
 * learnt. Each job by itself; then with a joint fit of the device to the probes of all jobs. */
static void foreign_bench(const char *dir, const struct names *files, size_t gpu, bool described)
{
	char path[4096], name[2][256], what[300];
	struct learnt *l = need(calloc(1, sizeof *l));
	struct jobs *jobs, *others;
	struct figures f;
	struct prior prior;

	(void)snprintf(path, sizeof path, "%s/zeus/%s", dir, files->at[gpu]);
	(void)snprintf(name[0], sizeof name[0], "%.*s", (int)(strlen(files->at[gpu]) - 18),
		files->at[gpu] + 14);
	jobs = jobs_read(path, !described);
	if (!jobs->n) {
		free(jobs);
		free(l);
		return;
	}
	f = neutral_device(jobs);
	device_generic(&f);
	prior_generic(&f, &prior);
	foreign_judge(name[0], "undescribed, generic", jobs, &f, &prior);
	joint_judge(name[0], "undescribed, generic", jobs, &f, &prior);
	for (size_t i = 0; i < files->n; i++) {
		if (i == gpu)
			continue;
		(void)snprintf(path, sizeof path, "%s/zeus/%s", dir, files->at[i]);
		(void)snprintf(name[1], sizeof name[1], "%.*s", (int)(strlen(files->at[i]) - 18),
			files->at[i] + 14);
		others = jobs_read(path, false);
		if (!others->n) {
			free(others);
			continue;
		}
		learn(l, others, UINT_MAX);
		require(device_calibrate(&l->fit, l->sweeps, l->n), "calibration");
		foreign_move(l, &f);
		(void)snprintf(what, sizeof what, "undescribed, as %.200s", name[1]);
		foreign_judge(name[0], what, jobs, &l->fit.f, &l->fit.prior);
		/* one other GPU says as much of this one, and of workloads on it, as no GPU at all
		 */
		prior_default(&l->fit.f, &prior);
		prior_lean(&l->fit.prior, &prior, 0.5);
		figures_lean(&l->fit.f);
		joint_judge(name[0], what, jobs, &l->fit.f, &l->fit.prior);
		free(others);
	}
	free(jobs);
	free(l);
}

/* ----- speed */

static void speed_bench(void)
{
	hg_obs obs[9];
	hg_forecast at = {.size = sizeof at};
	hg_fit *fit = NULL;
	hg_model *m;
	hg_error why;
	double begin;
	int rounds = 200, n = 0;

	require(hg_model_load("a40", NULL, &m, &why), "a40");
	for (int i = 0; i < 9; i++)
		obs[i] = (hg_obs){{0, 100 + 25 * i}, 10 + 20 * exp(-0.5 * i), 2000, 0, 0};
	begin = user_s();
	for (int i = 0; i < rounds; i++) {
		hg_fit_destroy(fit);
		obs[4].time_s = 12 + 0.001 * i;
		require(hg_fit_create(m, obs, 9, NULL, &fit, &why), why.text);
	}
	report("speed", "fit of 9 observations", 1e3 * (user_s() - begin) / rounds, "ms");
	begin = user_s();
	do {
		for (int i = 0; i < 10000; i++) {
			hg_knobs k = {0, 100 + 0.02 * i};

			require(hg_fit_predict(fit, &k, &at), "predict");
		}
		n += 10000;
	} while (user_s() - begin < 0.5);
	report("speed", "predictions with intervals, 9 observations", n / (user_s() - begin) * 1e-6,
		"M/s");
	hg_fit_destroy(fit);
	hg_model_destroy(m);
}

/* ----- files */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void files_find(const char *folder, const char *prefix, struct names *out)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	out->n = 0;
	while (d && (e = readdir(d)) && out->n < FILES_MAX) {
		size_t len = strlen(e->d_name);

		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 || len < 5 ||
			len >= sizeof out->at[0] || strcmp(e->d_name + len - 4, ".csv") != 0)
			continue;
		memcpy(out->at[out->n++], e->d_name, len + 1);
	}
	if (d)
		(void)closedir(d);
	qsort(out->at, out->n, sizeof out->at[0], by_name);
}

static void ops_bench(const char *dir)
{
	struct names files;
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/modelling/aic", dir);
	files_find(path, "gemm_", &files);
	gemm_bench(dir, &files);
	files_find(path, "nccl_", &files);
	collective_bench(dir, &files);
	collective_kind_bench(dir, &files);
	(void)snprintf(path, sizeof path, "%s/serving/vidur", dir);
	files_find(path, "", &files);
	operators_bench(dir, &files);
	phases_bench(dir);
}

int main(int argc, char **argv)
{
	const char *dir = HG_BENCH_DIR "/../../shared/data";
	bool phases = false, no_sweeps = false, no_ops = false, unknown = false, ops, sweeps;
	const struct bench_option options[] = {
		{"--data", BENCH_TEXT, &dir, "DIR", 0, 0, "where the measurements are"},
		{"--ops", BENCH_FLAG, &no_sweeps, NULL, 0, 0, "only times of ops"},
		{"--phases", BENCH_FLAG, &phases, NULL, 0, 0, "only prefill and decode"},
		{"--sweeps", BENCH_FLAG, &no_ops, NULL, 0, 0, "only sweeps of settings"},
		{"--undescribed", BENCH_FLAG, &unknown, NULL, 0, 0,
			"only sweeps, of devices that nobody described"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};
	struct names files;
	char path[4096];

	(void)bench_options("bench-model", argc, argv, 0, options);
	ops = !phases && !no_ops && !unknown;
	sweeps = !phases && !no_sweeps;
	speed_bench();
	if (phases)
		phases_bench(dir);
	if (ops)
		ops_bench(dir);
	if (!sweeps)
		return 0;
	(void)snprintf(path, sizeof path, "%s/zeus", dir);
	files_find(path, "summary_power_", &files);
	for (size_t i = 0; i < files.n; i++) {
		char gpu[256];

		(void)snprintf(path, sizeof path, "%s/zeus/%s", dir, files.at[i]);
		(void)snprintf(
			gpu, sizeof gpu, "%.*s", (int)(strlen(files.at[i]) - 18), files.at[i] + 14);
		if (!unknown)
			gpu_bench(gpu, path);
	}
	for (size_t i = 0; i < files.n; i++)
		foreign_bench(dir, &files, i, !unknown);
	return 0;
}
