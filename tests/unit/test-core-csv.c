/* The CSV reader and writer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"

/* Reads all of text and prints it as "line:field|field;..." or the error. */
static const char *read_as(const char *text, size_t len, char *out, size_t room)
{
	/* exactly as long as the text, so that a sanitizer sees a byte read beyond it */
	char *exact = malloc(len ? len : 1);
	struct csv c;
	hg_error why = {{0}};
	size_t n = 0;
	bool more = true;
	hg_err err;

	assert_non_null(exact);
	memcpy(exact, text, len);
	out[0] = 0;
	csv_init(&c, exact, len, "f.csv");
	for (;;) {
		err = csv_next(&c, &more, &why);
		if (err || !more)
			break;
		n += (size_t)snprintf(out + n, room - n, "%zu:", c.line);
		for (size_t i = 0; i < csv_count(&c); i++)
			n += (size_t)snprintf(out + n, room - n, "%s%.*s", i ? "|" : "",
				(int)csv_get(&c, i).len, csv_get(&c, i).text);
		n += (size_t)snprintf(out + n, room - n, ";");
	}
	if (err)
		(void)snprintf(out + n, room - n, "%s %s", hg_err_name(err), why.text);
	csv_finish(&c);
	free(exact);
	return out;
}

static void assert_reads(const char *text, const char *want)
{
	char out[1000];

	assert_string_equal(read_as(text, strlen(text), out, sizeof out), want);
}

static void records_are_read(void **state)
{
	(void)state;
	assert_reads("", "");
	assert_reads("\n\r\n\n", "");
	assert_reads("a,b\n1,2\n", "1:a|b;2:1|2;");
	assert_reads("a,b\r\n1,2", "1:a|b;2:1|2;");
	assert_reads("\xef\xbb\xbf"
		     "a,b\n",
		"1:a|b;");
	assert_reads("\xef\xbb\xbf", "");
	assert_reads(",\n", "1:|;");
	assert_reads("a,", "1:a|;");
	assert_reads("a\n\n\nb\n", "1:a;4:b;");
	assert_reads(" a , b \n", "1: a | b ;");
	assert_reads("\"a\",\"b,c\"\n", "1:a|b,c;");
	assert_reads("\"\"\n\"\",\"\"\n", "1:;2:|;");
	assert_reads("\"a\"\"b\",\"\"\"\",x,\"\"\"y\"\"\"\n", "1:a\"b|\"|x|\"y\";");
	assert_reads("\"a\nb\r\nc\",d\ne\n", "1:a\nb\r\nc|d;4:e;");
	assert_reads("\"a\"\r\nb\r\n", "1:a;2:b;");
	/* a byte order mark is one only at the start */
	assert_reads("a\n\xef\xbb\xbf"
		     "b\n",
		"1:a;2:\xef\xbb\xbf"
		"b;");
}

static void malformed_text_is_refused(void **state)
{
	char out[200];

	(void)state;
	assert_reads("a,b\nc,d\"e\n",
		"1:a|b;HG_EFORMAT f.csv:2: field 2: a quote inside a field that does not start with one");
	assert_reads("\"a", "HG_EFORMAT f.csv:1: field 1: the quote is never closed");
	assert_reads(
		"x\ny,\"a\n\n\"\"", "1:x;HG_EFORMAT f.csv:2: field 2: the quote is never closed");
	assert_reads("\"a\"b\n", "HG_EFORMAT f.csv:1: field 1: text after the closing quote");
	assert_reads("\"a\" ,b\n", "HG_EFORMAT f.csv:1: field 1: text after the closing quote");
	assert_reads("a\rb\n",
		"HG_EFORMAT f.csv:1: field 1: a carriage return without a line feed after it");
	assert_reads("a,b\r",
		"HG_EFORMAT f.csv:1: field 2: a carriage return without a line feed after it");
	assert_reads("\"a\"\r", "HG_EFORMAT f.csv:1: field 1: text after the closing quote");
	assert_string_equal(
		read_as("a\0b", 3, out, sizeof out), "HG_EFORMAT f.csv:1: field 1: a NUL byte");
	assert_string_equal(
		read_as("a,\"\0\"", 5, out, sizeof out), "HG_EFORMAT f.csv:1: field 2: a NUL byte");
}

