/* Signals. A figure that is all ones, whatever its width, is "not available" and goes no further.
 */
#include "amdsmi.h"

#include <stdio.h>
#include <string.h>

/** The firmware's figures are renewed about this often. */
#define PERIOD_NS 1000000

/** No board draws more, W: what is above is no power. */
#define POWER_MAX_W 10000

static const hg_signal_info signals[AMDSMI_SIGNALS] = {
	[AMDSMI_SIGNAL_ENERGY] = {.agg = HG_AGG_SUM,
		.behaviour = HG_MONOTONE,
		.name = "energy",
		.unit = "uJ",
		.text = "energy of the socket, counted by the firmware",
		.domain = "gpu",
		.resolution = 16,
		.period_ns = PERIOD_NS},
	[AMDSMI_SIGNAL_POWER] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power",
		.unit = "mW",
		.text = "power of the socket",
		.domain = "gpu",
		.resolution = 1000},
	[AMDSMI_SIGNAL_SM_CLOCK] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "sm_clock",
		.unit = "Hz",
		.text = "clock of the compute units",
		.domain = "gpu",
		.resolution = 1000000},
	[AMDSMI_SIGNAL_MEMORY_CLOCK] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "memory_clock",
		.unit = "Hz",
		.text = "clock of the memory",
		.domain = "memory",
		.resolution = 1000000},
	[AMDSMI_SIGNAL_POWER_LIMIT] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power_limit",
		.unit = "mW",
		.text = "power limit in force",
		.domain = "gpu",
		.resolution = 1000},
	[AMDSMI_SIGNAL_UTILISATION] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "utilisation",
		.unit = "ppm",
		.text = "share of time in which the compute units were busy",
		.domain = "gpu",
		.resolution = 10000},
};

static const char *const functions[AMDSMI_SIGNALS] = {"amdsmi_get_energy_count",
	"amdsmi_get_power_info", "amdsmi_get_clock_info", "amdsmi_get_clock_info",
	"amdsmi_get_power_cap_info", "amdsmi_get_gpu_activity"};

/* The firmware counts in 2^-16 J; the library says 15.3 uJ, which is rounded and 0.27 % too much.
 */
static int energy_read(const struct amdsmi_device *d, int64_t *out)
{
	uint64_t count = 0, ns = 0;
	float unit_uj = 0.0F;
	int result =
		d->lib->energy ? d->lib->energy(d->handle, &count, &unit_uj, &ns) : AMDSMI_MISSING;

	if (result)
		return result;
	if (count == UINT64_MAX || count == 0)
		return AMDSMI_NO_DATA;
	/* 10^6 / 2^16 = 15625 / 1024 */
	*out = (int64_t)(count / 1024 * 15625 + count % 1024 * 15625 / 1024);
	return AMDSMI_SUCCESS;
}

static uint32_t u32_at(const unsigned char *buffer, size_t offset)
{
	uint32_t v;

	memcpy(&v, buffer + offset, sizeof v);
	return v;
}

/* Socket power is told in one of several members, by kind of device. */
static int power_read(const struct amdsmi_device *d, int64_t *out)
{
	static const size_t offsets[][3] = {[AMDSMI_LAYOUT_64] = {0, 0, 0},
		[AMDSMI_LAYOUT_68] = {0, 4, 4},
		[AMDSMI_LAYOUT_192] = {8, 12, 0}};
	unsigned char buffer[AMDSMI_ROOM] = {0};
	int result = d->lib->power ? d->lib->power(d->handle, buffer) : AMDSMI_MISSING;

	if (result)
		return result;
	for (size_t i = 0; i < 3; i++) {
		uint32_t watts = u32_at(buffer, offsets[d->lib->layout][i]);

		if (watts == 0 || watts > POWER_MAX_W || watts == UINT16_MAX)
			continue;
		*out = (int64_t)watts * 1000;
		return AMDSMI_SUCCESS;
	}
	return AMDSMI_NO_DATA;
}

