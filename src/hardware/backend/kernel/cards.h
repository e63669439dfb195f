/* The cards of the drm class that certain drivers drive. */
#ifndef HG_HARDWARE_BACKEND_KERNEL_CARDS_H
#define HG_HARDWARE_BACKEND_KERNEL_CARDS_H

#include <stddef.h>

#include "kernel.h"

#define DRM_CLASS "sys/class/drm"
/** Most cards of a machine. */
#define CARDS 128

struct card {
	char entry[16];  /* "card1" */
	char pci[24];    /* "0000:03:00.0" */
	char id[16];     /* vendor and device, "1002:740F"; "" not told */
	char driver[16]; /* "amdgpu" */
};

struct cards {
	struct card at[CARDS];
	size_t n;
};

/**
 * Finds the cards of any of these drivers.
 * @param drivers  ends with NULL
 * @param maker    for the text, "AMD"
 * @return HG_OK; HG_ENOENT (none; says why); HG_EPERM; HG_EIO; HG_ENOMEM; HG_ELIMIT
 */
hg_err cards_find(const struct hg_ctx *ctx, const char *const *drivers, const char *maker,
	struct cards *cards, hg_error *why);

/* Hooks of struct kernel_class for a list of cards, which are named by their PCI addresses. */
size_t cards_count(const void *list);
const char *cards_name(const void *list, size_t i);

#endif
