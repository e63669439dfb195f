/* What comes next: a trial, the best setting, or another look at it. */
#include <math.h>
#include <string.h>

#include "tuner.h"

/* A trial is long enough when time and power are known to this. */
#define TIME_RSD  0.008
#define POWER_RSD 0.015
/* First to this: where the setting is clearly worse, that is enough. */
#define POWER_RSD_FIRST 0.05
/* A trial ends early when its setting is worse than the best by so many deviations. */
#define WORSE_SIGMAS 3.0
/* Steps that a job of unknown length has left at least. */
#define HORIZON 2000.0
/* A change counts from this many deviations on, and when it is seen twice. */
#define DRIFT_SIGMAS 4.0
#define DRIFT_SEEN   2
/* After a drift the shape of what was known is worth something. */
#define LOOSE_AFTER_DRIFT 0.7
#define DRIFT_SCALE_MAX   8.0
#define DRIFT_SCALE_GROWS 1.25
#define DRIFT_SCALE_DECAY 0.98
/* A setting's figures become the reference for drifts, and stay so. */
#define REFERENCE_STEPS 2000.0
/* Of what is left until a deadline, one stretch takes at most this share. */
#define STRETCH_SHARE 0.05
/* 1 / sqrt(2 pi) */
#define NORMAL_PEAK 0.3989422804014327

static double probe_length(const hg_tune *t, double time_s)
{
	double n = fmax(t->opts.min_steps, ceil(t->want_s / time_s));

	return n + t->opts.settle_steps;
}

/* ----- stretches */

static double watch_length(const hg_tune *t, double time_s)
{
	double n = ceil(t->opts.watch_s / time_s);
	double left = t->opts.steps - t->all.steps;

	if (t->opts.objective.kind == HG_DEADLINE || t->opts.objective.kind == HG_BUDGET)
		n = fmin(n, ceil(STRETCH_SHARE * left));
	return fmax(n, t->opts.min_steps);
}

void stretch_begin(hg_tune *t, size_t setting)
{
	const struct cand *c = &t->cands[setting];

	if (setting != t->setting) {
		t->unsettled_steps = t->opts.settle_steps;
		t->unsettled_s = t->opts.settle_s;
	}
	t->setting = setting;
	memset(&t->tally, 0, sizeof t->tally);
	t->summary = (hg_tune_summary){.size = sizeof t->summary,
		.stretch = t->stretch,
		.setting = (uint32_t)setting,
		.all_steps = t->late.all_steps,
		.all_time_s = t->late.all_time_s,
		.all_energy_j = t->late.all_energy_j,
		.now_s = t->late.now_s,
		.longest_s = t->late.longest_s};
	t->late = (hg_tune_summary){.size = sizeof t->late};
	t->ready = false;
	t->want_steps = t->opts.min_steps;
	t->want_s = sqrt(2.0) * t->opts.counter_s / POWER_RSD_FIRST;
	if (t->phase == HG_TUNE_SETTLED && c->seen.steps > 0)
		t->want_steps = watch_length(t, c->seen.time_s);
	if (t->phase == HG_TUNE_IDLE)
		t->want_steps = HUGE_VAL;
}

/* ----- what was measured */

static void add_mean(double *mean, double *var, double n, double more, double more_var, double m)
{
	double a = n / (n + m), b = m / (n + m);

	*var = a * a * *var + b * b * more_var;
	*mean = a * *mean + b * more;
}

static void take(hg_tune *t, const hg_tune_summary *s)
{
	struct cand *c = &t->cands[s->setting];
	double time_var = s->time_rsd * s->time_rsd, power_var = s->power_rsd * s->power_rsd;

	if (c->seen.steps >= REFERENCE_STEPS)
		return;
	add_mean(&c->seen.time_s, &c->seen.time_var, c->seen.steps, s->time_s, time_var, s->steps);
	add_mean(&c->seen.power_w, &c->seen.power_var, c->seen.steps, s->power_w, power_var,
		s->steps);
	c->seen.steps += s->steps;
	t->probes += !c->tried;
	c->tried = true;
}

static bool differs(const hg_tune *t, double now, double now_rsd, double then, double then_var)
{
	double off = fabs(log(now / then));

	return off > t->opts.drift * t->drift_scale &&
	       off > DRIFT_SIGMAS * sqrt(now_rsd * now_rsd + then_var);
}

