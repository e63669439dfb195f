/* Jobs with two knobs, as the physics of simulated devices says what they cost. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tune-grid.h"
#include "core/rng.h"
#include "hardware/model/mix.h"
#include "hardware/model/predict.h"

#include "sweeps.h"

#define OPS_MAX 4
#define LIMITS  10
#define CLOCKS  20

static const hg_knob_def knobs[] = {
	{"power_limit_w", "W", NULL, 0}, {"sm_clock_mhz", "MHz", NULL, 0}};

/** What lives as long as the program. */
struct grid_job {
	double cells[GRID_SETTINGS * 2];
	struct live whole;
};

/* Two to four kinds of kernels, bound by computing or by memory, that draw more and less. */
static hg_predictor *random_work(const hg_model *m, struct rng *rng)
{
	struct op_work work[OPS_MAX];
	struct figures f = figures_of_ops(&m->f);
	size_t n = 2 + (size_t)(3 * rng_double(rng));
	hg_predictor *p;

	memset(work, 0, sizeof work);
	for (size_t i = 0; i < n; i++) {
		double seconds = 0.02 + 0.1 * rng_double(rng);
		double other = seconds * (0.05 + 0.6 * rng_double(rng));
		bool computes = rng_double(rng) < 0.6;

		work[i].repeat = 1;
		work[i].activity = 0.3 + 0.9 * rng_double(rng);
		work[i].cost.compute_s = computes ? seconds : other;
		work[i].cost.memory_s = computes ? other : seconds;
		work[i].cost.gap_s = i == 0 ? 0.03 * rng_double(rng) : 0;
	}
	need(predictor_build(&f, 0, work, n, &p), "random work");
	return p;
}

/* Highest first, as the command has them. */
static size_t make_cells(const hg_model *m, enum grid_kind kind, double *cells)
{
	const struct figures *f = &m->f;
	double watts[LIMITS], mhz[CLOCKS];
	double low = fmax(f->clock_min_hz, 0.5 * f->clock_max_hz);
	const double found[] = {f->cap_default_w, (double)NAN};
	struct grid_axis axes[] = {{watts, 0}, {mhz, CLOCKS}};
	size_t n, kept = 0;

	for (size_t i = 0; i < LIMITS; i++) {
		double w = f->cap_max_w - (f->cap_max_w - f->cap_min_w) * (double)i / (LIMITS - 1);

		if (w != f->cap_default_w)
			watts[axes[0].n++] = w;
	}
	for (size_t i = 0; i < CLOCKS; i++)
		mhz[i] = 1e-6 *
			 (f->clock_max_hz - (f->clock_max_hz - low) * ((double)i + 1) / CLOCKS);
	n = grid_make(axes, 2, found, cells);
	for (size_t i = 0; i < n; i++) {
		bool limit = cells[2 * i] != found[0], clock = !isnan(cells[2 * i + 1]);

		if ((kind == GRID_LIMITS && clock) || (kind == GRID_APART && limit && clock))
			continue;
		memmove(cells + 2 * kept++, cells + 2 * i, 2 * sizeof *cells);
	}
	return kept;
}

static void fill(struct power_sweep *s, const hg_predictor *p, const double *cells, size_t n)
{
	struct live *l = &s->job;

	l->n = n;
	l->knobs = knobs;
	l->n_knobs = 2;
	l->cells = cells;
	for (size_t i = 0; i < n; i++) {
		double mhz = cells[2 * i + 1];
		hg_knobs k = {isnan(mhz) ? 0 : 1e6 * mhz, cells[2 * i]};
		hg_estimate e;

		need(hg_predictor_eval(p, &k, &e), s->name);
		l->watts[i] = k.cap_w;
		s->clock_hz[i] = k.clock_hz;
		l->time_s[i] = e.time_s;
		l->power_w[i] = e.energy_j / e.time_s;
	}
}

static void add_job(struct power_sweeps *all, const hg_model *m, enum grid_kind kind, uint64_t seed)
{
	struct power_sweep *s = &all->at[all->n++], whole;
	struct grid_job *job = calloc(1, sizeof *job);
	double cells[GRID_SETTINGS * 2];
	hg_predictor *p;
	struct rng rng;

	if (!job)
		need(HG_ENOMEM, m->name);
	rng_init(&rng, seed);
	p = random_work(m, &rng);
	memset(s, 0, sizeof *s);
	memset(&whole, 0, sizeof whole);
	(void)snprintf(s->name, sizeof s->name, "%s/%llu", m->name, (unsigned long long)seed);
	(void)snprintf(s->gpu, sizeof s->gpu, "%s", m->name);
	(void)snprintf(s->family, sizeof s->family, "random%llu", (unsigned long long)seed);
	s->devices = 1;
	s->model = m;
	fill(&whole, p, cells, make_cells(m, GRID_JOINT, cells));
	fill(s, p, job->cells, make_cells(m, kind, job->cells));
	job->whole = whole.job;
	s->whole = &job->whole;
	hg_predictor_destroy(p);
}

void grids_make(struct power_sweeps *all, enum grid_kind kind, size_t jobs_each)
{
	all->n = 0;
	for (size_t d = 0; hg_model_builtin(d); d++) {
		hg_model *m = NULL;

		need(hg_model_load(hg_model_builtin(d), NULL, &m, NULL), hg_model_builtin(d));
		for (size_t i = 0; i < jobs_each && all->n < MAX_SWEEPS; i++)
			add_job(all, m, kind, 1000 * d + i);
	}
}
