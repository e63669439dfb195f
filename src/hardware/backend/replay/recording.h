/* A recording in memory: its head, its devices, and the samples of one of them. */
#ifndef HG_HARDWARE_BACKEND_REPLAY_RECORDING_H
#define HG_HARDWARE_BACKEND_REPLAY_RECORDING_H

#include <stdbool.h>

#include <hourglass/device.h>

#include "core/arena.h"
#include "core/vec.h"

/** Most devices in a recording. */
#define RECORDING_DEVICES 4096

/** A device as it was recorded; strings and arrays in the recording's arena. */
struct recorded_device {
	const char *spec; /* what it was opened as */
	hg_device_info info;
	hg_signal_info *signals;
	size_t n_signals;
	size_t *columns; /* of each signal, its place in a sample; SIZE_MAX: absent */
	size_t n_columns;
	hg_knob_info *knobs;
	size_t n_knobs;
};

struct recording {
	struct arena arena;
	const char *tool, *host, *kernel, *command;
	int64_t interval_ns;
	bool anonymous;
	bool complete;      /* it was finished */
	size_t n_devices;   /* as its head says */
	struct vec devices; /* struct recorded_device */
	struct vec notes;   /* const char * */
	/* of the wanted device: */
	size_t wanted;
	struct vec times;    /* int64_t, one a sample */
	struct vec readings; /* hg_reading, n_columns a sample */
	struct vec knobs;    /* int64_t, n_knobs a sample: what they were set to */
};

/**
 * Reads a recording; a last line that is cut off does not count.
 * @param origin  what it is called in errors
 * @param wanted  device whose samples are kept
 * @return HG_OK; HG_EFORMAT, HG_EVERSION, HG_ELIMIT ("FILE:LINE: what was expected"); HG_ENOENT
 *         (no such device); HG_ENOMEM. recording_finish() in any case
 */
hg_err recording_parse(struct recording *r, const char *text, size_t len, const char *origin,
	size_t wanted, hg_error *why);

/** Frees; a zeroed one is fine. */
void recording_finish(struct recording *r);

/** The device whose samples were kept. */
const struct recorded_device *recording_device(const struct recording *r);

#endif
