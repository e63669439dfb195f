/* The fake NVML: what is read. */
#include <math.h>
#include <string.h>

#include "nvml.h"

/** Span of the mean power that the driver tells. */
#define MEAN_S 1.0
/** Samples that the driver keeps, and between two of them. */
#define SAMPLES  120u
#define SAMPLE_S 0.02

static uint32_t milli(double x)
{
	return (uint32_t)lround(x * 1e3);
}

static uint64_t counter_mj(const struct fake_device *d)
{
	return (uint64_t)(fake_counter_j(d) * 1e3);
}

static double with_module(const struct fake_device *d, uint32_t scope, double watts)
{
	return scope == NVML_SCOPE_MODULE ? watts + d->spec->module_w : watts;
}

static enum fake_knob limit_of(uint32_t scope)
{
	return scope == NVML_SCOPE_MODULE ? FAKE_MODULE_W : FAKE_LIMIT_W;
}

int nvmlDeviceGetTotalEnergyConsumption(nvml_handle h, uint64_t *mj)
{
	int result = nvml_enter_whole("nvmlDeviceGetTotalEnergyConsumption", h);

	if (!result)
		*mj = counter_mj(h->device);
	return nvml_leave(result);
}

/* A moment of the device as the driver's time, us since 1970. */
static uint64_t wall_us(double at_s)
{
	return (uint64_t)nvml_play.epoch_us + (uint64_t)(at_s * 1e6);
}

/* When the value was taken: the counter's when it last moved. */
static double taken_s(const struct fake_device *d, uint32_t field)
{
	bool energy = field == NVML_FIELD_ENERGY || field == NVML_FIELD_SCOPED_ENERGY;

	if (!energy || !(d->spec->counter_period_s > 0.0))
		return d->now_s;
	return d->published > 0.0
		       ? d->published * d->spec->counter_period_s + d->spec->counter_lag_s
		       : 0.0;
}

/* What a field says of a scope that there is. */
static void field_of(const struct fake_device *d, struct nvml_field_value *v)
{
	uint64_t rest_mj =
		v->scope == NVML_SCOPE_MODULE ? (uint64_t)(d->spec->module_w * d->now_s * 1e3) : 0;

	v->type = NVML_TYPE_U32;
	v->timestamp_us = (int64_t)wall_us(taken_s(d, v->field));
	switch (v->field) {
	case NVML_FIELD_ENERGY:
	case NVML_FIELD_SCOPED_ENERGY:
		v->type = NVML_TYPE_U64;
		v->value.u64 = counter_mj(d) + rest_mj;
		break;
	case NVML_FIELD_MEMORY_TEMPERATURE:
		v->value.u32 = (uint32_t)lround(d->spec->temperature_c) + 5;
		break;
	case NVML_FIELD_POWER:
		v->value.u32 = milli(with_module(d, v->scope, fake_power_w(d)));
		break;
	case NVML_FIELD_POWER_AVERAGE:
		v->value.u32 = milli(with_module(d, v->scope, fake_power_mean_w(d, MEAN_S)));
		break;
	case NVML_FIELD_POWER_LIMIT:
		v->value.u32 = milli(d->value[limit_of(v->scope)]);
		break;
	case NVML_FIELD_LIMIT_REQUESTED:
		v->value.u32 = milli(d->asked[limit_of(v->scope)]);
		break;
	case NVML_FIELD_LIMIT_MIN:
		v->value.u32 = milli(with_module(d, v->scope, d->spec->limit_min_w));
		break;
	case NVML_FIELD_LIMIT_MAX:
		v->value.u32 = milli(with_module(d, v->scope, d->spec->limit_max_w));
		break;
	case NVML_FIELD_LIMIT_DEFAULT:
		v->value.u32 = milli(with_module(d, v->scope, d->spec->limit_default_w));
		break;
	default:
		v->result = NVML_NOT_SUPPORTED;
	}
}

/* The same number as another type; one that is too large for a signed one is negative. */
static void told_as(struct nvml_field_value *v, int type)
{
	uint64_t value = v->type == NVML_TYPE_U32 ? v->value.u32 : v->value.u64;

	v->type = type;
	v->value.u64 = FAKE_POISON;
	switch (type) {
	case NVML_TYPE_DOUBLE:
		v->value.d = (double)value;
		break;
	case NVML_TYPE_U32:
	case NVML_TYPE_I32:
		v->value.u32 = (uint32_t)value;
		break;
	case NVML_TYPE_U16:
		v->value.u16 = (uint16_t)value;
		break;
	default:
		v->value.u64 = value;
	}
}

