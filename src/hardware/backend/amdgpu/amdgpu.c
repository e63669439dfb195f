/*
 * Where there are two sources for a signal, gpu_metrics comes first: energy, power and clock are
 * then of one sample. What it lacks, or has in a revision that is not known, hwmon may have.
 */
#include "amdgpu.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"

#include "hardware/backend/kernel/cards.h"
#include "hardware/backend/kernel/class.h"

#include "dpm.h"
#include "metrics.h"
#include "sampled.h"
#include "topology.h"

/** The firmware's figures are renewed about this often. */
#define PERIOD_NS 1000000

static const char write_fix[] =
	"as root, or udev: ACTION==\"add\", SUBSYSTEM==\"hwmon\", ATTR{name}==\"amdgpu\", "
	"RUN+=\"/bin/chmod a+w /sys%p/power1_cap\"";

/** What only this backend knows of a device. */
struct gpu {
	char dir[KERNEL_PATH];   /* of the PCI device */
	char hwmon[KERNEL_PATH]; /* "" none */
	char metrics_path[KERNEL_PATH];
	struct metrics metrics;       /* latest sample */
	const char *no_metrics;       /* reason; NULL: there are */
	int64_t held[METRICS_FIELDS]; /* counts at the reading before, for `throttle` */
	int64_t throttle;
	struct sampled sampled;
	bool apu; /* processor and GPU in one: figures are of both */
	uint8_t blob[METRICS_MAX];
};

/* ----- gpu_metrics */

static hg_err metrics_read(const struct hg_ctx *ctx, struct gpu *g, hg_error *why)
{
	size_t len;
	hg_err rc =
		fsroot_read_bytes(&ctx->root, g->metrics_path, g->blob, sizeof g->blob, &len, why);

	return rc ? rc : metrics_parse(g->blob, len, &g->metrics, why);
}

/* The counts only grow: what has grown since the reading before kept the clock down. */
static void throttle_take(struct gpu *g)
{
	static const struct {
		enum metrics_field field;
		int64_t bit;
	} of[] = {{METRICS_PROCHOT, HG_THROTTLE_HARDWARE}, {METRICS_LIMIT, HG_THROTTLE_POWER_LIMIT},
		{METRICS_HEAT, HG_THROTTLE_HEAT}};

	g->throttle = 0;
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		enum metrics_field f = of[i].field;

		if (g->metrics.has[f] && g->metrics.value[f] != g->held[f])
			g->throttle |= of[i].bit;
		g->held[f] = g->metrics.value[f];
	}
}

static hg_err sample(struct kernel_device *d)
{
	if (metrics_read(d->ctx, d->more, NULL))
		return HG_EDEVICE;
	throttle_take(d->more);
	return HG_OK;
}

static void taken(struct kernel_device *d, int64_t *t0_ns, int64_t *t1_ns)
{
	struct gpu *g = d->more;

	if (g->metrics.has[METRICS_STAMP])
		sampled_between(&g->sampled, g->metrics.value[METRICS_STAMP],
			g->metrics.value[METRICS_ENERGY], t0_ns, t1_ns);
}

static hg_err field(const struct kernel_device *d, unsigned i, int64_t *value)
{
	const struct gpu *g = d->more;

	if (i == METRICS_FIELDS) {
		*value = g->throttle;
		return g->metrics.has[METRICS_LIMIT] ? HG_OK : HG_EDEVICE;
	}
	if (!g->metrics.has[i])
		return HG_EDEVICE;
	*value = g->metrics.value[i];
	return HG_OK;
}

/* ----- signals */

static const hg_signal_info infos[METRICS_SM_CLOCK + 1] = {
	[METRICS_ENERGY] = {.agg = HG_AGG_SUM,
		.behaviour = HG_MONOTONE,
		.name = "energy",
		.unit = "uJ",
		.text = "energy of the card, counted by its firmware in 2^-16 J (15.2588 uJ)",
		.domain = "gpu",
		.resolution = METRICS_ENERGY_STEP_UJ,
		.period_ns = PERIOD_NS},
	[METRICS_POWER] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power",
		.unit = "mW",
		.text = "power of the socket, as the firmware averages it",
		.domain = "gpu",
		.resolution = 1000,
		.period_ns = PERIOD_NS},
	[METRICS_SM_CLOCK] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "sm_clock",
		.unit = "Hz",
		.text = "clock of the compute units, mean over the chiplets",
		.domain = "gpu",
		.resolution = 1000000,
		.period_ns = PERIOD_NS},
};

static const hg_signal_info throttle = {.agg = HG_AGG_SAME,
	.behaviour = HG_VARIABLE,
	.name = "throttle",
	.unit = "bits",
	.text = "why the clock was lower than asked since the reading before",
	.domain = "gpu",
	.resolution = 1,
	.period_ns = PERIOD_NS};

