#include "model.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "prior.h"

/* sd of the log of a measured cost of an epoch: meters and rounding. */
#define COST_NOISE 0.002
/* Before anything is known a run is thought to need this part of the epochs that it may have. */
#define LEVEL_GUESS 0.4
/* The target is met at the end of an epoch: what was not met after n was not met before n + 1,
 * which a smooth number of epochs puts in the middle. */
#define HALF_EPOCH 0.5
/* Odds that a size is broken (its runs die), and kills per run of one that is not, with the weight
 * of that guess in runs. */
#define BROKEN_ODDS 0.02
#define KILL_RATE   0.125
#define KILL_WEIGHT 8
/* Probability that a job that is said to be alike is. */
#define ALIKE_AT_FIRST 0.65
#define LEAST_TRUST    0.5
/* Of alike jobs, those whose epochs cost the same; sd of the log between such, and between any. */
#define SAME_LEVEL    0.5
#define SAME_LEVEL_SD 0.03
#define ANY_LEVEL_SD  3
/* A run that was stopped at once is no failure, but many of them are one. */
#define LEAST_WASTE 0.2

/* Cost of an epoch as the trial saw it; NAN unknown. */
static double epoch_cost(const struct view *v, const hg_recur_trial *t)
{
	double e = t->epoch_energy_j, s = t->epoch_time_s;

	if (!known(e))
		e = known(t->epochs) ? t->energy_j / t->epochs : (double)NAN;
	if (!known(s))
		s = known(t->epochs) ? t->time_s / t->epochs : (double)NAN;
	return view_cost(v, e, s);
}

/* Mean log cost of an epoch per size, of the trials of one kin. @return how many sizes */
static size_t see_costs(
	const struct view *v, uint32_t first_kin, uint32_t last_kin, struct evidence *seen)
{
	double sum[HG_RECUR_MAX_SIZES] = {0}, count[HG_RECUR_MAX_SIZES] = {0};
	size_t sizes = 0;

	memset(seen, 0, v->job.n_sizes * sizeof *seen);
	for (size_t i = 0; i < v->n; i++) {
		size_t arm = view_arm(v, i);
		double cost = epoch_cost(v, &v->trials[i]);

		if (arm == SIZE_MAX || !known(cost) || v->trials[i].kin < first_kin ||
			v->trials[i].kin > last_kin)
			continue;
		sum[arm] += log(cost);
		count[arm]++;
	}
	for (size_t a = 0; a < v->job.n_sizes; a++)
		if (count[a] > 0) {
			evidence_add(&seen[a], sum[a] / count[a], COST_NOISE);
			sizes++;
		}
	return sizes;
}

static double mean_of(const struct evidence *seen, size_t n)
{
	double sum = 0, count = 0;

	for (size_t i = 0; i < n; i++)
		if (seen[i].weight > 0) {
			sum += seen[i].mean;
			count++;
		}
	return count > 0 ? sum / count : 0;
}

/* Until one cost is known only their ratios matter, so the default's stands for the unit. */
static void fix_level(const struct model *m, struct evidence *own)
{
	for (size_t a = 0; a < m->n; a++)
		if (m->x[a] == 0)
			evidence_add(&own[a], m->cost.mean[a], COST_NOISE);
}

/* Weight of the belief that another job is alike, by log odds of what both foretold. */
static double trust(double odds)
{
	double p = 1 / (1 + exp(fmin(-odds, 50)) * (1 - ALIKE_AT_FIRST) / ALIKE_AT_FIRST);

	/* Half a belief in what is wrong costs more than half of one in what is right saves. */
	return p < LEAST_TRUST ? 0 : p;
}

/*
 * Another target or optimiser leaves the cost of an epoch as it is, and chance hardly does. So the
 * level tells whether this is the same training, though not what another one is like.
 * @return log odds of "alike" by it
 */
