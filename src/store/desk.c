/* Transactions of clients. */
#include "desk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/vec.h"

#define OVERDUE_MOST ((size_t)1 << 24)

uint64_t desk_seed(const struct desk *d)
{
	return (uint64_t)d->job.spec.seed;
}

/* ----- a new job */

hg_err desk_new(struct store *s, const char *name, const struct store_spec *spec,
	const struct store_kin *kin, size_t n_kin, hg_error *why)
{
	struct store_job other;
	hg_err err = store_spec_check(spec, why);

	if (err == HG_OK)
		err = store_begin(s, ACCESS_RECORD, why);
	if (err != HG_OK)
		return err;
	err = store_job_add(s, name, spec, store_now_ms(s), why);
	for (size_t i = 0; err == HG_OK && i < n_kin; i++) {
		err = store_job_get(s, kin[i].job, &other, why);
		if (err == HG_OK)
			err = store_kin_add(s, name, &kin[i], why);
	}
	return store_end(s, err, why);
}

/* ----- next */

static hg_err add_overdue(void *user, const struct store_trial *t)
{
	return vec_push(user, t);
}

static void close_trial(struct store *s, struct store_job *job, struct store_trial *t)
{
	t->ended_ms = store_now_ms(s);
	t->order = ++job->ended;
}

/* Nothing is heard of these: what they have reported is all that is known. */
static hg_err sweep(struct store *s, struct store_job *job, hg_error *why)
{
	struct vec overdue;
	hg_err err;

	vec_init(&overdue, sizeof(struct store_trial), OVERDUE_MOST);
	err = store_overdue(s, job->name, job->clock_ms, add_overdue, &overdue, why);
	for (size_t i = 0; err == HG_OK && i < overdue.len; i++) {
		struct store_trial *t = vec_at(&overdue, i);

		t->t.state = HG_RECUR_KILLED;
		t->t.flags |= STORE_EXPIRED;
		close_trial(s, job, t);
		err = store_trial_put(s, t, why);
	}
	vec_finish(&overdue);
	return err;
}

static hg_err choose_by_engine(
	void *user, struct store *s, struct store_job *job, hg_recur_decision *out, hg_error *why)
{
	struct desk d = {.job = *job};
	struct desk_pilots *pilots = user;
	hg_err err = desk_load_trials(s, &d, why);

	if (err == HG_OK && pilots)
		d.engine.pilots = pilots->most;
	if (err == HG_OK)
		err = hg_recur_next(&d.engine, d.trials, d.n, desk_seed(&d), out, why);
	if (pilots) {
		pilots->wait = err == HG_OK && out->wait;
		pilots->running = 0;
		for (size_t i = 0; i < d.n; i++)
			pilots->running += d.trials[i].state == HG_RECUR_RUNNING;
		if (pilots->wait)
			err = fail(
				why, HG_EABORTED, "%s: not before others have reported", job->name);
	}
	desk_finish(&d);
	return err;
}

static hg_err give_out(struct store *s, struct store_job *job, const hg_recur_decision *d,
	struct store_trial *t, hg_error *why)
{
	t->number = t->origin_number = ++job->trials;
	(void)snprintf(t->job, sizeof t->job, "%s", job->name);
	(void)snprintf(t->origin, sizeof t->origin, "%s", store_uid(s));
	t->t = (hg_recur_trial){
		.state = HG_RECUR_RUNNING, .batch_size = d->batch_size, .metric = (double)NAN};
	/* Zeus may find no size worth an epoch; one has to be run to learn anything */
	t->max_epochs = d->max_epochs ? d->max_epochs : 1;
	t->reason = d->reason;
	t->bound_j = d->bound_j;
	t->lease_until_ms = job->clock_ms + t->lease_ms;
	t->started_ms = store_now_ms(s);
	return store_trial_add(s, t, why);
}

hg_err desk_next(struct store *s, const char *name, const char *owner, int64_t lease_ms,
	choose_fn choose, void *user, struct store_trial *out, hg_error *why)
{
	hg_recur_decision d = {.size = sizeof d};
	struct store_job job;
	hg_err err = store_begin(s, ACCESS_CLAIM, why);

	if (err != HG_OK)
		return err;
	memset(out, 0, sizeof *out);
	out->lease_ms = lease_ms;
	(void)snprintf(out->owner, sizeof out->owner, "%s", owner);
	err = store_job_hold(s, name, &job, why);
	if (err == HG_OK)
		err = sweep(s, &job, why);
	if (err == HG_OK)
		err = (choose ? choose : choose_by_engine)(user, s, &job, &d, why);
	if (err == HG_OK)
		err = give_out(s, &job, &d, out, why);
	if (err == HG_OK)
		err = store_job_count(s, &job, why);
	return store_end(s, err, why);
}

/* ----- what clients say of a trial */

/* The trial and its job, held; one whose lease has run out runs again, as its client lives. */
static hg_err hold(struct store *s, const char *name, int64_t number, struct store_job *job,
	struct desk_answer *out, hg_error *why)
{
	struct store_trial *t = &out->trial;
	hg_err err = store_job_hold(s, name, job, why);

