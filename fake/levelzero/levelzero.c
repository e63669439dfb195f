/*
 * A stand-in for the loader of Level Zero that plays a scenario. A device has three overlapping
 * domains of power, as real ones do: the card, its package, and a stack; and three of frequency.
 * The library has no end: an initialisation after the scenario's file has changed begins anew, and
 * handles of before are of no use then.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hardware/backend/levelzero/abi.h"

#include "scenario/play.h"

/* The loader's own list declares what is exported, so the two cannot drift apart. */
#define FAKE_DECLARE(kind, member, symbol, older, result, arguments)                               \
	FAKE_API result symbol arguments;
ZES_SYMBOLS(FAKE_DECLARE)
#undef FAKE_DECLARE

/** Of the card's energy, that of its package. */
#define PACKAGE_SHARE 0.8
#define DOMAINS       3
/** Of the memory over the chip, and how much cooler a tile is. */
#define MEMORY_HOTTER_C 4.0
#define TILE_COOLER_C   3.0
#define SENSORS         4

struct zes_driver_st {
	int one;
};

struct zes_power_st {
	struct fake_device *device;
	uint32_t domain;
};

struct zes_frequency_st {
	struct fake_device *device;
	uint32_t domain;
	double min_mhz; /* that was asked for; 0: none */
};

struct zes_temperature_st {
	struct fake_device *device;
	uint32_t sensor;
	uint8_t on_subdevice;
};

struct zes_device_st {
	struct fake_device *device;
	struct zes_power_st powers[DOMAINS];
	struct zes_frequency_st frequencies[DOMAINS];
	struct zes_temperature_st temperatures[SENSORS];
};

static struct fake_play play = FAKE_PLAY("intel", "zesInit", ZES_UNINITIALIZED, ZES_DEVICE_LOST);
static struct zes_driver_st driver;
static struct zes_device_st devices[FAKE_DEVICES];

/* ----- begin */

static void handles_begin(void)
{
	static const uint32_t domains[DOMAINS] = {
		ZES_DOMAIN_STACK, ZES_DOMAIN_PACKAGE, ZES_DOMAIN_CARD};
	static const uint32_t frequencies[DOMAINS] = {
		ZES_FREQUENCY_MEDIA, ZES_FREQUENCY_MEMORY, ZES_FREQUENCY_GPU};

	static const struct zes_temperature_st sensors[SENSORS] = {{NULL, ZES_SENSOR_GPU, 1},
		{NULL, ZES_SENSOR_GLOBAL, 0}, {NULL, ZES_SENSOR_MEMORY, 0},
		{NULL, ZES_SENSOR_GPU, 0}};

	for (size_t i = 0; i < FAKE_DEVICES; i++) {
		struct zes_device_st *d = &devices[i];

		*d = (struct zes_device_st){.device = &play.devices[i]};
		for (size_t k = 0; k < DOMAINS; k++) {
			d->powers[k] = (struct zes_power_st){d->device, domains[k]};
			d->frequencies[k] =
				(struct zes_frequency_st){d->device, frequencies[k], 0.0};
		}
		for (size_t k = 0; k < SENSORS; k++) {
			d->temperatures[k] = sensors[k];
			d->temperatures[k].device = d->device;
		}
	}
}

int zesInit(uint32_t flags)
{
	int result;

	(void)flags;
	if (fake_is_current(&play))
		return fake_leave(&play, fake_enter(&play, "zesInit", NULL));
	(void)fake_end(&play);
	result = fake_begin(&play);
	if (!result)
		handles_begin();
	return result;
}

/** Says that this library is a fake one, and whether it lets knobs be set. */
int hourglassFakeLevelZero(uint32_t *may_set)
{
	pthread_mutex_lock(&play.lock);
	*may_set = play.scenario.may_set;
	return fake_leave(&play, ZES_SUCCESS);
}

const char *hourglassFakeLevelZeroWhy(void)
{
	return play.why.text;
}

/* ----- which devices */

/* The pattern of all lists: with *n 0 their number, else as many as there is room for. */
static uint32_t list_room(uint32_t *n, uint32_t there, const void *out)
{
	uint32_t room = out && *n ? *n : 0;

	*n = room && room < there ? room : there;
	return room < there ? room : there;
}

int zesDriverGet(uint32_t *n, zes_driver *out)
{
	int result = fake_enter(&play, "zesDriverGet", NULL);

	if (!result && list_room(n, 1, out))
		out[0] = &driver;
	return fake_leave(&play, result);
}

