#include "campaign.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/progress.h"

#define MOST_STEPS ((size_t)1 << 26)
/* "Back" is a mean this near the new best choice's, over so many recurrences. */
#define NEAR      1.05
#define NEAR_RUNS 5

/* Work that threads share; next, done, stop and err under the lock. */
struct pool {
	const struct campaign *c;
	struct sim_step *steps; /* [job][seed][recurrence] */
	struct sim_counts *counts;
	pthread_mutex_t lock;
	size_t next, done, total;
	bool stop;
	hg_err err;
	hg_error why;
};

static bool take(struct pool *p, size_t *task)
{
	bool have;

	(void)pthread_mutex_lock(&p->lock);
	have = !p->stop && p->err == HG_OK && p->next < p->total;
	if (have)
		*task = p->next++;
	(void)pthread_mutex_unlock(&p->lock);
	return have;
}

/* @return how many are done */
static size_t finish(struct pool *p, hg_err err, const hg_error *why)
{
	size_t done;

	(void)pthread_mutex_lock(&p->lock);
	done = ++p->done;
	if (err && p->err == HG_OK) {
		p->err = err;
		p->why = *why;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return done;
}

static size_t work_one(struct pool *p, size_t task)
{
	const struct campaign *c = p->c;
	hg_error why = {""};
	hg_err err =
		sim_run(&c->jobs[task / c->seeds], &c->options, c->first_seed + task % c->seeds,
			p->steps + task * c->options.recurrences, &p->counts[task], &why);

	return finish(p, err, &why);
}

static void *work(void *arg)
{
	struct pool *p = arg;
	size_t task;

	while (take(p, &task))
		(void)work_one(p, task);
	return NULL;
}

/* The calling thread works too, and tells how far all are. */
static void work_and_tell(struct pool *p)
{
	struct progress progress;
	size_t task;

	progress_init(&progress, p->c->progress, p->c->progress_user, "replaying", p->total);
	while (take(p, &task))
		if (!progress_step(&progress, work_one(p, task))) {
			(void)pthread_mutex_lock(&p->lock);
			p->stop = true;
			(void)pthread_mutex_unlock(&p->lock);
		}
}

static void run_threads(struct pool *p)
{
	pthread_t threads[256] = {0};
	unsigned n = 0, want = p->c->threads > 256 ? 256 : p->c->threads;

	/* Fewer threads than asked are slower, no more. */
	while (n + 1 < want && n + 1 < p->total && pthread_create(&threads[n], NULL, work, p) == 0)
		n++;
	work_and_tell(p);
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
}

/* ----- what came of it */

/* Mean over seeds of cost over best, less 1, for recurrences from..to. */
static double excess(const struct campaign_result *r, uint32_t from, uint32_t to)
{
	double cost = 0, best = 0;

	for (uint32_t i = from; i < to; i++) {
		cost += r->steps[i].cost_j / r->steps[i].best_j;
		best += 1;
	}
	return best > 0 ? cost / best - 1 : 0;
}

static void mean_steps(
	const struct campaign *c, const struct sim_step *steps, struct campaign_result *r)
{
	uint32_t n = c->options.recurrences;
	double regret = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct campaign_step *m = &r->steps[i];

		for (uint32_t s = 0; s < c->seeds; s++) {
			const struct sim_step *one = &steps[(size_t)s * n + i];

			m->cost_j += one->cost_j / c->seeds;
			m->energy_j += one->energy_j / c->seeds;
			m->time_s += one->time_s / c->seeds;
			m->best_j += one->best_j / c->seeds;
			m->failed += (double)one->failed / c->seeds;
			for (int k = 0; k < SIM_PARTS; k++)
				r->part[k] += one->part_j[k] / one->best_j / n / c->seeds;
		}
		regret += m->cost_j - m->best_j;
		m->regret_j = regret;
	}
}

static double mean_last5(const struct campaign *c, const struct sim_step *steps, bool energy)
{
	uint32_t n = c->options.recurrences, from = n > 5 ? n - 5 : 0;
	double sum = 0;

	for (uint32_t i = from; i < n; i++)
		sum += (energy ? steps[i].energy_j : steps[i].time_s) / (n - from);
	return sum;
}

static void last5(const struct campaign *c, const struct sim_job *job, const struct sim_step *steps,
	bool energy, double *mean, double *sd)
{
	const struct sim_arm *a = &job->arms[job->default_arm];
	double unit = a->mean_epochs * (energy ? a->top_j : a->top_s), sum = 0, squares = 0;

	for (uint32_t s = 0; s < c->seeds; s++) {
		double x = mean_last5(c, steps + (size_t)s * c->options.recurrences, energy) / unit;

		sum += x;
		squares += x * x;
	}
	*mean = sum / c->seeds;
	*sd = sqrt(fmax(0, squares / c->seeds - *mean * *mean));
}

