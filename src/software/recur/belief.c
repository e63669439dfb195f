#include "belief.h"

#include <math.h>
#include <string.h>

#define SWEEPS 12
#define NODES  48
/* A site's precision never falls below: it keeps the factorisation regular. */
#define LEAST_TAU 1e-9

static const double sqrt_half = 0.70710678118654752440;
static const double log_sqrt_2pi = 0.91893853320467274178;

double upper_tail(double x)
{
	return 0.5 * erfc(x * sqrt_half);
}

double log_upper_tail(double x)
{
	double x2;

	if (x < 6)
		return log(upper_tail(x));
	x2 = 1 / (x * x);
	return -0.5 * x * x - log(x) - log_sqrt_2pi + log1p(-x2 + 3 * x2 * x2 - 15 * x2 * x2 * x2);
}

void evidence_add(struct evidence *e, double value, double sd)
{
	double w = 1 / (sd * sd);

	e->mean = (e->mean * e->weight + value * w) / (e->weight + w);
	e->weight += w;
	e->sd = sd;
}

/* Makes one of the two smallest bounds, at the smaller one: that says less than both did. */
static void merge_smallest(struct evidence *e)
{
	size_t least = 0, next = 1;

	for (size_t i = 1; i < e->bounds; i++) {
		if (e->bound[i] < e->bound[least]) {
			next = least;
			least = i;
		} else if (next == least || e->bound[i] < e->bound[next]) {
			next = i;
		}
	}
	e->times[least] += e->times[next];
	e->bounds--;
	e->bound[next] = e->bound[e->bounds];
	e->times[next] = e->times[e->bounds];
}

void evidence_add_bound(struct evidence *e, double bound)
{
	for (size_t i = 0; i < e->bounds; i++)
		if (e->bound[i] == bound) {
			e->times[i]++;
			return;
		}
	if (e->bounds == BELIEF_BOUNDS)
		merge_smallest(e);
	e->bound[e->bounds] = bound;
	e->times[e->bounds++] = 1;
}

/* An arm's factor, as a Gaussian in natural parameters. */
struct site {
	double tau, nu;
};

/* Work space of one update. */
struct update {
	size_t m;                        /* arms with a site */
	size_t arm[HG_RECUR_MAX_SIZES];  /* which */
	double root[HG_RECUR_MAX_SIZES]; /* square roots of the sites' precisions */
	double chol[HG_RECUR_MAX_SIZES][HG_RECUR_MAX_SIZES];
	double v[HG_RECUR_MAX_SIZES][HG_RECUR_MAX_SIZES]; /* chol^-1 root K[arm, :] */
	double u[HG_RECUR_MAX_SIZES];                     /* chol^-1 root (z - mean) */
};

static void factorise(struct update *w, const struct belief *prior)
{
	for (size_t i = 0; i < w->m; i++)
		for (size_t j = 0; j <= i; j++) {
			double s = w->root[i] * prior->cov[w->arm[i]][w->arm[j]] * w->root[j];

			if (i == j)
				s += 1;
			for (size_t l = 0; l < j; l++)
				s -= w->chol[i][l] * w->chol[j][l];
			w->chol[i][j] = i == j ? sqrt(s) : s / w->chol[j][j];
		}
}

static void solve(struct update *w, const struct belief *prior, const struct site *sites)
{
	w->m = 0;
	for (size_t i = 0; i < prior->n; i++)
		if (sites[i].tau > 0) {
			w->arm[w->m] = i;
			w->root[w->m++] = sqrt(sites[i].tau);
		}
	factorise(w, prior);
	for (size_t i = 0; i < w->m; i++) {
		size_t a = w->arm[i];
		double s = w->root[i] * (sites[a].nu / sites[a].tau - prior->mean[a]);

		for (size_t l = 0; l < i; l++)
			s -= w->chol[i][l] * w->u[l];
		w->u[i] = s / w->chol[i][i];
		for (size_t j = 0; j < prior->n; j++) {
			s = w->root[i] * prior->cov[a][j];
			for (size_t l = 0; l < i; l++)
				s -= w->chol[i][l] * w->v[l][j];
			w->v[i][j] = s / w->chol[i][i];
		}
	}
}

/* Mean and variance of arm j given the sites. */
static void marginal(
	const struct update *w, const struct belief *prior, size_t j, double *mean, double *var)
{
	*mean = prior->mean[j];
	*var = prior->cov[j][j];
	for (size_t i = 0; i < w->m; i++) {
		*mean += w->v[i][j] * w->u[i];
		*var -= w->v[i][j] * w->v[i][j];
	}
}

/* Derivatives of the log of Gaussian times bounds. */
static void slopes(
	const struct evidence *e, double mean, double var, double f, double *first, double *second)
{
	*first = -(f - mean) / var;
	*second = -1 / var;
	for (size_t i = 0; i < e->bounds; i++) {
		double x = (e->bound[i] - f) / e->sd;
		double h = exp(-0.5 * x * x - log_sqrt_2pi - log_upper_tail(x));

		*first += e->times[i] * h / e->sd;
		*second -= e->times[i] * h * (h - x) / (e->sd * e->sd);
	}
}

static double log_density(const struct evidence *e, double mean, double var, double f)
{
	double l = -0.5 * (f - mean) * (f - mean) / var;

	for (size_t i = 0; i < e->bounds; i++)
		l += e->times[i] * log_upper_tail((e->bound[i] - f) / e->sd);
	return l;
}

