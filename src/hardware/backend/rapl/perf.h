/*
 * RAPL by perf events: the kernel's PMU "power" counts the same energy as powercap, in 64 bits, and
 * may be open to others than root.
 */
#ifndef HG_HARDWARE_BACKEND_RAPL_PERF_H
#define HG_HARDWARE_BACKEND_RAPL_PERF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/context.h"

#define PERF_PMU "sys/bus/event_source/devices/power"
/** Most dies of a machine. */
#define PERF_DIES 64

enum perf_event {
	PERF_PACKAGE,
	PERF_CORE,
	PERF_UNCORE,
	PERF_DRAM,
	PERF_PSYS,
	PERF_EVENTS
};

/** The processor that speaks for a die. */
struct perf_die {
	int64_t cpu, package, die;
};

/** What the PMU's files say. */
struct perf_pmu {
	uint32_t type;
	struct perf_die dies[PERF_DIES];
	size_t n;
	bool has[PERF_EVENTS];
	uint64_t config[PERF_EVENTS];
	double joule[PERF_EVENTS]; /* of one count */
};

/** Reads them. @return HG_OK; HG_ENOENT (no such PMU); HG_EFORMAT, HG_EPERM, HG_EIO, HG_ENOMEM */
hg_err perf_find(const struct hg_ctx *ctx, struct perf_pmu *pmu, hg_error *why);

/**
 * Opens a counter of this machine on one processor. The text of HG_EPERM says what would allow it.
 * @return HG_OK; HG_EUNSUPPORTED (the context is of another machine's files); HG_EPERM; HG_EIO
 */
hg_err perf_counter_open(const struct hg_ctx *ctx, const struct perf_pmu *pmu,
	enum perf_event event, int64_t cpu, int *fd, hg_error *why);

/** Counts since it was opened. @return HG_OK, HG_EIO */
hg_err perf_counter_read(int fd, uint64_t *count, hg_error *why);

void perf_counter_close(int fd);

#endif
