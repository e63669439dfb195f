/*
 * Policies to compare with. Zeus (NSDI'23, section 4; its server's order of events): two rounds of
 * pruning, each from the default size downwards and then upwards until a run fails, with the
 * cheapest size as the next round's default; then a Gaussian bandit over the sizes that are left.
 * The state is what a replay of the trials gives: the k-th run of a size belongs to round k.
 */
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "model.h"

#define ROUNDS 2
/* A size that is too dear for a single epoch is told to have cost so many times the bound. */
#define PENALTY 100

/* Replay of the pruning. */
struct pruning {
	const struct view *v;
	uint32_t used[HG_RECUR_MAX_SIZES]; /* runs of each size that rounds have taken */
	bool good[HG_RECUR_MAX_SIZES];     /* survived this round so far */
	bool in[HG_RECUR_MAX_SIZES];       /* survived the last one */
	size_t middle;                     /* where a round begins */
	double least_j;                    /* in this round */
	size_t next;                       /* cheapest of this round */
	size_t wanted;                     /* the size to run now; SIZE_MAX: pruning is over */
	bool pending;                      /* it is running already */
};

static bool counts(const struct view *v, size_t i)
{
	return v->trials[i].kin == HG_RECUR_OWN && v->trials[i].state != HG_RECUR_KILLED;
}

/* The k-th run of a size; NULL: there is none yet. */
static const hg_recur_trial *nth_run(const struct view *v, size_t arm, uint32_t k)
{
	for (size_t i = 0; i < v->n; i++)
		if (view_arm(v, i) == arm && counts(v, i) && k-- == 0)
			return &v->trials[i];
	return NULL;
}

/* Takes one run of a size. @return whether to go on in this direction */
static bool prune_one(struct pruning *p, size_t arm)
{
	const hg_recur_trial *t = nth_run(p->v, arm, p->used[arm]);
	double cost;

	if (!t || t->state == HG_RECUR_RUNNING) {
		p->wanted = arm;
		p->pending = t != NULL;
		return false;
	}
	p->used[arm]++;
	if (t->state != HG_RECUR_REACHED)
		return false;
	p->good[arm] = true;
	cost = view_trial_cost(p->v, t);
	if (cost < p->least_j) {
		p->least_j = cost;
		p->next = arm;
	}
	return true;
}

static void prune_round(struct pruning *p, size_t n)
{
	memset(p->good, 0, sizeof p->good);
	p->least_j = INFINITY;
	p->next = p->middle;
	for (size_t a = p->middle + 1; a-- > 0;)
		if (p->in[a] && !prune_one(p, a))
			break;
	for (size_t a = p->middle + 1; a < n && p->wanted == SIZE_MAX; a++)
		if (p->in[a] && !prune_one(p, a))
			break;
	memcpy(p->in, p->good, sizeof p->in);
	p->middle = p->next;
}

static double least_cost(const struct view *v, size_t *arm)
{
	double least = INFINITY;

	for (size_t i = 0; i < v->n; i++) {
		size_t a = view_arm(v, i);
		double cost = view_trial_cost(v, &v->trials[i]);

		if (a == SIZE_MAX || !counts(v, i) || v->trials[i].state != HG_RECUR_REACHED ||
			!(cost < least))
			continue;
		least = cost;
		*arm = a;
	}
	return least;
}

/* Costs of a size's runs as the bandit sees them. */
static void arm_costs(
	const struct view *v, size_t arm, double least, double *n, double *mean, double *var)
{
	double sum = 0, squares = 0;

	*n = 0;
	for (size_t i = 0; i < v->n; i++) {
		double cost = view_trial_cost(v, &v->trials[i]);

		if (view_arm(v, i) != arm || !counts(v, i) ||
			v->trials[i].state == HG_RECUR_RUNNING)
			continue;
		if (!known(v->trials[i].epochs))
			cost = PENALTY * v->job.beta * least;
		if (!isfinite(cost))
			continue;
		(*n)++;
		sum += cost;
		squares += cost * cost;
	}
	*mean = *n > 0 ? sum / *n : 0;
	*var = *n > 0 ? fmax(0, squares / *n - *mean * *mean) : 0;
}

static size_t thompson(
	const struct view *v, const bool *in, double least, struct rng *rng, size_t fallback)
{
	double best = INFINITY, n, mean, var;
	size_t arm = fallback;

	for (size_t a = 0; a < v->job.n_sizes; a++) {
		double draw = rng_normal(rng);

		if (!in[a])
			continue;
		arm_costs(v, a, least, &n, &mean, &var);
		draw = n >= 2 ? mean + draw * sqrt(var / n) : -INFINITY;
		if (draw < best) {
			best = draw;
			arm = a;
		}
	}
	return arm;
}

static size_t default_arm(const struct view *v)
{
	size_t a = 0;

	while (v->job.batch_sizes[a] != v->job.default_size)
		a++;
	return a;
}

/* @return false: everything has been pruned */
static bool zeus(const struct view *v, struct rng *rng, double least, size_t *arm)
{
	struct pruning p = {.v = v, .wanted = SIZE_MAX, .middle = default_arm(v)};
	bool left = false;

	for (size_t a = 0; a < v->job.n_sizes; a++)
		p.in[a] = true;
	for (int round = 0; round < ROUNDS && p.wanted == SIZE_MAX; round++)
		prune_round(&p, v->job.n_sizes);
	if (p.wanted != SIZE_MAX) {
		if (!p.pending)
			*arm = p.wanted;
		return true;
	}
	for (size_t a = 0; a < v->job.n_sizes; a++)
		left |= p.in[a];
	if (left)
		*arm = thompson(v, p.in, least, rng, *arm);
	return left;
}

/* Every size once, in order, then the cheapest by its mean. */
static size_t grid(const struct view *v, double least, size_t fallback)
{
	double best = INFINITY, n, mean, var;
	size_t arm = fallback;

	for (size_t a = 0; a < v->job.n_sizes; a++) {
		const hg_recur_trial *t = nth_run(v, a, 0);

		if (!t)
			return a;
		arm_costs(v, a, least, &n, &mean, &var);
		if (t->state == HG_RECUR_REACHED && n > 0 && mean < best) {
			best = mean;
			arm = a;
		}
	}
	return arm;
}

bool baseline_choose(const struct view *v, uint64_t seed, struct choice *out)
{
	struct rng rng;
	bool left = true;
	size_t arm = default_arm(v);
	double least = least_cost(v, &arm);

	rng_init(&rng, seed ^ (v->n + 1) * 0x9e3779b97f4a7c15u);
	*out = (struct choice){.best = arm, .best_j = least, .bound_j = v->job.beta * least};
	if (v->job.policy == HG_RECUR_ZEUS) {
		left = zeus(v, &rng, least, &arm);
	} else if (v->job.policy == HG_RECUR_GRID) {
		arm = grid(v, least, arm);
	} else {
		arm = v->job.policy == HG_RECUR_RANDOM ? (size_t)rng_below(&rng, v->job.n_sizes)
						       : default_arm(v);
		out->bound_j = INFINITY;
	}
	out->arm = arm;
	out->expected_j = NAN;
	out->gain_j = NAN;
	return left;
}
