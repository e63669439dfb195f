/*
 * Levenberg-Marquardt on whitened residuals. The covariance of the observations depends on where
 * their clocks are, which depends on the parameters: it is held while the parameters move, and
 * set anew between rounds, together with the weights that take power from outliers (soft L1).
 */
#include "work-fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"
#include "mix.h"

#define ROUNDS 3
#define STEPS  30
/* Enough to tell which start leads somewhere. */
#define STEPS_FIRST 8
#define DIFFERENCE  1e-5
/* Standard deviations from where on an observation pulls like its distance only. */
#define OUTLIER 3.0
/* The time's prior: as good as none, around the slowest and fastest seen. */
#define TIME_SD   5.0
#define CONVERGED 1e-7

/** State of one descent. */
struct descent {
	struct work_fit *w;
	const struct work_obs *obs;
	double precision[WORK_N][WORK_N]; /* of the prior */
	double centre[WORK_N];
	double normal[WORK_N * WORK_N], gradient[WORK_N];
};

static void residuals(const struct descent *d, const double z[WORK_N], double *r[2], double *s)
{
	struct response c;

	response_init(&c, &d->w->f, d->w->mix, z);
	for (size_t i = 0; i < d->w->n; i++) {
		struct response_at at;

		response_eval(&c, &d->obs[i].setting, &at);
		r[0][i] = d->obs[i].ln[0] - at.ln_time;
		r[1][i] = d->obs[i].ln[1] - at.ln_power;
		if (s)
			s[i] = -log(at.x);
	}
}

static double prior_cost(const struct descent *d, const double z[WORK_N])
{
	double sum = 0.0;

	for (size_t i = 0; i < WORK_N; i++)
		for (size_t j = 0; j < WORK_N; j++)
			sum += (z[i] - d->centre[i]) * d->precision[i][j] * (z[j] - d->centre[j]);
	return sum;
}

static double data_cost(const struct work_fit *w)
{
	double sum = 0.0;

	for (size_t c = 0; c < 2; c++)
		for (size_t i = 0; i < w->n; i++)
			sum += w->white[c][i] * w->white[c][i];
	return sum;
}

/* Whitened residuals at z; the covariance stays. @return minus twice the log posterior */
static double cost_at(const struct descent *d, const double z[WORK_N])
{
	struct work_fit *w = d->w;

	residuals(d, z, w->white, NULL);
	for (size_t c = 0; c < 2; c++)
		walk_whiten(w->steps[c], w->n, w->white[c]);
	return data_cost(w) + prior_cost(d, z);
}

/* Covariance of the observations for where their clocks are at z. */
static bool covariance_set(const struct descent *d, const double z[WORK_N])
{
	struct work_fit *w = d->w;
	double *noise = w->memory;

	residuals(d, z, w->white, w->s);
	for (size_t c = 0; c < 2; c++) {
		double walk = w->prior.walk[c];

		for (size_t i = 0; i < w->n; i++) {
			double sd = d->obs[i].sd[c] > 0.0 ? d->obs[i].sd[c] : w->prior.noise[c];
			double far = w->white[c][i] / (OUTLIER * sqrt(sd * sd + walk * w->s[i]));

			noise[i] = sd * sd * sqrt(1.0 + far * far);
		}
		if (!walk_set(w->steps[c], w->n, w->s, noise, walk))
			return false;
	}
	return true;
}

/* One-sided: a descent needs no more, and it is half of the work. */
static void jacobian(const struct descent *d, const double z[WORK_N])
{
	struct work_fit *w = d->w;
	size_t n = w->n;
	double *moved[2] = {w->memory, w->memory + n}, *at[2] = {moved[1] + n, moved[1] + 2 * n};

	residuals(d, z, at, NULL);
	for (size_t k = 0; k < WORK_N; k++) {
		double step[WORK_N];

		memcpy(step, z, sizeof step);
		step[k] = z[k] + DIFFERENCE;
		residuals(d, step, moved, NULL);
		for (size_t c = 0; c < 2; c++) {
			for (size_t i = 0; i < n; i++)
				moved[c][i] = (at[c][i] - moved[c][i]) / DIFFERENCE;
			walk_whiten(w->steps[c], n, moved[c]);
			for (size_t i = 0; i < n; i++)
				w->slope[c][i * WORK_N + k] = moved[c][i];
		}
	}
}

