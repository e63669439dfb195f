#include "gemm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "descent.h"

/* From where on a residual pulls like its distance only; and what 1 of it weighs. */
#define OUTLIER 0.1
/* Samples whose residuals are carried over, and the distance in ln(m, n, k) at which one counts
 * half as much as the model. */
#define NEAREST 6
#define REACH   1.5

/* Where fits begin and what they lean to: usual shares of datasheets' peaks. */
static const double start[GEMM_N] = {0.8, 0.85, 2.0, 2e-6, 5e-7, 2.0, 0.3, 0.8, 4.0};
static const double spread[GEMM_N] = {0.4, 0.3, 0.7, 0.7, 1.5, 0.6, 1.0, 1.0, 1.5};

static double tile_time(
	const struct chip *c, const double *p, const struct gemm *g, double tm, double tn)
{
	double tiles = ceil(g->m / tm) * ceil(g->n / tn);
	double waves = fmax(1.0, ceil(tiles / c->sms));
	double share = fmin(1.0, p[GEMM_COMPUTE] * pow(tm * tn / 32768.0, p[GEMM_TILE]));
	double t =
		waves * 2.0 * tm * tn * (g->k + 64.0 * p[GEMM_FILL]) / (c->flops / c->sms * share);

	if (tiles < c->sms)
		t /= pow(fmin(c->sms / tiles, fmax(1.0, g->k / 512.0)), p[GEMM_SPLIT]);
	return t;
}

static void parameters(const double z[GEMM_N], double p[GEMM_N])
{
	for (size_t i = 0; i < GEMM_N; i++)
		p[i] = exp(z[i]);
}

static struct gemm_parts parts(const struct chip *chip, const double *p, const struct gemm *g)
{
	static const double tiles[][2] = {{64, 64}, {64, 128}, {128, 128}, {128, 256}};
	double bytes = 2.0 * (g->m * g->k + g->n * g->k + g->m * g->n);
	struct gemm_parts out = {.compute_s = INFINITY};
	double cached = bytes / (0.7 * chip->l2_bytes);

	for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++)
		out.compute_s =
			fmin(out.compute_s, tile_time(chip, p, g, tiles[i][0], tiles[i][1]));
	cached = 1.0 / (1.0 + cached * cached * cached * cached);
	out.memory_s =
		bytes / chip->bytes_per_s * (cached / p[GEMM_L2] + (1.0 - cached) / p[GEMM_MEMORY]);
	out.fixed_s = p[GEMM_LAUNCH] + p[GEMM_DEPTH] * log2(1.0 + g->k / 512.0);
	return out;
}

struct gemm_parts gemm_parts(const struct chip *chip, const double z[GEMM_N], const struct gemm *at)
{
	double p[GEMM_N];

	parameters(z, p);
	return parts(chip, p, at);
}

double gemm_physics(const struct chip *chip, const double z[GEMM_N], const struct gemm *at)
{
	struct gemm_parts g;
	double p[GEMM_N], big;

	parameters(z, p);
	g = parts(chip, p, at);
	big = fmax(g.compute_s, g.memory_s);
	return big * pow(pow(g.compute_s / big, p[GEMM_OVERLAP]) +
				     pow(g.memory_s / big, p[GEMM_OVERLAP]),
			     1.0 / p[GEMM_OVERLAP]) +
	       g.fixed_s;
}

static void residuals(const void *user, const double *z, double *r)
{
	const struct gemm_model *g = user;

	for (size_t i = 0; i < g->n; i++)
		r[i] = log(gemm_physics(&g->chip, z, &g->samples[i]) / g->samples[i].time_s) /
		       OUTLIER;
}

void gemm_default(const struct chip *chip, struct gemm_model *g)
{
	memset(g, 0, sizeof *g);
	g->chip = *chip;
	for (size_t i = 0; i < GEMM_N; i++)
		g->z[i] = log(start[i]);
}

hg_err gemm_fit(struct gemm_model *g, const struct chip *chip, const struct gemm *samples, size_t n)
{
	double centre[GEMM_N], cost;
	struct descent_problem p = {residuals, g, GEMM_N, n, centre, spread, 1.0};
	hg_err rc;

	gemm_default(chip, g);
	memcpy(centre, g->z, sizeof centre);
	g->samples = calloc(n + 1, sizeof *g->samples);
	g->residual = calloc(n + 1, sizeof *g->residual);
	if (!g->samples || !g->residual) {
		gemm_finish(g);
		return HG_ENOMEM;
	}
	memcpy(g->samples, samples, n * sizeof *samples);
	g->n = n;
	rc = descent_run(&p, g->z, &cost);
	if (rc) {
		gemm_finish(g);
		return rc;
	}
	for (size_t i = 0; i < n; i++)
		g->residual[i] = log(samples[i].time_s / gemm_physics(chip, g->z, &samples[i]));
	return HG_OK;
}

void gemm_finish(struct gemm_model *g)
{
	free(g->samples);
	free(g->residual);
	memset(g, 0, sizeof *g);
}

static double distance2(const struct gemm *a, const struct gemm *b)
{
	double m = log(a->m / b->m), n = log(a->n / b->n), k = log(a->k / b->k);

	return m * m + n * n + k * k;
}

double gemm_time(const struct gemm_model *g, const struct gemm *at)
{
	double near[NEAREST], residual[NEAREST], sum = 0.0, weights = 1.0;
	size_t have = 0;

	for (size_t i = 0; i < g->n; i++) {
		double d = distance2(at, &g->samples[i]);
		size_t j;

		if (have == NEAREST && d >= near[NEAREST - 1])
			continue;
		have += have < NEAREST;
		for (j = have - 1; j > 0 && near[j - 1] > d; j--) {
			near[j] = near[j - 1];
			residual[j] = residual[j - 1];
		}
		near[j] = d;
		residual[j] = g->residual[i];
	}
	for (size_t i = 0; i < have; i++) {
		double w = REACH * REACH / (near[i] + 1e-6 * REACH * REACH);

		w *= w;
		sum += w * residual[i];
		weights += w;
	}
	return gemm_physics(&g->chip, g->z, at) * exp(sum / weights);
}
