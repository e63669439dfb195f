/**
 * @file sim.h
 * The simulated device: the physics of model.h behind the interface of device.h, plus the faults
 * of real counters.
 *
 * Opened as "sim:MODEL[,KEY=VALUE...]":
 *
 * | key | default | meaning |
 * |---|---|---|
 * | seed | 1 | of the noise; same seed, same bytes |
 * | noise | 0 | relative standard deviation of each unit's time and power, e.g. 1% |
 * | tick | 100ms | how often the energy counter moves; 0: continuously |
 * | lag | 0 | between an instant and its energy being readable; at most 16 ticks |
 * | latency | 10ms | from setting a knob to its effect |
 * | gain | 1 | energy counter's reading / truth |
 * | realtime | 0 | 1: work takes as long as it says, 0: virtual time |
 *
 * It advances only when told to: by running work or idling. With realtime=1 it also idles while
 * nobody tells it anything. A knob that takes effect within a kernel changes what is left of it.
 */
#ifndef HOURGLASS_SIM_H
#define HOURGLASS_SIM_H

#include <stdint.h>

#include <hourglass/device.h>
#include <hourglass/model.h>

HG_BEGIN_DECLS

/** What really happened, which only a simulation knows. */
typedef struct hg_sim_truth {
	uint32_t size;    /**< sizeof(hg_sim_truth) */
	uint32_t flags;   /**< HG_CAP_* of the last op */
	int64_t begin_ns; /**< device clock */
	int64_t end_ns;   /**< device clock */
	double energy_j;  /**< true energy of the call, untouched by the counter's faults */
	uint64_t units;   /**< units of work done */
} hg_sim_truth;

/**
 * Runs units of a workload on a simulated device.
 * @param truth  may be NULL
 * @return HG_OK; HG_EINVAL (device is not simulated); HG_ENOMEM; HG_ELIMIT (more than 31 years);
 *         HG_EABORTED (the power callback said so; the truth tells how far it came)
 */
HG_API HG_NODISCARD hg_err hg_sim_run(
	hg_device *d, const hg_workload *w, uint64_t units, hg_sim_truth *truth, hg_error *why);

/** Lets a simulated device idle. @return as hg_sim_run() */
HG_API HG_NODISCARD hg_err hg_sim_idle(
	hg_device *d, double seconds, hg_sim_truth *truth, hg_error *why);

/**
 * Told of every stretch of constant power.
 * @return 0 to go on, anything else to stop the run
 */
typedef int (*hg_sim_power_fn)(
	void *user, int64_t t0_ns, int64_t t1_ns, double power_w, double clock_hz);

/** Watches a simulated device's power. fn NULL: no more. @return HG_OK, HG_EINVAL (not simulated)
 */
HG_API HG_NODISCARD hg_err hg_sim_watch(hg_device *d, hg_sim_power_fn fn, void *user);

HG_END_DECLS

#endif
