/*
 * A stand-in for the NVIDIA driver's library that plays a scenario: what is set changes what is
 * read, limits bound the power, locks bound the clocks, and the energy counter is the integral of
 * the power. It has the state of a driver, so unlike the library it is tested with it has globals.
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hardware/backend/nvml/abi.h"

#include "scenario.h"

#define FAKE_API __attribute__((visibility("default")))

/* The loader's own list declares what is exported, so the two cannot drift apart. */
#define FAKE_DECLARE(kind, member, symbol, older, result, arguments)                               \
	FAKE_API result symbol arguments;
NVML_SYMBOLS(FAKE_DECLARE)
#undef FAKE_DECLARE

/** What nvmlInit_v2() returns for a scenario that cannot be used; nvmlErrorString() says why. */
#define FAKE_BAD_SCENARIO 900

/** What a value holds that failed: nobody may ever see it. */
#define POISON 0xdeadbeefdeadbeefu

struct nvml_handle_st {
	const struct fake_gpu *gpu;
	size_t index;
	const char *mig; /* UUID of the instance; NULL: the whole GPU */
	double now_s;    /* up to here the energy is known */
	double energy_j, counter_j, next_tick_s;
	double limit_w, sm_mhz, memory_mhz; /* clocks 0: not locked */
};

static struct {
	pthread_mutex_t lock;
	unsigned opened;
	struct fake_scenario scenario;
	struct nvml_handle_st gpus[FAKE_DEVICES];
	struct nvml_handle_st migs[FAKE_DEVICES][FAKE_MIGS];
	struct timespec epoch;
	double calls_s; /* time that has passed by calls */
	hg_error why;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ----- time, power, energy */

static double now_s(void)
{
	struct timespec t;

	if (fake.scenario.call_s > 0.0)
		return fake.calls_s;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)(t.tv_sec - fake.epoch.tv_sec) +
	       (double)(t.tv_nsec - fake.epoch.tv_nsec) * 1e-9;
}

static double highest(const double *list, size_t n)
{
	double most = 0.0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, list[i]);
	return most;
}

/* Power the work asks for at the clock that is allowed, and when that changes next. */
static double demand_w(const struct nvml_handle_st *h, double at_s, double *until_s)
{
	const struct fake_gpu *g = h->gpu;
	double most = highest(g->sm_mhz, g->n_sm);
	double share = h->sm_mhz > 0.0 && most > 0.0 ? h->sm_mhz / most : 1.0;
	size_t i = 0;

	while (i + 1 < g->n_steps && g->steps[i + 1].from_s <= at_s)
		i++;
	*until_s = i + 1 < g->n_steps ? g->steps[i + 1].from_s : (double)INFINITY;
	return g->steps[i].power_w * share;
}

static double power_w(const struct nvml_handle_st *h)
{
	double until_s;

	return fmin(demand_w(h, h->now_s, &until_s), h->limit_w);
}

/* Clock of the compute units: where the limit binds, it falls with the power. */
static double sm_clock_mhz(const struct nvml_handle_st *h)
{
	double until_s, demand = demand_w(h, h->now_s, &until_s);
	double mhz = h->sm_mhz > 0.0 ? h->sm_mhz : highest(h->gpu->sm_mhz, h->gpu->n_sm);

	return demand > h->limit_w ? mhz * h->limit_w / demand : mhz;
}

/* Brings the energy up to a time; the counter shows it at its ticks. */
static void catch_up(struct nvml_handle_st *h, double to_s)
{
	const struct fake_gpu *g = h->gpu;

	while (h->now_s < to_s) {
		double change_s, end_s, watts = demand_w(h, h->now_s, &change_s);

		end_s = fmin(to_s, change_s);
		if (g->counter_period_s > 0.0)
			end_s = fmin(end_s, h->next_tick_s);
		h->energy_j += fmin(watts, h->limit_w) * (end_s - h->now_s);
		h->now_s = end_s;
		if (g->counter_period_s > 0.0 && end_s >= h->next_tick_s) {
			h->counter_j = h->energy_j;
			h->next_tick_s += g->counter_period_s;
		}
	}
	if (!(g->counter_period_s > 0.0))
		h->counter_j = h->energy_j;
}

