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
 *
 * The rule for clocks has a share of the time and of the power that follow the clock, and an
 * exponent. They lie between those of random steps on simulated devices and of language models on
 * V100 at locked clocks (Slowist-Lee/log_vllm). What they are for a job is not known: the process
 * has their slopes, so that one measured clock tells much of all others, and the walk is what is
 * left.
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
#define CLOCK_TIME  0.6
#define CLOCK_POWER 0.55
#define CLOCK_EXP   2.8

/* How far those of a job are off, one standard deviation. */
#define CLOCK_TIME_SD  0.3
#define CLOCK_POWER_SD 0.15
#define CLOCK_EXP_SD   0.6

/* Widths of the walk, for time and power; as a share where the rule's figures are free. */
#define WALK_T     0.25
#define WALK_P     0.15
#define WALK_CLOCK 0.4
/* How much settings may have of their own; locked clocks have less: a limit is kept by
 * swinging around one. */
#define OWN_CLOCK   0.5
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

static const char *unit_of(const hg_tune *t, const struct cand *c)
{
	return c->knob < t->opts.n_knobs ? t->knobs[c->knob].unit : "";
}

static bool is_limit(const hg_tune *t, const struct cand *c)
{
	return strcmp(unit_of(t, c), "W") == 0;
}

static bool is_clock(const hg_tune *t, const struct cand *c)
{
	const char *unit = unit_of(t, c);

	return strlen(unit) >= 2 && strcmp(unit + strlen(unit) - 2, "Hz") == 0;
}

/* log of power at a knob's value as a share of that with the knob out of the way */
static double power_kept(const hg_tune *t, const struct cand *c, double ratio, double power_w)
{
	if (is_limit(t, c) && c->value > 0)
		return limit_loss(log(power_w / (c->value * exp(ratio - c->ratio))));
	if (is_clock(t, c))
		return log(1 - CLOCK_POWER + CLOCK_POWER * exp(CLOCK_EXP * ratio));
	return 0;
}

static double time_lost(const hg_tune *t, const struct cand *c, double ratio, double kept)
{
	if (is_limit(t, c))
		return LOST_A * -kept + LOST_B * kept * kept;
	if (is_clock(t, c))
		return log(1 - CLOCK_TIME + CLOCK_TIME * exp(-ratio));
	return 0;
}

/* The slopes of the rule for clocks by its figures. */
static void set_bend(const hg_tune *t, struct cand *c)
{
	double time = exp(-c->ratio), power = exp(CLOCK_EXP * c->ratio);

	memset(c->bend, 0, sizeof c->bend);
	if (!is_clock(t, c))
		return;
	c->bend[0][0] = CLOCK_TIME_SD * (time - 1) / (1 - CLOCK_TIME + CLOCK_TIME * time);
	c->bend[1][0] = CLOCK_POWER_SD * (power - 1) / (1 - CLOCK_POWER + CLOCK_POWER * power);
	c->bend[1][1] = CLOCK_EXP_SD * CLOCK_POWER * power * c->ratio /
			(1 - CLOCK_POWER + CLOCK_POWER * power);
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
		c->t = c->prior_t;
		c->p = c->prior_p;
		set_bend(t, c);
	}
}

