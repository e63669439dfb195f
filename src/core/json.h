/*
 * JSON, RFC 8259, strictly: a bounded reader into a tree and a writer.
 *
 * The reader refuses trailing commas, comments, duplicate keys, bad UTF-8, lone surrogates, NUL in
 * strings, numbers that overflow, nesting deeper than JSON_MAX_DEPTH. Every value knows its line
 * and the slice of source text it came from, so that fields a reader does not know can be written
 * back as they were. The tree is immutable: one read from many threads is fine.
 */
#ifndef HG_CORE_JSON_H
#define HG_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

#include "arena.h"
#include "buf.h"

#define JSON_MAX_DEPTH 64

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/** A value; members and elements hang on a linked list in source order. */
struct json {
	enum json_type type;
	uint32_t line;         /* line of the source it starts on, from 1 */
	uint32_t key_len, len; /* bytes of key; of string, or number of members/elements */
	const char *key;       /* member of an object: its key, NUL-terminated; else NULL */
	const char *raw;       /* first byte of the value in the source text */
	size_t raw_len;        /* bytes of the value in the source text */
	struct json *next;     /* next member or element */
	union {
		double number;
		const char *string; /* unescaped, NUL-terminated */
		struct json *first; /* first member or element */
	};
};

/** A parsed text. The text parsed must outlive it (raw points there). */
struct json_doc {
	struct arena arena;
	struct json *root;
	const char *origin; /* what the input is called in errors */
};

/**
 * Parses text[0..len).
 * @param max_bytes  most memory for the tree
 * @return HG_OK; HG_EFORMAT ("FILE:LINE: what was expected"); HG_ELIMIT; HG_ENOMEM
 */
hg_err json_parse(struct json_doc *doc, const char *text, size_t len, const char *origin,
	size_t max_bytes, hg_error *why);

/** As json_parse(), of a text that begins on line `line` of its file. */
hg_err json_parse_line(struct json_doc *doc, const char *text, size_t len, const char *origin,
	uint32_t line, size_t max_bytes, hg_error *why);

/** Frees; a zeroed document is fine. */
void json_finish(struct json_doc *doc);

/** Member of an object by key, or NULL (also when v is NULL or no object). O(members). */
const struct json *json_get(const struct json *v, const char *key);

/** "an object", "a string"...: for error texts. NULL gives "nothing". */
const char *json_type_text(const struct json *v);

/*
 * Typed access with complete errors. `obj` is an object of doc; the text names file, line, key and
 * what was expected. Optional members: *_or leaves *out alone and returns HG_OK when the key is
 * absent.
 */
hg_err json_need_number(const struct json_doc *doc, const struct json *obj, const char *key,
	double min, double max, double *out, hg_error *why);
hg_err json_number_or(const struct json_doc *doc, const struct json *obj, const char *key,
	double min, double max, double *out, hg_error *why);
hg_err json_need_string(const struct json_doc *doc, const struct json *obj, const char *key,
	const char **out, hg_error *why);
hg_err json_string_or(const struct json_doc *doc, const struct json *obj, const char *key,
	const char **out, hg_error *why);
/** Of any type; JSON_TRUE or JSON_FALSE stands for either. */
hg_err json_need(const struct json_doc *doc, const struct json *obj, const char *key,
	enum json_type type, const struct json **out, hg_error *why);

/**
 * Checks the "schema" member against "NAME/VERSION".
 * @return HG_OK; HG_EFORMAT (absent, or another name); HG_EVERSION (another version: names both)
 */
hg_err json_check_schema(
	const struct json_doc *doc, const char *name, unsigned version, hg_error *why);

/* ----- writing */

/**
 * A writer into a buffer. Commas, quoting and indentation are its business; the newline at the end
 * of a file is the caller's. Errors stay in the buffer.
 */
struct json_out {
	struct buf *buf;
	unsigned depth;                   /* open containers */
	bool comma;                       /* the next item needs one before it */
	bool after_key;                   /* the next item is the value of a key */
	bool compact[JSON_MAX_DEPTH + 1]; /* container on one line */
};

void json_out_init(struct json_out *o, struct buf *buf);
/** Opens '{' or '['; compact: everything inside on one line. */
void json_open(struct json_out *o, char bracket, bool compact);
/** Closes '}' or ']'. */
void json_close(struct json_out *o, char bracket);
/** Writes a key; the value comes next. */
void json_key(struct json_out *o, const char *key);
void json_put_string(struct json_out *o, const char *s);
/** A number; NAN and infinities become null. */
void json_put_number(struct json_out *o, double v);
void json_put_int(struct json_out *o, int64_t v);
void json_put_bool(struct json_out *o, bool v);
void json_put_null(struct json_out *o);
/** Text that is JSON already. */
void json_put_raw(struct json_out *o, const char *text, size_t len);
/* key and value in one */
void json_kv_string(struct json_out *o, const char *key, const char *s);
void json_kv_number(struct json_out *o, const char *key, double v);
void json_kv_int(struct json_out *o, const char *key, int64_t v);
void json_kv_bool(struct json_out *o, const char *key, bool v);

#endif
