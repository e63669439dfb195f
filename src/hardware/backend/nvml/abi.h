/*
 * What of NVML's binary interface is used, declared here so that no vendor header is needed to
 * build. LP64 only. Sizes and offsets are those of nvml.h since CUDA 11.0 unless said.
 */
#ifndef HG_HARDWARE_BACKEND_NVML_ABI_H
#define HG_HARDWARE_BACKEND_NVML_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

static_assert(sizeof(unsigned long) == 8 && sizeof(void *) == 8, "LP64 only");

/** A device of the driver, whole or MIG. */
typedef struct nvml_handle_st *nvml_handle;

/** X(name, value, error, text): return codes, what they become, and what they mean. */
#define NVML_RESULTS(X)                                                                            \
	X(NVML_SUCCESS, 0, HG_OK, "success")                                                       \
	X(NVML_UNINITIALIZED, 1, HG_EDEVICE, "the library is not initialised")                     \
	X(NVML_INVALID_ARGUMENT, 2, HG_EINTERNAL, "the driver refused an argument")                \
	X(NVML_NOT_SUPPORTED, 3, HG_EUNSUPPORTED, "not supported by this device")                  \
	X(NVML_NO_PERMISSION, 4, HG_EPERM, "not permitted")                                        \
	X(NVML_NOT_FOUND, 6, HG_ENOENT, "not found")                                               \
	X(NVML_INSUFFICIENT_SIZE, 7, HG_ELIMIT, "more than there is room for")                     \
	X(NVML_DRIVER_NOT_LOADED, 9, HG_EDEVICE, "the NVIDIA driver is not loaded")                \
	X(NVML_TIMEOUT, 10, HG_EDEVICE, "the driver timed out")                                    \
	X(NVML_IRQ_ISSUE, 11, HG_EDEVICE, "the driver has an interrupt problem with the GPU")      \
	X(NVML_LIBRARY_NOT_FOUND, 12, HG_EDEVICE, "a shared library of the driver is missing")     \
	X(NVML_FUNCTION_NOT_FOUND, 13, HG_EUNSUPPORTED, "this driver is too old for it")           \
	X(NVML_GPU_IS_LOST, 15, HG_EDEVICE, "the GPU fell off the bus, or is otherwise lost")      \
	X(NVML_RESET_REQUIRED, 16, HG_EDEVICE, "the GPU needs a reset")                            \
	X(NVML_OPERATING_SYSTEM, 17, HG_EPERM, "the operating system blocked the GPU")             \
	X(NVML_VERSION_MISMATCH, 18, HG_EDEVICE,                                                   \
		"driver and library are of different versions: was the driver upgraded?")          \
	X(NVML_IN_USE, 19, HG_EDEVICE, "the GPU is in use")                                        \
	X(NVML_MEMORY, 20, HG_ENOMEM, "the driver is out of memory")                               \
	X(NVML_NO_DATA, 21, HG_EDEVICE, "no data yet")                                             \
	X(NVML_ARGUMENT_VERSION, 25, HG_EINTERNAL, "the driver knows another struct version")      \
	X(NVML_DEPRECATED, 26, HG_EUNSUPPORTED, "removed from this driver")                        \
	X(NVML_NOT_READY, 27, HG_EDEVICE, "the GPU is not ready")                                  \
	X(NVML_GPU_NOT_FOUND, 28, HG_ENOENT, "no such GPU")                                        \
	X(NVML_UNKNOWN, 999, HG_EDEVICE, "unknown error of the driver")

/** Return codes; a call may return others too. */
enum nvml_result {
#define NVML_RESULT_ENUM(name, value, error, text) name = (value),
	NVML_RESULTS(NVML_RESULT_ENUM)
#undef NVML_RESULT_ENUM
};

/** Bytes that names and UUIDs need at most. */
#define NVML_TEXT 96

enum nvml_clock {
	NVML_CLOCK_SM = 1,
	NVML_CLOCK_MEMORY = 2
};

enum nvml_field {
	NVML_FIELD_MEMORY_TEMPERATURE = 82, /* degrees Celsius */
	NVML_FIELD_ENERGY = 83,             /* mJ */
	NVML_FIELD_POWER_AVERAGE = 185,     /* mW; since 12.2, as all that follow */
	NVML_FIELD_POWER = 186,             /* mW */
	NVML_FIELD_LIMIT_MIN = 187,         /* mW, as the following */
	NVML_FIELD_LIMIT_MAX = 188,
	NVML_FIELD_LIMIT_DEFAULT = 189,
	NVML_FIELD_POWER_LIMIT = 190,    /* enforced */
	NVML_FIELD_SCOPED_ENERGY = 191,  /* mJ */
	NVML_FIELD_LIMIT_REQUESTED = 192 /* mW */
};

