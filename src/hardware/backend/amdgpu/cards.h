/* The cards of the drm class that the amdgpu driver drives. */
#ifndef HG_HARDWARE_BACKEND_AMDGPU_CARDS_H
#define HG_HARDWARE_BACKEND_AMDGPU_CARDS_H

#include <stddef.h>

#include "hardware/backend/kernel/kernel.h"

#define DRM_CLASS "sys/class/drm"
/** Most cards of a machine. */
#define CARDS 128

struct card {
	char entry[16]; /* "card1" */
	char pci[24];   /* "0000:03:00.0" */
	char id[16];    /* vendor and device, "1002:740F"; "" not told */
};

struct cards {
	struct card at[CARDS];
	size_t n;
};

/** Finds them. @return HG_OK; HG_ENOENT (none; says why); HG_EPERM; HG_EIO; HG_ENOMEM; HG_ELIMIT */
hg_err cards_find(const struct hg_ctx *ctx, struct cards *cards, hg_error *why);

#endif
