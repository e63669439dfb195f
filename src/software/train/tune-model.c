/*
 * What settings cost, from a few that were measured.
 *
 * log time and log power of a step are a rule of thumb plus a random walk along the knob, away from
 * the baseline, plus a little of each setting's own: a Gaussian process. Between two measured
 * settings that is interpolation of what the rule got wrong, with an honest width; beyond them the
 * rule with a width that grows. The walk's clock is the power that the rule expects to be lost, as
 * the rule is sure where a limit does not bind and guesses where it cuts deep.
 *
 * The rule for power limits is the mean course of 121 trainings on V100 and A40 (the sweeps of the
 * Zeus artifact, arXiv 2208.06102): power bends softly from what the job draws to the limit, and
 * the time lost is quadratic in the log of the power lost.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tuner.h"

/* log time = A * v + B * v^2, v = -log of the power kept */
#define LOST_A 0.2
#define LOST_B 0.95
/* How softly power bends into a limit, and how far below it it stays. */
#define BEND  8.0
#define BELOW 0.07
/* Of clocks: share of the time and of the power that follow them, and the exponent of power. */
#define CLOCK_TIME  0.65
#define CLOCK_POWER 0.65
#define CLOCK_EXP   2.4

/* Widths of the walk, for time and power. */
#define WALK_T 0.25
#define WALK_P 0.15
/* How much settings may have of their own. */
#define OWN_CLASSES 4
/* The walk's clock also runs a little with the knob itself. */
#define WALK_KNOB 0.02
/* The common factor is not known at all. */
#define LEVEL_VAR 25.0
/* Of a mixture, less is left out; and no variance is less than rounding makes it. */
#define WEIGHT_MIN 1e-6
#define VAR_MIN    1e-9

/* Power kept at a limit below which a job drawing exp(over) times as much bends; <= 0. */
static double limit_loss(double over)
{
	return -log1p(exp(BEND * (over + BELOW))) / BEND;
}

/* log of power at a knob's value as a share of that with the knob out of the way */
static double power_kept(const hg_tune *t, const struct cand *c, double ratio, double power_w)
{
	const char *unit = c->knob < t->opts.n_knobs ? t->knobs[c->knob].unit : "";

	if (strcmp(unit, "W") == 0 && c->value > 0)
		return limit_loss(log(power_w / (c->value * exp(ratio - c->ratio))));
	if (strlen(unit) >= 2 && strcmp(unit + strlen(unit) - 2, "Hz") == 0)
		return log(1 - CLOCK_POWER + CLOCK_POWER * exp(CLOCK_EXP * ratio));
	return 0;
}

static double time_lost(const hg_tune *t, const struct cand *c, double ratio, double kept)
{
	const char *unit = c->knob < t->opts.n_knobs ? t->knobs[c->knob].unit : "";

	if (strcmp(unit, "W") == 0)
		return LOST_A * -kept + LOST_B * kept * kept;
	if (strlen(unit) >= 2 && strcmp(unit + strlen(unit) - 2, "Hz") == 0)
		return log(1 - CLOCK_TIME + CLOCK_TIME * exp(-ratio));
	return 0;
}

static void set_prior(hg_tune *t, double power_w)
{
	for (size_t i = 0; i < t->n; i++) {
		struct cand *c = &t->cands[i];
		double here = power_kept(t, c, c->ratio, power_w);
		double base = power_kept(t, c, 0, power_w);

		c->prior_p = here - base;
		c->prior_t = time_lost(t, c, c->ratio, here) - time_lost(t, c, 0, base);
		c->place = c->prior_p * c->prior_p + WALK_KNOB * fabs(c->ratio);
		if (i == t->opts.baseline)
			c->prior_p = c->prior_t = c->place = 0;
	}
}

void model_begin(hg_tune *t)
{
	t->looseness = 1;
	t->prior_known = false;
	for (size_t i = 0; i < t->n; i++)
		t->cands[i].sd_t = t->cands[i].sd_p = t->cands[i].own = 1;
}

/* ----- the process */

/** Settings that were measured, and the factor of their covariance. */
struct fit {
	size_t *at;
	double *l; /* n x n, lower triangle */
	double *y; /* then the weights */
	double *v; /* work */
	size_t n;
};

static double covariance(const struct cand *a, const struct cand *b, double walk, double own)
{
	double cov = LEVEL_VAR;

	if (a->line == b->line)
		cov += walk * walk * fmin(a->place, b->place);
	if (a == b)
		cov += own * own * a->own * a->own;
	return cov;
}

