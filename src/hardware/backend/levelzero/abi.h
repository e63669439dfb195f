/*
 * What of Level Zero Sysman's binary interface is used, declared here so that no vendor header is
 * needed to build. LP64 only. Sizes and offsets are those of zes_api.h 1.0 to 1.17 unless said.
 */
#ifndef HG_HARDWARE_BACKEND_LEVELZERO_ABI_H
#define HG_HARDWARE_BACKEND_LEVELZERO_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

static_assert(sizeof(unsigned long) == 8 && sizeof(void *) == 8, "LP64 only");

typedef struct zes_driver_st *zes_driver;
typedef struct zes_device_st *zes_device;
typedef struct zes_power_st *zes_power;
typedef struct zes_frequency_st *zes_frequency;
typedef struct zes_temperature_st *zes_temperature;

/** X(name, value, error, text): return codes, what they become, and what they mean. */
#define ZES_RESULTS(X)                                                                             \
	X(ZES_SUCCESS, 0, HG_OK, "success")                                                        \
	X(ZES_NOT_READY, 1, HG_EDEVICE, "the driver is not ready")                                 \
	X(ZES_DEVICE_LOST, 0x70000001, HG_EDEVICE, "the GPU is lost")                              \
	X(ZES_NO_HOST_MEMORY, 0x70000002, HG_ENOMEM, "the driver is out of memory")                \
	X(ZES_NO_DEVICE_MEMORY, 0x70000003, HG_EDEVICE, "the GPU is out of memory")                \
	X(ZES_RESET_REQUIRED, 0x70000006, HG_EDEVICE, "the GPU needs a reset")                     \
	X(ZES_LOW_POWER, 0x70000007, HG_EDEVICE, "the GPU sleeps, and tells nothing then")         \
	X(ZES_NO_PERMISSION, 0x70010000, HG_EPERM, "not permitted")                                \
	X(ZES_NOT_AVAILABLE, 0x70010001, HG_EDEVICE, "not available now, or used by another")      \
	X(ZES_DEPENDENCY, 0x70020000, HG_EDEVICE, "a library of the driver is missing")            \
	X(ZES_UNINITIALIZED, 0x78000001, HG_EDEVICE, "no driver, or it is not initialised")        \
	X(ZES_UNSUPPORTED_VERSION, 0x78000002, HG_EUNSUPPORTED, "this driver is too old for it")   \
	X(ZES_UNSUPPORTED, 0x78000003, HG_EUNSUPPORTED, "not supported by this device")            \
	X(ZES_INVALID_ARGUMENT, 0x78000004, HG_EINTERNAL, "the driver refused an argument")        \
	X(ZES_INVALID_HANDLE, 0x78000005, HG_EINTERNAL, "the driver refused a handle")             \
	X(ZES_UNKNOWN, 0x7ffffffe, HG_EDEVICE, "unknown error of the driver")

/** Return codes; a call may return others too. */
enum zes_result {
#define ZES_RESULT_ENUM(name, value, error, text) name = (value),
	ZES_RESULTS(ZES_RESULT_ENUM)
#undef ZES_RESULT_ENUM
};

/** What a struct is, its first word. */
enum zes_type {
	ZES_TYPE_DEVICE = 0x1,
	ZES_TYPE_PCI = 0x2,
	ZES_TYPE_FREQUENCY = 0x9,
	ZES_TYPE_POWER = 0xd,
	ZES_TYPE_TEMPERATURE = 0x14,
	ZES_TYPE_FREQUENCY_STATE = 0x1b,
	ZES_TYPE_LIMIT = 0x27,
	ZES_TYPE_POWER_EXT = 0x28
};

/** A bit of zes_properties.flags: a part of the processor. */
#define ZES_INTEGRATED 1u

struct zes_properties {
	uint32_t type;
	void *next;
	/* the device as the compute interface has it */
	uint32_t core_type;
	void *core_next;
	uint32_t kind, vendor, device, flags, subdevice, clock_mhz;
	uint64_t largest;
	uint32_t counts[7];
	uint64_t timer;
	uint32_t timestamp_bits, kernel_bits;
	uint8_t uuid[16];
	char name[256];
	/* what Sysman adds */
	uint32_t subdevices;
	char serial[64], board[64], brand[64], model[64], maker[64], driver[64];
};