/* Whether what was seen is no longer what is known. @return true: nothing of it is to be taken
 * into what is known */
static bool drifted(hg_tune *t, const hg_tune_summary *s)
{
	const struct seen *seen = &t->cands[s->setting].seen;

	if (seen->steps <= 0)
		return false;
	if (!differs(t, s->time_s, s->time_rsd, seen->time_s, seen->time_var) &&
		!differs(t, s->power_w, s->power_rsd, seen->power_w, seen->power_var)) {
		t->suspicions = 0;
		t->drift_scale = fmax(1, t->drift_scale * DRIFT_SCALE_DECAY);
		return false;
	}
	if (++t->suspicions < DRIFT_SEEN)
		return true;
	t->suspicions = 0;
	t->drifts++;
	/* what was in vain is done less readily */
	t->drift_scale = fmin(t->drift_scale * DRIFT_SCALE_GROWS, DRIFT_SCALE_MAX);
	model_restart(t, LOOSE_AFTER_DRIFT);
	return false;
}

/* ----- what to try */

static double steps_left(const hg_tune *t)
{
	return t->opts.steps > 0 ? fmax(0, t->opts.steps - t->all.steps)
				 : fmax(HORIZON, t->all.steps);
}

/* With a deadline: whether it is met even if this trial goes badly. */
static bool affordable(const hg_tune *t, const struct goal *g, const struct cand *c, double length)
{
	double steps, each, fastest = HUGE_VAL;

	if (g->kind != HG_DEADLINE)
		return true;
	for (size_t i = 0; i < t->n; i++)
		if (t->cands[i].seen.steps > 0 && !t->cands[i].refused)
			fastest = fmin(fastest, cand_time(&t->cands[i]));
	each = time_left(t, &steps);
	return length <= STRETCH_SHARE * 2 * steps &&
	       length * exp(c->t + 2 * c->sd_t) + (steps - length) * fastest <= each * steps;
}

/* What a trial is expected to save over the rest of the job, as a share of it; <= 0: not worth it
 */
static double worth(const hg_tune *t, const struct goal *g, size_t i, double best_cost)
{
	const struct cand *c = &t->cands[i];
	double cost = goal_cost(g, cand_time(c), cand_energy(c));
	double sd = cost * goal_rsd(g, c);
	double z = (best_cost - cost) / sd;
	double gain = (best_cost - cost) * normal_cdf(z) + sd * exp(-z * z / 2) * NORMAL_PEAK;
	double length = probe_length(t, cand_time(c));
	double left = steps_left(t) - length;

	gain *= goal_chance(g, c);
	if (left <= 0 || gain < t->opts.threshold * best_cost || !affordable(t, g, c, length))
		return 0;
	return (gain * left - fmax(0, cost - best_cost) * length) / (best_cost * left);
}

/* Costs are compared with this while nothing meets the goal: whatever does is better. */
static double reference(const hg_tune *t, const struct goal *g, size_t best, bool feasible)
{
	double cost = goal_cost(g, cand_time(&t->cands[best]), cand_energy(&t->cands[best]));

	return feasible ? cost : 2 * cost;
}

static size_t most_promising(const hg_tune *t, const struct goal *g, double best_cost)
{
	double most = 0;
	size_t at = SIZE_MAX;

	for (size_t i = 0; i < t->n; i++) {
		double w;

		if (t->cands[i].seen.steps > 0 || t->cands[i].refused)
			continue;
		w = worth(t, g, i, best_cost);
		if (w > most) {
			most = w;
			at = i;
		}
	}
	return at;
}

