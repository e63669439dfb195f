/**
 * @file recur.h
 * Recurring jobs: which batch size to train with next, learnt run by run.
 *
 * The same model is trained again and again until its metric reaches a target. Its batch size
 * decides how many epochs that takes and what each of them costs. The engine here chooses the batch
 * size of the next run, says when a run is not worth going on with, and explains both.
 *
 * **It is a function.** What goes in is the job, every trial of it so far (running ones included)
 * and a seed; what comes out is a decision. There is no state, no clock, no file: who keeps the
 * trials can ask again at any time, on any machine, and gets the same answer, byte for byte. No
 * observation is ever lost by being late or out of turn. All functions are thread-safe.
 *
 * **Cost.** A run that takes E joules and T seconds costs eta * E + (1 - eta) * P_max * T joules
 * (Zeus, NSDI'23, eq. 2). It is the product of two things that are learnt apart:
 *  - the cost of one epoch, which depends on the device. It is exact once a run has measured it or
 *    where a frontier says so; until then it is guessed from the sizes whose cost is known;
 *  - the number of epochs to the target, which does not depend on the device, and is random.
 *
 * **Belief.** Over x = log2(batch size / default size), the logarithms of both are Gaussian
 * processes: a level, a slope, a random walk and a smooth bend, all centred on the default size,
 * which the user picked because it works. Epochs rise with large batches and costs of an epoch
 * with small ones, so the mean of each bends up on that side. One run's epochs scatter about the
 * truth; how much is learnt from repetitions.
 *
 * **Censored runs are what they are.** A run that was stopped, killed, or out of epochs says that
 * the target needs more epochs than it had, no more (expectation propagation, exact to its first
 * two moments). A size is dropped when it fails to reach the target within `max_epochs` with a
 * probability of at least `confidence`, but never the last one.
 *
 * **Choice.** For each size, the expected cost of this run, a restart included if it is stopped,
 * less what its result is worth to later runs: the fall of the least expected cost, times the
 * number of runs it will serve (the knowledge gradient of Frazier, Powell and Dayanik 2009, for
 * correlated beliefs). The bound at which the run stops is part of the same minimum: each candidate
 * bound trades the cost of going on against what a longer run would still teach.
 *
 * A size that may be out of epochs is charged for as many runs as it takes to reach the target.
 * After more than two failures in a row only the best size is tried, after more than four without a
 * bound; so a job is never stuck, whatever its trials say.
 *
 * **Drift.** Each result is compared with earlier ones of its size. When the odds that the job has
 * changed pass a threshold (a CUSUM of log odds under Student's t), what was known before
 * becomes a prior that is wide enough to be wrong, and learning goes on from there.
 *
 * **Curves.** From a level of the metric to the target it takes about the same factor of epochs
 * whatever the batch size. Where the metrics of runs are handed over (hg_recur_trial.sights), a run
 * is compared by its first epochs: with runs that have reached the target, which tells how many
 * epochs it will need, give or take; or, as long as there are none, with others that run. So a
 * short look at a size is cheap, if hg_recur_check() is asked as the run goes on
 * (hg_recur_job.watched).
 *
 * **Concurrency.** A running trial counts as a result at its expected value: it is not tried twice
 * for what it will tell anyway. What a run has cost is gone: it is stopped where going on costs
 * more than beginning anew with the best size, what it would still teach counted in. Where many
 * runs of a new job would begin at once, most of them can be told to wait until the first ones
 * have shown what works (hg_recur_job.pilots).
 */
#ifndef HOURGLASS_RECUR_H
#define HOURGLASS_RECUR_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>
#include <hourglass/frontier.h>

HG_BEGIN_DECLS

/** Most batch sizes of one job. */
#define HG_RECUR_MAX_SIZES 64

/** X(name, value, text): how batch sizes are chosen. */
#define HG_RECUR_POLICY_LIST(X)                                                                    \
	X(HG_RECUR_LEARN, 0, "learn")                                                              \
	X(HG_RECUR_ZEUS, 1, "zeus")                                                                \
	X(HG_RECUR_RANDOM, 2, "random")                                                            \
	X(HG_RECUR_FIXED, 3, "fixed")                                                              \
	X(HG_RECUR_GRID, 4, "grid")

/**
 * How batch sizes are chosen.
 *
 * | policy | choice | bound of a run |
 * |---|---|---|
 * | HG_RECUR_LEARN | the engine described above | from the posterior |
 * | HG_RECUR_ZEUS | two rounds of pruning from the default size outwards, then Gaussian Thompson
 *   sampling (NSDI'23, algorithms 1 and 2) | beta * least cost so far |
 * | HG_RECUR_RANDOM | any size, all alike | none |
 * | HG_RECUR_FIXED | the default size | none |
 * | HG_RECUR_GRID | every size once, then the cheapest | beta * least cost so far |
 *
 * Zeus is here without its defects: draws of all sizes are independent, runs that did not converge
 * lower no bound, results of concurrent runs are kept, killed runs block nothing, and where it
 * would have pruned every size, the cheapest known one goes on and the decision is flagged.
 */
