/* Starts of the local search: ways to round a relaxed plan. */
#ifndef HG_PLAN_START_H
#define HG_PLAN_START_H

#include "discrete.h"

/** Slowest row within the window of every node. */
void start_down(const struct disc *d, uint32_t *pick);
/** Slower neighbour on the hull where a sequence of its slot says so: the fractions of
 * slot * step + offset. Nodes of one slot, on all devices, have the same. */
void start_coherent(
	const struct disc *d, unsigned rule, double step, double offset, uint32_t *pick);
/** The same; number k of a sequence that fills the square of steps and offsets evenly. */
void start_rhythm(const struct disc *d, uint32_t k, uint32_t *pick);
#define START_GOLDEN 0.6180339887498949 /* a step that spreads evenly */
/** In topological order, slowest row that ends no later than the window does,
 * plus a share of the step to the next row. head: n + 1, scratch. */
void start_diffuse(const struct disc *d, double share, uint32_t *pick, int64_t *head);
#define START_LATE 0.1 /* how late a node may be in a hurry, in spans of its menu */
/** Makes a plan of sets of one node keep the deadline, in one pass: in
 * topological order, faster rows where a node would end later than in the
 * relaxed plan, plus a share of the span of its menu. tail: longest way from a
 * node's end to the sink at fastest rows. head: n + 1, scratch. */
void start_clamp(
	const struct disc *d, double late, const int64_t *tail, uint32_t *pick, int64_t *head);
/** Cheapest rows within the windows, changes of setting along every device
 * priced: one exact dynamic program a device. Sets of several nodes as
 * start_down(). false: out of memory */
bool start_chain(const struct disc *d, uint32_t *pick);
/** The same, but time is not limited, it has the price of the relaxed plan, scaled so that the
 * deadline holds. tilt: how much more it is at the end than at the beginning (its logarithm), so
 * that where mixing two settings pays, a device changes once and not all the time. Sets of
 * several nodes as start_down(). head: n + 1, scratch. false: out of memory */
bool start_priced(const struct disc *d, double tilt, uint32_t *pick, int64_t *head);

#endif
