/* Whatever is read as a PLANS file is written and read back as the same, byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "software/pipeline/plans.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static double number_or_zero(const struct json *v)
{
	return v && v->type == JSON_NUMBER ? v->number : 0;
}

/* A line of text may ask for a schedule of millions of steps: right, but no test of a parser. */
static int is_large(const char *text, size_t size)
{
	struct json_doc doc;
	hg_error why;
	int large = 0;

	if (json_parse(&doc, text, size, "fuzz.plans", 1u << 26, &why) == HG_OK) {
		const struct json *s = json_get(doc.root, "schedule");
		double ranks = number_or_zero(json_get(s, "ranks"));

		large = ranks * number_or_zero(json_get(s, "microbatches")) > 10000 ||
			ranks * number_or_zero(json_get(s, "chunks")) > 10000;
	}
	json_finish(&doc);
	return large;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plans p, q;
	struct buf text, again;
	hg_error why = {""};
	hg_err err;

	if (is_large((const char *)data, size))
		return 0;
	err = plans_parse(&p, (const char *)data, size, "fuzz.plans", &why);
	require(!err == !why.text[0]);
	if (!err) {
		buf_init(&text, 1u << 28);
		buf_init(&again, 1u << 28);
		require(plans_format(&p, &text, &why) == HG_OK);
		require(plans_parse(&q, text.data, text.len, "again.plans", &why) == HG_OK);
		require(plans_format(&q, &again, &why) == HG_OK);
		require(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
		buf_finish(&text);
		buf_finish(&again);
		plans_finish(&q);
	}
	plans_finish(&p);
	return 0;
}
