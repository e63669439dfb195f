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

/** One read of a device's power. A power log is an array of them in order of time. */
typedef struct hg_power {
	int64_t t_ns;     /**< when it held, on the device's clock; delays already taken off */
	int64_t power_mw; /**< power */
} hg_power;

/** How joules were obtained, from the most to the least to be believed for short windows. */
typedef enum hg_method {
	HG_METHOD_NONE = 0,       /**< there is no figure */
	HG_METHOD_PADDED = 1,     /**< whole edges around the window less the idle beside it */
	HG_METHOD_REPEATED = 2,   /**< slope over many repetitions */
	HG_METHOD_SHAPED = 3,     /**< edges, and a finer power channel between them */
	HG_METHOD_EDGES = 4,      /**< interpolation between edges */
	HG_METHOD_ATTRIBUTED = 5, /**< regression on what ran when */
	HG_METHOD_POWER = 6,      /**< integral of instantaneous power */
	HG_METHOD_AVERAGE = 7,    /**< integral of averaged power, the averaging undone */
	HG_METHOD_MODEL = 8       /**< not measured */
} hg_method;

/** Power rises or falls steeply at an end of the window: where, is known to a part of a period. */
#define HG_ENERGY_COLD_START 1u
/** The device slowed itself down within the window. */
#define HG_ENERGY_THROTTLED 2u
/** The clock changed by more than 2 % within the window: no single operating point. */
#define HG_ENERGY_CLOCK_CHANGED 4u
/** The counter was reset, the device lost, or the log contradicts itself within the window. */
#define HG_ENERGY_COUNTER_RESET 8u
/** An edge was missed in or beside the window. */
#define HG_ENERGY_MISSED_EDGE 16u
/** The counter looks at a part of the time only; what it did not see is not in `joules`. */
#define HG_ENERGY_PARTIAL_COVERAGE 32u
/** Others used the device at the same time. */
#define HG_ENERGY_SHARED 64u
/** An end lies outside the log: the power beside it was taken to go on. */
#define HG_ENERGY_EXTRAPOLATED 128u
/** The sensor did not pass its test, or its figures contradict the limits of the device. */
#define HG_ENERGY_UNTRUSTED 256u
/** Not final: the edge that covers the end is yet to come. */
#define HG_ENERGY_ESTIMATE 512u
/** `joules` is that of the known part of the window; `missing_s` of it are unknown. */
#define HG_ENERGY_INCOMPLETE 1024u
/** Not measured but simulated or modelled. */
#define HG_ENERGY_SIMULATED 2048u

/** Energy of a window. Figures that are not known are NAN, never 0. */
typedef struct hg_energy {
	uint32_t size;        /**< sizeof(hg_energy), set by the caller */
	hg_method method;     /**< how it was obtained */
	uint32_t flags;       /**< HG_ENERGY_* */
	uint32_t n_edges;     /**< edges of the log that it rests on */
	double joules;        /**< best estimate */
	double lo;            /**< it is certainly not less; NAN: cannot be said */
	double hi;            /**< it is certainly not more; NAN: cannot be said */
	double sigma;         /**< standard deviation of `joules` */
	double idle_j;        /**< what the device would have drawn idle meanwhile */
	double tail_j;        /**< drawn above idle after the window, because of it */
	double max_w;         /**< highest power seen */
	double clock_hz;      /**< mean clock */
	double temperature_c; /**< mean temperature */
	double coverage;      /**< part of the time that the counter looked at */
	double missing_s;     /**< part of the window that nothing is known of */
	int64_t t0_ns;        /**< begin, on the device's clock */
	int64_t t1_ns;        /**< end */
} hg_energy;

/** Text of a method, such as "edges". @return static; "?" for no method. Thread-safe. */
HG_API const char *hg_method_name(hg_method method);

/** Text of a flag, such as "cold-start". @param flag one HG_ENERGY_* @return static; "?" for none.
 * Thread-safe. */
HG_API const char *hg_energy_flag_name(uint32_t flag);

/** Answer at once: where the log does not reach an end yet, the last power goes on. */
#define HG_WINDOW_ESTIMATE 1u
/** Where a part of the window is unknown, answer for the rest. */
#define HG_WINDOW_PARTIAL 2u
/** Plain interpolation: edges stay where they were seen, power is constant between two. */
#define HG_WINDOW_LINEAR 4u