static const hg_signal_info memory_clock = {.agg = HG_AGG_MEAN,
	.behaviour = HG_VARIABLE,
	.name = "memory_clock",
	.unit = "Hz",
	.text = "clock of the memory",
	.domain = "memory",
	.resolution = 1000000,
	.period_ns = PERIOD_NS};

static const hg_signal_info temperature = {.agg = HG_AGG_MEAN,
	.behaviour = HG_VARIABLE,
	.name = "temperature",
	.unit = "mC",
	.text = "temperature of the chip: its hottest point where that is told, else its edge",
	.domain = "gpu",
	.resolution = 1000,
	.period_ns = PERIOD_NS};

static const hg_signal_info memory_temperature = {.agg = HG_AGG_MEAN,
	.behaviour = HG_VARIABLE,
	.name = "memory_temperature",
	.unit = "mC",
	.text = "temperature of the memory",
	.domain = "memory",
	.resolution = 1000,
	.period_ns = PERIOD_NS};

static const hg_signal_info utilisation = {.agg = HG_AGG_MEAN,
	.behaviour = HG_VARIABLE,
	.name = "utilisation",
	.unit = "ppm",
	.text = "share of time in which the compute units had work",
	.domain = "gpu",
	.resolution = 10000,
	.period_ns = PERIOD_NS};

static bool power_file(const struct hg_ctx *ctx, const struct gpu *g, char path[KERNEL_PATH])
{
	/* renamed by kernels and chips: either may be there */
	return g->hwmon[0] &&
	       ((kernel_path(path, g->hwmon, "power1_average") && kernel_there(ctx, path)) ||
		       (kernel_path(path, g->hwmon, "power1_input") && kernel_there(ctx, path)));
}

/* One of the signals that gpu_metrics may have; else hwmon's, else absent. */
static void add_either(struct kernel_device *d, struct gpu *g, enum metrics_field f)
{
	char path[KERNEL_PATH];
	hg_signal_info info = infos[f];
	bool zero = f == METRICS_ENERGY && g->metrics.value[f] == 0;

	if (g->apu && f != METRICS_SM_CLOCK)
		info.domain = "package";
	if (!g->no_metrics && g->metrics.has[f] && !zero) {
		info.stamped = g->metrics.has[METRICS_STAMP];
		(void)kernel_add_field(d, &info, f);
	} else if (f == METRICS_POWER && power_file(d->ctx, g, path)) {
		info.text = "power of the card, as the driver averages it";
		info.resolution = 1;
		(void)kernel_add_signal(d, &info, path, (struct kernel_scale){1, 1000});
	} else if (f == METRICS_SM_CLOCK &&
		   kernel_channel(d->ctx, g->hwmon, "freq", "sclk", "input", path)) {
		info.text = "clock of the compute units";
		(void)kernel_add_signal(d, &info, path, (struct kernel_scale){1, 1});
	} else if (g->no_metrics) {
		(void)kernel_add_absent(d, &info, g->no_metrics);
	} else {
		(void)kernel_add_absent(d, &info,
			kernel_format(d, "/%s (revision %u.%u) %s", g->metrics_path,
				g->metrics.format, g->metrics.content,
				zero ? "has a counter of 0: this part does not count "
				       "energy, or the other die of its card does for both"
				     : "does not have it"));
	}
}

static void add_channel(struct kernel_device *d, const struct gpu *g, const hg_signal_info *info,
	const char *kind, const char *label, const char *second)
{
	char path[KERNEL_PATH];

	if (kernel_channel(d->ctx, g->hwmon, kind, label, "input", path) ||
		(second && kernel_channel(d->ctx, g->hwmon, kind, second, "input", path)))
		(void)kernel_add_signal(d, info, path, (struct kernel_scale){1, 1});
	else
		(void)kernel_add_absent(d, info,
			kernel_format(d, "no hwmon channel \"%s\" below /%s", label, g->dir));
}

static void add_signals(struct kernel_device *d, struct gpu *g)
{
	char path[KERNEL_PATH];

	for (unsigned f = 0; f <= METRICS_SM_CLOCK; f++)
		add_either(d, g, (enum metrics_field)f);
	if (!g->no_metrics && g->metrics.has[METRICS_LIMIT])
		(void)kernel_add_field(d, &throttle, METRICS_FIELDS);
	else
		(void)kernel_add_absent(d, &throttle,
			g->no_metrics
				? g->no_metrics
				: kernel_format(d,
					  "/%s (revision %u.%u) does not have it: it is there "
					  "since 1.6",
					  g->metrics_path, g->metrics.format, g->metrics.content));
	add_channel(d, g, &memory_clock, "freq", "mclk", NULL);
	add_channel(d, g, &temperature, "temp", "junction", "edge");
	add_channel(d, g, &memory_temperature, "temp", "mem", NULL);
	if (kernel_path(path, g->dir, "gpu_busy_percent"))
		(void)kernel_add_signal(d, &utilisation, path, (struct kernel_scale){10000, 1});
}

