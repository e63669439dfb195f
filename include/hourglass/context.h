/**
 * @file context.h
 * The context: host services handed to the hardware half, and the devices it found.
 *
 * A context holds everything that other libraries keep in globals: the log sink, the clock, the
 * root of the file system, the directory with device and workload files. Two contexts in one
 * process know nothing of each other. The waist (frontier.h) needs no context at all.
 */
#ifndef HOURGLASS_CONTEXT_H
#define HOURGLASS_CONTEXT_H

#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>

HG_BEGIN_DECLS

/** How grave a log message is. */
typedef enum hg_log_level {
	HG_LOG_ERROR = 0,
	HG_LOG_WARN = 1,
	HG_LOG_INFO = 2,
	HG_LOG_DEBUG = 3
} hg_log_level;

/** Receives one log line, without newline. May be called from several threads at once. */
typedef void (*hg_log_fn)(void *user, hg_log_level level, const char *topic, const char *text);

/** Returns a monotonic time in nanoseconds. Called from any thread. */
typedef int64_t (*hg_clock_fn)(void *user);

/**
 * Told how far a long call is. `total` is 0 when it is not known.
 * @return 0 to go on, anything else to stop: the call then returns what it has so far.
 */
typedef int (*hg_progress_fn)(void *user, const char *what, uint64_t done, uint64_t total);

/** What a context is made from. Zero-initialise, set `size`, then what you need. */
typedef struct hg_config {
	uint32_t size;        /**< sizeof(hg_config) */
	hg_log_fn log;        /**< NULL: silent */
	void *log_user;       /**< first argument of `log` */
	hg_clock_fn clock;    /**< NULL: CLOCK_MONOTONIC */
	void *clock_user;     /**< first argument of `clock` */
	const char *fs_root;  /**< directory that stands for "/" in device access; NULL: "/" */
	const char *data_dir; /**< directory with devices/ and workloads/ that is looked in before
				 the compiled-in defaults; NULL: none */
	int64_t driver_timeout_ns; /**< how long a driver may take to open a device, or to answer a
				      search for them, each device anew; 0: 30 s */
} hg_config;

/** A context; opaque. */
typedef struct hg_ctx hg_ctx;

/**
 * Makes a context.
 * @param cfg   may be NULL for all defaults; strings are copied
 * @param out   receives the context; destroy it with hg_close()
 * @param why   may be NULL
 * @return HG_OK, HG_EINVAL (cfg->size), HG_ENOMEM, HG_ENOENT (fs_root or data_dir)
 */
HG_API HG_NODISCARD hg_err hg_open(const hg_config *cfg, hg_ctx **out, hg_error *why);

/**
 * Closes a context and every device still open in it. NULL is fine. While a driver still has not
 * answered a search that was given up, `log` and `clock` may be called until it does.
 */
HG_API void hg_close(hg_ctx *ctx);

HG_END_DECLS

#endif