/**
 * Energy of a window by interpolation between edges, with hard bounds.
 *
 * E(t) runs through the points (t_k - lag, counter_k). Their times are smoothed, since edges come
 * about every period (a local Kalman smoother over 4 neighbours each way, which never leaves
 * t_k +- u_k). Between two points E is straight, or has one knee where the power beside the
 * interval is clearly different left and right: both levels and the interval's energy say where. E
 * is monotone and depends on t alone, and its values are multiples of 2^-20 J: windows that adjoin
 * add up exactly, as long as the log is the same and windows stay below 8 GJ.
 *
 * Bounds: each edge near an end says that E(t) lies in the cone of slopes min_power_w to
 * max_power_w around it; they are intersected. They hold whatever the power did if u_ns, lag_s +-
 * 3 lag_sd_s and the power limits of the sensor do. Where the counter contradicts the limits, so
 * that joules would be outside, bounds are refused (NAN) and UNTRUSTED says so. With coverage below
 * 1 what the counter did not see is bounded by the power limits too; where max_power_w is unknown
 * bounds are refused (NAN).
 *
 * @param log   n edges in order of time
 * @param s     what is known of the sensor; s->size must be set
 * @param t0    begin, on the clock of the edges
 * @param t1    end, not before t0
 * @param opts  HG_WINDOW_*
 * @param out   out->size must be set
 * @return HG_OK; HG_EINVAL (bad arguments); HG_ERANGE (the log does not cover the window, yet or
 * any more; HG_WINDOW_ESTIMATE and HG_WINDOW_PARTIAL answer nevertheless); HG_EDEVICE (the counter
 * was reset or contradicts itself within the window; HG_WINDOW_PARTIAL answers for the rest). On
 * errors *out has the method NONE and NAN figures.
 *
 * Up to 5 edges after the window may still refine the figure, within its bounds.
 *
 * Pure, thread-safe, allocates nothing. Complexity: O(log n + edges in the window).
 * (Edge interpolation corrected for lag; two-sided bounds from power limits.)
 */
HG_API HG_NODISCARD hg_err hg_energy_window(const hg_edge *log, size_t n, const hg_sensor *s,
	int64_t t0, int64_t t1, uint32_t opts, hg_energy *out, hg_error *why);

/**
 * Energy of a window with a finer power channel: as hg_energy_window(), but between two edges the
 * energy is spread as the power log says, scaled to what the counter says. Where the power log has
 * no reads around an interval that holds an end, that end is as in hg_energy_window(); if both are,
 * method is EDGES, else SHAPED.
 *
 * The reads should be closer than the edges, and coverage of both channels full.
 *
 * @param power    n_power reads in order of time
 * @return as hg_energy_window()
 *
 * Pure, thread-safe, allocates nothing. Complexity: O(log n + log n_power + edges and reads
 * touched).
 */
HG_API HG_NODISCARD hg_err hg_energy_shaped(const hg_edge *log, size_t n, const hg_power *power,
	size_t n_power, const hg_sensor *s, int64_t t0, int64_t t1, uint32_t opts, hg_energy *out,
	hg_error *why);

/**
 * Energy of a window where there is no counter: the integral of power, straight between two reads.
 *
 * sigma is what the steps between reads leave open. A power channel that sees a part of the time
 * only is unbiased only if the work is not in step with it; then sigma is that of the power limits,
 * which must be known.
 *
 * @param s     of the power channel: period_s (gaps above 3 periods are unknown time), coverage,
 * gain, offset_w, min_power_w, max_power_w are used; lag is to be taken off the times before
 * @param opts  HG_WINDOW_ESTIMATE: the last power goes on; HG_WINDOW_PARTIAL: answer for what is
 * known
 * @param out   method POWER; bounds are not known
 * @return HG_OK; HG_EINVAL; HG_ERANGE (the reads do not cover the window, or leave gaps)
 *
 * Pure, thread-safe, allocates nothing. Complexity: O(log n + reads in the window).
 */
HG_API HG_NODISCARD hg_err hg_energy_from_power(const hg_power *power, size_t n, const hg_sensor *s,
	int64_t t0, int64_t t1, uint32_t opts, hg_energy *out, hg_error *why);

/**
 * Energy of a window where there is only power averaged over the last window_s seconds: whole
 * stretches of that length back from the end are exact, the rest is taken from the averages around
 * it.
 *
 * @param window_s  what the device averages over, such as 1 s
 * @param out       method AVERAGE; bounds are not known
 * @return HG_OK; HG_EINVAL; HG_ERANGE (a window below 3 window_s, or not covered by reads)
 *
 * Pure, thread-safe, allocates nothing. Complexity: O(windows log n).
 */
