/* Whatever is read as the proof of a plan is written and read back as the same, byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "software/pipeline/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proof p, q;
	struct buf text, again;
	hg_error why = {""};
	hg_err err = proof_parse(&p, (const char *)data, size, "fuzz.json", &why);

	require(!err == !why.text[0]);
	if (!err) {
		buf_init(&text, 1u << 28);
		buf_init(&again, 1u << 28);
		proof_write(&p, &text);
		require(proof_parse(&q, text.data, text.len, "again.json", &why) == HG_OK);
		proof_write(&q, &again);
		require(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
		buf_finish(&text);
		buf_finish(&again);
		proof_finish(&q);
	}
	proof_finish(&p);
	return 0;
}
