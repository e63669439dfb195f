/* Signals. Each has one way or several to be read; which one a device knows is tried when it is
 * opened, and a signal that none of them gives is absent for the reason that the first one gave. */
#include "nvml.h"

#include <stdio.h>

#include "core/context.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/** How often the energy counter of most devices moves; it does not say. */
#define ENERGY_PERIOD_NS 100000000

static const hg_signal_info signals[NVML_SIGNALS] = {
	[NVML_SIGNAL_ENERGY] = {.agg = HG_AGG_SUM,
		.behaviour = HG_MONOTONE,
		.name = "energy",
		.unit = "uJ",
		.resolution = 1000,
		.period_ns = ENERGY_PERIOD_NS},
	[NVML_SIGNAL_POWER] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power",
		.unit = "mW",
		.resolution = 1},
	[NVML_SIGNAL_POWER_AVERAGE] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power_average",
		.unit = "mW",
		.resolution = 1},
	[NVML_SIGNAL_MEMORY_POWER] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "memory_power",
		.unit = "mW",
		.resolution = 1},
	[NVML_SIGNAL_MODULE_POWER] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "module_power",
		.unit = "mW",
		.resolution = 1},
	[NVML_SIGNAL_SM_CLOCK] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "sm_clock",
		.unit = "Hz",
		.resolution = 1000000},
	[NVML_SIGNAL_MEMORY_CLOCK] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "memory_clock",
		.unit = "Hz",
		.resolution = 1000000},
	[NVML_SIGNAL_POWER_LIMIT] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power_limit",
		.unit = "mW",
		.resolution = 1},
	[NVML_SIGNAL_TEMPERATURE] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "temperature",
		.unit = "mC",
		.resolution = 1000},
	[NVML_SIGNAL_THROTTLE] = {.agg = HG_AGG_SAME,
		.behaviour = HG_VARIABLE,
		.name = "throttle",
		.unit = "bits",
		.resolution = 1},
	[NVML_SIGNAL_UTILISATION] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "utilisation",
		.unit = "ppm",
		.resolution = 10000},
	[NVML_SIGNAL_MEMORY_UTILISATION] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "memory_utilisation",
		.unit = "ppm",
		.resolution = 10000},
	[NVML_SIGNAL_MEMORY_TEMPERATURE] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "memory_temperature",
		.unit = "mC",
		.resolution = 1000},
	[NVML_SIGNAL_PROFILES] = {.agg = HG_AGG_SAME,
		.behaviour = HG_VARIABLE,
		.name = "power_profiles",
		.unit = "bits",
		.resolution = 1},
};

static const char fields[] = "nvmlDeviceGetFieldValues";

/* In the order in which they are tried. A figure of the GPU comes before one of the whole module,
 * which has a CPU in it. */
static const struct nvml_way ways[] = {
	{NVML_SIGNAL_ENERGY, 0, 0, "nvmlDeviceGetTotalEnergyConsumption", "gpu",
		"energy of the whole board since the driver was loaded"},
	{NVML_SIGNAL_ENERGY, NVML_FIELD_ENERGY, NVML_SCOPE_GPU, fields, "gpu",
		"energy of the whole board since the driver was loaded"},
	{NVML_SIGNAL_ENERGY, NVML_FIELD_SCOPED_ENERGY, NVML_SCOPE_MODULE, fields, "module",
		"energy of the module, CPU included, since the driver was loaded"},
	{NVML_SIGNAL_POWER, NVML_FIELD_POWER, NVML_SCOPE_GPU, fields, "gpu", "power at the moment"},
	{NVML_SIGNAL_POWER, 0, 0, "nvmlDeviceGetPowerUsage", "gpu",
		"power; on Ampere (not A100) and newer the mean of the last second"},
	{NVML_SIGNAL_POWER, NVML_FIELD_POWER, NVML_SCOPE_MODULE, fields, "module",
		"power of the module at the moment, CPU included"},
	{NVML_SIGNAL_POWER_AVERAGE, NVML_FIELD_POWER_AVERAGE, NVML_SCOPE_GPU, fields, "gpu",
		"mean power of the last second"},
	{NVML_SIGNAL_POWER_AVERAGE, NVML_FIELD_POWER_AVERAGE, NVML_SCOPE_MODULE, fields, "module",
		"mean power of the module, CPU included, of the last second"},
	{NVML_SIGNAL_MEMORY_POWER, NVML_FIELD_POWER, NVML_SCOPE_MEMORY, fields, "memory",
		"power of the memory at the moment, a part of the GPU's"},
	{NVML_SIGNAL_MODULE_POWER, NVML_FIELD_POWER, NVML_SCOPE_MODULE, fields, "module",
		"power of the superchip's module at the moment, CPU and GPU"},
	{NVML_SIGNAL_SM_CLOCK, 0, 0, "nvmlDeviceGetClockInfo", "gpu", "clock of the compute units"},
	{NVML_SIGNAL_MEMORY_CLOCK, 0, 0, "nvmlDeviceGetClockInfo", "memory", "clock of the memory"},
	{NVML_SIGNAL_POWER_LIMIT, 0, 0, "nvmlDeviceGetEnforcedPowerLimit", "gpu",
		"power limit in force, the least of all limiters"},
	{NVML_SIGNAL_POWER_LIMIT, NVML_FIELD_POWER_LIMIT, NVML_SCOPE_GPU, fields, "gpu",
		"power limit in force, the least of all limiters"},
	{NVML_SIGNAL_POWER_LIMIT, NVML_FIELD_POWER_LIMIT, NVML_SCOPE_MODULE, fields, "module",
		"power limit in force of the module, CPU included"},
	{NVML_SIGNAL_TEMPERATURE, 0, 0, "nvmlDeviceGetTemperature", "gpu",
		"temperature of the die"},
	{NVML_SIGNAL_THROTTLE, 0, 0, "nvmlDeviceGetCurrentClocksEventReasons", "gpu",
		"why the clock is below the asked one: power limit, heat, hardware, other GPUs"},
	{NVML_SIGNAL_UTILISATION, 0, 0, "nvmlDeviceGetUtilizationRates", "gpu",
		"share of time in which a kernel was running"},
	{NVML_SIGNAL_MEMORY_UTILISATION, 0, 0, "nvmlDeviceGetUtilizationRates", "memory",
		"share of time in which memory was read or written"},
	{NVML_SIGNAL_MEMORY_TEMPERATURE, NVML_FIELD_MEMORY_TEMPERATURE, NVML_SCOPE_GPU, fields,
		"memory", "temperature of the memory"},
	{NVML_SIGNAL_PROFILES, 0, 0, "workload power profiles", "gpu",
		"workload power profiles in force, bit i for profile i"},
};

