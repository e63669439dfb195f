/*
 * What of AMD SMI's binary interface is used, declared here so that no vendor header is needed to
 * build. The library has changed its structs more than once under one name: they are read out of
 * zeroed buffers larger than any of them, where the version of the library says.
 */
#ifndef HG_HARDWARE_BACKEND_AMDSMI_ABI_H
#define HG_HARDWARE_BACKEND_AMDSMI_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

static_assert(sizeof(void *) == 8, "LP64 only");

/** A socket or a processor. */
typedef struct amdsmi_handle_st *amdsmi_handle;

/** X(name, value, error, text): status codes, what they become, and what they mean. */
#define AMDSMI_RESULTS(X)                                                                          \
	X(AMDSMI_SUCCESS, 0, HG_OK, "success")                                                     \
	X(AMDSMI_INVAL, 1, HG_EINTERNAL, "the library refused an argument")                        \
	X(AMDSMI_NOT_SUPPORTED, 2, HG_EUNSUPPORTED, "not supported by this device")                \
	X(AMDSMI_NO_PERM, 10, HG_EPERM, "not permitted")                                           \
	X(AMDSMI_BUSY, 30, HG_EDEVICE, "the GPU is busy")                                          \
	X(AMDSMI_NOT_FOUND, 31, HG_ENOENT, "not found")                                            \
	X(AMDSMI_NOT_INIT, 32, HG_EDEVICE, "the library is not initialised")                       \
	X(AMDSMI_DRIVER_NOT_LOADED, 34, HG_EDEVICE, "the driver amdgpu is not loaded")             \
	X(AMDSMI_NO_DATA, 40, HG_EDEVICE, "no data")                                               \
	X(AMDSMI_INSUFFICIENT_SIZE, 41, HG_ELIMIT, "more than there is room for")                  \
	X(AMDSMI_MISSING, 900001, HG_EUNSUPPORTED,                                                 \
		"this version of the library has no such function")

/** Status codes; a call may return others too. The last one is ours. */
enum amdsmi_result {
#define AMDSMI_RESULT_ENUM(name, value, error, text) name = (value),
	AMDSMI_RESULTS(AMDSMI_RESULT_ENUM)
#undef AMDSMI_RESULT_ENUM
};

/** Of amdsmi_init(). */
#define AMDSMI_GPUS 2u

/** Room for any struct of the library, and for its texts. */
#define AMDSMI_ROOM 4096
#define AMDSMI_TEXT 64

enum amdsmi_clock {
	AMDSMI_CLOCK_GFX = 0,
	AMDSMI_CLOCK_MEMORY = 4
};

enum amdsmi_bound {
	AMDSMI_BOUND_MIN = 0,
	AMDSMI_BOUND_MAX = 1
};

enum amdsmi_level {
	AMDSMI_LEVEL_AUTO = 0,
	AMDSMI_LEVEL_MANUAL = 3,
	AMDSMI_LEVEL_DETERMINISM = 8
};

/** amdsmi_power_cap_info_t. */
struct amdsmi_cap {
	uint64_t cap, default_cap, dpm_cap, min, max; /* uW; W in some releases */
	uint64_t reserved[3];
};
static_assert(sizeof(struct amdsmi_cap) == 64, "amdsmi_power_cap_info_t");
static_assert(offsetof(struct amdsmi_cap, max) == 32, "amdsmi_power_cap_info_t.max_power_cap");

/** The beginning of amdsmi_clk_info_t, MHz. */
struct amdsmi_clocks {
	uint32_t now, min, max;
};

/** X(kind, member, symbol, older, result, arguments): every function used, see library.h. */
#define AMDSMI_SYMBOLS(X)                                                                          \
	X(REQ, init, amdsmi_init, "", int, (uint64_t flags))                                       \
	X(REQ, shutdown, amdsmi_shut_down, "", int, (void))                                        \
	X(REQ, sockets, amdsmi_get_socket_handles, "", int, (uint32_t * n, amdsmi_handle * out))   \
	X(REQ, processors, amdsmi_get_processor_handles, "", int,                                  \
		(amdsmi_handle socket, uint32_t * n, amdsmi_handle * out))                         \
	X(REQ, bdf, amdsmi_get_gpu_device_bdf, "", int, (amdsmi_handle h, uint64_t * bdf))         \
	X(OPT, uuid, amdsmi_get_gpu_device_uuid, "", int,                                          \
		(amdsmi_handle h, uint32_t * len, char *text))                                     \
	X(OPT, asic, amdsmi_get_gpu_asic_info, "", int, (amdsmi_handle h, void *out))              \
	X(OPT, driver, amdsmi_get_gpu_driver_info, "", int, (amdsmi_handle h, void *out))          \
	X(OPT, version, amdsmi_get_lib_version, "", int, (void *out))                              \
	X(OPT, energy, amdsmi_get_energy_count, "", int,                                           \
		(amdsmi_handle h, uint64_t * count, float *unit_uj, uint64_t *ns))                 \
	X(OPT, power, amdsmi_get_power_info, "", int, (amdsmi_handle h, void *out))                \
	X(OPT, cap, amdsmi_get_power_cap_info, "", int,                                            \
		(amdsmi_handle h, uint32_t sensor, void *out))                                     \
	X(OPT, clock, amdsmi_get_clock_info, "", int, (amdsmi_handle h, int clock, void *out))     \
	X(OPT, activity, amdsmi_get_gpu_activity, "", int, (amdsmi_handle h, void *out))           \
	X(OPT, set_cap, amdsmi_set_power_cap, "", int,                                             \
		(amdsmi_handle h, uint32_t sensor, uint64_t cap))                                  \
	X(OPT, set_limit, amdsmi_set_gpu_clk_limit, "", int,                                       \
		(amdsmi_handle h, int clock, int bound, uint64_t mhz))                             \
	X(OPT, set_range, amdsmi_set_gpu_clk_range, "", int,                                       \
		(amdsmi_handle h, uint64_t min_mhz, uint64_t max_mhz, int clock))                  \
	X(OPT, determinism, amdsmi_set_gpu_perf_determinism_mode, "", int,                         \
		(amdsmi_handle h, uint64_t mhz))                                                   \
	X(OPT, set_level, amdsmi_set_gpu_perf_level, "", int, (amdsmi_handle h, int level))        \
	X(OPT, fake, hourglassFakeAmdsmi, "", int, (uint32_t * may_set))

#endif
