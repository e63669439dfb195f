/**
 * @file search.h
 * The joint frontier of many knobs, with few measurements.
 *
 * A space is a list of configurations: device type, count, parallelism, batch size, power limit,
 * clock, kernel variant. Measuring one costs minutes. The search says which one to measure next,
 * until the frontier of what was measured is within a factor 1 + epsilon of the frontier of all.
 *
 * **A state machine.** hg_search_next() proposes, the caller measures, hg_search_tell() takes the
 * result or that there is none. No clock, no files, no randomness but the seed's: the same space,
 * options and calls give the same proposals, so that a search is resumed by telling it again what
 * its log holds.
 *
 * **Belief.** Logarithms of time and power are two Gaussian processes around a prior mean: the
 * caller's predictions where it has some (physics, or hg_search_transfer() from other workloads),
 * else a general one. A covariance is a sum: a level, a level of each set of choices, the effect
 * of each ordered knob common to all choices and of its own, and pairs of knobs. A power limit's
 * effect is 0 at the largest limit and grows as physics has it. Energy is time times power, so the
 * two objectives are correlated as they really are. What no neighbour tells, such as a batch size
 * that a kernel happens to like, is a part of its own. Four beliefs are held at once, whose scales
 * are draws of those that are likely for what was told (a Metropolis walk, with a prior from public
 * sweeps), and all probabilities are averages over them: few results say little of scales.
 *
 * **Choice.** HG_SEARCH_COVER, the default, aims at what is asked for, every point of the frontier
 * to within epsilon: of joint draws of all configurations that are still in question, it takes the
 * one that covers most of what is not covered yet, per unit of measuring cost. HG_SEARCH_EHVI
 * takes the largest exact expected hypervolume improvement (over log time and log energy) per unit
 * of cost. Several proposals at once: those not told yet count as if they came out as expected
 * ("Kriging believer", Ginsbourger, Le Riche, Carraro 2010).
 *
 * **Certificate.** hg_search_look() tells the smallest epsilon for which, as the belief has it, no
 * configuration that was not measured escapes, with a probability of at least `confidence`. The
 * sum of all probabilities bounds it, dependent or not. One belief in twenty is doubted: taken to
 * be 2.5 times less sure than it is, for tables have outliers. It is as good as the belief is.
 *
 * **Large spaces.** A product of values that is too large to be listed is searched through some
 * thousand candidates. A quarter of them are drawn by chance; the others are settings on which the
 * frontier is most likely to move. Each result exchanges some hundred for draws and for settings
 * next to the front and to the most likely ones: a knob or two moved, or knobs of two mixed. What a
 * step costs does not depend on the size of the space. The certificate is of the candidates alone,
 * of three sets in a row with nothing measured in between; of the whole space
 * hg_search_state.escape_drawn says how likely a setting drawn by chance is to be better by more
 * than epsilon.
 *
 * Measurements may fail. A configuration that failed is not proposed again, and those like it are
 * thought to be more likely to fail.
 *
 * A search is used by one thread at a time; two searches are independent.
 */
#ifndef HOURGLASS_SEARCH_H
#define HOURGLASS_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>
#include <hourglass/frontier.h>

HG_BEGIN_DECLS

/** Most knobs of a space. */
#define HG_SEARCH_MAX_KNOBS 16
/** Most configurations of a space. */
#define HG_SEARCH_MAX_CONFIGS 65536
/** Most measurements that count. */
#define HG_SEARCH_MAX_MEASURED 1024

/** X(name, value, text): how the values of a knob compare. */
#define HG_SEARCH_SCALE_LIST(X)                                                                    \
	X(HG_SEARCH_CHOICE, 0, "choice")                                                           \
	X(HG_SEARCH_LINEAR, 1, "linear")                                                           \
	X(HG_SEARCH_LOG, 2, "log")                                                                 \
	X(HG_SEARCH_LIMIT, 3, "limit")                                                             \
	X(HG_SEARCH_CLOCK, 4, "clock")

