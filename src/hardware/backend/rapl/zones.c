/*
 * The tree. "intel-rapl:0" is a zone at the top (a package, or psys), "intel-rapl:0:1" one below
 * it; the type "intel-rapl-mmio" shows the same packages once more through another register, so
 * its zones count only where the first type has none of the name. What hangs below a package is
 * not always a part of it: cores and graphics are, memory has a supply of its own. The platform
 * (psys) contains all of them.
 */
#include "zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

static const char *const types[] = {"intel-rapl", "intel-rapl-mmio"};

bool rapl_entry(const char *entry, size_t *type)
{
	const char *colon = strchr(entry, ':');
	size_t digits = 0;

	if (!colon)
		return false;
	*type = (size_t)(colon - entry);
	for (const char *c = colon + 1; *c; c++) {
		if (*c >= '0' && *c <= '9')
			digits++;
		else if (*c != ':' || !digits)
			return false;
		else
			digits = 0;
	}
	return digits > 0;
}

static enum rapl_kind kind_of(const char *name)
{
	if (!strncmp(name, "package-", 8))
		return RAPL_PACKAGE;
	if (!strcmp(name, "psys") || !strncmp(name, "psys-", 5))
		return RAPL_PSYS;
	return !strcmp(name, "core")     ? RAPL_CORE
	       : !strcmp(name, "uncore") ? RAPL_UNCORE
	       : !strcmp(name, "dram")   ? RAPL_DRAM
					 : RAPL_OTHER;
}

/* A name becomes a part of what users type and see. */
static bool name_good(const char *name)
{
	size_t n =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && !name[n] && n < sizeof((struct rapl_zone *)0)->name;
}

static int zone_above(const struct rapl_zones *zones, const char *entry)
{
	const char *colon = strrchr(entry, ':');
	size_t len = (size_t)(colon - entry);

	for (size_t i = 0; i < zones->n; i++)
		if (strlen(zones->at[i].entry) == len && !memcmp(zones->at[i].entry, entry, len))
			return (int)i;
	return -1;
}

static bool label_taken(const struct rapl_zones *zones, const char *label)
{
	for (size_t i = 0; i < zones->n; i++)
		if (!strcmp(zones->at[i].label, label))
			return true;
	return false;
}

