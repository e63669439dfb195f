/* Points and settings of frontiers, for people and for JSON. */
#ifndef HG_CLI_DESCRIBE_H
#define HG_CLI_DESCRIBE_H

#include <stdbool.h>

#include <hourglass/frontier.h>

#include "core/buf.h"
#include "core/json.h"
#include "core/vec.h"

/** One leaf of a point: so many units at one point of a built frontier. */
struct leaf {
	const hg_frontier *frontier;
	size_t point;
	uint64_t count;
};

/**
 * The leaves of a point, equal neighbours added up.
 * @param leaves  initialised by the call; vec_finish() it in any case
 */
hg_err leaves_of(const hg_frontier *f, size_t point, struct vec *leaves);

/** Appends "power_limit_w=150 batch_size=32"; "-" for a point without setting. */
void setting_text(struct buf *out, const hg_frontier *f, hg_setting row);
/** Appends what a plot shows: "150 W", "32, 150 W". */
void setting_label(struct buf *out, const hg_frontier *f, hg_setting row);
/** Writes {"power_limit_w": 150}; null for a point without setting. */
void setting_json(struct json_out *j, const hg_frontier *f, hg_setting row);

/*
 * Dominated points are those that are worth taking only while waiting is charged, which lie right
 * behind the points, and then the others.
 */
/** How many there are. */
size_t dominated_count(const hg_frontier *f);
/** The i-th one, i < dominated_count(); not sorted by time. */
const hg_point *dominated_at(const hg_frontier *f, size_t i);
/** Appends the setting of the i-th dominated point. */
void dominated_text(struct buf *out, const hg_frontier *f, size_t i);

/** Appends the setting of a point; of a composed one its first parts. */
void point_text(struct buf *out, const hg_frontier *f, size_t point);
/** Writes the parts of a point: [{"name", "setting", "count", "time_s", "energy_j"}]. */
hg_err parts_json(struct json_out *j, const hg_frontier *f, size_t point);
/** The setting of a point: its own, or that of its only leaf. */
hg_err point_setting_json(struct json_out *j, const hg_frontier *f, size_t point);
/** Writes ["measured", "simulated"]. */
void origin_json(struct json_out *j, uint32_t origin);
/** Appends "measured", "measured and simulated"; "unknown origin" for 0. */
void origin_text(struct buf *out, uint32_t origin);
/** Bits of all points of a frontier. */
uint32_t frontier_origin(const hg_frontier *f);
/** Writes time_s, energy_j, time_rsd, energy_rsd, simulated, origin. */
void figures_json(struct json_out *j, const hg_point *p);

#endif
