/* The tuner's state, for the files it is made of. */
#ifndef HG_TRAIN_TUNER_H
#define HG_TRAIN_TUNER_H

#include <stdbool.h>

#include <hourglass/tune.h>

#include "tune-stat.h"

/** Means of what was measured at one setting since the last start. */
struct seen {
	double steps;            /* 0: nothing */
	double time_s, time_var; /* per step; relative variance */
	double power_w, power_var;
};

/** What was expected: ln time and power, and deviations of them. */
struct guess {
	double ln[2], sd[2]; /* sd 0: nothing */
};

/** What a setting of several knobs is made of: the setting of one of them alone, and how much of
 * it is in force, for time and for power. */
struct part {
	size_t row;
	double weight[2];
};

/** One setting. Logarithms are natural, of s per step and W. */
struct cand {
	size_t knob;  /* in which it differs from the baseline; n_knobs: it is the baseline, or
			 differs in several */
	double value; /* of that knob, as a number */
	double ratio; /* log(value / baseline's) */
	int line;     /* settings on one line are alike: knob and side of the baseline */
	size_t part, n_parts; /* of t->parts, where it differs in several; else n_parts 0 */
	double mixed[2];      /* how far its parts are both in force: what is not known then */
	double lean[2];       /* of its own beyond its parts, as was known at the last start */
	bool refused;
	bool tried;    /* in this run, for the count */
	bool recalled; /* in an earlier one */
	struct seen seen;
	double prior_t, prior_p; /* what is expected, but for a factor common to all */
	double bend[2][2];       /* what deviations of the rule's own figures change of time and
				    power, one standard deviation each */
	double loose;            /* how far the prior may be off, 1: a rule of thumb */
	double walk;             /* width of the walk, as a share */
	double own;              /* how much of its own is still unknown, as a share */
	double place;            /* along the line, from the baseline: variance grows with it */
	double t, p, sd_t, sd_p; /* what is known now */
	hg_point told;           /* by a model, when asked last; time_s 0: nothing */
	struct guess foretold;   /* by it, before it was measured */
	struct guess ruled;      /* likewise by the rule */
};

/** Totals over the job. */
struct totals {
	double steps, time_s, energy_j;
};

/** How what is known of one setting hangs together with what is known of another. */
struct joint {
	double *v;        /* n rows, of as many figures as settings were measured */
	double *var;      /* of each of the n, by the widths below */
	size_t measured;  /* 0: nothing is known */
	double walk, own; /* widths that are likeliest */
};

struct hg_tune {
	hg_tune_opts opts; /* pointers of it are NULL or ours */
	hg_knob_def *knobs;
	double *cells;
	struct cand *cands;
	size_t n;
	struct joint joint[2]; /* of ln time, of ln power */
	struct part *parts;    /* of all settings that have some */
	size_t n_parts;

	/* the stretch under way */
	size_t setting;
	struct tally tally;
	double unsettled_steps, unsettled_s; /* still to be left out */
	double want_steps, want_s;           /* its length */
	double blind_s;                      /* of the last steps: their energy is not known */
	hg_tune_summary summary, late;       /* late: totals since it waits */
	bool ready;                          /* the summary waits */
	uint32_t stretch;

	/* what is known */
	bool prior_known; /* prior_* are of the workload, not yet a guess without a power */
	size_t asked_n;   /* settings that were measured when the model was asked */
	uint32_t asked_drifts;
	double probe_steps; /* length of the last trial */
	hg_tune_phase phase;
	const char *reason;
	size_t best;
	bool feasible;
	uint32_t probes, refusals, drifts, suspicions;
	bool energy_known;
	double drift_scale; /* grows when starting over changed nothing */

	/* the job */
	struct totals all, learning;
	double learnt_before; /* learning.steps when it last started over */
	/* of the steps whose like at the baseline is known: what they took, what they would have
	 * taken there, and how far that may be off */
	double compared_j, base_j, base_sd_j;
	double now_s, busy_s, steady_s; /* steady: without stragglers and settling */
	double counter_s;               /* how far readings of energy are off, as time */
	double longest_s;               /* of a step, or between two */
	double last_s;                  /* when the last step was told */
};

