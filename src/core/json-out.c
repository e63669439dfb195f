/* The writer. A misuse (too deep, unbalanced) fails the buffer, it does not crash. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "number.h"
#include "text.h"

void json_out_init(struct json_out *o, struct buf *buf)
{
	*o = (struct json_out){.buf = buf};
}

static void newline(struct json_out *o)
{
	buf_addc(o->buf, '\n');
	for (unsigned i = 0; i < o->depth; i++)
		buf_adds(o->buf, "  ");
}

/* What stands between the item before and the next one. */
static void separate(struct json_out *o)
{
	bool compact = o->compact[o->depth];

	if (o->after_key) {
		o->after_key = false;
		return;
	}
	if (o->comma)
		buf_adds(o->buf, compact ? ", " : ",");
	if (!compact && o->depth)
		newline(o);
}

void json_open(struct json_out *o, char bracket, bool compact)
{
	separate(o);
	if (o->depth == JSON_MAX_DEPTH) {
		if (!o->buf->failed)
			o->buf->failed = HG_ELIMIT;
		return;
	}
	buf_addc(o->buf, bracket);
	compact = compact || o->compact[o->depth];
	o->compact[++o->depth] = compact;
	o->comma = false;
}

void json_close(struct json_out *o, char bracket)
{
	bool compact = o->compact[o->depth], filled = o->comma;

	if (o->depth == 0) {
		if (!o->buf->failed)
			o->buf->failed = HG_ELIMIT;
		return;
	}
	o->depth--;
	if (filled && !compact)
		newline(o);
	buf_addc(o->buf, bracket);
	o->comma = true;
}

static void string_put(struct buf *b, const char *s)
{
	static const char names[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
	size_t len = strlen(s), run = 0;

	buf_addc(b, '"');
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(s + i, len - i);
		unsigned char c = (unsigned char)s[i];
		const char *found = strchr(values, s[i]);

		if (n && c >= 0x20 && !found) {
			i += n;
			continue;
		}
		buf_add(b, s + run, i - run);
		if (n == 0)
			buf_adds(b, "\xef\xbf\xbd");
		else if (found)
			buf_addf(b, "\\%c", names[found - values]);
		else
			buf_addf(b, "\\u%04x", c);
		run = ++i;
	}
	buf_add(b, s + run, len - run);
	buf_addc(b, '"');
}

void json_key(struct json_out *o, const char *key)
{
	separate(o);
	string_put(o->buf, key);
	buf_adds(o->buf, ": ");
	o->after_key = true;
}

void json_put_string(struct json_out *o, const char *s)
{
	separate(o);
	string_put(o->buf, s);
	o->comma = true;
}

void json_put_number(struct json_out *o, double v)
{
	char text[DOUBLE_TEXT];

	if (isfinite(v))
		json_put_raw(o, text, double_format(v, text));
	else
		json_put_null(o);
}

void json_put_int(struct json_out *o, int64_t v)
{
	separate(o);
	buf_addf(o->buf, "%" PRId64, v);
	o->comma = true;
}

void json_put_bool(struct json_out *o, bool v)
{
	json_put_raw(o, v ? "true" : "false", v ? 4 : 5);
}

void json_put_null(struct json_out *o)
{
	json_put_raw(o, "null", 4);
}

void json_put_raw(struct json_out *o, const char *text, size_t len)
{
	separate(o);
	buf_add(o->buf, text, len);
	o->comma = true;
}

void json_kv_string(struct json_out *o, const char *key, const char *s)
{
	json_key(o, key);
	json_put_string(o, s);
}

void json_kv_number(struct json_out *o, const char *key, double v)
{
	json_key(o, key);
	json_put_number(o, v);
}

void json_kv_int(struct json_out *o, const char *key, int64_t v)
{
	json_key(o, key);
	json_put_int(o, v);
}

void json_kv_bool(struct json_out *o, const char *key, bool v)
{
	json_key(o, key);
	json_put_bool(o, v);
}
