/*
 * What of HLML's binary interface is used, declared here so that no vendor header is needed to
 * build. Return codes above 10 differ between versions of the library, and so does the size of
 * hlml_pci_info_t: only the address at its beginning is used, out of a larger buffer.
 */
#ifndef HG_HARDWARE_BACKEND_HABANA_ABI_H
#define HG_HARDWARE_BACKEND_HABANA_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

static_assert(sizeof(void *) == 8, "LP64 only");

typedef struct hlml_handle_st *hlml_handle;

/** X(name, value, error, text): return codes, what they become, and what they mean. Up to 10 they
 * are those of NVML; device lost is 11 in old versions and 15 in new ones, no data 13 and 21. */
#define HLML_RESULTS(X)                                                                            \
	X(HLML_SUCCESS, 0, HG_OK, "success")                                                       \
	X(HLML_UNINITIALIZED, 1, HG_EDEVICE, "the library is not initialised")                     \
	X(HLML_INVALID_ARGUMENT, 2, HG_EINTERNAL, "the library refused an argument")               \
	X(HLML_NOT_SUPPORTED, 3, HG_EUNSUPPORTED, "not supported by this device")                  \
	X(HLML_NO_PERMISSION, 4, HG_EPERM, "not permitted")                                        \
	X(HLML_NOT_FOUND, 6, HG_ENOENT, "not found")                                               \
	X(HLML_INSUFFICIENT_SIZE, 7, HG_ELIMIT, "more than there is room for")                     \
	X(HLML_DRIVER_NOT_LOADED, 9, HG_EDEVICE, "the driver habanalabs is not loaded")            \
	X(HLML_TIMEOUT, 10, HG_EDEVICE, "the driver timed out")                                    \
	X(HLML_MISSING, 900001, HG_EUNSUPPORTED, "this version of the library has no such function")

enum hlml_result {
#define HLML_RESULT_ENUM(name, value, error, text) name = (value),
	HLML_RESULTS(HLML_RESULT_ENUM)
#undef HLML_RESULT_ENUM
	/* what the fake says; ours are treated as any other code above 10 */
	HLML_DEVICE_LOST = 15
};

/** Room for texts, and for structs whose size differs between versions. */
#define HLML_TEXT 96
#define HLML_ROOM 1024

/** Where hlml_pci_info_t has the address: 15 bytes long in old versions, 19 in new ones. */
#define HLML_PCI_OFFSET 4

/** Of the clocks: the chip's on Gaudi. */
#define HLML_CLOCK_SOC 0

/** Reasons for a lower clock; a bit set. */
enum hlml_reason {
	HLML_REASON_POWER = 1,
	HLML_REASON_THERMAL = 2
};

/** hlml_utilization_t, percent of the last second. */
struct hlml_utilisation {
	uint32_t chip, memory;
};

/** X(kind, member, symbol, older, result, arguments): every function used, see library.h. */
#define HLML_SYMBOLS(X)                                                                            \
	X(REQ, init, hlml_init, "", int, (void))                                                   \
	X(REQ, shutdown, hlml_shutdown, "", int, (void))                                           \
	X(REQ, count, hlml_device_get_count, "", int, (uint32_t * n))                              \
	X(REQ, by_index, hlml_device_get_handle_by_index, "", int,                                 \
		(uint32_t i, hlml_handle * out))                                                   \
	X(REQ, uuid, hlml_device_get_uuid, "", int, (hlml_handle h, char *text, uint32_t room))    \
	X(OPT, name, hlml_device_get_name, "", int, (hlml_handle h, char *text, uint32_t room))    \
	X(OPT, pci, hlml_device_get_pci_info, "", int, (hlml_handle h, void *out))                 \
	X(OPT, energy, hlml_device_get_total_energy_consumption, "", int,                          \
		(hlml_handle h, uint64_t * mj))                                                    \
	X(OPT, power, hlml_device_get_power_usage, "", int, (hlml_handle h, uint32_t * mw))        \
	X(OPT, limit, hlml_device_get_power_management_limit, "", int,                             \
		(hlml_handle h, uint32_t * mw))                                                    \
	X(OPT, limit_default, hlml_device_get_power_management_default_limit, "", int,             \
		(hlml_handle h, uint32_t * mw))                                                    \
	X(OPT, clock, hlml_device_get_clock_info, "", int,                                         \
		(hlml_handle h, int type, uint32_t *mhz))                                          \
	X(OPT, utilisation, hlml_device_get_utilization_rates, "", int,                            \
		(hlml_handle h, struct hlml_utilisation * out))                                    \
	X(OPT, reasons, hlml_device_get_current_clocks_throttle_reasons, "", int,                  \
		(hlml_handle h, uint64_t * bits))                                                  \
	X(OPT, set_limit, hlml_device_set_power_management_limit, "", int,                         \
		(hlml_handle h, uint32_t mw))                                                      \
	X(OPT, fake, hourglassFakeHlml, "", int, (uint32_t * may_set))

#endif
