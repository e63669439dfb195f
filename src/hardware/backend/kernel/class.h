/*
 * What is the same for all backends that find named things in kernel files: opening one of them by
 * its name, "did you mean", and telling a search all of them.
 */
#ifndef HG_HARDWARE_BACKEND_KERNEL_CLASS_H
#define HG_HARDWARE_BACKEND_KERNEL_CLASS_H

#include "kernel.h"

/** A kind of things in kernel files. */
struct kernel_class {
	const char *backend; /* "rapl" */
	const char *what;    /* "RAPL zone" */
	size_t size;         /* of a list of them */
	bool options;        /* a name may be followed by ",KEY=VALUE..." */
	/** Fills in a zeroed list. @return HG_OK: at least one; HG_ENOENT (says why); others */
	hg_err (*find)(const struct hg_ctx *ctx, void *list, hg_error *why);
	size_t (*count)(const void *list);
	const char *(*name)(const void *list, size_t i);
	/**
	 * Makes the device of one of them: identity, signals, knobs. What goes wrong with a single
	 * file is a reason, not an error.
	 * @param options  what follows the name and a comma; "" nothing
	 */
	hg_err (*build)(struct kernel_device *d, const void *list, size_t i, const char *options,
		hg_error *why);
};

/** Hook open of a backend that has such a class. */
hg_err kernel_open(const struct kernel_class *c, const struct backend_request *req, void **state,
	hg_error *why);

/** Hook discover. */
hg_err kernel_discover(const struct kernel_class *c, const struct hg_ctx *ctx,
	struct backend_found *found, hg_error *why);

/** "uuid-of-part uuid-of-whole": adds one more to such a list, for hg_device_info.wholes. */
const char *kernel_wholes_add(struct kernel_device *d, const char *list, const char *uuid);

#endif
