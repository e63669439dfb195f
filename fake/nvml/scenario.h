/* What the fake driver library plays: devices, their power over time, and what goes wrong. */
#ifndef HG_FAKE_NVML_SCENARIO_H
#define HG_FAKE_NVML_SCENARIO_H

#include <stdbool.h>

#include "core/json.h"

#define FAKE_DEVICES 64
#define FAKE_MIGS    8
#define FAKE_LADDER  256
#define FAKE_STEPS   256
#define FAKE_RULES   64

/** From this time on the work asks for this power. */
struct fake_step {
	double from_s, power_w;
};

/** A GPU as the scenario has it. */
struct fake_gpu {
	const char *name, *uuid, *pci;
	double limit_min_w, limit_max_w, limit_default_w;
	double sm_mhz[FAKE_LADDER], memory_mhz[FAKE_LADDER];
	size_t n_sm, n_memory;
	struct fake_step steps[FAKE_STEPS];
	size_t n_steps;
	double energy_start_j, counter_period_s, counter_gain;
	double memory_power_w; /* 0: no sensor, says 0 */
	double temperature_c, utilisation;
	double lost_after_s; /* infinite: never */
	const char *migs[FAKE_MIGS];
	size_t n_migs;
};

/** What goes wrong: calls after the first `after`, `times` of them (0: all). */
struct fake_rule {
	const char *call; /* "*": any that takes a device */
	double device;    /* -1: any */
	double field;     /* -1: the call; else one value of a field query fails */
	double scope;     /* of the field; -1: any */
	double after, times, result, latency_s;
	double seen;
};

struct fake_scenario {
	struct buf text;
	struct json_doc doc;
	bool may_set;
	double call_s; /* above 0: time passes by calls, this much each */
	struct fake_gpu gpus[FAKE_DEVICES];
	size_t n_gpus;
	struct fake_rule rules[FAKE_RULES];
	size_t n_rules;
};

/** Reads a scenario file; NULL: one device. Finish it in any case. */
hg_err fake_scenario_read(struct fake_scenario *s, const char *path, hg_error *why);
void fake_scenario_finish(struct fake_scenario *s);

#endif
