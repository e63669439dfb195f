/* What a reader gathers: the columns of a setting table, and points with their rows. */
#ifndef HG_WAIST_COLUMNS_H
#define HG_WAIST_COLUMNS_H

#include <stdbool.h>

#include <hourglass/frontier.h>

#include "core/text.h"

#include "lookup.h"

/** Most knobs a file may have. */
#define COLUMNS_MAX ((size_t)4096)
/** Most cells all rows may have together. */
#define CELLS_MAX ((size_t)1 << 28)
/** Most points. */
#define POINTS_MAX ((size_t)INT32_MAX)

/** One knob. */
struct column {
	const char *name, *unit; /* in the arena of the columns */
	bool words;              /* cells are indices of choices */
	struct intern choices;
};

/** Knobs in order, found by name. */
struct columns {
	struct arena arena;
	struct vec at;       /* struct column */
	struct intern names; /* in the same order */
};

void columns_init(struct columns *c);
/** Frees; a zeroed one is fine. */
void columns_finish(struct columns *c);
/** Appends a knob. @return HG_OK; HG_EINVAL (name empty or twice); HG_ELIMIT; HG_ENOMEM */
hg_err columns_add(struct columns *c, struct slice name, struct slice unit, bool words);
size_t columns_count(const struct columns *c);
struct column *columns_get(const struct columns *c, size_t i);
/** Index by name, or SIZE_MAX. */
size_t columns_find(const struct columns *c, const char *name, size_t len);
/** The same as definitions, malloc()ed; valid as long as the columns. NULL: out of memory */
hg_knob_def *columns_defs(const struct columns *c);

/** Points in the order they were read. */
struct cloud {
	size_t n_cols;
	struct vec points; /* hg_point */
	struct vec cells;  /* double, n_cols a row */
	struct vec lines;  /* size_t: where each row was read */
};

void cloud_init(struct cloud *c, size_t n_cols);
/** Frees; a zeroed one is fine. */
void cloud_finish(struct cloud *c);
size_t cloud_rows(const struct cloud *c);
/** Appends a row of n_cols cells. @param row  receives its index */
hg_err cloud_add_row(struct cloud *c, const double *cells, size_t line, hg_setting *row);
hg_err cloud_add_point(struct cloud *c, const hg_point *p);
/** HG_EFORMAT when two rows are the same setting; the text names both lines. */
hg_err cloud_check_unique(
	const struct cloud *c, const struct columns *cols, const char *origin, hg_error *why);
/** Builds with everything that is dominated kept. */
hg_err cloud_build(const struct cloud *c, const struct columns *cols, const hg_frontier_info *info,
	const char *origin, hg_frontier **out, hg_error *why);

/**
 * Makes a frontier of points that were one before: the first n are it, the others what it
 * dominates. Whatever is not in that form is built from scratch.
 */
hg_err cloud_restore(const struct cloud *c, size_t n, const struct columns *cols,
	const hg_frontier_info *info, const char *origin, hg_frontier **out, hg_error *why);

/** Text for an error that an adding function returned. */
hg_err columns_fail(hg_error *why, hg_err err, const char *origin, size_t line);

#endif
