/* error, version, fail, text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours is meant here */

#include <stdio.h>
#include <string.h>

#include <hourglass/error.h>
#include <hourglass/version.h>

#include "core/fail.h"
#include "core/text.h"

static void codes_have_names_and_texts(void **state)
{
	(void)state;
	assert_string_equal(hg_err_name(HG_OK), "HG_OK");
	assert_string_equal(hg_err_name(HG_EFORMAT), "HG_EFORMAT");
	assert_string_equal(hg_err_text(HG_EFORMAT), "malformed input");
	assert_string_equal(hg_err_name((hg_err)-999), "HG_E?");
	assert_string_equal(hg_err_text((hg_err)1), "unknown error");
#define IS_NAMED(name, value, text)                                                                \
	assert_int_equal(name, value);                                                             \
	assert_string_equal(hg_err_name(name), #name);                                             \
	assert_string_equal(hg_err_text(name), text);
	HG_ERROR_LIST(IS_NAMED)
#undef IS_NAMED
}

static void version_is_that_of_the_header(void **state)
{
	char text[32];

	(void)state;
	(void)snprintf(text, sizeof text, "%d.%d.%d", HG_VERSION_MAJOR, HG_VERSION_MINOR,
		HG_VERSION_PATCH);
	assert_string_equal(hg_version(), text);
}

static void fail_returns_the_code(void **state)
{
	hg_error why;

	(void)state;
	assert_int_equal(fail(NULL, HG_EIO, "x"), HG_EIO);
	assert_int_equal(fail(&why, HG_EFORMAT, "%s:%d: bad", "a.csv", 3), HG_EFORMAT);
	assert_string_equal(why.text, "a.csv:3: bad");
	/* its own text may be an argument */
	assert_int_equal(fail(&why, HG_EINVAL, "[%s]", why.text), HG_EINVAL);
	assert_string_equal(why.text, "[a.csv:3: bad]");
}

static void fail_keeps_one_printable_line(void **state)
{
	hg_error why;

	(void)state;
	(void)fail(&why, HG_EINVAL, "%s", "a\nb\tc\x1b[31m \x7f \xc2\x9b \xff \xc3\xa9");
	assert_string_equal(why.text, "a?b?c?[31m ? ?? ? \xc3\xa9");
}

static void fail_cuts_at_a_character(void **state)
{
	char text[HG_ERROR_TEXT + 8];
	hg_error why;

	(void)state;
	for (size_t before = 0; before < 4; before++) {
		size_t n = before;

		memset(text, 'x', before);
		for (; n + 4 < sizeof text; n += 4)
			memcpy(text + n, "\xf0\x9f\x98\x80", 4);
		text[n] = 0;
		(void)fail(&why, HG_EINVAL, "%s", text);
		assert_int_equal(strlen(why.text), before + (HG_ERROR_TEXT - 1 - before) / 4 * 4);
		assert_null(strchr(why.text, '?'));
	}
}

static void fail_prefix_goes_before(void **state)
{
	char text[HG_ERROR_TEXT + 8];
	hg_error why;

	(void)state;
	fail_prefix(NULL, "x");
	(void)fail(&why, HG_EINVAL, "line 3: bad");
	fail_prefix(&why, "%s: ", "a.json");
	assert_string_equal(why.text, "a.json: line 3: bad");
	memset(text, 'y', sizeof text - 1);
	text[sizeof text - 1] = 0;
	fail_prefix(&why, "%s", text);
	assert_int_equal(strlen(why.text), HG_ERROR_TEXT - 1);
	(void)fail(&why, HG_EINVAL, "%s", text);
	fail_prefix(&why, "z: ");
	assert_int_equal(strlen(why.text), HG_ERROR_TEXT - 1);
	assert_memory_equal(why.text, "z: yyy", 6);
}

static void utf8_is_what_unicode_says(void **state)
{
	static const struct {
		const char *text;
		size_t len, want;
	} cases[] = {
		{"", 0, 0},
		{"a", 1, 1},
		{"\0", 1, 1},
		{"\xc3\xa9", 2, 2},
		{"\xc3\xa9", 1, 0},
		{"\xc0\x80", 2, 0}, /* overlong */
		{"\xc1\xbf", 2, 0},
		{"\xe0\x9f\xbf", 3, 0},
		{"\xe0\xa0\x80", 3, 3},
		{"\xed\x9f\xbf", 3, 3},
		{"\xed\xa0\x80", 3, 0}, /* surrogate */
		{"\xee\x80\x80", 3, 3},
		{"\xe2\x82", 2, 0},
		{"\xf0\x8f\xbf\xbf", 4, 0},
		{"\xf0\x90\x80\x80", 4, 4},
		{"\xf4\x8f\xbf\xbf", 4, 4},
		{"\xf4\x90\x80\x80", 4, 0}, /* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", 4, 0},
		{"\xf0\x90\x80", 3, 0},
		{"\x80", 1, 0},
		{"\xff", 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(utf8_length(cases[i].text, cases[i].len), cases[i].want);
}

static void slices(void **state)
{
	struct slice rest = {"a,,b", 4}, piece;

	(void)state;
	piece = slice_cut(&rest, ',');
	assert_true(slice_is(piece, "a"));
	piece = slice_cut(&rest, ',');
	assert_true(slice_is(piece, ""));
	assert_non_null(rest.text);
	piece = slice_cut(&rest, ',');
	assert_true(slice_is(piece, "b"));
	assert_null(rest.text);
	/* something follows a separator at the end, though it is empty */
	rest = (struct slice){"x=", 2};
	piece = slice_cut(&rest, '=');
	assert_true(slice_is(piece, "x"));
	assert_non_null(rest.text);
	assert_int_equal(rest.len, 0);
	assert_true(slice_is(slice_trim((struct slice){" \t a b \r\n", 9}), "a b"));
	assert_true(slice_is(slice_trim((struct slice){" \t ", 3}), ""));
	assert_false(slice_is((struct slice){"abc", 2}, "abc"));
	assert_false(slice_is((struct slice){"abc", 3}, "ab"));
}

static void distances(void **state)
{
	char longest[66];

	(void)state;
	assert_int_equal(edit_distance("", ""), 0);
	assert_int_equal(edit_distance("abc", ""), 3);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
	assert_int_equal(edit_distance("deadline", "deadlien"), 1);
	assert_int_equal(edit_distance("ab", "ba"), 1);
	assert_int_equal(edit_distance("frontier", "frontier"), 0);
	memset(longest, 'a', 65);
	longest[65] = 0;
	assert_true(edit_distance(longest, "a") == SIZE_MAX);
	longest[64] = 0;
	assert_int_equal(edit_distance(longest, "a"), 63);
}

static void nearest(void **state)
{
	static const char *const words[] = {"list", "profile", "frontier", "run", "demo"};

	(void)state;
	assert_string_equal(nearest_word("profil", words, 5), "profile");
	assert_string_equal(nearest_word("fronteir", words, 5), "frontier");
	assert_string_equal(nearest_word("rnu", words, 5), "run");
	assert_string_equal(nearest_word("lst", words, 5), "list");
	assert_null(nearest_word("zzzz", words, 5));
	assert_null(nearest_word("", words, 5));
	assert_null(nearest_word("run", words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_have_names_and_texts),
		cmocka_unit_test(version_is_that_of_the_header),
		cmocka_unit_test(fail_returns_the_code),
		cmocka_unit_test(fail_keeps_one_printable_line),
		cmocka_unit_test(fail_cuts_at_a_character),
		cmocka_unit_test(fail_prefix_goes_before),
		cmocka_unit_test(utf8_is_what_unicode_says),
		cmocka_unit_test(slices),
		cmocka_unit_test(distances),
		cmocka_unit_test(nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
