/* Columns of text for people. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

#define CELLS_MAX (1u << 24)
#define BYTES_MAX ((size_t)1 << 30)
#define CELL_MAX  512
/** Least room for a last column that is wrapped beside the others, and where it stands if not. */
#define WRAP_LEAST  30
#define WRAP_INDENT 6

void table_init(struct table *t, const char *align)
{
	memset(t, 0, sizeof *t);
	arena_init(&t->arena, BYTES_MAX);
	vec_init(&t->cells, sizeof(const char *), CELLS_MAX);
	for (; align[t->columns] && t->columns < TABLE_COLUMNS; t->columns++)
		t->left[t->columns] = align[t->columns] == 'l';
}

void table_finish(struct table *t)
{
	vec_finish(&t->cells);
	arena_finish(&t->arena);
}

void table_cell(struct table *t, const char *fmt, ...)
{
	char text[CELL_MAX];
	const char *kept;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (t->failed != HG_OK)
		return;
	kept = arena_strdup(&t->arena, text);
	t->failed = kept ? vec_push(&t->cells, &kept) : HG_ENOMEM;
}

size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static const char *cell_at(const struct table *t, size_t row, size_t column)
{
	return *(const char **)vec_at(&t->cells, row * t->columns + column);
}

/* The last column's text in lines of its own width; where there is too little room beside the
 * others, below them. */
static void print_wrapped(const struct table *t, struct buf *out, const char *text, size_t at)
{
	size_t indent = at + 2, used = at + 2;
	size_t width = text_width(text);

	if (used + width > t->wrap && used + WRAP_LEAST > t->wrap) {
		indent = used = WRAP_INDENT;
		buf_addf(out, "\n%*s", WRAP_INDENT, "");
	} else if (width) {
		buf_adds(out, "  ");
	}
	for (bool first = true; *text; first = false) {
		size_t bytes = strcspn(text, " ");

		width = 0;
		for (size_t i = 0; i < bytes; i++)
			width += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (!first && used + 1 + width > t->wrap) {
			buf_addf(out, "\n%*s", (int)indent, "");
			used = indent;
		} else if (!first) {
			buf_addc(out, ' ');
			used++;
		}
		buf_add(out, text, bytes);
		used += width;
		text += bytes;
		text += strspn(text, " ");
	}
}

static void print_row(const struct table *t, struct buf *out, size_t row, const size_t *widths)
{
	size_t at = 0;

	for (size_t c = 0; c < t->columns; c++) {
		const char *text = cell_at(t, row, c);
		int pad = (int)(widths[c] - text_width(text));
		bool last = c + 1 == t->columns;

		if (last && t->wrap && t->left[c]) {
			print_wrapped(t, out, text, at);
			break;
		}
		if (c)
			buf_adds(out, "  ");
		at += c ? 2 : 0;
		at += widths[c];
		if (t->left[c])
			buf_addf(out, "%s%*s", text, last ? 0 : pad, "");
		else
			buf_addf(out, "%*s%s", pad, "", text);
	}
}

void table_print(struct table *t, struct buf *out, bool bold_head)
{
	size_t widths[TABLE_COLUMNS] = {0};
	size_t rows = t->columns ? t->cells.len / t->columns : 0;

	if (t->failed != HG_OK) {
		out->failed = t->failed;
		return;
	}
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < t->columns; c++) {
			size_t w = text_width(cell_at(t, r, c));

			if (w > widths[c])
				widths[c] = w;
		}
	for (size_t r = 0; r < rows; r++) {
		bool bold = r == 0 && bold_head;

		buf_adds(out, bold ? "\033[1m" : "");
		print_row(t, out, r, widths);
		buf_adds(out, bold ? "\033[0m\n" : "\n");
	}
}
