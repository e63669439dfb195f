/**
 * @file measure.h
 * Meters: joules of any window of time, nested and overlapping, asked for afterwards.
 *
 * A mark is one read of the clock. A meter watches the energy counters of its devices in the
 * background and logs their edges (energy.h); what a window between two marks cost is worked out
 * from the log, at once as an estimate and finally when the edge after its end was seen.
 *
 * Each device is read by a thread of its own, since a read may take milliseconds and a driver's
 * call may hang: what hangs is marked lost, and holds up nobody. Meters of one context share the
 * threads and logs of devices they have in common. A thread follows the edges with a phase-locked
 * loop, so it reads a few times a period around the expected edge while somebody has a window open
 * (hg_meter_begin()), about once a second otherwise, and not at all without a meter.
 *
 * Simulated devices whose time is virtual have no thread: their meter is driven by hg_sim_run() and
 * hg_sim_idle(), on the device's own clock, and is deterministic.
 *
 * Everything here may be called from any thread, unless it says otherwise. Close meters before
 * their devices.
 */
#ifndef HOURGLASS_MEASURE_H
#define HOURGLASS_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/context.h>
#include <hourglass/device.h>
#include <hourglass/energy.h>
#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** A meter; opaque. */
typedef struct hg_meter hg_meter;

/** Now, in ns of the context's clock: an end of a window. One clock read, no lock. */
HG_API int64_t hg_mark(const hg_ctx *ctx);

/** What a meter is made from. Zero-initialise, set `size`, then what you need. */
typedef struct hg_meter_opts {
	uint32_t size;  /**< sizeof(hg_meter_opts) */
	uint32_t flags; /**< 0 */
	double power_s; /**< between two reads of the instantaneous power while a window is open; 0:
			   0.02; below 0: it is not read */
	double idle_s;  /**< between two looks at a counter while no window is open; 0: 1 */
	double stuck_s; /**< a driver call that takes longer has lost its device; 0: 2 */
	const hg_sensor *sensors; /**< what is known of each device's counter, in the order
				     of the devices; NULL, or members 0: learnt while running */
} hg_meter_opts;

/**
 * Opens a meter over devices of one context and begins to watch them. A device that tells neither
 * energy nor power may be among them: hg_meter_get_state() has the reason.
 *
 * @param devices  n devices, each once; either all with a time of their own (simulated, virtual
 *                 time) or none
 * @param opts     may be NULL; of several meters with a device in common the first one's holds
 * @return HG_OK; HG_EINVAL (names what is wrong); HG_ENOMEM (also: no thread to be had)
 */
HG_API HG_NODISCARD hg_err hg_meter_open(hg_ctx *ctx, hg_device *const *devices, size_t n,
	const hg_meter_opts *opts, hg_meter **out, hg_error *why);

/** Closes a meter. A device that no other meter watches is not read any more. Waits for a driver
 * call that is under way at most as long as makes it count as stuck. NULL is fine. */
HG_API void hg_meter_close(hg_meter *m);

/** Number of devices. */
HG_API size_t hg_meter_devices(const hg_meter *m);

/** Device i, or NULL. */
HG_API hg_device *hg_meter_device(const hg_meter *m, size_t i);

/**
 * Now, on the meter's clock: hg_mark(), or where devices have a time of their own that of the first
 * one. Windows are asked for in it. (Each device with a time of its own is asked for the same
 * figures in its own time.)
 */
HG_API int64_t hg_meter_mark(const hg_meter *m);

/**
 * A window begins: counters are followed closely from now on, until as many hg_meter_end() have
 * followed. Windows may nest, and hg_mark() alone makes any number of them in between: one
 * begin at the start of a program is enough.
 * @return hg_meter_mark()
 */
HG_API int64_t hg_meter_begin(hg_meter *m);

/** A window ends; counters are followed closely until everything before now is final.
 * @return hg_meter_mark() */
HG_API int64_t hg_meter_end(hg_meter *m);

/**
 * Energy of one device in a window, as of what is logged by now; HG_ENERGY_ESTIMATE in out->flags
 * says that a later edge will change it. Never waits for a device.
 *
 * @param i     index of the device
 * @param t0    begin
 * @param t1    end, not before t0
 * @param opts  HG_WINDOW_* of energy.h
 * @param out   out->size must be set
 * @return as hg_energy_window(); HG_EUNSUPPORTED (the device tells neither energy nor power: its
 *         reason); HG_EDEVICE also: lost or frozen in the window (the reason). On errors *out has
 *         the method NONE and NAN figures
 */
