/* The JSON reader against jansson on random documents and on broken ones; writing reads back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/rng.h"
#include "jansson-ours.h"

#define SEED      20240612
#define TREE_MOST ((size_t)16 << 20)

/* ----- random documents */

static void blanks(struct rng *r, struct buf *b)
{
	while (rng_below(r, 3) == 0)
		buf_addc(b, " \t\r\n"[rng_below(r, 4)]);
}

static void random_string(struct rng *r, struct buf *b)
{
	static const char *const pieces[] = {"a", "key", "\\n", "\\\"", "\\\\", "\\/", "\\u0041",
		"\\u00e9", "\\u20ac", "\\ud83d\\ude00", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\x7f", "abcdefgh", "\\b\\f\\r\\t", "\\uFFFF", "\xef\xbf\xbf"};
	size_t n = rng_below(r, 5);

	buf_addc(b, '"');
	while (n--)
		buf_adds(b, pieces[rng_below(r, sizeof pieces / sizeof pieces[0])]);
	buf_addc(b, '"');
}

static void random_number(struct rng *r, struct buf *b)
{
	static const char *const forms[] = {"%.17g", "%.3f", "%.0f", "%.5e", "%.12E"};
	double v = (rng_double(r) - 0.5) * pow(10, (double)rng_below(r, 40) - 20);

	switch (rng_below(r, 8)) {
	case 0:
		buf_adds(b, "-0");
		break;
	case 1:
		buf_addf(b, "%d", (int)rng_below(r, 1000));
		break;
	case 2:
		buf_adds(b, rng_below(r, 2) ? "1e308" : "1e-400");
		break;
	case 3:
		buf_addf(b, "%de%d", (int)rng_below(r, 100), (int)rng_below(r, 640) - 320);
		break;
	default:
		buf_addf(b, forms[rng_below(r, 5)], v);
	}
}

static void random_value(struct rng *r, struct buf *b, unsigned depth);

static void random_container(struct rng *r, struct buf *b, unsigned depth)
{
	bool object = rng_below(r, 2);
	size_t n = rng_below(r, rng_below(r, 20) ? 5 : 40);

	buf_addc(b, object ? '{' : '[');
	blanks(r, b);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(b, ',');
		blanks(r, b);
		if (object) {
			/* mostly distinct keys; collisions test their refusal */
			if (rng_below(r, 40))
				buf_addf(b, "\"k%zu\"", i);
			else
				random_string(r, b);
			blanks(r, b);
			buf_addc(b, ':');
			blanks(r, b);
		}
		random_value(r, b, depth + 1);
		blanks(r, b);
	}
	buf_addc(b, object ? '}' : ']');
}

static void random_value(struct rng *r, struct buf *b, unsigned depth)
{
	static const char *const words[] = {"null", "true", "false"};

	switch (rng_below(r, depth > 5 ? 6 : 10)) {
	case 0:
		buf_adds(b, words[rng_below(r, 3)]);
		break;
	case 1:
	case 2:
		random_string(r, b);
		break;
	case 3:
	case 4:
	case 5:
		random_number(r, b);
		break;
	default:
		random_container(r, b, depth);
	}
}

static void random_document(struct rng *r, struct buf *b)
{
	buf_clear(b);
	blanks(r, b);
	if (rng_below(r, 10))
		random_container(r, b, 0);
	else
		random_value(r, b, 0);
	blanks(r, b);
	assert_int_equal(b->failed, HG_OK);
}

/* Breaks a document in one to four places. */
static void mutate(struct rng *r, struct buf *b)
{
	static const char letters[] = "\"\\{}[]:,0123456789.eE+-u \n\ttrufalsn\x01\x80\xed\xc3\xff";

	for (size_t n = rng_below(r, 4) + 1; n && b->len; n--) {
		size_t at = rng_below(r, b->len), len = rng_below(r, 4) + 1;
		char c = letters[rng_below(r, sizeof letters)]; /* its NUL too */

		if (len > b->len - at)
			len = b->len - at;
		switch (rng_below(r, 5)) {
		case 0:
			b->data[at] = c;
			break;
		case 1:
			memmove(b->data + at, b->data + at + len, b->len - at - len);
			b->len -= len;
			break;
		case 2:
			buf_addc(b, 0);
			memmove(b->data + at + 1, b->data + at, b->len - 1 - at);
			b->data[at] = c;
			break;
		case 3:
			b->data[at] = (char)(b->data[at] ^ 1 << rng_below(r, 8));
			break;
		default:
			if (rng_below(r, 10) == 0)
				b->len = at;
			break;
		}
	}
}

/* ----- comparing */

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return bits;
}

static void assert_same(const struct json *v, json_t *o, const char *text)
{
	const struct json *m = v->first;
	const char *key;
	json_t *item;
	size_t i;
	uint32_t line = 1;

	for (const char *p = text; p < v->raw; p++)
		line += *p == '\n';
	assert_int_equal(v->line, line);
	switch (v->type) {
	case JSON_NULL:
		assert_true(json_typeof(o) == JANSSON_NULL);
		break;
	case JSON_FALSE:
		assert_true(json_typeof(o) == JANSSON_FALSE);
		break;
	case JSON_TRUE:
		assert_true(json_typeof(o) == JANSSON_TRUE);
		break;
	case JSON_NUMBER:
		assert_true(json_typeof(o) == JSON_REAL);
		assert_true(bits_of(v->number) == bits_of(json_real_value(o)));
		break;
	case JSON_STRING:
		assert_true(json_typeof(o) == JANSSON_STRING);
		assert_int_equal(v->len, json_string_length(o));
		assert_int_equal(v->len, strlen(v->string));
		assert_string_equal(v->string, json_string_value(o));
		break;
	case JSON_ARRAY:
		assert_int_equal(v->len, json_array_size(o));
		json_array_foreach(o, i, item)
		{
			assert_same(m, item, text);
			m = m->next;
		}
		assert_null(m);
		break;
	case JSON_OBJECT:
		assert_int_equal(v->len, json_object_size(o));
		json_object_foreach(o, key, item)
		{
			assert_string_equal(m->key, key);
			assert_int_equal(m->key_len, strlen(key));
			assert_same(m, item, text);
			m = m->next;
		}
		assert_null(m);
		break;
	}
}

