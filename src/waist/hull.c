#include "hull.h"

double hull_slope(const hg_point *a, const hg_point *b)
{
	return (b->energy_j - a->energy_j) / (b->time_s - a->time_s);
}

size_t hull_lower(const hg_point *points, size_t n, uint32_t *hull)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		/* Comparing rounded slopes, not a cross product: queries search these very
		 * slopes, so they must increase as computed. */
		while (len >= 2 && hull_slope(&points[hull[len - 2]], &points[hull[len - 1]]) >=
					   hull_slope(&points[hull[len - 1]], &points[i]))
			len--;
		hull[len++] = (uint32_t)i;
	}
	return len;
}

uint32_t hull_knee(const hg_point *points, size_t n)
{
	double width = points[n - 1].time_s - points[0].time_s;
	double height = points[0].energy_j - points[n - 1].energy_j;
	double farthest = 0;
	uint32_t knee = 0;

	for (size_t i = 1; i + 1 < n; i++) {
		double right = (points[i].time_s - points[0].time_s) / width;
		double down = (points[0].energy_j - points[i].energy_j) / height;

		if (down - right > farthest) {
			farthest = down - right;
			knee = (uint32_t)i;
		}
	}
	return knee;
}
