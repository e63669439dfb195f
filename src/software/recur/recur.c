/* The questions that a caller may ask. */
#include <hourglass/recur.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/rng.h"
#include "core/size.h"
#include "model.h"

#define DRAWS  512
#define WITHIN 1.6448536269514722 /* standard deviations of a 90 % interval */

static const char *const policy_names[] = {
#define NAME(name, value, text) [value] = (text),
	HG_RECUR_POLICY_LIST(NAME)};
static const char *const state_names[] = {HG_RECUR_STATE_LIST(NAME)};
static const char *const reason_names[] = {HG_RECUR_REASON_LIST(NAME)
#undef NAME
};

const char *hg_recur_policy_name(uint32_t policy)
{
	return policy < sizeof policy_names / sizeof *policy_names ? policy_names[policy] : "?";
}

const char *hg_recur_state_name(uint32_t state)
{
	return state < sizeof state_names / sizeof *state_names ? state_names[state] : "?";
}

const char *hg_recur_reason_name(uint32_t reason)
{
	return reason < sizeof reason_names / sizeof *reason_names ? reason_names[reason] : "?";
}

/* Whether nothing at all is known or under way. */
static bool is_first(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (view_arm(v, i) != SIZE_MAX && i != v->asks &&
			v->trials[i].kin != HG_RECUR_SIMILAR_JOB)
			return false;
	return true;
}

/* Epochs that fit under a bound. At least one: before that nothing is learnt. */
static uint32_t epochs_within(const struct view *v, double bound_j, double epoch_j, uint32_t least)
{
	double fit = floor(bound_j / epoch_j * (1 + 1e-12));

	if (!(fit < v->job.max_epochs))
		return v->job.max_epochs;
	return fit > least ? (uint32_t)fit : least;
}

/* The default size, as nothing says otherwise. */
static void choose_first(const struct view *v, struct choice *c)
{
	size_t a = 0;

	while (v->job.batch_sizes[a] != v->job.default_size)
		a++;
	*c = (struct choice){.arm = a,
		.best = a,
		.bound_j = INFINITY,
		.best_j = NAN,
		.expected_j = NAN,
		.gain_j = NAN};
}

static uint32_t choose_by_policy(
	const struct model *m, const struct view *v, uint64_t seed, struct choice *c, bool *left)
{
	*left = true;
	if (v->job.policy != HG_RECUR_LEARN) {
		*left = baseline_choose(v, seed, c);
		return HG_RECUR_POLICY;
	}
	if (is_first(v) && !surely_alike(m)) {
		choose_first(v, c);
		return HG_RECUR_FIRST;
	}
	choose(m, v, SIZE_MAX, 0, c);
	if (m->reached == 0 && surely_alike(m)) {
		/* As long as nobody knows what is dear, no run is stopped, so none is a probe. */
		c->arm = c->best;
		c->bound_j = INFINITY;
	}
	if (m->p_fail[c->arm] >= v->job.confidence)
		return HG_RECUR_LAST;
	return c->arm == c->best ? HG_RECUR_BEST : HG_RECUR_LEARNING;
}

/* Figures in joules are unknown as long as no cost has been measured. */
static double joules(const struct model *m, double value)
{
	return m->n_costs > 0 ? value : (double)NAN;
}

/* As long as little is known, a few runs find out as much as many. */
static bool should_wait(const struct model *m, const struct view *v)
{
	return v->job.policy == HG_RECUR_LEARN && v->job.pilots > 0 &&
	       model_in_flight(m) >= v->job.pilots + m->reached;
}

