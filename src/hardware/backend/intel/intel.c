/*
 * hwmon tells energy and limit of the card as a whole ("card") and of the chip ("pkg"); older
 * kernels have one unlabelled channel, which is the card. power1_max is the limit in force; what
 * the card is made for, and so the default, is power1_rated_max.
 */
#include "intel.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#include "hardware/backend/kernel/class.h"

#include "clocks.h"

/** Where the driver names no lowest limit: this part of the highest. */
#define LOWEST_PART 5

static const char write_fix[] =
	"as root, or udev: ACTION==\"add\", SUBSYSTEM==\"hwmon\", ATTR{name}==\"xe|i915\", "
	"RUN+=\"/bin/sh -c 'chmod a+w /sys%p/power*_max'\"";

/** Which channel of hwmon is what. */
struct channels {
	char hwmon[KERNEL_PATH]; /* "" none */
	bool integrated;         /* a part of the processor */
};

/* A file of the channel "card", else "pkg", else the unlabelled first; false: there is none. */
static bool file_of(const struct hg_ctx *ctx, const struct channels *c, const char *kind,
	const char *what, char path[KERNEL_PATH], const char **label)
{
	static const char *const labels[] = {"card", "pkg"};
	char name[48];

	for (size_t i = 0; i < 2; i++) {
		*label = labels[i];
		if (kernel_channel(ctx, c->hwmon, kind, labels[i], what, path) &&
			kernel_there(ctx, path))
			return true;
	}
	*label = "";
	(void)snprintf(name, sizeof name, "%s1_label", kind);
	if (!*c->hwmon || (kernel_path(path, c->hwmon, name) && kernel_there(ctx, path)))
		return false;
	(void)snprintf(name, sizeof name, "%s1_%s", kind, what);
	return kernel_path(path, c->hwmon, name) && kernel_there(ctx, path);
}

/* ----- signals */

static hg_signal_info energy_info(const struct channels *c, const char *label)
{
	bool chip = !strcmp(label, "pkg");

	return (hg_signal_info){.agg = HG_AGG_SUM,
		.behaviour = HG_MONOTONE,
		.name = "energy",
		.unit = "uJ",
		.text = chip ? "energy of the chip, without the card's memory and fans"
			     : "energy of the card",
		/* of a graphics unit in a processor the "package" is the processor */
		.domain = !c->integrated ? "gpu"
			  : chip         ? "package"
					 : "uncore",
		.resolution = 1,
		.period_ns = 1000000};
}

static void add_energy(struct kernel_device *d, const struct channels *c)
{
	char path[KERNEL_PATH], second[KERNEL_PATH];
	const char *label;
	bool there = file_of(d->ctx, c, "energy", "input", path, &label);
	hg_signal_info info = energy_info(c, label);

	if (there)
		(void)kernel_add_signal(d, &info, path, (struct kernel_scale){1, 1});
	else
		(void)kernel_add_absent(d, &info,
			*c->hwmon ? kernel_format(d,
					    "no energy channel in /%s: levelzero may have it",
					    c->hwmon)
				  : "the driver has no hwmon folder: levelzero may have it");
	if (there && !strcmp(label, "card") &&
		kernel_channel(d->ctx, c->hwmon, "energy", "pkg", "input", second)) {
		info = energy_info(c, "pkg");
		info.name = "package_energy";
		(void)kernel_add_signal(d, &info, second, (struct kernel_scale){1, 1});
	}
	info.name = "power";
	info.behaviour = HG_VARIABLE;
	info.unit = "mW";
	info.text = "power now";
	(void)kernel_add_absent(
		d, &info, "the driver counts energy only: power is the rate of the signal energy");
}

static void add_hwmon(struct kernel_device *d, const struct channels *c, hg_signal_info info,
	const char *kind, const char *label, const char *what, struct kernel_scale scale)
{
	char path[KERNEL_PATH];
	const char *found;
	bool there = label ? kernel_channel(d->ctx, c->hwmon, kind, label, what, path)
			   : file_of(d->ctx, c, kind, what, path, &found);

	info.resolution = info.resolution ? info.resolution : 1;
	if (there && kernel_there(d->ctx, path))
		(void)kernel_add_signal(d, &info, path, scale);
	else
		(void)kernel_add_absent(d, &info,
			kernel_format(d, "the driver's hwmon has no %s*_%s%s%s here", kind, what,
				label ? " labelled " : "", label ? label : ""));
}

