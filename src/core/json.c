/*
 * The reader. One pass, recursive over containers (JSON_MAX_DEPTH bounds the stack), the tree in an
 * arena. Keys of small objects are compared as they come; those of large ones are sorted once at
 * the end of the object, so that no input makes the check quadratic.
 */
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "number.h"
#include "text.h"

/* Objects with more members than this are checked for duplicate keys by sorting. */
#define SMALL_OBJECT 16
/* Bytes of a key that an error text shows. */
#define KEY_SHOWN 40

struct parser {
	struct json_doc *doc;
	const char *at, *end;
	uint32_t line;
	unsigned depth;
	hg_error *why;
};

static hg_err value_parse(struct parser *p, struct json **out);

static hg_err expected(struct parser *p, const char *what)
{
	unsigned char c;

	if (p->at == p->end)
		return fail(p->why, HG_EFORMAT, "%s:%u: expected %s, but the text ends here",
			p->doc->origin, p->line, what);
	c = (unsigned char)*p->at;
	if (c > 0x20 && c < 0x7f)
		return fail(p->why, HG_EFORMAT, "%s:%u: expected %s, got '%c'", p->doc->origin,
			p->line, what, c);
	return fail(p->why, HG_EFORMAT, "%s:%u: expected %s, got byte 0x%02x", p->doc->origin,
		p->line, what, c);
}

static hg_err wrong(struct parser *p, const char *what)
{
	return fail(p->why, HG_EFORMAT, "%s:%u: %s", p->doc->origin, p->line, what);
}

static hg_err no_room(struct parser *p, size_t n)
{
	const struct arena *a = &p->doc->arena;

	if (n > a->max - a->used)
		return fail(p->why, HG_ELIMIT, "%s:%u: its tree would take more than %zu bytes",
			p->doc->origin, p->line, a->max);
	return fail(p->why, HG_ENOMEM, "%s:%u: out of memory", p->doc->origin, p->line);
}

static inline void blanks_skip(struct parser *p)
{
	const char *at = p->at, *end = p->end;

	for (; at < end; at++) {
		if (*at == '\n')
			p->line++;
		else if (*at != ' ' && *at != '\t' && *at != '\r')
			break;
	}
	p->at = at;
}

/* ----- strings */

static int hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		int c = (unsigned char)s[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v * 16 + (lower - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static char *utf8_put(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* \uXXXX with p->at on its first digit; a pair of surrogates is one character. */
static hg_err unicode_escape(struct parser *p, char **to)
{
	int high = p->end - p->at >= 4 ? hex4(p->at) : -1, low;

	if (high < 0)
		return wrong(p, "expected four hexadecimal digits after \\u");
	p->at += 4;
	if (high == 0)
		return wrong(p, "a string holds \\u0000");
	if (high >= 0xdc00 && high <= 0xdfff)
		return wrong(p, "a low surrogate without a high one before it");
	if (high >= 0xd800 && high <= 0xdbff) {
		low = p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u' ? hex4(p->at + 2)
										 : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return wrong(p, "a high surrogate without a low one after it");
		p->at += 6;
		*to = utf8_put(*to,
			0x10000u + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00));
		return HG_OK;
	}
	*to = utf8_put(*to, (unsigned)high);
	return HG_OK;
}

static hg_err escape(struct parser *p, char **to)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;

	p->at++;
	if (p->at < p->end && *p->at == 'u') {
		p->at++;
		return unicode_escape(p, to);
	}
	found = p->at < p->end && *p->at ? strchr(names, *p->at) : NULL;
	if (!found)
		return expected(p, "one of \" \\ / b f n r t u after a backslash");
	p->at++;
	*(*to)++ = values[found - names];
	return HG_OK;
}

/* Whether one of eight bytes is a quote, a backslash, a control character or not ASCII. */
static inline bool special8(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';

	return ((quote - ones) | (slash - ones) | (w - ones * 0x20) | w) & tops;
}

static inline const char *ordinary_skip(const char *at, const char *end)
{
	uint64_t w;

	for (; end - at >= 8; at += 8) {
		memcpy(&w, at, 8);
		if (special8(w))
			break;
	}
	while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f && *at != '"' &&
		*at != '\\')
		at++;
	return at;
}