int zesDeviceGet(zes_driver d, uint32_t *n, zes_device *out)
{
	int result = fake_enter(&play, "zesDeviceGet", NULL);
	uint32_t fill;

	if (!result && d != &driver)
		result = ZES_INVALID_HANDLE;
	fill = result ? 0 : list_room(n, (uint32_t)play.n_devices, out);
	for (uint32_t i = 0; i < fill; i++)
		out[i] = &devices[i];
	return fake_leave(&play, result);
}

/* The hexadecimal digits of a text, last byte first. */
static void uuid_fill(const char *text, uint8_t uuid[16])
{
	size_t nibbles = 0;

	memset(uuid, 0, 16);
	for (; *text && nibbles < 32; text++) {
		unsigned digit;

		if (sscanf(text, "%1x", &digit) != 1)
			continue;
		uuid[15 - nibbles / 2] |= (uint8_t)(nibbles % 2 ? digit : digit << 4);
		nibbles++;
	}
}

int zesDeviceGetProperties(zes_device d, struct zes_properties *out)
{
	int result = fake_enter(&play, "zesDeviceGetProperties", d->device);

	if (!result && out->type != ZES_TYPE_DEVICE)
		result = ZES_INVALID_ARGUMENT;
	if (!result) {
		const char *uuid = d->device->spec->uuid;

		uuid_fill(strchr(uuid, '-') ? strchr(uuid, '-') + 1 : uuid, out->uuid);
		(void)snprintf(out->name, sizeof out->name, "%s", d->device->spec->name);
		(void)snprintf(out->model, sizeof out->model, "%.63s", d->device->spec->name);
		out->vendor = 0x8086;
		out->subdevices = 0;
	}
	return fake_leave(&play, result);
}

int zesDevicePciGetProperties(zes_device d, struct zes_pci *out)
{
	int result = fake_enter(&play, "zesDevicePciGetProperties", d->device);

	if (!result && out->type != ZES_TYPE_PCI)
		result = ZES_INVALID_ARGUMENT;
	if (!result && sscanf(d->device->spec->pci, "%x:%x:%x.%x", &out->domain, &out->bus,
			       &out->device, &out->function) != 4)
		result = ZES_UNKNOWN;
	return fake_leave(&play, result);
}

/* ----- power */

int zesDeviceGetCardPowerDomain(zes_device d, zes_power *out)
{
	int result = fake_enter(&play, "zesDeviceGetCardPowerDomain", d->device);

	if (!result)
		*out = &d->powers[DOMAINS - 1];
	return fake_leave(&play, result);
}

int zesDeviceEnumPowerDomains(zes_device d, uint32_t *n, zes_power *out)
{
	int result = fake_enter(&play, "zesDeviceEnumPowerDomains", d->device);
	uint32_t fill = result ? 0 : list_room(n, DOMAINS, out);

	for (uint32_t i = 0; i < fill; i++)
		out[i] = &d->powers[i];
	return fake_leave(&play, result);
}

static int32_t milliwatts(double watts)
{
	return (int32_t)lround(watts * 1e3);
}

int zesPowerGetProperties(zes_power p, struct zes_power_properties *out)
{
	const struct fake_spec *spec;
	struct zes_power_ext *ext = out->next;
	int result = fake_enter(&play, "zesPowerGetProperties", p->device);

	if (!result && (out->type != ZES_TYPE_POWER || (ext && ext->type != ZES_TYPE_POWER_EXT)))
		result = ZES_INVALID_ARGUMENT;
	if (result)
		return fake_leave(&play, result);
	spec = p->device->spec;
	out->on_subdevice = p->domain == ZES_DOMAIN_STACK;
	out->can_control = play.scenario.may_set;
	out->default_mw = milliwatts(spec->limit_default_w);
	out->min_mw = milliwatts(spec->limit_min_w);
	out->max_mw = milliwatts(spec->limit_max_w);
	if (ext)
		ext->domain = p->domain;
	return fake_leave(&play, result);
}

static double share(const struct zes_power_st *p)
{
	return p->domain == ZES_DOMAIN_CARD ? 1.0 : PACKAGE_SHARE;
}

int zesPowerGetEnergyCounter(zes_power p, struct zes_energy *out)
{
	int result = fake_enter(&play, "zesPowerGetEnergyCounter", p->device);

	if (!result) {
		out->uj = (uint64_t)(fake_counter_j(p->device) * share(p) * 1e6);
		out->us = (uint64_t)(p->device->now_s * 1e6);
	}
	return fake_leave(&play, result);
}

