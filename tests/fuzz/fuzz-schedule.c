/* Whatever is read as a schedule is written and read back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/pipeline.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_schedule *s, *t;
	hg_error why = {""};
	hg_err err = hg_schedule_parse((const char *)data, size, "fuzz.csv", &s, &why);
	char *text, *again;
	size_t len, len_again;

	require(!err == !why.text[0]);
	if (err)
		return 0;
	require(hg_schedule_format(s, &text, &len, &why) == HG_OK);
	require(hg_schedule_parse(text, len, "again.csv", &t, &why) == HG_OK);
	require(hg_schedule_format(t, &again, &len_again, &why) == HG_OK);
	require(len == len_again && memcmp(text, again, len) == 0);
	free(text);
	free(again);
	hg_schedule_destroy(s);
	hg_schedule_destroy(t);
	return 0;
}
