/* What a model of the device says of settings, and how far it is believed. */
#include <math.h>
#include <stdlib.h>

#include "tuner.h"

static bool makes_sense(const hg_point *p)
{
	return p->time_s > 0 && isfinite(p->time_s) && p->energy_j > 0 && isfinite(p->energy_j) &&
	       p->time_rsd > 0 && p->energy_rsd > 0;
}

/* Asks a model. Not again for the same settings: more steps at one change little, and a fit takes
 * as long as many steps of some jobs. */
static void ask(hg_tune *t, const size_t *at, size_t n)
{
	hg_point *seen, *out;
	bool answered;

	if (!t->opts.predict || (t->asked_n == n && t->asked_drifts == t->drifts))
		return;
	seen = calloc(n, sizeof *seen);
	out = calloc(t->n, sizeof *out);
	for (size_t i = 0; seen && out && i < n; i++) {
		const struct seen *s = &t->cands[at[i]].seen;

		seen[i] = (hg_point){.time_s = s->time_s,
			.energy_j = s->power_w * s->time_s,
			.time_rsd = sqrt(s->time_var),
			.energy_rsd = sqrt(s->time_var + s->power_var),
			.setting = (hg_setting)at[i],
			.origin = HG_ORIGIN_MEASURED};
	}
	answered =
		seen && out && t->opts.predict(t->opts.predict_user, seen, n, out, t->n) == HG_OK;
	for (size_t i = 0; i < t->n; i++)
		t->cands[i].told =
			answered && makes_sense(&out[i]) ? out[i] : (hg_point){.time_s = 0};
	t->asked_n = n;
	t->asked_drifts = t->drifts;
	free(seen);
	free(out);
}

/* Of what a model foretold of a setting that was then measured, if it is off by so much more than
 * it says; but for a constant. */
static double log_likelihood(const struct cand *c, bool power, double more)
{
	const struct seen *s = &c->seen;
	const hg_point *f = &c->foretold;
	double off, var;

	if (s->steps <= 0 || !(f->time_s > 0))
		return 0;
	off = log(power ? s->power_w * f->time_s / f->energy_j : s->time_s / f->time_s);
	var = power ? f->energy_rsd * f->energy_rsd + s->power_var
		    : f->time_rsd * f->time_rsd + s->time_var;
	var += more;
	return -0.5 * (log(var) + off * off / var);
}

/* How much more than it says a model is off, as a variance: the mean by what was measured after it
 * was asked. A device, or a job, may be rougher than any that it was made from. */
static double more_than_said(const hg_tune *t, bool power)
{
	/* variances, and how often they are so */
	static const double more[] = {0, 0.015 * 0.015, 0.03 * 0.03, 0.06 * 0.06};
	static const double odds[] = {0.6, 0.2, 0.1, 0.1};
	double most = -HUGE_VAL, weight[sizeof odds / sizeof *odds], sum = 0, mean = 0;

	for (size_t k = 0; k < sizeof odds / sizeof *odds; k++) {
		weight[k] = log(odds[k]);
		for (size_t i = 0; i < t->n; i++)
			weight[k] += log_likelihood(&t->cands[i], power, more[k]);
		most = fmax(most, weight[k]);
	}
	for (size_t k = 0; k < sizeof odds / sizeof *odds; k++) {
		sum += exp(weight[k] - most);
		mean += exp(weight[k] - most) * more[k];
	}
	return mean / sum;
}

/* Puts what a model said in the place of ours where nothing was measured. */
static void believe(hg_tune *t)
{
	double more_t = more_than_said(t, false), more_p = more_than_said(t, true);

	for (size_t i = 0; i < t->n; i++) {
		struct cand *c = &t->cands[i];

		if (c->seen.steps > 0 || !(c->told.time_s > 0))
			continue;
		c->foretold = c->told;
		c->t = log(c->told.time_s);
		c->p = log(c->told.energy_j / c->told.time_s);
		c->sd_t = sqrt(c->told.time_rsd * c->told.time_rsd + more_t);
		c->sd_p = sqrt(c->told.energy_rsd * c->told.energy_rsd + more_p);
	}
}

void told_update(hg_tune *t, const size_t *at, size_t n)
{
	ask(t, at, n);
	believe(t);
}
