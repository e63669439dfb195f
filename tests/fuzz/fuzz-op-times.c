/* Timed ops from any bytes: refused with a reason, or written, read and fitted without a trap. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/ops.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void fit_check(hg_op_times *times, bool drop)
{
	size_t n, dropped = 0;
	hg_ops_report r = {.size = sizeof r};
	hg_model *m;
	hg_error why;
	hg_ops *ops;

	if (hg_op_times_count(times) > 8)
		return;
	require(hg_model_load("h100", NULL, &m, &why) == HG_OK);
	n = hg_op_times_count(times);
	if (drop) {
		require(hg_op_times_drop_odd(times, m, &dropped, &why) == HG_OK || dropped == n);
		require(hg_op_times_count(times) + dropped == n && !why.text[0] == !dropped);
	}
	if (drop && dropped == n) {
		hg_model_destroy(m);
		return;
	}
	require(hg_ops_create(m, times, &ops, &why) == HG_OK);
	require(hg_ops_get_report(ops, 0, &r) == HG_OK);
	require(r.n > 0 && isfinite(r.left_out) && r.each > 0 && r.common > 0);
	hg_ops_destroy(ops);
	hg_model_destroy(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_op_times *times, *again;
	char *text, *second;
	size_t len, len2;
	hg_error why;

	if (hg_op_times_parse((const char *)data, size, "fuzz", &times, &why)) {
		require(!times && why.text[0] != '\0');
		return 0;
	}
	require(hg_op_times_format(times, "x", &text, &len, &why) == HG_OK);
	require(hg_op_times_parse(text, len, "again", &again, &why) == HG_OK);
	require(hg_op_times_format(again, "x", &second, &len2, &why) == HG_OK);
	require(len == len2 && !memcmp(text, second, len));
	fit_check(again, false);
	fit_check(again, true);
	free(text);
	free(second);
	hg_op_times_destroy(again);
	hg_op_times_destroy(times);
	return 0;
}
