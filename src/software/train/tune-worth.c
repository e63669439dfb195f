/*
 * Which setting to measure next: the one of which the most is to be expected for what it costs.
 *
 * Measuring is worth what the choice gets better by it on average (knowledge gradient, Frazier,
 * Powell and Dayanik 2008), but for gains that do not matter: a setting never tried may turn out
 * better than the best, one that was measured shortly may, and the best itself may be worse than
 * the second. The same rule so decides what to try, how long, and when enough is known.
 */
#include <math.h>

#include "tuner.h"

/* Steps that a job of unknown length has left at least. */
#define HORIZON 2000.0
/* Gains up to this do not matter. */
#define INDIFFERENT 0.004
/* No setting is measured longer than until its power is known to this. */
#define POWER_RSD 0.01
/* What is settled is not taken up again for little. */
#define SETTLED_SHARE 0.25
/* 1 / sqrt(2 pi) */
#define NORMAL_PEAK 0.3989422804014327

static double steps_left(const hg_tune *t)
{
	return t->opts.steps > 0 ? fmax(0, t->opts.steps - t->all.steps)
				 : fmax(HORIZON, t->all.steps);
}

static bool usable(const struct cand *c)
{
	return c->seen.steps > 0 && !c->refused;
}

static double cost_of(const struct goal *g, const struct cand *c)
{
	return goal_cost(g, cand_time(c), cand_energy(c));
}

/* ----- noise */

/* Relative variance of one step's time, by all that was measured. */
static double step_var(const hg_tune *t)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct seen *s = &t->cands[i].seen;

		sum += s->time_var * s->steps * s->steps;
		n += s->steps;
	}
	return n > 0 ? sum / n : 0;
}

static double power_var(const hg_tune *t, double steps, double step_s)
{
	double rsd = slope_rsd(t->counter_s, steps * step_s, step_s);

	return rsd * rsd;
}

/* Steps until power is known to so much by one stretch. */
static double steps_for(const hg_tune *t, double rsd, double step_s)
{
	double steps = 1;

	while (slope_rsd(t->counter_s, steps * step_s, step_s) > rsd)
		steps = ceil(steps * 1.1);
	return steps;
}

/* What is learnt of a figure of this variance by a measurement of that: a standard deviation. */
static double learnt(double var, double noise)
{
	return sqrt(var * var / (var + noise));
}

/* ----- a trial */

/* How many steps the next stretch there would count; 0: it is known as well as can be. */
static double length(const hg_tune *t, const struct cand *c)
{
	double step = cand_time(c);
	double first = fmax(t->opts.min_steps, steps_for(t, POWER_RSD_FIRST, step));
	double most = fmax(t->opts.max_steps, steps_for(t, POWER_RSD, step));

	if (c->seen.steps <= 0)
		return first;
	return fmax(0, fmin(fmax(c->seen.steps, 1), most - c->seen.steps));
}

/* With a deadline: whether it is met even if this trial goes badly. */
static bool affordable(const hg_tune *t, const struct goal *g, const struct cand *c, double steps)
{
	double left, each, fastest = HUGE_VAL;

	if (g->kind != HG_DEADLINE)
		return true;
	for (size_t i = 0; i < t->n; i++)
		if (usable(&t->cands[i]))
			fastest = fmin(fastest, cand_time(&t->cands[i]));
	each = time_left(t, &left);
	return steps <= STRETCH_SHARE * 2 * left &&
	       steps * exp(c->t + 2 * c->sd_t) + (left - steps) * fastest <= each * left;
}

/* Mean of what a normal variable of this mean is above 0. */
static double above(double mean, double sd)
{
	double z = mean / sd;

	return mean * normal_cdf(z) + sd * exp(-z * z / 2) * NORMAL_PEAK;
}

/** What trials are compared with. */
struct rivals {
	double best, second; /* costs; while nothing meets the goal, whatever does is better */
};

static struct rivals rivals_of(const hg_tune *t, const struct goal *g, bool met)
{
	struct rivals r = {cost_of(g, &t->cands[t->best]), HUGE_VAL};

	if (!met)
		r.best *= 2;
	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];

		if (i != t->best && usable(c) && goal_met(g, cand_time(c), cand_energy(c)))
			r.second = fmin(r.second, cost_of(g, c));
	}
	return r;
}

/* What so many steps at a setting are expected to save for each step of the rest of the job, as a
 * share of the best's cost. */
static double gain_of(
	const hg_tune *t, const struct goal *g, const struct rivals *r, size_t i, double steps)
{
	const struct cand *c = &t->cands[i];
	double cost = cost_of(g, c), margin = INDIFFERENT * r->best, sd;
	double sd_t = learnt(c->sd_t * c->sd_t, step_var(t) / steps);
	double sd_p = learnt(c->sd_p * c->sd_p, power_var(t, steps, cand_time(c)));

	sd = cost * goal_rsd(g, c, sd_t, sd_p);
	if (i == t->best)
		return isfinite(r->second) ? above(cost - r->second - margin, sd) / r->best : 0;
	return goal_chance(g, c, sd_t, sd_p) * above(r->best - cost - margin, sd) / r->best;
}

/* What a trial saves over the rest of the job, for each step that it takes; <= 0: nothing. */
static double worth(
	const hg_tune *t, const struct goal *g, const struct rivals *r, const struct trial *trial)
{
	const struct cand *c = &t->cands[trial->setting];
	double all = trial->steps, gain, left, excess;

	if (trial->setting != t->setting)
		all += fmax(t->opts.settle_steps, ceil(t->opts.settle_s / cand_time(c)));
	left = steps_left(t) - all;
	gain = gain_of(t, g, r, trial->setting, trial->steps);
	if (t->phase == HG_TUNE_SETTLED)
		gain *= SETTLED_SHARE;
	if (left <= 0 || gain < t->opts.threshold || !affordable(t, g, c, all))
		return 0;
	excess = fmax(0, cost_of(g, c) / r->best - 1);
	return (gain * left - excess * all) / all;
}

bool trial_next(const hg_tune *t, const struct goal *g, bool met, struct trial *out)
{
	struct rivals r = rivals_of(t, g, met);
	double most = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];
		struct trial trial = {i, length(t, c)};
		double w;

		if (c->refused || trial.steps < 1)
			continue;
		w = worth(t, g, &r, &trial);
		if (w > most) {
			most = w;
			*out = trial;
		}
	}
	return most > 0;
}
