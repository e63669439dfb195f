/* The JSON reader: what it refuses and says; limits; typed access. The writer's layout. */
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

#define MOST ((size_t)1 << 28)

static void assert_refused(const char *text, size_t len, hg_err want, const char *said)
{
	struct json_doc doc;
	hg_error why = {{0}};
	char *exact = malloc(len ? len : 1);
	hg_err err;

	assert_non_null(exact);
	memcpy(exact, text, len);
	err = json_parse(&doc, exact, len, "f.json", MOST, &why);
	free(exact);
	assert_string_equal(why.text, said);
	assert_int_equal(err, want);
	assert_null(doc.root);
	json_finish(&doc);
}

static void malformed_text_is_refused(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"", "f.json:1: expected a value, but the text ends here"},
		{"  \n ", "f.json:2: expected a value, but the text ends here"},
		{"{\"a\": 1,}", "f.json:1: expected a key in quotes, got '}'"},
		{"[1,]", "f.json:1: expected a value, got ']'"},
		{"[1\n\n2]", "f.json:3: expected ',' or ']', got '2'"},
		{"{\"a\" 1}", "f.json:1: expected ':' after a key, got '1'"},
		{"{a: 1}", "f.json:1: expected a key in quotes, got 'a'"},
		{"{\"a\": 1", "f.json:1: expected ',' or '}', but the text ends here"},
		{"[", "f.json:1: expected a value, but the text ends here"},
		{"1 2", "f.json:1: expected nothing after the value, got '2'"},
		{"// x\n1", "f.json:1: expected a value, got '/'"},
		{"\xef\xbb\xbf{}", "f.json:1: expected a value, got byte 0xef"},
		{"nul", "f.json:1: expected a value, got 'n'"},
		{"NaN", "f.json:1: expected a value, got 'N'"},
		{"Infinity", "f.json:1: expected a value, got 'I'"},
		{"-", "f.json:1: expected a number, got '-'"},
		{"[01]", "f.json:1: expected a number, got '0'"},
		{"1.", "f.json:1: expected a number, got '1'"},
		{".5", "f.json:1: expected a value, got '.'"},
		{"1.5.2", "f.json:1: a number with a leading zero or a misplaced point"},
		{"1e999", "f.json:1: number 1e999 is too large for a double"},
		{"\"ab", "f.json:1: a string is never closed"},
		{"\"\\\"", "f.json:1: a string is never closed"},
		{"\"a\nb\"", "f.json:1: a control character in a string; write it as \\uXXXX"},
		{"\"\\x\"",
			"f.json:1: expected one of \" \\ / b f n r t u after a backslash, got 'x'"},
		{"\"\\u12g4\"", "f.json:1: expected four hexadecimal digits after \\u"},
		{"\"\\u12\"", "f.json:1: expected four hexadecimal digits after \\u"},
		{"\"\\u0000\"", "f.json:1: a string holds \\u0000"},
		{"\"\\ud800\"", "f.json:1: a high surrogate without a low one after it"},
		{"\"\\ud800\\u0041\"", "f.json:1: a high surrogate without a low one after it"},
		{"\"\\udc00\"", "f.json:1: a low surrogate without a high one before it"},
		{"\"\xff\"", "f.json:1: a string holds bytes that are no UTF-8"},
		{"\"\xc3\"", "f.json:1: a string holds bytes that are no UTF-8"},
		{"{\"a\": 1,\n\"b\": 2,\n\"a\": 3}",
			"f.json:3: key \"a\" appears twice (first on line 1)"},
		{"{\"\\u0061\": 1, \"a\": 3}",
			"f.json:1: key \"a\" appears twice (first on line 1)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(cases[i].text, strlen(cases[i].text), HG_EFORMAT, cases[i].said);
	assert_refused(
		"1\0", 2, HG_EFORMAT, "f.json:1: expected nothing after the value, got byte 0x00");
	assert_refused("\"a\0\"", 4, HG_EFORMAT,
		"f.json:1: a control character in a string; write it as \\uXXXX");
}

static void every_truncation_is_refused(void **state)
{
	static const char text[] =
		"{\"a\": [1.5e3, true, null, \"x\\u00e9\\ud83d\\ude00\xc3\xa9\"], \"b\": {}}";

	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		char *exact = malloc(n ? n : 1);
		struct json_doc doc;

		assert_non_null(exact);
		memcpy(exact, text, n);
		assert_int_equal(json_parse(&doc, exact, n, "f", MOST, NULL), HG_EFORMAT);
		free(exact);
	}
}

static void nesting_has_a_limit(void **state)
{
	char text[2 * JSON_MAX_DEPTH + 2];
	struct json_doc doc;

	(void)state;
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_int_equal(json_parse(&doc, text, 2 * JSON_MAX_DEPTH, "f", MOST, NULL), HG_OK);
	json_finish(&doc);
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	assert_refused(text, sizeof text, HG_ELIMIT, "f.json:1: nested deeper than 64");
}

