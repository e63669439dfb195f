/**
 * @file control.h
 * The guard: settings that are put back whatever becomes of the program that made them.
 *
 * hg_device_set() leaves a knob as it was set. A guard remembers what each knob was before it was
 * first set through the guard, and puts it back when it is released or destroyed. So that this also
 * happens when the program ends otherwise, call hg_guard_restore_async() from handlers of fatal
 * signals and from atexit(). The library itself installs neither; hourglass-guard(7) shows how.
 *
 * A process that is killed by SIGKILL restores nothing: that takes another process, which can learn
 * from the journal what to put back.
 *
 * A guard belongs to the process that created it. In a child after fork() it restores nothing and
 * sets nothing: the child opens devices and a guard of its own.
 */
#ifndef HOURGLASS_CONTROL_H
#define HOURGLASS_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/context.h>
#include <hourglass/device.h>
#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** Most knobs that one guard holds. */
#define HG_GUARD_KNOBS 1024

/** A guard; opaque. */
typedef struct hg_guard hg_guard;

/** A knob that a guard holds, and what it will be put back to. */
typedef struct hg_guard_entry {
	uint32_t size;     /**< sizeof(hg_guard_entry) */
	uint32_t by_reset; /**< 1: the knob cannot be read back, and nothing was set through this
			      device before: restoring resets it, whatever it was */
	hg_device *device; /**< whose knob it is */
	size_t knob;       /**< index of the knob */
	const char *spec;  /**< what the device was opened as */
	const char *uuid;  /**< of the device; "" none */
	const char *name;  /**< of the knob, "power_limit" */
	const char *unit;  /**< of the values, "mW" */
	int64_t baseline;  /**< what it is put back to */
	int64_t value;     /**< what it is about to be set to, or was set to last */
} hg_guard_entry;

/**
 * Told of a knob before it is set through a guard for the first time: the place to write down, and
 * sync, what to put back. The strings are valid during the call.
 * It must not call functions of the guard.
 * @return HG_OK to go on; anything else: the knob is not set, and hg_guard_set() returns it
 */
typedef hg_err (*hg_guard_journal_fn)(void *user, const hg_guard_entry *entry);

/** How to guard. Zero-initialise, set `size`, then what you need. */
typedef struct hg_guard_opts {
	uint32_t size;               /**< sizeof(hg_guard_opts) */
	hg_guard_journal_fn journal; /**< NULL: nobody is told */
	void *journal_user;          /**< first argument of `journal` */
} hg_guard_opts;

/**
 * Makes a guard for devices of a context. Destroy it before its devices are closed.
 * @param opts  may be NULL
 * @return HG_OK; HG_EINVAL (no context; opts->size); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_guard_create(
	hg_ctx *ctx, const hg_guard_opts *opts, hg_guard **out, hg_error *why);

/**
 * Sets a knob and remembers what it was: range check, save, journal, set, read back. As long as it
 * is held a knob keeps its first baseline, however often it is set. When the device refuses, the
 * knob stays held, as it may have changed all the same; when the value is out of range nothing was
 * done.
 *
 * Several threads may set knobs of different devices through one guard.
 *
 * @param effect  may be NULL
 * @return as hg_device_set(); HG_EINVAL (the device is of another context); HG_EUNSUPPORTED (in a
 *         child after fork()); HG_ELIMIT (more than HG_GUARD_KNOBS); what the journal returned
 */
HG_API HG_NODISCARD hg_err hg_guard_set(
	hg_guard *g, hg_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why);

/** Number of knobs held. */
HG_API size_t hg_guard_held(const hg_guard *g);

/**
 * Describes the i-th knob held, in the order they were first set. Not while another
 * thread sets one.
 * @return HG_OK; HG_EINVAL (no such)
 */
HG_API HG_NODISCARD hg_err hg_guard_entry_at(const hg_guard *g, size_t i, hg_guard_entry *entry);

/**
 * Puts all knobs back, the last one first, and lets go of them. What cannot be put back stays held;
 * the others are put back all the same. A knob that refuses but reads as it was is let go of. In a
 * child after fork() does nothing.
 * @return HG_OK; the first error: the text says which knob
 */
HG_API HG_NODISCARD hg_err hg_guard_release(hg_guard *g, hg_error *why);

/**
 * As hg_guard_release(), from a signal handler or atexit(): takes no lock, allocates nothing, says
 * nothing. Safe there as far as what it must call is: kernel files are written with open() and
 * write(); a vendor's library may wait for ever when the signal came while a call of it held its
 * lock, so a handler of a fatal signal should call alarm() first. May run again, or while another
 * thread sets knobs: what is being set just then is put back as well.
 */
HG_API void hg_guard_restore_async(hg_guard *g);

/** Releases and frees; what cannot be put back is logged through the context. NULL is fine. */
HG_API void hg_guard_destroy(hg_guard *g);

HG_END_DECLS

#endif