static_assert(sizeof(struct zes_properties) == 776, "zes_device_properties_t");
static_assert(offsetof(struct zes_properties, core_type) == 16, "core");
static_assert(offsetof(struct zes_properties, flags) == 44, "core.flags");
static_assert(offsetof(struct zes_properties, uuid) == 112, "core.uuid");
static_assert(offsetof(struct zes_properties, name) == 128, "core.name");
static_assert(offsetof(struct zes_properties, subdevices) == 384, "numSubdevices");
static_assert(offsetof(struct zes_properties, model) == 580, "modelName");

struct zes_pci {
	uint32_t type;
	void *next;
	uint32_t domain, bus, device, function;
	int32_t generation, width;
	int64_t bandwidth;
	uint8_t has[3];
};

static_assert(sizeof(struct zes_pci) == 56, "zes_pci_properties_t");
static_assert(offsetof(struct zes_pci, domain) == 16, "address");

enum zes_power_domain {
	ZES_DOMAIN_UNKNOWN = 0,
	ZES_DOMAIN_CARD = 1,
	ZES_DOMAIN_PACKAGE = 2,
	ZES_DOMAIN_STACK = 3,
	ZES_DOMAIN_MEMORY = 4,
	ZES_DOMAIN_GPU = 5
};

enum zes_level {
	ZES_SUSTAINED = 1,
	ZES_BURST = 2,
	ZES_PEAK = 3,
	ZES_INSTANTANEOUS = 4
};

enum zes_unit {
	ZES_CURRENT_MA = 1,
	ZES_POWER_MW = 2
};

struct zes_limit {
	uint32_t type;
	void *next;
	uint32_t level, source, unit;
	uint8_t enabled_locked, enabled, interval_locked;
	int32_t interval_ms;
	uint8_t limit_locked;
	int32_t limit;
};

static_assert(sizeof(struct zes_limit) == 48, "zes_power_limit_ext_desc_t");
static_assert(offsetof(struct zes_limit, level) == 16, "level");
static_assert(offsetof(struct zes_limit, enabled_locked) == 28, "enabledStateLocked");
static_assert(offsetof(struct zes_limit, interval_ms) == 32, "interval");
static_assert(offsetof(struct zes_limit, limit_locked) == 36, "limitLocked");
static_assert(offsetof(struct zes_limit, limit) == 40, "limit");

struct zes_power_properties {
	uint32_t type;
	void *next;
	uint8_t on_subdevice;
	uint32_t subdevice;
	uint8_t can_control, thresholds;
	int32_t default_mw, min_mw, max_mw; /* -1: not told */
};

static_assert(sizeof(struct zes_power_properties) == 40, "zes_power_properties_t");
static_assert(offsetof(struct zes_power_properties, default_mw) == 28, "defaultLimit");

/** Hangs on zes_power_properties.next; since 1.4. */
struct zes_power_ext {
	uint32_t type;
	void *next;
	uint32_t domain;
	struct zes_limit *default_limit;
};

static_assert(sizeof(struct zes_power_ext) == 32, "zes_power_ext_properties_t");

struct zes_energy {
	uint64_t uj;
	uint64_t us; /* a time base of its own */
};

static_assert(sizeof(struct zes_energy) == 16, "zes_power_energy_counter_t");

enum zes_frequency_domain {
	ZES_FREQUENCY_GPU = 0,
	ZES_FREQUENCY_MEMORY = 1,
	ZES_FREQUENCY_MEDIA = 2
};

struct zes_frequency_properties {
	uint32_t type;
	void *next;
	uint32_t domain;
	uint8_t on_subdevice;
	uint32_t subdevice;
	uint8_t can_control, throttle_events;
	double min_mhz, max_mhz;
};

static_assert(sizeof(struct zes_frequency_properties) == 48, "zes_freq_properties_t");
static_assert(offsetof(struct zes_frequency_properties, min_mhz) == 32, "min");

/** Both -1: the factory range. */
struct zes_range {
	double min_mhz, max_mhz;
};

static_assert(sizeof(struct zes_range) == 16, "zes_freq_range_t");

/** Negative: not known. */
struct zes_frequency_state {
	uint32_t type;
	void *next;
	double voltage, request_mhz, tdp_mhz, efficient_mhz, actual_mhz;
	uint32_t reasons;
};

static_assert(sizeof(struct zes_frequency_state) == 64, "zes_freq_state_t");
static_assert(offsetof(struct zes_frequency_state, actual_mhz) == 48, "actual");
static_assert(offsetof(struct zes_frequency_state, reasons) == 56, "throttleReasons");

