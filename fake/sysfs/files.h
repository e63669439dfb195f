/* Files of a tree. */
#ifndef HG_FAKE_SYSFS_FILES_H
#define HG_FAKE_SYSFS_FILES_H

#include "tree.h"

/** Room for a path within the tree. */
#define TREE_PATH 512

/** Writes a file at once, so that nobody reads half of it; with the folders above it. */
void tree_bytes(struct fake_tree *t, const char *path, const void *data, size_t len);

/** A file with one line; path is dir/file. */
void tree_line(struct fake_tree *t, const char *dir, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** The number in a file; `other` where there is none. */
double tree_number(const struct fake_tree *t, const char *dir, const char *file, double other);

#endif