typedef enum hg_recur_policy {
#define HG_RECUR_POLICY_ENUM(name, value, text) name = (value),
	HG_RECUR_POLICY_LIST(HG_RECUR_POLICY_ENUM)
#undef HG_RECUR_POLICY_ENUM
} hg_recur_policy;

/**
 * A job. Zero-initialise, set `size`, then what you need; everything is only read, and must live
 * during the call.
 */
typedef struct hg_recur_job {
	uint32_t size;               /**< sizeof(hg_recur_job) */
	uint32_t policy;             /**< HG_RECUR_LEARN or another hg_recur_policy */
	uint32_t n_sizes;            /**< batch sizes, 1..HG_RECUR_MAX_SIZES */
	uint32_t default_size;       /**< the batch size to begin with; one of them */
	const uint32_t *batch_sizes; /**< strictly increasing, each >= 1 */
	/** NULL, or for each size NULL or its frontier per epoch: what each setting of the device
	 * costs. The decision then names the setting too. */
	const hg_frontier *const *frontiers;
	double eta;               /**< 0: only time counts; 1: only energy */
	double max_power_w;       /**< P_max of all devices together, > 0 */
	double target;            /**< the metric to reach; used by hg_recur_report() only */
	uint32_t lower_is_better; /**< not 0: the metric falls */
	uint32_t max_epochs;      /**< a run ends here in any case, >= 1 */
	double beta;              /**< no run may cost more than beta * the least expected cost;
				       0: 2.5 (Zeus and grid: 2 * least cost so far) */
	double confidence;        /**< to drop a size, in (0.5, 1); 0: 0.95 */
	uint32_t horizon;         /**< runs that what is learnt now will serve; 0: 40 */
	uint32_t watched;         /**< not 0: hg_recur_check() is asked after each epoch, with the
				       sights of all runs: a short look at a size is then cheap */
	uint32_t pilots; /**< not 0: at first no more than so many run at once, and one more
			      for each run that has reached the target; who asks for another
			      is told to wait (hg_recur_decision.wait). 2 is a good number.
			      0: nobody waits. HG_RECUR_LEARN only */
} hg_recur_job;

/** X(name, value, text): how a trial stands. */
#define HG_RECUR_STATE_LIST(X)                                                                     \
	X(HG_RECUR_RUNNING, 0, "running")                                                          \
	X(HG_RECUR_REACHED, 1, "reached")                                                          \
	X(HG_RECUR_STOPPED, 2, "stopped")                                                          \
	X(HG_RECUR_EXHAUSTED, 3, "exhausted")                                                      \
	X(HG_RECUR_KILLED, 4, "killed")

/** How a trial stands. */
typedef enum hg_recur_state {
#define HG_RECUR_STATE_ENUM(name, value, text) name = (value),
	HG_RECUR_STATE_LIST(HG_RECUR_STATE_ENUM)
#undef HG_RECUR_STATE_ENUM
} hg_recur_state;

/** Where a trial comes from. */
typedef enum hg_recur_kin {
	HG_RECUR_OWN = 0,          /**< this job, on this device */
	HG_RECUR_OTHER_DEVICE = 1, /**< this job elsewhere: its epochs count in full; of its costs
					only the shape over batch sizes */
	HG_RECUR_SIMILAR_JOB = 2   /**< another job: only the shape of both over batch sizes, and as
					far as own runs agree with it (first odds 2 to 1, or 50
					times that where an epoch costs the same); not at all below
					even odds, nor unless its sizes reach from below the
					default to above it */
} hg_recur_kin;

/** What a run was seen to have come to. */
typedef struct hg_recur_sight {
	double epochs; /**< done since its start, > 0 */
	double metric; /**< after them */
} hg_recur_sight;

/**
 * One run, finished or running. Zero is a run that has not done anything.
 *
 * Trials are handed over oldest first, in the order in which they ended; running ones anywhere.
 * Those of other kin may stand anywhere too (their order does not matter): a job is warm-started
 * by handing over the trials of another device or of a similar job. Trials of batch sizes that the
 * job does not have are passed over.
 *
 * A figure that is NAN, negative or infinite is taken as unknown, never as 0.
 */