/* Recurrences from the drift until the next few cost near the new best in the mean. */
static uint32_t back_after(const struct campaign *c, const struct sim_step *steps)
{
	uint32_t n = c->options.recurrences, at = c->options.drift.at;

	for (uint32_t i = at; i + NEAR_RUNS <= n; i++) {
		double fair = 0, best = 0;

		for (uint32_t k = i; k < i + NEAR_RUNS; k++) {
			fair += steps[k].fair_j;
			best += steps[k].best_j;
		}
		if (fair <= NEAR * best)
			return i - at;
	}
	return n > at ? n - at : 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static hg_err recovery(
	const struct campaign *c, const struct sim_step *steps, struct campaign_result *r)
{
	uint32_t *back = calloc(c->seeds, sizeof *back);

	if (!back)
		return HG_ENOMEM;
	for (uint32_t s = 0; s < c->seeds; s++) {
		back[s] = back_after(c, steps + (size_t)s * c->options.recurrences);
		r->back += (double)back[s] / c->seeds;
		r->back_within_10 += back[s] <= 10 ? 1.0 / c->seeds : 0;
	}
	qsort(back, c->seeds, sizeof *back, by_value);
	r->back_worst = back[(size_t)(0.9 * (c->seeds - 1))];
	free(back);
	return HG_OK;
}

/* Times in runs of the best fixed choice. */
static void times(const struct campaign *c, const struct sim_job *job, const struct sim_step *steps,
	struct campaign_result *r)
{
	const struct sim_arm *best = &job->arms[job->best_arm];
	double unit = best->mean_epochs * best->time_s * c->seeds;
	uint32_t n = c->options.recurrences;

	for (uint32_t s = 0; s < c->seeds; s++) {
		double last = 0;

		for (uint32_t i = 0; i < n; i++) {
			r->wait += steps[(size_t)s * n + i].wait_s / unit / n;
			last = fmax(last, steps[(size_t)s * n + i].end_s);
		}
		r->span += last / unit;
	}
}

static hg_err conclude(const struct pool *p, size_t job, struct campaign_result *r)
{
	const struct campaign *c = p->c;
	uint32_t n = c->options.recurrences;
	const struct sim_step *steps = p->steps + job * c->seeds * n;

	r->steps = calloc(n, sizeof *r->steps);
	if (!r->steps)
		return HG_ENOMEM;
	mean_steps(c, steps, r);
	times(c, &c->jobs[job], steps, r);
	r->first20 = excess(r, 0, n < 20 ? n : 20);
	r->first50 = excess(r, 0, n < 50 ? n : 50);
	r->last10 = excess(r, n > 10 ? n - 10 : 0, n);
	r->all = excess(r, 0, n);
	last5(c, &c->jobs[job], steps, true, &r->last5_energy, &r->last5_energy_sd);
	last5(c, &c->jobs[job], steps, false, &r->last5_time, &r->last5_time_sd);
	for (uint32_t s = 0; s < c->seeds; s++) {
		r->wedged += p->counts[job * c->seeds + s].wedged > 0;
		r->exhausted += p->counts[job * c->seeds + s].exhausted > 0;
	}
	return c->options.drift.factor > 0 ? recovery(c, steps, r) : HG_OK;
}

static hg_err run_all(struct pool *p, struct campaign_result *results, hg_error *why)
{
	hg_err err;

	if (pthread_mutex_init(&p->lock, NULL))
		return fail(why, HG_ENOMEM, "no lock for threads");
	run_threads(p);
	(void)pthread_mutex_destroy(&p->lock);
	if (p->err)
		return fail(why, p->err, "%s", p->why.text);
	if (p->stop)
		return fail(
			why, HG_EABORTED, "stopped after %zu of %zu replays", p->done, p->total);
	for (size_t i = 0; i < p->c->n_jobs; i++) {
		err = conclude(p, i, &results[i]);
		if (err)
			return fail(why, err, "no memory for results");
	}
	return HG_OK;
}

hg_err campaign_run(const struct campaign *c, struct campaign_result *results, hg_error *why)
{
	struct pool p = {.c = c, .total = c->n_jobs * c->seeds};
	hg_err err;

	memset(results, 0, c->n_jobs * sizeof *results);
	if (c->seeds < 1 || c->options.recurrences < 1)
		return fail(why, HG_EINVAL, "seeds and recurrences: expected at least 1");
	if (p.total > MOST_STEPS / c->options.recurrences)
		return fail(why, HG_ELIMIT, "more than %zu recurrences in all", MOST_STEPS);
	p.steps = calloc(p.total * c->options.recurrences, sizeof *p.steps);
	p.counts = calloc(p.total, sizeof *p.counts);
	if (p.steps && p.counts)
		err = run_all(&p, results, why);
	else
		err = fail(why, HG_ENOMEM, "no memory for %zu replays", p.total);
	free(p.steps);
	free(p.counts);
	return err;
}

void campaign_finish(struct campaign_result *results, size_t n_jobs)
{
	for (size_t i = 0; i < n_jobs; i++) {
		free(results[i].steps);
		results[i].steps = NULL;
	}
}