/* Finds the closing quote and checks characters; p->at is behind the opening one. */
static hg_err string_scan(struct parser *p, const char **close, bool *escapes)
{
	const char *at = p->at;

	*escapes = false;
	for (;;) {
		size_t n;

		at = ordinary_skip(at, p->end);
		if (at == p->end)
			return wrong(p, "a string is never closed");
		if (*at == '"')
			break;
		if ((unsigned char)*at < 0x20) {
			p->at = at;
			return wrong(p, "a control character in a string; write it as \\uXXXX");
		}
		if (*at == '\\') {
			*escapes = true;
			/* what is escaped is judged later; only a quote matters here */
			at += p->end - at > 1 && (at[1] == '"' || at[1] == '\\') ? 2 : 1;
			continue;
		}
		n = utf8_length(at, (size_t)(p->end - at));
		if (n == 0)
			return wrong(p, "a string holds bytes that are no UTF-8");
		at += n;
	}
	*close = at;
	return HG_OK;
}

/* A string with p->at on its opening quote: unescaped copy in the arena. */
static hg_err string_parse(struct parser *p, const char **text, uint32_t *len)
{
	const char *start = ++p->at, *close = start;
	bool escapes;
	char *copy, *to;
	hg_err err = string_scan(p, &close, &escapes);

	if (err)
		return err;
	to = copy = arena_strndup(&p->doc->arena, start, (size_t)(close - start));
	if (!copy)
		return no_room(p, (size_t)(close - start) + 1);
	if (!escapes) {
		to += close - start;
		p->at = close;
	}
	/* unescaped text is never longer than what it was written as */
	while (p->at < close) {
		const char *slash = memchr(p->at, '\\', (size_t)(close - p->at));
		size_t n = (size_t)((slash ? slash : close) - p->at);

		memmove(to, p->at, n);
		to += n;
		p->at += n;
		err = slash ? escape(p, &to) : HG_OK;
		if (err)
			return err;
	}
	*to = 0;
	*text = copy;
	*len = (uint32_t)(to - copy);
	p->at = close + 1;
	return HG_OK;
}

/* ----- duplicate keys */

static int key_order(const struct json *a, const struct json *b)
{
	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	return memcmp(a->key, b->key, a->key_len);
}

/* Equal keys in source order, so that the second is the one to complain about. */
static int key_compare(const void *x, const void *y)
{
	const struct json *a = *(const struct json *const *)x, *b = *(const struct json *const *)y;
	int order = key_order(a, b);

	return order ? order : (a->raw > b->raw) - (a->raw < b->raw);
}

static hg_err duplicate(struct parser *p, const struct json *first, const struct json *second)
{
	return fail(p->why, HG_EFORMAT, "%s:%u: key \"%.*s\" appears twice (first on line %u)",
		p->doc->origin, second->line, KEY_SHOWN, second->key, first->line);
}

static hg_err small_object_check(struct parser *p, const struct json *obj, const struct json *last)
{
	for (const struct json *m = obj->first; m != last; m = m->next)
		if (m->key_len == last->key_len && memcmp(m->key, last->key, m->key_len) == 0)
			return duplicate(p, m, last);
	return HG_OK;
}

static hg_err large_object_check(struct parser *p, const struct json *obj)
{
	const struct json **members = malloc(obj->len * sizeof *members);
	const struct json *found = NULL, *first = NULL;
	size_t n = 0;

	if (!members)
		return fail(p->why, HG_ENOMEM, "%s:%u: out of memory", p->doc->origin, p->line);
	for (const struct json *m = obj->first; m; m = m->next)
		members[n++] = m;
	qsort(members, n, sizeof *members, key_compare);
	for (size_t i = 1; i < n; i++)
		if (key_order(members[i - 1], members[i]) == 0 &&
			(!found || members[i]->raw < found->raw)) {
			first = members[i - 1];
			found = members[i];
		}
	free(members);
	return found ? duplicate(p, first, found) : HG_OK;
}

/* ----- values */

static hg_err number_parse(struct parser *p, struct json *v)
{
	size_t n = double_scan(p->at, (size_t)(p->end - p->at), &v->number);

	if (n == 0)
		return expected(p, "a number");
	if (isinf(v->number))
		return fail(p->why, HG_EFORMAT, "%s:%u: number %.*s%s is too large for a double",
			p->doc->origin, p->line, n < KEY_SHOWN ? (int)n : KEY_SHOWN, p->at,
			n < KEY_SHOWN ? "" : "...");
	p->at += n;
	/* "01" and "1.5.2" leave something that no separator starts with */
	if (p->at < p->end && (*p->at == '.' || (*p->at >= '0' && *p->at <= '9')))
		return wrong(p, "a number with a leading zero or a misplaced point");
	v->type = JSON_NUMBER;
	return HG_OK;
}