static double odds_of_level(const struct belief *kin, const struct evidence *own)
{
	double gap = 0, n = 0, z;

	for (size_t a = 0; a < kin->n; a++)
		if (own[a].weight > 0) {
			gap += own[a].mean - kin->mean[a];
			n++;
		}
	if (n == 0)
		return 0;
	z = gap / n / SAME_LEVEL_SD;
	return log(1 - SAME_LEVEL + SAME_LEVEL * ANY_LEVEL_SD / SAME_LEVEL_SD * exp(-0.5 * z * z));
}

/* Of another job only the shape counts: what is believed moves to what was seen of this one, or
 * at the default size to a level. */
static void align(struct belief *b, const double *x, const struct evidence *seen, double level)
{
	double off = 0, count = 0;

	for (size_t a = 0; a < b->n; a++)
		if (seen && seen[a].weight > 0) {
			off += seen[a].mean - b->mean[a];
			count++;
		}
	for (size_t a = 0; a < b->n && count == 0; a++)
		if (x[a] == 0)
			off = level - b->mean[a];
	for (size_t a = 0; a < b->n; a++)
		b->mean[a] += off / fmax(1, count);
}

/* Costs as kin have them; as a similar job has them as far as what was seen agrees. */
static void believe_costs(struct model *m, struct evidence *own, const struct evidence *kin,
	size_t kin_sizes, bool similar)
{
	double weight = 1, level;

	m->alike_cost = m->alike_epochs = (double)NAN;
	m->log_alike = 0;
	prior_cost(&m->cold, m->x, m->n, mean_of(own, m->n));
	if (m->n_costs == 0) {
		m->cost = m->cold;
		fix_level(m, own);
	}
	if (kin_sizes == 0) {
		m->cost = m->cold;
		belief_update(&m->cost, own);
		return;
	}
	prior_cost(&m->cost, m->x, m->n, mean_of(kin, m->n));
	belief_update(&m->cost, kin);
	level = m->n_costs > 0 ? odds_of_level(&m->cost, own) : 0;
	prior_widen(&m->cost, m->x, WIDEN_SIMILAR_COST);
	align(&m->cost, m->x, own, mean_of(own, m->n));
	if (similar) {
		m->log_alike = level + belief_log_density(&m->cost, own) -
			       belief_log_density(&m->cold, own);
		weight = m->alike_cost = trust(m->log_alike);
	}
	belief_update(&m->cost, own);
	belief_update(&m->cold, own);
	belief_mix(&m->cost, weight, &m->cold);
}

/* Own measurements first, then frontiers, then the shape seen by kin, then the prior. */
static hg_err learn_costs(struct model *m, const struct view *v, hg_error *why)
{
	struct evidence own[HG_RECUR_MAX_SIZES], kin[HG_RECUR_MAX_SIZES];
	bool similar = view_has_similar(v);
	size_t kin_sizes = see_costs(v, HG_RECUR_OTHER_DEVICE,
		similar ? HG_RECUR_SIMILAR_JOB : HG_RECUR_OTHER_DEVICE, kin);
	hg_pick pick;
	hg_err err = HG_OK;

	(void)see_costs(v, HG_RECUR_OWN, HG_RECUR_OWN, own);
	for (size_t a = 0; a < m->n; a++) {
		if (!(own[a].weight > 0) && view_pick(v, a, &pick, &err, why))
			evidence_add(&own[a], log(pick.cost), COST_NOISE);
		else if (!(own[a].weight > 0) && err)
			return err;
		m->cost_known[a] = own[a].weight > 0;
		m->n_costs += m->cost_known[a];
	}
	believe_costs(m, own, kin, kin_sizes, similar);
	return HG_OK;
}

static double first_level(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->trials[i].state == HG_RECUR_REACHED && view_arm(v, i) != SIZE_MAX &&
			v->trials[i].kin != HG_RECUR_SIMILAR_JOB)
			return log(v->trials[i].epochs);
	return log(LEVEL_GUESS * v->job.max_epochs);
}

static void see_nothing(struct evidence *seen, size_t n, double noise)
{
	memset(seen, 0, n * sizeof *seen);
	for (size_t a = 0; a < n; a++)
		seen[a].sd = noise;
}

