/* What a model of the device says of settings, and how far it is believed. */
#include <math.h>
#include <stdlib.h>

#include "tuner.h"

/* Against the rule a model counts so much, before either was tried. */
#define SHARE 0.5

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

/* Of what was foretold of a setting that was then measured, if that is off by so much more than it
 * says; but for a constant. */
static double log_likelihood(const struct cand *c, const struct guess *g, size_t k, double more)
{
	const struct seen *s = &c->seen;
	double off = log(k ? s->power_w : s->time_s) - g->ln[k];
	double var = g->sd[k] * g->sd[k] + (k ? s->power_var : s->time_var) + more;

	return -0.5 * (log(var) + off * off / var);
}

/** How far a model is believed, for time or for power. */
struct trust {
	double share; /* against the rule */
	double more;  /* variance beyond what it says */
};

/* By what was measured after both were asked: how much more than it says the model is off, as a
 * device or a job may be rougher than any that it was made from; and which of the two was nearer.
 */
static struct trust trust_of(const hg_tune *t, size_t k)
{
	/* variances, and how often they are so */
	static const double more[] = {0, 0.015 * 0.015, 0.03 * 0.03, 0.06 * 0.06};
	static const double odds[] = {0.5, 0.2, 0.2, 0.1};
	double weight[sizeof odds / sizeof *odds], rule = log((1 - SHARE) / SHARE);
	double most = -HUGE_VAL, sum = 0, mean = 0;

	for (size_t m = 0; m < sizeof odds / sizeof *odds; m++)
		weight[m] = log(odds[m]);
	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];

		if (c->seen.steps <= 0 || !(c->foretold.sd[k] > 0))
			continue;
		rule += log_likelihood(c, &c->ruled, k, 0);
		for (size_t m = 0; m < sizeof odds / sizeof *odds; m++)
			weight[m] += log_likelihood(c, &c->foretold, k, more[m]);
	}
	for (size_t m = 0; m < sizeof odds / sizeof *odds; m++)
		most = fmax(most, weight[m]);
	for (size_t m = 0; m < sizeof odds / sizeof *odds; m++) {
		sum += exp(weight[m] - most);
		mean += exp(weight[m] - most) * more[m];
	}
	return (struct trust){1 / (1 + exp(fmin(rule - most - log(sum), 500))), mean / sum};
}

/* Mixes what the model says into what the rule does. */
static void mix(const struct trust *w, double told, double told_sd, double *mean, double *sd)
{
	double apart = told - *mean;

	*mean += w->share * apart;
	*sd = sqrt(w->share * (told_sd * told_sd + w->more) + (1 - w->share) * *sd * *sd +
		   w->share * (1 - w->share) * apart * apart);
}

/* What is expected where nothing was measured. */
static void believe(hg_tune *t)
{
	const struct trust time = trust_of(t, 0), power = trust_of(t, 1);

	for (size_t i = 0; i < t->n; i++) {
		struct cand *c = &t->cands[i];

		if (c->seen.steps > 0 || !(c->told.time_s > 0))
			continue;
		c->ruled = (struct guess){{c->t, c->p}, {c->sd_t, c->sd_p}};
		c->foretold = (struct guess){
			{log(c->told.time_s), log(c->told.energy_j / c->told.time_s)},
			{c->told.time_rsd, c->told.energy_rsd}};
		/* of several knobs it is known by measuring others alike, which a model does not
		 * say */
		for (size_t k = 0; k < 2 && c->n_parts; k++)
			c->foretold.sd[k] = fmin(c->foretold.sd[k], c->ruled.sd[k]);
		mix(&time, c->foretold.ln[0], c->foretold.sd[0], &c->t, &c->sd_t);
		mix(&power, c->foretold.ln[1], c->foretold.sd[1], &c->p, &c->sd_p);
	}
}

void told_update(hg_tune *t, const size_t *at, size_t n)
{
	ask(t, at, n);
	believe(t);
}