static uint64_t counter_mj(const struct nvml_handle_st *h)
{
	return (uint64_t)((h->gpu->energy_start_j + h->counter_j * h->gpu->counter_gain) * 1e3);
}

/* ----- what every call does */

static void sleep_s(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	nanosleep(&t, NULL);
}

static bool rule_is(const struct fake_rule *r, const char *call, const struct nvml_handle_st *h)
{
	if (strcmp(r->call, call) != 0 && (!h || strcmp(r->call, "*") != 0))
		return false;
	return r->device < 0.0 || (h && (double)h->index == r->device);
}

/* Whether this rule strikes this time. */
static bool rule_strikes(struct fake_rule *r)
{
	r->seen += 1.0;
	return r->seen > r->after && (r->times == 0.0 || r->seen <= r->after + r->times);
}

/* Takes the lock. The result is what the rules say, or 0. */
static int enter(const char *call, struct nvml_handle_st *h)
{
	double latency_s = 0.0;
	int result = NVML_SUCCESS;

	pthread_mutex_lock(&fake.lock);
	if (!fake.opened)
		return NVML_UNINITIALIZED;
	fake.calls_s += fake.scenario.call_s;
	for (size_t i = 0; i < fake.scenario.n_rules; i++) {
		struct fake_rule *r = &fake.scenario.rules[i];

		if (r->field >= 0.0 || !rule_is(r, call, h) || !rule_strikes(r))
			continue;
		latency_s += r->latency_s;
		result = result ? result : (int)r->result;
	}
	if (latency_s > 0.0) {
		if (fake.scenario.call_s > 0.0)
			fake.calls_s += latency_s;
		else
			sleep_s(latency_s);
	}
	if (!h)
		return result;
	if (now_s() >= h->gpu->lost_after_s)
		return NVML_GPU_IS_LOST;
	catch_up(h, now_s());
	return result;
}

static int leave(int result)
{
	pthread_mutex_unlock(&fake.lock);
	return result;
}

/* A call that gives one number of a whole GPU. */
static int give_u32(const char *call, nvml_handle h, uint32_t *out, double (*value)(nvml_handle h))
{
	int result;

	if (!h || !out)
		return NVML_INVALID_ARGUMENT;
	result = enter(call, h);
	if (!result && h->mig)
		result = NVML_NOT_SUPPORTED;
	if (!result)
		*out = (uint32_t)lround(value(h));
	return leave(result);
}

static int give_text(const char *call, nvml_handle h, char *text, uint32_t room, const char *value)
{
	int result;

	if (!h || !text)
		return NVML_INVALID_ARGUMENT;
	result = enter(call, h);
	if (!result && strlen(value) >= room)
		result = NVML_INSUFFICIENT_SIZE;
	if (!result)
		memcpy(text, value, strlen(value) + 1);
	return leave(result);
}

/* ----- the library */

static void gpus_begin(void)
{
	const struct fake_scenario *s = &fake.scenario;

	clock_gettime(CLOCK_MONOTONIC, &fake.epoch);
	fake.calls_s = 0.0;
	for (size_t i = 0; i < s->n_gpus; i++) {
		struct nvml_handle_st whole = {.gpu = &s->gpus[i],
			.index = i,
			.next_tick_s = s->gpus[i].counter_period_s,
			.limit_w = s->gpus[i].limit_default_w};

		fake.gpus[i] = whole;
		for (size_t k = 0; k < s->gpus[i].n_migs; k++) {
			whole.mig = s->gpus[i].migs[k];
			fake.migs[i][k] = whole;
		}
	}
}

int nvmlInit_v2(void)
{
	const char *path = secure_getenv("HOURGLASS_FAKE_NVML");
	int result = NVML_SUCCESS;

	pthread_mutex_lock(&fake.lock);
	if (fake.opened++ == 0) {
		if (fake_scenario_read(&fake.scenario, path && *path ? path : NULL, &fake.why))
			result = FAKE_BAD_SCENARIO;
		else
			gpus_begin();
		for (size_t i = 0; !result && i < fake.scenario.n_rules; i++)
			if (!strcmp(fake.scenario.rules[i].call, "nvmlInit_v2"))
				result = (int)fake.scenario.rules[i].result;
		if (result) {
			fake.opened = 0;
			fake_scenario_finish(&fake.scenario);
		}
	}
	return leave(result);
}