/* ----- one value */

/* Sum, clocks and percents that do not fit, or that a driver writes for "unknown". */
static int scale(uint64_t value, int64_t factor, int64_t *out)
{
	if (value > (uint64_t)(INT64_MAX / factor) || value == UINT32_MAX)
		return NVML_NO_DATA;
	*out = (int64_t)value * factor;
	return NVML_SUCCESS;
}

static int64_t throttle_bits(uint64_t reasons)
{
	const uint64_t heat = NVML_REASON_SW_THERMAL | NVML_REASON_HW_THERMAL;
	const uint64_t hardware = NVML_REASON_HW_SLOWDOWN | NVML_REASON_POWER_BRAKE;

	return (reasons & NVML_REASON_POWER_CAP ? HG_THROTTLE_POWER_LIMIT : 0) |
	       (reasons & heat ? HG_THROTTLE_HEAT : 0) |
	       (reasons & hardware ? HG_THROTTLE_HARDWARE : 0) |
	       (reasons & NVML_REASON_SYNC_BOOST ? HG_THROTTLE_SYNC : 0);
}

static int call_energy(const struct nvml_device *d, int64_t *out)
{
	uint64_t mj = 0;
	int result = d->lib.energy ? d->lib.energy(d->handle, &mj) : NVML_FUNCTION_NOT_FOUND;

	if (result)
		return result;
	if (mj > (uint64_t)(INT64_MAX / 1000))
		return NVML_NO_DATA;
	*out = (int64_t)mj * 1000;
	return NVML_SUCCESS;
}

static int call_mw(
	const struct nvml_device *d, int (*get)(nvml_handle h, uint32_t *mw), int64_t *out)
{
	uint32_t mw = 0;
	int result = get ? get(d->handle, &mw) : NVML_FUNCTION_NOT_FOUND;

	return result ? result : scale(mw, 1, out);
}

static int call_clock(const struct nvml_device *d, enum nvml_clock type, int64_t *out)
{
	uint32_t mhz = 0;
	int result =
		d->lib.clock ? d->lib.clock(d->handle, (int)type, &mhz) : NVML_FUNCTION_NOT_FOUND;

	return result ? result : scale(mhz, 1000000, out);
}

static int call_temperature(const struct nvml_device *d, int64_t *out)
{
	struct nvml_temperature t = {.version = NVML_VERSION_WORD(struct nvml_temperature, 1)};
	uint32_t celsius = 0;
	int result = d->lib.temperature_v ? d->lib.temperature_v(d->handle, &t)
					  : NVML_FUNCTION_NOT_FOUND;

	if (!result) {
		*out = (int64_t)t.celsius * 1000;
		return NVML_SUCCESS;
	}
	if (!d->lib.temperature)
		return result;
	result = d->lib.temperature(d->handle, 0, &celsius);
	return result ? result : scale(celsius, 1000, out);
}

