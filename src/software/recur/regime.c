/*
 * Has the job changed? Each result is compared with earlier ones of its size, twice: as one more
 * of the same, and as one after a change of unknown size. The log of the ratio of the two
 * densities is summed; whenever the sum falls below 0 it starts anew, and what it started with
 * is the first trial after the change (Page's CUSUM, Biometrika 1954). Densities are Student's t,
 * as the scatter itself is learnt, so that one odd run is no change yet.
 */
#include <math.h>

#include "model.h"
#include "prior.h"

/* log of the odds that count as a change */
#define ODDS 5.3
/* sd of the log of what a change does to a number of epochs */
#define CHANGE 0.7

/* The trials of one regime so far. */
struct run_stats {
	double mean[HG_RECUR_MAX_SIZES], count[HG_RECUR_MAX_SIZES];
	double squares, dof; /* of the pooled scatter */
};

static double scatter(const struct run_stats *s)
{
	return sqrt(s->squares / s->dof);
}

static void learn(struct run_stats *s, size_t arm, double y)
{
	double e = y - s->mean[arm], n = s->count[arm]++;

	s->mean[arm] += e / (n + 1);
	if (n > 0) {
		s->squares += e * e * n / (n + 1);
		s->dof++;
	}
}

static double log_student(double e, double var, double dof)
{
	return -0.5 * (dof + 1) * log1p(e * e / (var * dof)) - 0.5 * log(var);
}

/* log odds of "changed" against "as ever" by one result. */
static double evidence_of_change(const struct run_stats *s, size_t arm, double y, bool reached)
{
	double e = y - s->mean[arm];
	/* Whole epochs: what was rounded may fall on either side. */
	double rounding = exp(-2 * s->mean[arm]) / 12;
	double same = (s->squares / s->dof + rounding) * (1 + 1 / s->count[arm]);
	double changed = same + CHANGE * CHANGE;

	if (reached)
		return log_student(e, changed, s->dof) - log_student(e, same, s->dof);
	/* A tail is bounded below by the density's, as the normal's falls too fast. */
	return log_upper_tail(e / sqrt(changed)) -
	       fmax(log_upper_tail(e / sqrt(same)),
		       log_student(e, same, s->dof) - log_student(0, same, s->dof));
}

size_t regime_end(const struct view *v, size_t from, double *noise)
{
	struct run_stats s = {
		.squares = PRIOR_NOISE_RUNS * PRIOR_NOISE * PRIOR_NOISE, .dof = PRIOR_NOISE_RUNS};
	double sum = 0, noise_before = scatter(&s);
	size_t begun = from;

	for (size_t i = from; i < v->n; i++) {
		const hg_recur_trial *t = &v->trials[i];
		size_t arm = view_arm(v, i);
		bool reached = t->state == HG_RECUR_REACHED;

		if (arm == SIZE_MAX || t->kin != HG_RECUR_OWN || t->state == HG_RECUR_RUNNING ||
			!known(t->epochs))
			continue;
		if (s.count[arm] > 0) {
			if (sum <= 0) {
				begun = i;
				noise_before = scatter(&s);
			}
			sum = fmax(0, sum + evidence_of_change(&s, arm, log(t->epochs), reached));
			if (sum > ODDS) {
				*noise = noise_before;
				return begun;
			}
		}
		if (reached)
			learn(&s, arm, log(t->epochs));
	}
	*noise = scatter(&s);
	return v->n;
}
