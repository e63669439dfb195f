/*
 * Files: whole reads with a limit, atomic writes, and the root that device files are opened under.
 */
#ifndef HG_CORE_FILE_H
#define HG_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

#include "buf.h"

/** Largest input file that is read whole. */
#define FILE_MAX ((size_t)1 << 30)

/**
 * Reads a whole file, which may be a pipe; "-" is standard input. A directory is an error.
 * @param out  initialised by the call; finish it in any case
 * @return HG_OK; HG_ENOENT; HG_EPERM; HG_EIO; HG_ELIMIT (longer than max); HG_ENOMEM. The text
 * names the file
 */
hg_err file_read(const char *path, size_t max, struct buf *out, hg_error *why);

/**
 * Writes a whole file atomically: temporary file beside it, fsync, rename, fsync of the directory.
 * On any error the old file is as it was and no temporary is left. Follows a symbolic link at
 * `path`; keeps the mode of a file it replaces. A path that exists and is no regular file
 * (/dev/stdout, a pipe) is written to directly;
 * "-" is standard output.
 */
hg_err file_write(const char *path, const void *data, size_t len, hg_error *why);

/**
 * Whether file_write() could write there now, for who finds out only after hours otherwise. What
 * exists and is no regular file is not tried. Leaves everything as it was.
 */
hg_err file_write_check(const char *path, hg_error *why);

/**
 * Opens a file that is written as things come, from its beginning; not atomic.
 * @param fd  receives it; close it, unless it is up to 2: "-" is standard output
 */
hg_err file_stream(const char *path, int *fd, hg_error *why);

/** A file that grows piece by piece as "PATH.part" and is given its name when it is whole. */
struct file_growing {
	char *path, *part; /* owned */
	int fd;            /* -1: none */
};

/**
 * Begins one; there must be no PATH.part yet: it may be what a crash left of somebody's work.
 * @return HG_OK; HG_EIO (it is there), HG_EPERM, HG_ENOENT, HG_ENOMEM
 */
hg_err file_grow_begin(struct file_growing *f, const char *path, hg_error *why);
/** Appends with one write() where the system allows. */
hg_err file_grow_add(struct file_growing *f, const void *data, size_t len, hg_error *why);
/** Syncs and renames it, over a file of that name. file_grow_abandon() comes after it as well. */
hg_err file_grow_finish(struct file_growing *f, hg_error *why);
/** Lets go of it: PATH.part stays. fd must be -1 or open. */
void file_grow_abandon(struct file_growing *f);
/** As file_grow_abandon(), and removes PATH.part if this call began it. */
void file_grow_discard(struct file_growing *f);

/** A directory that stands for "/": sysfs and proc are only ever opened below one. */
struct fsroot {
	int fd; /* directory; -1 none */
};

/** Opens the root. @return HG_OK, HG_ENOENT, HG_EPERM, HG_EIO */
hg_err fsroot_init(struct fsroot *r, const char *path, hg_error *why);
void fsroot_finish(struct fsroot *r);
/** Whether the root is that of this machine: system calls then speak of the same machine. */
bool fsroot_is_system(const struct fsroot *r);
/** Reads a small file below the root; path must not begin with '/'. Trailing newline removed. */
hg_err fsroot_read(
	const struct fsroot *r, const char *path, char *text, size_t room, hg_error *why);

/**
 * Reads a small binary file below the root.
 * @param len  receives the bytes read; 0 on any error
 * @return HG_OK; HG_ENOENT; HG_EPERM; HG_EIO; HG_ELIMIT (longer than room)
 */
hg_err fsroot_read_bytes(const struct fsroot *r, const char *path, void *data, size_t room,
	size_t *len, hg_error *why);

/** Gives a file below the root, which must exist, a new content, with one write. */
hg_err fsroot_write(const struct fsroot *r, const char *path, const char *text, hg_error *why);

enum fsroot_use {
	FSROOT_THERE,
	FSROOT_READ,
	FSROOT_WRITE
};

/** Whether a file below the root is there, or may be read or written by this user; it is not
 * opened, which would wake some devices. */
bool fsroot_access(const struct fsroot *r, const char *path, enum fsroot_use use);

/** Whether a file below the root can be opened for writing; nothing is written. */
hg_err fsroot_writable(const struct fsroot *r, const char *path, hg_error *why);

/** Most entries of a directory that is listed. */
#define FSROOT_NAMES 4096

/** Names in a directory. */
struct fsroot_names {
	char **at; /* in order, "card2" before "card10" */
	size_t n;
};

/**
 * Lists a directory below the root, without names that begin with '.'.
 * @param names  finish it with fsroot_names_finish(); empty on any error
 * @return HG_OK; HG_ENOENT (also: no directory); HG_EPERM; HG_EIO; HG_ELIMIT; HG_ENOMEM
 */
hg_err fsroot_list(
	const struct fsroot *r, const char *path, struct fsroot_names *names, hg_error *why);
void fsroot_names_finish(struct fsroot_names *names);

#endif
