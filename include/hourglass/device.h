/**
 * @file device.h
 * Devices behind one interface: identity, signals that can be read, knobs that can be set.
 *
 * Hardware speaks scaled 64-bit integers: uJ, mW, Hz, ns, ppm, milli-degrees. What a device does
 * not have is listed with the reason, and never reads as 0.
 *
 * Reading, setting and asking the time are safe from any thread: a device lets one in at a time,
 * so a knob may be set while a meter (measure.h) reads in the background. Where a driver call does
 * not come back, others give up after 2 s with HG_EDEVICE. Opening, closing and running simulated
 * work are for one thread at a time; nobody may use a device that is being closed.
 *
 * A device of a vendor's library belongs to the process that opened it: in a child after fork()
 * every read of it fails with HG_EDEVICE, and so does setting, until the child opens it again.
 */
#ifndef HOURGLASS_DEVICE_H
#define HOURGLASS_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/context.h>
#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** A device; opaque, owned by its context. */
typedef struct hg_device hg_device;

/**
 * Opens a device by name.
 *
 * "sim:MODEL[,KEY=VALUE...]" makes a simulated one (sim.h), e.g. "sim:h100,seed=7,noise=1%".
 * "replay:FILE" plays back a recorded one (record.h).
 * "nvml:0" is a GPU of the NVIDIA driver; hourglass-backends(7) has the names of every backend.
 *
 * @param out  owned by the context; hg_device_close() gives it back early
 * @return HG_OK; HG_ENOENT (no such backend or device; the text says what there is); HG_EINVAL
 *         (bad option: names it); HG_EDEVICE (the driver refused, or did not answer within
 *         hg_config.driver_timeout_ns); HG_EUNSUPPORTED; HG_EPERM; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_device_open(
	hg_ctx *ctx, const char *spec, hg_device **out, hg_error *why);

/** Closes a device; its knobs keep their settings. NULL is fine. Close its meters before. */
HG_API void hg_device_close(hg_device *d);

/**
 * Walks the devices that are open in a context, in the order they were opened.
 * @param prev  NULL for the first
 * @return the next one, NULL at the end
 */
HG_API hg_device *hg_device_next(hg_ctx *ctx, hg_device *prev);

/** What came of one backend's search for devices. */
typedef struct hg_discovery {
	uint32_t size;       /**< sizeof(hg_discovery) */
	hg_err rc;           /**< HG_OK: looked, and every device found is open; HG_ENOENT: there is
				nothing of the kind here; else what stood in the way */
	const char *backend; /**< "nvml" */
	const char *text;    /**< one line about the backend */
	const char *reason;  /**< why there is no device, or not every one; "" nothing to say */
	size_t devices;      /**< devices of this backend that are open now because of a search */
} hg_discovery;

/** Told what came of each backend's search; the strings are valid during the call. */
typedef void (*hg_discovery_fn)(void *user, const hg_discovery *found);

/**
 * Looks for hardware with every backend that can, and opens what it finds, so that
 * hg_device_next() walks it. A device that is open under the same name already stays as it is.
 * Nothing is simulated, and nothing is set. A backend without a device is no error: `fn` is told
 * the reason. A driver that does not answer is given up after hg_config.driver_timeout_ns; what it
 * had found by then is open.
 *
 * @param fn  called once for each backend, in a fixed order; NULL: nobody is told
 * @return HG_OK; HG_EINVAL (no context); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_discover(hg_ctx *ctx, hg_discovery_fn fn, void *user, hg_error *why);

/** Who a device is. */
typedef struct hg_device_info {
	uint32_t size;       /**< sizeof(hg_device_info) */
	uint32_t simulated;  /**< 1: no hardware behind it; whatever it says must be labelled so */
	const char *spec;    /**< what it was opened as, "sim:h100,seed=7" */
	const char *backend; /**< "sim", "nvml", "rapl" */
	const char *vendor;  /**< "nvidia" */
	const char *model;   /**< "h100-sxm" */
	const char *title;   /**< "NVIDIA H100 SXM5 80GB" */
	const char *uuid;    /**< stable identity; "" none */
	const char *pci;     /**< "0000:17:00.0"; "" none */
	const char *parent;  /**< uuid of the device it is a part of; "" none */
	const char *wholes;  /**< uuids of all it is a part of, the smallest first, separated by
				blanks; the first is `parent` */
	const char *driver;  /**< version of its driver, "550.54.15"; "" not told */
} hg_device_info;

/** Identity of a device; strings valid as long as the device. info->size must be set. */
HG_API void hg_device_get_info(const hg_device *d, hg_device_info *info);

