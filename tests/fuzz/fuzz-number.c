/* Numbers: as strtod() reads them (this program runs in the C locale); printing reads back. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bits_check(uint64_t bits)
{
	char text[DOUBLE_TEXT];
	double v, again = 0;
	size_t n;

	memcpy(&v, &bits, sizeof v);
	n = double_format(v, text);
	assert(n == strlen(text) && n < sizeof text);
	assert(double_parse(text, n, false, &again) == (isfinite(v) != 0));
	assert(!isfinite(v) || memcmp(&v, &again, sizeof v) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char *copy = malloc(size + 1);
	double strict = 0, lenient = 0, scanned = 0, libc;
	uint64_t bits, u;
	int64_t i;
	size_t n;

	if (!copy)
		return 0;
	memcpy(copy, text, size);
	copy[size] = 0;
	libc = strtod(copy, NULL);
	n = double_scan(text, size, &scanned);
	assert(n <= size);
	if (double_parse(text, size, true, &lenient))
		assert(memcmp(&lenient, &libc, sizeof libc) == 0);
	if (double_parse(text, size, false, &strict)) {
		assert(memcmp(&strict, &libc, sizeof libc) == 0);
		assert(memcmp(&strict, &lenient, sizeof libc) == 0);
		assert(n == size && memcmp(&strict, &scanned, sizeof libc) == 0);
	} else {
		assert(n < size || size == 0 || isinf(scanned));
	}
	if (uint64_parse(text, size, &u))
		assert(u == strtoull(copy, NULL, 10));
	if (int64_parse(text, size, &i))
		assert(i == strtoll(copy, NULL, 10));
	free(copy);
	for (size_t at = 0; at + sizeof bits <= size; at += sizeof bits) {
		memcpy(&bits, data + at, sizeof bits);
		bits_check(bits);
	}
	return 0;
}
