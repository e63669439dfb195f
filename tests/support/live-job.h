/*
 * A job on a device of which it is known what each setting costs, driven step by step with a tuner:
 * what tests and bench/train share. Faults: noise, stragglers, a counter that lies, a change in the
 * middle, heat, a knob that refuses or does nothing.
 */
#ifndef HG_TESTS_LIVE_JOB_H
#define HG_TESTS_LIVE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/tune.h>

#include "core/rng.h"

#define LIVE_SETTINGS 64

/** Zero, then live_init(), then what is wanted. */
struct live {
	double watts[LIVE_SETTINGS]; /* power limits, as cells; the baseline is the highest */
	double time_s[LIVE_SETTINGS], power_w[LIVE_SETTINGS]; /* of a step */
	size_t n, baseline;
	/* knobs other than a limit alone: n rows of n_knobs cells; n_knobs 0: there are none */
	const hg_knob_def *knobs;
	const double *cells;
	size_t n_knobs;

	double noise;                     /* relative, of a step's time */
	double straggle;                  /* probability that a step takes ten times as long */
	double gain;                      /* of the counter */
	double counter_s;                 /* its error at any instant, as time */
	bool refuses;                     /* the knob says no */
	bool deaf;                        /* the knob says yes, and nothing happens */
	double time_factor, power_factor; /* since a change of the job */

	double k_per_w;    /* heat: degrees above the air, in the end, for each watt; 0: none */
	double heat_tau_s; /* time constant of it */
	double leak_per_k; /* share of power more for each degree */
	double throttle_k; /* above so many degrees the clock goes down; 0: never */
	double heat_k;     /* now */

	struct rng rng;
	size_t setting; /* in force */
	bool fresh;     /* set since the last step: that one runs at the old setting */
	size_t was;
	double now_s, counter_off;
	double steps, energy_j; /* true totals */
};

void live_init(struct live *l, uint64_t seed);
/** Options for a tuner of this job. */
hg_tune_opts live_opts(const struct live *l, hg_objective_kind kind, double value);
/** Does one step; what a caller would see of it. */
hg_tune_work live_step(struct live *l);
/** Sets what the tuner says. @return false: refused */
bool live_set(struct live *l, size_t setting);
/** One step with everything that belongs to it. */
void live_drive(struct live *l, hg_tune *t);
/** Time lost between steps. */
void live_pause(struct live *l, double seconds);
/** A device with 13 limits that costs what a model would say. */
void live_model(struct live *l, double step_s);

#endif
