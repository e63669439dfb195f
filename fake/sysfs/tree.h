/*
 * A tree of kernel files that plays a scenario: built once, then kept up to date. What somebody
 * writes into a file that sets something is taken up as a driver would, or put back.
 */
#ifndef HG_FAKE_SYSFS_TREE_H
#define HG_FAKE_SYSFS_TREE_H

#include "scenario/device.h"

/** The tree. */
struct fake_tree {
	const char *root; /* directory that stands for "/" */
	hg_error *why;    /* of the first that fails */
	hg_err failed;    /* sticky */
	struct fake_device *devices;
	size_t *number; /* of each device among those of its vendor */
	size_t n;
};

/** Whether there are kernel files for the devices of a vendor. */
bool fake_tree_has(const char *vendor);

/** Writes all files. @return HG_OK; HG_EIO, HG_EPERM, HG_ENOENT (names the file) */
hg_err fake_tree_build(struct fake_tree *t);

/** Takes up what was written, and rewrites what has changed; the devices are at their time. */
hg_err fake_tree_update(struct fake_tree *t);

#endif
