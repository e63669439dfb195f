/*
 * The knowledge gradient with a bound.
 *
 * A run of size b ends after a random cost y, or at a bound if that comes first; then the job
 * starts again with the best size known. What y tells moves the expected costs of all sizes along
 * one direction, so the least expected cost after the run is a function of one normal number z.
 * Over a grid of z, in order of y, each prefix is a bound: results below it are seen, of those
 * above it only that they are. The sum of expected cost and horizon * expected least cost
 * afterwards is minimised over sizes and bounds at once.
 */
#include <math.h>

#include "model.h"

/* The grid: middles of slices of the standard normal, and the edges between. */
#define SLICES 15
/*
 * What a run tells is weighed as if its own scatter had a tenth of the variance: with all of it,
 * one more run of a size that is nearly as good looks worthless, and several together are not.
 */
#define SCATTER_SEEN 0.1

/* After so many failures in a row, more than are running, nothing is tried but the best. */
#define PATIENCE 2

/* A size is risky from this probability to fail on, and is given no less than that chance. */
#define RISK         0.001
#define LEAST_CHANCE 0.001

/* Of an epoch, on top of a bound: the cost of an epoch is not known to the last digit. */
#define MARGIN 0.25
/* Part of a run after which its metric is looked at. */
#define GLANCE 0.125
/* Weights of similarity below and above which there is no doubt; octaves of a step in doubt. */
#define UNLIKE       0.05
#define SURELY_ALIKE 0.9
#define STEP         1.01
/* Of an epoch: what a run that should be over still takes. */
#define HALF 0.5

static const double edge[SLICES - 1] = {-2.25, -1.675, -1.275, -0.95, -0.65, -0.375, -0.125, 0.125,
	0.375, 0.65, 0.95, 1.275, 1.675, 2.25};

/* Probability of each slice, and its mean. */
struct grid {
	double p[SLICES], z[SLICES];
};

/* One candidate's arithmetic. */
struct look {
	const struct model *m;
	struct grid grid;
	size_t live[HG_RECUR_MAX_SIZES], n_live; /* sizes that are not dropped */
	double mean[HG_RECUR_MAX_SIZES];         /* of log cost, by arm */
	double var[HG_RECUR_MAX_SIZES];
	double most[HG_RECUR_MAX_SIZES]; /* log of the cost of max_epochs */
	bool risky[HG_RECUR_MAX_SIZES];  /* may well not make it within them */
	double horizon;
	double cap;                              /* log of the most that a run may cost */
	double spent;                            /* what it has cost: it is under way */
	double part[HG_RECUR_MAX_SIZES][SLICES]; /* expected cost x probability, by live size */
	double left[HG_RECUR_MAX_SIZES];         /* of it, what lies above the bound */
};

static void grid_init(struct grid *g)
{
	double below = 0, density = 0;

	for (int i = 0; i < SLICES; i++) {
		bool last = i == SLICES - 1;
		double upto = last ? 1 : 1 - upper_tail(edge[i]);
		double d =
			last ? 0 : exp(-0.5 * edge[i] * edge[i]) / sqrt(2 * 3.14159265358979323846);

		g->p[i] = upto - below;
		g->z[i] = (density - d) / g->p[i];
		below = upto;
		density = d;
	}
}

/*
 * Expected cost until a run of size j reaches the target, runs that are out of epochs included: the
 * log of a run's cost is normal with this mean and variance, and a run ends at `most`. With P the
 * probability to make it, 1 / P runs are needed, of E[min(cost, most)] each.
 */
static double cost_to_target(const struct look *l, size_t j, double mean, double var)
{
	double sd = sqrt(var), late, made;

	if (!l->risky[j])
		return exp(mean + 0.5 * var);
	late = (l->most[j] - mean) / sd;
	made = fmax(LEAST_CHANCE, 1 - upper_tail(late));
	return (exp(mean + 0.5 * var) * upper_tail(sd - late) +
		       exp(l->most[j]) * upper_tail(late)) /
	       made;
}

static double expected_cost(const struct look *l, size_t arm)
{
	return cost_to_target(l, arm, l->mean[arm], l->var[arm] + l->m->noise * l->m->noise);
}

/* Expected costs of all live sizes in each slice of the candidate's result, which is seen with that
 * much scatter. */
static double fill_parts(struct look *l, size_t b, double seen_var)
{
	const struct model *m = l->m;
	double s2 = m->noise * m->noise, sd = sqrt(l->var[b] + seen_var), now = INFINITY;

	for (size_t k = 0; k < l->n_live; k++) {
		size_t j = l->live[k];
		double d = (m->epochs.cov[b][j] + m->cost.cov[b][j]) / sd;
		double rest = fmax(l->var[j] - d * d, 0) + s2;

		l->left[k] = 0;
		for (int q = 0; q < SLICES; q++) {
			l->part[k][q] = l->grid.p[q] *
					cost_to_target(l, j, l->mean[j] + d * l->grid.z[q], rest);
			l->left[k] += l->part[k][q];
		}
		now = fmin(now, l->left[k]);
	}
	return now;
}

