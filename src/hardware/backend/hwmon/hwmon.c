#include "hwmon.h"

#include <string.h>

#include "hardware/backend/kernel/class.h"

#include "sensors.h"

static const char write_fix[] =
	"as root, or udev: ACTION==\"add\", SUBSYSTEM==\"hwmon\", ATTR{name}==\"power_meter\", "
	"RUN+=\"/bin/chmod a+w /sys%p/power1_cap\"";

/* ----- one sensor as a device */

static void add_signals(struct kernel_device *d, const struct sensor *s)
{
	hg_signal_info info = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power",
		.unit = "mW",
		.text = kernel_format(d,
			s->power[0] ? "power, the mean over %.6g ms"
				    : "power, voltage times current of one rail, every %.6g ms",
			(double)s->period_ns * 1e-6),
		.domain = "rail",
		.resolution = 1,
		.period_ns = s->period_ns};

	if (!strcmp(s->chip, "power_meter"))
		info.domain = !strncmp(s->label, "Module-", 7) ? "module"
			      : strstr(s->label, "Socket")     ? "package"
							       : "platform";
	if (s->power[0])
		(void)kernel_add_signal(d, &info, s->power, (struct kernel_scale){1, 1000});
	else
		(void)kernel_add_product(
			d, &info, s->volts, s->amps, (struct kernel_scale){1, 1000});
	info.behaviour = HG_MONOTONE;
	info.name = "energy";
	info.unit = "uJ";
	info.text = "energy used";
	info.resolution = 1;
	(void)kernel_add_absent(d, &info,
		"the sensor counts no energy: it is the integral of the signal power over time");
}

static const char *sensor_uuid(struct kernel_device *d, const struct sensors *all, int i)
{
	return i < 0 ? "" : kernel_format(d, "hwmon-%s", all->at[i].name);
}

/* All that contain sensor i. */
static const char *sensor_wholes(struct kernel_device *d, const struct sensors *all, int i)
{
	const char *text = "";

	for (i = all->at[i].part; i >= 0; i = all->at[i].part)
		text = kernel_wholes_add(d, text, sensor_uuid(d, all, i));
	return text;
}

static hg_err sensor_build(
	struct kernel_device *d, const void *list, size_t i, const char *options, hg_error *why)
{
	const struct sensors *all = list;
	const struct sensor *s = &all->at[i];

	(void)options, (void)why;
	d->write_fix = write_fix;
	d->id.vendor =
		strstr(s->label, "Power-Socket-") || !strcmp(s->chip, "ina3221") ? "nvidia" : "";
	d->id.model = kernel_format(d, "%s", s->chip);
	d->id.title = kernel_format(d, "Power sensor %s of %s (/%s)", s->label, s->chip, s->dir);
	d->id.uuid = sensor_uuid(d, all, (int)i);
	d->id.parent = sensor_uuid(d, all, s->part);
	d->id.wholes = sensor_wholes(d, all, (int)i);
	add_signals(d, s);
	/* the cap is that of the first channel */
	if (strstr(s->power, "/power1_"))
		kernel_add_cap(d, s->dir, "most power that what is measured here may draw", NULL);
	return HG_OK;
}

/* ----- hooks */

static hg_err find(const struct hg_ctx *ctx, void *list, hg_error *why)
{
	return sensors_find(ctx, list, why);
}

static size_t count(const void *list)
{
	return ((const struct sensors *)list)->n;
}

static const char *name(const void *list, size_t i)
{
	return ((const struct sensors *)list)->at[i].name;
}

static const struct kernel_class sensors_class = {.backend = "hwmon",
	.what = "sensor",
	.size = sizeof(struct sensors),
	.find = find,
	.count = count,
	.name = name,
	.build = sensor_build};

static hg_err hwmon_open(const struct backend_request *req, void **state, hg_error *why)
{
	return kernel_open(&sensors_class, req, state, why);
}

static hg_err hwmon_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	return kernel_discover(&sensors_class, ctx, found, why);
}

const struct backend hwmon_backend = {
	.abi = BACKEND_ABI,
	.name = "hwmon",
	.text = "power sensors of Grace sockets and Jetson rails, hwmon:ina3221/VDD_IN",
	.open = hwmon_open,
	.device = &kernel_hooks,
	.discover = hwmon_discover,
};
