/* Columns of text for people. */
#ifndef HG_CLI_TABLE_H
#define HG_CLI_TABLE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/vec.h"

/** Cells are kept until the table is printed, so that columns can be as wide as they must. */
struct table {
	struct arena arena;
	struct vec cells; /* const char *, row by row */
	size_t columns;
	bool left[16]; /* column is set flush left */
	size_t wrap;   /* 0, or: the last column goes on below itself beyond this width */
	hg_err failed; /* sticky */
};

/** Most columns: room of `left`. */
#define TABLE_COLUMNS 16

/** Begins a table; a 'l' in align sets that column flush left, anything else flush right. */
void table_init(struct table *t, const char *align);
void table_finish(struct table *t);
/** The next cell, left to right, then the next row. */
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** Appends the table; bold first row when asked. */
void table_print(struct table *t, struct buf *out, bool bold_head);
/** Columns that UTF-8 text takes on a terminal (one per code point). */
size_t text_width(const char *s);

#endif
