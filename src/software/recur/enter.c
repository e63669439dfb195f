/* Reports of a running trial: what cannot be is flagged and left out. */
#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "model.h"

static bool at_least(double value, double least)
{
	return isfinite(value) && value >= least;
}

/* A meter: takes what is new, unless it runs backwards. NAN is no report of it. */
static uint32_t enter_meter(double *meter, double value, uint32_t bad)
{
	double before = known(*meter) ? *meter : 0;

	if (isnan(value))
		return 0;
	if (!at_least(value, before))
		return bad;
	*meter = value;
	return 0;
}

static uint32_t enter_epochs(hg_recur_trial *t, double epochs)
{
	double before = known(t->epochs) ? t->epochs : 0;

	/* What is no measurement would pass for progress, and for nothing known afterwards. */
	if (!at_least(epochs, before) || (epochs > 0 && !known(epochs)))
		return HG_RECUR_BAD_EPOCH;
	if (epochs == before && before > 0)
		return HG_RECUR_REPEATED;
	t->epochs = epochs;
	return 0;
}

static void enter_metric(const hg_recur_job *job, hg_recur_trial *t, double metric)
{
	bool met = job->lower_is_better ? metric <= job->target : metric >= job->target;

	t->metric = metric;
	if (met && known(t->epochs))
		t->state = HG_RECUR_REACHED;
}

hg_err hg_recur_enter(const hg_recur_job *job, hg_recur_trial *trial, const hg_recur_report *report,
	uint32_t *flags, hg_error *why)
{
	hg_recur_report r;
	struct view v;
	uint32_t bad = 0;
	hg_err err = view_check(&v, job, NULL, 0, why);

	if (err)
		return err;
	if (!trial || !report || size_read(&r, sizeof r, report))
		return fail(why, HG_EINVAL,
			"trial and report must not be NULL, and report->size be set");
	if (trial->state != HG_RECUR_RUNNING) {
		bad = HG_RECUR_AFTER_END;
	} else {
		bad = enter_epochs(trial, r.epochs);
		/* A report that is out of order says nothing about now. */
		if (!(bad & HG_RECUR_BAD_EPOCH)) {
			bad |= enter_meter(&trial->energy_j, r.energy_j, HG_RECUR_BAD_ENERGY);
			bad |= enter_meter(&trial->time_s, r.time_s, HG_RECUR_BAD_TIME);
			if (!isfinite(r.metric))
				bad |= HG_RECUR_BAD_METRIC;
			else
				enter_metric(&v.job, trial, r.metric);
		}
		if (trial->state == HG_RECUR_RUNNING && trial->epochs >= v.job.max_epochs)
			trial->state = HG_RECUR_EXHAUSTED;
	}
	trial->flags |= bad;
	if (flags)
		*flags = bad;
	return HG_OK;
}
