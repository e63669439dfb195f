#include "hull.h"

#include <math.h>

void staircase_init(struct staircase *s, double static_power_w)
{
	*s = (struct staircase){static_power_w > 0 ? static_power_w : 0, -1, INFINITY, INFINITY};
}

bool staircase_step(struct staircase *s, const hg_point *p)
{
	double effective_j = p->energy_j - s->static_w * p->time_s;

	if (p->time_s <= s->time_s)
		return false;
	if (p->energy_j >= s->energy_j && effective_j >= s->effective_j)
		return false;
	s->time_s = p->time_s;
	s->energy_j = fmin(s->energy_j, p->energy_j);
	s->effective_j = fmin(s->effective_j, effective_j);
	return true;
}

/*
 * Appends a vertex, and drops those before it that it shows to be none; the first `fixed` stay.
 * Comparing rounded slopes, not a cross product: queries search these very slopes, so they must
 * increase as computed.
 */
static size_t append(const hg_point *points, uint32_t i, uint32_t *hull, size_t len, size_t fixed)
{
	while (len > fixed && len >= 2 &&
		hull_slope(&points[hull[len - 2]], &points[hull[len - 1]]) >=
			hull_slope(&points[hull[len - 1]], &points[i]))
		len--;
	hull[len++] = i;
	return len;
}

size_t hull_lower(const hg_point *points, size_t n, uint32_t *hull)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len = append(points, (uint32_t)i, hull, len, 1);
	return len;
}

size_t hull_extend(
	const hg_point *points, const uint32_t *order, size_t n, uint32_t *hull, size_t len)
{
	size_t fixed = len;
	double end_s = points[hull[len - 1]].time_s;

	for (size_t k = 0; k < n; k++)
		if (points[order[k]].time_s > end_s)
			len = append(points, order[k], hull, len, fixed);
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