/**
 * How the values of a knob compare.
 *
 * | scale | values | near are |
 * |---|---|---|
 * | HG_SEARCH_CHOICE | words or numbers: device type, variant, parallelism | equal ones |
 * | HG_SEARCH_LINEAR | numbers | neighbours, by share of the span |
 * | HG_SEARCH_LOG | numbers > 0: batch size, count | ratios, in octaves |
 * | HG_SEARCH_LIMIT | watts > 0 | shares of the largest one with the same choices |
 * | HG_SEARCH_CLOCK | clock > 0 | shares of the largest one with the same choices |
 */
typedef enum hg_search_scale {
#define HG_SEARCH_SCALE_ENUM(name, value, text) name = (value),
	HG_SEARCH_SCALE_LIST(HG_SEARCH_SCALE_ENUM)
#undef HG_SEARCH_SCALE_ENUM
} hg_search_scale;

/** X(name, value, text): how the next configuration is chosen. */
#define HG_SEARCH_POLICY_LIST(X)                                                                   \
	X(HG_SEARCH_COVER, 0, "cover")                                                             \
	X(HG_SEARCH_EHVI, 1, "ehvi")                                                               \
	X(HG_SEARCH_RANDOM, 2, "random")

/** How the next configuration is chosen. */
typedef enum hg_search_policy {
#define HG_SEARCH_POLICY_ENUM(name, value, text) name = (value),
	HG_SEARCH_POLICY_LIST(HG_SEARCH_POLICY_ENUM)
#undef HG_SEARCH_POLICY_ENUM
} hg_search_policy;

/**
 * Whether a product has settings that begin with these cells. It is asked knob by knob, of settings
 * whose n - 1 cells it has allowed; what it says depends on nothing else.
 *
 * @return not 0: it may have some; for n = n_knobs: this is one
 */
typedef int (*hg_search_allows_fn)(void *user, const double *cells, size_t n);

/**
 * A space of configurations, listed, or a product of the knobs' values that is too large to be.
 * Zero-initialise, set `size`, then what you need; hg_search_create()
 * copies everything.
 */
typedef struct hg_search_space {
	uint32_t size;            /**< sizeof(hg_search_space) */
	uint32_t n_knobs;         /**< 1..HG_SEARCH_MAX_KNOBS */
	const hg_knob_def *knobs; /**< n_knobs columns; `choices` only with HG_SEARCH_CHOICE */
	const uint32_t *scales;   /**< n_knobs of hg_search_scale */
	uint32_t n_configs;       /**< 1..HG_SEARCH_MAX_CONFIGS; of a product 0 */
	uint32_t devices;         /**< for the frontier's info; 0 unknown */
	const double *cells;      /**< n_configs x n_knobs, row by row, as hg_build_opts.settings */
	const double *prior_time_s;   /**< n_configs predictions, or NULL */
	const double *prior_energy_j; /**< n_configs predictions, or NULL; both or neither */
	const double *prior_rsd;      /**< their relative standard deviations, > 0; NULL unknown */
	const double *cost;           /**< n_configs costs of measuring, > 0; NULL: all alike */
	const char *name;             /**< for the frontier's info; may be NULL */
	const char *work_unit;        /**< for the frontier's info; may be NULL */
	const char *device;           /**< for the frontier's info; may be NULL */
	const size_t *n_values;       /**< a product: how many values each knob has; else NULL */
	const double *const *values;  /**< of each knob: its values, no two the same */
	const double *const *value_costs; /**< costs of each, or NULL; they multiply. NULL: alike */
	hg_search_allows_fn allows;       /**< NULL: all combinations */
	void *user;                       /**< for `allows`; must outlive the search */
} hg_search_space;

