#include "collective.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

#define TERMS  3
#define ROUNDS 60
/* Relative error from where on a message pulls like its distance only. */
#define OUTLIER 0.02

static int by_size(const void *a, const void *b)
{
	double x = ((const struct message *)a)->size, y = ((const struct message *)b)->size;

	return (x > y) - (x < y);
}

/* Repeats become one message; their spread becomes the noise. */
static void merge(struct collective *c)
{
	double squares = 0.0;
	size_t kept = 0, freedom = 0;

	for (size_t i = 0, j; i < c->n; i = j) {
		double sum = 0.0, mean;

		for (j = i; j < c->n && c->at[j].size <= c->at[i].size; j++)
			sum += log(c->at[j].time_s);
		mean = sum / (double)(j - i);
		for (size_t k = i; k < j; k++) {
			double off = log(c->at[k].time_s) - mean;

			squares += off * off;
		}
		freedom += j - i - 1;
		c->at[kept++] = (struct message){c->at[i].size, exp(mean)};
	}
	c->n = kept;
	c->noise = freedom ? sqrt(squares / (double)freedom) : 0.0;
}

static void terms(double size, double out[TERMS])
{
	out[0] = 1.0;
	out[1] = sqrt(size);
	out[2] = size;
}

/* Weighted least squares over the terms in use. @return false when singular */
static bool solve(
	const struct collective *c, const double *weights, const bool use[TERMS], double out[TERMS])
{
	double a[TERMS * TERMS] = {0}, b[TERMS] = {0};
	size_t which[TERMS] = {0}, n = 0;

	for (size_t k = 0; k < TERMS; k++)
		if (use[k])
			which[n++] = k;
	for (size_t i = 0; i < c->n; i++) {
		double x[TERMS], scale = weights[i] / (c->at[i].time_s * c->at[i].time_s);

		terms(c->at[i].size, x);
		for (size_t r = 0; r < n; r++) {
			b[r] += scale * x[which[r]] * c->at[i].time_s;
			for (size_t k = 0; k < n; k++)
				a[r * n + k] += scale * x[which[r]] * x[which[k]];
		}
	}
	if (n == 0 || !cholesky(a, n))
		return false;
	cholesky_forward(a, n, b);
	cholesky_backward(a, n, b);
	memset(out, 0, TERMS * sizeof *out);
	for (size_t r = 0; r < n; r++)
		out[which[r]] = b[r];
	return true;
}

static double absolute_errors(const struct collective *c, const double p[TERMS])
{
	double sum = 0.0;

	for (size_t i = 0; i < c->n; i++) {
		double x[TERMS];

		terms(c->at[i].size, x);
		sum += fabs((p[0] + p[1] * x[1] + p[2] * x[2]) / c->at[i].time_s - 1.0);
	}
	return sum;
}

/* One set of terms, reweighted until the sum of relative errors is least. @return it */
static double subset(const struct collective *c, unsigned set, double *weights, double out[TERMS])
{
	const bool use[TERMS] = {set & 1u, set & 2u, set & 4u};
	double best = INFINITY, p[TERMS] = {0};

	for (size_t i = 0; i < c->n; i++)
		weights[i] = 1.0;
	for (int round = 0; round < ROUNDS && solve(c, weights, use, p); round++) {
		double at = absolute_errors(c, p);

		if (at < best && p[0] >= 0.0 && p[1] >= 0.0 && p[2] >= 0.0) {
			best = at;
			memcpy(out, p, TERMS * sizeof *out);
		}
		for (size_t i = 0; i < c->n; i++) {
			double x[TERMS], off;

			terms(c->at[i].size, x);
			off = (p[0] + p[1] * x[1] + p[2] * x[2]) / c->at[i].time_s - 1.0;
			weights[i] = 1.0 / sqrt(OUTLIER * OUTLIER + off * off);
		}
	}
	return best;
}

static void fit_terms(struct collective *c, double *weights)
{
	double best = INFINITY, found[TERMS] = {0};

	for (unsigned set = 7; set > 0; set--) {
		double p[TERMS] = {0}, at = subset(c, set, weights, p);

		if (at < best - 1e-12) {
			best = at;
			memcpy(found, p, sizeof found);
		}
	}
	c->alpha_s = found[0];
	c->root = found[1];
	c->inverse_rate = found[2];
}

hg_err collective_fit(struct collective *c, const struct message *messages, size_t n)
{
	memset(c, 0, sizeof *c);
	for (size_t i = 0; i < n; i++)
		if (!(messages[i].size > 0.0 && messages[i].time_s > 0.0 &&
			    isfinite(messages[i].size) && isfinite(messages[i].time_s)))
			return HG_EINVAL;
	if (!n)
		return HG_EINVAL;
	c->at = calloc(n, sizeof *c->at);
	c->residual = calloc(n, sizeof *c->residual);
	if (!c->at || !c->residual) {
		collective_finish(c);
		return HG_ENOMEM;
	}
	memcpy(c->at, messages, n * sizeof *messages);
	c->n = n;
	qsort(c->at, n, sizeof *c->at, by_size);
	merge(c);
	fit_terms(c, c->residual);
	for (size_t i = 0; i < c->n; i++)
		c->residual[i] = log(c->at[i].time_s / collective_physics(c, c->at[i].size));
	return HG_OK;
}

void collective_finish(struct collective *c)
{
	free(c->at);
	free(c->residual);
	memset(c, 0, sizeof *c);
}

double collective_physics(const struct collective *c, double size)
{
	return c->alpha_s + c->root * sqrt(size) + c->inverse_rate * size;
}

double collective_time(const struct collective *c, double size)
{
	double t = collective_physics(c, size), w;
	size_t i = 1;

	if (size <= c->at[0].size)
		return t * exp(c->residual[0]);
	if (size >= c->at[c->n - 1].size)
		return t * exp(c->residual[c->n - 1]);
	while (c->at[i].size < size)
		i++;
	w = log(size / c->at[i - 1].size) / log(c->at[i].size / c->at[i - 1].size);
	return t * exp(c->residual[i - 1] + w * (c->residual[i] - c->residual[i - 1]));
}
