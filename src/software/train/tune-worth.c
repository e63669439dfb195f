/*
 * Which setting to measure next: the one of which the most is to be expected for what it costs.
 *
 * Measuring is worth what the choice gets better by it on average (knowledge gradient, Frazier,
 * Powell and Dayanik 2008), but for gains that do not matter: a setting never tried may turn out
 * better than the best, one that was measured shortly may, and the best itself may be worse than
 * the second. The same rule so decides what to try, how long, and when enough is known. A setting
 * never tried is worth, too, what the trial after it gains by what it teaches of others. Once
 * learning has had its budget, a trial has to be worth several times as much.
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
/* Nor is anything, when learning took so many first looks at each, or that share of max_steps. */
#define BUDGET_LOOKS 1.5
#define BUDGET_SHARE 0.25
/* Of what the trial after the next one gains, so much counts: it comes later, if at all. */
#define LATER 0.8
/* So many settings may be that one. */
#define SHORTLIST 32
#define LEAST_VAR 1e-8
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

/* Steps of a first look at a setting. */
static double first_look(const hg_tune *t, const struct cand *c)
{
	return fmax(t->opts.min_steps, steps_for(t, POWER_RSD_FIRST, cand_time(c)));
}

/* How many steps the next stretch there would count; 0: it is known as well as can be. */
static double length(const hg_tune *t, const struct cand *c)
{
	double first = first_look(t, c);
	double most = fmax(t->opts.max_steps, steps_for(t, POWER_RSD, cand_time(c)));

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

/* Of a bound that is relative to the fastest setting, which one never tried may turn out to be:
 * what it saves to know that, as what the best saves is worth nothing if it is too slow. Another
 * look at the fastest itself is not worth its cost, which is the highest. @param sd what is learnt
 * of its ln time */
static double gain_of_bound(
	const hg_tune *t, const struct goal *g, const struct rivals *r, size_t i, double sd)
{
	const struct cand *c = &t->cands[i];
	double stake = cost_of(g, &t->cands[t->opts.baseline]) / r->best - 1;
	double slack = log(t->opts.objective.value) + INDIFFERENT;

	/* of several knobs none is faster than with one of them alone */
	if (g->kind != HG_MAX_SLOWDOWN || c->seen.steps > 0 || c->n_parts || stake <= 0)
		return 0;
	return stake * normal_cdf((t->cands[t->best].t - c->t - slack) / sd);
}

/* What so many steps at a setting are expected to save for each step of the rest of the job, as a
 * share of the best's cost. */
static double gain_of(
	const hg_tune *t, const struct goal *g, const struct rivals *r, size_t i, double steps)
{
	const struct cand *c = &t->cands[i];
	double cost = cost_of(g, c), margin = INDIFFERENT * r->best, sd, gain;
	double sd_t = learnt(c->sd_t * c->sd_t, step_var(t) / steps);
	double sd_p = learnt(c->sd_p * c->sd_p, power_var(t, steps, cand_time(c)));

	sd = cost * goal_rsd(g, c, sd_t, sd_p);
	if (i == t->best)
		return isfinite(r->second) ? above(cost - r->second - margin, sd) / r->best : 0;
	gain = goal_chance(g, c, sd_t, sd_p) * above(r->best - cost - margin, sd) / r->best;
	return fmax(gain, gain_of_bound(t, g, r, i, sd_t));
}

/* ----- and of the trial after it */

/** Settings never tried of which the most is to be expected. */
struct shortlist {
	size_t at[SHORTLIST];
	double gain[SHORTLIST];
	size_t n;
};

static void shortlist_add(struct shortlist *l, size_t setting, double gain)
{
	size_t i;

	if (l->n == SHORTLIST && l->gain[SHORTLIST - 1] >= gain)
		return;
	i = l->n < SHORTLIST ? l->n++ : SHORTLIST - 1;
	for (; i > 0 && l->gain[i - 1] < gain; i--) {
		l->at[i] = l->at[i - 1];
		l->gain[i] = l->gain[i - 1];
	}
	l->at[i] = setting;
	l->gain[i] = gain;
}

static struct shortlist shortlist_of(const hg_tune *t, const struct goal *g, const struct rivals *r)
{
	struct shortlist l = {.n = 0};

	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];

		if (c->seen.steps <= 0 && !c->refused)
			shortlist_add(&l, i, gain_of(t, g, r, i, length(t, c)));
	}
	return l;
}

/* A setting when ln time and power turn out to be off by so much, which was learnt of them. */
static struct cand turned_out(
	const struct cand *c, double off_t, double off_p, double learnt_t, double learnt_p)
{
	struct cand d = *c;

	d.t += off_t;
	d.p += off_p;
	d.sd_t = sqrt(fmax(d.sd_t * d.sd_t - learnt_t * learnt_t, LEAST_VAR));
	d.sd_p = sqrt(fmax(d.sd_p * d.sd_p - learnt_p * learnt_p, LEAST_VAR));
	return d;
}

/** What a first trial teaches of the settings of a shortlist: standard deviations. */
struct lesson {
	double t, p; /* of the one that is tried */
	double near_t[SHORTLIST], near_p[SHORTLIST];
};