/* Takes slice q out of what lies above. @return the least expected cost in it */
static double take_slice(struct look *l, int q)
{
	double least = INFINITY;

	for (size_t k = 0; k < l->n_live; k++) {
		l->left[k] -= l->part[k][q];
		least = fmin(least, l->part[k][q]);
	}
	return least;
}

static double least_left(const struct look *l)
{
	double least = INFINITY;

	for (size_t k = 0; k < l->n_live; k++)
		least = fmin(least, l->left[k]);
	return least;
}

/* A bound as the nearest number of whole epochs, but within the cap: a target is met at the end of
 * an epoch. */
static double whole_epochs(const struct look *l, size_t b, double log_cost)
{
	double epoch = l->m->cost.mean[b], most = floor(exp(l->cap - epoch) + 1e-6);

	return exp(epoch) * (fmax(1, fmin(most, floor(exp(log_cost - epoch) + 0.5))) + MARGIN);
}

/* What a run that comes to `cost` in all still costs: an epoch that has begun is finished. */
static double rest_of(const struct look *l, size_t b, double cost)
{
	return fmax(cost - l->spent, HALF * exp(l->m->cost.mean[b]));
}

/* The best bound of size b. @return its score, smaller is better; INFINITY: even its cheapest
 * result is beyond the cap */
static double try_size(struct look *l, size_t b, struct choice *c)
{
	double sd = sqrt(l->var[b] + l->m->noise * l->m->noise), best = INFINITY;
	double now = fill_parts(l, b, SCATTER_SEEN * l->m->noise * l->m->noise),
	       cap = fmax(l->cap, l->m->cost.mean[b]);
	double cost = 0, value = 0, above = 1;

	if (l->spent > 0) {
		best = (1 + l->horizon) * now;
		*c = (struct choice){.arm = b, .bound_j = l->spent, .expected_j = now};
	}
	for (int q = 0; q < SLICES; q++) {
		double y = l->mean[b] + sd * l->grid.z[q], bound, total, after;

		if (y > cap)
			break;
		cost += l->grid.p[q] * rest_of(l, b, exp(y));
		value += take_slice(l, q);
		above -= l->grid.p[q];
		bound = whole_epochs(l, b, q < SLICES - 1 ? l->mean[b] + sd * edge[q] : cap);
		if (bound <= l->spent)
			continue;
		total = q < SLICES - 1 ? cost + above * (rest_of(l, b, bound) + now) : cost;
		after = value + (q < SLICES - 1 ? least_left(l) : 0);
		if (total + l->horizon * after < best) {
			best = total + l->horizon * after;
			*c = (struct choice){.arm = b,
				.bound_j = bound,
				.expected_j = total,
				.gain_j = fmax(0, now - after)};
		}
	}
	return best;
}

/* What one more glance at a run's metric would scatter by; done: epochs at the last one. */
static double glance_var(const struct look *l, size_t b, double done, double more)
{
	double need = exp(l->m->epochs.mean[b]), var = curve_var(need, done + more);

	/* Only what it has not told so far is new. */
	if (done >= 1)
		var = 1 / fmax(1e-6, 1 / var - 1 / curve_var(need, done));
	return var + SCATTER_SEEN * l->m->noise * l->m->noise;
}

/*
 * A run that is watched tells early how it compares, and may be left for a better size then: the
 * price of a glance is that of a part of its epochs. @return the score of doing so
 */
static double try_glance(struct look *l, size_t b, struct choice *c)
{
	double epoch = exp(l->m->cost.mean[b]), done = l->spent / epoch;
	double more = fmax(1, floor(exp(l->m->epochs.mean[b]) * GLANCE)), total = 0, after = 0;
	double now = fill_parts(l, b, glance_var(l, b, done, more));
	size_t mine = 0;

	while (mine < l->n_live && l->live[mine] != b)
		mine++;
	if (mine == l->n_live || (l->spent > 0 && l->spent + epoch > exp(l->cap)))
		return INFINITY;
	for (int q = 0; q < SLICES; q++) {
		double p = l->grid.p[q], least = take_slice(l, q);

		after += least;
		total += fmin(p * rest_of(l, b, l->part[mine][q] / p), p * more * epoch + least);
	}
	*c = (struct choice){.arm = b,
		.bound_j = exp(l->cap),
		.expected_j = total,
		.gain_j = fmax(0, now - after)};
	return total + l->horizon * after;
}

static void look_init(struct look *l, const struct model *m, const struct view *v)
{
	l->m = m;
	l->horizon = v->job.horizon;
	l->n_live = 0;
	l->cap = INFINITY;
	grid_init(&l->grid);
	for (size_t a = 0; a < m->n; a++) {
		l->mean[a] = m->epochs.mean[a] + m->cost.mean[a];
		l->var[a] = m->epochs.cov[a][a] + m->cost.cov[a][a];
		l->most[a] = log(v->job.max_epochs + 0.5) + m->cost.mean[a];
		l->risky[a] = m->p_fail[a] > RISK;
		if (!m->dropped[a])
			l->live[l->n_live++] = a;
	}
}