/* J'J + prior and J'r - prior's pull. */
static void normal_equations(struct descent *d, const double z[WORK_N])
{
	const struct work_fit *w = d->w;

	for (size_t a = 0; a < WORK_N; a++) {
		d->gradient[a] = 0.0;
		for (size_t b = 0; b < WORK_N; b++) {
			d->normal[a * WORK_N + b] = d->precision[a][b];
			d->gradient[a] -= d->precision[a][b] * (z[b] - d->centre[b]);
		}
	}
	for (size_t c = 0; c < 2; c++) {
		for (size_t i = 0; i < w->n; i++) {
			const double *row = w->slope[c] + i * WORK_N;

			for (size_t a = 0; a < WORK_N; a++) {
				d->gradient[a] += row[a] * w->white[c][i];
				for (size_t b = 0; b < WORK_N; b++)
					d->normal[a * WORK_N + b] += row[a] * row[b];
			}
		}
	}
}

/* A damped step. @return whether it went downhill; *z and *cost are then the new ones */
static bool step_try(struct descent *d, double damping, double z[WORK_N], double *cost)
{
	double a[WORK_N * WORK_N], step[WORK_N], next[WORK_N], at;

	memcpy(a, d->normal, sizeof a);
	memcpy(step, d->gradient, sizeof step);
	for (size_t i = 0; i < WORK_N; i++)
		a[i * WORK_N + i] *= 1.0 + damping;
	if (!cholesky(a, WORK_N))
		return false;
	cholesky_forward(a, WORK_N, step);
	cholesky_backward(a, WORK_N, step);
	for (size_t i = 0; i < WORK_N; i++)
		next[i] = z[i] + fmin(fmax(step[i], -2.0), 2.0);
	at = cost_at(d, next);
	if (!(at < *cost))
		return false;
	memcpy(z, next, sizeof next);
	*cost = at;
	return true;
}

static double descend(struct descent *d, double z[WORK_N], int rounds, int steps)
{
	double damping = 1e-3, cost = DBL_MAX;

	for (int round = 0; round < rounds; round++) {
		if (!covariance_set(d, z))
			return DBL_MAX;
		cost = cost_at(d, z);
		for (int i = 0; i < steps && damping < 1e9; i++) {
			double before = cost;

			jacobian(d, z);
			normal_equations(d, z);
			while (!step_try(d, damping, z, &cost) && damping < 1e9)
				damping *= 8.0;
			damping = fmax(1e-9, damping / 10.0);
			if (before - cost < CONVERGED * (1.0 + cost))
				break;
			(void)cost_at(d, z);
		}
		damping = 1e-3;
	}
	return cost;
}

/* The log determinant makes costs of different covariances comparable. */
static double log_determinant(const struct work_fit *w)
{
	return walk_log_determinant(w->steps[0], w->n) + walk_log_determinant(w->steps[1], w->n);
}

static hg_err memory_take(struct work_fit *w)
{
	size_t n = w->n, each = n + n * WORK_N;
	double *at = calloc(5 * n + 2 * each + 1, sizeof *at);

	w->memory = at;
	w->steps[0] = calloc(2 * n + 1, sizeof *w->steps[0]);
	if (!at || !w->steps[0])
		return HG_ENOMEM;
	w->steps[1] = w->steps[0] + n;
	at += 4 * n;
	w->s = at;
	at += n;
	for (size_t c = 0; c < 2; c++) {
		w->white[c] = at;
		w->slope[c] = at + n;
		at += each;
	}
	return HG_OK;
}

