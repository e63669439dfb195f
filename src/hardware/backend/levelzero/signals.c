/*
 * Domains of power overlap: the card contains the package, which contains stacks. The largest is
 * taken that tells its energy. Clocks are those of the whole device, else of its first tile.
 */
#include <math.h>
#include <string.h>

#include "core/fail.h"

#include "gpu.h"

#define MHZ_HZ 1000000

static hg_err refused(const char *call, int result, hg_error *why)
{
	return fail(why, zes_error(result), "%s: %s", call, zes_text(result));
}

/* ----- choosing domains */

/* How good a domain of power is; 0: not to be used. */
static int rank(const struct zes_gpu *g, zes_power p, uint32_t *domain)
{
	struct zes_power_ext ext = {.type = ZES_TYPE_POWER_EXT};
	struct zes_limit limit = {.type = ZES_TYPE_LIMIT};
	struct zes_power_properties props = {.type = ZES_TYPE_POWER, .next = &ext};

	ext.default_limit = &limit;
	*domain = ZES_DOMAIN_UNKNOWN;
	if (!g->lib.power_properties || g->lib.power_properties(p, &props))
		return 1;
	*domain = ext.domain;
	if (props.on_subdevice)
		return 0;
	return ext.domain == ZES_DOMAIN_CARD      ? 5
	       : ext.domain == ZES_DOMAIN_PACKAGE ? 4
	       : ext.domain == ZES_DOMAIN_GPU     ? 3
	       : ext.domain == ZES_DOMAIN_UNKNOWN ? 2
						  : 0;
}

static void power_choose(struct zes_gpu *g)
{
	zes_power all[ZES_DOMAINS], card;
	uint32_t n = 0, domain;
	int best = 0;

	if (g->lib.card_power && !g->lib.card_power(g->who.handle, &card)) {
		g->power = card;
		g->domain = ZES_DOMAIN_CARD;
		return;
	}
	if (!g->lib.powers || g->lib.powers(g->who.handle, &n, NULL) || !n)
		return;
	n = n < ZES_DOMAINS ? n : ZES_DOMAINS;
	if (g->lib.powers(g->who.handle, &n, all))
		return;
	for (uint32_t i = 0; i < n && i < ZES_DOMAINS; i++) {
		int this = rank(g, all[i], &domain);

		if (this > best) {
			best = this;
			g->power = all[i];
			g->domain = domain;
		}
	}
}

static void frequency_take(struct zes_gpu *g, zes_frequency f)
{
	struct zes_frequency_properties p = {.type = ZES_TYPE_FREQUENCY};
	zes_frequency *slot;

	if (!g->lib.frequency_properties || g->lib.frequency_properties(f, &p))
		p.domain = ZES_FREQUENCY_GPU;
	slot = p.domain == ZES_FREQUENCY_GPU      ? &g->frequency[ZES_CHIP]
	       : p.domain == ZES_FREQUENCY_MEMORY ? &g->frequency[ZES_MEMORY]
						  : NULL;
	if (!slot || *slot)
		return;
	*slot = f;
	if (slot == &g->frequency[ZES_CHIP])
		g->sm_range = p;
}

static void frequency_choose(struct zes_gpu *g)
{
	zes_frequency all[ZES_DOMAINS];
	uint32_t n = 0;

	if (!g->lib.frequencies || g->lib.frequencies(g->who.handle, &n, NULL) || !n)
		return;
	n = n < ZES_DOMAINS ? n : ZES_DOMAINS;
	if (g->lib.frequencies(g->who.handle, &n, all))
		return;
	for (uint32_t i = 0; i < n && i < ZES_DOMAINS; i++)
		frequency_take(g, all[i]);
}

/* How good a sensor is for the chip's temperature; 0: not to be used. */
static int heat_rank(uint32_t sensor)
{
	return sensor == ZES_SENSOR_GPU ? 2 : sensor == ZES_SENSOR_GLOBAL ? 1 : 0;
}

