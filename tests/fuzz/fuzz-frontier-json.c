/* Whatever is read as a frontier is written and read back as the same, byte for byte. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_frontier *f, *g;
	hg_error why;
	char *text, *again;
	size_t len, len_again;
	hg_err err =
		hg_frontier_parse((const char *)data, size, HG_FORMAT_JSON, "fuzz.json", &f, &why);

	require(!err == !why.text[0]);
	if (err)
		return 0;
	require(hg_frontier_format(f, HG_FORMAT_JSON, &text, &len, &why) == HG_OK);
	require(hg_frontier_parse(text, len, HG_FORMAT_AUTO, "again.json", &g, &why) == HG_OK);
	require(frontier_difference(f, g, 0) == NULL);
	require(hg_frontier_format(g, HG_FORMAT_JSON, &again, &len_again, &why) == HG_OK);
	require(len == len_again && memcmp(text, again, len) == 0);
	free(text);
	free(again);
	hg_frontier_destroy(f);
	hg_frontier_destroy(g);
	return 0;
}