/** How values of a signal from several devices combine. */
typedef enum hg_aggregation {
	HG_AGG_SUM = 0,  /**< energies, powers */
	HG_AGG_MEAN = 1, /**< clocks, utilisations */
	HG_AGG_SAME = 2  /**< expected to be equal */
} hg_aggregation;

/** How a signal behaves over time. */
typedef enum hg_behaviour {
	HG_MONOTONE = 0, /**< only grows, modulo `modulus` */
	HG_VARIABLE = 1, /**< goes up and down */
	HG_CONSTANT = 2  /**< does not change */
} hg_behaviour;

/** A signal, or why it is absent. */
typedef struct hg_signal_info {
	uint32_t size;          /**< sizeof(hg_signal_info) */
	hg_aggregation agg;     /**< how devices combine */
	hg_behaviour behaviour; /**< how it moves */
	const char *name;       /**< "energy", "power", "sm_clock", "temperature", "throttle",
				   "utilisation", "static_power" (waiting, clocks up) */
	const char *unit;       /**< "uJ", "mW", "Hz", "mC", "bits", "ppm" */
	const char *text;       /**< one line for people */
	const char *domain;     /**< "gpu", "memory", "package" */
	uint64_t modulus;       /**< monotone: wraps at this value; 0: never in practice */
	uint64_t resolution;    /**< smallest step, in `unit` */
	int64_t period_ns;      /**< nominal time between two updates; 0: continuous */
	const char *absent;     /**< NULL: present; else why it is not */
	uint32_t stamped;       /**< 1: readings come with the device's time: the value was true
				   some time within t0_ns and t1_ns, on the device's clock, whenever
				   it was read */
} hg_signal_info;

/** Number of signals, absent ones included. */
HG_API size_t hg_device_signals(const hg_device *d);

/** Describes signal i. @return HG_OK, HG_EINVAL (no such signal) */
HG_API HG_NODISCARD hg_err hg_device_signal(const hg_device *d, size_t i, hg_signal_info *info);

/** Index of a signal by name, or SIZE_MAX. */
HG_API size_t hg_device_signal_index(const hg_device *d, const char *name);

/** A bit of the signal "throttle": the power limit keeps the clock below the asked one. */
#define HG_THROTTLE_POWER_LIMIT 1u
/** A bit of the signal "throttle": heat does. */
#define HG_THROTTLE_HEAT 2u
/** A bit of the signal "throttle": the hardware does, for its power supply or its safety. */
#define HG_THROTTLE_HARDWARE 4u
/** A bit of the signal "throttle": the clock is kept equal to that of other devices. */
#define HG_THROTTLE_SYNC 8u

/** One value read. */
typedef struct hg_reading {
	int64_t value; /**< in the signal's unit; meaningless unless rc is HG_OK */
	int64_t t0_ns; /**< device clock just before the read */
	int64_t t1_ns; /**< device clock just after */
	hg_err rc;     /**< HG_OK, HG_EUNSUPPORTED (absent), HG_EDEVICE */
} hg_reading;

/**
 * Reads several signals at once.
 * @param ids  n indices of signals
 * @param out  n readings; failure is per element
 * @return HG_OK when every index exists, HG_EINVAL otherwise
 */
HG_API HG_NODISCARD hg_err hg_device_read(
	hg_device *d, const size_t *ids, size_t n, hg_reading *out);

/** Time on the device's clock, in ns: virtual for a simulated device, else the context's clock. */
HG_API int64_t hg_device_now(const hg_device *d);

/** Knob: cannot be read back. `current` is what was set last through this device, or the default:
 * what others set is not known. */
#define HG_KNOB_WRITE_ONLY 1u
/** Knob: cannot be set, and what it could be set to is not known: min, max, step, default_value and
 * current mean nothing. */
#define HG_KNOB_RANGE_UNKNOWN 2u

/** A knob, or why it cannot be set. */
typedef struct hg_knob_info {
	uint32_t size;          /**< sizeof(hg_knob_info) */
	uint32_t flags;         /**< HG_KNOB_* */
	const char *name;       /**< "power_limit", "sm_clock" */
	const char *unit;       /**< "mW", "Hz" */
	const char *text;       /**< one line for people */
	int64_t min;            /**< lowest settable value */
	int64_t max;            /**< highest settable value */
	int64_t step;           /**< distance between settable values, counted from min; 1: any */
	int64_t default_value;  /**< value after a reset; for sm_clock 0: not locked */
	int64_t current;        /**< value now */
	const char *unsettable; /**< NULL: may be set; else why not */
	int64_t latency_ns;     /**< nominal time from setting to effect; 0: at once or unknown */
	const int64_t *ladder;  /**< the settable values, ascending; NULL: every step from min */
	size_t n_ladder;        /**< how many */
} hg_knob_info;