/* A value that fails within a call that goes well. */
static uint32_t usage_mw(const struct zes_power_st *p, double field, double watts)
{
	if (fake_value_result(&play, "zesPowerGetUsage", p->device, field, -1.0))
		return UINT32_MAX;
	return (uint32_t)milliwatts(watts * share(p));
}

int zesPowerGetUsage(zes_power p, uint32_t *instant_mw, uint32_t *average_mw)
{
	int result = fake_enter(&play, "zesPowerGetUsage", p->device);

	if (!result) {
		*instant_mw = usage_mw(p, 0.0, fake_power_w(p->device));
		*average_mw = usage_mw(p, 1.0, fake_power_mean_w(p->device, 1.0));
	}
	return fake_leave(&play, result);
}

/* A peak limit of current comes first: who takes the first one is wrong. */
int zesPowerGetLimitsExt(zes_power p, uint32_t *n, struct zes_limit *out)
{
	int result = fake_enter(&play, "zesPowerGetLimitsExt", p->device);
	uint32_t fill = result ? 0 : list_room(n, 2, out);

	for (uint32_t i = 0; i < fill; i++) {
		if (out[i].type != ZES_TYPE_LIMIT)
			return fake_leave(&play, ZES_INVALID_ARGUMENT);
		out[i] = (struct zes_limit){.type = ZES_TYPE_LIMIT,
			.level = i ? ZES_SUSTAINED : ZES_PEAK,
			.unit = i ? ZES_POWER_MW : ZES_CURRENT_MA,
			.enabled_locked = 1,
			.enabled = 1,
			.interval_locked = 1,
			.interval_ms = i ? 28 : 0,
			.limit_locked = !i,
			.limit = i ? milliwatts(p->device->asked[FAKE_LIMIT_W]) : 60000};
	}
	return fake_leave(&play, result);
}

int zesPowerSetLimitsExt(zes_power p, uint32_t *n, struct zes_limit *in)
{
	int result = fake_enter(&play, "zesPowerSetLimitsExt", p->device);

	if (!result && !play.scenario.may_set)
		result = ZES_NO_PERMISSION;
	for (uint32_t i = 0; !result && i < *n; i++) {
		if (in[i].level != ZES_SUSTAINED || in[i].unit != ZES_POWER_MW) {
			result = in[i].limit == 60000 ? result : ZES_INVALID_ARGUMENT;
			continue;
		}
		if (!fake_set(p->device, FAKE_LIMIT_W, (double)in[i].limit * 1e-3))
			result = ZES_INVALID_ARGUMENT;
	}
	return fake_leave(&play, result);
}

/* ----- frequency */

int zesDeviceEnumFrequencyDomains(zes_device d, uint32_t *n, zes_frequency *out)
{
	int result = fake_enter(&play, "zesDeviceEnumFrequencyDomains", d->device);
	uint32_t fill = result ? 0 : list_room(n, DOMAINS, out);

	for (uint32_t i = 0; i < fill; i++)
		out[i] = &d->frequencies[i];
	return fake_leave(&play, result);
}

/* The clocks of a domain, and its range. */
static size_t ladder_of(
	const struct zes_frequency_st *f, const double **ladder, double *min, double *max)
{
	const struct fake_spec *spec = f->device->spec;
	bool memory = f->domain == ZES_FREQUENCY_MEMORY;
	size_t n = memory ? spec->n_memory : spec->n_sm;

	*ladder = memory ? spec->memory_mhz : spec->sm_mhz;
	*min = n ? HUGE_VAL : 0.0;
	*max = 0.0;
	for (size_t i = 0; i < n; i++) {
		*min = fmin(*min, (*ladder)[i]);
		*max = fmax(*max, (*ladder)[i]);
	}
	return n;
}

int zesFrequencyGetProperties(zes_frequency f, struct zes_frequency_properties *out)
{
	int result = fake_enter(&play, "zesFrequencyGetProperties", f->device);
	const double *ladder;

	if (!result && out->type != ZES_TYPE_FREQUENCY)
		result = ZES_INVALID_ARGUMENT;
	if (!result) {
		out->domain = f->domain;
		out->on_subdevice = 0;
		out->can_control = f->domain == ZES_FREQUENCY_GPU;
		(void)ladder_of(f, &ladder, &out->min_mhz, &out->max_mhz);
	}
	return fake_leave(&play, result);
}

int zesFrequencyGetAvailableClocks(zes_frequency f, uint32_t *n, double *mhz)
{
	int result = fake_enter(&play, "zesFrequencyGetAvailableClocks", f->device);
	const double *ladder = NULL;
	double min, max;
	size_t there = result ? 0 : ladder_of(f, &ladder, &min, &max);
	uint32_t fill = result ? 0 : list_room(n, (uint32_t)there, mhz);

	for (uint32_t i = 0; i < fill; i++)
		mhz[i] = ladder[i];
	return fake_leave(&play, result);
}

