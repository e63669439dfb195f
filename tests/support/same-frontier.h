/* Whether two frontiers are the same, figure by figure, for tests and fuzz targets. */
#ifndef HG_TEST_SAME_FRONTIER_H
#define HG_TEST_SAME_FRONTIER_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <hourglass/frontier.h>

/* What may differ: CSV keeps no composition. */
#define SAME_BUT_PARTS 1u

static inline bool same_number(double a, double b)
{
	return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static inline const char *info_difference(const hg_frontier *a, const hg_frontier *b)
{
	hg_frontier_info x = {.size = sizeof x}, y = {.size = sizeof y};

	hg_frontier_get_info(a, &x);
	hg_frontier_get_info(b, &y);
	if (x.devices != y.devices)
		return "devices";
	if (strcmp(x.name, y.name) != 0)
		return "name";
	if (strcmp(x.work_unit, y.work_unit) != 0)
		return "work_unit";
	if (strcmp(x.device, y.device) != 0)
		return "device";
	if (strcmp(x.source, y.source) != 0)
		return "source";
	if (!same_number(x.static_power_w, y.static_power_w))
		return "static_power_w";
	return same_number(x.max_power_w, y.max_power_w) ? NULL : "max_power_w";
}

static inline const char *knobs_difference(const hg_frontier *a, const hg_frontier *b)
{
	size_t n, m;
	const hg_knob_def *x = hg_frontier_knobs(a, &n), *y = hg_frontier_knobs(b, &m);

	if (n != m)
		return "number of knobs";
	for (size_t i = 0; i < n; i++) {
		if (strcmp(x[i].name, y[i].name) != 0 || strcmp(x[i].unit, y[i].unit) != 0)
			return "knob";
		if (!x[i].choices != !y[i].choices || x[i].n_choices != y[i].n_choices)
			return "number of choices";
		for (size_t k = 0; k < x[i].n_choices; k++)
			if (strcmp(x[i].choices[k], y[i].choices[k]) != 0)
				return "choice";
	}
	return NULL;
}

/* A row without cells is the same as no row. */
static inline bool same_setting(
	const hg_frontier *a, hg_setting i, const hg_frontier *b, hg_setting j)
{
	const double *x = hg_frontier_setting(a, i), *y = hg_frontier_setting(b, j);
	size_t n;

	(void)hg_frontier_knobs(a, &n);
	for (size_t k = 0; k < n; k++)
		if (!same_number(x ? x[k] : (double)NAN, y ? y[k] : (double)NAN))
			return false;
	return true;
}

static inline const char *points_difference(const hg_frontier *a, const hg_point *x, size_t n,
	const hg_frontier *b, const hg_point *y, size_t m)
{
	if (n != m)
		return "number of points";
	for (size_t i = 0; i < n; i++) {
		if (!same_number(x[i].time_s, y[i].time_s))
			return "time";
		if (!same_number(x[i].energy_j, y[i].energy_j))
			return "energy";
		if (!same_number(x[i].time_rsd, y[i].time_rsd))
			return "time_rsd";
		if (!same_number(x[i].energy_rsd, y[i].energy_rsd))
			return "energy_rsd";
		if (x[i].origin != y[i].origin)
			return "origin";
		if (!same_setting(a, x[i].setting, b, y[i].setting))
			return "setting";
	}
	return NULL;
}

static inline const char *parts_difference(const hg_frontier *a, const hg_frontier *b)
{
	for (size_t i = 0; i < hg_frontier_count(a); i++) {
		size_t n, m;
		const hg_part *x = hg_frontier_parts(a, i, &n), *y = hg_frontier_parts(b, i, &m);

		if (n != m || (n && memcmp(x, y, n * sizeof *x) != 0))
			return "parts";
	}
	return NULL;
}

/* What differs, or NULL. */
static inline const char *frontier_difference(
	const hg_frontier *a, const hg_frontier *b, unsigned flags)
{
	const char *what = info_difference(a, b);
	size_t n, m;
	const hg_point *x = hg_frontier_dominated(a, &n), *y = hg_frontier_dominated(b, &m);

	if (!what)
		what = knobs_difference(a, b);
	if (!what)
		what = points_difference(a, hg_frontier_points(a), hg_frontier_count(a), b,
			hg_frontier_points(b), hg_frontier_count(b));
	if (!what)
		what = points_difference(a, x, n, b, y, m);
	if (what || flags & SAME_BUT_PARTS)
		return what;
	if (hg_frontier_op(a) != hg_frontier_op(b))
		return "operation";
	if (hg_frontier_children(a) != hg_frontier_children(b))
		return "number of children";
	for (size_t i = 0; i < hg_frontier_children(a) && !what; i++) {
		size_t k = 0;

		while (hg_frontier_child(a, k) != hg_frontier_child(a, i))
			k++;
		if (k < i && hg_frontier_child(b, k) != hg_frontier_child(b, i))
			return "children that were one";
		if (k == i)
			what = frontier_difference(
				hg_frontier_child(a, i), hg_frontier_child(b, i), flags);
	}
	return what ? what : parts_difference(a, b);
}

#endif
