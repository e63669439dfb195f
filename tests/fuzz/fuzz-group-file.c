/* Whatever is read as the file of a rank keeps its limits, and is the same when it is written and
 * read again. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/group-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void write_again(const struct group_file *f, struct buf *out)
{
	buf_init(out, (size_t)1 << 16);
	group_file_format(f, out);
	require(!out->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct group_file f, again;
	struct buf first, second;
	hg_error why = {""};

	if (group_file_parse((const char *)data, size, "fuzz.0", &f, &why) != HG_OK) {
		require(why.text[0] != '\0');
		return 0;
	}
	require(f.rank < f.ranks && f.ranks <= GROUP_RANKS && f.n_told <= GROUP_TOLD);
	for (size_t i = 0; i < f.n_told; i++) {
		require(f.told[i].size == sizeof f.told[i]);
		require(f.told[i].refused == 0 || f.told[i].refused & 1);
		require(!isinf(f.told[i].time_s));
		require(group_file_find(&f, f.told[i].stretch) <= &f.told[i]);
	}
	write_again(&f, &first);
	require(group_file_parse(first.data, first.len, "again.0", &again, &why) == HG_OK);
	require(again.run == f.run && again.settings == f.settings && again.group == f.group);
	write_again(&again, &second);
	require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	buf_finish(&first);
	buf_finish(&second);
	return 0;
}