/** How to search. Zero-initialise, set `size`. */
typedef struct hg_search_opts {
	uint32_t size;         /**< sizeof(hg_search_opts) */
	uint32_t policy;       /**< hg_search_policy */
	uint64_t seed;         /**< of the draws, and of where the search begins */
	double epsilon;        /**< > 0; 0: 0.02 */
	double confidence;     /**< of the certificate, in (0, 1); 0: 0.98 */
	uint32_t max_measured; /**< stop after so many results, failures included; 0: no such end */
	uint32_t origin;       /**< bits of enum hg_origin of what is measured; 0: measured */
	uint32_t n_candidates; /**< of a product, 1024..HG_SEARCH_MAX_CONFIGS; 0: 4096 */
	uint32_t reserved;     /**< 0 */
} hg_search_opts;

/** A search; opaque. */
typedef struct hg_search hg_search;

/** What came of measuring one configuration. Zero-initialise, set `size`. */
typedef struct hg_search_result {
	uint32_t size;     /**< sizeof(hg_search_result) */
	uint32_t config;   /**< row of the space */
	uint32_t failed;   /**< not 0: there is no result, and there will be none */
	uint32_t reserved; /**< 0 */
	double time_s;     /**< seconds per unit of work, > 0 */
	double energy_j;   /**< joules per unit of work, > 0 */
	double time_rsd;   /**< relative standard deviation; 0 exact, NAN unknown (1 %) */
	double energy_rsd; /**< the same of energy_j */
} hg_search_result;

/** How a search stands. */
typedef struct hg_search_state {
	uint32_t size;        /**< sizeof(hg_search_state) */
	uint32_t done;        /**< not 0: certified, nothing left, or max_measured reached */
	uint32_t measured;    /**< configurations with a result */
	uint32_t failed;      /**< that failed */
	uint32_t pending;     /**< proposed and not told */
	uint32_t left;        /**< neither told nor proposed */
	uint32_t certified;   /**< not 0: epsilon_bound <= epsilon */
	uint32_t points;      /**< on the frontier of what was measured */
	double epsilon_bound; /**< the certificate; INFINITY before anything was measured */
	double escape;        /**< bound of the probability that epsilon is missed */
	double escape_drawn;  /**< mean probability to be not covered; of a product, of draws */
	double combinations;  /**< settings; of a product combinations of values, refused too */
	uint32_t candidates;  /**< settings that left, certified, epsilon_bound and escape are of */
	uint32_t reserved;    /**< 0 */
} hg_search_state;

/** What is believed of one configuration. */
typedef struct hg_search_belief {
	uint32_t size;     /**< sizeof(hg_search_belief) */
	uint32_t told;     /**< 0; 1: measured; 2: failed */
	double time_s;     /**< measured, or the belief's median */
	double energy_j;   /**< measured, or the belief's median */
	double time_rsd;   /**< standard deviation of log time */
	double energy_rsd; /**< standard deviation of log energy */
	double ehvi;       /**< exact expected hypervolume improvement in log time x log energy */
	double escape;     /**< probability that it is not covered to within epsilon */
	double feasible;   /**< probability that measuring it does not fail */
} hg_search_belief;

/** Name of a scale, "?" for an unknown one. */
HG_API const char *hg_search_scale_name(uint32_t scale);
/** Name of a policy, "?" for an unknown one. */
HG_API const char *hg_search_policy_name(uint32_t policy);

/**
 * Begins a search.
 * Complexity: O(n_configs * n_knobs).
 *
 * @param opts  may be NULL
 * @param out   receives the search; release it with hg_search_destroy()
 * @param why   may be NULL
 * @return HG_OK; HG_EINVAL (names the knob and configuration); HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_search_create(
	const hg_search_space *space, const hg_search_opts *opts, hg_search **out, hg_error *why);

/** Frees; NULL is fine. */
HG_API void hg_search_destroy(hg_search *s);