HG_API HG_NODISCARD hg_err hg_meter_energy(hg_meter *m, size_t i, int64_t t0, int64_t t1,
	uint32_t opts, hg_energy *out, hg_error *why);

/**
 * Energy of all devices in a window. Only of devices of which no two overlap: a part and its whole
 * would count twice.
 *
 * joules, lo, hi and idle_j add up; sigma as of independent errors; flags are those of any; method
 * is that of the device which is least to be believed.
 * @return HG_OK; HG_EINVAL (names two devices that overlap, and how); else as hg_meter_energy() of
 *         the first device that has no figure: a total without it would be too small
 */
HG_API HG_NODISCARD hg_err hg_meter_total(
	hg_meter *m, int64_t t0, int64_t t1, uint32_t opts, hg_energy *out, hg_error *why);

/**
 * Waits until windows that end at t1 are final on every device that is not lost.
 * @param timeout_s  longest wait; 0: only looks
 * @return HG_OK; HG_ELIMIT (not yet: names the device; at once where time is virtual, as waiting
 *         does not make it pass)
 */
HG_API HG_NODISCARD hg_err hg_meter_wait_final(
	hg_meter *m, int64_t t1, double timeout_s, hg_error *why);

/** How a device's energy is obtained. */
typedef enum hg_source {
	HG_SOURCE_NONE = 0,    /**< it is not: the state's text has the reason */
	HG_SOURCE_EDGES = 1,   /**< a counter whose edges are looked for */
	HG_SOURCE_STAMPED = 2, /**< a counter that comes with its time */
	HG_SOURCE_READ = 3,    /**< a counter that moves all the time and is merely read */
	HG_SOURCE_POWER = 4    /**< instantaneous power, integrated */
} hg_source;

/** A driver call did not come back in time, or calls keep failing. */
#define HG_METER_LOST 1u
/** The counter stands still although power is drawn. */
#define HG_METER_FROZEN 2u
/** The period of the counter is known, and its edges come when expected. */
#define HG_METER_LOCKED 4u

/** What a meter knows of one of its devices. Counts are since it is watched. */
typedef struct hg_meter_state {
	uint32_t size;        /**< sizeof(hg_meter_state) */
	hg_source source;     /**< how energy is obtained */
	uint32_t flags;       /**< HG_METER_* now */
	uint32_t simulated;   /**< 1: no hardware behind it */
	hg_sensor sensor;     /**< given, or learnt by now */
	uint64_t reads;       /**< of the counter (or of the power that is integrated) */
	uint64_t power_reads; /**< of the power, clock and temperature beside it */
	uint64_t failed;      /**< reads that failed */
	uint64_t edges;       /**< records in the log, by now */
	uint64_t missed;      /**< edges passed over, on purpose where no window is open */
	uint64_t wraps;       /**< the counter began again at its modulus: accounted for */
	uint64_t glitches;    /**< readings discarded: the counter went back for a moment */
	uint64_t implausible; /**< readings discarded: more than the device can draw */
	uint64_t resets;      /**< the counter began anew: windows do not reach across */
	uint64_t clock_steps; /**< the clock went back: windows do not reach across */
	int64_t last_edge_ns; /**< time of the last record; 0: none */
	int64_t final_ns;     /**< windows that end before it are final; INT64_MIN: none */
} hg_meter_state;

/**
 * State of device i.
 * @param text  may be NULL; receives why there is no energy, the device is lost or its counter
 *              frozen; else ""
 * @return HG_OK; HG_EINVAL (no such device)
 */
HG_API HG_NODISCARD hg_err hg_meter_get_state(
	hg_meter *m, size_t i, hg_meter_state *out, hg_error *text);

/**
 * Copies the records of a device's log that a window needs: from the last one before t0 to the
 * first one after t1 and some around. The log keeps the last 65536, of older ones every 64th, then
 * every 4096th.
 *
 * @param room  records that fit
 * @param n     receives how many there are; more than `room`: nothing was copied, try again
 * @return HG_OK; HG_EINVAL (no such device)
 */
HG_API HG_NODISCARD hg_err hg_meter_log(
	hg_meter *m, size_t i, int64_t t0, int64_t t1, hg_edge *out, size_t room, size_t *n);

/**
 * Copies the samples of a device's power within t0 and t1, of the last 16384; arguments as of
 * hg_meter_log().
 */
HG_API HG_NODISCARD hg_err hg_meter_power(
	hg_meter *m, size_t i, int64_t t0, int64_t t1, hg_power *out, size_t room, size_t *n);

HG_END_DECLS

#endif
