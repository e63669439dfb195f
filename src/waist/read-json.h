/* Reading hourglass.frontier/1: what its parts share. */
#ifndef HG_WAIST_READ_JSON_H
#define HG_WAIST_READ_JSON_H

#include "core/file.h"
#include "core/json.h"

#include "columns.h"
#include "frontier.h"
#include "hull.h"

/** Most memory for the tree of one file. */
#define TREE_MAX ((size_t)4 << 30)

/** Highest number of dimensions, counts and indices. */
#define COUNT_MAX ((double)UINT32_MAX)

/** One frontier object on its way in. */
struct reading {
	const struct json_doc *doc;
	hg_error *why;
	hg_frontier_info info; /* strings are the tree's */
	struct columns cols;
	struct cloud cloud; /* frontier points, then dominated ones */
	double *row;        /* a setting being read: as many cells as columns */
	size_t n_frontier;  /* how many points of the cloud are the frontier's */
	bool repeated;      /* the same setting may stand twice */
	hg_op_kind op;      /* HG_OP_NONE: built */
	double times;       /* of "repeat" */
	hg_frontier **children;
	size_t n_children;
	struct vec part_begin; /* size_t, one for each point */
	struct vec parts;      /* hg_part */
	struct extra *extra;
	struct staircase stair; /* of a composed frontier's points so far */
};

/** "FILE:LINE: what" with HG_EFORMAT; v is the value that is wrong. */
hg_err read_fail(struct reading *r, const struct json *v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Keeps an unknown member for writing: appends "key": value to the text. */
hg_err extra_note(struct buf *text, const struct json *member);

/** Hands the text noted over, NULL when there is none. */
hg_err extra_take(struct buf *text, char **out);

/** Reads the "points" and "dominated" arrays. */
hg_err read_points(struct reading *r, const struct json *points, const struct json *dominated);

#endif
