#include "metrics.h"

#include <string.h>

#include "core/fail.h"

#define HEADER    4
#define ABSENT_16 UINT16_MAX
#define ABSENT_32 UINT32_MAX
#define ABSENT_64 UINT64_MAX
#define MHZ_HZ    1000000
#define WATT_MW   1000
/* 2^-16 J is 15625/1024 uJ. The vendor's library rounds it to 15.3 uJ, 0.27 % too much. */
#define ENERGY_MUL   15625
#define ENERGY_SHIFT 10
#define STAMP_NS     10

/** Where a revision has its fields, in bytes from the beginning. */
struct layout {
	uint8_t format, content;
	uint16_t power;  /* u16, W */
	uint16_t energy; /* u64, 2^-16 J */
	uint16_t clock;  /* u16 each, MHz */
	uint8_t clocks;  /* one per chiplet */
	uint8_t held;    /* u32 each: held down from outside, by power, by three heats; 0 none */
	uint16_t stamp;  /* u64, 10 ns, of the firmware's clock; 0 none */
};

/*
 * system_clock_counter, which stands behind the energy, is no time of a sample: the driver puts its
 * own clock there when it hands a sample on. What the firmware puts into the sample is its
 * timestamp.
 */

static const struct layout layouts[] = {
	{1, 1, 22, 24, 54, 1, 0, 0},
	{1, 2, 22, 24, 54, 1, 0, 96},
	{1, 3, 22, 24, 54, 1, 0, 96},
	{1, 4, 10, 24, 240, 8, 0, 232},
	{1, 5, 10, 88, 312, 8, 0, 304},
	{1, 6, 10, 16, 264, 8, 36, 256},
	{1, 7, 10, 24, 296, 8, 44, 288},
	{1, 8, 10, 24, 296, 8, 44, 288},
};

/* The kernel's byte order is the machine's; all machines with such a GPU are little-endian. */
static uint64_t number_at(const unsigned char *data, size_t at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i > 0; i--)
		value = value << 8 | data[at + i - 1];
	return value;
}

static void energy_take(const unsigned char *data, size_t len, size_t at, struct metrics *m)
{
	uint64_t raw, whole;

	if (at + 8 > len)
		return;
	raw = number_at(data, at, 8);
	whole = raw >> ENERGY_SHIFT;
	if (raw == ABSENT_64 || whole > (uint64_t)INT64_MAX / ENERGY_MUL - 1)
		return;
	m->has[METRICS_ENERGY] = true;
	m->value[METRICS_ENERGY] =
		(int64_t)(whole * ENERGY_MUL +
			  ((raw & ((1u << ENERGY_SHIFT) - 1)) * ENERGY_MUL >> ENERGY_SHIFT));
}

static void power_take(const unsigned char *data, size_t len, size_t at, struct metrics *m)
{
	uint64_t watts;

	if (at + 2 > len)
		return;
	watts = number_at(data, at, 2);
	m->has[METRICS_POWER] = watts != ABSENT_16;
	m->value[METRICS_POWER] = watts != ABSENT_16 ? (int64_t)watts * WATT_MW : 0;
}

/* The mean over the chiplets that say something. */
static void clock_take(
	const unsigned char *data, size_t len, size_t at, size_t n, struct metrics *m)
{
	int64_t sum = 0, count = 0;

	for (size_t i = 0; i < n && at + 2 * i + 2 <= len; i++) {
		uint64_t mhz = number_at(data, at + 2 * i, 2);

		if (mhz == ABSENT_16)
			continue;
		sum += (int64_t)mhz;
		count++;
	}
	m->has[METRICS_SM_CLOCK] = count > 0;
	m->value[METRICS_SM_CLOCK] = count > 0 ? sum * MHZ_HZ / count : 0;
}

/* Counts of samples in which the clock was held down; they only grow. */
static void held_take(const unsigned char *data, size_t len, size_t at, struct metrics *m)
{
	static const enum metrics_field fields[] = {
		METRICS_PROCHOT, METRICS_LIMIT, METRICS_HEAT, METRICS_HEAT, METRICS_HEAT};

	for (size_t i = 0; at && i < sizeof fields / sizeof *fields; i++) {
		uint64_t n;

		if (at + 4 * i + 4 > len)
			return;
		n = number_at(data, at + 4 * i, 4);
		if (n == ABSENT_32)
			continue;
		m->has[fields[i]] = true;
		m->value[fields[i]] += (int64_t)n;
	}
}

/* Kernels that do not know it put all ones there, and some had 0. */
static void stamp_take(const unsigned char *data, size_t len, size_t at, struct metrics *m)
{
	uint64_t ticks = at && at + 8 <= len ? number_at(data, at, 8) : 0;

	if (ticks == 0 || ticks > INT64_MAX / STAMP_NS)
		return;
	m->has[METRICS_STAMP] = true;
	m->value[METRICS_STAMP] = (int64_t)ticks * STAMP_NS;
}

hg_err metrics_parse(const void *data, size_t len, struct metrics *m, hg_error *why)
{
	const unsigned char *bytes = data;
	size_t size;

	memset(m, 0, sizeof *m);
	if (len < HEADER)
		return fail(why, HG_EFORMAT, "gpu_metrics: %zu bytes, expected a header of %d", len,
			HEADER);
	size = (size_t)number_at(bytes, 0, 2);
	m->format = bytes[2];
	m->content = bytes[3];
	if (size < HEADER || size > len)
		return fail(why, HG_EFORMAT,
			"gpu_metrics: %zu bytes, but its header says %zu (revision %u.%u)", len,
			size, m->format, m->content);
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		const struct layout *l = &layouts[i];

		if (l->format != m->format || l->content != m->content)
			continue;
		energy_take(bytes, size, l->energy, m);
		power_take(bytes, size, l->power, m);
		clock_take(bytes, size, l->clock, l->clocks, m);
		held_take(bytes, size, l->held, m);
		stamp_take(bytes, size, l->stamp, m);
		return HG_OK;
	}
	return fail(why, HG_EVERSION,
		"gpu_metrics: revision %u.%u is not known; known are 1.1 to 1.8", m->format,
		m->content);
}