HG_API HG_NODISCARD hg_err hg_energy_from_average(const hg_power *power, size_t n,
	const hg_sensor *s, double window_s, int64_t t0, int64_t t1, hg_energy *out, hg_error *why);

/**
 * Energy of a window with idle on both sides: exact even for one kernel of 50 ms.
 *
 * Idle edges before (at least 3) and after the window (up to 16 each) make two lines of one slope,
 * the idle power; the energy is the step from one to the other, less the idle power of what lies
 * between them outside the window. Where the power does not fall to idle within the interval that
 * ends the window, what is drawn above idle after it is tail_j and not in joules; joules then rests
 * on the first edge after the window.
 *
 * idle_j is idle power times the window's length. Bounds and flags are those of hg_energy_window().
 *
 * @return as hg_energy_window(); also HG_ERANGE (fewer than 3 edges before, none after);
 *         HG_EINFEASIBLE (the power before the window is not steady: no idle to rest on);
 *         HG_EUNSUPPORTED (a counter that sees a part of the time only)
 *
 * Pure, thread-safe, allocates nothing. Complexity: O(log n + edges in the window).
 * (Window padded to whole edges, adjacent idle taken off.)
 */
HG_API HG_NODISCARD hg_err hg_energy_padded(const hg_edge *log, size_t n, const hg_sensor *s,
	int64_t t0, int64_t t1, uint32_t opts, hg_energy *out, hg_error *why);

/** The energy of one of many equal repetitions. */
typedef struct hg_repeated {
	uint32_t size;    /**< sizeof(hg_repeated), set by the caller */
	uint32_t flags;   /**< HG_ENERGY_* */
	uint32_t n_edges; /**< edges inside the window that it rests on */
	uint32_t dither; /**< 1: repetitions are close to a multiple of the period of a counter that
			    sees a part of it only, so always the same part is seen: insert random
			    pauses of 0 to dither_s every few repetitions */
	double joules;   /**< of one repetition */
	double sigma;    /**< standard deviation of `joules` */
	double half_width_j; /**< 95 % confidence: joules +- this */
	double time_s;       /**< of one repetition */
	double power_w;      /**< mean power */
	double power_sd_w;   /**< standard deviation of it */
	double dither_s;     /**< the counter's period; 0: no dither needed */
} hg_repeated;

/**
 * Energy of one repetition of work that ran back to back, steadily, from t0 to t1.
 *
 * The slope of the counter over the times of the edges inside is the mean power; its confidence
 * comes from the residuals (Newey-West, lag 2), not less than what the edges' uncertainty gives,
 * plus half a repetition that the edges may cover more of one part than of another. Discard warm-up
 * first: t0 should be a period and a lag after the work began.
 *
 * @param repetitions  that ran from t0 to t1, at least 1
 * @param out          out->size must be set
 * @return HG_OK; HG_EINVAL; HG_ERANGE (fewer than 4 edges inside: take longer); HG_EDEVICE (the
 *         counter was reset inside)
 *
 * Pure, thread-safe, allocates nothing. Complexity: O(log n + edges in the window).
 * (Ordinary least squares; Newey and West 1987.)
 */
HG_API HG_NODISCARD hg_err hg_energy_repeated(const hg_edge *log, size_t n, const hg_sensor *s,
	int64_t t0, int64_t t1, uint64_t repetitions, hg_repeated *out, hg_error *why);

/**
 * Learns from a log how a counter moves: period_s, jitter_s (without what
 * comes of edges being seen late or early), resolution_j. Missed edges and resets are left out, as
 * are records that were merely read or are stamped: their times are no edges. At least 20 edges.
 * @param s  in and out; s->size must be set
 * @return HG_OK; HG_EINVAL; HG_ERANGE (too few edges); HG_EINFEASIBLE (no period: the intervals
 * have nothing in common)
 *
 * Pure, thread-safe, allocates nothing. Complexity: O(n).
 */
HG_API HG_NODISCARD hg_err hg_sensor_fit_edges(
	const hg_edge *log, size_t n, hg_sensor *s, hg_error *why);