static void forward(const struct fit *f, double *x)
{
	for (size_t i = 0; i < f->n; i++) {
		for (size_t j = 0; j < i; j++)
			x[i] -= f->l[i * f->n + j] * x[j];
		x[i] /= f->l[i * f->n + i];
	}
}

static void backward(const struct fit *f, double *x)
{
	for (size_t i = f->n; i-- > 0;) {
		for (size_t j = i + 1; j < f->n; j++)
			x[i] -= f->l[j * f->n + i] * x[j];
		x[i] /= f->l[i * f->n + i];
	}
}

/* Cholesky; the diagonal is above the noise, so it cannot fail but by rounding. */
static void factor(const struct fit *f)
{
	for (size_t i = 0; i < f->n; i++)
		for (size_t j = 0; j <= i; j++) {
			double sum = f->l[i * f->n + j];

			for (size_t k = 0; k < j; k++)
				sum -= f->l[i * f->n + k] * f->l[j * f->n + k];
			f->l[i * f->n + j] =
				i == j ? sqrt(fmax(sum, 1e-12)) : sum / f->l[j * f->n + j];
		}
}

/* Fills in and factors what was measured; f->y becomes its whitened form. @return its log
 * likelihood, but for a constant */
static double whiten(const hg_tune *t, const struct fit *f, bool power, double walk, double own)
{
	double log_likelihood = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct cand *a = &t->cands[f->at[i]];

		for (size_t j = 0; j <= i; j++)
			f->l[i * f->n + j] = covariance(a, &t->cands[f->at[j]], walk, own);
		f->l[i * f->n + i] += power ? a->seen.power_var : a->seen.time_var;
		f->y[i] = power ? log(a->seen.power_w) - a->prior_p
				: log(a->seen.time_s) - a->prior_t;
	}
	factor(f);
	forward(f, f->y);
	for (size_t i = 0; i < f->n; i++)
		log_likelihood -= log(f->l[i * f->n + i]) + 0.5 * f->y[i] * f->y[i];
	return log_likelihood;
}

/** How much settings have of their own, by what was measured: a mixture. */
struct own {
	double sd[OWN_CLASSES], weight[OWN_CLASSES];
};

/* On most devices and jobs it is next to nothing, on some a few percent: what is likeliest by what
 * was measured counts most. */
static struct own weigh_own(const hg_tune *t, const struct fit *f, bool power, double walk)
{
	static const struct own usual[] = {
		{{0.003, 0.015, 0.03, 0.06}, {0.5, 0.15, 0.2, 0.15}},
		{{0.003, 0.01, 0.02, 0.045}, {0.1, 0.3, 0.35, 0.25}},
	};
	struct own own = usual[power];
	double most = -HUGE_VAL, sum = 0;

	for (size_t i = 0; i < OWN_CLASSES; i++) {
		own.weight[i] = log(own.weight[i]) + whiten(t, f, power, walk, own.sd[i]);
		most = fmax(most, own.weight[i]);
	}
	for (size_t i = 0; i < OWN_CLASSES; i++) {
		own.weight[i] = exp(own.weight[i] - most);
		sum += own.weight[i];
	}
	for (size_t i = 0; i < OWN_CLASSES; i++)
		own.weight[i] /= sum;
	return own;
}

static double *channel(struct cand *c, bool power)
{
	return power ? &c->p : &c->t;
}

static double *channel_sd(struct cand *c, bool power)
{
	return power ? &c->sd_p : &c->sd_t;
}

/* Mean and variance of one setting, by the whitened weights in f->y. */
static void krige(const hg_tune *t, const struct fit *f, const struct cand *c, double walk,
	double own, double *mean, double *var)
{
	*mean = 0;
	*var = covariance(c, c, walk, own);
	for (size_t j = 0; j < f->n; j++) {
		f->v[j] = covariance(c, &t->cands[f->at[j]], walk, own);
		*mean += f->v[j] * f->y[j];
	}
	forward(f, f->v);
	for (size_t j = 0; j < f->n; j++)
		*var -= f->v[j] * f->v[j];
}

/* Room for one of the two. */
static hg_err joint_begin(hg_tune *t, const struct fit *f, bool power, double walk)
{
	struct joint *joint = &t->joint[power];
	double *v = realloc(joint->v, t->n * f->n * sizeof *v);

	if (!v)
		return HG_ENOMEM;
	*joint = (struct joint){v, f->n, walk, 0};
	return HG_OK;
}