/*
 * Both accept with the same tree or both refuse. Only our limits may differ, and a NUL byte, which
 * jansson takes for the end of the text and JSON knows nowhere. True: accepted.
 */
static bool agree(const char *text, size_t len)
{
	json_error_t error;
	json_t *o = json_loadb(text, len,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
	struct json_doc doc;
	hg_error why = {{0}};
	hg_err err = json_parse(&doc, text, len, "doc.json", TREE_MOST, &why);

	if (memchr(text, 0, len))
		assert_int_equal(err, HG_EFORMAT);
	else if (err != HG_ELIMIT && (err == HG_OK) != (o != NULL))
		fail_msg("%.*s: we say '%s', jansson says '%s'", (int)len, text, why.text,
			error.text);
	if (err)
		assert_int_equal(strncmp(why.text, "doc.json:", 9), 0);
	else
		assert_same(doc.root, o, text);
	json_decref(o);
	json_finish(&doc);
	return err == HG_OK;
}

static void agrees_with_jansson(void **state)
{
	struct rng r;
	struct buf b;
	unsigned accepted = 0;

	(void)state;
	rng_init(&r, SEED);
	buf_init(&b, TREE_MOST);
	for (int i = 0; i < 20000; i++) {
		random_document(&r, &b);
		accepted += agree(b.data, b.len);
	}
	/* refused are those with a key that came twice by chance */
	assert_in_range(accepted, 15000, 19999);
	buf_finish(&b);
}

static void agrees_with_jansson_on_broken_text(void **state)
{
	struct rng r;
	struct buf b;
	unsigned accepted = 0;

	(void)state;
	rng_init(&r, SEED + 1);
	buf_init(&b, TREE_MOST);
	for (int i = 0; i < 60000; i++) {
		/* exactly as long as the text, so that a sanitizer sees every byte read beyond */
		char *exact;

		random_document(&r, &b);
		mutate(&r, &b);
		exact = malloc(b.len ? b.len : 1);
		assert_non_null(exact);
		memcpy(exact, b.data, b.len);
		accepted += agree(exact, b.len);
		free(exact);
	}
	assert_in_range(accepted, 5000, 50000);
	buf_finish(&b);
}

/* ----- writing */

static void write_value(struct rng *r, struct json_out *o, const struct json *v)
{
	bool object = v->type == JSON_OBJECT;

	if (rng_below(r, 8) == 0) {
		json_put_raw(o, v->raw, v->raw_len);
		return;
	}
	switch (v->type) {
	case JSON_NULL:
		json_put_null(o);
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		json_put_bool(o, v->type == JSON_TRUE);
		break;
	case JSON_NUMBER:
		json_put_number(o, v->number);
		break;
	case JSON_STRING:
		json_put_string(o, v->string);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		json_open(o, object ? '{' : '[', rng_below(r, 3) == 0);
		for (const struct json *m = v->first; m; m = m->next) {
			if (object)
				json_key(o, m->key);
			write_value(r, o, m);
		}
		json_close(o, object ? '}' : ']');
		break;
	}
}

static void assert_equal(const struct json *a, const struct json *b)
{
	assert_int_equal(a->type, b->type);
	if (a->type == JSON_NUMBER)
		assert_true(bits_of(a->number) == bits_of(b->number));
	if (a->type == JSON_STRING)
		assert_string_equal(a->string, b->string);
	if (a->type != JSON_ARRAY && a->type != JSON_OBJECT)
		return;
	assert_int_equal(a->len, b->len);
	a = a->first;
	b = b->first;
	for (; a && b; a = a->next, b = b->next) {
		if (a->key || b->key)
			assert_string_equal(a->key, b->key);
		assert_equal(a, b);
	}
	assert_true(!a && !b);
}

static void written_reads_back(void **state)
{
	struct rng r;
	struct buf b, out;

	(void)state;
	rng_init(&r, SEED + 2);
	buf_init(&b, TREE_MOST);
	buf_init(&out, TREE_MOST);
	for (int i = 0; i < 20000; i++) {
		struct json_doc doc, again;
		struct json_out o;
		hg_error why;

		random_document(&r, &b);
		if (json_parse(&doc, b.data, b.len, "doc.json", TREE_MOST, &why))
			continue;
		buf_clear(&out);
		json_out_init(&o, &out);
		write_value(&r, &o, doc.root);
		assert_int_equal(out.failed, HG_OK);
		if (json_parse(&again, out.data, out.len, "again.json", TREE_MOST, &why))
			fail_msg("%s: %s", why.text, out.data);
		assert_equal(doc.root, again.root);
		json_finish(&again);
		json_finish(&doc);
	}
	buf_finish(&out);
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_jansson),
		cmocka_unit_test(agrees_with_jansson_on_broken_text),
		cmocka_unit_test(written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
