/*
 * Hulls for flows in multiples of a quantum.
 *
 * What a node gains by a flow f, g(f) = min over t of e(t) + f t, is concave, its slope is the
 * length at f. Between two multiples of the quantum it is replaced by its chord: the length there
 * is the mean of the lengths. So the dual value of a flow in multiples is what it is without a
 * quantum, each breakpoint of the frontier is a bound that holds, and errors do not add up.
 */
#ifndef HG_PLAN_QUANTUM_H
#define HG_PLAN_QUANTUM_H

#include "dag.h"

/**
 * Writes the hull of a shape for multiples of a quantum.
 * @param quantum_uw  > 0
 * @param out         room for 2 * shape->hull_n
 * @return how many vertices
 */
uint32_t quantum_hull(
	const hg_dag *dag, const struct shape *s, int64_t quantum_uw, struct hull_vertex *out);

#endif
