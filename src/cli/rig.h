/* Devices and the work that runs on them: what profile, run and demo share. */
#ifndef HG_CLI_RIG_H
#define HG_CLI_RIG_H

#include <stdint.h>

#include <hourglass/context.h>
#include <hourglass/control.h>
#include <hourglass/device.h>
#include <hourglass/frontier.h>
#include <hourglass/model.h>
#include <hourglass/profile.h>

#include "cli.h"
#include "core/json.h"
#include "core/vec.h"
#include "term.h"

/** Most devices in a group. */
#define RIG_DEVICES 64

/** Devices that work as one synchronous group, and their work. */
struct rig {
	hg_ctx *ctx;
	hg_guard *guard; /* knobs are set through it only; watched by keep.h */
	hg_device *devices[RIG_DEVICES];
	size_t n;
	hg_workload *workload;
};

/** A context for the command: HOURGLASS_DATA_DIR is where device and workload files are,
 * HOURGLASS_FS_ROOT the directory that stands for "/" where hardware is looked for. */
int rig_context(struct cli *cli, hg_ctx **ctx);
/** The directory that HOURGLASS_DATA_DIR names, or NULL. */
const char *rig_data_dir(void);
/** Opens one device. What is wrong goes to stderr, as with all of these. @return exit code */
int rig_device(struct cli *cli, hg_ctx *ctx, const char *spec, hg_device **out);
/** Opens what a name stands for: one device, or of "replay:FILE" all in it. */
int rig_devices(struct cli *cli, hg_ctx *ctx, const char *spec);
/** Opens n simulated devices of one kind and a workload. rig_close() in any case. */
int rig_open(
	struct cli *cli, struct rig *rig, const char *const *specs, size_t n, const char *workload);
void rig_close(struct rig *rig);
/** Identity of the i-th device. */
hg_device_info rig_info(const struct rig *rig, size_t i);

/** Room for rig_units(). */
#define RIG_UNITS_TEXT 128
/** Several of the workload's units: "steps", "batches". */
const char *rig_units(const struct rig *rig, char text[RIG_UNITS_TEXT]);

/* ----- sweeps: sweep.c */

/** Values of knobs to try; owned. */
struct sweep_set {
	hg_sweep *sweeps;
	size_t n;
};

/** Reads "power_limit=150W:700W:50W" or "sm_clock=1.2GHz,1.5GHz" for each of n texts; without any,
 * a default sweep of the power limit. */
int sweep_read(
	struct cli *cli, hg_device *d, const char *const *texts, size_t n, struct sweep_set *set);
/** Both knobs: power limits as by default, and clocks from half of the highest. */
int sweep_limits_and_clocks(struct cli *cli, hg_device *d, struct sweep_set *set);
/** Clocks from half of the highest. */
int sweep_clocks(struct cli *cli, hg_device *d, struct sweep_set *set);
void sweep_set_finish(struct sweep_set *set);
/** Number of settings in the grid. */
size_t sweep_count(const struct sweep_set *set);
/** What a knob measures, and how many SI units one of the knob's is. */
enum quantity knob_quantity(const hg_knob_info *knob, double *factor);

/* ----- profiling */

/** How to profile; zero: the defaults. */
struct profile_how {
	const struct sweep_set *set;
	double target_rsd, max_window_s;
	uint32_t warmup;
};

/**
 * Profiles the workload on the i-th device, with progress.
 * @param out  receives the frontier, also when the user interrupted and something was measured
 * @return EXIT_OK; EXIT_INTERRUPTED; another exit code
 */
int rig_profile(struct cli *cli, struct rig *rig, size_t i, const struct profile_how *how,
	hg_frontier **out);

/* ----- running */

/** Stretch of a job with this mean power. */
struct trace_row {
	double start_s, end_s; /* since the job began */
	double power_w, clock_hz;
	uint32_t device;
};

/** Power over time: the first units in full, later ones summed up so that it stays small. */
struct trace {
	struct vec rows; /* struct trace_row; each device's in order of time */
	uint64_t detail; /* units to record in full */
};

void trace_init(struct trace *t, uint64_t detail);
void trace_finish(struct trace *t);

/** What a job took. */
struct outcome {
	double time_s, energy_j; /* as it really was, which a simulation knows */
	double counter_j;        /* what the energy counters said */
	uint64_t units;          /* done */
};

/** Sets the knobs of all devices as a point of a built frontier says, and waits until it holds. */
int rig_set(struct cli *cli, struct rig *rig, const hg_frontier *f, hg_setting row);
/** Puts back all knobs that were set. */
int rig_reset(struct cli *cli, struct rig *rig);
/**
 * Runs units of the workload, all devices in step.
 * @param trace  may be NULL
 * @return EXIT_OK; EXIT_INTERRUPTED (outcome says how far); EXIT_USAGE, EXIT_BROKEN
 */
int rig_run(struct cli *cli, struct rig *rig, uint64_t units, struct trace *trace,
	struct outcome *outcome);

/** Whether a row of a frontier's settings is what the device has after a reset. */
bool rig_is_default(const struct rig *rig, const hg_frontier *f, hg_setting row);
/** The point of a frontier, dominated ones included, with the default setting, or NULL. */
const hg_point *rig_default_point(const struct rig *rig, const hg_frontier *f);

#endif
