/* AMD GPUs through AMD SMI: for programs that set knobs and do not compute, such as a daemon. */
#ifndef HG_HARDWARE_BACKEND_AMDSMI_AMDSMI_H
#define HG_HARDWARE_BACKEND_AMDSMI_AMDSMI_H

#include <sys/types.h>

#include "hardware/device/backend.h"

#include "load.h"

/** Room for the reason why a signal or a knob is not there. */
#define AMDSMI_REASON_TEXT 192

enum amdsmi_signal {
	AMDSMI_SIGNAL_ENERGY,
	AMDSMI_SIGNAL_POWER,
	AMDSMI_SIGNAL_SM_CLOCK,
	AMDSMI_SIGNAL_MEMORY_CLOCK,
	AMDSMI_SIGNAL_POWER_LIMIT,
	AMDSMI_SIGNAL_UTILISATION,
	AMDSMI_SIGNALS
};

enum amdsmi_knob {
	AMDSMI_KNOB_POWER_LIMIT,
	AMDSMI_KNOB_SM_CLOCK,
	AMDSMI_KNOB_MEMORY_CLOCK,
	AMDSMI_KNOBS
};

struct amdsmi_range {
	int64_t min, max, default_value, current;
	char unsettable[AMDSMI_REASON_TEXT]; /* "": may be set */
};

struct amdsmi_device {
	struct hg_ctx *ctx;
	const char *spec;
	const struct amdsmi *lib; /* NULL: not begun */
	pid_t pid;
	amdsmi_handle handle;
	char pci[32], uuid[AMDSMI_TEXT], name[AMDSMI_TEXT], driver[AMDSMI_TEXT];
	bool cap_in_watts; /* this library's limits are W, not uW */
	char absent[AMDSMI_SIGNALS][AMDSMI_REASON_TEXT];
	struct amdsmi_range knobs[AMDSMI_KNOBS];
};

extern const struct backend amdsmi_backend;

/* ----- signals.c; all with the turn taken */

void amdsmi_signals_probe(struct amdsmi_device *d);
void amdsmi_signal_info(const struct amdsmi_device *d, size_t i, hg_signal_info *info);

/** One value. @return status */
int amdsmi_signal_read(const struct amdsmi_device *d, enum amdsmi_signal signal, int64_t *out);

/** The power limit with its range, or what stood in the way. @return status */
int amdsmi_cap_read(const struct amdsmi_device *d, struct amdsmi_cap *out);

/** A clock with its range. @return status */
int amdsmi_clocks_read(
	const struct amdsmi_device *d, enum amdsmi_clock clock, struct amdsmi_clocks *out);

/* ----- knobs.c; likewise */

void amdsmi_knobs_probe(struct amdsmi_device *d);
void amdsmi_knob_info(const struct amdsmi_device *d, size_t i, hg_knob_info *info);
hg_err amdsmi_knob_set(
	struct amdsmi_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why);

#endif
