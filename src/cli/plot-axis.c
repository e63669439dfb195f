/* Axes: a fitting unit, room at both ends, ticks at round numbers. */
#include <math.h>
#include <stdio.h>

#include "describe.h"
#include "plot.h"

/* How far beyond the frontier, in its own extent, dominated points are still shown. */
#define FAR_OFF 2

/** A unit and the values from which it is used. */
struct display_unit {
	double from, factor;
	const char *name;
};

static const struct display_unit times[] = {
	{7200, 3600, "h"},
	{300, 60, "min"},
	{1, 1, "s"},
	{1e-3, 1e-3, "ms"},
	{0, 1e-6, "us"},
};

static const struct display_unit energies[] = {
	{1e9, 1e9, "GJ"},
	{1e6, 1e6, "MJ"},
	{1e4, 1e3, "kJ"},
	{1, 1, "J"},
	{1e-3, 1e-3, "mJ"},
	{0, 1e-6, "uJ"},
};

static const struct display_unit powers[] = {
	{1e6, 1e6, "MW"},
	{1e4, 1e3, "kW"},
	{1, 1, "W"},
	{0, 1e-3, "mW"},
};

static void choose_unit(struct axis *a, enum quantity q)
{
	const struct display_unit *u = powers;

	if (q == QUANTITY_TIME)
		u = times;
	else if (q == QUANTITY_ENERGY)
		u = energies;
	while (u->from > 0 && a->hi < u->from)
		u++;
	a->factor = u->factor;
	a->unit = u->name;
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is at least x. */
static double nice_step(double x)
{
	double power = pow(10, floor(log10(x))), m = x / power;

	if (m <= 1.0000001)
		return power;
	if (m <= 2)
		return 2 * power;
	if (m <= 2.5)
		return 2.5 * power;
	if (m <= 5)
		return 5 * power;
	return 10 * power;
}

/** Decimals that a multiple of step needs: 2.5 needs one more than its power of ten says. */
static int step_decimals(double step)
{
	for (int d = 0; d < 12; d++) {
		double scaled = step * pow(10, d);

		if (fabs(scaled - nearbyint(scaled)) < 1e-6 * scaled)
			return d;
	}
	return 12;
}

void axis_init(struct axis *a, enum quantity q, double lo, double hi, size_t want)
{
	double room = 0.06 * (hi - lo), step;

	if (room <= 1e-9 * hi)
		room = hi > 0 ? 0.1 * hi : 1;
	a->lo = lo - room < 0 ? 0 : lo - room;
	a->hi = hi + room;
	choose_unit(a, q);
	step = nice_step((a->hi - a->lo) / a->factor / (double)(want ? want : 1));
	a->decimals = step_decimals(step);
	a->n_ticks = 0;
	for (double i = ceil(a->lo / a->factor / step - 1e-9);
		a->n_ticks < AXIS_TICKS && i * step * a->factor <= a->hi * (1 + 1e-12); i++)
		a->ticks[a->n_ticks++] = i * step * a->factor;
}

void axis_label(const struct axis *a, double value, char *text, size_t room)
{
	snprintf(text, room, "%.*f", a->decimals, value / a->factor + 0.0);
}

double axis_place(const struct axis *a, double value)
{
	return (value - a->lo) / (a->hi - a->lo);
}

/** A range of times and energies. */
struct extent {
	double t0, t1, e0, e1;
};

static void extent_add(struct extent *x, const hg_point *p)
{
	x->t0 = p->time_s < x->t0 ? p->time_s : x->t0;
	x->t1 = p->time_s > x->t1 ? p->time_s : x->t1;
	x->e0 = p->energy_j < x->e0 ? p->energy_j : x->e0;
	x->e1 = p->energy_j > x->e1 ? p->energy_j : x->e1;
}

size_t plot_axes(const struct plot *p, struct axis *time, struct axis *energy, size_t want_time,
	size_t want_energy)
{
	struct extent x = {HUGE_VAL, 0, HUGE_VAL, 0}, most;
	size_t hidden = 0;

	for (size_t s = 0; s < p->n_series; s++)
		for (size_t i = 0; i < hg_frontier_count(p->series[s].f); i++)
			extent_add(&x, &hg_frontier_points(p->series[s].f)[i]);
	/* settings that are far off would leave a corner to the frontier */
	most = x;
	most.t1 += x.t1 > x.t0 ? FAR_OFF * (x.t1 - x.t0) : x.t1;
	most.e1 += x.e1 > x.e0 ? FAR_OFF * (x.e1 - x.e0) : x.e1;
	for (size_t s = 0; s < p->n_series; s++) {
		for (size_t i = 0; i < dominated_count(p->series[s].f); i++) {
			const hg_point *lost = dominated_at(p->series[s].f, i);

			if (lost->time_s <= most.t1 && lost->energy_j <= most.e1)
				extent_add(&x, lost);
			else
				hidden++;
		}
	}
	axis_init(time, QUANTITY_TIME, x.t0, x.t1, want_time);
	axis_init(energy, QUANTITY_ENERGY, x.e0, x.e1, want_energy);
	return hidden;
}

bool plot_shows(const struct axis *time, const struct axis *energy, const hg_point *p)
{
	return p->time_s <= time->hi && p->energy_j <= energy->hi;
}
