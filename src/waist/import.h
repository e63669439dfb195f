/* Importing foreign CSVs: what the importers share. */
#ifndef HG_WAIST_IMPORT_H
#define HG_WAIST_IMPORT_H

#include <stdbool.h>

#include <hourglass/frontier.h>

#include "core/csv.h"
#include "core/text.h"
#include "core/unit.h"

#include "columns.h"

/** A foreign file on its way in. */
struct import {
	const char *origin;
	hg_error *why;
	struct arena arena;
	struct csv csv;
	size_t n_fields; /* of the header, and so of every record */
	hg_frontier_info info;
	struct columns cols;
	struct cloud cloud;
};

/** Starts on a text; info is what the caller knows, NULL: nothing. */
hg_err import_init(struct import *in, const char *text, size_t len, const char *origin,
	const hg_frontier_info *info, hg_error *why);
/** Frees; a zeroed one is fine. */
void import_finish(struct import *in);

/** Reads the header line. */
hg_err import_header(struct import *in);

/** Index of a header's column or SIZE_MAX; while the header is the current record. */
size_t import_find(const struct import *in, struct slice name);

/** As import_find(), but none or several is an error that names the nearest spelling. */
hg_err import_need(struct import *in, struct slice name, size_t *index);

/** Reads the next record. @param more  receives false at the end of the file */
hg_err import_record(struct import *in, bool *more);

/** A field without blanks around it. */
struct slice import_field(const struct import *in, size_t i);

/** "FILE:LINE: column NAME: expected ..., found ...". */
hg_err import_bad_field(struct import *in, size_t i, const char *name, const char *expected);

/** Reads a field that must be a number; more than zero, or zero as well. */
hg_err import_number(struct import *in, size_t i, const char *name, bool zero, double *out);

/** Builds the frontier of what was gathered. */
hg_err import_build(struct import *in, hg_frontier **out);

#endif
