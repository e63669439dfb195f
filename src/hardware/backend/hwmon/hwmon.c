#include "hwmon.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"

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
		.text = s->power[0] ? "power, the mean over the sensor's own period"
				    : "power, voltage times current of one rail",
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
		text = kernel_format(d, "%s%s%s", text, *text ? " " : "", sensor_uuid(d, all, i));
	return text;
}

static hg_err sensor_open(const struct backend_request *req, const struct sensors *all, int i,
	void **state, hg_error *why)
{
	const struct sensor *s = &all->at[i];
	struct kernel_device *d = kernel_create(req, why);

	if (!d)
		return HG_ENOMEM;
	d->write_fix = write_fix;
	d->id.vendor =
		strstr(s->label, "Power-Socket-") || !strcmp(s->chip, "ina3221") ? "nvidia" : "";
	d->id.model = kernel_format(d, "%s", s->chip);
	d->id.title = kernel_format(d, "Power sensor %s of %s (/%s)", s->label, s->chip, s->dir);
	d->id.uuid = sensor_uuid(d, all, i);
	d->id.parent = sensor_uuid(d, all, s->part);
	d->id.wholes = sensor_wholes(d, all, i);
	add_signals(d, s);
	/* the cap is that of the first channel */
	if (strstr(s->power, "/power1_"))
		kernel_add_cap(d, s->dir, "most power that what is measured here may draw", NULL);
	return kernel_finish(d, state, why);
}

/* ----- hooks */

static hg_err no_sensor(const struct sensors *all, const struct backend_request *req, hg_error *why)
{
	const char *names[SENSORS], *near;

	for (size_t i = 0; i < all->n; i++)
		names[i] = all->at[i].name;
	near = nearest_word(req->rest, names, all->n);
	if (near)
		return fail(why, HG_ENOENT, "%.64s: no such sensor; did you mean \"hwmon:%s\"?",
			req->spec, near);
	return fail(why, HG_ENOENT,
		"%.64s: no such sensor; there are %zu, the first is \"hwmon:%s\"", req->spec,
		all->n, names[0]);
}

static hg_err hwmon_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct sensors *all = calloc(1, sizeof *all);
	hg_err rc;

	*state = NULL;
	if (!all)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
	rc = sensors_find(req->ctx, all, why);
	if (rc) {
		fail_prefix(why, "%.64s: ", req->spec);
		goto out;
	}
	rc = no_sensor(all, req, why);
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->at[i].name, req->rest)) {
			rc = sensor_open(req, all, (int)i, state, why);
			break;
		}
out:
	free(all);
	return rc;
}

static hg_err hwmon_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	struct sensors *all = calloc(1, sizeof *all);
	hg_err rc;

	if (!all)
		return fail(why, HG_ENOMEM, "hwmon: out of memory");
	rc = sensors_find(ctx, all, why);
	for (size_t i = 0; !rc && i < all->n; i++)
		backend_found(found, all->at[i].name);
	free(all);
	return rc;
}

const struct backend hwmon_backend = {
	.abi = BACKEND_ABI,
	.name = "hwmon",
	.text = "power sensors of Grace sockets and Jetson rails, hwmon:ina3221/VDD_IN",
	.open = hwmon_open,
	.close = kernel_close,
	.info = kernel_info,
	.signals = kernel_signals,
	.signal = kernel_signal,
	.read = kernel_read,
	.now = kernel_now,
	.knobs = kernel_knobs,
	.knob = kernel_knob,
	.set = kernel_set,
	.discover = hwmon_discover,
};
