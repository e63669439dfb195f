#include "rapl.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#include "hardware/backend/kernel/class.h"

#include "zones.h"

/** Constraints of a zone: long_term, short_term, peak_power. */
#define CONSTRAINTS 3
/** Where the driver names no lowest limit: this part of the highest. */
#define LOWEST_PART 5
/** The counter moves by at most this; most processors count in 2^-14 J or finer. */
#define RESOLUTION_UJ 62

static const char read_fix[] =
	"udev: ACTION==\"add\", SUBSYSTEM==\"powercap\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj\" "
	"(then: udevadm trigger -c add -s powercap); or for one program: setcap "
	"cap_dac_read_search+ep PROGRAM";
static const char write_fix[] =
	"as root, or udev: ACTION==\"add\", SUBSYSTEM==\"powercap\", RUN+=\"/bin/chmod a+w "
	"/sys%p/constraint_0_power_limit_uw\"";

static const char *const domains[] = {
	[RAPL_PACKAGE] = "package",
	[RAPL_CORE] = "core",
	[RAPL_UNCORE] = "uncore",
	[RAPL_DRAM] = "dram",
	[RAPL_PSYS] = "platform",
	[RAPL_OTHER] = "other",
};

static const char *const texts[] = {
	[RAPL_PACKAGE] = "energy of a package, cores and graphics included, memory not",
	[RAPL_CORE] = "energy of the cores, a part of the package's",
	[RAPL_UNCORE] = "energy of the graphics unit, a part of the package's",
	[RAPL_DRAM] = "energy of the memory, not a part of the package's",
	[RAPL_PSYS] = "energy of the whole platform, packages and memory included",
	[RAPL_OTHER] = "energy of a part of the zone above",
};

/* ----- one zone as a device */

/** What counts by perf. */
struct counter {
	int fd;
	double joule; /* of one count */
};

static hg_err counter_get(const struct kernel_signal *s, int64_t *value, hg_error *why)
{
	const struct counter *c = s->more;
	uint64_t count;
	hg_err rc = perf_counter_read(c->fd, &count, why);
	double uj;

	if (rc)
		return rc;
	uj = (double)count * c->joule * 1e6;
	if (!(uj < 9e18))
		return fail(why, HG_ERANGE, "perf: %llu is too large", (unsigned long long)count);
	*value = (int64_t)uj;
	return HG_OK;
}

static void counter_closed(struct kernel_device *d)
{
	perf_counter_close(((struct counter *)d->more)->fd);
}

/* Perf is preferred: it keeps 64 bits, and does not wrap. @return whether it counts this zone */
static bool add_by_perf(struct kernel_device *d, const struct rapl_zones *zones, size_t i,
	hg_signal_info info, hg_error *why)
{
	struct counter *c;
	enum perf_event event;
	int64_t cpu;
	int fd;

	if (!rapl_zone_event(zones, i, &event, &cpu) ||
		perf_counter_open(d->ctx, &zones->pmu, event, cpu, &fd, why))
		return false;
	c = arena_alloc(&d->arena, sizeof *c);
	if (!c) {
		d->failed = HG_ENOMEM;
		perf_counter_close(fd);
		return true;
	}
	*c = (struct counter){fd, zones->pmu.joule[event]};
	d->more = c;
	d->closed = counter_closed;
	info.resolution = (uint64_t)(c->joule * 1e6) + 1;
	(void)kernel_add_get(d, &info, counter_get, 0, c);
	return true;
}

