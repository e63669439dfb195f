/*
 * Clock and throttling of an Intel GPU: the drivers i915 and xe have the same figures in other
 * files, xe once for each tile.
 */
#ifndef HG_HARDWARE_BACKEND_INTEL_CLOCKS_H
#define HG_HARDWARE_BACKEND_INTEL_CLOCKS_H

#include "hardware/backend/kernel/cards.h"

/** Most tiles of a card. */
#define TILES 8
/** Most files that say why the clock is lower than asked. */
#define REASONS 96

/** The files of one tile; "" none. */
struct tile {
	const char *actual, *min, *max; /* MHz */
	const char *lowest, *highest;   /* what min and max may be */
};

struct reason {
	const char *path;
	int64_t bit; /* HG_THROTTLE_* */
};

struct clocks {
	struct tile tiles[TILES];
	size_t n_tiles;
	struct reason reasons[REASONS];
	size_t n_reasons;
	int64_t throttle;         /* latest sample */
	int64_t min_mhz, max_mhz; /* what a lock is undone to */
};

/** Finds the files of a card, and adds the signals and the knob that they make. */
hg_err clocks_add(struct kernel_device *d, const struct card *card, hg_error *why);

/** Reads all reasons; clocks->throttle has them then. @return HG_OK, HG_EDEVICE */
hg_err clocks_sample(const struct hg_ctx *ctx, struct clocks *c);

#endif