static bool prior_prepare(struct descent *d)
{
	const struct prior *p = &d->w->prior;
	double a[PRIOR_N * PRIOR_N], inverse[PRIOR_N * PRIOR_N], time = 0.0;

	memcpy(a, p->covariance, sizeof a);
	if (!cholesky(a, PRIOR_N))
		return false;
	cholesky_inverse(a, PRIOR_N, inverse);
	for (size_t i = 0; i < d->w->n; i++)
		time = i ? fmin(time, d->obs[i].ln[0]) : d->obs[i].ln[0];
	memset(d->precision, 0, sizeof d->precision);
	d->precision[0][0] = 1.0 / (TIME_SD * TIME_SD);
	d->centre[0] = time;
	if (d->w->mix) {
		d->precision[0][0] = 1.0 / (d->w->mix->time_sd * d->w->mix->time_sd);
		d->centre[0] = 0.0;
	}
	for (size_t i = 0; i < PRIOR_N; i++) {
		d->centre[i + 1] = p->mean[i];
		for (size_t j = 0; j < PRIOR_N; j++)
			d->precision[i + 1][j + 1] = inverse[i * PRIOR_N + j];
	}
	return true;
}

/* Repeats of a setting are no new one. */
static size_t settings_seen(const struct descent *d)
{
	size_t seen = 0;

	for (size_t i = 0; i < d->w->n && seen < PRIOR_SEEN; i++) {
		const hg_knobs *a = &d->obs[i].setting;
		bool before = false;

		for (size_t j = 0; j < i && !before; j++) {
			const hg_knobs *b = &d->obs[j].setting;

			before = fabs(a->cap_w - b->cap_w) <= 1e-6 * a->cap_w &&
				 fabs(a->clock_hz - b->clock_hz) <= 1e-6 * a->clock_hz;
		}
		seen += !before;
	}
	return seen;
}

/* Everything that forecasts need, at the best parameters. */
static bool settle(struct descent *d)
{
	struct work_fit *w = d->w;
	double inverse[WORK_N * WORK_N];

	if (!covariance_set(d, w->z))
		return false;
	w->cost = cost_at(d, w->z) + log_determinant(w);
	jacobian(d, w->z);
	normal_equations(d, w->z);
	if (!cholesky(d->normal, WORK_N))
		return false;
	cholesky_inverse(d->normal, WORK_N, inverse);
	memcpy(w->covariance, inverse, sizeof inverse);
	w->seen = settings_seen(d);
	response_init(&w->response, &w->f, w->mix, w->z);
	return true;
}

static hg_err fit_init(struct work_fit *w, const struct figures *f, const struct prior *prior,
	const struct mix *mix, const struct work_obs *obs, size_t n)
{
	/* Where descents begin besides the prior's centre: gap, compute. */
	static const double starts[][2] = {{0, 0}, {-3.0, -0.8}, {0.5, 2.2}, {-2.0, 2.0}};
	struct descent d = {.w = w, .obs = obs};
	double best = DBL_MAX, found[WORK_N];

	memset(w, 0, sizeof *w);
	w->f = *f;
	w->mix = mix;
	w->prior = *prior;
	w->n = n;
	if (memory_take(w)) {
		work_fit_finish(w);
		return HG_ENOMEM;
	}
	if (!prior_prepare(&d)) {
		work_fit_finish(w);
		return HG_EINVAL;
	}
	for (size_t i = 0; i < (mix ? 1 : sizeof starts / sizeof starts[0]); i++) {
		double z[WORK_N], cost;

		memcpy(z, d.centre, sizeof z);
		if (i) {
			z[WORK_GAP] = starts[i][0];
			z[WORK_COMPUTE] = starts[i][1];
		}
		cost = descend(&d, z, 1, STEPS_FIRST);
		if (cost < DBL_MAX)
			cost += log_determinant(w);
		if (cost < best) {
			best = cost;
			memcpy(found, z, sizeof found);
		}
	}
	if (best < DBL_MAX) {
		memcpy(w->z, found, sizeof found);
		(void)descend(&d, w->z, ROUNDS, STEPS);
		if (settle(&d))
			return HG_OK;
	}
	work_fit_finish(w);
	return HG_EINVAL;
}

