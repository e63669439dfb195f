/*
 * The driver tells power in percent of the rated power, once a minute: least, most and mean of the
 * minute. Watts come of it only with the rated power, which nobody but the user can say, so they
 * are estimates and are called that. There is no counter of energy.
 */
#include "neuron.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"
#include "core/unit.h"

#include "hardware/backend/kernel/class.h"

#define NEURON_DEVICES 128
#define PERIOD_NS      60000000000

/* Since driver 2.31 the folder is the class's. */
static const char *const folders[] = {
	"sys/devices/virtual/neuron_device", "sys/class/neuron_device"};

struct neurons {
	char name[NEURON_DEVICES][16]; /* what it is opened as, "0" */
	char dir[NEURON_DEVICES][64];  /* its folder */
	size_t n;
};

enum field {
	MEAN,
	LEAST,
	MOST,
	POWER,
	FIELDS
};

/** What only this backend knows of a device. */
struct neuron {
	char path[KERNEL_PATH];
	int64_t rated_mw;   /* 0: not told */
	int64_t ppm[POWER]; /* latest sample */
};

/* ----- finding */

static bool is_neuron(const char *entry)
{
	size_t digits = strncmp(entry, "neuron", 6) ? 0 : strspn(entry + 6, "0123456789");

	return digits > 0 && digits < 8 && !entry[6 + digits];
}

static hg_err find(const struct hg_ctx *ctx, void *list, hg_error *why)
{
	struct neurons *all = list;

	for (size_t f = 0; f < sizeof folders / sizeof *folders && !all->n; f++) {
		struct fsroot_names names;
		hg_err rc = fsroot_list(&ctx->root, folders[f], &names, why);

		for (size_t i = 0; i < names.n && all->n < NEURON_DEVICES; i++) {
			if (!is_neuron(names.at[i]))
				continue;
			(void)snprintf(
				all->name[all->n], sizeof all->name[0], "%.8s", names.at[i] + 6);
			(void)snprintf(all->dir[all->n], sizeof all->dir[0], "%s/%.14s", folders[f],
				names.at[i]);
			all->n++;
		}
		fsroot_names_finish(&names);
		if (rc && rc != HG_ENOENT)
			return rc;
	}
	return all->n ? HG_OK
		      : fail(why, HG_ENOENT,
				"no /%s: no Neuron device, or the driver aws-neuronx-dkms is missing",
				folders[0]);
}

static size_t count(const void *list)
{
	return ((const struct neurons *)list)->n;
}

static const char *name(const void *list, size_t i)
{
	return ((const struct neurons *)list)->name[i];
}

/* ----- the file */

static bool percent(struct slice text, int64_t *ppm)
{
	double value;

	text = slice_trim(text);
	if (!double_parse(text.text, text.len, false, &value) || !(value >= 0.0 && value <= 1000.0))
		return false;
	*ppm = (int64_t)(value * 1e4 + 0.5);
	return true;
}

/* "POWER_STATUS_VALID,1733250000,20.10,31.50,25.40" */
static hg_err parse(const char *text, int64_t ppm[POWER], hg_error *why)
{
	static const char invalid[] = "INVALID", valid[] = "VALID";
	struct slice rest = {text, strlen(text)};
	struct slice status = slice_cut(&rest, ','), time = slice_cut(&rest, ',');
	struct slice least = slice_cut(&rest, ','), most = slice_cut(&rest, ',');
	size_t n = sizeof valid - 1, no = sizeof invalid - 1;
	uint64_t stamp;

	time = time.text ? slice_trim(time) : time;
	if (!time.text || !least.text || !most.text || !rest.text ||
		!uint64_parse(time.text, time.len, &stamp))
		return fail(why, HG_EFORMAT,
			"expected STATUS,time,least,most,mean in percent, found \"%.40s\"", text);
	if (status.len < n || memcmp(status.text + status.len - n, valid, n) != 0 ||
		(status.len >= no && !memcmp(status.text + status.len - no, invalid, no)))
		return fail(why, HG_EDEVICE, "no figure yet: \"%.40s\"", text);
	if (!percent(least, &ppm[LEAST]) || !percent(most, &ppm[MOST]) ||
		!percent(rest, &ppm[MEAN]))
		return fail(
			why, HG_EFORMAT, "expected percent from 0 to 1000, found \"%.40s\"", text);
	return HG_OK;
}

static hg_err neuron_read(const struct hg_ctx *ctx, struct neuron *u, hg_error *why)
{
	char text[KERNEL_TEXT];
	hg_err rc = kernel_line(ctx, u->path, text, why);

	if (rc)
		return rc;
	rc = parse(text, u->ppm, why);
	if (rc)
		fail_prefix(why, "%s: ", u->path);
	return rc;
}

static hg_err sample(struct kernel_device *d)
{
	return neuron_read(d->ctx, d->more, NULL) ? HG_EDEVICE : HG_OK;
}

static hg_err field(const struct kernel_device *d, unsigned i, int64_t *value)
{
	const struct neuron *u = d->more;

	*value = i == POWER ? u->ppm[MEAN] / 100 * u->rated_mw / 10000 : u->ppm[i];
	return HG_OK;
}

/* ----- building */