enum nvml_scope {
	NVML_SCOPE_GPU = 0,
	NVML_SCOPE_MODULE = 1, /* CPU and GPU of a superchip */
	NVML_SCOPE_MEMORY = 2
};

enum nvml_value_type {
	NVML_TYPE_DOUBLE = 0,
	NVML_TYPE_U32 = 1,
	NVML_TYPE_ULONG = 2,
	NVML_TYPE_U64 = 3,
	NVML_TYPE_I64 = 4,
	NVML_TYPE_I32 = 5,
	NVML_TYPE_U16 = 6
};

/** Why the clock is below the asked one; a bit set. */
enum nvml_reason {
	NVML_REASON_POWER_CAP = 0x4,
	NVML_REASON_HW_SLOWDOWN = 0x8,
	NVML_REASON_SYNC_BOOST = 0x10,
	NVML_REASON_SW_THERMAL = 0x20,
	NVML_REASON_HW_THERMAL = 0x40,
	NVML_REASON_POWER_BRAKE = 0x80
};

union nvml_value {
	double d;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	int32_t i32;
	uint16_t u16;
};

/** nvmlFieldValue_t. */
struct nvml_field_value {
	uint32_t field;
	uint32_t scope;
	int64_t timestamp_us;
	int64_t latency_us;
	int32_t type;   /* enum nvml_value_type */
	int32_t result; /* of this value, whatever the call returned */
	union nvml_value value;
};
static_assert(sizeof(struct nvml_field_value) == 40, "nvmlFieldValue_t");
static_assert(offsetof(struct nvml_field_value, scope) == 4, "nvmlFieldValue_t.scopeId");
static_assert(offsetof(struct nvml_field_value, timestamp_us) == 8, "nvmlFieldValue_t.timestamp");
static_assert(offsetof(struct nvml_field_value, latency_us) == 16, "nvmlFieldValue_t.latencyUsec");
static_assert(offsetof(struct nvml_field_value, type) == 24, "nvmlFieldValue_t.valueType");
static_assert(offsetof(struct nvml_field_value, result) == 28, "nvmlFieldValue_t.nvmlReturn");
static_assert(offsetof(struct nvml_field_value, value) == 32, "nvmlFieldValue_t.value");

/** nvmlSample_t. */
struct nvml_sample {
	uint64_t us; /* since 1970 */
	union nvml_value value;
};
static_assert(sizeof(struct nvml_sample) == 16, "nvmlSample_t");

/** What nvmlDeviceGetSamples() has samples of. */
enum nvml_sampled {
	NVML_SAMPLED_POWER = 0,
	NVML_SAMPLED_MODULE_POWER = 7
};

/** nvmlPowerValue_v2_t. */
struct nvml_scoped_limit {
	uint32_t version;
	uint8_t scope;
	uint32_t mw;
};
static_assert(sizeof(struct nvml_scoped_limit) == 12, "nvmlPowerValue_v2_t");
static_assert(offsetof(struct nvml_scoped_limit, scope) == 4, "nvmlPowerValue_v2_t.powerScope");
static_assert(offsetof(struct nvml_scoped_limit, mw) == 8, "nvmlPowerValue_v2_t.powerValueMw");

/** nvmlPciInfo_t. Its versions before 3 fill no more than the first 36 bytes. */
struct nvml_pci {
	char legacy[16]; /* "0000:17:00.0" */
	uint32_t domain, bus, device;
	uint32_t id, subsystem;
	char bus_id[32]; /* "00000000:17:00.0" */
};
static_assert(sizeof(struct nvml_pci) == 68, "nvmlPciInfo_t");
static_assert(offsetof(struct nvml_pci, domain) == 16, "nvmlPciInfo_t.domain");
static_assert(offsetof(struct nvml_pci, bus_id) == 36, "nvmlPciInfo_t.busId");

/** nvmlUtilization_t, in percent. */
struct nvml_utilisation {
	uint32_t gpu, memory;
};
static_assert(sizeof(struct nvml_utilisation) == 8, "nvmlUtilization_t");

/** nvmlTemperature_t, version 1, since 12.8. */
struct nvml_temperature {
	uint32_t version, sensor;
	int32_t celsius;
};
static_assert(sizeof(struct nvml_temperature) == 12, "nvmlTemperature_t");
static_assert(offsetof(struct nvml_temperature, celsius) == 8, "nvmlTemperature_t.temperature");