/* ----- knobs */

static void add_power_limit(struct kernel_device *d, const struct gpu *g)
{
	kernel_add_cap(d, g->hwmon, "most power that the card may draw; its clock falls to keep it",
		kernel_format(d,
			"no power1_cap below /%s: this part, or this guest, has no power limit",
			g->dir));
}

/* ----- opening */

static const char *id_line(struct kernel_device *d, const struct gpu *g, const char *file)
{
	char path[KERNEL_PATH], text[KERNEL_TEXT];

	if (!kernel_path(path, g->dir, file) || kernel_line(d->ctx, path, text, NULL))
		return "";
	return kernel_format(d, "%.120s", text);
}

static void identify(struct kernel_device *d, const struct gpu *g, const struct card *card)
{
	const char *unique = id_line(d, g, "unique_id"), *name = id_line(d, g, "product_name");

	d->id.vendor = "amd";
	d->id.pci = kernel_format(d, "%s", card->pci);
	/* as HIP writes it; all zeros are no identity */
	if (strspn(unique, "0") < strlen(unique))
		d->id.uuid = kernel_format(d, "GPU-%s", unique);
	d->id.model = kernel_format(d, "%s", card->id);
	d->id.title = *name ? name
			    : kernel_format(d, "AMD GPU %s%s(%s)", card->id, card->id[0] ? " " : "",
				      card->entry);
}

static hg_err card_build(
	struct kernel_device *d, const void *list, size_t i, const char *options, hg_error *why)
{
	static const char *const chips[] = {"amdgpu", NULL};
	const struct card *card = &((const struct cards *)list)->at[i];
	struct gpu *g = arena_alloc(&d->arena, sizeof *g);
	hg_error reason = {""};
	hg_err rc;

	(void)options;
	if (!g)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", d->spec);
	memset(g, 0, sizeof *g);
	d->more = g;
	d->sample = sample;
	d->taken = taken;
	d->field = field;
	d->write_fix = write_fix;
	(void)snprintf(g->dir, sizeof g->dir, DRM_CLASS "/%s/device", card->entry);
	(void)kernel_path(g->metrics_path, g->dir, "gpu_metrics");
	rc = metrics_read(d->ctx, g, &reason);
	if (rc == HG_EFORMAT || rc == HG_EVERSION)
		fail_prefix(&reason, "%s/", g->dir);
	if (rc)
		g->no_metrics = kernel_reason(d, rc, &reason, "");
	g->apu = g->metrics.format > 1 || kfd_apu(d->ctx, card->pci);
	throttle_take(g);
	if (!kernel_hwmon(d->ctx, g->dir, chips, g->hwmon))
		g->hwmon[0] = '\0';
	identify(d, g, card);
	add_signals(d, g);
	add_power_limit(d, g);
	dpm_add(d, g->dir);
	return HG_OK;
}

/* ----- hooks */

static hg_err find(const struct hg_ctx *ctx, void *list, hg_error *why)
{
	static const char *const drivers[] = {"amdgpu", NULL};

	return cards_find(ctx, drivers, "AMD", list, why);
}

static const struct kernel_class cards_class = {.backend = "amdgpu",
	.what = "card of amdgpu",
	.size = sizeof(struct cards),
	.find = find,
	.count = cards_count,
	.name = cards_name,
	.build = card_build};

/* "hip:0" is what HIP calls 0 in this environment. */
static hg_err amdgpu_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct backend_request one = *req;
	uint64_t number;
	char address[24];
	hg_err rc;

	if (strncmp(req->rest, "hip:", 4) != 0 ||
		!uint64_parse(req->rest + 4, strlen(req->rest + 4), &number))
		return kernel_open(&cards_class, req, state, why);
	*state = NULL;
	rc = kfd_hip(req->ctx, number, address, why);
	if (rc) {
		fail_prefix(why, "%.64s: ", req->spec);
		return rc;
	}
	one.rest = address;
	return kernel_open(&cards_class, &one, state, why);
}

static hg_err amdgpu_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	return kernel_discover(&cards_class, ctx, found, why);
}

const struct backend amdgpu_backend = {
	.abi = BACKEND_ABI,
	.name = "amdgpu",
	.text = "AMD GPUs by the kernel's files, amdgpu:0000:03:00.0 or amdgpu:hip:N",
	.open = amdgpu_open,
	.device = &kernel_hooks,
	.discover = amdgpu_discover,
};