static void add_signals(struct kernel_device *d, const struct neuron *u, const char *absent)
{
	static const char *const names[] = {"power_share", "power_share_least", "power_share_most"};
	static const char *const texts[] = {
		"mean power of the last minute, as a share of the rated",
		"least power of that minute", "most power of that minute"};
	hg_signal_info info = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.unit = "ppm",
		.domain = "accelerator",
		.resolution = 100,
		.period_ns = PERIOD_NS};

	for (unsigned i = MEAN; i <= MOST; i++) {
		info.name = names[i];
		info.text = texts[i];
		if (absent)
			(void)kernel_add_absent(d, &info, absent);
		else
			(void)kernel_add_field(d, &info, i);
	}
	info.agg = HG_AGG_SUM;
	info.name = "power";
	info.unit = "mW";
	info.text = kernel_format(d,
		"estimated: mean share of the last minute times %.6g W, which "
		"the user says is rated",
		(double)u->rated_mw * 1e-3);
	info.resolution = (uint64_t)(u->rated_mw / 10000 + 1);
	if (absent || !u->rated_mw)
		(void)kernel_add_absent(d, &info,
			absent ? absent
			       : kernel_format(d,
					 "only a share of the rated power is told: say how much that "
					 "is, \"%s,rated=400W\", to estimate it",
					 d->spec));
	else
		(void)kernel_add_field(d, &info, POWER);
	info.behaviour = HG_MONOTONE;
	info.name = "energy";
	info.unit = "uJ";
	info.text = "energy used";
	info.resolution = 1;
	(void)kernel_add_absent(d, &info,
		"the device counts no energy: it is the integral of the signal power over time, an "
		"estimate in steps of a minute");
}

/* "rated=400W" */
static hg_err options_read(
	const struct kernel_device *d, const char *options, struct neuron *u, hg_error *why)
{
	double watts;
	hg_err rc;

	if (!*options)
		return HG_OK;
	if (strncmp(options, "rated=", 6) != 0)
		return fail(
			why, HG_EINVAL, "%.64s: \"%.32s\": expected rated=WATTS", d->spec, options);
	rc = quantity_parse(QUANTITY_POWER, options + 6, "rated", &watts, why);
	if (!rc && !(watts >= 1.0 && watts <= 1e5))
		rc = fail(why, HG_EINVAL, "rated: expected 1 W to 100 kW");
	if (rc)
		fail_prefix(why, "%.64s: ", d->spec);
	else
		u->rated_mw = (int64_t)(watts * 1e3 + 0.5);
	return rc;
}

static const char *id_line(struct kernel_device *d, const char *dir, const char *file)
{
	char path[KERNEL_PATH], text[KERNEL_TEXT];

	if (!kernel_path(path, dir, file) || kernel_line(d->ctx, path, text, NULL))
		return "";
	return kernel_format(d, "%.120s", text);
}

static hg_err neuron_build(
	struct kernel_device *d, const void *list, size_t i, const char *options, hg_error *why)
{
	const struct neurons *all = list;
	const char *dir = all->dir[i], *model, *serial, *absent = NULL;
	struct neuron *u = arena_alloc(&d->arena, sizeof *u);
	hg_error reason = {""};
	hg_err rc;

	if (!u)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", d->spec);
	memset(u, 0, sizeof *u);
	d->more = u;
	d->sample = sample;
	d->field = field;
	(void)kernel_path(u->path, dir, "stats/power/utilization");
	rc = options_read(d, options, u, why);
	if (rc)
		return rc;
	rc = neuron_read(d->ctx, u, &reason);
	/* after a start there is nothing for a minute, which is no reason to be absent */
	if (rc && rc != HG_EDEVICE)
		absent = rc == HG_ENOENT
				 ? kernel_format(
					   d, "no /%s: it is there since driver 2.21.37", u->path)
				 : kernel_reason(d, rc, &reason, "");
	model = id_line(d, dir, "info/architecture/device_name");
	serial = id_line(d, dir, "info/serial_number");
	d->id.vendor = "aws";
	d->id.model = model;
	d->id.title = kernel_format(d, "AWS %s (/%s)%s", *model ? model : "Neuron device", dir,
		u->rated_mw ? ", power estimated" : "");
	d->id.uuid = *serial ? kernel_format(d, "neuron-%s", serial)
			     : kernel_format(d, "neuron%s", all->name[i]);
	add_signals(d, u, absent);
	return HG_OK;
}

static const struct kernel_class neurons_class = {.backend = "neuron",
	.what = "Neuron device",
	.size = sizeof(struct neurons),
	.options = true,
	.find = find,
	.count = count,
	.name = name,
	.build = neuron_build};

static hg_err neuron_open(const struct backend_request *req, void **state, hg_error *why)
{
	return kernel_open(&neurons_class, req, state, why);
}

static hg_err neuron_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	return kernel_discover(&neurons_class, ctx, found, why);
}

const struct backend neuron_backend = {
	.abi = BACKEND_ABI,
	.name = "neuron",
	.text = "AWS Neuron devices, neuron:0, or neuron:0,rated=400W to estimate watts",
	.open = neuron_open,
	.device = &kernel_hooks,
	.discover = neuron_discover,
};
