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

static void zones_relate(struct rapl_zones *zones)
{
	for (size_t i = 0; i < zones->n; i++) {
		struct rapl_zone *z = &zones->at[i];
		const struct rapl_zone *above = z->above < 0 ? NULL : &zones->at[z->above];

		if (z->kind == RAPL_PACKAGE)
			z->part = platform_of(zones, z);
		else if (z->kind == RAPL_DRAM && above && above->kind == RAPL_PACKAGE)
			z->part = platform_of(zones, above);
		else
			z->part = z->above;
	}
}

hg_err rapl_zones_find(const struct hg_ctx *ctx, struct rapl_zones *zones, hg_error *why)
{
	struct fsroot_names names;
	hg_err rc = fsroot_list(&ctx->root, RAPL_CLASS, &names, why);

	zones->n = 0;
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
	if (rc)
		return rc;
	if (!zones->n)
		return fail(why, HG_ENOENT,
			"no RAPL zone in /" RAPL_CLASS ": no driver (modprobe intel_rapl_msr), a "
			"virtual machine, or a processor without RAPL");
	zones_relate(zones);
	return HG_OK;
}