hg_err recur_decide(
	const struct view *v, uint64_t seed, struct model *m, hg_recur_decision *d, hg_error *why)
{
	struct choice c;
	bool left;
	hg_err err = model_build(m, v, v->job.policy != HG_RECUR_LEARN, why);

	if (err)
		return err;
	memset(d, 0, sizeof *d);
	d->size = sizeof *d;
	d->reason = choose_by_policy(m, v, seed, &c, &left);
	d->index = (uint32_t)c.arm;
	d->batch_size = v->job.batch_sizes[c.arm];
	d->best_index = (uint32_t)c.best;
	d->dropped = m->n_dropped;
	d->exhausted = !left;
	d->epoch_j = exp(m->cost.mean[c.arm]);
	d->max_epochs = epochs_within(v, c.bound_j, d->epoch_j, v->job.policy != HG_RECUR_ZEUS);
	d->epoch_j = joules(m, d->epoch_j);
	d->bound_j = isfinite(c.bound_j) ? joules(m, c.bound_j) : c.bound_j;
	d->expected_j = joules(m, c.expected_j);
	d->best_j = isfinite(c.best_j) ? joules(m, c.best_j) : (double)NAN;
	d->gain_j = joules(m, c.gain_j);
	d->regime = m->regime;
	d->wait = should_wait(m, v);
	d->has_setting = view_pick(v, c.arm, &d->pick, &err, why);
	return err;
}

hg_err hg_recur_next(const hg_recur_job *job, const hg_recur_trial *trials, size_t n, uint64_t seed,
	hg_recur_decision *out, hg_error *why)
{
	struct view v;
	struct model *m;
	hg_recur_decision d;
	hg_err err = view_check(&v, job, trials, n, why);

	if (err)
		return err;
	if (!out || out->size < sizeof out->size)
		return fail(why, HG_EINVAL, "decision: size is not set");
	m = malloc(sizeof *m);
	if (!m)
		return fail(why, HG_ENOMEM, "no memory for what is known of the job");
	err = recur_decide(&v, seed, m, &d, why);
	if (err == HG_OK)
		size_write(out, &d, sizeof d);
	free(m);
	return err;
}

/* What it has cost is gone: what counts is what going on still costs, and tells. */
static void judge(const struct model *m, const struct view *v, size_t arm, hg_recur_check_result *r)
{
	const hg_recur_trial *t = &v->trials[v->asks];
	double epoch = exp(m->cost.mean[arm]), spent = known(t->epochs) ? t->epochs * epoch : 0;
	struct choice c;

	if (v->job.policy == HG_RECUR_LEARN)
		choose(m, v, arm, spent, &c);
	else
		(void)baseline_choose(v, 0, &c);
	if (is_first(v) && !surely_alike(m))
		c.bound_j = INFINITY;
	r->bound_j = isfinite(c.bound_j) ? joules(m, c.bound_j) : c.bound_j;
	r->spent_j = view_trial_cost(v, t);
	r->max_epochs = epochs_within(v, c.bound_j, epoch, 1);
	r->verdict =
		known(t->epochs) && t->epochs >= r->max_epochs ? HG_RECUR_STOP : HG_RECUR_CONTINUE;
}

hg_err hg_recur_check(const hg_recur_job *job, const hg_recur_trial *trials, size_t n,
	size_t running, hg_recur_check_result *out, hg_error *why)
{
	hg_recur_check_result r = {.size = sizeof r};
	struct view v;
	struct model *m;
	size_t arm;
	hg_err err = view_check(&v, job, trials, n, why);

	if (err)
		return err;
	if (!out || out->size < sizeof out->size)
		return fail(why, HG_EINVAL, "result: size is not set");
	arm = running < n ? view_arm(&v, running) : SIZE_MAX;
	if (arm == SIZE_MAX || trials[running].state != HG_RECUR_RUNNING)
		return fail(
			why, HG_EINVAL, "trial %zu: expected a running trial of the job", running);
	m = malloc(sizeof *m);
	if (!m)
		return fail(why, HG_ENOMEM, "no memory for what is known of the job");
	/* That it has not reached its target so far is known; how long it will take is judged. */
	v.asks = running;
	err = model_build(m, &v, v.job.policy != HG_RECUR_LEARN, why);
	if (err == HG_OK) {
		judge(m, &v, arm, &r);
		size_write(out, &r, sizeof r);
	}
	free(m);
	return err;
}

/* Lower triangle of the covariance of log costs; what rounding made negative is 0. */
static void factorise(const struct model *m, double (*chol)[HG_RECUR_MAX_SIZES])
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t j = 0; j <= i; j++) {
			double s = m->epochs.cov[i][j] + m->cost.cov[i][j];

			for (size_t l = 0; l < j; l++)
				s -= chol[i][l] * chol[j][l];
			if (i == j)
				chol[i][j] = sqrt(fmax(s, 1e-12));
			else
				chol[i][j] = s / chol[j][j];
		}
}