/* Whether a trial should go on, and for how many steps. */
static bool too_short(hg_tune *t, const struct goal *g, double best_cost)
{
	const struct cand *c = &t->cands[t->setting];
	const struct seen *s = &c->seen;
	double cost = goal_cost(g, cand_time(c), cand_energy(c));
	double more = s->steps * (s->time_var / (TIME_RSD * TIME_RSD) - 1);
	double more_s = 0;

	if (t->phase != HG_TUNE_LEARNING || s->steps <= 0)
		return false;
	if (t->setting != t->best &&
		cost * (1 - WORSE_SIGMAS * fmin(goal_rsd(g, c), 0.3)) > best_cost)
		return false;
	if (s->steps >= t->opts.max_steps)
		more = 0;
	if (s->power_var > POWER_RSD * POWER_RSD)
		more_s = sqrt(2.0) * t->opts.counter_s / POWER_RSD;
	if (!(more >= 1) && more_s <= 0)
		return false;
	stretch_begin(t, t->setting);
	t->want_steps = fmax(1, fmin(ceil(more), t->opts.max_steps - s->steps));
	t->want_s = more_s;
	return true;
}

static bool nothing_left(const hg_tune *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (i != t->opts.baseline && !t->cands[i].refused)
			return false;
	return true;
}

static void idle(hg_tune *t, const char *reason)
{
	t->phase = HG_TUNE_IDLE;
	t->reason = reason;
	t->best = t->opts.baseline;
	stretch_begin(t, t->opts.baseline);
}

/* ----- totals */

static void count(hg_tune *t, const hg_tune_summary *s)
{
	const struct cand *base = &t->cands[t->opts.baseline];
	struct totals more = {s->all_steps, s->all_time_s, s->all_energy_j};

	t->all.steps += more.steps;
	t->all.time_s += more.time_s;
	t->all.energy_j += more.energy_j;
	if (t->phase == HG_TUNE_LEARNING) {
		t->learning.steps += more.steps;
		t->learning.time_s += more.time_s;
		t->learning.energy_j += more.energy_j;
	}
	if (s->steps > 0)
		t->steady_s += s->time_s * s->all_steps;
	else
		t->steady_s += s->all_time_s;
	t->now_s = fmax(t->now_s, s->now_s);
	t->longest_s = fmax(t->longest_s, s->longest_s);
	if (!t->prior_known || s->steps <= 0 || !(s->power_w > 0))
		return;
	t->compared_j += more.energy_j;
	t->base_j += more.energy_j;
	if (s->setting == t->opts.baseline)
		return;
	/* stragglers would have been there at the baseline too */
	t->base_j += more.steps * (cand_energy(base) - s->power_w * s->time_s);
	t->base_sd_j += more.steps * cand_energy(base) * hypot(base->sd_t, base->sd_p);
}

/* ----- the decision */

static hg_err settle_or_try(hg_tune *t)
{
	struct goal g = goal_now(t);
	double best_cost;
	bool met;
	size_t next;

	t->best = goal_best(t, &g, &met);
	t->feasible = met || (g.kind == HG_DEADLINE && deadline_in_reach(t));
	best_cost = reference(t, &g, t->best, met);
	if (too_short(t, &g, best_cost))
		return HG_OK;
	next = most_promising(t, &g, best_cost);
	if (next != SIZE_MAX) {
		t->phase = HG_TUNE_LEARNING;
		stretch_begin(t, next);
		return HG_OK;
	}
	t->phase = HG_TUNE_SETTLED;
	stretch_begin(t, goal_pace(t, &g, t->best));
	return HG_OK;
}

hg_err decide(hg_tune *t, const hg_tune_summary *s)
{
	bool vague;
	hg_err rc;

	t->stretch++;
	if (t->phase == HG_TUNE_IDLE)
		return HG_OK;
	if (s->refused && s->setting != t->opts.baseline) {
		t->cands[s->setting].refused = true;
		t->refusals++;
		count(t, s);
		if (nothing_left(t)) {
			idle(t, "the device takes none of the settings");
			return HG_OK;
		}
		/* the trial is over; what was known before decides */
		if (t->prior_known && t->cands[t->opts.baseline].seen.steps > 0)
			return settle_or_try(t);
		stretch_begin(t, t->opts.baseline);
		return HG_OK;
	}
	if (s->steps > 0 && !(s->power_w > 0)) {
		count(t, s);
		idle(t, "no energy is measured");
		return HG_OK;
	}
	vague = drifted(t, s);
	if (!vague)
		take(t, s);
	rc = model_update(t);
	count(t, s);
	if (rc == HG_OK && vague)
		stretch_begin(t, t->setting);
	else if (rc == HG_OK)
		rc = settle_or_try(t);
	return rc;
}
