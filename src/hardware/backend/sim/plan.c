#include <stdlib.h>

#include "core/fail.h"

#include "sim.h"

void plan_finish(struct plan *p)
{
	free(p->entries);
	p->entries = NULL;
	p->n = 0;
	p->valid = false;
}

hg_err plan_workload(struct sim *s, const hg_workload *w, hg_error *why)
{
	hg_predictor *predictor;
	struct plan_entry *entries;
	hg_err rc;

	if (s->predictor && predictor_is_of(s->predictor, w))
		return HG_OK;
	rc = hg_predictor_create(s->model, w, &predictor, why);
	if (rc)
		return rc;
	entries = calloc(predictor->n_steps, sizeof *entries);
	if (!entries) {
		hg_predictor_destroy(predictor);
		return fail(why, HG_ENOMEM, "%s: out of memory", s->spec);
	}
	hg_predictor_destroy(s->predictor);
	plan_finish(&s->plan);
	s->predictor = predictor;
	s->plan.entries = entries;
	s->plan.n = predictor->n_steps;
	return HG_OK;
}

/* What leakage adds to P0 at the temperature of the moment. */
static double leakage_w(struct sim *s)
{
	const struct figures *f = &s->model->f;

	if (f->leakage_per_k == 0.0)
		return 0.0;
	sim_heat(s);
	return f->static_w * f->leakage_per_k * (s->temperature_c - f->leakage_reference_c);
}

void plan_update(struct sim *s)
{
	const struct figures *f = &s->model->f;
	const hg_knobs knobs = {.clock_hz = (double)s->active[SIM_SM_CLOCK],
		.cap_w = (double)s->active[SIM_POWER_LIMIT] * 1e-3};
	struct plan *p = &s->plan;
	struct setting setting;
	double leak_w = leakage_w(s), time_s = 0.0, energy_j = 0.0, active_s = 0.0;

	setting_init(s->predictor, &knobs, &setting);
	setting.cap_w -= leak_w;
	for (size_t i = 0; i < p->n; i++) {
		const struct step *step = &s->predictor->steps[i];
		struct plan_entry *e = &p->entries[i];
		struct kernel_cost cost = {0.0, 0.0, setting.x, HG_CAP_NOT_BINDING};
		double repeat = (double)step->repeat;

		if (step->kernel != KERNEL_NONE) {
			kernel_cost(s->predictor, &s->predictor->kernels[step->kernel], &setting,
				&cost);
			cost.power_w += leak_w;
		}
		*e = (struct plan_entry){time_s, energy_j, step->host_gap_s, cost.time_s,
			cost.power_w, cost.x, step->repeat, cost.flags};
		time_s += repeat * (e->gap_s + e->kernel_s);
		energy_j += repeat * (e->gap_s * f->gap_w + e->kernel_s * e->kernel_w);
		active_s += repeat * e->kernel_s;
	}
	p->time_s = time_s;
	p->energy_j = energy_j;
	p->active_s = active_s;
	/* the temperature moves on, and the leakage with it */
	p->valid = f->leakage_per_k == 0.0;
}

double plan_energy(const struct plan *p, double gap_w, double offset_s)
{
	const struct plan_entry *e;
	size_t low = 0, high = p->n;
	double rest, cycle_s, cycles, j;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (p->entries[mid].start_s <= offset_s)
			low = mid;
		else
			high = mid;
	}
	e = &p->entries[low];
	rest = offset_s - e->start_s;
	cycle_s = e->gap_s + e->kernel_s;
	if (!(rest > 0.0) || !(cycle_s > 0.0))
		return e->start_j;
	cycles = (double)(uint64_t)(rest / cycle_s);
	cycles = cycles < (double)e->repeat ? cycles : (double)e->repeat;
	rest -= cycles * cycle_s;
	rest = rest > 0.0 ? rest : 0.0;
	j = e->start_j + cycles * (e->gap_s * gap_w + e->kernel_s * e->kernel_w);
	if (rest <= e->gap_s)
		return j + rest * gap_w;
	return j + e->gap_s * gap_w + (rest - e->gap_s) * e->kernel_w;
}
