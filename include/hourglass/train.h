/**
 * @file train.h
 * Choosing a setting for a training job whose frontier is known: one device, or a synchronous
 * group (data or tensor parallel) that shares one setting.
 *
 * Pure functions of data: no clock, no I/O, thread-safe.
 */
#ifndef HOURGLASS_TRAIN_H
#define HOURGLASS_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/frontier.h>

HG_BEGIN_DECLS

/**
 * Frontier of a synchronous group in which all ranks run the same setting: time is that of the
 * slowest rank, energies add, and faster ranks wait at their static power (unknown counts as 0).
 *
 * Only settings that every rank has measured take part, dominated ones included: what is dominated
 * on one rank may not be in the group. Ranks must have the same knobs.
 * Complexity: O(total points * log points).
 *
 * @param ranks  n >= 1 built frontiers; the same one may stand several times
 * @return HG_OK; HG_EINVAL (different knobs, composed frontier, no common setting: says which rank)
 */
HG_API HG_NODISCARD hg_err hg_train_group(
	const hg_frontier *const *ranks, size_t n, hg_frontier **out, hg_error *why);

/** A job of many units of work. Zero-initialise, set `size`, then what you need. */
typedef struct hg_train_job {
	uint32_t size;          /**< sizeof(hg_train_job) */
	hg_objective objective; /**< deadline and budget are those of the whole job */
	double units;           /**< units of work in the job, > 0 */
} hg_train_job;

/** What was chosen. */
typedef struct hg_train_choice {
	uint32_t size;        /**< sizeof(hg_train_choice) */
	uint32_t feasible;    /**< 0: the point misses the objective, and is the nearest to it */
	hg_pick pick;         /**< per unit of work */
	double time_s;        /**< of the whole job at this setting */
	double energy_j;      /**< of the whole job at this setting */
	double base_time_s;   /**< of the whole job at the fastest setting */
	double base_energy_j; /**< of the whole job at the fastest setting */
	double energy_saving; /**< 1 - energy_j / base_energy_j */
	double slowdown;      /**< time_s / base_time_s */
} hg_train_choice;

/**
 * Chooses one setting for a whole job.
 *
 * "Slowdown at most f" is the cheapest point with time <= f * fastest. (Zeus takes the lowest power
 * limit within the bound, which can be both slower and dearer.)
 *
 * @return HG_OK, also when infeasible; HG_EINVAL
 */
HG_API HG_NODISCARD hg_err hg_train_choose(
	const hg_frontier *f, const hg_train_job *job, hg_train_choice *choice, hg_error *why);

HG_END_DECLS

#endif