static void memory_has_a_limit(void **state)
{
	struct json_doc doc;
	hg_error why;

	(void)state;
	assert_int_equal(json_parse(&doc, "[1,2,3,\n4]", 10, "f", 200, &why), HG_ELIMIT);
	assert_string_equal(why.text, "f:1: its tree would take more than 200 bytes");
	assert_int_equal(json_parse(&doc, "\"0123456789\"", 12, "f", 60, &why), HG_ELIMIT);
	assert_string_equal(why.text, "f:1: its tree would take more than 60 bytes");
}

/* Many keys: duplicates are found wherever they are, and finding none is not quadratic. */
static void large_objects(void **state)
{
	const int n = 300000;
	struct json_doc doc;
	struct buf b;
	hg_error why;

	(void)state;
	buf_init(&b, MOST);
	for (int pass = 0; pass < 2; pass++) {
		buf_clear(&b);
		buf_addc(&b, '{');
		for (int i = 0; i < n; i++)
			buf_addf(&b, "%s\n\"k%d\":%d", i ? "," : "",
				pass && i == n / 2   ? 5
				: pass && i == n - 1 ? 7
						     : i,
				i);
		buf_addc(&b, '}');
		if (pass) {
			assert_int_equal(
				json_parse(&doc, b.data, b.len, "f", MOST, &why), HG_EFORMAT);
			assert_string_equal(
				why.text, "f:150002: key \"k5\" appears twice (first on line 7)");
			continue;
		}
		assert_int_equal(json_parse(&doc, b.data, b.len, "f", MOST, &why), HG_OK);
		assert_int_equal(doc.root->len, n);
		assert_true(json_get(doc.root, "k299999")->number == n - 1);
		json_finish(&doc);
	}
	buf_finish(&b);
}

/* The tree outlives nothing but the text it points into. */
static void raw_is_the_source(void **state)
{
	static const char text[] = " {\"a\" : [ 1.50 , \"\\u0041\" ] ,\n \"b\":-0e1}";
	struct json_doc doc;
	const struct json *a, *b;

	(void)state;
	assert_int_equal(json_parse(&doc, text, sizeof text - 1, "f", MOST, NULL), HG_OK);
	a = json_get(doc.root, "a");
	b = json_get(doc.root, "b");
	assert_int_equal(a->raw_len, strlen("[ 1.50 , \"\\u0041\" ]"));
	assert_memory_equal(a->raw, "[ 1.50 , \"\\u0041\" ]", a->raw_len);
	assert_memory_equal(a->first->raw, "1.50", a->first->raw_len);
	assert_string_equal(a->first->next->string, "A");
	assert_int_equal(a->first->next->raw_len, 8);
	assert_int_equal(b->line, 2);
	assert_int_equal(b->raw_len, 4);
	assert_null(json_get(doc.root, "c"));
	assert_null(json_get(a, "c"));
	assert_null(json_get(NULL, "c"));
	assert_string_equal(json_type_text(a), "an array");
	assert_string_equal(json_type_text(b), "a number");
	assert_string_equal(json_type_text(NULL), "nothing");
	json_finish(&doc);
	doc = (struct json_doc){.root = NULL};
	json_finish(&doc);
}

