#include "text.h"

#include <stdint.h>
#include <string.h>

#define EDIT_MAX 64

bool slice_is(struct slice s, const char *z)
{
	size_t n = strlen(z);

	return s.len == n && (n == 0 || memcmp(s.text, z, n) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.text[0])) {
		s.text++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.text[s.len - 1]))
		s.len--;
	return s;
}

struct slice slice_cut(struct slice *rest, char sep)
{
	struct slice piece = *rest;
	const char *at = rest->len ? memchr(rest->text, sep, rest->len) : NULL;

	if (!at) {
		rest->text = NULL;
		rest->len = 0;
		return piece;
	}
	piece.len = (size_t)(at - rest->text);
	rest->text = at + 1;
	rest->len -= piece.len + 1;
	return piece;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: a transposed pair costs one and is not edited again. */
size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][EDIT_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t na = strlen(a), nb = strlen(b);

	if (na > EDIT_MAX || nb > EDIT_MAX)
		return SIZE_MAX;
	memset(rows, 0, sizeof rows);
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *spare = before;

		before = above;
		above = row;
		row = spare;
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t d = above[j - 1] + (a[i - 1] != b[j - 1]);

			d = least(d, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = least(d, before[j - 2] + 1);
			row[j] = d;
		}
	}
	return row[nb];
}

const char *nearest_word(const char *wrong, const char *const *known, size_t n)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(wrong, known[i]);
		size_t longer = strlen(wrong) > strlen(known[i]) ? strlen(wrong) : strlen(known[i]);

		/* one slip in a two-letter word is still a slip */
		if (d < best_distance && d <= (longer < 3 ? 1 : longer / 3) && d < longer) {
			best = known[i];
			best_distance = d;
		}
	}
	return best;
}

static bool is_tail(const char *s, size_t i)
{
	return ((unsigned char)s[i] & 0xc0) == 0x80;
}

/* Overlong forms, surrogates, beyond U+10FFFF: the second byte tells. */
static bool is_misused(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second < 0xa0;
	case 0xed:
		return second > 0x9f;
	case 0xf0:
		return second < 0x90;
	case 0xf4:
		return second > 0x8f;
	default:
		return false;
	}
}

size_t utf8_length(const char *s, size_t len)
{
	unsigned char c = len ? (unsigned char)s[0] : 0xff;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4 || len < 2 || !is_tail(s, 1))
		return 0;
	if (c < 0xe0)
		return 2;
	if (is_misused(c, (unsigned char)s[1]) || len < 3 || !is_tail(s, 2))
		return 0;
	if (c < 0xf0)
		return 3;
	return len > 3 && is_tail(s, 3) ? 4 : 0;
}

void text_clean(char *text)
{
	size_t len = strlen(text), start = len;

	/* the last character may have been cut in the middle */
	while (start > 0 && len - start < 3 && is_tail(text, start - 1))
		start--;
	if (start > 0 && (unsigned char)text[start - 1] >= 0xc2 &&
		utf8_length(text + start - 1, len - (start - 1)) == 0)
		text[len = start - 1] = 0;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(text + i, len - i);
		unsigned char c = (unsigned char)text[i];

		if (n == 0 || c < 0x20 || c == 0x7f)
			text[i] = '?';
		else if (n == 2 && c == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
			text[i] = text[i + 1] = '?'; /* C1 controls */
		i += n ? n : 1;
	}
}
