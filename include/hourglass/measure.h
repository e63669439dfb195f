/**
 * @file measure.h
 * Meters: joules of any window of time, nested and overlapping, asked for afterwards.
 *
 * A mark is one read of the clock. A meter watches the energy counters of its devices in the
 * background and logs their edges (energy.h); what a window between two marks cost is worked out
 * from the log, at once as an estimate and finally when the edge after its end was seen.
 *
 * A context's devices are read by threads of its own: one for those whose reads are quick, and one
 * for each whose reads take long. A driver's call that hangs is noticed by another thread: its
 * device is marked lost until the call comes back, which is logged, and it holds up nobody. Meters
 * of one context share the logs of devices they have in common. Edges are followed with a
 * phase-locked loop: one read for most of them and a few around some while somebody has a window
 * open (hg_meter_begin()), about one look a second otherwise, and none without a meter. While
 * nobody waits for an edge, devices whose edges are near each other are read together.
 *
 * Simulated devices whose time is virtual have no thread: their meter is driven by hg_sim_run() and
 * hg_sim_idle(), on the device's own clock, and is deterministic.
 *
 * A meter is of the process that opened it: in a child made by fork() it answers HG_EDEVICE, reads
 * nothing and may be closed. The child opens devices and a meter of its own.
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
	double power_s; /**< about, between two reads of the instantaneous power while a window is
			   open; 0: 0.1, with the counter's edges, 0.02 where power is the
			   measurement and during a calibration; below 0: it is not read beside a
			   counter. Where it is read at least 2.5 times in a period
			   of the counter and renewed as often, it also tells where between two
			   edges the energy went: HG_METHOD_SHAPED */
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
 * @return HG_OK; HG_EINVAL (names what is wrong); HG_EDEVICE (a device was opened by the process of
 *         which this is a child); HG_ENOMEM (also: no thread to be had)
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

/* ----- what is known of counters, kept between runs */

/** Sensors by identity: the device's UUID and the version of its driver. Opaque. */
typedef struct hg_sensors hg_sensors;

/**
 * Reads what is known of sensors from a JSON file (schema hourglass.sensors/1). Where the file is
 * kept is the caller's business.
 *
 * @param path  NULL, or a file that is not there: nothing is known yet
 * @return HG_OK; HG_EFORMAT, HG_EVERSION (file, line and field); HG_EIO; HG_EPERM; HG_ELIMIT;
 *         HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_sensors_load(const char *path, hg_sensors **out, hg_error *why);

/** Frees. NULL is fine. */
HG_API void hg_sensors_destroy(hg_sensors *s);

/**
 * What is known of a sensor; another driver version is another sensor.
 * @param out  out->size must be set; zero apart from that if nothing is known
 * @return HG_OK; HG_ENOENT (nothing is known)
 */
HG_API HG_NODISCARD hg_err hg_sensors_get(
	const hg_sensors *s, const char *uuid, const char *driver, hg_sensor *out);

/**
 * Notes what is known of a sensor, in place of what was.
 * @param uuid    not ""
 * @param driver  version of the driver; "" where there is none
 * @param note    why it is trusted or is not, one line; may be NULL
 * @return HG_OK; HG_EINVAL (no uuid, or a figure that is not finite or below 0); HG_ELIMIT;
 *         HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_sensors_set(hg_sensors *s, const char *uuid, const char *driver,
	const hg_sensor *sensor, const char *note, hg_error *why);

/** Writes the file, in order of identity; the old one stays as it is if that fails. @return HG_OK;
 * HG_EIO; HG_EPERM; HG_ENOENT (no such folder); HG_ENOMEM */
HG_API HG_NODISCARD hg_err hg_sensors_save(const hg_sensors *s, const char *path, hg_error *why);

/* ----- self-test and calibration */

/** Does a part of a calibration: whoever calls it has to keep the device so for about `seconds` of
 * the device's time, and return then. @return HG_OK to go on; else the calibration ends with it */
typedef hg_err (*hg_load_fn)(void *user, hg_device *d, double seconds);

/** What a calibration does and how. Zero-initialise, set `size`, then what you need. */
typedef struct hg_calibrate_opts {
	uint32_t size;    /**< sizeof(hg_calibrate_opts) */
	uint32_t flags;   /**< 0 */
	hg_load_fn idle;  /**< nothing runs; needed */
	hg_load_fn load;  /**< the device works; NULL: not under load, then nothing gets trusted */
	void *user;       /**< first argument of both */
	double seconds;   /**< of each of the two; 0: 3, the least for trust */
	double tolerance; /**< counter against integrated power, relative; 0: 0.1 */
} hg_calibrate_opts;