/* How often each size is the cheapest among draws of all. */
static void draw_best(const struct model *m, hg_recur_belief *b, double (*chol)[HG_RECUR_MAX_SIZES])
{
	struct rng rng;
	unsigned wins[HG_RECUR_MAX_SIZES] = {0};
	double z[HG_RECUR_MAX_SIZES];

	factorise(m, chol);
	rng_init(&rng, 1);
	for (int i = 0; i < DRAWS; i++) {
		double least = INFINITY;
		size_t best = 0;

		for (size_t j = 0; j < m->n; j++) {
			double y = m->epochs.mean[j] + m->cost.mean[j];

			z[j] = rng_normal(&rng);
			for (size_t l = 0; l <= j; l++)
				y += chol[j][l] * z[l];
			if (!m->dropped[j] && y < least) {
				least = y;
				best = j;
			}
		}
		wins[best]++;
	}
	for (size_t j = 0; j < m->n; j++)
		b[j].p_best = (double)wins[j] / DRAWS;
}

static void describe(const struct model *m, const struct view *v, size_t a, hg_recur_belief *b)
{
	double e = m->epochs.mean[a], c = m->cost.mean[a];
	double e_sd = sqrt(m->epochs.cov[a][a]), c_sd = sqrt(fmax(0, m->cost.cov[a][a]));
	double sd = hypot(e_sd, c_sd), s2 = m->noise * m->noise;

	*b = (hg_recur_belief){.size = sizeof *b,
		.batch_size = v->job.batch_sizes[a],
		.runs = m->runs[a],
		.failures = m->failed[a],
		.dropped = m->dropped[a],
		.cost_known = m->cost_known[a],
		.epochs = exp(e),
		.epochs_lo = exp(e - WITHIN * e_sd),
		.epochs_hi = exp(e + WITHIN * e_sd),
		.epoch_j = joules(m, exp(c)),
		.epoch_lo_j = joules(m, exp(c - WITHIN * c_sd)),
		.epoch_hi_j = joules(m, exp(c + WITHIN * c_sd)),
		.cost_j = joules(m, exp(e + c + 0.5 * (sd * sd + s2))),
		.cost_lo_j = joules(m, exp(e + c - WITHIN * sd)),
		.cost_hi_j = joules(m, exp(e + c + WITHIN * sd)),
		.p_fail = m->p_fail[a]};
}

hg_err recur_believe(const struct view *v, const struct model *m, hg_recur_belief *b, hg_error *why)
{
	double(*chol)[HG_RECUR_MAX_SIZES] = calloc(HG_RECUR_MAX_SIZES, sizeof *chol);

	if (!chol)
		return fail(why, HG_ENOMEM, "no memory for draws");
	for (size_t a = 0; a < m->n; a++)
		describe(m, v, a, &b[a]);
	draw_best(m, b, chol);
	free(chol);
	return HG_OK;
}

hg_err hg_recur_believe(const hg_recur_job *job, const hg_recur_trial *trials, size_t n,
	hg_recur_belief *out, size_t room, hg_error *why)
{
	hg_recur_belief b[HG_RECUR_MAX_SIZES];
	struct view v;
	struct model *m;
	hg_err err = view_check(&v, job, trials, n, why);

	if (err)
		return err;
	if (!out || room < v.job.n_sizes)
		return fail(why, HG_EINVAL, "beliefs: expected room for %u, found %zu",
			v.job.n_sizes, out ? room : 0);
	for (size_t a = 0; a < v.job.n_sizes; a++)
		if (out[a].size < sizeof out[a].size)
			return fail(why, HG_EINVAL, "belief %zu: size is not set", a);
	m = malloc(sizeof *m);
	if (!m)
		return fail(why, HG_ENOMEM, "no memory for what is known of the job");
	err = model_build(m, &v, false, why);
	if (err == HG_OK)
		err = recur_believe(&v, m, b, why);
	for (size_t a = 0; err == HG_OK && a < m->n; a++)
		size_write(&out[a], &b[a], sizeof b[a]);
	free(m);
	return err;
}