/* One value of a field query; what fails holds nonsense. */
static void field_fill(const struct fake_device *d, struct nvml_field_value *v)
{
	static const char call[] = "nvmlDeviceGetFieldValues";
	int failed, type;

	v->result = NVML_SUCCESS;
	v->value.u64 = FAKE_POISON;
	if (v->field == NVML_FIELD_POWER && v->scope == NVML_SCOPE_MEMORY) {
		v->type = NVML_TYPE_U32;
		v->value.u32 = milli(d->spec->memory_power_w);
	} else if (v->scope == NVML_SCOPE_GPU ||
		   (v->scope == NVML_SCOPE_MODULE && d->spec->module_w >= 0.0 &&
			   v->field != NVML_FIELD_ENERGY)) {
		field_of(d, v);
	} else {
		v->result = NVML_NOT_SUPPORTED;
	}
	type = fake_value_type(&nvml_play, call, d, (double)v->field, (double)v->scope);
	if (type >= 0)
		told_as(v, type);
	failed = fake_value_result(&nvml_play, call, d, (double)v->field, (double)v->scope);
	v->result = failed ? failed : v->result;
	if (v->result)
		v->value.u64 = FAKE_POISON;
}

int nvmlDeviceGetFieldValues(nvml_handle h, int n, struct nvml_field_value *values)
{
	int result = nvml_enter_whole("nvmlDeviceGetFieldValues", h);

	for (int i = 0; !result && i < n; i++)
		field_fill(h->device, &values[i]);
	return nvml_leave(result);
}

/* Energy of the last so many seconds, J. */
static double spent_j(const struct fake_device *d, double span_s)
{
	return span_s > 0.0 ? fake_power_mean_w(d, span_s) * span_s : 0.0;
}

/* The mean power of the last spans of 20 ms, oldest first. */
int nvmlDeviceGetSamples(
	nvml_handle h, int what, uint64_t after_us, int *type, uint32_t *n, struct nvml_sample *out)
{
	int result = nvml_enter_whole("nvmlDeviceGetSamples", h);
	const struct fake_device *d = h->device;
	double last = floor(d->now_s / SAMPLE_S);
	uint32_t there = last < SAMPLES ? (uint32_t)last : SAMPLES, fill = 0;

	if (!result && what != NVML_SAMPLED_POWER)
		result = NVML_NOT_SUPPORTED;
	if (!result && !out)
		*n = SAMPLES;
	for (uint32_t i = there; !result && out && i > 0 && fill < *n; i--) {
		double end_s = (last - i + 1.0) * SAMPLE_S, ago_s = d->now_s - end_s;
		struct nvml_sample s = {.us = wall_us(end_s)};

		if (s.us <= after_us)
			continue;
		s.value.u32 = milli((spent_j(d, ago_s + SAMPLE_S) - spent_j(d, ago_s)) / SAMPLE_S);
		out[fill++] = s;
	}
	if (!result && out) {
		*n = fill;
		*type = NVML_TYPE_U32;
		result = fill ? NVML_SUCCESS : NVML_NOT_FOUND;
	}
	return nvml_leave(result);
}

/* The mean of the last second, as on Ampere and newer. */
int nvmlDeviceGetPowerUsage(nvml_handle h, uint32_t *mw)
{
	int result = nvml_enter_whole("nvmlDeviceGetPowerUsage", h);

	if (!result)
		*mw = milli(fake_power_mean_w(h->device, MEAN_S));
	return nvml_leave(result);
}

int nvmlDeviceGetPowerManagementLimit(nvml_handle h, uint32_t *mw)
{
	int result = nvml_enter_whole("nvmlDeviceGetPowerManagementLimit", h);

	if (!result)
		*mw = milli(h->device->asked[FAKE_LIMIT_W]);
	return nvml_leave(result);
}

int nvmlDeviceGetEnforcedPowerLimit(nvml_handle h, uint32_t *mw)
{
	int result = nvml_enter_whole("nvmlDeviceGetEnforcedPowerLimit", h);

	if (!result)
		*mw = milli(h->device->value[FAKE_LIMIT_W]);
	return nvml_leave(result);
}

int nvmlDeviceGetPowerManagementDefaultLimit(nvml_handle h, uint32_t *mw)
{
	int result = nvml_enter_whole("nvmlDeviceGetPowerManagementDefaultLimit", h);

	if (!result)
		*mw = milli(h->device->spec->limit_default_w);
	return nvml_leave(result);
}

int nvmlDeviceGetPowerManagementLimitConstraints(nvml_handle h, uint32_t *min_mw, uint32_t *max_mw)
{
	int result = nvml_enter_whole("nvmlDeviceGetPowerManagementLimitConstraints", h);

	if (!result) {
		*min_mw = milli(h->device->spec->limit_min_w);
		*max_mw = milli(fmin(h->device->spec->limit_max_w, UINT32_MAX / 1e3));
	}
	return nvml_leave(result);
}

int nvmlDeviceGetTemperature(nvml_handle h, int sensor, uint32_t *out)
{
	int result = nvml_enter_whole("nvmlDeviceGetTemperature", h);

	if (!result && sensor != 0)
		result = NVML_INVALID_ARGUMENT;
	if (!result)
		*out = (uint32_t)lround(h->device->spec->temperature_c);
	return nvml_leave(result);
}

