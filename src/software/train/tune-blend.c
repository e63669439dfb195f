/*
 * Settings of several knobs, such as a clock together with a power limit.
 *
 * Of two knobs the one that binds counts: the clock in force is the lower one of the locked clock
 * and the one that the limit allows. A step is made of parts that draw more and less than others,
 * so that the limit binds in some while the clock does in others: time is between the larger of
 * both knobs' times alone and their sum, and so is power saved. It is taken as
 *
 *     loss = log(1 + sum of (exp(SHARP * loss of a knob alone) - 1)) / SHARP
 *
 * in logarithms against the baseline: within 1 % of time and 1.4 % of power on random steps on all
 * simulated devices, where a knob's losses alone are known. So nothing is asked of a setting of two
 * knobs that is not known of each: around what is known by now the formula is linear, and
 * deviations of single knobs carry over by its slopes. Where one knob does not bind its slope is 0:
 * all of these settings are one. What the formula cannot know, how unlike the parts of a step are,
 * is common to all settings in which both knobs bind, and a little of each one's own.
 */
#include <math.h>
#include <stdlib.h>

#include "core/fail.h"
#include "tuner.h"

/* Of time and power. */
static const double sharp[2] = {20, 13};

/* Deviation of the formula where both knobs bind alike: common to all settings, and of each. It is
 * less where the lesser of both losses is below that, and falls as they differ by that. */
#define MIXED_SD    0.012
#define MIXED_OWN   0.010
#define MIXED_LEAST 0.08
#define MIXED_APART 0.2
/* Share of what settings have of their own that is not that of a knob's own settings. */
#define APART 0.25

bool same_cell(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b;
}

/* The setting of one knob alone that a setting of several has; SIZE_MAX: none. */
static size_t find_alone(const hg_tune *t, size_t row, size_t knob)
{
	const double *cells = t->cells + row * t->opts.n_knobs;

	for (size_t i = 0; i < t->n; i++)
		if (t->cands[i].knob == knob &&
			same_cell(t->cells[i * t->opts.n_knobs + knob], cells[knob]))
			return i;
	return SIZE_MAX;
}

static hg_err find_parts(hg_tune *t, size_t row, hg_error *why)
{
	const double *base = t->cells + t->opts.baseline * t->opts.n_knobs;
	const double *ours = t->cells + row * t->opts.n_knobs;
	struct part *p = t->parts + t->cands[row].part;

	for (size_t k = 0; k < t->opts.n_knobs; k++) {
		if (same_cell(ours[k], base[k]))
			continue;
		p->row = find_alone(t, row, k);
		if (p->row == SIZE_MAX)
			return fail(why, HG_EINVAL,
				"row %zu: expected a row with its %s and the baseline's other "
				"knobs, too",
				row, t->knobs[k].name);
		p++;
	}
	p->row = t->opts.baseline;
	return HG_OK;
}

hg_err blend_begin(hg_tune *t, hg_error *why)
{
	hg_err rc = HG_OK;
	size_t at = 0;

	if (!t->n_parts)
		return HG_OK;
	/* the baseline is one more of each */
	t->parts = calloc(t->n_parts + t->n, sizeof *t->parts);
	if (!t->parts)
		return fail(why, HG_ENOMEM, "out of memory");
	for (size_t i = 0; rc == HG_OK && i < t->n; i++) {
		if (!t->cands[i].n_parts)
			continue;
		t->cands[i].part = at;
		t->cands[i].n_parts++;
		at += t->cands[i].n_parts;
		rc = find_parts(t, i, why);
	}
	return rc;
}

/* ln time, or -ln power: what a knob costs, or saves */
static double figure(const struct cand *c, size_t k)
{
	return k ? -c->p : c->t;
}

static double prior(const struct cand *c, size_t k)
{
	return k ? -c->prior_p : c->prior_t;
}

/* What a setting is expected to cost; its parts' weights are the slopes of that. */
static double blend(hg_tune *t, struct cand *c, size_t k)
{
	struct part *parts = t->parts + c->part;
	const size_t n = c->n_parts - 1;
	const double base = figure(&t->cands[parts[n].row], k);
	double most = -HUGE_VAL, least = HUGE_VAL, sum = 0;

	for (size_t i = 0; i < n; i++) {
		double loss = figure(&t->cands[parts[i].row], k) - base;

		most = fmax(most, loss);
		least = fmin(least, loss);
	}
	for (size_t i = 0; i < n; i++) {
		double loss = figure(&t->cands[parts[i].row], k) - base;

		parts[i].weight[k] = exp(sharp[k] * (loss - most));
		sum += parts[i].weight[k];
	}
	/* knobs that all gain: none of them bound alone */
	sum = fmax(sum - (double)(n - 1) * exp(-sharp[k] * most), 0.5);
	parts[n].weight[k] = 1;
	for (size_t i = 0; i < n; i++) {
		parts[i].weight[k] /= sum;
		parts[n].weight[k] -= parts[i].weight[k];
	}
	c->mixed[k] = -expm1(-fmax(0, least) / MIXED_LEAST) * exp((least - most) / MIXED_APART);
	return base + most + log(sum) / sharp[k];
}

void blend_update(hg_tune *t)
{
	for (size_t row = 0; row < t->n; row++) {
		struct cand *c = &t->cands[row];

		for (size_t k = 0; c->n_parts && k < 2; k++) {
			double at = blend(t, c, k);

			for (size_t i = 0; i < c->n_parts; i++) {
				const struct part *p = &t->parts[c->part + i];
				const struct cand *alone = &t->cands[p->row];

				at += p->weight[k] * (prior(alone, k) - figure(alone, k));
			}
			*(k ? &c->prior_p : &c->prior_t) = (k ? -at : at) + c->lean[k];
		}
	}
}

void blend_restart(hg_tune *t)
{
	for (size_t row = 0; row < t->n; row++) {
		struct cand *c = &t->cands[row];

		for (size_t k = 0; c->n_parts && k < 2; k++) {
			double at = blend(t, c, k);

			c->lean[k] = k ? c->p + at : c->t - at;
		}
	}
}

double blend_covariance(const struct cand *a, const struct cand *b, bool power, double own)
{
	double cov = MIXED_SD * MIXED_SD * a->mixed[power] * b->mixed[power] * a->loose * b->loose;
	double each = MIXED_OWN * a->mixed[power] * a->loose;

	if (a == b)
		cov += each * each + (a->n_parts ? APART * own * own * a->own * a->own : 0);
	return cov;
}