void model_begin(hg_tune *t)
{
	t->prior_known = false;
	for (size_t i = 0; i < t->n; i++) {
		struct cand *c = &t->cands[i];

		c->sd_t = c->sd_p = c->loose = 1;
		c->own = is_clock(t, c) || c->n_parts ? OWN_CLOCK : 1;
		c->walk = is_clock(t, c) ? WALK_CLOCK : 1;
	}
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

/** What deviations from what is expected are made of, for time or power. */
struct kernel {
	const hg_tune *t;
	bool power;
	double walk, own;
};

/* But for the common factor; of single knobs. */
static double covariance_alone(const struct kernel *k, const struct cand *a, const struct cand *b)
{
	double cov = 0, walk = k->walk * a->walk;

	if (a->line == b->line)
		cov += walk * walk * fmin(a->place, b->place);
	if (a->knob == b->knob)
		for (size_t i = 0; i < 2; i++)
			cov += a->bend[k->power][i] * b->bend[k->power][i];
	cov *= a->loose * b->loose;
	if (a == b)
		cov += k->own * k->own * a->own * a->own;
	return cov;
}

/* The parts of a setting: itself, unless it is of several knobs. */
static size_t parts_of(
	const hg_tune *t, const struct cand *c, const struct part **parts, struct part *itself)
{
	*itself = (struct part){(size_t)(c - t->cands), {1, 1}};
	*parts = c->n_parts ? t->parts + c->part : itself;
	return c->n_parts ? c->n_parts : 1;
}

static double covariance(const struct kernel *k, const struct cand *a, const struct cand *b)
{
	struct part own_a, own_b;
	const struct part *pa, *pb;
	size_t na, nb;
	double cov;

	if (!a->n_parts && !b->n_parts)
		return LEVEL_VAR + covariance_alone(k, a, b);
	na = parts_of(k->t, a, &pa, &own_a);
	nb = parts_of(k->t, b, &pb, &own_b);
	cov = LEVEL_VAR + blend_covariance(a, b, k->power, k->own);
	for (size_t i = 0; i < na; i++)
		for (size_t j = 0; j < nb; j++)
			cov += pa[i].weight[k->power] * pb[j].weight[k->power] *
			       covariance_alone(
				       k, &k->t->cands[pa[i].row], &k->t->cands[pb[j].row]);
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
static double whiten(const struct fit *f, const struct kernel *k)
{
	const hg_tune *t = k->t;
	const bool power = k->power;
	double log_likelihood = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct cand *a = &t->cands[f->at[i]];

		for (size_t j = 0; j <= i; j++)
			f->l[i * f->n + j] = covariance(k, a, &t->cands[f->at[j]]);
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
static struct own weigh_own(const struct fit *f, struct kernel k)
{
	static const struct own usual[] = {
		{{0.003, 0.015, 0.03, 0.06}, {0.5, 0.15, 0.2, 0.15}},
		{{0.003, 0.01, 0.02, 0.045}, {0.1, 0.3, 0.35, 0.25}},
	};
	struct own own = usual[k.power];
	double most = -HUGE_VAL, sum = 0;

	for (size_t i = 0; i < OWN_CLASSES; i++) {
		k.own = own.sd[i];
		own.weight[i] = log(own.weight[i]) + whiten(f, &k);
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
static void krige(const struct kernel *k, const struct fit *f, const struct cand *c, double *mean,
	double *var)
{
	*mean = 0;
	*var = covariance(k, c, c);
	for (size_t j = 0; j < f->n; j++) {
		f->v[j] = covariance(k, c, &k->t->cands[f->at[j]]);
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
	double *v, *var;

	joint->measured = 0;
	v = realloc(joint->v, t->n * f->n * sizeof *v);
	if (!v)
		return HG_ENOMEM;
	joint->v = v;
	var = realloc(joint->var, t->n * sizeof *var);
	if (!var)
		return HG_ENOMEM;
	joint->var = var;
	joint->measured = f->n;
	joint->walk = walk;
	joint->own = 0;
	return HG_OK;
}

static double joint_cov(const hg_tune *t, const struct joint *joint, size_t a, size_t b)
{
	const struct kernel k = {t, joint == &t->joint[1], joint->walk, joint->own};
	double cov = covariance(&k, &t->cands[a], &t->cands[b]);
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
	vars = joint->var[a] * joint->var[b];
	return vars > 0 ? fmax(-1, fmin(joint_cov(t, joint, a, b) / sqrt(vars), 1)) : 0;
}

/* One of the two, time or power, for all settings: the mixture's mean and deviation. */
static hg_err regress(hg_tune *t, const struct fit *f, bool power)
{
	struct kernel kernel = {t, power, power ? WALK_P : WALK_T, 0};
	struct own own = weigh_own(f, kernel);
	struct joint *joint = &t->joint[power];
	double most = 0;

	if (joint_begin(t, f, power, kernel.walk) != HG_OK)
		return HG_ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		*channel(&t->cands[i], power) = *channel_sd(&t->cands[i], power) = 0;
	for (size_t k = 0; k < OWN_CLASSES; k++) {
		if (own.weight[k] < WEIGHT_MIN)
			continue;
		kernel.own = own.sd[k];
		(void)whiten(f, &kernel);
		backward(f, f->y);
		for (size_t i = 0; i < t->n; i++) {
			struct cand *c = &t->cands[i];
			double mean, var;

			krige(&kernel, f, c, &mean, &var);
			*channel(c, power) += own.weight[k] * mean;
			/* of the squares: the mean's is taken off below */
			*channel_sd(c, power) += own.weight[k] * (var + mean * mean);
			if (own.weight[k] > most) {
				memcpy(joint->v + i * f->n, f->v, f->n * sizeof *f->v);
				joint->var[i] = var;
			}
		}
		if (own.weight[k] > most) {
			most = own.weight[k];
			joint->own = own.sd[k];
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
	/* what is expected of several knobs follows from what is known of each: so it is found
	 * first */
	rc = HG_OK;
	for (int pass = t->n_parts ? 0 : 1; rc == HG_OK && pass < 2; pass++) {
		blend_update(t);
		rc = regress(t, &f, false);
		if (rc == HG_OK)
			rc = regress(t, &f, true);
	}
	if (rc == HG_OK)
		told_update(t, f.at, f.n);
out:
	free(f.at);
	free(f.l);
	free(f.y);
	free(f.v);
	return rc;
}

/* Whether anything was measured of what a setting is like: of its knob, or of several together. */
static bool known_of(const hg_tune *t, const struct cand *like)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct cand *c = &t->cands[i];

		if (c->seen.steps > 0 && c->knob == like->knob && !c->n_parts == !like->n_parts)
			return true;
	}
	return false;
}

void model_restart(hg_tune *t, double looseness)
{
	for (size_t i = 0; i < t->n; i++) {
		struct cand *c = &t->cands[i];

		/* of a knob never tried the rule of thumb is all that there is, still */
		if (c->loose < 1 || known_of(t, c))
			c->loose = looseness;
	}
	blend_restart(t);
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
}