typedef struct hg_recur_trial {
	uint32_t state;      /**< hg_recur_state */
	uint32_t batch_size; /**< of the run */
	uint32_t kin;        /**< hg_recur_kin */
	uint32_t flags;      /**< HG_RECUR_BAD_*: what was wrong with its reports; not used here */
	double epochs;       /**< done so far; REACHED: the target was seen after this many */
	double energy_j;     /**< of the run so far; 0 or unknown: not measured */
	double time_s;       /**< of the run so far; 0 or unknown: not measured */
	double epoch_energy_j; /**< of one epoch at the setting that was settled on; 0 or unknown:
				    energy_j / epochs */
	double epoch_time_s;   /**< likewise, s */
	double metric;         /**< the last one reported; not used here */
	/** How its metric came along, in order of epochs; NULL: not known. It tells long before the
	 * target how two sizes compare. Only read, during the call. */
	const hg_recur_sight *sights;
	size_t n_sights; /**< of them */
} hg_recur_trial;

/** X(name, value, text): why a batch size was chosen. */
#define HG_RECUR_REASON_LIST(X)                                                                    \
	X(HG_RECUR_FIRST, 0, "first")                                                              \
	X(HG_RECUR_BEST, 1, "best")                                                                \
	X(HG_RECUR_LEARNING, 2, "learning")                                                        \
	X(HG_RECUR_POLICY, 3, "policy")                                                            \
	X(HG_RECUR_LAST, 4, "last")

/** Why a batch size was chosen. */
typedef enum hg_recur_reason {
#define HG_RECUR_REASON_ENUM(name, value, text) name = (value),
	HG_RECUR_REASON_LIST(HG_RECUR_REASON_ENUM)
#undef HG_RECUR_REASON_ENUM
} hg_recur_reason;

/** What to run next. Costs in J by the job's eta and P_max; of a run unless it says "epoch". */
typedef struct hg_recur_decision {
	uint32_t size;       /**< sizeof(hg_recur_decision) */
	uint32_t batch_size; /**< to train with */
	uint32_t index;      /**< of it in the job's batch sizes */
	uint32_t reason; /**< hg_recur_reason: FIRST (nothing is known yet), BEST (least expected
			      cost), LEARNING (for what it tells), POLICY (a baseline's rule),
			      LAST (all sizes fail; the one that fails least) */
	uint32_t max_epochs;  /**< stop the run after so many epochs, 1..job's max_epochs (Zeus
				   may say 0: not worth one); from bound_j and epoch_j */
	uint32_t best_index;  /**< the size of least expected cost before this run */
	uint32_t dropped;     /**< sizes that are out */
	uint32_t exhausted;   /**< not 0: the policy had no size left */
	double bound_j;       /**< stop the run when it has cost this much; INFINITY: never */
	double expected_j;    /**< expected cost, a restart included if it is stopped */
	double best_j;        /**< expected cost of best_index; NAN when nothing is known */
	double gain_j;        /**< what the result is expected to save each later run */
	double epoch_j;       /**< cost of one epoch: measured, by frontier, or guessed */
	size_t regime;        /**< index of the first trial since the last change of the job */
	uint32_t has_setting; /**< not 0: pick says at which setting of the device */
	hg_pick pick;         /**< point of the size's frontier, by HG_ETA */
	uint32_t wait;        /**< not 0: do not begin yet; ask again when a running trial has
			       reported or ended (hg_recur_job.pilots). The rest is what it would
			       be now */
} hg_recur_decision;

/**
 * Chooses the batch size of the next run.
 *
 * Complexity: O(n + k^2 + m^3) for n trials, k sizes and m sizes tried; half a millisecond for
 * 1,000 trials of 16 sizes.
 *
 * @param trials  n of them, see hg_recur_trial; NULL when n is 0
 * @param seed    for policies that draw: HG_RECUR_ZEUS, HG_RECUR_RANDOM. The draw also depends on
 *                n, so one seed serves a whole job
 * @param out     its size must be set
 * @return HG_OK; HG_EINVAL (names the field of the job or the trial that is wrong); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_recur_next(const hg_recur_job *job, const hg_recur_trial *trials,
	size_t n, uint64_t seed, hg_recur_decision *out, hg_error *why);

/** What hg_recur_check() says. */
typedef enum hg_recur_verdict {
	HG_RECUR_CONTINUE = 0, /**< go on */
	HG_RECUR_STOP = 1      /**< no longer worth it */
} hg_recur_verdict;

/** Whether a running trial should go on. */
typedef struct hg_recur_check_result {
	uint32_t size;       /**< sizeof(hg_recur_check_result) */
	uint32_t verdict;    /**< hg_recur_verdict */
	uint32_t max_epochs; /**< it may run until so many are done */
	uint32_t reserved;   /**< 0 */
	double bound_j;      /**< the cost that it may reach */
	double spent_j;      /**< what it has cost; NAN unknown */
} hg_recur_check_result;