int nvmlDeviceGetTemperatureV(nvml_handle h, struct nvml_temperature *out)
{
	int result = nvml_enter_whole("nvmlDeviceGetTemperatureV", h);

	if (!result && out->version != NVML_VERSION_WORD(struct nvml_temperature, 1))
		result = NVML_ARGUMENT_VERSION;
	if (!result)
		out->celsius = (int32_t)lround(h->device->spec->temperature_c);
	return nvml_leave(result);
}

int nvmlDeviceGetClockInfo(nvml_handle h, int type, uint32_t *mhz)
{
	int result = nvml_enter_whole("nvmlDeviceGetClockInfo", h);

	if (!result && type == NVML_CLOCK_SM)
		*mhz = (uint32_t)lround(fake_sm_mhz(h->device));
	else if (!result && type == NVML_CLOCK_MEMORY)
		*mhz = (uint32_t)lround(fake_memory_mhz(h->device));
	else if (!result)
		result = NVML_INVALID_ARGUMENT;
	return nvml_leave(result);
}

static int give_ladder(const double *list, size_t length, uint32_t *n, uint32_t *mhz)
{
	bool fits = mhz && *n >= length;

	*n = (uint32_t)length;
	for (size_t i = 0; fits && i < length; i++)
		mhz[i] = (uint32_t)lround(list[i]);
	return fits ? NVML_SUCCESS : NVML_INSUFFICIENT_SIZE;
}

int nvmlDeviceGetSupportedMemoryClocks(nvml_handle h, uint32_t *n, uint32_t *mhz)
{
	int result = nvml_enter_whole("nvmlDeviceGetSupportedMemoryClocks", h);
	const struct fake_spec *s = result ? NULL : h->device->spec;

	return nvml_leave(s ? give_ladder(s->memory_mhz, s->n_memory, n, mhz) : result);
}

int nvmlDeviceGetSupportedGraphicsClocks(
	nvml_handle h, uint32_t memory_mhz, uint32_t *n, uint32_t *mhz)
{
	int result = nvml_enter_whole("nvmlDeviceGetSupportedGraphicsClocks", h);
	const struct fake_spec *s = result ? NULL : h->device->spec;
	bool known = false;

	for (size_t i = 0; s && i < s->n_memory; i++)
		known |= (uint32_t)lround(s->memory_mhz[i]) == memory_mhz;
	if (s)
		result = known ? give_ladder(s->sm_mhz, s->n_sm, n, mhz) : NVML_NOT_FOUND;
	return nvml_leave(result);
}

int nvmlDeviceGetCurrentClocksEventReasons(nvml_handle h, uint64_t *bits)
{
	int result = nvml_enter_whole("nvmlDeviceGetCurrentClocksEventReasons", h);

	if (!result)
		*bits = fake_throttled(h->device) ? NVML_REASON_POWER_CAP : 0;
	return nvml_leave(result);
}

FAKE_API int nvmlDeviceGetCurrentClocksThrottleReasons(nvml_handle h, uint64_t *bits);

int nvmlDeviceGetCurrentClocksThrottleReasons(nvml_handle h, uint64_t *bits)
{
	return nvmlDeviceGetCurrentClocksEventReasons(h, bits);
}

int nvmlDeviceGetUtilizationRates(nvml_handle h, struct nvml_utilisation *out)
{
	int result = nvml_enter_whole("nvmlDeviceGetUtilizationRates", h);

	if (!result) {
		out->gpu = (uint32_t)lround(h->device->spec->utilisation * 100.0);
		out->memory = out->gpu / 2;
	}
	return nvml_leave(result);
}

int nvmlDeviceGetComputeRunningProcesses_v3(nvml_handle h, uint32_t *n, struct nvml_process *out)
{
	int result = nvml_enter("nvmlDeviceGetComputeRunningProcesses_v3", h);
	const struct fake_spec *s = result ? NULL : h->device->spec;
	uint32_t room = *n;

	*n = result ? room : 0;
	for (size_t i = 0; s && i < s->n_processes; i++) {
		const struct fake_process *p = &s->processes[i];

		if (!fake_process_is_on(h->device, p, h->instance))
			continue;
		if (*n < room && out)
			out[*n] = (struct nvml_process){(uint32_t)p->pid,
				p->memory_bytes >= 0.0 ? (uint64_t)p->memory_bytes : UINT64_MAX,
				UINT32_MAX, UINT32_MAX};
		++*n;
	}
	if (!result && *n > room)
		result = NVML_INSUFFICIENT_SIZE;
	return nvml_leave(result);
}

FAKE_API int nvmlDeviceGetComputeRunningProcesses_v2(
	nvml_handle h, uint32_t *n, struct nvml_process *out);

int nvmlDeviceGetComputeRunningProcesses_v2(nvml_handle h, uint32_t *n, struct nvml_process *out)
{
	return nvmlDeviceGetComputeRunningProcesses_v3(h, n, out);
}
