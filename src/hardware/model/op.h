/*
 * One op of a workload. Some kinds are known by their shape, from which FLOP and bytes follow;
 * op-form.c says what belongs to each shape, op-cost.c how long it takes on a device.
 */
#ifndef HG_HARDWARE_MODEL_OP_H
#define HG_HARDWARE_MODEL_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>

#include "core/json.h"

/** Most numbers of a shape. */
#define OP_SHAPE 8

enum op_kind {
	OP_PLAIN, /* FLOP and bytes as the file says */
	OP_GEMM,
	OP_PREFILL,
	OP_DECODE,
	OP_ELEMENTWISE,
	OP_COLLECTIVE,
	OP_COPY,
	OP_LAUNCH,
	OP_KINDS
};

/** Which number of op.shape is what. */
enum {
	GEMM_M,
	GEMM_N,
	GEMM_K,
	GEMM_BATCH
};
enum {
	ATTENTION_BATCH,
	ATTENTION_TOKENS,
	ATTENTION_CONTEXT,
	ATTENTION_HEADS,
	ATTENTION_KV_HEADS,
	ATTENTION_HEAD_DIM,
	ATTENTION_CAUSAL
};
enum {
	ELEMENTWISE_ELEMENTS,
	ELEMENTWISE_READS,
	ELEMENTWISE_WRITES,
	ELEMENTWISE_FLOPS,
	ELEMENTWISE_ROW
};
enum {
	COLLECTIVE_GPUS,
	COLLECTIVE_ELEMENTS
};
enum {
	COPY_BYTES
};
enum {
	LAUNCH_KERNELS,
	LAUNCH_GRAPH
};

/** op.variant of a collective, and of a copy. */
enum {
	ALL_REDUCE,
	ALL_GATHER,
	REDUCE_SCATTER,
	ALL_TO_ALL,
	BROADCAST
};
enum {
	COPY_MEMORY,
	COPY_HOST,
	COPY_PEER
};

/** op.rate: at which of the device's peaks it computes. */
enum {
	RATE_16,
	RATE_8,
	RATE_32
};

/** One op, done `repeat` times in a row. No padding: ops are compared as bytes. */
struct op {
	double flops, bytes, host_gap_s;
	double link_bytes;                            /* that each device sends to others */
	double compute_efficiency, memory_efficiency; /* relative to what the device reaches */
	double activity;                              /* factor on D */
	double shape[OP_SHAPE];
	double width; /* bytes of an element */
	uint64_t kind, variant, rate;
	uint64_t repeat;
};

/** A number of a shape. */
struct op_field {
	const char *key; /* NULL: no more */
	double min, max;
	double fallback; /* NAN: must be there */
	bool truth;      /* true or false */
};

/** What a kind's shape consists of. */
struct op_form {
	const char *key; /* as in files */
	struct op_field fields[OP_SHAPE];
	const char *word_key; /* of the variant, or NULL */
	const char *words[6];
	bool typed; /* has a dtype */
};

/** Forms by kind; that of OP_PLAIN has no key. */
const struct op_form *op_form(enum op_kind kind);

/** An op without cost, its shape the fallbacks. */
void op_init(struct op *op, enum op_kind kind);

/** Sets width and rate. @return false when there is no such type */
bool op_dtype(struct op *op, const char *word);
/** Names of the types, as in "fp32, bf16". */
const char *op_dtypes(void);

/** Sets the variant. @return false when the kind has no such word */
bool op_word(struct op *op, const char *word);

/**
 * FLOP, bytes and link bytes from the shape.
 * @return NULL, or what is wrong with the shape
 */
const char *op_derive(struct op *op);

/** Kind by its key in files, OP_PLAIN when there is none. */
enum op_kind op_kind_find(const char *key, size_t len);

/**
 * The kind that a JSON object gives a shape for; op keeps what is not of the shape.
 * @param where  names the object in errors
 */
hg_err op_shape_read(const struct json_doc *doc, const struct json *obj, const char *where,
	struct op *op, hg_error *why);

/** Writes the shape as "gemm": {...}. */
void op_shape_write(struct json_out *j, const struct op *op);

#endif