static void heat_choose(struct zes_gpu *g)
{
	zes_temperature all[ZES_DOMAINS];
	uint32_t n = 0;
	int best = 0;

	if (!g->lib.temperatures || !g->lib.temperature_properties ||
		g->lib.temperatures(g->who.handle, &n, NULL) || !n)
		return;
	n = n < ZES_DOMAINS ? n : ZES_DOMAINS;
	if (g->lib.temperatures(g->who.handle, &n, all))
		return;
	for (uint32_t i = 0; i < n && i < ZES_DOMAINS; i++) {
		struct zes_temperature_properties p = {.type = ZES_TYPE_TEMPERATURE};

		if (g->lib.temperature_properties(all[i], &p) || p.on_subdevice)
			continue;
		if (heat_rank(p.sensor) > best) {
			best = heat_rank(p.sensor);
			g->heat[ZES_CHIP] = all[i];
		}
		if (p.sensor == ZES_SENSOR_MEMORY && !g->heat[ZES_MEMORY])
			g->heat[ZES_MEMORY] = all[i];
	}
}

/* ----- readings */

static hg_err energy_get(const struct kernel_signal *s, int64_t *value, hg_error *why)
{
	const struct zes_gpu *g = s->more;
	struct zes_energy e = {0};
	int result = g->lib.energy(g->power, &e);

	if (result)
		return refused("zesPowerGetEnergyCounter", result, why);
	if (e.uj > INT64_MAX)
		return fail(why, HG_EDEVICE, "zesPowerGetEnergyCounter: no value");
	*value = (int64_t)e.uj;
	return HG_OK;
}

/* Field 0 is the power at the moment, 1 the average. */
static hg_err power_get(const struct kernel_signal *s, int64_t *value, hg_error *why)
{
	const struct zes_gpu *g = s->more;
	uint32_t mw[2] = {UINT32_MAX, UINT32_MAX};
	int result = g->lib.usage(g->power, &mw[0], &mw[1]);

	if (result)
		return refused("zesPowerGetUsage", result, why);
	*value = mw[s->field];
	return mw[s->field] == UINT32_MAX ? fail(why, HG_EDEVICE, "zesPowerGetUsage: no value")
					  : HG_OK;
}

static hg_err state(
	const struct zes_gpu *g, unsigned part, struct zes_frequency_state *st, hg_error *why)
{
	int result;

	*st = (struct zes_frequency_state){.type = ZES_TYPE_FREQUENCY_STATE, .actual_mhz = -1.0};
	result = g->lib.state(g->frequency[part], st);
	return result ? refused("zesFrequencyGetState", result, why) : HG_OK;
}

static hg_err clock_get(const struct kernel_signal *s, int64_t *value, hg_error *why)
{
	struct zes_frequency_state st;
	hg_err rc = state(s->more, s->field, &st, why);

	if (rc)
		return rc;
	if (!(st.actual_mhz >= 0.0 && st.actual_mhz < 1e6))
		return fail(why, HG_EDEVICE, "zesFrequencyGetState: the actual clock is not known");
	*value = (int64_t)(st.actual_mhz * MHZ_HZ + 0.5);
	return HG_OK;
}

/* A range that was set is no reason to wonder about: it is what was asked. */
static hg_err throttle_get(const struct kernel_signal *s, int64_t *value, hg_error *why)
{
	struct zes_frequency_state st;
	hg_err rc = state(s->more, s->field, &st, why);

	if (rc)
		return rc;
	*value = 0;
	if (st.reasons & (ZES_REASON_AVERAGE_POWER | ZES_REASON_BURST_POWER))
		*value |= HG_THROTTLE_POWER_LIMIT;
	if (st.reasons & ZES_REASON_HEAT)
		*value |= HG_THROTTLE_HEAT;
	if (st.reasons & (ZES_REASON_CURRENT | ZES_REASON_SUPPLY | ZES_REASON_HARDWARE_RANGE))
		*value |= HG_THROTTLE_HARDWARE;
	return HG_OK;
}

static hg_err heat_get(const struct kernel_signal *s, int64_t *value, hg_error *why)
{
	const struct zes_gpu *g = s->more;
	double c = (double)NAN;
	int result = g->lib.celsius(g->heat[s->field], &c);

	if (result)
		return refused("zesTemperatureGetState", result, why);
	if (!(c > -274.0 && c < 1000.0))
		return fail(why, HG_EDEVICE, "zesTemperatureGetState: no temperature");
	*value = llround(c * 1e3);
	return HG_OK;
}

