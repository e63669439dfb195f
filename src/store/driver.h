/*
 * What stands behind a store: a database that runs one dialect-free set of statements.
 *
 * SQLite is built in. PostgreSQL is a module that exports one `hg_store_driver_v1`; it is opened
 * when a store's name asks for it. A driver knows no job and no trial: schema, records and rules
 * are the store's, so that both databases behave alike.
 */
#ifndef HG_STORE_DRIVER_H
#define HG_STORE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

#include "core/buf.h"

/** Changes whenever this header does. */
#define STORE_DRIVER_ABI 1u
/** Most statements that a driver keeps prepared. */
#define DRIVER_STATEMENTS 48
/** The symbol of a module. */
#define STORE_DRIVER_SYMBOL "hg_store_driver_v1"

enum value_type {
	VALUE_NULL,
	VALUE_INT,
	VALUE_REAL,
	VALUE_TEXT
};

/** An argument of a statement, or a column of a row. */
struct value {
	enum value_type type;
	union {
		int64_t i;
		double d;
		const char *s; /* of a row: until the row function returns */
	};
};

/** Told each row. @return HG_OK to go on */
typedef hg_err (*row_fn)(void *user, const struct value *row, size_t n);

/** What a transaction is for. */
enum access {
	ACCESS_LOOK,   /* a snapshot; nothing is written */
	ACCESS_CLAIM,  /* survives the death of processes; a machine that loses power may forget it
			*/
	ACCESS_RECORD, /* survives everything once commit has returned */
	ACCESS_SCHEMA  /* alone */
};

enum open_mode {
	OPEN_READ,  /* must be there; is not written */
	OPEN_WRITE, /* must be there */
	OPEN_CREATE /* is made if absent */
};

/** How to open a database. */
struct driver_open {
	const char *url; /* as given: a path, or postgres://... */
	enum open_mode mode;
	int64_t patience_ms; /* how long to wait for others */
};

/** A statement that is kept prepared under its number. Parameters are $1, $2... */
struct statement {
	size_t id; /* < DRIVER_STATEMENTS */
	const char *sql;
};

/** All calls of one database come from one thread at a time. */
struct store_driver {
	uint32_t abi; /* STORE_DRIVER_ABI */
	const char *name;
	const char *sql_exists; /* gives 1 where the schema's tables are, else 0 */
	hg_err (*open)(const struct driver_open *how, void **db, hg_error *why);
	void (*close)(void *db);
	/** What the database is called in errors; no password. */
	const char *(*title)(const void *db);
	/** @param now_ms  receives the wall clock of the server; left alone where there is none */
	hg_err (*begin)(void *db, enum access access, int64_t *now_ms, hg_error *why);
	hg_err (*commit)(void *db, hg_error *why);
	void (*rollback)(void *db);
	/** @param changed  rows written; may be NULL */
	hg_err (*run)(void *db, const struct statement *what, const struct value *args, size_t n,
		row_fn row, void *user, int64_t *changed, hg_error *why);
	/** Runs statements without arguments, within the transaction. */
	hg_err (*script)(void *db, const char *sql, hg_error *why);
	/** Checks the database's own structure; appends a line for each thing that is wrong. */
	hg_err (*check)(void *db, struct buf *wrong, hg_error *why);
	/** Writes a copy that is a store of its own; path must not be there. */
	hg_err (*backup)(void *db, const char *path, hg_error *why);
};

/** SQLite. */
extern const struct store_driver store_sqlite;

/** Opens the module of a driver, "postgres". @return HG_OK; HG_EUNSUPPORTED (why, and what to
 * install) */
hg_err store_module(const char *name, const struct store_driver **out, hg_error *why);

#endif