static void typed_access_says_what_was_expected(void **state)
{
	static const char text[] = "{\"schema\": \"hourglass.x/1\",\n\"t\": 5,\n\"s\": \"word\",\n"
				   "\"yes\": true, \"o\": {}}";
	struct json_doc doc;
	const struct json *v;
	const char *s = "as before";
	double d = -1;
	hg_error why;

	(void)state;
	assert_int_equal(json_parse(&doc, text, sizeof text - 1, "f", MOST, NULL), HG_OK);
	assert_int_equal(json_need_number(&doc, doc.root, "t", 0, 10, &d, &why), HG_OK);
	assert_true(d == 5);
	d = -1;
	assert_int_equal(json_need_number(&doc, doc.root, "t", 6, 10, &d, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:2: \"t\": 5 is not between 6 and 10");
	assert_int_equal(json_number_or(&doc, doc.root, "t", 6, INFINITY, &d, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:2: \"t\": 5 is below 6");
	assert_int_equal(json_number_or(&doc, doc.root, "t", -INFINITY, 0.5, &d, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:2: \"t\": 5 is above 0.5");
	assert_int_equal(json_need_number(&doc, doc.root, "s", 0, 1, &d, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:3: \"s\": expected a number, got a string");
	assert_int_equal(json_need_number(&doc, doc.root, "u", 0, 1, &d, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:1: \"u\" is missing; expected a number");
	assert_int_equal(json_number_or(&doc, doc.root, "u", 0, 1, &d, &why), HG_OK);
	assert_true(d == -1);
	assert_int_equal(json_string_or(&doc, doc.root, "u", &s, &why), HG_OK);
	assert_string_equal(s, "as before");
	assert_int_equal(json_need_string(&doc, doc.root, "s", &s, &why), HG_OK);
	assert_string_equal(s, "word");
	assert_int_equal(json_need_string(&doc, doc.root, "yes", &s, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:4: \"yes\": expected a string, got true");
	assert_int_equal(json_need(&doc, doc.root, "yes", JSON_FALSE, &v, &why), HG_OK);
	assert_int_equal(v->type, JSON_TRUE);
	assert_int_equal(json_need(&doc, doc.root, "o", JSON_TRUE, &v, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:4: \"o\": expected true or false, got an object");
	assert_int_equal(json_need(&doc, doc.root, "o", JSON_ARRAY, &v, &why), HG_EFORMAT);
	assert_int_equal(json_need_number(&doc, doc.root->first, "x", 0, 1, &d, &why), HG_EFORMAT);
	assert_string_equal(why.text, "f:1: expected an object with \"x\", got a string");
	json_finish(&doc);
}

static void assert_schema(const char *text, hg_err want, const char *said)
{
	struct json_doc doc;
	hg_error why = {{0}};

	assert_int_equal(json_parse(&doc, text, strlen(text), "f", MOST, NULL), HG_OK);
	assert_int_equal(json_check_schema(&doc, "hourglass.frontier", 1, &why), want);
	assert_string_equal(why.text, said);
	json_finish(&doc);
}

static void schema_is_checked(void **state)
{
	(void)state;
	assert_schema("{\"schema\": \"hourglass.frontier/1\"}", HG_OK, "");
	assert_schema("{\n\"schema\": \"hourglass.frontier/2\"}", HG_EVERSION,
		"f:2: \"schema\" is \"hourglass.frontier/2\"; this hourglass reads "
		"\"hourglass.frontier/1\"");
	assert_schema("{\"schema\": \"hourglass.frontier/x\"}", HG_EFORMAT,
		"f:1: \"schema\" is \"hourglass.frontier/x\"; expected \"hourglass.frontier/1\"");
	assert_schema("{\"schema\": \"hourglass.frontiers/1\"}", HG_EFORMAT,
		"f:1: \"schema\" is \"hourglass.frontiers/1\"; expected \"hourglass.frontier/1\"");
	assert_schema(
		"{}", HG_EFORMAT, "f:1: \"schema\" is missing; expected \"hourglass.frontier/1\"");
	assert_schema("{\"schema\": 1}", HG_EFORMAT,
		"f:1: \"schema\" is missing; expected \"hourglass.frontier/1\"");
	assert_schema("[]", HG_EFORMAT,
		"f:1: expected an object with \"schema\": \"hourglass.frontier/1\"");
}

static void layout(void **state)
{
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	json_out_init(&o, &b);
	json_open(&o, '{', false);
	json_kv_string(&o, "s", "q\" \\ / \n\x01\x7f \xc3\xa9 \xff");
	json_kv_number(&o, "n", NAN);
	json_key(&o, "points");
	json_open(&o, '[', false);
	json_open(&o, '{', true);
	json_kv_number(&o, "t", 0.1);
	json_kv_int(&o, "i", INT64_MIN);
	json_key(&o, "in");
	json_open(&o, '[', false);
	json_put_null(&o);
	json_put_bool(&o, false);
	json_close(&o, ']');
	json_close(&o, '}');
	json_put_raw(&o, "[1,2]", 5);
	json_close(&o, ']');
	json_kv_bool(&o, "empty", true);
	json_key(&o, "e");
	json_open(&o, '{', false);
	json_close(&o, '}');
	json_close(&o, '}');
	assert_int_equal(b.failed, HG_OK);
	assert_string_equal(b.data,
		"{\n"
		"  \"s\": \"q\\\" \\\\ / \\n\\u0001\x7f \xc3\xa9 \xef\xbf\xbd\",\n"
		"  \"n\": null,\n"
		"  \"points\": [\n"
		"    {\"t\": 0.1, \"i\": -9223372036854775808, \"in\": [null, false]},\n"
		"    [1,2]\n"
		"  ],\n"
		"  \"empty\": true,\n"
		"  \"e\": {}\n"
		"}");
	buf_finish(&b);
}

static void misuse_fails_the_buffer(void **state)
{
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	json_out_init(&o, &b);
	for (int i = 0; i < JSON_MAX_DEPTH; i++)
		json_open(&o, '[', true);
	assert_int_equal(b.failed, HG_OK);
	json_open(&o, '[', true);
	assert_int_equal(b.failed, HG_ELIMIT);
	buf_clear(&b);
	json_out_init(&o, &b);
	json_close(&o, ']');
	assert_int_equal(b.failed, HG_ELIMIT);
	buf_finish(&b);
	/* a buffer that is full says so at the end */
	buf_init(&b, 10);
	json_out_init(&o, &b);
	json_put_string(&o, "longer than that");
	assert_int_equal(b.failed, HG_ELIMIT);
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(memory_has_a_limit),
		cmocka_unit_test(large_objects),
		cmocka_unit_test(raw_is_the_source),
		cmocka_unit_test(typed_access_says_what_was_expected),
		cmocka_unit_test(schema_is_checked),
		cmocka_unit_test(layout),
		cmocka_unit_test(misuse_fails_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