int nvmlShutdown(void)
{
	int result;

	pthread_mutex_lock(&fake.lock);
	result = fake.opened ? NVML_SUCCESS : NVML_UNINITIALIZED;
	if (fake.opened && --fake.opened == 0)
		fake_scenario_finish(&fake.scenario);
	return leave(result);
}

const char *nvmlErrorString(int result)
{
	switch (result) {
	case FAKE_BAD_SCENARIO:
		return fake.why.text;
#define FAKE_CASE(name, value, error, text)                                                        \
	case name:                                                                                 \
		return text;
		NVML_RESULTS(FAKE_CASE)
#undef FAKE_CASE
	default:
		return "an error of the scenario";
	}
}

/** Says that this library is a fake one, and whether it lets knobs be set. */
int hourglassFakeNvml(uint32_t *may_set)
{
	pthread_mutex_lock(&fake.lock);
	*may_set = fake.scenario.may_set;
	return leave(NVML_SUCCESS);
}

int nvmlDeviceGetCount_v2(uint32_t *n)
{
	int result = enter("nvmlDeviceGetCount_v2", NULL);

	if (!result)
		*n = (uint32_t)fake.scenario.n_gpus;
	return leave(result);
}

int nvmlDeviceGetHandleByIndex_v2(uint32_t i, nvml_handle *out)
{
	bool there = i < FAKE_DEVICES && fake.gpus[i].gpu;
	int result = enter("nvmlDeviceGetHandleByIndex_v2", there ? &fake.gpus[i] : NULL);

	if (!result && i >= fake.scenario.n_gpus)
		result = NVML_INVALID_ARGUMENT;
	if (!result)
		*out = &fake.gpus[i];
	return leave(result);
}

/* ----- identity */

int nvmlDeviceGetUUID(nvml_handle h, char *text, uint32_t room)
{
	return give_text("nvmlDeviceGetUUID", h, text, room,
		!h       ? ""
		: h->mig ? h->mig
			 : h->gpu->uuid);
}

int nvmlDeviceGetName(nvml_handle h, char *text, uint32_t room)
{
	return give_text("nvmlDeviceGetName", h, text, room, h ? h->gpu->name : "");
}

int nvmlDeviceGetPciInfo_v3(nvml_handle h, struct nvml_pci *out)
{
	int result = enter("nvmlDeviceGetPciInfo_v3", h);

	if (!result) {
		*out = (struct nvml_pci){.legacy = ""};
		(void)snprintf(out->bus_id, sizeof out->bus_id, "%s", h->gpu->pci);
	}
	return leave(result);
}

int nvmlDeviceGetMigMode(nvml_handle h, uint32_t *current, uint32_t *pending)
{
	int result = enter("nvmlDeviceGetMigMode", h);

	if (!result)
		*current = *pending = h->gpu->n_migs > 0;
	return leave(result);
}

int nvmlDeviceGetMaxMigDeviceCount(nvml_handle h, uint32_t *n)
{
	int result = enter("nvmlDeviceGetMaxMigDeviceCount", h);

	if (!result)
		*n = h->gpu->n_migs ? FAKE_MIGS : 0;
	return leave(result);
}

int nvmlDeviceGetMigDeviceHandleByIndex(nvml_handle h, uint32_t i, nvml_handle *out)
{
	int result = enter("nvmlDeviceGetMigDeviceHandleByIndex", h);

	if (!result && (i >= h->gpu->n_migs || !h->gpu->migs[i]))
		result = NVML_NOT_FOUND;
	if (!result)
		*out = &fake.migs[h->index][i];
	return leave(result);
}

/* ----- reading */

int nvmlDeviceGetTotalEnergyConsumption(nvml_handle h, uint64_t *mj)
{
	int result = enter("nvmlDeviceGetTotalEnergyConsumption", h);

	if (!result && h->mig)
		result = NVML_NOT_SUPPORTED;
	if (!result)
		*mj = counter_mj(h);
	return leave(result);
}

