/*
 * Levenberg-Marquardt on an arrow: the Jacobian has columns of the device that every observation
 * fills and columns of workloads that only their own do, so each workload is eliminated by itself
 * and a system of the device's parameters remains.
 */
#include "device-fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

#define STEPS      150
#define WORK_STEPS 40
#define ROUNDS     4
#define DIFFERENCE 1e-5
#define CONVERGED  1e-6
/* An observation's sd where it has none, and from where on it pulls like its distance only. */
#define NOISE   0.02
#define OUTLIER 2.5
#define TIME_SD 5.0

/* Geometric mean of the two static powers, as a share of the highest limit: 0.091 and 0.264. */
#define GENERIC_STATIC 0.155

/** Where a parameter lies and within which bounds, from sweeps of V100 and A40; how far devices are
 * apart in knee and slope also from kernels at known clocks on V100 and RTX 8000. */
static const struct bound {
	size_t offset; /* in struct figures */
	double low, high, neutral;
	double sd; /* of the mapped parameter among devices, as far as those that were fitted tell
		    */
} bounds[DEVICE_N] = {
	[DEVICE_STATIC] = {offsetof(struct figures, static_w), 0.03, 0.45, 0.12, 1.5},
	[DEVICE_TREE] = {offsetof(struct figures, clock_tree_w), 0.0, 0.5, 0.06, 1.5},
	[DEVICE_KNEE] = {offsetof(struct figures, voltage_knee), 0.3, 0.95, 0.6, 0.5},
	[DEVICE_SLOPE] = {offsetof(struct figures, voltage_slope), 0.0, 2.0, 0.7, 0.5},
	[DEVICE_LOWEST] = {offsetof(struct figures, lowest_clock), 0.08, 0.5, 0.15, 0.7},
	[DEVICE_OVERLAP] = {offsetof(struct figures, overlap), 1.0, 8.0, 4.0, 1.0},
	[DEVICE_MEMORY] = {offsetof(struct figures, memory_w), 0.0, 0.5, 0.04, 1.5},
	[DEVICE_GAPPOWER] = {offsetof(struct figures, gap_w), 0.05, 0.5, 0.22, 0.5},
};

/* The same where whole sweeps tell what a device is like. */
#define WIDE_SD 1.5

/* Centre and sd of a workload's parameters within the joint fit: wide. */
static const double work_sd[WORK_N] = {TIME_SD, 2.0, 2.0, 0.7, 0.25, 0.1};

/* Powers are bounded as shares of the highest limit. */
static double scale_of(const struct figures *f, size_t i)
{
	bool power = i == DEVICE_STATIC || i == DEVICE_TREE || i == DEVICE_MEMORY ||
		     i == DEVICE_GAPPOWER;

	return power ? f->cap_max_w : 1.0;
}

static double *figure_at(struct figures *f, size_t i)
{
	return (double *)(void *)((char *)f + bounds[i].offset);
}

static void device_to(const struct figures *f, double z[DEVICE_N])
{
	for (size_t i = 0; i < DEVICE_N; i++) {
		const struct bound *b = &bounds[i];
		double v = *(const double *)(const void *)((const char *)f + b->offset);
		double share = (v / scale_of(f, i) - b->low) / (b->high - b->low);

		share = fmin(fmax(share, 0.01), 0.99);
		z[i] = log(share / (1.0 - share));
	}
}

static void device_of(const double z[DEVICE_N], struct figures *f)
{
	for (size_t i = 0; i < DEVICE_N; i++) {
		const struct bound *b = &bounds[i];
		double share = 1.0 / (1.0 + exp(-z[i]));

		*figure_at(f, i) = scale_of(f, i) * (b->low + share * (b->high - b->low));
	}
	f->lowest_clock = fmax(f->lowest_clock, f->clock_min_hz / f->clock_max_hz);
}

void device_neutral(struct figures *f)
{
	for (size_t i = 0; i < DEVICE_N; i++)
		*figure_at(f, i) = bounds[i].neutral * scale_of(f, i);
	f->memory_knee = f->memory_exponent = 0.0;
	f->compute_w = f->cap_max_w;
}

bool device_fits(size_t offset)
{
	for (size_t i = 0; i < DEVICE_N; i++)
		if (bounds[i].offset == offset)
			return true;
	return false;
}

double device_sd(const struct device_fit *fit, enum device_parameter i)
{
	double share = 1.0 / (1.0 + exp(-fit->z[i]));

	return scale_of(&fit->f, i) * (bounds[i].high - bounds[i].low) * share * (1.0 - share) *
	       fit->sd[i];
}

