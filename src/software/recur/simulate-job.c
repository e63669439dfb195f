/* A job of a trace, made ready for replay. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "simulate.h"

#define MOST_RUNS   1024
#define MOST_LIMITS 256
/* Targets are written with few digits: this is "the same". */
#define SAME 1e-9

static struct sim_arm *find_arm(struct sim_job *s, uint32_t batch)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->arms[i].batch_size == batch)
			return &s->arms[i];
	return NULL;
}

static hg_err add_run(struct sim_job *s, const struct sim_reach *r, hg_error *why)
{
	struct sim_arm *a = find_arm(s, r->batch_size);
	double *epochs;
	uint32_t *numbers;

	if (!a) {
		if (s->n == HG_RECUR_MAX_SIZES)
			return fail(why, HG_ELIMIT, "%s: more than %d batch sizes", s->name,
				HG_RECUR_MAX_SIZES);
		a = &s->arms[s->n++];
		a->batch_size = r->batch_size;
	}
	if (a->runs == MOST_RUNS)
		return fail(why, HG_ELIMIT, "%s: more than %d runs of batch size %u", s->name,
			MOST_RUNS, r->batch_size);
	epochs = realloc(a->epochs, (a->runs + 1) * sizeof *epochs);
	if (epochs)
		a->epochs = epochs;
	numbers = realloc(a->numbers, (a->runs + 1) * sizeof *numbers);
	if (numbers)
		a->numbers = numbers;
	if (!epochs || !numbers)
		return fail(why, HG_ENOMEM, "no memory for runs");
	a->numbers[a->runs] = r->run;
	a->epochs[a->runs++] = r->epochs;
	return HG_OK;
}

static hg_err collect_runs(
	struct sim_job *s, const struct sim_trace *t, size_t job, double target, hg_error *why)
{
	hg_err err = HG_OK;

	for (size_t i = 0; err == HG_OK && i < t->reach.len; i++) {
		const struct sim_reach *r = vec_at(&t->reach, i);

		if (r->job == job && fabs(r->target - target) <= SAME)
			err = add_run(s, r, why);
	}
	if (err == HG_OK && s->n == 0)
		err = fail(why, HG_ENOENT, "%s: no run has the target %g", s->name, target);
	return err;
}

/* Power limits of one size, highest first. */
static size_t limits_of(const struct sim_trace *t, size_t job, uint32_t batch,
	const struct sim_power *rows[MOST_LIMITS])
{
	size_t n = 0;

	for (size_t i = 0; i < t->power.len && n < MOST_LIMITS; i++) {
		const struct sim_power *p = vec_at(&t->power, i);
		size_t at = n;

		if (p->job != job || p->batch_size != batch)
			continue;
		for (; at > 0 && rows[at - 1]->limit_w < p->limit_w; at--)
			rows[at] = rows[at - 1];
		rows[at] = p;
		n++;
	}
	return n;
}

static hg_err build_frontier(
	struct sim_arm *a, const struct sim_power *const *rows, size_t n, hg_error *why)
{
	static const hg_knob_def knob = {.name = "power_limit_w", .unit = "W"};
	hg_point points[MOST_LIMITS];
	double settings[MOST_LIMITS];
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {.size = sizeof opts,
		.info = &info,
		.knobs = &knob,
		.n_knobs = 1,
		.settings = settings,
		.n_settings = n};

	info.work_unit = "epoch";
	info.max_power_w = rows[0]->limit_w;
	memset(points, 0, sizeof points);
	for (size_t i = 0; i < n; i++) {
		settings[i] = rows[i]->limit_w;
		points[i].time_s = rows[i]->epoch_s;
		points[i].energy_j = rows[i]->epoch_s * rows[i]->power_w;
		points[i].setting = (hg_setting)i;
		points[i].origin = HG_ORIGIN_MEASURED;
	}
	return hg_frontier_build(points, n, &opts, &a->frontier, why);
}

