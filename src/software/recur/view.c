/* What comes in: checked once, with defaults filled in. */
#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "model.h"

static const double default_beta[] = {2.5, 2, 2, 2, 2};

/* Far beyond any training; what is outside is no measurement. */
bool known(double value)
{
	return value > 1e-15 && value < 1e18;
}

static hg_err check_sizes(const hg_recur_job *job, hg_error *why)
{
	bool found = false;

	if (job->n_sizes < 1 || job->n_sizes > HG_RECUR_MAX_SIZES || !job->batch_sizes)
		return fail(why, HG_EINVAL, "batch_sizes: expected 1 to %d of them, found %u",
			HG_RECUR_MAX_SIZES, job->batch_sizes ? job->n_sizes : 0);
	for (uint32_t i = 0; i < job->n_sizes; i++) {
		if (job->batch_sizes[i] <= (i > 0 ? job->batch_sizes[i - 1] : 0))
			return fail(why, HG_EINVAL,
				"batch_sizes[%u]: expected a number above the one before it, found %u",
				i, job->batch_sizes[i]);
		found |= job->batch_sizes[i] == job->default_size;
	}
	if (!found)
		return fail(why, HG_EINVAL, "default_size: %u is not one of the batch sizes",
			job->default_size);
	return HG_OK;
}

static hg_err check_numbers(const hg_recur_job *job, hg_error *why)
{
	if (!(job->eta >= 0 && job->eta <= 1))
		return fail(why, HG_EINVAL, "eta: expected 0 to 1, found %g", job->eta);
	if (!known(job->max_power_w))
		return fail(why, HG_EINVAL, "max_power_w: expected a power > 0, found %g",
			job->max_power_w);
	if (job->max_epochs < 1)
		return fail(why, HG_EINVAL, "max_epochs: expected at least 1, found 0");
	if (!(job->beta >= 1 && isfinite(job->beta)))
		return fail(why, HG_EINVAL, "beta: expected at least 1, found %g", job->beta);
	if (!(job->confidence > 0.5 && job->confidence < 1))
		return fail(why, HG_EINVAL, "confidence: expected above 0.5 and below 1, found %g",
			job->confidence);
	return HG_OK;
}

static hg_err check_trials(const struct view *v, hg_error *why)
{
	for (size_t i = 0; i < v->n; i++) {
		const hg_recur_trial *t = &v->trials[i];

		if (t->state > HG_RECUR_KILLED || t->kin > HG_RECUR_SIMILAR_JOB)
			return fail(why, HG_EINVAL, "trial %zu: unknown state %u or kin %u", i,
				t->state, t->kin);
		if (t->state == HG_RECUR_REACHED && !known(t->epochs))
			return fail(why, HG_EINVAL,
				"trial %zu: reached the target after %g epochs: expected more than 0",
				i, t->epochs);
	}
	return HG_OK;
}

hg_err view_check(struct view *v, const hg_recur_job *job, const hg_recur_trial *trials, size_t n,
	hg_error *why)
{
	hg_err err;

	if (why)
		why->text[0] = '\0';
	if (!job || (n > 0 && !trials) || size_read(&v->job, sizeof v->job, job))
		return fail(
			why, HG_EINVAL, "job and trials must not be NULL, and job->size be set");
	if (v->job.policy > HG_RECUR_GRID)
		return fail(why, HG_EINVAL, "policy: there is no number %u", v->job.policy);
	v->trials = trials;
	v->n = n;
	v->asks = SIZE_MAX;
	if (v->job.beta == 0)
		v->job.beta = default_beta[v->job.policy];
	if (v->job.confidence == 0)
		v->job.confidence = 0.95;
	if (v->job.horizon == 0)
		v->job.horizon = 40;
	err = check_sizes(&v->job, why);
	if (err == HG_OK)
		err = check_numbers(&v->job, why);
	return err ? err : check_trials(v, why);
}

size_t view_arm(const struct view *v, size_t trial)
{
	const uint32_t *sizes = v->job.batch_sizes;
	uint32_t batch = v->trials[trial].batch_size;
	size_t low = 0, high = v->job.n_sizes;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (sizes[mid] < batch)
			low = mid + 1;
		else
			high = mid;
	}
	return low < v->job.n_sizes && sizes[low] == batch ? low : SIZE_MAX;
}

bool view_has_similar(const struct view *v)
{
	bool below = false, above = false;

	for (size_t i = 0; i < v->n; i++) {
		if (v->trials[i].kin != HG_RECUR_SIMILAR_JOB || view_arm(v, i) == SIZE_MAX)
			continue;
		below |= v->trials[i].batch_size <= v->job.default_size;
		above |= v->trials[i].batch_size >= v->job.default_size;
	}
	return below && above;
}

double view_cost(const struct view *v, double energy_j, double time_s)
{
	double cost = 0;

	if (v->job.eta > 0)
		cost += known(energy_j) ? v->job.eta * energy_j : (double)NAN;
	if (v->job.eta < 1)
		cost += known(time_s) ? (1 - v->job.eta) * v->job.max_power_w * time_s
				      : (double)NAN;
	return cost;
}

double view_trial_cost(const struct view *v, const hg_recur_trial *t)
{
	return view_cost(v, t->energy_j, t->time_s);
}

bool view_pick(const struct view *v, size_t arm, hg_pick *pick, hg_err *err, hg_error *why)
{
	hg_objective objective = {.size = sizeof objective,
		.kind = HG_ETA,
		.value = v->job.eta,
		.max_power_w = v->job.max_power_w};

	*err = HG_OK;
	if (!v->job.frontiers || !v->job.frontiers[arm])
		return false;
	*pick = (hg_pick){.size = sizeof *pick};
	*err = hg_frontier_pick(v->job.frontiers[arm], &objective, pick, why);
	if (*err)
		fail_prefix(why, "frontier of batch size %u: ", v->job.batch_sizes[arm]);
	return *err == HG_OK && pick->cost > 0;
}