/* ----- adding them */

static void add(struct kernel_device *d, struct zes_gpu *g, const hg_signal_info *info,
	hg_err (*get)(const struct kernel_signal *s, int64_t *value, hg_error *why), unsigned field,
	const char *absent)
{
	if (absent)
		(void)kernel_add_absent(d, info, absent);
	else
		(void)kernel_add_get(d, info, get, field, g);
}

static const char *without(
	struct kernel_device *d, bool domain, const char *what, bool function, const char *symbol)
{
	return !domain     ? kernel_format(d, "the driver tells no domain of %s", what)
	       : !function ? kernel_format(d, "this Level Zero has no %s", symbol)
			   : NULL;
}

static void add_powers(struct kernel_device *d, struct zes_gpu *g)
{
	hg_signal_info info = {.agg = HG_AGG_SUM,
		.behaviour = HG_MONOTONE,
		.name = "energy",
		.unit = "uJ",
		.text = g->domain == ZES_DOMAIN_CARD ? "energy of the card"
						     : "energy of the chip, or of what the driver "
						       "calls the GPU",
		.domain = !g->who.integrated                ? "gpu"
			  : g->domain == ZES_DOMAIN_PACKAGE ? "package"
							    : "uncore",
		.resolution = 1,
		.period_ns = 1000000};

	add(d, g, &info, energy_get, 0,
		without(d, g->power, "power", g->lib.energy, "zesPowerGetEnergyCounter"));
	info.behaviour = HG_VARIABLE;
	info.name = "power";
	info.unit = "mW";
	info.text = "power at the moment";
	add(d, g, &info, power_get, 0,
		without(d, g->power, "power", g->lib.usage, "zesPowerGetUsage (since 1.29)"));
	info.name = "power_average";
	info.text = "power as the driver averages it";
	add(d, g, &info, power_get, 1,
		without(d, g->power, "power", g->lib.usage, "zesPowerGetUsage (since 1.29)"));
}

static void add_heat(struct kernel_device *d, struct zes_gpu *g)
{
	hg_signal_info info = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "temperature",
		.unit = "mC",
		.text = "temperature of the chip, its hottest point",
		.domain = "gpu",
		.resolution = 1};

	heat_choose(g);
	add(d, g, &info, heat_get, ZES_CHIP,
		without(d, g->heat[ZES_CHIP], "its temperature", g->lib.celsius,
			"zesTemperatureGetState"));
	info.name = "memory_temperature";
	info.text = "temperature of the memory";
	info.domain = "memory";
	add(d, g, &info, heat_get, ZES_MEMORY,
		without(d, g->heat[ZES_MEMORY], "its memory's temperature", g->lib.celsius,
			"zesTemperatureGetState"));
}

void zes_gpu_signals(struct kernel_device *d, struct zes_gpu *g)
{
	hg_signal_info info = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "sm_clock",
		.unit = "Hz",
		.text = "clock of the compute units",
		.domain = "gpu",
		.resolution = MHZ_HZ,
		.period_ns = 1000000};

	power_choose(g);
	frequency_choose(g);
	add_powers(d, g);
	add(d, g, &info, clock_get, ZES_CHIP,
		without(d, g->frequency[ZES_CHIP], "its clock", g->lib.state,
			"zesFrequencyGetState"));
	info.name = "memory_clock";
	info.text = "clock of the memory";
	info.domain = "memory";
	add(d, g, &info, clock_get, ZES_MEMORY,
		without(d, g->frequency[ZES_MEMORY], "its memory's clock", g->lib.state,
			"zesFrequencyGetState"));
	info = (hg_signal_info){.agg = HG_AGG_SAME,
		.behaviour = HG_VARIABLE,
		.name = "throttle",
		.unit = "bits",
		.text = "why the clock is lower than asked",
		.domain = "gpu",
		.resolution = 1};
	add(d, g, &info, throttle_get, ZES_CHIP,
		without(d, g->frequency[ZES_CHIP], "its clock", g->lib.state,
			"zesFrequencyGetState"));
	add_heat(d, g);
}
