/* What all operations of the algebra share. */
#ifndef HG_WAIST_COMPOSE_H
#define HG_WAIST_COMPOSE_H

#include "frontier.h"

/** A composed frontier under construction. */
struct compose {
	hg_frontier *const *children;
	size_t n_children;
	hg_op_kind op;
	double static_w; /* of the result, to judge effective energies; 0 unknown */
	double least_j;  /* of the points so far */
	double least_effective_j;
	hg_point *points;
	size_t *begins; /* one per point: where its parts start */
	size_t n, room;
	hg_part *parts;
	size_t n_parts, parts_room;
};

/** Checks the children and makes an empty composition; set static_w before the first point. */
hg_err compose_init(
	struct compose *c, hg_op_kind op, hg_frontier *const *children, size_t n, hg_error *why);

/** Frees; a zeroed one is fine. */
void compose_finish(struct compose *c);

/** Makes room at once for so many points and parts; no more than a hint. */
hg_err compose_reserve(struct compose *c, size_t points, size_t parts);

/**
 * Adds a point realised by n parts; points come in order of time. One that saves neither energy nor
 * effective energy is left out; one of equal time and less energy replaces the one before.
 * @return HG_OK; HG_ERANGE (figures overflow); HG_ENOMEM; HG_ELIMIT
 */
hg_err compose_add(struct compose *c, const hg_point *p, const hg_part *parts, size_t n);

/** Sum of the parts' energies, quadrature sum of their deviations, union of their origins; same for
 * times. */
hg_point compose_sum(const struct compose *c, const hg_part *parts, size_t n);

/** Explains why adding points failed, unless that was said already. @return err */
hg_err compose_fail(hg_err err, hg_error *why);

/** Makes the frontier; c is empty then. */
hg_err compose_make(
	struct compose *c, const hg_frontier_info *info, hg_frontier **out, hg_error *why);

/** Info that the children agree on; the rest unknown. Strings belong to the children. */
hg_frontier_info compose_info(const struct compose *c);

/** Larger of two, an unknown one not counting. */
double compose_max(double a, double b);

/** Sum of two, an unknown one not counting; unknown when both are. */
double compose_add_known(double a, double b);

#endif
