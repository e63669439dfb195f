/* Files that grow by whole records, each of which is on the disk before anything follows from it.
 */
#ifndef HG_CORE_FILE_LOG_H
#define HG_CORE_FILE_LOG_H

#include <stddef.h>

#include <hourglass/error.h>

#include "buf.h"

/** A log that is open. fd -1: none. */
struct file_log {
	int fd;
};

/**
 * Opens a log, or makes one, for this process alone, and reads what it holds.
 * @param text  initialised by the call; finish it in any case
 * @return HG_OK; HG_EPERM; HG_ENOENT (its folder); HG_EIO (also: another process has it, or it is
 *         no regular file); HG_ELIMIT (longer than max); HG_ENOMEM
 */
hg_err file_log_open(
	struct file_log *l, const char *path, size_t max, struct buf *text, hg_error *why);
/** Cuts off what comes behind the first `len` bytes. */
hg_err file_log_cut(struct file_log *l, const char *path, size_t len, hg_error *why);
/** Appends, and waits until it is on the disk. */
hg_err file_log_add(
	struct file_log *l, const char *path, const void *data, size_t len, hg_error *why);
/** Closes; fd -1 is fine. */
void file_log_close(struct file_log *l);

#endif