int zesFrequencyGetRange(zes_frequency f, struct zes_range *out)
{
	int result = fake_enter(&play, "zesFrequencyGetRange", f->device);
	const double *ladder;
	double lock = f->domain == ZES_FREQUENCY_GPU ? f->device->asked[FAKE_SM_MHZ] : 0.0;

	if (!result) {
		(void)ladder_of(f, &ladder, &out->min_mhz, &out->max_mhz);
		out->max_mhz = lock > 0.0 ? lock : out->max_mhz;
		out->min_mhz = lock > 0.0 ? fmin(f->min_mhz, lock) : out->min_mhz;
	}
	return fake_leave(&play, result);
}

/* Values are clamped to what the hardware can do, and all is said to be well. */
int zesFrequencySetRange(zes_frequency f, const struct zes_range *in)
{
	int result = fake_enter(&play, "zesFrequencySetRange", f->device);
	const double *ladder;
	double min, max;

	if (!result && !play.scenario.may_set)
		result = ZES_NO_PERMISSION;
	if (!result && f->domain != ZES_FREQUENCY_GPU)
		result = ZES_UNSUPPORTED;
	if (result)
		return fake_leave(&play, result);
	(void)ladder_of(f, &ladder, &min, &max);
	if (in->min_mhz < 0.0 && in->max_mhz < 0.0) {
		(void)fake_set(f->device, FAKE_SM_MHZ, 0.0);
		return fake_leave(&play, result);
	}
	(void)fake_set(f->device, FAKE_SM_MHZ, fmin(fmax(in->max_mhz, min), max));
	f->min_mhz = in->min_mhz >= in->max_mhz ? f->device->asked[FAKE_SM_MHZ]
						: fmin(fmax(in->min_mhz, min), max);
	return fake_leave(&play, result);
}

int zesFrequencyGetState(zes_frequency f, struct zes_frequency_state *out)
{
	int result = fake_enter(&play, "zesFrequencyGetState", f->device);
	const struct fake_device *d = f->device;

	if (!result && out->type != ZES_TYPE_FREQUENCY_STATE)
		result = ZES_INVALID_ARGUMENT;
	if (result)
		return fake_leave(&play, result);
	out->voltage = out->request_mhz = out->tdp_mhz = out->efficient_mhz = -1.0;
	out->actual_mhz = f->domain == ZES_FREQUENCY_MEMORY ? fake_memory_mhz(d) : fake_sm_mhz(d);
	if (fake_value_result(&play, "zesFrequencyGetState", d, 0.0, (double)f->domain))
		out->actual_mhz = -1.0;
	out->reasons = fake_throttled(d) ? ZES_REASON_AVERAGE_POWER : 0;
	out->reasons |= d->asked[FAKE_SM_MHZ] > 0.0 ? ZES_REASON_SOFTWARE_RANGE : 0;
	return fake_leave(&play, result);
}

/* ----- temperature */

int zesDeviceEnumTemperatureSensors(zes_device d, uint32_t *n, zes_temperature *out)
{
	int result = fake_enter(&play, "zesDeviceEnumTemperatureSensors", d->device);
	uint32_t fill = result ? 0 : list_room(n, SENSORS, out);

	for (uint32_t i = 0; i < fill; i++)
		out[i] = &d->temperatures[i];
	return fake_leave(&play, result);
}

int zesTemperatureGetProperties(zes_temperature t, struct zes_temperature_properties *out)
{
	int result = fake_enter(&play, "zesTemperatureGetProperties", t->device);

	if (!result && out->type != ZES_TYPE_TEMPERATURE)
		result = ZES_INVALID_ARGUMENT;
	if (!result) {
		out->sensor = t->sensor;
		out->on_subdevice = t->on_subdevice;
		out->max_c = 105.0;
	}
	return fake_leave(&play, result);
}

/* Of all that there are, the hottest is the memory here. */
int zesTemperatureGetState(zes_temperature t, double *out)
{
	int result = fake_enter(&play, "zesTemperatureGetState", t->device);
	double chip_c = t->device->spec ? t->device->spec->temperature_c : 0.0;

	if (!result)
		*out = t->on_subdevice               ? chip_c - TILE_COOLER_C
		       : t->sensor == ZES_SENSOR_GPU ? chip_c
						     : chip_c + MEMORY_HOTTER_C;
	return fake_leave(&play, result);
}