/* Enters what one trial says about epochs. @return whether it reached the target */
static bool see_epochs(const hg_recur_trial *t, double noise, struct evidence *e)
{
	if (t->state == HG_RECUR_REACHED) {
		evidence_add(e, log(t->epochs), noise);
		return true;
	}
	if (known(t->epochs))
		evidence_add_bound(e, log(t->epochs + HALF_EPOCH));
	return false;
}

/* Trials of other kin: a first belief. */
static void learn_from_kin(struct model *m, const struct view *v, uint32_t kin)
{
	struct evidence seen[HG_RECUR_MAX_SIZES];
	bool any = false;

	see_nothing(seen, m->n, PRIOR_NOISE);
	for (size_t i = 0; i < v->n; i++) {
		size_t arm = view_arm(v, i);

		if (arm == SIZE_MAX || v->trials[i].kin != kin)
			continue;
		/* What another job needs says nothing of what is dear here. */
		m->reached += see_epochs(&v->trials[i], PRIOR_NOISE, &seen[arm]) &&
			      kin == HG_RECUR_OTHER_DEVICE;
		any = true;
	}
	if (!any)
		return;
	belief_update(&m->epochs, seen);
	if (kin != HG_RECUR_SIMILAR_JOB)
		return;
	prior_widen(&m->epochs, m->x, WIDEN_SIMILAR);
	align(&m->epochs, m->x, NULL, first_level(v));
}

/* Own trials of one regime. */
static void learn_regime(struct model *m, const struct view *v, size_t from, size_t to)
{
	struct evidence seen[HG_RECUR_MAX_SIZES];

	see_nothing(seen, m->n, m->noise);
	memset(m->runs, 0, sizeof m->runs);
	memset(m->failed, 0, sizeof m->failed);
	memset(m->kills, 0, sizeof m->kills);
	for (size_t i = from; i < to; i++) {
		const hg_recur_trial *t = &v->trials[i];
		size_t arm = view_arm(v, i);

		if (arm == SIZE_MAX || t->kin != HG_RECUR_OWN)
			continue;
		m->reached += see_epochs(t, m->noise, &seen[arm]);
		m->runs[arm] += t->state != HG_RECUR_RUNNING;
		m->failed[arm] += t->state > HG_RECUR_REACHED;
		m->kills[arm] += t->state == HG_RECUR_KILLED;
	}
	m->log_fit += belief_log_density(&m->epochs, seen);
	if (!curves_foretell(m, v, from, to, seen))
		m->compared = curves_compare(&m->epochs, v, from, to);
	belief_update(&m->epochs, seen);
	m->regime = from;
}

/* Part of a run that came to nothing. */
static double part_wasted(const struct model *m, const hg_recur_trial *t, size_t arm)
{
	double part = known(t->epochs) ? t->epochs / exp(m->epochs.mean[arm]) : 0;

	return t->state == HG_RECUR_STOPPED ? fmin(1, fmax(LEAST_WASTE, part)) : 1;
}

/* Failures since something reached the target; each running trial excuses one. */
static void count_failures(struct model *m, const struct view *v)
{
	double running = 0;

	m->in_a_row = 0;
	for (size_t i = 0; i < v->n; i++) {
		const hg_recur_trial *t = &v->trials[i];
		size_t arm = view_arm(v, i);

		if (t->kin != HG_RECUR_OWN || arm == SIZE_MAX)
			continue;
		if (t->state == HG_RECUR_RUNNING)
			running++;
		else if (t->state == HG_RECUR_REACHED)
			m->in_a_row = 0;
		else
			m->in_a_row += part_wasted(m, t, arm);
	}
	m->in_a_row = fmax(0, m->in_a_row - running);
}

/* Everything about epochs, with what similar jobs say or without. */
static void learn_epochs_as(struct model *m, const struct view *v, bool alike)
{
	size_t from = 0, to;

	m->reached = 0;
	m->log_fit = 0;
	prior_epochs(&m->epochs, m->x, m->n, first_level(v));
	if (alike)
		learn_from_kin(m, v, HG_RECUR_SIMILAR_JOB);
	learn_from_kin(m, v, HG_RECUR_OTHER_DEVICE);
	for (;;) {
		to = regime_end(v, from, &m->noise);
		learn_regime(m, v, from, to);
		if (to >= v->n)
			break;
		prior_widen(&m->epochs, m->x, WIDEN_DRIFT);
		from = to;
	}
}

