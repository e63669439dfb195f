/*
 * The energy used up to a moment, as a log of counter edges shows it: a monotone curve through the
 * edges, shifted by the lag. Everything is a function of the log and the moment alone.
 */
#ifndef HG_HARDWARE_MEASURE_CURVE_H
#define HG_HARDWARE_MEASURE_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/energy.h>

#include "grain.h"

/* Neighbours each way that smooth the time of an edge. */
#define CURVE_NEIGHBOURS 4

struct curve {
	const hg_edge *log;
	size_t n;
	hg_sensor sensor; /* our size; gain and coverage never 0 */
	int64_t lag_ns, period_ns;
	double jitter_ns;      /* 0: unknown, nothing is smoothed */
	bool linear;           /* no smoothing, no knees */
	const hg_power *power; /* a finer channel, n_power reads; NULL: none */
	size_t n_power;
};

/* An edge's point on the curve. */
struct knot {
	int64_t t_ns; /* when the energy had been used */
	int64_t e;    /* in 2^-20 J */
	double sd_ns; /* standard deviation of t_ns */
};

/** What lies around a moment: edges k and k + 1, or n - 1 and n after the log. */
struct bracket {
	size_t k, next; /* indices of edges; next == n: the log ends; k == SIZE_MAX: before it */
};

/** Checks the sensor and the log's shape. @return HG_OK, HG_EINVAL */
hg_err curve_init(struct curve *c, const hg_edge *log, size_t n, const hg_sensor *s, uint32_t opts,
	hg_error *why);

/** The edges around a moment. O(log n) */
struct bracket curve_find(const struct curve *c, int64_t t_ns);

/** Edge that follows k and says something, or n. */
size_t curve_next(const struct curve *c, size_t k);

/** Edge before k that says something, or SIZE_MAX. */
size_t curve_prev(const struct curve *c, size_t k);

/** An edge's point, its time smoothed. */
struct knot curve_knot(const struct curve *c, size_t k);

/** When edge k was seen, and how sure that is: certainly within u_ns. Not smoothed, not shifted. */
int64_t curve_seen(const struct curve *c, size_t k, int64_t *u_ns);

/** Whether nothing is known of the energy between edges a and b = curve_next(a). */
bool curve_broken(const struct curve *c, size_t a, size_t b);

/** Whether an edge before this one, which is not the first, was missed, or the clock was set. */
bool curve_late(const struct curve *c, size_t k);

/** Mean power between two edges in W; NAN when it is not known (broken, or no such edge). */
double curve_power(const struct curve *c, size_t a, size_t b);

/**
 * Where the curve bends between edges k and next: a moment t_ns and energy e between both knots.
 * @return false: it does not
 */
bool curve_knee(const struct curve *c, size_t k, size_t next, struct knot *knee);

/** Whether a finer power channel says how the energy of an interval is spread. */
bool curve_shaped(const struct curve *c, size_t k, size_t next);

/** Energy at a moment inside a bracket that is not broken, in 2^-20 J. */
int64_t curve_at(const struct curve *c, struct bracket b, int64_t t_ns);

/** What the counter's offset adds up to a moment, in 2^-20 J. */
int64_t curve_offset(const struct curve *c, int64_t t_ns);

/** The counter's value as energy, in J; relative to no origin in particular. */
double curve_joules(const struct curve *c, size_t k);

#endif
