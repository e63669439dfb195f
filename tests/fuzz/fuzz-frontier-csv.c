/* Whatever is read as a CSV frontier is written as CSV and as JSON and read back as the same. */
#include <stdint.h>
#include <stdlib.h>

#include <hourglass/frontier.h>

#include "same-frontier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void check_format(const hg_frontier *f, hg_format format)
{
	hg_frontier *g;
	hg_error why;
	char *text, *again;
	size_t len, len_again;

	require(hg_frontier_format(f, format, &text, &len, &why) == HG_OK);
	require(hg_frontier_parse(text, len, HG_FORMAT_AUTO, "again", &g, &why) == HG_OK);
	require(frontier_difference(f, g, 0) == NULL);
	require(hg_frontier_format(g, format, &again, &len_again, &why) == HG_OK);
	require(len == len_again && memcmp(text, again, len) == 0);
	free(text);
	free(again);
	hg_frontier_destroy(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_frontier *f;
	hg_error why;
	hg_err err =
		hg_frontier_parse((const char *)data, size, HG_FORMAT_CSV, "fuzz.csv", &f, &why);

	require(!err == !why.text[0]);
	if (err)
		return 0;
	check_format(f, HG_FORMAT_CSV);
	check_format(f, HG_FORMAT_JSON);
	hg_frontier_destroy(f);
	return 0;
}