void device_generic(struct figures *f)
{
	device_neutral(f);
	f->static_w = GENERIC_STATIC * f->cap_max_w;
}

/** What elimination keeps of a workload. */
struct block {
	double own[WORK_N * WORK_N];    /* J'J, damped and factored */
	double cross[DEVICE_N][WORK_N]; /* device by own */
	double gradient[WORK_N];
	double centre[WORK_N];
	double next[WORK_N];
	double kept[WORK_N];
};

/** What workloads lean to: sum of squares of root * (z - centre). */
struct pulls {
	double root[WORK_N][WORK_N];
	double gap_ln;            /* of a workload's gap power over the device's */
	const struct prior *like; /* or NULL: wide */
};

struct joint {
	struct device_fit *fit;
	struct pulls pulls;
	struct sweep *sweeps;
	size_t n;
	struct block *blocks;
	double *memory; /* for the columns of the longest sweep */
	double normal[DEVICE_N * DEVICE_N], gradient[DEVICE_N];
};

static void evaluate(const struct figures *f, const double z[WORK_N], const struct work_obs *obs,
	size_t n, double *out)
{
	struct response c;

	response_init(&c, f, NULL, z);
	for (size_t i = 0; i < n; i++) {
		struct response_at at;

		response_eval(&c, &obs[i].setting, &at);
		out[2 * i] = at.ln_time;
		out[2 * i + 1] = at.ln_power;
	}
}

static double sd_of(const struct work_obs *o, size_t c)
{
	return fmax(NOISE, o->sd[c]);
}

/* How far a workload is from what it leans to, in one of the directions. */
static double pull_at(const struct pulls *p, const struct figures *f, const struct block *b,
	const double z[WORK_N], size_t i)
{
	double sum = 0.0;

	for (size_t k = 0; k < WORK_N; k++) {
		double centre = k == WORK_GAPPOWER ? log(f->gap_w) + p->gap_ln : b->centre[k];

		sum += p->root[i][k] * (centre - z[k]);
	}
	return sum;
}

/* Soft L1 of all residuals, and the pulls. */
static double work_cost(const struct pulls *p, const struct figures *f, const struct sweep *s,
	const struct block *b, const double z[WORK_N])
{
	struct response c;
	double sum = 0.0;

	response_init(&c, f, NULL, z);
	for (size_t i = 0; i < s->n; i++) {
		struct response_at at;
		double r[2];

		response_eval(&c, &s->obs[i].setting, &at);
		r[0] = (s->obs[i].ln[0] - at.ln_time) / (OUTLIER * sd_of(&s->obs[i], 0));
		r[1] = (s->obs[i].ln[1] - at.ln_power) / (OUTLIER * sd_of(&s->obs[i], 1));
		for (size_t k = 0; k < 2; k++)
			sum += 2.0 * OUTLIER * OUTLIER * (sqrt(1.0 + r[k] * r[k]) - 1.0);
	}
	for (size_t i = 0; i < WORK_N; i++) {
		double pull = pull_at(p, f, b, z, i);

		sum += pull * pull;
	}
	return sum;
}

static double device_sd_of(const struct joint *j, size_t i)
{
	return j->pulls.like ? bounds[i].sd : WIDE_SD;
}

static double pull_cost(const struct joint *j, const double z[DEVICE_N])
{
	double sum = 0.0;

	for (size_t i = 0; i < DEVICE_N; i++) {
		double pull = (z[i] - j->fit->centre[i]) / device_sd_of(j, i);

		sum += pull * pull;
	}
	return sum;
}

/* Adds one row of the Jacobian: its device part and its workload's. */
static void row_add(struct joint *j, struct block *b, const double *device, const double *own,
	double weight, double residual)
{
	for (size_t a = 0; a < DEVICE_N; a++) {
		double wa = weight * device[a];

		j->gradient[a] += wa * residual;
		for (size_t c = 0; c < DEVICE_N; c++)
			j->normal[a * DEVICE_N + c] += wa * device[c];
		for (size_t c = 0; c < WORK_N; c++)
			b->cross[a][c] += wa * own[c];
	}
	for (size_t a = 0; a < WORK_N; a++) {
		b->gradient[a] += weight * own[a] * residual;
		for (size_t c = 0; c < WORK_N; c++)
			b->own[a * WORK_N + c] += weight * own[a] * own[c];
	}
}