/** Number of knobs, unsettable ones included. */
HG_API size_t hg_device_knobs(const hg_device *d);

/** Describes knob i. @return HG_OK, HG_EINVAL (no such knob) */
HG_API HG_NODISCARD hg_err hg_device_knob(const hg_device *d, size_t i, hg_knob_info *info);

/** Index of a knob by name, or SIZE_MAX. */
HG_API size_t hg_device_knob_index(const hg_device *d, const char *name);

/** What came of setting a knob. */
typedef struct hg_effect {
	int64_t requested; /**< what was asked */
	int64_t enforced;  /**< what the driver took (rounded to a step) */
	int64_t observed;  /**< what it reads back */
} hg_effect;

/**
 * Sets a knob: range check, set, read back. It takes effect after the device's set latency.
 * Leases, which undo a setting when its owner dies, come on top of this.
 * @param value  within min..max, or default_value
 * @return HG_OK; HG_ERANGE (names the range); HG_EUNSUPPORTED; HG_EINVAL; HG_EDEVICE
 */
HG_API HG_NODISCARD hg_err hg_device_set(
	hg_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why);

/** Puts every settable knob back to its default. @return first error, or HG_OK */
HG_API HG_NODISCARD hg_err hg_device_reset(hg_device *d, hg_error *why);

/** A process that uses a device. */
typedef struct hg_process {
	int64_t pid;           /**< as the driver numbers it: in a container perhaps not as here */
	uint64_t memory_bytes; /**< memory of the device that it holds; if memory_known */
	uint32_t memory_known; /**< 0: the driver does not tell it */
	uint32_t unused;       /**< 0 */
} hg_process;

/**
 * Lists the processes that use a device for computing now.
 * @param out  receives at most `room` of them; may be NULL where room is 0
 * @param n    receives how many there are, which may be more than `room`
 * @return HG_OK; HG_EUNSUPPORTED (the text says why they are not known); HG_EPERM; HG_EDEVICE
 */
HG_API HG_NODISCARD hg_err hg_device_processes(
	hg_device *d, hg_process *out, size_t room, size_t *n, hg_error *why);

/**
 * Looks for two devices of a set that would count some energy twice: the same device under two
 * names, a part and a whole (a MIG instance and its GPU, cores and their package, a package and the
 * platform, a rail and the board's input), or devices of two backends of which one may contain the
 * other (the module of a superchip and its GPU, the power meter of a server and everything in it).
 * A pair of which that is not known for certain counts as overlapping. Devices that tell neither
 * energy nor power overlap only as part and whole. Vendors may be mixed. O(n^2).
 *
 * @param set  n devices, of one context or several
 * @param a    receives the index of the whole, or of the first of the two; may be NULL
 * @param b    receives the index of the part, or of the second; may be NULL
 * @return HG_OK: no two overlap, the sum over the set counts everything once; HG_EINVAL: the text
 *         names the two and why
 */
HG_API HG_NODISCARD hg_err hg_device_overlap(
	const hg_device *const *set, size_t n, size_t *a, size_t *b, hg_error *why);

/**
 * Chooses from a set the devices to add up: no two that are kept overlap, and what is left out is
 * left out because what is kept contains it, or because it contains, or may contain, what is kept.
 * Wholes are kept rather than their parts, except those that only may contain other devices (the
 * platform beside a GPU): then the parts are. Devices that tell neither energy nor power are left
 * out. O(n^2).
 *
 * @param keep  receives n values: 1 to be added, 0 left out
 * @return how many are kept
 */
HG_API size_t hg_device_disjoint(const hg_device *const *set, size_t n, unsigned char *keep);

/**
 * Reads a signal of every device of a set and adds the values up. Only of a set without overlap,
 * and only of signals that add up (HG_AGG_SUM) and go up and down, such as "power": readings of
 * counters are not added, since each wraps on its own; measure.h adds up differences of theirs.
 *
 * @param name  of the signal, which every device must have in the same unit
 * @param out   value; t0_ns of the first and t1_ns of the last reading, each on the clock of its
 *              device; meaningless unless HG_OK is returned
 * @return HG_OK; HG_EINVAL (names the overlap, or why such signals are not added); HG_EUNSUPPORTED
 *         (names the device that lacks it, with its reason); HG_EDEVICE (names the device whose
 *         reading failed: a sum of the others would be too small)
 */
HG_API HG_NODISCARD hg_err hg_device_sum(
	hg_device *const *set, size_t n, const char *name, hg_reading *out, hg_error *why);

HG_END_DECLS

#endif
