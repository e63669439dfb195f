/* The zones of the powercap tree that count energy. */
#ifndef HG_HARDWARE_BACKEND_RAPL_ZONES_H
#define HG_HARDWARE_BACKEND_RAPL_ZONES_H

#include <stdbool.h>
#include <stddef.h>

#include "hardware/backend/kernel/kernel.h"

#include "perf.h"

#define RAPL_CLASS "sys/class/powercap"
/** Most zones of a machine. */
#define RAPL_ZONES 256

enum rapl_kind {
	RAPL_PACKAGE,
	RAPL_CORE,
	RAPL_UNCORE,
	RAPL_DRAM,
	RAPL_PSYS,
	RAPL_OTHER
};

struct rapl_zone {
	char entry[40]; /* in the class, "intel-rapl:0:1"; "" only perf has it */
	char name[40];  /* as the kernel has it, "dram" */
	char label[88]; /* what it is opened as, "package-0/dram" */
	enum rapl_kind kind;
	int above; /* index of the zone it hangs below in the tree; -1 none */
	int part;  /* index of the zone whose energy contains its energy; -1 none */
};

struct rapl_zones {
	struct rapl_zone at[RAPL_ZONES];
	size_t n;
	struct perf_pmu pmu; /* n 0: there is none */
	hg_error no_pmu;     /* why */
	const char *vendor;  /* of the processor: "intel", "amd", "hygon", "" */
	bool sgx;            /* so that it blurs the counters */
};

/**
 * Finds the zones of powercap, and where there is none those of perf. Gaps in their numbers are
 * normal; a zone without a name is passed over.
 * @return HG_OK; HG_ENOENT (no zone; says why); HG_EPERM; HG_EIO; HG_ENOMEM; HG_ELIMIT
 */
hg_err rapl_zones_find(const struct hg_ctx *ctx, struct rapl_zones *zones, hg_error *why);

/** The event and the processor that count a zone by perf. @return false: none does */
bool rapl_zone_event(
	const struct rapl_zones *zones, size_t i, enum perf_event *event, int64_t *cpu);

/** Whether a name in the class is that of a zone, "intel-rapl:0:1"; sets the length of its type. */
bool rapl_entry(const char *entry, size_t *type);

#endif