/** nvmlProcessInfo_t of the functions _v2 and _v3. */
struct nvml_process {
	uint32_t pid;
	uint64_t memory; /* bytes; UINT64_MAX: not told */
	uint32_t gpu_instance, compute_instance;
};
static_assert(sizeof(struct nvml_process) == 24, "nvmlProcessInfo_t");
static_assert(offsetof(struct nvml_process, memory) == 8, "nvmlProcessInfo_t.usedGpuMemory");
static_assert(offsetof(struct nvml_process, gpu_instance) == 16, "nvmlProcessInfo_t.gpuInstanceId");

/** nvmlMask255_t. */
struct nvml_mask {
	uint32_t word[8];
};
static_assert(sizeof(struct nvml_mask) == 32, "nvmlMask255_t");

/** nvmlWorkloadPowerProfileCurrentProfiles_t, version 1, since 12.8 as all of these. */
struct nvml_profiles_now {
	uint32_t version;
	struct nvml_mask supported, requested, enforced;
};
static_assert(sizeof(struct nvml_profiles_now) == 100, "...CurrentProfiles_t");
static_assert(offsetof(struct nvml_profiles_now, enforced) == 68, "enforcedProfilesMask");

/** nvmlWorkloadPowerProfileRequestedProfiles_t, version 1. */
struct nvml_profiles_asked {
	uint32_t version;
	struct nvml_mask mask;
};
static_assert(sizeof(struct nvml_profiles_asked) == 36, "...RequestedProfiles_t");

/** nvmlWorkloadPowerProfileUpdateProfiles_v1_t, since 13.1; no version word. */
struct nvml_profiles_update {
	uint32_t operation; /* enum nvml_profile_operation */
	struct nvml_mask mask;
};
static_assert(sizeof(struct nvml_profiles_update) == 36, "...UpdateProfiles_v1_t");

enum nvml_profile_operation {
	NVML_PROFILES_CLEAR = 0,
	NVML_PROFILES_SET = 1,
	NVML_PROFILES_OVERWRITE = 2
};

/** First word of a versioned struct. */
#define NVML_VERSION_WORD(type, version) ((uint32_t)sizeof(type) | (uint32_t)(version) << 24)
static_assert(NVML_VERSION_WORD(struct nvml_temperature, 1) == 0x0100000c, "version word");
static_assert(NVML_VERSION_WORD(struct nvml_profiles_now, 1) == 0x01000064, "version word");
static_assert(NVML_VERSION_WORD(struct nvml_profiles_asked, 1) == 0x01000024, "version word");

/**
 * X(kind, member, symbol, older, result, arguments): every function used.
 * REQ: nothing works without it. OPT: a signal or a knob at most. older: names that the same
 * prototype had before, newest first, with a blank between them, or "".
 */
