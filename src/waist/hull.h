/* The lower convex hull of a staircase of points. */
#ifndef HG_WAIST_HULL_H
#define HG_WAIST_HULL_H

#include <stdbool.h>

#include <hourglass/frontier.h>

/**
 * Vertices of the lower convex hull, monotone chain. O(n).
 * @param points  n >= 1 points, times strictly increasing, energies strictly decreasing
 * @param hull    room for n indices
 * @return how many vertices; slopes between them, as hull_slope() computes them, strictly increase
 */
size_t hull_lower(const hg_point *points, size_t n, uint32_t *hull);

/**
 * Goes on from the last vertex over all points that take longer, which cost more energy. O(n).
 * @param order  n indices of points, by time
 * @param hull   len vertices, which stay, and room for all points
 * @return how many vertices there are then
 */
size_t hull_extend(
	const hg_point *points, const uint32_t *order, size_t n, uint32_t *hull, size_t len);

/** What a frontier's points must do, one after the other. */
struct staircase {
	double static_w;                      /* 0: unknown */
	double time_s, energy_j, effective_j; /* greatest time, least energies so far */
};

/** Starts; an unknown static power (NAN) counts as 0. */
void staircase_init(struct staircase *s, double static_power_w);

/** Takes the next point. @return whether it takes longer and saves energy or effective energy */
bool staircase_step(struct staircase *s, const hg_point *p);

/** Joules per second from a to the slower b. */
static inline double hull_slope(const hg_point *a, const hg_point *b)
{
	return (b->energy_j - a->energy_j) / (b->time_s - a->time_s);
}

/** The point farthest below the chord from first to last, both axes scaled to 1; 0 if none is. */
uint32_t hull_knee(const hg_point *points, size_t n);

#endif
