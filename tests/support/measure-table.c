#include "measure-table.h"

#include <math.h>

#define LOG_ROOM 4096

/* Zeus's fall-back: power is a 25-ms mean that is renewed every 20 ms. */
#define INSTANT_WINDOW_S 0.025
#define INSTANT_PERIOD_S 0.020

void mt_add(struct mt_error *e, double estimate, double truth)
{
	double x = estimate / truth - 1, d = x - e->mean;

	e->n++;
	e->mean += d / (double)e->n;
	e->m2 += d * (x - e->mean);
}

double mt_sd(const struct mt_error *e)
{
	return e->n > 1 ? sqrt(e->m2 / (double)(e->n - 1)) : 0;
}

const char *mt_name(enum mt_estimator e)
{
	static const char *const names[MT_ESTIMATORS] = {
		"naive", "zeus-approx-instant", "edges-linear", "edges", "padded", "repeated"};

	return names[e];
}

/* One run's trace, window and log. */
struct run {
	struct csim trace;
	struct csim_edges edges;
	hg_edge log[LOG_ROOM];
	size_t n;
	double t0, t1, truth;
};

static int simulate(const struct mt_case *what, struct run *run, struct rng *r)
{
	struct csim *s = &run->trace;
	double lead = what->cold ? 1.0 + 0.2 * rng_double(r) : 1.0;
	/* begins and ends on a step, so that the window is the load exactly */
	double idle = round(lead / CSIM_STEP_S) * CSIM_STEP_S;
	double load = round(what->window_s / CSIM_STEP_S) * CSIM_STEP_S;

	csim_clear(s);
	run->t0 = idle + (what->cold ? 0 : 1.0 + 0.5 * rng_double(r));
	run->t1 = run->t0 + load;
	if (csim_add(s, r, idle, 80, 0.01) || csim_add_load(s, r, what->cold ? load : load + 3) ||
		csim_add(s, r, 1.0, 80, 0.01))
		return -1;
	run->truth = csim_energy(s, run->t0, run->t1);
	if (csim_run(s, &what->counter, r, &run->edges))
		return -1;
	run->n = csim_poll(s, &what->counter, &run->edges, r, run->log, LOG_ROOM);
	return 0;
}

static void reads(
	const struct mt_case *what, const struct run *run, struct rng *r, struct mt_row *row)
{
	double d0 = what->counter.read_s * rng_double(r), d1 = what->counter.read_s * rng_double(r);
	double naive =
		csim_value(&run->edges, run->t1 + d1) - csim_value(&run->edges, run->t0 + d0);
	double fresh = INSTANT_PERIOD_S * rng_double(r);
	double instant = csim_boxcar(&run->trace, run->t1 - fresh, INSTANT_WINDOW_S);

	mt_add(&row->error[MT_NAIVE], naive, run->truth);
	mt_add(&row->error[MT_ZEUS], naive > 0 ? naive : instant * (run->t1 - run->t0), run->truth);
}

static void edges(const struct run *run, const hg_sensor *s, struct mt_row *row)
{
	hg_energy e = {.size = sizeof e};
	int64_t t0 = csim_ns(run->t0), t1 = csim_ns(run->t1);

	if (hg_energy_window(run->log, run->n, s, t0, t1, HG_WINDOW_LINEAR, &e, NULL) == HG_OK)
		mt_add(&row->error[MT_LINEAR], e.joules, run->truth);
	if (hg_energy_window(run->log, run->n, s, t0, t1, 0, &e, NULL) != HG_OK) {
		row->refused++;
		return;
	}
	mt_add(&row->error[MT_EDGES], e.joules, run->truth);
	mt_add(&row->z, 1 + (e.joules - run->truth) / e.sigma, 1);
	if (!isnan(e.lo) && !isnan(e.hi)) {
		row->bounded++;
		row->contained += e.lo <= run->truth && run->truth <= e.hi;
		row->half_width += (e.hi - e.lo) / 2 / run->truth;
	}
}

static void special(
	const struct mt_case *what, const struct run *run, const hg_sensor *s, struct mt_row *row)
{
	int64_t t0 = csim_ns(run->t0), t1 = csim_ns(run->t1);
	hg_repeated r = {.size = sizeof r};
	hg_energy e = {.size = sizeof e};

	if (what->cold) {
		if (hg_energy_padded(run->log, run->n, s, t0, t1, 0, &e, NULL) == HG_OK) {
			mt_add(&row->error[MT_PADDED], e.joules, run->truth);
			mt_add(&row->z_padded, 1 + (e.joules - run->truth) / e.sigma, 1);
		}
	} else if (hg_energy_repeated(run->log, run->n, s, t0, t1, 1, &r, NULL) == HG_OK) {
		mt_add(&row->error[MT_REPEATED], r.joules, run->truth);
	}
}

int mt_run(const struct mt_case *what, struct mt_row *out, void (*progress)(void *, size_t),
	void *user)
{
	static const struct run fresh;
	struct run run = fresh;
	struct rng r;
	hg_sensor s = csim_sensor(&what->counter);
	int rc = 0;

	*out = (struct mt_row){.half_width = 0};
	rng_init(&r, what->seed);
	csim_init(&run.trace);
	for (size_t i = 0; i < what->runs && !rc; i++) {
		rc = simulate(what, &run, &r);
		if (!rc) {
			reads(what, &run, &r, out);
			edges(&run, &s, out);
			special(what, &run, &s, out);
			if (progress)
				progress(user, i + 1);
		}
		csim_edges_finish(&run.edges);
	}
	if (out->bounded)
		out->half_width /= (double)out->bounded;
	csim_finish(&run.trace);
	return rc;
}