/* The pull of the gap's power moves with the device's. */
static void pulls_add(struct joint *j, struct block *b, const double z[WORK_N])
{
	struct figures f = j->fit->f;
	double zd[DEVICE_N], slope;

	memcpy(zd, j->fit->z, sizeof zd);
	zd[DEVICE_GAPPOWER] += DIFFERENCE;
	device_of(zd, &f);
	slope = log(f.gap_w / j->fit->f.gap_w) / DIFFERENCE;
	for (size_t i = 0; i < WORK_N; i++) {
		double device[DEVICE_N] = {0};

		device[DEVICE_GAPPOWER] = -j->pulls.root[i][WORK_GAPPOWER] * slope;
		row_add(j, b, device, j->pulls.root[i], 1.0,
			pull_at(&j->pulls, &j->fit->f, b, z, i));
	}
}

/** Jacobian of one workload's observations; columns of the device first. */
static void columns(const struct joint *j, const struct sweep *s, double *at, double *jac)
{
	size_t rows = 2 * s->n;

	evaluate(&j->fit->f, s->z, s->obs, s->n, at);
	for (size_t k = 0; k < DEVICE_N + WORK_N; k++) {
		struct figures f = j->fit->f;
		double z[WORK_N], zd[DEVICE_N], *column = jac + k * rows;

		memcpy(z, s->z, sizeof z);
		memcpy(zd, j->fit->z, sizeof zd);
		if (k < DEVICE_N) {
			zd[k] += DIFFERENCE;
			device_of(zd, &f);
		} else {
			z[k - DEVICE_N] += DIFFERENCE;
		}
		evaluate(&f, z, s->obs, s->n, column);
		for (size_t i = 0; i < rows; i++)
			column[i] = (column[i] - at[i]) / DIFFERENCE;
	}
}

static void block_fill(struct joint *j, size_t w, double *at, double *jac)
{
	const struct sweep *s = &j->sweeps[w];
	struct block *b = &j->blocks[w];

	memset(b->own, 0, sizeof b->own);
	memset(b->cross, 0, sizeof b->cross);
	memset(b->gradient, 0, sizeof b->gradient);
	columns(j, s, at, jac);
	for (size_t i = 0; i < 2 * s->n; i++) {
		double sd = sd_of(&s->obs[i / 2], i % 2), r = s->obs[i / 2].ln[i % 2] - at[i];
		double far = r / (OUTLIER * sd), row[DEVICE_N + WORK_N];

		for (size_t k = 0; k < DEVICE_N + WORK_N; k++)
			row[k] = jac[k * 2 * s->n + i];
		row_add(j, b, row, row + DEVICE_N, 1.0 / (sd * sd * sqrt(1.0 + far * far)), r);
	}
	pulls_add(j, b, s->z);
}

static void equations(struct joint *j)
{
	memset(j->normal, 0, sizeof j->normal);
	for (size_t i = 0; i < DEVICE_N; i++) {
		double sd = device_sd_of(j, i), weight = 1.0 / (sd * sd);

		j->normal[i * DEVICE_N + i] = weight;
		j->gradient[i] = -weight * (j->fit->z[i] - j->fit->centre[i]);
	}
	for (size_t w = 0; w < j->n; w++)
		block_fill(j, w, j->memory, j->memory + 2 * j->sweeps[w].n);
}

/* Eliminates a workload from the damped system. @return false when it is singular */
static bool eliminate(struct block *b, double damping, double *normal, double *gradient,
	double factor[WORK_N * WORK_N])
{
	double g[WORK_N];

	memcpy(factor, b->own, WORK_N * WORK_N * sizeof *factor);
	for (size_t i = 0; i < WORK_N; i++)
		factor[i * WORK_N + i] *= 1.0 + damping;
	if (!cholesky(factor, WORK_N))
		return false;
	memcpy(g, b->gradient, sizeof g);
	cholesky_forward(factor, WORK_N, g);
	{
		double rows[DEVICE_N][WORK_N];

		memcpy(rows, b->cross, sizeof rows);
		for (size_t a = 0; a < DEVICE_N; a++)
			cholesky_forward(factor, WORK_N, rows[a]);
		for (size_t a = 0; a < DEVICE_N; a++) {
			for (size_t k = 0; k < WORK_N; k++)
				gradient[a] -= rows[a][k] * g[k];
			for (size_t c = 0; c < DEVICE_N; c++)
				for (size_t k = 0; k < WORK_N; k++)
					normal[a * DEVICE_N + c] -= rows[a][k] * rows[c][k];
		}
	}
	return true;
}

