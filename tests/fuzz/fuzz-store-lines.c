/* A line that is read is written as a line that reads as the same; a file is taken or refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_line(const char *text, size_t len)
{
	struct line a, b;
	struct buf one, two;
	hg_error why = {""};

	if (line_read(text, len, "fuzz", 1, &a, &why) != HG_OK) {
		if (!why.text[0])
			abort();
		return;
	}
	buf_init(&one, (size_t)1 << 22);
	buf_init(&two, (size_t)1 << 22);
	line_write(&one, &a);
	if (line_read(one.data, one.len - 1, "again", 1, &b, &why) != HG_OK)
		abort();
	line_write(&two, &b);
	if (one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
		abort();
	buf_finish(&one);
	buf_finish(&two);
}

/* Whatever is taken leaves a store that is sound. */
static void import(const char *text, size_t len)
{
	const struct store_opts opts = {.mode = OPEN_CREATE};
	struct lines_count n;
	struct store *s;
	struct buf wrong;
	hg_error why = {""};

	if (store_open(":memory:", &opts, &s, &why) != HG_OK)
		abort();
	if (lines_import(s, text, len, "fuzz", &n, &why) != HG_OK && !why.text[0])
		abort();
	buf_init(&wrong, (size_t)1 << 20);
	if (store_begin(s, ACCESS_LOOK, &why) != HG_OK || store_check(s, &wrong, &why) != HG_OK ||
		wrong.len > 0)
		abort();
	buf_finish(&wrong);
	store_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t line = 0;

	while (line < size && text[line] != '\n')
		line++;
	same_line(text ? text : "", line);
	import(text ? text : "", size);
	return 0;
}
