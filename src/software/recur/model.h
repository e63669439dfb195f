/* Everything that a job's trials say about its batch sizes. */
#ifndef HG_SOFTWARE_RECUR_MODEL_H
#define HG_SOFTWARE_RECUR_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/recur.h>

#include "belief.h"

/** Arguments of every question, checked: see view_check(). */
struct view {
	hg_recur_job job; /* with its defaults filled in */
	const hg_recur_trial *trials;
	size_t n;
	size_t asks; /* the running trial that is being judged; SIZE_MAX: none */
};

/** Copies the job and checks everything. @return HG_OK, HG_EINVAL */
hg_err view_check(struct view *v, const hg_recur_job *job, const hg_recur_trial *trials, size_t n,
	hg_error *why);

/** Index of a trial's batch size, or SIZE_MAX. */
size_t view_arm(const struct view *v, size_t trial);
/** Whether similar jobs have run with sizes on both sides of the default, or with it: elsewhere
 * they do not tell what others do beside it. */
bool view_has_similar(const struct view *v);
/** Whether a figure is known and above 0. */
bool known(double value);
/** eta * E + (1 - eta) * P_max * T; NAN where what counts is not known. */
double view_cost(const struct view *v, double energy_j, double time_s);
/** Cost of a whole trial; NAN unknown. */
double view_trial_cost(const struct view *v, const hg_recur_trial *t);

/** What is known of the batch sizes. */
struct model {
	size_t n;
	double x[HG_RECUR_MAX_SIZES]; /* octaves above the default */
	double noise;                 /* sd of the log of one run's epochs about the truth */
	size_t regime;                /* first trial since the last change */
	size_t reached;               /* trials that reached the target, of own and kin */
	bool compared;                /* running sizes were, before any reached the target */
	double in_a_row;              /* own failures since the last success, less those running */
	uint32_t runs[HG_RECUR_MAX_SIZES];      /* own, finished, in this regime */
	uint32_t failed[HG_RECUR_MAX_SIZES];    /* of these, those that did not reach the target */
	uint32_t kills[HG_RECUR_MAX_SIZES];     /* of these, those that were killed */
	uint32_t in_flight[HG_RECUR_MAX_SIZES]; /* own that run, but for the one that asks */
	size_t n_costs;                         /* sizes whose cost of an epoch is known */
	bool cost_known[HG_RECUR_MAX_SIZES];    /* measured, or by frontier */
	double p_fail[HG_RECUR_MAX_SIZES];      /* probability that a run fails */
	bool dropped[HG_RECUR_MAX_SIZES];
	uint32_t n_dropped;
	double log_fit; /* log density of what was seen of own runs, as it was believed before */
	/* weight of the belief that similar jobs are alike; NAN: none counts */
	double alike_cost, alike_epochs;
	double log_alike; /* log odds of it by costs */
	/* Large, so last: */
	struct belief epochs; /* log of epochs to the target */
	struct belief cost;   /* log of J per epoch */
	struct belief cold;   /* the one that is learnt, without similar jobs */
};

/** Learns from the trials; costs_only: nothing of epochs. O(n + k^2 m + m^3). @return HG_OK,
 * HG_EINVAL (a frontier's) */
hg_err model_build(struct model *m, const struct view *v, bool costs_only, hg_error *why);

/** Own runs under way, but for the one that asks. */
size_t model_in_flight(const struct model *m);

/** Point of a size's frontier for the job's eta. @return false: it has none */
bool view_pick(const struct view *v, size_t arm, hg_pick *pick, hg_err *err, hg_error *why);

/* ----- regime.c */

/** First trial after `from` at which the job changed, or v->n; noise: that of the trials between.
 */
size_t regime_end(const struct view *v, size_t from, double *noise);

/* ----- curve.c */

/** What runs of trials from..to that have not reached the target foretell, by those that have.
 * @return false: none has */
bool curves_foretell(
	const struct model *m, const struct view *v, size_t from, size_t to, struct evidence *seen);
/** What they tell of each other: all sizes but for a common factor. @return false: nothing */
bool curves_compare(struct belief *b, const struct view *v, size_t from, size_t to);

/** Variance of the log of epochs that a run of so many foretells when so many are done. */
double curve_var(double need, double done);

/* ----- choose.c */

/** A batch size, and where its run ends. */
struct choice {
	size_t arm;
	double bound_j;    /* cost at which it stops; INFINITY: never */
	double expected_j; /* expected cost, restart included */
	double gain_j;     /* fall of the least expected cost */
	size_t best;       /* least expected cost */
	double best_j;
};

/** The best size and bound; only: that size's bound, SIZE_MAX any. spent_j: what a run of it has
 * cost already; a bound of no more than that says to stop it. */
void choose(const struct model *m, const struct view *v, size_t only, double spent_j,
	struct choice *out);

/** Whether similar jobs are, beyond doubt. */
bool surely_alike(const struct model *m);

/* ----- baseline.c */

/** What a baseline would do. @return false: it has no size left, and takes the cheapest */
bool baseline_choose(const struct view *v, uint64_t seed, struct choice *out);

/* ----- recur.c */

/** hg_recur_next() of checked arguments; leaves the model it was made with. */
hg_err recur_decide(
	const struct view *v, uint64_t seed, struct model *m, hg_recur_decision *d, hg_error *why);
/** hg_recur_believe() of a model, into m->n beliefs. @return HG_OK, HG_ENOMEM */
hg_err recur_believe(
	const struct view *v, const struct model *m, hg_recur_belief *b, hg_error *why);

#endif