static struct lesson lesson_of(const hg_tune *t, const struct shortlist *l, size_t i, double steps)
{
	const struct cand *c = &t->cands[i];
	struct lesson s = {.t = learnt(c->sd_t * c->sd_t, step_var(t) / steps),
		.p = learnt(c->sd_p * c->sd_p, power_var(t, steps, cand_time(c)))};

	for (size_t k = 0; k < l->n; k++) {
		const struct cand *d = &t->cands[l->at[k]];

		s.near_t[k] = model_correlation(t, false, i, l->at[k]) * d->sd_t * s.t / c->sd_t;
		s.near_p[k] = model_correlation(t, true, i, l->at[k]) * d->sd_p * s.p / c->sd_p;
	}
	return s;
}

/* What either a trial that turned out so, or the best one after it, saves. */
static double gain_then(const hg_tune *t, const struct goal *g, const struct rivals *r,
	const struct shortlist *l, const struct lesson *s, size_t i, double zt, double zp)
{
	struct cand c = turned_out(&t->cands[i], zt * s->t, zp * s->p, s->t, s->p);
	double margin = INDIFFERENT * r->best, most;

	most = goal_chance(g, &c, c.sd_t, c.sd_p) * fmax(0, r->best - cost_of(g, &c) - margin);
	for (size_t k = 0; k < l->n; k++) {
		struct cand d = turned_out(&t->cands[l->at[k]], zt * s->near_t[k],
			zp * s->near_p[k], s->near_t[k], s->near_p[k]);
		double cost = cost_of(g, &d);

		if (l->at[k] != i)
			most = fmax(most, LATER * goal_chance(g, &d, d.sd_t, d.sd_p) *
						  above(r->best - cost - margin,
							  cost * goal_rsd(g, &d, d.sd_t, d.sd_p)));
	}
	return most / r->best;
}

/* As gain_of() a setting never tried, with what the next trial is worth for what this one teaches:
 * a look at the middle of what is unknown tells where to look next. */
static double gain_ahead(const hg_tune *t, const struct goal *g, const struct rivals *r,
	const struct shortlist *l, const struct trial *trial)
{
	/* Gauss-Hermite */
	static const double z[] = {-1.7320508075688772, 0, 1.7320508075688772};
	static const double weight[] = {1.0 / 6, 2.0 / 3, 1.0 / 6};
	struct lesson s = lesson_of(t, l, trial->setting, trial->steps);
	double sum = 0;

	for (size_t a = 0; a < 3; a++)
		for (size_t b = 0; b < 3; b++)
			sum += weight[a] * weight[b] *
			       gain_then(t, g, r, l, &s, trial->setting, z[a], z[b]);
	return sum;
}

/* What the best trial of another setting gains, as things are. */
static double gain_of_next(const struct shortlist *l, size_t setting)
{
	size_t first = l->n > 0 && l->at[0] == setting ? 1 : 0;

	return first < l->n ? l->gain[first] : 0;
}

/* ----- what it is worth */

/* Whether learning takes too long with so many steps more. Between settings that noise hides from
 * each other it would go on, as each look promises a little. */
static bool budget_spent(const hg_tune *t, double steps)
{
	double each = fmax(
		BUDGET_LOOKS * first_look(t, &t->cands[t->best]), BUDGET_SHARE * t->opts.max_steps);

	return t->learning.steps - t->learnt_before + steps > each * (double)t->n;
}

/* What a trial saves over the rest of the job, for each step that it takes; <= 0: nothing. */
static double worth(const hg_tune *t, const struct goal *g, const struct rivals *r,
	const struct shortlist *l, const struct trial *trial)
{
	const struct cand *c = &t->cands[trial->setting];
	double all = trial->steps, gain, most, left, excess;

	if (trial->setting != t->setting)
		all += fmax(t->opts.settle_steps, ceil(t->opts.settle_s / cand_time(c)));
	left = steps_left(t) - all;
	gain = most = gain_of(t, g, r, trial->setting, trial->steps);
	if (c->seen.steps <= 0) {
		double ahead = gain_ahead(t, g, r, l, trial);

		/* what the next one gains without this one is not to be had by this one */
		gain = fmax(gain, ahead - LATER * gain_of_next(l, trial->setting));
		most = fmax(most, ahead);
	}
	if (t->phase == HG_TUNE_SETTLED || budget_spent(t, all)) {
		gain *= SETTLED_SHARE;
		most *= SETTLED_SHARE;
	}
	if (left <= 0 || gain < t->opts.threshold || !affordable(t, g, c, all))
		return 0;
	excess = fmax(0, cost_of(g, c) / r->best - 1);
	if (gain * left <= excess * all)
		return 0;
	return (most * left - excess * all) / all;
}

bool trial_next(const hg_tune *t, const struct goal *g, bool met, struct trial *out)
{
	struct rivals r = rivals_of(t, g, met);
	struct shortlist l = shortlist_of(t, g, &r);
	double most = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];
		struct trial trial = {i, length(t, c)};
		double w;

		if (c->refused || trial.steps < 1)
			continue;
		w = worth(t, g, &r, &l, &trial);
		if (w > most) {
			most = w;
			*out = trial;
		}
	}
	return most > 0;
}
