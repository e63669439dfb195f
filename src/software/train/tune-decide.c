/* What comes next: a trial, the best setting, or another look at it. */
#include <math.h>
#include <string.h>

#include "tuner.h"

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

/* ----- stretches */

static double watch_length(const hg_tune *t, double time_s)
{
	double n = ceil(t->opts.watch_s / time_s);
	double left = t->opts.steps - t->all.steps;

	if (t->opts.objective.kind == HG_DEADLINE || t->opts.objective.kind == HG_BUDGET)
		n = fmin(n, ceil(STRETCH_SHARE * left));
	/* what was chosen by a few steps is soon looked at again */
	return fmax(fmin(n, t->cands[t->setting].seen.steps), t->opts.min_steps);
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
	t->want_s = sqrt(2.0) * t->counter_s / POWER_RSD_FIRST;
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
	t->learnt_before = t->learning.steps;
	return false;
}

/* Whether a setting of several knobs has another one, of a single knob, in it. */
static bool has_part(const hg_tune *t, const struct cand *c, size_t row)
{
	for (size_t i = 0; i + 1 < c->n_parts; i++)
		if (t->parts[c->part + i].row == row)
			return true;
	return false;
}

/* A setting and those that have it in them, or all that differ from the baseline in a knob. */
static void refuse(hg_tune *t, const hg_tune_summary *s)
{
	const double *base = t->cells + t->opts.baseline * t->opts.n_knobs;

	for (size_t i = 0; i < t->n; i++) {
		struct cand *c = &t->cands[i];
		bool refused = i == s->setting || has_part(t, c, s->setting);

		for (size_t k = 0; k < t->opts.n_knobs && k < 31; k++)
			refused |= (s->refused >> k & 2) &&
				   !same_cell(t->cells[i * t->opts.n_knobs + k], base[k]);
		t->refusals += refused && !c->refused;
		c->refused |= refused;
	}
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
	struct trial trial;
	bool met;

	t->best = goal_best(t, &g, &met);
	t->feasible = met || (g.kind == HG_DEADLINE && deadline_in_reach(t));
	if (trial_next(t, &g, met, &trial)) {
		t->phase = HG_TUNE_LEARNING;
		stretch_begin(t, trial.setting);
		t->want_steps = trial.steps;
		t->want_s = 0;
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
	if (s->reading_s > 0)
		t->counter_s = s->reading_s;
	if (t->phase == HG_TUNE_IDLE)
		return HG_OK;
	if (s->refused && s->setting != t->opts.baseline) {
		refuse(t, s);
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
