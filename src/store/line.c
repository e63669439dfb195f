/* One record as one line of JSON, both ways. */
#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "lines.h"

#define MEMORY  ((size_t)1 << 22)
#define WHOLE   9007199254740992.0
#define FIGURE  1e308
#define VERSION 1

static const char *const kinds[] = {"store", "job", "kin", "trial", "report", "end"};
static const char *const kin_names[] = {"own", "device", "similar"};

/* ----- writing */

static void write_job(struct json_out *j, struct buf *out, const struct store_job *job)
{
	json_kv_string(j, "job", job->name);
	json_kv_int(j, "created_ms", job->created_ms);
	json_key(j, "spec");
	json_put_raw(j, "", 0);
	store_spec_json(out, &job->spec);
}

static void write_trial(struct json_out *j, const struct store_trial *t)
{
	json_kv_string(j, "job", t->job);
	json_kv_int(j, "number", t->number);
	json_kv_string(j, "origin", t->origin);
	json_kv_int(j, "origin_number", t->origin_number);
	json_kv_string(j, "state", hg_recur_state_name(t->t.state));
	json_kv_int(j, "batch_size", t->t.batch_size);
	json_kv_int(j, "flags", t->t.flags);
	json_kv_number(j, "epochs", t->t.epochs);
	json_kv_number(j, "energy_j", t->t.energy_j);
	json_kv_number(j, "time_s", t->t.time_s);
	json_kv_number(j, "epoch_energy_j", t->t.epoch_energy_j);
	json_kv_number(j, "epoch_time_s", t->t.epoch_time_s);
	json_kv_number(j, "metric", t->t.metric);
	json_kv_int(j, "max_epochs", t->max_epochs);
	json_kv_string(j, "reason", hg_recur_reason_name(t->reason));
	json_kv_number(j, "bound_j", t->bound_j); /* null: none */
	json_kv_string(j, "owner", t->owner);
	json_kv_int(j, "lease_ms", t->lease_ms);
	json_kv_int(j, "started_ms", t->started_ms);
	json_kv_int(j, "ended_ms", t->ended_ms);
	json_kv_int(j, "reports", t->reports);
}

static void write_report(struct json_out *j, const struct line *l)
{
	const struct store_report *r = &l->report;

	json_kv_string(j, "job", l->job);
	json_kv_int(j, "number", l->number);
	json_kv_int(j, "seq", r->seq);
	json_kv_number(j, "epochs", r->epochs);
	json_kv_number(j, "metric", r->metric);
	json_kv_number(j, "energy_j", r->energy_j);
	json_kv_number(j, "time_s", r->time_s);
	json_kv_int(j, "flags", r->flags);
	json_kv_int(j, "at_ms", r->at_ms);
}

void line_write(struct buf *out, const struct line *l)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', true);
	if (l->kind == LINE_STORE)
		json_kv_string(&j, "schema", "hourglass.store/1");
	json_kv_string(&j, "kind", kinds[l->kind]);
	switch (l->kind) {
	case LINE_STORE:
		break;
	case LINE_JOB:
		write_job(&j, out, &l->of_job);
		break;
	case LINE_KIN:
		json_kv_string(&j, "job", l->job);
		json_kv_string(&j, "other", l->kin.job);
		json_kv_string(&j, "kin", kin_names[l->kin.kin]);
		break;
	case LINE_TRIAL:
		write_trial(&j, &l->trial);
		break;
	case LINE_REPORT:
		write_report(&j, l);
		break;
	case LINE_END:
		json_kv_int(&j, "jobs", l->end.jobs);
		json_kv_int(&j, "trials", l->end.trials);
		json_kv_int(&j, "reports", l->end.reports);
		break;
	}
	json_close(&j, '}');
	buf_addc(out, '\n');
}

/* ----- reading; the first thing that is wrong stays */

struct reading {
	const struct json_doc *doc;
	hg_err err;
	hg_error *why;
};

static int64_t whole(struct reading *r, const char *key, double min, double max)
{
	double v = 0;

	if (r->err == HG_OK)
		r->err = json_need_number(r->doc, r->doc->root, key, min, max, &v, r->why);
	if (r->err == HG_OK && v != floor(v))
		r->err = fail(r->why, HG_EFORMAT, "%s:%u: \"%s\" must be a whole number",
			r->doc->origin, r->doc->root->line, key);
	return r->err == HG_OK ? (int64_t)v : 0;
}

/* A number, or null for what is not known. */
static double figure(struct reading *r, const char *key)
{
	const struct json *v = json_get(r->doc->root, key);
	double d = (double)NAN;

	if (r->err == HG_OK && !(v && v->type == JSON_NULL))
		r->err = json_need_number(r->doc, r->doc->root, key, -FIGURE, FIGURE, &d, r->why);
	return d;
}

static void text(struct reading *r, const char *key, char *out, size_t room)
{
	const char *s = "";

	if (r->err == HG_OK)
		r->err = json_need_string(r->doc, r->doc->root, key, &s, r->why);
	if (r->err == HG_OK && (strlen(s) >= room || strlen(s) != json_get(r->doc->root, key)->len))
		r->err = fail(r->why, HG_EFORMAT, "%s:%u: \"%s\": at most %zu bytes",
			r->doc->origin, r->doc->root->line, key, room - 1);
	if (r->err == HG_OK)
		memcpy(out, s, strlen(s) + 1);
}