#define NVML_SYMBOLS(X)                                                                            \
	X(REQ, init, nvmlInit_v2, "", int, (void))                                                 \
	X(REQ, shutdown, nvmlShutdown, "", int, (void))                                            \
	X(REQ, count, nvmlDeviceGetCount_v2, "nvmlDeviceGetCount", int, (uint32_t * n))            \
	X(REQ, by_index, nvmlDeviceGetHandleByIndex_v2, "nvmlDeviceGetHandleByIndex", int,         \
		(uint32_t i, nvml_handle * out))                                                   \
	X(REQ, uuid, nvmlDeviceGetUUID, "", int, (nvml_handle h, char *text, uint32_t room))       \
	X(OPT, error_string, nvmlErrorString, "", const char *, (int result))                      \
	X(OPT, name, nvmlDeviceGetName, "", int, (nvml_handle h, char *text, uint32_t room))       \
	X(OPT, driver, nvmlSystemGetDriverVersion, "", int, (char *text, uint32_t room))           \
	X(OPT, pci, nvmlDeviceGetPciInfo_v3, "nvmlDeviceGetPciInfo_v2 nvmlDeviceGetPciInfo", int,  \
		(nvml_handle h, struct nvml_pci * out))                                            \
	X(OPT, persistence, nvmlDeviceGetPersistenceMode, "", int, (nvml_handle h, int *enabled))  \
	X(OPT, mig_mode, nvmlDeviceGetMigMode, "", int,                                            \
		(nvml_handle h, uint32_t * current, uint32_t * pending))                           \
	X(OPT, mig_max, nvmlDeviceGetMaxMigDeviceCount, "", int, (nvml_handle h, uint32_t * n))    \
	X(OPT, mig_by_index, nvmlDeviceGetMigDeviceHandleByIndex, "", int,                         \
		(nvml_handle h, uint32_t i, nvml_handle * out))                                    \
	X(OPT, energy, nvmlDeviceGetTotalEnergyConsumption, "", int,                               \
		(nvml_handle h, uint64_t * mj))                                                    \
	X(OPT, fields, nvmlDeviceGetFieldValues, "", int,                                          \
		(nvml_handle h, int n, struct nvml_field_value *values))                           \
	X(OPT, samples, nvmlDeviceGetSamples, "", int,                                             \
		(nvml_handle h, int what, uint64_t after_us, int *type, uint32_t *n,               \
			struct nvml_sample *out))                                                  \
	X(OPT, power, nvmlDeviceGetPowerUsage, "", int, (nvml_handle h, uint32_t * mw))            \
	X(OPT, limit, nvmlDeviceGetPowerManagementLimit, "", int, (nvml_handle h, uint32_t * mw))  \
	X(OPT, enforced, nvmlDeviceGetEnforcedPowerLimit, "", int, (nvml_handle h, uint32_t * mw)) \
	X(OPT, limit_range, nvmlDeviceGetPowerManagementLimitConstraints, "", int,                 \
		(nvml_handle h, uint32_t * min_mw, uint32_t * max_mw))                             \
	X(OPT, limit_default, nvmlDeviceGetPowerManagementDefaultLimit, "", int,                   \
		(nvml_handle h, uint32_t * mw))                                                    \
	X(OPT, clock, nvmlDeviceGetClockInfo, "", int, (nvml_handle h, int type, uint32_t *mhz))   \
	X(OPT, memory_clocks, nvmlDeviceGetSupportedMemoryClocks, "", int,                         \
		(nvml_handle h, uint32_t * n, uint32_t * mhz))                                     \
	X(OPT, sm_clocks, nvmlDeviceGetSupportedGraphicsClocks, "", int,                           \
		(nvml_handle h, uint32_t memory_mhz, uint32_t * n, uint32_t * mhz))                \
	X(OPT, reasons, nvmlDeviceGetCurrentClocksEventReasons,                                    \
		"nvmlDeviceGetCurrentClocksThrottleReasons", int,                                  \
		(nvml_handle h, uint64_t * bits))                                                  \
	X(OPT, utilisation, nvmlDeviceGetUtilizationRates, "", int,                                \
		(nvml_handle h, struct nvml_utilisation * out))                                    \
	X(OPT, temperature_v, nvmlDeviceGetTemperatureV, "", int,                                  \
		(nvml_handle h, struct nvml_temperature * out))                                    \
	X(OPT, temperature, nvmlDeviceGetTemperature, "", int,                                     \
		(nvml_handle h, int sensor, uint32_t *celsius))                                    \
	X(OPT, processes, nvmlDeviceGetComputeRunningProcesses_v3,                                 \
		"nvmlDeviceGetComputeRunningProcesses_v2", int,                                    \
		(nvml_handle h, uint32_t * n, struct nvml_process * out))                          \
	X(OPT, profiles_now, nvmlDeviceWorkloadPowerProfileGetCurrentProfiles, "", int,            \
		(nvml_handle h, struct nvml_profiles_now * out))                                   \
	X(OPT, profiles_update, nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1, "", int,          \
		(nvml_handle h, struct nvml_profiles_update * change))                             \
	X(OPT, profiles_set, nvmlDeviceWorkloadPowerProfileSetRequestedProfiles, "", int,          \
		(nvml_handle h, struct nvml_profiles_asked * ask))                                 \
	X(OPT, profiles_clear, nvmlDeviceWorkloadPowerProfileClearRequestedProfiles, "", int,      \
		(nvml_handle h, struct nvml_profiles_asked * ask))                                 \
	X(OPT, set_limit, nvmlDeviceSetPowerManagementLimit, "", int,                              \
		(nvml_handle h, uint32_t mw))                                                      \
	X(OPT, set_scoped_limit, nvmlDeviceSetPowerManagementLimit_v2, "", int,                    \
		(nvml_handle h, struct nvml_scoped_limit * in))                                    \
	X(OPT, lock_sm, nvmlDeviceSetGpuLockedClocks, "", int,                                     \
		(nvml_handle h, uint32_t min_mhz, uint32_t max_mhz))                               \
	X(OPT, unlock_sm, nvmlDeviceResetGpuLockedClocks, "", int, (nvml_handle h))                \
	X(OPT, lock_memory, nvmlDeviceSetMemoryLockedClocks, "", int,                              \
		(nvml_handle h, uint32_t min_mhz, uint32_t max_mhz))                               \
	X(OPT, unlock_memory, nvmlDeviceResetMemoryLockedClocks, "", int, (nvml_handle h))         \
	X(OPT, fake, hourglassFakeNvml, "", int, (uint32_t * may_set))

#endif
