#include "dpm.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

#define MHZ_HZ    1000000
#define LIST_TEXT 2048
#define CLOCKS    2

struct dpm;

/** One clock. */
struct dpm_clock {
	struct dpm *dpm;
	const char *path;
	int64_t hz[DPM_LEVELS];
	size_t n;
	int64_t held; /* locked here; 0 not */
};

struct dpm {
	const char *level; /* file with the mode */
	struct dpm_clock clocks[CLOCKS];
};

size_t dpm_parse(const char *text, int64_t hz[DPM_LEVELS])
{
	struct slice rest = {text, strlen(text)};
	size_t n = 0;

	while (rest.text && n < DPM_LEVELS) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));
		struct slice number = slice_cut(&line, ':');
		uint64_t index, mhz;
		size_t digits = 0;

		if (!line.text || !uint64_parse(number.text, number.len, &index))
			continue;
		line = slice_trim(line);
		while (digits < line.len && line.text[digits] >= '0' && line.text[digits] <= '9')
			digits++;
		if (index != n || !uint64_parse(line.text, digits, &mhz) || mhz > 100000 ||
			line.len < digits + 3 || (line.text[digits] | 0x20) != 'm')
			return 0;
		hz[n] = (int64_t)mhz * MHZ_HZ;
		if (!mhz || (n && hz[n] <= hz[n - 1]))
			return 0;
		n++;
	}
	return n;
}

/* ----- the lock */

static bool manual(const struct hg_ctx *ctx, const struct dpm *dpm)
{
	char text[KERNEL_TEXT];

	return kernel_line(ctx, dpm->level, text, NULL) == HG_OK && !strcmp(text, "manual");
}

/* Another mode, set by whomever, undoes every lock. */
static hg_err lock_current(
	const struct kernel_device *d, const struct kernel_knob *k, int64_t *value, hg_error *why)
{
	const struct dpm_clock *c = k->more;
	char text[KERNEL_TEXT];
	hg_err rc = kernel_line(d->ctx, c->dpm->level, text, why);

	*value = !rc && !strcmp(text, "manual") ? c->held : 0;
	return rc;
}

static size_t nearest(const struct dpm_clock *c, int64_t value)
{
	size_t best = 0;

	for (size_t i = 1; i < c->n; i++)
		if (value - c->hz[best] > c->hz[i] - value)
			best = i;
	return best;
}

/* All levels are allowed again; the mode "auto" would undo the other clock's lock as well. */
static hg_err unlock(struct kernel_device *d, struct dpm_clock *c, hg_error *why)
{
	const struct fsroot *root = &d->ctx->root;
	char all[DPM_LEVELS * 4] = "";
	size_t used = 0;
	bool others = false;
	hg_err rc = HG_OK;

	c->held = 0;
	for (size_t i = 0; i < CLOCKS; i++)
		others = others || c->dpm->clocks[i].held;
	if (!manual(d->ctx, c->dpm))
		return HG_OK;
	for (size_t i = 0; i < c->n; i++)
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%zu", i ? " " : "", i);
	rc = fsroot_write(root, c->path, all, why);
	return rc || others ? rc : fsroot_write(root, c->dpm->level, "auto", why);
}

static hg_err lock_write(
	struct kernel_device *d, const struct kernel_knob *k, int64_t value, hg_error *why)
{
	const struct dpm_clock *from = k->more;
	struct dpm_clock *c = &from->dpm->clocks[from - from->dpm->clocks];
	const struct fsroot *root = &d->ctx->root;
	size_t i = nearest(c, value);
	char level[24];
	hg_err rc;

	if (!value)
		return unlock(d, c, why);
	/* what was held before another mode came is held no more */
	for (size_t o = 0; !manual(d->ctx, c->dpm) && o < CLOCKS; o++)
		c->dpm->clocks[o].held = 0;
	(void)snprintf(level, sizeof level, "%zu", i);
	rc = manual(d->ctx, c->dpm) ? HG_OK : fsroot_write(root, c->dpm->level, "manual", why);
	rc = rc ? rc : fsroot_write(root, c->path, level, why);
	if (!rc)
		c->held = c->hz[i];
	return rc;
}

/* ----- adding */

static void add_lock(struct kernel_device *d, struct dpm *dpm, size_t i, const char *name,
	const char *what, const char *path)
{
	struct dpm_clock *c = &dpm->clocks[i];
	struct kernel_knob knob = {.path = path,
		.scale = {1, 1},
		.write = lock_write,
		.current = lock_current,
		.more = c,
		.info = {.name = name, .unit = "Hz", .step = 1}};
	hg_knob_info *info = &knob.info;
	char text[LIST_TEXT];
	hg_error why = {""};
	hg_err rc = fsroot_read(&d->ctx->root, path, text, sizeof text, &why);

	info->text = what;
	c->dpm = dpm;
	c->n = rc ? 0 : dpm_parse(text, c->hz);
	if (!rc && c->n < 2)
		rc = fail(&why, HG_EFORMAT, "%s: no two levels to choose from", path);
	if (!rc)
		rc = fsroot_writable(&d->ctx->root, dpm->level, &why);
	if (c->n) {
		info->min = c->hz[0];
		info->max = c->hz[c->n - 1];
		info->ladder = c->hz;
		info->n_ladder = c->n;
	}
	if (rc) {
		info->unsettable = kernel_reason(d, rc, &why, "as root");
		knob.path = NULL;
		knob.current = NULL;
	} else {
		c->path = kernel_format(d, "%s", path);
	}
	(void)kernel_add_knob(d, &knob);
}

void dpm_add(struct kernel_device *d, const char *dir)
{
	static const char levels[] =
		"auto low high manual profile_standard profile_min_sclk profile_min_mclk "
		"profile_peak perf_determinism";
	struct dpm *dpm = arena_alloc(&d->arena, sizeof *dpm);
	char path[KERNEL_PATH];
	struct kernel_knob *mode;

	if (!dpm) {
		d->failed = HG_ENOMEM;
		return;
	}
	memset(dpm, 0, sizeof *dpm);
	if (!kernel_path(path, dir, "power_dpm_force_performance_level"))
		return;
	dpm->level = kernel_format(d, "%s", path);
	if (kernel_path(path, dir, "pp_dpm_sclk"))
		add_lock(d, dpm, 0, "sm_clock",
			"locked clock of the compute units, one of the driver's levels; 0: not locked",
			path);
	if (kernel_path(path, dir, "pp_dpm_mclk"))
		add_lock(d, dpm, 1, "memory_clock",
			"locked clock of the memory, one of the driver's levels; 0: not locked",
			path);
	mode = kernel_add_choice(d, "performance_level", dpm->level,
		"what chooses the clocks; any but manual undoes the locks", levels);
	if (mode)
		mode->info.default_value = 0;
}
