/* What ranks that tune as a group tell each other: a file each, hourglass.group/1. */
#ifndef HG_CLI_GROUP_FILE_H
#define HG_CLI_GROUP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/tune.h>

#include "core/buf.h"

/** Most ranks of a group. */
#define GROUP_RANKS 1024
/** Most summaries that a rank tells: no other can be further behind than that. */
#define GROUP_TOLD 2

/** What a rank tells. Plain data. */
struct group_file {
	uint32_t rank, ranks; /* rank < ranks <= GROUP_RANKS */
	uint64_t run;         /* token of this run of the rank */
	uint64_t settings;    /* digest of what all must have in common */
	uint64_t group;       /* digest of the tokens of all ranks; 0: not all have been seen */
	bool ended;
	size_t n_told;
	hg_tune_summary told[GROUP_TOLD]; /* the last ones, the older first */
};

/** The summary of a stretch, or NULL. */
const hg_tune_summary *group_file_find(const struct group_file *f, uint32_t stretch);

/** Writes it as JSON with a final newline; figures that are not finite as null. Errors stay in the
 * buffer. */
void group_file_format(const struct group_file *f, struct buf *out);

/**
 * Reads it; null becomes NAN, members that are not known are passed over.
 * @param origin  what the text is called in errors
 * @param out     in no particular state on any error
 * @return HG_OK; HG_EFORMAT, HG_EVERSION (line and field); HG_ELIMIT; HG_ENOMEM
 */
hg_err group_file_parse(
	const char *text, size_t len, const char *origin, struct group_file *out, hg_error *why);

/** Writes it to a path, whole or not at all. @return HG_OK, or an error of file_write() */
hg_err group_file_write(const struct group_file *f, const char *path, hg_error *why);

/** Reads a path. @return HG_OK; HG_ENOENT: it is not there yet; or another error of file_read() and
 * group_file_parse() */
hg_err group_file_read(const char *path, struct group_file *out, hg_error *why);

#endif
