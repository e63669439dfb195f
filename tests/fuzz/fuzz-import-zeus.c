/* Whatever is imported from Zeus is written and read back as the same. */
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
	char *text;
	size_t len;
	hg_err err = hg_frontier_import_zeus(
		(const char *)data, size, "A40+fuzz+gpu0.csv", NULL, &f, &why);

	require(!err == !why.text[0]);
	if (err)
		return 0;
	require(hg_frontier_format(f, HG_FORMAT_JSON, &text, &len, &why) == HG_OK);
	require(hg_frontier_parse(text, len, HG_FORMAT_AUTO, "again", &g, &why) == HG_OK);
	require(frontier_difference(f, g, 0) == NULL);
	free(text);
	hg_frontier_destroy(f);
	hg_frontier_destroy(g);
	return 0;
}