static bool solve(struct joint *j, double damping, double step[DEVICE_N])
{
	double normal[DEVICE_N * DEVICE_N], factor[WORK_N * WORK_N];

	memcpy(normal, j->normal, sizeof normal);
	memcpy(step, j->gradient, DEVICE_N * sizeof *step);
	for (size_t i = 0; i < DEVICE_N; i++)
		normal[i * DEVICE_N + i] *= 1.0 + damping;
	for (size_t w = 0; w < j->n; w++)
		if (!eliminate(&j->blocks[w], damping, normal, step, factor))
			return false;
	if (!cholesky(normal, DEVICE_N))
		return false;
	cholesky_forward(normal, DEVICE_N, step);
	cholesky_backward(normal, DEVICE_N, step);
	for (size_t w = 0; w < j->n; w++) {
		struct block *b = &j->blocks[w];
		double own[WORK_N];

		memcpy(factor, b->own, sizeof factor);
		for (size_t i = 0; i < WORK_N; i++)
			factor[i * WORK_N + i] *= 1.0 + damping;
		if (!cholesky(factor, WORK_N))
			return false;
		memcpy(own, b->gradient, sizeof own);
		for (size_t k = 0; k < WORK_N; k++)
			for (size_t a = 0; a < DEVICE_N; a++)
				own[k] -= b->cross[a][k] * step[a];
		cholesky_forward(factor, WORK_N, own);
		cholesky_backward(factor, WORK_N, own);
		for (size_t k = 0; k < WORK_N; k++)
			b->next[k] = j->sweeps[w].z[k] + fmin(fmax(own[k], -1.5), 1.5);
	}
	return true;
}

/* A damped step. @return whether it went downhill */
static bool step_try(struct joint *j, double damping)
{
	struct device_fit *fit = j->fit;
	struct figures f = fit->f;
	double step[DEVICE_N], z[DEVICE_N], cost;

	if (!solve(j, damping, step))
		return false;
	for (size_t i = 0; i < DEVICE_N; i++)
		z[i] = fit->z[i] + fmin(fmax(step[i], -1.0), 1.0);
	device_of(z, &f);
	cost = pull_cost(j, z);
	for (size_t w = 0; w < j->n; w++)
		cost += work_cost(&j->pulls, &f, &j->sweeps[w], &j->blocks[w], j->blocks[w].next);
	if (!(cost < fit->cost))
		return false;
	fit->cost = cost;
	fit->f = f;
	memcpy(fit->z, z, sizeof z);
	for (size_t w = 0; w < j->n; w++)
		memcpy(j->sweeps[w].z, j->blocks[w].next, sizeof j->sweeps[w].z);
	return true;
}

/* ----- beginnings */

/* Gap, compute and share of the highest power that a workload's descent begins with. */
static const double work_starts[][3] = {
	{0.2, 0.7, 1.0}, {0.05, 0.4, 1.0}, {0.5, 0.9, 1.3}, {0.9, 0.3, 0.7}, {0.05, 0.95, 1.3}};

#define WORK_STARTS (sizeof work_starts / sizeof work_starts[0])

static void work_begin(const struct joint *j, size_t w, size_t start, double z[WORK_N])
{
	const double *at = work_starts[start];
	const struct sweep *s = &j->sweeps[w];
	struct work work = {1.0, at[0], at[1], at[2], j->fit->f.gap_w, 1.0};
	double time = DBL_MAX, power = -DBL_MAX;

	for (size_t i = 0; i < s->n; i++) {
		time = fmin(time, s->obs[i].ln[0]);
		power = fmax(power, s->obs[i].ln[1]);
	}
	work.power_w *= exp(power);
	work_to(&work, z);
	z[WORK_TIME] = time;
}

static void centre_set(struct joint *j, size_t w)
{
	double *centre = j->blocks[w].centre;

	work_begin(j, w, 0, centre);
	for (size_t i = 0; j->pulls.like && i < PRIOR_N; i++)
		centre[i + 1] = j->pulls.like->mean[i];
}