/**
 * Takes a result, proposed or not. The last result of a configuration told twice counts; a result
 * takes a failure back.
 * Complexity: O(measured * n_configs); each time that scales are fitted anew, that times measured.
 *
 * @return HG_OK; HG_EINVAL (no such configuration; time or energy not positive and finite);
 *         HG_ELIMIT (more than HG_SEARCH_MAX_MEASURED results); HG_ENOMEM. On an error nothing has
 *         changed, but after HG_ENOMEM only hg_search_destroy() may follow
 */
HG_API HG_NODISCARD hg_err hg_search_tell(
	hg_search *s, const hg_search_result *result, hg_error *why);

/**
 * Proposes what to measure next: different configurations, best first, which are pending then.
 *
 * @param want     how many, >= 1
 * @param configs  room for `want` rows of the space
 * @param n        receives how many there are; fewer than `want` when the search is done, or when
 *                 all that is in question is pending
 * @return HG_OK, HG_EINVAL (want is 0), HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_search_next(
	hg_search *s, size_t want, uint32_t *configs, size_t *n, hg_error *why);

/** Takes a proposal back: it was not measured, and may be proposed again. */
HG_API void hg_search_forget(hg_search *s, uint32_t config);

/**
 * Cells of a configuration, n_knobs of them, or NULL: there is no such one. Of a product they are
 * good until the next call that changes the search.
 *
 * A product's configurations are its candidates. Their numbers are good from their proposal, or
 * from hg_search_locate(), until something is told; that of one that is told or pending for ever.
 */
HG_API const double *hg_search_cells(const hg_search *s, uint32_t config);

/**
 * Finds the configuration with these cells; of a product it becomes a candidate. O(n_configs)
 *
 * @param config  receives it; UINT32_MAX on an error
 * @return HG_OK; HG_EINVAL (there is none); HG_ELIMIT (no candidate can give way: all are told,
 * pending, or located since something was told); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_search_locate(
	hg_search *s, const double *cells, uint32_t *config, hg_error *why);

/**
 * How the search stands; state->size must be set.
 * Complexity: O(n_configs * points), some 20 times.
 * @return HG_OK, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_search_look(
	const hg_search *s, hg_search_state *state, hg_error *why);

/**
 * What is believed of a configuration; belief->size must be set. O(points)
 * @return HG_OK, HG_EINVAL (no such configuration)
 */
HG_API HG_NODISCARD hg_err hg_search_believe(
	const hg_search *s, uint32_t config, hg_search_belief *belief, hg_error *why);

/**
 * The frontier of what was measured, dominated points kept; the setting table is the space.
 * @return HG_OK; HG_EINVAL (nothing was measured); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_search_frontier(const hg_search *s, hg_frontier **out, hg_error *why);

/** A configuration of another workload and what it cost. */
typedef struct hg_search_kin {
	uint32_t workload; /**< any number; the same for rows of one workload */
	uint32_t reserved; /**< 0 */
	double time_s;     /**< > 0 */
	double energy_j;   /**< > 0 */
} hg_search_kin;

/**
 * Predictions for a space from sweeps of other workloads over the same knobs.
 *
 * Workloads differ in level and in what a batch size means, so only this is carried over: how time
 * and power of a set of choices and its shares (HG_SEARCH_LIMIT, HG_SEARCH_CLOCK) compare with the
 * largest share: the median over all workloads and other knobs, at the nearest share.
 * Sets of choices that no other workload has get the median of all.
 * Complexity: O(n_kin * (n_kin + n_configs)).
 *
 * @param cells   n_kin x space->n_knobs, in the space's knobs and choices
 * @param kin     n_kin rows
 * @param time_s   receives n_configs predictions, relative ones: the level is unknown
 * @param energy_j  receives n_configs predictions, as well
 * @return HG_OK; HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_search_transfer(const hg_search_space *space, const double *cells,
	const hg_search_kin *kin, size_t n_kin, double *time_s, double *energy_j, hg_error *why);

HG_END_DECLS

#endif
