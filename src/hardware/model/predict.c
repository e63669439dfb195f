#include "predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

#include <hourglass/frontier.h>

#include "mix.h"
#include "op-cost.h"

static double voltage(const struct figures *f, double x)
{
	double above = x > f->voltage_knee ? x - f->voltage_knee : 0.0;

	return (1.0 + f->voltage_slope * above) /
	       (1.0 + f->voltage_slope * (1.0 - f->voltage_knee));
}

static void setting_at(const struct figures *f, double x, double cap_w, struct setting *s)
{
	double v = voltage(f, x);

	s->x = x;
	s->cap_w = cap_w;
	s->v2 = v * v;
	s->base_w = f->static_w + s->v2 * x * f->clock_tree_w;
	s->xp = pow(x, -f->overlap);
	s->mf = x < f->memory_knee ? pow(f->memory_knee / x, f->memory_exponent * f->overlap) : 1.0;
	s->inv_p = 1.0 / f->overlap;
}

void setting_init(const hg_predictor *p, const hg_knobs *k, struct setting *s)
{
	double x = k->clock_hz > 0.0 ? k->clock_hz / p->f.clock_max_hz : 1.0;

	setting_at(&p->f, x < 1.0 ? x : 1.0, k->cap_w > 0.0 ? k->cap_w : p->f.cap_default_w, s);
}

static double kernel_time(const struct kernel *k, const struct setting *s)
{
	if (k->flat)
		return k->scale_s;
	return k->scale_s * pow(k->cp * s->xp + k->mp * s->mf, s->inv_p);
}

static double kernel_power(const struct kernel *k, const struct setting *s, double time_s)
{
	return s->base_w + (s->v2 * k->compute_j + k->memory_j) / time_s;
}

static void cost_at_node(const hg_predictor *p, const struct kernel *k, size_t i, uint32_t flags,
	struct kernel_cost *out)
{
	out->time_s = 1.0 / k->rate_hz[i];
	out->power_w = k->power_w[i];
	out->x = p->x[i];
	out->flags = flags;
}

/* The cap binds somewhere below the asked clock. */
static void cost_under_cap(const hg_predictor *p, const struct kernel *k, const struct setting *s,
	struct kernel_cost *out)
{
	const double *power = k->power_w;
	double cap = s->cap_w, w, x;
	size_t i = 0;

	if (cap < power[0]) {
		cost_at_node(p, k, 0, HG_CAP_INFEASIBLE, out);
		return;
	}
	for (size_t step = PREDICT_CLOCKS / 2; step; step /= 2)
		i += power[i + step] <= cap ? step : 0;
	if (i == PREDICT_CLOCKS - 1) {
		cost_at_node(p, k, i, HG_CAP_NOT_BINDING, out);
		return;
	}
	w = (cap - power[i]) / (power[i + 1] - power[i]);
	x = p->x[i] + w * (p->x[i + 1] - p->x[i]);
	out->time_s = 1.0 / (k->rate_hz[i] + w * (k->rate_hz[i + 1] - k->rate_hz[i]));
	out->power_w = cap;
	out->x = x < s->x ? x : s->x;
	out->flags = 0;
}

void kernel_cost(const hg_predictor *p, const struct kernel *k, const struct setting *s,
	struct kernel_cost *out)
{
	double time_s, power_w;

	if (s->x >= 1.0) {
		cost_under_cap(p, k, s, out);
		return;
	}
	time_s = kernel_time(k, s);
	power_w = kernel_power(k, s, time_s);
	if (power_w > s->cap_w && s->x > p->x[0]) {
		cost_under_cap(p, k, s, out);
		return;
	}
	out->time_s = time_s;
	out->power_w = power_w;
	out->x = s->x;
	out->flags = power_w > s->cap_w ? HG_CAP_INFEASIBLE : HG_CAP_NOT_BINDING;
}

bool predictor_is_of(const hg_predictor *p, const hg_workload *w)
{
	return p->n_steps == w->n_ops && !memcmp(p->ops, w->ops, w->n_ops * sizeof *w->ops);
}

/* ----- preparing */