/* One value of a field query. */
static void field_fill(nvml_handle h, struct nvml_field_value *v)
{
	bool gpu = v->scope == NVML_SCOPE_GPU || v->scope == NVML_SCOPE_MODULE;

	v->type = NVML_TYPE_U32;
	v->result = NVML_SUCCESS;
	v->value.u64 = POISON;
	if (v->field == NVML_FIELD_ENERGY || (v->field == NVML_FIELD_SCOPED_ENERGY && gpu)) {
		v->type = NVML_TYPE_U64;
		v->value.u64 = counter_mj(h);
	} else if (v->field == NVML_FIELD_POWER && v->scope == NVML_SCOPE_MEMORY) {
		v->value.u32 = (uint32_t)lround(h->gpu->memory_power_w * 1e3);
	} else if ((v->field == NVML_FIELD_POWER || v->field == NVML_FIELD_POWER_AVERAGE) && gpu) {
		v->value.u32 = (uint32_t)lround(power_w(h) * 1e3);
	} else if (v->field == NVML_FIELD_POWER_LIMIT && gpu) {
		v->value.u32 = (uint32_t)lround(h->limit_w * 1e3);
	} else {
		v->result = NVML_NOT_SUPPORTED;
	}
	for (size_t i = 0; i < fake.scenario.n_rules; i++) {
		struct fake_rule *r = &fake.scenario.rules[i];

		if (r->field != (double)v->field || !rule_is(r, "nvmlDeviceGetFieldValues", h) ||
			(r->scope >= 0.0 && r->scope != (double)v->scope) || !rule_strikes(r))
			continue;
		v->result = (int32_t)r->result;
		v->value.u64 = POISON;
	}
}

int nvmlDeviceGetFieldValues(nvml_handle h, int n, struct nvml_field_value *values)
{
	int result = enter("nvmlDeviceGetFieldValues", h);

	if (!result && h->mig)
		result = NVML_NOT_SUPPORTED;
	for (int i = 0; !result && i < n; i++)
		field_fill(h, &values[i]);
	return leave(result);
}

static double power_mw(nvml_handle h)
{
	return power_w(h) * 1e3;
}

static double limit_mw(nvml_handle h)
{
	return h->limit_w * 1e3;
}

static double default_mw(nvml_handle h)
{
	return h->gpu->limit_default_w * 1e3;
}

static double celsius(nvml_handle h)
{
	return h->gpu->temperature_c;
}

int nvmlDeviceGetPowerUsage(nvml_handle h, uint32_t *mw)
{
	return give_u32("nvmlDeviceGetPowerUsage", h, mw, power_mw);
}

int nvmlDeviceGetPowerManagementLimit(nvml_handle h, uint32_t *mw)
{
	return give_u32("nvmlDeviceGetPowerManagementLimit", h, mw, limit_mw);
}

int nvmlDeviceGetEnforcedPowerLimit(nvml_handle h, uint32_t *mw)
{
	return give_u32("nvmlDeviceGetEnforcedPowerLimit", h, mw, limit_mw);
}

int nvmlDeviceGetPowerManagementDefaultLimit(nvml_handle h, uint32_t *mw)
{
	return give_u32("nvmlDeviceGetPowerManagementDefaultLimit", h, mw, default_mw);
}

int nvmlDeviceGetPowerManagementLimitConstraints(nvml_handle h, uint32_t *min_mw, uint32_t *max_mw)
{
	int result = enter("nvmlDeviceGetPowerManagementLimitConstraints", h);

	if (!result) {
		*min_mw = (uint32_t)lround(h->gpu->limit_min_w * 1e3);
		*max_mw = (uint32_t)lround(h->gpu->limit_max_w * 1e3);
	}
	return leave(result);
}

int nvmlDeviceGetTemperature(nvml_handle h, int sensor, uint32_t *out)
{
	(void)sensor;
	return give_u32("nvmlDeviceGetTemperature", h, out, celsius);
}

int nvmlDeviceGetTemperatureV(nvml_handle h, struct nvml_temperature *out)
{
	int result = enter("nvmlDeviceGetTemperatureV", h);

	if (!result && out->version != NVML_VERSION_WORD(struct nvml_temperature, 1))
		result = NVML_ARGUMENT_VERSION;
	if (!result)
		out->celsius = (int32_t)lround(h->gpu->temperature_c);
	return leave(result);
}