static void job_name(struct reading *r, const char *key, char out[STORE_NAME])
{
	text(r, key, out, STORE_NAME);
	if (r->err == HG_OK && !store_name_fits(out))
		r->err = fail(r->why, HG_EFORMAT,
			"%s:%u: \"%s\": a job's name has 1 to 128 of letters, digits and . _ - /",
			r->doc->origin, r->doc->root->line, key);
}

/* One of several words: its place among those that name() knows, in order. */
static uint32_t word(struct reading *r, const char *key, const char *(*name)(uint32_t))
{
	char given[32] = "";

	text(r, key, given, sizeof given);
	for (uint32_t i = 0; r->err == HG_OK && strcmp(name(i), "?") != 0; i++)
		if (strcmp(name(i), given) == 0)
			return i;
	if (r->err == HG_OK)
		r->err = fail(r->why, HG_EFORMAT, "%s:%u: \"%s\": no '%s'", r->doc->origin,
			r->doc->root->line, key, given);
	return 0;
}

static const char *kind_name(uint32_t i)
{
	return i < sizeof kinds / sizeof kinds[0] ? kinds[i] : "?";
}

static const char *kin_name(uint32_t i)
{
	return i < sizeof kin_names / sizeof kin_names[0] ? kin_names[i] : "?";
}

static void read_job(struct reading *r, struct store_job *job)
{
	const struct json *spec = NULL;

	job_name(r, "job", job->name);
	job->created_ms = whole(r, "created_ms", 0, WHOLE);
	if (r->err == HG_OK)
		r->err = json_need(r->doc, r->doc->root, "spec", JSON_OBJECT, &spec, r->why);
	if (r->err == HG_OK)
		r->err = store_spec_read(
			spec->raw, spec->raw_len, r->doc->origin, &job->spec, r->why);
}

static void read_trial(struct reading *r, struct store_trial *t)
{
	job_name(r, "job", t->job);
	t->number = whole(r, "number", 1, WHOLE);
	text(r, "origin", t->origin, sizeof t->origin);
	t->origin_number = whole(r, "origin_number", 1, WHOLE);
	t->t.state = word(r, "state", hg_recur_state_name);
	t->t.batch_size = (uint32_t)whole(r, "batch_size", 1, UINT32_MAX);
	t->t.flags = (uint32_t)whole(r, "flags", 0, UINT32_MAX);
	t->t.epochs = figure(r, "epochs");
	t->t.energy_j = figure(r, "energy_j");
	t->t.time_s = figure(r, "time_s");
	t->t.epoch_energy_j = figure(r, "epoch_energy_j");
	t->t.epoch_time_s = figure(r, "epoch_time_s");
	t->t.metric = figure(r, "metric");
	t->max_epochs = (uint32_t)whole(r, "max_epochs", 1, UINT32_MAX);
	t->reason = word(r, "reason", hg_recur_reason_name);
	t->bound_j = figure(r, "bound_j");
	if (isnan(t->bound_j))
		t->bound_j = (double)INFINITY;
	text(r, "owner", t->owner, sizeof t->owner);
	t->lease_ms = whole(r, "lease_ms", 0, WHOLE / 4);
	t->started_ms = whole(r, "started_ms", 0, WHOLE);
	t->ended_ms = whole(r, "ended_ms", 0, WHOLE);
	t->reports = whole(r, "reports", 0, WHOLE);
}

static void read_report(struct reading *r, struct line *l)
{
	job_name(r, "job", l->job);
	l->number = whole(r, "number", 1, WHOLE);
	l->report.seq = whole(r, "seq", 1, WHOLE);
	l->report.epochs = figure(r, "epochs");
	l->report.metric = figure(r, "metric");
	l->report.energy_j = figure(r, "energy_j");
	l->report.time_s = figure(r, "time_s");
	l->report.flags = (uint32_t)whole(r, "flags", 0, UINT32_MAX);
	l->report.at_ms = whole(r, "at_ms", 0, WHOLE);
}

static void read_members(struct reading *r, struct line *l)
{
	l->kind = (enum lines_kind)word(r, "kind", kind_name);
	switch (l->kind) {
	case LINE_STORE:
		if (r->err == HG_OK)
			r->err = json_check_schema(r->doc, "hourglass.store", VERSION, r->why);
		break;
	case LINE_JOB:
		read_job(r, &l->of_job);
		break;
	case LINE_KIN:
		job_name(r, "job", l->job);
		job_name(r, "other", l->kin.job);
		l->kin.kin = word(r, "kin", kin_name);
		break;
	case LINE_TRIAL:
		read_trial(r, &l->trial);
		break;
	case LINE_REPORT:
		read_report(r, l);
		break;
	case LINE_END:
		l->end.jobs = whole(r, "jobs", 0, WHOLE);
		l->end.trials = whole(r, "trials", 0, WHOLE);
		l->end.reports = whole(r, "reports", 0, WHOLE);
		break;
	}
}

hg_err line_read(const char *data, size_t len, const char *origin, uint32_t number,
	struct line *out, hg_error *why)
{
	struct json_doc doc = {.origin = NULL};
	struct reading r = {.doc = &doc, .why = why};

	memset(out, 0, sizeof *out);
	r.err = json_parse_line(&doc, data, len, origin, number, MEMORY, why);
	if (r.err == HG_OK)
		read_members(&r, out);
	json_finish(&doc);
	return r.err;
}
