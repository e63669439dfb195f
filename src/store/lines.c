/* A store as lines, and back. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"
#include "core/vec.h"

/* ----- export */

struct exporting {
	struct store *s;
	const char *only;
	struct buf *out;
	struct lines_count *count;
	struct vec list; /* of one kind at a time */
	struct line line;
	hg_error *why;
};

static hg_err add_line(struct exporting *e, enum lines_kind kind)
{
	e->line.kind = kind;
	line_write(e->out, &e->line);
	return e->out->failed;
}

static hg_err list_job(void *user, const struct store_job *job)
{
	struct exporting *e = user;

	return e->only && strcmp(e->only, job->name) != 0 ? HG_OK : vec_push(&e->list, job);
}

static hg_err list_trial(void *user, const struct store_trial *t)
{
	return vec_push(user, t);
}

static hg_err put_kin(void *user, const struct store_kin *kin)
{
	struct exporting *e = user;

	e->line.kin = *kin;
	/* the other job is not in a file of one */
	return e->only ? HG_OK : add_line(e, LINE_KIN);
}

static hg_err put_report(void *user, const struct store_report *r)
{
	struct exporting *e = user;

	e->line.report = *r;
	e->count->reports++;
	return add_line(e, LINE_REPORT);
}

static hg_err put_trial(struct exporting *e, const struct store_trial *t)
{
	hg_err err;

	e->line.trial = *t;
	e->line.number = t->number;
	e->count->trials++;
	err = add_line(e, LINE_TRIAL);
	return err == HG_OK ? store_reports(e->s, t->job, t->number, put_report, e, e->why) : err;
}

static hg_err put_job(struct exporting *e, const struct store_job *job)
{
	struct vec trials;
	hg_err err;

	vec_init(&trials, sizeof(struct store_trial), (size_t)1 << 24);
	e->line.of_job = *job;
	memcpy(e->line.job, job->name, sizeof e->line.job);
	e->count->jobs++;
	err = add_line(e, LINE_JOB);
	if (err == HG_OK)
		err = store_trials(e->s, job->name, list_trial, &trials, e->why);
	for (size_t i = 0; err == HG_OK && i < trials.len; i++)
		err = put_trial(e, vec_at(&trials, i));
	vec_finish(&trials);
	return err;
}

/* Kin come after all jobs, as they may name any of them. */
static hg_err put_all(struct exporting *e)
{
	struct store_job one;
	hg_err err = HG_OK;

	/* one that is not there is an error */
	if (e->only)
		err = store_job_get(e->s, e->only, &one, e->why);
	if (err == HG_OK)
		err = add_line(e, LINE_STORE);
	if (err == HG_OK)
		err = store_jobs(e->s, list_job, e, e->why);
	for (size_t i = 0; err == HG_OK && i < e->list.len; i++)
		err = put_job(e, vec_at(&e->list, i));
	for (size_t i = 0; err == HG_OK && i < e->list.len; i++) {
		const struct store_job *job = vec_at(&e->list, i);

		memcpy(e->line.job, job->name, sizeof e->line.job);
		err = store_kins(e->s, job->name, put_kin, e, e->why);
	}
	e->line.end = *e->count;
	return err == HG_OK ? add_line(e, LINE_END) : err;
}

hg_err lines_export(
	struct store *s, const char *job, struct buf *out, struct lines_count *count, hg_error *why)
{
	struct exporting *e = calloc(1, sizeof *e);
	hg_err err = e ? store_begin(s, ACCESS_LOOK, why) : HG_ENOMEM;

	memset(count, 0, sizeof *count);
	if (err != HG_OK) {
		free(e);
		return err;
	}
	e->s = s;
	e->only = job;
	e->out = out;
	e->count = count;
	e->why = why;
	vec_init(&e->list, sizeof(struct store_job), 1000000);
	err = put_all(e);
	vec_finish(&e->list);
	free(e);
	store_rollback(s);
	return err;
}

