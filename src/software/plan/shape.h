/* Shapes: a piece of work at the static power of a device, its Pareto options and its hull. */
#ifndef HG_PLAN_SHAPE_H
#define HG_PLAN_SHAPE_H

#include "dag.h"

/* Price of going faster where there is nothing faster. */
#define SLOPE_NONE INT64_MAX

/** Makes the shapes of all nodes. @return HG_OK, HG_ENOMEM, HG_ERANGE */
hg_err shapes_make(hg_dag *dag, hg_error *why);

#endif
