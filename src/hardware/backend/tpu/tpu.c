/*
 * No interface of a TPU tells power or energy: the runtime's service on port 8431 has memory and
 * duty cycle, and libtpu.so must not be opened (its constructors take the chip, or crash where
 * there is none). So a search says what is here, and nothing can be opened.
 */
#include "tpu.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#include "hardware/backend/kernel/kernel.h"

#define PCI_FOLDER "sys/bus/pci/devices"

static const char no_energy[] =
	"a TPU tells neither power nor energy: its runtime (localhost:8431) has memory and duty "
	"cycle only; what it would use can be modelled, see hourglass-device(5)";

static bool line_begins(
	const struct hg_ctx *ctx, const char *device, const char *file, const char *with)
{
	char path[KERNEL_PATH], text[KERNEL_TEXT];
	int n = snprintf(path, sizeof path, PCI_FOLDER "/%.64s/%s", device, file);

	return n > 0 && n < KERNEL_PATH && !kernel_line(ctx, path, text, NULL) &&
	       !strncmp(text, with, strlen(with));
}

/* Google's network cards and disks are no TPUs: classes 02 and 01. */
static hg_err count_tpus(const struct hg_ctx *ctx, size_t *n, hg_error *why)
{
	struct fsroot_names names;
	hg_err rc = fsroot_list(&ctx->root, PCI_FOLDER, &names, why);

	*n = 0;
	if (rc == HG_ENOENT)
		return HG_OK;
	for (size_t i = 0; i < names.n; i++)
		*n += line_begins(ctx, names.at[i], "vendor", "0x1ae0") &&
		      !line_begins(ctx, names.at[i], "class", "0x01") &&
		      !line_begins(ctx, names.at[i], "class", "0x02");
	fsroot_names_finish(&names);
	return rc;
}

static hg_err tpu_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	size_t n;
	hg_err rc = count_tpus(ctx, &n, why);

	(void)found;
	if (rc)
		return rc;
	if (!n)
		return fail(why, HG_ENOENT, "no TPU in /" PCI_FOLDER);
	return fail(why, HG_EUNSUPPORTED, "%zu here, but %s", n, no_energy);
}

static hg_err tpu_open(const struct backend_request *req, void **state, hg_error *why)
{
	*state = NULL;
	return fail(why, HG_EUNSUPPORTED, "%.64s: %s", req->spec, no_energy);
}

const struct backend tpu_backend = {
	.abi = BACKEND_ABI,
	.name = "tpu",
	.text = "Google TPUs: whether there are any; they tell no energy",
	.open = tpu_open,
	.device = &kernel_hooks,
	.discover = tpu_discover,
};
