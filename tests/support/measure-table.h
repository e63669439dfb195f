/* The Monte-Carlo table of window estimators: relative errors over many simulated runs. */
#ifndef HG_TEST_MEASURE_TABLE_H
#define HG_TEST_MEASURE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counter-sim.h"

/* Mean and standard deviation of relative errors. */
struct mt_error {
	double mean, m2;
	size_t n;
};

void mt_add(struct mt_error *e, double estimate, double truth);
double mt_sd(const struct mt_error *e);

enum mt_estimator {
	MT_NAIVE,    /* two reads */
	MT_ZEUS,     /* two reads, or instantaneous power times time where they agree */
	MT_LINEAR,   /* edges, plainly interpolated */
	MT_EDGES,    /* edges, smoothed, with knees */
	MT_PADDED,   /* idle on both sides; cold windows only */
	MT_REPEATED, /* slope; steady windows only */
	MT_ESTIMATORS
};

const char *mt_name(enum mt_estimator e);

/* What to simulate. */
struct mt_case {
	bool cold;       /* the work begins and ends with the window, else it began before */
	double window_s; /* length */
	struct csim_counter counter;
	size_t runs;
	uint64_t seed;
};

struct mt_row {
	struct mt_error error[MT_ESTIMATORS];
	struct mt_error z; /* error of MT_EDGES in its sigmas; mean and sd */
	struct mt_error z_padded;
	size_t bounded, contained; /* runs with bounds, and of them those that hold the truth */
	size_t refused;            /* runs without an answer */
	double half_width;         /* mean half-width of the bounds, relative */
};

/* Runs a case. progress: NULL, or told after every run. @return 0, -1: no memory */
int mt_run(const struct mt_case *what, struct mt_row *out, void (*progress)(void *, size_t),
	void *user);

#endif
