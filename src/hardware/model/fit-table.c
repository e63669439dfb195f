#include "fit-table.h"

#include <math.h>
#include <string.h>

#include "core/fail.h"

#include "predict.h"

/* A cap that no clock exceeds. */
#define UNCAPPED 1e9
/* A cap's nodes stay so far, relatively, from where it begins and ends to bind: what a parameter
 * does to the time jumps there. */
#define INSIDE 0.002

/* The fitted workload's pieces as ops of a device whose powers are the workload's. */
static hg_err physics_create(struct fit_table *t, const struct work_fit *w, hg_error *why)
{
	const struct response *r = &w->response;
	struct op_work work[RESPONSE_PIECES + 1];
	struct figures f = w->f;
	hg_err rc;

	memset(work, 0, sizeof work);
	f.static_w = r->static_w;
	f.clock_tree_w = r->tree_w;
	f.compute_w = r->compute_w;
	f.memory_w = r->memory_w;
	f.gap_w = r->gap_w;
	for (size_t i = 0; i < r->n; i++) {
		const struct piece *p = &r->piece[i];
		struct op_work *to = &work[i];

		to->repeat = 1;
		to->activity = p->activity;
		to->traffic_s = p->seconds * p->m;
		if (p->flat) {
			to->cost.flat_s = p->seconds;
			continue;
		}
		to->cost.compute_s = to->cost.drawn_s = p->seconds * p->compute;
		to->cost.memory_s = p->seconds * p->m;
	}
	work[r->n] = (struct op_work){.cost = {.gap_s = r->gap_s}, .repeat = 1};
	rc = predictor_build(&f, 0, work, r->n + 1, &t->physics);
	return rc ? fail(why, rc, "fit: out of memory") : HG_OK;
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
		hg_knobs cap = {0, response_cap_at(&w->response, held)};

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
