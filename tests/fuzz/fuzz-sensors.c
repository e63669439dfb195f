/* Files of sensors: never a crash, and what is accepted is written so that it reads back the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/measure/sensor-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void format(const hg_sensors *s, struct buf *text)
{
	buf_init(text, (size_t)1 << 24);
	if (sensors_format(s, text))
		abort();
}

static void check(const hg_sensors *s)
{
	struct buf once, twice;
	hg_sensors *again;
	hg_error why = {""};

	format(s, &once);
	if (sensors_parse(once.data, once.len, "fuzz", &again, &why))
		abort();
	format(again, &twice);
	if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
		abort();
	hg_sensors_destroy(again);
	buf_finish(&once);
	buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_error why = {""};
	hg_sensors *s;

	if (sensors_parse((const char *)data, size, "fuzz", &s, &why) == HG_OK) {
		check(s);
		hg_sensors_destroy(s);
	} else if (s || !why.text[0]) {
		abort();
	}
	return 0;
}