/**
 * Judges a running trial again, with what it and other trials have told since it was started: what
 * going on still costs and teaches against beginning anew with the best size. Never stopped before
 * its first epoch is over.
 *
 * @param running  index of the trial among the n; its state must be HG_RECUR_RUNNING
 * @param out      its size must be set
 * @return HG_OK; HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_recur_check(const hg_recur_job *job, const hg_recur_trial *trials,
	size_t n, size_t running, hg_recur_check_result *out, hg_error *why);

/** A report of a running trial: everything is counted from its start. Zero-initialise. */
typedef struct hg_recur_report {
	uint32_t size;   /**< sizeof(hg_recur_report) */
	double epochs;   /**< done, >= 0 */
	double metric;   /**< after them; NAN: not known */
	double energy_j; /**< so far; NAN: not known */
	double time_s;   /**< so far; NAN: not known */
} hg_recur_report;

/** The metric of a report was NAN or infinite. */
#define HG_RECUR_BAD_METRIC 1u
/** The energy of a report was negative, infinite, or less than before. */
#define HG_RECUR_BAD_ENERGY 2u
/** The time of a report was negative, infinite, or less than before. */
#define HG_RECUR_BAD_TIME 4u
/** The epochs of a report were fewer than before, or no number. */
#define HG_RECUR_BAD_EPOCH 8u
/** A report of the same epochs again. */
#define HG_RECUR_REPEATED 16u
/** A report came after the trial had ended. */
#define HG_RECUR_AFTER_END 32u

/**
 * Enters a report into a trial. Nothing that was known is ever lost or made worse by a bad report:
 * figures that cannot be are left out, epochs and meters only go forward, a trial that has ended
 * stays as it is; what was wrong is added to trial->flags. The state becomes HG_RECUR_REACHED when
 * the metric meets the target, else HG_RECUR_EXHAUSTED once max_epochs are done. The cost of one
 * epoch is kept up to date as the mean over the run.
 *
 * @param flags  receives what was wrong with this report, HG_RECUR_BAD_* or 0; may be NULL
 * @return HG_OK, also for a bad report; HG_EINVAL (job)
 */
HG_API HG_NODISCARD hg_err hg_recur_enter(const hg_recur_job *job, hg_recur_trial *trial,
	const hg_recur_report *report, uint32_t *flags, hg_error *why);

/** What is believed about one batch size. Intervals hold with 90 %. */
typedef struct hg_recur_belief {
	uint32_t size;       /**< sizeof(hg_recur_belief) */
	uint32_t batch_size; /**< the size */
	uint32_t runs;       /**< own trials since the last change, running ones not counted */
	uint32_t failures;   /**< of these, those that did not reach the target */
	uint32_t dropped;    /**< not 0: out, see hg_recur_job's confidence */
	uint32_t cost_known; /**< not 0: epoch_j is measured or by frontier, else a guess */
	double epochs, epochs_lo, epochs_hi;    /**< to the target: median and interval */
	double epoch_j, epoch_lo_j, epoch_hi_j; /**< cost of one epoch */
	double cost_j, cost_lo_j, cost_hi_j;    /**< of a whole run: mean and interval */
	double p_best; /**< probability to be the cheapest (of 512 draws) */
	double p_fail; /**< probability that a run does not reach the target within max_epochs */
} hg_recur_belief;

/**
 * What is believed about all batch sizes, whatever the policy.
 * @param out   job->n_sizes of them; the size of each must be set
 * @param room  how many there are, at least job->n_sizes
 * @return HG_OK; HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_recur_believe(const hg_recur_job *job, const hg_recur_trial *trials,
	size_t n, hg_recur_belief *out, size_t room, hg_error *why);

/** How hg_recur_explain() writes. */
typedef enum hg_recur_form {
	HG_RECUR_TEXT = 0, /**< one paragraph for people */
	HG_RECUR_JSON = 1  /**< an object, schema hourglass.recur-decision/1 */
} hg_recur_form;

/**
 * Why this batch size, now: the decision that hg_recur_next() makes for the same arguments, in
 * words or as JSON with the beliefs it rests on.
 * @param text  receives malloc()ed text with a final NUL; free() it
 * @return HG_OK; HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_recur_explain(const hg_recur_job *job, const hg_recur_trial *trials,
	size_t n, uint64_t seed, hg_recur_form form, char **text, hg_error *why);

/** "learn", "zeus"...: name of a policy; "?" for a number that is none. Thread-safe. */
HG_API const char *hg_recur_policy_name(uint32_t policy);

/** "running", "reached"...: name of a state; "?" for a number that is none. Thread-safe. */
HG_API const char *hg_recur_state_name(uint32_t state);

/** "first", "best"...: name of a reason; "?" for a number that is none. Thread-safe. */
HG_API const char *hg_recur_reason_name(uint32_t reason);

HG_END_DECLS

#endif
