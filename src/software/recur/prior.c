#include "prior.h"

#include <math.h>

/*
 * A curve over octaves. Its mean rises on either side of the default; about the mean it may be
 * shifted, tilted, wander, and bend. The numbers say what is common to trainings: an octave of
 * batch size changes the number of epochs by some 10 to 20 %, more where batches are large (they
 * hold fewer steps) or tiny; an epoch costs up to twice as much with half the batch where the
 * device was not busy, and the same where it was. They are round, and none of them is critical.
 */
struct curve {
	double up, up_bend;     /* mean right of the default: up x + up_bend x^2 */
	double down, down_bend; /* mean left of it, of |x| */
	double level;           /* sd of a shift of the whole curve */
	double slope;           /* sd of a tilt, per octave */
	double wander;          /* sd of a random walk, per root of an octave */
	double bend;            /* sd of a change of slope, per root of an octave */
	double jitter;          /* sd of each size by itself */
	double patch;           /* sd of a shift of sizes near each other */
	double reach;           /* octaves over which it fades to 1/e */
};

static const struct curve epochs_curve = {.up = 0.18,
	.up_bend = 0.02,
	.down = 0,
	.down_bend = 0.02,
	.level = 1,
	.slope = 0.2,
	.wander = 0.12,
	.bend = 0.06,
	.jitter = 0.03};
static const struct curve cost_curve = {.up = -0.1,
	.up_bend = 0.01,
	.down = 0.1,
	.down_bend = 0.07,
	.level = 3,
	.slope = 0.25,
	.wander = 0.08,
	.bend = 0.05,
	.jitter = 0};
static const struct curve changes[] = {
	[WIDEN_DRIFT] = {.level = 0.1, .patch = 0.5, .reach = 2, .jitter = 0.02},
	[WIDEN_SIMILAR] = {.level = 1, .slope = 0.1, .wander = 0.1, .jitter = 0.03},
	[WIDEN_SIMILAR_COST] = {.level = 3, .slope = 0.12, .wander = 0.06, .bend = 0.03},
};

static double curve_mean(const struct curve *c, double x)
{
	return x > 0 ? (c->up + c->up_bend * x) * x : (c->down_bend * x - c->down) * x;
}

/* Wiener processes run from the default outwards, independent on its two sides. */
static double curve_cov(const struct curve *c, double x, double y)
{
	double near = x * y <= 0 ? 0 : fmin(fabs(x), fabs(y)), far = fmax(fabs(x), fabs(y));

	return c->level * c->level + c->slope * c->slope * x * y + c->wander * c->wander * near +
	       c->bend * c->bend * near * near * (3 * far - near) / 6 +
	       (c->patch > 0 ? c->patch * c->patch * exp(-fabs(x - y) / c->reach) : 0);
}

static void add(struct belief *b, const double *x, const struct curve *c)
{
	for (size_t i = 0; i < b->n; i++) {
		for (size_t j = 0; j < b->n; j++)
			b->cov[i][j] += curve_cov(c, x[i], x[j]);
		b->cov[i][i] += c->jitter * c->jitter;
	}
}

static void start(struct belief *b, const double *x, size_t n, double level, const struct curve *c)
{
	b->n = n;
	for (size_t i = 0; i < n; i++) {
		b->mean[i] = level + curve_mean(c, x[i]);
		for (size_t j = 0; j < n; j++)
			b->cov[i][j] = 0;
	}
	add(b, x, c);
}

void prior_epochs(struct belief *b, const double *x, size_t n, double level)
{
	start(b, x, n, level, &epochs_curve);
	/* Epochs are counted in whole ones, which rounds each size by itself. */
	for (size_t i = 0; i < n; i++)
		b->cov[i][i] += exp(-2 * level) / 12;
}

void prior_cost(struct belief *b, const double *x, size_t n, double level)
{
	start(b, x, n, level, &cost_curve);
}

void prior_widen(struct belief *b, const double *x, enum widening why)
{

	add(b, x, &changes[why]);
}
