/* CSV: what is read, written and read again is the same; lines only grow. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"

#define OUT_MOST ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void record_check(const struct csv *c)
{
	struct buf out;
	struct csv again;
	size_t n = csv_count(c);
	bool more;

	buf_init(&out, OUT_MOST);
	for (size_t i = 0; i < n; i++) {
		struct csv_field f = csv_get(c, i);

		if (i)
			buf_addc(&out, ',');
		/* a single empty field would be a blank line */
		if (n == 1 && f.len == 0)
			buf_adds(&out, "\"\"");
		else
			csv_write_field(&out, f.text, f.len);
	}
	assert(out.failed == HG_OK);
	csv_init(&again, out.data, out.len, "again");
	assert(csv_next(&again, &more, NULL) == HG_OK && more);
	assert(csv_count(&again) == n);
	for (size_t i = 0; i < n; i++) {
		struct csv_field a = csv_get(c, i), b = csv_get(&again, i);

		assert(a.len == b.len && memcmp(a.text, b.text, a.len) == 0);
	}
	assert(csv_next(&again, &more, NULL) == HG_OK && !more);
	csv_finish(&again);
	buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv c;
	hg_error why = {{0}};
	size_t line = 0;
	bool more = true;

	csv_init(&c, (const char *)data, size, "in.csv");
	for (;;) {
		hg_err err = csv_next(&c, &more, &why);

		if (err) {
			assert(strncmp(why.text, "in.csv:", 7) == 0);
			break;
		}
		if (!more)
			break;
		assert(c.line > line && csv_count(&c) > 0);
		line = c.line;
		record_check(&c);
		(void)csv_find(&c, "time_s");
	}
	csv_finish(&c);
	return 0;
}
