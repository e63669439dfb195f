#include "topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

#include "hardware/device/visible.h"

#define PROPERTIES_MAX 8192

/** What of a node's properties is used. */
struct node {
	uint64_t cores, simds, domain, location, unique;
};

static void node_parse(const char *text, struct node *node)
{
	struct slice rest = {text, strlen(text)};
	struct {
		const char *key;
		uint64_t *out;
	} const keys[] = {{"cpu_cores_count", &node->cores}, {"simd_count", &node->simds},
		{"domain", &node->domain}, {"location_id", &node->location},
		{"unique_id", &node->unique}};

	*node = (struct node){0};
	while (rest.text) {
		struct slice value = slice_cut(&rest, '\n');
		struct slice key = slice_cut(&value, ' ');
		uint64_t n;

		if (!value.text || !uint64_parse(value.text, value.len, &n))
			continue;
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			if (slice_is(key, keys[i].key))
				*keys[i].out = n;
	}
}

static void gpu_take(const struct node *node, struct kfd_gpu *gpu)
{
	*gpu = (struct kfd_gpu){.apu = node->cores > 0};
	(void)snprintf(gpu->pci, sizeof gpu->pci, "%04x:%02x:%02x.%x",
		(unsigned)(node->domain & 0xffff), (unsigned)(node->location >> 8 & 0xff),
		(unsigned)(node->location >> 3 & 0x1f), (unsigned)(node->location & 7));
	if (node->unique)
		(void)snprintf(gpu->uuid, sizeof gpu->uuid, "GPU-%016llx",
			(unsigned long long)node->unique);
}

hg_err kfd_find(const struct hg_ctx *ctx, struct kfd *kfd, hg_error *why)
{
	struct fsroot_names names;
	hg_err rc = fsroot_list(&ctx->root, KFD_NODES, &names, why);

	kfd->n = 0;
	for (size_t i = 0; !rc && i < names.n; i++) {
		char path[KERNEL_PATH], text[PROPERTIES_MAX];
		struct node node;

		(void)snprintf(path, sizeof path, KFD_NODES "/%.32s/properties", names.at[i]);
		/* in a container those of others may not be read, and are not seen by HIP */
		if (fsroot_read(&ctx->root, path, text, sizeof text, NULL))
			continue;
		node_parse(text, &node);
		if (!node.simds)
			continue;
		if (kfd->n == KFD_GPUS)
			rc = fail(why, HG_ELIMIT, KFD_NODES ": more than %d GPUs", KFD_GPUS);
		else
			gpu_take(&node, &kfd->at[kfd->n++]);
	}
	fsroot_names_finish(&names);
	return rc == HG_ENOENT ? HG_OK : rc;
}

bool kfd_apu(const struct hg_ctx *ctx, const char *pci)
{
	struct kfd *kfd = calloc(1, sizeof *kfd);
	bool apu = false;

	if (kfd && kfd_find(ctx, kfd, NULL) == HG_OK)
		for (size_t i = 0; i < kfd->n; i++)
			apu = apu || (kfd->at[i].apu && !strcmp(kfd->at[i].pci, pci));
	free(kfd);
	return apu;
}

static hg_err pick(const struct kfd *kfd, uint64_t number, char pci[24], hg_error *why)
{
	const char *hip = getenv("HIP_VISIBLE_DEVICES");
	struct visible_gpu gpus[KFD_GPUS];
	size_t out[KFD_GPUS], n;
	hg_err rc;

	for (size_t i = 0; i < kfd->n; i++)
		gpus[i] = (struct visible_gpu){kfd->at[i].uuid, "", ""};
	rc = visible_hip(getenv("ROCR_VISIBLE_DEVICES"), hip ? hip : getenv("CUDA_VISIBLE_DEVICES"),
		gpus, kfd->n, out, &n, why);
	if (!rc && number >= n)
		rc = fail(why, HG_ENOENT, "no such device; HIP sees %zu here", n);
	if (!rc)
		memcpy(pci, kfd->at[out[number]].pci, sizeof kfd->at[0].pci);
	return rc;
}

hg_err kfd_hip(const struct hg_ctx *ctx, uint64_t number, char pci[24], hg_error *why)
{
	struct kfd *kfd = calloc(1, sizeof *kfd);
	hg_err rc = kfd ? kfd_find(ctx, kfd, why) : fail(why, HG_ENOMEM, "out of memory");

	rc = rc ? rc : pick(kfd, number, pci, why);
	free(kfd);
	return rc;
}
