/**
 * @file record.h
 * Recordings: a machine captured into one file, and played back elsewhere.
 *
 * A recording holds who the devices of a context are, what they say about their signals and knobs,
 * and readings of every signal over time; hourglass-recording(5) has the format. Opened as
 * "replay:FILE[,device=N][,speed=X]" each of its devices is a device like any other, bit for bit
 * what was recorded: lists, displays and measurements cannot tell the difference, except that its
 * knobs cannot be set.
 *
 * | key | default | meaning |
 * |---|---|---|
 * | device | 0 | which of the recorded devices |
 * | speed | 0 | 0: each hg_device_read() takes the next sample, whenever it comes, so that playing
 * is deterministic; above 0: samples come when they were taken, that many times as fast |
 *
 * A meter on it (measure.h) needs a speed of 1, or hg_replay_run().
 *
 * Time on such a device's clock is that of the recording. After the last sample reads fail with
 * HG_EDEVICE, as those of a device that is gone do.
 */
#ifndef HOURGLASS_RECORD_H
#define HOURGLASS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/context.h>
#include <hourglass/device.h>
#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** Writes a recording; opaque. Used by one thread at a time, which also owns the devices. */
typedef struct hg_recorder hg_recorder;

/** How to record. Zero-initialise, set `size`, then what you need. */
typedef struct hg_record_opts {
	uint32_t size;      /**< sizeof(hg_record_opts) */
	uint32_t anonymous; /**< 1: the name of the host and the command are left out, and uuids are
			       replaced, by the same ones for the same device, wherever they appear
			     */
	int64_t interval_ns; /**< nominal time between two samples, for readers; 0: unknown */
	const char *command; /**< what runs meanwhile; NULL: nothing */
} hg_record_opts;

/**
 * Begins a recording of all devices that are open in a context. They must stay open until it ends.
 *
 * It is written to PATH.part, one whole line at a time, and becomes PATH when it is finished: what
 * a killed program leaves can be replayed up to its last whole line.
 *
 * @param opts  may be NULL
 * @return HG_OK; HG_EINVAL (no context, no device, opts->size); HG_EIO, HG_EPERM, HG_ENOENT (the
 *         file; also when PATH.part is there already); HG_ELIMIT (more than 4096 devices);
 * HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_record_create(hg_ctx *ctx, const char *path,
	const hg_record_opts *opts, hg_recorder **out, hg_error *why);

/** Reads every signal of every device once and appends what they say. @return HG_OK; HG_EIO;
 * HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_record_sample(hg_recorder *r, hg_error *why);

/** Appends a remark, one line for people. @return as hg_record_sample() */
HG_API HG_NODISCARD hg_err hg_record_note(hg_recorder *r, const char *text, hg_error *why);

/** Ends a recording: syncs it and gives it its name. Only hg_record_destroy() may follow. @return
 * HG_OK; HG_EIO, HG_EPERM */
HG_API HG_NODISCARD hg_err hg_record_finish(hg_recorder *r, hg_error *why);

/** Frees; an unfinished recording stays as PATH.part. NULL is fine. */
HG_API void hg_record_destroy(hg_recorder *r);

/** Frees, and removes PATH.part: as if it had not begun. Not after hg_record_finish(). NULL is
 * fine.
 */
HG_API void hg_record_discard(hg_recorder *r);

/** What is known of the recording that a device is replayed from. */
typedef struct hg_recording_info {
	uint32_t size;            /**< sizeof(hg_recording_info) */
	uint32_t anonymous;       /**< 1: names were taken out */
	uint32_t complete;        /**< 1: it was finished; 0: cut off, by a crash or on the way */
	uint32_t ended;           /**< 1: the device has been played to its end */
	const char *tool;         /**< version of hourglass that recorded it */
	const char *host;         /**< name of the machine; "" not told */
	const char *kernel;       /**< release of its kernel; "" not told */
	const char *command;      /**< what ran meanwhile; "" nothing, or not told */
	int64_t interval_ns;      /**< nominal time between two samples; 0: unknown */
	size_t devices;           /**< devices in the recording */
	size_t samples;           /**< samples of this device */
	size_t position;          /**< samples played so far */
	int64_t first_ns;         /**< time of the first sample, on the recorded device's clock */
	int64_t last_ns;          /**< time of the last */
	const char *const *notes; /**< remarks, in order; valid as long as the device */
	size_t n_notes;           /**< how many */
} hg_recording_info;

/**
 * Describes the recording that a device is replayed from.
 * @return HG_OK; HG_EINVAL (not a replayed device)
 */
HG_API HG_NODISCARD hg_err hg_replay_get_info(const hg_device *d, hg_recording_info *info);

/**
 * Lets time pass on a device that is replayed without a speed: reads then give the sample of that
 * time. Meters on it are driven by this, in the calling thread and on the recording's clock, as
 * those of simulated devices are by hg_sim_idle(): the same joules every time. (A read of the
 * device that takes its next sample lets the time until then pass, too.)
 *
 * @param seconds  0 or more
 * @return HG_OK; HG_EINVAL (not a replayed device, or one with a speed; no time); HG_ERANGE (the
 *         recording ends before: time has passed up to its end)
 */
HG_API HG_NODISCARD hg_err hg_replay_run(hg_device *d, double seconds, hg_error *why);

/**
 * Opens every device of a recording.
 * @param speed  as in "replay:FILE,speed=X"
 * @param n      receives how many were opened; may be NULL
 * @return HG_OK; HG_EFORMAT (names the line), HG_EVERSION; as hg_device_open()
 */
HG_API HG_NODISCARD hg_err hg_replay_open(
	hg_ctx *ctx, const char *path, double speed, size_t *n, hg_error *why);

HG_END_DECLS

#endif