/* 64 clocks from the lowest to 1, with the knees of voltage and memory moved onto the nearest
 * clock: between two neighbours everything is smooth then. */
static void clocks_choose(hg_predictor *p)
{
	const struct figures *f = &p->f;
	const double knees[] = {f->voltage_knee, f->memory_knee};
	double low = f->clock_min_hz / f->clock_max_hz;
	double step;
	size_t taken = 0;

	low = f->lowest_clock > low ? f->lowest_clock : low;
	step = (1.0 - low) / (PREDICT_CLOCKS - 1);
	for (size_t i = 0; i < PREDICT_CLOCKS; i++)
		p->x[i] = low + step * (double)i;
	p->x[PREDICT_CLOCKS - 1] = 1.0;
	for (size_t j = 0; j < 2; j++) {
		double at = step > 0.0 ? (knees[j] - low) / step : 0.0;
		size_t i;

		if (!(at >= 0.5 && at <= (double)(PREDICT_CLOCKS - 1) - 0.5))
			continue;
		i = (size_t)(at + 0.5);
		if (i == taken)
			continue;
		p->x[i] = knees[j];
		taken = i;
	}
}

static void tables_fill(hg_predictor *p)
{
	for (size_t i = 0; i < PREDICT_CLOCKS; i++) {
		struct setting s;

		setting_at(&p->f, p->x[i], 0.0, &s);
		for (size_t j = 0; j < p->n_kernels; j++) {
			struct kernel *k = &p->kernels[j];
			double time_s = kernel_time(k, &s);

			k->rate_hz[i] = 1.0 / time_s;
			k->power_w[i] = kernel_power(k, &s, time_s);
		}
	}
	/* rounding must not make the search's keys fall where power is flat */
	for (size_t j = 0; j < p->n_kernels; j++)
		for (size_t i = 1; i < PREDICT_CLOCKS; i++)
			p->kernels[j].power_w[i] =
				fmax(p->kernels[j].power_w[i], p->kernels[j].power_w[i - 1]);
}

static uint32_t kernel_find(hg_predictor *p, const struct op_work *w)
{
	const struct figures *f = &p->f;
	double c = w->cost.compute_s, m = w->cost.memory_s;
	bool flat = w->cost.flat_s > 0.0;
	double scale = flat ? w->cost.flat_s : fmax(c, m);
	struct kernel k;

	/* below the smallest normal number the rate is no number any more */
	if (!(scale > 1e-300))
		return KERNEL_NONE;
	k = (struct kernel){
		.scale_s = scale,
		.cp = flat ? 0.0 : pow(c / scale, f->overlap),
		.mp = flat ? 0.0 : pow(m / scale, f->overlap),
		.flat = flat,
		.compute_j = flat ? 0.0 : f->compute_w * w->activity * w->cost.drawn_s,
		.memory_j = f->memory_w * (flat ? w->traffic_s : m),
	};
	for (size_t i = 0; i < p->n_kernels; i++) {
		const struct kernel *have = &p->kernels[i];

		if (have->scale_s == k.scale_s && have->cp == k.cp && have->mp == k.mp &&
			have->flat == k.flat && have->compute_j == k.compute_j &&
			have->memory_j == k.memory_j)
			return (uint32_t)i;
	}
	p->kernels[p->n_kernels] = k;
	return (uint32_t)p->n_kernels++;
}

hg_err predictor_build(const struct figures *f, uint32_t origin, const struct op_work *work,
	size_t n, hg_predictor **out)
{
	hg_predictor *p = calloc(1, sizeof *p);

	*out = NULL;
	if (!p)
		return HG_ENOMEM;
	p->kernels = calloc(n + 1, sizeof *p->kernels);
	p->steps = calloc(n + 1, sizeof *p->steps);
	if (!p->kernels || !p->steps) {
		hg_predictor_destroy(p);
		return HG_ENOMEM;
	}
	p->f = *f;
	p->origin = origin;
	p->n_steps = n;
	for (size_t i = 0; i < n; i++) {
		struct step *step = &p->steps[i];

		*step = (struct step){kernel_find(p, &work[i]), work[i].repeat, work[i].cost.gap_s};
		p->gap_s += (double)step->repeat * step->host_gap_s;
		if (step->kernel != KERNEL_NONE)
			p->kernels[step->kernel].count += (double)step->repeat;
	}
	clocks_choose(p);
	tables_fill(p);
	*out = p;
	return HG_OK;
}