static double joint_cov(const hg_tune *t, const struct joint *joint, size_t a, size_t b)
{
	double cov = covariance(&t->cands[a], &t->cands[b], joint->walk, joint->own);
	const double *va = joint->v + a * joint->measured, *vb = joint->v + b * joint->measured;

	for (size_t i = 0; i < joint->measured; i++)
		cov -= va[i] * vb[i];
	return cov;
}

double model_correlation(const hg_tune *t, bool power, size_t a, size_t b)
{
	const struct joint *joint = &t->joint[power];
	double vars;

	if (joint->measured == 0)
		return 0;
	vars = joint_cov(t, joint, a, a) * joint_cov(t, joint, b, b);
	return vars > 0 ? fmax(-1, fmin(joint_cov(t, joint, a, b) / sqrt(vars), 1)) : 0;
}

/* One of the two, time or power, for all settings: the mixture's mean and deviation. */
static hg_err regress(hg_tune *t, const struct fit *f, bool power)
{
	double walk = (power ? WALK_P : WALK_T) * t->looseness, most = 0;
	struct own own = weigh_own(t, f, power, walk);

	if (joint_begin(t, f, power, walk) != HG_OK)
		return HG_ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		*channel(&t->cands[i], power) = *channel_sd(&t->cands[i], power) = 0;
	for (size_t k = 0; k < OWN_CLASSES; k++) {
		if (own.weight[k] < WEIGHT_MIN)
			continue;
		(void)whiten(t, f, power, walk, own.sd[k]);
		backward(f, f->y);
		for (size_t i = 0; i < t->n; i++) {
			struct cand *c = &t->cands[i];
			double mean, var;

			krige(t, f, c, walk, own.sd[k], &mean, &var);
			*channel(c, power) += own.weight[k] * mean;
			/* of the squares: the mean's is taken off below */
			*channel_sd(c, power) += own.weight[k] * (var + mean * mean);
			if (own.weight[k] > most)
				memcpy(t->joint[power].v + i * f->n, f->v, f->n * sizeof *f->v);
		}
		if (own.weight[k] > most) {
			most = own.weight[k];
			t->joint[power].own = own.sd[k];
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		double *mean = channel(&t->cands[i], power);
		double *sd = channel_sd(&t->cands[i], power);

		*sd = sqrt(fmax(*sd - *mean * *mean, VAR_MIN));
		*mean += power ? t->cands[i].prior_p : t->cands[i].prior_t;
	}
	return HG_OK;
}

/* Power that one device draws at the baseline, or where it draws most of all seen. */
static double power_seen(const hg_tune *t)
{
	const struct cand *base = &t->cands[t->opts.baseline];
	double most = base->seen.steps > 0 ? base->seen.power_w : 0;

	for (size_t i = 0; most <= 0 && i < t->n; i++)
		most = fmax(most, t->cands[i].seen.steps > 0 ? t->cands[i].seen.power_w : 0);
	return most / (double)t->opts.devices / (double)t->opts.ranks;
}

hg_err model_update(hg_tune *t)
{
	struct fit f = {NULL, NULL, NULL, NULL, 0};
	size_t n = 0;
	hg_err rc = HG_ENOMEM;

	for (size_t i = 0; i < t->n; i++)
		n += t->cands[i].seen.steps > 0;
	if (n == 0)
		return HG_OK;
	if (!t->prior_known)
		set_prior(t, power_seen(t));
	t->prior_known = true;
	f.at = calloc(n, sizeof *f.at);
	f.l = calloc(n, n * sizeof *f.l);
	f.y = calloc(n, sizeof *f.y);
	f.v = calloc(n, sizeof *f.v);
	if (!f.at || !f.l || !f.y || !f.v)
		goto out;
	for (size_t i = 0; i < t->n; i++)
		if (t->cands[i].seen.steps > 0)
			f.at[f.n++] = i;
	rc = regress(t, &f, false);
	if (rc == HG_OK)
		rc = regress(t, &f, true);
	if (rc == HG_OK)
		told_update(t, f.at, f.n);
out:
	free(f.at);
	free(f.l);
	free(f.y);
	free(f.v);
	return rc;
}

void model_restart(hg_tune *t, double looseness)
{
	for (size_t i = 0; i < t->n; i++) {
		struct cand *c = &t->cands[i];

		c->prior_t = c->t;
		c->prior_p = c->p;
		if (c->seen.steps > 0)
			c->own = fmin(c->own, looseness);
		c->seen = (struct seen){0};
		c->foretold = c->ruled = (struct guess){{0, 0}, {0, 0}};
	}
	t->joint[0].measured = t->joint[1].measured = 0;
	t->looseness = looseness;
}
