/*
 * Only chips are taken of which it is known what they measure, and what contains what: the ACPI
 * power meter, which on NVIDIA's Grace names the sockets' parts in power1_oem_info, and the INA
 * monitors of Jetson boards. A rail of an INA3221 is the product of a voltage and a current.
 */
#include "sensors.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#define CHANNELS 4
#define MS_NS    1000000
/** Where the driver does not say how often it measures. */
#define PERIOD_MS     1000
#define PERIOD_MAX_MS 3600000

static bool chip_known(const char *chip)
{
	return !strcmp(chip, "power_meter") || !strncmp(chip, "ina2", 4) ||
	       !strcmp(chip, "ina3221");
}

/* A label becomes a part of what users type. */
static void label_clean(const char *from, char *to, size_t room)
{
	size_t n = 0;

	for (; *from && n + 1 < room; from++) {
		bool good = (*from >= 'a' && *from <= 'z') || (*from >= 'A' && *from <= 'Z') ||
			    (*from >= '0' && *from <= '9') || strchr("_-.+", *from);

		to[n++] = good ? *from : '-';
	}
	to[n] = '\0';
}

/* "power1_average" of kind "power", channel 1, what "_average". */
static bool file_of(const struct hg_ctx *ctx, const char *dir, const char *kind, int k,
	const char *what, char path[KERNEL_PATH])
{
	char name[40];

	(void)snprintf(name, sizeof name, "%s%d%s", kind, k, what);
	return kernel_path(path, dir, name) && kernel_there(ctx, path);
}

static int64_t period(const struct hg_ctx *ctx, const struct sensor *s)
{
	static const char *const names[] = {"power1_average_interval", "update_interval"};
	char path[KERNEL_PATH];
	int64_t ms;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (kernel_path(path, s->dir, names[i]) &&
			kernel_number(ctx, path, &ms, NULL) == HG_OK && ms > 0 &&
			ms <= PERIOD_MAX_MS)
			return ms * MS_NS;
	return (int64_t)PERIOD_MS * MS_NS;
}

/* What a channel is called; "N" where nothing says so. */
static void label_find(const struct hg_ctx *ctx, struct sensor *s, const char *kind, int k)
{
	char path[KERNEL_PATH], text[KERNEL_TEXT];

	(void)snprintf(text, sizeof text, "%d", k);
	if ((file_of(ctx, s->dir, kind, k, "_label", path) ||
		    file_of(ctx, s->dir, kind, k, "_oem_info", path)) &&
		kernel_line(ctx, path, text, NULL))
		(void)snprintf(text, sizeof text, "%d", k);
	label_clean(text, s->label, sizeof s->label);
}

static bool name_taken(const struct sensors *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->at[i].name, name))
			return true;
	return false;
}

/* Channel k of the chip in s->dir. @return whether it measures power */
static bool channel_find(const struct hg_ctx *ctx, struct sensor *s, int k)
{
	s->power[0] = s->volts[0] = s->amps[0] = '\0';
	if (file_of(ctx, s->dir, "power", k, "_average", s->power) ||
		file_of(ctx, s->dir, "power", k, "_input", s->power)) {
		label_find(ctx, s, "power", k);
		return true;
	}
	s->power[0] = '\0';
	if (!file_of(ctx, s->dir, "in", k, "_input", s->volts) ||
		!file_of(ctx, s->dir, "curr", k, "_input", s->amps))
		return false;
	label_find(ctx, s, "in", k);
	return true;
}

static hg_err chip_add(const struct hg_ctx *ctx, const char *entry, const char *below,
	struct sensors *all, hg_error *why)
{
	struct sensor s = {.part = -1};
	char path[KERNEL_PATH], chip[KERNEL_TEXT];

	(void)snprintf(s.dir, sizeof s.dir, HWMON_CLASS "/%.24s%s", entry, below);
	if (!kernel_path(path, s.dir, "name") || kernel_line(ctx, path, chip, NULL) ||
		!chip_known(chip) || strlen(chip) >= sizeof s.chip)
		return HG_OK;
	label_clean(chip, s.chip, sizeof s.chip);
	s.period_ns = period(ctx, &s);
	for (int k = 1; k <= CHANNELS; k++) {
		if (!channel_find(ctx, &s, k))
			continue;
		(void)snprintf(s.name, sizeof s.name, "%.31s/%.63s", s.chip, s.label);
		if (name_taken(all, s.name))
			(void)snprintf(s.name, sizeof s.name, "%.24s/%d", entry, k);
		if (name_taken(all, s.name))
			continue;
		if (all->n == SENSORS)
			return fail(why, HG_ELIMIT, HWMON_CLASS ": more than %d power sensors",
				SENSORS);
		all->at[all->n++] = s;
	}
	return HG_OK;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* What comes after "Power-Socket-" tells the socket; "" for all others. */
static const char *socket_of(const struct sensor *s)
{
	const char *at = strstr(s->label, "Power-Socket-");

	return at ? at : "";
}

/* Module contains Grace (the processor with its memory) and the GPU; Grace contains the rest. On a
 * Jetson VDD_IN is what the board draws. */
static bool contains(const struct sensor *whole, const struct sensor *part)
{
	if (!strcmp(whole->chip, "power_meter") && !strcmp(part->chip, "power_meter")) {
		if (!*socket_of(whole) || strcmp(socket_of(whole), socket_of(part)) != 0)
			return false;
		if (begins(whole->label, "Grace-"))
			return begins(part->label, "CPU-") || begins(part->label, "SysIO-");
		return begins(whole->label, "Module-") && !begins(part->label, "Module-");
	}
	return !strcmp(whole->chip, "ina3221") && !strcmp(part->chip, "ina3221") &&
	       (!strcmp(whole->label, "VDD_IN") || !strcmp(whole->label, "POM_5V_IN")) &&
	       strcmp(whole->label, part->label) != 0;
}

/* The smallest that contains it: Grace before Module. */
static void sensors_relate(struct sensors *all)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->n; k++) {
			struct sensor *s = &all->at[i];

			if (k != i && contains(&all->at[k], s) &&
				(s->part < 0 || contains(&all->at[s->part], &all->at[k])))
				s->part = (int)k;
		}
}

hg_err sensors_find(const struct hg_ctx *ctx, struct sensors *all, hg_error *why)
{
	struct fsroot_names names;
	hg_err rc = fsroot_list(&ctx->root, HWMON_CLASS, &names, why);

	all->n = 0;
	if (rc == HG_ENOENT)
		return fail(why, rc, "no /" HWMON_CLASS ": the kernel has no hardware monitoring");
	for (size_t i = 0; !rc && i < names.n; i++) {
		size_t before = all->n;

		if (!begins(names.at[i], "hwmon"))
			continue;
		rc = chip_add(ctx, names.at[i], "", all, why);
		/* the power meter's files are in the device's own folder in many kernels */
		if (!rc && all->n == before)
			rc = chip_add(ctx, names.at[i], "/device", all, why);
	}
	fsroot_names_finish(&names);
	if (!rc && !all->n)
		return fail(why, HG_ENOENT,
			"no power sensor of a known kind in /" HWMON_CLASS
			" (power_meter, ina2xx, ina3221)");
	sensors_relate(all);
	return rc;
}
