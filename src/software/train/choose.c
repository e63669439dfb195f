/* One setting for a whole job. */
#include <math.h>
#include <string.h>

#include <hourglass/train.h>

#include "core/fail.h"
#include "core/size.h"

/* The largest x with x * units <= whole: dividing alone may round a bound that is met exactly to
 * one that is missed. */
static double per_unit(double whole, double units)
{
	double x = whole / units;

	for (int i = 0; i < 4 && x * units > whole; i++)
		x = nextafter(x, 0);
	for (int i = 0; i < 4 && nextafter(x, HUGE_VAL) * units <= whole; i++)
		x = nextafter(x, HUGE_VAL);
	return x;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 1;
}

static void fill(hg_train_choice *c, const hg_point *fastest, double units)
{
	c->feasible = c->pick.feasible;
	c->time_s = c->pick.point.time_s * units;
	c->energy_j = c->pick.point.energy_j * units;
	c->base_time_s = fastest->time_s * units;
	c->base_energy_j = fastest->energy_j * units;
	c->energy_saving = 1 - ratio(c->energy_j, c->base_energy_j);
	c->slowdown = ratio(c->time_s, c->base_time_s);
}

hg_err hg_train_choose(
	const hg_frontier *f, const hg_train_job *job, hg_train_choice *choice, hg_error *why)
{
	hg_train_job ours;
	hg_train_choice c = {.size = sizeof c};
	hg_err err;

	if (why)
		why->text[0] = '\0';
	if (!f || !job || !choice)
		return fail(why, HG_EINVAL, "frontier, job and choice must not be NULL");
	if (size_read(&ours, sizeof ours, job) || choice->size < sizeof choice->size)
		return fail(why, HG_EINVAL, "job and choice: size is not set");
	if (!(ours.units > 0) || !isfinite(ours.units))
		return fail(why, HG_EINVAL, "units: expected a number > 0, found %g", ours.units);
	if (ours.objective.kind == HG_DEADLINE || ours.objective.kind == HG_BUDGET)
		ours.objective.value = per_unit(ours.objective.value, ours.units);
	ours.objective.size = sizeof ours.objective;
	c.pick.size = sizeof c.pick;
	err = hg_frontier_pick(f, &ours.objective, &c.pick, why);
	if (err)
		return err;
	fill(&c, hg_frontier_points(f), ours.units);
	size_write(choice, &c, sizeof c);
	return HG_OK;
}