/* Improves one workload's parameters on a device that is held. @return its cost */
static double work_descend(struct joint *j, size_t w, double *memory)
{
	struct sweep *s = &j->sweeps[w];
	struct block *b = &j->blocks[w];
	double damping = 1e-2, cost = work_cost(&j->pulls, &j->fit->f, s, b, s->z);

	for (unsigned i = 0; i < WORK_STEPS && damping < 1e8; i++) {
		double factor[WORK_N * WORK_N], next[WORK_N], at;

		block_fill(j, w, memory, memory + 2 * s->n);
		memcpy(factor, b->own, sizeof factor);
		for (size_t k = 0; k < WORK_N; k++)
			factor[k * WORK_N + k] *= 1.0 + damping;
		memcpy(next, b->gradient, sizeof next);
		if (!cholesky(factor, WORK_N))
			break;
		cholesky_forward(factor, WORK_N, next);
		cholesky_backward(factor, WORK_N, next);
		for (size_t k = 0; k < WORK_N; k++)
			next[k] = s->z[k] + fmin(fmax(next[k], -1.5), 1.5);
		at = work_cost(&j->pulls, &j->fit->f, s, b, next);
		if (!(at < cost)) {
			damping *= 8.0;
			continue;
		}
		memcpy(s->z, next, sizeof next);
		if (cost - at < CONVERGED * (1.0 + cost))
			break;
		cost = at;
		damping *= 0.1;
	}
	return work_cost(&j->pulls, &j->fit->f, s, b, s->z);
}

/* Each workload from every start, its present parameters among them; the best stays. */
static void works_restart(struct joint *j, bool keep)
{
	j->fit->cost = pull_cost(j, j->fit->z);
	for (size_t w = 0; w < j->n; w++) {
		struct sweep *s = &j->sweeps[w];
		double best = DBL_MAX, found[WORK_N];

		centre_set(j, w);
		for (size_t i = 0; i <= WORK_STARTS; i++) {
			double cost;

			if (i == WORK_STARTS && !keep)
				break;
			if (i < WORK_STARTS)
				work_begin(j, w, i, s->z);
			else
				memcpy(s->z, j->blocks[w].kept, sizeof s->z);
			cost = work_descend(j, w, j->memory);
			if (cost < best) {
				best = cost;
				memcpy(found, s->z, sizeof found);
			}
		}
		memcpy(s->z, found, sizeof found);
		j->fit->cost += best;
	}
}

static void iterate(struct joint *j)
{
	struct device_fit *fit = j->fit;
	double damping = 1e-2;

	for (unsigned i = 0; i < STEPS && damping < 1e9; i++, fit->steps++) {
		double before = fit->cost;

		equations(j);
		while (!step_try(j, damping) && damping < 1e9)
			damping *= 6.0;
		damping = fmax(1e-8, damping / 10.0);
		if (before - fit->cost < CONVERGED * (1.0 + fit->cost))
			break;
	}
}

/* From one start of the device: the joint descent, with workloads begun anew in between. */
static void run_from(struct joint *j, const double z[DEVICE_N])
{
	struct device_fit *fit = j->fit;

	memcpy(fit->z, z, sizeof fit->z);
	device_of(z, &fit->f);
	for (unsigned round = 0; round < ROUNDS; round++) {
		double before = fit->cost;

		for (size_t w = 0; w < j->n; w++)
			memcpy(j->blocks[w].kept, j->sweeps[w].z, sizeof j->blocks[w].kept);
		works_restart(j, round > 0);
		iterate(j);
		if (round && before - fit->cost < 1e-3 * (1.0 + fit->cost))
			break;
	}
}

/* What is not known of a workload, on a device that is held: the mean over workloads. */
static bool work_spread(struct joint *j)
{
	memset(j->fit->spread, 0, sizeof j->fit->spread);
	for (size_t w = 0; j->pulls.like && w < j->n; w++) {
		double factor[WORK_N * WORK_N], inverse[WORK_N * WORK_N];

		memcpy(factor, j->blocks[w].own, sizeof factor);
		if (!cholesky(factor, WORK_N))
			return false;
		cholesky_inverse(factor, WORK_N, inverse);
		for (size_t a = 0; a < PRIOR_N; a++)
			for (size_t b = 0; b < PRIOR_N; b++)
				j->fit->spread[a][b] +=
					inverse[(a + 1) * WORK_N + b + 1] / (double)j->n;
	}
	return true;
}

static hg_err uncertainty(struct joint *j)
{
	double normal[DEVICE_N * DEVICE_N], inverse[DEVICE_N * DEVICE_N], ignored[DEVICE_N] = {0};
	double factor[WORK_N * WORK_N];

	equations(j);
	memcpy(normal, j->normal, sizeof normal);
	for (size_t w = 0; w < j->n; w++)
		if (!eliminate(&j->blocks[w], 0.0, normal, ignored, factor))
			return HG_EINVAL;
	if (!cholesky(normal, DEVICE_N) || !work_spread(j))
		return HG_EINVAL;
	cholesky_inverse(normal, DEVICE_N, inverse);
	for (size_t i = 0; i < DEVICE_N; i++)
		j->fit->sd[i] = sqrt(inverse[i * DEVICE_N + i]);
	return HG_OK;
}