static void add_by_powercap(struct kernel_device *d, const struct rapl_zone *z, hg_signal_info info,
	const hg_error *no_perf)
{
	char path[KERNEL_PATH];
	struct kernel_signal *s;
	hg_error why = {""};
	int64_t range = 0;
	hg_err rc;

	if (!*z->entry) {
		(void)kernel_add_absent(d, &info, kernel_format(d, "%s", no_perf->text));
		return;
	}
	(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/max_energy_range_uj", z->entry);
	rc = kernel_number(d->ctx, path, &range, &why);
	if (!rc && (range <= 0 || range == INT64_MAX))
		rc = fail(&why, HG_ERANGE, "%s: %lld cannot be where a counter wraps", path,
			(long long)range);
	/* without the point it wraps at, a difference of two readings means nothing */
	if (rc)
		info.absent = kernel_reason(d, rc, &why, d->read_fix);
	else
		info.modulus = (uint64_t)range + 1;
	(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/energy_uj", z->entry);
	s = kernel_add_signal(d, &info, path, (struct kernel_scale){1, 1});
	if (s->info.absent && *no_perf->text)
		s->info.absent = kernel_format(d, "%s; %s", s->info.absent, no_perf->text);
}

static void add_energy(struct kernel_device *d, const struct rapl_zones *zones, size_t i)
{
	const struct rapl_zone *z = &zones->at[i];
	hg_error no_perf = {""};
	hg_signal_info info = {.agg = HG_AGG_SUM,
		.behaviour = HG_MONOTONE,
		.name = "energy",
		.unit = "uJ",
		.text = texts[z->kind],
		.domain = domains[z->kind],
		.resolution = RESOLUTION_UJ,
		.period_ns = 1000000};

	if (zones->sgx) {
		info.text = kernel_format(d,
			"%s; SGX is on, so the processor blurs this counter: short windows may be "
			"wrong by up to a half",
			texts[z->kind]);
		ctx_log(d->ctx, HG_LOG_WARN, "rapl", "%s: %s", d->spec, info.text);
	}
	if (!add_by_perf(d, zones, i, info, &no_perf))
		add_by_powercap(d, z, info, &no_perf);
	info = (hg_signal_info){.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power",
		.unit = "mW",
		.text = "power now",
		.domain = domains[z->kind],
		.resolution = 1};
	(void)kernel_add_absent(
		d, &info, "RAPL counts energy only: power is the rate of the signal energy");
}

/* A number of a constraint in mW; 0: there is none, or the driver does not know. */
static int64_t constraint_mw(const struct hg_ctx *ctx, const char *entry, int k, const char *what)
{
	char path[KERNEL_PATH];
	int64_t mw;

	(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/constraint_%d_%s", entry, k, what);
	if (kernel_scaled(ctx, path, (struct kernel_scale){1, 1000}, &mw, NULL) || mw < 0)
		return 0;
	return mw;
}

static const char *constraint_knob(struct kernel_device *d, const char *entry, int k)
{
	char path[KERNEL_PATH], name[KERNEL_TEXT];

	(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/constraint_%d_name", entry, k);
	if (kernel_line(d->ctx, path, name, NULL))
		return kernel_format(d, k ? "power_limit_%d" : "power_limit", k);
	if (!strcmp(name, "long_term"))
		return "power_limit";
	return kernel_format(d, "power_limit_%.32s", name);
}

static const char *constraint_text(struct kernel_device *d, const char *entry, int k)
{
	static const char text[] =
		"power limit of this zone; the default is what was set when the device was opened";
	char path[KERNEL_PATH];
	int64_t us;

	(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/constraint_%d_time_window_us", entry, k);
	if (kernel_number(d->ctx, path, &us, NULL) || us <= 0)
		return text;
	return kernel_format(d, "on average over %.6g s: %s", (double)us * 1e-6, text);
}

static const char *zone_disabled(struct kernel_device *d, const char *entry)
{
	char path[KERNEL_PATH];
	int64_t on;

	(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/enabled", entry);
	if (kernel_number(d->ctx, path, &on, NULL) || on)
		return NULL;
	return kernel_format(d, "the limits of this zone are off; as root: echo 1 > /%s", path);
}

/* The range is [lowest, highest] as the driver names them. Where it names no highest, what the
 * firmware set is the highest that is known to be safe. */
static void knob_range(struct kernel_device *d, const char *entry, int k, struct kernel_knob *knob)
{
	hg_knob_info *info = &knob->info;
	hg_error why = {""};
	hg_err rc = kernel_scaled(d->ctx, knob->path, knob->scale, &info->current, &why);

	if (!rc && info->current <= 0)
		rc = fail(&why, HG_ERANGE, "%s: no limit is set", knob->path);
	if (rc) {
		info->current = 0;
		info->unsettable = kernel_reason(d, rc, &why, d->read_fix);
		return;
	}
	info->default_value = info->current;
	info->max = constraint_mw(d->ctx, entry, k, "max_power_uw");
	info->max = info->max > info->current ? info->max : info->current;
	info->min = constraint_mw(d->ctx, entry, k, "min_power_uw");
	if (!info->min)
		info->min = info->max / LOWEST_PART;
	info->min = info->min < info->current ? info->min : info->current;
	info->unsettable = zone_disabled(d, entry);
}

static void add_limits(struct kernel_device *d, const struct rapl_zone *z)
{
	char path[KERNEL_PATH];
	struct kernel_knob knob;

	for (int k = 0; k < CONSTRAINTS; k++) {
		(void)snprintf(path, sizeof path, RAPL_CLASS "/%s/constraint_%d_power_limit_uw",
			z->entry, k);
		knob = (struct kernel_knob){.path = path, .scale = {1, 1000}};
		knob.info = (hg_knob_info){
			.unit = "mW", .text = constraint_text(d, z->entry, k), .step = 1};
		if (kernel_number(d->ctx, path, &(int64_t){0}, NULL) == HG_ENOENT) {
			if (k || z->kind != RAPL_PACKAGE)
				continue;
			knob.info.name = "power_limit";
			knob.info.unsettable = kernel_format(
				d, "no /%s: the processor or its driver has none", path);
			knob.path = NULL;
		} else {
			knob.info.name = constraint_knob(d, z->entry, k);
			knob_range(d, z->entry, k, &knob);
		}
		(void)kernel_add_knob(d, &knob);
	}
}

static const char *zone_uuid(struct kernel_device *d, const struct rapl_zones *zones, int i)
{
	return i < 0 ? "" : kernel_format(d, "rapl-%s", zones->at[i].label);
}

/* All that contain zone i, "rapl-package-0 rapl-psys". */
static const char *zone_wholes(struct kernel_device *d, const struct rapl_zones *zones, int i)
{
	const char *all = "";

	for (i = zones->at[i].part; i >= 0; i = zones->at[i].part)
		all = kernel_wholes_add(d, all, zone_uuid(d, zones, i));
	return all;
}

static hg_err zone_build(
	struct kernel_device *d, const void *list, size_t i, const char *options, hg_error *why)
{
	const struct rapl_zones *zones = list;
	const struct rapl_zone *z = &zones->at[i];

	(void)options, (void)why;
	d->read_fix = read_fix;
	d->write_fix = write_fix;
	d->id.vendor = zones->vendor;
	d->id.model = kernel_format(d, "rapl-%s", domains[z->kind]);
	d->id.title = kernel_format(
		d, "RAPL %s (/%s%s)", z->label, *z->entry ? RAPL_CLASS "/" : PERF_PMU, z->entry);
	d->id.uuid = zone_uuid(d, zones, (int)i);
	d->id.parent = zone_uuid(d, zones, z->part);
	d->id.wholes = zone_wholes(d, zones, (int)i);
	add_energy(d, zones, i);
	if (*z->entry)
		add_limits(d, z);
	return HG_OK;
}

/* ----- hooks */

static hg_err find(const struct hg_ctx *ctx, void *list, hg_error *why)
{
	return rapl_zones_find(ctx, list, why);
}

static size_t count(const void *list)
{
	return ((const struct rapl_zones *)list)->n;
}

static const char *label(const void *list, size_t i)
{
	return ((const struct rapl_zones *)list)->at[i].label;
}

static const struct kernel_class zones_class = {.backend = "rapl",
	.what = "RAPL zone",
	.size = sizeof(struct rapl_zones),
	.find = find,
	.count = count,
	.name = label,
	.build = zone_build};

static hg_err rapl_open(const struct backend_request *req, void **state, hg_error *why)
{
	return kernel_open(&zones_class, req, state, why);
}

static hg_err rapl_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	return kernel_discover(&zones_class, ctx, found, why);
}

const struct backend rapl_backend = {
	.abi = BACKEND_ABI,
	.name = "rapl",
	.text = "energy and power limits of processors and memory (perf, powercap), "
		"rapl:package-0",
	.open = rapl_open,
	.device = &kernel_hooks,
	.discover = rapl_discover,
};
