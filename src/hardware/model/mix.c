#include "mix.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/frontier.h>

static_assert(MIX_PARTS == RESPONSE_PIECES, "each part has its piece");

/* How far off the physics of a device is that was never fitted to the workload: ln of dynamic
 * power, of power in gaps, of static power and clock tree; of compute over memory; of gaps that
 * the workload states. */
#define POWER_SD  0.2
#define GAP_W_SD  0.3
#define STATIC_SD 0.15
#define RATIO_SD  0.15
#define GAP_SD    0.25

/* Variance of what the physics misses for each unit of -ln x: ops whose balance is predicted and
 * not fitted follow the clock less surely. By requests to Mistral-7B on V100 at twelve clocks. */
#define WALK 0.008
/* Factor on the sd of time between settings that were seen; by the same. */
#define BETWEEN 1.3

struct figures figures_of_ops(const struct figures *f)
{
	struct figures of = *f;

	if (f->op_memory_w > 0.0)
		of.memory_w = f->op_memory_w;
	if (f->op_memory_knee > 0.0) {
		of.memory_knee = f->op_memory_knee;
		of.memory_exponent = f->op_memory_exponent;
	}
	return of;
}

static struct mix_part *part_of(struct mix *mix, const struct op_cost *cost)
{
	double balance;

	if (cost->flat_s > 0.0)
		return &mix->part[MIX_PARTS - 1];
	if (!(cost->memory_s > 0.0))
		return &mix->part[MIX_BALANCES - 1];
	balance = log(fmax(1e-9, cost->compute_s / cost->memory_s)) / MIX_LIMIT;
	balance = fmin(fmax(0.5 * (balance + 1.0), 0.0), 0.9999);
	return &mix->part[(size_t)(balance * MIX_BALANCES)];
}

static void part_add(
	struct mix *mix, const struct figures *f, const struct op *op, const struct op_cost *cost)
{
	struct mix_part *part = part_of(mix, cost);
	double n = (double)op->repeat;

	part->compute_s += n * cost->compute_s;
	part->memory_s += n * cost->memory_s;
	part->active_s += n * cost->drawn_s * op->activity;
	part->flat_s += n * cost->flat_s;
	if (cost->flat_s > 0.0)
		part->traffic_s += n * op->bytes / f->peak_bytes_per_s;
	mix->gap_s += n * cost->gap_s;
}

/** Seconds of distinct shapes of a kind. */
struct shares {
	const struct op **op;
	double *seconds;
	size_t n;
};

static bool same_shape(const struct op *a, const struct op *b)
{
	bool same = a->kind == b->kind && a->flops == b->flops && a->bytes == b->bytes;

	for (size_t i = 0; i < OP_SHAPE && same; i++)
		same = a->shape[i] == b->shape[i];
	return same;
}

static void shares_add(struct shares *s, const struct op *op, double seconds)
{
	size_t i = 0;

	while (i < s->n && !same_shape(s->op[i], op))
		i++;
	s->op[i] = op;
	s->seconds[i] += seconds;
	s->n += i == s->n;
}

/* Errors of a kind go together, those of its shapes do not. */
static double time_sd(const struct shares *s, const struct hg_model *m, const hg_ops *ops)
{
	double all = 0.0, variance = 0.0;

	for (size_t k = 0; k < OP_KINDS; k++) {
		double common, each, sum = 0.0;

		op_spread(m, ops, (enum op_kind)k, &common, &each);
		for (size_t i = 0; i < s->n; i++) {
			if (s->op[i]->kind != k)
				continue;
			sum += s->seconds[i];
			variance += s->seconds[i] * s->seconds[i] * each * each;
		}
		variance += sum * sum * common * common;
		all += sum;
	}
	return all > 0.0 ? sqrt(variance) / all : 0.0;
}

static void prior_set(struct mix *mix)
{
	static const double sd[PRIOR_N] = {GAP_SD, RATIO_SD, POWER_SD, GAP_W_SD, STATIC_SD};

	memset(&mix->prior, 0, sizeof mix->prior);
	for (size_t i = 0; i < PRIOR_N; i++)
		mix->prior.covariance[i][i] = sd[i] * sd[i];
	for (size_t i = 0; i < 2; i++) {
		mix->prior.walk[i] = WALK;
		mix->prior.noise[i] = 0.02;
	}
	prior_widen_all(&mix->prior, 1.0, 1.0);
	/* what is missed is smooth, and greatest between what was seen: more than a walk is there
	 */
	for (size_t i = 1; i < PRIOR_SEEN; i++)
		mix->prior.widen[i][0] = BETWEEN;
}

hg_err mix_init(
	struct mix *mix, const struct hg_model *m, const struct hg_workload *w, const hg_ops *ops)
{
	struct shares s = {
		calloc(w->n_ops + 1, sizeof *s.op), calloc(w->n_ops + 1, sizeof *s.seconds), 0};
	hg_err rc = s.op && s.seconds ? HG_OK : HG_ENOMEM;

	memset(mix, 0, sizeof *mix);
	mix->memory_w = figures_of_ops(&m->f).memory_w;
	for (size_t i = 0; i < w->n_ops && !rc; i++) {
		const struct op *op = &w->ops[i];
		struct op_cost cost;

		op_cost(&m->f, ops, op, &cost);
		part_add(mix, &m->f, op, &cost);
		/* a stated gap is none of the kind's */
		cost.gap_s -= op->host_gap_s;
		shares_add(&s, op, (double)op->repeat * op_cost_seconds(&m->f, &cost));
	}
	if (!rc) {
		prior_set(mix);
		mix->time_sd = fmax(0.005, time_sd(&s, m, ops));
		mix->origin = m->origin | (ops ? HG_ORIGIN_FITTED : 0);
	}
	free(s.op);
	free(s.seconds);
	return rc;
}