static void add_signals(struct kernel_device *d, const struct channels *c)
{
	const struct kernel_scale as_is = {1, 1}, to_mw = {1, 1000}, to_ns = {1000000, 1};
	const hg_signal_info heat = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "temperature",
		.unit = "mC",
		.text = "temperature of the chip",
		.domain = "gpu",
		.resolution = 1000};
	hg_signal_info info = heat;

	add_energy(d, c);
	add_hwmon(d, c, info, "temp", "pkg", "input", as_is);
	info.name = "memory_temperature";
	info.text = "temperature of the memory";
	info.domain = "memory";
	add_hwmon(d, c, info, "temp", "vram", "input", as_is);
	info = (hg_signal_info){.agg = HG_AGG_SUM,
		.behaviour = HG_CONSTANT,
		.name = "power_critical",
		.unit = "mW",
		.text = "power that the card never draws, not even for a moment",
		.domain = "gpu"};
	add_hwmon(d, c, info, "power", NULL, "crit", to_mw);
	info = (hg_signal_info){.agg = HG_AGG_SAME,
		.behaviour = HG_VARIABLE,
		.name = "power_limit_window",
		.unit = "ns",
		.text = "time over which the power limit holds on average",
		.domain = "gpu",
		.resolution = 1000000};
	add_hwmon(d, c, info, "power", NULL, "max_interval", to_ns);
}

/* ----- the power limit */

static int64_t rated_mw(struct kernel_device *d, const struct channels *c)
{
	char path[KERNEL_PATH];
	const char *label;
	int64_t mw;

	if (!file_of(d->ctx, c, "power", "rated_max", path, &label) ||
		kernel_scaled(d->ctx, path, (struct kernel_scale){1, 1000}, &mw, NULL))
		return 0;
	return mw > 0 ? mw : 0;
}

/* Writing 0 would switch the limit off, and on some cards take the file away: the range begins
 * above. */
static void add_limit(struct kernel_device *d, const struct channels *c)
{
	char path[KERNEL_PATH];
	const char *label;
	struct kernel_knob knob = {.scale = {1, 1000},
		.info = {.name = "power_limit",
			.unit = "mW",
			.text = "most power on average that the card may draw; reads 0 where the "
				"limit is off",
			.step = 1}};
	hg_knob_info *info = &knob.info;
	hg_error why = {""};
	hg_err rc;

	if (!file_of(d->ctx, c, "power", "max", path, &label)) {
		info->unsettable = "the driver's hwmon has no power*_max here";
		(void)kernel_add_knob(d, &knob);
		return;
	}
	knob.path = path;
	rc = kernel_scaled(d->ctx, path, knob.scale, &info->current, &why);
	info->max = rated_mw(d, c);
	if (!rc && !info->max && info->current <= 0)
		rc = fail(&why, HG_ERANGE, "%s: no limit is set, and none is rated", path);
	if (rc) {
		info->unsettable = kernel_reason(d, rc, &why, "");
		info->current = info->max = 0;
	} else {
		info->default_value = info->max ? info->max : info->current;
		info->max = info->max > info->current ? info->max : info->current;
		info->min = info->max / LOWEST_PART;
		info->min =
			info->current > 0 && info->current < info->min ? info->current : info->min;
		info->min = info->min ? info->min : 1;
	}
	(void)kernel_add_knob(d, &knob);
}

/* ----- opening */

static hg_err sample(struct kernel_device *d)
{
	return clocks_sample(d->ctx, d->more);
}

static hg_err field(const struct kernel_device *d, unsigned i, int64_t *value)
{
	(void)i;
	*value = ((const struct clocks *)d->more)->throttle;
	return HG_OK;
}

static hg_err card_build(
	struct kernel_device *d, const void *list, size_t i, const char *options, hg_error *why)
{
	static const char *const chips[] = {"xe", "i915", NULL};
	const struct card *card = &((const struct cards *)list)->at[i];
	struct channels c = {.integrated = !strcmp(card->pci, "0000:00:02.0")};
	char dir[KERNEL_PATH];

	(void)options;
	d->sample = sample;
	d->field = field;
	d->write_fix = write_fix;
	(void)snprintf(dir, sizeof dir, DRM_CLASS "/%s/device", card->entry);
	if (!kernel_hwmon(d->ctx, dir, chips, c.hwmon))
		c.hwmon[0] = '\0';
	d->id.vendor = "intel";
	d->id.pci = kernel_format(d, "%s", card->pci);
	d->id.model = kernel_format(d, "%s", card->id);
	d->id.title = kernel_format(d, "Intel GPU %s%s(%s, %s)", card->id, card->id[0] ? " " : "",
		card->entry, card->driver);
	add_signals(d, &c);
	add_limit(d, &c);
	return clocks_add(d, card, why);
}

/* ----- hooks */

static hg_err find(const struct hg_ctx *ctx, void *list, hg_error *why)
{
	static const char *const drivers[] = {"xe", "i915", NULL};

	return cards_find(ctx, drivers, "Intel", list, why);
}

static const struct kernel_class cards_class = {.backend = "intel",
	.what = "card of xe or i915",
	.size = sizeof(struct cards),
	.find = find,
	.count = cards_count,
	.name = cards_name,
	.build = card_build};

static hg_err intel_open(const struct backend_request *req, void **state, hg_error *why)
{
	return kernel_open(&cards_class, req, state, why);
}

static hg_err intel_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	return kernel_discover(&cards_class, ctx, found, why);
}

const struct backend intel_backend = {
	.abi = BACKEND_ABI,
	.name = "intel",
	.text = "Intel GPUs by the kernel's files, intel:0000:03:00.0",
	.open = intel_open,
	.device = &kernel_hooks,
	.discover = intel_discover,
};
