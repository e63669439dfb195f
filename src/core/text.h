/* Small work on strings: splitting, comparing, the nearest right spelling. */
#ifndef HG_CORE_TEXT_H
#define HG_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** A piece of text that is not NUL-terminated. */
struct slice {
	const char *text;
	size_t len;
};

/** Whether a slice is exactly this string. */
bool slice_is(struct slice s, const char *z);

/** Without blanks at both ends. */
struct slice slice_trim(struct slice s);

/**
 * Cuts the text before the first sep off *rest and returns it; all of it if there is no sep.
 * *rest becomes what comes after; its text is NULL once nothing is left.
 */
struct slice slice_cut(struct slice *rest, char sep);

/** Damerau-Levenshtein distance, at most 64 bytes each (longer: SIZE_MAX). */
size_t edit_distance(const char *a, const char *b);

/**
 * The known word nearest to a wrong one, for "did you mean".
 * @return NULL when none is near (more than a third of its letters differ)
 */
const char *nearest_word(const char *wrong, const char *const *known, size_t n);

/** Bytes of the UTF-8 character at s[0..len); 0 when there is no valid one. */
size_t utf8_length(const char *s, size_t len);

/**
 * Makes a string one printable line: control characters and bytes that are no UTF-8 become '?',
 * a character cut off at the end is dropped. Never longer than before.
 */
void text_clean(char *text);

#endif