int nvmlDeviceGetClockInfo(nvml_handle h, int type, uint32_t *mhz)
{
	int result = enter("nvmlDeviceGetClockInfo", h);
	double memory;

	if (!result && type == NVML_CLOCK_SM)
		*mhz = (uint32_t)lround(sm_clock_mhz(h));
	else if (!result && type == NVML_CLOCK_MEMORY) {
		memory = highest(h->gpu->memory_mhz, h->gpu->n_memory);
		*mhz = (uint32_t)lround(h->memory_mhz > 0.0 ? h->memory_mhz : memory);
	} else if (!result) {
		result = NVML_INVALID_ARGUMENT;
	}
	return leave(result);
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
	int result = enter("nvmlDeviceGetSupportedMemoryClocks", h);

	if (!result)
		result = give_ladder(h->gpu->memory_mhz, h->gpu->n_memory, n, mhz);
	return leave(result);
}

int nvmlDeviceGetSupportedGraphicsClocks(
	nvml_handle h, uint32_t memory_mhz, uint32_t *n, uint32_t *mhz)
{
	int result = enter("nvmlDeviceGetSupportedGraphicsClocks", h);
	bool known = false;

	for (size_t i = 0; !result && i < h->gpu->n_memory; i++)
		known |= (uint32_t)lround(h->gpu->memory_mhz[i]) == memory_mhz;
	if (!result)
		result = known ? give_ladder(h->gpu->sm_mhz, h->gpu->n_sm, n, mhz) : NVML_NOT_FOUND;
	return leave(result);
}

int nvmlDeviceGetCurrentClocksEventReasons(nvml_handle h, uint64_t *bits)
{
	int result = enter("nvmlDeviceGetCurrentClocksEventReasons", h);
	double until_s;

	if (!result)
		*bits = demand_w(h, h->now_s, &until_s) > h->limit_w ? NVML_REASON_POWER_CAP : 0;
	return leave(result);
}

int nvmlDeviceGetUtilizationRates(nvml_handle h, struct nvml_utilisation *out)
{
	int result = enter("nvmlDeviceGetUtilizationRates", h);

	if (!result) {
		out->gpu = (uint32_t)lround(h->gpu->utilisation * 100.0);
		out->memory = out->gpu / 2;
	}
	return leave(result);
}

/* ----- setting */

static int enter_set(const char *call, nvml_handle h)
{
	int result = enter(call, h);

	if (!result && h->mig)
		result = NVML_NOT_SUPPORTED;
	return !result && !fake.scenario.may_set ? NVML_NO_PERMISSION : result;
}

int nvmlDeviceSetPowerManagementLimit(nvml_handle h, uint32_t mw)
{
	int result = enter_set("nvmlDeviceSetPowerManagementLimit", h);
	double watts = (double)mw * 1e-3;

	if (!result && (watts < h->gpu->limit_min_w || watts > h->gpu->limit_max_w))
		result = NVML_INVALID_ARGUMENT;
	if (!result)
		h->limit_w = watts;
	return leave(result);
}

static int lock_clock(
	const char *call, nvml_handle h, double *lock, uint32_t min_mhz, uint32_t max_mhz)
{
	int result = enter_set(call, h);

	if (!result && min_mhz > max_mhz)
		result = NVML_INVALID_ARGUMENT;
	if (!result)
		*lock = (double)max_mhz;
	return leave(result);
}

int nvmlDeviceSetGpuLockedClocks(nvml_handle h, uint32_t min_mhz, uint32_t max_mhz)
{
	return lock_clock("nvmlDeviceSetGpuLockedClocks", h, &h->sm_mhz, min_mhz, max_mhz);
}

int nvmlDeviceSetMemoryLockedClocks(nvml_handle h, uint32_t min_mhz, uint32_t max_mhz)
{
	return lock_clock("nvmlDeviceSetMemoryLockedClocks", h, &h->memory_mhz, min_mhz, max_mhz);
}

int nvmlDeviceResetGpuLockedClocks(nvml_handle h)
{
	return lock_clock("nvmlDeviceResetGpuLockedClocks", h, &h->sm_mhz, 0, 0);
}

int nvmlDeviceResetMemoryLockedClocks(nvml_handle h)
{
	return lock_clock("nvmlDeviceResetMemoryLockedClocks", h, &h->memory_mhz, 0, 0);
}