static hg_err zone_add(const struct hg_ctx *ctx, struct rapl_zones *zones, const char *entry,
	bool again, hg_error *why)
{
	int above = zone_above(zones, entry);
	struct rapl_zone z = {.above = above, .part = -1};
	char path[KERNEL_PATH], name[KERNEL_TEXT];
	hg_error reason = {""};

	if (strlen(entry) >= sizeof z.entry)
		return HG_OK;
	(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/name", entry);
	if (kernel_line(ctx, path, name, &reason) || !name_good(name)) {
		ctx_log(ctx, HG_LOG_INFO, "rapl", "%s: no usable name: %s", entry, reason.text);
		return HG_OK;
	}
	if (zones->n == RAPL_ZONES)
		return fail(why, HG_ELIMIT, RAPL_CLASS ": more than %d zones", RAPL_ZONES);
	z.kind = kind_of(name);
	(void)snprintf(z.entry, sizeof z.entry, "%.39s", entry);
	(void)snprintf(z.name, sizeof z.name, "%.39s", name);
	(void)snprintf(z.label, sizeof z.label, "%.40s%s%.40s",
		above < 0 ? "" : zones->at[above].label, above < 0 ? "" : "/", z.name);
	if (label_taken(zones, z.label)) {
		if (again)
			return HG_OK;
		memcpy(z.label, z.entry, sizeof z.entry);
	}
	zones->at[zones->n++] = z;
	return HG_OK;
}

/* From "cpu:type:x86,ven0000fam...:feature:,0000,...": 0122 is SGX. */
static void processor_find(const struct hg_ctx *ctx, struct rapl_zones *zones)
{
	char text[4096];
	const char *found;

	zones->vendor = "";
	zones->sgx = false;
	if (fsroot_read(&ctx->root, "sys/devices/system/cpu/modalias", text, sizeof text, NULL))
		return;
	found = strstr(text, "ven");
	if (!found)
		return;
	zones->vendor = !strncmp(found, "ven0000", 7)   ? "intel"
			: !strncmp(found, "ven0002", 7) ? "amd"
			: !strncmp(found, "ven0009", 7) ? "hygon"
							: "";
	found = strstr(text, ":feature:");
	zones->sgx = !strcmp(zones->vendor, "intel") && found && strstr(found, ",0122");
}

static int zone_named(const struct rapl_zones *zones, const char *name)
{
	for (size_t i = 0; i < zones->n; i++)
		if (zones->at[i].above < 0 && !strcmp(zones->at[i].name, name))
			return (int)i;
	return -1;
}

/* "psys-1" is the platform of package 1; "psys" of every package that has no such. */
static int platform_of(const struct rapl_zones *zones, const struct rapl_zone *package)
{
	char name[48];
	size_t digits = strspn(package->name + 8, "0123456789");
	int i;

	(void)snprintf(name, sizeof name, "psys-%.*s", (int)digits, package->name + 8);
	i = zone_named(zones, name);
	return i >= 0 ? i : zone_named(zones, "psys");
}

/* The first zone of the package that zone i is a die of; i itself where it is not. */
static size_t first_die(const struct rapl_zones *zones, size_t i)
{
	const char *die = strstr(zones->at[i].name, "-die-");
	size_t len = die ? (size_t)(die - zones->at[i].name) + 5 : 0;

	for (size_t k = 0; die && k < i; k++)
		if (zones->at[k].above < 0 && !strncmp(zones->at[k].name, zones->at[i].name, len))
			return k;
	return i;
}

/* AMD counts a package, not a die: kernels that show its dies show one counter several times. */
static void zones_relate(struct rapl_zones *zones)
{
	bool amd = !strcmp(zones->vendor, "amd") || !strcmp(zones->vendor, "hygon");

	for (size_t i = 0; i < zones->n; i++) {
		struct rapl_zone *z = &zones->at[i];
		const struct rapl_zone *above = z->above < 0 ? NULL : &zones->at[z->above];

		if (z->kind == RAPL_PACKAGE && amd && first_die(zones, i) < i)
			z->part = (int)first_die(zones, i);
		else if (z->kind == RAPL_PACKAGE)
			z->part = platform_of(zones, z);
		else if (z->kind == RAPL_DRAM && above && above->kind == RAPL_PACKAGE)
			z->part = platform_of(zones, above);
		else
			z->part = z->above;
	}
}

/* ----- perf */

static bool shares_package(const struct perf_pmu *pmu, size_t i)
{
	for (size_t k = 0; k < pmu->n; k++)
		if (k != i && pmu->dies[k].package == pmu->dies[i].package)
			return true;
	return false;
}

/* "package-1" or "package-1-die-0": the index of the die that speaks for it; SIZE_MAX none. */
static size_t die_of(const struct perf_pmu *pmu, const char *name)
{
	char other[64];

	for (size_t i = 0; i < pmu->n; i++) {
		const struct perf_die *d = &pmu->dies[i];

		if (d->package < 0)
			continue;
		(void)snprintf(other, sizeof other, "package-%lld-die-%lld", (long long)d->package,
			(long long)d->die);
		if (d->die >= 0 && !strcmp(other, name))
			return i;
		(void)snprintf(other, sizeof other, "package-%lld", (long long)d->package);
		if (!strcmp(other, name) && !shares_package(pmu, i))
			return i;
	}
	return SIZE_MAX;
}

bool rapl_zone_event(const struct rapl_zones *zones, size_t i, enum perf_event *event, int64_t *cpu)
{
	static const enum perf_event of_kind[] = {[RAPL_PACKAGE] = PERF_PACKAGE,
		[RAPL_CORE] = PERF_CORE,
		[RAPL_UNCORE] = PERF_UNCORE,
		[RAPL_DRAM] = PERF_DRAM,
		[RAPL_PSYS] = PERF_PSYS,
		[RAPL_OTHER] = PERF_EVENTS};
	const struct perf_pmu *pmu = &zones->pmu;
	const struct rapl_zone *z = &zones->at[i];
	size_t die;

	*event = of_kind[z->kind];
	if (*event == PERF_EVENTS || !pmu->has[*event])
		return false;
	/* whether the platform is counted on one package or on each differs */
	if (z->kind == RAPL_PSYS)
		die = pmu->n == 1 && !strcmp(z->name, "psys") ? 0 : SIZE_MAX;
	else
		die = die_of(pmu, z->above < 0 ? z->name : zones->at[z->above].name);
	*cpu = die == SIZE_MAX ? -1 : pmu->dies[die].cpu;
	return die != SIZE_MAX;
}

static void perf_zone_add(
	struct rapl_zones *zones, enum perf_event event, const char *name, int above)
{
	struct rapl_zone z = {.above = above, .part = -1, .kind = kind_of(name)};

	if (!zones->pmu.has[event] || zones->n == RAPL_ZONES)
		return;
	(void)snprintf(z.name, sizeof z.name, "%.39s", name);
	(void)snprintf(z.label, sizeof z.label, "%.40s%s%.40s",
		above < 0 ? "" : zones->at[above].label, above < 0 ? "" : "/", z.name);
	if (!label_taken(zones, z.label))
		zones->at[zones->n++] = z;
}

/* Where there is no powercap: a package for every die that counts. */
static void perf_zones_add(struct rapl_zones *zones)
{
	const struct perf_pmu *pmu = &zones->pmu;

	for (size_t i = 0; i < pmu->n; i++) {
		const struct perf_die *d = &pmu->dies[i];
		char name[64];
		int above = (int)zones->n;

		if (d->package < 0 || !pmu->has[PERF_PACKAGE])
			continue;
		(void)snprintf(name, sizeof name, "package-%lld", (long long)d->package);
		if (shares_package(pmu, i))
			(void)snprintf(name, sizeof name, "package-%lld-die-%lld",
				(long long)d->package, (long long)d->die);
		perf_zone_add(zones, PERF_PACKAGE, name, -1);
		if ((int)zones->n == above)
			continue;
		perf_zone_add(zones, PERF_CORE, "core", above);
		perf_zone_add(zones, PERF_UNCORE, "uncore", above);
		perf_zone_add(zones, PERF_DRAM, "dram", above);
	}
	if (pmu->n == 1)
		perf_zone_add(zones, PERF_PSYS, "psys", -1);
}

/* ----- powercap */

static hg_err powercap_find(const struct hg_ctx *ctx, struct rapl_zones *zones, hg_error *why)
{
	struct fsroot_names names;
	hg_err rc = fsroot_list(&ctx->root, RAPL_CLASS, &names, why);

	if (rc == HG_ENOENT)
		return fail(why, rc,
			"no /" RAPL_CLASS ": the kernel has no powercap; on a machine with RAPL, "
			"modprobe intel_rapl_msr");
	for (size_t t = 0; !rc && t < sizeof types / sizeof *types; t++)
		for (size_t i = 0; !rc && i < names.n; i++) {
			size_t len;

			if (rapl_entry(names.at[i], &len) && len == strlen(types[t]) &&
				!memcmp(names.at[i], types[t], len))
				rc = zone_add(ctx, zones, names.at[i], t > 0, why);
		}
	fsroot_names_finish(&names);
	if (!rc && !zones->n)
		return fail(why, HG_ENOENT,
			"no RAPL zone in /" RAPL_CLASS ": no driver (modprobe intel_rapl_msr), a "
			"virtual machine, or a processor without RAPL");
	return rc;
}

hg_err rapl_zones_find(const struct hg_ctx *ctx, struct rapl_zones *zones, hg_error *why)
{
	hg_err rc;

	zones->n = 0;
	zones->no_pmu.text[0] = '\0';
	processor_find(ctx, zones);
	(void)perf_find(ctx, &zones->pmu, &zones->no_pmu);
	rc = powercap_find(ctx, zones, why);
	if (rc == HG_ENOENT) {
		perf_zones_add(zones);
		rc = zones->n ? HG_OK : rc;
	}
	if (!rc)
		zones_relate(zones);
	return rc;
}
