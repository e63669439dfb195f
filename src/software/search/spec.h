/*
 * What the command reads: spaces, hourglass.space/1; tables of what configurations cost; and the
 * log of a search, a line of JSON each.
 */
#ifndef HG_SOFTWARE_SEARCH_SPEC_H
#define HG_SOFTWARE_SEARCH_SPEC_H

#include <stdbool.h>

#include <hourglass/search.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/json.h"
#include "core/vec.h"

/** Most bytes of a space file, and of a table. */
#define SPEC_BYTES ((size_t)1 << 26)

struct rule; /* rules.h */

/** A space as a file has it. Zero to begin. */
struct spec {
	struct json_doc doc; /* strings of it are used */
	struct arena arena;
	char *text; /* what doc was parsed from */
	const char *name, *work_unit, *device;
	double devices;
	size_t n_knobs;
	hg_knob_def knobs[HG_SEARCH_MAX_KNOBS];
	uint32_t scales[HG_SEARCH_MAX_KNOBS];
	const double *values[HG_SEARCH_MAX_KNOBS]; /* as cells: of words, their index */
	const double *costs[HG_SEARCH_MAX_KNOBS];  /* NULL: 1 */
	size_t n_values[HG_SEARCH_MAX_KNOBS];
	const char *columns[HG_SEARCH_MAX_KNOBS]; /* in tables */
	const char *time_column, *energy_column, *power_column;
	const struct json *where; /* columns and their texts, or NULL */
	struct rule *rules;
	size_t n_rules;
	/* All configurations, or none: there are too many to list them. */
	bool listed;
	struct vec cells; /* double, n_configs x n_knobs */
	struct vec cost;  /* double, n_configs */
	uint32_t *places; /* hash table: configuration + 1, or 0 */
	size_t n_places;  /* a power of two */
};

/** Reads a space, and lists what it has if that is not too much. @param s  spec_finish() it in any
 * case */
hg_err spec_parse(struct spec *s, const char *text, size_t len, const char *origin, hg_error *why);
void spec_finish(struct spec *s);
/** How many configurations are listed. */
size_t spec_count(const struct spec *s);
/** How many combinations of values there are, those that are left out included. */
double spec_combinations(const struct spec *s);
/** Points into s. */
void spec_space(const struct spec *s, hg_search_space *space);
/** Whether the space has these cells, listed or not. */
bool spec_has(const struct spec *s, const double *cells);
/** Configuration with these cells, or UINT32_MAX: it is not listed. */
uint32_t spec_find(const struct spec *s, const double *cells);
/** Leaves only the configurations that are marked. HG_EINVAL: there is none */
hg_err spec_keep(struct spec *s, const bool *keep, hg_error *why);
/** Appends a cell as text: the word, or the number. */
void spec_cell_text(const struct spec *s, size_t knob, double cell, struct buf *out);
/** The cell that a text stands for. @return false: none */
bool spec_cell(const struct spec *s, size_t knob, const char *text, size_t len, double *out);

/** One row of a table. */
struct spec_row {
	uint32_t config;   /* UINT32_MAX: not in the space */
	uint32_t workload; /* rows whose other columns agree have the same */
	double time_s, energy_j;
	double rsd; /* column "rsd", or NAN */
	size_t line;
};

/**
 * Lists what a table of one workload has of a space that is not listed.
 * @param rows, cells  of spec_table(); rows get their configurations
 */
hg_err spec_list(struct spec *s, struct vec *rows, const struct vec *cells, const char *origin,
	hg_error *why);

/** What to do about rows. */
enum spec_table_use {
	SPEC_ONE, /* of one workload: "where" holds, each configuration at most once */
	SPEC_KIN  /* of others: whatever it is */
};

/**
 * Reads a table. Rows with a word that a knob does not have are passed over.
 * @param rows   struct spec_row; initialised by the call
 * @param cells  double, rows x n_knobs; initialised by the call
 */
hg_err spec_table(const struct spec *s, enum spec_table_use use, const char *text, size_t len,
	const char *origin, struct vec *rows, struct vec *cells, hg_error *why);

/** hg_search_result.failed of a line of the log: an attempt that gave no result, which says nothing
 * of the setting yet. */
#define SPEC_GARBLED 2

/** Appends a line of the log. @param failed  why it failed or was garbled, or NULL */
void spec_log_line(const struct spec *s, const hg_search_result *r, const double *cells,
	const char *failed, struct buf *out);
/** Told of each line of a log. @param r  its config is not set. @return HG_OK to go on */
typedef hg_err (*spec_log_fn)(
	void *user, const double *cells, const hg_search_result *r, hg_error *why);
/**
 * Reads a log.
 * @param whole  receives how many bytes are whole lines: what a crash cut off comes behind
 */
hg_err spec_log_read(const struct spec *s, const char *text, size_t len, const char *origin,
	spec_log_fn fn, void *user, size_t *whole, hg_error *why);
/** Reads {"time_s": ..., "energy_j": ..., "time_rsd": ..., "energy_rsd": ...}, or
 * {"failed": "why"}: r->failed is set then. */
hg_err spec_result(const char *text, size_t len, const char *origin, uint32_t line,
	hg_search_result *r, hg_error *why);

#endif
