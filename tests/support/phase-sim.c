#include "phase-sim.h"

#include <math.h>
#include <stdlib.h>

#define NOISE  0.009
#define TIMING 0.0025

void phase_init(struct phase_run *p)
{
	*p = (struct phase_run){.n = 0};
}

void phase_finish(struct phase_run *p)
{
	csim_finish(&p->trace);
	csim_edges_finish(&p->edges);
	free(p->spans);
	free(p->log);
	phase_init(p);
}

struct csim_counter phase_counter(double coverage)
{
	struct csim_counter c = csim_counter_usual();

	c.lag_s = 0.05;
	c.coverage = coverage;
	return c;
}

/* Appends a phase to trace, truth and spans; idle is nobody's span. */
static int put(struct phase_run *p, struct rng *r, enum phase phase, double seconds, double watts)
{
	double t0 = csim_length(&p->trace), t1;

	if (csim_add(&p->trace, r, seconds, watts, NOISE))
		return -1;
	t1 = csim_length(&p->trace);
	if (t1 <= t0)
		return 0;
	p->energy_j[phase] += csim_energy(&p->trace, t0, t1);
	p->time_s[phase] += t1 - t0;
	if (phase == PHASE_IDLE)
		return 0;
	if (p->n_spans == p->room) {
		size_t room = 2 * p->room + 64;
		hg_span *more = realloc(p->spans, room * sizeof *more);

		if (!more)
			return -1;
		p->spans = more;
		p->room = room;
	}
	p->spans[p->n_spans++] = (hg_span){csim_ns(t0), csim_ns(t1), t1 - t0, phase, 0};
	return 0;
}

static void restart(struct phase_run *p)
{
	csim_clear(&p->trace);
	csim_edges_finish(&p->edges);
	p->n_spans = 0;
	for (int i = 0; i < PHASES; i++)
		p->energy_j[i] = p->time_s[i] = 0;
}

static int observe(struct phase_run *p, const struct csim_counter *c, struct rng *r)
{
	if (csim_run(&p->trace, c, r, &p->edges))
		return -1;
	if (p->edges.n > p->log_room) {
		hg_edge *more = realloc(p->log, p->edges.n * sizeof *more);

		if (!more)
			return -1;
		p->log = more;
		p->log_room = p->edges.n;
	}
	p->n = csim_observe(&p->edges, TIMING, r, p->log, p->log_room);
	return 0;
}

int phase_simulate(struct phase_run *p, const struct csim_counter *c, double seconds, struct rng *r)
{
	double wave = 6.283185307179586 * rng_double(r);
	int rc;

	restart(p);
	rc = put(p, r, PHASE_IDLE, 0.3, 110); /* what was before the trace is idle, too */
	while (!rc && csim_length(&p->trace) < seconds) {
		int steps = 20 + (int)rng_below(r, 41);

		rc = put(p, r, PHASE_PREFILL, 0.12 + 0.06 * rng_double(r), 650);
		for (int i = 0; i < steps && !rc; i++) {
			double t = csim_length(&p->trace);

			/* the ripple takes 3 s */
			rc = put(p, r, PHASE_DECODE, 0.025, 450 + 10 * sin(wave + 2.0944 * t));
		}
		rc = rc ? rc : put(p, r, PHASE_IDLE, -0.2 * log(1 - rng_double(r)), 110);
	}
	return rc ? rc : observe(p, c, r);
}

int phase_square(struct phase_run *p, const struct csim_counter *c, double seconds, struct rng *r)
{
	int rc = 0;

	restart(p);
	rc = put(p, r, PHASE_IDLE, 0.1 * rng_double(r), 100);
	while (!rc && csim_length(&p->trace) < seconds) {
		rc = put(p, r, PHASE_PREFILL, 0.052, 400);
		rc = rc ? rc : put(p, r, PHASE_DECODE, 0.052, 100);
	}
	return rc ? rc : observe(p, c, r);
}

