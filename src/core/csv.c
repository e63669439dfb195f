#include "csv.h"

#include <stdint.h>
#include <string.h>

#include "fail.h"

void csv_init(struct csv *c, const char *text, size_t len, const char *origin)
{
	*c = (struct csv){.origin = origin, .at = text, .end = text + len, .next_line = 1};
	vec_init(&c->fields, sizeof(struct csv_field), CSV_MAX_FIELDS);
	buf_init(&c->unquoted, (size_t)CSV_MAX_FIELDS * CSV_MAX_FIELD);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->at += 3;
}

void csv_finish(struct csv *c)
{
	vec_finish(&c->fields);
	buf_finish(&c->unquoted);
	*c = (struct csv){0};
}

static hg_err field_fail(struct csv *c, hg_err code, const char *what, hg_error *why)
{
	return fail(
		why, code, "%s:%zu: field %zu: %s", c->origin, c->line, c->fields.len + 1, what);
}

static hg_err field_add(struct csv *c, const char *text, size_t len, hg_error *why)
{
	struct csv_field f = {text, len};
	hg_err err;

	if (len > CSV_MAX_FIELD)
		return fail(why, HG_ELIMIT, "%s:%zu: field %zu: longer than %u bytes", c->origin,
			c->line, c->fields.len + 1, CSV_MAX_FIELD);
	err = vec_push(&c->fields, &f);
	if (err == HG_ELIMIT)
		return fail(why, err, "%s:%zu: more than %d fields in one record", c->origin,
			c->line, CSV_MAX_FIELDS);
	if (err)
		return fail(why, err, "%s:%zu: out of memory", c->origin, c->line);
	return HG_OK;
}

/* The text up to the next comma or line end; c->at is left there. */
static hg_err field_plain(struct csv *c, hg_error *why)
{
	const char *start = c->at, *p = start;

	for (; p < c->end && *p != ',' && *p != '\n'; p++) {
		if (*p == '"')
			return field_fail(c, HG_EFORMAT,
				"a quote inside a field that does not start with one", why);
		if (*p == 0)
			return field_fail(c, HG_EFORMAT, "a NUL byte", why);
		if (*p == '\r') {
			if (p + 1 < c->end && p[1] == '\n')
				break;
			return field_fail(c, HG_EFORMAT,
				"a carriage return without a line feed after it", why);
		}
	}
	c->at = p;
	return field_add(c, start, (size_t)(p - start), why);
}

/*
 * Text between quotes that has "" in it: copied to c->unquoted. Its field gets no text yet, since
 * the buffer may still move; fields_settle() gives it.
 */
static hg_err field_unescape(struct csv *c, const char *text, size_t len, hg_error *why)
{
	size_t before = c->unquoted.len;
	const char *end = text + len;

	if (len / 2 > CSV_MAX_FIELD)
		return field_add(c, NULL, len / 2, why);
	while (text < end) {
		const char *quote = memchr(text, '"', (size_t)(end - text));
		size_t n = quote ? (size_t)(quote - text) + 1 : (size_t)(end - text);

		if (buf_add(&c->unquoted, text, n))
			return field_fail(c, c->unquoted.failed, "no memory for its text", why);
		text += quote ? n + 1 : n;
	}
	return field_add(c, NULL, c->unquoted.len - before, why);
}

static hg_err field_quoted(struct csv *c, hg_error *why)
{
	const char *start = c->at + 1, *p = start;
	bool doubled = false;
	size_t len;
	hg_err err;

	for (;; p++) {
		if (p == c->end)
			return field_fail(c, HG_EFORMAT, "the quote is never closed", why);
		if (*p == 0)
			return field_fail(c, HG_EFORMAT, "a NUL byte", why);
		if (*p == '\n')
			c->next_line++;
		if (*p != '"')
			continue;
		if (p + 1 == c->end || p[1] != '"')
			break;
		doubled = true;
		p++;
	}
	len = (size_t)(p - start);
	p++;
	if (p < c->end && *p != ',' && *p != '\n' &&
		!(*p == '\r' && p + 1 < c->end && p[1] == '\n'))
		return field_fail(c, HG_EFORMAT, "text after the closing quote", why);
	err = doubled ? field_unescape(c, start, len, why) : field_add(c, start, len, why);
	c->at = p;
	return err;
}

static void fields_settle(struct csv *c)
{
	struct csv_field *f = c->fields.data;
	const char *text = c->unquoted.data;

	for (size_t i = 0; i < c->fields.len; i++) {
		if (f[i].text)
			continue;
		f[i].text = text;
		text += f[i].len;
	}
}

static bool line_end(struct csv *c)
{
	if (c->at < c->end && *c->at == '\n')
		c->at++;
	else if (c->end - c->at >= 2 && c->at[0] == '\r' && c->at[1] == '\n')
		c->at += 2;
	else
		return false;
	c->next_line++;
	return true;
}

hg_err csv_next(struct csv *c, bool *more, hg_error *why)
{
	hg_err err;

	*more = false;
	c->fields.len = 0;
	buf_clear(&c->unquoted);
	while (line_end(c))
		;
	c->line = c->next_line;
	if (c->at == c->end)
		return HG_OK;
	for (;;) {
		bool quoted = c->at < c->end && *c->at == '"';

		err = quoted ? field_quoted(c, why) : field_plain(c, why);
		if (err)
			return err;
		if (c->at == c->end || *c->at != ',')
			break;
		c->at++;
	}
	line_end(c);
	fields_settle(c);
	*more = true;
	return HG_OK;
}

size_t csv_count(const struct csv *c)
{
	return c->fields.len;
}

struct csv_field csv_get(const struct csv *c, size_t i)
{
	return ((const struct csv_field *)c->fields.data)[i];
}

size_t csv_find(const struct csv *c, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < c->fields.len; i++) {
		struct csv_field f = csv_get(c, i);

		if (f.len == len && memcmp(f.text, name, len) == 0)
			return i;
	}
	return SIZE_MAX;
}

void csv_write_field(struct buf *out, const char *text, size_t len)
{
	bool quote = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;

	for (size_t i = 0; i < len && !quote; i++)
		quote = text[i] == '"' || text[i] == ',' || text[i] == '\r' || text[i] == '\n';
	if (!quote) {
		buf_add(out, text, len);
		return;
	}
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, text[i]);
	}
	buf_addc(out, '"');
}