	if (err == HG_OK)
		err = store_trial_get(s, name, number, t, why);
	if (err != HG_OK)
		return err;
	if (t->t.state == HG_RECUR_KILLED && (t->t.flags & STORE_EXPIRED)) {
		t->t.state = HG_RECUR_RUNNING;
		t->t.flags &= ~STORE_EXPIRED;
		t->ended_ms = t->order = 0;
		out->flags |= STORE_LATE;
	} else if (t->t.state == HG_RECUR_RUNNING && t->lease_until_ms < job->clock_ms) {
		out->flags |= STORE_LATE;
	}
	t->lease_until_ms = job->clock_ms + t->lease_ms;
	return HG_OK;
}

/* Asks the engine about a trial that runs, with all others as they are now. */
static hg_err judge(
	struct store *s, const struct store_job *job, struct desk_answer *out, hg_error *why)
{
	struct desk d = {.job = *job};
	hg_err err = desk_load_trials(s, &d, why);
	size_t i = 0;

	out->check.size = sizeof out->check;
	while (i < d.n_records && d.records[i].number != out->trial.number)
		i++;
	if (err == HG_OK && i < d.n_records)
		err = hg_recur_check(&d.engine, d.trials, d.n, i, &out->check, why);
	out->go_on = out->check.verdict == HG_RECUR_CONTINUE;
	desk_finish(&d);
	return err;
}

static hg_err settle(struct store *s, struct store_job *job, struct desk_answer *out, hg_error *why)
{
	struct store_trial *t = &out->trial;
	hg_err err;

	t->t.flags |= out->flags;
	if (t->t.state != HG_RECUR_RUNNING && t->order == 0)
		close_trial(s, job, t);
	err = store_trial_put(s, t, why);
	if (err == HG_OK)
		err = store_job_count(s, job, why);
	if (err != HG_OK || t->t.state != HG_RECUR_RUNNING)
		return err;
	err = judge(s, job, out, why);
	if (err != HG_OK || out->go_on)
		return err;
	/* whether its client obeys or dies first, it has been given up */
	t->t.state = HG_RECUR_STOPPED;
	close_trial(s, job, t);
	err = store_trial_put(s, t, why);
	return err == HG_OK ? store_job_count(s, job, why) : err;
}

static hg_err note(
	struct store *s, struct desk_answer *out, const hg_recur_report *report, hg_error *why)
{
	struct store_trial *t = &out->trial;
	const struct store_report r = {.seq = ++t->reports,
		.epochs = report->epochs,
		.metric = report->metric,
		.energy_j = report->energy_j,
		.time_s = report->time_s,
		.flags = out->flags,
		.at_ms = store_now_ms(s)};

	return store_report_add(s, t->job, t->number, &r, why);
}

hg_err desk_report(struct store *s, const char *name, int64_t number, const hg_recur_report *report,
	uint32_t extra, struct desk_answer *out, hg_error *why)
{
	struct store_job job;
	hg_recur_job engine;
	uint32_t bad = 0;
	hg_err err = store_begin(s, ACCESS_RECORD, why);

	if (err != HG_OK)
		return err;
	memset(out, 0, sizeof *out);
	err = hold(s, name, number, &job, out, why);
	if (err == HG_OK) {
		store_spec_job(&job.spec, &engine);
		err = hg_recur_enter(&engine, &out->trial.t, report, &bad, why);
		out->flags |= bad;
		out->trial.t.flags |= extra;
	}
	if (err == HG_OK)
		err = note(s, out, report, why);
	if (err == HG_OK)
		err = settle(s, &job, out, why);
	return store_end(s, err, why);
}

hg_err desk_beat(
	struct store *s, const char *name, int64_t number, struct desk_answer *out, hg_error *why)
{
	struct store_job job;
	hg_err err = store_begin(s, ACCESS_CLAIM, why);

	if (err != HG_OK)
		return err;
	memset(out, 0, sizeof *out);
	err = hold(s, name, number, &job, out, why);
	if (err == HG_OK && out->trial.t.state != HG_RECUR_RUNNING)
		out->flags |= HG_RECUR_AFTER_END;
	else if (err == HG_OK)
		err = settle(s, &job, out, why);
	return store_end(s, err, why);
}

hg_err desk_end(struct store *s, const char *name, int64_t number, uint32_t state,
	struct desk_answer *out, hg_error *why)
{
	struct store_job job;
	hg_err err;

	if (state != HG_RECUR_STOPPED && state != HG_RECUR_KILLED)
		return fail(why, HG_EINVAL, "a trial ends as stopped or killed");
	err = store_begin(s, ACCESS_RECORD, why);
	if (err != HG_OK)
		return err;
	memset(out, 0, sizeof *out);
	err = hold(s, name, number, &job, out, why);
	if (err == HG_OK && out->trial.t.state != HG_RECUR_RUNNING)
		out->flags |= HG_RECUR_AFTER_END;
	else if (err == HG_OK) {
		out->trial.t.state = state;
		err = settle(s, &job, out, why);
	}
	return store_end(s, err, why);
}