int amdsmi_clocks_read(
	const struct amdsmi_device *d, enum amdsmi_clock clock, struct amdsmi_clocks *out)
{
	unsigned char buffer[AMDSMI_ROOM] = {0};
	int result = d->lib->clock ? d->lib->clock(d->handle, (int)clock, buffer) : AMDSMI_MISSING;

	memcpy(out, buffer, sizeof *out);
	return result;
}

static int clock_read(const struct amdsmi_device *d, enum amdsmi_clock clock, int64_t *out)
{
	struct amdsmi_clocks c;
	int result = amdsmi_clocks_read(d, clock, &c);

	if (result)
		return result;
	if (c.now == UINT32_MAX || c.now == UINT16_MAX)
		return AMDSMI_NO_DATA;
	*out = (int64_t)c.now * 1000000;
	return AMDSMI_SUCCESS;
}

int amdsmi_cap_read(const struct amdsmi_device *d, struct amdsmi_cap *out)
{
	unsigned char buffer[AMDSMI_ROOM] = {0};
	int result = d->lib->cap ? d->lib->cap(d->handle, 0, buffer) : AMDSMI_MISSING;

	memcpy(out, buffer, sizeof *out);
	return result;
}

static int limit_read(const struct amdsmi_device *d, int64_t *out)
{
	struct amdsmi_cap cap;
	int result = amdsmi_cap_read(d, &cap);

	if (result)
		return result;
	if (cap.cap >= UINT32_MAX)
		return AMDSMI_NO_DATA;
	*out = d->cap_in_watts ? (int64_t)cap.cap * 1000 : (int64_t)cap.cap / 1000;
	return AMDSMI_SUCCESS;
}

static int utilisation_read(const struct amdsmi_device *d, int64_t *out)
{
	unsigned char buffer[AMDSMI_ROOM] = {0};
	int result = d->lib->activity ? d->lib->activity(d->handle, buffer) : AMDSMI_MISSING;
	uint32_t percent = u32_at(buffer, 0);

	if (result)
		return result;
	if (percent > 100)
		return AMDSMI_NO_DATA;
	*out = (int64_t)percent * 10000;
	return AMDSMI_SUCCESS;
}

int amdsmi_signal_read(const struct amdsmi_device *d, enum amdsmi_signal signal, int64_t *out)
{
	switch (signal) {
	case AMDSMI_SIGNAL_ENERGY:
		return energy_read(d, out);
	case AMDSMI_SIGNAL_POWER:
		return power_read(d, out);
	case AMDSMI_SIGNAL_SM_CLOCK:
		return clock_read(d, AMDSMI_CLOCK_GFX, out);
	case AMDSMI_SIGNAL_MEMORY_CLOCK:
		return clock_read(d, AMDSMI_CLOCK_MEMORY, out);
	case AMDSMI_SIGNAL_POWER_LIMIT:
		return limit_read(d, out);
	case AMDSMI_SIGNAL_UTILISATION:
		return utilisation_read(d, out);
	default:
		return AMDSMI_NOT_SUPPORTED;
	}
}

void amdsmi_signals_probe(struct amdsmi_device *d)
{
	for (size_t i = 0; i < AMDSMI_SIGNALS; i++) {
		int64_t value;
		int result = amdsmi_signal_read(d, (enum amdsmi_signal)i, &value);

		/* what fails now may answer later, but for what the device never tells */
		if (result && (result == AMDSMI_NO_DATA || amdsmi_error(result) != HG_EDEVICE))
			(void)snprintf(d->absent[i], sizeof d->absent[i], "%s: %s", functions[i],
				amdsmi_text(result));
	}
	if (d->lib->layout == AMDSMI_LAYOUT_UNKNOWN)
		(void)snprintf(d->absent[AMDSMI_SIGNAL_POWER], AMDSMI_REASON_TEXT,
			"amdsmi_get_lib_version: not a version of which it is known where power is");
}

void amdsmi_signal_info(const struct amdsmi_device *d, size_t i, hg_signal_info *info)
{
	*info = signals[i];
	info->absent = d->absent[i][0] ? d->absent[i] : NULL;
}