/* The limit of least cost, from high to low, and the mean over all. */
static void price(
	struct sim_arm *a, const struct sim_job *s, const struct sim_power *const *rows, size_t n)
{
	a->cost_j = INFINITY;
	for (size_t i = 0; i < n; i++) {
		double e = rows[i]->epoch_s * rows[i]->power_w, t = rows[i]->epoch_s;
		double c = s->eta * e + (1 - s->eta) * s->max_power_w * t;

		a->first_j += e / (double)n;
		a->first_s += t / (double)n;
		if (c >= a->cost_j)
			continue;
		a->cost_j = c;
		a->limit_w = rows[i]->limit_w;
		a->energy_j = e;
		a->time_s = t;
	}
	a->top_j = rows[0]->epoch_s * rows[0]->power_w;
	a->top_s = rows[0]->epoch_s;
}

/* Sizes without power figures are left out. */
static hg_err collect_power(struct sim_job *s, const struct sim_trace *t, size_t job, hg_error *why)
{
	const struct sim_power *rows[MOST_LIMITS];
	uint32_t kept = 0;

	for (size_t i = 0; i < t->power.len; i++) {
		const struct sim_power *p = vec_at(&t->power, i);

		if (p->job == job)
			s->max_power_w = fmax(s->max_power_w, p->limit_w);
	}
	for (uint32_t i = 0; i < s->n; i++) {
		struct sim_arm a = s->arms[i];
		size_t n = limits_of(t, job, a.batch_size, rows);
		hg_err err = HG_OK;

		if (n == 0) {
			sim_arm_finish(&s->arms[i]);
			continue;
		}
		price(&a, s, rows, n);
		err = build_frontier(&a, rows, n, why);
		s->arms[i] = (struct sim_arm){.runs = 0};
		s->arms[kept++] = a;
		if (err)
			return err;
	}
	s->n = kept;
	if (kept == 0)
		return fail(
			why, HG_ENOENT, "%s: the power table has none of its batch sizes", s->name);
	return HG_OK;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = ((const struct sim_arm *)a)->batch_size;
	uint32_t y = ((const struct sim_arm *)b)->batch_size;

	return (x > y) - (x < y);
}

static hg_err settle(struct sim_job *s, const struct sim_spec *spec, hg_error *why)
{
	double least = INFINITY;

	qsort(s->arms, s->n, sizeof *s->arms, by_size);
	for (uint32_t i = 0; i < s->n; i++) {
		struct sim_arm *a = &s->arms[i];

		s->sizes[i] = a->batch_size;
		s->frontiers[i] = a->frontier;
		if (a->batch_size <= spec->default_size)
			s->default_arm = i;
		a->sure = true;
		for (uint32_t r = 0; r < a->runs; r++) {
			a->mean_epochs += a->epochs[r] / a->runs;
			a->sure &= a->epochs[r] <= spec->max_epochs;
		}
		if (a->sure && a->mean_epochs * a->cost_j < least) {
			least = a->mean_epochs * a->cost_j;
			s->best_arm = i;
		}
	}
	if (!(least < INFINITY))
		return fail(why, HG_ENOENT,
			"%s: no batch size has all its runs reach %g within %u epochs", s->name,
			spec->target, spec->max_epochs);
	return HG_OK;
}

hg_err sim_job_init(
	struct sim_job *s, const struct sim_trace *t, const struct sim_spec *spec, hg_error *why)
{
	size_t job = sim_trace_job(t, spec->job);
	hg_err err;

	memset(s, 0, sizeof *s);
	if (job == SIZE_MAX)
		return fail(why, HG_ENOENT, "the tables have no job %s", spec->job);
	s->name = *(const char **)vec_at(&t->jobs, job);
	s->eta = spec->eta;
	s->max_epochs = spec->max_epochs;
	s->target = spec->target;
	err = collect_runs(s, t, job, spec->target, why);
	if (err == HG_OK)
		err = collect_power(s, t, job, why);
	if (err == HG_OK)
		err = settle(s, spec, why);
	if (err == HG_OK)
		err = sim_job_curves(s, t, job, why);
	if (err)
		sim_job_finish(s);
	return err;
}

void sim_job_finish(struct sim_job *s)
{
	for (uint32_t i = 0; i < HG_RECUR_MAX_SIZES; i++)
		sim_arm_finish(&s->arms[i]);
	memset(s, 0, sizeof *s);
}
