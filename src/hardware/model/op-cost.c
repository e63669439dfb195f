#include "op-cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "descent.h"

/* From where on a residual pulls like its distance only. */
#define OUTLIER 0.1
/* Samples whose residuals are carried over, and the distance in ln of the shape at which one
 * counts half as much as the model. */
#define NEAREST 6
#define REACH   1.5
/* More samples than these weigh no more against the prior: what the equations miss is the same in
 * all of them, and parameters that nothing pins down must not wander to make up for it. */
#define WORTH 100.0
/* What is known of a kind's spread before the first sample is worth so many. */
#define PRIOR_WORTH 4.0
/* The share that intervals are to hold, and where the normal distribution has it. */
#define SHARE    0.8
#define QUANTILE 1.2815515655446004
/* No spread is smaller: two runs of one op differ by so much. */
#define LEAST 0.01
/* Distance in ln of datasheet figures at which what the equations miss is another device's own. */
#define APART 1.3

void op_known_default(enum op_kind kind, struct op_known *k)
{
	const struct op_class *c = op_class(kind);

	memset(k, 0, sizeof *k);
	for (size_t i = 0; i < c->n; i++)
		k->z[i] = log(c->start[i]);
	k->common = c->common;
	k->each = c->each;
}

/** What residuals() is told. */
struct fitting {
	const struct figures *f;
	const struct op_known *k;
};

static void residuals(const void *user, const double *z, double *r)
{
	const struct fitting *at = user;

	for (size_t i = 0; i < at->k->n; i++) {
		const struct op_sample *s = &at->k->samples[i];
		struct op_cost cost;

		op_class_cost(at->f, z, &s->op, &cost);
		r[i] = log(op_cost_seconds(at->f, &cost) / s->time_s) / OUTLIER;
	}
}

static double distance2(const struct op *a, const struct op *b)
{
	double sum = 0.0;

	for (size_t i = 0; i < OP_SHAPE; i++) {
		double d = log((a->shape[i] + 1e-3) / (b->shape[i] + 1e-3));

		sum += d * d;
	}
	return sum;
}

double op_known_residual(const struct op_known *k, const struct op *op, size_t skip)
{
	double near[NEAREST], residual[NEAREST], sum = 0.0, weights = 1.0;
	size_t have = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct op *at = &k->samples[i].op;
		double d;
		size_t j;

		if (i == skip || at->variant != op->variant || at->rate != op->rate)
			continue;
		d = distance2(op, at);
		if (have == NEAREST && d >= near[NEAREST - 1])
			continue;
		have += have < NEAREST;
		for (j = have - 1; j > 0 && near[j - 1] > d; j--) {
			near[j] = near[j - 1];
			residual[j] = residual[j - 1];
		}
		near[j] = d;
		residual[j] = k->residual[i];
	}
	for (size_t i = 0; i < have; i++) {
		double w = REACH * REACH / (near[i] + 1e-6 * REACH * REACH);

		w *= w;
		sum += w * residual[i];
		weights += w;
	}
	return sum / weights;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* sd of the normal distribution that holds as many as intervals are to: tails are heavy. */
static double spread_of(double *far, size_t n, double prior)
{
	double quantile, count = (double)n;

	qsort(far, n, sizeof *far, ascending);
	quantile = far[(size_t)(SHARE * count)] / QUANTILE;
	return fmax(LEAST, sqrt((count * quantile * quantile + PRIOR_WORTH * prior * prior) /
				   (count + PRIOR_WORTH)));
}

/* How far each sample is from what the others say. @param far  room for as many */
static void spread_learn(struct op_known *k, const struct op_class *c, double *far)
{
	double absolute = 0.0, n = (double)k->n;

	for (size_t i = 0; i < k->n; i++)
		far[i] = fabs(k->residual[i]);
	k->alone = spread_of(far, k->n, c->each);
	for (size_t i = 0; i < k->n; i++) {
		double off = k->residual[i] - op_known_residual(k, &k->samples[i].op, i);

		far[i] = fabs(off);
		absolute += fabs(expm1(-off));
	}
	k->left_out = absolute / n;
	k->each = spread_of(far, k->n, c->each);
	k->common = fmin(c->common, k->each * sqrt((double)c->n / ((double)c->n + n)));
}