static void limits_are_kept(void **state)
{
	const size_t columns = 1000000, longest = CSV_MAX_FIELD;
	char *text = malloc(2 * columns), *field = malloc(4 * longest + 16);
	char out[200];
	struct csv c;
	hg_error why;
	bool more;

	(void)state;
	assert_non_null(text);
	assert_non_null(field);
	memset(text, ',', columns - 1);
	text[columns - 1] = '\n';
	assert_string_equal(read_as(text, columns, out, sizeof out),
		"HG_ELIMIT f.csv:1: more than 4096 fields in one record");
	text[CSV_MAX_FIELDS - 1] = '\n';
	csv_init(&c, text, CSV_MAX_FIELDS, "f.csv");
	assert_int_equal(csv_next(&c, &more, &why), HG_OK);
	assert_int_equal(csv_count(&c), CSV_MAX_FIELDS);
	csv_finish(&c);

	memset(field, 'x', longest + 1);
	csv_init(&c, field, longest, "f.csv");
	assert_int_equal(csv_next(&c, &more, &why), HG_OK);
	assert_int_equal(csv_get(&c, 0).len, longest);
	csv_finish(&c);
	assert_string_equal(read_as(field, longest + 1, out, sizeof out),
		"HG_ELIMIT f.csv:1: field 1: longer than 1048576 bytes");
	/* the same limit on what is left once quotes are undone */
	memset(field, '"', 2 * longest + 4);
	csv_init(&c, field, 2 * longest + 2, "f.csv");
	assert_int_equal(csv_next(&c, &more, &why), HG_OK);
	assert_int_equal(csv_get(&c, 0).len, longest);
	csv_finish(&c);
	assert_string_equal(read_as(field, 2 * longest + 4, out, sizeof out),
		"HG_ELIMIT f.csv:1: field 1: longer than 1048576 bytes");
	free(field);
	free(text);
}

static void columns_are_found(void **state)
{
	static const char text[] = "time_s,\"power \"\"W\"\"\",time\n";
	struct csv c;
	bool more;

	(void)state;
	csv_init(&c, text, sizeof text - 1, "f.csv");
	assert_true(csv_find(&c, "time") == SIZE_MAX);
	assert_int_equal(csv_next(&c, &more, NULL), HG_OK);
	assert_int_equal(csv_find(&c, "time"), 2);
	assert_int_equal(csv_find(&c, "time_s"), 0);
	assert_int_equal(csv_find(&c, "power \"W\""), 1);
	assert_true(csv_find(&c, "tim") == SIZE_MAX);
	assert_true(csv_find(&c, "") == SIZE_MAX);
	csv_finish(&c);
	c = (struct csv){0};
	csv_finish(&c);
}

static void written_reads_back(void **state)
{
	static const char *const fields[] = {"plain", "", "a,b", "say \"x\"", "two\nlines", "cr\r",
		"\"", " blanks ", "\xef\xbb\xbf"};
	const size_t n = sizeof fields / sizeof fields[0];
	struct buf out;
	struct csv c;
	bool more;

	(void)state;
	buf_init(&out, 1000);
	for (size_t first = 0; first < n; first++) {
		buf_clear(&out);
		for (size_t i = 0; i < n; i++) {
			const char *f = fields[(first + i) % n];

			if (i)
				buf_addc(&out, ',');
			csv_write_field(&out, f, strlen(f));
		}
		csv_init(&c, out.data, out.len, "f.csv");
		assert_int_equal(csv_next(&c, &more, NULL), HG_OK);
		assert_int_equal(csv_count(&c), n);
		for (size_t i = 0; i < n; i++) {
			const char *f = fields[(first + i) % n];

			assert_int_equal(csv_get(&c, i).len, strlen(f));
			assert_memory_equal(csv_get(&c, i).text, f, strlen(f));
		}
		csv_finish(&c);
	}
	buf_clear(&out);
	csv_write_field(&out, "plain 1", 7);
	assert_string_equal(out.data, "plain 1");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read),
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(columns_are_found),
		cmocka_unit_test(written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
