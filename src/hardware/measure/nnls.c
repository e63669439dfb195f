#include "nnls.h"

#include <math.h>
#include <string.h>

/* Pivots below this part of the diagonal are rounding: the matrix is singular. */
#define SINGULAR 1e-11

/* A gradient must promise more than this part of the largest one. */
#define PROMISE 1e-10

/* Lower Cholesky factor in place. */
static bool factor(double *a, size_t n)
{
	for (size_t j = 0; j < n; j++) {
		double d = a[j * n + j], whole = d;

		for (size_t k = 0; k < j; k++)
			d -= a[j * n + k] * a[j * n + k];
		if (!(d > SINGULAR * whole))
			return false;
		a[j * n + j] = sqrt(d);
		for (size_t i = j + 1; i < n; i++) {
			double s = a[i * n + j];

			for (size_t k = 0; k < j; k++)
				s -= a[i * n + k] * a[j * n + k];
			a[i * n + j] = s / a[j * n + j];
		}
	}
	return true;
}

bool spd_invert(double *a, size_t n)
{
	double l[NNLS_MAX * NNLS_MAX], column[NNLS_MAX];

	memcpy(l, a, n * n * sizeof *a);
	if (!factor(l, n))
		return false;
	for (size_t c = 0; c < n; c++) {
		for (size_t i = 0; i < n; i++) {
			double s = i == c;

			for (size_t k = 0; k < i; k++)
				s -= l[i * n + k] * column[k];
			column[i] = s / l[i * n + i];
		}
		for (size_t i = n; i-- > 0;) {
			double s = column[i];

			for (size_t k = i + 1; k < n; k++)
				s -= l[k * n + i] * column[k];
			column[i] = s / l[i * n + i];
		}
		for (size_t i = 0; i < n; i++)
			a[i * n + c] = column[i];
	}
	return true;
}

/* The scaled problem: unit diagonal, so that singularity means the same for all units. */
struct problem {
	double a[NNLS_MAX * NNLS_MAX], b[NNLS_MAX], scale[NNLS_MAX];
	size_t n;
};

static void scaled(struct problem *p, const double *a, const double *b, size_t n)
{
	p->n = n;
	for (size_t i = 0; i < n; i++)
		p->scale[i] = a[i * n + i] > 0 ? 1 / sqrt(a[i * n + i]) : 0;
	for (size_t i = 0; i < n; i++) {
		p->b[i] = b[i] * p->scale[i];
		for (size_t j = 0; j < n; j++)
			p->a[i * n + j] = a[i * n + j] * p->scale[i] * p->scale[j];
	}
}

/* Solves for the free unknowns alone. @return false: they are in step */
static bool solve_free(const struct problem *p, const bool *active, double *x, double *inverse)
{
	size_t index[NNLS_MAX] = {0}, m = 0, n = p->n;
	double sub[NNLS_MAX * NNLS_MAX] = {0};

	for (size_t i = 0; i < n; i++)
		if (active[i])
			index[m++] = i;
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < m; j++)
			sub[i * m + j] = p->a[index[i] * n + index[j]];
	if (!spd_invert(sub, m))
		return false;
	memset(x, 0, n * sizeof *x);
	memset(inverse, 0, n * n * sizeof *inverse);
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < m; j++) {
			x[index[i]] += sub[i * m + j] * p->b[index[j]];
			inverse[index[i] * n + index[j]] = sub[i * m + j];
		}
	return true;
}

/* The unknown at 0 that promises most, or n. */
static size_t most_promising(const struct problem *p, const struct nnls *s, const bool *banned)
{
	size_t best = p->n;
	double most = 0, largest = 0;

	for (size_t i = 0; i < p->n; i++) {
		double gradient = p->b[i];

		largest = fmax(largest, fabs(p->b[i]));
		for (size_t j = 0; j < p->n; j++)
			gradient -= p->a[i * p->n + j] * s->x[j];
		if (!s->active[i] && !banned[i] && p->scale[i] > 0 && gradient > most) {
			most = gradient;
			best = i;
		}
	}
	return most > PROMISE * largest ? best : p->n;
}

/* Goes from x towards the free solution until the first unknown reaches 0, and holds it there. */
static void step_back(struct nnls *s, const double *free_x, size_t n)
{
	double part = 1;

	for (size_t i = 0; i < n; i++)
		if (s->active[i] && free_x[i] <= 0)
			part = fmin(part, s->x[i] / (s->x[i] - free_x[i]));
	for (size_t i = 0; i < n; i++) {
		if (!s->active[i])
			continue;
		s->x[i] += part * (free_x[i] - s->x[i]);
		if (free_x[i] <= 0 && s->x[i] <= 1e-14) {
			s->x[i] = 0;
			s->active[i] = false;
		}
	}
}

static bool positive(const struct nnls *s, const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s->active[i] && x[i] <= 0)
			return false;
	return true;
}

void nnls_solve(const double *a, const double *b, size_t n, struct nnls *out)
{
	struct problem p;
	bool banned[NNLS_MAX] = {false};
	double x[NNLS_MAX] = {0}, inverse[NNLS_MAX * NNLS_MAX] = {0};

	*out = (struct nnls){.x = {0}};
	scaled(&p, a, b, n);
	for (size_t round = 0; round < 3 * n; round++) {
		size_t next = most_promising(&p, out, banned);

		if (next == n)
			break;
		out->active[next] = true;
		if (!solve_free(&p, out->active, x, inverse)) {
			/* in step with what is free already: it stays at 0 */
			out->active[next] = false;
			banned[next] = true;
			continue;
		}
		for (size_t i = 0; i < n && !positive(out, x, n); i++) {
			step_back(out, x, n);
			if (!solve_free(&p, out->active, x, inverse))
				break;
		}
		memcpy(out->x, x, n * sizeof *x);
	}
	(void)solve_free(&p, out->active, x, inverse);
	for (size_t i = 0; i < n; i++) {
		out->x[i] = fmax(0, out->x[i]) * p.scale[i];
		for (size_t j = 0; j < n; j++)
			out->inverse[i * n + j] = inverse[i * n + j] * p.scale[i] * p.scale[j];
	}
}
