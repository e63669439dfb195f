#include "compose.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

#define MAX_POINTS 0x7fffffffu
#define MAX_PARTS  ((size_t)1 << 27)

hg_err compose_init(
	struct compose *c, hg_op_kind op, hg_frontier *const *children, size_t n, hg_error *why)
{
	if (why)
		why->text[0] = '\0';
	*c = (struct compose){.children = children,
		.n_children = n,
		.op = op,
		.least_j = INFINITY,
		.least_effective_j = INFINITY};
	if (!n || n > UINT32_MAX)
		return fail(why, HG_EINVAL, "%zu frontiers to compose, expected 1 or more", n);
	for (size_t i = 0; i < n; i++)
		if (!children[i])
			return fail(why, HG_EINVAL, "frontier %zu to compose is NULL", i);
	return HG_OK;
}

void compose_finish(struct compose *c)
{
	free(c->points);
	free(c->begins);
	free(c->parts);
}

/* Makes *data hold at least `need` elements. Plain arrays: adding a point is the inner loop. */
static hg_err make_room(void **data, size_t *room, size_t need, size_t most, size_t elem)
{
	size_t n = *room + *room / 2;
	void *bigger;

	if (need > most)
		return HG_ELIMIT;
	if (n < need)
		n = need;
	bigger = realloc(*data, n * elem);
	if (!bigger)
		return HG_ENOMEM;
	*data = bigger;
	*room = n;
	return HG_OK;
}

/* There is always room for the offset behind the last point. */
hg_err compose_reserve(struct compose *c, size_t points, size_t parts)
{
	size_t room = c->room;
	hg_err err = HG_OK;

	if (points >= c->room) {
		err = make_room(
			(void **)&c->points, &room, points + 1, MAX_POINTS, sizeof *c->points);
		if (!err)
			err = make_room((void **)&c->begins, &c->room, points + 1, MAX_POINTS,
				sizeof *c->begins);
	}
	if (!err && parts > c->parts_room)
		err = make_room(
			(void **)&c->parts, &c->parts_room, parts, MAX_PARTS, sizeof *c->parts);
	return err;
}

hg_err compose_add(struct compose *c, const hg_point *p, const hg_part *parts, size_t n)
{
	double effective_j = p->energy_j - c->static_w * p->time_s;
	hg_err err;

	if (!isfinite(p->time_s) || !isfinite(p->energy_j))
		return HG_ERANGE;
	if (p->energy_j >= c->least_j && effective_j >= c->least_effective_j)
		return HG_OK;
	if (p->energy_j < c->least_j)
		c->least_j = p->energy_j;
	if (effective_j < c->least_effective_j)
		c->least_effective_j = effective_j;
	if (c->n && p->time_s <= c->points[c->n - 1].time_s)
		c->n_parts = c->begins[--c->n];
	err = compose_reserve(c, c->n + 1, c->n_parts + n);
	if (err)
		return err;
	c->begins[c->n] = c->n_parts;
	c->points[c->n++] = *p;
	for (size_t i = 0; i < n; i++)
		c->parts[c->n_parts++] = parts[i];
	return HG_OK;
}

static double square(double x)
{
	return x * x;
}

/* Relative standard deviation of a sum; squares of large figures overflow, which makes it unknown.
 */
static double relative(double variance, double sum)
{
	if (variance == 0 || sum <= 0)
		return 0;
	return isinf(variance) ? (double)NAN : sqrt(variance) / sum;
}

hg_point compose_sum(const struct compose *c, const hg_part *parts, size_t n)
{
	double time_var = 0, energy_var = 0;
	hg_point sum = {.setting = HG_SETTING_NONE};

	for (size_t i = 0; i < n; i++) {
		const hg_point *p = &c->children[parts[i].child]->points[parts[i].point];
		double count = parts[i].count;

		sum.time_s += count * p->time_s;
		sum.energy_j += count * p->energy_j;
		/* The same setting again has the same error again. */
		time_var += square(count * p->time_s * p->time_rsd);
		energy_var += square(count * p->energy_j * p->energy_rsd);
		sum.origin |= p->origin;
	}
	sum.time_rsd = relative(time_var, sum.time_s);
	sum.energy_rsd = relative(energy_var, sum.energy_j);
	return sum;
}

hg_err compose_fail(hg_err err, hg_error *why)
{
	switch (err) {
	case HG_ERANGE:
		return fail(why, err, "times or energies of the composition overflow");
	case HG_ENOMEM:
		return fail(why, err, "out of memory");
	case HG_ELIMIT:
		return why && why->text[0]
			       ? err
			       : fail(why, err, "the composition has too many points or parts");
	default:
		return err;
	}
}

hg_err compose_make(
	struct compose *c, const hg_frontier_info *info, hg_frontier **out, hg_error *why)
{
	struct frontier_seed seed = {.info = info,
		.op = c->op,
		.children = c->children,
		.n_children = c->n_children,
		.n = c->n,
		.points = c->points,
		.part_begin = c->begins,
		.parts = c->parts};

	c->begins[c->n] = c->n_parts;
	c->points = NULL;
	c->begins = NULL;
	c->parts = NULL;
	return frontier_make(&seed, out, why);
}

double compose_max(double a, double b)
{
	return isnan(a) || b > a ? b : a;
}

double compose_add_known(double a, double b)
{
	if (isnan(a))
		return b;
	return isnan(b) ? a : a + b;
}

static const char *agree(const char *a, const char *b)
{
	return strcmp(a, b) ? "" : a;
}

hg_frontier_info compose_info(const struct compose *c)
{
	hg_frontier_info info = c->children[0]->info;

	info.source = "";
	for (size_t i = 1; i < c->n_children; i++) {
		const hg_frontier_info *other = &c->children[i]->info;

		info.name = agree(info.name, other->name);
		info.work_unit = agree(info.work_unit, other->work_unit);
		info.device = agree(info.device, other->device);
		info.devices = info.devices == other->devices ? info.devices : 0;
		info.max_power_w = compose_max(info.max_power_w, other->max_power_w);
		/* Two unknowns agree, as NAN; two different figures are unknown. */
		if (info.static_power_w != other->static_power_w)
			info.static_power_w = NAN;
	}
	return info;
}