hg_err op_known_fit(const struct figures *f, enum op_kind kind, const struct op_sample *samples,
	size_t n, struct op_known *k)
{
	const struct op_class *c = op_class(kind);
	struct fitting at = {f, k};
	double centre[OP_Z], cost, zero[OP_Z] = {0}, *far;
	struct descent_problem p = {residuals, &at, c->n, n, centre, c->spread,
		fmin(1.0, WORTH / fmax(1.0, (double)n))};
	hg_err rc;

	op_known_default(kind, k);
	if (!n)
		return HG_OK;
	memcpy(centre, k->z, sizeof centre);
	k->samples = calloc(n, sizeof *k->samples);
	k->residual = calloc(n, sizeof *k->residual);
	if (!k->samples || !k->residual) {
		op_known_finish(k);
		return HG_ENOMEM;
	}
	memcpy(k->samples, samples, n * sizeof *samples);
	k->n = n;
	rc = c->n ? descent_run(&p, k->z, &cost) : HG_OK;
	if (rc) {
		op_known_finish(k);
		return rc;
	}
	residuals(&at, c->n ? k->z : zero, k->residual);
	for (size_t i = 0; i < n; i++)
		k->residual[i] *= -OUTLIER;
	far = malloc(n * sizeof *far);
	if (!far) {
		op_known_finish(k);
		return HG_ENOMEM;
	}
	spread_learn(k, c, far);
	free(far);
	return HG_OK;
}

void op_known_finish(struct op_known *k)
{
	free(k->samples);
	free(k->residual);
	memset(k, 0, sizeof *k);
}

/* How much of what the equations miss on one device they miss on another: H200 takes H100's kernels
 * over, A40 those of neither. */
static double likeness(const struct figures *a, const struct figures *b)
{
	const double pairs[][2] = {{a->peak_flops, b->peak_flops},
		{a->peak_bytes_per_s, b->peak_bytes_per_s}, {a->sms, b->sms},
		{a->l2_bytes, b->l2_bytes}, {a->clock_max_hz, b->clock_max_hz},
		{a->link_bytes_per_s, b->link_bytes_per_s}};
	double sum = 0.0;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		double d = pairs[i][0] > 0.0 && pairs[i][1] > 0.0 ? log(pairs[i][0] / pairs[i][1])
								  : APART;

		if (pairs[i][0] > 0.0 || pairs[i][1] > 0.0)
			sum += d * d;
	}
	return exp(-sum / (APART * APART));
}

void op_cost(const struct figures *f, const hg_ops *ops, const struct op *op, struct op_cost *out)
{
	struct op_known none = {0};
	const struct op_known *k = ops ? &ops->of[op->kind] : &none;
	double factor = 1.0, busy, norm;

	if (!ops)
		op_known_default((enum op_kind)op->kind, &none);
	op_class_cost(f, k->z, op, out);
	if (k->n)
		factor = exp(likeness(f, &ops->f) * op_known_residual(k, op, SIZE_MAX));
	norm = p_norm(out->compute_s, out->memory_s, f->overlap);
	busy = out->overlap > 0.0 && norm > 0.0
		       ? p_norm(out->compute_s, out->memory_s, out->overlap) / norm
		       : 1.0;
	out->compute_s *= factor * busy;
	out->memory_s *= factor * busy;
	if (!(out->drawn_s > 0.0))
		out->drawn_s = out->compute_s;
	out->flat_s *= factor;
	out->gap_s = out->gap_s * factor + op->host_gap_s;
	out->overlap = 0.0;
}

void op_spread(const struct hg_model *m, const hg_ops *ops, enum op_kind kind, double *common,
	double *each)
{
	const struct op_class *c = op_class(kind);
	const struct op_known *k = ops ? &ops->of[kind] : NULL;
	double alike, variance;

	*common = k ? k->common : c->common;
	*each = k ? k->each : c->each;
	if (!k || !k->n)
		return;
	alike = likeness(&m->f, &ops->f);
	variance = (1.0 - alike * alike) * c->transfer * c->transfer;
	*common = sqrt(*common * *common + variance);
	/* what is not carried over */
	*each += (1.0 - alike) * fmax(0.0, k->alone - *each);
}