/* ----- import */

struct importing {
	struct store *s;
	const char *origin;
	uint32_t number; /* of the line */
	struct line line;
	bool begun, ended, has_job, has_trial;
	struct store_job job;     /* held */
	struct store_trial trial; /* as the file has it */
	int64_t here;             /* its number here */
	int64_t reports_here;     /* how many of its reports are here */
	int64_t reports_seen;
	struct lines_count *count, file;
	hg_error *why;
};

static hg_err wrong(const struct importing *m, const char *text)
{
	return fail(m->why, HG_EFORMAT, "%s:%u: %s", m->origin, m->number, text);
}

/* The trial that was read last is whole. */
static hg_err finish_trial(struct importing *m)
{
	if (m->has_trial && m->reports_seen != m->trial.reports)
		return wrong(m, "the trial before has fewer reports than it counts");
	m->has_trial = false;
	return HG_OK;
}

static hg_err finish_job(struct importing *m)
{
	hg_err err = finish_trial(m);

	if (err == HG_OK && m->has_job)
		err = store_job_count(m->s, &m->job, m->why);
	m->has_job = false;
	return err;
}

static hg_err import_job(struct importing *m)
{
	const struct store_job *job = &m->line.of_job;
	hg_error quiet = {""};
	hg_err err = finish_job(m);

	if (err != HG_OK)
		return err;
	m->file.jobs++;
	err = store_job_hold(m->s, job->name, &m->job, &quiet);
	if (err == HG_ENOENT) {
		err = store_spec_check(&job->spec, &quiet);
		if (err == HG_EINVAL)
			return wrong(m, quiet.text);
		if (err == HG_OK)
			err = store_job_add(m->s, job->name, &job->spec, job->created_ms, &quiet);
		if (err == HG_OK)
			err = store_job_hold(m->s, job->name, &m->job, &quiet);
		m->count->jobs += err == HG_OK;
	}
	if (err != HG_OK)
		return fail(m->why, err, "%s", quiet.text);
	if (!store_spec_same(&m->job.spec, &job->spec))
		return fail(m->why, HG_EINVAL,
			"%s:%u: job '%s' is here with another spec (batch sizes, target, eta...): "
			"rename one of them",
			m->origin, m->number, job->name);
	m->has_job = true;
	return HG_OK;
}

static void place_in_order(struct importing *m, struct store_trial *t)
{
	t->order = t->t.state == HG_RECUR_RUNNING ? 0 : ++m->job.ended;
}

static hg_err grow_trial(struct importing *m)
{
	struct store_trial t;
	hg_err err = store_trial_get(m->s, m->job.name, m->here, &t, m->why);

	if (err != HG_OK)
		return err;
	m->reports_here = t.reports;
	m->count->known++;
	if (t.reports > m->trial.reports ||
		(t.reports == m->trial.reports &&
			(t.t.state != HG_RECUR_RUNNING || m->trial.t.state == HG_RECUR_RUNNING)))
		return HG_OK;
	/* it went on elsewhere */
	t.t = m->trial.t;
	t.reports = m->trial.reports;
	t.ended_ms = m->trial.ended_ms;
	if (t.t.state == HG_RECUR_RUNNING)
		t.order = 0;
	else if (t.order == 0)
		place_in_order(m, &t);
	return store_trial_put(m->s, &t, m->why);
}

static hg_err import_trial(struct importing *m)
{
	struct store_trial t;
	hg_err err = finish_trial(m);

	if (err != HG_OK)
		return err;
	if (!m->has_job || strcmp(m->line.trial.job, m->job.name) != 0)
		return wrong(m, "a trial must come after its job");
	t = m->trial = m->line.trial;
	m->has_trial = true;
	m->reports_seen = m->reports_here = 0;
	m->file.trials++;
	err = store_trial_find(m->s, &t, &m->here, m->why);
	if (err == HG_OK)
		return grow_trial(m);
	if (err != HG_ENOENT)
		return err;
	t.number = m->here = ++m->job.trials;
	place_in_order(m, &t);
	/* if it runs, it does so elsewhere: unless more is heard of it, it counts as killed */
	t.lease_until_ms = m->job.clock_ms + t.lease_ms;
	m->count->trials++;
	return store_trial_add(m->s, &t, m->why);
}

