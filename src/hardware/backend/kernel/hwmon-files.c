/* hwmon folders: the one of a device, its channels by label, its power limit. */
#include "kernel.h"

#include <stdio.h>
#include <string.h>

/** Channels of a kind that are looked at. */
#define CHANNELS 8

/** A limit above this is none: virtual functions show UINT64_MAX. */
#define LIMIT_MAX_MW 100000000

bool kernel_there(const struct hg_ctx *ctx, const char *path)
{
	char text[KERNEL_TEXT];

	return fsroot_read(&ctx->root, path, text, sizeof text, NULL) != HG_ENOENT;
}

bool kernel_hwmon(const struct hg_ctx *ctx, const char *device, const char *const *chips,
	char hwmon[KERNEL_PATH])
{
	char dir[KERNEL_PATH], path[KERNEL_PATH], name[KERNEL_TEXT];
	struct fsroot_names names;
	bool found = false;

	if (!kernel_path(dir, device, "hwmon") || fsroot_list(&ctx->root, dir, &names, NULL))
		return false;
	for (size_t i = 0; i < names.n && !found; i++) {
		if (strncmp(names.at[i], "hwmon", 5) != 0 ||
			!kernel_path(hwmon, dir, names.at[i]) ||
			!kernel_path(path, hwmon, "name") || kernel_line(ctx, path, name, NULL))
			continue;
		for (size_t k = 0; chips[k] && !found; k++)
			found = !strcmp(name, chips[k]);
	}
	fsroot_names_finish(&names);
	return found;
}

bool kernel_channel(const struct hg_ctx *ctx, const char *hwmon, const char *kind,
	const char *label, const char *what, char path[KERNEL_PATH])
{
	char name[48], text[KERNEL_TEXT], file[KERNEL_PATH];

	for (int i = 1; *hwmon && i <= CHANNELS; i++) {
		(void)snprintf(name, sizeof name, "%s%d_label", kind, i);
		if (!kernel_path(file, hwmon, name))
			return false;
		if (kernel_line(ctx, file, text, NULL) || strcmp(text, label) != 0)
			continue;
		(void)snprintf(name, sizeof name, "%s%d_%s", kind, i, what);
		return kernel_path(path, hwmon, name);
	}
	return false;
}

static int64_t limit_mw(const struct hg_ctx *ctx, const char *dir, const char *name)
{
	char path[KERNEL_PATH];
	int64_t mw;

	if (!kernel_path(path, dir, name) ||
		kernel_scaled(ctx, path, (struct kernel_scale){1, 1000}, &mw, NULL))
		return -1;
	return mw >= 0 && mw <= LIMIT_MAX_MW ? mw : -1;
}

void kernel_add_cap(struct kernel_device *d, const char *dir, const char *text, const char *missing)
{
	char path[KERNEL_PATH];
	struct kernel_knob knob = {.scale = {1, 1000},
		.info = {.name = "power_limit", .unit = "mW", .text = text, .step = 1000}};
	hg_knob_info *info = &knob.info;

	if (!*dir || !kernel_path(path, dir, "power1_cap") || !kernel_there(d->ctx, path)) {
		info->unsettable = missing;
		if (missing)
			(void)kernel_add_knob(d, &knob);
		return;
	}
	knob.path = path;
	info->min = limit_mw(d->ctx, dir, "power1_cap_min");
	info->max = limit_mw(d->ctx, dir, "power1_cap_max");
	info->current = limit_mw(d->ctx, dir, "power1_cap");
	info->default_value = limit_mw(d->ctx, dir, "power1_cap_default");
	if (info->min < 0 || info->max <= 0 || info->current < 0 || info->min > info->max) {
		info->unsettable = kernel_format(d,
			"/%s: the driver tells no usable range in power1_cap_min and _max", path);
		info->min = info->max = info->current = info->default_value = 0;
	} else if (info->default_value < info->min || info->default_value > info->max) {
		/* not every driver tells it: then it is what was set when the device was opened */
		info->default_value = info->current;
	}
	(void)kernel_add_knob(d, &knob);
}
