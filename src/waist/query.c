/* Answers: which point meets an objective. */
#include "frontier.h"

#include <math.h>
#include <stdbool.h>

#include "core/fail.h"
#include "core/size.h"

/* What picking one point needs to know. */
struct question {
	const hg_frontier *f;
	hg_objective objective;
	double max_power_w;
	bool charge;
};

/* What came of it. */
struct answer {
	size_t index;
	bool feasible;
};

/* Effective energy falls along all points by time, energy along those that do not wait. */
static size_t slowest(const struct question *q)
{
	return q->charge ? frontier_by_time(q->f, frontier_all(q->f) - 1) : q->f->n - 1;
}

static struct answer within_time(const struct question *q, double limit_s)
{
	bool all = q->charge && q->f->order;
	size_t n = search_le(all ? &q->f->by_order : &q->f->by_time, limit_s);

	if (!n)
		return (struct answer){0, false};
	return (struct answer){all ? q->f->order[n - 1] : n - 1, true};
}

static struct answer within_budget(const struct question *q)
{
	size_t first = search_lt(&q->f->by_energy, -q->objective.value);

	if (first == q->f->n)
		return (struct answer){q->f->n - 1, false};
	return (struct answer){first, true};
}

/* Stepping to the next vertex pays while the joules saved per second outweigh the second's cost. */
static struct answer least_cost(const struct question *q)
{
	double eta = q->objective.value;
	double price_w = eta > 0 ? (1 - eta) * q->max_power_w / eta : INFINITY;

	if (eta >= 1)
		price_w = 0;
	return (struct answer){q->f->hull[search_lt(&q->f->by_slope, -price_w)], true};
}

static struct answer answer(const struct question *q)
{
	switch (q->objective.kind) {
	case HG_MIN_ENERGY:
		return (struct answer){slowest(q), true};
	case HG_MIN_TIME:
		return (struct answer){0, true};
	case HG_ETA:
		return least_cost(q);
	case HG_MAX_SLOWDOWN:
		return within_time(q, q->objective.value * q->f->points[0].time_s);
	case HG_DEADLINE:
		return within_time(q, q->objective.value);
	case HG_BUDGET:
		return within_budget(q);
	case HG_KNEE:
		break;
	}
	return (struct answer){q->f->knee, true};
}

/* Comparisons are written so that NAN fails them. */
static hg_err check(struct question *q, hg_error *why)
{
	double v = q->objective.value;

	switch (q->objective.kind) {
	case HG_MIN_ENERGY:
	case HG_MIN_TIME:
	case HG_KNEE:
		return HG_OK;
	case HG_ETA:
		if (!(v >= 0 && v <= 1))
			return fail(why, HG_EINVAL, "eta is %g, expected 0 to 1", v);
		q->max_power_w = q->objective.max_power_w > 0 ? q->objective.max_power_w
							      : q->f->info.max_power_w;
		if (v < 1 && !(q->max_power_w > 0 && isfinite(q->max_power_w)))
			return fail(why, HG_EINVAL,
				"eta needs a maximum power, which neither the objective nor the "
				"frontier gives");
		return HG_OK;
	case HG_MAX_SLOWDOWN:
		if (!(v >= 1))
			return fail(why, HG_EINVAL, "slowdown is %g, expected 1 or more", v);
		return HG_OK;
	case HG_DEADLINE:
		if (!(v >= 0))
			return fail(why, HG_EINVAL, "deadline is %g s, expected 0 or more", v);
		return HG_OK;
	case HG_BUDGET:
		if (!(v >= 0))
			return fail(why, HG_EINVAL, "budget is %g J, expected 0 or more", v);
		return HG_OK;
	}
	return fail(why, HG_EINVAL, "no objective of kind %d", (int)q->objective.kind);
}

static double cost_of(const struct question *q, const hg_point *p)
{
	double eta = q->objective.value;

	if (q->objective.kind == HG_ETA)
		return eta >= 1 ? p->energy_j
				: eta * p->energy_j + (1 - eta) * q->max_power_w * p->time_s;
	return q->charge ? p->energy_j - frontier_static_w(q->f) * p->time_s : p->energy_j;
}

hg_err hg_frontier_pick(
	const hg_frontier *f, const hg_objective *objective, hg_pick *pick, hg_error *why)
{
	struct question q = {.f = f};
	struct answer a;
	hg_pick result = {.size = sizeof result};
	hg_err err;

	if (size_read(&q.objective, sizeof q.objective, objective))
		return fail(why, HG_EINVAL, "hg_objective.size is not set");
	err = check(&q, why);
	if (err)
		return err;
	q.charge = (q.objective.flags & HG_CHARGE_WAITING) &&
		   (q.objective.kind == HG_MIN_ENERGY || q.objective.kind == HG_MAX_SLOWDOWN ||
			   q.objective.kind == HG_DEADLINE);
	a = answer(&q);
	result.feasible = a.feasible;
	result.index = a.index;
	result.point = f->points[a.index];
	result.cost = cost_of(&q, &result.point);
	size_write(pick, &result, sizeof result);
	return HG_OK;
}

static void blend_between(const hg_frontier *f, double time_s, size_t segment, hg_blend *b)
{
	const hg_point *fast = &f->points[f->hull[segment]];
	const hg_point *slow = &f->points[f->hull[segment + 1]];

	b->fast = f->hull[segment];
	b->slow = f->hull[segment + 1];
	b->fraction = (time_s - fast->time_s) / (slow->time_s - fast->time_s);
	b->time_s = time_s;
	b->energy_j = fast->energy_j + b->fraction * (slow->energy_j - fast->energy_j);
}

static void blend_single(const hg_frontier *f, size_t index, hg_blend *b)
{
	b->fast = index;
	b->slow = index;
	b->time_s = f->points[index].time_s;
	b->energy_j = f->points[index].energy_j;
}

hg_err hg_frontier_blend(const hg_frontier *f, double time_s, hg_blend *blend, hg_error *why)
{
	hg_blend result = {.size = sizeof result, .feasible = 1};
	size_t reached;

	if (!(time_s >= 0))
		return fail(why, HG_EINVAL, "time is %g s, expected 0 or more", time_s);
	reached = search_le(&f->by_hull, time_s);
	if (!reached) {
		result.feasible = 0;
		blend_single(f, 0, &result);
	} else if (reached == f->n_hull || f->points[f->hull[reached - 1]].time_s == time_s) {
		blend_single(f, f->hull[reached - 1], &result);
	} else {
		blend_between(f, time_s, reached - 1, &result);
	}
	size_write(blend, &result, sizeof result);
	return HG_OK;
}
