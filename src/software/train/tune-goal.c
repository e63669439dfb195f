/* What the objective makes of times and energies, as they are known so far. */
#include <math.h>

#include "tuner.h"

/* Reserve of a deadline: this share of what is left, twice the deviation of what is known, and the
 * longest step or gap between steps so far, but no more of the whole than this. */
#define RESERVE_LONGEST 0.1
#define RESERVE_SHARE   0.005
#define RESERVE_SIGMAS  2.0
/* A pair of settings must be better than one by this to be worth the change. */
#define PAIR_GAIN 0.002

double cand_time(const struct cand *c)
{
	return exp(c->t);
}

double cand_energy(const struct cand *c)
{
	return exp(c->t + c->p);
}

static bool known(const struct cand *c)
{
	return c->seen.steps > 0 && !c->refused;
}

/* The least of all that were measured. */
static double least(const hg_tune *t, double (*figure)(const struct cand *c), size_t *at)
{
	double best = HUGE_VAL;

	*at = t->opts.baseline;
	for (size_t i = 0; i < t->n; i++)
		if (known(&t->cands[i]) && figure(&t->cands[i]) < best) {
			best = figure(&t->cands[i]);
			*at = i;
		}
	return best;
}

/* The least time of all that were ever measured, in an earlier run or before a drift, too: what is
 * slow must not seem fast because nothing faster was looked at since. */
static double fastest(const hg_tune *t)
{
	double best = HUGE_VAL;

	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];

		if (!c->refused && (c->seen.steps > 0 || c->tried || c->recalled))
			best = fmin(best, cand_time(c));
	}
	return best;
}

/* Wall time per unit of steady step time: pauses, checkpoints and settling so far. */
static double pace(const hg_tune *t)
{
	return t->steady_s > 0 ? fmax(1, t->now_s / t->steady_s) : 1;
}

double time_left(const hg_tune *t, double *steps)
{
	double left = t->opts.objective.value - t->now_s;
	double rsd, reserve;

	*steps = fmax(0, t->opts.steps - t->all.steps);
	rsd = t->cands[t->setting].seen.steps > 0 ? sqrt(t->cands[t->setting].seen.time_var) : 0.02;
	reserve = (RESERVE_SHARE + RESERVE_SIGMAS * fmin(rsd, 0.02)) * left +
		  fmin(t->longest_s, RESERVE_LONGEST * t->opts.objective.value);
	return *steps > 0 ? fmax(0, left - reserve) / *steps / pace(t) : HUGE_VAL;
}

bool deadline_in_reach(const hg_tune *t)
{
	double steps = fmax(0, t->opts.steps - t->all.steps);
	size_t at;

	return t->now_s + steps * pace(t) * least(t, cand_time, &at) <= t->opts.objective.value;
}

/* Ends of the frontier by what is expected: what the knee is measured between. */
static void find_ends(const hg_tune *t, struct goal *g)
{
	size_t fast = t->opts.baseline, cheap = fast;

	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];

		if (c->refused)
			continue;
		fast = c->t < t->cands[fast].t ? i : fast;
		cheap = c->t + c->p < t->cands[cheap].t + t->cands[cheap].p ? i : cheap;
	}
	g->t0 = cand_time(&t->cands[fast]);
	g->e0 = cand_energy(&t->cands[fast]);
	g->t1 = cand_time(&t->cands[cheap]);
	g->e1 = cand_energy(&t->cands[cheap]);
}

struct goal goal_now(const hg_tune *t)
{
	const hg_objective *o = &t->opts.objective;
	struct goal g = {.kind = o->kind,
		.eta = o->value,
		.max_power_w = o->max_power_w,
		.time_max = HUGE_VAL,
		.energy_max = HUGE_VAL};
	double steps;

