/*
 * Replays recorded trainings under a policy.
 *
 * A recurrence is a training that must reach its target. The policy names a batch size and a bound;
 * one recorded run of that size is drawn, uniformly, and replayed at the power limit that costs
 * least. If the bound or max_epochs comes before its target, the attempt has failed, its cost
 * stands, and the recurrence tries again. The first run of a size pays its first epoch at the mean
 * energy and mean time over all power limits: that is what finding the limit costs. These are the
 * rules of Zeus's own simulator (zeus/_legacy/simulate.py), the same for every policy. Time that a
 * recurrence waits costs nothing, but is told.
 */
#ifndef HG_SOFTWARE_RECUR_SIMULATE_H
#define HG_SOFTWARE_RECUR_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/recur.h>

#include "trace.h"

/** How the metric of one recorded run came along, as far as its table tells. */
struct sim_curve {
	hg_recur_sight *sights;
	uint32_t n;
};

/** One batch size of a job that is replayed. */
struct sim_arm {
	uint32_t batch_size;
	uint32_t runs;            /* recorded */
	double *epochs;           /* of each; NAN: never */
	uint32_t *numbers;        /* of each, in the table */
	struct sim_curve *curves; /* of each; NULL: not known */
	double limit_w;           /* power limit of least cost */
	double energy_j, time_s;  /* of an epoch there */
	double first_j, first_s;  /* of the epoch in which it is found */
	double cost_j;            /* of an epoch there, by eta and P_max */
	double top_j, top_s;      /* of an epoch at the highest limit */
	double mean_epochs;       /* to the target */
	bool sure;                /* every recorded run reaches it within max_epochs */
	hg_frontier *frontier;    /* of all limits */
};

/** What is replayed. */
struct sim_spec {
	const char *job; /* dataset/network/optimizer */
	double target;   /* of the metric, as it stands in the table */
	uint32_t max_epochs;
	uint32_t default_size; /* the largest size up to this one is taken */
	double eta;
};

/** A job made ready for replay; read-only then, from any number of threads. */
struct sim_job {
	const char *name; /* of the trace; lives as long as that */
	struct sim_arm arms[HG_RECUR_MAX_SIZES];
	uint32_t n;
	uint32_t sizes[HG_RECUR_MAX_SIZES];
	const hg_frontier *frontiers[HG_RECUR_MAX_SIZES];
	size_t default_arm, best_arm; /* best: least mean cost among the sure ones */
	uint32_t max_epochs;
	bool lower_is_better;
	double target, eta, max_power_w;
};

/**
 * Looks a job up in a trace. Sizes are those that both tables have for the target.
 * @return HG_OK; HG_ENOENT (no such job, target or size); HG_ELIMIT (too many sizes); HG_ENOMEM
 */
hg_err sim_job_init(
	struct sim_job *s, const struct sim_trace *t, const struct sim_spec *spec, hg_error *why);
void sim_job_finish(struct sim_job *s);

/** Reads the curves of its runs, and which way the metric goes; the inner half of sim_job_init().
 */
hg_err sim_job_curves(struct sim_job *s, const struct sim_trace *t, size_t job, hg_error *why);
/** Frees what an arm has. */
void sim_arm_finish(struct sim_arm *a);

/** The epochs of runs of size >= from are multiplied, from a recurrence on. */
struct sim_drift {
	double factor; /* 1 or 0: none */
	uint32_t at;   /* first recurrence, from 0 */
	uint32_t from; /* batch size; 0: that of the best fixed choice */
};

/** When recurrences begin, if several may be in flight. */
enum sim_arrivals {
	SIM_TOGETHER, /* as soon as fewer are: the first ones in the same instant */
	SIM_STAGGERED /* evenly, so that as many runs of the best fixed choice overlap */
};

/** How to replay. */
struct sim_options {
	uint32_t policy;
	uint32_t recurrences;
	uint32_t concurrent; /* recurrences in flight, >= 1 */
	enum sim_arrivals arrivals;
	bool known_costs; /* the frontier of every size is given beforehand */
	bool blind;       /* metrics below the target are not told */
	double beta;      /* as in hg_recur_job */
	uint32_t horizon; /* likewise */
	uint32_t pilots;  /* likewise: a recurrence that is told to wait keeps its place in flight,
			     and asks again whenever something is reported */
	struct sim_drift drift;
	const hg_recur_trial
		*known; /* what is known beforehand: trials of other kin; NULL: nothing */
	size_t n_known;
};

/** X(name, text): where what a recurrence costs beyond the best fixed choice goes. An attempt is
 * blind if no epoch of any run was over when it began. */
#define SIM_PART_LIST(X)                                                                           \
	X(SIM_LIMITS, "limits")         /* looking for power limits */                             \
	X(SIM_BLIND_LEFT, "blind_left") /* blind attempts that were left */                        \
	X(SIM_BLIND_DEAR, "blind_dear") /* those that went on, at their size's mean cost */        \
	X(SIM_LATER_LEFT, "later_left") /* the same of later ones */                               \
	X(SIM_LATER_DEAR, "later_dear")                                                            \
	X(SIM_LUCK, "luck") /* of runs that reached the target, against their size's mean */

enum sim_part {
#define SIM_PART_ENUM(name, text) name,
	SIM_PART_LIST(SIM_PART_ENUM)
#undef SIM_PART_ENUM
	SIM_PARTS
};

/** One recurrence. */
struct sim_step {
	double cost_j, energy_j, time_s; /* all attempts */
	double fair_j;            /* the same with the last attempt at its size's mean cost */
	double best_j;            /* of the best fixed choice at that time */
	uint32_t batch_size;      /* of the last attempt */
	uint32_t failed;          /* attempts before it */
	double wait_s;            /* it was told to wait */
	double end_s;             /* when it was over */
	double part_j[SIM_PARTS]; /* of cost_j - best_j: they add up to it */
};

/** What went wrong in one replay. */
struct sim_counts {
	uint32_t wedged;    /* recurrences given up after SIM_ATTEMPTS */
	uint32_t exhausted; /* decisions without a usable batch size */
};

/** Attempts of one recurrence. */
#define SIM_ATTEMPTS 50

/** Mean cost of a fixed choice of the cheapest sure size, before or after the drift. */
double sim_best(const struct sim_job *s, const struct sim_options *o, bool after);

/**
 * Replays once.
 * @param steps  o->recurrences of them
 * @return HG_OK; HG_EINVAL; HG_ENOMEM
 */
hg_err sim_run(const struct sim_job *s, const struct sim_options *o, uint64_t seed,
	struct sim_step *steps, struct sim_counts *counts, hg_error *why);

#endif
