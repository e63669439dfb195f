#include "measure/steps.h"

#include <math.h>

#include "software/train/tune-stat.h"

#define EDGES  4096
#define WATTS  50.0
#define NOISE  0.02
#define BEFORE 2.0
/* The power of the job so far is known from here on. */
#define ANCHOR 1.0
/* As src/cli/run-tune.c. */
#define SETTLE_S  0.1
#define READING_S 0.01

/** One run. */
struct run {
	struct csim trace;
	struct csim_edges edges;
	hg_edge log[EDGES];
	size_t n;
	double begin_s;
};

static int run_make(struct run *r, const struct steps_case *c, struct rng *rng, double watts)
{
	double length = SETTLE_S + (double)(c->steps + 2) * c->step_s;

	csim_clear(&r->trace);
	if (csim_add(&r->trace, rng, BEFORE + rng_double(rng), watts, NOISE))
		return -1;
	r->begin_s = csim_length(&r->trace);
	if (csim_add(&r->trace, rng, length, WATTS, NOISE) ||
		csim_run(&r->trace, &c->counter, rng, &r->edges))
		return -1;
	r->n = csim_poll(&r->trace, &c->counter, &r->edges, rng, r->log, EDGES);
	return 0;
}

/* Energy up to a moment, by the edges that are known then. */
static int reading(const struct run *r, const hg_sensor *s, double at_s, hg_energy *e)
{
	size_t n = 0;

	while (n < r->n && r->log[n].t_ns + r->log[n].u_ns <= csim_ns(at_s))
		n++;
	*e = (hg_energy){.size = sizeof *e};
	return hg_energy_window(r->log, n, s, csim_ns(ANCHOR), csim_ns(at_s),
		       HG_WINDOW_ESTIMATE | HG_WINDOW_PARTIAL, e, NULL) == HG_OK
		       ? 0
		       : -1;
}

static int run_gist(const struct run *r, const struct steps_case *c, struct gist *g)
{
	const hg_sensor sensor = csim_sensor(&c->counter);
	double at = r->begin_s + c->step_s * ceil(SETTLE_S / c->step_s), before;
	static const struct tally empty;
	struct tally t = empty;
	hg_energy e;

	if (reading(r, &sensor, at, &e))
		return -1;
	for (size_t i = 0; i < c->steps; i++) {
		double sd;

		before = e.joules;
		at += c->step_s;
		if (reading(r, &sensor, at, &e))
			return -1;
		sd = sqrt(2.0) * fmin(e.sigma, READING_S * WATTS);
		tally_add(&t,
			(struct piece){1, c->step_s, fmax(0, e.joules - before), sd * sd, false});
	}
	*g = tally_gist(&t, READING_S);
	return 0;
}

int steps_run(const struct steps_case *what, struct steps_row *row)
{
	static struct run run;
	double squares = 0, said = 0, n = (double)what->runs;
	struct rng rng;
	int rc = 0;

	csim_init(&run.trace);
	rng_init(&rng, what->seed);
	for (size_t i = 0; rc == 0 && i < what->runs; i++) {
		struct gist g;

		rc = run_make(&run, what, &rng, WATTS * (1 + (i % 2 ? 1 : -1) * what->change));
		if (rc == 0)
			rc = run_gist(&run, what, &g);
		csim_edges_finish(&run.edges);
		if (rc)
			break;
		squares += pow(g.power_w / WATTS - 1, 2) / n;
		said += g.power_rsd * g.power_rsd / n;
	}
	csim_finish(&run.trace);
	row->rms = sqrt(squares);
	row->said = sqrt(said);
	row->reading_s = row->rms / slope_rsd(1, (double)what->steps * what->step_s, what->step_s);
	return rc;
}
