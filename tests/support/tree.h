/* A fake tree of kernel files in a directory of its own, for a context's fs_root. */
#ifndef HG_TEST_TREE_H
#define HG_TEST_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/context.h>
#include <hourglass/device.h>

struct tree {
	char root[64];
};

/** Makes an empty tree. */
void tree_init(struct tree *t);
/** Removes it with everything in it. */
void tree_finish(struct tree *t);

/** Writes a file, with the folders above it. */
void tree_put(const struct tree *t, const char *path, const char *text);
void tree_put_bytes(const struct tree *t, const char *path, const void *data, size_t len);
/** Makes a folder: in the place of a file it is one that cannot be read. */
void tree_folder(const struct tree *t, const char *path);
void tree_remove(const struct tree *t, const char *path);
/** What a file holds; for checks of what was written. */
const char *tree_get(const struct tree *t, const char *path);

/** Takes all rights of a file away, and from the caller the power to ignore that.
 * @return false: that cannot be done here */
bool tree_forbid(const struct tree *t, const char *path, unsigned mode);
/** Gives the caller that power back. */
void tree_allow(void);

/** A context with this root. */
hg_ctx *tree_context(const struct tree *t);
/** Opens a device of it; must succeed. */
hg_device *tree_device(hg_ctx *ctx, const char *spec);
/** Reads one signal by its name. */
hg_reading tree_read(hg_device *d, const char *name);
/** What a signal, or knob, says about itself; it must be there. */
hg_signal_info tree_signal(const hg_device *d, const char *name);
hg_knob_info tree_knob(const hg_device *d, const char *name);

/** Puts a powercap zone with its counter, in uJ. */
void tree_rapl(const struct tree *t, const char *entry, const char *name, const char *energy_uj);

/** Puts a card of amdgpu without gpu_metrics: identity, hwmon with power, clocks, temperatures. */
void tree_amdgpu(const struct tree *t, const char *entry, const char *pci);

#endif