static hg_err word_parse(struct parser *p, struct json *v)
{
	static const struct {
		const char *text;
		size_t len;
		enum json_type type;
	} words[] = {{"null", 4, JSON_NULL}, {"false", 5, JSON_FALSE}, {"true", 4, JSON_TRUE}};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if ((size_t)(p->end - p->at) < words[i].len ||
			memcmp(p->at, words[i].text, words[i].len) != 0)
			continue;
		p->at += words[i].len;
		v->type = words[i].type;
		return HG_OK;
	}
	return expected(p, "a value");
}

static hg_err member_parse(struct parser *p, struct json **out)
{
	const char *key = NULL;
	uint32_t key_len = 0;
	hg_err err;

	if (p->at == p->end || *p->at != '"')
		return expected(p, "a key in quotes");
	err = string_parse(p, &key, &key_len);
	if (err)
		return err;
	blanks_skip(p);
	if (p->at == p->end || *p->at != ':')
		return expected(p, "':' after a key");
	p->at++;
	blanks_skip(p);
	err = value_parse(p, out);
	if (err)
		return err;
	(*out)->key = key;
	(*out)->key_len = key_len;
	return HG_OK;
}

/* After an item: true when another follows, its first byte being next. */
static hg_err item_end(struct parser *p, char close, bool *more)
{
	blanks_skip(p);
	*more = p->at < p->end && *p->at == ',';
	if (!*more && (p->at == p->end || *p->at != close))
		return expected(p, close == '}' ? "',' or '}'" : "',' or ']'");
	p->at++;
	if (*more)
		blanks_skip(p);
	return HG_OK;
}

static hg_err container_parse(struct parser *p, struct json *v)
{
	bool object = *p->at == '{', more;
	char close = object ? '}' : ']';
	struct json **link = &v->first;
	hg_err err;

	if (p->depth == JSON_MAX_DEPTH)
		return fail(p->why, HG_ELIMIT, "%s:%u: nested deeper than %d", p->doc->origin,
			p->line, JSON_MAX_DEPTH);
	p->depth++;
	p->at++;
	v->type = object ? JSON_OBJECT : JSON_ARRAY;
	blanks_skip(p);
	more = p->at == p->end || *p->at != close;
	if (!more)
		p->at++;
	while (more) {
		err = object ? member_parse(p, link) : value_parse(p, link);
		if (err)
			return err;
		v->len++;
		if (object && v->len <= SMALL_OBJECT && v->len > 1) {
			err = small_object_check(p, v, *link);
			if (err)
				return err;
		}
		link = &(*link)->next;
		err = item_end(p, close, &more);
		if (err)
			return err;
	}
	p->depth--;
	return object && v->len > SMALL_OBJECT ? large_object_check(p, v) : HG_OK;
}

static hg_err value_parse(struct parser *p, struct json **out)
{
	struct json *v = arena_alloc(&p->doc->arena, sizeof *v);
	hg_err err;
	char c;

	if (!v)
		return no_room(p, sizeof *v);
	*v = (struct json){.line = p->line, .raw = p->at};
	c = p->at < p->end ? *p->at : 0;
	if (c == '-' || (c >= '0' && c <= '9')) {
		err = number_parse(p, v);
	} else if (c == '"') {
		v->type = JSON_STRING;
		err = string_parse(p, &v->string, &v->len);
	} else if (c == '{' || c == '[') {
		err = container_parse(p, v);
	} else {
		err = word_parse(p, v);
	}
	v->raw_len = (size_t)(p->at - v->raw);
	*out = v;
	return err;
}

hg_err json_parse_line(struct json_doc *doc, const char *text, size_t len, const char *origin,
	uint32_t line, size_t max_bytes, hg_error *why)
{
	struct parser p = {.doc = doc, .at = text, .end = text + len, .line = line, .why = why};
	hg_err err;

	*doc = (struct json_doc){.origin = origin};
	arena_init(&doc->arena, max_bytes);
	if (len >= UINT32_MAX)
		return fail(why, HG_ELIMIT, "%s: longer than 4 GiB", origin);
	blanks_skip(&p);
	err = value_parse(&p, &doc->root);
	if (!err) {
		blanks_skip(&p);
		if (p.at < p.end)
			err = expected(&p, "nothing after the value");
	}
	if (err)
		json_finish(doc);
	return err;
}

hg_err json_parse(struct json_doc *doc, const char *text, size_t len, const char *origin,
	size_t max_bytes, hg_error *why)
{
	return json_parse_line(doc, text, len, origin, 1, max_bytes, why);
}

void json_finish(struct json_doc *doc)
{
	arena_finish(&doc->arena);
	doc->root = NULL;
}
