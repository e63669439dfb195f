#include "descent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

#define STEPS      100
#define DIFFERENCE 1e-5
#define CONVERGED  1e-9

struct work_space {
	double *r, *moved, *jacobian; /* jacobian: a column for each parameter */
	double normal[DESCENT_MAX * DESCENT_MAX], gradient[DESCENT_MAX];
};

static double cost_of(const struct descent_problem *p, const double *z, double *r)
{
	double sum = 0.0;

	p->residuals(p->user, z, r);
	for (size_t i = 0; i < p->n_residuals; i++)
		sum += 2.0 * p->scale * (sqrt(1.0 + r[i] * r[i]) - 1.0);
	for (size_t k = 0; k < p->n_parameters; k++) {
		double pull = (z[k] - p->centre[k]) / p->sd[k];

		sum += pull * pull;
	}
	return sum;
}

static void equations(const struct descent_problem *p, const double *z, struct work_space *s)
{
	size_t n = p->n_parameters, rows = p->n_residuals;
	double at[DESCENT_MAX];

	p->residuals(p->user, z, s->r);
	for (size_t k = 0; k < n; k++) {
		double *column = s->jacobian + k * rows;

		memcpy(at, z, n * sizeof *at);
		at[k] += DIFFERENCE;
		p->residuals(p->user, at, column);
		for (size_t i = 0; i < rows; i++)
			column[i] = (column[i] - s->r[i]) / DIFFERENCE;
	}
	for (size_t a = 0; a < n; a++) {
		double weight = 1.0 / (p->sd[a] * p->sd[a]);

		s->gradient[a] = -weight * (z[a] - p->centre[a]);
		for (size_t b = 0; b < n; b++)
			s->normal[a * n + b] = a == b ? weight : 0.0;
	}
	for (size_t i = 0; i < rows; i++) {
		double weight = p->scale / sqrt(1.0 + s->r[i] * s->r[i]);

		for (size_t a = 0; a < n; a++) {
			double wa = weight * s->jacobian[a * rows + i];

			s->gradient[a] -= wa * s->r[i];
			for (size_t b = 0; b < n; b++)
				s->normal[a * n + b] += wa * s->jacobian[b * rows + i];
		}
	}
}

static bool step_try(const struct descent_problem *p, struct work_space *s, double damping,
	double *z, double *cost)
{
	size_t n = p->n_parameters;
	double a[DESCENT_MAX * DESCENT_MAX], next[DESCENT_MAX], at;

	memcpy(a, s->normal, n * n * sizeof *a);
	memcpy(next, s->gradient, n * sizeof *next);
	for (size_t i = 0; i < n; i++)
		a[i * n + i] *= 1.0 + damping;
	if (!cholesky(a, n))
		return false;
	cholesky_forward(a, n, next);
	cholesky_backward(a, n, next);
	for (size_t i = 0; i < n; i++)
		next[i] = z[i] + fmin(fmax(next[i], -1.0), 1.0);
	at = cost_of(p, next, s->moved);
	if (!(at < *cost))
		return false;
	memcpy(z, next, n * sizeof *z);
	*cost = at;
	return true;
}

hg_err descent_run(const struct descent_problem *p, double *z, double *cost)
{
	struct work_space s;
	double damping = 1e-2;

	s.r = calloc((p->n_parameters + 2) * p->n_residuals + 1, sizeof *s.r);
	if (!s.r)
		return HG_ENOMEM;
	s.moved = s.r + p->n_residuals;
	s.jacobian = s.moved + p->n_residuals;
	*cost = cost_of(p, z, s.r);
	for (int i = 0; i < STEPS && damping < 1e9; i++) {
		double before = *cost;

		equations(p, z, &s);
		while (!step_try(p, &s, damping, z, cost) && damping < 1e9)
			damping *= 6.0;
		damping = fmax(1e-8, damping / 8.0);
		if (before - *cost < CONVERGED * (1.0 + *cost))
			break;
	}
	free(s.r);
	return HG_OK;
}
