/* A device that is played: power, clocks and limits now, and the energy counter as its sensor
 * shows it. What is set changes what is read. */
#ifndef HG_FAKE_DEVICE_H
#define HG_FAKE_DEVICE_H

#include "core/rng.h"

#include "scenario.h"

enum fake_knob {
	FAKE_LIMIT_W,    /* power limit */
	FAKE_SM_MHZ,     /* locked clock of the compute units; 0: not locked */
	FAKE_MEMORY_MHZ, /* of the memory */
	FAKE_MODULE_W,   /* power limit of the whole superchip */
	FAKE_KNOBS
};

/** Times at which the power changed, for means over the past. */
#define FAKE_PAST 64

struct fake_device {
	const struct fake_spec *spec; /* NULL: there is none of this index */
	size_t index;                 /* among the library's devices */
	double now_s;                 /* up to here everything is known */
	double energy_j;              /* true */
	bool lost;
	/* knobs: in force, asked for, and when that comes into force */
	double value[FAKE_KNOBS], asked[FAKE_KNOBS], at_s[FAKE_KNOBS];
	/* the sensor: windows counted, energy at the start of the one that is open, what it has
	 * seen, what it shows */
	double ticks, opened_j, seen_j, shown_j, published;
	bool open, frozen;
	double offset_j; /* what resets and steps have taken off */
	size_t next_event;
	struct rng noise;
	struct {
		double at_s, energy_j;
	} past[FAKE_PAST];
	size_t n_past;
	int mode;                       /* the library's: which way of limiting clocks is on */
	double profiles[FAKE_PROFILES]; /* 1: this workload power profile is asked for */
};

/** Begins at time 0. */
void fake_device_begin(
	struct fake_device *d, const struct fake_spec *spec, size_t index, double seed);
/** Brings it up to a time. */
void fake_device_catch_up(struct fake_device *d, double to_s);
/** The last client has gone: settings that do not persist are lost. */
void fake_device_let_go(struct fake_device *d);

/** Power now, W. */
double fake_power_w(const struct fake_device *d);
/** Mean power of the last `span_s` seconds, W. */
double fake_power_mean_w(const struct fake_device *d, double span_s);
/** Clock of the compute units now: where the limit binds it is below the asked one. */
double fake_sm_mhz(const struct fake_device *d);
double fake_memory_mhz(const struct fake_device *d);
/** Whether the power limit keeps the clock down. */
bool fake_throttled(const struct fake_device *d);
/** What the energy counter shows, J. */
double fake_counter_j(const struct fake_device *d);
/** Up to which time that is. */
double fake_counter_s(const struct fake_device *d);

/**
 * Asks for a value of a knob: rounded to a step, in force after the set latency.
 * @return false: out of the range of that power limit
 */
bool fake_set(struct fake_device *d, enum fake_knob knob, double value);

#endif
