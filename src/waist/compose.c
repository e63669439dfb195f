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
	vec_init(&c->points, sizeof(hg_point), MAX_POINTS);
	vec_init(&c->begins, sizeof(size_t), (size_t)MAX_POINTS + 1);
	vec_init(&c->parts, sizeof(hg_part), MAX_PARTS);
	return HG_OK;
}

void compose_finish(struct compose *c)
{
	vec_finish(&c->points);
	vec_finish(&c->begins);
	vec_finish(&c->parts);
}

static hg_err push_parts(struct compose *c, const hg_part *parts, size_t n)
{
	hg_err err = vec_reserve(&c->parts, n);

	for (size_t i = 0; i < n && !err; i++)
		err = vec_push(&c->parts, &parts[i]);
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
	c->least_j = fmin(c->least_j, p->energy_j);
	c->least_effective_j = fmin(c->least_effective_j, effective_j);
	if (c->points.len) {
		const hg_point *last = vec_at(&c->points, c->points.len - 1);

		if (p->time_s <= last->time_s) {
			c->points.len--;
			c->begins.len--;
			c->parts.len = *(size_t *)vec_at(&c->begins, c->begins.len);
		}
	}
	err = vec_push(&c->points, p);
	if (!err)
		err = vec_push(&c->begins, &c->parts.len);
	return err ? err : push_parts(c, parts, n);
}

static double square(double x)
{
	return x * x;
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
	sum.time_rsd = sum.time_s > 0 ? sqrt(time_var) / sum.time_s : 0;
	sum.energy_rsd = sum.energy_j > 0 ? sqrt(energy_var) / sum.energy_j : 0;
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

static void *steal(struct vec *v)
{
	void *data = v->data;

	v->data = NULL;
	v->len = 0;
	v->cap = 0;
	return data;
}

/* Sums of large figures may overflow; a deviation that does is unknown. */
static bool check_figures(struct vec *points)
{
	for (size_t i = 0; i < points->len; i++) {
		hg_point *p = vec_at(points, i);

		if (!isfinite(p->time_s) || !isfinite(p->energy_j))
			return false;
		if (isinf(p->time_rsd))
			p->time_rsd = NAN;
		if (isinf(p->energy_rsd))
			p->energy_rsd = NAN;
	}
	return true;
}

hg_err compose_make(
	struct compose *c, const hg_frontier_info *info, hg_frontier **out, hg_error *why)
{
	struct frontier_seed seed = {.info = info,
		.op = c->op,
		.children = c->children,
		.n_children = c->n_children,
		.n = c->points.len};
	hg_err err = vec_push(&c->begins, &c->parts.len);

	if (err)
		return fail(why, err, "out of memory");
	if (!check_figures(&c->points))
		return fail(why, HG_EINVAL, "times or energies too large to be added");
	seed.points = steal(&c->points);
	seed.part_begin = steal(&c->begins);
	seed.parts = steal(&c->parts);
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