static double alike(const struct model *m)
{
	return fmin(m->alike_cost, m->alike_epochs);
}

bool surely_alike(const struct model *m)
{
	return alike(m) >= SURELY_ALIKE;
}

/* Size b against the best so far. */
static void consider(
	struct look *l, const struct view *v, size_t b, double *top, struct choice *out)
{
	struct choice c = {.arm = b, .expected_j = out->best_j}, g;
	double score;

	l->cap = fmin(log(v->job.beta * out->best_j), log(v->job.max_epochs) + l->m->cost.mean[b]);
	c.bound_j = fmax(exp(l->cap), (1 + MARGIN) * exp(l->m->cost.mean[b]));
	score = try_size(l, b, &c);
	if (v->job.watched) {
		double glance = try_glance(l, b, &g);

		if (glance < score) {
			score = glance;
			g.bound_j =
				fmax(c.bound_j, l->spent + (1 + MARGIN) * exp(l->m->cost.mean[b]));
			c = g;
		}
	}
	/* Going on with the best costs what it costs, whatever slices and bounds make of it. */
	if (b == out->best)
		score = fmin(score, (1 + l->horizon) * out->best_j);
	if (!(score < *top))
		return;
	*top = score;
	out->arm = b;
	out->bound_j = c.bound_j;
	out->expected_j = c.expected_j;
	out->gain_j = c.gain_j;
}

/*
 * Where only other jobs say what far sizes are like, and are not known to be alike, it is gone
 * there by steps: an octave down an epoch has twice the steps, and costs no more than twice as
 * much.
 */
static void keep_near(const struct model *m, const struct view *v, bool *near)
{
	double low = 0, high = 0;
	bool unsure = alike(m) > UNLIKE && !surely_alike(m);

	for (size_t i = 0; i < v->n; i++) {
		size_t arm = view_arm(v, i);

		if (arm == SIZE_MAX || v->trials[i].kin == HG_RECUR_SIMILAR_JOB)
			continue;
		low = fmin(low, m->x[arm]);
		high = fmax(high, m->x[arm]);
	}
	for (size_t a = 0; a < m->n; a++)
		near[a] = !unsure || (m->x[a] >= low - STEP && m->x[a] <= high + STEP);
	/* sizes may be further apart than a step */
	for (size_t a = 0; a + 1 < m->n; a++) {
		near[a] |= m->x[a + 1] == low;
		near[a + 1] |= m->x[a] == high;
	}
}

/* A job that turns out to be alike tells where to go before any run has come to its target: what
 * this one would teach, the best size teaches as well. */
static bool leaves(const struct look *l, size_t only, const struct choice *out)
{
	return surely_alike(l->m) && only != SIZE_MAX && only != out->best &&
	       expected_cost(l, only) - l->spent > out->best_j;
}

/* Whether a size may be tried for what it tells: what a run of it that is under way will tell
 * need not be bought again. Before the target has been reached looks tell less than runs. */
static bool worth_a_try(const struct model *m, const struct choice *c, size_t b)
{
	return b == c->best || m->reached == 0 || m->in_flight[b] == 0;
}

void choose(const struct model *m, const struct view *v, size_t only, double spent_j,
	struct choice *out)
{
	struct look l;
	bool near[HG_RECUR_MAX_SIZES] = {false};
	double top = INFINITY;

	look_init(&l, m, v);
	keep_near(m, v, near);
	l.spent = spent_j;
	*out = (struct choice){.best = l.live[0], .best_j = INFINITY};
	for (size_t k = 0; k < l.n_live; k++)
		if (near[l.live[k]] && expected_cost(&l, l.live[k]) < out->best_j) {
			out->best_j = expected_cost(&l, l.live[k]);
			out->best = l.live[k];
		}
	out->arm = only == SIZE_MAX ? out->best : only;
	out->bound_j = exp(m->cost.mean[out->arm]) * (1 + MARGIN);
	out->expected_j = out->best_j;
	if (only == SIZE_MAX && m->in_a_row > PATIENCE)
		only = out->best;
	for (size_t k = 0; k < l.n_live && only == SIZE_MAX; k++)
		if (near[l.live[k]] && worth_a_try(m, out, l.live[k]))
			consider(&l, v, l.live[k], &top, out);
	if (only != SIZE_MAX)
		consider(&l, v, only, &top, out);
	/* Until the target has been seen once, nobody knows what is dear; nor when nothing works.
	 */
	if ((m->reached == 0 && !m->compared) || m->in_a_row > 2 * PATIENCE)
		out->bound_j = leaves(&l, only, out) ? spent_j : INFINITY;
}
