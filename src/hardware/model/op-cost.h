/* What is known of ops' times, beyond datasheets: fitted to samples, carried to other devices. */
#ifndef HG_HARDWARE_MODEL_OP_COST_H
#define HG_HARDWARE_MODEL_OP_COST_H

#include <hourglass/ops.h>

#include "op-class.h"

/** An op that was timed at full clock. */
struct op_sample {
	struct op op;
	double time_s;
	uint32_t line; /* of its file */
};

/** What is known of a kind. */
struct op_known {
	double z[OP_Z];
	double common, each;       /* sd of ln time, as in struct op_class */
	double alone;              /* each, without what nearby samples add */
	struct op_sample *samples; /* owned */
	double *residual;          /* ln of measured over predicted, at the samples; owned */
	size_t n;
	double left_out; /* mean |relative error| of each from the others */
};

struct hg_ops {
	struct figures f; /* of the device that the samples are of */
	struct op_known of[OP_KINDS];
};

/** What the classes say without a sample. */
void op_known_default(enum op_kind kind, struct op_known *k);

/** Fits a kind to samples of a device; k->samples are copies. @return HG_OK, HG_ENOMEM */
hg_err op_known_fit(const struct figures *f, enum op_kind kind, const struct op_sample *samples,
	size_t n, struct op_known *k);
void op_known_finish(struct op_known *k);

/** ln time that nearby samples add. Complexity: O(samples). @param skip  none of it: SIZE_MAX */
double op_known_residual(const struct op_known *k, const struct op *op, size_t skip);

/**
 * Cost of an op on a device. Its overlap becomes the device's, so that at full clock it takes what
 * its class says.
 * @param ops  NULL: nothing but the datasheet
 */
void op_cost(const struct figures *f, const hg_ops *ops, const struct op *op, struct op_cost *out);

/** sd of ln time of ops of a kind on a device: of all alike, and of each shape. */
void op_spread(const struct hg_model *m, const hg_ops *ops, enum op_kind kind, double *common,
	double *each);

#endif
