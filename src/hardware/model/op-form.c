/* What ops of a known shape consist of, and what follows from it. */
#include <math.h>
#include <string.h>

#include "op.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define NEEDED       ((double)NAN)

static const struct op_form forms[OP_KINDS] = {
	[OP_GEMM] = {.key = "gemm",
		.fields = {{"m", 1, 1e7, NEEDED, false}, {"n", 1, 1e7, NEEDED, false},
			{"k", 1, 1e7, NEEDED, false}, {"batch", 1, 1e6, 1, false}},
		.typed = true},
	[OP_PREFILL] = {.key = "attention_prefill",
		.fields = {{"batch", 1, 1e6, 1, false}, {"tokens", 1, 1e7, NEEDED, false},
			{"context", 0, 1e7, 0, false}, {"heads", 1, 1e4, NEEDED, false},
			{"kv_heads", 0, 1e4, 0, false}, {"head_dim", 1, 1e4, NEEDED, false},
			{"causal", 0, 1, 1, true}},
		.typed = true},
	[OP_DECODE] = {.key = "attention_decode",
		.fields = {{"batch", 1, 1e6, 1, false}, {"tokens", 1, 1e3, 1, false},
			{"context", 1, 1e8, NEEDED, false}, {"heads", 1, 1e4, NEEDED, false},
			{"kv_heads", 0, 1e4, 0, false}, {"head_dim", 1, 1e4, NEEDED, false}},
		.typed = true},
	[OP_ELEMENTWISE] = {.key = "elementwise",
		.fields = {{"elements", 1, 1e15, NEEDED, false}, {"reads", 0, 100, 1, false},
			{"writes", 0, 100, 1, false}, {"flops", 0, 1e4, 1, false},
			{"row", 0, 1e12, 0, false}},
		.typed = true},
	[OP_COLLECTIVE] = {.key = "collective",
		.fields = {{"gpus", 2, 1e6, NEEDED, false}, {"elements", 1, 1e15, NEEDED, false}},
		.word_key = "type",
		.words = {"all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast"},
		.typed = true},
	[OP_COPY] = {.key = "copy",
		.fields = {{"bytes", 1, 1e18, NEEDED, false}},
		.word_key = "path",
		.words = {"memory", "host", "peer"}},
	[OP_LAUNCH] = {.key = "launch",
		.fields = {{"kernels", 1, 1e7, NEEDED, false}, {"graph", 0, 1, 0, true}}},
};

static const struct dtype {
	const char *word;
	double width;
	uint64_t rate;
} dtypes[] = {{"bf16", 2, RATE_16}, {"fp16", 2, RATE_16}, {"fp8", 1, RATE_8}, {"int8", 1, RATE_8},
	{"fp32", 4, RATE_32}};

const struct op_form *op_form(enum op_kind kind)
{
	return &forms[kind];
}

void op_init(struct op *op, enum op_kind kind)
{
	memset(op, 0, sizeof *op);
	op->compute_efficiency = op->memory_efficiency = op->activity = 1.0;
	op->repeat = 1;
	op->kind = kind;
	op->width = 2.0;
	for (size_t i = 0; i < OP_SHAPE && forms[kind].fields[i].key; i++)
		op->shape[i] = forms[kind].fields[i].fallback;
}

bool op_dtype(struct op *op, const char *word)
{
	for (size_t i = 0; i < COUNT(dtypes); i++) {
		if (strcmp(dtypes[i].word, word) != 0)
			continue;
		op->width = dtypes[i].width;
		op->rate = dtypes[i].rate;
		return true;
	}
	return false;
}

const char *op_dtypes(void)
{
	return "bf16, fp16, fp8, int8 or fp32";
}

bool op_word(struct op *op, const char *word)
{
	const struct op_form *form = &forms[op->kind];

	for (size_t i = 0; i < COUNT(form->words) && form->words[i]; i++) {
		if (strcmp(form->words[i], word) != 0)
			continue;
		op->variant = i;
		return true;
	}
	return false;
}

