/* The compute driver's topology: in its order HIP numbers GPUs. */
#ifndef HG_HARDWARE_BACKEND_AMDGPU_TOPOLOGY_H
#define HG_HARDWARE_BACKEND_AMDGPU_TOPOLOGY_H

#include <stdbool.h>

#include "hardware/backend/kernel/kernel.h"

#define KFD_NODES "sys/class/kfd/kfd/topology/nodes"
#define KFD_GPUS  256

struct kfd_gpu {
	char pci[24];
	char uuid[24]; /* "GPU-" and unique_id; "" none */
	bool apu;      /* the node is a processor as well */
};

struct kfd {
	struct kfd_gpu at[KFD_GPUS];
	size_t n;
};

/** Reads it; nodes that are no GPU are left out. @return HG_OK (also: none); HG_EPERM; HG_EIO;
 * HG_ENOMEM; HG_ELIMIT */
hg_err kfd_find(const struct hg_ctx *ctx, struct kfd *kfd, hg_error *why);

/** Whether the GPU at an address is a part of a processor. */
bool kfd_apu(const struct hg_ctx *ctx, const char *pci);

/** PCI address of what HIP calls `number` in this process's environment. @return HG_OK; HG_ENOENT;
 * HG_EINVAL */
hg_err kfd_hip(const struct hg_ctx *ctx, uint64_t number, char pci[24], hg_error *why);

#endif
