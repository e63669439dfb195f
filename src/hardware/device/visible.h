/* Which device a program means by a number: pure functions of its environment. CUDA's and HIP's
 * variables have the same form. */
#ifndef HG_HARDWARE_DEVICE_VISIBLE_H
#define HG_HARDWARE_DEVICE_VISIBLE_H

#include <stddef.h>

#include <hourglass/error.h>

/** A device that a program may see. */
struct visible_gpu {
	const char *uuid;
	const char *parent; /* of a MIG instance: UUID of its GPU; else "" */
	const char *model;
};

/**
 * Numbers devices as CUDA does. Of a GPU that is cut into MIG instances CUDA sees the first one,
 * unless one is named. The list ends at the first entry that names no device, as CUDA's does.
 *
 * @param visible  CUDA_VISIBLE_DEVICES: numbers, UUIDs or their beginnings, MIG UUIDs; NULL: unset
 * @param order    CUDA_DEVICE_ORDER; NULL: unset
 * @param gpus     n devices in the order of their PCI addresses, instances behind their GPU
 * @param out      receives at most n indices into gpus: what CUDA calls 0, 1, ...
 * @return HG_OK; HG_EINVAL (one is named twice); HG_EUNSUPPORTED (numbers of GPUs of several kinds,
 *         fastest first: which is faster only CUDA knows)
 */
hg_err visible_cuda(const char *visible, const char *order, const struct visible_gpu *gpus,
	size_t n, size_t *out, size_t *n_out, hg_error *why);

/**
 * Numbers devices as HIP does: ROCR_VISIBLE_DEVICES chooses among all, then HIP_VISIBLE_DEVICES (or
 * where that is not set CUDA_VISIBLE_DEVICES, as HIP reads it too) among those.
 *
 * @param gpus  n devices in the order of the driver's topology
 * @return HG_OK; HG_EINVAL (one is named twice)
 */
hg_err visible_hip(const char *rocr, const char *hip, const struct visible_gpu *gpus, size_t n,
	size_t *out, size_t *n_out, hg_error *why);

/** Most devices of a list. */
#define VISIBLE_MAX 256

#endif