static void learn_epochs(struct model *m, const struct view *v)
{
	double fit;

	learn_epochs_as(m, v, false);
	if (!view_has_similar(v))
		return;
	m->cold = m->epochs;
	fit = m->log_fit;
	learn_epochs_as(m, v, true);
	m->alike_epochs = trust(m->log_fit - fit + m->log_alike);
	belief_mix(&m->epochs, m->alike_epochs, &m->cold);
}

/* Running trials will tell what is expected of them: nobody else need find it out. */
static void expect_running(struct model *m, const struct view *v)
{
	struct evidence epochs[HG_RECUR_MAX_SIZES], cost[HG_RECUR_MAX_SIZES];
	bool any = false;

	see_nothing(epochs, m->n, m->noise);
	see_nothing(cost, m->n, COST_NOISE);
	for (size_t i = 0; i < v->n; i++) {
		size_t arm = view_arm(v, i);

		if (arm == SIZE_MAX || v->trials[i].kin != HG_RECUR_OWN || i == v->asks ||
			v->trials[i].state != HG_RECUR_RUNNING)
			continue;
		m->in_flight[arm]++;
		evidence_add(&epochs[arm], m->epochs.mean[arm], m->noise);
		if (!m->cost_known[arm])
			evidence_add(&cost[arm], m->cost.mean[arm], COST_NOISE);
		any = true;
	}
	if (!any)
		return;
	belief_update(&m->epochs, epochs);
	belief_update(&m->cost, cost);
}

/* Probability that a size is broken, as each of its runs was killed. */
static double p_broken(const struct model *m, size_t arm)
{
	double kills = KILL_RATE * KILL_WEIGHT, runs = KILL_WEIGHT, odds;

	if (m->kills[arm] == 0 || m->failed[arm] < m->runs[arm])
		return 0;
	for (size_t a = 0; a < m->n; a++)
		if (a != arm) {
			kills += m->kills[a];
			runs += m->runs[a];
		}
	odds = BROKEN_ODDS * pow(runs / kills, m->kills[arm]);
	return odds / (1 + odds);
}

/* Drops what fails, but never the last one: the one that fails least stays. */
static void drop(struct model *m, const struct view *v)
{
	double most = log(v->job.max_epochs);
	size_t least = 0;

	for (size_t a = 0; a < m->n; a++) {
		double sd = sqrt(m->epochs.cov[a][a] + m->noise * m->noise);
		double late = upper_tail((most - m->epochs.mean[a]) / sd);

		m->p_fail[a] = 1 - (1 - late) * (1 - p_broken(m, a));
		if (m->p_fail[a] < m->p_fail[least])
			least = a;
	}
	m->n_dropped = 0;
	for (size_t a = 0; a < m->n; a++) {
		m->dropped[a] = a != least && m->p_fail[a] >= v->job.confidence;
		m->n_dropped += m->dropped[a];
	}
}

hg_err model_build(struct model *m, const struct view *v, bool costs_only, hg_error *why)
{
	hg_err err;

	/* The beliefs are filled in as far as they are used. */
	memset(m, 0, offsetof(struct model, epochs));
	m->n = v->job.n_sizes;
	for (size_t a = 0; a < m->n; a++)
		m->x[a] = log2((double)v->job.batch_sizes[a] / v->job.default_size);
	err = learn_costs(m, v, why);
	if (err || costs_only)
		return err;
	learn_epochs(m, v);
	drop(m, v);
	count_failures(m, v);
	expect_running(m, v);
	return HG_OK;
}

size_t model_in_flight(const struct model *m)
{
	size_t n = 0;

	for (size_t a = 0; a < m->n; a++)
		n += m->in_flight[a];
	return n;
}