static hg_err import_report(struct importing *m)
{
	const struct line *l = &m->line;

	if (!m->has_trial || strcmp(l->job, m->trial.job) != 0 || l->number != m->trial.number ||
		l->report.seq != m->reports_seen + 1)
		return wrong(m, "a report must come after its trial, in order");
	if (++m->reports_seen > m->trial.reports)
		return wrong(m, "a trial has more reports than it counts");
	m->file.reports++;
	if (l->report.seq <= m->reports_here)
		return HG_OK;
	m->count->reports++;
	return store_report_add(m->s, m->job.name, m->here, &l->report, m->why);
}

static hg_err import_kin(struct importing *m)
{
	struct store_job job;
	hg_error quiet = {""};
	hg_err err = finish_job(m);

	if (err == HG_OK)
		err = store_job_get(m->s, m->line.job, &job, &quiet);
	if (err == HG_OK)
		err = store_job_get(m->s, m->line.kin.job, &job, &quiet);
	if (err == HG_ENOENT)
		return wrong(m, "kin must come after both jobs");
	return err == HG_OK ? store_kin_add(m->s, m->line.job, &m->line.kin, m->why) : err;
}

static hg_err import_end(struct importing *m)
{
	hg_err err = finish_job(m);
	const struct lines_count *end = &m->line.end;

	m->ended = true;
	if (err == HG_OK && (end->jobs != m->file.jobs || end->trials != m->file.trials ||
				    end->reports != m->file.reports))
		return wrong(m, "the file has not as much as its last line counts");
	return err;
}

static hg_err import_line(struct importing *m)
{
	if (m->ended)
		return wrong(m, "nothing may come after the line of kind \"end\"");
	if (!m->begun && m->line.kind != LINE_STORE)
		return wrong(m, "the first line must be of kind \"store\"");
	switch (m->line.kind) {
	case LINE_STORE:
		if (m->begun)
			return wrong(m, "a second line of kind \"store\"");
		m->begun = true;
		return HG_OK;
	case LINE_JOB:
		return import_job(m);
	case LINE_KIN:
		return import_kin(m);
	case LINE_TRIAL:
		return import_trial(m);
	case LINE_REPORT:
		return import_report(m);
	case LINE_END:
		return import_end(m);
	}
	return HG_OK;
}

static hg_err import_all(struct importing *m, const char *text, size_t len)
{
	struct slice rest = {text, len};
	hg_err err = HG_OK;

	while (err == HG_OK && rest.text) {
		struct slice one = slice_cut(&rest, '\n');

		m->number++;
		if (!rest.text && slice_trim(one).len == 0)
			break;
		err = line_read(one.text, one.len, m->origin, m->number, &m->line, m->why);
		if (err == HG_OK)
			err = import_line(m);
	}
	if (err == HG_OK && !m->ended)
		err = wrong(m, "the file is cut off: there is no line of kind \"end\"");
	return err;
}

hg_err lines_import(struct store *s, const char *text, size_t len, const char *origin,
	struct lines_count *count, hg_error *why)
{
	struct importing *m = calloc(1, sizeof *m);
	hg_err err = m ? store_begin(s, ACCESS_RECORD, why) : HG_ENOMEM;

	memset(count, 0, sizeof *count);
	if (err == HG_OK) {
		m->s = s;
		m->origin = origin;
		m->count = count;
		m->why = why;
		err = store_end(s, import_all(m, text, len), why);
	}
	free(m);
	return err;
}