/* ----- tune-model.c: what settings cost */

/** Expected shapes before anything is known. */
void model_begin(hg_tune *t);
/** Brings t, p, sd_t, sd_p of all settings up to date. @return HG_OK, HG_ENOMEM */
hg_err model_update(hg_tune *t);
/** Correlation of what is known of two settings' ln time, or ln power, by the rule. */
double model_correlation(const hg_tune *t, bool power, size_t a, size_t b);
/** What is known becomes what is expected, and nothing is measured any more. */
void model_restart(hg_tune *t, double looseness);

/* ----- tune-blend.c: settings of several knobs */

/** Finds what the settings of several knobs are made of. @return HG_OK, HG_EINVAL, HG_ENOMEM */
hg_err blend_begin(hg_tune *t, hg_error *why);
/** Makes of what is known of single knobs what is expected of several: priors, weights. */
void blend_update(hg_tune *t);
/** What is known of several knobs becomes what is expected; of the single ones it is already. */
void blend_restart(hg_tune *t);
/** What deviations of two settings have in common beyond those of their parts.
 * @param own  how much settings have of their own */
double blend_covariance(const struct cand *a, const struct cand *b, bool power, double own);
/** Whether two cells say the same. */
bool same_cell(double a, double b);

/* ----- tune-told.c: what a model of the device says of it */

/** Asks it, if there is one and something new is known, and takes what it says where nothing was
 * measured. @param at the n settings that were */
void told_update(hg_tune *t, const size_t *at, size_t n);

/* ----- tune-goal.c: what the objective makes of it */

/** The objective for the steps that are left. */
struct goal {
	hg_objective_kind kind;
	double eta, max_power_w;
	double time_max, energy_max; /* per step */
	double t0, t1, e0, e1;       /* ends of the frontier, for the knee */
};

struct goal goal_now(const hg_tune *t);
/** Cost of a step, to be as low as possible. */
double goal_cost(const struct goal *g, double time_s, double energy_j);
bool goal_met(const struct goal *g, double time_s, double energy_j);
/** Probability that a setting meets it, by standard deviations of ln time and power. */
double goal_chance(const struct goal *g, const struct cand *c, double sd_t, double sd_p);
/** Standard deviation of a setting's cost relative to the cost, by those of ln time and power. */
double goal_rsd(const struct goal *g, const struct cand *c, double sd_t, double sd_p);
double normal_cdf(double z);
double cand_time(const struct cand *c);
double cand_energy(const struct cand *c);
/** Best of the settings that were measured. @param feasible receives whether it meets the goal */
size_t goal_best(const hg_tune *t, const struct goal *g, bool *feasible);
/** With a deadline: the setting for now, which may be faster than the best on average so that a
 * slower one can follow. */
size_t goal_pace(const hg_tune *t, const struct goal *g, size_t best);
/** Time left for steps, reserve taken off, as time per step; and the number of steps left. */
double time_left(const hg_tune *t, double *steps);
/** Whether the deadline can be met by what is known, without reserve. */
bool deadline_in_reach(const hg_tune *t);

/* ----- tune-worth.c: which setting to measure next */

/** Of what is left until a deadline, one stretch takes at most this share. */
#define STRETCH_SHARE 0.05
/** A setting's power is first measured to this: where it is clearly worse, that is enough. */
#define POWER_RSD_FIRST 0.025

/** Some more steps at a setting. */
struct trial {
	size_t setting;
	double steps;
};

/** The trial that is worth most. @param met whether the best so far meets the goal
 * @return false: none is worth its cost */
bool trial_next(const hg_tune *t, const struct goal *g, bool met, struct trial *out);

/* ----- tune-decide.c */

/** Decides what comes after a stretch. @return HG_OK, HG_ENOMEM */
hg_err decide(hg_tune *t, const hg_tune_summary *s);
/** Begins a stretch at a setting. */
void stretch_begin(hg_tune *t, size_t setting);

#endif