/** What a calibration found. */
typedef struct hg_calibration {
	uint32_t size;      /**< sizeof(hg_calibration) */
	uint32_t trusted;   /**< 1: period found, not frozen, consistent with the power */
	hg_sensor sensor;   /**< period, jitter, read time...; to be kept */
	double idle_w;      /**< by the counter */
	double load_w;      /**< by the counter; NAN: no load */
	double idle_ratio;  /**< counter / integrated power; NAN: the device tells no power */
	double load_ratio;  /**< counter / integrated power, under load; NAN as above */
	uint32_t lag_found; /**< 1: lag and coverage were found; 0: sensor has none */
} hg_calibration;

/**
 * Tests the counter of device i, and learns its period, jitter, lag and read time: idle, load, and
 * idle again. The lag is that at which the counter's edges fit the power that was seen. Sets
 * nothing. One at a time on a device.
 *
 * @param out   out->size must be set
 * @param text  may be NULL; receives why it is trusted or is not
 * @return HG_OK (also when it is not trusted); HG_EINVAL; HG_EUNSUPPORTED (no counter: the
 *         reason); HG_EDEVICE; what a load function returned
 */
HG_API HG_NODISCARD hg_err hg_meter_calibrate(
	hg_meter *m, size_t i, const hg_calibrate_opts *opts, hg_calibration *out, hg_error *text);

/* ----- stamps: marks that a device takes itself */

/** Stamps of a device's queue, such as CUDA or HIP events; opaque. */
typedef struct hg_stamps hg_stamps;

/** Records a stamp in the device's queue, without waiting. @param id below `room` */
typedef hg_err (*hg_stamp_fn)(void *user, size_t id);

/** Waits until the device has passed everything recorded. */
typedef hg_err (*hg_stamp_sync_fn)(void *user);

/** When the device passed a stamp, in s of its own clock. @param end 0: the stamp of the window's
 * begin, 1: of its end. @return HG_OK; HG_ERANGE: not yet */
typedef hg_err (*hg_stamp_time_fn)(void *user, size_t id, int end, double *t_s);

/** How stamps are taken. The library links to no driver: these are the caller's, called in the
 * thread that calls it. Zero-initialise, set `size`, then all members. */
typedef struct hg_stamp_ops {
	uint32_t size;            /**< sizeof(hg_stamp_ops) */
	void *user;               /**< first argument of all */
	hg_stamp_fn stamp_begin;  /**< a window begins */
	hg_stamp_fn stamp_end;    /**< it ends */
	hg_stamp_sync_fn sync;    /**< waits */
	hg_stamp_time_fn resolve; /**< tells when */
	size_t room; /**< stamps that may be under way at once, ids are 0 .. room - 1; at
			least 2 */
} hg_stamp_ops;

/**
 * Makes stamps and fits the device's clock to the context's: t = a + b * t_device, from stamps that
 * are sandwiched between two marks. Waits for the device a few times.
 * @return HG_OK; HG_EINVAL; HG_ENOMEM; HG_EDEVICE (the device's clock makes no sense); what an
 *         operation returned
 */
HG_API HG_NODISCARD hg_err hg_stamps_create(
	hg_ctx *ctx, const hg_stamp_ops *ops, hg_stamps **out, hg_error *why);

/** Frees; the caller's events are the caller's. NULL is fine. */
HG_API void hg_stamps_destroy(hg_stamps *s);

/** Takes one more sandwich: about every 10 s, where waiting for the device does no harm. @return as
 * hg_stamps_create() */
HG_API HG_NODISCARD hg_err hg_stamps_sync(hg_stamps *s, hg_error *why);

/** A window begins in the device's queue. @param id receives its number. @return HG_OK; HG_ELIMIT
 * (all are under way); what the operation returned */
HG_API HG_NODISCARD hg_err hg_stamps_begin(hg_stamps *s, size_t *id);

/** It ends. @return HG_OK; HG_EINVAL (no such window); what the operation returned */
HG_API HG_NODISCARD hg_err hg_stamps_end(hg_stamps *s, size_t id);

/**
 * When a window was, in marks; its number is free again then.
 * @param u_ns  may be NULL; each end is right to this, from the sandwiches
 * @return HG_OK; HG_ERANGE (the device has not come so far: ask again); HG_EINVAL; what the
 *         operation returned
 */
HG_API HG_NODISCARD hg_err hg_stamps_window(
	hg_stamps *s, size_t id, int64_t *t0_ns, int64_t *t1_ns, int64_t *u_ns);

HG_END_DECLS

#endif
