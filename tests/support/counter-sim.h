/*
 * A simulated power trace, the energy counter that shows it late and in steps, and those who read
 * it: what the accuracy goals of the estimators are defined on. Same seed, same logs.
 */
#ifndef HG_TEST_COUNTER_SIM_H
#define HG_TEST_COUNTER_SIM_H

#include <stddef.h>

#include <hourglass/energy.h>

#include "core/rng.h"

/* Power of each step is constant. */
#define CSIM_STEP_S 0.0005

/* A power trace and its integral. */
struct csim {
	double *power_w, *energy_j; /* energy_j[i]: up to the begin of step i */
	size_t n, room;
};

/* How the counter and its poller behave. */
struct csim_counter {
	double period_s, jitter_s, lag_s, coverage, resolution_j, gain;
	double poll_s, read_s;
};

/* 100 ms, jitter 1 ms, lag 30 ms, all seen, 1 mJ; polled every 5 ms with reads of 2.4 ms. */
struct csim_counter csim_counter_usual(void);

/* The counter's true edges. */
struct csim_edges {
	double *t_s, *value_j;
	size_t n;
};

void csim_init(struct csim *s);
void csim_finish(struct csim *s);

/* Forgets the trace; memory stays. */
void csim_clear(struct csim *s);

/* Appends seconds of power with white noise per step. @return 0, or -1: no memory */
int csim_add(struct csim *s, struct rng *r, double seconds, double power_w, double noise);

/* Appends seconds of the usual load from a random phase on: iterations of 37 ms, 60 % at 650 W and
 * 40 % at 450 W, 2 % noise. */
int csim_add_load(struct csim *s, struct rng *r, double seconds);

double csim_length(const struct csim *s);

/* True energy between two moments. */
double csim_energy(const struct csim *s, double t0_s, double t1_s);

/* Mean power over the last w_s before t_s. */
double csim_boxcar(const struct csim *s, double t_s, double w_s);

/* The counter over the whole trace; free with csim_edges_finish(). @return 0, -1: no memory */
int csim_run(
	const struct csim *s, const struct csim_counter *c, struct rng *r, struct csim_edges *out);
void csim_edges_finish(struct csim_edges *e);

/* What a read at a moment shows. */
double csim_value(const struct csim_edges *e, double t_s);

/*
 * The log of a poller: times are midpoints between the reads before and after, uncertainties half
 * of that gap and half of a read. @return edges written, at most room
 */
size_t csim_poll(const struct csim *s, const struct csim_counter *c, const struct csim_edges *e,
	struct rng *r, hg_edge *log, size_t room);

/* The log of one who knows each edge's time to within +- u_s, uniformly. */
size_t csim_observe(
	const struct csim_edges *e, double u_s, struct rng *r, hg_edge *log, size_t room);

/* What is known of such a counter; limits 70 and 750 W. */
hg_sensor csim_sensor(const struct csim_counter *c);

/* Nanoseconds. */
int64_t csim_ns(double t_s);

#endif