static int call_throttle(const struct nvml_device *d, int64_t *out)
{
	uint64_t reasons = 0;
	int result = d->lib.reasons ? d->lib.reasons(d->handle, &reasons) : NVML_FUNCTION_NOT_FOUND;

	*out = throttle_bits(reasons);
	return result;
}

static int call_utilisation(const struct nvml_device *d, bool memory, int64_t *out)
{
	struct nvml_utilisation u = {0, 0};
	int result =
		d->lib.utilisation ? d->lib.utilisation(d->handle, &u) : NVML_FUNCTION_NOT_FOUND;

	return result ? result : scale(memory ? u.memory : u.gpu, 10000, out);
}

static int call_profiles(const struct nvml_device *d, int64_t *out)
{
	struct nvml_profiles_now now;
	int result = nvml_profiles_read(d, &now);

	/* of the 255 that there may be, 15 are known */
	*out = result ? 0
		      : (int64_t)((uint64_t)now.enforced.word[0] |
				  (uint64_t)(now.enforced.word[1] & 0x7fffffffu) << 32);
	return result;
}

/* A signal with a function of its own. @return result of NVML */
static int call(const struct nvml_device *d, enum nvml_signal signal, int64_t *out)
{
	switch (signal) {
	case NVML_SIGNAL_ENERGY:
		return call_energy(d, out);
	case NVML_SIGNAL_POWER:
		return call_mw(d, d->lib.power, out);
	case NVML_SIGNAL_POWER_LIMIT:
		return call_mw(d, d->lib.enforced, out);
	case NVML_SIGNAL_SM_CLOCK:
		return call_clock(d, NVML_CLOCK_SM, out);
	case NVML_SIGNAL_MEMORY_CLOCK:
		return call_clock(d, NVML_CLOCK_MEMORY, out);
	case NVML_SIGNAL_TEMPERATURE:
		return call_temperature(d, out);
	case NVML_SIGNAL_THROTTLE:
		return call_throttle(d, out);
	case NVML_SIGNAL_UTILISATION:
	case NVML_SIGNAL_MEMORY_UTILISATION:
		return call_utilisation(d, signal == NVML_SIGNAL_MEMORY_UTILISATION, out);
	case NVML_SIGNAL_PROFILES:
		return call_profiles(d, out);
	default:
		return NVML_NOT_SUPPORTED;
	}
}

/* ----- values by field */

static int decode(const struct nvml_field_value *v, uint64_t *out)
{
	const union nvml_value *u = &v->value;

	switch (v->type) {
	case NVML_TYPE_DOUBLE:
		if (!(u->d >= 0.0 && u->d < 0x1p63))
			return NVML_NO_DATA;
		*out = (uint64_t)u->d;
		return NVML_SUCCESS;
	case NVML_TYPE_U32:
		*out = u->u32;
		return NVML_SUCCESS;
	case NVML_TYPE_ULONG:
	case NVML_TYPE_U64:
		*out = u->u64;
		return NVML_SUCCESS;
	case NVML_TYPE_I64:
		*out = (uint64_t)u->i64;
		return u->i64 < 0 ? NVML_NO_DATA : NVML_SUCCESS;
	case NVML_TYPE_I32:
		*out = (uint64_t)u->i32;
		return u->i32 < 0 ? NVML_NO_DATA : NVML_SUCCESS;
	case NVML_TYPE_U16:
		*out = u->u16;
		return NVML_SUCCESS;
	default:
		return NVML_NOT_SUPPORTED;
	}
}

/* A value may have failed inside a call that did not; then its bytes mean nothing. */
static int field_value(const struct nvml_way *way, const struct nvml_field_value *v, int64_t *out)
{
	uint64_t value = 0;
	int result = v->result ? v->result : decode(v, &value);

	if (result)
		return result;
	/* devices without a sensor for it say 0, which nothing that is on draws */
	if (way->scope != NVML_SCOPE_GPU && value == 0)
		return NVML_NOT_SUPPORTED;
	if (way->signal == NVML_SIGNAL_MEMORY_TEMPERATURE)
		return value == 0 ? NVML_NOT_SUPPORTED : scale(value, 1000, out);
	if (way->signal != NVML_SIGNAL_ENERGY)
		return scale(value, 1, out);
	if (value > (uint64_t)(INT64_MAX / 1000))
		return NVML_NO_DATA;
	*out = (int64_t)value * 1000;
	return NVML_SUCCESS;
}

static struct nvml_field_value field_ask(const struct nvml_way *way)
{
	/* a library that leaves a value alone has not answered */
	return (struct nvml_field_value){
		.field = way->field, .scope = way->scope, .type = -1, .result = NVML_NO_DATA};
}

