/*
 * CSV, RFC 4180: quoted fields, "" inside quotes, CRLF or LF, an optional UTF-8 byte order mark.
 *
 * A pull reader over text in memory. Every record knows the line it starts on. Limits are part of
 * the reader: a line of a million columns is an error, not a million allocations.
 */
#ifndef HG_CORE_CSV_H
#define HG_CORE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/error.h>

#include "buf.h"
#include "vec.h"

/** Most fields in one record. */
#define CSV_MAX_FIELDS 4096
/** Most bytes in one field. */
#define CSV_MAX_FIELD (1u << 20)

/** One field, unquoted. Not NUL-terminated. */
struct csv_field {
	const char *text;
	size_t len;
};

struct csv {
	const char *origin;   /* what the input is called in errors */
	const char *at, *end; /* what is left */
	size_t line;          /* line the current record starts on, from 1 */
	size_t next_line;     /* line the next record starts on */
	struct vec fields;    /* struct csv_field of the current record */
	struct buf unquoted;  /* storage of fields that had "" in them */
};

/** Starts reading text[0..len); it must outlive the reader. Allocates nothing. */
void csv_init(struct csv *c, const char *text, size_t len, const char *origin);

/** Frees; a zeroed reader is fine. */
void csv_finish(struct csv *c);

/**
 * Reads the next record; blank lines are passed over. Fields are valid until the next call.
 * @param more  receives false at the end of the input
 * @return HG_OK; HG_EFORMAT (stray quote, open quote, NUL byte: file and line); HG_ELIMIT;
 * HG_ENOMEM
 */
hg_err csv_next(struct csv *c, bool *more, hg_error *why);

/** Number of fields of the current record. */
size_t csv_count(const struct csv *c);

/** Field i of the current record, i < csv_count(). */
struct csv_field csv_get(const struct csv *c, size_t i);

/** Index of the field with this text in the current record (the header), or SIZE_MAX. */
size_t csv_find(const struct csv *c, const char *name);

/** Appends a field to out, quoted when it must be. */
void csv_write_field(struct buf *out, const char *text, size_t len);

#endif
