/*
 * What backends share that read kernel files only: a device is a list of signals and knobs, each
 * of which is a number in a file below the root of the context. They are tried once when the
 * device is opened; what fails then is absent, or cannot be set, with the reason.
 */
#ifndef HG_HARDWARE_BACKEND_KERNEL_KERNEL_H
#define HG_HARDWARE_BACKEND_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/context.h"
#include "hardware/device/backend.h"

/** Most signals and knobs of a device. */
#define KERNEL_SIGNALS 24
#define KERNEL_KNOBS   8

/** Room for a path below the root, and for a short text of a file, NUL included. */
#define KERNEL_PATH 256
#define KERNEL_TEXT 256

/** A file at the root of a tree that is made up: what it says is simulated. */
#define KERNEL_SIMULATED "hourglass-simulated"

struct kernel_device;

/** ours = the file's number * mul / div */
struct kernel_scale {
	int64_t mul, div;
};

struct kernel_signal {
	hg_signal_info info;
	const char *path;  /* NULL: absent, or a field of the device's sample */
	const char *times; /* file whose number is multiplied by; NULL: none */
	struct kernel_scale scale;
	unsigned field; /* of the sample, or of the one below */
	/** Reads from something else than a file with a number; NULL: not needed. */
	hg_err (*get)(const struct kernel_signal *s, int64_t *value, hg_error *why);
	void *more; /* of the one above */
};

struct kernel_knob {
	hg_knob_info info;
	const char *path; /* NULL: no file, write and current do it */
	struct kernel_scale scale;
	/** Does more than writing the file; NULL: not needed. */
	hg_err (*write)(
		struct kernel_device *d, const struct kernel_knob *k, int64_t value, hg_error *why);
	/** Reads more than a number from the file; NULL: not needed. */
	hg_err (*current)(const struct kernel_device *d, const struct kernel_knob *k,
		int64_t *value, hg_error *why);
	const void *more; /* of the two above */
};

struct kernel_device {
	struct hg_ctx *ctx;
	const char *spec;
	struct arena arena;
	hg_err failed; /* sticky: HG_ENOMEM, HG_ELIMIT */
	hg_device_info id;
	const char *read_fix;  /* what makes a forbidden file readable */
	const char *write_fix; /* what makes a forbidden file writable */
	struct kernel_signal signals[KERNEL_SIGNALS];
	size_t n_signals;
	struct kernel_knob knobs[KERNEL_KNOBS];
	size_t n_knobs;
	/** Takes a sample, of which field() then gives values; NULL: no such signals. */
	hg_err (*sample)(struct kernel_device *d);
	/** A sample was taken by a read from *t0_ns to *t1_ns: what both are for its signals; NULL:
	 * these. */
	void (*taken)(struct kernel_device *d, int64_t *t0_ns, int64_t *t1_ns);
	/** @return HG_OK, HG_EDEVICE */
	hg_err (*field)(const struct kernel_device *d, unsigned field, int64_t *value);
	void *more; /* the backend's own, in the arena */
	/** Gives back what `more` has outside the arena; NULL: nothing. */
	void (*closed)(struct kernel_device *d);
};

/** @return NULL when memory is out */
struct kernel_device *kernel_create(const struct backend_request *req, hg_error *why);

/** Whether everything was added: hands the device over as a state, or destroys it. */
hg_err kernel_finish(struct kernel_device *d, void **state, hg_error *why);

/** Formatted text that lives as long as the device; "" and d->failed when memory is out. */
const char *kernel_format(struct kernel_device *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Adds a signal that is a number in a file; absent with the reason if that cannot be read. */
struct kernel_signal *kernel_add_signal(struct kernel_device *d, const hg_signal_info *info,
	const char *path, struct kernel_scale scale);

/** As kernel_add_signal(), the product of two files' numbers. */
struct kernel_signal *kernel_add_product(struct kernel_device *d, const hg_signal_info *info,
	const char *path, const char *times, struct kernel_scale scale);

/** Adds a signal that `get` reads, given s->field and s->more; absent with the reason if it cannot
 * now. */
struct kernel_signal *kernel_add_get(struct kernel_device *d, const hg_signal_info *info,
	hg_err (*get)(const struct kernel_signal *s, int64_t *value, hg_error *why), unsigned field,
	void *more);

/** Adds a signal that is absent. */
struct kernel_signal *kernel_add_absent(
	struct kernel_device *d, const hg_signal_info *info, const char *reason);

/** Adds a signal that is a field of the sample. */
struct kernel_signal *kernel_add_field(
	struct kernel_device *d, const hg_signal_info *info, unsigned field);

/** Adds a knob; the reason why it cannot be set is info's or what opening its file says. */
struct kernel_knob *kernel_add_knob(struct kernel_device *d, const struct kernel_knob *knob);

/**
 * Adds a knob that is one word of several in a file, as its number.
 * @param what   for its text, "what chooses the clock"
 * @param words  separated by blanks, at most 16; "" it cannot be set
 * @return the knob, whose default is what is set now; NULL: memory is out
 */
struct kernel_knob *kernel_add_choice(struct kernel_device *d, const char *name, const char *path,
	const char *what, const char *words);

/** A whole number in a file. @return HG_OK; HG_EFORMAT; as fsroot_read() */
hg_err kernel_number(const struct hg_ctx *ctx, const char *path, int64_t *value, hg_error *why);

/** A number in a file, scaled. @return as kernel_number(); HG_ERANGE: too large */
hg_err kernel_scaled(const struct hg_ctx *ctx, const char *path, struct kernel_scale scale,
	int64_t *value, hg_error *why);

/** One printable line of a file. @return HG_OK; as fsroot_read(); HG_EFORMAT (empty) */
hg_err kernel_line(
	const struct hg_ctx *ctx, const char *path, char text[KERNEL_TEXT], hg_error *why);

/** Reason for people why a file could not be read or written. */
const char *kernel_reason(struct kernel_device *d, hg_err rc, const hg_error *why, const char *fix);

/** Whether there is a file, whatever is in it. */
bool kernel_there(const struct hg_ctx *ctx, const char *path);

/**
 * The hwmon folder of a device.
 * @param device  its folder, "sys/class/drm/card0/device"
 * @param chips   what its "name" may say; ends with NULL
 * @return false: it has none
 */
bool kernel_hwmon(const struct hg_ctx *ctx, const char *device, const char *const *chips,
	char hwmon[KERNEL_PATH]);

/**
 * A file of the channel with a label: of kind "freq", label "sclk", what "input".
 * @return false: no channel is labelled so
 */
bool kernel_channel(const struct hg_ctx *ctx, const char *hwmon, const char *kind,
	const char *label, const char *what, char path[KERNEL_PATH]);

/**
 * Adds the knob "power_limit" of a hwmon folder: power1_cap with its _min, _max and _default.
 * @param dir      the folder; "" none
 * @param missing  why it cannot be set where there is no such file; NULL: no knob then
 */
void kernel_add_cap(
	struct kernel_device *d, const char *dir, const char *text, const char *missing);

/** Joins pieces of a path, "a/b". @return false: it does not fit */
bool kernel_path(char path[KERNEL_PATH], const char *dir, const char *name);

/** Destroys a struct kernel_device. */
void kernel_close(void *state);

/** What a device does whose state is a struct kernel_device. */
extern const struct device_hooks kernel_hooks;

#endif