hg_err work_fit_init(struct work_fit *w, const struct figures *f, const struct prior *prior,
	const struct work_obs *obs, size_t n)
{
	return fit_init(w, f, prior, NULL, obs, n);
}

hg_err work_fit_mix(struct work_fit *w, const struct figures *f, const struct mix *mix,
	const struct work_obs *obs, size_t n)
{
	return fit_init(w, f, &mix->prior, mix, obs, n);
}

void work_fit_finish(struct work_fit *w)
{
	free(w->memory);
	free(w->steps[0]);
	memset(w, 0, sizeof *w);
}

/* ----- forecasts */

/* d ln time, d ln power by the parameters at a setting. */
static void gradient_at(const struct work_fit *w, const hg_knobs *k, double g[2][WORK_N])
{
	for (size_t i = 0; i < WORK_N; i++) {
		double z[WORK_N];
		struct response c;
		struct response_at up, down;

		memcpy(z, w->z, sizeof z);
		z[i] = w->z[i] + DIFFERENCE;
		response_init(&c, &w->f, w->mix, z);
		response_eval(&c, k, &up);
		z[i] = w->z[i] - DIFFERENCE;
		response_init(&c, &w->f, w->mix, z);
		response_eval(&c, k, &down);
		g[0][i] = (up.ln_time - down.ln_time) / (2.0 * DIFFERENCE);
		g[1][i] = (up.ln_power - down.ln_power) / (2.0 * DIFFERENCE);
	}
}

static double quadratic(const struct work_fit *w, const double *a, const double *b)
{
	double sum = 0.0;

	for (size_t i = 0; i < WORK_N; i++)
		for (size_t j = 0; j < WORK_N; j++)
			sum += a[i] * w->covariance[i][j] * b[j];
	return sum;
}

/**
 * Kriging of one channel at -ln x = s: what the observations' residuals say of this one.
 * @param q  in: gradient of the physics; out: of the whole
 * @return the residual; *variance becomes the walk's
 */
static double krige(
	const struct work_fit *w, size_t c, double s, double *q, double *weights, double *variance)
{
	double residual = 0.0, walk = w->prior.walk[c];

	*variance = walk * s;
	for (size_t i = 0; i < w->n; i++)
		weights[i] = walk * fmin(s, w->s[i]);
	walk_whiten(w->steps[c], w->n, weights);
	for (size_t i = 0; i < w->n; i++) {
		residual += weights[i] * w->white[c][i];
		*variance -= weights[i] * weights[i];
		for (size_t k = 0; k < WORK_N; k++)
			q[k] -= weights[i] * w->slope[c][i * WORK_N + k];
	}
	*variance = fmax(0.0, *variance);
	return residual;
}

void work_fit_forecast(const struct work_fit *w, const hg_knobs *k, struct work_forecast *out)
{
	const double *widen = w->prior.widen[w->seen ? w->seen - 1 : 0];
	double q[2][WORK_N], variance[2], weights[WORK_OBS_MAX], noise;
	struct response_at at;

	response_eval(&w->response, k, &at);
	gradient_at(w, k, q);
	out->physics[0] = at.ln_time;
	out->physics[1] = at.ln_power;
	out->x = at.x;
	out->flags = at.flags;
	for (size_t c = 0; c < 2; c++) {
		out->ln[c] = out->physics[c] + krige(w, c, -log(at.x), q[c], weights, &variance[c]);
		noise = w->prior.noise[c];
		variance[c] += noise * noise;
		out->sd[c] = widen[0] * sqrt(variance[c] + quadratic(w, q[c], q[c]));
	}
	out->ln[2] = out->ln[0] + out->ln[1];
	out->sd[2] = widen[1] * sqrt(variance[0] + variance[1] + quadratic(w, q[0], q[0]) +
					quadratic(w, q[1], q[1]) + 2.0 * quadratic(w, q[0], q[1]));
}
