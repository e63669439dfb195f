#include "fit-table.h"

#include <math.h>
#include <string.h>

/* A cap that no clock exceeds. */
#define UNCAPPED 1e9
/* A cap's nodes stay so far, relatively, from where it begins and ends to bind: what a parameter
 * does to the time jumps there. */
#define INSIDE 0.002

/* The fitted workload as one op of a device whose powers are the workload's. */
static hg_err physics_create(struct fit_table *t, const struct work_fit *w, hg_error *why)
{
	struct work of = work_of(w->z);
	double active_s = of.time_s * (1.0 - of.gap);
	struct hg_model m = {.name = "fit", .f = w->f};
	struct op op = {
		.repeat = 1, .compute_efficiency = 1.0, .memory_efficiency = 1.0, .activity = 1.0};
	struct hg_workload work = {.name = "fit", .unit = "unit", .ops = &op, .n_ops = 1};

	m.f.static_w = w->response.static_w;
	m.f.compute_w = of.power_w;
	m.f.gap_w = of.gap_power_w;
	m.f.peak_flops = m.f.peak_bytes_per_s = 1.0;
	m.f.compute_efficiency = m.f.memory_efficiency = 1.0;
	op.flops = active_s * of.compute;
	op.bytes = active_s * w->response.m;
	op.host_gap_s = of.time_s * of.gap;
	return hg_predictor_create(&m, &work, &t->physics, why);
}

static void node_fill(const struct work_fit *w, const hg_knobs *k, struct fit_node *node)
{
	struct work_forecast at;

	work_fit_forecast(w, k, &at);
	for (size_t c = 0; c < 2; c++)
		node->residual[c] = at.ln[c] - at.physics[c];
	node->sd[0] = at.sd[0];
	node->sd[1] = at.sd[2];
}

hg_err fit_table_init(struct fit_table *t, const struct work_fit *w, hg_error *why)
{
	double far = -log(w->f.lowest_clock);

	memset(t, 0, sizeof *t);
	t->per_s = (FIT_CLOCKS - 1) / fmax(far, 1e-9);
	t->clock_max_hz = w->f.clock_max_hz;
	for (size_t i = 0; i < FIT_CLOCKS; i++) {
		double x = fmax(w->f.lowest_clock, exp(-(double)i / t->per_s));
		hg_knobs lock = {x * t->clock_max_hz, UNCAPPED};
		double held = fmin(fmax(x, w->f.lowest_clock * (1.0 + INSIDE)), 1.0 - INSIDE);
		hg_knobs cap = {0, response_active_power(&w->response, held)};

		node_fill(w, &lock, &t->locked[i]);
		node_fill(w, &cap, &t->capped[i]);
	}
	return physics_create(t, w, why);
}

void fit_table_finish(struct fit_table *t)
{
	hg_predictor_destroy(t->physics);
	memset(t, 0, sizeof *t);
}

hg_err fit_table_forecast(const struct fit_table *t, const hg_knobs *k, struct work_forecast *out)
{
	const struct fit_node *a;
	hg_estimate e;
	double at, w, physics;
	size_t i;
	hg_err rc = hg_predictor_eval(t->physics, k, &e);

	if (rc)
		return rc;
	out->x = e.clock_hz / t->clock_max_hz;
	out->flags = e.flags;
	at = fmin(fmax(0.0, -log(out->x) * t->per_s), FIT_CLOCKS - 1);
	i = at < FIT_CLOCKS - 2 ? (size_t)at : FIT_CLOCKS - 2;
	w = at - (double)i;
	a = e.flags ? &t->locked[i] : &t->capped[i];
	physics = log(e.time_s);
	out->physics[0] = physics;
	out->physics[1] = log(e.energy_j) - physics;
	for (size_t c = 0; c < 2; c++)
		out->ln[c] = out->physics[c] + a[0].residual[c] +
			     w * (a[1].residual[c] - a[0].residual[c]);
	out->ln[2] = out->ln[0] + out->ln[1];
	out->sd[0] = a[0].sd[0] + w * (a[1].sd[0] - a[0].sd[0]);
	out->sd[2] = a[0].sd[1] + w * (a[1].sd[1] - a[0].sd[1]);
	out->sd[1] = (double)NAN;
	return HG_OK;
}
