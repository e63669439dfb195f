/* Quantities: the first byte says of what. A value that is read is finite and can be shown. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum quantity q;
	char shown[QUANTITY_TEXT], *text;
	hg_error why = {{0}};
	double v = 0, f, any;

	if (size == 0)
		return 0;
	q = (enum quantity)(data[0] % (QUANTITY_FACTOR + 1));
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (quantity_parse(q, text, "--x", &v, &why) == HG_OK) {
		assert(isfinite(v));
		assert(quantity_format(q, v, shown) == shown);
		assert(strlen(shown) > 0 && strlen(shown) < sizeof shown);
		assert(!strchr(shown, '\n'));
	} else {
		assert(v == 0 && strncmp(why.text, "--x: ", 5) == 0);
	}
	if (unit_factor(q, text, size - 1, &f))
		assert(isfinite(f) && f > 0);
	if (size > sizeof any) {
		memcpy(&any, data + 1, sizeof any);
		(void)quantity_format(q, any, shown);
		assert(strlen(shown) > 0 && strlen(shown) < sizeof shown);
	}
	free(text);
	return 0;
}
