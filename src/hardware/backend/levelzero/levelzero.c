/*
 * The library is loaded only for a device that is named, or where there is a card of Intel whose
 * energy the kernel does not tell: in a process that computes on such a GPU, what is not loaded
 * cannot disturb.
 */
#include "levelzero.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"

#include "hardware/backend/kernel/cards.h"

#include "gpu.h"

/* ----- opening */

/* By index, UUID or PCI address. */
static const struct zes_who *pick(const struct zes_who *all, size_t n, const char *text)
{
	uint64_t index;

	if (uint64_parse(text, strlen(text), &index))
		return index < n ? &all[index] : NULL;
	for (size_t i = 0; i < n; i++)
		if (*text && (!strcmp(all[i].pci, text) || !strcmp(all[i].uuid, text)))
			return &all[i];
	return NULL;
}

static hg_err gpu_find(const struct backend_request *req, struct zes_gpu *g, hg_error *why)
{
	struct zes_who all[ZES_DEVICES];
	const struct zes_who *who;
	size_t n;
	hg_err rc = zes_init(&g->lib, why);

	rc = rc ? rc : zes_list(&g->lib, all, ZES_DEVICES, &n, why);
	if (rc) {
		fail_prefix(why, "%.64s: ", req->spec);
		return rc;
	}
	who = pick(all, n, req->rest);
	if (!who)
		return fail(why, HG_ENOENT,
			"%.64s: no such GPU; there are %zu, the first is \"levelzero:%s\"",
			req->spec, n, *all[0].pci ? all[0].pci : "0");
	g->who = *who;
	return HG_OK;
}

static hg_err levelzero_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct kernel_device *d = kernel_create(req, why);
	struct zes_gpu *g;
	hg_err rc;

	*state = NULL;
	if (!d)
		return HG_ENOMEM;
	g = arena_alloc(&d->arena, sizeof *g);
	if (g)
		*g = (struct zes_gpu){0};
	rc = g ? gpu_find(req, g, why) : fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
	if (rc) {
		kernel_close(d);
		return rc;
	}
	d->more = g;
	d->id.simulated = g->lib.simulated;
	d->id.vendor = "intel";
	d->id.model = d->id.title = g->who.name;
	d->id.uuid = g->who.uuid;
	d->id.pci = g->who.pci;
	zes_gpu_signals(d, g);
	zes_gpu_knobs(d, g);
	return kernel_finish(d, state, why);
}

/* ----- discovery */

/* Whether there is a card of Intel whose energy the kernel's files do not have. */
static bool needed(struct hg_ctx *ctx, hg_error *why)
{
	static const char *const drivers[] = {"xe", "i915", NULL}, *const chips[] = {
									   "xe", "i915", NULL};
	struct cards *cards = calloc(1, sizeof *cards);
	bool missing = false;

	if (!cards || cards_find(ctx, drivers, "Intel", cards, why)) {
		free(cards);
		return false;
	}
	for (size_t i = 0; i < cards->n && !missing; i++) {
		char dir[KERNEL_PATH], hwmon[KERNEL_PATH], one[KERNEL_PATH], two[KERNEL_PATH];

		(void)snprintf(dir, sizeof dir, DRM_CLASS "/%s/device", cards->at[i].entry);
		missing = !kernel_hwmon(ctx, dir, chips, hwmon) ||
			  !kernel_path(one, hwmon, "energy1_input") ||
			  !kernel_path(two, hwmon, "energy2_input") ||
			  (!kernel_there(ctx, one) && !kernel_there(ctx, two));
	}
	if (!missing)
		(void)fail(why, HG_ENOENT,
			"not loaded: the kernel's files have the energy of all %zu GPUs of Intel; by "
			"name it can be opened, such as levelzero:0",
			cards->n);
	free(cards);
	return missing;
}

static hg_err levelzero_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	const char *asked = getenv("HOURGLASS_LEVEL_ZERO");
	struct zes_who all[ZES_DEVICES];
	struct zes lib;
	size_t n = 0;
	hg_err rc;

	if ((!asked || !*asked) && !needed(ctx, why))
		return HG_ENOENT;
	rc = zes_init(&lib, why);
	rc = rc ? rc : zes_list(&lib, all, ZES_DEVICES, &n, why);
	for (size_t i = 0; !rc && i < n; i++) {
		char index[24];

		(void)snprintf(index, sizeof index, "%zu", i);
		backend_found(found, *all[i].pci ? all[i].pci : index);
	}
	return rc;
}

const struct backend levelzero_backend = {
	.abi = BACKEND_ABI,
	.name = "levelzero",
	.text = "Intel GPUs through Level Zero Sysman, levelzero:0000:3a:00.0 or levelzero:INDEX",
	.open = levelzero_open,
	.device = &kernel_hooks,
	.discover = levelzero_discover,
};
