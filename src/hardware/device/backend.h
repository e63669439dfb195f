/*
 * What a backend is: a const struct whose first word is the ABI, with the hooks of its devices. The
 * device layer checks ranges, keeps the list of devices, and hands the context's services (clock,
 * log, root of the file system) to the backend; a backend never looks for them itself.
 */
#ifndef HG_HARDWARE_DEVICE_BACKEND_H
#define HG_HARDWARE_DEVICE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/device.h>

/** Changes whenever struct backend or struct device_hooks does. */
#define BACKEND_ABI 5u

/** Told that a device's own time has come as far as was asked. */
typedef void (*backend_alarm_fn)(void *user, int64_t now_ns);

/** What a backend is asked to open. */
struct backend_request {
	struct hg_ctx *ctx; /* services; outlives the device */
	const char *spec;   /* whole name, "sim:h100,seed=7"; outlives the device */
	const char *rest;   /* what follows "NAME:" in it */
};

/** The devices that a search has found; the device layer's. */
struct backend_found;

/** What a device of a backend does; hooks get the state that open() made. */
struct device_hooks {
	/** Closes it; knobs keep their settings. */
	void (*close)(void *state);
	/** Fills in all but size, spec and backend; strings live as long as the state. */
	void (*info)(const void *state, hg_device_info *info);
	size_t (*signals)(const void *state);
	/** @param i  below signals() */
	void (*signal)(const void *state, size_t i, hg_signal_info *info);
	/** Fills n readings; every id is below signals(). */
	void (*read)(void *state, const size_t *ids, size_t n, hg_reading *out);
	int64_t (*now)(const void *state);
	size_t (*knobs)(const void *state);
	/** @param i  below knobs() */
	void (*knob)(const void *state, size_t i, hg_knob_info *info);
	/** Sets a knob to a value that lies within its range or is its default; rounds to a step.
	 */
	hg_err (*set)(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why);

	/**
	 * Optional, for devices with a time of their own that passes only while they work. Calls fn
	 * once as soon as that time is at_ns or later, in the thread that runs the work, which is
	 * inside the device's gate. There is one alarm; INT64_MAX: none.
	 * @return false: the device's time passes by itself, there are no alarms
	 */
	bool (*alarm)(void *state, int64_t at_ns, backend_alarm_fn fn, void *user);
	/** Optional. Lists the processes that use the device now, as hg_device_processes(). */
	hg_err (*processes)(void *state, hg_process *out, size_t room, size_t *n, hg_error *why);
};

/** A backend. */
struct backend {
	uint32_t abi;     /* BACKEND_ABI */
	const char *name; /* what stands before the ':' */
	const char *text; /* one line for people */

	/** Opens a device. @return HG_OK; HG_ENOENT; HG_EINVAL; HG_ENOMEM; HG_EDEVICE */
	hg_err (*open)(const struct backend_request *req, void **state, hg_error *why);
	/** What the devices do that it opens; several backends may share it. */
	const struct device_hooks *device;

	/** Optional. The nearest name this backend would open, for "did you mean"; NULL none. */
	const char *(*nearest)(const char *wrong);
	/**
	 * Optional. Looks for hardware and tells backend_found() each device's name. Sets nothing.
	 * @return HG_OK; HG_ENOENT (nothing of the kind here); else what stood in the way. The text
	 * says why there is no device, or not every one, also with HG_OK. Runs in a thread of its
	 * own, which is left behind if a driver hangs
	 */
	hg_err (*discover)(struct hg_ctx *ctx, struct backend_found *found, hg_error *why);
	/* its handles are the process's that opened them: after fork() a child opens again */
	bool per_process;
};

/** Compiled-in backends, in the order they are listed; ends with NULL. */
extern const struct backend *const backends[];

/**
 * Whether a backend may be used: right ABI, every required hook there.
 * @return HG_OK; HG_EVERSION, HG_EINTERNAL (names the hook)
 */
hg_err backend_check(const struct backend *b, hg_error *why);

/** A search found the device that open() knows by this name (what follows "NAME:"): opens it. */
void backend_found(struct backend_found *found, const char *rest);

/** Looks for devices with one backend that has the hook, as hg_discover() does with all. */
hg_err device_discover_with(
	struct hg_ctx *ctx, const struct backend *b, hg_discovery_fn fn, void *user, hg_error *why);

/** Opens a device that is in no context's list yet. */
hg_err device_make(struct hg_ctx *ctx, const struct backend *b, const char *spec, const char *rest,
	hg_device **out, hg_error *why);

/** Puts it into the list of its context. */
void device_link(hg_device *d);

/** Closes one that is in no list; NULL is fine. */
void device_drop(hg_device *d);

/** As device_open_with(), but gives up a driver that does not answer. */
hg_err device_open_patiently(struct hg_ctx *ctx, const struct backend *b, const char *spec,
	const char *rest, hg_device **out, hg_error *why);

/** Opens a device of a given backend and puts it into the context. */
hg_err device_open_with(struct hg_ctx *ctx, const struct backend *b, const char *spec,
	const char *rest, hg_device **out, hg_error *why);

/**
 * What hg_device_set() checks before it asks the backend: that there is such a knob, that it may be
 * set, and to this value. @return HG_OK; HG_EINVAL; HG_EUNSUPPORTED; HG_ERANGE (names the range)
 */
hg_err device_set_check(const hg_device *d, size_t knob, int64_t value, hg_error *why);

/** The backend's state of a device, or NULL when the device is of another backend. */
void *device_state(const hg_device *d, const struct backend *b);

/** The context that a device is open in. */
struct hg_ctx *device_context(const hg_device *d);

/**
 * Enters a device's gate: no other thread is in the backend until device_leave(). Entering again
 * is fine.
 * @return false: a call of another thread has not come back within GATE_PATIENCE_NS
 */
bool device_enter(const hg_device *d);
void device_leave(const hg_device *d);

/** One more that uses a device, even after it was closed: its calls then fail. */
void device_ref(hg_device *d);
/** One less; the last one frees it. */
void device_unref(hg_device *d);

/** Sets the alarm of a device. @return false: its time passes by itself */
bool device_alarm(const hg_device *d, int64_t at_ns, backend_alarm_fn fn, void *user);

/** Place for what measures this device; guarded by the context's lock. */
void **device_slot(hg_device *d);

/** As hg_device_set(), without waiting for a thread that is inside: for signal handlers. */
hg_err device_set_at_once(hg_device *d, size_t knob, int64_t value);

/** What a device was opened as; for error texts. */
const char *device_spec(const hg_device *d);
/** Whether another process opened it, of which this is a child; says so. */
bool device_inherited(const hg_device *d, hg_error *why);

#endif
