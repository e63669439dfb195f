#include "perf.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

#include "hardware/backend/kernel/kernel.h"

static const char *const events[PERF_EVENTS] = {
	[PERF_PACKAGE] = "pkg",
	[PERF_CORE] = "cores",
	[PERF_UNCORE] = "gpu",
	[PERF_DRAM] = "ram",
	[PERF_PSYS] = "psys",
};

/* "event=0x02" */
static bool config_parse(const char *text, uint64_t *config)
{
	const char *hex = "0123456789abcdef";
	struct slice rest = {text, strlen(text)};
	struct slice key = slice_cut(&rest, '=');

	*config = 0;
	if (!slice_is(key, "event") || rest.len < 3 || rest.len > 10 ||
		memcmp(rest.text, "0x", 2) != 0)
		return false;
	for (size_t i = 2; i < rest.len; i++) {
		const char *digit = memchr(hex, rest.text[i] | 0x20, 16);

		if (!digit)
			return false;
		*config = *config << 4 | (uint64_t)(digit - hex);
	}
	return true;
}

/* One event, with the energy of a count. An event that cannot be read is none. */
static void event_find(const struct hg_ctx *ctx, struct perf_pmu *pmu, enum perf_event e)
{
	char path[KERNEL_PATH], text[KERNEL_TEXT];

	(void)snprintf(path, sizeof path, PERF_PMU "/events/energy-%s", events[e]);
	if (kernel_line(ctx, path, text, NULL) || !config_parse(text, &pmu->config[e]))
		return;
	(void)snprintf(path, sizeof path, PERF_PMU "/events/energy-%s.scale", events[e]);
	if (kernel_line(ctx, path, text, NULL) ||
		!double_parse(text, strlen(text), false, &pmu->joule[e]) ||
		!(pmu->joule[e] > 1e-15 && pmu->joule[e] < 1.0))
		return;
	(void)snprintf(path, sizeof path, PERF_PMU "/events/energy-%s.unit", events[e]);
	/* the kernel says Joules, always; anything else is not what is known here */
	if (kernel_line(ctx, path, text, NULL) == HG_OK && strcmp(text, "Joules") != 0)
		return;
	pmu->has[e] = true;
}

static int64_t topology(const struct hg_ctx *ctx, int64_t cpu, const char *file)
{
	char path[KERNEL_PATH];
	int64_t value;

	(void)snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%lld/topology/%s",
		(long long)cpu, file);
	return kernel_number(ctx, path, &value, NULL) || value < 0 || value > INT32_MAX ? -1
											: value;
}

static hg_err die_add(const struct hg_ctx *ctx, struct perf_pmu *pmu, int64_t cpu, hg_error *why)
{
	if (pmu->n == PERF_DIES)
		return fail(why, HG_ELIMIT, PERF_PMU "/cpumask: more than %d dies", PERF_DIES);
	pmu->dies[pmu->n++] = (struct perf_die){
		cpu, topology(ctx, cpu, "physical_package_id"), topology(ctx, cpu, "die_id")};
	return HG_OK;
}

/* "0,24" or "0-1,24" */
static hg_err dies_find(const struct hg_ctx *ctx, struct perf_pmu *pmu, hg_error *why)
{
	char text[KERNEL_TEXT];
	struct slice rest = {text, 0};
	hg_err rc = kernel_line(ctx, PERF_PMU "/cpumask", text, why);

	rest.len = rc ? 0 : strlen(text);
	while (!rc && rest.text) {
		struct slice last = slice_cut(&rest, ',');
		struct slice first = slice_cut(&last, '-');
		uint64_t from, to;

		if (!uint64_parse(first.text, first.len, &from) || from > INT32_MAX ||
			(last.text && !uint64_parse(last.text, last.len, &to)))
			return fail(why, HG_EFORMAT,
				PERF_PMU
				"/cpumask: expected numbers of processors, found \"%.24s\"",
				text);
		to = last.text ? to : from;
		for (; !rc && from <= to && to <= INT32_MAX; from++)
			rc = die_add(ctx, pmu, (int64_t)from, why);
	}
	return rc;
}

hg_err perf_find(const struct hg_ctx *ctx, struct perf_pmu *pmu, hg_error *why)
{
	int64_t type;
	hg_err rc = kernel_number(ctx, PERF_PMU "/type", &type, why);

	memset(pmu, 0, sizeof *pmu);
	if (rc == HG_ENOENT)
		return fail(why, rc, "no /" PERF_PMU ": the kernel has no perf events of RAPL");
	if (!rc && (type < 0 || type > UINT32_MAX))
		rc = fail(why, HG_EFORMAT, PERF_PMU "/type: %lld is no type", (long long)type);
	rc = rc ? rc : dies_find(ctx, pmu, why);
	if (rc) {
		pmu->n = 0;
		return rc;
	}
	pmu->type = (uint32_t)type;
	for (unsigned e = 0; e < PERF_EVENTS; e++)
		event_find(ctx, pmu, (enum perf_event)e);
	return HG_OK;
}
