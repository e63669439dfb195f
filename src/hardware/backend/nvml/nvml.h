/* NVIDIA GPUs through the driver's library, NVML; whole ones and MIG instances. */
#ifndef HG_HARDWARE_BACKEND_NVML_NVML_H
#define HG_HARDWARE_BACKEND_NVML_NVML_H

#include <sys/types.h>

#include "hardware/device/backend.h"

#include "load.h"

/** Room for the reason why a signal or a knob is not there. */
#define NVML_REASON_TEXT 192

/** Room for what is said of a knob. */
#define NVML_KNOB_TEXT 512

/** Longest ladder of clocks. */
#define NVML_LADDER 512

/** No workload power profile. */
#define NVML_PROFILE_NONE (-1)

enum nvml_signal {
	NVML_SIGNAL_ENERGY,
	NVML_SIGNAL_POWER,
	NVML_SIGNAL_POWER_AVERAGE,
	NVML_SIGNAL_MEMORY_POWER,
	NVML_SIGNAL_MODULE_POWER,
	NVML_SIGNAL_SM_CLOCK,
	NVML_SIGNAL_MEMORY_CLOCK,
	NVML_SIGNAL_POWER_LIMIT,
	NVML_SIGNAL_TEMPERATURE,
	NVML_SIGNAL_THROTTLE,
	NVML_SIGNAL_UTILISATION,
	NVML_SIGNAL_MEMORY_UTILISATION,
	NVML_SIGNAL_MEMORY_TEMPERATURE,
	NVML_SIGNAL_PROFILES,
	NVML_SIGNALS
};

enum nvml_knob {
	NVML_KNOB_POWER_LIMIT,
	NVML_KNOB_SM_CLOCK,
	NVML_KNOB_MEMORY_CLOCK,
	NVML_KNOB_PROFILE,
	NVML_KNOB_MODULE_LIMIT,
	NVML_KNOBS
};

/** A way to read a signal; a signal may have several. */
struct nvml_way {
	enum nvml_signal signal;
	uint32_t field, scope; /* field 0: a function of its own */
	const char *function;  /* what is called, for reasons */
	const char *domain, *text;
};

/** How a device's signal is read, or why it is not. */
struct nvml_source {
	const struct nvml_way *way; /* NULL: absent */
	char absent[NVML_REASON_TEXT];
};

/** What a knob can be set to, or why it cannot. */
struct nvml_range {
	int64_t min, max, step, default_value, current;
	int64_t ladder[NVML_LADDER]; /* ascending; not of the power limit */
	size_t n_ladder;
	char text[NVML_KNOB_TEXT];
	char unsettable[NVML_REASON_TEXT]; /* "": may be set */
};

struct nvml_device {
	struct hg_ctx *ctx;
	const char *spec;
	struct nvml lib;
	nvml_handle handle;
	pid_t pid; /* of the process that opened it */
	bool mig;
	char uuid[NVML_TEXT], parent[NVML_TEXT], name[NVML_TEXT], pci[40], driver[NVML_TEXT];
	struct nvml_source sources[NVML_SIGNALS];
	struct nvml_range knobs[NVML_KNOBS];
};

extern const struct backend nvml_backend;

/* ----- identity: find.c */

/** Fills in who the device of a handle is. @return result of NVML */
int nvml_identify(struct nvml_device *d);

/**
 * Finds the device that text names: an index, a UUID or the unambiguous beginning of one, a PCI
 * address, "cuda:" and CUDA's number. Sets handle, mig, parent and identity.
 */
hg_err nvml_find(struct nvml_device *d, const char *text, hg_error *why);

/** UUID of what CUDA calls `number` in this process's environment, among n GPUs: cuda.c. */
hg_err nvml_cuda_uuid(const struct nvml_device *d, uint64_t number, uint32_t n,
	char uuid[NVML_TEXT], hg_error *why);

/** Handle of the i-th MIG instance of a GPU. @return result of NVML; not found: a gap, go on */
int nvml_mig(const struct nvml *lib, nvml_handle gpu, uint32_t i, nvml_handle *out);

/** Number of MIG instances a GPU may have at most; 0 where MIG is off. */
uint32_t nvml_mig_count(const struct nvml *lib, nvml_handle gpu);

/* ----- signals.c */

/** Tries for each signal the ways to read it. */
void nvml_signals_probe(struct nvml_device *d);
void nvml_signal_info(const struct nvml_device *d, size_t i, hg_signal_info *info);
void nvml_signals_read(struct nvml_device *d, const size_t *ids, size_t n, hg_reading *out);

/** One value by field. @return result of NVML */
int nvml_field_mw(const struct nvml_device *d, uint32_t field, uint32_t scope, int64_t *mw);

/* ----- module.c: the power limit of a superchip, the processor's part included */

void nvml_module_probe(struct nvml_device *d);
hg_err nvml_module_set(struct nvml_device *d, int64_t value, hg_effect *effect, hg_error *why);

/* ----- processes.c */

hg_err nvml_processes(
	struct nvml_device *d, hg_process *out, size_t room, size_t *n, hg_error *why);

/* ----- profiles.c: the driver's tunings for kinds of work, one at a time */

/** What is supported, asked for and in force now. @return result of NVML */
int nvml_profiles_read(const struct nvml_device *d, struct nvml_profiles_now *out);

/** Fills in the knob's ladder and text, or why it cannot be set. */
void nvml_profile_probe(struct nvml_device *d);
hg_err nvml_profile_set(struct nvml_device *d, int64_t value, hg_effect *effect, hg_error *why);

/* ----- knobs.c */

/** The knob cannot be set: what stands in the way, unless it is known already. */
void nvml_unsettable(struct nvml_range *k, const char *what, const char *text);

/** Why the driver did not set a knob. @return HG_EPERM; HG_EDEVICE */
hg_err nvml_refused(const struct nvml_device *d, size_t knob, int result, hg_error *why);

/** Asks for the range of each knob. Sets nothing. */
void nvml_knobs_probe(struct nvml_device *d);
void nvml_knob_info(const struct nvml_device *d, size_t i, hg_knob_info *info);
hg_err nvml_knob_set(
	struct nvml_device *d, size_t knob, int64_t value, hg_effect *effect, hg_error *why);

#endif