enum op_kind op_kind_find(const char *key, size_t len)
{
	for (size_t i = 1; i < OP_KINDS; i++)
		if (strlen(forms[i].key) == len && !memcmp(forms[i].key, key, len))
			return (enum op_kind)i;
	return OP_PLAIN;
}

/* ----- what follows */

static void gemm_derive(struct op *op)
{
	const double *s = op->shape;
	double m = s[GEMM_M], n = s[GEMM_N], k = s[GEMM_K];

	op->flops = 2.0 * s[GEMM_BATCH] * m * n * k;
	op->bytes = op->width * s[GEMM_BATCH] * (m * k + n * k + m * n);
}

/* Scores and their use: 4 FLOP for each query, key and element of a head. */
static const char *attention_derive(struct op *op)
{
	double *s = op->shape, batch = s[ATTENTION_BATCH], tokens = s[ATTENTION_TOKENS];
	double pairs, dim = s[ATTENTION_HEAD_DIM];

	if (!(s[ATTENTION_KV_HEADS] > 0.0))
		s[ATTENTION_KV_HEADS] = s[ATTENTION_HEADS];
	if (s[ATTENTION_KV_HEADS] > s[ATTENTION_HEADS])
		return "kv_heads: expected at most as many as heads";
	if (!(s[ATTENTION_CONTEXT] > 0.0))
		s[ATTENTION_CONTEXT] = tokens;
	if (s[ATTENTION_CONTEXT] < tokens)
		return "context: expected at least as many as tokens";
	pairs = tokens * s[ATTENTION_CONTEXT];
	if (s[ATTENTION_CAUSAL] > 0.0 || op->kind == OP_DECODE)
		pairs -= 0.5 * tokens * (tokens - 1.0);
	op->flops = 4.0 * batch * s[ATTENTION_HEADS] * dim * pairs;
	op->bytes = 2.0 * op->width * batch * dim *
		    (s[ATTENTION_HEADS] * tokens + s[ATTENTION_KV_HEADS] * s[ATTENTION_CONTEXT]);
	return NULL;
}

/* What each device sends, whatever the algorithm that is optimal in bandwidth. The elements are
 * those of the whole buffer. */
static void collective_derive(struct op *op)
{
	double n = op->shape[COLLECTIVE_GPUS], all = op->width * op->shape[COLLECTIVE_ELEMENTS];

	op->link_bytes = op->variant == BROADCAST ? all : all * (n - 1.0) / n;
	if (op->variant == ALL_REDUCE)
		op->link_bytes *= 2.0;
	op->bytes = 2.0 * op->link_bytes;
	op->flops = op->variant == ALL_REDUCE || op->variant == REDUCE_SCATTER
			    ? op->shape[COLLECTIVE_ELEMENTS]
			    : 0.0;
}

const char *op_derive(struct op *op)
{
	const double *s = op->shape;

	switch (op->kind) {
	case OP_GEMM:
		gemm_derive(op);
		return NULL;
	case OP_PREFILL:
	case OP_DECODE:
		return attention_derive(op);
	case OP_ELEMENTWISE:
		op->flops = s[ELEMENTWISE_ELEMENTS] * s[ELEMENTWISE_FLOPS];
		op->bytes = op->width * s[ELEMENTWISE_ELEMENTS] *
			    (s[ELEMENTWISE_READS] + s[ELEMENTWISE_WRITES]);
		return op->bytes > 0.0 ? NULL : "reads, writes: expected one of them above 0";
	case OP_COLLECTIVE:
		collective_derive(op);
		return NULL;
	case OP_COPY:
		op->bytes = s[COPY_BYTES] * (op->variant == COPY_MEMORY ? 2.0 : 1.0);
		op->link_bytes = op->variant == COPY_MEMORY ? 0.0 : s[COPY_BYTES];
		return NULL;
	default:
		return NULL;
	}
}
