#include "clocks.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#define MHZ_HZ 1000000

/** Where a driver has its files; "%d" in the folder is the tile. */
struct place {
	const char *driver, *folder;
	bool device;                                 /* below the PCI device, not the card */
	const char *actual, *min, *max, *low, *high; /* names in the folder */
	const char *reasons, *prefix;                /* folder in the folder, "" it itself */
};

static const struct place places[] = {
	{"xe", "tile%d/gt0/freq0", true, "act_freq", "min_freq", "max_freq", "rpn_freq", "rp0_freq",
		"throttle", "reason_"},
	{"i915", "gt/gt%d", false, "rps_act_freq_mhz", "rps_min_freq_mhz", "rps_max_freq_mhz",
		"rps_RPn_freq_mhz", "rps_RP0_freq_mhz", "", "throttle_reason_"},
	/* before Linux 5.18 */
	{"i915", "", false, "gt_act_freq_mhz", "gt_min_freq_mhz", "gt_max_freq_mhz",
		"gt_RPn_freq_mhz", "gt_RP0_freq_mhz", "", "gt_throttle_reason_"},
};

/* ----- finding the files */

static const char *path_in(struct kernel_device *d, const char *dir, const char *name)
{
	return kernel_format(d, "%s/%s", dir, name);
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* "pl1" are limits of power, "thermal", "prochot" and "ratl" (running average) of heat. */
static int64_t reason_bit(const char *name)
{
	const char *pl = strstr(name, "pl");

	if (pl && pl[2] >= '1' && pl[2] <= '4' && !pl[3])
		return HG_THROTTLE_POWER_LIMIT;
	if (has(name, "therm") || has(name, "prochot") || has(name, "ratl"))
		return HG_THROTTLE_HEAT;
	return HG_THROTTLE_HARDWARE;
}

static void reasons_find(
	struct kernel_device *d, struct clocks *c, const struct place *p, const char *dir)
{
	char folder[KERNEL_PATH];
	struct fsroot_names names;

	if (snprintf(folder, sizeof folder, "%s%s%s", dir, *p->reasons ? "/" : "", p->reasons) >=
			(int)sizeof folder ||
		fsroot_list(&d->ctx->root, folder, &names, NULL))
		return;
	for (size_t i = 0; i < names.n && c->n_reasons < REASONS; i++) {
		const char *name = names.at[i];

		/* "status" says that there is a reason, not which */
		if (strncmp(name, p->prefix, strlen(p->prefix)) != 0 || has(name, "status") ||
			strlen(name) > 64)
			continue;
		c->reasons[c->n_reasons++] = (struct reason){
			path_in(d, folder, name), reason_bit(name + strlen(p->prefix))};
	}
	fsroot_names_finish(&names);
}

/* The folder of a place for a tile; false: it does not fit. */
static bool place_folder(
	const struct place *p, const struct card *card, int tile, char dir[KERNEL_PATH])
{
	char sub[64];
	const char *at = strchr(p->folder, '%');
	int n = at ? snprintf(sub, sizeof sub, "%.*s%d%s", (int)(at - p->folder), p->folder, tile,
			     at + 2)
		   : snprintf(sub, sizeof sub, "%s", p->folder);

	if (n < 0 || n >= (int)sizeof sub)
		return false;
	n = snprintf(dir, KERNEL_PATH, DRM_CLASS "/%s%s%s%s", card->entry,
		p->device ? "/device" : "", *sub ? "/" : "", sub);
	return n > 0 && n < KERNEL_PATH;
}

/* i915 shows the media engine as a second "gt": only xe's folders are tiles. */
static void tiles_find(
	struct kernel_device *d, struct clocks *c, const struct place *p, const struct card *card)
{
	int most = p->device ? TILES : 1;
	char dir[KERNEL_PATH], path[KERNEL_PATH];

	for (int i = 0; i < most; i++) {
		struct tile *t = &c->tiles[c->n_tiles];

		if (!place_folder(p, card, i, dir) || !kernel_path(path, dir, p->max) ||
			!kernel_there(d->ctx, path))
			continue;
		*t = (struct tile){path_in(d, dir, p->actual), path_in(d, dir, p->min),
			path_in(d, dir, p->max), path_in(d, dir, p->low), path_in(d, dir, p->high)};
		c->n_tiles++;
		reasons_find(d, c, p, dir);
	}
}

hg_err clocks_sample(const struct hg_ctx *ctx, struct clocks *c)
{
	c->throttle = 0;
	for (size_t i = 0; i < c->n_reasons; i++) {
		int64_t on;

		if (kernel_number(ctx, c->reasons[i].path, &on, NULL))
			return HG_EDEVICE;
		c->throttle |= on ? c->reasons[i].bit : 0;
	}
	return HG_OK;
}

/* ----- the clock as a knob */

/* The lock is what lowest and highest clock agree on; 0: they differ, there is none. */
static hg_err lock_current(
	const struct kernel_device *d, const struct kernel_knob *k, int64_t *value, hg_error *why)
{
	const struct clocks *c = k->more;
	int64_t min, max;
	hg_err rc = kernel_number(d->ctx, c->tiles[0].min, &min, why);

	rc = rc ? rc : kernel_number(d->ctx, c->tiles[0].max, &max, why);
	if (!rc && (min < 0 || max < 0 || max > INT32_MAX))
		rc = fail(why, HG_ERANGE, "%s: not a clock", c->tiles[0].max);
	*value = !rc && min == max ? min * MHZ_HZ : 0;
	return rc;
}

/* The driver refuses a lowest clock above the highest at any moment. */
static hg_err tile_write(const struct hg_ctx *ctx, const struct tile *t, int64_t min_mhz,
	int64_t max_mhz, hg_error *why)
{
	char min[32], max[32];
	int64_t now_max;
	hg_err rc = kernel_number(ctx, t->max, &now_max, why);
	bool max_first = !rc && min_mhz > now_max;

	(void)snprintf(min, sizeof min, "%lld", (long long)min_mhz);
	(void)snprintf(max, sizeof max, "%lld", (long long)max_mhz);
	rc = rc ? rc
		: fsroot_write(&ctx->root, max_first ? t->max : t->min, max_first ? max : min, why);
	return rc ? rc
		  : fsroot_write(
			    &ctx->root, max_first ? t->min : t->max, max_first ? min : max, why);
}

static hg_err lock_write(
	struct kernel_device *d, const struct kernel_knob *k, int64_t value, hg_error *why)
{
	const struct clocks *c = k->more;
	int64_t mhz = value / MHZ_HZ;
	hg_err rc = HG_OK;

	for (size_t i = 0; !rc && i < c->n_tiles; i++)
		rc = tile_write(
			d->ctx, &c->tiles[i], mhz ? mhz : c->min_mhz, mhz ? mhz : c->max_mhz, why);
	return rc;
}

static void add_lock(struct kernel_device *d, struct clocks *c)
{
	const struct tile *t = &c->tiles[0];
	struct kernel_knob knob = {.path = t->max,
		.scale = {MHZ_HZ, 1},
		.write = lock_write,
		.current = lock_current,
		.more = c,
		.info = {.name = "sm_clock",
			.unit = "Hz",
			.text = "locked clock of the compute units, of all tiles; 0: not locked",
			.step = MHZ_HZ}};
	hg_error why = {""};
	hg_err rc = kernel_number(d->ctx, t->lowest, &c->min_mhz, &why);

	rc = rc ? rc : kernel_number(d->ctx, t->highest, &c->max_mhz, &why);
	if (!rc && (c->min_mhz <= 0 || c->max_mhz < c->min_mhz || c->max_mhz > INT32_MAX))
		rc = fail(&why, HG_ERANGE, "%s: no usable range", t->highest);
	if (rc) {
		knob.info.unsettable = kernel_reason(d, rc, &why, "");
	} else {
		knob.info.min = c->min_mhz * MHZ_HZ;
		knob.info.max = c->max_mhz * MHZ_HZ;
	}
	(void)kernel_add_knob(d, &knob);
}

static void add_clocks(struct kernel_device *d, const struct clocks *c, const struct card *card)
{
	hg_signal_info info = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "sm_clock",
		.unit = "Hz",
		.text = "clock of the compute units of the first tile; 0 while it is switched off",
		.domain = "gpu",
		.resolution = MHZ_HZ,
		.period_ns = 1000000};

	for (size_t i = 0; i < c->n_tiles; i++) {
		(void)kernel_add_signal(
			d, &info, c->tiles[i].actual, (struct kernel_scale){MHZ_HZ, 1});
		info.name = kernel_format(d, "sm_clock_tile%zu", i + 1);
		info.text = "clock of the compute units of another tile";
	}
	if (!c->n_tiles)
		(void)kernel_add_absent(d, &info,
			kernel_format(d, "no frequency files of %s below /" DRM_CLASS "/%s",
				card->driver, card->entry));
}

hg_err clocks_add(struct kernel_device *d, const struct card *card, hg_error *why)
{
	static const hg_signal_info throttle = {.agg = HG_AGG_SAME,
		.behaviour = HG_VARIABLE,
		.name = "throttle",
		.unit = "bits",
		.text = "why the clock is lower than asked",
		.domain = "gpu",
		.resolution = 1};
	struct clocks *c = arena_alloc(&d->arena, sizeof *c);

	if (!c)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", d->spec);
	memset(c, 0, sizeof *c);
	d->more = c;
	for (size_t i = 0; !c->n_tiles && i < sizeof places / sizeof *places; i++)
		if (!strcmp(places[i].driver, card->driver))
			tiles_find(d, c, &places[i], card);
	add_clocks(d, c, card);
	if (c->n_reasons && clocks_sample(d->ctx, c) == HG_OK)
		(void)kernel_add_field(d, &throttle, 0);
	else
		(void)kernel_add_absent(d, &throttle,
			c->n_reasons ? "the files that say why cannot be read"
				     : "this kernel has no files that say why");
	if (c->n_tiles)
		add_lock(d, c);
	return HG_OK;
}
