/* The file formats, one function a direction. */
#ifndef HG_WAIST_FORMATS_H
#define HG_WAIST_FORMATS_H

#include <stdbool.h>

#include <hourglass/frontier.h>

#include "core/buf.h"

#define FRONTIER_SCHEMA_NAME    "hourglass.frontier"
#define FRONTIER_SCHEMA_VERSION 1u
#define FRONTIER_SCHEMA         "hourglass.frontier/1"

/** Most bytes of a file written. */
#define FORMAT_MAX ((size_t)1 << 30)

hg_err frontier_read_json(
	const char *text, size_t len, const char *origin, hg_frontier **out, hg_error *why);
hg_err frontier_read_csv(
	const char *text, size_t len, const char *origin, hg_frontier **out, hg_error *why);

/* Writers append to out; they say why only when it is not memory or size, which out knows. */
hg_err frontier_write_json(const hg_frontier *f, struct buf *out, hg_error *why);
hg_err frontier_write_csv(const hg_frontier *f, struct buf *out, hg_error *why);

/** Whether two points of a built frontier have the same setting. */
hg_err frontier_repeats_setting(const hg_frontier *f, bool *repeats);

#endif
