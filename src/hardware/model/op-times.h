/* Timed ops, as files hold them. */
#ifndef HG_HARDWARE_MODEL_OP_TIMES_H
#define HG_HARDWARE_MODEL_OP_TIMES_H

#include "core/vec.h"

#include "op-cost.h"

struct hg_op_times {
	struct arena arena;
	const char *device; /* or NULL */
	struct vec samples; /* struct op_sample */
};

#endif