/** Bits of zes_frequency_state.reasons. */
enum zes_reason {
	ZES_REASON_AVERAGE_POWER = 0x1,
	ZES_REASON_BURST_POWER = 0x2,
	ZES_REASON_CURRENT = 0x4,
	ZES_REASON_HEAT = 0x8,
	ZES_REASON_SUPPLY = 0x10,
	ZES_REASON_SOFTWARE_RANGE = 0x20,
	ZES_REASON_HARDWARE_RANGE = 0x40
};

/** What a sensor of temperature is at; those of which it is the least are not used. */
enum zes_sensor {
	ZES_SENSOR_GLOBAL = 0, /* the hottest of all */
	ZES_SENSOR_GPU = 1,
	ZES_SENSOR_MEMORY = 2
};

struct zes_temperature_properties {
	uint32_t type;
	void *next;
	uint32_t sensor;
	uint8_t on_subdevice;
	uint32_t subdevice;
	double max_c;
	uint8_t critical, threshold_1, threshold_2;
};

static_assert(sizeof(struct zes_temperature_properties) == 48, "zes_temp_properties_t");
static_assert(offsetof(struct zes_temperature_properties, sensor) == 16, "type");
static_assert(offsetof(struct zes_temperature_properties, on_subdevice) == 20, "onSubdevice");
static_assert(offsetof(struct zes_temperature_properties, max_c) == 32, "maxTemperature");

/**
 * X(kind, member, symbol, older, result, arguments): the functions used. REQ: nothing works without
 * it. OPT: a signal or a knob at most.
 */
#define ZES_SYMBOLS(X)                                                                             \
	X(REQ, init, zesInit, "", int, (uint32_t flags))                                           \
	X(REQ, drivers, zesDriverGet, "", int, (uint32_t * n, zes_driver * out))                   \
	X(REQ, devices, zesDeviceGet, "", int, (zes_driver d, uint32_t * n, zes_device * out))     \
	X(REQ, properties, zesDeviceGetProperties, "", int,                                        \
		(zes_device d, struct zes_properties * out))                                       \
	X(OPT, pci, zesDevicePciGetProperties, "", int, (zes_device d, struct zes_pci * out))      \
	X(OPT, card_power, zesDeviceGetCardPowerDomain, "", int, (zes_device d, zes_power * out))  \
	X(OPT, powers, zesDeviceEnumPowerDomains, "", int,                                         \
		(zes_device d, uint32_t * n, zes_power * out))                                     \
	X(OPT, power_properties, zesPowerGetProperties, "", int,                                   \
		(zes_power p, struct zes_power_properties * out))                                  \
	X(OPT, energy, zesPowerGetEnergyCounter, "", int, (zes_power p, struct zes_energy * out))  \
	X(OPT, usage, zesPowerGetUsage, "", int,                                                   \
		(zes_power p, uint32_t * instant_mw, uint32_t * average_mw))                       \
	X(OPT, limits, zesPowerGetLimitsExt, "", int,                                              \
		(zes_power p, uint32_t * n, struct zes_limit * out))                               \
	X(OPT, set_limits, zesPowerSetLimitsExt, "", int,                                          \
		(zes_power p, uint32_t * n, struct zes_limit * in))                                \
	X(OPT, frequencies, zesDeviceEnumFrequencyDomains, "", int,                                \
		(zes_device d, uint32_t * n, zes_frequency * out))                                 \
	X(OPT, frequency_properties, zesFrequencyGetProperties, "", int,                           \
		(zes_frequency f, struct zes_frequency_properties * out))                          \
	X(OPT, clocks, zesFrequencyGetAvailableClocks, "", int,                                    \
		(zes_frequency f, uint32_t * n, double *mhz))                                      \
	X(OPT, range, zesFrequencyGetRange, "", int, (zes_frequency f, struct zes_range * out))    \
	X(OPT, set_range, zesFrequencySetRange, "", int,                                           \
		(zes_frequency f, const struct zes_range *in))                                     \
	X(OPT, state, zesFrequencyGetState, "", int,                                               \
		(zes_frequency f, struct zes_frequency_state * out))                               \
	X(OPT, temperatures, zesDeviceEnumTemperatureSensors, "", int,                             \
		(zes_device d, uint32_t * n, zes_temperature * out))                               \
	X(OPT, temperature_properties, zesTemperatureGetProperties, "", int,                       \
		(zes_temperature t, struct zes_temperature_properties * out))                      \
	X(OPT, celsius, zesTemperatureGetState, "", int, (zes_temperature t, double *out))         \
	X(OPT, fake, hourglassFakeLevelZero, "", int, (uint32_t * may_set))                        \
	X(OPT, fake_why, hourglassFakeLevelZeroWhy, "", const char *, (void))

#endif