static struct op_work *works_of(const hg_model *m, const hg_workload *w, const hg_ops *ops)
{
	struct op_work *work = calloc(w->n_ops + 1, sizeof *work);

	for (size_t i = 0; i < w->n_ops && work; i++) {
		const struct op *op = &w->ops[i];

		op_cost(&m->f, ops, op, &work[i].cost);
		work[i].activity = op->activity;
		work[i].traffic_s = op->bytes / m->f.peak_bytes_per_s;
		work[i].repeat = op->repeat;
	}
	return work;
}

hg_err hg_predictor_create_with(const hg_model *m, const hg_workload *w, const hg_ops *ops,
	hg_predictor **out, hg_error *why)
{
	struct op_work *work;
	struct figures f;
	hg_err rc;

	*out = NULL;
	if (!m || !w)
		return fail(why, HG_EINVAL, "hg_predictor_create: no model or no workload");
	f = figures_of_ops(&m->f);
	work = works_of(m, w, ops);
	rc = work ? predictor_build(
			    &f, m->origin | (ops ? HG_ORIGIN_FITTED : 0), work, w->n_ops, out)
		  : HG_ENOMEM;
	free(work);
	if (!rc) {
		(*out)->ops = calloc(w->n_ops + 1, sizeof *w->ops);
		rc = (*out)->ops ? HG_OK : HG_ENOMEM;
	}
	if (rc) {
		hg_predictor_destroy(*out);
		*out = NULL;
		return fail(why, rc, "%s: out of memory", w->name);
	}
	memcpy((*out)->ops, w->ops, w->n_ops * sizeof *w->ops);
	return HG_OK;
}

hg_err hg_predictor_create(
	const hg_model *m, const hg_workload *w, hg_predictor **out, hg_error *why)
{
	return hg_predictor_create_with(m, w, NULL, out, why);
}

void hg_predictor_destroy(hg_predictor *p)
{
	if (!p)
		return;
	free(p->kernels);
	free(p->steps);
	free(p->ops);
	free(p);
}

/* ----- answering */

/* A clock that went through MHz and back may miss the bound by rounding. */
static bool out_of_range(double value, double min, double max)
{
	return value != 0.0 && !(value >= min * (1.0 - 1e-9) && value <= max * (1.0 + 1e-9));
}

hg_err hg_predictor_eval(const hg_predictor *p, const hg_knobs *k, hg_estimate *out)
{
	const struct figures *f = &p->f;
	struct setting s;
	double time_s = 0.0, energy_j = 0.0, cycles = 0.0, peak_w = 0.0;
	uint32_t any = 0, all = HG_CAP_NOT_BINDING;

	if (out_of_range(k->clock_hz, f->clock_min_hz, f->clock_max_hz) ||
		out_of_range(k->cap_w, f->cap_min_w, f->cap_max_w))
		return HG_ERANGE;
	setting_init(p, k, &s);
	for (size_t i = 0; i < p->n_kernels; i++) {
		const struct kernel *kernel = &p->kernels[i];
		struct kernel_cost cost;
		double t;

		kernel_cost(p, kernel, &s, &cost);
		t = kernel->count * cost.time_s;
		time_s += t;
		energy_j += t * cost.power_w;
		cycles += t * cost.x;
		peak_w = cost.power_w > peak_w ? cost.power_w : peak_w;
		any |= cost.flags;
		all &= cost.flags;
	}
	out->clock_hz = (time_s > 0.0 ? cycles / time_s : s.x) * f->clock_max_hz;
	out->time_s = time_s + p->gap_s;
	out->energy_j = energy_j + p->gap_s * f->gap_w;
	out->power_max_w = peak_w;
	out->flags = all | (any & HG_CAP_INFEASIBLE);
	out->origin = p->origin;
	return HG_OK;
}
