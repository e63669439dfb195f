/*
 * The simulated device.
 *
 * Time is virtual and kept as whole nanoseconds and a fraction, energy as whole microjoules and a
 * fraction, so that hours of microsecond kernels add up without drift. Power is constant over a
 * stretch: a host gap, a kernel, a run of equal units, an idle period. The energy counter shows
 * the true energy at its last tick only; the truths at ticks that are not visible yet (lag) wait
 * in a short queue.
 *
 * options.c  "sim:h100,seed=7"       clock.c  time, energy, counter, temperature, watcher
 * sim.c      hooks of the backend    plan.c   what a unit of work costs now
 * run.c      hg_sim_run and friends
 */
#ifndef HG_HARDWARE_SIM_SIM_H
#define HG_HARDWARE_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/model.h>
#include <hourglass/sim.h>

#include "core/rng.h"
#include "hardware/device/backend.h"
#include "hardware/model/predict.h"

/** Most knob settings under way at once. */
#define SIM_PENDING_MAX 64
/** Most ticks a reading of the counter may lag. */
#define SIM_LAG_TICKS 16

extern const struct backend sim_backend;

/** What stands behind the model's name in the spec. */
struct sim_options {
	uint64_t seed;
	double noise;     /* relative sd of each unit's time and power */
	double tick_s;    /* 0: the counter moves continuously */
	double lag_s;     /* between an instant and its energy being readable */
	double latency_s; /* from setting a knob to its effect */
	double gain;      /* reading / truth */
	bool realtime;
};

/**
 * Parses "MODEL[,KEY=VALUE...]".
 * @param model  receives the model's name; malloc()ed
 */
hg_err sim_options_parse(
	const char *spec, const char *text, struct sim_options *o, char **model, hg_error *why);

enum sim_knob {
	SIM_POWER_LIMIT,
	SIM_SM_CLOCK,
	SIM_KNOBS
};

/** A knob setting that has not taken effect. */
struct sim_pending {
	int64_t at_ns;
	int64_t value;
	enum sim_knob knob;
};

/** A line of the workload at the setting in force. */
struct plan_entry {
	double start_s, start_j; /* from the beginning of the unit */
	double gap_s;            /* before each kernel */
	double kernel_s;
	double kernel_w;
	double x; /* relative clock */
	uint64_t repeat;
	uint32_t flags; /* HG_CAP_* */
};

/** What a unit of work costs at the setting in force. */
struct plan {
	struct plan_entry *entries;
	size_t n;
	double time_s, energy_j, active_s;
	bool valid;
};

/** An amount as whole units and a fraction in [0, 1). */
struct sim_amount {
	int64_t whole;
	double part;
};

struct sim {
	struct hg_ctx *ctx;
	const char *spec;
	hg_model *model;
	struct sim_options o;
	char uuid[48];
	struct rng rng;

	struct sim_amount t; /* ns */
	struct sim_amount e; /* uJ, true */
	int64_t epoch_ns;    /* context's clock at t = 0 (realtime) */
	int64_t tick_ns, lag_ns, latency_ns;
	int64_t next_tick_ns; /* next instant whose energy the counter will show */
	int64_t shown_uj;     /* truth behind what the counter shows */
	struct {
		int64_t visible_ns, uj;
	} queue[SIM_LAG_TICKS + 2]; /* ticks not visible yet, oldest first */
	size_t n_queue;

	int64_t set[SIM_KNOBS];                      /* what the driver was told */
	int64_t active[SIM_KNOBS];                   /* what is in force */
	struct sim_pending pending[SIM_PENDING_MAX]; /* by time */
	size_t n_pending;

	hg_predictor *predictor; /* of the workload that ran last */
	struct plan plan;

	double power_w, clock_hz; /* of the latest stretch */
	uint32_t flags;           /* HG_CAP_* of the latest kernel */
	double busy_s, span_s;    /* of the latest run or idle: kernels, all */
	double temperature_c;
	double heat_j, heat_s; /* since the temperature was brought up to date */

	hg_sim_power_fn watch; /* NULL: nobody watches */
	void *watch_user;
	struct {
		int64_t t0_ns, t1_ns;
		double power_w, clock_hz;
		bool open;
	} seen;       /* stretch that the watcher has not been told of */
	bool stopped; /* the watcher said stop */

	int64_t alarm_ns; /* INT64_MAX: none */
	backend_alarm_fn alarm;
	void *alarm_user;

	const hg_device *device; /* in real time, while work runs: others may read it meanwhile */
	int64_t pause_ns;        /* real time is waited for here */
};

/* ----- clock.c */

/** Energy from the beginning of a stretch to `offset_s` into it. */
typedef double (*sim_energy_fn)(const void *user, double offset_s);

/** Advances over a stretch whose power is not constant but whose energy is known at any time. */
void sim_advance(
	struct sim *s, double duration_s, double energy_j, sim_energy_fn fn, const void *user);
/** Advances over constant power and tells the watcher. */
void sim_stretch(struct sim *s, double duration_s, double power_w, double clock_hz);
/** As sim_stretch(), but ends exactly at t_ns. */
void sim_stretch_until(struct sim *s, int64_t t_ns, double power_w, double clock_hz);
/** Seconds from now to t_ns. */
double sim_until(const struct sim *s, int64_t t_ns);
/** Tells the watcher what it has not heard of yet. */
void sim_watch_flush(struct sim *s);
/** What the energy counter reads, in uJ. */
int64_t sim_counter(struct sim *s);
/** Brings the temperature up to date. */
void sim_heat(struct sim *s);
/** Puts settings in force whose time has come. @return whether any was */
bool sim_apply_due(struct sim *s);
/** Seconds until the next setting takes effect, alarm or pause; infinite: none. */
double sim_until_next(const struct sim *s);
/** When that is. */
int64_t sim_next(const struct sim *s);
/** Does what is due: settings, the alarm, the pause. @return whether a setting came in force */
bool sim_due(struct sim *s);
/** In real time: idles until the device's clock has caught up with the context's. */
void sim_catch_up(struct sim *s);
/** Work begins on this device, or ends: in real time the device's time waits for the context's. */
void sim_begin(struct sim *s, const hg_device *d);
void sim_end(struct sim *s);

/* ----- plan.c */

/** Makes the plan fit the workload and the setting in force. */
void plan_update(struct sim *s);
/** Gets ready for a workload. */
hg_err plan_workload(struct sim *s, const hg_workload *w, hg_error *why);
void plan_finish(struct plan *p);
/** Energy of the first offset_s seconds of a unit. */
double plan_energy(const struct plan *p, double gap_w, double offset_s);

/** Clock of a device that runs nothing. */
double sim_idle_clock(const struct sim *s);

#endif