/** What an energy counter and a power channel of a device must agree on. */
typedef struct hg_sensor_test {
	uint32_t size;    /**< sizeof(hg_sensor_test), set by the caller */
	uint32_t passed;  /**< 1: the counter may be trusted */
	uint32_t resets;  /**< times that it went back or jumped */
	uint32_t frozen;  /**< 1: it did not move although power was drawn */
	double seconds;   /**< tested */
	double counter_j; /**< what it counted meanwhile */
	double power_j;   /**< integral of power meanwhile */
	double ratio;     /**< counter_j / power_j; NAN: not known */
} hg_sensor_test;

/**
 * Tests a counter against integrated power, before it is believed: at least 3 s, within 10 %,
 * monotone, not frozen. Sets s->trusted accordingly.
 *
 * @param s    in and out; lag_s shifts the counter's edges
 * @param out  what was found, also when the test fails; NULL: not wanted
 * @return HG_OK (passed); HG_EDEVICE (failed: the text says how); HG_EINVAL; HG_ERANGE (less than 3
 * s of both: nothing is said)
 */
HG_API HG_NODISCARD hg_err hg_sensor_check(const hg_edge *log, size_t n, const hg_power *power,
	size_t n_power, hg_sensor *s, hg_sensor_test *out, hg_error *why);

/**
 * Calibrates a counter against a reference power log, such as an external meter's: least squares
 * for counter = gain * reference + offset_w * time over the edge intervals. At one power level only
 * the two cannot be told apart: then offset_w is 0.
 *
 * @param s        in and out: gain, offset_w; lag_s is used
 * @param gain_sd  standard deviation of the gain, or NULL
 * @return HG_OK; HG_EINVAL; HG_ERANGE (fewer than 10 intervals that the reference covers)
 */
HG_API HG_NODISCARD hg_err hg_sensor_fit_gain(const hg_edge *log, size_t n,
	const hg_power *reference, size_t n_reference, hg_sensor *s, double *gain_sd,
	hg_error *why);

/** Measurements that a live filter keeps, so that late ones can be put in order. */
#define HG_LIVE_KEPT 16

/** A filter for power now, from edges that come late and reads that are noisy. Plain data; its
 * members are its own business. */
typedef struct hg_live {
	uint32_t size;               /**< sizeof(hg_live) */
	uint32_t n;                  /**< measurements kept */
	int64_t lag_ns;              /**< of the counter */
	int64_t base_uj;             /**< counter that energies are relative to */
	int64_t base_ns;             /**< when */
	int64_t last_uj;             /**< counter at the last edge */
	int64_t t_ns;                /**< of the state */
	double gain;                 /**< of the counter */
	double offset_w;             /**< of the counter */
	double coverage;             /**< of the power channel */
	double resolution_j;         /**< of the counter */
	double energy_j;             /**< state */
	double power_w;              /**< state */
	double p00;                  /**< covariance */
	double p01;                  /**< covariance */
	double p11;                  /**< covariance */
	uint32_t begun;              /**< bits: 1 a time, 2 an edge */
	uint32_t kind[HG_LIVE_KEPT]; /**< of the measurements */
	int64_t at_ns[HG_LIVE_KEPT]; /**< when */
	double value[HG_LIVE_KEPT];  /**< J or W */
	double doubt[HG_LIVE_KEPT];  /**< s or W */
} hg_live;

/** Begins a filter. @param s what is known of the counter; coverage is that of its power channel
 * too
 * @return HG_OK, HG_EINVAL */
HG_API HG_NODISCARD hg_err hg_live_init(hg_live *l, const hg_sensor *s, hg_error *why);

/** An edge was seen. Its power, where it was read, counts too. Edges older than what is kept are
 * dropped. */
HG_API void hg_live_edge(hg_live *l, const hg_edge *e);

/** Power was read: it held at t_ns. */
HG_API void hg_live_power(hg_live *l, int64_t t_ns, double power_w);

/** Power may jump at t_ns: a clock, a throttle reason or a phase changed. */
HG_API void hg_live_change(hg_live *l, int64_t t_ns);

/**
 * Power at a moment, usually now, with its standard deviation; both NAN before the second edge or
 * first read. For displays and controllers only: totals come of hg_energy_window().
 *
 * Not to be called by several threads on one filter. Complexity: O(HG_LIVE_KEPT).
 * (Kalman filter on (energy, power), power a random walk of 200 W per root second.)
 */
HG_API void hg_live_at(const hg_live *l, int64_t t_ns, double *power_w, double *sd_w);

HG_END_DECLS

#endif
