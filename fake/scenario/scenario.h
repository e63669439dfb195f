/*
 * What the fake driver libraries play: devices, their power over time, and what goes wrong. The
 * file is described in hourglass-fake(5); one file serves the libraries of all vendors, each plays
 * the devices of its own.
 *
 * To add a library:
 *
 * 1. fake/NAME/NAME.c has `static struct fake_play play = FAKE_PLAY(vendor, init, closed, lost)`
 *    (play.h) and the vendor's functions. Let the loader's X-macro list declare them, so that what
 *    is exported and what is looked for cannot drift apart.
 * 2. Init calls fake_begin(&play), shutdown fake_end(&play). Every other function is
 *    `result = fake_enter(&play, "itsName", device); if (!result) ...; return fake_leave(&play,
 *    result);`: time passes, rules strike, the device is brought up to now.
 * 3. Between the two, device.h tells and changes the state: power, clocks, counter, limit, locks.
 * 4. Add the vendor's name to `vendors` in scenario.c, and a line to fake/CMakeLists.txt. Keys that
 *    only this vendor has are members of struct fake_spec, read in read-device.c.
 */
#ifndef HG_FAKE_SCENARIO_H
#define HG_FAKE_SCENARIO_H

#include <stdbool.h>

#include <hourglass/model.h>

#include "core/json.h"

#define FAKE_DEVICES   64
#define FAKE_MIGS      8
#define FAKE_LADDER    256
#define FAKE_PHASES    256
#define FAKE_EVENTS    64
#define FAKE_PROCESSES 64
#define FAKE_PROFILES  16
#define FAKE_RULES     64
#define FAKE_MISSING   64

/** From this time on the work asks for this power, or is this work. */
struct fake_phase {
	double from_s, power_w;
	struct hg_predictor *work; /* NULL: power_w */
};

enum fake_event_kind {
	FAKE_RESET,  /* the counter starts at 0 again */
	FAKE_STEP,   /* it jumps by by_j */
	FAKE_FREEZE, /* it stands still */
	FAKE_THAW,   /* it goes on, and has counted meanwhile */
	FAKE_LOSE,   /* the device is lost */
	FAKE_RETURN, /* it is back */
};

struct fake_event {
	enum fake_event_kind kind;
	double at_s, by_j;
};

/** A process that uses the device for a while. */
struct fake_process {
	double pid, memory_bytes, from_s, to_s;
	double mig; /* index of the instance; -1: the whole device */
};

/** A device as the scenario has it. */
struct fake_spec {
	const char *vendor, *name, *uuid, *pci;
	struct hg_model *model; /* NULL: none */
	double limit_min_w, limit_max_w, limit_default_w, limit_step_w;
	double sm_mhz[FAKE_LADDER], memory_mhz[FAKE_LADDER];
	size_t n_sm, n_memory;
	struct fake_phase phases[FAKE_PHASES];
	size_t n_phases;
	double repeat_s; /* phases begin anew after this long; 0: the last one stays */
	double energy_start_j, counter_modulus_j;
	double counter_period_s, counter_lag_s, counter_coverage, counter_gain, counter_noise;
	double memory_power_w; /* 0: no sensor, says 0 */
	double module_w;       /* what the rest of a superchip draws; below 0: there is none */
	double temperature_c, utilisation;
	double set_latency_s;
	bool set_ignored; /* setting succeeds and changes nothing */
	bool persistent;  /* settings outlive the last client */
	struct fake_event events[FAKE_EVENTS];
	size_t n_events;
	struct fake_process processes[FAKE_PROCESSES];
	size_t n_processes;
	const char *migs[FAKE_MIGS];
	size_t n_migs;
	double profiles[FAKE_PROFILES]; /* ids of workload power profiles */
	size_t n_profiles;
};

/** What goes wrong: calls after the first `after`, `times` of them (0: all). */
struct fake_rule {
	const char *call; /* "*": any that takes a device */
	double device;    /* -1: any */
	double field;     /* -1: the call; else one value of a field query fails */
	double scope;     /* of the field; -1: any */
	double type;      /* what the value of the field is told as; -1: as ever */
	double after, times, result, latency_s;
	bool hang;         /* the call never returns */
	const char *print; /* on stderr; NULL: nothing */
	double seen;
};

struct fake_scenario {
	struct buf text;
	struct json_doc doc;
	bool may_set;
	bool keep;          /* devices live on when the last client leaves */
	double call_s;      /* above 0: time passes by calls, this much each */
	double seed;        /* of all noise */
	const char *driver; /* its version */
	const char *missing[FAKE_MISSING];
	size_t n_missing;
	struct fake_spec devices[FAKE_DEVICES];
	size_t n_devices;
	struct fake_rule rules[FAKE_RULES];
	size_t n_rules;
};

/** Reads a scenario file; NULL: one device of each vendor. Finish it in any case. */
hg_err fake_scenario_read(struct fake_scenario *s, const char *path, hg_error *why);

/** Reads a scenario from text that outlives it. */
hg_err fake_scenario_parse(
	struct fake_scenario *s, const char *text, size_t len, const char *origin, hg_error *why);

void fake_scenario_finish(struct fake_scenario *s);

/* ----- within the reader */

/** Refuses a member that is not among the keys: misspelt it would do nothing. */
hg_err fake_keys_check(const struct json_doc *doc, const struct json *v, const char *const *keys,
	size_t n, hg_error *why);

/** Sets *out if there is such a member, true or false. */
hg_err fake_bool_or(const struct json_doc *doc, const struct json *obj, const char *key, bool *out,
	hg_error *why);

/** The member that is an array of at most `room` elements; NULL in *out: there is none. */
hg_err fake_array_or(const struct json_doc *doc, const struct json *obj, const char *key,
	size_t room, const struct json **out, hg_error *why);

/** Reads the device of index i of all; read-device.c. */
hg_err fake_device_read(const struct json_doc *doc, const struct json *v, size_t i,
	struct fake_spec *out, hg_error *why);
/** Reads what the device does over time: power_w, phases or workload; read-power.c. */
hg_err fake_power_read(
	const struct json_doc *doc, const struct json *v, struct fake_spec *out, hg_error *why);
void fake_power_finish(struct fake_spec *d);

#endif