	switch (o->kind) {
	case HG_MAX_SLOWDOWN:
		g.time_max = o->value * fastest(t);
		break;
	case HG_DEADLINE:
		g.time_max = time_left(t, &steps);
		break;
	case HG_BUDGET:
		steps = fmax(0, t->opts.steps - t->all.steps);
		if (steps > 0)
			g.energy_max = fmax(0, o->value - t->all.energy_j) / steps;
		break;
	case HG_KNEE:
		find_ends(t, &g);
		break;
	case HG_MIN_ENERGY:
	case HG_MIN_TIME:
	case HG_ETA:
		break;
	}
	return g;
}

double goal_cost(const struct goal *g, double time_s, double energy_j)
{
	switch (g->kind) {
	case HG_ETA:
		return g->eta * energy_j + (1 - g->eta) * g->max_power_w * time_s;
	case HG_MIN_TIME:
	case HG_BUDGET:
		return time_s;
	case HG_KNEE:
		if (!(g->t1 > g->t0) || !(g->e0 > g->e1))
			return energy_j / g->e0;
		/* 2 where nothing is gained: costs are compared by their ratio */
		return 1 + (time_s - g->t0) / (g->t1 - g->t0) +
		       (energy_j - g->e1) / (g->e0 - g->e1);
	case HG_MIN_ENERGY:
	case HG_MAX_SLOWDOWN:
	case HG_DEADLINE:
		break;
	}
	return energy_j;
}

bool goal_met(const struct goal *g, double time_s, double energy_j)
{
	return time_s <= g->time_max && energy_j <= g->energy_max;
}

double normal_cdf(double z)
{
	return 0.5 * erfc(-z / sqrt(2.0));
}

double goal_chance(const struct goal *g, const struct cand *c, double sd_t, double sd_p)
{
	double chance = 1;

	if (g->time_max <= 0 || g->energy_max <= 0)
		return 0;
	if (isfinite(g->time_max))
		chance *= normal_cdf((log(g->time_max) - c->t) / sd_t);
	if (isfinite(g->energy_max))
		chance *= normal_cdf((log(g->energy_max) - c->t - c->p) / hypot(sd_t, sd_p));
	return chance;
}

double goal_rsd(const struct goal *g, const struct cand *c, double sd_t, double sd_p)
{
	double t = cand_time(c), e = cand_energy(c), step = 1e-4;
	double cost = goal_cost(g, t, e);
	double by_t = (goal_cost(g, t * (1 + step), e * (1 + step)) - cost) / (step * cost);
	double by_p = (goal_cost(g, t, e * (1 + step)) - cost) / (step * cost);

	return hypot(by_t * sd_t, by_p * sd_p);
}

size_t goal_best(const hg_tune *t, const struct goal *g, bool *feasible)
{
	double best = HUGE_VAL;
	size_t at = t->opts.baseline;

	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];
		double time = cand_time(c), energy = cand_energy(c);

		if (!known(c) || !goal_met(g, time, energy) || !(goal_cost(g, time, energy) < best))
			continue;
		best = goal_cost(g, time, energy);
		at = i;
	}
	*feasible = best < HUGE_VAL;
	if (!*feasible)
		(void)least(t, g->kind == HG_BUDGET ? cand_energy : cand_time, &at);
	return at;
}

size_t goal_pace(const hg_tune *t, const struct goal *g, size_t best)
{
	double least_j = cand_energy(&t->cands[best]) * (1 - PAIR_GAIN);
	size_t now = best;

	if (g->kind != HG_DEADLINE || !isfinite(g->time_max) || !t->feasible)
		return best;
	for (size_t a = 0; a < t->n; a++)
		for (size_t b = 0; b < t->n && known(&t->cands[a]); b++) {
			double ta = cand_time(&t->cands[a]), tb = cand_time(&t->cands[b]);
			double share, energy;

			if (!known(&t->cands[b]) || ta > g->time_max || tb <= g->time_max)
				continue;
			share = (g->time_max - ta) / (tb - ta);
			energy = (1 - share) * cand_energy(&t->cands[a]) +
				 share * cand_energy(&t->cands[b]);
			if (energy >= least_j)
				continue;
			/* what is saved now is there when the end shows how much is left */
			least_j = energy;
			now = a;
		}
	return now;
}
