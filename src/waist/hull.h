/* The lower convex hull of a staircase of points. */
#ifndef HG_WAIST_HULL_H
#define HG_WAIST_HULL_H

#include <hourglass/frontier.h>

/**
 * Vertices of the lower convex hull, monotone chain. O(n).
 * @param points  n >= 1 points, times strictly increasing, energies strictly decreasing
 * @param hull    room for n indices
 * @return how many vertices; slopes between them, as hull_slope() computes them, strictly increase
 */
size_t hull_lower(const hg_point *points, size_t n, uint32_t *hull);

/** Joules per second from a to the slower b; negative. */
double hull_slope(const hg_point *a, const hg_point *b);

/** The point farthest below the chord from first to last, both axes scaled to 1; 0 if none is. */
uint32_t hull_knee(const hg_point *points, size_t n);

#endif