static int way_read(const struct nvml_device *d, const struct nvml_way *way, int64_t *out)
{
	struct nvml_field_value v;
	int result;

	if (!way->field)
		return call(d, way->signal, out);
	if (!d->lib.fields)
		return NVML_FUNCTION_NOT_FOUND;
	v = field_ask(way);
	result = d->lib.fields(d->handle, 1, &v);
	return result ? result : field_value(way, &v, out);
}

int nvml_field_mw(const struct nvml_device *d, uint32_t field, uint32_t scope, int64_t *mw)
{
	const struct nvml_way way = {.signal = NVML_SIGNAL_POWER, .field = field, .scope = scope};

	return way_read(d, &way, mw);
}

/* ----- which way */

/* Power and energy are the whole GPU's: said of an instance they would be counted twice. */
static bool of_whole_gpu(enum nvml_signal signal)
{
	return signal <= NVML_SIGNAL_MODULE_POWER || signal == NVML_SIGNAL_POWER_LIMIT;
}

static void signal_probe(struct nvml_device *d, enum nvml_signal signal)
{
	struct nvml_source *source = &d->sources[signal];
	const struct nvml_way *later = NULL;

	source->absent[0] = '\0';
	if (d->mig && of_whole_gpu(signal)) {
		(void)snprintf(source->absent, sizeof source->absent,
			"of the whole GPU only, not of a MIG instance: read it of %s", d->parent);
		return;
	}
	for (size_t i = 0; i < COUNT(ways); i++) {
		int64_t value;
		int result;

		if (ways[i].signal != signal)
			continue;
		result = way_read(d, &ways[i], &value);
		if (!result) {
			source->way = &ways[i];
			return;
		}
		/* what fails now may answer later: it is there */
		if (!later && nvml_error(result) == HG_EDEVICE)
			later = &ways[i];
		if (!source->absent[0])
			(void)snprintf(source->absent, sizeof source->absent, "%s: %s",
				ways[i].function, nvml_text(&d->lib, result));
	}
	source->way = later;
}

void nvml_signals_probe(struct nvml_device *d)
{
	for (size_t i = 0; i < NVML_SIGNALS; i++)
		signal_probe(d, (enum nvml_signal)i);
}

void nvml_signal_info(const struct nvml_device *d, size_t i, hg_signal_info *info)
{
	const struct nvml_source *source = &d->sources[i];
	const struct nvml_way *way = source->way;

	*info = signals[i];
	info->absent = way ? NULL : source->absent;
	for (size_t k = 0; !way && k < COUNT(ways); k++)
		way = ways[k].signal == (enum nvml_signal)i ? &ways[k] : NULL;
	info->text = way ? way->text : "";
	info->domain = way ? way->domain : "";
}

/* ----- reading */

static hg_err reading_error(int result)
{
	return !result                                 ? HG_OK
	       : nvml_error(result) == HG_EUNSUPPORTED ? HG_EUNSUPPORTED
						       : HG_EDEVICE;
}

/* Everything that is read by field, in one call: the driver fills related ones together. */
static void fields_read(
	struct nvml_device *d, const bool wanted[NVML_SIGNALS], hg_reading got[NVML_SIGNALS])
{
	struct nvml_field_value values[NVML_SIGNALS];
	enum nvml_signal of[NVML_SIGNALS];
	int64_t t0, t1;
	int n = 0, result;

	for (size_t i = 0; i < NVML_SIGNALS; i++) {
		if (!wanted[i] || !d->sources[i].way || !d->sources[i].way->field)
			continue;
		of[n] = (enum nvml_signal)i;
		values[n++] = field_ask(d->sources[i].way);
	}
	if (n == 0)
		return;
	t0 = ctx_now(d->ctx);
	result = d->lib.fields(d->handle, n, values);
	t1 = ctx_now(d->ctx);
	for (int k = 0; k < n; k++) {
		hg_reading *r = &got[of[k]];
		int failed =
			result ? result : field_value(d->sources[of[k]].way, &values[k], &r->value);

		r->t0_ns = t0;
		r->t1_ns = t1;
		r->rc = reading_error(failed);
	}
}

void nvml_signals_read(struct nvml_device *d, const size_t *ids, size_t n, hg_reading *out)
{
	hg_reading got[NVML_SIGNALS] = {{0}};
	bool wanted[NVML_SIGNALS] = {false};

	for (size_t i = 0; i < n; i++)
		wanted[ids[i]] = true;
	for (size_t i = 0; i < NVML_SIGNALS; i++) {
		const struct nvml_way *way = d->sources[i].way;

		if (!wanted[i] || (way && way->field))
			continue;
		got[i].t0_ns = ctx_now(d->ctx);
		got[i].rc =
			way ? reading_error(call(d, way->signal, &got[i].value)) : HG_EUNSUPPORTED;
		got[i].t1_ns = ctx_now(d->ctx);
	}
	fields_read(d, wanted, got);
	for (size_t i = 0; i < n; i++)
		out[i] = got[ids[i]];
}