static int one_run(
	const struct phase_case *what, struct phase_run *p, struct rng *r, struct phase_row *out)
{
	struct csim_counter c = phase_counter(what->coverage);
	hg_sensor s = csim_sensor(&c);
	hg_attribution_opts o = {.size = sizeof o, .columns = 2, .rest = 1, .forget = 1};
	hg_attribution a;
	hg_rates rates = {.size = sizeof rates};

	if (phase_simulate(p, &c, what->seconds, r))
		return -1;
	if (what->lag == LAG_WRONG)
		s.lag_s += 0.03;
	if (what->lag == LAG_FITTED) {
		s.lag_s = 0;
		if (hg_attribution_fit_lag(p->log, p->n, &s, p->spans, p->n_spans, &o, 0, 0.15,
			    &s.lag_s, NULL, NULL)) {
			out->failed++;
			return 0;
		}
		mt_add(&out->lag_ms, 1 + 1e3 * (s.lag_s - c.lag_s), 1);
	}
	if (hg_attribution_init(&a, &o, NULL) ||
		hg_attribution_feed(&a, p->log, p->n, 0, &s, p->spans, p->n_spans, NULL) ||
		hg_attribution_solve(&a, &rates, NULL)) {
		out->failed++;
		return 0;
	}
	for (int i = 0; i < PHASES; i++)
		mt_add(&out->rate[i], rates.rate[i], p->energy_j[i] / p->time_s[i]);
	mt_add(&out->z,
		1 + (rates.rate[PHASE_DECODE] -
			    p->energy_j[PHASE_DECODE] / p->time_s[PHASE_DECODE]) /
				rates.sd[PHASE_DECODE],
		1);
	return 0;
}

int phase_table(const struct phase_case *what, struct phase_row *out,
	void (*progress)(void *, size_t), void *user)
{
	struct phase_run p;
	struct rng r;
	int rc = 0;

	*out = (struct phase_row){.failed = 0};
	rng_init(&r, what->seed);
	phase_init(&p);
	for (size_t i = 0; i < what->runs && !rc; i++) {
		rc = one_run(what, &p, &r, out);
		if (progress)
			progress(user, i + 1);
	}
	phase_finish(&p);
	return rc;
}

int phase_windows(double window_s, size_t runs, uint64_t seed, struct window_row *out)
{
	struct csim_counter c = phase_counter(0.25);
	hg_sensor s = csim_sensor(&c);
	hg_attribution_opts o = {.size = sizeof o, .columns = 2, .rest = 1};
	struct phase_run p;
	struct rng r;
	int rc = 0;

	*out = (struct window_row){.naive = {0}};
	rng_init(&r, seed);
	phase_init(&p);
	for (size_t i = 0; i < runs; i++) {
		hg_attribution a;
		hg_rates rates = {.size = sizeof rates};

		rc = phase_square(&p, &c, 30, &r);
		if (rc)
			break;
		rc = hg_attribution_init(&a, &o, NULL) ||
		     hg_attribution_feed(&a, p.log, p.n, 0, &s, p.spans, p.n_spans, NULL) ||
		     hg_attribution_solve(&a, &rates, NULL);
		for (int w = 0; w < 10 && !rc; w++) {
			double t0 = 10 + 15 * rng_double(&r), t1 = t0 + window_s;
			double truth = csim_energy(&p.trace, t0, t1);
			hg_energy e = {.size = sizeof e};

			mt_add(&out->naive, csim_value(&p.edges, t1) - csim_value(&p.edges, t0),
				truth);
			rc = hg_attribution_energy(&a, &rates, p.spans, p.n_spans, csim_ns(t0),
				csim_ns(t1), NAN, &e, NULL);
			mt_add(&out->model, e.joules, truth);
		}
		if (rc)
			break;
	}
	phase_finish(&p);
	return rc ? -1 : 0;
}