/* Static power, knee: where descents begin besides the centre, as moves of the mapped numbers. */
static const double device_starts[][2] = {{0, 0}, {-1.5, 0}, {1.5, 0}, {0, 1.2}, {-1.0, -1.0}};

#define DEVICE_STARTS (sizeof device_starts / sizeof device_starts[0])

static void best_start(struct joint *j, struct device_fit *best, struct sweep *found)
{
	struct device_fit *fit = j->fit;

	best->cost = DBL_MAX;
	for (size_t i = 0; i < DEVICE_STARTS; i++) {
		double z[DEVICE_N];

		memcpy(z, j->fit->centre, sizeof z);
		z[DEVICE_STATIC] += device_starts[i][0];
		z[DEVICE_KNEE] += device_starts[i][1];
		run_from(j, z);
		if (!(fit->cost < best->cost))
			continue;
		*best = *fit;
		memcpy(found, j->sweeps, j->n * sizeof *found);
	}
	best->steps = fit->steps;
}

/* @return false when the prior's covariance is none */
static bool pulls_init(struct pulls *p, const struct device_fit *fit)
{
	double a[PRIOR_N * PRIOR_N], precision[PRIOR_N * PRIOR_N];

	*p = (struct pulls){.like = fit->like};
	for (size_t k = 0; k < WORK_N; k++)
		p->root[k][k] = 1.0 / work_sd[k];
	if (!p->like)
		return true;
	memcpy(a, p->like->covariance, sizeof a);
	if (!cholesky(a, PRIOR_N))
		return false;
	cholesky_inverse(a, PRIOR_N, precision);
	if (!cholesky(precision, PRIOR_N))
		return false;
	for (size_t i = 0; i < PRIOR_N; i++)
		for (size_t k = 0; k < PRIOR_N; k++)
			p->root[i + 1][k + 1] = k < i ? 0.0 : precision[k * PRIOR_N + i];
	p->gap_ln = p->like->mean[WORK_GAPPOWER - 1] - log(fit->f.gap_w);
	return true;
}

static hg_err joint_init(struct joint *j, struct device_fit *fit, struct sweep *sweeps, size_t n)
{
	size_t most = 1;

	*j = (struct joint){.fit = fit, .sweeps = sweeps, .n = n};
	for (size_t w = 0; w < n; w++)
		most = sweeps[w].n > most ? sweeps[w].n : most;
	j->memory = calloc((DEVICE_N + WORK_N + 1) * 2 * most, sizeof *j->memory);
	j->blocks = calloc(n + 1, sizeof *j->blocks);
	if (!j->memory || !j->blocks)
		return HG_ENOMEM;
	return pulls_init(&j->pulls, fit) ? HG_OK : HG_EINVAL;
}

static void joint_finish(struct joint *j)
{
	free(j->memory);
	free(j->blocks);
}

hg_err device_fit_run(struct device_fit *fit, struct sweep *sweeps, size_t n)
{
	struct sweep *found = calloc(n + 1, sizeof *found);
	struct device_fit best;
	struct joint j;
	hg_err rc = joint_init(&j, fit, sweeps, n);

	if (!rc && !found)
		rc = HG_ENOMEM;
	if (!rc) {
		device_to(&fit->f, fit->centre);
		fit->steps = 0;
		best_start(&j, &best, found);
		*fit = best;
		memcpy(sweeps, found, n * sizeof *found);
		rc = best.cost < DBL_MAX ? uncertainty(&j) : HG_EINVAL;
	}
	joint_finish(&j);
	free(found);
	return rc;
}

hg_err device_fit_again(struct device_fit *fit, struct sweep *sweeps, size_t n)
{
	struct joint j;
	hg_err rc = joint_init(&j, fit, sweeps, n);

	if (!rc) {
		fit->cost = pull_cost(&j, fit->z);
		for (size_t w = 0; w < n; w++) {
			centre_set(&j, w);
			fit->cost +=
				work_cost(&j.pulls, &fit->f, &sweeps[w], &j.blocks[w], sweeps[w].z);
		}
		iterate(&j);
		rc = uncertainty(&j);
	}
	joint_finish(&j);
	return rc;
}
