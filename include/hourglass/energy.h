/**
 * @file energy.h
 * What a log of an energy counter says about a window: joules, with bounds.
 *
 * An energy counter shows the true energy late and in steps. It moves at edges, about every period;
 * at an edge it shows the energy that had been used a lag earlier. A log of its edges answers any
 * window afterwards, nested and overlapping ones too, much more exactly than two reads of the
 * counter at the window's ends would.
 *
 * Everything here is a pure function of a log and of what is known about the sensor: no clock, no
 * device, no state; thread-safe. measure.h has the sampler that writes the logs.
 */
#ifndef HOURGLASS_ENERGY_H
#define HOURGLASS_ENERGY_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** Value of a member of hg_edge that was not read. */
#define HG_UNREAD INT64_MIN

/** Edge: what the counter did before it is not known: the log begins here, or begins anew after the
 * counter was reset or the device was lost. No window reaches across it. */
#define HG_EDGE_FIRST 1u
/** Edge: one or more edges were missed between the one before and this one. */
#define HG_EDGE_MISSED 2u
/** Edge: the time comes with the value from the device, no uncertainty but u_ns. */
#define HG_EDGE_STAMPED 4u
/** Edge: not seen moving; the counter was merely read (constant energy or a closing read). */
#define HG_EDGE_READ 8u

/** One step of an energy counter, and what else was seen then. A log is an array of them in order
 * of time. */
typedef struct hg_edge {
	int64_t t_ns;           /**< when the counter took its value, on the device's clock */
	int64_t u_ns;           /**< it was within t_ns - u_ns and t_ns + u_ns for certain */
	int64_t energy_uj;      /**< the counter, unwrapped: only differences mean something */
	int64_t power_mw;       /**< instantaneous power, or HG_UNREAD */
	int64_t clock_hz;       /**< SM clock, or HG_UNREAD */
	int64_t temperature_mc; /**< or HG_UNREAD */
	uint32_t throttle;      /**< HG_THROTTLE_* of device.h */
	uint32_t flags;         /**< HG_EDGE_* */
} hg_edge;

/** What is known of an energy counter. Zero-initialise, set `size`, then what is known. */
typedef struct hg_sensor {
	uint32_t size;    /**< sizeof(hg_sensor) */
	uint32_t trusted; /**< 1: passed its self-test, or calibrated; 0: not tested, or failed */
	double period_s;  /**< mean time between edges; 0: unknown */
	double jitter_s;  /**< standard deviation of that time */
	double lag_s;     /**< an edge at t shows the energy used until t - lag_s */
	double lag_sd_s;  /**< how sure that is; 0: exact or unknown */
	double coverage;  /**< part of each period that the counter looks at; 1: all; 0: unknown,
			     counts as 1 */
	double gain;      /**< counter / truth, as calibrated against a reference; 0: unknown, 1 */
	double offset_w;  /**< constant power that the counter adds */
	double resolution_j; /**< smallest step */
	double read_s;       /**< what one read of the counter takes */
	double min_power_w;  /**< the device never draws less; 0: unknown, bounds then use 0 */
	double max_power_w;  /**< the device never draws more; 0: unknown, no upper bound from it */
} hg_sensor;

HG_END_DECLS

#endif