/* Moments of a Gaussian times the bounds: log-concave, so Newton finds the mode, and a grid about
 * it does the rest. */
static void tilt(const struct evidence *e, double *mean, double *var)
{
	double f = *mean, first, second, low, step, top, sum = 0, m1 = 0, m2 = 0;

	for (size_t i = 0; i < e->bounds; i++)
		f = fmax(f, fmin(e->bound[i], *mean + 20 * sqrt(*var)));
	for (int i = 0; i < 25; i++) {
		slopes(e, *mean, *var, f, &first, &second);
		f -= first / second;
		if (fabs(first / second) < 1e-6 * sqrt(*var))
			break;
	}
	slopes(e, *mean, *var, f, &first, &second);
	low = f - 6 * sqrt(-1 / second);
	step = (f + 6 * fmax(sqrt(-1 / second), fmin(sqrt(*var), 4 * sqrt(-1 / second))) - low) /
	       (NODES - 1);
	top = log_density(e, *mean, *var, f);
	for (int i = 0; i < NODES; i++) {
		double x = low + i * step, p = exp(log_density(e, *mean, *var, x) - top);

		sum += p;
		m1 += p * (x - f);
		m2 += p * (x - f) * (x - f);
	}
	*mean = f + m1 / sum;
	*var = m2 / sum - m1 * m1 / (sum * sum);
}

/* Refits one arm's site. @return how much it moved, relative */
static double refit(const struct update *w, const struct belief *prior, const struct evidence *e,
	size_t j, struct site *s)
{
	double mean, var, tau, nu, old = s->tau;

	marginal(w, prior, j, &mean, &var);
	tau = 1 / var - s->tau;
	nu = mean / var - s->nu;
	if (!(tau > 1e-3 / prior->cov[j][j]))
		return 0;
	tau += e->weight;
	nu += e->weight * e->mean;
	mean = nu / tau;
	var = 1 / tau;
	tilt(e, &mean, &var);
	tau -= e->weight;
	nu -= e->weight * e->mean;
	s->tau = fmax(LEAST_TAU, 1 / var - tau);
	s->nu = mean / var - nu;
	return fabs(s->tau - old) / (s->tau + old);
}

static void start(const struct belief *b, const struct evidence *seen, struct site *sites)
{
	for (size_t i = 0; i < b->n; i++) {
		sites[i].tau = seen[i].weight;
		sites[i].nu = seen[i].weight * seen[i].mean;
		if (seen[i].bounds && !(sites[i].tau > 0)) {
			sites[i].tau = LEAST_TAU;
			sites[i].nu = LEAST_TAU * b->mean[i];
		}
	}
}

void belief_update(struct belief *b, const struct evidence *seen)
{
	struct site sites[HG_RECUR_MAX_SIZES];
	struct update w;
	double moved = 1;

	start(b, seen, sites);
	solve(&w, b, sites);
	for (int sweep = 0; sweep < SWEEPS && moved > 1e-3; sweep++) {
		moved = 0;
		for (size_t j = 0; j < b->n; j++)
			if (seen[j].bounds) {
				moved = fmax(moved, refit(&w, b, &seen[j], j, &sites[j]));
				solve(&w, b, sites);
			}
	}
	for (size_t j = 0; j < b->n; j++)
		for (size_t i = 0; i < w.m; i++)
			b->mean[j] += w.v[i][j] * w.u[i];
	for (size_t i = 0; i < w.m; i++)
		for (size_t j = 0; j < b->n; j++)
			for (size_t l = 0; l < b->n; l++)
				b->cov[j][l] -= w.v[i][j] * w.v[i][l];
}

double belief_log_density(const struct belief *b, const struct evidence *seen)
{
	double chol[HG_RECUR_MAX_SIZES][HG_RECUR_MAX_SIZES], u[HG_RECUR_MAX_SIZES], log_density = 0;
	size_t arm[HG_RECUR_MAX_SIZES], m = 0;

	for (size_t a = 0; a < b->n; a++)
		if (seen[a].weight > 0)
			arm[m++] = a;
	for (size_t i = 0; i < m; i++) {
		u[i] = seen[arm[i]].mean - b->mean[arm[i]];
		for (size_t j = 0; j <= i; j++) {
			double s = b->cov[arm[i]][arm[j]] + (i == j ? 1 / seen[arm[i]].weight : 0);

			for (size_t l = 0; l < j; l++)
				s -= chol[i][l] * chol[j][l];
			chol[i][j] = i == j ? sqrt(fmax(s, LEAST_TAU)) : s / chol[j][j];
		}
		for (size_t l = 0; l < i; l++)
			u[i] -= chol[i][l] * u[l];
		u[i] /= chol[i][i];
		log_density -= 0.5 * u[i] * u[i] + log(chol[i][i]) + log_sqrt_2pi;
	}
	return log_density;
}

void belief_mix(struct belief *b, double weight, const struct belief *other)
{
	double gap[HG_RECUR_MAX_SIZES], rest = 1 - weight;

	for (size_t i = 0; i < b->n; i++)
		gap[i] = b->mean[i] - other->mean[i];
	for (size_t i = 0; i < b->n; i++) {
		b->mean[i] = other->mean[i] + weight * gap[i];
		for (size_t j = 0; j < b->n; j++)
			b->cov[i][j] = weight * b->cov[i][j] + rest * other->cov[i][j] +
				       weight * rest * gap[i] * gap[j];
	}
}
