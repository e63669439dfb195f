/* What `list` says of the devices that are open: text and JSON. */
#ifndef HG_CLI_LIST_DEVICE_H
#define HG_CLI_LIST_DEVICE_H

#include <hourglass/device.h>

#include "cli.h"
#include "core/json.h"
#include "sensors.h"

/** Most devices that are listed, and most levels of parts. */
#define LIST_DEVICES 4096
#define LIST_DEPTH   8

/** The devices of a context, each behind the one that it is a part of. */
struct list_tree {
	hg_device **at;
	unsigned *depth; /* 0: a part of nothing that is open */
	size_t n;
};

/** Puts the devices in order. @return HG_OK, HG_ENOMEM; list_tree_finish() in any case */
hg_err list_tree_init(struct list_tree *t, hg_ctx *ctx);
void list_tree_finish(struct list_tree *t);

/** Names and titles of all, parts below what they are parts of. */
void list_tree_text(struct cli *cli, const struct list_tree *t);
/** Signals and knobs of one device. @param known  what calibrations found; may be NULL */
void list_device_text(struct cli *cli, const hg_device *d, const hg_sensors *known);
void list_device_json(
	struct json_out *j, const struct list_tree *t, size_t i, const hg_sensors *known);

#endif
